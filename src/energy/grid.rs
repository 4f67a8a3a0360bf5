//! Postings on the clock: quarter-hours, which prices, hours, days and months are made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

use super::amount::{Amount, share};
use super::follow::{Class, Posting};

/// A quarter of an hour: every zone's hours and days begin with one.
pub const SLOT_MS: i64 = 15 * 60 * 1000;

/// Amounts by class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// See [`Class::Measured`].
    pub measured: Amount,
    /// See [`Class::Recovered`].
    pub recovered: Amount,
    /// See [`Class::Estimated`].
    pub estimated: Amount,
    /// See [`Class::Manual`].
    pub manual: Amount,
}

impl Sums {
    /// Everything.
    #[must_use]
    pub fn total(&self) -> Amount {
        Class::ALL.into_iter().map(|class| self.of(class)).sum()
    }

    /// What is known in this way.
    #[must_use]
    pub const fn of(&self, class: Class) -> Amount {
        match class {
            Class::Measured => self.measured,
            Class::Recovered => self.recovered,
            Class::Estimated => self.estimated,
            Class::Manual => self.manual,
        }
    }

    /// Adds an amount.
    pub fn add(&mut self, class: Class, amount: Amount) {
        *match class {
            Class::Measured => &mut self.measured,
            Class::Recovered => &mut self.recovered,
            Class::Estimated => &mut self.estimated,
            Class::Manual => &mut self.manual,
        } += amount;
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for class in Class::ALL {
            self.add(class, other.of(class));
        }
        self
    }
}

/// What was counted in each quarter-hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grid {
    /// By the number of the quarter-hour since 1970.
    slots: BTreeMap<i64, Sums>,
}

impl Grid {
    /// Adds a posting: to its quarter-hour, or shared out over those that it touches by how much of each
    /// it takes, weighed with `weight`, which says how likely something was counted from one moment to
    /// another: for a meter `|from, to| to.since_ms(from) as f64`, for an inverter with the height of the
    /// sun. Where nothing was likely, by time alone.
    pub fn post(&mut self, posting: &Posting, weight: &dyn Fn(Timestamp, Timestamp) -> f64) {
        let (from, to) = (posting.from.min(posting.to), posting.to);
        // A posting ends before its last moment, unless it has none.
        let (first, last) = (slot_of(from), slot_of(to.plus_ms(-1).max(from)));
        if first == last {
            self.add(first, posting.class, posting.amount);
            return;
        }
        let spans = |slot: i64| (from.max(start_of(slot)), to.min(start_of(slot + 1)));
        let weighed = |weigh: &dyn Fn(Timestamp, Timestamp) -> f64| -> Vec<f64> {
            (first..=last).map(spans).map(|(from, to)| weigh(from, to)).collect()
        };
        let mut weights = weighed(weight);
        let sound = weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0);
        if !sound || weights.iter().sum::<f64>() <= 0.0 {
            weights = weighed(&by_time);
        }
        for (slot, part) in (first..=last).zip(share(posting.amount, &weights)) {
            self.add(slot, posting.class, part);
        }
    }

    /// Adds to a quarter-hour.
    pub fn add(&mut self, slot: i64, class: Class, amount: Amount) {
        if amount != Amount::ZERO {
            self.slots.entry(slot).or_default().add(class, amount);
        }
    }

    /// What was counted in `from <= time < to`, which begin with a quarter-hour.
    #[must_use]
    pub fn sums(&self, from: Timestamp, to: Timestamp) -> Sums {
        let slots = self.slots.range(slot_of(from)..slot_of(to).max(slot_of(from)));
        slots.fold(Sums::default(), |sums, (_, slot)| sums.plus(slot))
    }

    /// Every quarter-hour in which something was counted: when it begins, and what.
    pub fn slots(&self) -> impl Iterator<Item = (Timestamp, &Sums)> {
        self.slots.iter().map(|(slot, sums)| (start_of(*slot), sums))
    }

    /// Those of `from <= time < to`, which begin with a quarter-hour.
    pub fn slots_between(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, &Sums)> {
        let slots = self.slots.range(slot_of(from)..slot_of(to).max(slot_of(from)));
        slots.map(|(slot, sums)| (start_of(*slot), sums))
    }
}

/// A weight by time alone.
#[must_use]
#[allow(clippy::cast_precision_loss)] // a span of readings
pub fn by_time(from: Timestamp, to: Timestamp) -> f64 {
    to.since_ms(from) as f64
}

const fn slot_of(time: Timestamp) -> i64 {
    time.ms().div_euclid(SLOT_MS)
}

const fn start_of(slot: i64) -> Timestamp {
    Timestamp::from_ms(slot * SLOT_MS)
}
