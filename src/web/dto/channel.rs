//! The channels by which people are told.

use serde::Serialize;

use crate::model::Timestamp;
use crate::notify::{Announcement, Look};

use super::Text;

#[derive(Debug, Serialize)]
pub(in crate::web) struct ChannelsAnswer {
    pub(in crate::web) now_ms: i64,
    pub(in crate::web) channels: Vec<Channel>,
}

/// One channel and how it does.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Channel {
    name: String,
    kind: &'static str,
    /// `ok` or `failing`.
    health: &'static str,
    failing_since_ms: Option<i64>,
    tries: u32,
    why: Option<Text>,
    waiting: usize,
    delivered_ms: Option<i64>,
}

impl From<Look> for Channel {
    fn from(look: Look) -> Self {
        let Look { name, kind, state } = look;
        Self {
            name,
            kind,
            health: if state.failing_since.is_some() { "failing" } else { "ok" },
            failing_since_ms: state.failing_since.map(|since| since.ms()),
            tries: state.tries,
            why: state.why.map(Text::from),
            waiting: state.waiting,
            delivered_ms: state.delivered.map(|at| at.ms()),
        }
    }
}

/// What was announced on the wall.
#[derive(Debug, Serialize)]
pub(in crate::web) struct WallAnswer {
    now_ms: i64,
    announcements: Vec<Said>,
}

#[derive(Debug, Serialize)]
struct Said {
    at_ms: i64,
    channel: String,
    severity: &'static str,
    title: Text,
    text: Text,
    alerts: Vec<String>,
}

impl WallAnswer {
    pub(in crate::web) fn of(said: Vec<Announcement>, now: Timestamp) -> Self {
        let one = |said: Announcement| Said {
            at_ms: said.at.ms(),
            channel: said.channel,
            severity: said.severity.as_str(),
            title: said.title.into(),
            text: said.text.into(),
            alerts: said.alerts,
        };
        Self { now_ms: now.ms(), announcements: said.into_iter().map(one).collect() }
    }
}
