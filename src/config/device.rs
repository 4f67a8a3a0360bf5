//! The devices: who they are, where they stand and which profile reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Device, DeviceId, DeviceKind, Text, ZoneId, near, text};
use crate::profile::{Catalog, Profile};
use crate::pv::Array;
use crate::sky::Plane;

use super::bus::Buses;
use super::link::{self, Link, Taken};
use super::section::{Placed, Section, write};
use super::site::{Zones, unique};
use super::{meter, pv, ratio};

const DEVICE: &[&str] = &[
    "id",
    "name",
    "zone",
    "profile",
    "kind",
    "rated_power_w",
    "declared_demand_w",
    "interval_s",
    "modbus",
    "bus",
    "unit",
    "sunspec_instance",
    "mqtt",
    "topic",
    "mqtt_id",
    "timeout_ms",
    "gap_ms",
    "pause_after_connect_ms",
    "registers_per_read_max",
    "read_through_max",
    "window_registers",
    "close_after_cycle",
    "ct_ratio",
    "pt_ratio",
    "arrays",
    "plane",
    "role",
    "parent",
    "code",
    "quota",
];

/// The id under which hallwatch keeps its own readings.
const OWN_ID: &str = "gateway";

/// Longest time between two readings, seconds: an hour, or "offline" would come too late.
const INTERVAL_S_MAX: u32 = 3_600;

/// What devices may refer to.
pub(super) struct Known<'a> {
    /// The zones.
    pub(super) zones: &'a Zones,
    /// The buses.
    pub(super) buses: &'a Buses,
    /// The profiles.
    pub(super) catalog: &'a Catalog,
    /// Profiles of the site could not be read, so one that is unknown may be among them.
    pub(super) incomplete: bool,
    /// What holds for modules of which the file does not say it.
    pub(super) modules: &'a pv::Common,
}

/// One device without a mistake.
pub(super) struct Found {
    pub(super) device: Arc<Device>,
    pub(super) profile: Arc<Profile>,
    pub(super) link: Link,
    /// What is declared to the grid company for a meter, watts.
    pub(super) declared_demand_w: Option<f64>,
    /// The modules on an inverter.
    pub(super) arrays: Vec<Array>,
    /// Where a weather station's irradiance sensor looks.
    pub(super) plane: Option<Plane>,
    /// What a meter stands for.
    pub(super) meter: Option<meter::Said>,
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
    let found = found.collect();
    if !taken.bus_unclear && !root.may_lack("device") {
        known.buses.note_idle(root, &taken.buses);
    }
    found
}

