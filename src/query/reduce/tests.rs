//! Each function over a handful of values.

use super::*;

fn over(aggregate: Aggregate, values: &[(i64, f64)]) -> Vec<(i64, Option<Value>)> {
    let mut state = State::new(aggregate, Value::Float(values[0].1)).unwrap();
    for (time, value) in values {
        state.take(*time, Value::Float(*value), &Vec::new);
    }
    state.end(-1, false).into_iter().map(|point| (point.time, point.value)).collect()
}

const VALUES: [(i64, f64); 5] = [(1, 3.0), (2, 1.0), (3, 4.0), (4, 1.0), (5, 5.0)];

#[test]
fn one_value_of_many() {
    for (aggregate, expected) in [
        (Aggregate::Sum, (-1, 14.0)),
        (Aggregate::Mean, (-1, 2.8)),
        (Aggregate::Median, (-1, 3.0)),
        (Aggregate::Mode, (-1, 1.0)),
        (Aggregate::Spread, (-1, 4.0)),
        (Aggregate::Min, (2, 1.0)),
        (Aggregate::Max, (5, 5.0)),
        (Aggregate::First, (1, 3.0)),
        (Aggregate::Last, (5, 5.0)),
        (Aggregate::Percentile(50.0), (1, 3.0)),
    ] {
        assert_eq!(over(aggregate, &VALUES), [(expected.0, Some(Value::Float(expected.1)))]);
    }
    assert_eq!(over(Aggregate::Count, &VALUES), [(-1, Some(Value::Integer(5)))]);
    assert_eq!(over(Aggregate::CountDistinct, &VALUES), [(-1, Some(Value::Integer(4)))]);
    assert!(
        matches!(over(Aggregate::Stddev, &VALUES[..1])[0].1, Some(Value::Float(v)) if v.is_nan())
    );
    assert_eq!(over(Aggregate::Percentile(0.0), &VALUES), []);
    assert!(State::new(Aggregate::Integral(1), Value::Float(0.0)).is_none());
}

#[test]
fn the_best_few_come_in_the_order_of_time() {
    let times = |aggregate| -> Vec<i64> {
        over(aggregate, &VALUES).into_iter().map(|(time, _)| time).collect()
    };
    assert_eq!(times(Aggregate::Top(2)), [3, 5]);
    assert_eq!(times(Aggregate::Bottom(3)), [1, 2, 4]);
    assert_eq!(times(Aggregate::Top(9)), [1, 2, 3, 4, 5]);
    assert_eq!(over(Aggregate::Distinct, &VALUES).len(), 4);
}

#[test]
fn only_holding_functions_hold() {
    let held = |aggregate| {
        let mut state = State::new(aggregate, Value::Float(0.0)).unwrap();
        VALUES.iter().map(|(time, v)| state.take(*time, Value::Float(*v), &Vec::new)).sum::<usize>()
    };
    assert_eq!((held(Aggregate::Mean), held(Aggregate::Stddev), held(Aggregate::Last)), (0, 0, 0));
    assert_eq!(
        (held(Aggregate::Median), held(Aggregate::Distinct), held(Aggregate::Top(2))),
        (5, 4, 2)
    );
}
