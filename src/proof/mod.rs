//! Was anything lost? Of each source how much was read, kept and delivered to each database, from the
//! journal's ledger; when nothing came and why; and a recount of what is on disk against it.
//!
//! The ledger is written in the same transactions as the readings and the cursors, so its sums are
//! exact after every kill. What a sink has delivered stands there because the server said so.
//!
//! Architecture invariant: tells what is; changes nothing.

mod audit;
mod error;
mod gap;
mod sums;

pub use audit::{Audit, Difference, audit};
pub use error::ProofError;
pub use gap::{Cause, Gap};
pub use sums::{AtSink, Sums, of_sources};

use std::collections::BTreeMap;

use crate::history::{History, Windows};
use crate::influx;
use crate::journal::{Journal, JournalError};
use crate::model::{Device, DeviceId, Site, Timestamp};

/// Gaps that are told of one source.
const GAPS_MAX: usize = 200;
/// What comes this much later than due is no gap yet, in intervals of the device.
const INTERVALS: i64 = 3;
/// Readings that are owed and counted by source at most: about a second of looking.
const OWED_MAX: u64 = 1_000_000;
/// A link that broke before the span may be why nothing came in it; so far is looked back.
const LOOK_BACK_MS: i64 = 7 * 24 * 3600 * 1000;

/// What is known of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The device.
    pub device: DeviceId,
    /// What became of its readings.
    pub sums: Sums,
    /// Readings on disk in the span.
    pub readings: u64,
    /// When nothing came, newest first.
    pub gaps: Vec<Gap>,
    /// How long that was together, milliseconds.
    pub gaps_ms: i64,
}

/// The sources in a span of time: readings on disk and gaps of the span, sums of all time.
///
/// # Errors
/// [`ProofError`].
pub async fn overview(
    journal: &Journal,
    history: &History,
    hall: Hall<'_>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Source>, ProofError> {
    let Hall { site, devices, sinks } = hall;
    let mut sums = of_sources(&journal.ledger_totals());
    let (first, last) = (Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX));
    for (sink, owed) in owed(journal, sinks, first, last).await? {
        sums::owe(&mut sums, &sink, owed.as_ref());
    }
    let (links, pauses) = ask(journal, move |journal| {
        let archive = journal.archive()?;
        Ok((archive.links(from.plus_ms(-LOOK_BACK_MS), to)?, archive.pauses(from, to)?))
    })
    .await?;
    let windows = Windows::every_ms(from, to, to.since_ms(from).max(1))?;
    let mut presences = BTreeMap::new();
    for device in devices {
        let found =
            history.presence(device.id.clone(), windows.clone(), longest_ms(device)).await?;
        presences.insert(device.id.clone(), found);
    }
    let causes = gap::Causes::new(site, links, pauses, devices, &presences);
    let mut sources: Vec<Source> = devices
        .iter()
        .filter_map(|device| {
            let presence = presences.get(&device.id)?;
            let silent = device.may_be_silent();
            // Before there was a gateway nothing is missing.
            let since = |(from, to): &(Timestamp, Timestamp)| {
                let from = journal.began().max(*from);
                (to.since_ms(from) > longest_ms(device)).then_some((from, *to))
            };
            let all = presence.gaps.iter().filter(|_| !silent).filter_map(since);
            let mut gaps: Vec<Gap> = all.map(|gap| causes.explain(device, gap)).collect();
            let gaps_ms = gaps.iter().map(|gap| gap.to.since_ms(gap.from)).sum();
            gaps.reverse();
            gaps.truncate(GAPS_MAX);
            let sums = sums.remove(device.id.as_str()).unwrap_or_default();
            let readings = presence.readings.iter().sum();
            Some(Source { device: device.id.clone(), sums, readings, gaps, gaps_ms })
        })
        .collect();
    // Devices that are no longer configured have their sums all the same.
    for (id, sums) in sums {
        if let Ok(device) = DeviceId::parse(&id) {
            let (gaps, readings, gaps_ms) = (Vec::new(), 0, 0);
            sources.push(Source { device, sums, readings, gaps, gaps_ms });
        }
    }
    Ok(sources)
}

/// What the question is about.
#[derive(Debug, Clone, Copy)]
pub struct Hall<'a> {
    /// Where the sun shines.
    pub site: &'a Site,
    /// The devices, the gateway with them.
    pub devices: &'a [Device],
    /// Names of the databases.
    pub sinks: &'a [String],
}

/// What each database is owed of times in `from <= time < to`, by source.
async fn owed(
    journal: &Journal,
    sinks: &[String],
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(String, Option<BTreeMap<String, u64>>)>, ProofError> {
    let sinks = sinks.to_vec();
    let owed = move |journal: &Journal| {
        let of = |sink: String| {
            let owed = influx::owed(journal, &sink, from, to, OWED_MAX)?;
            Ok((sink, owed))
        };
        sinks.into_iter().map(of).collect()
    };
    ask(journal, owed).await
}

/// Asks the journal something on a thread that may block.
async fn ask<T: Send + 'static>(
    journal: &Journal,
    question: impl FnOnce(&Journal) -> Result<T, JournalError> + Send + 'static,
) -> Result<T, ProofError> {
    let journal = journal.clone();
    let task = tokio::task::spawn_blocking(move || question(&journal));
    Ok(task.await.map_err(|_| ProofError::BrokenOff)??)
}

fn longest_ms(device: &Device) -> i64 {
    device.interval_ms.saturating_mul(INTERVALS).max(device.stale_after_ms)
}
