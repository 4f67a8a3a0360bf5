//! One look at the whole hall: the sun, and what the siblings and the line of each device do.
//!
//! It is made once per look and then asked for each device, so that judging all devices costs a
//! walk over them and not a walk over their pairs.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::model::{Device, DeviceKind, Site, Text, Timestamp, ZoneId, text};
use crate::sky;

use super::board::{Board, DeviceLive};
use super::limits::{
    AT_ONCE_MS, AWAKE_FOR_SURE, AWAKE_FOR_SURE_W, COMMUNICATION_ELEVATION_DEG,
    EVENING_ELEVATION_DEG, FADING_HOURS_MAX, HOUR_MS, SETTING_MS, STRONG, STRONG_W, TOGETHER_MS,
    WAKE_MS,
};

/// Whether a device speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// Heard lately.
    Speaks,
    /// Silent for longer than it may.
    Silent,
    /// Not heard since the start, and not yet late.
    Unknown,
}

impl DeviceLive {
    /// How long nothing has been heard, by somebody who listens since `since`.
    pub(super) fn silent_ms(&self, since: Timestamp, now: Timestamp) -> i64 {
        now.since_ms(self.last_received.map_or(since, |heard| heard.max(since)))
    }

    pub(super) fn voice(&self, since: Timestamp, now: Timestamp) -> Voice {
        if self.silent_ms(since, now) > self.device.stale_after_ms {
            return Voice::Silent;
        }
        match self.last_received {
            Some(heard) if heard >= since || self.device.may_be_silent() => Voice::Speaks,
            _ => Voice::Unknown,
        }
    }
}

/// The inverters of a zone or of the site.
#[derive(Debug, Clone, Default)]
struct Group {
    members: usize,
    speaking: usize,
    silent: usize,
    /// Produce, whatever little.
    producing: usize,
    /// Have produced for so long that everybody should.
    up: usize,
    /// Produce so much that everybody answers, and so much that everybody produces.
    sure: usize,
    strong: usize,
    power_w: f64,
    rated_w: f64,
    /// Smallest and largest nameplate of those that produce; `None` when one has none.
    ratings: Option<(f64, f64)>,
    /// When the silent ones that had ramped down were last heard, in order.
    faded: Vec<Timestamp>,
}

/// All devices of a line, whatever they are.
#[derive(Debug, Clone)]
struct Line {
    members: usize,
    speaking: usize,
    silent: usize,
    first_lost: Timestamp,
    last_lost: Timestamp,
    interval_ms: i64,
    /// One of the silent ones was never heard.
    unheard: bool,
}

/// One look at the hall at one moment.
#[derive(Debug, Clone)]
pub struct Peers {
    pub(super) now: Timestamp,
    pub(super) sun_deg: f64,
    pub(super) setting: bool,
    /// Height of the sun now and each full hour before, once somebody asks: only what is silent wants it.
    past_deg: OnceLock<Vec<f64>>,
    place: Arc<Site>,
    site: Group,
    zones: BTreeMap<ZoneId, Group>,
    lines: BTreeMap<Arc<str>, Line>,
}

/// What the other inverters do, seen from one of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Siblings<'a> {
    group: &'a Group,
    pub(super) others: usize,
    own_voice: Voice,
}

/// What the other devices of its line do, seen from a silent one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnLine {
    /// Nobody else is on it, or it cannot be told yet.
    Alone,
    /// So many devices, and all are silent; whether they fell silent at once.
    AllSilent { devices: usize, at_once: bool },
    /// So many of so many others answer.
    Answer { speaking: usize, others: usize },
}

impl Board {
    /// Looks at the whole hall at `now`, for [`Board::health`] of many devices.
    #[must_use]
    pub fn peers(&self, now: Timestamp) -> Peers {
        let sun_deg = self.sun_deg(now);
        let mut peers = Peers {
            now,
            sun_deg,
            setting: self.sun_deg(now.plus_ms(SETTING_MS)) < sun_deg,
            past_deg: OnceLock::new(),
            place: self.site.clone(),
            site: Group::default(),
            zones: BTreeMap::new(),
            lines: BTreeMap::new(),
        };
        for live in self.iter() {
            let voice = live.voice(self.listening_since, now);
            if let Some(name) = &live.line {
                match peers.lines.get_mut(name) {
                    Some(line) => line.take(live, voice),
                    None => {
                        let mut line = Line::new(now);
                        line.take(live, voice);
                        peers.lines.insert(name.clone(), line);
                    }
                }
            }
            if live.device.kind == DeviceKind::Inverter {
                peers.site.take(live, voice, now);
                let zone = &live.device.zone;
                if let Some(group) = peers.zones.get_mut(zone) {
                    group.take(live, voice, now);
                } else {
                    let mut group = Group::default();
                    group.take(live, voice, now);
                    peers.zones.insert(zone.clone(), group);
                }
            }
        }
        peers.site.faded.sort_unstable();
        peers.zones.values_mut().for_each(|group| group.faded.sort_unstable());
        peers
    }

