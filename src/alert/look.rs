//! One look at the hall, as rules see it beyond a single device: the sun, the hours of service, and what
//! siblings do. Made once a second, and then asked for every device.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::calendar::Calendar;
use crate::live::{Board, DeviceLive, HealthState, Peers};
use crate::model::{DeviceId, DeviceKind, Text, Timestamp, ZoneId};
use crate::rule::{Among, Measure, Name, Rule};
use crate::service;

const HOUR_MS: f64 = 3_600_000.0;

/// What rules want to know of siblings, over all kinds of devices.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    measures: Vec<Measure>,
    saying: Vec<(String, String)>,
    any: bool,
}

impl Wanted {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut wanted = Self::default();
        for name in rules.iter().flat_map(Rule::names) {
            match name {
                Name::Siblings(_, measure) => wanted.measures.push(measure.clone()),
                Name::SiblingsSaying(point, word) => {
                    wanted.saying.push((point.clone(), word.clone()));
                }
                Name::SiblingsCount => {}
                _ => continue,
            }
            wanted.any = true;
        }
        // What an alert costs is reckoned by what siblings make.
        wanted.measures.push(Measure::PowerShare);
        wanted.any = true;
        wanted.measures.sort();
        wanted.measures.dedup();
        wanted.saying.sort();
        wanted.saying.dedup();
        wanted
    }
}

/// Devices of a kind, of a zone or of the site.
#[derive(Debug, Clone, Default)]
struct Group {
    members: usize,
    /// Those that speak and have no fault.
    healthy: usize,
    /// What the healthy ones measure, in order.
    numbers: Vec<Vec<f64>>,
    /// How many of those that speak say a word.
    saying: Vec<usize>,
}

/// One look at the hall.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) now: Timestamp,
    pub(super) peers: Peers,
    /// Whether a zone serves, and for how many hours of today it has.
    open: BTreeMap<ZoneId, (bool, f64)>,
    pub(super) hours: Option<Arc<service::Config>>,
    pub(super) time_of_day_h: f64,
    /// The strongest light that a weather station measures, W/m².
    pub(super) irradiance_wm2: Option<f64>,
    wanted: Wanted,
    zones: BTreeMap<(DeviceKind, ZoneId), Group>,
    site: BTreeMap<DeviceKind, Group>,
    healthy: BTreeSet<DeviceId>,
    speaking: BTreeSet<DeviceId>,
}

