//! A consistent copy of a database while others write to it.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::error::JournalError;

/// Pages copied between two looks at how far it has come.
const PAGES_PER_STEP: i32 = 2000;

/// Copies the database `from` to the new file `to`; `tell` hears how many pages are done, and of how
/// many.
///
/// # Errors
/// [`JournalError`]; what was copied so far is left.
pub(crate) fn copy_database(
    from: &Path,
    to: &Path,
    mut tell: impl FnMut(u64, u64),
) -> Result<(), JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    source.execute_batch("PRAGMA busy_timeout=5000; BEGIN;")?;
    // One state of it: the read transaction that this begins is kept until the end.
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let mut target = Connection::open(to)?;
    {
        let backup = Backup::new(&source, &mut target)?;
        loop {
            let step = backup.step(PAGES_PER_STEP)?;
            let progress = backup.progress();
            let of = u64::try_from(progress.pagecount).unwrap_or(0);
            let left = u64::try_from(progress.remaining).unwrap_or(0);
            tell(of.saturating_sub(left), of);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(std::time::Duration::from_millis(50)),
            }
        }
    }
    source.execute_batch("COMMIT;")?;
    // One file, synced, without a log beside it.
    target.execute_batch("PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;")?;
    drop(target);
    let file = std::fs::File::open(to).map_err(|error| JournalError::Storage(error.to_string()))?;
    file.sync_all().map_err(|error| JournalError::Storage(error.to_string()))
}
