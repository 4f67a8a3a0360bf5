//! A reader with a cursor: live and catching up are the same call.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, params};

use crate::model::{Position, Record};

use super::codec::{Row, decode};
use super::error::JournalError;
use super::names::Names;
use super::schema;
use super::writer::Request;
use super::{Cursor, Journal};

/// Rows read from disk in one go: bounds memory and how long a read transaction lives.
const ROWS_PER_READ: usize = 2000;

/// Which records a reader is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinds {
    /// All.
    All,
    /// Readings only.
    Readings,
    /// Links and events: what is rare.
    Decisions,
}

impl Kinds {
    const fn takes(self, record: &Record) -> bool {
        match self {
            Self::All => true,
            Self::Readings => matches!(record, Record::Reading(_)),
            Self::Decisions => !matches!(record, Record::Reading(_)),
        }
    }

    const fn condition(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Readings => "AND kind = 0",
            Self::Decisions => "AND kind > 0",
        }
    }
}

/// Some records, in order.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The records that the reader takes; may be empty when only others went by.
    pub records: Vec<(Position, Arc<Record>)>,
    /// Everything up to here has been seen.
    pub through: Position,
}

/// Reads the journal in order. Dropping it loses nothing but its place since the last
/// [`Reader::done`].
pub struct Reader {
    journal: Journal,
    name: Option<String>,
    kinds: Kinds,
    position: Position,
    /// Behind a mutex only so that a reader can be shared between threads; never locked.
    connection: Mutex<Option<Connection>>,
}

impl Reader {
    pub(super) fn open(journal: Journal, name: &str, kinds: Kinds) -> Result<Self, JournalError> {
        let position = journal.cursor(name)?.map_or(Position::default(), |(position, _)| position);
        Ok(Self {
            journal,
            name: Some(name.to_owned()),
            kinds,
            position,
            connection: Mutex::default(),
        })
    }

    pub(super) fn at(journal: Journal, position: Position, kinds: Kinds) -> Self {
        Self { journal, name: None, kinds, position, connection: Mutex::default() }
    }

    /// Everything up to here has been given out.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Goes back (or on) to a position: what follows is given out again.
    pub const fn seek(&mut self, position: Position) {
        self.position = position;
    }

    /// The next records, at most `max`; waits until there are some. Cancel-safe: a call that is
    /// dropped gives nothing out.
    ///
    /// # Errors
    /// [`JournalError::Closed`] when the journal was closed and everything has been read,
    /// [`JournalError::Storage`].
    pub async fn next(&mut self, max: usize) -> Result<Batch, JournalError> {
        let mut head = self.journal.0.head.clone();
        let at = self.position;
        head.wait_for(|head| *head > at).await.map_err(|_| JournalError::Closed)?;
        let batch = self.read_or_note(max.max(1)).await?;
        self.position = batch.through;
        Ok(batch)
    }

    async fn read_or_note(&mut self, max: usize) -> Result<Batch, JournalError> {
        let read = self.read(max).await;
        if let Err(JournalError::Corrupt(_)) = &read {
            self.journal.note_corrupt();
        }
        read
    }

    /// What is there now, at most `max`, without waiting.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub async fn ready(&mut self, max: usize) -> Result<Batch, JournalError> {
        let batch = self.read_or_note(max.max(1)).await?;
        self.position = batch.through;
        Ok(batch)
    }

    async fn read(&mut self, max: usize) -> Result<Batch, JournalError> {
        if let Some(mut records) = self.journal.0.tail.after(self.position, max) {
            let through = records.last().map_or(self.position, |(position, _)| *position);
            records.retain(|(_, record)| self.kinds.takes(record));
            return Ok(Batch { records, through });
        }
        let disk = Disk {
            folder: self.journal.0.folder.clone(),
            names: self.journal.0.names.clone(),
            after: self.position,
            head: self.journal.head(),
            kinds: self.kinds,
            max: max.min(ROWS_PER_READ),
        };
        let slot = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let connection = slot.take();
        let work = tokio::task::spawn_blocking(move || disk.read(connection));
        let (connection, batch) =
            work.await.map_err(|error| JournalError::Storage(error.to_string()))??;
        self.connection = Mutex::new(Some(connection));
        Ok(batch)
    }

    /// Says that everything up to `position` is done. Stored with the next commit; after a crash
    /// some of it may be given out again.
    pub async fn done(&self, position: Position) {
        let Some(name) = &self.name else { return };
        let cursor = Some(Cursor::new(name, position, None));
        let request = Request { records: Vec::new(), cursor, reply: None };
        if let Some(sender) = self.journal.sender()
            && sender.send(request).await.is_err()
        {
            tracing::debug!(%name, "the journal closed before a cursor was stored");
        }
    }
}

/// One read from the database, done on a thread that may block.
struct Disk {
    folder: PathBuf,
    names: Names,
    after: Position,
    head: Position,
    kinds: Kinds,
    max: usize,
}

impl Disk {
    fn read(self, connection: Option<Connection>) -> Result<(Connection, Batch), JournalError> {
        let connection = match connection {
            Some(connection) => connection,
            None => schema::open_read_only(&self.folder)?,
        };
        let sql = format!(
            "SELECT pos, kind, subject, time, message, body FROM log
             WHERE pos > ?1 AND pos <= ?2 {} ORDER BY pos LIMIT ?3",
            self.kinds.condition()
        );
        let mut records = Vec::new();
        let mut through = self.after;
        let mut rows_read = 0;
        {
            let mut statement = connection.prepare_cached(&sql)?;
            let (after, head) = (schema::to_sql(self.after), schema::to_sql(self.head));
            let mut rows = statement.query(params![after, head, self.max as i64])?;
            while let Some(row) = rows.next()? {
                rows_read += 1;
                through = schema::from_sql(row.get(0)?);
                match record_of(row, &self.names)? {
                    Some(record) => records.push((through, Arc::new(record))),
                    None => tracing::error!(position = through.0, "a damaged record is left out"),
                }
            }
        }
        if rows_read < self.max {
            // Nothing more of this kind up to the head: what went by needs no second look.
            through = self.head.max(through);
        }
        Ok((connection, Batch { records, through }))
    }
}

/// The record of a row; `None` where the row is damaged, be it its body or the types of its columns.
pub(super) fn record_of(
    row: &rusqlite::Row<'_>,
    names: &Names,
) -> rusqlite::Result<Option<Record>> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    match row_of(row) {
        Ok(row) => Ok(decode(&row, names)),
        Err(InvalidColumnType(..) | FromSqlConversionFailure(..) | IntegralValueOutOfRange(..)) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn row_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        kind: row.get(1)?,
        subject: row.get(2)?,
        time: row.get(3)?,
        message: row.get(4)?,
        body: row.get(5)?,
    })
}
