//! The log beside a database holds what was committed lately. SQLite reads it up to the first frame that is
//! not whole and forgets the rest without a word, because after a power cut that is right: what follows
//! was never acknowledged. A frame that was damaged later looks the same, and hides everything after it.
//!
//! Here the two are told apart: a power cut tears one transaction at most, so whole commits behind a
//! damaged frame were acknowledged. Then every whole frame is put where it belongs, and only the damaged
//! one is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::model::{Text, text};

/// Header of the log, and of a frame in it.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// How a log begins; the last bit says in which order its sums take the bytes.
const MAGIC: u32 = 0x377f_0682;
/// The longest log that is looked at, bytes.
const LOG_BYTES_MAX: u64 = 1 << 30;
/// Commits behind a damaged frame from which on it was no power cut: the frame's own transaction may be
/// one that was never acknowledged.
const COMMITS_MIN: usize = 2;

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Brought {
    /// Frames that are damaged.
    pub(crate) damaged: u64,
    /// Name of the file with the log as it was.
    pub(crate) aside: String,
}

/// The whole frames of a log.
struct Frames<'a> {
    page_size: usize,
    /// Number of the page and its bytes, in order.
    whole: Vec<(u32, &'a [u8])>,
    /// Pages of the database after the last commit.
    pages: u32,
    /// Frames before it that are damaged.
    damaged: u64,
    /// Commits behind the first of these.
    commits: usize,
}

/// Puts the whole frames of a log into its database where SQLite would forget them; `None` where it would
/// not, as nearly always. A log whose database is gone is not thrown away: where it has all pages it
/// becomes the database, else it is put aside. Where pages of damaged frames are older than the rest, the
/// database is marked as corrupt. To be called before it is opened, by whoever alone has it.
pub(crate) fn bring_in(folder: &Path, file: &str, now_ms: i64) -> std::io::Result<Option<Brought>> {
    let (path, log) = (folder.join(file), folder.join(format!("{file}-wal")));
    let bytes = match std::fs::metadata(&log) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        // No log of ours grows so long, and it is looked at in memory.
        Ok(file) if file.len() > LOG_BYTES_MAX => return Ok(None),
        found => found.and_then(|_| std::fs::read(&log))?,
    };
    let gone = std::fs::metadata(&path).map_or(0, |file| file.len()) == 0;
    let frames = frames_of(&bytes, page_size_of(&path));
    let wanted = frames.filter(|frames| frames.hides_commits() || gone && frames.has_all_pages());
    if bytes.len() <= HEADER || wanted.is_none() && !gone {
        return Ok(None);
    }
    let stem = file.trim_end_matches(".db");
    let aside = format!("{stem}.damaged-{now_ms}.db-wal");
    let damaged = wanted.as_ref().map_or(1, |frames| frames.damaged.max(u64::from(gone)));
    tracing::error!(file, damaged, gone, %aside,
        "the database or its log is damaged: what is whole of the log is brought in");
    std::fs::copy(&log, folder.join(&aside))?;
    // The mark stands until the database is known to be whole, whoever is killed meanwhile.
    let mark = folder.join(format!("{stem}.corrupt"));
    let marked_before = mark.exists();
    if let Some(frames) = &wanted {
        write(&path, frames)?;
        File::create(&mark)?;
    }
    // Until here a kill changes nothing: the same is written again.
    for end in ["-wal", "-shm"] {
        match std::fs::remove_file(PathBuf::from(format!("{}{end}", path.display()))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    File::open(folder)?.sync_all()?;
    if wanted.is_some() && !marked_before && is_whole(&path) {
        std::fs::remove_file(&mark)?;
    }
    Ok(Some(Brought { damaged, aside }))
}

/// The size of a database's pages, as it says itself.
fn page_size_of(path: &Path) -> Option<usize> {
    let mut header = [0; 18];
    File::open(path).and_then(|mut file| file.read_exact(&mut header)).ok()?;
    let size = u32::from(u16::from_be_bytes([header[16], header[17]]));
    page_size(if size == 1 { 65_536 } else { size })
}

fn write(path: &Path, frames: &Frames<'_>) -> std::io::Result<()> {
    let last: BTreeMap<u32, &[u8]> = frames.whole.iter().copied().collect();
    let mut database = File::options().write(true).create(true).truncate(false).open(path)?;
    let size = frames.page_size as u64;
    for (number, page) in last.range(1..=frames.pages) {
        database.seek(SeekFrom::Start(u64::from(number.saturating_sub(1)) * size))?;
        database.write_all(page)?;
    }
    database.set_len(u64::from(frames.pages) * size)?;
    database.sync_all()
}

/// Whether all pages and indexes of a database agree.
fn is_whole(path: &Path) -> bool {
    let check = || -> rusqlite::Result<String> {
        Connection::open(path)?.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
    };
    check().is_ok_and(|said| said == "ok")
}

/// How many frames of a log are damaged and hide acknowledged commits behind them; a gateway may write to it
/// meanwhile.
pub(crate) fn hidden(folder: &Path, file: &str) -> u64 {
    let look = || {
        let log = std::fs::read(folder.join(format!("{file}-wal"))).unwrap_or_default();
        let frames = frames_of(&log, page_size_of(&folder.join(file)));
        frames.filter(Frames::hides_commits).map_or(0, |frames| frames.damaged)
    };
    // What is just being written is whole the next time.
    match look() {
        0 => 0,
        _ => {
            std::thread::sleep(std::time::Duration::from_millis(300));
            look()
        }
    }
}

/// What `verify` says of it.
pub(crate) fn finding(folder: &Path, file: &str) -> Option<Text> {
    let damaged = hidden(folder, file);
    (damaged > 0).then(|| {
        text!(
            "`{file}-wal` 有 {damaged} 处损坏，其后的数据暂不可见：网关启动时会取回",
            "`{file}-wal` is damaged in {damaged} places and hides what follows: the gateway brings it back \
             when it starts",
        )
    })
}

impl Frames<'_> {
    /// Whether a damaged frame would hide commits that were acknowledged.
    const fn hides_commits(&self) -> bool {
        self.damaged > 0 && self.commits >= COMMITS_MIN
    }

    fn has_all_pages(&self) -> bool {
        let there: BTreeSet<u32> = self.whole.iter().map(|(number, _)| *number).collect();
        self.pages > 0 && (1..=self.pages).all(|number| there.contains(&number))
    }
}

