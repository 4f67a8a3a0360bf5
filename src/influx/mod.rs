//! Sends the readings of the journal to InfluxDB, in order, each at least once.
//!
//! A [`Sink`] reads the journal from its own cursor, writes line protocol to `/write` of
//! version 1 or `/api/v2/write` of version 2, and moves the cursor only when the server has said
//! that it stored the lines. A line that is sent again overwrites itself, because series and
//! time are the same. A line that the server refuses for good is looked for by halving the body,
//! set aside as an event of the journal in the same transaction as the cursor, and counted.
//!
//! Architecture invariant: nothing that is in the journal is left out here without being counted
//! and named; when in doubt whether the lines or the server are at fault, the lines wait.

mod answer;
mod batch;
mod client;
mod config;
mod courier;
mod error;
mod line;
mod pace;
mod report;
mod run;
mod setup;
mod sink;
mod status;
mod trial;

pub use config::{Config, Limits, Secret, Version};
pub use error::InfluxError;
pub use line::Encoder;
pub use sink::Sink;
pub use status::{SinkState, SinkStatus, Trouble};
