//! A report as people read it: sections of tables and charts, in both languages, before any form.
//!
//! HTML, PDF, XLSX and CSV are made of this and of nothing else, so that they say the same.

mod annex;
mod cell;
mod energy;
mod key;
mod roof;

use jiff::civil::Date;

use crate::model::{Text, text};

use super::figures::Figures;
use super::period::Period;

pub(super) use cell::rounded;
pub use cell::{Cell, Chart, Column, Table};

/// A part of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A table.
    Table(Table),
    /// Bars, and a line over them.
    Chart(Chart),
    /// Something to know.
    Note(Text),
}

/// A section.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its word in file names and sheets.
    pub key: &'static str,
    /// Its title, without a number.
    pub title: Text,
    /// What is in it.
    pub blocks: Vec<Block>,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Name of the building.
    pub name: Text,
    /// What it is.
    pub title: Text,
    /// The period, for people.
    pub period: Text,
    /// Its last day.
    pub last: Date,
    /// What stands on the first page.
    pub cover: Vec<(Text, Cell)>,
    /// Who signs it, and who did.
    pub signatures: Vec<(Text, Text)>,
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

impl Document {
    /// A report of these figures.
    #[must_use]
    pub fn of(figures: &Figures, period: Period) -> Self {
        let words = |words: &super::figures::Words| Text::new(words.zh.clone(), words.en.clone());
        let mut sections = vec![key::section(figures)];
        sections.extend(energy::sections(figures));
        sections.extend(figures.roof.as_ref().map(roof::section));
        sections.push(energy::carbon(figures));
        sections.push(annex::quality(figures));
        sections.push(annex::registers(figures, period));
        sections.push(annex::factors(figures));
        Self {
            name: words(&figures.name),
            title: title(period),
            period: period.text(),
            last: figures.last,
            cover: cover(figures),
            signatures: signatures(),
            sections,
        }
    }
}

fn title(period: Period) -> Text {
    use super::period::Length;
    let (zh, en) = match period.length() {
        Length::Day => ("日报", "daily report"),
        Length::Week => ("周报", "weekly report"),
        Length::Month => ("月报", "monthly report"),
        Length::Quarter => ("季报", "quarterly report"),
        Length::Year => ("年报", "yearly report"),
    };
    text!("绿色建筑运行{zh}", "Green building {en}")
}

/// Three people sign a report.
fn signatures() -> Vec<(Text, Text)> {
    let roles = [("编制", "made by"), ("审核", "checked by"), ("批准", "approved by")];
    roles.map(|(zh, en)| (Text::new(zh, en), Text::same(""))).into()
}

fn cover(figures: &Figures) -> Vec<(Text, Cell)> {
    let mut cover = vec![(
        Text::new("报告期", "period"),
        Cell::Words(text!("{} 至 {}", "{} to {}", figures.first, figures.last)),
    )];
    let area = figures.area_m2.map(|area| Cell::number(area, 0));
    let area = area.map(|area| (Text::new("建筑面积（m²）", "floor area, m²"), area));
    cover.extend(area);
    let people = figures.people.map(|people| Cell::number(f64::from(people), 0));
    cover.extend(people.map(|people| (Text::new("用能人数", "people who work here"), people)));
    let state = match figures.running {
        true => Text::new("未关账（报告期尚未结束）", "open: the period is not over"),
        false => Text::new("未关账", "open"),
    };
    cover.push((Text::new("状态", "state"), Cell::Words(state)));
    let program = Text::same(format!("hallwatch {}", figures.program));
    cover.push((Text::new("生成程序", "program"), Cell::Words(program)));
    cover
}
