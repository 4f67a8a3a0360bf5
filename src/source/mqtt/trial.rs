//! What would be made of a message, without a broker and without keeping it: for whoever writes a
//! profile or a machine's program.

use std::sync::Arc;

use crate::model::{Record, Timestamp};
use crate::tally::Tally;

use super::config::Config;
use super::hearing::{Hearing, Message};
use super::table::Table;

/// What a message on a topic leads to, as the first one of its device; `None` where the topic
/// belongs to nobody. Refusals are among the records, as [`Refused`](super::Refused).
#[must_use]
pub fn trial(config: &Config, topic: &str, payload: &[u8], now: Timestamp) -> Option<Vec<Record>> {
    let (config, table) = (Arc::new(config.clone()), Arc::new(Table::new(&config.devices)));
    table.owner(topic)?;
    let mut hearing = Hearing::new(config, table, Tally::new(), &[]);
    Some(hearing.hear(Message { topic, payload, retained: false }, now).records)
}
