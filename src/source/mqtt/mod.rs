//! Devices that tell over MQTT.

mod config;

pub use config::{Config, Publisher};
