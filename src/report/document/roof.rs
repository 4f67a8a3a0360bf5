//! The roof: the plant, each inverter, each day.

use crate::model::{Text, text};

use super::super::diagnosis::Trouble;
use super::super::figures::{Basis, GroupFigures, InverterFigures, Performance, RoofFigures};
use super::cell::{Cell, Chart, Column, Table, bars, by_month, words};
use super::{Block, Section};

pub(super) fn section(roof: &RoofFigures) -> Section {
    let mut blocks = vec![
        Block::Chart(days(roof)),
        Block::Table(plant(&roof.plant)),
        Block::Table(groups(roof)),
        Block::Table(inverters(roof)),
    ];
    blocks.extend(troubles(roof));
    Section { key: "roof", title: Text::new("光伏发电", "The roof"), blocks }
}

fn basis(basis: Option<Basis>) -> Cell {
    Cell::Words(match basis {
        Some(Basis::Sensor) => {
            Text::new("倾斜面辐照传感器实测", "measured in the plane of the modules")
        }
        Some(Basis::Transposed) => Text::new(
            "水平面传感器实测，换算到组件倾斜面",
            "measured on the horizontal, turned onto the plane",
        ),
        Some(Basis::ClearSky) => {
            Text::new("无辐照传感器，按晴空估算", "no sensor: estimated from a clear sky")
        }
        None => Text::new("无", "none"),
    })
}

fn plant(plant: &Performance) -> Table {
    let rows = yields(plant).into_iter().chain(times(plant));
    let same = |(name, cell, unit, how)| (name, cell, unit, (how, how));
    super::cell::figures(Text::new("全站指标", "the plant"), rows.map(same))
}

/// A figure whose formula is the same in both languages.
type Row = ((&'static str, &'static str), Cell, &'static str, &'static str);

fn yields(plant: &Performance) -> Vec<Row> {
    let figure = |figure, digits| Cell::figure(figure, 1.0, digits);
    let rated = plant.dc_rated_w.map_or(Cell::Empty, |w| Cell::number(w / 1_000.0, 1));
    let energy = Cell::number(plant.energy_wh / 1_000.0, 2);
    let light = figure(&plant.irradiation_kwhm2, 2);
    let pr = "PR = ΣP·τ/P0 / ΣG·τ/Gref";
    let pr_25 = "PR'25 = ΣP·τ / Σ(1+γ(T−25))·P0·G·τ/Gref";
    let estimated = ("能效比（晴空估算）", "performance ratio by a clear sky");
    vec![
        (("组件装机容量", "modules rated"), rated, "kW", "P0"),
        (("发电量", "energy"), energy, "kWh", "E"),
        (("倾斜面辐照量", "irradiation on the modules"), light, "kWh/m²", "H = ΣG·τ"),
        (
            ("参考等效小时", "reference yield"),
            figure(&plant.reference_yield_h, 2),
            "h",
            "Yr = H / Gref",
        ),
        (("方阵等效小时", "array yield"), figure(&plant.array_yield_h, 2), "h", "Ya = ΣPdc·τ / P0"),
        (("等效利用小时", "final yield"), figure(&plant.final_yield_h, 2), "h", "Yf = E / P0"),
        (("系统能效比", "performance ratio"), Cell::percent(&plant.pr, 1), "", pr),
        (("能效比（25°C）", "the same at 25 °C"), Cell::percent(&plant.pr_25, 1), "", pr_25),
        (
            ("年等效能效比", "the same at the year's temperature"),
            Cell::percent(&plant.pr_annual, 1),
            "",
            "ΣP·τ / Σ(1+γ(T−Ta))·P0·G·τ/Gref",
        ),
        (
            ("组件温度（按辐照加权）", "temperature of the modules, by light"),
            figure(&plant.module_temp_c, 1),
            "°C",
            "ΣG·T·τ / ΣG·τ",
        ),
        (estimated, Cell::percent(&plant.pr_estimated, 1), "", ""),
        (("方阵损失", "losses of the arrays"), figure(&plant.array_loss_h, 2), "h", "Lc = Yr − Ya"),
        (
            ("平衡系统损失", "losses behind them"),
            figure(&plant.bos_loss_h, 2),
            "h",
            "Lbos = Ya − Yf",
        ),
    ]
}

fn times(plant: &Performance) -> Vec<Row> {
    let lost = Cell::figure(&plant.lost_wh, 0.001, 2);
    let runs = Cell::percent(&plant.time_availability, 2);
    let energy = Cell::percent(&plant.energy_availability, 2);
    let of_full = Cell::percent(&plant.capacity_factor, 1);
    vec![
        (("容量因子（交流）", "capacity factor, AC"), of_full, "", "E / (Pac·t)"),
        (("时间可利用率", "time availability"), runs, "", "t(P>0.5 %) / t(G≥50 W/m²)"),
        (("停机损失电量", "lost by standing still"), lost, "kWh", ""),
        (("能量可利用率", "energy availability"), energy, "", "E / (E + Elost)"),
        (("白天有效记录", "valid records by day"), Cell::percent(&plant.completeness, 1), "", ""),
        (("辐照来源", "the irradiance is"), basis(plant.basis), "", ""),
    ]
}

