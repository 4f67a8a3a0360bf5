//! The functions: which there are, and what they take.

use super::ast::{Expr, What};
use super::error::{Instead, Place, QueryError};
use super::value::FieldType;

mod arguments;

use arguments::{aggregate, field_of, refused, transform};

/// Makes one value of the values of a bucket, or a few.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aggregate {
    Count,
    CountDistinct,
    Sum,
    Mean,
    Median,
    Mode,
    Min,
    Max,
    First,
    Last,
    Spread,
    Stddev,
    Percentile(f64),
    Top(usize),
    Bottom(usize),
    /// Over time in this unit, nanoseconds.
    Integral(i64),
    Distinct,
}

/// Makes a value of each value and those before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Transform {
    Derivative { unit: i64, non_negative: bool },
    Difference { non_negative: bool },
    CumulativeSum,
    MovingAverage(usize),
    Elapsed(i64),
}

/// A function over a field, transformations outermost last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) field: String,
    pub(crate) cast: Option<FieldType>,
    pub(crate) aggregate: Option<Aggregate>,
    pub(crate) transforms: Vec<Transform>,
}

impl Aggregate {
    /// InfluxQL's name of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Count | Self::CountDistinct => "count",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Mode => "mode",
            Self::Min => "min",
            Self::Max => "max",
            Self::First => "first",
            Self::Last => "last",
            Self::Spread => "spread",
            Self::Stddev => "stddev",
            Self::Percentile(_) => "percentile",
            Self::Top(_) => "top",
            Self::Bottom(_) => "bottom",
            Self::Integral(_) => "integral",
            Self::Distinct => "distinct",
        }
    }

    /// Whether its value is one of the field's, with a time of its own.
    pub(crate) fn is_selector(self) -> bool {
        matches!(self, Self::Min | Self::Max | Self::First | Self::Last | Self::Percentile(_))
            || self.is_ranking()
    }

    /// Whether it answers with the best few.
    pub(crate) fn is_ranking(self) -> bool {
        matches!(self, Self::Top(_) | Self::Bottom(_))
    }

    /// Whether it must be alone in its query.
    fn is_alone(self) -> bool {
        self.is_ranking() || self == Self::Distinct
    }

    /// Whether empty buckets are filled.
    pub(crate) fn is_filled(self) -> bool {
        !self.is_alone()
    }

    fn takes_booleans(self) -> bool {
        matches!(
            self,
            Self::Count
                | Self::CountDistinct
                | Self::First
                | Self::Last
                | Self::Min
                | Self::Max
                | Self::Mode
                | Self::Distinct
        )
    }
}

impl Call {
    /// Reads a function. `every` is the interval of GROUP BY time().
    pub(crate) fn read(expr: &Expr, every: Option<i64>) -> Result<Self, QueryError> {
        let What::Call(name, arguments) = &expr.what else {
            return Err(refused(&expr.shown(), Instead::Functions, expr.place));
        };
        if let Some(transform) = transform(name, arguments, every, expr.place)? {
            return Self::transformed(name, arguments, transform, every, expr.place);
        }
        let aggregate = aggregate(name, arguments, expr.place)?;
        let field = match (arguments.first().map(|first| &first.what), aggregate) {
            (Some(What::Call(inner, inner_arguments)), Aggregate::CountDistinct)
                if inner == "distinct" =>
            {
                inner_arguments.first()
            }
            _ => arguments.first(),
        };
        let (field, cast) = field_of(name, field, expr.place)?;
        Ok(Self { field, cast, aggregate: Some(aggregate), transforms: Vec::new() })
    }

    fn transformed(
        name: &str,
        arguments: &[Expr],
        transform: Transform,
        every: Option<i64>,
        place: Place,
    ) -> Result<Self, QueryError> {
        let first = arguments.first();
        let inner = first.filter(|first| matches!(first.what, What::Call(..)));
        let mut call = if let Some(inner) = inner {
            Self::read(inner, every)?
        } else {
            let (field, cast) = field_of(name, first, place)?;
            Self { field, cast, aggregate: None, transforms: Vec::new() }
        };
        match (call.aggregate, every) {
            (Some(_), None) => return Err(refused(name, Instead::Interval, place)),
            (None, Some(_)) => return Err(refused(name, Instead::AggregateInside, place)),
            (Some(alone), _) if alone.is_alone() => {
                return Err(refused(alone.name(), Instead::Alone, place));
            }
            _ => {}
        }
        call.transforms.push(transform);
        Ok(call)
    }

    /// Whether it picks a reading, so that the reading's time and other fields can be told.
    pub(crate) fn is_selector(&self) -> bool {
        self.transforms.is_empty() && self.aggregate.is_some_and(Aggregate::is_selector)
    }

    /// Whether it must be alone in its query.
    pub(crate) fn is_alone(&self) -> bool {
        self.aggregate.is_some_and(Aggregate::is_alone)
    }

    /// The outermost function's name.
    pub(crate) fn name(&self) -> &'static str {
        match (self.transforms.last(), self.aggregate) {
            (Some(transform), _) => transform.name(),
            (None, Some(aggregate)) => aggregate.name(),
            (None, None) => "",
        }
    }

    /// Intervals before the range that are read, so that the first bucket has one before it.
    pub(crate) fn reach(&self) -> i64 {
        let reaches = |transform: &&Transform| !matches!(transform, Transform::CumulativeSum);
        let each = self.transforms.iter().filter(reaches).count();
        let most = self.transforms.iter().map(|transform| match transform {
            Transform::MovingAverage(window) => *window,
            Transform::CumulativeSum => 0,
            _ => 1,
        });
        i64::try_from(each.min(most.max().unwrap_or(0))).unwrap_or(0)
    }

    /// Whether it can work on a field of this type.
    pub(crate) fn check(&self, kind: FieldType) -> Result<(), QueryError> {
        let kind = self.cast.unwrap_or(kind);
        let elapsed = |transform: &Transform| matches!(transform, Transform::Elapsed(_));
        let takes = self.aggregate.is_none_or(Aggregate::takes_booleans)
            && (self.transforms.iter().all(elapsed) || self.aggregate == Some(Aggregate::Count));
        if kind == FieldType::Boolean && !takes {
            let (function, field) = (self.name().to_owned(), self.field.clone());
            return Err(QueryError::Kind { function, field, kind: kind.name() });
        }
        Ok(())
    }
}

/// The most intervals before the range that the functions of a column read.
pub(crate) fn reach(expr: &Expr, every: i64) -> i64 {
    match &expr.what {
        What::Call(..) => Call::read(expr, Some(every)).map_or(0, |call| call.reach()),
        What::Binary(_, sides) => reach(&sides.0, every).max(reach(&sides.1, every)),
        _ => 0,
    }
}

impl Transform {
    fn name(self) -> &'static str {
        match self {
            Self::Derivative { non_negative: false, .. } => "derivative",
            Self::Derivative { non_negative: true, .. } => "non_negative_derivative",
            Self::Difference { non_negative: false } => "difference",
            Self::Difference { non_negative: true } => "non_negative_difference",
            Self::CumulativeSum => "cumulative_sum",
            Self::MovingAverage(_) => "moving_average",
            Self::Elapsed(_) => "elapsed",
        }
    }
}
