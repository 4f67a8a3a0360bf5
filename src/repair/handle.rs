//! How other rooms see the orders, and how people's words reach them.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::SharedClock;
use crate::journal::{Journal, JournalError};
use crate::model::{Device, DeviceId, Text, Timestamp};

use super::book::Book;
use super::clocks::{self, Clocks, Overdue};
use super::error::RepairError;
use super::figures::Figures;
use super::label::Labels;
use super::past;
use super::task::Config;
use super::types::{Order, Part, State};
use super::vendor::Vendor;

/// Words of people that may wait.
const COMMANDS_MAX: usize = 32;

/// An order that a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The machine.
    pub device: String,
    /// What is wrong.
    pub what: Text,
    /// Name of the person.
    pub by: String,
    /// The alert that it is made of: its id and its rule.
    pub alert: Option<(String, String)>,
}

/// A step that a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where to.
    pub state: State,
    /// Name of the person.
    pub by: String,
    /// What there is to say; may be empty.
    pub note: String,
    /// Whose it is now: id of a vendor or a name.
    pub to: Option<String>,
    /// Parts that were used.
    pub parts: Vec<Part>,
    /// Why it is closed or cancelled.
    pub reason: Option<String>,
}

/// What became of a visitor's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The order that it made or counts with.
    pub order: Arc<Order>,
    /// It made one.
    pub is_new: bool,
}

type Reply<T> = oneshot::Sender<Result<T, RepairError>>;

/// What people ask of the task.
pub(super) enum Command {
    Open { wanted: NewOrder, reply: Reply<Arc<Order>> },
    Report { device: DeviceId, what: Text, reply: Reply<Reported> },
    Step { id: String, wanted: Wanted, reply: Reply<Arc<Order>> },
}

#[derive(Default)]
struct Lists {
    open: Vec<Arc<Order>>,
    closed: VecDeque<Arc<Order>>,
}

/// The published lists; the task writes, everybody reads.
#[derive(Clone)]
pub(super) struct Board {
    lists: Arc<RwLock<Lists>>,
    version: watch::Sender<u64>,
}

impl Board {
    /// Shows the orders of a book.
    pub(super) fn publish(&self, book: &Book) {
        {
            let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
            lists.open = book.open().rev().cloned().collect();
            lists.closed.clone_from(book.closed());
        }
        self.version.send_modify(|version| *version += 1);
    }
}

/// A view of the orders and a way to work on them. Clones share both.
#[derive(Clone)]
pub struct Handle {
    board: Board,
    commands: mpsc::Sender<Command>,
    config: Arc<Config>,
    labels: Option<Labels>,
    journal: Journal,
    clock: SharedClock,
}

/// A handle and the ends that the task holds.
pub(super) fn pair(
    config: Arc<Config>,
    labels: Option<Labels>,
    journal: Journal,
    clock: SharedClock,
) -> (Handle, Board, mpsc::Receiver<Command>) {
    let board = Board { lists: Arc::default(), version: watch::channel(0).0 };
    let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
    let shown = board.clone();
    (Handle { board, commands, config, labels, journal, clock }, shown, inbox)
}

impl Handle {
    /// The open orders, newest first.
    #[must_use]
    pub fn open(&self) -> Vec<Arc<Order>> {
        self.board.lists.read().unwrap_or_else(PoisonError::into_inner).open.clone()
    }

    /// The orders that are over, newest first, at most `limit`.
    #[must_use]
    pub fn closed(&self, limit: usize) -> Vec<Arc<Order>> {
        let lists = self.board.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists.closed.iter().take(limit).cloned().collect()
    }

    /// One order; those that were over long ago are not at hand.
    #[must_use]
    pub fn order(&self, id: &str) -> Option<Arc<Order>> {
        let lists = self.board.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists.open.iter().chain(&lists.closed).find(|order| order.id == id).cloned()
    }

    /// A number that changes with every change of the orders.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.board.version.subscribe()
    }

    /// What is overdue by contract now.
    #[must_use]
    pub fn overdue(&self) -> Vec<Overdue> {
        let now = self.clock.now();
        let orders = self.open();
        orders.iter().flat_map(|order| clocks::overdue(order, &self.config.hours, now)).collect()
    }

    /// The clocks of an order now.
    #[must_use]
    pub fn clocks(&self, order: &Order) -> Clocks {
        clocks::clocks(order, &self.config.hours, self.clock.now())
    }

    /// Who repairs.
    #[must_use]
    pub fn vendors(&self) -> &[Vendor] {
        &self.config.vendors
    }

    /// The machines that a vendor repairs by contract.
    #[must_use]
    pub fn machines_of(&self, vendor: &Vendor) -> Vec<&Device> {
        let of = |device: &&Device| {
            Vendor::of(&self.config.vendors, device).is_some_and(|of| of.id == vendor.id)
        };
        self.config.devices.iter().map(|device| &**device).filter(of).collect()
    }

    /// The tokens of the labels; `None` where their key cannot be read.
    #[must_use]
    pub const fn labels(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    /// The figures of the orders opened in `from <= time < to`. Blocks for as long as the disk needs.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn figures(&self, from: Timestamp, to: Timestamp) -> Result<Figures, JournalError> {
        let (archive, since) = (self.journal.archive()?, self.journal.ledger_since());
        past::figures_of(&archive, &self.config, since, (from, to), self.clock.now())
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, RepairError> {
        let (reply, answer) = oneshot::channel();
        self.commands.try_send(command(reply)).map_err(|_| RepairError::Busy)?;
        answer.await.map_err(|_| RepairError::Busy)?
    }

    /// Opens an order; returns when it is on disk.
    ///
    /// # Errors
    /// [`RepairError`].
    pub async fn make(&self, wanted: NewOrder) -> Result<Arc<Order>, RepairError> {
        self.ask(|reply| Command::Open { wanted, reply }).await
    }

    /// Takes a visitor's report: it makes an order, or counts with the one that is open; returns when
    /// that is on disk.
    ///
    /// # Errors
    /// [`RepairError`].
    pub async fn report(&self, device: DeviceId, what: Text) -> Result<Reported, RepairError> {
        self.ask(|reply| Command::Report { device, what, reply }).await
    }

    /// Takes a step; returns when it is on disk.
    ///
    /// # Errors
    /// [`RepairError`].
    pub async fn step(&self, id: &str, wanted: Wanted) -> Result<Arc<Order>, RepairError> {
        let id = id.to_owned();
        self.ask(|reply| Command::Step { id, wanted, reply }).await
    }
}
