//! What stands between the parentheses of a function.

use super::super::ast::{Cast, Expr, What};
use super::super::error::{Instead, Place, QueryError};
use super::super::limit;
use super::super::time::SECOND;
use super::super::value::FieldType;
use super::{Aggregate, Transform};

pub(super) fn refused(what: &str, instead: Instead, place: Place) -> QueryError {
    QueryError::Refused { what: what.to_owned(), instead, place }
}

pub(super) fn field_of(
    function: &str,
    argument: Option<&Expr>,
    place: Place,
) -> Result<(String, Option<FieldType>), QueryError> {
    match argument.map(|argument| (&argument.what, argument.place)) {
        Some((What::Name(field, cast), _)) => Ok((
            field.clone(),
            match cast {
                Some(Cast::Type(kind)) => Some(*kind),
                _ => None,
            },
        )),
        Some((What::Pattern(pattern), place)) => {
            Err(refused(&format!("/{pattern}/"), Instead::FieldNames, place))
        }
        other => Err(QueryError::Argument {
            function: function.to_owned(),
            found: argument.map_or_else(|| "nothing".to_owned(), Expr::shown),
            expected: "a field",
            place: other.map_or(place, |(_, place)| place),
        }),
    }
}

/// The second argument, or why it is none.
struct Second<'a> {
    function: &'a str,
    arguments: &'a [Expr],
    place: Place,
}

impl Second<'_> {
    fn error(&self, found: Option<&Expr>, expected: &'static str) -> QueryError {
        QueryError::Argument {
            function: self.function.to_owned(),
            found: found.map_or_else(|| "nothing".to_owned(), Expr::shown),
            expected,
            place: found.map_or(self.place, |found| found.place),
        }
    }

    /// No more arguments than this.
    fn at_most(&self, count: usize) -> Result<(), QueryError> {
        match self.arguments.get(count) {
            Some(more) => Err(self.error(Some(more), "no more arguments")),
            None => Ok(()),
        }
    }

    fn unit(&self, default: i64) -> Result<i64, QueryError> {
        self.at_most(2)?;
        match self.arguments.get(1) {
            None => Ok(default),
            Some(Expr { what: What::Duration(unit), .. }) if *unit > 0 => Ok(*unit),
            other => Err(self.error(other, "a duration like 1h")),
        }
    }

    fn count(&self, least: usize, expected: &'static str) -> Result<usize, QueryError> {
        if let Some(Expr { what: What::Name(name, _), place }) = self.arguments.get(1) {
            return Err(refused(name, Instead::GroupByTag, *place));
        }
        self.at_most(2)?;
        let found = self.arguments.get(1);
        match found.map(|found| &found.what) {
            Some(What::Integer(count)) => usize::try_from(*count)
                .ok()
                .filter(|count| (least..=limit::ROWS).contains(count))
                .ok_or_else(|| self.error(found, expected)),
            _ => Err(self.error(found, expected)),
        }
    }

    fn percent(&self) -> Result<f64, QueryError> {
        self.at_most(2)?;
        let found = self.arguments.get(1);
        #[allow(clippy::cast_precision_loss)] // up to 100
        let percent = match found.map(|found| &found.what) {
            Some(What::Integer(percent)) => *percent as f64,
            Some(What::Number(percent)) => *percent,
            _ => return Err(self.error(found, "a number from 0 to 100")),
        };
        let fits = (0.0..=100.0).contains(&percent);
        if fits { Ok(percent) } else { Err(self.error(found, "a number from 0 to 100")) }
    }
}

pub(super) fn transform(
    name: &str,
    arguments: &[Expr],
    every: Option<i64>,
    place: Place,
) -> Result<Option<Transform>, QueryError> {
    let second = Second { function: name, arguments, place };
    let non_negative = name.starts_with("non_negative_");
    Ok(Some(match name {
        "derivative" | "non_negative_derivative" => {
            Transform::Derivative { unit: second.unit(every.unwrap_or(SECOND))?, non_negative }
        }
        "difference" | "non_negative_difference" => {
            second.at_most(1)?;
            Transform::Difference { non_negative }
        }
        "cumulative_sum" => {
            second.at_most(1)?;
            Transform::CumulativeSum
        }
        "moving_average" => {
            Transform::MovingAverage(second.count(2, "a whole number of at least 2")?)
        }
        "elapsed" => Transform::Elapsed(second.unit(1)?),
        _ => return Ok(None),
    }))
}

pub(super) fn aggregate(
    name: &str,
    arguments: &[Expr],
    place: Place,
) -> Result<Aggregate, QueryError> {
    let second = Second { function: name, arguments, place };
    let plain = match name {
        "percentile" => return second.percent().map(Aggregate::Percentile),
        "top" => return second.count(1, "a whole number of at least 1").map(Aggregate::Top),
        "bottom" => return second.count(1, "a whole number of at least 1").map(Aggregate::Bottom),
        "integral" => return second.unit(SECOND).map(Aggregate::Integral),
        "count" => match arguments.first().map(|first| &first.what) {
            Some(What::Call(inner, _)) if inner == "distinct" => Aggregate::CountDistinct,
            _ => Aggregate::Count,
        },
        "sum" => Aggregate::Sum,
        "mean" => Aggregate::Mean,
        "median" => Aggregate::Median,
        "mode" => Aggregate::Mode,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "first" => Aggregate::First,
        "last" => Aggregate::Last,
        "spread" => Aggregate::Spread,
        "stddev" => Aggregate::Stddev,
        "distinct" => Aggregate::Distinct,
        _ => return Err(refused(name, Instead::Functions, place)),
    };
    second.at_most(1)?;
    Ok(plain)
}
