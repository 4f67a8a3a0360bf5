//! Answers a SELECT: finds its sources, makes its plan, forms the groups, and reads one after the
//! other, so that only one group is held at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Dimension, Fill, From, Interval, Measurement, Order, Select};
use super::buckets::Buckets;
use super::error::{Instead, QueryError};
use super::frame::{Common, Frame, Member};
use super::function;
use super::join;
use super::limit;
use super::plan::{Known, Plan};
use super::range::{Clock, Range, split};
use super::raw;
use super::source::{Derived, Group, Measured, Source};
use super::store::Store;
use super::time::MS;
use super::value::FieldType;

/// What a subquery takes over from the query around it.
#[derive(Debug, Clone)]
struct Outer {
    range: Range,
    interval: Option<Interval>,
    dimensions: Vec<String>,
    descending: bool,
}

/// The series of the answer.
pub(crate) fn run<S: Store>(
    store: &S,
    select: &Select,
    now: i64,
) -> Result<Vec<Group>, QueryError> {
    within(store, select, now, None)
}

fn within<S: Store>(
    store: &S,
    select: &Select,
    now: i64,
    outer: Option<&Outer>,
) -> Result<Vec<Group>, QueryError> {
    let clock = Clock { now, zone: select.zone.as_ref() };
    let (range, condition) = split(select.condition.as_ref(), clock)?;
    let mut range = outer.map_or(range, |outer| range.and(outer.range));
    // Rows of plain fields have no use for the interval of the query around.
    let around = outer.filter(|_| select.has_functions()).and_then(|outer| outer.interval);
    let interval = select.interval.or(around);
    let descending = descending(select, outer)?;
    if interval.is_some() && range.max.is_none() {
        range.max = Some(now);
    }
    let wanted = select.dimensions.iter().filter_map(|dimension| match dimension {
        Dimension::Tag(tag) => Some(tag.clone()),
        Dimension::All => None,
    });
    let mut dimensions: BTreeSet<String> = wanted.collect();
    dimensions.extend(outer.iter().flat_map(|outer| outer.dimensions.iter().cloned()));
    let reached = interval.map_or(0, |interval| reach(select, interval));
    let handed = Outer {
        range: range.wider(reached, descending),
        interval,
        dimensions: dimensions.iter().cloned().collect(),
        descending,
    };
    let sources = sources(store, select, now, &handed)?;
    let (fields, tags) = known(&sources);
    if select.dimensions.contains(&Dimension::All) {
        dimensions.extend(tags.iter().cloned());
    }
    let free: BTreeSet<String> = tags.difference(&dimensions).cloned().collect();
    let known = Known { fields: &fields, tags: &free };
    let plan = Plan::new(&select.columns, interval.map(|interval| interval.every), &known)?;
    let buckets = interval.map(|interval| Buckets::new(interval, select.zone.clone()));
    // A subquery's gaps would be passed over anyway.
    let fill = match select.fill {
        Fill::Null if outer.is_some() => Fill::None,
        fill => fill,
    };
    let common = Common {
        plan: &plan,
        condition: condition.as_ref(),
        start: range.min,
        end: range.max.unwrap_or(i64::MAX),
        span: (i64::MIN, i64::MAX),
        buckets: buckets.as_ref(),
        fill,
        descending,
        limit: select.limit,
        offset: select.offset,
    };
    let dimensions: Vec<String> = dimensions.into_iter().collect();
    read(select, common, &sources, &dimensions)
}

/// How much more the functions look at than the range, nanoseconds.
fn reach(select: &Select, interval: Interval) -> i64 {
    let columns = select.columns.iter();
    let most = columns.map(|column| function::reach(&column.expr, interval.every)).max();
    interval.every.saturating_mul(most.unwrap_or(0))
}

fn descending(select: &Select, outer: Option<&Outer>) -> Result<bool, QueryError> {
    let said = select.order.map(|(order, place)| (order == Order::Descending, place));
    match (outer.map(|outer| outer.descending), said) {
        (Some(around), Some((said, place))) if around != said => {
            let what = "ORDER BY".to_owned();
            Err(QueryError::Refused { what, instead: Instead::SameOrder, place })
        }
        (Some(around), _) => Ok(around),
        (None, said) => Ok(said.is_some_and(|(said, _)| said)),
    }
}

