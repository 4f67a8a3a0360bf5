//! What is remembered of one machine: its starts, whom it served, what it used and how it was.
//! Small, so that it can be kept whole with every snapshot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::model::Timestamp;

use super::condition::{Condition, Stretch};
use super::usage::Count;

/// An hour, and the grain in which visitors are counted.
const HOUR_MS: i64 = 3600 * 1000;
const GRAIN_MS: i64 = 60 * 1000;
/// A longer time without a look is one in which nobody looked.
const AWAY_MS: i64 = 60 * 1000;
/// What is kept of the past: two months and a bit for the figures of the last month.
const KEPT_MS: i64 = 70 * 24 * HOUR_MS;
/// Changes of condition that are kept: hundreds a day are a machine that flaps.
const STORY_MAX: usize = 20_000;
/// More starts between two looks cannot be.
const STARTS_AT_ONCE: u64 = 3;
/// Days of use that are kept, and refills.
const DAYS_MAX: usize = 60;
const REFILLS_MAX: usize = 20;

/// What a machine says at a look.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Look {
    pub(super) condition: Option<Condition>,
    pub(super) boots: Option<u64>,
    pub(super) served: Option<u64>,
    /// By supply: what is left, and a counter of its use.
    pub(super) supplies: BTreeMap<&'static str, (Option<u64>, Option<u64>)>,
}

/// The memory of one consumable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    left: Option<u64>,
    counter: Option<u64>,
    used: u64,
    /// Time and total, the last of each day, after the very first.
    days: Vec<(i64, u64)>,
    refills: Vec<i64>,
}

/// The memory of one machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ledger {
    boots: Option<u64>,
    starts: Vec<i64>,
    served: Option<u64>,
    /// Minute and visitors, of the last hour.
    visits: Vec<(i64, u64)>,
    /// Since when visitors are counted without a gap.
    counted_since: Option<i64>,
    /// From when, and the condition's place in [`Condition::ALL`].
    story: Vec<(i64, u8)>,
    looked: Option<i64>,
    supplies: BTreeMap<String, Usage>,
}

impl Ledger {
    /// Takes a look at `now`.
    pub(super) fn take(&mut self, look: &Look, calendar: &Calendar, now: Timestamp) {
        let now_ms = now.ms();
        // A clock that was set back begins anew; the past stands.
        let away = self.looked.is_none_or(|looked| !(0..=AWAY_MS).contains(&(now_ms - looked)));
        self.conditions(look.condition, away, now_ms);
        if let Some(boots) = look.boots {
            let before = self.boots.replace(boots);
            let started = before.filter(|before| boots > *before).map_or(0, |b| boots - b);
            // Those of a time in which nobody looked happened at no known moment, and a counter that
            // leaps is another computer's.
            let started = if started > STARTS_AT_ONCE { 1 } else { started };
            self.starts.extend((0..started).filter(|_| !away).map(|_| now_ms));
        }
        self.starts.retain(|at| (0..HOUR_MS).contains(&(now_ms - at)));
        self.visitors(look.served, away, now_ms);
        for (name, (left, counter)) in &look.supplies {
            let usage = self.supplies.entry((*name).to_owned()).or_default();
            usage.take(*left, *counter, calendar, now);
        }
        self.looked = Some(now_ms);
    }

    fn conditions(&mut self, condition: Option<Condition>, away: bool, now_ms: i64) {
        let code = |condition: Condition| {
            let place = Condition::ALL.iter().position(|known| *known == condition);
            place.and_then(|place| u8::try_from(place).ok()).unwrap_or_default()
        };
        if away && let Some(looked) = self.looked.filter(|looked| *looked < now_ms) {
            self.story.push((looked, code(Condition::Unknown)));
        }
        let Some(condition) = condition else { return };
        if self.story.last().is_none_or(|(_, last)| *last != code(condition)) {
            self.story.push((now_ms, code(condition)));
        }
        // The one before the limit says how it was at the limit.
        let old = self.story.partition_point(|(from, _)| *from < now_ms - KEPT_MS);
        let surplus = self.story.len().saturating_sub(STORY_MAX);
        self.story.drain(..old.saturating_sub(1).max(surplus));
    }

