//! The database of the past: segments of readings, a column for each point, and how far the journal
//! has been packed. Whatever is read is checked against a sum over itself and its place first, so
//! that a damaged or misplaced block is found and never answered with.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::journal::salvage::{self, Mending};
use crate::journal::{Mended, first_page, wal};
use crate::model::{DeviceId, PointName, Position, Reading, Timestamp};

use super::error::HistoryError;
use super::segment::{self, Packed, Times};
use super::{note, repair};

/// Raised with every change of the tables; a database with a higher number is refused.
const VERSION: i64 = 1;

pub(super) const FILE: &str = "history.db";
/// Is there while the database is known to be corrupt.
const MARK: &str = "history.corrupt";

const TABLES: &str = "
    CREATE TABLE segment(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        device TEXT NOT NULL,
        start INTEGER NOT NULL,
        until INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        times BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX segment_place ON segment(device, start);
    CREATE INDEX segment_age ON segment(until);
    CREATE TABLE packed(
        segment INTEGER NOT NULL, point TEXT NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX packed_place ON packed(segment, point);
    CREATE TABLE damaged(
        id INTEGER PRIMARY KEY,
        device TEXT NOT NULL,
        start INTEGER NOT NULL,
        until INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        times BLOB NOT NULL
    ) STRICT;
    CREATE TABLE progress(journal TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT;
";

/// What people are told. It came later than the rest; who does not know it does well without.
const NOTES: &str =
    "CREATE TABLE IF NOT EXISTS note(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;";
/// How many columns a segment has, so that one that is gone is missed. It came later, too: of segments of
/// before it is not known.
const POINTS: &str = "ALTER TABLE segment ADD COLUMN points INTEGER;";

/// A segment's place, without what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: i64,
    pub(super) start: Timestamp,
    pub(super) until: Timestamp,
    pub(super) rows: usize,
}

pub(super) fn open_to_write(folder: &Path) -> Result<Connection, HistoryError> {
    std::fs::create_dir_all(folder).map_err(|error| HistoryError::Storage(error.to_string()))?;
    open_path(&folder.join(FILE))
}

fn open_path(path: &Path) -> Result<Connection, HistoryError> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA page_size=16384; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;
         PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; PRAGMA cache_size=-4096;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => connection
            .execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version={VERSION}; COMMIT;"))?,
        VERSION => {}
        newer => return Err(HistoryError::Newer(newer)),
    }
    connection.execute_batch(NOTES)?;
    if connection.prepare("SELECT points FROM segment LIMIT 1").is_err() {
        connection.execute_batch(POINTS)?;
    }
    Ok(connection)
}

/// As [`open_to_write`]. Of a database that cannot be read as a whole, what can be read goes into a new
/// one; the old one stays beside it. What the journal still has is packed once more.
pub(super) fn open_or_mend(folder: &Path, now: Timestamp) -> Result<Connection, HistoryError> {
    let failed = |error: std::io::Error| HistoryError::Storage(error.to_string());
    Mending::resume(folder, FILE).map_err(failed)?;
    let brought = wal::bring_in(folder, FILE, now.ms()).map_err(failed)?;
    // Journals of before had no history beside them.
    let missing = first_page::is_missing(folder, FILE, FILE);
    let page = first_page::read(folder, FILE);
    let opened = open_to_write(folder).and_then(|connection| {
        if is_marked(folder) {
            return Err(HistoryError::Corrupt("found while it was in use".to_owned()));
        }
        newest_time(&connection)?;
        devices(&connection)?;
        for table in ["progress", "damaged"] {
            let all = format!("SELECT count(*) FROM {table}");
            connection.query_row(&all, [], |row| row.get::<_, i64>(0))?;
        }
        Ok(connection)
    });
    let error = match opened {
        Err(HistoryError::Corrupt(error)) => error,
        opened => {
            let connection = opened?;
            first_page::keep(page, folder, FILE);
            let lost = brought.map(|brought| (brought.damaged, brought.aside));
            if let Some((holes, aside)) = lost.or_else(|| missing.then(|| (1, String::new()))) {
                let all = "SELECT count(*) FROM segment";
                let rows: i64 = connection.query_row(all, [], |row| row.get(0))?;
                let rows = u64::try_from(rows).unwrap_or(0);
                note::mended(&connection, &Mended { time: now, rows, holes, aside })?;
                note::refill(&connection)?;
                connection.execute("DELETE FROM progress", [])?;
            }
            return Ok(connection);
        }
    };
    let mending = Mending::begin(folder, FILE).map_err(failed)?;
    let aside = mending.aside(now.ms());
    tracing::error!(%error, %aside,
        "the history cannot be read: what can be read of it is saved into a new one");
    let connection = open_path(&mending.new_path())?;
    let tables = ["segment", "packed", "damaged"];
    let saved = salvage::salvage(&mending.old_path(), &connection, &tables)?;
    let (rows, holes) = (saved.rows, saved.holes);
    repair::leave_out_holes(&connection)?;
    note::mended(&connection, &Mended { time: now, rows, holes, aside })?;
    note::refill(&connection)?;
    mending.finish(connection, now.ms())?;
    let connection = open_to_write(folder)?;
    match std::fs::remove_file(folder.join(MARK)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(connection),
    }
}

