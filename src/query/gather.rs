//! The functions of a SELECT over the readings of a group, each reading read once for all of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::buckets::Buckets;
use super::error::QueryError;
use super::frame::{Frame, Member};
use super::function::{Aggregate, Call};
use super::integral::Integral;
use super::limit;
use super::piece::Pieces;
use super::reduce::{Point, State};
use super::value::{Cell, Value};

/// What one function made, in the order of the answer.
pub(crate) struct Gathered {
    pub(crate) points: Vec<Point>,
    /// The first and the last moment that it looked at.
    pub(crate) range: (i64, i64),
}

/// Reads the members of a group.
pub(crate) fn gather(frame: &Frame<'_>, members: &[Member]) -> Result<Vec<Gathered>, QueryError> {
    let calls = frame.common.plan.calls.iter();
    let mut gathers: Vec<Gather<'_>> =
        calls.map(|call| Gather::new(frame, call, members.len() == 1)).collect();
    let from = gathers.iter().map(|gather| gather.reads.0).min().unwrap_or(0);
    let to = gathers.iter().map(|gather| gather.reads.1).max().unwrap_or(0);
    // Values that are held, together.
    let mut held = 0;
    for member in members {
        for gather in &mut gathers {
            gather.seen = false;
        }
        if all_are(frame, Aggregate::Last) {
            for piece in Pieces::back(frame.within_span()) {
                read(frame, member, (&mut gathers, &mut held), piece, false)?;
                if gathers.iter().all(|gather| gather.seen) {
                    break;
                }
            }
        } else {
            let until_seen = all_are(frame, Aggregate::First);
            read(frame, member, (&mut gathers, &mut held), (from, to), until_seen)?;
        }
    }
    Ok(gathers.into_iter().map(|gather| gather.end(frame.common.descending)).collect())
}

/// Whether the whole range is only asked for its first or last values.
fn all_are(frame: &Frame<'_>, aggregate: Aggregate) -> bool {
    let is = |call: &Call| call.aggregate == Some(aggregate) && call.transforms.is_empty();
    frame.common.buckets.is_none() && frame.common.plan.calls.iter().all(is)
}

