//! The one thread that writes: it gathers what came in, commits it at once, and answers.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::model::{Position, Record, Timestamp};
use crate::tally::{Happening, Tally};

use super::codec::names_of;
use super::error::JournalError;
use super::insert::insert;
use super::ledger::{self, Days, Ledger, Sums};
use super::names::{Look, Names};
use super::schema::{self, Opened};
use super::tail::Tail;
use super::trim::{Round, Trimmer};
use super::{Appended, Config, Cursor, Status};

/// Records gathered into one commit at most; bounds the answer time and the memory.
const RECORDS_PER_COMMIT_MAX: usize = 5000;
/// So many requests are not made to wait for others.
const CROWD: usize = 1000;
/// Time between two rounds of housekeeping: status, lazy cursors, old records.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// Rounds of housekeeping between two signs of life.
const ROUNDS_PER_SIGN: u32 = 10;
/// Rounds of housekeeping before the first one in which old records are dropped: the readers of this
/// run have to say first that they are there.
const ROUNDS_BEFORE_TRIM: u32 = 5;

/// What is asked of the writer. Without records and without `reply` it is a cursor that may be
/// stored with the next commit.
pub(super) struct Request {
    pub(super) records: Vec<Arc<Record>>,
    pub(super) cursor: Option<Cursor>,
    pub(super) reply: Option<oneshot::Sender<Result<Appended, JournalError>>>,
}

/// Names of the readers of this run, and whether they hold what they have not passed.
pub(super) type ActiveReaders = Arc<Mutex<BTreeMap<String, bool>>>;

/// What the writer shares with the readers, and with those who send.
pub(super) struct Channels {
    pub(super) tail: Tail,
    /// Somebody is held up: what is gathered is to be committed now.
    pub(super) hurry: Arc<Notify>,
    pub(super) head: watch::Sender<Position>,
    pub(super) active: ActiveReaders,
    pub(super) ledger: Ledger,
    /// The database was found to be corrupt.
    pub(super) corrupt: CancellationToken,
}

pub(super) struct Writer {
    opened: Opened,
    config: Config,
    names: Names,
    tail: Tail,
    hurry: Arc<Notify>,
    /// The request that the next commit was begun for, while it waits for others until then.
    first: Option<(Request, Instant)>,
    head: watch::Sender<Position>,
    status: watch::Sender<Status>,
    clock: SharedClock,
    tally: Tally,
    /// Cursors that wait for the next commit.
    lazy: BTreeMap<String, Cursor>,
    trouble: Option<JournalError>,
    /// Readers of this run; cursors of others hold nothing back.
    active: ActiveReaders,
    /// Device and inode of the database, to see whether its path still leads to it.
    identity: Option<(u64, u64)>,
    trimmer: Trimmer,
    ledger: Ledger,
    days: Days,
    corrupt: CancellationToken,
    /// When this run began.
    began: Timestamp,
    rounds: u32,
    /// Records committed since the last round.
    lately: usize,
}

/// What one commit did, told to the rest of the program only after it is on disk.
#[derive(Default)]
struct Done {
    answers: Vec<Appended>,
    stored: Vec<(Position, Arc<Record>)>,
}

impl Writer {
    pub(super) fn new(
        opened: Opened,
        config: Config,
        names: Names,
        shared: Channels,
        clock: SharedClock,
        tally: Tally,
    ) -> Result<Self, JournalError> {
        let Channels { tail, hurry, head, active, ledger, corrupt } = shared;
        let (mended, clock_now) = (schema::mended(&opened.connection)?, clock.now());
        let (status, _) = watch::channel(Status {
            head: *head.borrow(),
            size_bytes: 0,
            cut: Position::default(),
            disk_free_bytes: 0,
            disk_bytes: 0,
            mended,
            trouble: None,
            cursors: schema::cursors(&opened.connection)?,
        });
        let trimmer = Trimmer::new(&opened.connection, &config, clock.now())?;
        let identity = identity_of(&config.folder);
        let fixed = BTreeSet::from([ledger::KEPT, ledger::DOUBLED, ledger::NOT_KEPT]);
        let mut opened = opened;
        names.learn(&mut opened.connection, &fixed)?;
        let days = Days::new(config.zone.clone());
        let writer = Self {
            opened,
            config,
            names,
            tail,
            hurry,
            first: None,
            head,
            status,
            clock,
            tally,
            lazy: BTreeMap::new(),
            trouble: None,
            active,
            identity,
            trimmer,
            ledger,
            days,
            corrupt,
            began: clock_now,
            rounds: 0,
            lately: 0,
        };
        writer.publish_status();
        Ok(writer)
    }

