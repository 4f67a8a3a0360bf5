//! The last value of every point of every device.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::counter::{CounterEvent, Nature, Track};
use crate::model::{
    Device, DeviceId, DeviceKind, LinkState, PointName, Quality, Reading, Record, Sample, Site,
    Timestamp, Value, Word, words_of,
};
use crate::profile::{Fault, Profile};

use super::limits::{GAP_MS, PRODUCING, PRODUCING_W, RAMPED_DOWN, RAMPED_DOWN_W};
use super::points::{Latest, Points};

/// What is remembered of what happened to the counters of a device.
const COUNTER_EVENTS_MAX: usize = 8;

/// One device and what it said last.
#[derive(Debug, Clone)]
pub struct DeviceLive {
    /// The device as configured.
    pub device: Arc<Device>,
    /// How it is read and what its codes mean; the gateway itself has none.
    pub profile: Option<Arc<Profile>>,
    /// Last value of each point.
    pub points: Points,
    /// Time of the newest reading.
    pub last_seen: Option<Timestamp>,
    /// When the newest reading reached us.
    pub last_received: Option<Timestamp>,
    /// Whether it can be reached, since this start.
    pub link: Option<LinkState>,
    /// What happened to its counters, the newest first.
    pub counter_events: Vec<CounterEvent>,
    /// What is known of its counters, so that nonsense is not shown.
    /// Boxed, because a map has room for eleven values and most devices have one or two counters.
    counters: BTreeMap<PointName, Box<(Nature, Track)>>,
    /// The line or connection that it shares with others.
    pub line: Option<Arc<str>>,
    /// Whether an inverter produces, and since when.
    pub output: Option<Output>,
    /// What is declared to the grid company for a meter, watts.
    pub declared_demand_w: Option<f64>,
}

/// Whether an inverter produces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// More than the noise of the night.
    pub producing: bool,
    /// Since when, or since it began to speak again.
    pub since: Timestamp,
}

impl DeviceLive {
    /// The last value of a point.
    #[must_use]
    pub fn value(&self, point: &str) -> Option<&Value> {
        self.points.get(point).map(|latest| &latest.value)
    }

    /// The last value of a point as a number.
    #[must_use]
    pub fn number(&self, point: &str) -> Option<f64> {
        self.value(point).and_then(Value::as_f64)
    }

    /// The word of an enumerated point.
    #[must_use]
    pub fn word(&self, point: &str) -> Option<&'static Word> {
        word_of(point, self.value(point)?)
    }

    /// All enumerated points with their words.
    pub(super) fn words(&self) -> impl Iterator<Item = (&PointName, &'static Word)> {
        let word =
            |(point, latest): (&'_ PointName, &Latest)| word_of(point.as_str(), &latest.value);
        self.points.iter().filter_map(move |entry| Some((entry.0, word(entry)?)))
    }

    /// The active fault codes with their meaning.
    #[must_use]
    pub fn faults(&self) -> Vec<(Arc<str>, Fault)> {
        let Some(Value::Codes(codes)) = self.value("fault") else { return Vec::new() };
        let Some(profile) = &self.profile else { return Vec::new() };
        codes.iter().map(|code| (code.clone(), profile.fault(code))).collect()
    }

    /// The power of its last word; `None` when that held none that was measured.
    #[must_use]
    pub fn power_now_w(&self) -> Option<f64> {
        let power = self.points.get("ac_power_w")?;
        let of_late = self.last_seen?.since_ms(power.time) <= self.device.stale_after_ms;
        let measured = power.quality.is_measured();
        power.value.as_f64().filter(|w| of_late && measured && w.is_finite())
    }

    /// By its last word it rests.
    pub(super) fn resting(&self) -> bool {
        self.word("state").is_some_and(|word| matches!(word.id, "off" | "sleeping" | "standby"))
    }

    /// By its last word it was about to stop: hardly any power, or it said so.
    pub(super) fn ramped_down(&self) -> bool {
        let power_w = self.number("ac_power_w").unwrap_or(0.0);
        let rated_w = self.device.rated_power_w;
        let stopping = self.word("state").is_some_and(|word| word.id == "shutting_down");
        self.resting()
            || stopping
            || power_w < rated_w.map_or(RAMPED_DOWN_W, |rated_w| rated_w * RAMPED_DOWN)
    }

    /// Notes whether it produces; a device that had been silent begins anew.
    fn note_output(&mut self, heard_before: Option<Timestamp>) {
        let (Some(power_w), Some(heard)) = (self.power_now_w(), self.last_received) else { return };
        let limit_w = self.device.rated_power_w.map_or(PRODUCING_W, |rated_w| rated_w * PRODUCING);
        let producing = power_w >= limit_w;
        let gap_ms = heard_before.map_or(i64::MAX, |before| heard.since_ms(before));
        let goes_on = |last: &Output| {
            last.producing == producing
                && gap_ms <= self.device.stale_after_ms.max(GAP_MS)
                // Not with a clock that was set back.
                && last.since <= heard
        };
        let since = self.output.filter(goes_on).map_or(heard, |last| last.since);
        self.output = Some(Output { producing, since });
    }

    /// Whether a value may be shown: a counter that leaves its line is believed when a second
    /// reading confirms it.
    fn believes(&mut self, reading: &Reading, sample: &Sample) -> bool {
        if !Nature::is_counter(sample.point.as_str()) || self.device.kind == DeviceKind::Gateway {
            return true;
        }
        let Some(value) = sample.value.as_f64() else { return true };
        if let Some(counter) = self.counters.get_mut(&sample.point) {
            let (nature, track) = &mut **counter;
            return track.read(nature, reading, value).trusted;
        }
        let (point, profile) = (sample.point.as_str(), self.profile.as_deref());
        let Some(nature) = Nature::of(point, profile, self.device.rated_power_w) else {
            return true;
        };
        let mut track = Track::default();
        let trusted = track.read(&nature, reading, value).trusted;
        self.counters.insert(sample.point.clone(), Box::new((nature, track)));
        trusted
    }

    fn take(&mut self, reading: &Reading) {
        let heard_before = self.last_received;
        // Polled devices are read in order: what comes last is the present, also when our clock was
        // set back. Messages may have been kept by a broker: an old one that comes late must not
        // paint over the present.
        let polled = reading.received == reading.time && reading.message == 0;
        for (n, sample) in reading.samples.iter().enumerate() {
            let trusted = self.believes(reading, sample);
            let quality = if trusted { sample.quality } else { Quality::Rejected };
            let (value, time) = (sample.value.clone(), reading.time);
            let latest = Latest { value, quality, time };
            // What the gateway itself says of a message counts when it came: a clock that fell back
            // must not hide that it did.
            let own_word = matches!(sample.point.as_str(), "clock_skew_s" | "online");
            let now = polled || own_word;
            self.points.put(n, &sample.point, latest, |old| old.time <= reading.time || now);
        }
        let keep = |last: Option<Timestamp>, new: Timestamp| {
            if polled { Some(new) } else { last.max(Some(new)) }
        };
        self.last_seen = keep(self.last_seen, reading.time);
        self.last_received = keep(self.last_received, reading.received);
        if self.device.kind == DeviceKind::Inverter {
            self.note_output(heard_before);
        }
    }
}

