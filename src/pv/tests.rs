//! Days of made-up inverters, with the pitfalls of real ones.

use std::sync::Arc;

use super::*;
use crate::model::{DeviceId, PointName, Quality, Reading, Sample, Site, Text, Timestamp, Value};

/// 2025-11-24 00:00 in Shanghai.
const MIDNIGHT: i64 = 1_763_913_600_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;

fn site() -> Arc<Site> {
    Arc::new(Site {
        id: "hall".to_owned(),
        name: Text::same("hall"),
        latitude_deg: 39.9,
        longitude_deg: 116.4,
        altitude_m: 44.0,
        time_zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone"),
    })
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(MIDNIGHT + ms)
}

fn today(inverters: &[&str], now_ms: i64) -> Today {
    let id = |id: &&str| (DeviceId::parse(id).expect("id"), Nameplate::of(None, Some(50_000.0)));
    Today::new(site(), inverters.iter().map(id), at(now_ms)).expect("day")
}

fn take(today: &mut Today, device: &str, ms: i64, values: &[(&str, f64)]) {
    let sample = |(point, value): &(&str, f64)| Sample {
        point: PointName::parse(point).expect("point"),
        value: Value::Float(*value),
        quality: Quality::Good,
    };
    let reading = Reading {
        device: DeviceId::parse(device).expect("id"),
        time: at(ms),
        received: at(ms),
        message: 0,
        samples: values.iter().map(sample).collect(),
    };
    today.take(&reading, at(ms));
}

fn energy(wh: f64, since_ms: Option<i64>, reset: bool) -> Option<Energy> {
    Some(Energy { wh, since: since_ms.map(at), reset })
}

const TOTAL: &str = "energy_total_wh";
const OWN: &str = "energy_today_wh";
const POWER: &str = "ac_power_w";

#[test]
fn the_counter_of_the_evening_before_stands_for_midnight() {
    let mut today = today(&["a"], 12 * HOUR);
    take(&mut today, "a", -7 * HOUR, &[(TOTAL, 1_000_000.0), (OWN, 90_000.0)]);
    assert_eq!(today.energy(), energy(0.0, None, false), "silent since the evening");
    take(&mut today, "a", 12 * HOUR, &[(TOTAL, 1_080_000.0), (OWN, 79_000.0), (POWER, 30_000.0)]);
    assert_eq!(today.energy(), energy(80_000.0, None, false));
}

#[test]
fn a_counter_of_the_noon_before_does_not() {
    // An outage of the gateway from yesterday noon to this morning: yesterday's afternoon must
    // not be counted into today.
    let mut today = today(&["a"], 12 * HOUR);
    take(&mut today, "a", -12 * HOUR, &[(TOTAL, 1_000_000.0)]);
    take(&mut today, "a", 9 * HOUR, &[(TOTAL, 1_200_000.0), (POWER, 10_000.0)]);
    take(&mut today, "a", 10 * HOUR, &[(TOTAL, 1_215_000.0), (POWER, 20_000.0)]);
    assert_eq!(today.energy(), energy(15_000.0, Some(9 * HOUR), false));
}

#[test]
fn yesterdays_own_counter_is_not_todays() {
    // GoodWe keeps yesterday's value through the night, until it wakes.
    let mut night = today(&["a"], 5 * HOUR);
    take(&mut night, "a", 5 * HOUR, &[(OWN, 333_000.0), (POWER, 0.0)]);
    assert_eq!(night.energy(), energy(0.0, None, false));
    take(&mut night, "a", 8 * HOUR, &[(OWN, 500.0), (POWER, 2_000.0)]);
    take(&mut night, "a", 8 * HOUR + MINUTE, &[(OWN, 530.0), (POWER, 2_000.0)]);
    assert_eq!(night.energy(), energy(530.0, None, false));
}

#[test]
fn a_gateway_started_in_the_evening_believes_the_devices_own_counter() {
    let mut today = today(&["a"], 20 * HOUR);
    take(&mut today, "a", 20 * HOUR, &[(TOTAL, 1_000_000.0), (OWN, 250_000.0), (POWER, 0.0)]);
    assert_eq!(today.energy(), energy(250_000.0, None, false));
}

#[test]
fn a_reset_counter_is_flagged_and_never_negative() {
    let mut today = today(&["a", "b"], 12 * HOUR);
    for device in ["a", "b"] {
        take(&mut today, device, -7 * HOUR, &[(TOTAL, 1_000_000.0)]);
        take(&mut today, device, 9 * HOUR, &[(TOTAL, 1_010_000.0), (POWER, 9_000.0)]);
    }
    take(&mut today, "a", 10 * HOUR, &[(TOTAL, 0.0), (OWN, 25_000.0), (POWER, 9_000.0)]);
    take(&mut today, "b", 10 * HOUR, &[(TOTAL, 100.0), (POWER, 9_000.0)]);
    assert_eq!(today.energy_of("b"), energy(10_000.0, None, false), "one reading proves nothing");
    take(&mut today, "a", 11 * HOUR, &[(TOTAL, 9_000.0), (OWN, 34_000.0), (POWER, 9_000.0)]);
    take(&mut today, "b", 11 * HOUR, &[(TOTAL, 9_100.0), (POWER, 9_000.0)]);
    // Its own counter knows what the total one lost.
    assert_eq!(today.energy_of("a"), energy(34_000.0, None, true));
    // Ten before it broke, and what it has counted since zero.
    assert_eq!(today.energy_of("b"), energy(19_100.0, None, true));
}