    pub(super) fn sun_deg(&self, at: Timestamp) -> f64 {
        sun_deg(&self.site, at)
    }

    /// No sun to speak of: it has set, or is about to.
    pub(super) fn dark(&self, at: Timestamp) -> bool {
        let sun_deg = self.sun_deg(at);
        dark(sun_deg, self.sun_deg(at.plus_ms(SETTING_MS)) < sun_deg)
    }
}

fn sun_deg(site: &Site, at: Timestamp) -> f64 {
    sky::sun(site.latitude_deg, site.longitude_deg, at).elevation_deg
}

fn dark(sun_deg: f64, setting: bool) -> bool {
    sun_deg < COMMUNICATION_ELEVATION_DEG || setting && sun_deg < EVENING_ELEVATION_DEG
}

impl Group {
    fn take(&mut self, live: &DeviceLive, voice: Voice, now: Timestamp) {
        self.members += 1;
        match voice {
            Voice::Speaks => self.speaking += 1,
            Voice::Silent => {
                self.silent += 1;
                self.faded.extend(live.last_received.filter(|_| live.ramped_down()));
                return;
            }
            Voice::Unknown => return,
        }
        let (Some(power_w), Some(output)) = (live.power_now_w(), live.output) else { return };
        if !output.producing {
            return;
        }
        let rated_w = live.device.rated_power_w;
        let reaches = |share: f64, watts: f64| power_w >= rated_w.map_or(watts, |w| w * share);
        self.producing += 1;
        self.up += usize::from(now.since_ms(output.since) >= WAKE_MS);
        self.sure += usize::from(reaches(AWAKE_FOR_SURE, AWAKE_FOR_SURE_W));
        self.strong += usize::from(reaches(STRONG, STRONG_W));
        self.power_w += power_w;
        self.rated_w += rated_w.unwrap_or(0.0);
        self.ratings = match (self.producing, self.ratings, rated_w) {
            (1, _, Some(w)) => Some((w, w)),
            (_, Some((least, most)), Some(w)) => Some((least.min(w), most.max(w))),
            _ => None,
        };
    }
}

impl Line {
    const fn new(now: Timestamp) -> Self {
        let (first_lost, last_lost) = (now, Timestamp::from_ms(i64::MIN));
        Self {
            members: 0,
            speaking: 0,
            silent: 0,
            first_lost,
            last_lost,
            interval_ms: 0,
            unheard: false,
        }
    }

    fn take(&mut self, live: &DeviceLive, voice: Voice) {
        self.members += 1;
        self.speaking += usize::from(voice == Voice::Speaks);
        if voice == Voice::Silent {
            self.silent += 1;
            self.interval_ms = self.interval_ms.max(live.device.interval_ms);
            match live.last_received {
                Some(heard) => {
                    self.first_lost = self.first_lost.min(heard);
                    self.last_lost = self.last_lost.max(heard);
                }
                None => self.unheard = true,
            }
        }
    }
}

impl Peers {
    /// The sun's elevation, degrees.
    #[must_use]
    pub const fn sun_deg(&self) -> f64 {
        self.sun_deg
    }

    /// The lines with several devices of which none answers.
    pub fn silent_lines(&self) -> impl Iterator<Item = &Arc<str>> {
        let silent =
            |(_, line): &(&Arc<str>, &Line)| line.members > 1 && line.silent == line.members;
        self.lines.iter().filter(silent).map(|(name, _)| name)
    }

    /// No sun to speak of now.
    pub(super) fn dark(&self) -> bool {
        dark(self.sun_deg, self.setting)
    }

