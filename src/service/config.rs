//! What this room has to know of the hall.

use std::sync::Arc;

use crate::calendar::{Calendar, Holidays};
use crate::model::{DeviceId, Text, ZoneId};

/// A zone with its service hours.
#[derive(Debug, Clone)]
pub struct ServiceZone {
    /// The zone.
    pub id: ZoneId,
    /// Its name.
    pub name: Text,
    /// Storey, 1 the ground floor, -1 the first below.
    pub floor: Option<i16>,
    /// When it serves.
    pub calendar: Arc<Calendar>,
    /// It never closes.
    pub always: bool,
}

/// The hall as this room sees it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The zones, in the order of the configuration.
    pub zones: Vec<ServiceZone>,
    /// The days that are known.
    pub holidays: Arc<Holidays>,
    /// So long before a zone opens its machines have to be ready, milliseconds.
    pub opening_check_ms: i64,
    /// The devices in the order of the configuration.
    pub devices: Vec<DeviceId>,
}

impl Config {
    /// The zone of this id.
    #[must_use]
    pub fn zone(&self, id: &ZoneId) -> Option<&ServiceZone> {
        self.zones.iter().find(|zone| zone.id == *id)
    }

    /// Where a device comes on a walk through the hall: floor by floor, zone by zone.
    #[must_use]
    pub(super) fn walk(&self, device: &DeviceId, zone: &ZoneId) -> (i16, usize, usize) {
        let place = self.zones.iter().position(|known| known.id == *zone);
        let floor = self.zone(zone).and_then(|zone| zone.floor).unwrap_or(i16::MAX);
        let own = self.devices.iter().position(|known| known == device);
        (floor, place.unwrap_or(usize::MAX), own.unwrap_or(usize::MAX))
    }
}
