//! The tables of the journal, and how its database is opened.

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::model::{Position, Timestamp};

use super::error::JournalError;
use super::salvage::{self, Mending};
use super::wal::{self, Brought};
use super::{ballot, check, first_page};

/// Raised with every change of the tables; a database with a higher number is refused.
const VERSION: i64 = 3;

/// The database of the history, which goes with this one.
const OTHER: &str = "history.db";

const HOUR_MS: i64 = 3600 * 1000;

const TABLES: &str = "
    CREATE TABLE log(
        pos INTEGER PRIMARY KEY AUTOINCREMENT,
        kind INTEGER NOT NULL,
        subject INTEGER NOT NULL,
        time INTEGER NOT NULL,
        message INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX log_once ON log(subject, time, message) WHERE kind = 0;
    CREATE INDEX log_decisions ON log(pos) WHERE kind > 0;
    CREATE TABLE name(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE cursor(
        name TEXT PRIMARY KEY, pos INTEGER NOT NULL, state BLOB NOT NULL
    ) STRICT;
";

/// What version 2 added: what tells one journal from another, where its readings begin, and how far
/// it had come at a time.
const SINCE_2: &str = "
    CREATE TABLE fact(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
    INSERT INTO fact(name, value) VALUES ('identity', lower(hex(randomblob(16))));
    CREATE TABLE mark(time INTEGER PRIMARY KEY, pos INTEGER NOT NULL) STRICT;
";

/// What version 3 added: of which times the readings were that have been dropped, hour by hour of
/// the dropping; and the ledger.
const SINCE_3: &str = "
    CREATE TABLE ledger(
        day INTEGER NOT NULL, subject INTEGER NOT NULL, account INTEGER NOT NULL,
        readings INTEGER NOT NULL, PRIMARY KEY (day, subject, account)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE run(began INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;
    CREATE TABLE dropped(
        hour INTEGER PRIMARY KEY, pos INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL
    ) STRICT;
";

pub(crate) const FILE: &str = "journal.db";

/// Is there while the database is known to be corrupt.
const MARK: &str = "journal.corrupt";
/// Left out after a mending where it cannot be read any more how far they had come: what had been given
/// out and is gone is not given out again.
const POSITIONS_LEFT_OUT: i64 = 100_000;

/// As [`POSITIONS_LEFT_OUT`], of the numbers of names; there are some thousands.
const NAMES_LEFT_OUT: i64 = 1_000_000;

/// The database with the lock that keeps other processes out.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) lock: File,
}

fn storage(error: &std::io::Error) -> JournalError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return JournalError::DiskFull;
    }
    JournalError::Storage(error.to_string())
}

/// Opens the database for its one writer. Where it cannot be read any more, what can be read of it
/// goes into a new one, and the old one stays beside it.
pub(super) fn open(folder: &Path, now: Timestamp) -> Result<Opened, JournalError> {
    std::fs::create_dir_all(folder).map_err(|error| storage(&error))?;
    let lock = File::create(folder.join("lock")).map_err(|error| storage(&error))?;
    lock.try_lock().map_err(|_| JournalError::Busy(folder.display().to_string()))?;
    let resumed = Mending::resume(folder, FILE);
    resumed.map_err(|error| storage(&error))?;
    let brought = wal::bring_in(folder, FILE, now.ms()).map_err(|error| storage(&error))?;
    let missing = first_page::is_missing(folder, FILE, OTHER);
    let brought_in = brought.is_some();
    let page = first_page::read(folder, FILE);
    let opened = open_to_write(folder).and_then(|connection| {
        if is_marked(folder) {
            return Err(JournalError::Corrupt("found while it was in use".to_owned()));
        }
        check::probe(&connection)?;
        Ok(connection)
    });
    let connection = match opened {
        Err(JournalError::Corrupt(error)) => mend(folder, now, &error)?,
        opened => {
            let connection = opened?;
            first_page::keep(page, folder, FILE);
            if let Some(Brought { damaged, aside }) = brought {
                note_mended(&connection, &mended_by(&connection, now, damaged, aside)?)?;
            }
            connection
        }
    };
    if missing && !brought_in {
        tracing::error!("the journal's database was missing: it begins anew");
        note_mended(&connection, &mended_by(&connection, now, 1, String::new())?)?;
    }
    Ok(Opened { connection, lock })
}

/// Whether the database is known to be corrupt.
pub(super) fn is_marked(folder: &Path) -> bool {
    folder.join(MARK).exists()
}

/// Notes that the database was found to be corrupt, for the next start.
pub(super) fn mark_corrupt(folder: &Path) {
    if let Err(error) = File::create(folder.join(MARK)) {
        tracing::error!(%error, "it could not be noted that the journal is corrupt");
    }
}

fn mend(folder: &Path, now: Timestamp, error: &str) -> Result<Connection, JournalError> {
    let mending = Mending::begin(folder, FILE).map_err(|error| storage(&error))?;
    let (old, aside) = (mending.old_path(), mending.aside(now.ms()));
    tracing::error!(%error, %aside,
        "the journal's database is corrupt: what can be read of it is saved into a new one");
    let connection = open_path(&mending.new_path())?;
    connection.execute("DELETE FROM fact", [])?;
    ballot::count(&old, &connection)?;
    let names = salvage::salvage(&old, &connection, &["name"])?;
    if names.holes > 0 {
        // The number of a name that is lost must not become that of another one: rows would be misread.
        connection.execute(
            "INSERT INTO name(id, name)
             SELECT coalesce(max(id), 0) + ?1, 'lost before ' || ?2 FROM name",
            params![NAMES_LEFT_OUT, now.ms()],
        )?;
    }
    let ledger = salvage::salvage(&old, &connection, &["fact", "ledger"])?;
    if ledger.holes > 0 || ledger.rows == 0 {
        // What it says of before is not all of it: it counts from now on.
        connection.execute(
            "INSERT OR REPLACE INTO fact(name, value) VALUES ('ledger_since', ?1)",
            [now.ms()],
        )?;
    }
    let done = salvage::salvage(&old, &connection, &["cursor", "mark", "dropped", "run", "log"])?;
    // A position is never given out twice: readers stand behind those that are gone.
    connection.execute(
        "INSERT INTO sqlite_sequence(name, seq) SELECT 'log', 0
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'log')",
        [],
    )?;
    let (least, beyond) = match open_file(&old).and_then(|old| head(&old)) {
        Ok(head) => (to_sql(head), 0),
        Err(_) => (0, POSITIONS_LEFT_OUT),
    };
    connection.execute(
        "UPDATE sqlite_sequence SET seq = ?1 + max(?2,
             (SELECT coalesce(max(pos), 0) FROM log), (SELECT coalesce(max(pos), 0) FROM cursor))
         WHERE name = 'log'",
        [beyond, least],
    )?;
    connection.execute_batch(
        "INSERT OR IGNORE INTO fact(name, value)
             VALUES ('identity', lower(hex(randomblob(16))));",
    )?;
    // Made anew from the names that were chosen.
    connection.execute("DELETE FROM fact WHERE substr(name, 1, 2) = 'n:'", [])?;
    let mended = Mended {
        time: now,
        rows: done.rows + ledger.rows,
        holes: done.holes + ledger.holes + names.holes,
        aside,
    };
    note_mended(&connection, &mended)?;
    mending.finish(connection, now.ms())?;
    let connection = open_to_write(folder)?;
    match std::fs::remove_file(folder.join(MARK)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(storage(&error)),
        _ => Ok(connection),
    }
}

