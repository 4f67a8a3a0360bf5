//! What people hear of a decision: silences, alerts that say it for many, routes, and not too often.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use crate::calendar::{Calendar, Holidays};
use crate::live::{Board, DeviceLive};
use crate::model::{DeviceId, Severity, Timestamp, ZoneId};
use crate::rule::Labels;
use crate::service::{self, Stands};

use super::cost::Costs;
use super::look::Look;
use super::policy::{Moment, Policy};
use super::silence::{Effect, Silence, Subject};
use super::track::{Key, Step, Track};
use super::types::{Alert, AlertState, Change, Transition};

/// Silences that are kept; more are no plan any more.
pub(super) const SILENCES_MAX: usize = 500;
/// A silence that is over is shown for so long.
const KEPT_MS: i64 = 7 * 24 * 3600 * 1000;

/// An alert about many that says it for one device.
#[derive(Debug, Clone, PartialEq)]
struct Cover {
    stands: Stands,
    /// The id of that alert, once it is raised.
    by: Option<String>,
}

/// Who is kept from hearing of what, and who is told.
#[derive(Debug, Clone, Default)]
pub(super) struct Desk {
    pub(super) policy: Policy,
    pub(super) costs: Costs,
    pub(super) silences: Vec<Silence>,
    /// Those of the silences that count now.
    active: Vec<Silence>,
    covered: HashMap<DeviceId, Vec<Cover>>,
    /// Something looks otherwise than it did.
    pub(super) shown: bool,
}

impl Desk {
    /// Looks at the clock: which silences count now.
    pub(super) fn turn(&mut self, board: &Board, hours: Option<&service::Config>, now: Timestamp) {
        let over = |silence: &Silence| {
            let end = silence.ended.as_ref().map_or(silence.until, |ended| ended.at);
            now.since_ms(end) > KEPT_MS
        };
        let before = self.silences.len();
        self.silences.retain(|silence| !over(silence));
        self.shown |= self.silences.len() != before;
        static SHIPPED: LazyLock<Holidays> = LazyLock::new(Holidays::shipped);
        let holidays = hours.map_or_else(|| &*SHIPPED, |hours| &*hours.holidays);
        let holds = |silence: &&Silence| silence.holds(now, &board.site.time_zone, holidays);
        let active: Vec<Silence> = self.silences.iter().filter(holds).cloned().collect();
        self.shown |= active != self.active;
        self.active = active;
    }

    /// The ids of the silences that count now.
    pub(super) fn active(&self) -> impl Iterator<Item = &str> {
        self.active.iter().map(|silence| silence.id.as_str())
    }

    /// Notes which alerts about many stand for which devices.
    pub(super) fn cover(&mut self, found: &[service::Finding], tracks: &BTreeMap<Key, Track>) {
        self.covered.clear();
        for one in found {
            let Some(stands) = one.what.stands_for() else { continue };
            let of_it = |(key, _): &(&Key, &Track)| *key.part == *one.part && !key.part.is_empty();
            let open = |(_, track): (&Key, &Track)| track.open.as_ref().map(|a| a.id.clone());
            let by = tracks.iter().filter(of_it).find_map(open);
            for (device, _) in &one.devices {
                let cover = Cover { stands, by: by.clone() };
                self.covered.entry(device.clone()).or_default().push(cover);
            }
        }
    }

    /// Whether one alert says it for all of them, and whether it has been raised.
    pub(super) fn covering(&self, device: &DeviceId, rule: &str, offline: bool) -> Option<bool> {
        let covers = self.covered.get(device)?;
        let stands = covers.iter().filter(|cover| cover.stands.stands_for(rule, offline));
        stands.map(|cover| cover.by.is_some()).reduce(|one, other| one || other)
    }

    /// Whether somebody works on the device by plan.
    pub(super) fn in_maintenance(&self, live: &DeviceLive, rule: &str, labels: &Labels) -> bool {
        let subject = Subject {
            rule,
            severity: Severity::Info,
            device: Some(&live.device.id),
            zone: Some(&live.device.zone),
            kind: Some(live.device.kind),
            labels,
        };
        let works = |silence: &Silence| silence.effect == Effect::Maintenance;
        self.active.iter().any(|silence| works(silence) && silence.matcher.matches(&subject))
    }

