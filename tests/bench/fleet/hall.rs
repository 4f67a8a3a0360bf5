//! The configuration of a hall with that many inverters of fifty registers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::simulator::{REGISTERS, STATE, address, unit};

/// One point for each register, with the names and scales of a large inverter.
fn points() -> Vec<(String, &'static str)> {
    let mut points = vec![
        ("ac_power_w".to_owned(), "10"),
        ("energy_today_wh".to_owned(), "100"),
        ("grid_freq_hz".to_owned(), "0.01"),
        ("cabinet_temp_c".to_owned(), "0.1"),
        ("efficiency_percent".to_owned(), "0.01"),
    ];
    for phase in ["a", "b", "c"] {
        points.push((format!("phase_{phase}_voltage_v"), "0.1"));
        points.push((format!("phase_{phase}_current_a"), "0.01"));
    }
    for string in 1.. {
        points.push((format!("string_{string}_voltage_v"), "0.1"));
        points.push((format!("string_{string}_current_a"), "0.01"));
        if points.len() >= usize::from(STATE) {
            break;
        }
    }
    points.truncate(usize::from(STATE));
    points
}

fn profile() -> String {
    let mut text = "id = \"fleet\"\nkind = \"inverter\"\nvendor = \"none\"\n\
         name = { zh = \"测试\", en = \"fleet\" }\nsource = \"none: made for a benchmark\"\n\
         interval_s = 1\n[bus]\ntimeout_ms = 900\n\
         [[table]]\nid = \"all\"\nfunction = \"holding\"\nsource = \"none\"\n"
        .to_owned();
    for (address, (name, scale)) in points().iter().enumerate() {
        let point = "[[table.point]]\n";
        write!(
            text,
            "{point}name = \"{name}\"\naddress = {address}\ntype = \"u16\"\nscale = {scale}\n"
        )
        .expect("text");
    }
    write!(
        text,
        "[[table.point]]\nname = \"state\"\naddress = {STATE}\ntype = \"u16\"\n\
         values = {{ \"0\" = \"standby\", \"1\" = \"mppt\" }}\n"
    )
    .expect("text");
    assert_eq!(text.matches("[[table.point]]").count(), usize::from(REGISTERS));
    text
}

/// Writes `hall.toml` and its profile into `folder`.
pub(crate) fn write(folder: &Path, devices: usize, port: u16) -> PathBuf {
    let mut text = "profiles = \"profiles\"\n\
         [site]\nid = \"fleet\"\nname = { zh = \"机群\", en = \"fleet\" }\nlatitude_deg = 39.9\n\
         longitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n[data]\nfolder = \"data\"\n\
         [web]\nlisten = \"127.0.0.1:0\"\n\
         [[zone]]\nid = \"roof\"\nname = { zh = \"屋顶\", en = \"roof\" }\n"
        .to_owned();
    for n in 0..devices {
        let (host, unit) = (address(n), unit(n));
        write!(
            text,
            "[[device]]\nid = \"inv-{n:05}\"\nname = {{ zh = \"逆变器{n}\", en = \"inverter {n}\" }}\n\
             zone = \"roof\"\nprofile = \"fleet\"\nrated_power_w = 20000\n\
             modbus = \"{host}:{port}\"\nunit = {unit}\n"
        )
        .expect("text");
    }
    let profiles = folder.join("profiles");
    std::fs::create_dir_all(&profiles).expect("folder");
    std::fs::write(profiles.join("fleet.toml"), profile()).expect("profile");
    let path = folder.join("hall.toml");
    std::fs::write(&path, text).expect("configuration");
    path
}
