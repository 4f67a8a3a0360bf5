//! A recount of a month: what is on disk against the ledger, day by day and source by source.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::history::{History, Windows};
use crate::journal::{Days, Entry, Journal, KEPT};
use crate::model::{DeviceId, Timestamp};

use super::error::ProofError;
use super::sums::{self, Sums, of_sources};
use super::{ask, owed};

/// A source and a day where the recount and the ledger do not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The source.
    pub device: String,
    /// The local day.
    pub date: Date,
    /// Readings that the ledger says were kept.
    pub kept: u64,
    /// Readings that are on disk.
    pub on_disk: u64,
}

/// What the recount of a month came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The first day that was recounted: of days before it something has been dropped because of its
    /// age, or the ledger did not exist yet.
    pub from: Date,
    /// The last day that was recounted.
    pub to: Date,
    /// Sums of the ledger by source, over these days.
    pub sources: BTreeMap<String, Sums>,
    /// Readings on disk by source.
    pub on_disk: BTreeMap<String, u64>,
    /// Where they do not agree.
    pub differences: Vec<Difference>,
}

impl Audit {
    /// Readings that were kept and are not on disk any more.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.differences.iter().map(|d| d.kept.saturating_sub(d.on_disk)).sum()
    }

    /// Readings that a sink is still owed; `None` where they are too many to be counted.
    #[must_use]
    pub fn owed(&self, sink: &str) -> Option<u64> {
        self.sources.values().map(|sums| sums.sinks.get(sink)?.owed).sum()
    }
}

/// First and last day of a month such as `2026-11`.
fn days_of(month: &str) -> Result<(Date, Date), ProofError> {
    let bad = || ProofError::Month(month.to_owned());
    let (year, number) = month.split_once('-').ok_or_else(bad)?;
    let date = Date::new(year.parse().map_err(|_| bad())?, number.parse().map_err(|_| bad())?, 1);
    let first = date.map_err(|_| bad())?;
    Ok((first, first.last_of_month()))
}

/// Recounts a month.
///
/// # Errors
/// [`ProofError`].
pub async fn audit(
    journal: &Journal,
    history: &History,
    sinks: &[String],
    month: &str,
    now: Timestamp,
) -> Result<Audit, ProofError> {
    let (first, last) = days_of(month)?;
    let mut days = journal.days();
    let since = since(journal, history).await?;
    let (from, last) = (Days::number(first).max(since), Days::number(last));
    // What a clock that was ahead has stamped with days to come is counted as well.
    let before = ask(journal, move |journal| journal.ledger(from, last)).await?;
    let newest = before.iter().map(|entry| entry.day).max().unwrap_or(i32::MIN);
    let to = last.min(days.of(now).max(newest));
    let mut audit = Audit {
        from: Days::date(from),
        to: Days::date(to),
        sources: BTreeMap::new(),
        on_disk: BTreeMap::new(),
        differences: Vec::new(),
    };
    if from > to {
        return Ok(audit);
    }
    let ends = (days.start(from), days.start(to.saturating_add(1)));
    let windows = Windows::days(ends.0, ends.1, journal.zone())?;
    let packed = history.devices().await?.into_iter().map(|id| id.to_string());
    let known = before.iter().map(|entry| entry.subject.clone());
    let mut counts = BTreeMap::new();
    for device in packed.chain(known).collect::<BTreeSet<_>>() {
        let Ok(id) = DeviceId::parse(&device) else { continue };
        let found = history.presence(id, windows.clone(), i64::MAX).await?;
        counts.insert(device, found.readings);
    }
    // Readings go on coming while they are counted.
    let after = ask(journal, move |journal| journal.ledger(from, to)).await?;
    audit.sources = of_sources(&after);
    for (sink, owed) in owed(journal, sinks, windows.start(), windows.end()).await? {
        sums::owe(&mut audit.sources, &sink, owed.as_ref());
    }
    let (before, after) = (kept_of(&before), kept_of(&after));
    for (device, readings) in counts {
        for (day, on_disk) in (from..=to).zip(&readings) {
            let of = |kept: &Kept| kept.get(&(device.clone(), day)).copied().unwrap_or(0);
            let kept = of(&after);
            if *on_disk < of(&before) || *on_disk > kept {
                let (device, date, on_disk) = (device.clone(), Days::date(day), *on_disk);
                audit.differences.push(Difference { device, date, kept, on_disk });
            }
        }
        audit.on_disk.insert(device, readings.iter().sum());
    }
    Ok(audit)
}

/// The first day of which all that was kept has to be there, and on the ledger.
async fn since(journal: &Journal, history: &History) -> Result<i32, ProofError> {
    let mut days = journal.days();
    let began = match journal.ledger_since() {
        since if since.ms() > 0 => days.of(since).saturating_add(1), // That day is half in it.
        _ => i32::MIN,
    };
    let packed = history.devices().await?.into_iter().map(|id| id.to_string());
    let counted = journal.ledger_totals().into_iter().map(|entry| entry.subject);
    let mut oldest = None;
    for device in packed.chain(counted).collect::<BTreeSet<_>>() {
        let Ok(id) = DeviceId::parse(&device) else { continue };
        let first = history.first(id).await?;
        oldest = oldest.into_iter().chain(first).min();
    }
    let Some(oldest) = oldest.map(|oldest| days.of(oldest)) else { return Ok(began) };
    // Where something was dropped because of its age, the oldest day is half there.
    let dropped = ask(journal, Journal::ledger_first_day).await?.is_some_and(|day| day < oldest);
    Ok(began.max(oldest.saturating_add(i32::from(dropped))))
}

/// Readings kept, by source and day.
type Kept = BTreeMap<(String, i32), u64>;

fn kept_of(entries: &[Entry]) -> Kept {
    let kept = entries.iter().filter(|entry| entry.account == KEPT);
    kept.map(|entry| ((entry.subject.clone(), entry.day), entry.readings)).collect()
}
