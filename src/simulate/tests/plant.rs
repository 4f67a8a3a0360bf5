//! The plant: same moment, same values; counters are the sum of powers; nobody shows another's.

use std::collections::BTreeSet;

use crate::model::Timestamp;
use crate::simulate::{Condition, InverterSpec, Place, Plant, SimValue};

pub(super) fn beijing() -> Place {
    let time_zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("tz database");
    Place { latitude_deg: 39.9, longitude_deg: 116.4, time_zone, seed: 1 }
}

pub(super) fn moment(text: &str) -> Timestamp {
    Timestamp::from_ms(text.parse::<jiff::Timestamp>().expect("RFC 3339").as_millisecond())
}

fn specs() -> Vec<InverterSpec> {
    let spec = |number| InverterSpec {
        number,
        rated_power_w: 50_000.0,
        strings: 8,
        mppts: 4,
        manufacturer: "x",
        model_name: "y",
    };
    (0..8).map(spec).collect()
}

fn number(plant: &Plant, inverter: usize, point: &str) -> f64 {
    plant.inverter_values(inverter).and_then(|v| v.get_number(point)).expect("a number")
}

const MORNING: &str = "2026-06-21T10:30:00+08:00";

#[test]
fn the_same_moment_gives_the_same_values() {
    let mut one = Plant::new(beijing(), specs(), moment(MORNING));
    let mut two = Plant::new(beijing(), specs(), moment(MORNING));
    for second in 1..60 {
        one.advance(moment(MORNING).plus_ms(second * 1000));
    }
    two.advance(moment(MORNING).plus_ms(59_000));
    assert_eq!(one.inverter_values(3), two.inverter_values(3));
    assert_eq!(one.grid_meter_values(), two.grid_meter_values());
    let other = Plant::new(Place { seed: 2, ..beijing() }, specs(), moment(MORNING));
    assert_ne!(one.inverter_values(3), other.inverter_values(3));
}

#[test]
fn no_two_inverters_ever_show_the_same_power_and_each_tick_moves() {
    let mut plant = Plant::new(beijing(), specs(), moment(MORNING));
    let mut moved = 0;
    for second in 1..=600 {
        let before = number(&plant, 0, "ac_power_w");
        plant.advance(moment(MORNING).plus_ms(second * 1000));
        let powers: BTreeSet<i64> =
            (0..8).map(|i| number(&plant, i, "ac_power_w") as i64).collect();
        assert_eq!(powers.len(), 8, "{powers:?}");
        assert!(powers.iter().all(|p| (5_000..50_000).contains(p)), "{powers:?}");
        moved += i32::from(number(&plant, 0, "ac_power_w") != before);
    }
    assert!(moved > 500, "{moved} of 600");
}

#[test]
fn energy_is_the_integral_of_power_and_starts_anew_at_midnight() {
    let start = moment("2026-06-21T16:00:00+08:00");
    let mut plant = Plant::new(beijing(), specs(), start);
    let begin = number(&plant, 0, "energy_total_wh");
    let this_morning = number(&plant, 0, "energy_today_wh");
    assert!((100_000.0..400_000.0).contains(&this_morning), "{this_morning}");
    let (mut sum, mut last) = (0.0, begin);
    for second in 1..=3600 {
        plant.advance(start.plus_ms(second * 1000));
        sum += number(&plant, 0, "ac_power_w") / 3600.0;
        let total = number(&plant, 0, "energy_total_wh");
        assert!(total >= last);
        last = total;
    }
    assert!((last - begin - sum).abs() < 0.01, "{} {sum}", last - begin);
    let today = number(&plant, 0, "energy_today_wh");
    assert!((today - this_morning - sum).abs() < 0.01);
    // A day later by jumps, the counter of the day has only the new day in it.
    let until_midnight = plant.clone();
    plant.advance(moment("2026-06-22T01:00:00+08:00"));
    assert_eq!(number(&plant, 0, "energy_today_wh"), 0.0);
    assert!(number(&plant, 0, "energy_total_wh") > number(&until_midnight, 0, "energy_total_wh"));
    let before = number(&plant, 0, "energy_total_wh");
    plant.advance(moment("2026-06-21T12:00:00+08:00"));
    assert!(number(&plant, 0, "energy_total_wh") >= before, "a clock set back takes nothing away");
}

#[test]
fn night_fault_and_day_have_their_states() {
    let state = |plant: &Plant| match plant.inverter_values(1).expect("there").get("state") {
        Some(SimValue::Word(word)) => *word,
        other => panic!("{other:?}"),
    };
    let mut plant = Plant::new(beijing(), specs(), moment(MORNING));
    assert_eq!(state(&plant), "mppt");
    plant.set_condition(1, Condition::Fault(vec!["2062".to_owned()]));
    plant.advance(moment(MORNING).plus_ms(1000));
    assert_eq!((state(&plant), number(&plant, 1, "ac_power_w")), ("fault", 0.0));
    let codes = plant.inverter_values(1).expect("there").get("fault").cloned();
    assert_eq!(codes, Some(SimValue::Codes(vec!["2062".to_owned()])));
    plant.set_condition(1, Condition::Healthy);
    plant.advance(moment("2026-06-21T23:30:00+08:00"));
    assert_eq!((state(&plant), number(&plant, 1, "dc_voltage_v")), ("sleeping", 0.0));
    assert_eq!(plant.pv_power_w(), 0.0);
}

#[test]
fn meters_agree_with_the_inverters_and_strings_with_their_inverter() {
    let plant = Plant::new(beijing(), specs(), moment(MORNING));
    let pv = plant.pv_meter_values().get_number("ac_power_w").expect("power");
    assert!((pv / plant.pv_power_w() - 1.0).abs() < 0.01);
    let grid = plant.grid_meter_values().get_number("ac_power_w").expect("power");
    assert!((grid + pv - plant.load_w()).abs() < 1e-6);
    let values = plant.inverter_values(2).expect("there");
    let strings: f64 =
        (1..=8).filter_map(|i| values.get_number(&format!("string_{i}_current_a"))).sum();
    assert!((strings - values.get_number("dc_current_a").expect("current")).abs() < 1e-6);
    let efficiency = number(&plant, 2, "ac_power_w") / number(&plant, 2, "dc_power_w");
    assert!((0.94..0.99).contains(&efficiency), "{efficiency}");
}

#[test]
fn a_summer_day_makes_what_it_should() {
    let mut plant = Plant::new(beijing(), specs(), moment("2026-06-21T00:00:30+08:00"));
    for minute in 1..24 * 60 - 1 {
        plant.advance(moment("2026-06-21T00:00:30+08:00").plus_ms(minute * 60_000));
    }
    // 7 to 8 kWh/m2 of clear sky, some clouds, 1.1 kW of modules per kW.
    let hours = number(&plant, 0, "energy_today_wh") / 50_000.0;
    assert!((4.5..7.5).contains(&hours), "{hours} h of full power");
}
