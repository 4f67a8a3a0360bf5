//! Which points of a device days are made of.

use crate::counter::Nature;
use crate::model::{Device, DeviceKind};
use crate::profile::Profile;

/// What a day is made of, by the kind of the device.
#[derive(Debug, Clone)]
pub(super) struct Points {
    /// Their means are kept.
    pub(super) means: &'static [&'static str],
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
        Self { means, counters: counters.iter().filter_map(nature).collect() }
    }

    /// All of them, the means first.
    pub(super) fn names(&self) -> Vec<String> {
        let counters = self.counters.iter().map(|(name, _)| *name);
        self.means.iter().copied().chain(counters).map(str::to_owned).collect()
    }
}
