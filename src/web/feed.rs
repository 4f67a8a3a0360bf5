//! The live stream's one task: it looks at the hall once a beat and tells all streams the same
//! bytes, so forty screens cost hardly more than one.
//!
//! Devices that said something are judged at the next beat, and so are those whose silence has
//! just become too long. What else changes by time alone (the sun, a duration in words) moves
//! slowly: a tenth of the devices is judged again at each beat.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use serde::Serialize;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::live::{Board, Changes, DeviceLive, HealthState, Peers};
use crate::model::{DeviceId, Text, Timestamp};

use super::state::Shared;
use super::{dto, points};

/// Events that a slow reader may fall behind before it is sent everything anew. They are shared
/// by all streams, so this bounds the memory of the whole feed.
const EVENTS_MAX: usize = 32;
/// Beats between two events of a kind, and between two looks at an unchanged device.
const TICK_BEATS: u64 = 5;
const PV_BEATS: u64 = 5;
const SYSTEM_BEATS: u64 = 10;
const LOOK_AGAIN_BEATS: u64 = 10;
/// Beats for which a mere change of words ("silent for 3 min") may wait.
const WORDS_BEATS: u64 = 60;

/// The shared end of all streams.
pub(super) struct Feed {
    /// Tells the page that the process is another one.
    pub(super) boot: String,
    pub(super) seats: Arc<Semaphore>,
    events: broadcast::Sender<Bytes>,
    everything: Mutex<Option<(Instant, Bytes)>>,
}

impl Feed {
    pub(super) fn new(streams: usize) -> Self {
        let (events, _) = broadcast::channel(EVENTS_MAX);
        let boot = format!("{:016x}", rand::random::<u64>());
        let seats = Arc::new(Semaphore::new(streams));
        Self { boot, seats, events, everything: Mutex::default() }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Bytes> {
        self.events.subscribe()
    }

    pub(super) fn streams(&self) -> usize {
        self.events.receiver_count()
    }

    fn tell<T: Serialize>(&self, name: &str, data: &T) {
        // Nobody listens when the last stream has just ended.
        drop(self.events.send(event(name, data)));
    }
}

/// One event in the form of the stream. JSON has no raw line ends, so one `data:` line is enough.
pub(super) fn event<T: Serialize>(name: &str, data: &T) -> Bytes {
    let mut bytes = format!("event: {name}\ndata: ").into_bytes();
    if let Err(error) = serde_json::to_writer(&mut bytes, data) {
        tracing::error!(%error, name, "an event could not be written");
        return Bytes::new();
    }
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}

/// All devices, the open alerts and the roof: for a stream that has missed something. Made at
/// most once a beat. A stream that gets it goes on with the events it has not missed, which end
/// after this was made, so nothing is lost when it is a beat old.
pub(super) fn everything(shared: &Shared) -> Bytes {
    let mut kept = shared.feed.everything.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((made, bytes)) = kept.as_ref()
        && made.elapsed() < shared.limits.beat
    {
        return bytes.clone();
    }
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&event("device", &shared.devices()));
    bytes.extend_from_slice(&event("alerts", &shared.alerts(shared.context.alerts.open())));
    bytes.extend_from_slice(&event("pv", &shared.pv()));
    let bytes = Bytes::from(bytes);
    *kept = Some((Instant::now(), bytes.clone()));
    bytes
}

/// Looks and tells until stopped.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut watcher = Watcher::new(&shared);
    let mut beat = tokio::time::interval(shared.limits.beat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = beat.tick() => watcher.beat(&shared),
        }
    }
}

/// What the streams were told last of a device.
struct Told {
    state: HealthState,
    reason: Option<Text>,
    silent: bool,
    alerts: usize,
    beat: u64,
}

struct Watcher {
    changes: broadcast::Receiver<Changes>,
    alerts: watch::Receiver<u64>,
    counts: BTreeMap<DeviceId, usize>,
    told: BTreeMap<DeviceId, Told>,
    beat: u64,
}

impl Watcher {
    fn new(shared: &Shared) -> Self {
        Self {
            changes: shared.context.live.watch(),
            alerts: shared.context.alerts.watch(),
            counts: BTreeMap::new(),
            told: BTreeMap::new(),
            beat: 0,
        }
    }

    fn beat(&mut self, shared: &Shared) {
        self.beat += 1;
        if shared.feed.streams() == 0 {
            self.changes = self.changes.resubscribe();
            // Whoever comes next is told everything at its first beat.
            self.told.clear();
            self.alerts.mark_changed();
            return;
        }
        let changed = self.changed();
        if self.alerts.has_changed().unwrap_or(false) {
            self.alerts.mark_unchanged();
            self.counts = shared.alert_counts();
            shared.feed.tell("alerts", &shared.alerts(shared.context.alerts.open()));
        }
        let now = shared.now();
        let devices = shared.context.live.look(|board| self.judge(board, &changed, now));
        if !devices.is_empty() {
            shared.feed.tell("device", &dto::Devices { now_ms: now.ms(), devices });
        }
        if self.beat.is_multiple_of(PV_BEATS) {
            shared.feed.tell("pv", &shared.pv());
        }
        if self.beat.is_multiple_of(TICK_BEATS) {
            shared.feed.tell("tick", &dto::Tick { now_ms: now.ms() });
        }
        if self.beat.is_multiple_of(SYSTEM_BEATS) {
            shared.feed.tell("system", &shared.system());
        }
    }

    /// The devices that changed since the last beat; `None` means that any may have.
    fn changed(&mut self) -> Option<BTreeSet<DeviceId>> {
        let mut changed = Some(BTreeSet::new());
        loop {
            match self.changes.try_recv() {
                Ok(group) => {
                    if let Some(changed) = &mut changed {
                        changed.extend(group.iter().cloned());
                    }
                }
                Err(broadcast::error::TryRecvError::Lagged(_)) => changed = None,
                Err(_) => return changed,
            }
        }
    }

    fn judge(
        &mut self,
        board: &Board,
        changed: &Option<BTreeSet<DeviceId>>,
        now: Timestamp,
    ) -> Vec<dto::Device> {
        let mut devices = Vec::new();
        let peers = board.peers(now);
        for (slot, live) in (0_u64..).zip(board.iter()) {
            let spoke = changed.as_ref().is_none_or(|changed| changed.contains(&live.device.id));
            let again = slot % LOOK_AGAIN_BEATS == self.beat % LOOK_AGAIN_BEATS;
            devices.extend(self.judge_one(board, live, &peers, spoke, again, now));
        }
        devices
    }

    fn judge_one(
        &mut self,
        board: &Board,
        live: &DeviceLive,
        peers: &Peers,
        spoke: bool,
        again: bool,
        now: Timestamp,
    ) -> Option<dto::Device> {
        let id = &live.device.id;
        let alerts = self.counts.get(id).copied().unwrap_or(0);
        let silent = points::is_silent(live, now);
        let told = self.told.get(id);
        let turned = told.is_none_or(|told| told.silent != silent || told.alerts != alerts);
        if !spoke && !again && !turned {
            return None;
        }
        let health = board.health(live, peers);
        let differs = told.is_none_or(|told| {
            let words_due = self.beat.saturating_sub(told.beat) >= WORDS_BEATS;
            told.state != health.state || (words_due && told.reason != health.reason)
        });
        if !spoke && !turned && !differs {
            return None;
        }
        let device = dto::Device::tile(live, &health, now, alerts);
        let (state, reason) = (health.state, health.reason);
        let told = Told { state, reason, silent, alerts, beat: self.beat };
        self.told.insert(id.clone(), told);
        Some(device)
    }
}