fn word_of(point: &str, value: &Value) -> Option<&'static Word> {
    let code = value.as_code()?;
    words_of(point)?.by_code(code)
}

/// All devices of the building.
#[derive(Debug, Clone)]
pub struct Board {
    /// Where the sun is judged from.
    pub site: Arc<Site>,
    /// Since when this process has listened: silence before that is ours, not the device's.
    pub listening_since: Timestamp,
    devices: BTreeMap<DeviceId, DeviceLive>,
}

impl Board {
    /// A board on which no device has spoken yet.
    #[must_use]
    pub fn new(
        site: Arc<Site>,
        devices: impl IntoIterator<Item = (Arc<Device>, Option<Arc<Profile>>)>,
        listening_since: Timestamp,
    ) -> Self {
        let live = |(device, profile): (Arc<Device>, _)| {
            let id = device.id.clone();
            let points = Points::default();
            let empty = DeviceLive {
                device,
                profile,
                points,
                last_seen: None,
                last_received: None,
                link: None,
                counter_events: Vec::new(),
                counters: BTreeMap::new(),
                line: None,
                output: None,
                declared_demand_w: None,
            };
            (id, empty)
        };
        Self { site, listening_since, devices: devices.into_iter().map(live).collect() }
    }

    /// Says which line each device hangs on, so that a line that fails is told from its devices.
    #[must_use]
    pub fn with_lines(mut self, lines: impl IntoIterator<Item = (DeviceId, Arc<str>)>) -> Self {
        for (id, line) in lines {
            if let Some(live) = self.devices.get_mut(&id) {
                live.line = Some(line);
            }
        }
        self
    }

    /// Says what is declared to the grid company for meters, watts.
    #[must_use]
    pub fn with_declared<'a>(
        mut self,
        demands: impl IntoIterator<Item = (&'a DeviceId, &'a f64)>,
    ) -> Self {
        for (id, demand_w) in demands {
            if let Some(live) = self.devices.get_mut(id) {
                live.declared_demand_w = Some(*demand_w);
            }
        }
        self
    }

    /// Takes a record; the device whose picture changed, if it is on the board.
    pub fn apply(&mut self, record: &Record) -> Option<&DeviceLive> {
        match record {
            Record::Reading(reading) => {
                let live = self.devices.get_mut(&reading.device)?;
                live.take(reading);
                Some(live)
            }
            Record::Link(link) => {
                let live = self.devices.get_mut(&link.device)?;
                live.link = Some(link.state.clone());
                Some(live)
            }
            Record::Event(event) => {
                let event = CounterEvent::of(event)?;
                let live = self.devices.get_mut(&event.device)?;
                live.counter_events.insert(0, event);
                live.counter_events.truncate(COUNTER_EVENTS_MAX);
                Some(live)
            }
        }
    }

    /// One device.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&DeviceLive> {
        self.devices.get(id)
    }

    /// All devices, by id.
    pub fn iter(&self) -> impl Iterator<Item = &DeviceLive> {
        self.devices.values()
    }
}
