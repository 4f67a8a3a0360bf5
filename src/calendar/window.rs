//! Hours of a day as people write them: `08:30-12:00, 13:30-17:30`.

use std::fmt;

use crate::model::{Text, text};

use super::signs::half_width;

/// Minutes of a civil day; `24:00`, which is only ever an end.
const DAY_MIN: u16 = 24 * 60;

/// A part of a day by the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Window {
    from_min: u16,
    to_min: u16,
}

/// The windows of one day, in order and apart; none when it is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Windows(Vec<Window>);

/// A text that names no windows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Nothing in it, or nothing between two commas.
    #[error("`{0}` names no hours")]
    Empty(String),
    /// Not two times with a dash between them.
    #[error("`{0}` is not a time window")]
    NotAWindow(String),
    /// No time of a day.
    #[error("`{0}` is not a time of day")]
    NotATime(String),
    /// The end is not after the begin.
    #[error("`{0}` does not end after it begins")]
    Reversed(String),
    /// Two windows share some time.
    #[error("`{0}` and `{1}` overlap")]
    Overlap(Window, Window),
}

impl WindowError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Empty(found) => format!("`{found}` 没有写时段"),
            Self::NotAWindow(found) => format!("`{found}` 不是时段"),
            Self::NotATime(found) => format!("`{found}` 不是时刻"),
            Self::Reversed(found) => format!("`{found}` 的结束不晚于开始"),
            Self::Overlap(one, other) => format!("`{one}` 与 `{other}` 重叠"),
        };
        Text::new(zh, self.to_string())
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::Empty(_) => {
                text!(
                    "例如 \"09:00-17:00\"，不开放写 \"closed\"",
                    "write \"09:00-17:00\" or \"closed\""
                )
            }
            Self::NotAWindow(_) => text!(
                "例如 \"09:00-17:00\" 或 \"08:30-12:00, 13:30-17:30\"",
                "write \"09:00-17:00\" or \"08:30-12:00, 13:30-17:30\"",
            ),
            Self::NotATime(_) => text!(
                "写 24 小时制的时和分，00:00 到 24:00",
                "write hours and minutes from 00:00 to 24:00",
            ),
            Self::Reversed(_) => text!(
                "过夜的时段分成两天写：22:00-24:00，次日 00:00-06:00",
                "hours over midnight belong to two days: 22:00-24:00, and 00:00-06:00 on the next",
            ),
            Self::Overlap(..) => text!("合并或错开两个时段", "join them or move them apart"),
        }
    }
}

impl Window {
    /// Reads one window.
    fn parse(text: &str) -> Result<Self, WindowError> {
        let mut parts = text.split(['-', '~', '至', '到']);
        let (Some(from), Some(to), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(WindowError::NotAWindow(text.to_owned()));
        };
        if from.trim().is_empty() || to.trim().is_empty() {
            return Err(WindowError::NotAWindow(text.to_owned()));
        }
        let (from_min, to_min) = (minute(from)?, minute(to)?);
        if to_min <= from_min {
            return Err(WindowError::Reversed(text.to_owned()));
        }
        Ok(Self { from_min, to_min })
    }

    /// Begin, minutes of the civil day, 0 to 1439.
    #[must_use]
    pub const fn from_min(self) -> u16 {
        self.from_min
    }

    /// End, minutes of the civil day, 1 to 1440; not part of the window.
    #[must_use]
    pub const fn to_min(self) -> u16 {
        self.to_min
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from_min, to_min } = self;
        let (from, to) = ((from_min / 60, from_min % 60), (to_min / 60, to_min % 60));
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.0, from.1, to.0, to.1)
    }
}

impl Windows {
    /// No hours at all.
    #[must_use]
    pub const fn closed() -> Self {
        Self(Vec::new())
    }

    /// From midnight to midnight.
    #[must_use]
    pub fn all_day() -> Self {
        Self(vec![Window { from_min: 0, to_min: DAY_MIN }])
    }

    /// 09:00 to 17:00, what a zone is taken to serve on working days when it says nothing.
    #[must_use]
    pub fn office_hours() -> Self {
        Self(vec![Window { from_min: 9 * 60, to_min: 17 * 60 }])
    }

    /// Reads `09:00-17:00`, several windows with commas between them, or `closed`. The order does
    /// not matter, windows may touch, and full-width signs are taken as they are meant.
    ///
    /// # Errors
    /// [`WindowError`] with the first text that cannot be meant.
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        let plain = half_width(text);
        let plain = plain.trim();
        if plain.eq_ignore_ascii_case("closed") || matches!(plain, "休息" | "关闭" | "不开放")
        {
            return Ok(Self::closed());
        }
        let mut windows = Vec::new();
        for part in plain.split(',').map(str::trim) {
            if part.is_empty() {
                return Err(WindowError::Empty(text.trim().to_owned()));
            }
            windows.push(Window::parse(part)?);
        }
        windows.sort_unstable();
        let overlap =
            windows.iter().zip(windows.iter().skip(1)).find(|(a, b)| b.from_min < a.to_min);
        if let Some((one, other)) = overlap {
            return Err(WindowError::Overlap(*one, *other));
        }
        Ok(Self(windows))
    }

    /// The windows, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Window] {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Windows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_closed() {
            return f.write_str("closed");
        }
        let shown: Vec<_> = self.0.iter().map(Window::to_string).collect();
        f.write_str(&shown.join(", "))
    }
}

/// `09:00` as minutes of the day.
fn minute(text: &str) -> Result<u16, WindowError> {
    let text = text.trim();
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        let plain = digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| plain)
    };
    text.split_once(':')
        .and_then(|(hour, minute)| Some((number(hour, 1..=2)?, number(minute, 2..=2)?)))
        .filter(|(_, minute)| *minute < 60)
        .map(|(hour, minute)| hour * 60 + minute)
        .filter(|minute| *minute <= DAY_MIN)
        .ok_or_else(|| WindowError::NotATime(text.to_owned()))
}
