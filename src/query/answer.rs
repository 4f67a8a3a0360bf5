//! The answer, and how InfluxDB 1.x writes it in JSON.

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::error::QueryError;
use super::source::Group;
use super::time::{self, Epoch};
use super::value::{Cell, Value};

#[cfg(test)]
mod tests;

/// Rows of one series or of one list.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The measurement, or what is listed.
    pub name: Option<String>,
    /// The tags that are grouped by, sorted.
    pub tags: Vec<(String, String)>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub values: Vec<Vec<Cell>>,
    /// The zone that times are written in, where one was asked for.
    pub(crate) zone: Option<TimeZone>,
}

impl Rows {
    /// How many cells there are.
    pub(crate) fn cells(&self) -> usize {
        self.values.len().saturating_mul(self.columns.len())
    }

    pub(crate) fn new(group: Group, time: &str, zone: Option<TimeZone>) -> Self {
        let mut columns = vec![time.to_owned()];
        columns.extend(group.columns);
        let row = |row: super::source::Row| {
            let mut cells = Vec::with_capacity(row.cells.len() + 1);
            cells.push(Cell::Time(row.time));
            cells.extend(row.cells);
            cells
        };
        let values = group.rows.into_iter().map(row).collect();
        Self { name: Some(group.name), tags: group.tags, columns, values, zone }
    }
}

/// What came of each statement, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The rows, or why there are none.
    pub statements: Vec<Result<Vec<Rows>, QueryError>>,
}

impl Answer {
    /// As InfluxDB 1.x writes it. Without `epoch` times are texts.
    #[must_use]
    pub fn to_json(&self, epoch: Option<Epoch>) -> String {
        let mut out = String::from("{\"results\":[");
        for (id, statement) in self.statements.iter().enumerate() {
            comma(&mut out, id);
            put(&mut out, format_args!("{{\"statement_id\":{id}"));
            match statement {
                Ok(tables) if tables.is_empty() => {}
                Ok(tables) => {
                    out.push_str(",\"series\":[");
                    for (at, rows) in tables.iter().enumerate() {
                        comma(&mut out, at);
                        table(&mut out, rows, epoch);
                    }
                    out.push(']');
                }
                Err(error) => {
                    out.push_str(",\"error\":");
                    text(&mut out, &error.to_string());
                }
            }
            out.push('}');
        }
        out.push_str("]}\n");
        out
    }
}

impl QueryError {
    /// As InfluxDB 1.x writes the answer to a query that it cannot read; the status is 400.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"error\":");
        text(&mut out, &format!("error parsing query: {self}"));
        out.push_str("}\n");
        out
    }
}

fn table(out: &mut String, rows: &Rows, epoch: Option<Epoch>) {
    out.push('{');
    if let Some(name) = &rows.name {
        out.push_str("\"name\":");
        text(out, name);
        out.push(',');
    }
    if !rows.tags.is_empty() {
        out.push_str("\"tags\":{");
        for (at, (key, value)) in rows.tags.iter().enumerate() {
            comma(out, at);
            text(out, key);
            out.push(':');
            text(out, value);
        }
        out.push_str("},");
    }
    out.push_str("\"columns\":[");
    for (at, column) in rows.columns.iter().enumerate() {
        comma(out, at);
        text(out, column);
    }
    out.push_str("],\"values\":[");
    for (at, row) in rows.values.iter().enumerate() {
        comma(out, at);
        out.push('[');
        for (at, found) in row.iter().enumerate() {
            comma(out, at);
            cell(out, found, rows.zone.as_ref(), epoch);
        }
        out.push(']');
    }
    out.push_str("]}");
}

fn cell(out: &mut String, cell: &Cell, zone: Option<&TimeZone>, epoch: Option<Epoch>) {
    match cell {
        Cell::Text(found) => text(out, found),
        Cell::Time(ns) => match epoch {
            Some(epoch) => put(out, format_args!("{}", epoch.of(*ns))),
            None => text(out, &time::written(*ns, zone)),
        },
        Cell::Value(Value::Integer(number)) => put(out, format_args!("{number}")),
        Cell::Value(Value::Boolean(yes)) => put(out, format_args!("{yes}")),
        // Rust's shortest form has no `.0` here, and no exponent.
        Cell::Value(Value::Float(number)) if number.is_finite() => {
            put(out, format_args!("{number}"));
        }
        Cell::Null | Cell::Value(Value::Float(_)) => out.push_str("null"),
    }
}

/// JSON's way of a text.
fn text(out: &mut String, found: &str) {
    put(out, format_args!("{}", serde_json::Value::from(found)));
}

fn comma(out: &mut String, at: usize) {
    if at > 0 {
        out.push(',');
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A String takes everything.
    out.write_fmt(text).unwrap_or_default();
}