/// A source and when its first and last readings are.
type Sources<'a> = Vec<(Box<dyn Source + 'a>, (i64, i64))>;

/// What is read from, sorted by name.
fn sources<'a, S: Store>(
    store: &'a S,
    select: &Select,
    now: i64,
    handed: &Outer,
) -> Result<Sources<'a>, QueryError> {
    let mut sources: Sources<'a> = Vec::new();
    let mut names = BTreeSet::new();
    for from in &select.from {
        match from {
            From::Measurement(measurement) => names.extend(matching(store, measurement)?),
            From::Subquery(subquery) => {
                let mut parts: BTreeMap<String, Vec<Group>> = BTreeMap::new();
                for group in within(store, subquery, now, Some(handed))? {
                    parts.entry(group.name.clone()).or_default().push(group);
                }
                for (name, groups) in parts {
                    sources.push((Box::new(Derived::new(name, groups)), (i64::MIN, i64::MAX)));
                }
            }
        }
    }
    if let Some((oldest, newest)) = store.span_ms() {
        let span = (oldest.saturating_mul(MS), newest.saturating_mul(MS));
        for name in names {
            sources.push((Box::new(Measured::new(store, name)?), span));
        }
    }
    sources.sort_by(|a, b| a.0.name().cmp(b.0.name()));
    Ok(sources)
}

/// Names of the measurements that are meant, sorted.
pub(crate) fn matching<S: Store>(
    store: &S,
    measurement: &Measurement,
) -> Result<Vec<String>, QueryError> {
    if let Some(database) = &measurement.database
        && database != store.database()
    {
        return Err(QueryError::Database(database.clone()));
    }
    if let Some(policy) = &measurement.policy
        && policy != super::POLICY
    {
        return Err(QueryError::RetentionPolicy(policy.clone()));
    }
    let names = store.measurements().into_iter();
    Ok(names.filter(|name| measurement.which.is(name)).collect())
}

fn known(sources: &Sources<'_>) -> (BTreeMap<String, FieldType>, BTreeSet<String>) {
    let (mut fields, mut tags) = (BTreeMap::new(), BTreeSet::new());
    for (source, _) in sources {
        for (name, kind) in source.fields() {
            fields.entry(name.clone()).or_insert(*kind);
        }
        for series in source.series() {
            tags.extend(series.tags.iter().map(|(key, _)| key.clone()));
        }
    }
    (fields, tags)
}

fn read(
    select: &Select,
    common: Common<'_>,
    sources: &Sources<'_>,
    dimensions: &[String],
) -> Result<Vec<Group>, QueryError> {
    let (mut answer, mut count) = (Vec::new(), 0);
    let most = limit::rows(common.plan.nodes.len());
    for (source, span) in sources {
        let frame = Frame::new(source.as_ref(), Common { span: *span, ..common })?;
        let groups = groups(&frame, dimensions)?.into_iter().skip(select.series_offset);
        for (values, members) in groups.take(select.series_limit.unwrap_or(usize::MAX)) {
            let mut rows = if common.plan.calls.is_empty() {
                raw::rows(&frame, &members)?
            } else {
                join::rows(&frame, &members)?
            };
            rows.truncate(
                select.limit.map_or(usize::MAX, |limit| limit.saturating_add(select.offset)),
            );
            rows.drain(..select.offset.min(rows.len()));
            if rows.is_empty() {
                continue;
            }
            count += rows.len();
            if count > most {
                return Err(QueryError::TooManyRows(most));
            }
            let name = source.name().to_owned();
            let tags = dimensions.iter().cloned().zip(values).collect();
            answer.push(Group { name, tags, columns: common.plan.names.clone(), rows });
        }
    }
    if common.descending {
        answer.reverse();
    }
    Ok(answer)
}

/// The series that can answer, by the values of the tags that are grouped by.
fn groups(
    frame: &Frame<'_>,
    dimensions: &[String],
) -> Result<BTreeMap<Vec<String>, Vec<Member>>, QueryError> {
    let mut groups: BTreeMap<Vec<String>, Vec<Member>> = BTreeMap::new();
    for series in 0..frame.source.series().len() {
        if let Some(member) = frame.member(series)? {
            let values = dimensions.iter().map(|key| frame.tag(series, key).to_owned());
            groups.entry(values.collect()).or_default().push(member);
        }
    }
    Ok(groups)
}
