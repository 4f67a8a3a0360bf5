//! What the display on the wall announces: kept here for whoever shows it.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::{Severity, Text, Timestamp};

/// Announcements that are kept.
const KEPT_MAX: usize = 50;

/// One announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// When it was made.
    pub at: Timestamp,
    /// Name of the channel.
    pub channel: String,
    /// The worst that it tells of.
    pub severity: Severity,
    /// One line.
    pub title: Text,
    /// All of it.
    pub text: Text,
    /// The alerts that it tells of and that were open then, by their ids.
    pub alerts: Vec<String>,
}

/// The last 50 announcements. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Wall {
    last: Arc<RwLock<VecDeque<Announcement>>>,
}

impl Wall {
    pub(super) fn announce(&self, announcement: Announcement) {
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        last.push_front(announcement);
        last.truncate(KEPT_MAX);
    }

    /// The announcements, newest first.
    #[must_use]
    pub fn look(&self) -> Vec<Announcement> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
