//! Days as people write them: one date, or the first and the last of several.

use std::fmt;

use jiff::civil::Date;

use crate::model::{Text, text};

use super::signs::half_width;

/// One date, or all from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Days {
    first: Date,
    last: Date,
}

/// A text that names no days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DaysError {
    /// No date of the calendar.
    #[error("`{0}` is not a date")]
    NotADate(String),
    /// The last day is before the first.
    #[error("`{0}` ends before it begins")]
    Reversed(String),
}

impl DaysError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::NotADate(found) => format!("`{found}` 不是日期"),
            Self::Reversed(found) => format!("`{found}` 的结束早于开始"),
        };
        Text::new(zh, self.to_string())
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::NotADate(_) => text!(
                "例如 \"2026-10-01\"，多日写成 \"2026-10-01..2026-10-07\"",
                "write \"2026-10-01\", or \"2026-10-01..2026-10-07\" for several days",
            ),
            Self::Reversed(_) => {
                text!("先写第一天，再写最后一天", "write the first day first, then the last")
            }
        }
    }
}

impl Days {
    /// A single day.
    #[must_use]
    pub const fn one(date: Date) -> Self {
        Self { first: date, last: date }
    }

    /// Reads `2026-10-01` or `2026-10-01..2026-10-07`; `~`, `～`, `至` and full-width signs are
    /// taken as they are meant.
    ///
    /// # Errors
    /// [`DaysError`] with the text that is no date.
    pub fn parse(text: &str) -> Result<Self, DaysError> {
        let plain = half_width(text).replace(['~', '至', '到'], "..");
        let mut parts = plain.splitn(2, "..");
        let first = date(parts.next().unwrap_or_default())?;
        let last = parts.next().map_or(Ok(first), date)?;
        if last < first {
            return Err(DaysError::Reversed(text.trim().to_owned()));
        }
        Ok(Self { first, last })
    }

    /// The first day.
    #[must_use]
    pub const fn first(self) -> Date {
        self.first
    }

    /// The last day; the first one again when there is only one.
    #[must_use]
    pub const fn last(self) -> Date {
        self.last
    }

    /// Whether the day is one of these.
    #[must_use]
    pub fn holds(self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }

    /// All of them, first to last.
    pub fn iter(self) -> impl Iterator<Item = Date> {
        let next = |date: &Date| date.tomorrow().ok();
        std::iter::successors(Some(self.first), next).take_while(move |date| *date <= self.last)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}..{}", self.first, self.last)
        }
    }
}

/// Year, month and day in digits. Not jiff's own reader: that one takes times and offsets, too.
fn date(text: &str) -> Result<Date, DaysError> {
    let text = text.trim();
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        let plain = digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i16>().ok().filter(|_| plain)
    };
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let found = match parts.as_slice() {
        [year, month, day] => number(year, 4..=4).and_then(|year| {
            let month = i8::try_from(number(month, 1..=2)?).ok()?;
            let day = i8::try_from(number(day, 1..=2)?).ok()?;
            Date::new(year, month, day).ok()
        }),
        _ => None,
    };
    found.ok_or_else(|| DaysError::NotADate(text.to_owned()))
}