/// What the header of a log says.
struct Header {
    page_size: usize,
    big_endian: bool,
    salt: [u8; 8],
    /// The sum over it, from which that of the first frame goes on.
    sum: (u32, u32),
    whole: bool,
}

impl Header {
    /// Of a damaged one what the frames say is believed: each holds the salt of its log.
    fn of(log: &[u8], known_page_size: Option<usize>) -> Option<Self> {
        let header = log.get(..HEADER)?;
        let (magic, own_size) = (word(header, 0)?, page_size(word(header, 8)?));
        let sum = (word(header, 24)?, word(header, 28)?);
        let right =
            |big_endian| sums(header.get(..24).unwrap_or_default(), (0, 0), big_endian) == sum;
        if magic & !1 == MAGIC
            && right(magic & 1 == 1)
            && let Some(page_size) = own_size
        {
            let salt = header.get(16..24)?.try_into().ok()?;
            return Some(Self { page_size, big_endian: magic & 1 == 1, salt, sum, whole: true });
        }
        let page_size = known_page_size.or(own_size)?;
        let frame = |n: usize| {
            let at = HEADER + n * (FRAME_HEADER + page_size);
            log.get(at..at + FRAME_HEADER + page_size)
        };
        let (first, second) = (frame(0)?, frame(1)?);
        let before = (word(first, 16)?, word(first, 20)?);
        let stored = (word(second, 16)?, word(second, 20)?);
        let goes_on = |big_endian| {
            let (head, page) = second.split_at(FRAME_HEADER);
            let of_head = sums(head.get(..8).unwrap_or_default(), before, big_endian);
            sums(page, of_head, big_endian) == stored
        };
        let big_endian = [false, true].into_iter().find(|order| goes_on(*order))?;
        let salt = first.get(8..16)?.try_into().ok()?;
        Some(Self { page_size, big_endian, salt, sum, whole: false })
    }
}

