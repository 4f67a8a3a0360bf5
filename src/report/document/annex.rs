//! How good the data are, what the registers showed, and the factors.

use crate::factor::region_label;
use crate::model::{Text, text};

use super::super::building::Supply;
use super::super::figures::{Edit, Figures, MeterFigures};
use super::super::period::Period;
use super::cell::{Cell, Column, Table, words};
use super::{Block, Section};

/// How good the data are.
pub(super) fn quality(figures: &Figures) -> Section {
    let columns = vec![
        Column::new("设备", "device", ""),
        Column::new("测点", "counted by", ""),
        Column::new("有效记录", "valid records", ""),
        Column::new("实测", "measured", ""),
        Column::new("补采", "recovered", ""),
        Column::new("人工与估算", "by hand and estimated", ""),
    ];
    let row = |meter: &MeterFigures| {
        let share = |part: f64| match meter.counted.total > 0.0 {
            true => Cell::Percent(part / meter.counted.total, 2),
            false => Cell::Empty,
        };
        let counted = &meter.counted;
        vec![
            Cell::Name(words(&meter.name)),
            point(meter),
            Cell::percent(&meter.completeness, 2),
            share(counted.measured),
            share(counted.recovered),
            share(counted.manual + counted.estimated),
        ]
    };
    let rows = figures.meters.iter().map(row).collect();
    let title = Text::new("数据完整性", "completeness");
    let blocks = vec![
        Block::Table(Table::new(title, columns, rows)),
        Block::Note(Text::new(
            "补采：通信中断后由累计读数得知总量，各时段为分摊值",
            "recovered: after a gap the register says how much it was; when is shared out",
        )),
    ];
    Section { key: "quality", title: Text::new("数据质量", "Quality of the data"), blocks }
}

fn point(meter: &MeterFigures) -> Cell {
    let label = crate::model::standard_point(&meter.point).map(|point| point.label);
    Cell::Words(label.unwrap_or_else(|| Text::same(&meter.point)))
}

/// What the registers showed.
pub(super) fn registers(figures: &Figures, period: Period) -> Section {
    let zone = figures.time_zone();
    let time = |at_ms: i64| Cell::Words(Text::same(minute(at_ms, &zone)));
    let columns = vec![
        Column::new("设备", "device", ""),
        Column::new("测点", "counted by", ""),
        Column::new("期初读数", "first value", ""),
        Column::new("时间", "read", ""),
        Column::new("期末读数", "last value", ""),
        Column::new("时间", "read", ""),
        Column::new("翻转增加", "by roll-over", ""),
        Column::new("单位", "unit", ""),
    ];
    let lines = figures.meters.iter().flat_map(|meter| meter.lines.iter().map(move |l| (meter, l)));
    let row = |(meter, line): (&MeterFigures, &super::super::figures::Line)| {
        let (unit, scale) = Supply::of_point(&meter.point).unit();
        vec![
            Cell::Name(words(&meter.name)),
            point(meter),
            Cell::number(line.first.value / scale, 3),
            time(line.first.at_ms),
            Cell::number(line.last.value / scale, 3),
            time(line.last.at_ms),
            Cell::number(line.rolled_over / scale, 3),
            Cell::Words(Text::same(unit)),
        ]
    };
    let rows = lines.map(row).collect();
    let title = Text::new("电表读数", "values of the registers");
    let mut blocks = vec![
        Block::Table(Table::new(title, columns, rows)),
        Block::Note(Text::new(
            "期末读数为期内最后一次读数（人工抄表可为次日）；两次读数之间跨越期初、期末的用量按时间分摊，因此读数之差与用量相差该部分",
            "the last value is the last one that was read in the period (by hand, on the day after at the latest); what was \
             counted between two readings about its beginning or end is shared out by time, and is the difference to the amounts",
        )),
    ];
    let period = period.text();
    let holes = figures.meters.iter().flat_map(|meter| meter.holes.iter().map(move |_| meter));
    blocks.extend(holes.map(|meter| {
        let (zh, en) = (&meter.name.zh, &meter.name.en);
        let (when_zh, when_en) = (&period.zh, &period.en);
        Block::Note(text!(
            "{zh}在{when_zh}换过表：两表之间的电量无读数可据，未计入",
            "{en}: the register was changed in {when_en}; what was counted in between is not known and left out"
        ))
    }));
    Section { key: "registers", title: Text::new("附表：读数", "Annex: registers"), blocks }
}

/// The factors.
pub(super) fn factors(figures: &Figures) -> Section {
    let columns = vec![
        Column::new("因子", "factor", ""),
        Column::new("地区", "region", ""),
        Column::new("年份", "year", ""),
        Column::new("数值", "value", ""),
        Column::new("单位", "unit", ""),
        Column::new("出处", "document", ""),
    ];
    let row = |factor: &crate::factor::Factor| {
        let year =
            factor.year.map_or(Cell::Empty, |year| Cell::Words(Text::same(year.to_string())));
        vec![
            Cell::Words(factor.quantity.label()),
            Cell::Words(region_label(&factor.region)),
            year,
            Cell::number(factor.value, 4),
            Cell::Words(Text::same(&factor.unit)),
            Cell::Name(Text::same(&factor.document)),
        ]
    };
    let rows = figures.factors.iter().map(row).collect();
    let title = Text::new("所用因子", "factors that were used");
    let blocks = vec![Block::Table(Table::new(title, columns, rows))];
    Section { key: "factors", title: Text::new("附表：因子", "Annex: factors"), blocks }
}

/// What people entered, and took back; `None` where there is nothing.
pub(super) fn edits(figures: &Figures) -> Option<Section> {
    let columns = vec![
        Column::new("编号", "number", ""),
        Column::new("表", "meter", ""),
        Column::new("内容", "entry", ""),
        Column::new("录入人", "by", ""),
        Column::new("原因", "because", ""),
        Column::new("撤销", "taken back", ""),
    ];
    let row = |edit: &Edit| {
        vec![
            Cell::Words(Text::same(edit.id.to_string())),
            Cell::Name(words(&edit.name)),
            Cell::Name(words(&edit.what)),
            Cell::Name(Text::same(&edit.who)),
            Cell::Name(Text::same(&edit.why)),
            edit.taken_back.as_ref().map_or(Cell::Empty, |by| Cell::Name(Text::same(by))),
        ]
    };
    let rows: Vec<_> = figures.edits.iter().map(row).collect();
    let title = Text::new("人工录入与更正", "what people entered and took back");
    let table = Block::Table(Table::new(title, columns, rows));
    let some = !figures.edits.is_empty();
    let title = Text::new("附表：人工录入", "Annex: entries");
    some.then(|| Section { key: "edits", title, blocks: vec![table] })
}

/// A minute on the clock of the hall.
fn minute(at_ms: i64, zone: &jiff::tz::TimeZone) -> String {
    let moment = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    zone.to_datetime(moment).strftime("%m-%d %H:%M").to_string()
}