    pub(super) fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Runs until the journal is closed. Blocks its thread.
    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let Ok(runtime) = runtime else {
            tracing::error!("no runtime for the journal's thread");
            return;
        };
        runtime.block_on(async {
            let mut housekeeping = Instant::now();
            loop {
                let due = housekeeping + HOUSEKEEPING;
                match tokio::time::timeout_at(due, self.gather(&mut inbox)).await {
                    Ok(Some(requests)) => self.commit(requests, false),
                    Ok(None) => break,
                    Err(_) => {}
                }
                if Instant::now() >= due {
                    self.keep_house();
                    housekeeping = Instant::now();
                }
            }
        });
        self.commit(Vec::new(), true);
        self.note_run();
        let done = self.opened.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = done {
            tracing::warn!(%error, "the journal was closed without a checkpoint; nothing is lost");
        }
        drop(self.opened.lock.unlock());
    }

    /// The requests of the next commit; `None` when the journal is closed and all are done.
    ///
    /// Cancel-safe: housekeeping may come between, and the next call goes on waiting.
    async fn gather(&mut self, inbox: &mut mpsc::Receiver<Request>) -> Option<Vec<Request>> {
        if self.first.is_none() {
            let first = inbox.recv().await?;
            let wait = Duration::from_millis(self.config.commit_wait_ms);
            self.first = Some((first, Instant::now() + wait));
        }
        if let Some((_, until)) = self.first.as_ref().filter(|_| inbox.len() < CROWD) {
            // The thread is not woken by each request that joins: it looks for them at the end.
            tokio::select! {
                () = tokio::time::sleep_until(*until) => {}
                () = self.hurry.notified() => {}
            }
        }
        let mut requests = vec![self.first.take()?.0];
        let mut waiting = requests.iter().map(|request| request.records.len()).sum::<usize>();
        while waiting < RECORDS_PER_COMMIT_MAX {
            let Ok(request) = inbox.try_recv() else { break };
            waiting += request.records.len();
            requests.push(request);
        }
        Some(requests)
    }

    /// One transaction for all requests; they share its fate. Cursors alone wait for the next
    /// commit with records, unless `cursors_too`.
    fn commit(&mut self, requests: Vec<Request>, cursors_too: bool) {
        let mut asked = Vec::with_capacity(requests.len());
        for request in requests {
            match (request.reply, request.cursor) {
                (None, Some(cursor)) => {
                    self.lazy.insert(cursor.name.clone(), cursor);
                }
                (reply, cursor) => {
                    // An older place of the same reader must not be stored over this one.
                    if let Some(cursor) = &cursor {
                        self.lazy.remove(&cursor.name);
                    }
                    asked.push((request.records, cursor, reply));
                }
            }
        }
        let waits = !self.lazy.is_empty() || self.ledger.has_lost();
        if asked.is_empty() && !(waits && cursors_too) {
            return;
        }
        let mut replies = Vec::with_capacity(asked.len());
        let mut batches = Vec::with_capacity(asked.len());
        for (records, cursor, reply) in asked {
            replies.push(reply);
            batches.push((records, cursor));
        }
        match self.write(&batches) {
            Ok(done) => {
                self.lazy.clear();
                if self.trouble.take().is_some() {
                    self.publish_status();
                }
                self.announce(done, replies);
            }
            Err(error) => self.refuse(error, &batches, replies),
        }
    }

    fn announce(
        &mut self,
        done: Done,
        replies: Vec<Option<oneshot::Sender<Result<Appended, JournalError>>>>,
    ) {
        let head = done.stored.last().map(|(position, _)| *position);
        let is_reading =
            |(_, record): &&(Position, Arc<Record>)| matches!(**record, Record::Reading(_));
        let readings = done.stored.iter().filter(is_reading).count();
        let duplicates = done.answers.iter().map(|a| a.duplicates as u64).sum();
        self.tally.add(Happening::ReadingKept, "journal", readings as u64);
        self.lately += done.stored.len();
        if duplicates > 0 {
            self.tally.add(Happening::Duplicate, "journal", duplicates);
        }
        self.tail.push(done.stored);
        if let Some(head) = head {
            self.head.send_replace(head);
        }
        for (reply, answer) in replies.into_iter().zip(done.answers) {
            // A caller that no longer waits has been stopped; its records are kept all the same.
            drop(reply.map(|reply| reply.send(Ok(answer))));
        }
    }

    fn refuse(
        &mut self,
        error: JournalError,
        batches: &[(Vec<Arc<Record>>, Option<Cursor>)],
        replies: Vec<Option<oneshot::Sender<Result<Appended, JournalError>>>>,
    ) {
        let records: usize = batches.iter().map(|(records, _)| records.len()).sum();
        tracing::error!(%error, records, "the journal refused a batch");
        if let JournalError::Corrupt(_) = error
            && !self.corrupt.is_cancelled()
        {
            schema::mark_corrupt(&self.config.folder);
            self.corrupt.cancel();
        }
        if let JournalError::Storage(_) = error {
            // After a failed write or sync the state of the connection is not to be trusted.
            match schema::open_to_write(&self.config.folder) {
                Ok(connection) => {
                    self.opened.connection = connection;
                    self.look_again();
                }
                Err(error) => tracing::error!(%error, "the journal could not be opened again"),
            }
        }
        self.trouble = Some(error.clone());
        self.publish_status();
        for reply in replies.into_iter().flatten() {
            drop(reply.send(Err(error.clone())));
        }
    }

    /// A commit that seemed to fail may be on disk all the same: the dictionary and the end of the
    /// journal are read anew, and readers are sent to the disk for what was not announced.
    fn look_again(&self) {
        let connection = &self.opened.connection;
        match self.names.reload(connection).and_then(|()| schema::head(connection)) {
            Ok(head) if head > *self.head.borrow() => {
                self.tail.forget(head);
                self.head.send_replace(head);
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the journal cannot be read after an error"),
        }
    }

    fn write(
        &mut self,
        batches: &[(Vec<Arc<Record>>, Option<Cursor>)],
    ) -> Result<Done, JournalError> {
        if let Some(gone @ JournalError::Gone(_)) = &self.trouble {
            return Err(gone.clone());
        }
        if self.corrupt.is_cancelled() {
            return Err(JournalError::Corrupt("the next start mends it".to_owned()));
        }
        if let Some(done) = self.try_write(batches)? {
            return Ok(done);
        }
        let lost = self.ledger.lost();
        let records = batches.iter().flat_map(|(records, _)| records);
        let names = records.flat_map(|record| names_of(record));
        let cursors = batches.iter().filter_map(|(_, cursor)| cursor.as_ref());
        let entries = cursors.chain(self.lazy.values()).flat_map(|cursor| &cursor.entries);
        let of_entries = entries.flat_map(|entry| [entry.account.as_str(), entry.subject.as_str()]);
        let of_lost = lost.keys().map(|(_, subject)| subject.as_str());
        let names = names.chain(of_entries).chain(of_lost);
        let new: BTreeSet<&str> = names.filter(|name| self.names.id(name).is_none()).collect();
        self.names.learn(&mut self.opened.connection, &new)?;
        let done = self.try_write(batches)?;
        done.ok_or_else(|| JournalError::Storage("a name was not learned".to_owned()))
    }

    /// As [`Writer::write`]; nothing is kept and `None` comes back when a name has to be learned first.
    fn try_write(
        &mut self,
        batches: &[(Vec<Arc<Record>>, Option<Cursor>)],
    ) -> Result<Option<Done>, JournalError> {
        let transaction = self.opened.connection.transaction()?;
        let records: Vec<&Arc<Record>> = batches.iter().flat_map(|(records, _)| records).collect();
        let Some(places) = insert(&transaction, &self.names.look(), &records)? else {
            return Ok(None);
        };
        let stored: Vec<bool> = places.iter().map(Option::is_some).collect();
        let mut done = Done::default();
        let (mut places, mut head) = (places.into_iter(), *self.head.borrow());
        for (records, cursor) in batches {
            let mut answer = Appended { position: head, stored: 0, duplicates: 0 };
            for (record, place) in records.iter().zip(&mut places) {
                match place {
                    Some(place) => {
                        head = place;
                        answer.stored += 1;
                        done.stored.push((place, record.clone()));
                    }
                    None => answer.duplicates += 1,
                }
            }
            answer.position = head;
            done.answers.push(answer);
            if let Some(cursor) = cursor {
                store_cursor(&transaction, cursor)?;
            }
        }
        for cursor in self.lazy.values() {
            store_cursor(&transaction, cursor)?;
        }
        let (look, lost) = (self.names.look(), self.ledger.lost());
        let cursors = batches.iter().filter_map(|(_, cursor)| cursor.as_ref());
        let cursors = cursors.chain(self.lazy.values());
        let Some(sums) = sums_of(&look, &mut self.days, (&records, &stored), cursors, &lost) else {
            return Ok(None);
        };
        drop(look);
        ledger::write(&transaction, &sums)?;
        transaction.commit()?;
        self.ledger.settled(&sums, &lost);
        Ok(Some(done))
    }

    fn keep_house(&mut self) {
        self.look_for_file();
        self.commit(Vec::new(), true);
        if self.trouble.is_some() {
            self.probe();
        }
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds % ROUNDS_PER_SIGN == 1 {
            self.note_run();
        }
        if self.rounds >= ROUNDS_BEFORE_TRIM
            && let Err(error) = self.trim()
        {
            tracing::warn!(%error, "old records could not be dropped");
        }
        self.lately = 0;
        self.publish_status();
    }

    /// A file that was removed or replaced takes every write and keeps none: nothing is accepted
    /// until it is there again.
    fn look_for_file(&mut self) {
        let there = identity_of(&self.config.folder) == self.identity;
        match (&self.trouble, there) {
            (Some(JournalError::Gone(_)), true) => {
                tracing::info!("the journal's file is there again");
                self.trouble = None;
            }
            (Some(JournalError::Gone(_)), false) | (_, true) => {}
            (_, false) => {
                let file = self.config.folder.join(schema::FILE).display().to_string();
                tracing::error!(%file, "the journal's file is gone: nothing is kept any more");
                self.trouble = Some(JournalError::Gone(file));
            }
        }
    }

    /// Finds out whether the disk takes data again, so that the trouble is not shown for ever on
    /// a quiet night.
    fn probe(&mut self) {
        if let Some(JournalError::Gone(_)) = self.trouble {
            return;
        }
        let probe = "BEGIN IMMEDIATE;
             INSERT INTO cursor(name, pos, state) VALUES ('probe', 0, zeroblob(65536))
             ON CONFLICT(name) DO UPDATE SET state = excluded.state;
             DELETE FROM cursor WHERE name = 'probe'; COMMIT;";
        let connection = &self.opened.connection;
        if connection.execute_batch(probe).is_ok() {
            tracing::info!("the journal takes data again");
            self.trouble = None;
        } else if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the journal's probe could not be taken back");
        }
    }

    /// A sign that it runs, for whoever asks when it did not.
    fn note_run(&self) {
        let now = self.clock.now();
        if let Err(error) = schema::note_run(&self.opened.connection, self.began, now) {
            tracing::debug!(%error, "a sign of life could not be kept");
        }
    }

    fn trim(&mut self) -> Result<(), JournalError> {
        let (passed, held) = self.slowest_readers()?;
        let (now, head, lately) = (self.clock.now(), *self.head.borrow(), self.lately);
        let round = Round { now, head, passed, held, lately };
        self.trimmer.trim(&self.opened.connection, &round)
    }

    /// Where the slowest reader of this run stands, of all and of those that hold what they have not
    /// passed; the end of the journal if there is none.
    fn slowest_readers(&self) -> Result<(Position, Position), JournalError> {
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let stored = schema::cursors(&self.opened.connection)?;
        let head = *self.head.borrow();
        let (mut passed, mut held) = (head, head);
        for (name, holds) in &active {
            let cursor = stored.iter().find(|(stored, _)| stored == name);
            let at = cursor.map_or(Position(0), |(_, at)| *at);
            passed = passed.min(at);
            held = if *holds { held.min(at) } else { held };
        }
        Ok((passed, held))
    }

    fn publish_status(&self) {
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let stored = schema::cursors(&self.opened.connection).unwrap_or_default();
        let place = |name: String| {
            let at = stored.iter().find(|(stored, _)| *stored == name).map(|(_, at)| *at);
            (name, at.unwrap_or_default())
        };
        let cursors = active.into_keys().map(place).collect();
        let (disk_free_bytes, disk_bytes) = disk_of(&self.config.folder);
        self.status.send_replace(Status {
            head: *self.head.borrow(),
            size_bytes: size_of(&self.config.folder),
            cut: self.trimmer.cut(),
            disk_free_bytes,
            disk_bytes,
            mended: schema::mended(&self.opened.connection).unwrap_or_default(),
            trouble: self.trouble.clone(),
            cursors,
        });
    }
}

