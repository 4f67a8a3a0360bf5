//! How often a rule would have fired on what is stored: the same engine before the past.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::history::{History, HistoryError};
use crate::journal::{Archive, JournalError};
use crate::live::Board;
use crate::model::{
    Device, DeviceId, DeviceKind, Link, Reading, Record, Severity, Site, Text, Timestamp, near,
    text,
};
use crate::profile::Profile;
use crate::rule::{Name, Rule, Setting};
use crate::service;

use super::policy::Policy;
use super::trial::Trial;
use super::types::{Alert, Change, Transition};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// So long before the span is looked, so that what rules look back on is known.
const WARM_UP_MS: i64 = DAY_MS;
/// The clock of a rehearsal goes in steps of at most this; readings are judged when they come all the same.
const STEP_MS_MAX: i64 = 180_000;
const STEP_MS_MIN: i64 = 1_000;
/// Readings that are held at once, about.
const READINGS_AT_ONCE: usize = 100_000;
/// Firings that are listed; all are counted.
const LISTED_MAX: usize = 1_000;

/// The hall in which a rule is rehearsed.
#[derive(Clone)]
pub struct Stage {
    /// The building.
    pub site: Arc<Site>,
    /// All devices.
    pub devices: Vec<(Arc<Device>, Option<Arc<Profile>>)>,
    /// All rules.
    pub rules: Vec<Rule>,
    /// When the zones serve.
    pub hours: service::Config,
    /// Who would be told.
    pub policy: Policy,
    /// What is declared to the grid company for meters, watts.
    pub declared_demand_w: BTreeMap<DeviceId, f64>,
    /// What the devices said.
    pub history: History,
    /// When they were not reached.
    pub archive: Arc<Archive>,
}

/// Why a rule was not rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// There is no such rule.
    #[error("no rule `{id}`")]
    Unknown {
        /// What was asked for.
        id: String,
        /// The one that was probably meant.
        near: Option<String>,
    },
    /// It judges no devices by what they said.
    #[error("rule `{0}` is about what the gateway finds by itself")]
    Found(String),
    /// The past cannot be read.
    #[error("the history cannot be read")]
    History(#[from] HistoryError),
    /// The journal cannot be read.
    #[error("the journal cannot be read")]
    Journal(#[from] JournalError),
}

impl RehearsalError {
    /// What is wrong and what to do, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Unknown { id, near: Some(near) } => text!(
                "没有规则 `{id}`；是不是想写 `{near}`？",
                "there is no rule `{id}`; did you mean `{near}`?",
            ),
            Self::Unknown { id, near: None } => text!(
                "没有规则 `{id}`；`hallwatch rules` 列出全部",
                "there is no rule `{id}`; `hallwatch rules` lists them",
            ),
            Self::Found(id) => text!(
                "规则 `{id}` 由网关现场判断，不依据存储的读数，无法演练",
                "rule `{id}` is about what the gateway finds at the moment, not about stored readings: \
                 it cannot be rehearsed",
            ),
            Self::History(_) | Self::Journal(_) => text!(
                "读不到历史数据：{self}；请运行 `hallwatch verify`",
                "the past cannot be read: {self}; run `hallwatch verify`",
            ),
        }
    }
}

/// One time that it would have fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// The device.
    pub device: Option<DeviceId>,
    /// When it would have been raised.
    pub from: Timestamp,
    /// When it would have been over; `None` if it still were open.
    pub to: Option<Timestamp>,
    /// How bad.
    pub severity: Severity,
    /// In words.
    pub text: Text,
    /// In the service hours of the device's zone.
    pub in_hours: bool,
    /// The channels that would have been told, if nobody had answered.
    pub told: Vec<String>,
}

/// What would have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsed {
    /// The rule.
    pub rule: String,
    /// From when on.
    pub from: Timestamp,
    /// Up to when; earlier than asked where the time did not suffice.
    pub to: Timestamp,
    /// The oldest reading of the devices that it is for; `None` where there is none.
    pub data_from: Option<Timestamp>,
    /// How many devices it is for.
    pub devices: usize,
    /// How often.
    pub firings: usize,
    /// How often in service hours.
    pub in_hours: usize,
    /// How often each channel would have been told of a new alert.
    pub told: BTreeMap<String, usize>,
    /// How often on each device, and the longest time, milliseconds.
    pub by_device: BTreeMap<DeviceId, (usize, i64)>,
    /// The first of them, in order.
    pub listed: Vec<Firing>,
}