/// The whole frames of a log up to its last commit.
fn frames_of(log: &[u8], known_page_size: Option<usize>) -> Option<Frames<'_>> {
    let Header { page_size, big_endian, salt, sum, whole } = Header::of(log, known_page_size)?;
    let mut before = sum;
    let mut frames = Frames { page_size, whole: Vec::new(), pages: 0, damaged: 0, commits: 0 };
    let (mut damaged, mut committed) = (u64::from(!whole), 0);
    for frame in log.get(HEADER..)?.chunks_exact(FRAME_HEADER + page_size) {
        let (head, page) = frame.split_at(FRAME_HEADER);
        let stored = (word(head, 16)?, word(head, 20)?);
        let of_now = *head.get(8..16)? == salt;
        let sum = sums(page, sums(head.get(..8)?, before, big_endian), big_endian);
        // Each sum goes on from the one before: one that is damaged does not spoil those after it.
        before = stored;
        if !of_now || sum != stored {
            damaged += 1;
            continue;
        }
        frames.whole.push((word(head, 0)?, page));
        let pages = word(head, 4)?;
        if pages > 0 {
            // What lies behind the last commit is not part of the database.
            frames.pages = pages;
            committed = frames.whole.len();
            frames.commits += usize::from(damaged > 0);
            frames.damaged = damaged;
        }
    }
    frames.whole.truncate(committed);
    Some(frames)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(word.try_into().ok()?))
}

fn page_size(size: u32) -> Option<usize> {
    let size = usize::try_from(size).ok()?;
    (size.is_power_of_two() && (512..=65_536).contains(&size)).then_some(size)
}

