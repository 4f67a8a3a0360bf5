//! What a WHERE says about time, apart from what it says about tags and fields.

use jiff::tz::TimeZone;

use super::ast::{Expr, Operator, What};
use super::error::{Instead, Place, QueryError};
use super::time;

/// From when until when, both included, nanoseconds. What is not said is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Range {
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
}

impl Range {
    fn from(&mut self, min: i64) {
        self.min = Some(self.min.map_or(min, |known| known.max(min)));
    }

    fn until(&mut self, max: i64) {
        self.max = Some(self.max.map_or(max, |known| known.min(max)));
    }

    /// The range and what comes before it in the order of the answer.
    pub(crate) fn wider(mut self, by: i64, descending: bool) -> Self {
        if descending {
            self.max = self.max.map(|max| max.saturating_add(by));
        } else {
            self.min = self.min.map(|min| min.saturating_sub(by));
        }
        self
    }

    /// What is in both.
    pub(crate) fn and(mut self, other: Self) -> Self {
        if let Some(min) = other.min {
            self.from(min);
        }
        if let Some(max) = other.max {
            self.until(max);
        }
        self
    }
}

/// What a time in a query is told from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock<'a> {
    pub(crate) now: i64,
    pub(crate) zone: Option<&'a TimeZone>,
}

/// The range of time, and what else is asked.
pub(crate) fn split(
    condition: Option<&Expr>,
    clock: Clock<'_>,
) -> Result<(Range, Option<Expr>), QueryError> {
    let mut range = Range::default();
    let rest = condition.map(|expr| walk(expr, clock, &mut range)).transpose()?;
    Ok((range, rest.flatten()))
}

fn walk(expr: &Expr, clock: Clock<'_>, range: &mut Range) -> Result<Option<Expr>, QueryError> {
    if let What::Binary(operator, sides) = &expr.what {
        let (left, right) = (&sides.0, &sides.1);
        if *operator == Operator::And {
            let left = walk(left, clock, range)?;
            let right = walk(right, clock, range)?;
            return Ok(match (left, right) {
                (Some(left), Some(right)) => {
                    let what = What::Binary(Operator::And, Box::new((left, right)));
                    Some(Expr { what, place: expr.place })
                }
                (left, right) => left.or(right),
            });
        }
        if left.is_time() {
            bound(*operator, value(right, clock)?, range, left.place)?;
            return Ok(None);
        }
        if right.is_time() {
            bound(operator.mirrored(), value(left, clock)?, range, right.place)?;
            return Ok(None);
        }
    }
    match time_within(expr) {
        Some(place) => Err(refused("time", place)),
        None => Ok(Some(expr.clone())),
    }
}

fn refused(what: &str, place: Place) -> QueryError {
    QueryError::Refused { what: what.to_owned(), instead: Instead::TimeBounds, place }
}

/// Where time stands in an expression.
fn time_within(expr: &Expr) -> Option<Place> {
    match &expr.what {
        What::Binary(_, sides) => time_within(&sides.0).or_else(|| time_within(&sides.1)),
        _ => expr.is_time().then_some(expr.place),
    }
}

fn bound(operator: Operator, time: i64, range: &mut Range, place: Place) -> Result<(), QueryError> {
    match operator {
        Operator::Greater => range.from(time.saturating_add(1)),
        Operator::GreaterOrEqual => range.from(time),
        Operator::Less => range.until(time.saturating_sub(1)),
        Operator::LessOrEqual => range.until(time),
        Operator::Equal => {
            range.from(time);
            range.until(time);
        }
        _ => return Err(refused(operator.sign(), place)),
    }
    Ok(())
}

/// Nanoseconds of an expression of times and durations.
fn value(expr: &Expr, clock: Clock<'_>) -> Result<i64, QueryError> {
    let error = || QueryError::Time { text: expr.shown(), place: expr.place };
    match &expr.what {
        What::Integer(ns) | What::Duration(ns) => Ok(*ns),
        #[allow(clippy::cast_possible_truncation)] // saturates, and a nanosecond has no parts
        What::Number(ns) => Ok(*ns as i64),
        What::Text(text) => time::parse(text, clock.zone).ok_or_else(error),
        What::Call(name, arguments) if name == "now" && arguments.is_empty() => Ok(clock.now),
        What::Binary(operator @ (Operator::Add | Operator::Subtract), sides) => {
            let (left, right) = (value(&sides.0, clock)?, value(&sides.1, clock)?);
            let sum = match operator {
                Operator::Add => left.checked_add(right),
                _ => left.checked_sub(right),
            };
            sum.ok_or_else(error)
        }
        _ => Err(error()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ast::Statement;
    use super::super::parser::parse;
    use super::*;

    fn of(condition: &str) -> Result<(Range, Option<Expr>), QueryError> {
        let statements = parse(&format!("SELECT a FROM b WHERE {condition}"))?;
        let [Statement::Select(select)] = statements.as_slice() else { unreachable!() };
        split(select.condition.as_ref(), Clock { now: 10_000, zone: None })
    }

    #[test]
    fn bounds_are_joined_and_the_rest_is_kept() {
        let (range, rest) =
            of("time > now() - 1u AND 'x' = c AND (time <= 9us AND d = 1)").unwrap();
        assert_eq!(range, Range { min: Some(9001), max: Some(9000) });
        assert!(matches!(rest.unwrap().what, What::Binary(Operator::And, _)));
        let (range, rest) = of("5 <= time AND time < '1970-01-01' + 7ns").unwrap();
        assert_eq!((range, rest.is_none()), (Range { min: Some(5), max: Some(6) }, true));
    }

    #[test]
    fn strange_bounds_are_refused() {
        for (text, shown) in [
            ("a = 1 OR time > 5", "`time` is not answered here at line 1, char 32"),
            ("time != 5", "`!=` is not answered here at line 1, char 23"),
            ("time > 'soon'", "`soon` is no time at line 1, char 30"),
            ("time > 9223372036854775807 + 1", "`+` is no time at line 1, char 30"),
            ("time > foo", "`foo` is no time at line 1, char 30"),
        ] {
            let found = of(text).unwrap_err().to_string();
            assert!(found.starts_with(shown), "{found}");
        }
    }
}
