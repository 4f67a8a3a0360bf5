//! Devices that tell over MQTT.
//!
//! A persistent session with manual acknowledgement: a message is acknowledged after its reading
//! is on disk, so the broker gives it again after a crash, and the journal keeps it once by its
//! device, time and number (or words). A profile whose messages carry no time cannot tell a
//! repetition: such a message may be kept twice after a crash, never lost. Fields
//! that no profile names are dropped, so that no person's data can be stored.
//!
//! Architecture invariant: subscribes, never publishes.

mod config;
mod payload;
mod session;
mod tls;

pub use config::{Config, Publisher};
pub use payload::{Refusal, parse};
pub use session::Session;
pub use tls::TlsError;
