//! The time that a report is about: a day, a week, a month, a quarter or a year, by the hall's clock.

use std::fmt;
use std::str::FromStr;

use jiff::Span;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Text, text};

/// How long it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// A day.
    Day,
    /// A week, Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    length: Length,
    first: Date,
}

/// Not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a period")]
pub struct NoPeriod(pub String);

impl NoPeriod {
    /// In both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        text!("`{}` 不是报告期", "`{}` is not a period", self.0)
    }

    /// How to write one.
    #[must_use]
    pub fn hint() -> Text {
        Text::new(
            "写 2026-10（月）、2026-10-05（日）、2026-W41（周）、2026-Q4（季）或 2026（年）",
            "write 2026-10 for a month, 2026-10-05 for a day, 2026-W41, 2026-Q4 or 2026",
        )
    }
}

impl Period {
    /// The one that holds a day.
    #[must_use]
    pub fn of(length: Length, day: Date) -> Self {
        let first = match length {
            Length::Day => day,
            Length::Week => {
                let since = day.weekday().to_monday_zero_offset();
                day.checked_sub(Span::new().days(since)).unwrap_or(day)
            }
            Length::Month => day.first_of_month(),
            Length::Quarter => {
                let month = (day.month() - 1) / 3 * 3 + 1;
                Date::new(day.year(), month, 1).unwrap_or(day)
            }
            Length::Year => day.first_of_year(),
        };
        Self { length, first }
    }

    /// How long it is.
    #[must_use]
    pub const fn length(&self) -> Length {
        self.length
    }

    /// Its first day.
    #[must_use]
    pub const fn first(&self) -> Date {
        self.first
    }

    /// Its last day.
    #[must_use]
    pub fn last(&self) -> Date {
        self.next().first.yesterday().unwrap_or(self.first)
    }

    /// The one after it.
    #[must_use]
    pub fn next(&self) -> Self {
        self.moved(1)
    }

    /// The one before it.
    #[must_use]
    pub fn previous(&self) -> Self {
        self.moved(-1)
    }

    /// The same a year before; a week has none.
    #[must_use]
    pub fn year_before(&self) -> Option<Self> {
        let day = self.first.checked_sub(Span::new().years(1)).ok()?;
        (self.length != Length::Week).then(|| Self::of(self.length, day))
    }

    fn moved(&self, by: i64) -> Self {
        let span = match self.length {
            Length::Day => Span::new().days(by),
            Length::Week => Span::new().weeks(by),
            Length::Month => Span::new().months(by),
            Length::Quarter => Span::new().months(3 * by),
            Length::Year => Span::new().years(by),
        };
        let first = self.first.checked_add(span).unwrap_or(self.first);
        Self { length: self.length, first }
    }

    /// Its days.
    pub fn days(&self) -> impl Iterator<Item = Date> {
        let last = self.last();
        self.first.series(Span::new().days(1)).take_while(move |day| *day <= last)
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> Text {
        let (year, month, day) = (self.first.year(), self.first.month(), self.first.day());
        match self.length {
            Length::Day => {
                let zh = format!("{year}年{month}月{day}日");
                Text::new(zh, self.first.strftime("%-d %B %Y").to_string())
            }
            Length::Week => {
                let week = self.first.iso_week_date();
                let (year, week) = (week.year(), week.week());
                text!("{year}年第{week}周", "week {week} of {year}")
            }
            Length::Month => {
                let zh = format!("{year}年{month}月");
                Text::new(zh, self.first.strftime("%B %Y").to_string())
            }
            Length::Quarter => {
                let quarter = (month - 1) / 3 + 1;
                text!("{year}年第{quarter}季度", "quarter {quarter} of {year}")
            }
            Length::Year => text!("{year}年", "{year}"),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.first.year(), self.first.month());
        match self.length {
            Length::Day => write!(f, "{}", self.first),
            Length::Week => {
                let week = self.first.iso_week_date();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Length::Month => write!(f, "{year:04}-{month:02}"),
            Length::Quarter => write!(f, "{year:04}-Q{}", (month - 1) / 3 + 1),
            Length::Year => write!(f, "{year:04}"),
        }
    }
}

impl FromStr for Period {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, NoPeriod> {
        parse(text).ok_or_else(|| NoPeriod(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Period> {
    if !text.is_ascii() || text.len() < 4 {
        return None;
    }
    let (year, rest) = text.split_at(4);
    let year: i16 = year.bytes().all(|byte| byte.is_ascii_digit()).then(|| year.parse().ok())??;
    if rest.is_empty() {
        return Some(Period::of(Length::Year, Date::new(year, 1, 1).ok()?));
    }
    let rest = rest.strip_prefix('-')?;
    let number = |digits: &str, count: usize| {
        let plain = digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<i8>().ok())?
    };
    if let Some(quarter) = rest.strip_prefix('Q') {
        let quarter = number(quarter, 1).filter(|quarter| (1..=4).contains(quarter))?;
        return Some(Period::of(Length::Quarter, Date::new(year, quarter * 3, 1).ok()?));
    }
    if let Some(week) = rest.strip_prefix('W') {
        let week = ISOWeekDate::new(year, number(week, 2)?, Weekday::Monday).ok()?;
        return Some(Period::of(Length::Week, week.date()));
    }
    let (month, day) = match rest.split_once('-') {
        Some((month, day)) => (number(month, 2)?, Some(number(day, 2)?)),
        None => (number(rest, 2)?, None),
    };
    let date = Date::new(year, month, day.unwrap_or(1)).ok()?;
    Some(Period::of(if day.is_some() { Length::Day } else { Length::Month }, date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_and_written_and_follow_one_another() {
        let cases = [
            ("2026-10", "2026-10-01", "2026-10-31", "2026-11", "2026-09"),
            ("2028-02", "2028-02-01", "2028-02-29", "2028-03", "2028-01"),
            ("2026-12-31", "2026-12-31", "2026-12-31", "2027-01-01", "2026-12-30"),
            ("2026-W53", "2026-12-28", "2027-01-03", "2027-W01", "2026-W52"),
            ("2026-Q4", "2026-10-01", "2026-12-31", "2027-Q1", "2026-Q3"),
            ("2026", "2026-01-01", "2026-12-31", "2027", "2025"),
        ];
        for (text, first, last, next, previous) in cases {
            let period: Period = text.parse().expect(text);
            assert_eq!(period.to_string(), text);
            assert_eq!(
                (period.first().to_string(), period.last().to_string()),
                (first.to_owned(), last.to_owned())
            );
            assert_eq!(
                (period.next().to_string(), period.previous().to_string()),
                (next.to_owned(), previous.to_owned())
            );
            assert!(!period.text().zh.is_empty() && !period.text().en.is_empty());
        }
        let before = |text: &str| text.parse::<Period>().expect(text).year_before();
        assert_eq!(before("2028-02").map(|period| period.to_string()), Some("2027-02".to_owned()));
        assert_eq!(before("2028-02-29").map(|p| p.to_string()), Some("2027-02-28".to_owned()));
        assert_eq!(before("2026-W41"), None);
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in [
            "",
            "26",
            "2026-1",
            "2026-13",
            "2026-02-30",
            "2026-Q5",
            "2026-W60",
            "2026-",
            "二〇二六",
            "+026",
            "2026-+1",
            "2026-10-",
        ] {
            assert_eq!(text.parse::<Period>(), Err(NoPeriod(text.to_owned())));
        }
    }
}
