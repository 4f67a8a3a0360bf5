//! Whether the journal is whole: its pages, and the sum over each row.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::model::{Position, Text, text};

use super::ballot;
use super::error::JournalError;
use super::names::Names;
use super::reader::record_of;
use super::schema;
use super::wal;

/// Rows looked at between two words about how far it has come.
const ROWS_PER_STEP: i64 = 5000;
/// Findings that are told in full.
const FINDINGS_MAX: usize = 20;

/// What is wrong with a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Rows or blocks that are not what was written, or that cannot be read.
    pub damaged: u64,
    /// What is wrong; some of it where it is much.
    pub told: Vec<Text>,
}

impl Findings {
    /// What the database says of its own pages.
    pub(crate) fn of_pages(connection: &Connection) -> Self {
        Self { damaged: 0, told: pages(connection) }
    }

    /// A file that is not there, or cannot be opened.
    #[must_use]
    pub fn of_file(file: &str, why: &Text) -> Self {
        let Text { zh, en } = why;
        Self { damaged: 0, told: vec![text!("`{file}`：{zh}", "`{file}`: {en}")] }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.damaged == 0 && self.told.is_empty()
    }

    /// Something that is wrong and is no single row or block.
    pub(crate) fn tell(&mut self, finding: Text) {
        if self.told.len() < FINDINGS_MAX {
            self.told.push(finding);
        }
    }

    /// A damaged row or block.
    pub(crate) fn damage(&mut self, finding: Text) {
        self.damaged += 1;
        self.tell(finding);
    }
}

/// What a check came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows that were looked at.
    pub rows: u64,
    /// What is wrong.
    pub findings: Findings,
}

/// Looks at every page and every row of the journal in a folder, beside a gateway that runs; `tell`
/// hears how far it has come, and of how much.
///
/// # Errors
/// [`JournalError`] when there is none, or it cannot even be begun to be read.
pub fn check(folder: &Path, mut tell: impl FnMut(u64, u64)) -> Result<Checked, JournalError> {
    let hidden = wal::finding(folder, schema::FILE);
    let connection = schema::open_read_only(folder)?;
    let mut checked = Checked { rows: 0, findings: Findings::of_pages(&connection) };
    hidden.into_iter().for_each(|finding| checked.findings.tell(finding));
    let (names, head) =
        match Names::load(&connection).and_then(|n| Ok((n, schema::head(&connection)?))) {
            Ok(found) => found,
            Err(error) => {
                checked.findings.tell(error.text());
                return Ok(checked);
            }
        };
    match ballot::contradicting(&connection) {
        Ok(0) => {}
        Ok(names) => checked
            .findings
            .damage(text!("{names} 个名称自相矛盾", "{names} names contradict their copies",)),
        Err(error) => checked.findings.damage(error.text()),
    }
    let first = schema::place(&connection, "floor").unwrap_or_default();
    let of = head.0.saturating_sub(first.0).max(1);
    let mut at = 0;
    loop {
        match rows(&connection, &names, at, &mut checked) {
            Ok(Some(last)) => at = last,
            Ok(None) => break,
            Err(error) => {
                checked.findings.damage(error.text());
                break;
            }
        }
        let at = u64::try_from(at).unwrap_or(0);
        tell(at.saturating_sub(first.0).min(of), of);
    }
    tell(of, of);
    Ok(checked)
}

fn pages(connection: &Connection) -> Vec<Text> {
    let of_database = |told: String| Text::new(format!("数据库页：{told}"), told);
    let sql = format!("PRAGMA quick_check({FINDINGS_MAX})");
    let told = connection.prepare(&sql).and_then(|mut statement| {
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<Result<Vec<String>, _>>()
    });
    match told {
        Ok(told) => told.into_iter().filter(|told| told != "ok").map(of_database).collect(),
        Err(error) => vec![of_database(error.to_string())],
    }
}

/// Looks at some rows; the place of the last one.
fn rows(
    connection: &Connection,
    names: &Names,
    after: i64,
    checked: &mut Checked,
) -> Result<Option<i64>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT pos, kind, subject, time, message, body FROM log
         WHERE pos > ?1 ORDER BY pos LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, ROWS_PER_STEP])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let position: i64 = row.get(0)?;
        last = Some(position);
        checked.rows += 1;
        if record_of(row, names)?.is_none() {
            checked.findings.damage(text!("第 {position} 条记录", "record {position}"));
        }
    }
    Ok(last)
}

/// Whether what is read at every start can be read.
pub(super) fn probe(connection: &Connection) -> Result<(), JournalError> {
    schema::identity(connection)?;
    schema::cursors(connection)?;
    schema::newest_time(connection)?;
    let head: Position = schema::head(connection)?;
    Names::load(connection)?;
    if ballot::contradicting(connection)? > 0 {
        return Err(JournalError::Corrupt("names contradict their copies".to_owned()));
    }
    let newest = "SELECT count(*) FROM log WHERE pos > ?1 - 1000";
    connection.query_row(newest, [schema::to_sql(head)], |row| row.get::<_, i64>(0))?;
    Ok(())
}
