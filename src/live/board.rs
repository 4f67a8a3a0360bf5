//! The last value of every point of every device.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{
    Device, DeviceId, LinkState, PointName, Quality, Reading, Record, Site, Timestamp, Value,
};
use crate::profile::{Fault, Profile};

/// The last value of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Latest {
    /// What was read.
    pub value: Value,
    /// How far it can be trusted.
    pub quality: Quality,
    /// When it was true.
    pub time: Timestamp,
}

/// One device and what it said last.
#[derive(Debug, Clone)]
pub struct DeviceLive {
    /// The device as configured.
    pub device: Arc<Device>,
    /// How it is read and what its codes mean; the gateway itself has none.
    pub profile: Option<Arc<Profile>>,
    /// Last value of each point.
    pub points: BTreeMap<PointName, Latest>,
    /// Time of the newest reading.
    pub last_seen: Option<Timestamp>,
    /// When the newest reading reached us.
    pub last_received: Option<Timestamp>,
    /// Whether it can be reached, since this start.
    pub link: Option<LinkState>,
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
    pub fn word(&self, point: &str) -> Option<&'static crate::model::Word> {
        let code = self.value(point)?.as_code()?;
        crate::model::standard_point(point)?.words?.by_code(code)
    }

    /// The active fault codes with their meaning.
    #[must_use]
    pub fn faults(&self) -> Vec<(Arc<str>, Fault)> {
        let Some(Value::Codes(codes)) = self.value("fault") else { return Vec::new() };
        let Some(profile) = &self.profile else { return Vec::new() };
        codes.iter().map(|code| (code.clone(), profile.fault(code))).collect()
    }

    fn take(&mut self, reading: &Reading) {
        // Polled devices are read in order: what comes last is the present, also when our clock was
        // set back. Messages may have been kept by a broker: an old one that comes late must not
        // paint over the present.
        let polled = reading.received == reading.time && reading.message == 0;
        for sample in &reading.samples {
            let newer = |latest: &Latest| latest.time > reading.time && !polled;
            if self.points.get(&sample.point).is_some_and(newer) {
                continue;
            }
            let (value, quality, time) = (sample.value.clone(), sample.quality, reading.time);
            self.points.insert(sample.point.clone(), Latest { value, quality, time });
        }
        let keep = |last: Option<Timestamp>, new: Timestamp| {
            if polled { Some(new) } else { last.max(Some(new)) }
        };
        self.last_seen = keep(self.last_seen, reading.time);
        self.last_received = keep(self.last_received, reading.received);
    }
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
            let points = BTreeMap::new();
            let empty = DeviceLive {
                device,
                profile,
                points,
                last_seen: None,
                last_received: None,
                link: None,
            };
            (id, empty)
        };
        Self { site, listening_since, devices: devices.into_iter().map(live).collect() }
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
            Record::Event(_) => None,
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
