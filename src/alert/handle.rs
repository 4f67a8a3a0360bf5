//! How other rooms see the alerts, and how people's words reach them.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot, watch};

use crate::journal::JournalError;

use super::silence::{Silence, SilenceError};
use super::types::{Alert, Suspect};

/// Resolved alerts kept for the page; older ones are in the journal.
pub(super) const RECENT_MAX: usize = 500;
/// What people say that may wait.
const COMMANDS_MAX: usize = 128;

/// Why a person's word was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// No alert of this id is open or was resolved lately; or no silence has it.
    #[error("no alert or silence `{0}`")]
    Unknown(String),
    /// It is over already.
    #[error("`{0}` is over already")]
    AlreadyResolved(String),
    /// A silence that cannot be meant.
    #[error("the silence was not taken")]
    Silence(#[source] SilenceError),
    /// The journal did not keep it.
    #[error("it could not be kept")]
    NotKept(#[source] JournalError),
    /// The program is stopping, or too many wait.
    #[error("the alert engine does not answer")]
    Busy,
}

/// What a person asks of the engine.
pub(super) enum Command {
    /// He knows of an alert.
    Acknowledge { id: String, by: String, note: String, for_ms: Option<i64>, reply: Reply<Alert> },
    /// Some alerts are not to be told.
    Silence { silence: Box<Silence>, reply: Reply<Silence> },
    /// They are again.
    EndSilence { id: String, by: String, reply: Reply<Silence> },
    /// What is about to be an alert?
    Suspects { reply: Reply<Vec<Suspect>> },
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, AckError>>;

/// A silence as it is seen now.
#[derive(Debug, Clone, PartialEq)]
pub struct SilenceView {
    /// The silence.
    pub silence: Silence,
    /// It counts at this moment.
    pub active: bool,
}

#[derive(Default)]
struct Lists {
    open: Vec<Arc<Alert>>,
    recent: VecDeque<Arc<Alert>>,
    silences: Vec<SilenceView>,
}

/// The engine's published lists; its task writes, everybody reads.
#[derive(Clone)]
pub(super) struct Board {
    lists: Arc<RwLock<Lists>>,
    version: watch::Sender<u64>,
}

impl Board {
    /// Replaces the open alerts and puts `resolved` before the recent ones.
    pub(super) fn publish(
        &self,
        open: Vec<Arc<Alert>>,
        resolved: Vec<Alert>,
        silences: Vec<SilenceView>,
    ) {
        {
            let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
            (lists.open, lists.silences) = (open, silences);
            for alert in resolved {
                lists.recent.push_front(Arc::new(alert));
            }
            lists.recent.truncate(RECENT_MAX);
        }
        self.version.send_modify(|version| *version += 1);
    }

    /// Whether an alert is among the resolved ones.
    pub(super) fn was_resolved(&self, id: &str) -> bool {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists.recent.iter().any(|alert| alert.id == id)
    }
}

/// A view of the alerts and a way to speak to the engine. Clones share both.
#[derive(Clone)]
pub struct Handle {
    board: Board,
    commands: mpsc::Sender<Command>,
}

/// A handle and the ends that the engine's task holds.
pub(super) fn pair() -> (Handle, Board, mpsc::Receiver<Command>) {
    let (version, _) = watch::channel(0);
    let board = Board { lists: Arc::default(), version };
    let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
    (Handle { board: board.clone(), commands }, board, inbox)
}

impl Handle {
    /// The open alerts: all but the resolved ones, newest first.
    #[must_use]
    pub fn open(&self) -> Vec<Alert> {
        let lists = self.board.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists.open.iter().map(|alert| (**alert).clone()).collect()
    }

    /// The resolved alerts, newest first, at most `limit`.
    #[must_use]
    pub fn recent(&self, limit: usize) -> Vec<Alert> {
        let lists = self.board.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists.recent.iter().take(limit).map(|alert| (**alert).clone()).collect()
    }

    /// The silences and maintenance windows: those to come, those that count, and those that were
    /// over lately.
    #[must_use]
    pub fn silences(&self) -> Vec<SilenceView> {
        self.board.lists.read().unwrap_or_else(PoisonError::into_inner).silences.clone()
    }

    /// A number that changes with every change of the lists.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.board.version.subscribe()
    }

    /// Says that `by` knows of the alert, for so long or for as long as is usual; returns when that
    /// is on disk.
    ///
    /// # Errors
    /// [`AckError`].
    pub async fn acknowledge(
        &self,
        id: &str,
        by: &str,
        note: &str,
        for_ms: Option<i64>,
    ) -> Result<Alert, AckError> {
        let (id, by, note) = (id.to_owned(), by.to_owned(), note.to_owned());
        self.ask(|reply| Command::Acknowledge { id, by, note, for_ms, reply }).await
    }

    /// Sets a silence; its id and the time of setting are given to it. Returns when it is on disk.
    ///
    /// # Errors
    /// [`AckError`].
    pub async fn silence(&self, silence: Silence) -> Result<Silence, AckError> {
        let silence = Box::new(silence);
        self.ask(|reply| Command::Silence { silence, reply }).await
    }

    /// Ends a silence before its time; returns when that is on disk.
    ///
    /// # Errors
    /// [`AckError`].
    pub async fn end_silence(&self, id: &str, by: &str) -> Result<Silence, AckError> {
        let (id, by) = (id.to_owned(), by.to_owned());
        self.ask(|reply| Command::EndSilence { id, by, reply }).await
    }

    /// What is wrong for too short a time to be an alert yet, the next alert first; at most 200.
    ///
    /// # Errors
    /// [`AckError::Busy`].
    pub async fn suspects(&self) -> Result<Vec<Suspect>, AckError> {
        self.ask(|reply| Command::Suspects { reply }).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, AckError> {
        let (reply, answer) = oneshot::channel();
        self.commands.try_send(command(reply)).map_err(|_| AckError::Busy)?;
        answer.await.map_err(|_| AckError::Busy)?
    }
}
