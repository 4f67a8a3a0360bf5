//! Rows of plain fields and tags, without functions.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::error::QueryError;
use super::frame::{Frame, Member};
use super::join;
use super::limit;
use super::piece::Pieces;
use super::source::Row;

/// The rows of a group in the order of time, those of one time in the order of the series.
pub(crate) fn rows(frame: &Frame<'_>, members: &[Member]) -> Result<Vec<Row>, QueryError> {
    let enough = frame.common.limit.map(|limit| limit.saturating_add(frame.common.offset));
    let mut rows = Vec::new();
    for member in members {
        match enough {
            Some(enough) if frame.common.descending => newest(frame, member, enough, &mut rows)?,
            enough => oldest(frame, member, enough, &mut rows)?,
        }
    }
    rows.sort_by_key(|row| row.time);
    if frame.common.descending {
        rows.reverse();
    }
    Ok(rows)
}

fn oldest(
    frame: &Frame<'_>,
    member: &Member,
    enough: Option<usize>,
    rows: &mut Vec<Row>,
) -> Result<(), QueryError> {
    let before = rows.len();
    let most = limit::rows(frame.common.plan.nodes.len());
    let enough = enough.unwrap_or(usize::MAX);
    frame.scan(member, frame.reads(), &mut |time, values| {
        if frame.has_fields(values) {
            rows.push(join::row(frame, time, &frame.plain(member.series, values)));
        }
        if rows.len() - before >= enough || rows.len() > most {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    if rows.len() > most { Err(QueryError::TooManyRows(most)) } else { Ok(()) }
}

/// The last few rows.
fn newest(
    frame: &Frame<'_>,
    member: &Member,
    enough: usize,
    rows: &mut Vec<Row>,
) -> Result<(), QueryError> {
    let mut wanted = enough;
    let most = limit::rows(frame.common.plan.nodes.len());
    for piece in Pieces::back(frame.within_span()) {
        let mut kept: VecDeque<Row> = VecDeque::new();
        frame.scan(member, piece, &mut |time, values| {
            if frame.has_fields(values) {
                if kept.len() >= wanted {
                    kept.pop_front();
                }
                kept.push_back(join::row(frame, time, &frame.plain(member.series, values)));
            }
            let many = kept.len() > most;
            if many { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        wanted = wanted.saturating_sub(kept.len());
        rows.extend(kept);
        if rows.len() > most {
            return Err(QueryError::TooManyRows(most));
        }
        if wanted == 0 {
            break;
        }
    }
    Ok(())
}