/// Rehearses the rule of this id over the days before `now`. Blocks, for at most about `patience`; `progress` is
/// told the part that is done.
///
/// # Errors
/// [`RehearsalError`].
pub fn rehearse(
    stage: &Stage,
    id: &str,
    days: u16,
    now: Timestamp,
    patience: Duration,
    progress: &dyn Fn(f64),
) -> Result<Rehearsed, RehearsalError> {
    let rule = stage.rules.iter().find(|known| known.id.eq_ignore_ascii_case(id)).cloned();
    let rule = rule.ok_or_else(|| {
        let known = stage.rules.iter().map(|rule| &*rule.id);
        let near = near::nearest(&id.to_uppercase(), known).map(str::to_owned);
        RehearsalError::Unknown { id: id.to_owned(), near }
    })?;
    if rule.found().is_some() {
        return Err(RehearsalError::Found(rule.id.to_string()));
    }
    let from = now.plus_ms(-i64::from(days) * DAY_MS);
    let mut play = Play::new(stage, &rule, from)?;
    let Some(start) = play.data_from.map(|first| first.max(from.plus_ms(-WARM_UP_MS))) else {
        return Ok(play.rehearsed);
    };
    let begin = Instant::now();
    let (mut at, mut chunk_ms) = (start, 3_600_000);
    while at < now && begin.elapsed() < patience {
        let to = at.plus_ms(chunk_ms).min(now);
        let count = play.chunk(stage, at, to)?;
        match count {
            n if n > READINGS_AT_ONCE => chunk_ms = (chunk_ms / 2).max(60_000),
            n if n < READINGS_AT_ONCE / 4 => chunk_ms = (chunk_ms * 2).min(DAY_MS),
            _ => {}
        }
        at = to;
        #[allow(clippy::cast_precision_loss)] // a part of one
        progress(at.since_ms(start) as f64 / now.since_ms(start).max(1) as f64);
    }
    Ok(play.end(at))
}

/// A rehearsal under way.
struct Play {
    trial: Trial,
    devices: Vec<DeviceId>,
    zones: BTreeMap<DeviceId, Arc<Device>>,
    data_from: Option<Timestamp>,
    step_ms: i64,
    next_tick: Timestamp,
    open: BTreeMap<String, Arc<Alert>>,
    hours: service::Config,
    rehearsed: Rehearsed,
}

impl Play {
    fn new(stage: &Stage, rule: &Rule, from: Timestamp) -> Result<Self, RehearsalError> {
        let light = |name: &Name| matches!(name, Name::Setting(Setting::IrradianceWm2));
        let light = rule.names().any(light);
        let seen = |(device, _): &&(Arc<Device>, Option<Arc<Profile>>)| {
            rule.is_of_kind(device.kind) || light && device.kind == DeviceKind::Weather
        };
        let cast: Vec<_> = stage.devices.iter().filter(seen).cloned().collect();
        let mut data_from: Option<Timestamp> = None;
        for (device, _) in &cast {
            let since = stage.history.since_blocking(&device.id)?;
            data_from = [data_from, since].into_iter().flatten().min();
        }
        let start = data_from.map_or(from, |first| first.max(from.plus_ms(-WARM_UP_MS)));
        let shortest = rule.levels().iter().map(|level| level.for_ms).filter(|ms| *ms > 0).min();
        let step_ms = shortest.map_or(STEP_MS_MAX, |ms| ms / 5).clamp(STEP_MS_MIN, STEP_MS_MAX);
        let board = Board::new(stage.site.clone(), cast.iter().cloned(), start);
        let board = board.with_declared(&stage.declared_demand_w);
        let (rules, hours) = (vec![rule.clone()], Some(stage.hours.clone()));
        let rehearsed = Rehearsed {
            rule: rule.id.to_string(),
            from,
            to: from,
            data_from,
            devices: cast.iter().filter(|(device, _)| rule.is_for(device)).count(),
            firings: 0,
            in_hours: 0,
            told: BTreeMap::new(),
            by_device: BTreeMap::new(),
            listed: Vec::new(),
        };
        Ok(Self {
            trial: Trial::new(rules, board, hours, stage.policy.clone()),
            devices: cast.iter().map(|(device, _)| device.id.clone()).collect(),
            zones: cast.into_iter().map(|(device, _)| (device.id.clone(), device)).collect(),
            data_from,
            step_ms,
            next_tick: start,
            open: BTreeMap::new(),
            hours: stage.hours.clone(),
            rehearsed,
        })
    }