/// Whether the database is known to be corrupt.
pub(super) fn is_marked(folder: &Path) -> bool {
    folder.join(MARK).exists()
}

/// Notes that the database was found to be corrupt, for the next start.
pub(super) fn mark_corrupt(folder: &Path) {
    if let Err(error) = std::fs::File::create(folder.join(MARK)) {
        tracing::error!(%error, "it could not be noted that the history is corrupt");
    }
}

/// Time of the newest reading.
pub(super) fn newest_time(connection: &Connection) -> Result<Option<Timestamp>, HistoryError> {
    let newest: Option<i64> =
        connection.query_row("SELECT max(until) FROM segment", [], |row| row.get(0))?;
    Ok(newest.map(Timestamp::from_ms))
}

pub(super) fn open_read_only(folder: &Path) -> Result<Connection, HistoryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(FILE), flags)?;
    connection.execute_batch("PRAGMA busy_timeout=5000; PRAGMA cache_size=-2048;")?;
    Ok(connection)
}

/// How far the journal of this identity has been packed.
pub(super) fn position(connection: &Connection, journal: &str) -> Result<Position, HistoryError> {
    let found = connection
        .query_row("SELECT position FROM progress WHERE journal = ?1", [journal], |row| {
            row.get::<_, i64>(0)
        })
        .optional()?;
    Ok(Position(found.and_then(|at| u64::try_from(at).ok()).unwrap_or(0)))
}

pub(super) fn set_position(
    connection: &Connection,
    journal: &str,
    position: Position,
) -> Result<(), HistoryError> {
    let at = i64::try_from(position.0).unwrap_or(i64::MAX);
    connection.execute(
        "INSERT INTO progress(journal, position) VALUES (?1, ?2)
         ON CONFLICT(journal) DO UPDATE SET position = excluded.position",
        params![journal, at],
    )?;
    Ok(())
}

fn place_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        id: row.get(0)?,
        start: Timestamp::from_ms(row.get(1)?),
        until: Timestamp::from_ms(row.get(2)?),
        rows: usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
    })
}