impl Look {
    pub(super) fn at(
        board: &Board,
        hours: Option<&Arc<service::Config>>,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Self {
        let peers = board.peers(now);
        let mut look = Self {
            now,
            peers,
            open: hours.map(|hours| open(hours, now)).unwrap_or_default(),
            hours: hours.cloned(),
            time_of_day_h: time_of_day_h(board, now),
            irradiance_wm2: None,
            wanted: wanted.clone(),
            zones: BTreeMap::new(),
            site: BTreeMap::new(),
            healthy: BTreeSet::new(),
            speaking: BTreeSet::new(),
        };
        look.irradiance_wm2 = look.irradiance(board);
        if wanted.any {
            look.gather(board);
        }
        look
    }

    fn irradiance(&self, board: &Board) -> Option<f64> {
        let stations = board.iter().filter(|live| live.device.kind == DeviceKind::Weather);
        let speaks = |live: &&DeviceLive| !board.health(live, &self.peers).silent;
        let points = ["irradiance_poa_wm2", "irradiance_ghi_wm2"];
        let light =
            |live: &DeviceLive| points.iter().filter_map(|p| live.number(p)).reduce(f64::max);
        stations.filter(speaks).filter_map(light).reduce(f64::max)
    }

    fn gather(&mut self, board: &Board) {
        for live in board.iter() {
            let health = board.health(live, &self.peers);
            let state = health.state;
            let well =
                matches!(state, HealthState::Ok | HealthState::Degraded | HealthState::Asleep);
            let healthy = well && !health.silent;
            if !health.silent {
                self.speaking.insert(live.device.id.clone());
            }
            if healthy {
                self.healthy.insert(live.device.id.clone());
            }
            let kind = live.device.kind;
            let zone = self.zones.entry((kind, live.device.zone.clone())).or_default();
            zone.take(live, &self.wanted, !health.silent, healthy);
            self.site.entry(kind).or_default().take(live, &self.wanted, !health.silent, healthy);
        }
        let order = |group: &mut Group| {
            group.numbers.iter_mut().for_each(|numbers| numbers.sort_by(f64::total_cmp));
        };
        self.zones.values_mut().for_each(order);
        self.site.values_mut().for_each(order);
    }

    /// The sun's elevation, degrees.
    pub(super) const fn sun_deg(&self) -> f64 {
        self.peers.sun_deg()
    }

    /// Whether a zone serves, and for how many hours of today it has.
    pub(super) fn open(&self, zone: &ZoneId) -> Option<(bool, f64)> {
        self.open.get(zone).copied()
    }

    /// When a zone serves.
    pub(super) fn calendar(&self, zone: &ZoneId) -> Option<&Calendar> {
        self.hours.as_ref()?.zone(zone).map(|zone| &*zone.calendar)
    }

    /// Those of the same kind in the same zone, because they see the same sky and serve the same people;
    /// else those of the site.
    fn group(&self, live: &DeviceLive) -> Option<&Group> {
        let key = (live.device.kind, live.device.zone.clone());
        let zone = self.zones.get(&key).filter(|group| group.members > 1);
        zone.or_else(|| self.site.get(&live.device.kind))
    }

    /// What the healthy siblings of a device measure.
    pub(super) fn among(&self, live: &DeviceLive, among: Among, measure: &Measure) -> Option<f64> {
        let place = self.wanted.measures.iter().position(|wanted| wanted == measure)?;
        let numbers = self.group(live)?.numbers.get(place)?;
        // Without itself, if it is one of them.
        let own = self.healthy.contains(&live.device.id);
        let own = measured(live, measure).filter(|_| own);
        let own = own.and_then(|own| numbers.binary_search_by(|n| n.total_cmp(&own)).ok());
        let others = numbers.len() - usize::from(own.is_some());
        let nth = |n: usize| {
            let n = if own.is_some_and(|own| own <= n) { n + 1 } else { n };
            numbers.get(n).copied()
        };
        match among {
            Among::Best => nth(others.checked_sub(1)?),
            Among::Median => {
                let (low, high) = (nth(others.checked_sub(1)? / 2)?, nth(others / 2)?);
                Some(low.midpoint(high))
            }
        }
    }

    /// What an inverter makes less than the middle one of its healthy siblings would in its place, W.
    pub(super) fn lost_w(&self, live: &DeviceLive) -> Option<f64> {
        if live.device.kind != DeviceKind::Inverter {
            return None;
        }
        let share = self.among(live, Among::Median, &Measure::PowerShare)?;
        let rated_w = live.device.rated_power_w?;
        Some(share * rated_w - live.power_now_w()?)
    }

    /// What stood around a device when something was found about it.
    pub(super) fn surroundings(&self, live: &DeviceLive) -> Vec<(Text, String)> {
        let mut seen = Vec::new();
        if live.device.kind == DeviceKind::Inverter {
            let sun = format!("{:.0}°", self.sun_deg());
            seen.push((Text::new("太阳高度", "sun"), sun));
            let share = self.among(live, Among::Median, &Measure::PowerShare);
            seen.extend(share.map(|share| {
                let label = Text::new("同组中位出力", "siblings' median output");
                (label, format!("{:.0} %", 100.0 * share))
            }));
        }
        if let Some(group) = self.group(live).filter(|group| group.members > 1) {
            let label = Text::new("同组正常/全部", "well of its group");
            seen.push((label, format!("{}/{}", group.healthy, group.members)));
        }
        seen
    }

    /// How many healthy siblings a device has.
    pub(super) fn siblings(&self, live: &DeviceLive) -> Option<usize> {
        let own = usize::from(self.healthy.contains(&live.device.id));
        Some(self.group(live)?.healthy.saturating_sub(own))
    }

    /// How many siblings say a word.
    pub(super) fn saying(&self, live: &DeviceLive, point: &str, word: &str) -> Option<usize> {
        let wanted = |(p, w): &(String, String)| p == point && w == word;
        let place = self.wanted.saying.iter().position(wanted)?;
        let speaks = self.speaking.contains(&live.device.id);
        let own = usize::from(speaks && says(live, point, word));
        Some(self.group(live)?.saying.get(place)?.saturating_sub(own))
    }
}

impl Group {
    fn take(&mut self, live: &DeviceLive, wanted: &Wanted, speaks: bool, healthy: bool) {
        self.members += 1;
        self.healthy += usize::from(healthy);
        self.numbers.resize(wanted.measures.len(), Vec::new());
        self.saying.resize(wanted.saying.len(), 0);
        if healthy {
            for (numbers, measure) in self.numbers.iter_mut().zip(&wanted.measures) {
                numbers.extend(measured(live, measure));
            }
        }
        if speaks {
            for (count, (point, word)) in self.saying.iter_mut().zip(&wanted.saying) {
                *count += usize::from(says(live, point, word));
            }
        }
    }
}

/// What a device measures now.
pub(super) fn measured(live: &DeviceLive, measure: &Measure) -> Option<f64> {
    let number = match measure {
        Measure::Point(point) => live.number(point).filter(|_| is_measured(live, point)),
        Measure::PowerShare => {
            let rated_w = live.device.rated_power_w.filter(|rated_w| *rated_w > 0.0)?;
            live.power_now_w().map(|power_w| power_w / rated_w)
        }
        // Of one part, and of a day that is over: whoever asks knows where to look.
        Measure::Value | Measure::YieldYesterday => None,
    };
    number.filter(|number| number.is_finite())
}

/// Not a sensor that is missing, nor nonsense of a counter.
fn is_measured(live: &DeviceLive, point: &str) -> bool {
    live.points.get(point).is_some_and(|latest| latest.quality.is_measured())
}

fn says(live: &DeviceLive, point: &str, word: &str) -> bool {
    match word {
        "" => live.value(point).is_some(),
        word => live.word(point).is_some_and(|said| said.id == word),
    }
}

fn open(hours: &service::Config, now: Timestamp) -> BTreeMap<ZoneId, (bool, f64)> {
    let of = |zone: &service::ServiceZone| {
        let calendar = &zone.calendar;
        let windows = calendar.windows(calendar.date_of(now)).into_iter();
        let served = windows.map(|(from, to)| now.min(to).since_ms(from).max(0)).sum::<i64>();
        #[allow(clippy::cast_precision_loss)] // within a day
        let hours = served as f64 / HOUR_MS;
        (zone.id.clone(), (calendar.is_open(now), hours))
    };
    hours.zones.iter().map(of).collect()
}

fn time_of_day_h(board: &Board, now: Timestamp) -> f64 {
    let Ok(now) = jiff::Timestamp::from_millisecond(now.ms()) else { return 0.0 };
    let local = board.site.time_zone.to_datetime(now);
    f64::from(local.hour()) + f64::from(local.minute()) / 60.0 + f64::from(local.second()) / 3600.0
}
