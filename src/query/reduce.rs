//! The values of one bucket in one value, as they come. Only what needs all values of the bucket
//! holds them.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use super::function::Aggregate;
use super::value::{Cell, Value};

mod held;
#[cfg(test)]
mod tests;

/// A value at a time. A selector's has the plain fields of its reading with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) time: i64,
    pub(crate) value: Option<Value>,
    pub(crate) plain: Vec<Cell>,
}

impl Point {
    pub(crate) fn new(time: i64, value: Option<Value>) -> Self {
        Self { time, value, plain: Vec::new() }
    }
}

/// A value with an order, for sets and ranks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key(Value);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(other.0)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

/// How often a value came, and when first and last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Often {
    count: u64,
    first: i64,
    last: i64,
}

/// What is known of a bucket so far.
#[derive(Debug)]
pub(crate) enum State {
    Count(i64),
    Sum(Value),
    Mean {
        sum: f64,
        count: u64,
    },
    Pick(Aggregate, Option<Point>),
    Spread {
        min: Value,
        max: Value,
    },
    Deviation {
        count: u64,
        mean: f64,
        squares: f64,
    },
    /// `distinct` and `count(distinct)`.
    Set {
        values: BTreeMap<Key, Often>,
        counted: bool,
    },
    Mode(BTreeMap<Key, Often>),
    Median(Vec<f64>),
    /// Value and time, and the plain fields of all readings one after the other where wanted.
    Percentile(f64, Vec<(Value, i64, u32)>, Vec<Cell>),
    /// The best so far, the worst of them first.
    Top(usize, BTreeMap<(Key, Reverse<i64>, Reverse<u64>), Point>, u64),
    /// The same, the worst of them last.
    Bottom(usize, BTreeMap<(Key, i64, u64), Point>, u64),
}

impl State {
    /// Of a bucket whose first value is this. None for what is no function of a bucket's values.
    pub(crate) fn new(aggregate: Aggregate, first: Value) -> Option<Self> {
        Some(match aggregate {
            Aggregate::Count => Self::Count(0),
            Aggregate::Sum => Self::Sum(match first {
                Value::Integer(_) => Value::Integer(0),
                _ => Value::Float(0.0),
            }),
            Aggregate::Mean => Self::Mean { sum: 0.0, count: 0 },
            Aggregate::Min | Aggregate::Max | Aggregate::First | Aggregate::Last => {
                Self::Pick(aggregate, None)
            }
            Aggregate::Spread => Self::Spread { min: first, max: first },
            Aggregate::Stddev => Self::Deviation { count: 0, mean: 0.0, squares: 0.0 },
            Aggregate::Distinct => Self::Set { values: BTreeMap::new(), counted: false },
            Aggregate::CountDistinct => Self::Set { values: BTreeMap::new(), counted: true },
            Aggregate::Mode => Self::Mode(BTreeMap::new()),
            Aggregate::Median => Self::Median(Vec::new()),
            Aggregate::Percentile(percent) => Self::Percentile(percent, Vec::new(), Vec::new()),
            Aggregate::Top(count) => Self::Top(count, BTreeMap::new(), 0),
            Aggregate::Bottom(count) => Self::Bottom(count, BTreeMap::new(), 0),
            Aggregate::Integral(_) => return None,
        })
    }

    /// Takes a value and says how many more are held than before. `plain` tells the plain fields of
    /// its reading and is asked only when they are needed.
    pub(crate) fn take(&mut self, time: i64, value: Value, plain: &dyn Fn() -> Vec<Cell>) -> usize {
        match self {
            Self::Count(count) => *count += 1,
            Self::Sum(sum) => *sum = added(*sum, value),
            Self::Mean { sum, count } => {
                *sum += value.number().unwrap_or(0.0);
                *count += 1;
            }
            Self::Pick(aggregate, best) => {
                if best.as_ref().is_none_or(|best| is_better(*aggregate, time, value, best)) {
                    *best = Some(Point { time, value: Some(value), plain: plain() });
                }
            }
            Self::Spread { min, max } => {
                if value.order(*min) == Ordering::Less {
                    *min = value;
                }
                if value.order(*max) == Ordering::Greater {
                    *max = value;
                }
            }
            Self::Deviation { count, mean, squares } => {
                let number = value.number().unwrap_or(0.0);
                *count += 1;
                let away = number - *mean;
                #[allow(clippy::cast_precision_loss)] // numbers of readings
                let count = *count as f64;
                *mean += away / count;
                *squares += away * (number - *mean);
            }
            _ => return self.hold(time, value, plain),
        }
        0
    }

    /// The bucket's value, or its few values. `start` stands where the value has no time of its own.
    pub(crate) fn end(self, start: i64, descending: bool) -> Vec<Point> {
        let value = match self {
            Self::Count(count) => Some(Value::Integer(count)),
            Self::Sum(sum) => Some(sum),
            #[allow(clippy::cast_precision_loss)] // numbers of readings
            Self::Mean { sum, count } => Some(Value::Float(sum / count as f64)),
            Self::Pick(_, best) => return best.into_iter().collect(),
            Self::Spread { min, max } => Some(match (min, max) {
                (Value::Integer(min), Value::Integer(max)) => Value::Integer(max.wrapping_sub(min)),
                (min, max) => {
                    Value::Float(max.number().unwrap_or(0.0) - min.number().unwrap_or(0.0))
                }
            }),
            // Of a single value it is no number.
            Self::Deviation { count: 0 | 1, .. } => Some(Value::Float(f64::NAN)),
            #[allow(clippy::cast_precision_loss)] // numbers of readings
            Self::Deviation { count, squares, .. } => {
                Some(Value::Float((squares / (count - 1) as f64).sqrt()))
            }
            other => return other.release(start, descending),
        };
        vec![Point::new(start, value)]
    }
}

fn added(sum: Value, value: Value) -> Value {
    match (sum, value) {
        (Value::Integer(sum), Value::Integer(value)) => Value::Integer(sum.wrapping_add(value)),
        (sum, value) => Value::Float(sum.number().unwrap_or(0.0) + value.number().unwrap_or(0.0)),
    }
}

/// Among equals `min` and `max` take the earliest, `first` and `last` the largest; only a first yes
/// or no is rather a no.
fn is_better(aggregate: Aggregate, time: i64, value: Value, best: &Point) -> bool {
    let order = best.value.map_or(Ordering::Greater, |best| value.order(best));
    let larger = if matches!((aggregate, value), (Aggregate::First, Value::Boolean(_))) {
        Ordering::Less
    } else {
        Ordering::Greater
    };
    match aggregate {
        Aggregate::Min => (order, time.cmp(&best.time)) < (Ordering::Equal, Ordering::Equal),
        Aggregate::Max => {
            (order.reverse(), time.cmp(&best.time)) < (Ordering::Equal, Ordering::Equal)
        }
        Aggregate::First => time < best.time || (time == best.time && order == larger),
        _ => time > best.time || (time == best.time && order == larger),
    }
}