/// The segments that a question finds, in its order.
fn places(
    connection: &Connection,
    condition: &str,
    limits: impl rusqlite::Params,
) -> Result<Vec<Place>, HistoryError> {
    let sql = format!("SELECT id, start, until, rows FROM segment WHERE {condition}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(limits, place_of)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every device that has a segment, in order.
pub(super) fn devices(connection: &Connection) -> Result<Vec<DeviceId>, HistoryError> {
    // From device to device through the index, whatever the number of their segments.
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE d(name) AS (
             SELECT min(device) FROM segment
             UNION ALL
             SELECT (SELECT min(device) FROM segment WHERE device > d.name) FROM d
             WHERE d.name IS NOT NULL)
         SELECT name FROM d WHERE name IS NOT NULL",
    )?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let names = names.collect::<Result<Vec<String>, _>>()?;
    Ok(names.iter().filter_map(|name| DeviceId::parse(name).ok()).collect())
}

/// Time of the oldest reading.
pub(super) fn oldest_time(connection: &Connection) -> Result<Option<Timestamp>, HistoryError> {
    let mut oldest = None;
    for device in devices(connection)? {
        let start: Option<i64> = connection
            .prepare_cached("SELECT min(start) FROM segment WHERE device = ?1")?
            .query_row([device.as_str()], |row| row.get(0))?;
        oldest =
            start.map(|start| oldest.map_or(start, |oldest: i64| oldest.min(start))).or(oldest);
    }
    Ok(oldest.map(Timestamp::from_ms))
}

/// The segments of a device that reach into `from <= time < to`, oldest first.
pub(super) fn within(
    connection: &Connection,
    device: &DeviceId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Place>, HistoryError> {
    // Segments do not overlap: one at most begins before the span and reaches into it.
    let condition = "device = ?1 AND start < ?3 AND until >= ?2 AND start >= coalesce(
        (SELECT max(start) FROM segment WHERE device = ?1 AND start <= ?2), ?2) ORDER BY start";
    places(connection, condition, params![device.as_str(), from.ms(), to.ms()])
}

/// The last `most` segments of a device that begin before `to`, newest first.
pub(super) fn before(
    connection: &Connection,
    device: &DeviceId,
    to: Timestamp,
    most: usize,
) -> Result<Vec<Place>, HistoryError> {
    let condition = "device = ?1 AND start < ?2 ORDER BY start DESC LIMIT ?3";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    places(connection, condition, params![device.as_str(), to.ms(), most])
}

/// The first `most` segments of a device that end at `from` or after it, oldest first.
pub(super) fn after(
    connection: &Connection,
    device: &DeviceId,
    from: Timestamp,
    most: usize,
) -> Result<Vec<Place>, HistoryError> {
    // Segments do not overlap: in their order they end as they begin.
    let condition = "device = ?1 AND until >= ?2 AND start >= coalesce(
        (SELECT max(start) FROM segment WHERE device = ?1 AND start <= ?2), ?2)
        ORDER BY start LIMIT ?3";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    places(connection, condition, params![device.as_str(), from.ms(), most])
}