/// What kept the roof from making more.
fn troubles(roof: &RoofFigures) -> Vec<Block> {
    let columns = vec![
        Column::new("设备", "device", ""),
        Column::new("损失电量", "energy lost", "kWh"),
        Column::new("损失金额", "worth", "元"),
        Column::new("发现", "what was found", ""),
        Column::new("建议", "what to do", ""),
    ];
    let row = |trouble: &Trouble| {
        vec![
            Cell::Name(words(&trouble.name)),
            trouble.lost_kwh.map_or(Cell::Empty, |kwh| Cell::number(kwh, 1)),
            trouble.money.map_or(Cell::Empty, |money| Cell::number(money, 2)),
            Cell::Words(words(&trouble.text)),
            Cell::Words(words(&trouble.advice)),
        ]
    };
    let rows: Vec<_> = roof.troubles.iter().map(row).collect();
    let title = Text::new("诊断（按损失排序）", "what kept it from making more");
    match rows.is_empty() {
        true => {
            vec![Block::Note(Text::new("诊断：未发现异常", "nothing kept it from making more"))]
        }
        false => vec![
            Block::Table(Table::new(title, columns, rows)),
            Block::Note(Text::new(
                "各项损失可能重叠，不可相加：例如被遮挡的逆变器也低于同组最好的一台",
                "losses may overlap and are not added: an inverter in the shade is below its peers, too",
            )),
        ],
    }
}

/// By the way that modules look.
fn groups(roof: &RoofFigures) -> Table {
    let row = |group: &GroupFigures| {
        let (tilt, azimuth) =
            (super::rounded(group.tilt_deg, 0), super::rounded(group.azimuth_deg, 0));
        let count = group.inverters.len();
        let name = text!(
            "倾角 {tilt}°、方位 {azimuth}°（{count} 台）",
            "tilt {tilt}°, azimuth {azimuth}° ({count})"
        );
        performance(Cell::Words(name), &group.performance)
    };
    let rows = roof.groups.iter().map(row).collect();
    let title = Text::new("各朝向", "by the way that modules look");
    Table::new(title, columns("方阵", "arrays"), rows)
}

fn inverters(roof: &RoofFigures) -> Table {
    let row = |inverter: &InverterFigures| {
        performance(Cell::Name(words(&inverter.name)), &inverter.performance)
    };
    let rows = roof.inverters.iter().map(row).collect();
    Table::new(Text::new("各逆变器", "each inverter"), columns("逆变器", "inverter"), rows)
        .summed(&[1, 2, 7])
}

fn columns(zh: &str, en: &str) -> Vec<Column> {
    vec![
        Column::new(zh, en, ""),
        Column::new("容量", "rated", "kW"),
        Column::new("发电量", "energy", "kWh"),
        Column::new("等效小时", "yield", "h"),
        Column::new("PR", "PR", ""),
        Column::new("PR(25°C)", "PR'25", ""),
        Column::new("可利用率", "availability", ""),
        Column::new("损失", "lost", "kWh"),
        Column::new("有效记录", "valid", ""),
    ]
}

fn performance(name: Cell, own: &Performance) -> Vec<Cell> {
    vec![
        name,
        own.dc_rated_w.map_or(Cell::Empty, |w| Cell::number(w / 1_000.0, 1)),
        Cell::number(own.energy_wh / 1_000.0, 2),
        Cell::figure(&own.final_yield_h, 1.0, 2),
        Cell::percent(&own.pr, 1),
        Cell::percent(&own.pr_25, 1),
        Cell::percent(&own.time_availability, 2),
        Cell::figure(&own.lost_wh, 0.001, 2),
        Cell::percent(&own.completeness, 1),
    ]
}

fn days(roof: &RoofFigures) -> Chart {
    let bars = bars(&roof.days, |day| (day.date, Some(day.energy_wh / 1_000.0)));
    let light = bars_of_light(roof);
    let line = (Text::new("辐照量", "irradiation"), "kWh/m²", light.clone());
    let title = match by_month(roof.days.len()) {
        true => Text::new("每月发电量", "made each month"),
        false => Text::new("每日发电量", "made each day"),
    };
    Chart {
        title,
        unit: "kWh",
        labels: bars.iter().map(|(label, _)| label.clone()).collect(),
        bars: bars.into_iter().map(|(_, bar)| bar).collect(),
        line: light.iter().any(Option::is_some).then_some(line),
    }
}

fn bars_of_light(roof: &RoofFigures) -> Vec<Option<f64>> {
    let bars = bars(&roof.days, |day| (day.date, day.irradiation_kwhm2));
    bars.into_iter().map(|(_, bar)| bar).collect()
}