/// A database that was corrupt, and what was saved of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// When.
    pub time: Timestamp,
    /// Rows that were saved.
    pub rows: u64,
    /// Places where some could not be read.
    pub holes: u64,
    /// Name of the file with what is left of the old one; empty where nothing is.
    pub aside: String,
}

/// A database that lost something, with all that it has.
fn mended_by(
    connection: &Connection,
    now: Timestamp,
    holes: u64,
    aside: String,
) -> Result<Mended, JournalError> {
    let rows: i64 = connection.query_row("SELECT count(*) FROM log", [], |row| row.get(0))?;
    Ok(Mended { time: now, rows: u64::try_from(rows).unwrap_or(0), holes, aside })
}

/// Readers outside this database stand at `through`, which the journal has not reached: its end was lost.
/// Positions up to there are left out, so that they are not given out a second time.
pub(super) fn continue_after(
    folder: &Path,
    through: Position,
    now: Timestamp,
) -> Result<(), JournalError> {
    let connection = open_to_write(folder)?;
    let head = head(&connection)?;
    if head >= through {
        return Ok(());
    }
    tracing::error!(
        head = head.0,
        through = through.0,
        "the end of the journal is gone: what was packed of it is in the history"
    );
    let sql = "INSERT INTO sqlite_sequence(name, seq) SELECT 'log', 0
               WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'log')";
    connection.execute(sql, [])?;
    let sql = "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'log'";
    connection.execute(sql, [to_sql(through)])?;
    // What the ledger says of the time that is gone went with it.
    connection.execute(
        "INSERT OR REPLACE INTO fact(name, value) VALUES ('ledger_since', ?1)",
        [now.ms()],
    )?;
    note_mended(&connection, &mended_by(&connection, now, 1, String::new())?)
}