    /// What keeps an alert from people: the id of a silence, and that of an alert for many.
    fn muted(&self, subject: &Subject<'_>, offline: bool) -> (Option<String>, Option<String>) {
        let matches = |silence: &&Silence| silence.matcher.matches(subject);
        let silenced = self.active.iter().find(matches).map(|silence| silence.id.clone());
        let covers = subject.device.and_then(|device| self.covered.get(device));
        let by = |cover: &Cover| {
            cover.by.clone().filter(|_| cover.stands.stands_for(subject.rule, offline))
        };
        (silenced, covers.and_then(|covers| covers.iter().find_map(by)))
    }

    /// What becomes of a step: people are told, or not.
    pub(super) fn settle(
        &mut self,
        step: Step,
        place: &Place<'_>,
        track: &mut Track,
    ) -> Option<Transition> {
        let now = place.look.now;
        let (change, alert, tell) = match step {
            Step::Nothing => return None,
            Step::Shown => {
                self.shown = true;
                return None;
            }
            Step::Over(mut alert) => {
                if let Some(cost) = self.costs.after(&alert, place, 0) {
                    Arc::make_mut(&mut alert).cost = cost;
                }
                return Some(self.over(&alert, track, now));
            }
            Step::Happened(change, tell) => (change, track.alert()?, tell),
        };
        let (silenced, inhibited) = self.muted(&place.subject(alert), place.offline);
        (alert.silenced, alert.inhibited) = (silenced, inhibited);
        let muted = alert.silenced.is_some() || alert.inhibited.is_some();
        let severity = alert.severity;
        let wanted = tell && !muted;
        let tell = wanted && track.has_room(severity);
        track.owed = wanted && !tell && change == Change::Changed;
        let alert = track.alert()?;
        let mut to = if tell { alert.told.clone() } else { Vec::new() };
        if tell {
            let due = self.due(alert, place);
            alert.told.extend(due.iter().cloned());
            to.extend(due);
        }
        let tell = tell && self.reaches(&to);
        let alert = alert.clone();
        if tell {
            track.told.push_back((now, severity));
        }
        Some(Transition { change, alert, tell, to: Some(to) })
    }

    /// Whoever has heard of it hears of its end, also in a silence: else a ticket stays open for ever.
    fn over(&self, alert: &Alert, track: &mut Track, now: Timestamp) -> Transition {
        let muted = alert.silenced.is_some() || alert.inhibited.is_some();
        let tell = if muted { !alert.told.is_empty() } else { self.reaches(&alert.told) };
        if tell {
            track.told.push_back((now, alert.severity));
        }
        let to = Some(alert.told.clone());
        Transition { change: Change::Resolved, alert: alert.clone(), tell, to }
    }

    /// Whether anybody hears it; without any channel the page is where people look.
    fn reaches(&self, to: &[String]) -> bool {
        !to.is_empty() || self.policy.channels.is_empty()
    }

    fn due(&self, alert: &Alert, place: &Place<'_>) -> Vec<String> {
        let moment = Moment {
            now: place.look.now,
            calendar: place.calendar(),
            time_zone: &place.board.site.time_zone,
        };
        let mut due = self.policy.due(alert, &place.subject(alert), &moment);
        // A channel that fails cannot tell of itself.
        due.retain(|name| *place.key.part != format!("channel-{name}"));
        due
    }

