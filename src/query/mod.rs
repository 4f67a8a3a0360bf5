//! Answers InfluxQL from the embedded history, in InfluxDB 1.x's words, so that Grafana's InfluxQL
//! data source shows the same dashboards with no InfluxDB at all.
//!
//! Read only, and pure: the past comes through [`Store`], the time through [`Asked`]. What is not
//! answered is refused with the word that is meant and what can be said instead.
//!
//! A query goes through these files: `lexer`, `parser`, `range` (what WHERE says about time), `plan`
//! (columns and functions), `frame` and `gather` (readings), `reduce`, `integral`, `fill`,
//! `transform`, `join` (rows), `answer` (JSON).
//!
//! Architecture invariant: no query holds more than [`limit`] says, whatever the range of time.

mod answer;
mod ast;
mod buckets;
mod condition;
mod error;
mod fill;
mod frame;
mod function;
mod gather;
mod integral;
mod join;
mod lexer;
pub mod limit;
mod math;
mod parser;
mod piece;
mod plan;
mod range;
mod raw;
mod reduce;
mod select;
mod show;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod time;
mod transform;
mod value;

pub use answer::{Answer, Rows};
pub use error::{Instead, Place, QueryError};
pub use store::{Scan, Series, Store, Visit};
pub use time::Epoch;
pub use value::{Cell, FieldType, Value};

use ast::Statement;

/// The one retention policy.
const POLICY: &str = "autogen";

/// What comes with a query.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The database that was named, if any.
    pub database: Option<&'a str>,
    /// The time, nanoseconds since 1970.
    pub now_ns: i64,
}

/// Answers the statements of a query, each by itself.
///
/// # Errors
/// The text is no InfluxQL, or not of the part that is answered here. What is wrong with one
/// statement only stands in the [`Answer`].
pub fn answer<S: Store>(store: &S, text: &str, asked: Asked<'_>) -> Result<Answer, QueryError> {
    let statements = parser::parse(text)?;
    let (mut answered, mut cells) = (Vec::new(), 0_usize);
    for statement in &statements {
        let rows = one(store, statement, asked).and_then(|rows| {
            cells = cells.saturating_add(rows.iter().map(Rows::cells).sum());
            if cells > limit::CELLS { Err(QueryError::TooManyRows(limit::ROWS)) } else { Ok(rows) }
        });
        answered.push(rows);
    }
    Ok(Answer { statements: answered })
}

fn one<S: Store>(
    store: &S,
    statement: &Statement,
    asked: Asked<'_>,
) -> Result<Vec<Rows>, QueryError> {
    let named = asked.database.filter(|name| !name.is_empty() && *name != store.database());
    match (named, statement) {
        (Some(name), Statement::Select(_)) => Err(QueryError::Database(name.to_owned())),
        (Some(name), Statement::Show(show)) if show.needs_database() => {
            Err(QueryError::Database(name.to_owned()))
        }
        (_, Statement::Show(show)) => show::run(store, show, asked.now_ns),
        (_, Statement::Select(select)) => {
            let time = select.time_column();
            let groups = select::run(store, select, asked.now_ns)?.into_iter();
            Ok(groups.map(|group| Rows::new(group, time, select.zone.clone())).collect())
        }
    }
}