fn note_mended(connection: &Connection, mended: &Mended) -> Result<(), JournalError> {
    let Mended { time, rows, holes, aside } = mended;
    let text = format!("{} {rows} {holes} {aside}", time.ms());
    connection.execute("INSERT OR REPLACE INTO fact(name, value) VALUES ('mended', ?1)", [text])?;
    Ok(())
}

/// The last time that the database was mended.
pub(super) fn mended(connection: &Connection) -> Result<Option<Mended>, JournalError> {
    let text: Option<String> = connection
        .query_row("SELECT value FROM fact WHERE name = 'mended'", [], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| {
        let mut parts = text.splitn(4, ' ');
        Some(Mended {
            time: Timestamp::from_ms(parts.next()?.parse().ok()?),
            rows: parts.next()?.parse().ok()?,
            holes: parts.next()?.parse().ok()?,
            aside: parts.next()?.to_owned(),
        })
    }))
}

pub(super) fn open_to_write(folder: &Path) -> Result<Connection, JournalError> {
    open_path(&folder.join(FILE))
}

fn open_path(path: &Path) -> Result<Connection, JournalError> {
    let connection = Connection::open(path)?;
    // FULL: a commit is on disk when it returns. The page size holds for new databases only.
    connection.execute_batch(
        "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         PRAGMA wal_autocheckpoint=4000; PRAGMA busy_timeout=5000; PRAGMA cache_size=-4096;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let steps = match version {
        0 => format!("{TABLES} {SINCE_2} {SINCE_3}"),
        1 => format!("{SINCE_2} {SINCE_3}"),
        2 => SINCE_3.to_owned(),
        VERSION => return Ok(connection),
        newer => {
            return Err(JournalError::Storage(format!(
                "made by a newer hallwatch (version {newer} of the tables, this one knows {VERSION})"
            )));
        }
    };
    connection.execute_batch(&format!("BEGIN; {steps} PRAGMA user_version={VERSION}; COMMIT;"))?;
    Ok(connection)
}

pub(super) fn identity(connection: &Connection) -> Result<String, JournalError> {
    let identity = "SELECT value FROM fact WHERE name = 'identity'";
    Ok(connection.query_row(identity, [], |row| row.get(0))?)
}

/// A place that the journal remembers by name; the beginning if it does not.
pub(super) fn place(connection: &Connection, name: &str) -> Result<Position, JournalError> {
    let place = connection
        .query_row("SELECT value FROM fact WHERE name = ?1", [name], |row| row.get(0))
        .optional()?;
    Ok(place.map(from_sql).unwrap_or_default())
}

