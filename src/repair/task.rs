//! The task that owns the orders: keeps what people decide, follows the alerts, looks for proof.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::alert::{self, Change as AlertChange, alert_event};
use crate::clock::SharedClock;
use crate::journal::{Batch, Cursor, Journal, JournalError, Kinds, Reader};
use crate::live::Live;
use crate::model::{Device, DeviceId, EventKind, Position, Record, Text};
use crate::service;

use super::book::{Book, CLOSED_MAX, Change, Opening};
use super::error::RepairError;
use super::handle::{self, Board, Command, Handle, NewOrder, Reported};
use super::label::Labels;
use super::proving::{self, Witness};
use super::types::{Order, Origin, State};
use super::vendor::Vendor;

const CURSOR: &str = "repair";
/// Time between two looks for proof.
const TICK: Duration = Duration::from_secs(1);
const RECORDS_PER_STEP: usize = 500;
/// Events looked at for the orders that are over: every order has some six.
const EVENTS_RECALLED: usize = 8 * CLOSED_MAX;

/// What the orders have to know of the hall.
#[derive(Debug, Clone)]
pub struct Config {
    /// The machines.
    pub devices: Vec<Arc<Device>>,
    /// When the zones serve.
    pub hours: service::Config,
    /// Who repairs.
    pub vendors: Vec<Vendor>,
    /// The days of the orders' numbers follow it.
    pub time_zone: TimeZone,
}

impl Config {
    fn device(&self, id: &str) -> Option<&Device> {
        self.devices.iter().map(|device| &**device).find(|device| device.id.as_str() == id)
    }
}

/// What the task looks at for proof.
struct Sights {
    live: Live,
    service: service::Handle,
    alerts: alert::Handle,
}

/// The orders with their place in the journal.
pub struct Repairs {
    book: Book,
    config: Arc<Config>,
    sights: Sights,
    journal: Journal,
    reader: Reader,
    clock: SharedClock,
    board: Board,
    inbox: mpsc::Receiver<Command>,
    /// What was seen of the machines whose orders are done, by order.
    witnesses: BTreeMap<String, Witness>,
}

