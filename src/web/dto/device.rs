//! Devices and their points on the wire.

use serde::{Deserialize, Serialize};

use crate::counter;
use crate::live::{Board, DeviceLive, Health, Latest};
use crate::model::{self, LinkState, PointName, Quality, Timestamp, Value, standard_point};
use crate::web::points;

use super::Text;

/// Several devices.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Devices {
    pub(in crate::web) now_ms: i64,
    pub(in crate::web) devices: Vec<Device>,
}

/// One device with all its points.
#[derive(Debug, Serialize)]
pub(in crate::web) struct DeviceAnswer {
    pub(in crate::web) now_ms: i64,
    pub(in crate::web) device: Device,
}

/// One device.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Device {
    id: String,
    name: Text,
    zone: String,
    kind: &'static str,
    profile: String,
    state: Option<State>,
    health: &'static str,
    reason: Option<Text>,
    last_seen_ms: Option<i64>,
    stale_after_ms: i64,
    link: Link,
    points: Vec<Point>,
    faults: Vec<Fault>,
    open_alerts: usize,
    /// What happened to its counters, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    counter_events: Vec<CounterEvent>,
}

#[derive(Debug, Serialize)]
struct CounterEvent {
    at_ms: i64,
    point: String,
    change: &'static str,
    text: Text,
}

#[derive(Debug, Serialize)]
struct State {
    code: &'static str,
    text: Text,
}

#[derive(Debug, Serialize)]
struct Link {
    up: bool,
    reason: Option<Text>,
}

#[derive(Debug, Serialize)]
struct Point {
    name: String,
    label: Text,
    unit: &'static str,
    value: PointValue,
    text: Option<Text>,
    quality: &'static str,
}

/// A value, or null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PointValue {
    /// A whole number.
    Whole(i64),
    /// Another number.
    Number(f64),
    /// Yes or no.
    Bool(bool),
    /// A text, or codes with commas between them.
    Text(String),
    /// Nothing.
    None,
}

#[derive(Debug, Serialize)]
struct Fault {
    code: String,
    text: Text,
    severity: &'static str,
}

impl Device {
    /// The headline points only.
    pub(in crate::web) fn tile(
        live: &DeviceLive,
        health: &Health,
        now: Timestamp,
        alerts: usize,
    ) -> Self {
        let points = points::headline(live).into_iter();
        let points = points.map(|(name, latest)| Point::of(live, name, latest, now)).collect();
        Self::with_points(live, health, now, alerts, points)
    }

    /// All points.
    pub(in crate::web) fn whole(
        live: &DeviceLive,
        board: &Board,
        now: Timestamp,
        alerts: usize,
    ) -> Self {
        let points =
            live.points.iter().map(|(name, latest)| Point::of(live, name, latest, now)).collect();
        let health = board.health(live, &board.peers(now));
        Self::with_points(live, &health, now, alerts, points)
    }

    fn with_points(
        live: &DeviceLive,
        health: &Health,
        now: Timestamp,
        alerts: usize,
        points: Vec<Point>,
    ) -> Self {
        let device = &live.device;
        let faults = live.faults().into_iter().map(|(code, fault)| Fault {
            code: code.to_string(),
            text: fault.text.into(),
            severity: fault.severity.as_str(),
        });
        Self {
            id: device.id.to_string(),
            name: Text::from(&device.name),
            zone: device.zone.to_string(),
            kind: device.kind.as_str(),
            profile: device.profile.clone(),
            state: state(live, now),
            health: health.state.as_str(),
            reason: health.reason.as_ref().map(Text::from),
            last_seen_ms: live.last_seen.map(Timestamp::ms),
            stale_after_ms: device.stale_after_ms,
            link: link(live, now),
            points,
            faults: faults.collect(),
            open_alerts: alerts,
            counter_events: live.counter_events.iter().map(CounterEvent::of).collect(),
        }
    }
}

impl CounterEvent {
    fn of(event: &counter::CounterEvent) -> Self {
        Self {
            at_ms: event.happened.time.ms(),
            point: event.point.to_string(),
            change: event.happened.change.as_str(),
            text: event.text().into(),
        }
    }
}

/// What the device says of itself. One that has no word for it is online while it speaks.
fn state(live: &DeviceLive, now: Timestamp) -> Option<State> {
    let word = ["state", "kiosk_state", "app_state"].into_iter().find_map(|name| live.word(name));
    if let Some(word) = word {
        return Some(State { code: word.id, text: model::Text::new(word.zh, word.en).into() });
    }
    live.last_seen?;
    let said = live.number("online").map(|online| online != 0.0);
    let online = said.or_else(|| (!points::is_silent(live, now)).then_some(true))?;
    let (code, zh, en) =
        if online { ("online", "在线", "online") } else { ("offline", "离线", "offline") };
    Some(State { code, text: model::Text::new(zh, en).into() })
}

fn link(live: &DeviceLive, now: Timestamp) -> Link {
    match &live.link {
        Some(LinkState::Up) => Link { up: true, reason: None },
        // Nobody has said how the link is, but something came through it.
        None if !points::is_silent(live, now) => Link { up: true, reason: None },
        Some(LinkState::Down { fault, .. }) => {
            Link { up: false, reason: Some(fault.text().into()) }
        }
        None => {
            let reason = model::Text::new("启动后尚未连接", "not connected yet since the start");
            Link { up: false, reason: Some(reason.into()) }
        }
    }
}

impl Point {
    fn of(live: &DeviceLive, name: &PointName, latest: &Latest, now: Timestamp) -> Self {
        let standard = standard_point(name.as_str());
        let word = standard
            .as_ref()
            .and_then(|point| point.words?.by_code(latest.value.as_code()?))
            .map(|word| model::Text::new(word.zh, word.en).into());
        let (label, unit) = match standard {
            Some(point) => (point.label, point.unit),
            None => (model::Text::same(name.as_str().trim_start_matches("vendor_")), ""),
        };
        let absent = !latest.quality.is_measured();
        let quality = match latest.quality {
            quality if absent => quality,
            _ if points::is_stale(live, name, latest, now) => Quality::Stale,
            quality => quality,
        };
        Self {
            name: name.to_string(),
            label: label.into(),
            unit,
            value: if absent { PointValue::None } else { PointValue::from(&latest.value) },
            text: word,
            quality: quality.as_str(),
        }
    }
}

impl From<&Value> for PointValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Text(text) => Self::Text(text.to_string()),
            Value::Codes(codes) => Self::Text(codes.join(", ")),
            Value::Decimal(_) | Value::Float(_) => match (value.as_code(), value.as_f64()) {
                (Some(whole), _) => Self::Whole(whole),
                (None, Some(number)) if number.is_finite() => Self::Number(number),
                _ => Self::None,
            },
        }
    }
}
