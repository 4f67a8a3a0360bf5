//! The first page of a database says where its tables are; without it nothing else can be found. A copy of
//! it lies beside the database, for the day on which it cannot be read.
//!
//! The copy is made anew only when the tables change, from a database that could be read as a whole.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// How every database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The header, whose counters change with each commit.
const HEADER: usize = 100;
/// Where the header has the size of a page, and the pages of the file.
const PAGE_SIZE_AT: std::ops::Range<usize> = 16..18;
const PAGES_AT: std::ops::Range<usize> = 28..32;
/// A number that changes with the tables.
const COOKIE_AT: std::ops::Range<usize> = 40..44;

/// Where the copy is.
fn place(folder: &Path, file: &str) -> PathBuf {
    folder.join(format!("{}.first-page", file.trim_end_matches(".db")))
}

/// The first page as it is on disk. To be called before the database is opened: whoever closes a file by
/// hand takes all locks from it that this process has, those of SQLite with them.
pub(crate) fn read(folder: &Path, file: &str) -> Option<Vec<u8>> {
    first_page(&folder.join(file)).ok().flatten()
}

/// Keeps a copy of the first page of a database that turned out to be well, if the tables are others than
/// before. Without it everything works but for the saving of a database whose first page is gone.
pub(crate) fn keep(page: Option<Vec<u8>>, folder: &Path, file: &str) {
    let Some(page) = page else { return };
    let copy = place(folder, file);
    let known = std::fs::read(&copy).unwrap_or_default();
    if known.len() == page.len() && known.get(COOKIE_AT) == page.get(COOKIE_AT) {
        return;
    }
    let write = || -> std::io::Result<()> {
        let new = copy.with_extension("first-page-new");
        let mut out = File::create(&new)?;
        out.write_all(&page)?;
        out.sync_all()?;
        std::fs::rename(new, &copy)
    };
    if let Err(error) = write() {
        tracing::debug!(%error, file, "the first page could not be kept a second time");
    }
}

/// Whether a database is not there that must have been: its copy is, or the other one that goes with it.
pub(crate) fn is_missing(folder: &Path, file: &str, other: &str) -> bool {
    let length = |name: &Path| std::fs::metadata(name).map_or(0, |file| file.len());
    let expected = place(folder, file).exists() || length(&folder.join(other)) > 0;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let version = || -> rusqlite::Result<i64> {
        let connection = Connection::open_with_flags(folder.join(file), flags)?;
        connection.query_row("PRAGMA user_version", [], |row| row.get(0))
    };
    // Without its tables it is as good as not there. One that cannot be read is another matter.
    expected && (length(&folder.join(file)) == 0 || version().is_ok_and(|version| version == 0))
}

/// The first page, where it is one.
fn first_page(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut header = [0; HEADER];
    file.read_exact(&mut header)?;
    let Some(size) = page_size(&header) else { return Ok(None) };
    let mut page = vec![0; size];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut page)?;
    Ok(Some(page))
}

fn page_size(header: &[u8]) -> Option<usize> {
    let size = header.get(PAGE_SIZE_AT).filter(|_| header.starts_with(MAGIC))?;
    match u16::from_be_bytes(size.try_into().ok()?) {
        1 => Some(65_536),
        size => Some(usize::from(size)).filter(|size| size.is_power_of_two() && *size >= 512),
    }
}

/// Puts the copy in the place of a first page that cannot be read; what was there is kept beside it.
pub(super) fn bring_back(folder: &Path, file: &str) -> std::io::Result<()> {
    let path = folder.join(file);
    if !path.exists() || can_be_read(&path) {
        return Ok(());
    }
    let mut page = match std::fs::read(place(folder, file)) {
        Ok(page) if page_size(&page) == Some(page.len()) => page,
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => return Ok(()),
    };
    let mut database = File::options().read(true).write(true).open(&path)?;
    let length = database.metadata()?.len();
    let size = page.len() as u64;
    if length < size {
        return Ok(());
    }
    let mut was = vec![0; page.len()];
    database.read_exact(&mut was)?;
    std::fs::write(path.with_extension("first-page-was"), was)?;
    let pages = u32::try_from(length / size).unwrap_or(u32::MAX).to_be_bytes();
    if let Some(place) = page.get_mut(PAGES_AT) {
        place.copy_from_slice(&pages);
    }
    database.seek(SeekFrom::Start(0))?;
    database.write_all(&page)?;
    database.sync_all()?;
    tracing::warn!(file, "the first page came back from the copy beside it");
    Ok(())
}

/// Whether the tables can be found.
fn can_be_read(path: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let tables = |connection: &Connection| -> rusqlite::Result<i64> {
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        // Names may be right where the pages are not: of each table the first page has to be one.
        let mut roots =
            connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
        let names = roots.query_map([], |row| row.get::<_, String>(0))?;
        for name in names {
            let name = name?.replace('"', "\"\"");
            let mut first = connection.prepare(&format!("SELECT 1 FROM \"{name}\" LIMIT 1"))?;
            first.query([])?.next()?;
        }
        Ok(tables)
    };
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        // A file whose end is missing can be read up to there.
        connection.execute_batch("PRAGMA writable_schema=ON")?;
        Ok(connection)
    };
    open().and_then(|connection| tables(&connection)).is_ok_and(|tables| tables > 0)
}
