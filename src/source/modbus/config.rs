//! What the Modbus source has to know.

use std::sync::Arc;

use crate::model::Device;
use crate::profile::{BusRules, Profile};

/// One TCP connection and the units behind it.
#[derive(Debug, Clone)]
pub struct Config {
    /// `host:port`.
    pub address: String,
    /// The devices that are asked, one after the other.
    pub units: Vec<Unit>,
}

/// One device on a connection.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The device.
    pub device: Arc<Device>,
    /// How it is read; a register or SunSpec profile.
    pub profile: Arc<Profile>,
    /// Unit id on the wire.
    pub unit: u8,
    /// The profile's discipline with the configuration's overrides.
    pub bus: BusRules,
}