/// Since when everything is in the ledger: from the beginning in a new journal; in one of before, from
/// the first time that this is asked.
pub(super) fn ledger_since(
    connection: &Connection,
    now: Timestamp,
) -> Result<Timestamp, JournalError> {
    let since = if head(connection)? == Position::default() { 0 } else { now.ms() };
    connection
        .execute("INSERT OR IGNORE INTO fact(name, value) VALUES ('ledger_since', ?1)", [since])?;
    let since = "SELECT value FROM fact WHERE name = 'ledger_since'";
    Ok(Timestamp::from_ms(connection.query_row(since, [], |row| row.get(0))?))
}

/// When the journal was begun: now where it is new, else the time of its oldest reading, and kept from
/// then on.
pub(super) fn began(connection: &Connection, now: Timestamp) -> Result<Timestamp, JournalError> {
    let asked = "SELECT value FROM fact WHERE name = 'began'";
    if let Some(ms) = connection.query_row(asked, [], |row| row.get(0)).optional()? {
        return Ok(Timestamp::from_ms(ms));
    }
    let first: Option<i64> = connection
        .query_row("SELECT time FROM log ORDER BY pos LIMIT 1", [], |row| row.get(0))
        .optional()?;
    let began = first.unwrap_or(now.ms()).min(now.ms());
    connection.execute("INSERT INTO fact(name, value) VALUES ('began', ?1)", [began])?;
    Ok(Timestamp::from_ms(began))
}

/// Notes that a run that began at a time goes on.
pub(super) fn note_run(
    connection: &Connection,
    began: Timestamp,
    now: Timestamp,
) -> Result<(), JournalError> {
    connection.execute(
        "INSERT INTO run(began, last) VALUES (?1, ?2)
         ON CONFLICT(began) DO UPDATE SET last = excluded.last",
        params![began.ms(), now.ms()],
    )?;
    Ok(())
}

