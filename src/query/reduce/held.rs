//! Functions that hold values of the bucket: sets, ranks, and those that sort.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::value::{Cell, Value};
use super::{Key, Often, Point, State};

impl State {
    /// Holds a value and says how many more are held than before.
    pub(super) fn hold(&mut self, time: i64, value: Value, plain: &dyn Fn() -> Vec<Cell>) -> usize {
        let point = || Point { time, value: Some(value), plain: plain() };
        match self {
            Self::Set { values, .. } | Self::Mode(values) => {
                let before = values.len();
                let often = Often { count: 0, first: time, last: time };
                let often = values.entry(key(value)).or_insert(often);
                often.count += 1;
                often.first = often.first.min(time);
                often.last = often.last.max(time);
                values.len() - before
            }
            Self::Median(values) => {
                values.push(value.number().unwrap_or(0.0));
                1
            }
            Self::Percentile(_, points, cells) => {
                let plain = plain();
                let held = 1 + plain.len();
                points.push((value, time, u32::try_from(points.len()).unwrap_or(u32::MAX)));
                cells.extend(plain);
                held
            }
            Self::Top(wanted, best, number) => {
                *number += 1;
                let rank = (key(value), Reverse(time), Reverse(*number));
                let full = best.len() >= *wanted;
                if full && best.first_key_value().is_some_and(|(worst, _)| *worst > rank) {
                    return 0;
                }
                best.insert(rank, point());
                usize::from(!full || best.pop_first().is_none())
            }
            Self::Bottom(wanted, best, number) => {
                *number += 1;
                let rank = (key(value), time, *number);
                let full = best.len() >= *wanted;
                if full && best.last_key_value().is_some_and(|(worst, _)| *worst < rank) {
                    return 0;
                }
                best.insert(rank, point());
                usize::from(!full || best.pop_last().is_none())
            }
            _ => 0,
        }
    }

    /// What a holding function makes of its values.
    pub(super) fn release(self, start: i64, descending: bool) -> Vec<Point> {
        let one = |value| vec![Point::new(start, Some(value))];
        match self {
            Self::Set { values, counted: true } => {
                one(Value::Integer(i64::try_from(values.len()).unwrap_or(i64::MAX)))
            }
            Self::Set { values, .. } => seen(values, descending)
                .into_iter()
                .map(|value| Point::new(start, Some(value)))
                .collect(),
            Self::Mode(values) => mode(values).map(one).unwrap_or_default(),
            Self::Median(values) => median(values).map(one).unwrap_or_default(),
            Self::Percentile(percent, points, cells) => {
                percentile(percent, points, &cells).into_iter().collect()
            }
            Self::Top(_, best, _) => in_time(best.into_values().rev().collect()),
            Self::Bottom(_, best, _) => in_time(best.into_values().collect()),
            _ => Vec::new(),
        }
    }
}

/// Each value once, in the order of time in which the answer's order meets them first.
fn seen(values: BTreeMap<Key, Often>, descending: bool) -> Vec<Value> {
    let mut values: Vec<(Key, Often)> = values.into_iter().collect();
    values.sort_by_key(|(_, often)| if descending { often.last } else { often.first });
    values.into_iter().map(|(Key(value), _)| value).collect()
}

/// Minus nothing is nothing.
fn key(value: Value) -> Key {
    Key(match value {
        Value::Float(0.0) => Value::Float(0.0),
        other => other,
    })
}

fn in_time(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by_key(|point| point.time);
    points
}

/// The most frequent value. Of two that are equally frequent the larger one wins if it came before
/// the other came last, as in InfluxDB; if none comes again, the smallest. No beats yes.
fn mode(values: BTreeMap<Key, Often>) -> Option<Value> {
    let mut best: Option<(Value, Often)> = None;
    for (Key(value), often) in values {
        let wins = best.is_none_or(|(_, best)| {
            often.count > best.count
                || (often.count == best.count
                    && often.count > 1
                    && often.first <= best.last
                    && !matches!(value, Value::Boolean(_)))
        });
        if wins {
            best = Some((value, often));
        }
    }
    best.map(|(value, _)| value)
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<Value> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(Value::Float(upper));
    }
    let lower = *values.get(middle.checked_sub(1)?)?;
    Some(Value::Float(lower + (upper - lower) / 2.0))
}

/// The value below which this part of the values lies; none when that is before the first.
fn percentile(percent: f64, mut points: Vec<(Value, i64, u32)>, cells: &[Cell]) -> Option<Point> {
    let width = cells.len() / points.len().max(1);
    points.sort_unstable_by(|a, b| a.0.order(b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // numbers of readings; a negative one becomes 0
    let rank = (points.len() as f64 * percent / 100.0 + 0.5).floor() as usize;
    let (value, time, number) = *points.get(rank.checked_sub(1)?)?;
    let plain = cells.iter().skip(usize::try_from(number).ok()? * width).take(width);
    Some(Point { time, value: Some(value), plain: plain.cloned().collect() })
}
