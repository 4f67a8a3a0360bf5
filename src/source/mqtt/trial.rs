//! What would be made of messages, without a broker and without keeping them: for whoever writes a
//! profile or a machine's program.

use std::sync::Arc;

use crate::model::{Record, Timestamp};
use crate::tally::Tally;

use super::config::Config;
use super::hearing::{Hearing, Message};
use super::table::Table;

/// Messages that come one after the other, as the first of their devices.
pub struct Trial {
    table: Arc<Table>,
    hearing: Hearing,
}

impl Trial {
    /// Nothing has been heard yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let (config, table) = (Arc::new(config.clone()), Arc::new(Table::new(&config.devices)));
        let hearing = Hearing::new(config, table.clone(), Tally::new(), &[]);
        Self { table, hearing }
    }

    /// What a message on a topic leads to; `None` where the topic belongs to nobody. Refusals are
    /// among the records, as [`Refused`](super::Refused), the first for each reason.
    pub fn hear(&mut self, topic: &str, payload: &[u8], now: Timestamp) -> Option<Vec<Record>> {
        self.table.owner(topic)?;
        Some(self.hearing.hear(Message { topic, payload, retained: false }, now).records)
    }
}
