//! Amounts that add up exactly.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use serde::{Deserialize, Serialize};

/// Largest register value that is exact in thousandths, in the register's unit: 9 TWh.
const REGISTER_MAX: f64 = 9.0e12;

/// A quantity in whole thousandths of its unit: mWh of an electricity or heat meter in Wh, litres of a
/// water or gas meter in m³.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From thousandths.
    #[must_use]
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// What a register shows, rounded to thousandths of its unit; `None` for what no register shows.
    #[must_use]
    pub fn of_register(value: f64) -> Option<Self> {
        #[allow(clippy::cast_possible_truncation)] // checked
        (value.abs() <= REGISTER_MAX).then(|| Self((value * 1_000.0).round() as i64))
    }

    /// Thousandths of the unit.
    #[must_use]
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// In the unit of the register; exact up to 9 · 10¹² of it.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // see there
    pub fn units(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Amount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Amount {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Shares an amount out by weights, none of them negative; the parts add up to the amount exactly. With
/// no weight at all everything goes to the last part; with no part nothing is shared.
#[must_use]
pub fn share(amount: Amount, weights: &[f64]) -> Vec<Amount> {
    let whole: f64 = weights.iter().sum();
    let (mut weight, mut given) = (0.0, Amount::ZERO);
    let part = |(place, own): (usize, &f64)| {
        weight += own;
        let due = if place + 1 == weights.len() {
            amount
        } else if whole > 0.0 {
            scaled(amount, weight / whole)
        } else {
            Amount::ZERO
        };
        let part = due - given;
        given = due;
        part
    };
    weights.iter().enumerate().map(part).collect()
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // rounded on purpose
fn scaled(amount: Amount, share: f64) -> Amount {
    Amount((amount.0 as f64 * share.clamp(0.0, 1.0)).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole() {
        let shared = |amount: i64, weights: &[f64]| -> Vec<i64> {
            let parts = share(Amount::from_thousandths(amount), weights);
            parts.into_iter().map(Amount::thousandths).collect()
        };
        assert_eq!(shared(10, &[1.0, 1.0, 1.0]), [3, 4, 3]);
        assert_eq!(shared(-10, &[1.0, 1.0, 1.0]), [-3, -4, -3]);
        assert_eq!(shared(7, &[0.0, 0.0]), [0, 7]);
        assert_eq!(shared(7, &[0.0, 3.0, 0.0]), [0, 7, 0]);
        assert_eq!(shared(7, &[]), [0_i64; 0]);
    }

    #[test]
    fn what_a_register_shows_is_exact() {
        let amount = |value: f64| Amount::of_register(value).map(Amount::thousandths);
        assert_eq!(amount(123_456.7), Some(123_456_700));
        assert_eq!(amount(0.1 + 0.2), Some(300));
        assert_eq!(amount(42_949_672_959.99), Some(42_949_672_959_990));
        assert_eq!(amount(f64::NAN), None);
        assert_eq!(amount(1e15), None);
    }
}