impl Repairs {
    /// Takes up where the last run stopped. Blocks.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(
        config: Config,
        live: Live,
        (service, alerts): (service::Handle, alert::Handle),
        journal: Journal,
        clock: SharedClock,
    ) -> Result<(Handle, Self), JournalError> {
        let kept = journal.cursor(CURSOR)?;
        let events = journal.archive()?.last_events(EventKind::Order, EVENTS_RECALLED)?;
        let mut reader = journal.reader(CURSOR, Kinds::Decisions)?;
        if kept.is_none() {
            // It begins now: what was raised before is the past.
            reader.seek(journal.head());
        }
        let snapshot = kept.map(|(_, state)| state).unwrap_or_default();
        let book = Book::restore(&snapshot, &events);
        let labels = Labels::open(journal.folder())
            .inspect_err(|error| {
                let hint = error.hint().en;
                tracing::error!(%error, hint, "the labels of the machines do not work");
            })
            .ok();
        let config = Arc::new(config);
        let (handle, board, inbox) =
            handle::pair(config.clone(), labels, journal.clone(), clock.clone());
        board.publish(&book);
        let (sights, witnesses) = (Sights { live, service, alerts }, BTreeMap::new());
        let repairs =
            Self { book, config, sights, journal, reader, clock, board, inbox, witnesses };
        Ok((handle, repairs))
    }

    /// Runs until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let before = self.reader.position();
            tokio::select! {
                () = stop.cancelled() => return,
                batch = self.reader.next(RECORDS_PER_STEP) => match batch {
                    Ok(batch) => self.follow(before, batch).await,
                    Err(JournalError::Closed) => return,
                    Err(error) => {
                        tracing::error!(%error, "the orders cannot read the journal");
                        tokio::time::sleep(TICK).await;
                    }
                },
                _ = ticks.tick() => self.prove().await,
                Some(command) = self.inbox.recv() => self.obey(command).await,
            }
        }
    }

    /// Keeps changes, the open orders after them and the place in one transaction; then shows them.
    async fn keep(&mut self, changes: Vec<Change>) -> Result<(), RepairError> {
        let now = self.clock.now();
        let state = self.book.snapshot(&changes);
        let events: Option<Vec<Record>> =
            changes.iter().map(|change| change.event(now).map(Record::Event)).collect();
        let (Some(events), true) = (events, state.is_some()) else {
            let told = JournalError::Storage("an order cannot be written as JSON".to_owned());
            return Err(RepairError::NotKept(told));
        };
        let cursor = Cursor::new(CURSOR, self.reader.position(), state);
        self.journal.append_with_cursor(events, cursor).await.map_err(RepairError::NotKept)?;
        for change in changes {
            let order = &change.order;
            tracing::info!(
                order = %order.id, device = %order.device, state = order.state.as_str(),
                change = change.what, "order"
            );
            self.book.apply(change);
        }
        let done: Vec<String> = self.done().map(|order| order.id.clone()).collect();
        self.witnesses.retain(|id, _| done.contains(id));
        self.board.publish(&self.book);
        Ok(())
    }

    fn done(&self) -> impl Iterator<Item = &Arc<Order>> {
        self.book.open().filter(|order| order.state == State::Done)
    }

    /// What the alerts of a batch make of the orders.
    fn alerted(&self, batch: &Batch) -> Vec<Change> {
        let now = self.clock.now();
        let told = batch.records.iter().filter_map(|(_, record)| alert_event(record));
        let mut raised = told.filter(|told| told.change == AlertChange::Raised).peekable();
        let mut changes = Vec::new();
        if raised.peek().is_none() {
            return changes;
        }
        let mut after = self.book.clone();
        for alert in raised.map(|told| told.alert) {
            let Some(device) = &alert.device else { continue };
            if let Some(change) = after.alerted(device, &alert.rule, &alert.id, now) {
                after.apply(change.clone());
                changes.push(change);
            }
        }
        changes
    }

    /// Takes the alerts of a batch; what is not kept is read again.
    async fn follow(&mut self, before: Position, batch: Batch) {
        let changes = self.alerted(&batch);
        if changes.is_empty() {
            return self.reader.done(batch.through).await;
        }
        if let Err(error) = self.keep(changes).await {
            tracing::error!(%error, "orders could not be brought up to date with the alerts");
            self.reader.seek(before);
            tokio::time::sleep(TICK).await;
        }
    }

    /// Looks at the machines whose orders are done.
    async fn prove(&mut self) {
        let done: Vec<Arc<Order>> = self.done().cloned().collect();
        if done.is_empty() {
            return;
        }
        let now = self.clock.now();
        let overview = self.sights.service.overview();
        let open: Vec<(DeviceId, String)> = self
            .sights
            .alerts
            .open()
            .into_iter()
            .filter_map(|alert| Some((alert.device?, alert.rule)))
            .collect();
        let mut changes = Vec::new();
        for order in done {
            let sight =
                self.sights.live.look(|board| proving::sight(&order, board, &overview, &open, now));
            let Some(sight) = sight else { continue };
            let zone = self.config.hours.zone(&order.zone);
            let witness = self.witnesses.entry(order.id.clone()).or_default();
            let proof = witness.look(&sight, zone.map(|zone| &*zone.calendar), now);
            changes.extend(proof.and_then(|reason| self.book.proven(&order.id, reason, now)));
        }
        if !changes.is_empty()
            && let Err(error) = self.keep(changes).await
        {
            // The proof stands and is tried again at the next look.
            tracing::error!(%error, "proven orders could not be closed");
        }
    }

    /// The web request may have gone away; what was kept stands all the same.
    async fn obey(&mut self, command: Command) {
        match command {
            Command::Open { wanted, reply } => {
                let change = self.opened(wanted);
                drop(reply.send(self.settle(change).await));
            }
            Command::Step { id, wanted, reply } => {
                let now = self.clock.now();
                let change = self.book.stepped(&id, wanted, &self.config.vendors, now);
                drop(reply.send(self.settle(change).await));
            }
            Command::Report { device, what, reply } => {
                let counted = self.book.reported(&device);
                let is_new = counted.is_none();
                let change = counted.map_or_else(|| self.by_public(&device, what), Ok);
                let order = self.settle(change).await;
                drop(reply.send(order.map(|order| Reported { order, is_new })));
            }
        }
    }

    async fn settle(
        &mut self,
        change: Result<Change, RepairError>,
    ) -> Result<Arc<Order>, RepairError> {
        let change = change?;
        let order = Arc::new(change.order.clone());
        self.keep(vec![change]).await?;
        Ok(order)
    }

    fn opened(&self, wanted: NewOrder) -> Result<Change, RepairError> {
        let NewOrder { device, what, by, alert } = wanted;
        let (alert, rule) = alert.unzip();
        let origin = match alert {
            Some(_) => Origin::Alert { by },
            None => Origin::Person { by },
        };
        self.open_on(&device, rule, alert, what, origin)
    }

    fn by_public(&self, device: &DeviceId, what: Text) -> Result<Change, RepairError> {
        self.open_on(device.as_str(), None, None, what, Origin::Public)
    }

    fn open_on(
        &self,
        device: &str,
        rule: Option<String>,
        alert: Option<String>,
        what: Text,
        origin: Origin,
    ) -> Result<Change, RepairError> {
        let found = self.config.device(device);
        let device = found.ok_or_else(|| RepairError::UnknownDevice(device.to_owned()))?;
        let contract = Vendor::of(&self.config.vendors, device).map(Vendor::contract);
        let opening = Opening { device, contract, rule, alert, what, origin };
        self.book.opened(opening, self.clock.now(), &self.config.time_zone)
    }
}
