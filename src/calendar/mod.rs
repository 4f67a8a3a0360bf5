//! Which days and hours the hall serves: statutory holidays, make-up working days and the service
//! hours of each zone. Data in, yes or no and durations out.
//!
//! [`Holidays`] knows the days, [`Hours`] what a zone does on each kind of day, and [`Calendar`]
//! joins both with the time zone and answers for moments and intervals.
//!
//! Architecture invariant: pure functions of data and moments; no clock. Files are read in
//! [`Holidays::with_folder`] only.

mod days;
mod form;
mod holidays;
mod hours;
mod schedule;
mod signs;
mod window;
mod year;

#[cfg(test)]
mod law_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod year_tests;

pub use days::{Days, DaysError};
pub use holidays::{DayKind, Holidays, HolidaysError};
pub use hours::Hours;
pub use schedule::{Calendar, HORIZON_DAYS};
pub use window::{Window, WindowError, Windows};
