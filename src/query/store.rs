//! Where the past comes from. The daemon implements this over its history; nothing else is asked of it.

use std::fmt::Display;
use std::ops::ControlFlow;

use super::value::{FieldType, Value};

/// One series of a measurement: one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The store's own number of it.
    pub id: usize,
    /// Tags, sorted by key; empty ones are left out.
    pub tags: Vec<(String, String)>,
}

/// Is given the readings of a series one after the other: the time in milliseconds and of each asked
/// field the value. It says when it has seen enough.
pub type Visit<'a> = dyn FnMut(i64, &[Option<Value>]) -> ControlFlow<()> + 'a;

/// The readings that are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    /// The measurement.
    pub measurement: &'a str,
    /// The series' number.
    pub series: usize,
    /// The fields.
    pub fields: &'a [String],
    /// From here on, milliseconds since 1970; never before the oldest reading of all.
    pub from_ms: i64,
    /// Until before here.
    pub to_ms: i64,
}

/// The past of one database.
pub trait Store {
    /// Why it could not be read.
    type Error: Display;

    /// The database's name.
    fn database(&self) -> &str;

    /// Names of the measurements, sorted.
    fn measurements(&self) -> Vec<String>;

    /// The series of a measurement, sorted by their tags.
    fn series(&self, measurement: &str) -> Vec<Series>;

    /// The fields of a measurement, sorted by name.
    ///
    /// # Errors
    /// The past cannot be read.
    fn fields(&self, measurement: &str) -> Result<Vec<(String, FieldType)>, Self::Error>;

    /// When the oldest and the newest reading of all were, milliseconds since 1970.
    fn span_ms(&self) -> Option<(i64, i64)>;

    /// Shows the readings that have at least one of the fields, in the order of time and each time
    /// once. Ends early, without an error, when the visitor breaks off.
    ///
    /// # Errors
    /// The past cannot be read.
    fn scan(&self, scan: &Scan<'_>, visit: &mut Visit<'_>) -> Result<(), Self::Error>;
}