/// Bytes with a sum over them and where they belong.
fn seal(mut bytes: Vec<u8>, device: &DeviceId, start: Timestamp, point: &str) -> Vec<u8> {
    let sum = sum(&bytes, device, start, point);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

fn sum(bytes: &[u8], device: &DeviceId, start: Timestamp, point: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(device.as_str().as_bytes());
    hasher.update(&start.ms().to_le_bytes());
    hasher.update(point.as_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

/// The bytes without their sum.
fn open_seal<'a>(
    sealed: &'a [u8],
    device: &DeviceId,
    start: Timestamp,
    point: &str,
) -> Result<&'a [u8], HistoryError> {
    let damaged = || HistoryError::Damaged { device: device.clone(), time: start };
    let (bytes, stored) = sealed.split_last_chunk::<4>().ok_or_else(damaged)?;
    let right = u32::from_le_bytes(*stored) == sum(bytes, device, start, point);
    right.then_some(bytes).ok_or_else(damaged)
}

pub(super) fn keep(
    connection: &Connection,
    device: &DeviceId,
    packed: Packed,
) -> Result<(), HistoryError> {
    let start = packed.start;
    let mut statement = connection.prepare_cached(
        "INSERT INTO segment(device, start, until, rows, times, points)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let times = seal(packed.times, device, start, "");
    let rows = i64::try_from(packed.rows).unwrap_or(i64::MAX);
    let points = i64::try_from(packed.columns.len()).unwrap_or(i64::MAX);
    let until = packed.until.ms();
    statement.execute(params![device.as_str(), start.ms(), until, rows, times, points])?;
    let id = connection.last_insert_rowid();
    let mut statement = connection
        .prepare_cached("INSERT INTO packed(segment, point, body) VALUES (?1, ?2, ?3)")?;
    for (point, body) in packed.columns {
        let body = seal(body, device, start, point.as_str());
        statement.execute(params![id, point.as_str(), body])?;
    }
    Ok(())
}

pub(super) fn remove(connection: &Connection, place: &Place) -> Result<(), HistoryError> {
    connection.prepare_cached("DELETE FROM packed WHERE segment = ?1")?.execute([place.id])?;
    connection.prepare_cached("DELETE FROM segment WHERE id = ?1")?.execute([place.id])?;
    Ok(())
}

/// When the readings of a segment were.
pub(super) fn times(
    connection: &Connection,
    device: &DeviceId,
    place: &Place,
) -> Result<Times, HistoryError> {
    let mut statement = connection.prepare_cached("SELECT times FROM segment WHERE id = ?1")?;
    let sealed: Vec<u8> = statement.query_row([place.id], |row| row.get(0))?;
    let damaged = || HistoryError::Damaged { device: device.clone(), time: place.start };
    let times = segment::unpack_times(open_seal(&sealed, device, place.start, "")?);
    times.filter(|times| times.len() == place.rows).ok_or_else(damaged)
}

/// The packed values of a point in a segment; `None` where no reading has it.
pub(super) fn column(
    connection: &Connection,
    device: &DeviceId,
    place: &Place,
    point: &str,
) -> Result<Option<Vec<u8>>, HistoryError> {
    let mut statement =
        connection.prepare_cached("SELECT body FROM packed WHERE segment = ?1 AND point = ?2")?;
    let sealed: Option<Vec<u8>> =
        statement.query_row(params![place.id, point], |row| row.get(0)).optional()?;
    let Some(mut sealed) = sealed else { return Ok(None) };
    let len = open_seal(&sealed, device, place.start, point)?.len();
    sealed.truncate(len);
    Ok(Some(sealed))
}

/// All readings of a segment.
pub(super) fn readings(
    connection: &Connection,
    device: &DeviceId,
    place: &Place,
) -> Result<Vec<Reading>, HistoryError> {
    let damaged = || HistoryError::Damaged { device: device.clone(), time: place.start };
    let mut readings = times(connection, device, place)?.readings(device);
    let mut statement = connection
        .prepare_cached("SELECT point, body FROM packed WHERE segment = ?1 ORDER BY rowid")?;
    let mut rows = statement.query([place.id])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let sealed: Vec<u8> = row.get(1)?;
        let body = open_seal(&sealed, device, place.start, &name)?;
        let point = PointName::parse(&name).map_err(|_| damaged())?;
        if !segment::fill(&mut readings, &point, body) {
            return Err(damaged());
        }
    }
    Ok(readings)
}

/// When the first segment of a device after `time` begins.
pub(super) fn next_start(
    connection: &Connection,
    device: &DeviceId,
    time: Timestamp,
) -> Result<Option<Timestamp>, HistoryError> {
    let mut statement = connection
        .prepare_cached("SELECT min(start) FROM segment WHERE device = ?1 AND start > ?2")?;
    let start: Option<i64> =
        statement.query_row(params![device.as_str(), time.ms()], |row| row.get(0))?;
    Ok(start.map(Timestamp::from_ms))
}

/// The points that occur in a segment, in their order.
pub(super) fn points_of(
    connection: &Connection,
    place: &Place,
) -> Result<Vec<String>, HistoryError> {
    let mut statement =
        connection.prepare_cached("SELECT point FROM packed WHERE segment = ?1 ORDER BY rowid")?;
    let rows = statement.query_map([place.id], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many columns a segment had when it was packed; of one of before that is not known.
pub(super) fn columns_of(connection: &Connection, place: &Place) -> Result<usize, HistoryError> {
    let mut statement = connection.prepare_cached("SELECT points FROM segment WHERE id = ?1")?;
    let points: Option<i64> = statement.query_row([place.id], |row| row.get(0))?;
    Ok(points.and_then(|points| usize::try_from(points).ok()).unwrap_or(0))
}

/// Device and beginning of the segments of which columns are gone, at most `most` of them.
pub(super) fn lacking(
    connection: &Connection,
    most: usize,
) -> Result<Vec<(String, Timestamp)>, HistoryError> {
    let mut statement = connection.prepare(
        "SELECT device, start FROM segment WHERE points >
             (SELECT count(*) FROM packed WHERE packed.segment = segment.id) LIMIT ?1",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows =
        statement.query_map([most], |row| Ok((row.get(0)?, Timestamp::from_ms(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Drops up to `most` of the oldest segments that end before `time`; how many.
pub(super) fn drop_before(
    connection: &Connection,
    time: Timestamp,
    most: usize,
) -> Result<usize, HistoryError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let places =
        places(connection, "until < ?1 ORDER BY until LIMIT ?2", params![time.ms(), most])?;
    places.iter().try_for_each(|place| remove(connection, place))?;
    connection.execute(
        "DELETE FROM packed WHERE segment IN (SELECT id FROM damaged WHERE until < ?1)",
        [time.ms()],
    )?;
    connection.execute("DELETE FROM damaged WHERE until < ?1", [time.ms()])?;
    Ok(places.len())
}