    /// What time alone does to an open alert.
    pub(super) fn age(
        &mut self,
        place: &Place<'_>,
        track: &mut Track,
        step_ms: i64,
    ) -> Option<Transition> {
        let now = place.look.now;
        track.forget(now);
        let cost = track.open.as_deref().and_then(|a| self.costs.after(a, place, step_ms));
        if let Some((alert, cost)) = cost.and_then(|cost| Some((track.alert()?, cost))) {
            alert.cost = cost;
        }
        let open = track.open.as_deref()?;
        let lapsed = |until: Timestamp| now >= until;
        if open.acknowledged.as_ref().and_then(|who| who.until).is_some_and(lapsed) {
            let alert = track.alert()?;
            alert.acknowledged = None;
            if alert.state == AlertState::Acknowledged {
                alert.state = AlertState::Active;
            }
            let muted = alert.silenced.is_some() || alert.inhibited.is_some();
            let tell = !muted && self.reaches(&alert.told);
            let (change, to) = (Change::Forgotten, Some(alert.told.clone()));
            return Some(Transition { change, alert: alert.clone(), tell, to });
        }
        let muted = self.muted(&place.subject(open), place.offline);
        if muted != (open.silenced.clone(), open.inhibited.clone()) {
            return self.mute(muted, place, track);
        }
        let quiet = muted.0.is_some() || muted.1.is_some();
        if quiet || matches!(open.state, AlertState::Recovering | AlertState::Resolved) {
            return None;
        }
        if track.owed && track.has_room(open.severity) {
            track.owed = false;
            let (to, alert) = (open.told.clone(), (**track.open.as_ref()?).clone());
            track.told.push_back((now, alert.severity));
            let tell = self.reaches(&to);
            return Some(Transition { change: Change::Changed, alert, tell, to: Some(to) });
        }
        let due = self.due(open, place);
        let first = open.told.is_empty();
        if due.is_empty() || first && !track.has_room(open.severity) {
            return None;
        }
        tell_now(Change::Escalated, due, track, first, now)
    }

    fn mute(
        &mut self,
        muted: (Option<String>, Option<String>),
        place: &Place<'_>,
        track: &mut Track,
    ) -> Option<Transition> {
        let now = place.look.now;
        let alert = track.alert()?;
        let before = alert.silenced.is_some() || alert.inhibited.is_some();
        (alert.silenced, alert.inhibited) = muted;
        let after = alert.silenced.is_some() || alert.inhibited.is_some();
        let recovering = alert.state == AlertState::Recovering;
        let alert = alert.clone();
        self.shown = true;
        match (before, after) {
            (true, false) => {
                let due = if recovering { Vec::new() } else { self.due(&alert, place) };
                let first = alert.told.is_empty();
                tell_now(Change::Unmuted, due, track, first, now)
            }
            (false, true) => {
                Some(Transition { change: Change::Muted, alert, tell: false, to: Some(Vec::new()) })
            }
            _ => None,
        }
    }
}

/// Tells these channels of the open alert of a track.
fn tell_now(
    change: Change,
    due: Vec<String>,
    track: &mut Track,
    first: bool,
    now: Timestamp,
) -> Option<Transition> {
    let alert = track.alert()?;
    alert.told.extend(due.iter().cloned());
    let (severity, tell) = (alert.severity, !due.is_empty());
    let alert = alert.clone();
    if first && tell {
        track.told.push_back((now, severity));
    }
    Some(Transition { change, alert, tell, to: Some(due) })
}

/// Where a track is: what it is about, and the hall around it.
pub(super) struct Place<'a> {
    pub(super) key: &'a Key,
    pub(super) board: &'a Board,
    pub(super) look: &'a Look,
    /// Its rule is about silence.
    pub(super) offline: bool,
}

impl Place<'_> {
    pub(super) fn live(&self) -> Option<&DeviceLive> {
        self.board.get(self.key.device.as_str())
    }

    /// What the alert of this place is about.
    fn subject<'a>(&'a self, alert: &'a Alert) -> Subject<'a> {
        let live = self.live().filter(|_| alert.device.is_some());
        Subject {
            rule: &alert.rule,
            severity: alert.severity,
            device: alert.device.as_ref(),
            zone: live.map(|live| &live.device.zone).or_else(|| self.zone_of_part()),
            kind: live.map(|live| live.device.kind),
            labels: &alert.labels,
        }
    }

    /// Alerts about a whole zone name it in their part.
    fn zone_of_part(&self) -> Option<&ZoneId> {
        let name = self.key.part.strip_prefix("zone-")?;
        let zones = self.board.iter().map(|live| &live.device.zone);
        zones.into_iter().find(|zone| zone.as_str() == name)
    }

    pub(super) fn calendar(&self) -> Option<&Calendar> {
        let zone = self.live().map(|live| &live.device.zone).or_else(|| self.zone_of_part())?;
        self.look.calendar(zone)
    }
}
