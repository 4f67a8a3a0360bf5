//! Electricity by meter and item, how the roof's output was used, and carbon dioxide.

use crate::model::Text;

use super::super::building::Supply;
use super::super::figures::Figures;
use super::super::items::Item;
use super::cell::{Cell, Chart, Column, Row, Table, bars, by_month, words};
use super::{Block, Section};

/// Class and letter of a code.
const LETTER: usize = 3;

/// Electricity by meter and item.
pub(super) fn meters(figures: &Figures) -> Section {
    let columns = vec![
        Column::new("电表", "meter", ""),
        Column::new("角色", "role", ""),
        Column::new("分项编码", "code", ""),
        Column::new("方向", "register", ""),
        Column::new("电量", "energy", "kWh"),
        Column::new("其中补采", "of it recovered", "kWh"),
        Column::new("定额口径", "in the quota's scope", ""),
    ];
    let of_meters = figures.meters.iter().filter(|meter| {
        meter.role != "inverter" && Supply::of_point(&meter.point) == Supply::Electricity
    });
    let row = |meter: &super::super::figures::MeterFigures| {
        let role = match meter.role.as_str() {
            "main" => Text::new("总表", "main"),
            "pv" => Text::new("光伏表", "PV"),
            _ => Text::new("分表", "sub-meter"),
        };
        let direction = match meter.point.as_str() {
            "energy_export_wh" => Text::new("反向", "reverse"),
            _ => Text::new("正向", "forward"),
        };
        let quota = if meter.quota { Text::new("是", "yes") } else { Text::new("否", "no") };
        let code = meter.code.clone();
        vec![
            Cell::Name(words(&meter.name)),
            Cell::Words(role),
            code.map_or(Cell::Empty, |code| Cell::Words(Text::same(code))),
            Cell::Words(direction),
            Cell::number(meter.counted.total / 1_000.0, 2),
            Cell::number(meter.counted.recovered / 1_000.0, 2),
            Cell::Words(quota),
        ]
    };
    let rows = of_meters.map(row).collect();
    let title = Text::new("各电表电量", "energy by meter");
    let mut blocks: Vec<Block> = items(figures).map(Block::Table).into_iter().collect();
    blocks.push(Block::Table(Table::new(title, columns, rows)));
    let main = figures.meters.iter().find(|m| m.role == "main" && m.point == "energy_import_wh");
    blocks.extend(main.map(|meter| {
        let dates = figures.first.series(jiff::Span::new().days(1));
        let days: Vec<_> = dates.zip(&meter.days).collect();
        let bars = bars(&days, |(date, wh)| (*date, Some(*wh / 1_000.0)));
        let title = match by_month(days.len()) {
            true => Text::new("每月电网取电量", "drawn from the grid each month"),
            false => Text::new("每日电网取电量", "drawn from the grid each day"),
        };
        let (labels, bars) = bars.into_iter().unzip();
        Block::Chart(Chart { title, unit: "kWh", labels, bars, line: None })
    }));
    blocks.extend(super::annual::usage(&figures.usage));
    let columns = vec![Column::new("指标", "figure", ""), Column::new("数值", "value", "")];
    let gap = Cell::percent(&figures.electricity.gap, 2);
    let name =
        Text::new("缺口率（总表 − 分表之和）/ 总表", "gap: (main − sum of sub-meters) / main");
    let rows = vec![vec![Cell::Words(name), gap]];
    let title = Text::new("总表与分表", "main meter and sub-meters");
    blocks.push(Block::Table(Table::new(title, columns, rows)));
    Section { key: "electricity", title: Text::new("用电", "Electricity"), blocks }
}