#[test]
fn nonsense_of_a_counter_never_reaches_the_figure() {
    let mut today = today(&["a", "b"], 12 * HOUR);
    take(&mut today, "a", -7 * HOUR, &[(TOTAL, 1_000_000.0)]);
    let mut last = 0.0;
    for minute in 0..120_i32 {
        let made = f64::from(minute) * 500.0;
        let nonsense =
            [4_294_967_295.0, 0.0, 65_535.0][usize::try_from(minute / 10 % 3).expect("3")];
        let wrong = minute % 10 == 7;
        let total = if wrong { nonsense } else { 1_000_000.0 + made };
        let own = if wrong { nonsense } else { made };
        let at = 8 * HOUR + i64::from(minute) * MINUTE;
        take(&mut today, "a", at, &[(TOTAL, total), (POWER, 30_000.0)]);
        take(&mut today, "b", at, &[(OWN, own), (POWER, 30_000.0)]);
        let sum = today.energy().expect("energy").wh;
        assert!(sum >= last && sum <= 2.0 * made, "{minute}: {sum} after {last}, made {made}");
        last = sum;
    }
    assert_eq!(today.energy(), energy(2.0 * 119.0 * 500.0, None, false));
}

#[test]
fn a_daily_counter_that_loses_the_day_at_noon_takes_nothing_away() {
    let mut today = today(&["a"], 12 * HOUR);
    let minute = |n: i64| 11 * HOUR + n * MINUTE;
    take(&mut today, "a", minute(0), &[(OWN, 25_000.0), (POWER, 30_000.0)]);
    take(&mut today, "a", minute(1), &[(OWN, 25_500.0), (POWER, 30_000.0)]);
    take(&mut today, "a", minute(2), &[(OWN, 0.0), (POWER, 30_000.0)]);
    assert_eq!(today.energy(), energy(25_500.0, None, false));
    take(&mut today, "a", minute(3), &[(OWN, 500.0), (POWER, 30_000.0)]);
    assert_eq!(today.energy(), energy(26_000.0, None, false));
}

#[test]
fn a_counter_faster_than_the_nameplate_is_not_believed() {
    let mut today = today(&["a"], 12 * HOUR);
    take(&mut today, "a", -7 * HOUR, &[(TOTAL, 0.0)]);
    take(&mut today, "a", 12 * HOUR, &[(TOTAL, 9e9), (OWN, 80_000.0), (POWER, 9_000.0)]);
    assert_eq!(today.energy(), energy(80_000.0, None, false));
}

#[test]
fn the_curve_sums_means_and_has_gaps() {
    let mut today = today(&["a", "b"], 0);
    for minute in 0..5 {
        take(&mut today, "a", minute * MINUTE, &[(POWER, 100.0 * minute as f64)]);
        take(&mut today, "b", minute * MINUTE, &[(POWER, 1_000.0)]);
    }
    take(&mut today, "b", 11 * MINUTE, &[(POWER, 700.0)]);
    let curve = today.curve(at(15 * MINUTE));
    let expected = [(at(0), Some(1_200.0)), (at(5 * MINUTE), None), (at(10 * MINUTE), Some(700.0))];
    assert_eq!(curve.get(..3), Some(&expected[..]));
    assert_eq!(today.curve(at(30 * HOUR)).len(), 288, "a day has an end");
}

#[test]
fn the_day_turns_and_keeps_the_evening() {
    let mut today = today(&["a"], 12 * HOUR);
    take(&mut today, "a", 17 * HOUR, &[(TOTAL, 500_000.0), (POWER, 300.0)]);
    assert!(today.turn(at(25 * HOUR)));
    let curve = today.curve(at(25 * HOUR));
    assert_eq!(curve.first(), Some(&(at(24 * HOUR), None)), "a new curve");
    take(&mut today, "a", 32 * HOUR, &[(TOTAL, 504_000.0), (POWER, 4_000.0)]);
    assert_eq!(today.energy(), energy(4_000.0, None, false));
    assert!(!today.turn(at(10 * 24 * HOUR)), "a clock that jumps asks for a new day");
}

#[test]
fn readings_from_the_future_and_of_strangers_are_left_out() {
    let mut today = today(&["a"], 12 * HOUR);
    take(&mut today, "x", 12 * HOUR, &[(POWER, 1.0)]);
    let ahead = Reading {
        device: DeviceId::parse("a").expect("id"),
        time: at(14 * HOUR),
        received: at(12 * HOUR),
        message: 0,
        samples: Vec::new(),
    };
    today.take(&ahead, at(12 * HOUR));
    assert_eq!(today.energy(), None);
}