fn id(section: &Section<'_>, ids: &mut BTreeMap<String, usize>) -> Option<DeviceId> {
    let id = section.need_words("id", write("id = \"inv-01\""))?;
    if id.value == OWN_ID {
        let problem = text!("`{OWN_ID}` 是 hallwatch 自己的 id", "`{OWN_ID}` is hallwatch itself");
        let hint = Text::new("给设备换一个 id", "give the device another id");
        section.note(id.offset, problem, hint);
        return None;
    }
    match DeviceId::parse(&id.value) {
        Ok(parsed) => {
            let what = Text::new("设备", "device");
            unique(section, ids, &what, &id.value, id.offset).then_some(parsed)
        }
        Err(error) => {
            let hint = Text::new("取名如 `ticket-01`", "name devices like `ticket-01`");
            section.note(id.offset, error.text(), hint);
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
    let profile = ratio::applied(section, profile(section, known));
    let kind = kind(section, profile.as_deref());
    let rated_power_w = rated_power_w(section, kind);
    let declared_demand_w = declared_demand_w(section, kind);
    let interval = section.whole::<u32>("interval_s", 1..=i64::from(INTERVAL_S_MAX));
    let who = link::Who { id: id.as_ref(), zone: zone.as_ref(), kind };
    let link = link::of(section, profile.as_deref(), &who, known.buses, taken);
    let plane = kind.and_then(|kind| pv::sensor(section, kind));
    let meter = kind.and_then(|kind| meter::meter(section, kind));
    let arrays =
        id.as_ref().zip(kind).map(|(id, kind)| pv::arrays(section, id, kind, known.modules));
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
    let (device, arrays) = (Arc::new(device), arrays.unwrap_or_default());
    Some(Found { device, profile, link, declared_demand_w, arrays, plane, meter })
}

fn zone(section: &Section<'_>, zones: &Zones) -> Option<ZoneId> {
    let hint = Text::new(
        "写 zone = \"…\"，填某个 [[zone]] 的 id",
        "write zone = \"…\", the id of a [[zone]]",
    );
    let zone = section.need_words("zone", hint)?;
    if let Some(known) = zones.zones.iter().find(|known| known.id.as_str() == zone.value) {
        return Some(known.id.clone());
    }
    if !zones.incomplete && !zones.written.contains(&zone.value) {
        let all = zones.zones.iter().map(|zone| zone.id.as_str());
        let hint = near::hint(&zone.value, &Text::new("区域", "zones"), all);
        let problem = text!("没有区域 `{}`", "unknown zone `{}`", zone.value);
        section.note(zone.offset, problem, hint);
    }
    None
}

fn profile(section: &Section<'_>, known: &Known<'_>) -> Option<Arc<Profile>> {
    let hint = Text::new(
        "写 profile = \"…\"，填 devices/ 中某个设备模板的 id",
        "write profile = \"…\", the id of a file in devices/",
    );
    let name = section.need_words("profile", hint)?;
    let found = known.catalog.get(&name.value);
    if found.is_none() && !known.incomplete {
        let near =
            near::nearest(&name.value, known.catalog.iter().map(|profile| profile.id.as_str()));
        let hint = near.map_or_else(
            || {
                Text::new(
                    "`hallwatch profiles` 列出全部设备模板",
                    "`hallwatch profiles` lists them all",
                )
            },
            near::meant,
        );
        let problem = text!("没有设备模板 `{}`", "unknown profile `{}`", name.value);
        section.note(name.offset, problem, hint);
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
            let (id, Text { zh, en }) = (&profile.id, near::hint("", &kinds(), all_kinds()));
            let hint = text!(
                "设备模板 `{id}` 适用于多种设备；{zh}",
                "profile `{id}` is for several kinds; {en}",
            );
            section.missing("kind", hint);
        }
        return of_profile;
    };
    let found = DeviceKind::parse(&word.value).filter(|kind| *kind != DeviceKind::Gateway);
    match (found, of_profile) {
        (None, _) => {
            let hint = near::hint(&word.value, &kinds(), all_kinds());
            let problem = text!("未知的设备类型 `{}`", "unknown kind `{}`", word.value);
            section.note(word.offset, problem, hint);
        }
        (Some(found), Some(wanted)) if found != wanted => {
            let (kind, wanted) = (&word.value, wanted.as_str());
            let problem =
                text!("`{kind}` 与设备模板不符", "`{kind}` is not what the profile reads");
            let hint = text!(
                "该模板用于 `{wanted}`：请删除 `kind`",
                "the profile is for `{wanted}`: remove `kind`",
            );
            section.note(word.offset, problem, hint);
        }
        _ => {}
    }
    of_profile.or(found)
}

fn kinds() -> Text {
    Text::new("设备类型", "kinds")
}

fn all_kinds() -> impl Iterator<Item = &'static str> + Clone {
    let kinds = DeviceKind::ALL.iter().filter(|kind| **kind != DeviceKind::Gateway);
    kinds.map(|kind| kind.as_str())
}

fn rated_power_w(section: &Section<'_>, kind: Option<DeviceKind>) -> Option<f64> {
    let rated = section.real("rated_power_w", 1.0..=10_000_000.0);
    match kind {
        Some(DeviceKind::Inverter) if !section.has("rated_power_w") => {
            let hint = Text::new(
                "按铭牌填写交流额定功率（瓦），例如 rated_power_w = 50000；\
                 用于判断休眠和发电量",
                "write the nameplate's AC power in watts, as in rated_power_w = 50000: \
                 sleep and yield are judged by it",
            );
            section.missing("rated_power_w", hint);
        }
        Some(kind) if kind != DeviceKind::Inverter && section.has("rated_power_w") => {
            let problem = text!(
                "`{}` 类设备不能写 `rated_power_w`",
                "`rated_power_w` on a device of kind `{}`",
                kind.as_str(),
            );
            let hint = Text::new("只有逆变器才需要，请删除", "it belongs to inverters: remove it");
            section.note(section.key_offset("rated_power_w"), problem, hint);
        }
        _ => {}
    }
    rated.map(|rated| rated.value)
}

/// What is declared to the grid company: demand is judged by it.
fn declared_demand_w(section: &Section<'_>, kind: Option<DeviceKind>) -> Option<f64> {
    let declared = section.real("declared_demand_w", 1_000.0..=100_000_000.0);
    if let Some(kind) = kind.filter(|kind| *kind != DeviceKind::Meter)
        && section.has("declared_demand_w")
    {
        let kind = kind.as_str();
        let problem = text!(
            "`{kind}` 类设备不能写 `declared_demand_w`",
            "`declared_demand_w` on a device of kind `{kind}`",
        );
        let hint = Text::new(
            "申报需量（瓦）写在关口电表上",
            "the demand that is declared (watts) belongs to the meter of the grid connection",
        );
        section.note(section.key_offset("declared_demand_w"), problem, hint);
    }
    declared.map(|declared| declared.value)
}
