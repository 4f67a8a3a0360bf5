//! Devices that were configured once. What they said is kept under their name; what they were, so that it
//! can be told and sent as before, is remembered in the journal.

use serde::{Deserialize, Serialize};

use crate::journal::{Archive, Journal, JournalError};
use crate::model::{Device, DeviceId, DeviceKind, Text, ZoneId};

/// Begins the names of these facts.
const PREFIX: &str = "device:";

#[derive(Serialize, Deserialize)]
struct Former {
    zh: String,
    en: String,
    zone: String,
    kind: String,
    profile: String,
}

/// Remembers what the configured devices are; those that were configured before. Blocks.
///
/// # Errors
/// [`JournalError::Storage`].
pub fn remember<'a>(
    journal: &Journal,
    devices: impl Iterator<Item = &'a Device> + Clone,
) -> Result<Vec<Device>, JournalError> {
    let fact = |device: &Device| {
        let former = Former {
            zh: device.name.zh.clone(),
            en: device.name.en.clone(),
            zone: device.zone.to_string(),
            kind: device.kind.as_str().to_owned(),
            profile: device.profile.clone(),
        };
        Some((format!("{PREFIX}{}", device.id), serde_json::to_string(&former).ok()?))
    };
    journal.remember(&devices.clone().filter_map(fact).collect::<Vec<_>>())?;
    let ids: Vec<DeviceId> = devices.map(|device| device.id.clone()).collect();
    former(&journal.archive()?, &ids)
}

/// The devices that are remembered and not among these.
///
/// # Errors
/// [`JournalError::Storage`].
pub fn former(archive: &Archive, configured: &[DeviceId]) -> Result<Vec<Device>, JournalError> {
    let device = |(name, fact): (String, String)| {
        let id = DeviceId::parse(name.strip_prefix(PREFIX)?).ok()?;
        // What a newer version wrote is not known, and no reason to stop.
        let former: Former = serde_json::from_str(&fact).ok()?;
        Some(Device {
            id,
            name: Text::new(former.zh, former.en),
            zone: ZoneId::parse(&former.zone).ok()?,
            kind: DeviceKind::parse(&former.kind)?,
            profile: former.profile,
            rated_power_w: None,
            interval_ms: 0,
            stale_after_ms: 0,
        })
    };
    let all = archive.facts(PREFIX)?.into_iter().filter_map(device);
    Ok(all.filter(|device| !configured.contains(&device.id)).collect())
}
