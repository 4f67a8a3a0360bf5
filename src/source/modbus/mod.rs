//! Devices that are asked over Modbus.

mod config;

pub use config::{Config, Unit};
