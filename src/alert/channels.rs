//! How the channels do, in their own words: a channel that fails is itself an alert, told on another.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::{Text, Timestamp};

/// How one channel does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelState {
    /// Since when nothing was taken, while something waits.
    pub failing_since: Option<Timestamp>,
    /// Tries in a row that failed.
    pub tries: u32,
    /// Why the last one failed, without secrets.
    pub why: Option<Text>,
    /// Messages that wait.
    pub waiting: usize,
    /// When something was taken last.
    pub delivered: Option<Timestamp>,
}

/// The states of all channels. Clones share them; channels write, everybody reads.
#[derive(Debug, Clone, Default)]
pub struct Channels {
    states: Arc<RwLock<BTreeMap<String, ChannelState>>>,
}

impl Channels {
    /// Changes what is known of a channel.
    pub fn note(&self, channel: &str, change: impl FnOnce(&mut ChannelState)) {
        let mut states = self.states.write().unwrap_or_else(PoisonError::into_inner);
        change(states.entry(channel.to_owned()).or_default());
    }

    /// All channels by name.
    #[must_use]
    pub fn look(&self) -> BTreeMap<String, ChannelState> {
        self.states.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
