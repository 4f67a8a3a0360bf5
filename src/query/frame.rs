//! What the reading of one source has in common: the plan, the range, and which fields are read.

use super::ast::{Cast, Expr, Fill};
use super::buckets::Buckets;
use super::condition::{self, Names, Test};
use super::error::QueryError;
use super::function::Call;
use super::plan::{Plan, Ref};
use super::source::Source;
use super::value::{Cell, FieldType, Value};

/// All that is needed to read a group of series of one source.
pub(crate) struct Frame<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) common: Common<'a>,
    /// Fields that are read, in the order in which readings have them.
    fields: Vec<String>,
    refs: Vec<At>,
    calls: Vec<Option<(usize, Option<FieldType>)>>,
}

/// What is the same for all sources of a SELECT.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) condition: Option<&'a Expr>,
    /// The first moment, where it was said.
    pub(crate) start: Option<i64>,
    /// The last moment.
    pub(crate) end: i64,
    /// Nothing is older or newer than this.
    pub(crate) span: (i64, i64),
    pub(crate) buckets: Option<&'a Buckets>,
    pub(crate) fill: Fill,
    pub(crate) descending: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

/// Where a plain field or tag comes from.
#[derive(Debug, Clone)]
enum At {
    Field(usize, Option<FieldType>),
    Tag(String),
    Nowhere,
}

/// A series and what is left to test on its readings.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) series: usize,
    pub(crate) test: Test,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(source: &'a dyn Source, common: Common<'a>) -> Result<Self, QueryError> {
        let Common { plan, condition, .. } = common;
        let (fields, refs, calls) = (Vec::new(), Vec::new(), Vec::new());
        let mut frame = Self { source, common, fields, refs, calls };
        plan.check_kinds(&|name| frame.kind(name))?;
        for wanted in &plan.refs {
            let at = frame.at(wanted);
            frame.refs.push(at);
        }
        for Call { field, cast, .. } in &plan.calls {
            let at = frame.read(field).map(|at| (at, *cast));
            frame.calls.push(at);
        }
        let mut names = Vec::new();
        if let Some(condition) = condition {
            condition::names(condition, &mut names);
        }
        for name in names {
            frame.read(name);
        }
        Ok(frame)
    }

    fn at(&mut self, wanted: &Ref) -> At {
        let kind = match wanted.cast {
            Some(Cast::Tag) => return At::Tag(wanted.name.clone()),
            Some(Cast::Type(kind)) => Some(kind),
            Some(Cast::Field) | None => None,
        };
        match (self.read(&wanted.name), wanted.cast) {
            (Some(at), _) => At::Field(at, kind),
            (None, None) => At::Tag(wanted.name.clone()),
            (None, Some(_)) => At::Nowhere,
        }
    }

    fn kind(&self, field: &str) -> Option<FieldType> {
        let found = self.source.fields().iter().find(|(name, _)| name == field);
        found.map(|(_, kind)| *kind)
    }

    /// Position of a field among those that are read, after it was added; none if there is no such
    /// field.
    fn read(&mut self, field: &str) -> Option<usize> {
        self.kind(field)?;
        if let Some(at) = self.fields.iter().position(|name| name == field) {
            return Some(at);
        }
        self.fields.push(field.to_owned());
        Some(self.fields.len() - 1)
    }

    /// The series with the condition bound to it; none if no reading of it can pass.
    pub(crate) fn member(&self, series: usize) -> Result<Option<Member>, QueryError> {
        let test = match self.common.condition {
            Some(condition) => condition::bind(condition, &Bound { frame: self, series })?,
            None => Test::Known(true),
        };
        Ok(match test {
            Test::Known(false) => None,
            test => Some(Member { series, test }),
        })
    }

    /// First and last moment that are asked for.
    pub(crate) fn range(&self) -> (i64, i64) {
        (self.common.start.unwrap_or(i64::MIN), self.common.end)
    }

    /// First and last moment of the readings that count. Rows of a subquery were cut before, and may
    /// stand at the beginning of a bucket that lies before the range.
    pub(crate) fn reads(&self) -> (i64, i64) {
        if self.source.is_cut() { (i64::MIN, i64::MAX) } else { self.range() }
    }

    /// The same for a function over a range; the subquery was read for the one that reaches furthest.
    pub(crate) fn call_reads(&self, call: &Call, (from, to): (i64, i64)) -> (i64, i64) {
        let most = self.common.plan.calls.iter().map(Call::reach).max();
        match (self.source.is_cut(), self.common.buckets) {
            (true, Some(buckets)) if most > Some(call.reach()) => {
                (buckets.span(from).0, buckets.span(to).1.saturating_sub(1))
            }
            (true, _) => (i64::MIN, i64::MAX),
            (false, _) => (from, to),
        }
    }

    /// The same, as far as there are readings.
    pub(crate) fn within_span(&self) -> (i64, i64) {
        let ((from, to), (oldest, newest)) = (self.reads(), self.common.span);
        (from.max(oldest), to.min(newest))
    }

    /// A tag of a series; empty where it has none.
    pub(crate) fn tag(&self, series: usize, key: &str) -> &str {
        let tags = self.source.series().get(series).map(|series| series.tags.as_slice());
        let found = tags.unwrap_or_default().iter().find(|(name, _)| name == key);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Reads a member's readings that pass.
    pub(crate) fn scan(
        &self,
        member: &Member,
        range: (i64, i64),
        visit: &mut super::source::Visitor<'_>,
    ) -> Result<(), QueryError> {
        let range = (range.0.max(self.common.span.0), range.1.min(self.common.span.1));
        if self.fields.is_empty() || range.0 > range.1 {
            return Ok(());
        }
        self.source.scan(member.series, &self.fields, range, &mut |time, values| {
            if member.test.passes(values) {
                visit(time, values)
            } else {
                std::ops::ControlFlow::Continue(())
            }
        })
    }

    /// The value that a function works on.
    pub(crate) fn argument(&self, call: usize, values: &[Option<Value>]) -> Option<Value> {
        let (at, cast) = self.calls.get(call).copied().flatten()?;
        let value = values.get(at).copied().flatten()?;
        cast.map_or(Some(value), |kind| value.cast(kind))
    }

    /// Whether a reading has one of the plain fields.
    pub(crate) fn has_fields(&self, values: &[Option<Value>]) -> bool {
        self.refs.iter().any(|at| match at {
            At::Field(at, _) => values.get(*at).is_some_and(Option::is_some),
            At::Tag(_) | At::Nowhere => false,
        })
    }

    /// The plain fields and tags of a reading.
    pub(crate) fn plain(&self, series: usize, values: &[Option<Value>]) -> Vec<Cell> {
        let cell = |at: &At| match at {
            At::Field(at, cast) => {
                let value = values.get(*at).copied().flatten();
                value.and_then(|value| cast.map_or(Some(value), |kind| value.cast(kind))).into()
            }
            At::Tag(key) => match self.tag(series, key) {
                "" => Cell::Null,
                value => value.into(),
            },
            At::Nowhere => Cell::Null,
        };
        self.refs.iter().map(cell).collect()
    }
}

struct Bound<'a> {
    frame: &'a Frame<'a>,
    series: usize,
}

impl Names for Bound<'_> {
    fn field(&self, name: &str) -> Option<usize> {
        self.frame.fields.iter().position(|field| field == name)
    }

    fn tag(&self, name: &str) -> &str {
        self.frame.tag(self.series, name)
    }
}
