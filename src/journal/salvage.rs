//! What can still be read of a database with damaged pages goes into a new one; the old one stays
//! beside it. What a row or a block says is checked by its own sum later on.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::error::JournalError;
use super::first_page;

/// Rows of one transaction.
const ROWS: usize = 10_000;

/// A row takes more than this of the file.
const ROW_BYTES_MIN: u64 = 4;

/// What came over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Salvaged {
    /// Rows that could be read.
    pub(crate) rows: u64,
    /// Places where some could not.
    pub(crate) holes: u64,
}

/// A database that is being mended. The new one grows beside the old one, which keeps its name until all is
/// saved: whoever is killed meanwhile begins again from the old one.
pub(crate) struct Mending {
    folder: PathBuf,
    file: &'static str,
}

impl Mending {
    /// To be called before a database is opened: what a mending that was killed has left is finished or
    /// thrown away.
    pub(crate) fn resume(folder: &Path, file: &'static str) -> std::io::Result<()> {
        let mending = Self { folder: folder.to_owned(), file };
        if !mending.new_path().exists() {
            return Ok(());
        }
        if mending.old_path().exists() {
            return remove(&mending.new_path());
        }
        // The old one goes aside only when the new one is complete.
        move_all(&mending.new_path(), &mending.old_path())?;
        File::open(folder)?.sync_all()
    }

    pub(crate) fn begin(folder: &Path, file: &'static str) -> std::io::Result<Self> {
        let mending = Self { folder: folder.to_owned(), file };
        remove(&mending.new_path())?;
        first_page::bring_back(folder, file)?;
        Ok(mending)
    }

    pub(crate) fn old_path(&self) -> PathBuf {
        self.folder.join(self.file)
    }

    pub(crate) fn new_path(&self) -> PathBuf {
        self.folder.join(format!("{}.mending.db", self.file.trim_end_matches(".db")))
    }

    /// What the old one will be called.
    pub(crate) fn aside(&self, now_ms: i64) -> String {
        format!("{}.damaged-{now_ms}.db", self.file.trim_end_matches(".db"))
    }

    /// All is saved: the old one goes aside, the new one takes its name.
    pub(crate) fn finish(self, new: Connection, now_ms: i64) -> Result<(), JournalError> {
        new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        new.close().map_err(|(_, error)| error)?;
        let work = || -> std::io::Result<()> {
            let aside = self.folder.join(self.aside(now_ms));
            move_all(&self.old_path(), &aside)?;
            move_all(&self.new_path(), &self.old_path())?;
            File::open(&self.folder)?.sync_all()
        };
        work().map_err(|error| JournalError::Storage(error.to_string()))
    }
}

/// A database and what may lie beside it.
fn parts(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

fn unless_missing(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    parts(path).iter().try_for_each(|part| unless_missing(std::fs::remove_file(part)))
}

fn move_all(from: &Path, to: &Path) -> std::io::Result<()> {
    // What lies beside it first: a log belongs to the database that has its name.
    for (from, to) in parts(from).iter().zip(&parts(to)).rev() {
        unless_missing(std::fs::rename(from, to))?;
    }
    Ok(())
}

/// Copies what can be read of some tables into a database that has them, empty or not.
pub(crate) fn salvage(
    from: &Path,
    to: &Connection,
    tables: &[&str],
) -> Result<Salvaged, JournalError> {
    // With the right to write: the log beside it has to be taken in.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let old = Connection::open_with_flags(from, flags)?;
        // Else a file whose end is missing is refused as a whole.
        old.execute_batch("PRAGMA writable_schema=ON")?;
        Ok(old)
    };
    let old = match open() {
        Ok(old) => old,
        Err(error) => {
            tracing::error!(%error, "nothing of it can be read");
            return Ok(Salvaged { rows: 0, holes: 1 });
        }
    };
    let length = std::fs::metadata(from).map_or(0, |file| file.len());
    let (mut all, rows_max) = (Salvaged::default(), length / ROW_BYTES_MIN);
    for table in tables {
        // One of an older version may lack some.
        let known = columns_of(&old, table).unwrap_or_default();
        let mut columns = columns_of(to, table)?;
        columns.retain(|column| known.is_empty() || known.contains(column));
        let done = Salvaged::default();
        let mut copy = Copy { old: &old, new: to, table, columns, rows_max, done };
        if to.prepare(&format!("SELECT rowid FROM {table}")).is_ok() {
            copy.run()?;
        } else {
            copy.both_ends()?;
        }
        tracing::warn!(table, rows = copy.done.rows, holes = copy.done.holes, "salvaged");
        all.rows += copy.done.rows;
        all.holes += copy.done.holes;
    }
    Ok(all)
}

fn columns_of(connection: &Connection, table: &str) -> Result<Vec<String>, JournalError> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// One table on its way.
struct Copy<'a> {
    old: &'a Connection,
    new: &'a Connection,
    table: &'a str,
    columns: Vec<String>,
    /// More rows than there can be.
    rows_max: u64,
    done: Salvaged,
}

