//! The days off and make-up working days of one year, as a file has them.
//!
//! ```toml
//! year = 2026
//! source = "who published it, number and date"
//!
//! [[holiday]]
//! zh = "国庆节"
//! en = "National Day"
//! off = ["2026-10-01..2026-10-07"]
//! work = ["2026-09-20", "2026-10-10"]
//! ```
//!
//! A file holds the days of its own year only. A notice may name days of the December before
//! (that for 2019 did): they belong into the file of that December.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::{Date, Weekday};
use toml::de::DeTable;

use crate::model::{Mistake, Text, text};

use super::days::Days;
use super::form::{Form, Placed};
use super::holidays::is_weekend;

const YEAR: &[&str] = &["year", "source", "holiday"];
const HOLIDAY: &[&str] = &["zh", "en", "off", "work"];

/// A year that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Year {
    /// Who published it, and in which document.
    pub(super) source: String,
    /// The days that are not what their weekday says, or have a name.
    pub(super) marks: BTreeMap<Date, Mark>,
}

/// What is said of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Off by law; else a weekend that is worked.
    pub(super) off: bool,
    /// The holiday.
    pub(super) name: Text,
}

/// Reads the file of one year.
pub(super) fn read(file: &str, source: &str) -> Result<(i16, Year), Vec<Mistake>> {
    let (mut form, table) = Form::open(file, source);
    let table = table.get_ref();
    form.know(table, YEAR);
    let year = year_of(&mut form, file, table);
    let hint = text!("写明发布机关、文号和日期", "name the document, its number and its date");
    let origin = form.words(table, "source", 0, &hint);
    let mut marks = BTreeMap::new();
    let holidays = form.list(table, "holiday");
    if holidays.is_empty() && !table.contains_key("holiday") {
        let hint = text!("每个节日写一段 [[holiday]]", "write a [[holiday]] for each of them");
        form.missing(0, "holiday", hint);
    }
    for (holiday, offset) in holidays {
        read_holiday(&mut form, holiday, offset, year, &mut marks);
    }
    let year = year.zip(origin).map(|(year, source)| (year, Year { source, marks }));
    form.done(year)
}

/// The year by the file's name and by its first key, which have to agree.
fn year_of(form: &mut Form<'_>, file: &str, table: &DeTable<'_>) -> Option<i16> {
    let path = Path::new(file);
    let digits = |stem: &&str| stem.len() == 4 && stem.bytes().all(|byte| byte.is_ascii_digit());
    let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(digits);
    let named: Option<i16> = stem.and_then(|stem| stem.parse().ok());
    if named.is_none() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(file);
        let problem = text!("文件名 `{name}` 不是年份", "the file name `{name}` is not a year");
        form.at(0, problem, text!("改名为 2027.toml 这样的形式", "name it like 2027.toml"));
    }
    let Some(value) = table.get("year") else {
        form.missing(0, "year", text!("例如 year = 2027", "write year = 2027"));
        return named;
    };
    let written = value.get_ref().as_integer().and_then(|number| {
        i16::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|y| (1949..=9998).contains(y))
    });
    let shown = form.quote(value.span());
    let offset = value.span().start;
    match (written, named) {
        (None, _) => {
            let problem = text!("`{shown}` 不是年份", "`{shown}` is not a year");
            form.at(offset, problem, text!("例如 year = 2027", "write year = 2027"));
        }
        (Some(written), Some(named)) if written != named => {
            let problem = text!(
                "年份 `{shown}` 与文件名 `{named}.toml` 不符",
                "year `{shown}` stands in `{named}.toml`",
            );
            let hint = text!("两处写同一年", "write the same year in both");
            form.at(offset, problem, hint);
        }
        _ => {}
    }
    written.or(named)
}

fn read_holiday(
    form: &mut Form<'_>,
    table: &DeTable<'_>,
    offset: usize,
    year: Option<i16>,
    marks: &mut BTreeMap<Date, Mark>,
) {
    form.know(table, HOLIDAY);
    let zh =
        form.words(table, "zh", offset, &text!("例如 zh = \"国庆节\"", "write zh = \"国庆节\""));
    let hint = text!("例如 en = \"National Day\"", "write en = \"National Day\"");
    let en = form.words(table, "en", offset, &hint);
    // What is missing is told already; the days are looked at all the same.
    let one = zh.clone().or_else(|| en.clone()).unwrap_or_default();
    let name = Text::new(zh.unwrap_or_else(|| one.clone()), en.unwrap_or(one));
    if !table.contains_key("off") && !table.contains_key("work") {
        let hint = text!(
            "例如 off = [\"2027-10-01..2027-10-07\"]",
            "write off = [\"2027-10-01..2027-10-07\"]",
        );
        form.missing(offset, "off", hint);
    }
    for (key, off) in [("off", true), ("work", false)] {
        for placed in form.dates(table, key) {
            if let Some(days) = days_of(form, &placed, year) {
                for date in days.iter() {
                    mark(form, marks, placed.offset, date, Mark { off, name: name.clone() });
                }
            }
        }
    }
}

/// The days of a text, if they are days of this year.
fn days_of(form: &mut Form<'_>, placed: &Placed, year: Option<i16>) -> Option<Days> {
    let days = match Days::parse(&placed.text) {
        Ok(days) => days,
        Err(error) => {
            form.at(placed.offset, error.text(), error.hint());
            return None;
        }
    };
    let ends = [days.first(), days.last()];
    let strange = ends.into_iter().find(|date| year.is_some_and(|year| date.year() != year));
    if let (Some(date), Some(year)) = (strange, year) {
        let problem = text!("`{days}` 不在 {year} 年内", "`{days}` is not in {year}");
        let other = date.year();
        let hint = text!("写到 {other}.toml 中", "write it into {other}.toml");
        form.at(placed.offset, problem, hint);
        return None;
    }
    // Without any year a range could go over centuries.
    year.map(|_| days)
}

/// Takes up one day, unless that cannot be.
fn mark(
    form: &mut Form<'_>,
    marks: &mut BTreeMap<Date, Mark>,
    offset: usize,
    date: Date,
    mark: Mark,
) {
    if !mark.off && !is_weekend(date) {
        let (zh, en) = weekday(date);
        let problem =
            text!("调休上班日 `{date}` 是{zh}", "the make-up working day `{date}` is a {en}");
        let hint = text!("只有周六、周日可以调休上班", "only a Saturday or Sunday can be one");
        form.at(offset, problem, hint);
        return;
    }
    let off = mark.off;
    let Some(before) = marks.insert(date, mark) else { return };
    let Text { zh, en } = &before.name;
    if before.off == off {
        let problem = text!("`{date}` 写了两次（{zh}）", "`{date}` is there twice ({en})");
        form.at(offset, problem, text!("只留一处", "keep one of them"));
    } else {
        let problem = text!(
            "`{date}` 既放假又上班（{zh}）",
            "`{date}` is both a day off and a working day ({en})",
        );
        form.at(offset, problem, text!("只留 off 或 work 中的一处", "keep it in off or in work"));
    }
}

fn weekday(date: Date) -> (&'static str, &'static str) {
    match date.weekday() {
        Weekday::Monday => ("周一", "Monday"),
        Weekday::Tuesday => ("周二", "Tuesday"),
        Weekday::Wednesday => ("周三", "Wednesday"),
        Weekday::Thursday => ("周四", "Thursday"),
        Weekday::Friday => ("周五", "Friday"),
        Weekday::Saturday => ("周六", "Saturday"),
        Weekday::Sunday => ("周日", "Sunday"),
    }
}