    /// The sun's greatest height since `then`, looked at each hour; `None` when that is longer ago
    /// than any night.
    pub(super) fn highest_since(&self, then: Timestamp) -> Option<f64> {
        let hours = usize::try_from(self.now.since_ms(then).max(0) / HOUR_MS).ok()?;
        let past_deg = self.past_deg.get_or_init(|| {
            let at = |hour: i64| sun_deg(&self.place, self.now.plus_ms(-hour * HOUR_MS));
            (0..=FADING_HOURS_MAX).map(at).collect()
        });
        past_deg.get(..=hours)?.iter().copied().reduce(f64::max)
    }

    /// The other inverters: of the same zone, because they see the same sky; else of the site.
    pub(super) fn siblings(&self, device: &Device, own_voice: Voice) -> Siblings<'_> {
        let zone = self.zones.get(&device.zone).filter(|group| group.members > 1);
        let group = zone.unwrap_or(&self.site);
        Siblings { group, others: group.members.saturating_sub(1), own_voice }
    }

    /// The other devices of its line, seen from a silent one.
    pub(super) fn on_line(&self, live: &DeviceLive) -> OnLine {
        let Some(line) = live.line.as_ref().and_then(|name| self.lines.get(name)) else {
            return OnLine::Alone;
        };
        let others = line.members.saturating_sub(1);
        if others > 0 && line.silent == line.members {
            let at_once_ms = AT_ONCE_MS.max(3 * line.interval_ms);
            let at_once = !line.unheard && line.last_lost.since_ms(line.first_lost) <= at_once_ms;
            return OnLine::AllSilent { devices: line.members, at_once };
        }
        match line.speaking {
            0 => OnLine::Alone,
            speaking => OnLine::Answer { speaking, others },
        }
    }
}

impl Siblings<'_> {
    const fn most(&self, count: usize) -> bool {
        count * 2 > self.others
    }

    /// Most have so much light that a healthy inverter answers.
    pub(super) const fn surely_awake(&self) -> bool {
        self.most(self.group.sure)
    }

    /// Most have so much light that a healthy inverter makes something.
    pub(super) const fn strong(&self) -> bool {
        self.most(self.group.strong)
    }

    /// Most have been producing for so long that all should.
    pub(super) const fn up(&self) -> bool {
        self.most(self.group.up)
    }

    /// There are others, and none of them produces.
    pub(super) const fn none_produces(&self) -> bool {
        self.others > 0 && self.group.producing == 0
    }

    /// There are others, and all of them are silent.
    pub(super) fn all_silent(&self) -> bool {
        let own = usize::from(self.own_voice == Voice::Silent);
        self.others > 0 && self.group.silent.saturating_sub(own) == self.others
    }

    /// Most of the others had ramped down too, and were last heard about when this one was.
    pub(super) fn faded_with(&self, heard: Timestamp) -> bool {
        let from = heard.plus_ms(-TOGETHER_MS);
        let to = heard.plus_ms(TOGETHER_MS);
        let before = |limit: Timestamp| self.group.faded.partition_point(|time| *time < limit);
        let own = usize::from(self.own_voice == Voice::Silent);
        let with = before(to.plus_ms(1)).saturating_sub(before(from)).saturating_sub(own);
        self.others > 0 && self.most(with)
    }

    /// What those that produce make, in words.
    #[allow(clippy::cast_precision_loss)] // counts of inverters
    pub(super) fn making(&self) -> Text {
        let (producing, others) = (self.group.producing, self.others);
        let mean_kw = self.group.power_w / 1_000.0 / producing.max(1) as f64;
        let kw = if mean_kw < 9.95 { format!("{mean_kw:.1}") } else { format!("{mean_kw:.0}") };
        match self.group.ratings {
            // Alike enough that watts can be compared.
            Some((least, most)) if most <= least * 1.05 => text!(
                "同组 {others} 台中 {producing} 台在发电，每台约 {kw} kW",
                "{producing} of {others} siblings make {kw} kW each",
            ),
            Some(_) => {
                let percent = format!("{:.0}", 100.0 * self.group.power_w / self.group.rated_w);
                text!(
                    "同组 {others} 台中 {producing} 台在发电，约为额定功率的 {percent}%",
                    "{producing} of {others} siblings run at {percent} % of their rated power",
                )
            }
            None => text!(
                "同组 {others} 台中 {producing} 台在发电，平均 {kw} kW",
                "{producing} of {others} siblings make {kw} kW on average",
            ),
        }
    }
}
