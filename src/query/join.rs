//! Rows of what the functions made: what has one time stands in one row.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::ast::Fill;
use super::error::QueryError;
use super::fill;
use super::frame::{Frame, Member};
use super::gather::{Gathered, gather};
use super::limit;
use super::math;
use super::plan::Node;
use super::reduce::Point;
use super::source::Row;
use super::transform;
use super::value::Cell;

/// The rows of a group in the order of the answer.
pub(crate) fn rows(frame: &Frame<'_>, members: &[Member]) -> Result<Vec<Row>, QueryError> {
    let mut columns: Vec<Peekable<IntoIter<Point>>> = Vec::new();
    for (call, gathered) in gather(frame, members)?.into_iter().enumerate() {
        columns.push(finished(frame, call, gathered)?.into_iter().peekable());
    }
    let mut before = Before::default();
    let most = limit::rows(frame.common.plan.nodes.len());
    let mut rows = Vec::new();
    while let Some(time) = next_time(&mut columns, frame.common.descending) {
        let mut plain = Vec::new();
        let mut cells = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter_mut().enumerate() {
            cells.push(match column.next_if(|point| point.time == time) {
                Some(point) => {
                    plain = point.plain;
                    point.value.into()
                }
                None => instead(frame, before.cells.get(at)),
            });
        }
        for at in plain.len()..frame.common.plan.refs.len() {
            plain.push(instead(frame, before.plain.get(at)));
        }
        before = Before { cells, plain };
        let nodes = frame.common.plan.nodes.iter();
        let cells = nodes.map(|node| cell(node, &before.cells, &before.plain)).collect();
        rows.push(Row { time, cells });
        if rows.len() > most {
            return Err(QueryError::TooManyRows(most));
        }
    }
    Ok(rows)
}

/// What the row before was made of.
#[derive(Default)]
struct Before {
    cells: Vec<Cell>,
    plain: Vec<Cell>,
}

/// What stands where a function has nothing at a time at which another one has.
fn instead(frame: &Frame<'_>, before: Option<&Cell>) -> Cell {
    match (frame.common.fill, frame.common.buckets) {
        (Fill::Number(number), Some(_)) => Cell::Value(fill::typed(number, None)),
        (Fill::Previous, Some(_)) => before.cloned().unwrap_or(Cell::Null),
        _ => Cell::Null,
    }
}

/// One function's points in the order of the answer, gaps filled and transformed.
fn finished(frame: &Frame<'_>, call: usize, gathered: Gathered) -> Result<Vec<Point>, QueryError> {
    let Gathered { mut points, range } = gathered;
    let Some(call) = frame.common.plan.calls.get(call) else { return Ok(points) };
    if let (Some(buckets), Some(aggregate)) = (frame.common.buckets, call.aggregate)
        && aggregate.is_filled()
    {
        let range = (frame.common.start.map(|_| range.0), range.1);
        let (with, descending) = (frame.common.fill, frame.common.descending);
        let most = limit::buckets(frame.common.plan.calls.len());
        points = fill::fill(with, aggregate, points, buckets, range, descending, most)?;
    }
    Ok(call.transforms.iter().fold(points, |points, with| transform::apply(*with, points)))
}

fn next_time(columns: &mut [Peekable<IntoIter<Point>>], descending: bool) -> Option<i64> {
    let times = columns.iter_mut().filter_map(|column| column.peek().map(|point| point.time));
    if descending { times.max() } else { times.min() }
}

/// A row of plain fields and tags.
pub(crate) fn row(frame: &Frame<'_>, time: i64, plain: &[Cell]) -> Row {
    let cells = frame.common.plan.nodes.iter().map(|node| cell(node, &[], plain)).collect();
    Row { time, cells }
}

fn cell(node: &Node, calls: &[Cell], plain: &[Cell]) -> Cell {
    match node {
        Node::Call(at) => calls.get(*at).cloned().unwrap_or(Cell::Null),
        Node::Ref(at) => plain.get(*at).cloned().unwrap_or(Cell::Null),
        Node::Constant(value) => Cell::Value(*value),
        Node::Binary(operator, sides) => {
            let (left, right) = (cell(&sides.0, calls, plain), cell(&sides.1, calls, plain));
            let both = left.value().zip(right.value());
            both.and_then(|(left, right)| math::binary(*operator, left, right)).into()
        }
    }
}