/// When no gateway ran between two times: from the last sign of a run to the beginning of the next.
pub(super) fn pauses(
    connection: &Connection,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>, JournalError> {
    let mut statement = connection.prepare("SELECT began, last FROM run ORDER BY began")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let runs = rows.collect::<Result<Vec<_>, _>>()?;
    let pauses =
        runs.iter().zip(runs.iter().skip(1)).map(|((_, last), (began, _))| (*last, *began));
    let within = |(last, began): &(i64, i64)| last < began && *began > from.ms() && *last < to.ms();
    let times = |(last, began)| (Timestamp::from_ms(last), Timestamp::from_ms(began));
    Ok(pauses.filter(within).map(times).collect())
}

/// Readings by subject, after one place and up to another, of times in `from <= time < to`.
pub(super) fn count(
    connection: &Connection,
    (after, until): (Position, Position),
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(i64, u64)>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT subject, count(*) FROM log NOT INDEXED
         WHERE pos > ?1 AND pos <= ?2 AND kind = 0 AND time >= ?3 AND time < ?4 GROUP BY subject",
    )?;
    let rows = statement
        .query_map(params![to_sql(after), to_sql(until), from.ms(), to.ms()], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Keeps texts by name, those that are new or others than before.
pub(super) fn remember(folder: &Path, facts: &[(String, String)]) -> Result<(), JournalError> {
    let mut connection = open_to_write(folder)?;
    let transaction = connection.transaction()?;
    for (name, value) in facts {
        transaction.execute(
            "INSERT INTO fact(name, value) VALUES (?1, ?2)
             ON CONFLICT(name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
            [name, value],
        )?;
    }
    Ok(transaction.commit()?)
}

/// Texts whose names begin so.
pub(super) fn facts(
    connection: &Connection,
    prefix: &str,
) -> Result<Vec<(String, String)>, JournalError> {
    let mut statement = connection.prepare(
        "SELECT name, value FROM fact WHERE substr(name, 1, length(?1)) = ?1 AND typeof(value) = 'text'
         ORDER BY name",
    )?;
    let rows = statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn set_place(
    connection: &Connection,
    name: &str,
    place: Position,
) -> Result<(), JournalError> {
    connection.execute(
        "INSERT INTO fact(name, value) VALUES (?1, ?2)
         ON CONFLICT(name) DO UPDATE SET value = excluded.value",
        params![name, to_sql(place)],
    )?;
    Ok(())
}

/// Readings that are no longer in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// None is left up to here.
    pub through: Position,
    /// The earliest time of those that were asked about.
    pub from: Timestamp,
    /// The latest.
    pub to: Timestamp,
}

/// What was dropped of the readings after a position.
pub(super) fn dropped(
    connection: &Connection,
    after: Position,
) -> Result<Option<Dropped>, JournalError> {
    let dropped = "SELECT max(pos), min(since), max(until) FROM dropped WHERE pos > ?1";
    let row = connection
        .query_row(dropped, [to_sql(after)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (Some(through), Some(from), Some(to)) = row else { return Ok(None) };
    let (from, to) = (Timestamp::from_ms(from), Timestamp::from_ms(to));
    Ok(Some(Dropped { through: from_sql(through), from, to }))
}

/// Notes that readings up to `dropped.through` are gone.
pub(super) fn note_dropped(
    connection: &Connection,
    now: Timestamp,
    dropped: Dropped,
) -> Result<(), JournalError> {
    let Dropped { through, from, to } = dropped;
    connection.execute(
        "INSERT INTO dropped(hour, pos, since, until) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT(hour) DO UPDATE SET pos = max(pos, excluded.pos),
             since = min(since, excluded.since), until = max(until, excluded.until)",
        params![now.ms().div_euclid(HOUR_MS), to_sql(through), from.ms(), to.ms()],
    )?;
    Ok(())
}

pub(super) fn open_read_only(folder: &Path) -> Result<Connection, JournalError> {
    open_file(&folder.join(FILE))
}

fn open_file(file: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.execute_batch("PRAGMA busy_timeout=5000; PRAGMA cache_size=-2048;")?;
    Ok(connection)
}

/// Positions are stored as SQLite's signed integers and never come near the sign.
pub(super) fn to_sql(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

pub(super) fn from_sql(position: i64) -> Position {
    Position(u64::try_from(position).unwrap_or(0))
}

pub(super) fn head(connection: &Connection) -> Result<Position, JournalError> {
    let head = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'log'";
    Ok(from_sql(connection.query_row(head, [], |row| row.get(0))?))
}

/// Time of the newest record, for judging the clock.
pub(super) fn newest_time(connection: &Connection) -> Result<Option<Timestamp>, JournalError> {
    let newest = "SELECT time FROM log ORDER BY pos DESC LIMIT 1";
    let time = connection.query_row(newest, [], |row| row.get(0)).optional()?;
    Ok(time.map(Timestamp::from_ms))
}

pub(super) fn cursor(
    connection: &Connection,
    name: &str,
) -> Result<Option<(Position, Vec<u8>)>, JournalError> {
    let found = connection
        .query_row("SELECT pos, state FROM cursor WHERE name = ?1", [name], |row| {
            Ok((from_sql(row.get(0)?), row.get(1)?))
        })
        .optional()?;
    Ok(found)
}

pub(super) fn cursors(connection: &Connection) -> Result<Vec<(String, Position)>, JournalError> {
    let mut statement = connection.prepare("SELECT name, pos FROM cursor ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, from_sql(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Bytes of the database that hold something.
pub(crate) fn used_bytes(connection: &Connection) -> Result<u64, JournalError> {
    let ask = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let pages = ask("PRAGMA page_count")? - ask("PRAGMA freelist_count")?;
    Ok(u64::try_from(pages.saturating_mul(ask("PRAGMA page_size")?)).unwrap_or(0))
}
