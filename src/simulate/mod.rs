//! A virtual hall that answers over real sockets: inverters, meters and a weather station over
//! Modbus TCP, kiosks over MQTT with a broker of their own.
//!
//! Architecture invariant: nothing here reads the system's clock or knows the rooms that read the
//! hall; they meet at the sockets only. Values are functions of device and time: the same tick
//! gives the same value, and no two devices show the same power.

mod broker;
mod document;
mod encode;
mod error;
mod guard;
mod hall;
mod image;
mod inverter;
mod kiosk;
mod modbus;
mod noise;
mod pdu;
mod plant;
mod roster;
mod script;
mod session;
mod values;
mod weather;

pub use broker::{Broker, PAYLOAD_BYTES_MAX};
pub use error::SimulateError;
pub use hall::{Hall, HallOptions, ModbusDevice, demo_longitude_deg};
pub use image::{ModelLayout, RegisterImage, register_image, sunspec_image};
pub use inverter::{Condition, InverterSpec};
pub use kiosk::{Kiosk, KioskSpec, KioskTrouble};
pub use modbus::{Door, Misbehaviour, ModbusServer, Units};
pub use plant::Plant;
pub use script::Script;
pub use values::{SimValue, Values};
pub use weather::{Place, Weather};

#[cfg(test)]
mod tests;
