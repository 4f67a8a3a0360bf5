//! Where data enters: devices that are asked over Modbus, devices that tell over MQTT, and the
//! gateway itself.
//!
//! A source hands its readings to `journal.append` and goes on when they are on disk. Nothing
//! else flows back.
//!
//! Architecture invariant: read-only. No Modbus write function exists in the binary, and nothing
//! is published to a device's topics.

mod keeper;
pub mod modbus;
pub mod mqtt;
pub mod own;
mod state;

pub use keeper::{Closed, Keeper, Queue};
pub use state::{SourceHealth, SourceState, Sources};

/// What every source is handed.
#[derive(Clone)]
pub struct Context {
    /// Where readings go.
    pub journal: crate::journal::Journal,
    /// The wall clock.
    pub clock: crate::clock::SharedClock,
    /// The counters of the process.
    pub tally: crate::tally::Tally,
    /// Where a source says how it is.
    pub sources: Sources,
}
