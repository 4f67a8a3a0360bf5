//! What people enter of a meter.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::energy::Amount;
use crate::model::Timestamp;

/// What was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// What the register showed at a moment; only of meters that people read.
    Shown {
        /// When.
        at_ms: i64,
        /// What, in thousandths of its unit.
        value: Amount,
        /// It is the first value of another register: the meter was changed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        first: bool,
    },
    /// What was counted from one day to another, both of them in it, that no register knows.
    Counted {
        /// First day.
        first: Date,
        /// Last day.
        last: Date,
        /// How much, in thousandths of its unit; less than nothing takes away.
        amount: Amount,
        /// Reckoned, not read.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        estimated: bool,
    },
}

/// Who took an entry back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Which one.
    pub id: u64,
    /// By whom.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub time_ms: i64,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub id: u64,
    /// Id of the meter.
    pub device: String,
    /// The point that it counts.
    pub point: String,
    /// What was entered.
    #[serde(flatten)]
    pub what: What,
    /// By whom.
    pub who: String,
    /// Why; may be empty for what a register showed.
    pub why: String,
    /// When it was entered.
    pub time_ms: i64,
}

impl Entry {
    /// What a register showed, and when.
    #[must_use]
    pub const fn shown(&self) -> Option<(Timestamp, Amount, bool)> {
        match self.what {
            What::Shown { at_ms, value, first } => Some((Timestamp::from_ms(at_ms), value, first)),
            What::Counted { .. } => None,
        }
    }
}
