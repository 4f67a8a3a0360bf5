//! How other rooms see the alerts, and how people's words reach them.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot, watch};

use crate::journal::JournalError;

use super::types::Alert;

/// Resolved alerts kept for the page; older ones are in the journal.
pub(super) const RECENT_MAX: usize = 500;
/// Acknowledgements that may wait.
const COMMANDS_MAX: usize = 32;

/// Why an acknowledgement was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// No alert of this id is open or was resolved lately.
    #[error("no alert `{0}`")]
    Unknown(String),
    /// It is over already.
    #[error("alert `{0}` is resolved already")]
    AlreadyResolved(String),
    /// The journal did not keep it.
    #[error("the acknowledgement could not be kept")]
    NotKept(#[source] JournalError),
    /// The program is stopping, or too many wait.
    #[error("the alert engine does not answer")]
    Busy,
}

/// What a person asks of the engine.
pub(super) struct Command {
    pub(super) id: String,
    pub(super) by: String,
    pub(super) note: String,
    pub(super) reply: oneshot::Sender<Result<Alert, AckError>>,
}

#[derive(Default)]
struct Lists {
    open: Vec<Alert>,
    recent: VecDeque<Alert>,
}

/// The engine's published lists; its task writes, everybody reads.
#[derive(Clone)]
pub(super) struct Board {
    lists: Arc<RwLock<Lists>>,
    version: watch::Sender<u64>,
}

impl Board {
    /// Replaces the open alerts and puts `resolved` before the recent ones.
    pub(super) fn publish(&self, open: Vec<Alert>, resolved: Vec<Alert>) {
        {
            let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
            lists.open = open;
            for alert in resolved {
                lists.recent.push_front(alert);
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

/// A view of the alerts and a way to acknowledge them. Clones share both.
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
    /// The open alerts: active, acknowledged and recovering, newest first.
    #[must_use]
    pub fn open(&self) -> Vec<Alert> {
        self.board.lists.read().unwrap_or_else(PoisonError::into_inner).open.clone()
    }

    /// The resolved alerts, newest first, at most `limit`.
    #[must_use]
    pub fn recent(&self, limit: usize) -> Vec<Alert> {
        let lists = self.board.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists.recent.iter().take(limit).cloned().collect()
    }

    /// A number that changes with every change of the lists.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.board.version.subscribe()
    }

    /// Says that `by` knows of the alert; returns when that is on disk.
    ///
    /// # Errors
    /// [`AckError`].
    pub async fn acknowledge(&self, id: &str, by: &str, note: &str) -> Result<Alert, AckError> {
        let (reply, answer) = oneshot::channel();
        let command =
            Command { id: id.to_owned(), by: by.to_owned(), note: note.to_owned(), reply };
        self.commands.try_send(command).map_err(|_| AckError::Busy)?;
        answer.await.map_err(|_| AckError::Busy)?
    }
}
