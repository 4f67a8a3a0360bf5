//! How a device is, judged from what it said, how long ago, and where the sun is.
//!
//! An inverter that falls silent after sunset sleeps; one that falls silent at noon is offline,
//! and stays so through the night: what decides is the sun now, the sun when it was last heard,
//! and its own ramp-down.

use crate::model::{DeviceKind, LinkFault, LinkState, Severity, Text, Timestamp};
use crate::sky;

use super::board::{Board, DeviceLive};

/// Below this elevation of a rising sun inverters may still be silent.
const COMMUNICATION_ELEVATION_DEG: f64 = 5.0;
/// Below this elevation of a setting sun they may be silent already.
const EVENING_ELEVATION_DEG: f64 = 10.0;
/// A device last heard below this elevation fell silent with the evening if it had ramped down or
/// said that it rests.
const LATE_AFTERNOON_ELEVATION_DEG: f64 = 20.0;
/// Who has been silent for more hours than a night has missed a day.
const NIGHT_HOURS_MAX: i64 = 18;
/// The sun is compared over this time to see whether it sets.
const SETTING_MS: i64 = 10 * 60 * 1000;
const HOUR_MS: i64 = 3600 * 1000;
/// Share of the rated power below which an inverter has ramped down.
const RAMPED_DOWN: f64 = 0.02;

/// How a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HealthState {
    /// All is well.
    Ok,
    /// Works, with something missing.
    Degraded,
    /// Does not do what it is for.
    Fault,
    /// An inverter without sun.
    Asleep,
    /// Silent when it should not be.
    Offline,
    /// Somebody works on it.
    Maintenance,
    /// Nothing heard yet since the start.
    Waiting,
}

impl HealthState {
    /// The word used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Fault => "fault",
            Self::Asleep => "asleep",
            Self::Offline => "offline",
            Self::Maintenance => "maintenance",
            Self::Waiting => "waiting",
        }
    }
}

/// How a device is, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The state.
    pub state: HealthState,
    /// One sentence, unless all is well.
    pub reason: Option<Text>,
    /// The device has not spoken for too long: what it said last may no longer hold.
    pub silent: bool,
}

impl Health {
    const fn because(state: HealthState, reason: Text) -> Self {
        Self { state, reason: Some(reason), silent: false }
    }

    const OK: Self = Self { state: HealthState::Ok, reason: None, silent: false };
}

impl Board {
    /// How a device is at `now`.
    #[must_use]
    pub fn health(&self, live: &DeviceLive, now: Timestamp) -> Health {
        if live.device.kind == DeviceKind::Gateway {
            return Health::OK;
        }
        let heard = live.last_received.map(|heard| heard.max(self.listening_since));
        let silent_ms = now.since_ms(heard.unwrap_or(self.listening_since));
        // What the broker said since the start counts; before that, what the device said last.
        let lost = match &live.link {
            Some(LinkState::Down { fault, .. }) => *fault == LinkFault::LastWill,
            Some(LinkState::Up) => false,
            None => live.number("online") == Some(0.0),
        };
        if lost {
            let gone = Health::because(HealthState::Offline, LinkFault::LastWill.text());
            return Health { silent: true, ..gone };
        }
        if silent_ms > live.device.stale_after_ms {
            return Health { silent: true, ..self.silent(live, now, silent_ms) };
        }
        if live.last_received.is_none_or(|heard| heard < self.listening_since) {
            let reason =
                Text::new("刚刚启动，等待第一次应答", "just started, waiting for the first answer");
            return Health::because(HealthState::Waiting, reason);
        }
        if live.device.kind == DeviceKind::Inverter {
            return self.inverter(live, now);
        }
        spoken(live)
    }

    fn sun_deg(&self, at: Timestamp) -> f64 {
        sky::sun(self.site.latitude_deg, self.site.longitude_deg, at).elevation_deg
    }

    /// No sun to speak of: it has set, or is about to.
    fn dark(&self, at: Timestamp) -> bool {
        let sun_deg = self.sun_deg(at);
        let setting = self.sun_deg(at.plus_ms(SETTING_MS)) < sun_deg;
        sun_deg < COMMUNICATION_ELEVATION_DEG || setting && sun_deg < EVENING_ELEVATION_DEG
    }

