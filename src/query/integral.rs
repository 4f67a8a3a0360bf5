//! The area under a field over time, by trapezia, shared out at the edges of the buckets.

use super::buckets::Buckets;
use super::reduce::Point;
use super::value::Value;

/// Gathers values in the order of time.
#[derive(Debug)]
pub(crate) struct Integral<'a> {
    unit: f64,
    buckets: Option<&'a Buckets>,
    before: Option<(i64, f64)>,
    /// The bucket of the sum, as far as there are buckets.
    bucket: (i64, i64),
    sum: f64,
    points: Vec<Point>,
}

impl<'a> Integral<'a> {
    pub(crate) fn new(unit: i64, buckets: Option<&'a Buckets>) -> Self {
        #[allow(clippy::cast_precision_loss)] // a unit of time
        let unit = unit as f64;
        Self { unit, buckets, before: None, bucket: (0, i64::MAX), sum: 0.0, points: Vec::new() }
    }

    /// Takes the next value and says how many buckets are done.
    pub(crate) fn take(&mut self, time: i64, value: f64) -> usize {
        let Some((mut since, mut from)) = self.before.replace((time, value)) else {
            self.enter(time);
            return 0;
        };
        // Of several values at one time the last one counts.
        if since == time {
            return self.points.len();
        }
        if self.buckets.is_some() && time >= self.bucket.1 {
            let edge = self.bucket.1;
            let share = self.over(since, edge) / self.over(since, time);
            let at_edge = from + (value - from) * share;
            self.sum += 0.5 * (from + at_edge) * self.over(since, edge);
            self.points.push(Point::new(self.bucket.0, Some(Value::Float(self.sum))));
            self.sum = 0.0;
            (since, from) = (edge, at_edge);
            self.enter(time);
        }
        self.sum += 0.5 * (from + value) * self.over(since, time);
        self.points.len()
    }

    fn enter(&mut self, time: i64) {
        if let Some(buckets) = self.buckets {
            self.bucket = buckets.span(time);
        }
    }

    #[allow(clippy::cast_precision_loss)] // times of readings that follow each other
    fn over(&self, from: i64, to: i64) -> f64 {
        to.saturating_sub(from) as f64 / self.unit
    }

    /// One value for each bucket. The last bucket has none if only its first moment was seen.
    pub(crate) fn end(mut self) -> Vec<Point> {
        if let Some((last, _)) = self.before
            && last != self.bucket.0
        {
            self.points.push(Point::new(self.bucket.0, Some(Value::Float(self.sum))));
        }
        self.points
    }
}

#[cfg(test)]
mod tests {
    use super::super::ast::Interval;
    use super::*;

    fn over(values: &[(i64, f64)], every: Option<i64>) -> Vec<(i64, Option<Value>)> {
        let buckets = every.map(|every| Buckets::new(Interval { every, offset: 0 }, None));
        let mut integral = Integral::new(1, buckets.as_ref());
        for (time, value) in values {
            integral.take(*time, *value);
        }
        integral.end().into_iter().map(|point| (point.time, point.value)).collect()
    }

    #[test]
    fn areas_are_shared_out_at_the_edges() {
        let values = [(0, 1.0), (5, 1.0), (15, 3.0), (20, 3.0)];
        assert_eq!(over(&values, None), [(0, Some(Value::Float(40.0)))]);
        let expected = [(0, Some(Value::Float(12.5))), (10, Some(Value::Float(27.5)))];
        assert_eq!(over(&values, Some(10)), expected);
        assert_eq!(over(&values[..1], Some(10)), []);
        assert_eq!(over(&[], None), []);
    }
}
