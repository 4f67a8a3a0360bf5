//! A virtual hall that answers over real sockets: inverters, meters and a weather station over
//! Modbus (TCP, RTU, TLS, dialling in), kiosks over MQTT with a broker of their own.
//!
//! Architecture invariant: nothing here reads the system's clock or knows the rooms that read the
//! hall; they meet at the sockets and in the format of recordings only. Values are functions of
//! device and time: the same tick gives the same value, and no two devices show the same power.

mod broker;
mod chronicle;
mod crc;
mod day;
mod document;
mod encode;
mod error;
mod guard;
mod habits;
mod hall;
mod identity;
mod image;
mod inverter;
mod kiosk;
mod line;
mod logger;
mod misbehaviour;
mod modbus;
mod noise;
mod plant;
mod question;
mod replay;
mod roster;
mod script;
mod session;
mod talk;
mod units;
mod values;
mod weather;

pub use broker::{Broker, PAYLOAD_BYTES_MAX};
pub use chronicle::{Chronicle, Lived};
pub use document::FIRST_LINE;
pub use error::SimulateError;
pub use habits::{ForeignMaster, Habits, LineNoise};
pub use hall::{Hall, HallOptions, ModbusDevice, demo_longitude_deg};
pub use identity::Identity;
pub use image::{ModelLayout, RegisterImage, register_image, sunspec_image};
pub use inverter::{Condition, InverterSpec};
pub use kiosk::{Kiosk, KioskSpec, KioskTrouble};
pub use line::Line;
pub use logger::{Logger, LoggerOptions};
pub use misbehaviour::{Lateness, Misbehaviour};
pub use modbus::{ModbusServer, RtuServer, TlsServer};
pub use plant::Plant;
pub use question::Read;
pub use replay::Replay;
pub use script::Script;
pub use units::{Device, Door, Reply, Units};
pub use values::{SimValue, Values};
pub use weather::{Place, Weather};

#[cfg(test)]
mod tests;