/// By item of the national classification; `None` where no meter has a code.
fn items(figures: &Figures) -> Option<Table> {
    let columns = vec![
        Column::new("分项", "item", ""),
        Column::new("编码", "code", ""),
        Column::new("电量", "energy", "kWh"),
        Column::new("占总用电", "share of all", ""),
        Column::new("单位面积", "for a square metre", "kWh/m²"),
        Column::new("非服务时间", "outside of service hours", ""),
    ];
    let row = |item: &Item| {
        let Text { zh, en } = words(&item.name);
        // Below its letter.
        let inset = if item.code.len() > LETTER { "　" } else { "" };
        vec![
            Cell::Name(Text::new(format!("{inset}{zh}"), format!("{inset}{en}"))),
            Cell::Words(Text::same(&item.code)),
            Cell::number(item.kwh, 2),
            Cell::percent(&item.share, 1),
            Cell::figure(&item.per_area_kwhm2, 1.0, 3),
            Cell::percent(&item.off_hours_share, 1),
        ]
    };
    let rows: Vec<_> = figures.electricity.items.iter().map(row).collect();
    let title = Text::new("用电分项", "electricity by item");
    (!rows.is_empty()).then(|| Table::new(title, columns, rows))
}

/// How the roof's output was used.
pub(super) fn own_use(figures: &Figures) -> Section {
    let (used, money) = (&figures.electricity, &figures.money);
    let kwh = |figure| Cell::figure(figure, 1.0, 2);
    let by_price = ("× 当时电价", "× the price at the time");
    let rows: [Row; 8] = [
        (
            ("光伏发电量", "made"),
            kwh(&used.pv_kwh),
            "kWh",
            ("逆变器累计读数之差", "inverters' registers"),
        ),
        (
            ("自用电量", "used here"),
            kwh(&used.self_used_kwh),
            "kWh",
            ("发电 − 上网", "made − given"),
        ),
        (
            ("上网电量", "given to the grid"),
            kwh(&used.export_kwh),
            "kWh",
            ("总表反向读数之差", "main meter's register out"),
        ),
        (
            ("自发自用率", "self-consumption"),
            Cell::percent(&used.self_consumption, 1),
            "",
            ("自用 / 发电", "used here / made"),
        ),
        (
            ("自给率", "self-sufficiency"),
            Cell::percent(&used.self_sufficiency, 1),
            "",
            ("自用 / 总用电", "used here / all that was used"),
        ),
        (
            ("可再生电力占比 Re", "renewable share"),
            Cell::percent(&used.renewable_share, 2),
            "",
            ("发电 / 总用电", "made / all that was used"),
        ),
        (("自用电量节省电费", "saved by what was used here"), kwh(&money.saved), "元", by_price),
        (("电网取电电费", "cost of what was drawn"), kwh(&money.import_cost), "元", by_price),
    ];
    let table = super::cell::figures(Text::new("光伏消纳", "use of the roof's output"), rows);
    let title = Text::new("光伏消纳", "Use of the roof's output");
    Section { key: "own_use", title, blocks: vec![Block::Table(table)] }
}

/// Carbon dioxide.
pub(super) fn carbon(figures: &Figures) -> Section {
    let columns = vec![
        Column::new("指标", "figure", ""),
        Column::new("数值", "value", "kg CO₂"),
        Column::new("算法", "formula", ""),
    ];
    let row = |name: Text, cell: Cell, how: Text| vec![Cell::Words(name), cell, Cell::Words(how)];
    let rows = vec![
        row(
            Text::new(
                "电网用电排放（范围二，基于位置）",
                "of what was drawn (scope 2, by location)",
            ),
            Cell::figure(&figures.carbon.grid_kg, 1.0, 1),
            Text::new("取电量 × 电网平均排放因子", "drawn × factor of the grid"),
        ),
        row(
            Text::new("天然气排放（范围一）", "of the natural gas (scope 1)"),
            Cell::figure(&figures.carbon.gas_kg, 1.0, 1),
            Text::new("用气量 × 天然气排放因子", "gas × its factor"),
        ),
        row(
            Text::new("光伏自用减排", "avoided by what was made and used here"),
            Cell::figure(&figures.carbon.avoided_kg, 1.0, 1),
            Text::new(
                "自用电量 × 电网平均排放因子；上网部分不计",
                "used here × factor of the grid; nothing for what was given",
            ),
        ),
    ];
    let title = Text::new("碳排放", "carbon dioxide");
    let blocks = vec![Block::Table(Table::new(title, columns, rows))];
    Section { key: "carbon", title: Text::new("碳排放", "Carbon dioxide"), blocks }
}