    fn visitors(&mut self, served: Option<u64>, away: bool, now_ms: i64) {
        let Some(served) = served else { return };
        let before = self.served.replace(served);
        if away || before.is_none() {
            self.counted_since = Some(now_ms);
        }
        let new = before.filter(|before| served > *before).map_or(0, |before| served - before);
        let minute = now_ms.div_euclid(GRAIN_MS);
        match self.visits.last_mut().filter(|(last, _)| *last == minute) {
            Some((_, count)) => *count += new,
            None if new > 0 => self.visits.push((minute, new)),
            None => {}
        }
        self.visits.retain(|(at, _)| (0..=HOUR_MS / GRAIN_MS).contains(&(minute - at)));
    }

    /// Starts within the last hour.
    pub(super) fn starts(&self) -> usize {
        self.starts.len()
    }

    /// Visitors of the last hour, if it was counted whole.
    pub(super) fn visitors_of_the_hour(&self, now: Timestamp) -> Option<u64> {
        let whole = self.counted_since.is_some_and(|since| now.ms() - since >= HOUR_MS);
        whole.then(|| self.visits.iter().map(|(_, count)| count).sum())
    }

    /// Since when it is as it is.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.story.last().map(|(from, _)| Timestamp::from_ms(*from))
    }

    /// How it was before that.
    pub(super) fn before(&self) -> Option<Condition> {
        let (_, code) = self.story.iter().rev().nth(1)?;
        Condition::ALL.get(usize::from(*code)).copied()
    }

    /// How it was, up to `now`.
    pub(super) fn stretches(&self, now: Timestamp) -> Vec<Stretch> {
        let ends = self.story.iter().skip(1).map(|(from, _)| *from).chain([now.ms()]);
        let stretch = |((from, code), to): (&(i64, u8), i64)| {
            let condition = *Condition::ALL.get(usize::from(*code))?;
            let (from, to) = (Timestamp::from_ms(*from), Timestamp::from_ms(to));
            Some(Stretch { condition, from, to })
        };
        self.story.iter().zip(ends).filter_map(stretch).collect()
    }

    /// The memory of a supply.
    pub(super) fn usage(&self, supply: &str) -> Option<&Usage> {
        self.supplies.get(supply)
    }
}

impl Usage {
    fn take(
        &mut self,
        left: Option<u64>,
        counter: Option<u64>,
        calendar: &Calendar,
        now: Timestamp,
    ) {
        let (left_before, counter_before) = (self.left, self.counter);
        self.left = left.or(left_before);
        self.counter = counter.or(counter_before);
        let by_counter =
            counter.zip(counter_before).map(|(now, before)| now.saturating_sub(before));
        match (left, left_before) {
            // More than before: somebody filled it.
            (Some(left), Some(before)) if left > before => {
                self.refills.push(now.ms());
                self.used += by_counter.unwrap_or(0);
            }
            (Some(left), Some(before)) => self.used += before - left,
            _ => self.used += by_counter.unwrap_or(0),
        }
        let of_today =
            |at: &(i64, u64)| calendar.date_of(Timestamp::from_ms(at.0)) == calendar.date_of(now);
        // The first stands: without it the first day's use would be unknown.
        let replace = self.days.len() > 1 && self.days.last().is_some_and(of_today);
        if replace {
            self.days.pop();
        }
        self.days.push((now.ms(), self.used));
        let surplus = self.days.len().saturating_sub(DAYS_MAX);
        self.days.drain(..surplus);
        let surplus = self.refills.len().saturating_sub(REFILLS_MAX);
        self.refills.drain(..surplus);
    }

    pub(super) fn counts(&self) -> Vec<Count> {
        let count = |(at, total): &(i64, u64)| Count { at: Timestamp::from_ms(*at), total: *total };
        self.days.iter().map(count).collect()
    }

    pub(super) fn refills(&self) -> Vec<Timestamp> {
        self.refills.iter().copied().map(Timestamp::from_ms).collect()
    }
}
