//! Which points stand on a device's tile, and when a value is old.

use crate::live::{DeviceLive, Latest};
use crate::model::{DeviceKind, PointName, Timestamp};
use crate::profile::Protocol;

/// Points on one tile.
const HEADLINE_MAX: usize = 5;

/// The headline points in the order of their weight, by what the device is. Every name is a
/// headline point of the vocabulary; a test compares them.
const fn order(kind: DeviceKind) -> &'static [&'static str] {
    match kind {
        DeviceKind::Inverter => &["ac_power_w", "energy_today_wh", "state", "cabinet_temp_c"],
        DeviceKind::Meter => {
            &["ac_power_w", "energy_import_wh", "energy_export_wh", "energy_today_wh"]
        }
        DeviceKind::Weather => &[
            "irradiance_poa_wm2",
            "irradiance_ghi_wm2",
            "module_temp_c",
            "ambient_temp_c",
            "wind_speed_ms",
            "irradiation_today_whm2",
        ],
        DeviceKind::Gateway => &["disk_free_bytes", "rejected_total"],
        _ => &["kiosk_state", "printer_paper", "tickets_total", "ambient_temp_c", "ac_power_w"],
    }
}

/// The headline points that the device has, at most five.
pub(super) fn headline(live: &DeviceLive) -> Vec<(&PointName, &Latest)> {
    let names = order(live.device.kind).iter();
    names.filter_map(|name| live.points.get_key_value(name)).take(HEADLINE_MAX).collect()
}

/// Whether the device as a whole has been silent for too long.
pub(super) fn is_silent(live: &DeviceLive, now: Timestamp) -> bool {
    let limit_ms = live.device.stale_after_ms;
    live.last_received.is_none_or(|heard| now.since_ms(heard) > limit_ms)
}

/// Whether a value is too old to be shown as the present.
///
/// The age is that of the message, because the clocks of devices go wrong. In a device that goes
/// on talking, a register that has missed its turn is old too; slow tables have more time. What a
/// machine tells by message is told on change, and holds while the machine is there.
pub(super) fn is_stale(
    live: &DeviceLive,
    name: &PointName,
    latest: &Latest,
    now: Timestamp,
) -> bool {
    if is_silent(live, now) {
        return true;
    }
    let Some(Protocol::Registers { tables, .. }) = live.profile.as_deref().map(|p| &p.protocol)
    else {
        return false;
    };
    let table = tables.iter().find(|table| table.points.iter().any(|point| point.name == *name));
    let every = table.map_or(1, |table| i64::from(table.every));
    let turn_ms = live.device.interval_ms.saturating_mul(every.saturating_sub(1));
    let limit_ms = live.device.stale_after_ms.saturating_add(turn_ms);
    live.last_seen.is_some_and(|seen| seen.since_ms(latest.time) > limit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::standard_point;

    #[test]
    fn the_order_holds_headline_points_only() {
        for kind in DeviceKind::ALL {
            for name in order(*kind) {
                let point = standard_point(name).expect(name);
                assert!(point.headline, "`{name}` is no headline point");
            }
        }
    }
}
