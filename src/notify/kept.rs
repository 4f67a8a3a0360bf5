//! What a channel remembers in the journal, beside its place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alertmanager::Posted;

/// State of a channel's cursor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Times of its last messages, milliseconds, oldest first.
    #[serde(default)]
    pub(super) sent_ms: Vec<i64>,
    /// What an Alertmanager was told and holds open, by the id of the alert.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) open: BTreeMap<String, Posted>,
}

impl Kept {
    /// Reads it back; what cannot be read counts as nothing.
    pub(super) fn read(state: &[u8]) -> Self {
        serde_json::from_slice(state).unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }
}
