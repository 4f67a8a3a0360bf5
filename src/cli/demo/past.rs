//! The weeks before the demo began: made up, kept as a gateway keeps them, in place all at once.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use crate::clock::{ManualClock, SharedClock};
use crate::history::{self, History, Packer};
use crate::journal::{self, Journal};
use crate::model::{DeviceId, Timestamp};
use crate::simulate::{Chronicle, Lived, Place};
use crate::tally::Tally;

use super::super::Failure;

/// Where it is made, within the folder of the data.
const WORKSHOP: &str = ".past";
/// Records that are kept in one go: more would take memory that the system does not get back.
const BATCH: usize = 500;
/// Readings of a device among which its counters are looked for.
const RECALLED: usize = 20;

/// Makes the past of a hall from the first of last month to `now` and puts it into the folder, which has
/// none. `None` when it cannot be kept, for want of room or rights: the folder is as it was, and whatever is
/// wrong is told by who opens it next.
pub(super) async fn make(data: &Path, place: &Place, now: Timestamp) -> Option<Lived> {
    let workshop = data.join(WORKSHOP);
    match try_make(data, &workshop, place, now).await {
        Ok(lived) => Some(lived),
        Err(failure) => {
            let why = failure.shown(None);
            eprintln!("the demo begins without a past / 演示没有历史数据\n{why}");
            if let Err(error) = std::fs::remove_dir_all(&workshop) {
                tracing::debug!(%error, "there is nothing to be removed");
            }
            None
        }
    }
}

async fn try_make(
    data: &Path,
    workshop: &Path,
    place: &Place,
    now: Timestamp,
) -> Result<Lived, Failure> {
    let failed = |error: std::io::Error| Failure::of_file(workshop, &error);
    // Somebody had no patience the last time; one that is at it is told of when it is opened.
    if workshop.exists() && !journal::in_use(workshop) {
        std::fs::remove_dir_all(workshop).map_err(failed)?;
    }
    std::fs::create_dir_all(workshop).map_err(failed)?;
    let chronicle = Chronicle::new(place, begins(place, now), now);
    let lived = keep(workshop, place, chronicle, now).await?;
    bring(workshop, data).map_err(failed)?;
    Ok(lived)
}

/// A hall whose registers go on from what the folder says that they showed last. Blocks.
pub(super) fn recall(data: &Path, place: &Place, now: Timestamp) -> Lived {
    let history = History::look(data, Arc::new(ManualClock::new(now)));
    if let Err(error) = &history {
        tracing::warn!(%error, "the registers of the demo begin anew");
    }
    let shown = |device: &str, point: &str| {
        let (history, device) = (history.as_ref().ok()?, DeviceId::parse(device).ok()?);
        let last = history.last_before_blocking(&device, now, RECALLED).ok()?;
        let samples = last.iter().flat_map(|reading| &reading.samples);
        samples.filter(|sample| sample.point.as_str() == point).find_map(|s| s.value.as_f64())
    };
    Lived::resumed(place, now, shown)
}

/// Midnight of the first day of last month.
fn begins(place: &Place, now: Timestamp) -> Timestamp {
    let local = |time: Timestamp| {
        let time = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
        place.time_zone.to_datetime(time).date()
    };
    let first = |date: Date| date.first_of_month();
    let last_month = first(local(now)).yesterday().map_or_else(|_| first(local(now)), first);
    let midnight = last_month.to_zoned_datetime(place.time_zone.clone());
    midnight.map_or(now, |midnight| Timestamp::from_ms(midnight.timestamp().as_millisecond()))
}

async fn keep(
    folder: &Path,
    place: &Place,
    chronicle: Chronicle,
    now: Timestamp,
) -> Result<Lived, Failure> {
    let clock: SharedClock = Arc::new(ManualClock::new(now));
    let zone = place.time_zone.clone();
    let config = journal::Config { commit_wait_ms: 0, zone, ..journal::Config::new(folder) };
    let journal = Journal::open(&config, clock.clone(), Tally::new())?;
    let (_, mut packer) = History::open(&history::Config::default(), &journal, clock)?;
    let kept = fill(&journal, &mut packer, chronicle).await;
    drop(packer);
    // Also after a failure: files that are removed take room as long as they are open.
    journal.close();
    kept
}

async fn fill(
    journal: &Journal,
    packer: &mut Packer,
    mut chronicle: Chronicle,
) -> Result<Lived, Failure> {
    let mut batch = Vec::with_capacity(BATCH);
    for said in chronicle.by_ref() {
        batch.extend(said);
        if batch.len() >= BATCH {
            journal.append(std::mem::take(&mut batch)).await?;
        }
    }
    journal.append(batch).await?;
    packer.pack().await?;
    Ok(chronicle.lived())
}

/// Moves what was made to where it belongs; the journal last, which says that there is a past.
fn bring(workshop: &Path, data: &Path) -> std::io::Result<()> {
    let mut names: Vec<_> = std::fs::read_dir(workshop)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    names.sort_by_key(|name| workshop.join(name) == journal::path(workshop));
    for name in names {
        std::fs::rename(workshop.join(&name), data.join(&name))?;
    }
    std::fs::remove_dir(workshop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(zone: &str) -> Place {
        let time_zone = jiff::tz::TimeZone::get(zone).expect("zone");
        Place { latitude_deg: 39.9, longitude_deg: 116.4, time_zone, seed: 1 }
    }

    fn moment(text: &str) -> Timestamp {
        Timestamp::from_ms(text.parse::<jiff::Timestamp>().expect("time").as_millisecond())
    }

    #[test]
    fn it_begins_with_last_month() {
        for (now, begin) in [
            ("2026-11-30T10:30:00+08:00", "2026-10-01T00:00:00+08:00"),
            ("2026-12-01T00:10:00+08:00", "2026-11-01T00:00:00+08:00"),
            ("2027-01-05T10:30:00+08:00", "2026-12-01T00:00:00+08:00"),
        ] {
            assert_eq!(begins(&place("Asia/Shanghai"), moment(now)), moment(begin), "{now}");
        }
    }

    #[tokio::test]
    async fn it_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("folder");
        let data = folder.path();
        // Somebody broke off in the middle of it.
        std::fs::create_dir(data.join(WORKSHOP)).expect("made");
        std::fs::write(data.join(WORKSHOP).join("journal.db"), "half").expect("written");
        assert!(!journal::exists(data));
        let place = place("Asia/Shanghai");
        let now = moment("2026-11-02T10:30:00+08:00");
        assert!(make(data, &place, now).await.is_some());
        assert!(journal::exists(data) && !data.join(WORKSHOP).exists());
        let history = History::look(data, Arc::new(ManualClock::new(now))).expect("history");
        let (first, last) = history.span_blocking().expect("read").expect("a past");
        assert_eq!(first, begins(&place, now).plus_ms(5 * 60_000));
        assert!(now.since_ms(last) <= 5 * 60_000, "{last:?}");
    }
}
