//! A virtual hall that answers over real sockets: inverters, meters and a weather station over
//! Modbus TCP, kiosks over MQTT with a broker of their own.
//!
//! Architecture invariant: nothing here reads the system's clock or knows the rooms that read the
//! hall; they meet at the sockets only. Values are functions of device and time: the same tick
//! gives the same value, and no two devices show the same power.

mod broker;
mod encode;
mod error;
mod guard;
mod image;
mod modbus;
mod pdu;
mod values;

pub use broker::{Broker, PAYLOAD_BYTES_MAX};
pub use error::SimulateError;
pub use image::{ModelLayout, RegisterImage, register_image, sunspec_image};
pub use modbus::{Door, Misbehaviour, ModbusServer, Units};
pub use values::{SimValue, Values};
#[cfg(test)]
mod tests;
