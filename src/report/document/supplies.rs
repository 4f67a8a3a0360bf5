//! Water, gas and heat; energies in standard coal.

use crate::model::{Text, text};

use super::super::building::Supply;
use super::super::figures::{Figures, MeterFigures, Supplied};
use super::cell::{Cell, Column, Table, words};
use super::{Block, Section};

/// Other supplies; `None` where there are none.
pub(super) fn section(figures: &Figures) -> Option<Section> {
    if figures.supplies.is_empty() {
        return None;
    }
    let columns = vec![
        Column::new("种类", "supply", ""),
        Column::new("用量", "amount", ""),
        Column::new("单位", "unit", ""),
        Column::new("单位面积", "for a square metre", ""),
        Column::new("人均", "for a person", ""),
    ];
    let row = |one: &Supplied| {
        vec![
            Cell::Words(one.supply.label()),
            Cell::figure(&one.total, 1.0, 2),
            Cell::Words(Text::same(&one.unit)),
            Cell::figure(&one.per_area, 1.0, 4),
            Cell::figure(&one.per_person, 1.0, 3),
        ]
    };
    let rows = figures.supplies.iter().map(row).collect();
    let title = Text::new("各种能源与水", "supplies");
    let mut blocks = vec![Block::Table(Table::new(title, columns, rows))];
    blocks.extend(night(figures));
    let meters = meters(figures);
    blocks.extend((!meters.rows.is_empty()).then_some(Block::Table(meters)));
    let title = Text::new("其他能源与水", "Other supplies");
    Some(Section { key: "supplies", title, blocks })
}

/// The night's least flow of water, where it is read through the night.
fn night(figures: &Figures) -> Option<Block> {
    let water = figures.supplies.iter().find(|one| one.supply == Supply::Water)?;
    let (flow, share) = (water.night_min_per_h.value?, water.night_share.value?);
    let (flow, share) = (super::rounded(flow, 3), super::rounded(share * 100.0, 1));
    Some(Block::Note(text!(
        "夜间（01:00–05:00）最小流量平均 {flow} m³/h，折合日用水的 {share}%；超过 5% 可能有漏水",
        "the least flow of water from 01:00 to 05:00 is {flow} m³/h in the mean, {share} % of a day's water: above 5 % \
         something may leak"
    )))
}

fn meters(figures: &Figures) -> Table {
    let columns = vec![
        Column::new("表", "meter", ""),
        Column::new("种类", "supply", ""),
        Column::new("用量", "amount", ""),
        Column::new("单位", "unit", ""),
        Column::new("其中人工", "of it by hand", ""),
        Column::new("其中估算", "of it estimated", ""),
    ];
    let other = |meter: &&MeterFigures| Supply::of_point(&meter.point) != Supply::Electricity;
    let row = |meter: &MeterFigures| {
        let supply = Supply::of_point(&meter.point);
        let (unit, scale) = supply.unit();
        vec![
            Cell::Name(words(&meter.name)),
            Cell::Words(supply.label()),
            Cell::number(meter.counted.total / scale, 2),
            Cell::Words(Text::same(unit)),
            Cell::number(meter.counted.manual / scale, 2),
            Cell::number(meter.counted.estimated / scale, 2),
        ]
    };
    let rows = figures.meters.iter().filter(other).map(row).collect();
    Table::new(Text::new("各表用量", "by meter"), columns, rows)
}

/// Energies in standard coal.
pub(super) fn coal(figures: &Figures) -> Section {
    let columns = vec![
        Column::new("指标", "figure", ""),
        Column::new("数值", "value", ""),
        Column::new("单位", "unit", ""),
        Column::new("电力口径", "electricity by", ""),
    ];
    let coal = &figures.coal;
    let (calorific, supply) =
        (Text::new("当量值", "what it holds"), Text::new("等价值", "what it takes to supply it"));
    let row = |name: Text, cell: Cell, unit: &str, how: &Text| {
        vec![Cell::Words(name), cell, Cell::Words(Text::same(unit)), Cell::Words(how.clone())]
    };
    let all = || Text::new("综合能耗", "all energies");
    let rows = vec![
        row(all(), Cell::figure(&coal.calorific_kgce, 1.0, 1), "kgce", &calorific),
        row(
            Text::new("单位面积综合能耗", "for a square metre"),
            Cell::figure(&coal.calorific_per_area_kgcem2, 1.0, 4),
            "kgce/m²",
            &calorific,
        ),
        row(
            Text::new("人均综合能耗", "for a person"),
            Cell::figure(&coal.calorific_per_person_kgce, 1.0, 3),
            "kgce",
            &calorific,
        ),
        row(all(), Cell::figure(&coal.supply_kgce, 1.0, 1), "kgce", &supply),
    ];
    let title = Text::new("综合能耗", "energies in standard coal");
    let blocks = vec![
        Block::Table(Table::new(title, columns, rows)),
        Block::Note(Text::new(
            "两种口径不可相加或比较；水不折标准煤；光伏自用计入用电",
            "the two systems are never added or compared; water is no energy; what the roof made and was used \
             here is energy that was used",
        )),
    ];
    Section { key: "coal", title: Text::new("综合能耗", "Standard coal"), blocks }
}
