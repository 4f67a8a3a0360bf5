//! Follows the journal and writes into it what happens to counters, once.
//!
//! What it knows of all counters is kept together with its place and with what it found, in one
//! transaction: after a kill it takes up at that place and finds the same again, but what is on
//! disk already lies before it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::journal::{Batch, Cursor, Journal, JournalError, Kinds, Reader};
use crate::model::{Device, DeviceId, DeviceKind, Event, PointName, Position, Reading, Record};
use crate::profile::Profile;

use super::event::CounterEvent;
use super::nature::Nature;
use super::track::Track;

const CURSOR: &str = "counters";
const RECORDS_PER_STEP: usize = 500;
const TICK: Duration = Duration::from_secs(1);
/// Without events all counters are kept this often: after a kill so much is read again.
const SNAPSHOT: Duration = Duration::from_secs(60);
/// More counters are kept less often, so that the disk does not work for them: this many in one
/// such time.
const TRACKS_PER_SNAPSHOT: usize = 3_000;
/// Events that may wait for a full disk.
const PENDING_MAX: usize = 10_000;

#[derive(Serialize, Deserialize)]
struct State {
    position: u64,
    tracks: Vec<(String, String, Track)>,
}

struct Counter {
    nature: Nature,
    track: Track,
}

struct Watched {
    device: Arc<Device>,
    profile: Arc<Profile>,
    /// Boxed, because a map has room for eleven values and most devices have one or two counters.
    counters: BTreeMap<PointName, Box<Counter>>,
}

/// The follower.
pub struct Watch {
    devices: BTreeMap<DeviceId, Watched>,
    journal: Journal,
    reader: Reader,
    /// Found, not on disk yet.
    pending: Vec<Event>,
    counters: usize,
    kept_at: Instant,
}

impl Watch {
    /// Takes up where the last run stopped; without a last run, at the journal's end. Blocks.
    ///
    /// # Errors
    /// [`JournalError`] when the journal cannot be read.
    pub fn open(
        journal: Journal,
        devices: impl IntoIterator<Item = (Arc<Device>, Arc<Profile>)>,
    ) -> Result<Self, JournalError> {
        let watched = |(device, profile): (Arc<Device>, Arc<Profile>)| {
            let id = device.id.clone();
            (id, Watched { device, profile, counters: BTreeMap::new() })
        };
        let devices: BTreeMap<_, _> = devices.into_iter().map(watched).collect();
        let state = journal.cursor(CURSOR)?;
        let state = state.and_then(|(_, state)| serde_json::from_slice::<State>(&state).ok());
        let mut reader = journal.reader(CURSOR, Kinds::Readings)?;
        reader.seek(state.as_ref().map_or(journal.head(), |state| Position(state.position)));
        let (pending, kept_at) = (Vec::new(), Instant::now());
        let mut watch = Self { devices, journal, reader, pending, counters: 0, kept_at };
        for (device, point, track) in state.into_iter().flat_map(|state| state.tracks) {
            watch.restore(&device, &point, track);
        }
        Ok(watch)
    }

    fn restore(&mut self, device: &str, point: &str, track: Track) {
        let Ok(point) = PointName::parse(point) else { return };
        if let Some(watched) = self.devices.get_mut(device)
            && let Some(nature) = watched.nature(&point)
        {
            watched.counters.insert(point, Box::new(Counter { nature, track }));
            self.counters += 1;
        }
    }

    /// Runs until told to stop; keeps what it knows at the end.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                batch = self.reader.next(RECORDS_PER_STEP) => match batch {
                    Ok(batch) => self.take(&batch),
                    Err(JournalError::Closed) => return,
                    Err(error) => {
                        tracing::error!(%error, "counters cannot read the journal");
                        tokio::time::sleep(TICK).await;
                    }
                },
                _ = ticks.tick() => {
                    // What is kept holds its own place; this one says how far we are.
                    self.reader.done(self.reader.position()).await;
                }
            }
            let snapshots = 1 + self.counters / TRACKS_PER_SNAPSHOT;
            let every = SNAPSHOT.saturating_mul(u32::try_from(snapshots).unwrap_or(u32::MAX));
            let waits = !self.pending.is_empty() && self.kept_at.elapsed() >= TICK;
            if waits || self.kept_at.elapsed() >= every {
                self.keep().await;
            }
        }
        self.keep().await;
    }

    /// Looks at each counter of a batch.
    fn take(&mut self, batch: &Batch) {
        for (_, record) in &batch.records {
            let Record::Reading(reading) = &**record else { continue };
            let Some(watched) = self.devices.get_mut(&reading.device) else { continue };
            let known = watched.counters.len();
            let events = watched.take(reading);
            self.counters += watched.counters.len() - known;
            for event in events {
                let said = event.text().en;
                tracing::info!(device = %event.device, point = %event.point, %said, "counter");
                if self.pending.len() < PENDING_MAX {
                    self.pending.extend(event.record(reading.received));
                }
            }
        }
    }

    /// Keeps events, counters and place in one transaction. What a full disk does not take is tried
    /// again.
    async fn keep(&mut self) {
        self.kept_at = Instant::now();
        let position = self.reader.position();
        let all = self.devices.iter().flat_map(|(id, watched)| {
            watched.counters.iter().map(move |(point, counter)| {
                (id.to_string(), point.to_string(), counter.track.clone())
            })
        });
        let state = State { position: position.0, tracks: all.collect() };
        let Ok(state) = serde_json::to_vec(&state) else { return };
        let cursor = Cursor::new(CURSOR, position, Some(state));
        let records = self.pending.iter().cloned().map(Record::Event).collect();
        match self.journal.append_with_cursor(records, cursor).await {
            Ok(_) => self.pending.clear(),
            Err(error) => tracing::warn!(%error, "what happened to counters waits for the disk"),
        }
    }
}

impl Watched {
    fn nature(&self, point: &PointName) -> Option<Nature> {
        let own = self.device.kind == DeviceKind::Gateway;
        let nature = || Nature::of(point.as_str(), Some(&self.profile), self.device.rated_power_w);
        (!own).then(nature).flatten()
    }

    fn take(&mut self, reading: &Reading) -> Vec<CounterEvent> {
        let mut events = Vec::new();
        for sample in &reading.samples {
            if !sample.quality.is_measured() || !Nature::is_counter(sample.point.as_str()) {
                continue;
            }
            let Some(value) = sample.value.as_f64() else { continue };
            if !self.counters.contains_key(&sample.point) {
                let Some(nature) = self.nature(&sample.point) else { continue };
                let track = Track::default();
                let counter = Box::new(Counter { nature, track });
                self.counters.insert(sample.point.clone(), counter);
            }
            let Some(counter) = self.counters.get_mut(&sample.point) else { continue };
            let step = counter.track.read(&counter.nature, reading, value);
            events.extend(step.happened.map(|happened| CounterEvent {
                device: reading.device.clone(),
                point: sample.point.clone(),
                happened,
            }));
        }
        events
    }
}