    fn silent(&self, live: &DeviceLive, now: Timestamp, silent_ms: i64) -> Health {
        if live.device.kind == DeviceKind::Inverter && self.dark(now) {
            if live.last_seen.is_some_and(|seen| self.went_to_sleep(live, seen, now)) {
                let reason = Text::new(
                    "日落后停机休眠，日出后应自动恢复",
                    "asleep after sunset, should be back after sunrise",
                );
                return Health::because(HealthState::Asleep, reason);
            }
            // It may have gone to sleep while we were not listening.
            let unheard = live.last_received.is_none_or(|heard| heard < self.listening_since);
            if unheard && self.dark(self.listening_since) {
                let why = match &live.link {
                    Some(LinkState::Down { fault, .. }) => fault.text(),
                    _ => Text::new("尚无应答", "no answer yet"),
                };
                let reason = Text::new(
                    format!("启动以来未收到数据，可能在夜间休眠。{}", why.zh),
                    format!("not heard since the start, perhaps asleep for the night: {}", why.en),
                );
                return Health::because(HealthState::Waiting, reason);
            }
        }
        let age = duration(silent_ms);
        let why = match &live.link {
            Some(LinkState::Down { fault, .. }) => fault.text(),
            _ => Text::new("没有数据", "no data"),
        };
        let reason = Text::new(
            format!("已 {} 无数据。{}", age.zh, why.zh),
            format!("silent for {}: {}", age.en, why.en),
        );
        Health::because(HealthState::Offline, reason)
    }

    /// It was last heard this evening, by the sun and its own ramp-down; not at noon, not in the
    /// morning, not yesterday: the sun has not been higher since.
    fn went_to_sleep(&self, live: &DeviceLive, seen: Timestamp, now: Timestamp) -> bool {
        let sun_deg = self.sun_deg(seen);
        let hours = now.since_ms(seen) / HOUR_MS;
        let daylight_deg = sun_deg.max(EVENING_ELEVATION_DEG);
        let daylight = |hour: i64| self.sun_deg(seen.plus_ms(hour * HOUR_MS)) > daylight_deg;
        if hours > NIGHT_HOURS_MAX || (1..=hours).any(daylight) {
            return false;
        }
        let power_w = live.number("ac_power_w").unwrap_or(0.0);
        let rated_w = live.device.rated_power_w.unwrap_or(f64::INFINITY);
        let resting = live.word("state").is_some_and(|word| {
            matches!(word.id, "off" | "sleeping" | "standby" | "shutting_down")
        });
        let low =
            if rated_w.is_finite() { power_w < rated_w * RAMPED_DOWN } else { power_w < 500.0 };
        sun_deg < EVENING_ELEVATION_DEG
            || sun_deg < LATE_AFTERNOON_ELEVATION_DEG && (resting || low)
    }

    fn inverter(&self, live: &DeviceLive, now: Timestamp) -> Health {
        let spoken = spoken(live);
        if spoken.state != HealthState::Ok {
            return spoken;
        }
        let resting = live
            .word("state")
            .is_some_and(|word| matches!(word.id, "off" | "sleeping" | "standby"));
        let dark = self.sun_deg(now) < EVENING_ELEVATION_DEG;
        match (resting, dark) {
            (true, true) => {
                let reason = Text::new("没有阳光，待机休眠", "no sun, at rest");
                Health::because(HealthState::Asleep, reason)
            }
            (true, false) => {
                let reason =
                    Text::new("有阳光但设备自报停机或待机", "at rest by its own word, in sunlight");
                Health::because(HealthState::Degraded, reason)
            }
            _ => Health::OK,
        }
    }
}

/// What the device says of itself: its faults, its state, its parts.
fn spoken(live: &DeviceLive) -> Health {
    if live.word("mode").is_some_and(|word| word.id == "maintenance")
        || live.word("kiosk_state").is_some_and(|word| word.id == "maintenance")
    {
        return Health::because(HealthState::Maintenance, Text::new("维护中", "under maintenance"));
    }
    let mut worst: Option<(Severity, Text)> = None;
    let mut see = |severity: Severity, text: Text| {
        if worst.as_ref().is_none_or(|(seen, _)| severity > *seen) {
            worst = Some((severity, text));
        }
    };
    for (code, fault) in live.faults() {
        let text = Text::new(
            format!("{}（{code}）", fault.text.zh),
            format!("{} ({code})", fault.text.en),
        );
        see(fault.severity, text);
    }
    for point in live.points.keys() {
        let Some(word) = live.word(point.as_str()) else { continue };
        let (Some(severity), Some(standard)) =
            (word.severity, crate::model::standard_point(point.as_str()))
        else {
            continue;
        };
        let label = standard.label;
        let text =
            Text::new(format!("{}：{}", label.zh, word.zh), format!("{}: {}", label.en, word.en));
        see(severity, text);
    }
    match worst {
        None | Some((Severity::Info, _)) => Health::OK,
        Some((Severity::Minor, reason)) => Health::because(HealthState::Degraded, reason),
        Some((_, reason)) => Health::because(HealthState::Fault, reason),
    }
}

/// A duration in words: seconds, minutes or hours.
fn duration(ms: i64) -> Text {
    let seconds = ms / 1000;
    match seconds {
        0..=119 => Text::new(format!("{seconds} 秒"), format!("{seconds} s")),
        120..=7199 => Text::new(format!("{} 分钟", seconds / 60), format!("{} min", seconds / 60)),
        _ => Text::new(format!("{} 小时", seconds / 3600), format!("{} h", seconds / 3600)),
    }
}
