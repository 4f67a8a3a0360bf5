//! A report as people read it: sections of tables and charts, in both languages, before any form.
//!
//! HTML, PDF, XLSX and CSV are made of this and of nothing else, so that they say the same.

mod advice;
mod annex;
mod annual;
mod cell;
mod change;
mod closing;
mod energy;
mod key;
mod roof;
mod service;
mod supplies;

use jiff::civil::Date;

use crate::model::{Text, text};

use super::figures::Figures;
use super::period::Period;

pub(super) use cell::rounded;
pub use cell::{Cell, Chart, Column, Table};
pub use change::{Change, changes};
pub use closing::Closing;

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
    /// A report of these figures, and how they were closed, if they were.
    #[must_use]
    pub fn of(figures: &Figures, period: Period, closing: Option<&Closing>) -> Self {
        let words = |words: &super::figures::Words| Text::new(words.zh.clone(), words.en.clone());
        let mut sections = vec![key::section(figures), annex::quality(figures)];
        sections.push(energy::meters(figures));
        sections.extend(supplies::section(figures));
        sections.push(supplies::coal(figures));
        sections.extend(figures.annual.as_ref().map(annual::quotas));
        sections.extend(figures.roof.as_ref().map(roof::section));
        sections.push(energy::own_use(figures));
        let annual = figures.annual.as_ref();
        sections.extend(annual.map(|annual| annual::renewable(annual, figures)));
        sections.push(energy::carbon(figures));
        sections.extend(figures.service.as_ref().map(service::sections).unwrap_or_default());
        if figures.roof.is_some() || figures.service.is_some() {
            sections.push(advice::section(figures));
        }
        sections.push(annex::registers(figures, period));
        sections.push(annex::factors(figures));
        sections.extend(annex::edits(figures));
        let again = closing.filter(|closing| closing.revision > 1);
        sections.extend(again.map(|c| change::section(&c.changes, c.revision)));
        Self {
            name: words(&figures.name),
            title: title(period),
            period: period.text(),
            last: figures.last,
            cover: cover(figures, closing),
            signatures: closing::signatures(closing),
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

fn cover(figures: &Figures, closing: Option<&Closing>) -> Vec<(Text, Cell)> {
    let mut cover = vec![(
        Text::new("报告期", "period"),
        Cell::Words(text!("{} 至 {}", "{} to {}", figures.first, figures.last)),
    )];
    let area = figures.area_m2.map(|area| Cell::number(area, 0));
    let area = area.map(|area| (Text::new("建筑面积（m²）", "floor area, m²"), area));
    cover.extend(area);
    let people = figures.people.map(|people| Cell::number(f64::from(people), 0));
    cover.extend(people.map(|people| (Text::new("用能人数", "people who work here"), people)));
    match closing {
        Some(closing) => cover.extend(closing::cover(closing)),
        None => {
            let state = match figures.running {
                true => Text::new("未关账（报告期尚未结束）", "open: the period is not over"),
                false => Text::new("未关账", "open"),
            };
            cover.push((Text::new("状态", "state"), Cell::Words(state)));
        }
    }
    let program = Text::same(format!("hallwatch {}", figures.program));
    cover.push((Text::new("生成程序", "program"), Cell::Words(program)));
    cover
}
