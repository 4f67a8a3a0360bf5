//! Functions of a value and those before it. In descending order "before" is later, as in InfluxDB.

use std::collections::VecDeque;

use super::function::Transform;
use super::reduce::Point;
use super::value::Value;

/// Works on points in the order of the answer. Points without a value are passed over.
pub(crate) fn apply(transform: Transform, points: Vec<Point>) -> Vec<Point> {
    let values =
        points.into_iter().filter_map(|point| point.value.map(|value| (point.time, value)));
    match transform {
        Transform::CumulativeSum => {
            let sum = |sum: &mut Option<Value>, (time, value)| {
                let next = sum.map_or(value, |sum| plus(sum, value));
                *sum = Some(next);
                Some(Point::new(time, Some(next)))
            };
            values.scan(None, sum).collect()
        }
        Transform::MovingAverage(window) => moving_average(window, values),
        Transform::Elapsed(unit) => pairs(values, false, |(since, _), (time, _)| {
            Some(Value::Integer(time.saturating_sub(since) / unit))
        }),
        Transform::Difference { non_negative } => {
            pairs(values, true, |(_, before), (_, value)| keep(minus(value, before)?, non_negative))
        }
        Transform::Derivative { unit, non_negative } => {
            #[allow(clippy::cast_precision_loss)] // times of readings that follow each other
            let slope = |(since, before): (i64, Value), (time, value): (i64, Value)| {
                let units = time.saturating_sub(since).saturating_abs() as f64 / unit as f64;
                let slope = (value.number()? - before.number()?) / units;
                keep(Value::Float(slope), non_negative)
            };
            pairs(values, true, slope)
        }
    }
}

/// A point for each two that follow each other. Where several have one time, the first counts if
/// time must go on.
fn pairs(
    values: impl Iterator<Item = (i64, Value)>,
    going_on: bool,
    of: impl Fn((i64, Value), (i64, Value)) -> Option<Value>,
) -> Vec<Point> {
    let (mut before, mut points) = (None, Vec::new());
    for (time, value) in values {
        if let Some((since, known)) = before {
            if going_on && since == time {
                continue;
            }
            if let Some(made) = of((since, known), (time, value)) {
                points.push(Point::new(time, Some(made)));
            }
        }
        before = Some((time, value));
    }
    points
}

fn moving_average(window: usize, values: impl Iterator<Item = (i64, Value)>) -> Vec<Point> {
    let (mut last, mut sum, mut points) = (VecDeque::new(), 0.0, Vec::new());
    for (time, value) in values {
        let number = value.number().unwrap_or(0.0);
        last.push_back(number);
        sum += number;
        if last.len() > window {
            sum -= last.pop_front().unwrap_or(0.0);
        }
        if last.len() == window {
            #[allow(clippy::cast_precision_loss)] // a number of values
            let mean = sum / window as f64;
            points.push(Point::new(time, Some(Value::Float(mean))));
        }
    }
    points
}

fn plus(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => Value::Integer(left.wrapping_add(right)),
        (left, right) => Value::Float(left.number().unwrap_or(0.0) + right.number().unwrap_or(0.0)),
    }
}

fn minus(left: Value, right: Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => Value::Integer(left.wrapping_sub(right)),
        (left, right) => Value::Float(left.number()? - right.number()?),
    })
}

fn keep(value: Value, non_negative: bool) -> Option<Value> {
    let negative = value.number()? < 0.0;
    (!non_negative || !negative).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(transform: Transform, values: &[(i64, i64)]) -> Vec<(i64, Value)> {
        let point = |(time, value): &(i64, i64)| Point::new(*time, Some(Value::Integer(*value)));
        let points = apply(transform, values.iter().map(point).collect());
        points.into_iter().filter_map(|point| Some((point.time, point.value?))).collect()
    }

    const VALUES: [(i64, i64); 4] = [(0, 1), (10, 4), (10, 9), (30, 2)];

    #[test]
    fn differences_and_slopes() {
        let plain = Transform::Difference { non_negative: false };
        assert_eq!(of(plain, &VALUES), [(10, Value::Integer(3)), (30, Value::Integer(-2))]);
        let grown = Transform::Difference { non_negative: true };
        assert_eq!(of(grown, &VALUES), [(10, Value::Integer(3))]);
        let slope = Transform::Derivative { unit: 5, non_negative: false };
        assert_eq!(of(slope, &VALUES), [(10, Value::Float(1.5)), (30, Value::Float(-0.5))]);
        let back: Vec<_> = VALUES.into_iter().rev().collect();
        assert_eq!(of(slope, &back), [(10, Value::Float(1.75)), (0, Value::Float(-4.0))]);
    }

    #[test]
    fn sums_means_and_times() {
        let sums = of(Transform::CumulativeSum, &VALUES);
        assert_eq!(sums.last(), Some(&(30, Value::Integer(16))));
        let means = of(Transform::MovingAverage(3), &VALUES);
        assert_eq!(means.first(), Some(&(10, Value::Float(14.0 / 3.0))));
        let elapsed = of(Transform::Elapsed(5), &VALUES);
        assert_eq!(
            elapsed,
            [(10, Value::Integer(2)), (10, Value::Integer(0)), (30, Value::Integer(4))]
        );
        assert_eq!(of(Transform::CumulativeSum, &[]), []);
    }
}
