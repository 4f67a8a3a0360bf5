//! What was damaged, for people: kept in the database, so that a restart does not hide it.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::journal::Mended;
use crate::model::{DeviceId, Timestamp};

use super::error::HistoryError;
use super::repair::Lost;

/// What was damaged of late.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// The last time that the database was mended.
    pub mended: Option<Mended>,
    /// The last damaged block, and how many there were.
    pub put_aside: Option<PutAside>,
    /// Of what was before, something may be missing: by damage, or because a backup was brought back.
    pub suspect_before: Option<Timestamp>,
}

/// A block that was damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAside {
    /// When it was found, milliseconds.
    pub found_ms: i64,
    /// Whose it was.
    pub device: String,
    /// Time of its first reading.
    pub from_ms: i64,
    /// Time of its last reading.
    pub to_ms: i64,
    /// Blocks that were put aside in all.
    pub blocks: u64,
}

#[derive(Serialize, Deserialize)]
struct MendedNote {
    time_ms: i64,
    rows: u64,
    holes: u64,
    aside: String,
}

fn read<T: DeserializeOwned>(
    connection: &Connection,
    name: &str,
) -> Result<Option<T>, HistoryError> {
    let text: Option<String> = connection
        .query_row("SELECT value FROM note WHERE name = ?1", [name], |row| row.get(0))
        .optional()?;
    // What another version wrote is no reason to stop.
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn write<T: Serialize>(connection: &Connection, name: &str, note: &T) -> Result<(), HistoryError> {
    let text =
        serde_json::to_string(note).map_err(|error| HistoryError::Storage(error.to_string()))?;
    let sql = "INSERT OR REPLACE INTO note(name, value) VALUES (?1, ?2)";
    connection.execute(sql, params![name, text])?;
    Ok(())
}

/// What the database says.
pub(super) fn condition(connection: &Connection) -> Result<Condition, HistoryError> {
    let mended = read::<MendedNote>(connection, "mended")?.map(|note| Mended {
        time: Timestamp::from_ms(note.time_ms),
        rows: note.rows,
        holes: note.holes,
        aside: note.aside,
    });
    let suspect: Option<i64> = read(connection, "suspect")?;
    let suspect_before = suspect.map(Timestamp::from_ms);
    Ok(Condition { mended, put_aside: read(connection, "put_aside")?, suspect_before })
}

/// Of what was before, something may be missing.
pub(super) fn suspect(connection: &Connection, now: Timestamp) -> Result<(), HistoryError> {
    let known: Option<i64> = read(connection, "suspect")?;
    match known.is_some_and(|known| known >= now.ms()) {
        true => Ok(()),
        false => write(connection, "suspect", &now.ms()),
    }
}

/// The database was mended.
pub(super) fn mended(connection: &Connection, mended: &Mended) -> Result<(), HistoryError> {
    let Mended { time, rows, holes, aside } = mended.clone();
    suspect(connection, time)?;
    write(connection, "mended", &MendedNote { time_ms: time.ms(), rows, holes, aside })
}

/// What the journal still has is to be packed once more: of some readings values may be missing.
pub(super) fn refill(connection: &Connection) -> Result<(), HistoryError> {
    write(connection, "refill", &true)
}

/// Whether that is to be done.
pub(super) fn is_refill(connection: &Connection) -> Result<bool, HistoryError> {
    Ok(read(connection, "refill")?.unwrap_or(false))
}

/// It is done.
pub(super) fn refilled(connection: &Connection) -> Result<(), HistoryError> {
    connection.execute("DELETE FROM note WHERE name = 'refill'", [])?;
    Ok(())
}

/// A block was put aside.
pub(super) fn put_aside(
    connection: &Connection,
    device: &DeviceId,
    lost: &Lost,
    now: Timestamp,
) -> Result<(), HistoryError> {
    let before = read::<PutAside>(connection, "put_aside")?.map_or(0, |before| before.blocks);
    let (from, to) = lost.span;
    let note = PutAside {
        found_ms: now.ms(),
        device: device.to_string(),
        from_ms: from.ms(),
        to_ms: to.ms(),
        blocks: before.saturating_add(1),
    };
    suspect(connection, now)?;
    write(connection, "put_aside", &note)
}
