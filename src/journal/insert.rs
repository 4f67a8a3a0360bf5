//! Records into the table, many with one statement: to begin and end a statement costs more than a
//! row does.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, params};

use crate::model::{Position, Record};

use super::codec::{Row, encode};
use super::error::JournalError;
use super::names::Look;
use super::schema;

/// Rows of one statement.
const ROWS: usize = 32;

/// Keeps rows, but for readings that are there already.
const INSERT: &str = "INSERT OR IGNORE INTO log(pos, kind, subject, time, message, body) VALUES ";
const ROW: &str = "(?,?,?,?,?,?)";
/// Which of the rows have been kept.
const WHICH: &str = "SELECT pos FROM log WHERE pos > ?1 AND pos <= ?2";

/// Keeps records in the order given: where each of them stands, `None` for a reading that was there
/// already. Nothing comes back when a name has no number yet; the transaction is of no use then.
pub(super) fn insert(
    transaction: &Connection,
    names: &Look<'_>,
    records: &[&Arc<Record>],
) -> Result<Option<Vec<Option<Position>>>, JournalError> {
    let mut one = transaction.prepare_cached(&sql_of(1))?;
    let mut many = transaction.prepare_cached(&sql_of(ROWS))?;
    // Asked of the database itself: a place that is taken would be taken for a reading that is.
    let mut last = schema::to_sql(schema::head(transaction)?);
    let mut rows: Vec<Row> = std::iter::repeat_with(Row::default).take(ROWS).collect();
    let mut places = Vec::with_capacity(records.len());
    for chunk in records.chunks(ROWS) {
        for (record, row) in chunk.iter().zip(&mut rows) {
            if !encode(record, names, row) {
                return Ok(None);
            }
        }
        let statement = if chunk.len() == ROWS { &mut many } else { &mut one };
        let of_statement = if chunk.len() == ROWS { ROWS } else { 1 };
        let rows = rows.get(..chunk.len()).unwrap_or_default();
        let (first, mut kept) = (last, 0);
        for rows in rows.chunks(of_statement) {
            kept += execute(statement, rows, last)?;
            last += i64::try_from(rows.len()).unwrap_or(0);
        }
        if kept == chunk.len() {
            places.extend((first + 1..=last).map(|at| Some(schema::from_sql(at))));
            continue;
        }
        let mut which = transaction.prepare_cached(WHICH)?;
        let kept = which.query_map(params![first, last], |row| row.get(0))?;
        let kept = kept.collect::<Result<BTreeSet<i64>, _>>()?;
        let place = |at: i64| kept.contains(&at).then(|| schema::from_sql(at));
        places.extend((first + 1..=last).map(place));
    }
    Ok(Some(places))
}

fn sql_of(rows: usize) -> String {
    format!("{INSERT}{}", vec![ROW; rows].join(","))
}

/// Inserts rows after a place; how many of them are new.
fn execute(
    statement: &mut CachedStatement<'_>,
    rows: &[Row],
    last: i64,
) -> Result<usize, JournalError> {
    let mut parameter = 1;
    for (row, at) in rows.iter().zip(last + 1..) {
        for value in [at, row.kind, row.subject, row.time, row.message] {
            statement.raw_bind_parameter(parameter, value)?;
            parameter += 1;
        }
        statement.raw_bind_parameter(parameter, row.body.as_slice())?;
        parameter += 1;
    }
    Ok(statement.raw_execute()?)
}
