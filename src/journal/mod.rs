//! The one durable record of everything that happened, in order.
//!
//! [`Journal::append`] is the only door in: it returns when the batch is on disk. Everything
//! downstream is a [`Reader`] with a cursor: up to date it is served from the in-memory tail,
//! behind it reads from disk, by the same call. One thread owns the database's write side;
//! readers have read-only connections and send their cursors to that thread, because writers
//! that take turns on one SQLite file starve each other.
//!
//! A reading with the same device, time and message number is the same reading: it is kept once,
//! whether it comes twice in a batch or again after a crash.
//!
//! Architecture invariant: knows no device names and no meaning of points; it keeps what it gets.

mod archive;
mod ballot;
pub(crate) mod bytes;
mod check;
mod codec;
mod copy;
mod error;
pub(crate) mod first_page;
mod insert;
mod ledger;
mod names;
mod reader;
pub(crate) mod salvage;
mod schema;
mod tail;
mod trim;
pub(crate) mod wal;
mod writer;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::model::{Position, Record, Timestamp};
use crate::tally::Tally;

pub use archive::Archive;
pub use check::{Checked, Findings, check};
pub(crate) use copy::copy_database;
pub use error::JournalError;
pub use ledger::{DOUBLED, Days, Entry, KEPT, NOT_KEPT};
pub use reader::{Batch, Kinds, Reader};
pub(crate) use schema::FILE;
pub(crate) use schema::used_bytes;
pub use schema::{Dropped, Mended};

#[cfg(test)]
mod tests;

use ledger::Ledger;
use names::Names;
use tail::Tail;
use writer::{ActiveReaders, Channels, Request, Writer};

/// Requests that may wait for the writer; a source that comes later waits itself. Ten thousand
/// devices that are asked once a second bring a thousand of them within one commit wait.
const REQUESTS_MAX: usize = 4096;

/// How the journal is kept.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the database; made when missing.
    pub folder: PathBuf,
    /// Longest time a record waits for others to be committed with it, milliseconds. More is
    /// kinder to flash memory, less is quicker.
    pub commit_wait_ms: u64,
    /// Readings that came more than this many days ago are dropped once every reader of this run
    /// has passed them.
    pub readings_days: u32,
    /// Links that changed more than this many days ago are dropped. What rules and people decided
    /// is kept.
    pub links_days: u32,
    /// Where days of the ledger begin and end.
    pub zone: jiff::tz::TimeZone,
    /// Bytes that the database may use. Above, the oldest readings are dropped even when some
    /// reader has not passed them; [`Status::cut`] says so.
    pub size_bytes_max: u64,
}

impl Config {
    /// A journal in a folder, as halls have it.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            commit_wait_ms: 100,
            readings_days: 7,
            links_days: 3650,
            zone: jiff::tz::TimeZone::UTC,
            size_bytes_max: 8 << 30,
        }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Position of the last record of the journal after this batch.
    pub position: Position,
    /// Records that are new.
    pub stored: usize,
    /// Readings that were there already.
    pub duplicates: usize,
}

/// State of the journal for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Last committed position.
    pub head: Position,
    /// Size of the database, bytes.
    pub size_bytes: u64,
    /// Readings up to here have been dropped though some reader had not passed them.
    pub cut: Position,
    /// Free bytes of its disk.
    pub disk_free_bytes: u64,
    /// Size of its disk.
    pub disk_bytes: u64,
    /// The last time that a corrupt database was mended.
    pub mended: Option<Mended>,
    /// Why the last batch was refused; `None` when all is well.
    pub trouble: Option<JournalError>,
    /// Cursors by name.
    pub cursors: Vec<(String, Position)>,
}

/// Whether a folder holds a journal.
#[must_use]
pub fn exists(folder: &std::path::Path) -> bool {
    path(folder).exists()
}

/// The file of a folder's journal.
#[must_use]
pub fn path(folder: &std::path::Path) -> PathBuf {
    folder.join(schema::FILE)
}

