//! Who stands in the virtual hall, and where.

use crate::model::{DeviceKind, Text};

use super::inverter::InverterSpec;
use super::kiosk::KioskSpec;
use super::plant::Plant;
use super::values::Values;

/// Profile of the first three inverters, which share one socket as units 1, 2 and 3.
pub(super) const HUAWEI: &str = "huawei-sun2000";
pub(super) const GOODWE: &str = "goodwe-dt";
pub(super) const SUNSPEC: &str = "sunspec";
pub(super) const METER: &str = "eastron-sdm630";
pub(super) const WEATHER: &str = "huawei-emi";
/// The zone that never closes.
pub(super) const ALWAYS_OPEN: &str = "zone-24h";

/// The profile of each kind of machine.
pub(super) const fn profile_of(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::TicketMachine => "ticket-machine",
        DeviceKind::HealthCheckMachine => "health-check-machine",
        DeviceKind::TaxTerminal => "tax-terminal",
        DeviceKind::ApprovalKiosk => "approval-kiosk",
        DeviceKind::SocialSecurityKiosk => "social-security-kiosk",
        DeviceKind::MedicalInsuranceKiosk => "medical-insurance-kiosk",
        DeviceKind::Display => "hall-display",
        DeviceKind::ZoneController => "zone-controller",
        _ => "kiosk-native",
    }
}

/// Zones: id, zh, en, floor, and hours of every day.
pub(super) const ZONES: [(&str, &str, &str, i16, &str); 5] = [
    ("roof", "屋顶", "Roof", 3, ""),
    ("plant-room", "配电室", "Plant room", -1, ""),
    ("hall-1f", "一层大厅", "Hall, 1st floor", 1, "09:00-17:00"),
    ("hall-2f", "二层大厅", "Hall, 2nd floor", 2, "09:00-17:00"),
    (ALWAYS_OPEN, "24小时自助区", "24-hour zone", 1, "always"),
];

/// One inverter with its profile.
pub(super) struct RosterInverter {
    pub(super) id: String,
    pub(super) profile: &'static str,
    pub(super) spec: InverterSpec,
}

/// The eight inverters, in the order of their numbers.
pub(super) fn inverters() -> Vec<RosterInverter> {
    let makes = [
        (3u8, HUAWEI, 50_000.0, 8, 4, "Huawei", "SUN2000-50KTL-M3"),
        (3, GOODWE, 40_000.0, 8, 4, "GoodWe", "GW40K-MT"),
        (2, SUNSPEC, 30_000.0, 4, 2, "Demo", "SunSpec 30"),
    ];
    let each = makes.into_iter().flat_map(|make| (0..make.0).map(move |_| make));
    (0u8..)
        .zip(each)
        .map(|(number, (_, profile, rated_power_w, strings, mppts, manufacturer, model_name))| {
            let spec =
                InverterSpec { number, rated_power_w, strings, mppts, manufacturer, model_name };
            RosterInverter { id: format!("inv-{:02}", number + 1), profile, spec }
        })
        .collect()
}

/// What a device behind Modbus shows of the plant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shown {
    Inverter(usize),
    GridMeter,
    PvMeter,
    Weather,
}

impl Shown {
    pub(super) fn values(self, plant: &Plant) -> Values {
        match self {
            Self::Inverter(number) => plant.inverter_values(number).unwrap_or_default(),
            Self::GridMeter => plant.grid_meter_values(),
            Self::PvMeter => plant.pv_meter_values(),
            Self::Weather => plant.weather_values(),
        }
    }
}

/// All devices behind Modbus, with their profiles.
pub(super) fn behind_modbus() -> Vec<(String, &'static str, Shown)> {
    let inverter = |i: RosterInverter| {
        let number = usize::from(i.spec.number);
        (i.id, i.profile, Shown::Inverter(number))
    };
    let others = [
        ("meter-grid", METER, Shown::GridMeter),
        ("meter-pv", METER, Shown::PvMeter),
        ("weather-01", WEATHER, Shown::Weather),
    ];
    let others = others.map(|(id, profile, shown)| (id.to_owned(), profile, shown));
    inverters().into_iter().map(inverter).chain(others).collect()
}

/// Machines of one kind: prefix of the ids, kind, and the zone of each.
type Group = (&'static str, DeviceKind, &'static [(&'static str, u8)]);

const KIOSKS: [Group; 8] = [
    ("tm", DeviceKind::TicketMachine, &[("hall-1f", 3), ("hall-2f", 1), ("zone-24h", 1)]),
    ("hc", DeviceKind::HealthCheckMachine, &[("zone-24h", 2), ("hall-1f", 2)]),
    ("tax", DeviceKind::TaxTerminal, &[("zone-24h", 3), ("hall-2f", 5)]),
    ("ap", DeviceKind::ApprovalKiosk, &[("zone-24h", 2), ("hall-1f", 6)]),
    ("ss", DeviceKind::SocialSecurityKiosk, &[("zone-24h", 1), ("hall-2f", 5)]),
    ("mi", DeviceKind::MedicalInsuranceKiosk, &[("zone-24h", 1), ("hall-2f", 4)]),
    ("dp", DeviceKind::Display, &[("hall-1f", 2), ("hall-2f", 2)]),
    ("zc", DeviceKind::ZoneController, &[(ALWAYS_OPEN, 1)]),
];

/// The machines with their names.
pub(super) fn kiosks() -> Vec<(KioskSpec, Text)> {
    let of_group = |(prefix, kind, zones): Group| {
        let zones = zones.iter().flat_map(|(zone, n)| (0..*n).map(move |_| *zone));
        (1u8..).zip(zones).map(move |(n, zone)| {
            let id = format!("{prefix}-{n:02}");
            let kind_name = kind.text();
            let name = Text::new(format!("{}{n}号", kind_name.zh), format!("{} {n}", kind_name.en));
            (KioskSpec { id, kind, zone: zone.to_owned() }, name)
        })
    };
    KIOSKS.into_iter().flat_map(of_group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_inverters_and_forty_one_machines_with_different_ids() {
        let inverters = inverters();
        assert_eq!(inverters.len(), 8);
        assert!(inverters.iter().zip(0..).all(|(inverter, n)| inverter.spec.number == n));
        let kiosks = kiosks();
        let ids: std::collections::BTreeSet<_> = kiosks.iter().map(|(spec, _)| &spec.id).collect();
        assert_eq!((kiosks.len(), ids.len()), (41, 41));
        assert!(kiosks.iter().all(|(spec, _)| ZONES.iter().any(|zone| zone.0 == spec.zone)));
    }
}
