//! The main figures, with what they were the period before and a year before.

use crate::model::{Text, text};

use super::super::figures::{Compared, Figure, Figures, Words};
use super::cell::{Cell, Column, Table};
use super::{Block, Section};

pub(super) fn section(figures: &Figures) -> Section {
    let columns = vec![
        Column::new("指标", "figure", ""),
        Column::new("本期", "this period", ""),
        Column::new("单位", "unit", ""),
        Column::new("上期", "the one before", ""),
        Column::new("环比", "change", ""),
        Column::new("去年同期", "a year before", ""),
        Column::new("同比", "change", ""),
    ];
    let used = &figures.electricity;
    let before = &figures.before;
    let mut table = Rows {
        rows: Vec::new(),
        before: before.as_ref(),
        year: figures.year_before.as_ref(),
        whole: used.per_day_kwh.value.is_some(),
    };
    table.kwh("总用电量", "electricity used", &used.total_kwh, |b| &b.total_kwh);
    table.kwh("电网取电量", "drawn from the grid", &used.import_kwh, |b| &b.import_kwh);
    table.kwh("光伏发电量", "made on the roof", &used.pv_kwh, |b| &b.pv_kwh);
    table.kwh("上网电量", "given to the grid", &used.export_kwh, |b| &b.export_kwh);
    table.figure("日均用电量", "used in a day", (&used.per_day_kwh, "kWh", 2), |b| {
        &b.per_day_kwh
    });
    let per_area = (&used.per_area_kwhm2, "kWh/m²", 3);
    table.figure("单位面积电耗", "for a square metre", per_area, |b| &b.per_area_kwhm2);
    let per_person = (&used.per_person_kwh, "kWh", 2);
    table.figure("人均电耗", "for a person", per_person, |b| &b.per_person_kwh);
    let grid = (&figures.carbon.grid_kg, "kg", 1);
    table.figure("电网用电排放 CO₂", "CO₂ of what was drawn", grid, |b| &b.grid_kg);
    table.share("可再生电力占比", "renewable share", &used.renewable_share, |b| {
        Some(&b.renewable_share)
    });
    if let Some(roof) = &figures.roof {
        table.share("系统能效比 PR", "performance ratio", &roof.plant.pr, |_| None);
        let runs = &roof.plant.time_availability;
        table.share("光伏时间可利用率", "time availability of the roof", runs, |_| None);
    }
    let title = Text::new("主要指标", "main figures");
    let mut blocks = vec![Block::Table(Table::new(title, columns, table.rows))];
    blocks.extend(obstacles(figures));
    blocks.extend(figures.remarks.iter().map(super::cell::words).map(Block::Note));
    Section { key: "summary", title: Text::new("概要", "Summary"), blocks }
}

struct Rows<'a> {
    rows: Vec<Vec<Cell>>,
    before: Option<&'a Compared>,
    year: Option<&'a Compared>,
    /// The period is known as a whole.
    whole: bool,
}

/// A figure with its unit and its decimals.
type Told<'a> = (&'a Figure, &'static str, u8);

impl Rows<'_> {
    fn kwh(&mut self, zh: &str, en: &str, now: &Figure, of: fn(&Compared) -> &Figure) {
        self.figure(zh, en, (now, "kWh", 2), of);
    }

    fn figure(&mut self, zh: &str, en: &str, told: Told<'_>, of: fn(&Compared) -> &Figure) {
        let (now, unit, digits) = told;
        let mut row = vec![
            Cell::Words(Text::new(zh, en)),
            Cell::figure(now, 1.0, digits),
            Cell::Words(Text::same(unit)),
        ];
        for then in [self.before, self.year] {
            let Some(compared) = then else {
                row.extend([missing(), Cell::Empty]);
                continue;
            };
            // What is known in part is not compared.
            let whole = self.whole && compared.per_day_kwh.value.is_some();
            let then = of(compared);
            row.push(Cell::figure(then, 1.0, digits));
            let both = now.value.zip(then.value).filter(|(_, then)| *then > 0.0 && whole);
            let change = both.map(|(now, then)| now / then - 1.0);
            row.push(change.map_or(Cell::Empty, |change| Cell::Percent(change, 1)));
        }
        self.rows.push(row);
    }

    /// Shares have no change in percent.
    fn share(&mut self, zh: &str, en: &str, now: &Figure, of: fn(&Compared) -> Option<&Figure>) {
        let name = Cell::Words(Text::new(zh, en));
        let mut row = vec![name, Cell::percent(now, 1), Cell::Empty];
        for then in [self.before, self.year] {
            let then = then.and_then(of).map(|then| Cell::percent(then, 1));
            row.extend([then.unwrap_or(Cell::Empty), Cell::Empty]);
        }
        self.rows.push(row);
    }
}

fn missing() -> Cell {
    Cell::Missing(Text::new("没有该期的读数", "there are no readings of it"), 0)
}

/// What stands in the way of closing, where something does.
fn obstacles(figures: &Figures) -> Option<Block> {
    let all = |of: fn(&Words) -> &String, between: &str| {
        figures.obstacles.iter().map(|words| of(words).as_str()).collect::<Vec<_>>().join(between)
    };
    let (zh, en) = (all(|words| &words.zh, "；"), all(|words| &words.en, "; "));
    let note = text!("关账前需处理：{zh}", "before it is closed: {en}");
    (!figures.obstacles.is_empty()).then_some(Block::Note(note))
}