    /// Plays what was said in a part of the span; how many readings that were.
    fn chunk(
        &mut self,
        stage: &Stage,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<usize, RehearsalError> {
        let mut records: Vec<Record> = Vec::new();
        for device in &self.devices {
            let mut take = |reading: &Reading| records.push(Record::Reading(reading.clone()));
            stage.history.walk_blocking(device, from, to, &mut take)?;
        }
        let ours = |link: &Link| self.devices.contains(&link.device);
        let links = stage.archive.links(from, to)?.into_iter();
        let links = links.filter(|link| link.time >= from && ours(link));
        records.extend(links.map(Record::Link));
        records.sort_by_key(time_of);
        for record in &records {
            self.clock(time_of(record));
            let transitions = self.trial.take(record);
            self.note(transitions);
        }
        self.clock(to);
        Ok(records.len())
    }

    /// Lets the time pass up to this moment.
    fn clock(&mut self, now: Timestamp) {
        while self.next_tick <= now {
            let transitions = self.trial.tick(self.next_tick, &[]);
            self.note(transitions);
            self.next_tick = self.next_tick.plus_ms(self.step_ms);
        }
    }

    fn note(&mut self, transitions: Vec<Transition>) {
        for transition in transitions {
            let (id, alert) = (transition.alert.id.clone(), Arc::new(transition.alert));
            if transition.change == Change::Resolved {
                self.open.remove(&id);
                let to = alert.resolved;
                self.fired(&alert, to);
            } else {
                self.open.insert(id, alert);
            }
        }
    }

    fn fired(&mut self, alert: &Alert, to: Option<Timestamp>) {
        let done = &mut self.rehearsed;
        if to.is_some_and(|to| to < done.from) {
            return; // before the span
        }
        let device = alert.device.as_ref().and_then(|id| self.zones.get(id));
        let zone = device.and_then(|device| self.hours.zone(&device.zone));
        let in_hours = zone.is_some_and(|zone| zone.calendar.is_open(alert.raised));
        done.firings += 1;
        done.in_hours += usize::from(in_hours);
        for channel in &alert.told {
            *done.told.entry(channel.clone()).or_default() += 1;
        }
        if let Some(id) = &alert.device {
            let lasted_ms = to.unwrap_or(self.next_tick).since_ms(alert.raised);
            let (count, longest_ms) = done.by_device.entry(id.clone()).or_default();
            (*count, *longest_ms) = (*count + 1, lasted_ms.max(*longest_ms));
        }
        if done.listed.len() < LISTED_MAX {
            done.listed.push(Firing {
                device: alert.device.clone(),
                from: alert.raised,
                to,
                severity: alert.severity,
                text: alert.text.clone(),
                in_hours,
                told: alert.told.clone(),
            });
        }
    }

    fn end(mut self, to: Timestamp) -> Rehearsed {
        for alert in std::mem::take(&mut self.open).into_values() {
            self.fired(&alert, None);
        }
        let mut done = self.rehearsed;
        done.listed.sort_by_key(|firing| firing.from);
        Rehearsed { to, ..done }
    }
}

fn time_of(record: &Record) -> Timestamp {
    match record {
        Record::Reading(reading) => reading.time,
        Record::Link(link) => link.time,
        Record::Event(event) => event.time,
    }
}
