//! Inverters beside each other.

use std::collections::BTreeMap;

use super::{DayOf, Found, RECORD_H, SUN_UP_DEG};

/// Yield by that of the best peer below which something is wrong.
const BELOW: f64 = 0.92;
/// A day with less than this, hours of full power, says nothing.
const YIELD_MIN_H: f64 = 0.5;
/// An inverter is in order that ran in so much of the time in which another one of its group made more
/// than a tenth of its rating.
const IN_ORDER: f64 = 0.95;
const PEER_RUNS: f64 = 0.1;
const RUNS: f64 = 0.005;
/// With snow on it the roof makes less than this of a clear day.
const SNOW_BELOW: f64 = 0.05;
/// Where it is warmer, °C, no snow stays.
pub const SNOW_AIR_C: f64 = 2.0;

/// Specific yield, hours of full power.
fn yield_h(day: &DayOf) -> f64 {
    if day.dc_rated_w > 0.0 { day.energy_wh / day.dc_rated_w } else { 0.0 }
}

/// Whether an inverter ran while its group did.
fn in_order(day: &DayOf, group: &[&DayOf], sun_deg: &[f64]) -> bool {
    let (mut all, mut ran) = (0_u32, 0_u32);
    let records = sun_deg.iter().enumerate().filter(|(_, sun)| **sun > SUN_UP_DEG);
    for (record, _) in records {
        let runs = |one: &DayOf, share: f64| {
            one.ac(record).is_some_and(|ac_w| ac_w > share * one.dc_rated_w)
        };
        // What nobody heard says nothing: the register tells what it made.
        if day.ac(record).is_some() && group.iter().any(|other| runs(other, PEER_RUNS)) {
            all += 1;
            ran += u32::from(runs(day, RUNS));
        }
    }
    all == 0 || f64::from(ran) >= IN_ORDER * f64::from(all)
}

/// Inverters that made less than 92 % of the best one of their group that was in order, for what they are
/// rated. `share` is the yield by that of the best; what they lost by standing still is not in it.
#[must_use]
pub fn below(days: &[DayOf], sun_deg: &[f64]) -> Vec<Found> {
    let mut groups: BTreeMap<usize, Vec<(usize, &DayOf)>> = BTreeMap::new();
    for (place, day) in days.iter().enumerate().filter(|(_, day)| day.dc_rated_w > 0.0) {
        groups.entry(day.group).or_default().push((place, day));
    }
    let mut found = Vec::new();
    for members in groups.values().filter(|members| members.len() > 1) {
        let group: Vec<&DayOf> = members.iter().map(|(_, day)| *day).collect();
        let healthy = group.iter().filter(|day| in_order(day, &group, sun_deg));
        let best_h = healthy.map(|day| yield_h(day)).fold(0.0, f64::max);
        if best_h < YIELD_MIN_H {
            continue;
        }
        for (inverter, day) in members {
            let own_h = yield_h(day) + day.stood_wh / day.dc_rated_w;
            let share = own_h / best_h;
            if share < BELOW {
                let lost_wh = Some((best_h - own_h) * day.dc_rated_w);
                found.push(Found { inverter: *inverter, share, hours: 0.0, lost_wh });
            }
        }
    }
    found
}

/// Whether snow seems to lie on the roof: all inverters together make less than 5 % of a clear day, and it
/// freezes. `clear_wh` is what a clear sky would have given; `air_c` the mean temperature by day.
#[must_use]
pub fn snow(days: &[DayOf], clear_wh: f64, air_c: Option<f64>) -> Option<f64> {
    let made: f64 = days.iter().map(|day| day.energy_wh).sum();
    let cold = air_c.is_some_and(|air_c| air_c < SNOW_AIR_C);
    let each = days.iter().all(|day| day.energy_wh < SNOW_BELOW * clear_wh);
    (cold && clear_wh > 0.0 && each && made < SNOW_BELOW * clear_wh).then_some(clear_wh - made)
}

/// Hours of some records.
pub(super) fn hours(records: u32) -> f64 {
    f64::from(records) * RECORD_H
}
