//! Devices that are asked over Modbus.
//!
//! One task owns one bus and asks the units on it in turn, each in its own rhythm. A unit that
//! does not answer costs its siblings a small share of the time, and other buses nothing. The
//! library is used behind [`wire`], which checks what the library does not: deadline, unit,
//! function, length, checksum, and that a late answer never becomes the answer to the next
//! question. Registers that a device refuses are learned and read around.
//!
//! Architecture invariant: functions 3, 4 and 43/14 (identification) only; nothing is written.

mod config;
mod decode;
pub mod detect;
mod dial_in;
mod error;
pub mod frames;
mod gate;
mod hand;
mod learn;
mod ledger;
mod monitor;
mod plan;
mod poll;
mod pool;
pub mod recording;
pub mod scan;
mod schedule;
mod stream;
mod sunspec;
mod unit;
mod wire;

pub use config::{Config, DialIn, Framing, Parity, SerialLine, TlsPeer, Transport, Unit};
pub use decode::{Decoded, Refused, RegisterImage, decode};
pub use error::ReadError;
pub use hand::{ByHand, Round};
pub use monitor::{
    BOUNDS_MS, DeviceView, Finding, Found, Heard, HeardAnswer, Histogram, Hole, LastMinute,
    LineFigures, LineMonitor, Monitor, PlannedRead, Register, StrayFigures, UnitFigures, Weight,
    findings,
};
pub use plan::{Block, plan};
pub use poll::{Poller, staggered};
pub use sunspec::{
    Fit, FoundModel, ImageWalk, READS_MAX, SunspecFound, SunspecMap, SunspecModel, WalkEnd,
    sunspec_walk_of_image,
};
pub use wire::{Identification, Wire};
