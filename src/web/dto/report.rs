//! Reports, meters that people read, and the books, as the page sees them.

use serde::Serialize;

use super::Text;

/// What the page of reports shows.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Reports {
    /// When it was answered.
    pub now_ms: i64,
    /// Months, the newest first.
    pub months: Vec<ReportMonth>,
    /// All that can be closed or was: years, quarters and such that are no month.
    pub others: Vec<ReportMonth>,
    /// Meters that can be entered by hand.
    pub meters: Vec<ReportMeter>,
    /// Entries, the newest first.
    pub entries: Vec<ReportEntry>,
    /// The forms that a report can be had in.
    pub forms: Vec<&'static str>,
}

/// A period.
#[derive(Debug, Serialize)]
pub(in crate::web) struct ReportMonth {
    /// As it is written: `2026-10`.
    pub period: String,
    /// For people.
    pub text: Text,
    /// It is not over.
    pub running: bool,
    /// Entries that came or were taken back since it was closed last.
    pub entries_since: usize,
    /// Its revisions, the newest first.
    pub revisions: Vec<ReportRevision>,
}

/// That a period was closed.
#[derive(Debug, Serialize)]
pub(in crate::web) struct ReportRevision {
    /// Its number.
    pub revision: u32,
    /// By whom.
    pub who: String,
    /// Why again, or in spite of what.
    pub why: String,
    /// When.
    pub at_ms: i64,
    /// The hash of its figures.
    pub hash: String,
    /// Who signed it.
    pub signatures: Vec<ReportSignature>,
}

/// A name under a report.
#[derive(Debug, Serialize)]
pub(in crate::web) struct ReportSignature {
    /// `made`, `checked` or `approved`.
    pub role: &'static str,
    /// Who.
    pub who: String,
    /// When.
    pub at_ms: i64,
}

/// A meter of which something can be entered.
#[derive(Debug, Serialize)]
pub(in crate::web) struct ReportMeter {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// `electricity`, `water`, `gas` or `heat`.
    pub supply: &'static str,
    /// The unit of what is entered.
    pub unit: &'static str,
    /// People read its register; of the others only amounts are entered.
    pub by_hand: bool,
    /// What its register showed last, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<ReportShown>,
}

/// What a register showed.
#[derive(Debug, Serialize)]
pub(in crate::web) struct ReportShown {
    /// When.
    pub at_ms: i64,
    /// What.
    pub value: f64,
}

/// An entry.
#[derive(Debug, Serialize)]
pub(in crate::web) struct ReportEntry {
    /// Its number.
    pub id: u64,
    /// The meter.
    pub name: Text,
    /// What was entered.
    pub what: Text,
    /// By whom.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at_ms: i64,
    /// Who took it back, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<String>,
}
