//! The configuration of a virtual hall, as a person would write it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::model::Text;
use crate::sky::Plane;

use super::inverter::DC_RATIO;
use super::roster;
use super::weather::{Place, ROOF};

/// Seconds between two readings of a device behind Modbus.
const MODBUS_INTERVAL_S: u32 = 5;
/// Seconds between two messages of a machine.
pub(super) const KIOSK_INTERVAL_S: u32 = 15;

/// By this the configuration of a virtual hall is known.
pub const FIRST_LINE: &str = "# A virtual hall, written by `hallwatch demo`. Nothing in it exists.";

/// A Modbus device as the configuration needs it.
pub(super) struct ConfigDevice {
    pub(super) id: String,
    pub(super) profile: String,
    pub(super) address: SocketAddr,
    pub(super) unit: u8,
}

/// Who is told, who repairs, and what energy is worth: the wall of the hall needs no network, and the price is
/// made up.
const PEOPLE: &str = r#"
# Who is told. The wall of the hall needs no network; deploy/hall.sample.toml has the others.
[[channel]]
name = "wall"
kind = "sound"

[[route]]
name = "wall"
channels = ["wall"]
severity = "minor"

[[vendor]]
id = "tickets"
name = "排队设备维保（演示）"
phone = "010-00000000"
response_h = 2
repair_h = 8
kinds = ["ticket_machine"]

# What figures of the reports are related to.
[report]
area_m2 = 15000
people = 600

# What people read off: the page #/reports takes it.
[[meter]]
id = "water-main"
name = { zh = "总水表", en = "water main" }
counts = "water"

[[meter]]
id = "gas-main"
name = { zh = "天然气表", en = "gas meter" }
counts = "gas"

# A price that is made up.
[[tariff]]
from = "2020-01-01"
price_per_kwh = 0.8
"#;

/// The whole file.
pub(super) fn hall_toml(place: &Place, broker: SocketAddr, devices: &[ConfigDevice]) -> String {
    let mut file = format!(
        "{FIRST_LINE}\n\
         [site]\n\
         id = \"demo\"\n\
         name = {{ zh = \"某区政务服务中心（演示）\", en = \"Public service hall (demo)\" }}\n\
         # A place where it was 10:30 in the morning when the demo began.\n\
         latitude_deg = {:?}\n\
         longitude_deg = {:?}\n\
         altitude_m = 44\n\
         time_zone = \"{}\"\n\n\
         # Where it is kept: the folder of this file.\n\
         [data]\n\
         folder = \".\"\n\n\
         [mqtt]\n\
         address = \"{broker}\"\n\
         client_id = \"hallwatch\"\n",
        place.latitude_deg,
        place.longitude_deg,
        place.time_zone.iana_name().unwrap_or("UTC"),
    );
    file.push_str(PEOPLE);
    for (id, zh, en, floor, hours) in roster::ZONES {
        let title = name(&Text::new(zh, en));
        push(&mut file, format_args!("\n[[zone]]\nid = \"{id}\"\n{title}floor = {floor}\n"));
        if !hours.is_empty() {
            push(&mut file, format_args!("hours = \"{hours}\"\n"));
        }
        // A demo is looked at on any day.
        let others = ["saturday", "sunday", "holiday"].iter();
        for day in others.filter(|_| !hours.is_empty() && hours != "always") {
            push(&mut file, format_args!("{day} = \"{hours}\"\n"));
        }
    }
    for device in devices {
        push_modbus(&mut file, device);
    }
    for (kiosk, title) in roster::kiosks() {
        push(
            &mut file,
            format_args!(
                "\n[[device]]\nid = \"{}\"\n{}zone = \"{}\"\nkind = \"{}\"\nprofile = \"{}\"\n\
                 mqtt = true\ninterval_s = {KIOSK_INTERVAL_S}\n",
                kiosk.id,
                name(&title),
                kiosk.zone,
                kiosk.kind.as_str(),
                roster::profile_of(kiosk.kind),
            ),
        );
    }
    file
}

fn push_modbus(file: &mut String, device: &ConfigDevice) {
    let rated = roster::inverters().into_iter().find(|inverter| inverter.id == device.id);
    let (zone, title) = place_and_name(&device.id);
    push(file, format_args!("\n[[device]]\nid = \"{}\"\n{}", device.id, name(&title)));
    push(
        file,
        format_args!(
            "zone = \"{zone}\"\nprofile = \"{}\"\nmodbus = \"{}\"\nunit = {}\n",
            device.profile, device.address, device.unit
        ),
    );
    if let Some(watts) = rated.map(|inverter| inverter.spec.rated_power_w) {
        let modules_w = (watts * DC_RATIO).round();
        push(file, format_args!("rated_power_w = {watts:?}\n"));
        let plane = plane();
        push(file, format_args!("arrays = [{{ dc_rated_power_w = {modules_w:?}, {plane} }}]\n"));
    }
    if device.profile == roster::WEATHER {
        push(file, format_args!("plane = {{ {} }}\n", plane()));
    }
    match device.id.as_str() {
        "meter-grid" => push(file, format_args!("role = \"main\"\n")),
        "meter-pv" => push(file, format_args!("role = \"pv\"\n")),
        _ => {}
    }
    push(file, format_args!("interval_s = {MODBUS_INTERVAL_S}\n"));
}

/// Where the modules look, and the sensor beside them.
fn plane() -> String {
    let Plane { tilt_deg, azimuth_deg } = ROOF;
    format!("tilt_deg = {tilt_deg:?}, azimuth_deg = {azimuth_deg:?}")
}

fn push(file: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    file.write_fmt(part).ok();
}

fn name(text: &Text) -> String {
    format!("name = {{ zh = \"{}\", en = \"{}\" }}\n", text.zh, text.en)
}

fn place_and_name(id: &str) -> (&'static str, Text) {
    match id {
        "meter-grid" => ("plant-room", Text::new("关口电表", "grid meter")),
        "meter-pv" => ("plant-room", Text::new("光伏电表", "PV meter")),
        "weather-01" => ("roof", Text::new("屋顶气象站", "roof weather station")),
        _ => {
            let number = id.rsplit('-').next().unwrap_or_default().trim_start_matches('0');
            ("roof", Text::new(format!("{number}号逆变器"), format!("inverter {number}")))
        }
    }
}
