//! Sends the readings of the journal to InfluxDB: so far the lines and the configuration.
//!
//! Architecture invariant: nothing that is in the journal is left out here without being counted
//! and named.

mod config;
mod error;
mod line;

pub use config::{Config, Limits, Secret, Version};
pub use error::InfluxError;
pub use line::Encoder;
