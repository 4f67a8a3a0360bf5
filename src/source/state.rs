//! How the sources are, for the page and for the gateway's own readings.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::LinkFault;

/// How a connection or a broker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceHealth {
    /// All its devices answer.
    Ok,
    /// Some of its devices do not answer.
    Degraded,
    /// Nothing comes.
    Down,
}

impl SourceHealth {
    /// The word used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }
}

/// One connection or broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// `modbus` or `mqtt`.
    pub kind: &'static str,
    /// How it is.
    pub health: SourceHealth,
    /// Devices behind it.
    pub devices: usize,
    /// Why it is not well.
    pub fault: Option<LinkFault>,
}

/// All sources by name (their address). Clones share the table.
#[derive(Debug, Clone, Default)]
pub struct Sources(Arc<Mutex<BTreeMap<String, SourceState>>>);

impl Sources {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn set(&self, name: &str, state: SourceState) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Said after every poll, and nearly always the same.
        match table.get_mut(name) {
            Some(known) => *known = state,
            None => drop(table.insert(name.to_owned(), state)),
        }
    }

    /// The present table.
    #[must_use]
    pub fn all(&self) -> Vec<(String, SourceState)> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.iter().map(|(name, state)| (name.clone(), state.clone())).collect()
    }
}
