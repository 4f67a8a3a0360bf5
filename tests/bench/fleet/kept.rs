//! What is in the journal after the gateway has ended: the second judge of punctuality, which
//! knows nothing of the gateway's own counters.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, Kinds};
use hallwatch::model::{Position, Record};
use hallwatch::tally::Tally;

/// What was found within a window.
#[derive(Debug, Default, Clone)]
pub(crate) struct Kept {
    pub(crate) devices: usize,
    pub(crate) readings: usize,
    /// Fewest readings of one device.
    pub(crate) readings_min: usize,
    /// Fewest points of a reading.
    pub(crate) points_min: usize,
    /// Longest time between two readings of one device.
    pub(crate) gap_max_ms: i64,
    /// Readings that came more than 1.1 s after the one before.
    pub(crate) gaps_late: usize,
}

#[derive(Default)]
struct Seen {
    last_ms: Option<i64>,
    readings: usize,
}

/// Reads the journal of a gateway that has ended; `window` is in milliseconds of the wall clock.
pub(crate) fn look(data: &Path, window: (i64, i64)) -> Kept {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("runtime").block_on(async {
        let config = Config { commit_wait_ms: 1, ..Config::new(data.to_owned()) };
        let journal = Journal::open(&config, Arc::new(SystemClock), Tally::new()).expect("journal");
        let mut reader = journal.reader_from(Position::default(), Kinds::Readings);
        let mut seen: HashMap<String, Seen> = HashMap::new();
        let mut kept = Kept { points_min: usize::MAX, ..Kept::default() };
        while reader.position() < journal.head() {
            for (_, record) in reader.ready(2000).await.expect("records").records {
                let Record::Reading(reading) = &*record else { continue };
                let ms = reading.time.ms();
                if ms < window.0 || ms >= window.1 || reading.device.as_str() == "gateway" {
                    continue;
                }
                let device = seen.entry(reading.device.to_string()).or_default();
                let gap_ms = device.last_ms.map_or(0, |last| ms - last);
                device.last_ms = Some(ms);
                device.readings += 1;
                kept.readings += 1;
                kept.points_min = kept.points_min.min(reading.samples.len());
                kept.gap_max_ms = kept.gap_max_ms.max(gap_ms);
                kept.gaps_late += usize::from(gap_ms > 1100);
            }
        }
        journal.close();
        kept.devices = seen.len();
        kept.readings_min = seen.values().map(|seen| seen.readings).min().unwrap_or(0);
        kept
    })
}
