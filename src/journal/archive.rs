//! Readings by device and time. Calls block: run them where blocking is allowed.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, params};

use crate::model::{DeviceId, Event, EventKind, Link, Position, Reading, Record, Timestamp};

use super::codec::{KIND_EVENT, KIND_LINK};
use super::error::JournalError;
use super::names::Names;
use super::reader::record_of;
use super::schema;

/// So many records are gone through one by one rather than looked up by time,
const FEW_RECORDS: u64 = 20_000;
/// where the span is longer than this.
const LONG_MS: i64 = 3 * 3600 * 1000;

/// Read-only access by device and time.
pub struct Archive {
    connection: Mutex<Connection>,
    names: Names,
}

impl Archive {
    pub(super) fn open(folder: &Path, names: Names) -> Result<Self, JournalError> {
        let connection = Mutex::new(schema::open_read_only(folder)?);
        Ok(Self { connection, names })
    }

    /// Of a journal that a gateway may have in use: names that it learns later are not known here. With
    /// it comes what tells this journal from another one.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn look(folder: &Path) -> Result<(Self, String), JournalError> {
        let connection = schema::open_read_only(folder)?;
        let (names, identity) = (Names::load(&connection)?, schema::identity(&connection)?);
        Ok((Self { connection: Mutex::new(connection), names }, identity))
    }

    /// Texts that were kept by [`super::Journal::remember`] whose names begin so, with their names.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn facts(&self, prefix: &str) -> Result<Vec<(String, String)>, JournalError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        schema::facts(&connection, prefix)
    }

    /// Readings of a device with `from <= time < to`, oldest first, at most `max`.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn readings(
        &self,
        device: &DeviceId,
        from: Timestamp,
        to: Timestamp,
        max: usize,
    ) -> Result<Vec<Reading>, JournalError> {
        self.readings_after(Position(0), device, from, to, max)
    }

    /// Readings of a device that came after a position, with `from <= time < to`, oldest first.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn readings_after(
        &self,
        position: Position,
        device: &DeviceId,
        from: Timestamp,
        to: Timestamp,
        max: usize,
    ) -> Result<Vec<Reading>, JournalError> {
        let rest = "time >= ?2 AND time < ?3 ORDER BY time, message LIMIT ?4";
        self.query(rest, position, device, (from, to), max)
    }

    /// The last readings of a device before `to`, newest first, at most `max`.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn last_before(
        &self,
        device: &DeviceId,
        to: Timestamp,
        max: usize,
    ) -> Result<Vec<Reading>, JournalError> {
        let from = Timestamp::from_ms(i64::MIN);
        let rest = "time >= ?2 AND time < ?3 ORDER BY time DESC, message DESC LIMIT ?4";
        self.query(rest, Position(0), device, (from, to), max)
    }

    /// How the links of all devices changed between two times, in order; some earlier ones may come
    /// with them.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn links(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Link>, JournalError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(
            "SELECT pos, kind, subject, time, message, body FROM log
             WHERE kind > 0 AND kind = ?1 AND time < ?3
                 AND pos > (SELECT coalesce(max(pos), 0) FROM mark WHERE time <= ?2)
             ORDER BY pos",
        )?;
        let mut rows = statement.query(params![KIND_LINK, from.ms(), to.ms()])?;
        let mut links = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(Record::Link(link)) = record_of(row, &self.names)? {
                links.push(link);
            }
        }
        Ok(links)
    }

    /// When no gateway kept this journal, between two times.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn pauses(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, Timestamp)>, JournalError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        schema::pauses(&connection, from, to)
    }

    /// The last events of a kind, newest first, at most `max`.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn last_events(&self, kind: EventKind, max: usize) -> Result<Vec<Event>, JournalError> {
        let Some(subject) = self.names.id(kind.as_str()) else { return Ok(Vec::new()) };
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        // `kind > 0` is what makes the small index of decisions usable.
        let mut statement = connection.prepare_cached(
            "SELECT pos, kind, subject, time, message, body FROM log
             WHERE kind > 0 AND kind = ?1 AND subject = ?2 ORDER BY pos DESC LIMIT ?3",
        )?;
        let mut rows = statement.query(params![KIND_EVENT, subject, max as i64])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(Record::Event(event)) = record_of(row, &self.names)? {
                events.push(event);
            }
        }
        Ok(events)
    }

    /// The events of some kinds that came after a position, in order.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn events_after(
        &self,
        position: Position,
        kinds: &[EventKind],
    ) -> Result<Vec<Event>, JournalError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(
            "SELECT pos, kind, subject, time, message, body FROM log
             WHERE kind > 0 AND kind = ?1 AND pos > ?2 ORDER BY pos",
        )?;
        let mut rows = statement.query(params![KIND_EVENT, position.0 as i64])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(Record::Event(event)) = record_of(row, &self.names)?
                && kinds.contains(&event.kind)
            {
                events.push(event);
            }
        }
        Ok(events)
    }

    /// The events of a kind with `from <= time < to`, in order, one by one: years of them need no room.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn events_between(
        &self,
        kind: EventKind,
        from: Timestamp,
        to: Timestamp,
        mut each: impl FnMut(Event),
    ) -> Result<(), JournalError> {
        let Some(subject) = self.names.id(kind.as_str()) else { return Ok(()) };
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(
            "SELECT pos, kind, subject, time, message, body FROM log
             WHERE kind > 0 AND kind = ?1 AND subject = ?2 AND time >= ?3 AND time < ?4 ORDER BY pos",
        )?;
        let mut rows = statement.query(params![KIND_EVENT, subject, from.ms(), to.ms()])?;
        while let Some(row) = rows.next()? {
            if let Some(Record::Event(event)) = record_of(row, &self.names)? {
                each(event);
            }
        }
        Ok(())
    }

    fn query(
        &self,
        rest: &str,
        after: Position,
        device: &DeviceId,
        (from, to): (Timestamp, Timestamp),
        max: usize,
    ) -> Result<Vec<Reading>, JournalError> {
        let Some(subject) = self.names.id(device.as_str()) else { return Ok(Vec::new()) };
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        // What is new is at the end of the table, and in memory still; the index by time would lead
        // through all that is older and only packed.
        let few = schema::head(&connection)?.0.saturating_sub(after.0) <= FEW_RECORDS;
        let long = to.since_ms(from) > LONG_MS;
        let (table, position) =
            if few && long { ("log NOT INDEXED", "pos") } else { ("log", "+pos") };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT pos, kind, subject, time, message, body FROM {table}
             WHERE kind = 0 AND subject = ?1 AND {position} > ?5 AND {rest}"
        ))?;
        let mut rows = statement.query(params![
            subject,
            from.ms(),
            to.ms(),
            max as i64,
            schema::to_sql(after)
        ])?;
        let mut readings = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(Record::Reading(reading)) = record_of(row, &self.names)? {
                readings.push(reading);
            }
        }
        Ok(readings)
    }
}
