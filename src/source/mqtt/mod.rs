//! Devices that tell over MQTT.
//!
//! A persistent session with manual acknowledgement: a message is acknowledged after its reading
//! is on disk, so the broker gives it again after a crash, and the journal keeps it once by its
//! device, time and number (or words). A message without a time of its own cannot be told from its
//! repetition: such a message may be kept twice after a crash, never lost. Fields
//! that no profile names are dropped, so that no person's data can be stored.
//!
//! Topic to device is a table. What comes on a device's topic is that device's, or nobody's: a
//! message that claims to be another's is refused, counted and told.
//!
//! Architecture invariant: subscribes and never publishes, but for one thing that has to be allowed
//! in the configuration: asking a Sparkplug node to be born again.

mod acks;
mod body;
mod config;
mod form;
mod hearing;
mod json;
mod keep;
mod note;
mod pace;
mod payload;
mod queue;
mod refusal;
mod relay;
mod rights;
mod session;
mod table;
mod time;
mod tls;
mod trial;
mod value;
mod wire;

pub use config::{Config, Publisher, Tls, Version};
pub use note::Refused;
pub use payload::{Arrival, Parsed, parse};
pub use refusal::Refusal;
pub use rights::{Rights, rights};
pub use session::Session;
pub use tls::{TlsError, client as tls_client};
pub use trial::Trial;
