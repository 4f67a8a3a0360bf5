//! Devices that are asked over Modbus.
//!
//! One task owns one connection and asks the units behind it in turn, each in its own rhythm. A
//! unit that does not answer costs its siblings one deadline per back-off, and other connections
//! nothing. The library is used behind [`wire`], which checks what the library does not: deadline,
//! function, length; after any timeout or protocol error the connection is thrown away, so that a
//! late answer can never become the answer to the next question.
//!
//! Architecture invariant: functions 3 and 4 only.

mod config;
mod decode;
mod plan;
mod poll;
pub mod recording;
mod sunspec;
mod unit;
mod wire;

pub use config::{Config, DialIn, Framing, Parity, SerialLine, TlsPeer, Transport, Unit};
pub use decode::{Decoded, RegisterImage, decode};
pub use plan::{Block, plan};
pub use poll::Poller;