/// What goes into the ledger with a commit: records that are new or were there already, what the
/// cursors bring, and what could not be kept. `None` when a name has no number yet.
fn sums_of<'a>(
    look: &Look<'_>,
    days: &mut Days,
    (records, stored): (&[&Arc<Record>], &[bool]),
    cursors: impl Iterator<Item = &'a Cursor>,
    lost: &BTreeMap<(i32, String), u64>,
) -> Option<Sums> {
    let kept = look.id(ledger::KEPT)?;
    let doubled = look.id(ledger::DOUBLED)?;
    let not_kept = look.id(ledger::NOT_KEPT)?;
    let mut sums = Sums::default();
    for (record, stored) in records.iter().zip(stored) {
        if let Record::Reading(reading) = &***record {
            let (subject, day) = (look.id(reading.device.as_str())?, days.of(reading.time));
            let account = if *stored { kept } else { doubled };
            *sums.entry((day, subject, account)).or_default() += 1;
        }
    }
    for cursor in cursors {
        if !ledger::sum_up(&mut sums, look, &cursor.entries) {
            return None;
        }
    }
    for ((day, subject), readings) in lost {
        *sums.entry((*day, look.id(subject)?, not_kept)).or_default() += readings;
    }
    Some(sums)
}

fn store_cursor(connection: &Connection, cursor: &Cursor) -> Result<(), JournalError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO cursor(name, pos, state) VALUES (?1, ?2, coalesce(?3, x''))
         ON CONFLICT(name) DO UPDATE SET pos = excluded.pos, state = coalesce(?3, state)",
    )?;
    statement.execute(params![cursor.name, schema::to_sql(cursor.position), cursor.state])?;
    Ok(())
}

fn size_of(folder: &Path) -> u64 {
    let files = [schema::FILE.to_owned(), format!("{}-wal", schema::FILE)];
    files.iter().filter_map(|file| folder.join(file).metadata().ok()).map(|m| m.len()).sum()
}

/// Device and inode of the database.
fn identity_of(folder: &Path) -> Option<(u64, u64)> {
    let file = folder.join(schema::FILE).metadata().ok()?;
    Some((file.dev(), file.ino()))
}

/// Free bytes and size of the disk of a folder; zeros where that cannot be asked.
fn disk_of(folder: &Path) -> (u64, u64) {
    rustix::fs::statvfs(folder).map_or((0, 0), |disk| {
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        (bytes(disk.f_bavail), bytes(disk.f_blocks))
    })
}
