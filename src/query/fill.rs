//! What stands in the buckets in which there was no value.

use super::ast::Fill;
use super::buckets::Buckets;
use super::error::QueryError;
use super::function::Aggregate;
use super::reduce::Point;
use super::value::{FieldType, Value};

/// Fills the gaps between points, which are in the order of the answer. Without a first moment the
/// first bucket is that of the first value.
pub(crate) fn fill(
    fill: Fill,
    aggregate: Aggregate,
    points: Vec<Point>,
    buckets: &Buckets,
    (start, end): (Option<i64>, i64),
    descending: bool,
    most: usize,
) -> Result<Vec<Point>, QueryError> {
    // An empty bucket counts nothing.
    let counts = matches!(aggregate, Aggregate::Count | Aggregate::CountDistinct);
    let fill = if counts && fill == Fill::Null { Fill::Number(0.0) } else { fill };
    let Some(first) = points.iter().map(|point| point.time).min() else { return Ok(points) };
    if fill == Fill::None {
        return Ok(points);
    }
    let mut starts = buckets.starts(start.unwrap_or(first), end, most)?;
    if descending {
        starts.reverse();
    }
    let kind = points.iter().find_map(|point| point.value).map(Value::kind);
    let mut filled: Vec<Point> = Vec::with_capacity(starts.len());
    let mut rest = points.into_iter().peekable();
    let mut known = None;
    for start in starts {
        let mut any = false;
        let due = |point: &Point| point.time == start || (point.time > start) == descending;
        while let Some(point) = rest.next_if(due) {
            any |= point.time == start;
            known = Some(Point::new(point.time, point.value));
            filled.push(point);
        }
        if !any {
            let value = match fill {
                Fill::Previous => filled.last().and_then(|before| before.value),
                Fill::Linear => linear(known.as_ref(), rest.peek(), start, buckets.every()),
                Fill::Number(number) => Some(typed(number, kind)),
                Fill::Null | Fill::None => None,
            };
            filled.push(Point::new(start, value));
        }
    }
    filled.extend(rest);
    Ok(filled)
}

/// A number in the type of the other values.
pub(crate) fn typed(number: f64, kind: Option<FieldType>) -> Value {
    let value = Value::Float(number);
    kind.and_then(|kind| value.cast(kind)).unwrap_or(value)
}

/// On the line between the value before and the next, bucket by bucket; none where one is missing.
#[allow(clippy::cast_precision_loss)] // numbers of buckets
fn linear(before: Option<&Point>, next: Option<&Point>, time: i64, every: i64) -> Option<Value> {
    let (before, next) = (before?, next?);
    let (from, to) = (before.value?.number()?, next.value?.number()?);
    let bucket = |time: i64| time.div_euclid(every);
    let slope = (to - from) / (bucket(next.time) - bucket(before.time)) as f64;
    let since = (bucket(time) - bucket(before.time)) as f64;
    Some(typed(slope * since + from, before.value.map(Value::kind)))
}

#[cfg(test)]
mod tests {
    use super::super::ast::Interval;
    use super::*;

    fn of(
        with: Fill,
        aggregate: Aggregate,
        start: Option<i64>,
        descending: bool,
    ) -> Vec<Option<i64>> {
        let mut points =
            vec![Point::new(10, Some(Value::Integer(4))), Point::new(30, Some(Value::Integer(9)))];
        if descending {
            points.reverse();
        }
        let buckets = Buckets::new(Interval { every: 10, offset: 0 }, None);
        let filled = fill(with, aggregate, points, &buckets, (start, 45), descending, 9).unwrap();
        let whole = |point: Point| match point.value {
            Some(Value::Integer(number)) => Some(number),
            _ => None,
        };
        filled.into_iter().map(whole).collect()
    }

    #[test]
    fn gaps_are_filled() {
        let all = Some(0);
        for (with, start, descending, expected) in [
            (Fill::None, all, false, vec![Some(4), Some(9)]),
            (Fill::Null, None, false, vec![Some(4), None, Some(9), None]),
            (Fill::Null, all, false, vec![None, Some(4), None, Some(9), None]),
            (Fill::Previous, all, false, vec![None, Some(4), Some(4), Some(9), Some(9)]),
            (Fill::Previous, all, true, vec![None, Some(9), Some(9), Some(4), Some(4)]),
            (Fill::Linear, all, false, vec![None, Some(4), Some(6), Some(9), None]),
            (Fill::Number(1.9), all, false, vec![Some(1), Some(4), Some(1), Some(9), Some(1)]),
        ] {
            assert_eq!(of(with, Aggregate::Sum, start, descending), expected, "{with:?}");
        }
        let counts = of(Fill::Null, Aggregate::Count, None, false);
        assert_eq!(counts, [Some(4), Some(0), Some(9), Some(0)]);
    }
}
