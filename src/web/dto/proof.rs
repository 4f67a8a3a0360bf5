//! Was anything lost, on the wire.

use serde::{Deserialize, Serialize};

use crate::live::Board;
use crate::proof::{self, Cause};
use crate::web::words;

use super::{Sink, Text};

/// What was read, kept and delivered.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Data {
    pub(in crate::web) now_ms: i64,
    /// Gaps and `readings` are of this span; all other counts are of all time.
    pub(in crate::web) from_ms: i64,
    pub(in crate::web) to_ms: i64,
    /// Where the counts do not begin with the first reading.
    pub(in crate::web) counted_since_ms: Option<i64>,
    pub(in crate::web) sinks: Vec<Sink>,
    pub(in crate::web) sources: Vec<Proof>,
}

/// One source.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Proof {
    device: String,
    name: Text,
    read: u64,
    kept: u64,
    doubled: u64,
    not_kept: u64,
    readings: u64,
    sinks: Vec<AtSink>,
    gaps: Vec<Gap>,
    gaps_ms: i64,
}

/// What a database has of it.
#[derive(Debug, Serialize)]
struct AtSink {
    sink: String,
    delivered: u64,
    without_line: u64,
    dead_letters: u64,
    recovered: u64,
    /// `null` where too many are owed to be counted by source.
    owed: Option<u64>,
}

/// A time without a reading.
#[derive(Debug, Serialize)]
struct Gap {
    from_ms: i64,
    to_ms: i64,
    cause: &'static str,
    text: Text,
}

impl Proof {
    pub(in crate::web) fn of(source: proof::Source, board: &Board) -> Self {
        let id = source.device.as_str();
        let live = board.iter().find(|live| live.device.id == source.device);
        let name = live.map_or_else(
            || crate::model::Text::same(id).into(),
            |live| live.device.name.clone().into(),
        );
        let sums = source.sums;
        Self {
            device: id.to_owned(),
            name,
            read: sums.read(),
            kept: sums.kept,
            doubled: sums.doubled,
            not_kept: sums.not_kept,
            readings: source.readings,
            sinks: sums.sinks.into_iter().map(AtSink::from).collect(),
            gaps: source.gaps.into_iter().map(Gap::from).collect(),
            gaps_ms: source.gaps_ms,
        }
    }
}

impl From<(String, proof::AtSink)> for AtSink {
    fn from((sink, at): (String, proof::AtSink)) -> Self {
        let proof::AtSink { delivered, without_line, dead_letters, recovered, owed } = at;
        Self { sink, delivered, without_line, dead_letters, recovered, owed }
    }
}

impl From<proof::Gap> for Gap {
    fn from(gap: proof::Gap) -> Self {
        let cause = match &gap.cause {
            Cause::Gateway => "gateway",
            Cause::Night => "night",
            Cause::Link(fault) => fault.as_str(),
            Cause::Silent => "silent",
        };
        let text = words::gap(&gap.cause).into();
        Self { from_ms: gap.from.ms(), to_ms: gap.to.ms(), cause, text }
    }
}

/// The recount of a month.
#[derive(Debug, Serialize, Deserialize)]
pub struct Audit {
    /// The month.
    pub month: String,
    /// First day that was recounted; after `to` when there is none.
    pub from: String,
    /// Last day that was recounted.
    pub to: String,
    /// Readings that the ledger says were kept.
    pub kept: u64,
    /// Readings that came again.
    pub doubled: u64,
    /// Readings that the disk did not take.
    pub not_kept: u64,
    /// Readings that are on disk.
    pub on_disk: u64,
    /// Readings that were kept and are not on disk.
    pub missing: u64,
    /// What each database has of them.
    pub sinks: Vec<AuditSink>,
    /// Where the recount and the ledger do not agree.
    pub differences: Vec<AuditDifference>,
}

/// What a database has of a month.
#[derive(Debug, Serialize, Deserialize)]
pub struct AuditSink {
    /// Its name.
    pub sink: String,
    /// Readings that it took.
    pub delivered: u64,
    /// Readings with nothing that is sent.
    pub without_line: u64,
    /// Readings that it refused for good.
    pub dead_letters: u64,
    /// Readings that it took from the history, because the journal had to drop them before.
    pub recovered: u64,
    /// Readings that are still owed; `null` where they are too many to be counted.
    pub owed: Option<u64>,
}

/// A source and a day where the recount and the ledger do not agree.
#[derive(Debug, Serialize, Deserialize)]
pub struct AuditDifference {
    /// The source.
    pub device: String,
    /// The local day.
    pub date: String,
    /// By the ledger.
    pub kept: u64,
    /// By the recount.
    pub on_disk: u64,
}

impl Audit {
    /// The recount of a month, with what databases have of it.
    #[must_use]
    pub fn of(month: &str, audit: &proof::Audit, sinks: &[String]) -> Self {
        let sum = |of: fn(&proof::Sums) -> u64| audit.sources.values().map(of).sum();
        let at = |sink: &str| {
            let of_sources = audit.sources.values().filter_map(|sums| sums.sinks.get(sink));
            let mut all = proof::AtSink::default();
            for at in of_sources {
                all.delivered += at.delivered;
                all.without_line += at.without_line;
                all.dead_letters += at.dead_letters;
                all.recovered += at.recovered;
            }
            let proof::AtSink { delivered, without_line, dead_letters, recovered, .. } = all;
            let (sink, owed) = (sink.to_owned(), audit.owed(sink));
            AuditSink { sink, delivered, without_line, dead_letters, recovered, owed }
        };
        let differences = audit.differences.iter().map(|difference| AuditDifference {
            device: difference.device.clone(),
            date: difference.date.to_string(),
            kept: difference.kept,
            on_disk: difference.on_disk,
        });
        Self {
            month: month.to_owned(),
            from: audit.from.to_string(),
            to: audit.to.to_string(),
            kept: sum(|sums| sums.kept),
            doubled: sum(|sums| sums.doubled),
            not_kept: sum(|sums| sums.not_kept),
            on_disk: audit.on_disk.values().sum(),
            missing: audit.missing(),
            sinks: sinks.iter().map(|sink| at(sink)).collect(),
            differences: differences.collect(),
        }
    }
}
