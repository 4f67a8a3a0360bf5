//! Two real roofs on real outage days: the rule about no production fires on that day and on no other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use hallwatch::alert::{Change, Policy, Trial};
use hallwatch::live::Board;
use hallwatch::model::{
    Device, DeviceId, DeviceKind, PointName, Quality, Reading, Record, Sample, Site, Text,
    Timestamp, Value, ZoneId,
};
use hallwatch::rule::default_rules;

const STEP_MS: i64 = 15 * 60_000;

fn device(id: &str, kind: DeviceKind, rated_power_w: Option<f64>) -> Arc<Device> {
    Arc::new(Device {
        id: DeviceId::parse(id).unwrap(),
        name: Text::same(id),
        zone: ZoneId::parse("roof").unwrap(),
        kind,
        profile: "test".into(),
        rated_power_w,
        interval_ms: STEP_MS,
        stale_after_ms: 3 * STEP_MS,
    })
}

fn reading(device: &str, time: Timestamp, point: &str, value: f64) -> Record {
    let sample = Sample {
        point: PointName::parse(point).unwrap(),
        value: Value::Float(value),
        quality: Quality::Good,
    };
    Record::Reading(Reading {
        device: DeviceId::parse(device).unwrap(),
        time,
        received: time,
        message: 0,
        samples: vec![sample],
    })
}

/// The local days on which a rule was raised, with its id. `sensor`: the light is measured.
fn days_of_alerts(file: &str, rated_w: f64, sensor: bool) -> BTreeSet<(String, String)> {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(-7));
    let site = Site {
        id: "golden".into(),
        name: Text::same("Golden"),
        latitude_deg: 39.74,
        longitude_deg: -105.18,
        altitude_m: 1829.0,
        time_zone: zone.clone(),
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/pv").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    let rows: Vec<(Timestamp, f64, f64)> = lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let time: jiff::civil::DateTime = cells[0].parse().unwrap();
            let at_ms = zone.to_timestamp(time).unwrap().as_millisecond();
            let number = |at: usize| cells[at].parse::<f64>().unwrap();
            (Timestamp::from_ms(at_ms), number(1), number(2))
        })
        .collect();
    let mut devices = vec![(device("inv", DeviceKind::Inverter, Some(rated_w)), None)];
    devices.extend(sensor.then(|| (device("sun", DeviceKind::Weather, None), None)));
    let board = Board::new(Arc::new(site), devices, rows[0].0);
    let mut trial = Trial::new(default_rules().unwrap(), board, None, Policy::default());
    let mut found = BTreeSet::new();
    for (time, power_w, light) in &rows {
        let mut transitions = trial.take(&reading("inv", *time, "ac_power_w", *power_w));
        if sensor {
            transitions.extend(trial.take(&reading("sun", *time, "irradiance_poa_wm2", *light)));
        }
        for minute in 0..15 {
            transitions.extend(trial.tick(time.plus_ms(minute * 60_000), &[]));
        }
        for raised in transitions.iter().filter(|t| t.change == Change::Raised) {
            let time = jiff::Timestamp::from_millisecond(raised.alert.raised.ms()).unwrap();
            let day = zone.to_datetime(time).date().to_string();
            found.insert((day, raised.alert.rule.clone()));
        }
    }
    found
}

fn expected() -> BTreeSet<(String, String)> {
    BTreeSet::from([("2022-01-06".to_owned(), "PV021".to_owned())])
}

#[test]
fn the_day_without_grid_at_serf_west_is_found_with_and_without_a_sensor() {
    for sensor in [true, false] {
        assert_eq!(days_of_alerts("serf_west.csv", 6_000.0, sensor), expected(), "{sensor}");
    }
}

#[test]
fn the_day_without_grid_at_the_office_roof_is_found_with_and_without_a_sensor() {
    for sensor in [true, false] {
        assert_eq!(days_of_alerts("nrel_rsf2.csv", 408_000.0, sensor), expected(), "{sensor}");
    }
}
