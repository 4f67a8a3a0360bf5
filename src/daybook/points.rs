//! Which points of a device days are made of.

use crate::counter::Nature;
use crate::model::{Device, DeviceKind};
use crate::profile::{Profile, Protocol};

/// What a day is made of, by the kind of the device.
#[derive(Debug, Clone)]
pub(super) struct Points {
    /// Their means are kept.
    pub(super) means: &'static [&'static str],
    /// Their means at noon are kept: the currents of strings.
    pub(super) noon: Vec<String>,
    /// Their highest values are kept.
    pub(super) most: &'static [&'static str],
    /// Their registers are followed.
    pub(super) counters: Vec<(&'static str, Nature)>,
}

/// Means and counters of a kind.
const fn wanted(kind: DeviceKind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        DeviceKind::Inverter => (&["ac_power_w", "dc_power_w"], &["energy_total_wh"]),
        DeviceKind::Meter => (
            &["ac_power_w"],
            &[
                "energy_import_wh",
                "energy_export_wh",
                "water_total_m3",
                "gas_total_m3",
                "heat_total_mj",
            ],
        ),
        DeviceKind::Weather => (
            &[
                "irradiance_poa_wm2",
                "irradiance_ghi_wm2",
                "module_temp_c",
                "ambient_temp_c",
                "wind_speed_ms",
            ],
            &[],
        ),
        DeviceKind::Gateway => (&[], &[]),
        _ => (&[], &["pages_total", "tickets_total", "transactions_total"]),
    }
}

impl Points {
    pub(super) fn of(device: &Device, profile: Option<&Profile>) -> Self {
        let (means, counters) = wanted(device.kind);
        let nature = |point: &&'static str| {
            Some((*point, Nature::of(point, profile, device.rated_power_w)?))
        };
        let inverter = device.kind == DeviceKind::Inverter;
        Self {
            means,
            noon: profile.filter(|_| inverter).map(strings).unwrap_or_default(),
            most: if inverter { &["insulation_ohm"] } else { &[] },
            counters: counters.iter().filter_map(nature).collect(),
        }
    }

    /// All of them: the means, those at noon, the highest, the counters.
    pub(super) fn names(&self) -> Vec<String> {
        let counters = self.counters.iter().map(|(name, _)| (*name).to_owned());
        let own =
            |points: &[&str]| points.iter().map(|point| (*point).to_owned()).collect::<Vec<_>>();
        let first = own(self.means).into_iter().chain(self.noon.iter().cloned());
        first.chain(own(self.most)).chain(counters).collect()
    }

    /// So many of the names are no counters.
    pub(super) fn plain(&self) -> usize {
        self.means.len() + self.noon.len() + self.most.len()
    }
}

/// The currents of the strings that a profile reads.
fn strings(profile: &Profile) -> Vec<String> {
    let Protocol::Registers { tables, .. } = &profile.protocol else { return Vec::new() };
    let points = tables.iter().flat_map(|table| &table.points).map(|point| point.name.as_str());
    let mut names: Vec<String> =
        points.filter(|point| string_of(point).is_some()).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The number of the string whose current a point is.
#[must_use]
pub fn string_of(point: &str) -> Option<u16> {
    point.strip_prefix("string_")?.strip_suffix("_current_a")?.parse().ok()
}
