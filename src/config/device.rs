//! The devices: who they are, where they stand and which profile reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Device, DeviceId, DeviceKind, ZoneId};
use crate::profile::{Catalog, Profile};

use super::link::{self, Link, Taken};
use super::near;
use super::section::{Placed, Section};
use super::site::{Zones, unique};

const DEVICE: &[&str] = &[
    "id",
    "name",
    "zone",
    "profile",
    "kind",
    "rated_power_w",
    "interval_s",
    "modbus",
    "unit",
    "mqtt",
    "topic",
    "timeout_ms",
    "gap_ms",
    "pause_after_connect_ms",
    "registers_per_read_max",
    "close_after_cycle",
];

/// The id under which hallwatch keeps its own readings.
const OWN_ID: &str = "gateway";

/// Longest time between two readings, seconds: an hour, or "offline" would come too late.
const INTERVAL_S_MAX: u32 = 3_600;

/// What devices may refer to.
pub(super) struct Known<'a> {
    /// The zones.
    pub(super) zones: &'a Zones,
    /// The profiles.
    pub(super) catalog: &'a Catalog,
    /// Profiles of the site could not be read, so one that is unknown may be among them.
    pub(super) incomplete: bool,
}

/// One device without a mistake.
pub(super) struct Found {
    pub(super) device: Arc<Device>,
    pub(super) profile: Arc<Profile>,
    pub(super) link: Link,
}

/// Reads the `[[device]]`s.
pub(super) fn devices(root: &Section<'_>, known: &Known<'_>) -> Vec<Found> {
    let mut ids = BTreeMap::new();
    let mut taken = Taken::default();
    let sections = root.list("device", DEVICE);
    let found = sections.iter().filter_map(|section| {
        let id = id(section, &mut ids);
        device(section, id, known, &mut taken)
    });
    found.collect()
}

fn id(section: &Section<'_>, ids: &mut BTreeMap<String, usize>) -> Option<DeviceId> {
    let id = section.need_words("id", "write id = \"inv-01\"")?;
    if id.value == OWN_ID {
        let problem = format!("`{OWN_ID}` is hallwatch itself");
        section.note(id.offset, problem, "give the device another id");
        return None;
    }
    match DeviceId::parse(&id.value) {
        Ok(parsed) => unique(section, ids, "device", &id.value, id.offset).then_some(parsed),
        Err(error) => {
            section.note(id.offset, error.to_string(), "name devices like `ticket-01`");
            None
        }
    }
}

fn device(
    section: &Section<'_>,
    id: Option<DeviceId>,
    known: &Known<'_>,
    taken: &mut Taken,
) -> Option<Found> {
    let name = section.name();
    let zone = zone(section, known.zones);
    let profile = profile(section, known);
    let kind = kind(section, profile.as_deref());
    let rated_power_w = rated_power_w(section, kind);
    let interval = section.whole::<u32>("interval_s", 1..=i64::from(INTERVAL_S_MAX));
    let who = link::Who { id: id.as_ref(), zone: zone.as_ref(), kind };
    let link = link::of(section, profile.as_deref(), &who, taken);
    let (profile, link) = (profile?, link?);
    let default_s = link::interval_s(&profile).clamp(1, INTERVAL_S_MAX);
    let interval_s = interval.map_or(default_s, |interval: Placed<u32>| interval.value);
    let device = Device {
        id: id?,
        name: name?,
        zone: zone?,
        kind: kind?,
        profile: profile.id.clone(),
        rated_power_w,
        interval_ms: i64::from(interval_s) * 1_000,
        stale_after_ms: link.stale_after_ms(interval_s),
    };
    Some(Found { device: Arc::new(device), profile, link })
}

fn zone(section: &Section<'_>, zones: &Zones) -> Option<ZoneId> {
    let zone = section.need_words("zone", "write zone = \"…\", the id of a [[zone]]")?;
    if let Some(known) = zones.zones.iter().find(|known| known.id.as_str() == zone.value) {
        return Some(known.id.clone());
    }
    if !zones.incomplete && !zones.written.contains(&zone.value) {
        let all = zones.zones.iter().map(|zone| zone.id.as_str());
        let hint = near::hint(&zone.value, "zones", all);
        section.note(zone.offset, format!("unknown zone `{}`", zone.value), hint);
    }
    None
}

fn profile(section: &Section<'_>, known: &Known<'_>) -> Option<Arc<Profile>> {
    let hint = "write profile = \"…\", the id of a file in devices/";
    let name = section.need_words("profile", hint)?;
    let found = known.catalog.get(&name.value);
    if found.is_none() && !known.incomplete {
        let all = known.catalog.iter().map(|profile| profile.id.as_str());
        let hint = near::hint(&name.value, "profiles", all.collect::<Vec<_>>());
        section.note(name.offset, format!("unknown profile `{}`", name.value), hint);
    }
    found.cloned()
}

fn kind(section: &Section<'_>, profile: Option<&Profile>) -> Option<DeviceKind> {
    let of_profile = profile.and_then(|profile| profile.kind);
    let Some(word) = section.words("kind") else {
        if let Some(profile) = profile
            && profile.kind.is_none()
            && !section.has("kind")
        {
            let hint = format!("profile `{}` is for several kinds; {}", profile.id, all_kinds());
            section.missing("kind", &hint);
        }
        return of_profile;
    };
    let found = DeviceKind::parse(&word.value).filter(|kind| *kind != DeviceKind::Gateway);
    match (found, of_profile) {
        (None, _) => {
            let known = DeviceKind::ALL.iter().filter(|kind| **kind != DeviceKind::Gateway);
            let hint = near::hint(&word.value, "kinds", known.map(|kind| kind.as_str()));
            section.note(word.offset, format!("unknown kind `{}`", word.value), hint);
        }
        (Some(found), Some(wanted)) if found != wanted => {
            let problem = format!("`{}` is not what the profile reads", word.value);
            let hint = format!("the profile is for `{}`: remove `kind`", wanted.as_str());
            section.note(word.offset, problem, hint);
        }
        _ => {}
    }
    of_profile.or(found)
}

fn all_kinds() -> String {
    let kinds = DeviceKind::ALL.iter().filter(|kind| **kind != DeviceKind::Gateway);
    let words: Vec<_> = kinds.map(|kind| kind.as_str()).collect();
    format!("kinds: {}", words.join(", "))
}

fn rated_power_w(section: &Section<'_>, kind: Option<DeviceKind>) -> Option<f64> {
    let rated = section.real("rated_power_w", 1.0..=10_000_000.0);
    match kind {
        Some(DeviceKind::Inverter) if !section.has("rated_power_w") => {
            let hint = "write the nameplate's AC power in watts, as in rated_power_w = 50000: \
                        sleep and yield are judged by it";
            section.missing("rated_power_w", hint);
        }
        Some(kind) if kind != DeviceKind::Inverter && section.has("rated_power_w") => {
            let problem = format!("`rated_power_w` on a device of kind `{}`", kind.as_str());
            let offset = section.key_offset("rated_power_w");
            section.note(offset, problem, "it belongs to inverters: remove it");
        }
        _ => {}
    }
    rated.map(|rated| rated.value)
}
