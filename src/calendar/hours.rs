//! What a zone does on each kind of day, as it is configured.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};

use super::days::Days;
use super::holidays::Class;
use super::window::Windows;

/// The service hours of a zone.
///
/// A make-up working day is a working day, whatever day of the week it is; a statutory holiday is
/// a holiday, also on a Saturday. A date in `closed` is shut whatever else is said of it; after
/// that a date in `open` has its own windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// Working days: Monday to Friday, and make-up days.
    pub workday: Windows,
    /// Saturdays that are ordinary weekends.
    pub saturday: Windows,
    /// Sundays that are ordinary weekends.
    pub sunday: Windows,
    /// Statutory holidays.
    pub holiday: Windows,
    /// Days on which the zone is shut, whatever they are.
    pub closed: Vec<Days>,
    /// Days with windows of their own, whatever they are.
    pub open: BTreeMap<Date, Windows>,
}

impl Default for Hours {
    /// 09:00 to 17:00 on working days.
    fn default() -> Self {
        Self {
            workday: Windows::office_hours(),
            saturday: Windows::closed(),
            sunday: Windows::closed(),
            holiday: Windows::closed(),
            closed: Vec::new(),
            open: BTreeMap::new(),
        }
    }
}

impl Hours {
    /// A 24-hour zone: open at every moment of every day.
    #[must_use]
    pub fn always() -> Self {
        Self {
            workday: Windows::all_day(),
            saturday: Windows::all_day(),
            sunday: Windows::all_day(),
            holiday: Windows::all_day(),
            ..Self::default()
        }
    }

    /// The first date that is said to be both closed and open, which can only be a mistake.
    #[must_use]
    pub fn contradiction(&self) -> Option<Date> {
        self.open.keys().copied().find(|date| self.is_closed(*date))
    }

    /// The windows of a date of this class.
    pub(super) fn of(&self, date: Date, class: Class) -> &Windows {
        /// What a shut zone has.
        static CLOSED: Windows = Windows::closed();
        if self.is_closed(date) {
            return &CLOSED;
        }
        if let Some(own) = self.open.get(&date) {
            return own;
        }
        match class {
            Class::Workday | Class::MakeUp => &self.workday,
            Class::Holiday => &self.holiday,
            Class::Weekend if date.weekday() == Weekday::Saturday => &self.saturday,
            Class::Weekend => &self.sunday,
        }
    }

    fn is_closed(&self, date: Date) -> bool {
        self.closed.iter().any(|days| days.holds(date))
    }
}
