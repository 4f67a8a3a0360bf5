//! Who repairs which machines, and how quickly by contract.

use crate::model::{Device, DeviceId, DeviceKind, ZoneId};

use super::types::Contract;

/// A vendor with a contract. A machine is its when one of the lists names it; the lists are asked in
/// the order device, profile, kind, zone, so that a contract for one machine goes before one for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// Id, used in orders: keep it.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Where it is called.
    pub phone: String,
    /// Longest time until somebody is coming, milliseconds of service time.
    pub response_ms: i64,
    /// Longest time until it is done, milliseconds of service time.
    pub repair_ms: i64,
    /// Machines by id.
    pub devices: Vec<DeviceId>,
    /// Machines by profile.
    pub profiles: Vec<String>,
    /// Machines by kind.
    pub kinds: Vec<DeviceKind>,
    /// Machines by zone.
    pub zones: Vec<ZoneId>,
}

impl Vendor {
    /// How closely it names the machine, 0 the closest.
    fn closeness(&self, device: &Device) -> Option<u8> {
        if self.devices.contains(&device.id) {
            Some(0)
        } else if self.profiles.contains(&device.profile) {
            Some(1)
        } else if self.kinds.contains(&device.kind) {
            Some(2)
        } else if self.zones.contains(&device.zone) {
            Some(3)
        } else {
            None
        }
    }

    /// What it has promised.
    #[must_use]
    pub fn contract(&self) -> Contract {
        Contract {
            vendor: self.id.clone(),
            response_ms: self.response_ms,
            repair_ms: self.repair_ms,
        }
    }

    /// Whose machine it is; of two that name it as closely the first.
    #[must_use]
    pub fn of<'a>(vendors: &'a [Self], device: &Device) -> Option<&'a Self> {
        let close = |vendor: &'a Self| Some((vendor.closeness(device)?, vendor));
        vendors.iter().filter_map(close).min_by_key(|(close, _)| *close).map(|(_, vendor)| vendor)
    }
}
