//! The channels by which people are told.

use serde::Serialize;

use crate::notify::Look;

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