/// The sum that SQLite has of a log, going on from one before.
fn sums(bytes: &[u8], (mut one, mut two): (u32, u32), big_endian: bool) -> (u32, u32) {
    let (pairs, _) = bytes.as_chunks::<8>();
    for [a, b, c, d, e, f, g, h] in pairs {
        let (x, y) = match big_endian {
            true => (u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h])),
            false => (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h])),
        };
        one = one.wrapping_add(x).wrapping_add(two);
        two = two.wrapping_add(y).wrapping_add(one);
    }
    (one, two)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database with so many commits of one row each in its log, as after a kill.
    fn killed(folder: &Path, commits: usize) -> (Vec<u8>, Vec<u8>) {
        let path = folder.join("a.db");
        let connection = Connection::open(&path).expect("open");
        connection
            .execute_batch(
                "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;
                 CREATE TABLE t(n INTEGER PRIMARY KEY, body TEXT) STRICT;
                 PRAGMA wal_checkpoint(TRUNCATE);",
            )
            .expect("tables");
        for n in 0..commits {
            let body = "x".repeat(500);
            connection
                .execute(
                    "INSERT INTO t(n, body) VALUES (?1, ?2)",
                    rusqlite::params![n as i64, body],
                )
                .expect("row");
        }
        let read = |end: &str| std::fs::read(folder.join(format!("a.db{end}"))).expect("read");
        (read(""), read("-wal"))
    }

    fn rows(folder: &Path) -> i64 {
        let connection = Connection::open(folder.join("b.db")).expect("open");
        connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).expect("count")
    }

    fn put(folder: &Path, (database, log): (&[u8], &[u8])) {
        std::fs::write(folder.join("b.db"), database).expect("database");
        std::fs::write(folder.join("b.db-wal"), log).expect("log");
        drop(std::fs::remove_file(folder.join("b.db-shm")));
        drop(std::fs::remove_file(folder.join("b.corrupt")));
    }

    /// It is marked, and has to be mended.
    fn torn(folder: &Path) -> bool {
        folder.join("b.corrupt").exists()
    }

    #[test]
    fn a_whole_log_and_a_torn_end_are_left_to_sqlite() {
        let folder = tempfile::tempdir().expect("folder");
        let (database, log) = killed(folder.path(), 40);
        let frame = FRAME_HEADER + 4096;
        for cut in [0, 1, frame / 2, frame, frame + 7] {
            put(folder.path(), (&database, log.split_at(log.len() - cut).0));
            assert_eq!(bring_in(folder.path(), "b.db", 1).expect("done"), None, "{cut}");
        }
        // The last frame of the last transaction was written before one in its midst.
        let mut torn = log.clone();
        let at = torn.len() - frame / 2;
        torn[at] ^= 1;
        put(folder.path(), (&database, &torn));
        assert_eq!(bring_in(folder.path(), "b.db", 1).expect("done"), None);
        assert_eq!(bring_in(folder.path(), "none.db", 1).expect("done"), None);
    }

    #[test]
    fn behind_a_damaged_frame_nothing_else_is_lost() {
        let folder = tempfile::tempdir().expect("folder");
        let (database, log) = killed(folder.path(), 200);
        let frame = FRAME_HEADER + 4096;
        let frames = (log.len() - HEADER) / frame;
        assert!(frames >= 200, "{frames}");
        for at in (0..frames - 10).step_by(7) {
            for inside in [0, 5, 9, 17, 300, 4_000] {
                let mut damaged = log.clone();
                damaged[HEADER + at * frame + inside] ^= 4;
                put(folder.path(), (&database, &damaged));
                let brought = bring_in(folder.path(), "b.db", 1).expect("done").expect("damage");
                assert!((1..=2).contains(&brought.damaged), "{brought:?}");
                assert!(folder.path().join(&brought.aside).exists());
                if !torn(folder.path()) {
                    assert!(rows(folder.path()) >= 180, "frame {at}: {} rows", rows(folder.path()));
                }
            }
        }
    }

    #[test]
    fn a_damaged_header_hides_nothing_and_a_log_alone_becomes_the_database() {
        let folder = tempfile::tempdir().expect("folder");
        let (database, log) = killed(folder.path(), 100);
        for at in 0..HEADER {
            let mut damaged = log.clone();
            damaged[at] ^= 2;
            put(folder.path(), (&database, &damaged));
            let brought = bring_in(folder.path(), "b.db", 1).expect("done");
            // Four bytes of it say nothing that is needed, and are part of its sum.
            assert!(brought.is_some() && !torn(folder.path()), "byte {at}");
            assert_eq!(rows(folder.path()), 100, "byte {at}");
        }
        put(folder.path(), (&[], &log));
        let brought = bring_in(folder.path(), "b.db", 1).expect("done").expect("gone");
        // It does not hold the pages that were in the database before it.
        assert!(folder.path().join(&brought.aside).exists());
    }

    #[test]
    fn what_an_older_log_left_behind_is_no_damage() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("b.db");
        let connection = Connection::open(&path).expect("open");
        connection
            .execute_batch(
                "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;
                 CREATE TABLE t(n INTEGER PRIMARY KEY) STRICT;",
            )
            .expect("tables");
        let insert = |n: i64| connection.execute("INSERT INTO t VALUES (?1)", [n]).expect("row");
        assert_eq!((0..50).map(insert).sum::<usize>(), 50);
        // The log begins anew over the old frames.
        connection.execute_batch("PRAGMA wal_checkpoint(RESTART)").unwrap_or_default();
        assert_eq!((50..60).map(insert).sum::<usize>(), 10);
        let log = std::fs::read(folder.path().join("b.db-wal")).expect("log");
        assert!(frames_of(&log, None).is_none_or(|frames| !frames.hides_commits()));
    }
}
