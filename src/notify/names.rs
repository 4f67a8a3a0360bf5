//! How people call what an alert is about: the building, its zones, its devices.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::alert::Alert;
use crate::model::{Device, DeviceId, DeviceKind, Site, Text, Timestamp, Zone, ZoneId};

/// The names of a hall.
#[derive(Debug, Clone)]
pub struct Names {
    /// Id of the building.
    pub(super) site: String,
    /// Name of the building.
    pub(super) title: Text,
    pub(super) time_zone: TimeZone,
    /// Address of the page, as people open it.
    pub(super) page: Option<String>,
    zones: HashMap<ZoneId, Text>,
    devices: HashMap<DeviceId, (Text, ZoneId, DeviceKind)>,
}

impl Names {
    /// The names of a hall; `page` is where people open its page.
    pub fn new<'a>(
        site: &Site,
        zones: &[Zone],
        devices: impl Iterator<Item = &'a Device>,
        page: Option<String>,
    ) -> Self {
        let device = |d: &Device| (d.id.clone(), (d.name.clone(), d.zone.clone(), d.kind));
        Self {
            site: site.id.clone(),
            title: site.name.clone(),
            time_zone: site.time_zone.clone(),
            page,
            zones: zones.iter().map(|zone| (zone.id.clone(), zone.name.clone())).collect(),
            devices: devices.map(device).collect(),
        }
    }

    /// Name of the device of an alert; its id where it has no name.
    pub(super) fn device(&self, alert: &Alert) -> Option<Text> {
        let id = alert.device.as_ref()?;
        let named = self.devices.get(id).map(|(name, ..)| name.clone());
        Some(named.unwrap_or_else(|| Text::same(id.to_string())))
    }

    /// Id of the zone of an alert.
    pub(super) fn zone_id(&self, alert: &Alert) -> Option<&ZoneId> {
        self.devices.get(alert.device.as_ref()?).map(|(_, zone, _)| zone)
    }

    /// Name of the zone of an alert.
    pub(super) fn zone(&self, alert: &Alert) -> Option<Text> {
        let id = self.zone_id(alert)?;
        Some(self.zones.get(id).cloned().unwrap_or_else(|| Text::same(id.to_string())))
    }

    /// What the device of an alert is.
    pub(super) fn kind(&self, alert: &Alert) -> Option<DeviceKind> {
        self.devices.get(alert.device.as_ref()?).map(|(.., kind)| *kind)
    }

    /// A moment as the clocks of the building show it, to the minute.
    pub(super) fn local(&self, at: Timestamp) -> String {
        jiff::Timestamp::from_millisecond(at.ms()).map_or_else(
            |_| at.ms().to_string(),
            |time| {
                time.to_zoned_datetime(self.time_zone.clone())
                    .strftime("%Y-%m-%d %H:%M")
                    .to_string()
            },
        )
    }
}
