//! Which days are holidays and which weekends are worked: the shipped years, and a folder that
//! adds years or replaces them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, Weekday};

use crate::model::{Mistake, Text, text};

use super::year::{self, Year};

/// The years inside the binary. A year is published in November of the year before it.
const SHIPPED: [(&str, &str); 3] = [
    ("src/calendar/years/2024.toml", include_str!("years/2024.toml")),
    ("src/calendar/years/2025.toml", include_str!("years/2025.toml")),
    ("src/calendar/years/2026.toml", include_str!("years/2026.toml")),
];

/// From this month on the next year's days should be known.
const PUBLISHED_MONTH: i8 = 12;

/// What a day is, with the name of its holiday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayKind {
    /// Monday to Friday.
    Workday,
    /// Saturday or Sunday.
    Weekend,
    /// A day off by law, whatever day of the week it is.
    Holiday(Text),
    /// A Saturday or Sunday that is worked in place of a day of this holiday.
    MakeUp(Text),
}

impl DayKind {
    /// The word for people.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Workday => Text::new("工作日", "working day"),
            Self::Weekend => Text::new("周末", "weekend"),
            Self::Holiday(name) => name.clone(),
            Self::MakeUp(Text { zh, en }) => {
                text!("{zh}调休上班", "working day in place of {en}")
            }
        }
    }
}

/// A [`DayKind`] without its name, for those who ask for thousands of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Workday,
    Weekend,
    Holiday,
    MakeUp,
}

/// Why there are no holidays.
#[derive(Debug, thiserror::Error)]
pub enum HolidaysError {
    /// The folder of own years cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Some files have mistakes; all of them are here.
    #[error("{} in holiday files", count(.0.len()))]
    Mistakes(Vec<Mistake>),
}

impl HolidaysError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Read { path, .. } => format!("无法读取 `{}`", path.display()),
            Self::Mistakes(mistakes) => format!("节假日文件有 {} 处错误", mistakes.len()),
        };
        Text::new(zh, self.to_string())
    }
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 { "1 mistake".to_owned() } else { format!("{mistakes} mistakes") }
}

/// The holidays and make-up working days of the years that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    years: BTreeMap<i16, Year>,
}

impl Holidays {
    /// The years inside the binary.
    #[must_use]
    pub fn shipped() -> Self {
        // A test reads every shipped file, so none is left out here.
        let read = SHIPPED.iter().filter_map(|(file, source)| year::read(file, source).ok());
        Self { years: read.collect() }
    }

    /// The shipped years and the `YYYY.toml` of a folder, each of which adds its year or takes its
    /// place whole. A folder that is not there adds nothing.
    ///
    /// # Errors
    /// [`HolidaysError`] with every mistake of every file.
    pub fn with_folder(folder: &Path) -> Result<Self, HolidaysError> {
        Self::with_files(&files_of(folder)?).map_err(HolidaysError::Mistakes)
    }

    /// The shipped years and those of these files, each a name ending in `YYYY.toml` and a text.
    ///
    /// # Errors
    /// Every mistake of every file.
    pub fn with_files(files: &[(String, String)]) -> Result<Self, Vec<Mistake>> {
        let mut holidays = Self::shipped();
        let mut mistakes = Vec::new();
        for (file, source) in files {
            match year::read(file, source) {
                Ok((year, days)) => {
                    holidays.years.insert(year, days);
                }
                Err(found) => mistakes.extend(found),
            }
        }
        if mistakes.is_empty() { Ok(holidays) } else { Err(mistakes) }
    }

    /// What a day is. In a year that is not known only weekdays and weekends are told apart.
    #[must_use]
    pub fn day(&self, date: Date) -> DayKind {
        let name = || {
            let mark = self.years.get(&date.year()).and_then(|year| year.marks.get(&date));
            mark.map_or_else(|| Text::same(""), |mark| mark.name.clone())
        };
        match self.class(date) {
            Class::Workday => DayKind::Workday,
            Class::Weekend => DayKind::Weekend,
            Class::Holiday => DayKind::Holiday(name()),
            Class::MakeUp => DayKind::MakeUp(name()),
        }
    }

    /// What a day is, without a name.
    pub(super) fn class(&self, date: Date) -> Class {
        let mark = self.years.get(&date.year()).and_then(|year| year.marks.get(&date));
        match mark {
            Some(mark) if mark.off => Class::Holiday,
            Some(_) => Class::MakeUp,
            None if is_weekend(date) => Class::Weekend,
            None => Class::Workday,
        }
    }

    /// Whether the days of this year have been published and are here.
    #[must_use]
    pub fn knows(&self, year: i16) -> bool {
        self.years.contains_key(&year)
    }

    /// The years that are known, in order.
    pub fn years(&self) -> impl Iterator<Item = i16> {
        self.years.keys().copied()
    }

    /// Who published the days of a year, and in which document.
    #[must_use]
    pub fn source(&self, year: i16) -> Option<&str> {
        self.years.get(&year).map(|year| year.source.as_str())
    }

    /// The year whose days should be here by now: today's own, without which figures around holidays
    /// are wrong, or in December the next.
    #[must_use]
    pub fn missing(&self, today: Date) -> Option<i16> {
        let next = today.year().checked_add(1).filter(|_| today.month() >= PUBLISHED_MONTH);
        [Some(today.year()), next].into_iter().flatten().find(|year| !self.knows(*year))
    }
}

/// Saturday or Sunday.
pub(super) fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Names and texts of the `.toml` files of a folder, by name.
fn files_of(folder: &Path) -> Result<Vec<(String, String)>, HolidaysError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| HolidaysError::Read { path, source }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let source = std::fs::read_to_string(&path).map_err(failed(&path))?;
            files.push((path.display().to_string(), source));
        }
    }
    files.sort();
    Ok(files)
}
