//! The task that packs what the journal has taken, some minutes behind the present.
//!
//! It is a reader of the journal like any other, but keeps its place in its own database, in one
//! transaction with what it packed: a kill packs nothing twice and leaves nothing out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use crate::clock::{SharedClock, Trust};
use crate::journal::{Batch, Journal, Kinds, Mended, Reader, used_bytes};
use crate::model::{DeviceId, Position, Reading, Record, Timestamp};

use super::config::Config;
use super::error::HistoryError;
use super::note;
use super::repair::{self, Lost};
use super::{Inner, merge, store};

/// Pause between two looks at how much has come in.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Looks after which what came in is packed, however little it is.
const LOOKS: u32 = 30;
/// So many records are packed at the next look.
const RECORDS_MAX: u64 = 20_000;
/// Values packed in one transaction: bounds the memory.
const VALUES_MAX: usize = 400_000;
/// Records read in one go.
const RECORDS_PER_READ: usize = 2_000;
/// Old segments dropped after one round of packing.
const DROP_MAX: usize = 500;
/// Room that is made when it runs out, a part of it all.
const ROOM: u64 = 50;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Packs the journal. One for each database.
pub struct Packer {
    inner: Arc<Inner>,
    journal: Journal,
    config: Config,
    clock: SharedClock,
    trust: Trust,
    reader: Reader,
    connection: Arc<Mutex<Connection>>,
    /// After a mending, what the journal has up to here is packed once more.
    refill: Option<Position>,
}

impl Packer {
    pub(super) fn new(
        inner: Arc<Inner>,
        connection: Connection,
        journal: Journal,
        config: Config,
        clock: SharedClock,
    ) -> Result<Self, HistoryError> {
        let mut reader = journal.holding_reader("history", Kinds::Readings)?;
        let packed = store::position(&connection, journal.identity())?;
        let refill = note::is_refill(&connection)?;
        let new = packed == Position::default() && store::newest_time(&connection)?.is_none();
        if new && !refill && reader.position() > packed {
            // The journal knows that some of it was packed before.
            tracing::error!("the history's database was missing: it begins anew");
            let (time, aside) = (clock.now(), String::new());
            note::mended(&connection, &Mended { time, rows: 0, holes: 1, aside })?;
            inner.set_condition(note::condition(&connection)?);
        }
        journal.continue_after(packed, clock.now())?;
        if let Some(mended) = journal.mended()? {
            note::suspect(&connection, mended.time)?;
            inner.set_condition(note::condition(&connection)?);
        }
        reader.seek(packed);
        let trust = Trust::new(clock.now(), store::newest_time(&connection)?);
        let refill = refill.then(|| journal.head());
        let connection = Arc::new(Mutex::new(connection));
        Ok(Self { inner, journal, config, clock, trust, reader, connection, refill })
    }

