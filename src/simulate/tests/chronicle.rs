//! The past of the hall: as if a gateway had heard it, and the hall goes on from there.

use std::collections::BTreeMap;

use crate::model::{Reading, Record};
use crate::simulate::{Chronicle, Lived};

use super::plant::{beijing, moment};

const FROM: &str = "2026-10-01T00:00:00+08:00";
const UNTIL: &str = "2026-11-30T10:32:10+08:00";
const MINUTE_MS: i64 = 60_000;

fn readings(records: Vec<Record>) -> impl Iterator<Item = Reading> {
    records.into_iter().filter_map(|record| match record {
        Record::Reading(reading) => Some(reading),
        _ => None,
    })
}

fn number(reading: &Reading, point: &str) -> Option<f64> {
    let sample = reading.samples.iter().find(|sample| sample.point.as_str() == point)?;
    sample.value.as_f64()
}

/// What was told of each device, by time.
fn told() -> (BTreeMap<String, Vec<Reading>>, Lived) {
    let mut chronicle = Chronicle::new(&beijing(), moment(FROM), moment(UNTIL));
    let mut told: BTreeMap<String, Vec<Reading>> = BTreeMap::new();
    for records in chronicle.by_ref() {
        for reading in readings(records) {
            told.entry(reading.device.to_string()).or_default().push(reading);
        }
    }
    (told, chronicle.lived())
}

/// Days on which a device stands still in light.
fn still(told: &[Reading]) -> Vec<String> {
    let stands = |reading: &&Reading| number(reading, "state") == Some(7.0);
    let day = |reading: &Reading| {
        let time = jiff::Timestamp::from_millisecond(reading.time.ms()).expect("time");
        time.to_zoned_datetime(beijing().time_zone).date().to_string()
    };
    let mut days: Vec<String> = told.iter().filter(stands).map(day).collect();
    days.dedup();
    days
}

#[test]
fn each_month_that_is_over_has_its_troubles_and_an_hour_of_silence() {
    let (told, _) = told();
    assert_eq!(told.len(), 11 + 36, "all devices behind Modbus, and the machines that count");
    let state = |word| crate::model::words_of("state").and_then(|w| w.by_id(word)).map(|w| w.code);
    assert_eq!(state("fault"), Some(7));
    assert_eq!(still(&told["inv-01"]), ["2026-11-13"]);
    assert_eq!(still(&told["inv-02"]), ["2026-10-14", "2026-11-26"]);
    assert_eq!(still(&told["inv-03"]), ["2026-10-29"]);
    assert_eq!(still(&told["inv-04"]), [""; 0]);
    for (device, step) in [("inv-01", 5), ("meter-grid", 5), ("weather-01", 5), ("tm-01", 60)] {
        let told = &told[device];
        let gaps = told.iter().zip(told.iter().skip(1));
        let gaps: Vec<i64> = gaps.map(|(a, b)| b.time.since_ms(a.time) / MINUTE_MS).collect();
        let longer: Vec<&i64> = gaps.iter().filter(|gap| **gap != step).collect();
        assert_eq!(longer, [&(60 + step)], "{device} is unheard for an hour");
        assert!(moment(UNTIL).since_ms(told.last().expect("told").time) < step * MINUTE_MS);
    }
}

#[test]
fn registers_only_grow_and_the_hall_goes_on_from_them() {
    let (told, lived) = told();
    let Lived { mut plant, kiosks } = lived;
    plant.advance(moment(UNTIL));
    let counters = ["energy_total_wh", "energy_import_wh", "energy_export_wh", "tickets_total"];
    for (device, told) in &told {
        for counter in counters {
            let shown: Vec<f64> = told.iter().filter_map(|said| number(said, counter)).collect();
            assert!(shown.is_sorted(), "{device} {counter}");
        }
    }
    let last = |device: &str, point: &str| number(told[device].last()?, point);
    for (device, inverter) in [("inv-01", 0), ("inv-04", 3), ("inv-08", 7)] {
        let shown = last(device, "energy_total_wh").expect("told");
        let live = plant.inverter_values(inverter).and_then(|v| v.get_number("energy_total_wh"));
        let more = live.expect("shown") - shown;
        assert!((0.0..5_000.0).contains(&more), "{device} goes on {more} Wh further");
    }
    let grid = plant.grid_meter_values().get_number("energy_import_wh").expect("shown");
    assert!(
        (0.0..20_000.0).contains(&(grid - last("meter-grid", "energy_import_wh").expect("told")))
    );
    let machine = kiosks.iter().find(|kiosk| kiosk.spec().id == "tm-01").expect("there");
    #[allow(clippy::cast_precision_loss)]
    let served = machine.counters_shown().0 as f64 - last("tm-01", "tickets_total").expect("told");
    assert!((0.0..300.0).contains(&served), "{served}");
}

#[test]
fn a_hall_that_was_switched_off_counts_on() {
    let shown = |device: &str, point: &str| match (device, point) {
        ("inv-02", "energy_total_wh") => Some(7_654_000.0),
        ("meter-pv", "energy_import_wh") => Some(99_000.0),
        ("tm-02", "tickets_total") => Some(4_711.0),
        _ => None,
    };
    let start = moment(UNTIL);
    let Lived { plant, kiosks } = Lived::resumed(&beijing(), start, shown);
    let total = |n| plant.inverter_values(n).and_then(|v| v.get_number("energy_total_wh"));
    assert_eq!(total(1), Some(7_654_000.0));
    assert!(total(0).is_some_and(|wh| wh > 1e8), "nobody remembers the first: {:?}", total(0));
    assert_eq!(plant.pv_meter_values().get_number("energy_import_wh"), Some(99_000.0));
    let served = |id: &str| kiosks.iter().find(|kiosk| kiosk.spec().id == id).expect("there");
    assert_eq!(served("tm-02").counters_shown().0, 4_711);
}