fn read(
    frame: &Frame<'_>,
    member: &Member,
    (gathers, held): (&mut [Gather<'_>], &mut usize),
    range: (i64, i64),
    until_seen: bool,
) -> Result<(), QueryError> {
    let mut failed = Ok(());
    frame.scan(member, range, &mut |time, values| {
        let mut seen = true;
        for (call, gather) in gathers.iter_mut().enumerate() {
            if let Some(value) = frame.argument(call, values)
                && (gather.reads.0..=gather.reads.1).contains(&time)
            {
                let plain = || frame.plain(member.series, values);
                if let Err(error) = gather.take(time, value, &plain, held) {
                    failed = Err(error);
                    return ControlFlow::Break(());
                }
            }
            seen &= gather.seen;
        }
        if until_seen && seen { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    failed
}

/// Gathers for one function.
struct Gather<'a> {
    call: &'a Call,
    buckets: Option<&'a Buckets>,
    range: (i64, i64),
    /// The first and the last moment of readings that it takes.
    reads: (i64, i64),
    /// The time of what has none of its own.
    zero: i64,
    /// Whether the time of a picked reading is told.
    own_time: bool,
    /// Whether the plain fields of a picked reading are told.
    with_plain: bool,
    way: Way<'a>,
    /// Buckets that it may have.
    most: usize,
    /// Whether this member had a value.
    seen: bool,
}

enum Way<'a> {
    /// A state for each bucket; the one of the last reading apart, with its span.
    States(Option<((i64, i64), State)>, BTreeMap<i64, State>),
    /// Values of one series, in order.
    Flow(Integral<'a>),
    /// Values of several series, to be put in order.
    Points(Vec<(i64, Value)>),
}

impl<'a> Gather<'a> {
    fn new(frame: &Frame<'a>, call: &'a Call, one: bool) -> Self {
        let common = frame.common;
        let (mut from, mut to) = frame.range();
        if let (Some(buckets), Some(_)) = (common.buckets, common.start) {
            let reach = buckets.every().saturating_mul(call.reach());
            if common.descending {
                to = to.saturating_add(reach);
            } else {
                from = from.saturating_sub(reach);
            }
        }
        let way = match call.aggregate {
            Some(Aggregate::Integral(unit)) if one => {
                Way::Flow(Integral::new(unit, common.buckets))
            }
            Some(Aggregate::Integral(_)) | None => Way::Points(Vec::new()),
            Some(_) => Way::States(None, BTreeMap::new()),
        };
        Self {
            call,
            buckets: common.buckets,
            range: (from, to),
            reads: frame.call_reads(call, (from, to)),
            zero: common.start.unwrap_or(0),
            own_time: call.aggregate.is_some_and(Aggregate::is_ranking)
                || (common.plan.selects && common.buckets.is_none()),
            with_plain: common.plan.selects && !common.plan.refs.is_empty(),
            way,
            most: limit::buckets(common.plan.calls.len()),
            seen: false,
        }
    }

    fn take(
        &mut self,
        time: i64,
        value: Value,
        plain: &dyn Fn() -> Vec<Cell>,
        held: &mut usize,
    ) -> Result<(), QueryError> {
        self.seen = true;
        match &mut self.way {
            Way::Flow(integral) => {
                if integral.take(time, value.number().unwrap_or(0.0)) > self.most {
                    return Err(QueryError::TooManyBuckets(self.most));
                }
            }
            Way::Points(points) => {
                points.push((time, value));
                *held += 1;
            }
            Way::States(current, states) => {
                let Some(aggregate) = self.call.aggregate else { return Ok(()) };
                let inside = |(span, _): &((i64, i64), State)| (span.0..span.1).contains(&time);
                if !current.as_ref().is_some_and(inside) {
                    // The state of another bucket is laid aside.
                    if let Some((span, state)) = current.take() {
                        states.insert(span.0, state);
                    }
                    if states.len() > self.most {
                        return Err(QueryError::TooManyBuckets(self.most));
                    }
                    let span = span(self.buckets, time);
                    let state = states.remove(&span.0).or_else(|| State::new(aggregate, value));
                    *current = state.map(|state| (span, state));
                }
                if let Some((_, state)) = current {
                    let none: &dyn Fn() -> Vec<Cell> = &Vec::new;
                    let plain = if self.with_plain { plain } else { none };
                    *held += state.take(time, value, plain);
                }
            }
        }
        if *held > limit::POINTS {
            return Err(QueryError::TooManyPoints { function: self.call.name() });
        }
        Ok(())
    }

    fn end(self, descending: bool) -> Gathered {
        let range = self.range;
        let points = match self.way {
            Way::Flow(integral) => integral.end(),
            Way::Points(mut points) => {
                points.sort_by_key(|(time, _)| *time);
                if let Some(Aggregate::Integral(unit)) = self.call.aggregate {
                    let mut integral = Integral::new(unit, self.buckets);
                    for (time, value) in points {
                        integral.take(time, value.number().unwrap_or(0.0));
                    }
                    integral.end()
                } else {
                    let point = |(time, value)| Point::new(time, Some(value));
                    points.into_iter().map(point).collect()
                }
            }
            Way::States(current, mut states) => {
                states.extend(current.map(|(span, state)| (span.0, state)));
                let ended = states.into_iter().map(|(start, state)| {
                    let start = if self.buckets.is_some() { start } else { self.zero };
                    let mut points = state.end(start, descending);
                    if !self.own_time {
                        for point in &mut points {
                            point.time = start;
                        }
                    }
                    points
                });
                // The points of one bucket keep their order.
                return Gathered { points: in_order(ended.collect(), descending).concat(), range };
            }
        };
        Gathered { points: in_order(points, descending), range }
    }
}

fn in_order<T>(mut list: Vec<T>, descending: bool) -> Vec<T> {
    if descending {
        list.reverse();
    }
    list
}

/// The whole of time is one bucket where there are none.
fn span(buckets: Option<&Buckets>, time: i64) -> (i64, i64) {
    buckets.map_or((i64::MIN, i64::MAX), |buckets| buckets.span(time))
}