    /// Packs until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut looks = LOOKS;
        if self.refill.is_some() {
            // Until then answers lack what was lost.
            tokio::select! {
                () = stop.cancelled() => return,
                done = self.pack() => if let Err(error) = done {
                    tracing::error!(%error, "the history is not filled again yet");
                },
            }
        }
        loop {
            // Before the first look as well: a start has enough to do.
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.inner.corrupt.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => looks = looks.saturating_add(1),
            }
            let behind = self.journal.head().0.saturating_sub(self.reader.position().0);
            let damaged = self.inner.has_damaged();
            if damaged || behind >= RECORDS_MAX || (looks >= LOOKS && behind > 0) {
                looks = 0;
                tokio::select! {
                    // What was begun is finished or taken back by the database.
                    () = stop.cancelled() => return,
                    done = self.pack() => if let Err(error) = done {
                        tracing::error!(%error, "what was read could not be packed; it stays in the journal");
                    },
                }
            }
        }
    }

    /// Packs everything that is in the journal, and drops what is too old.
    ///
    /// # Errors
    /// [`HistoryError`]; what was packed before it stays packed.
    pub async fn pack(&mut self) -> Result<(), HistoryError> {
        self.pack_all().await?;
        let mut repaired = false;
        for (device, time) in self.inner.take_damaged() {
            repaired |= self.repair(device, time).await?;
        }
        if repaired {
            self.pack_all().await?;
        }
        self.drop_old().await
    }

    async fn pack_all(&mut self) -> Result<(), HistoryError> {
        while self.reader.position() < self.journal.head() {
            let before = self.reader.position();
            match self.pack_some().await {
                Ok(()) => {}
                Err(HistoryError::Damaged { device, time }) => {
                    self.reader.seek(before);
                    if !self.repair(device.clone(), time).await? {
                        return Err(HistoryError::Damaged { device, time });
                    }
                }
                Err(error) => {
                    self.reader.seek(before);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn pack_some(&mut self) -> Result<(), HistoryError> {
        let mut devices: BTreeMap<DeviceId, Vec<Reading>> = BTreeMap::new();
        let mut values = 0;
        while values < VALUES_MAX && self.reader.position() < self.journal.head() {
            let Batch { records, .. } = self.reader.ready(RECORDS_PER_READ).await?;
            for (_, record) in records {
                let Record::Reading(reading) = &*record else { continue };
                values += reading.samples.len() + 1;
                devices.entry(reading.device.clone()).or_default().push(reading.clone());
            }
        }
        let position = self.reader.position();
        let journal = self.journal.identity().to_owned();
        let refill = self.refill.is_some();
        let refilled = self.refill.is_some_and(|through| position >= through);
        self.write(move |connection| {
            for (device, readings) in devices {
                merge::add(connection, &device, readings, refill)?;
            }
            if refilled {
                note::refilled(connection)?;
            }
            store::set_position(connection, &journal, position)
        })
        .await?;
        if refilled {
            self.refill = None;
        }
        self.reader.done(position).await;
        Ok(())
    }

    /// Puts a damaged segment aside; false where it is whole or gone.
    async fn repair(&mut self, device: DeviceId, time: Timestamp) -> Result<bool, HistoryError> {
        let (of, journal) = (device.clone(), self.journal.identity().to_owned());
        let now = self.clock.now();
        let put_aside = move |connection: &Connection| {
            let Some(lost) = repair::set_aside(connection, &of, time)? else { return Ok(None) };
            note::put_aside(connection, &of, &lost, now)?;
            note::refill(connection)?;
            store::set_position(connection, &journal, Position::default())?;
            Ok(Some((lost, note::condition(connection)?)))
        };
        let Some((lost, condition)) = self.write(put_aside).await? else { return Ok(false) };
        self.inner.set_condition(condition);
        // What the journal still has of it comes back with the next round.
        self.refill = Some(self.journal.head());
        self.reader.seek(Position::default());
        let Lost { span: (from, to), readings, points } = lost;
        tracing::error!(%device, from = from.ms(), to = to.ms(), readings, ?points,
            "a damaged block of the history was put aside; the rest of it is kept");
        Ok(true)
    }

    /// Drops what is older than the configuration wants, and the oldest when the room runs out.
    async fn drop_old(&mut self) -> Result<(), HistoryError> {
        let now = self.clock.now();
        let days = i64::from(self.config.retention_days);
        let oldest = self.trust.holds(now).then(|| now.plus_ms(-days * DAY_MS));
        let limit = self.config.size_bytes_max;
        self.write(move |connection| {
            if let Some(oldest) = oldest {
                store::drop_before(connection, oldest, DROP_MAX)?;
            }
            while used_bytes(connection)? > limit.saturating_sub(limit / ROOM) {
                tracing::warn!(limit, "the history is as large as it may be: the oldest goes");
                if store::drop_before(connection, now, DROP_MAX / 10)? == 0 {
                    break;
                }
            }
            Ok(())
        })
        .await
    }

    /// One transaction, on a thread that may block.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let connection = self.connection.clone();
        let task = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction()?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        let done = task.await.map_err(|_| HistoryError::BrokenOff)?;
        if let Err(HistoryError::Corrupt(_)) = &done {
            self.inner.note_corrupt();
        }
        done
    }
}