impl Copy<'_> {
    fn run(&mut self) -> Result<(), JournalError> {
        let mut next = i64::MIN;
        loop {
            let (reached, whole) = self.some(next)?;
            let Some(follows) = reached.map_or(Some(next), |row| row.checked_add(1)) else {
                return Ok(());
            };
            if whole && reached.is_none() {
                return Ok(());
            }
            if whole {
                next = follows;
                continue;
            }
            self.done.holes += 1;
            // Exactly the row that can be read: the way to the one before may lead through the damage.
            match self.beyond(follows) {
                Some(found) if found > next => next = found,
                Some(_) => next = follows.saturating_add(1),
                None => return Ok(()),
            }
        }
    }

    /// A table without row numbers: from the beginning up to what cannot be read, and from the end back
    /// to it.
    fn both_ends(&mut self) -> Result<(), JournalError> {
        let columns = self.columns.join(", ");
        let key = self.columns.iter().take(self.columns.len().saturating_sub(1));
        let key = key.cloned().collect::<Vec<_>>();
        for order in ["ASC", "DESC"] {
            let by =
                key.iter().map(|name| format!("{name} {order}")).collect::<Vec<_>>().join(", ");
            let sql = format!("SELECT 0, {columns} FROM {} ORDER BY {by}", self.table);
            let (_, whole) = self.copy(&sql, None)?;
            if whole {
                return Ok(());
            }
            self.done.holes += 1;
        }
        Ok(())
    }

    /// Copies some rows from one on; the last of them, and whether none of them was unreadable.
    fn some(&mut self, from: i64) -> Result<(Option<i64>, bool), JournalError> {
        let columns = self.columns.join(", ");
        let table = self.table;
        let sql = format!(
            "SELECT rowid, {columns} FROM {table} WHERE rowid >= ?1 ORDER BY rowid LIMIT {ROWS}"
        );
        self.copy(&sql, Some(from))
    }

    /// Copies the rows that a question finds, until one cannot be read. Pages that point to each other
    /// in a ring would be read for ever: rows that come out of their order, and more of them than the
    /// file has room for, are taken for unreadable.
    fn copy(&mut self, sql: &str, from: Option<i64>) -> Result<(Option<i64>, bool), JournalError> {
        let (table, columns) = (self.table, self.columns.join(", "));
        let places = vec!["?"; self.columns.len()].join(", ");
        let insert = format!("INSERT OR IGNORE INTO {table}({columns}) VALUES ({places})");
        let transaction = self.new.unchecked_transaction()?;
        let (mut reached, mut rows_left) = (None, self.rows_max);
        let whole = {
            let mut insert = transaction.prepare(&insert)?;
            let mut read = || -> Result<(), ReadOrWrite> {
                let mut statement = self.old.prepare(sql).map_err(ReadOrWrite::Read)?;
                let mut rows =
                    statement.query(params_from_iter(from)).map_err(ReadOrWrite::Read)?;
                while let Some(row) = rows.next().map_err(ReadOrWrite::Read)? {
                    let number = row.get(0).map_err(ReadOrWrite::Read)?;
                    let behind = from
                        .is_some_and(|from| reached.map_or(number < from, |last| last >= number));
                    if behind || rows_left == 0 {
                        return Err(ReadOrWrite::Read(rusqlite::Error::QueryReturnedNoRows));
                    }
                    rows_left -= 1;
                    let values = (1..=self.columns.len())
                        .map(|at| row.get::<_, Value>(at))
                        .collect::<Result<Vec<_>, _>>()
                        .map_err(ReadOrWrite::Read)?;
                    reached = Some(number);
                    // A row that does not fit the table is one more that cannot be read.
                    match insert.execute(params_from_iter(values)) {
                        Ok(_) => self.done.rows += 1,
                        Err(error) if !is_of_row(&error) => return Err(ReadOrWrite::Write(error)),
                        Err(_) => self.done.holes += 1,
                    }
                }
                Ok(())
            };
            match read() {
                Ok(()) => true,
                Err(ReadOrWrite::Read(error)) => {
                    tracing::debug!(%error, table, "a page cannot be read");
                    false
                }
                Err(ReadOrWrite::Write(error)) => return Err(error.into()),
            }
        };
        transaction.commit()?;
        Ok((reached, whole))
    }

    /// The first row after a damaged place that can be read: found by leaps, then by halving.
    fn beyond(&self, from: i64) -> Option<i64> {
        let start = from.max(0);
        let mut step: i64 = 1;
        let (mut bad, mut good) = loop {
            let probe = start.checked_add(step)?;
            match self.first_from(probe) {
                Ok(Some(found)) if found >= probe => break (start.saturating_add(step / 2), found),
                Ok(None) => return None,
                Ok(Some(_)) | Err(_) => step = step.checked_mul(2)?,
            }
        };
        while good.saturating_sub(bad) > 1 {
            let middle = bad.midpoint(good);
            match self.first_from(middle) {
                Ok(Some(found)) if (middle..good).contains(&found) => good = found,
                // Nothing nearer from there on.
                Ok(_) => good = middle,
                Err(_) => bad = middle,
            }
        }
        self.first_from(good).ok().flatten()
    }

    fn first_from(&self, row: i64) -> rusqlite::Result<Option<i64>> {
        use rusqlite::OptionalExtension as _;
        let columns = self.columns.join(", ");
        let table = self.table;
        let sql = format!(
            "SELECT rowid, {columns} FROM {table} WHERE rowid >= ?1 ORDER BY rowid LIMIT 1"
        );
        self.old.query_row(&sql, [row], |row| row.get(0)).optional()
    }
}

/// Which side did not work.
enum ReadOrWrite {
    Read(rusqlite::Error),
    Write(rusqlite::Error),
}

/// Whether the row is at fault, and not the disk.
fn is_of_row(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, TypeMismatch};
    matches!(error.sqlite_error_code(), Some(ConstraintViolation | TypeMismatch))
}