/// Whether a gateway has the journal of a folder.
#[must_use]
pub fn in_use(folder: &std::path::Path) -> bool {
    let lock = std::fs::File::options().write(true).open(folder.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

/// Whether the database of the folder was found to be corrupt while it was in use: the next start mends
/// it.
#[must_use]
pub fn needs_mending(folder: &std::path::Path) -> bool {
    schema::is_marked(folder)
}

struct Shared {
    requests: Mutex<Option<mpsc::Sender<Request>>>,
    head: watch::Receiver<Position>,
    status: watch::Receiver<Status>,
    tail: Tail,
    hurry: Arc<Notify>,
    names: Names,
    identity: String,
    ledger: Ledger,
    ledger_since: Timestamp,
    began: Timestamp,
    zone: jiff::tz::TimeZone,
    corrupt: CancellationToken,
    folder: PathBuf,
    active: ActiveReaders,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// A handle on the journal; clones share it.
#[derive(Clone)]
pub struct Journal(Arc<Shared>);

impl Journal {
    /// Opens the journal in `config.folder`, or makes it.
    ///
    /// # Errors
    /// [`JournalError::Busy`] when another process has it, [`JournalError::Storage`] when it
    /// cannot be read or was made by a newer version.
    pub fn open(config: &Config, clock: SharedClock, tally: Tally) -> Result<Self, JournalError> {
        match Self::try_open(config, clock.clone(), tally.clone()) {
            Err(JournalError::Corrupt(_)) => {
                // Found a little later than where a database is looked at when it is opened.
                schema::mark_corrupt(&config.folder);
                Self::try_open(config, clock, tally)
            }
            opened => opened,
        }
    }

    fn try_open(config: &Config, clock: SharedClock, tally: Tally) -> Result<Self, JournalError> {
        let opened = schema::open(&config.folder, clock.now())?;
        ballot::keep_facts(&opened.connection)?;
        let names = Names::load(&opened.connection)?;
        let head = schema::head(&opened.connection)?;
        let identity = schema::identity(&opened.connection)?;
        let ledger = Ledger::load(&opened.connection)?;
        let ledger_since = schema::ledger_since(&opened.connection, clock.now())?;
        let began = schema::began(&opened.connection, clock.now())?;
        let tail = Tail::new(head);
        let (requests, inbox) = mpsc::channel(REQUESTS_MAX);
        let (head_out, head_in) = watch::channel(head);
        let active = ActiveReaders::default();
        let hurry = Arc::new(Notify::new());
        let corrupt = CancellationToken::new();
        let shared = Channels {
            tail: tail.clone(),
            hurry: hurry.clone(),
            head: head_out,
            active: active.clone(),
            ledger: ledger.clone(),
            corrupt: corrupt.clone(),
        };
        let writer = Writer::new(opened, config.clone(), names.clone(), shared, clock, tally)?;
        let status = writer.status();
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(inbox))
            .map_err(|error| JournalError::Storage(error.to_string()))?;
        Ok(Self(Arc::new(Shared {
            requests: Mutex::new(Some(requests)),
            head: head_in,
            status,
            tail,
            hurry,
            names,
            identity,
            ledger,
            ledger_since,
            began,
            zone: config.zone.clone(),
            corrupt,
            folder: config.folder.clone(),
            active,
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Keeps a batch; returns when it is on disk.
    ///
    /// # Errors
    /// Nothing of the batch was kept: [`JournalError::DiskFull`], [`JournalError::Storage`] or
    /// [`JournalError::Closed`].
    pub async fn append(&self, records: Vec<Record>) -> Result<Appended, JournalError> {
        self.ask(shared(records), None, false).await
    }

    /// As [`Journal::append`]; the records stay the caller's, to try again.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub async fn append_shared(&self, records: &[Arc<Record>]) -> Result<Appended, JournalError> {
        self.ask(records.to_vec(), None, false).await
    }

    /// Keeps a large batch without waiting for others to share its commit, because whoever sent it
    /// is held up until it is kept. The records stay the caller's, to try again.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub async fn append_at_once(&self, records: &[Arc<Record>]) -> Result<Appended, JournalError> {
        self.ask(records.to_vec(), None, true).await
    }

    /// Keeps a batch and, in the same transaction, a reader's cursor and its state: either all of
    /// it is on disk or nothing.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub async fn append_with_cursor(
        &self,
        records: Vec<Record>,
        cursor: Cursor,
    ) -> Result<Appended, JournalError> {
        self.ask(shared(records), Some(cursor), false).await
    }

    /// As [`Journal::append_with_cursor`], without waiting for others to share the commit: what is
    /// known only to the memory until then would be done twice after a kill.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub async fn append_with_cursor_at_once(
        &self,
        records: Vec<Record>,
        cursor: Cursor,
    ) -> Result<Appended, JournalError> {
        self.ask(shared(records), Some(cursor), true).await
    }

    /// Whoever sent what waits for a commit is held up: it is begun now.
    pub fn hurry(&self) {
        self.0.hurry.notify_one();
    }

    async fn ask(
        &self,
        records: Vec<Arc<Record>>,
        cursor: Option<Cursor>,
        hurry: bool,
    ) -> Result<Appended, JournalError> {
        let (reply, answer) = oneshot::channel();
        let request = Request { records, cursor, reply: Some(reply) };
        let sender = self.sender().ok_or(JournalError::Closed)?;
        sender.send(request).await.map_err(|_| JournalError::Closed)?;
        drop(sender);
        if hurry {
            self.hurry();
        }
        answer.await.map_err(|_| JournalError::Closed)?
    }

    fn sender(&self) -> Option<mpsc::Sender<Request>> {
        self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A reader that goes on where the cursor of this name stands; a new name starts at the
    /// beginning.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn reader(&self, name: &str, kinds: Kinds) -> Result<Reader, JournalError> {
        self.sign_in(name, false);
        Reader::open(self.clone(), name, kinds)
    }

    /// As [`Journal::reader`], and what it has not passed is never dropped, not even for want of
    /// room.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn holding_reader(&self, name: &str, kinds: Kinds) -> Result<Reader, JournalError> {
        self.sign_in(name, true);
        Reader::open(self.clone(), name, kinds)
    }

    fn sign_in(&self, name: &str, holds: bool) {
        let mut active = self.0.active.lock().unwrap_or_else(PoisonError::into_inner);
        active.insert(name.to_owned(), holds);
    }

    /// A reader outside this database stands at `through`. Where the journal has not come so far, its end
    /// was lost: it goes on behind that place, so that nothing that comes is taken for what has passed. To
    /// be called before anything is kept. Blocks.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn continue_after(&self, through: Position, now: Timestamp) -> Result<(), JournalError> {
        match self.head() < through {
            true => schema::continue_after(&self.0.folder, through, now),
            false => Ok(()),
        }
    }

    /// The last time that the database was mended, or was found to lack something. Blocks.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn mended(&self) -> Result<Option<Mended>, JournalError> {
        schema::mended(&schema::open_read_only(&self.0.folder)?)
    }

    /// Keeps texts by name in the journal's database. Blocks.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn remember(&self, facts: &[(String, String)]) -> Result<(), JournalError> {
        schema::remember(&self.0.folder, facts)
    }

    /// A reader without a durable cursor, from a position of the caller's choice.
    #[must_use]
    pub fn reader_from(&self, position: Position, kinds: Kinds) -> Reader {
        Reader::at(self.clone(), position, kinds)
    }

    /// The stored position and state of a cursor.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn cursor(&self, name: &str) -> Result<Option<(Position, Vec<u8>)>, JournalError> {
        schema::cursor(&schema::open_read_only(&self.0.folder)?, name)
    }

    /// What was dropped of the readings after a position; `None` when all of them are there.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn dropped(&self, after: Position) -> Result<Option<Dropped>, JournalError> {
        schema::dropped(&schema::open_read_only(&self.0.folder)?, after)
    }

    /// Says that these could not be kept and will not come again.
    pub fn lose<'a>(&self, records: impl Iterator<Item = &'a Record>) {
        self.0.ledger.lose(records, &mut self.days());
    }

    /// Where the days of the ledger begin and end.
    #[must_use]
    pub fn zone(&self) -> &jiff::tz::TimeZone {
        &self.0.zone
    }

    /// The local days of the ledger.
    #[must_use]
    pub fn days(&self) -> Days {
        Days::new(self.0.zone.clone())
    }

    /// Since when everything is in the ledger.
    #[must_use]
    pub fn ledger_since(&self) -> Timestamp {
        self.0.ledger_since
    }

    /// How many readings of each device are after one place and up to another, of times in
    /// `from <= time < to`. Blocks for as long as the disk needs.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn count(
        &self,
        ranges: &[(Position, Position)],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<BTreeMap<String, u64>, JournalError> {
        let connection = schema::open_read_only(&self.0.folder)?;
        let mut counts = BTreeMap::new();
        for range in ranges {
            for (subject, readings) in schema::count(&connection, *range, from, to)? {
                if let Some(name) = self.0.names.look().name(subject) {
                    *counts.entry(name.to_owned()).or_default() += readings;
                }
            }
        }
        Ok(counts)
    }

    /// When this journal was begun, as far as that is known.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.0.began
    }

    /// The first day of the ledger. Blocks for as long as the disk needs.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn ledger_first_day(&self) -> Result<Option<i32>, JournalError> {
        ledger::first_day(&schema::open_read_only(&self.0.folder)?)
    }

    /// The ledger summed up over all days, which are 0 in it.
    #[must_use]
    pub fn ledger_totals(&self) -> Vec<Entry> {
        self.0.ledger.totals(&self.0.names)
    }

    /// The ledger of `first <= day <= last`. Blocks for as long as the disk needs.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn ledger(&self, first: i32, last: i32) -> Result<Vec<Entry>, JournalError> {
        let connection = schema::open_read_only(&self.0.folder)?;
        ledger::entries(&connection, &self.0.names, (first, last), None)
    }

    /// As [`Journal::ledger`], of some accounts.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn ledger_of(
        &self,
        accounts: &[String],
        first: i32,
        last: i32,
    ) -> Result<Vec<Entry>, JournalError> {
        let connection = schema::open_read_only(&self.0.folder)?;
        ledger::entries(&connection, &self.0.names, (first, last), Some(accounts))
    }

    /// Cancelled when the database was found to be corrupt: nothing is kept any more, and the next start
    /// mends it.
    #[must_use]
    pub fn corrupt(&self) -> CancellationToken {
        self.0.corrupt.clone()
    }

    /// Says that the database is corrupt, from whoever found it.
    pub fn note_corrupt(&self) {
        if !self.0.corrupt.is_cancelled() {
            tracing::error!("the journal's database is corrupt: the next start mends it");
            schema::mark_corrupt(&self.0.folder);
            self.0.corrupt.cancel();
        }
    }

    /// Folder of the database.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.0.folder
    }

    /// What tells this journal from another one in the same place: positions of one mean nothing
    /// in the other.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.0.identity
    }

    /// Queries by device and time.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn archive(&self) -> Result<Archive, JournalError> {
        Archive::open(&self.0.folder, self.0.names.clone())
    }

    /// The last committed position.
    #[must_use]
    pub fn head(&self) -> Position {
        *self.0.head.borrow()
    }

    /// How the journal is.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = self.0.status.borrow().clone();
        status.head = self.head();
        status
    }

    /// Commits what waits, stores the cursors and closes the database. Blocks for as long as the
    /// disk needs.
    pub fn close(&self) {
        drop(self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread panicked at the end");
        }
    }
}

/// A reader's place, and what it wants to remember with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Name of the reader.
    pub name: String,
    /// Everything up to here is done.
    pub position: Position,
    /// The reader's own state; `None` leaves the stored one.
    pub state: Option<Vec<u8>>,
    /// What goes into the ledger with it.
    pub entries: Vec<Entry>,
}

impl Cursor {
    /// A place without anything for the ledger.
    #[must_use]
    pub fn new(name: impl Into<String>, position: Position, state: Option<Vec<u8>>) -> Self {
        Self { name: name.into(), position, state, entries: Vec::new() }
    }
}

fn shared(records: Vec<Record>) -> Vec<Arc<Record>> {
    records.into_iter().map(Arc::new).collect()
}
