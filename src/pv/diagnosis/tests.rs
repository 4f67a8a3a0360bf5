//! Days whose troubles are made, one by one, and days on which nothing is wrong.

use super::*;

/// Height of the sun in each record of a day: up from six to eighteen, 60° at noon.
fn sun() -> Vec<f64> {
    (0..288).map(|record| 60.0 * height(record)).collect()
}

fn height(record: usize) -> f64 {
    let hour = f64::from(u32::try_from(record).expect("small")) / 12.0;
    ((hour - 6.0) / 12.0 * std::f64::consts::PI).sin()
}

/// A clear day of an inverter of 50 kW modules and 45 kW AC that makes so much of the light.
fn clear(share: f64) -> DayOf {
    let poa: Vec<f64> = (0..288).map(|record| (1_000.0 * height(record)).max(0.0)).collect();
    let ac = |poa: &f64| Some(50_000.0 * poa / 1_000.0 * share);
    let mut day = DayOf {
        dc_rated_w: 50_000.0,
        ac_rated_w: Some(45_000.0),
        ac_w: poa.iter().map(ac).collect(),
        dc_w: poa.iter().map(|poa| Some(50_000.0 * poa / 1_000.0 * share / 0.97)).collect(),
        poa_wm2: poa.iter().copied().map(Some).collect(),
        ..DayOf::default()
    };
    by_power(&mut day);
    day
}

/// The register counts what the power gives.
fn by_power(day: &mut DayOf) {
    day.energy_wh = day.ac_w.iter().flatten().sum::<f64>() * RECORD_H;
}

fn who(found: &[Found]) -> Vec<usize> {
    found.iter().map(|one| one.inverter).collect()
}

#[test]
fn nothing_is_found_on_a_sound_day() {
    let days = [clear(0.85), clear(0.84), clear(0.86)];
    let sun = sun();
    assert_eq!(below(&days, &sun), []);
    assert_eq!(clipped(&days, &sun), []);
    assert_eq!(curtailed(&days, &sun), [], "a clear noon is flat and is no plateau");
    assert_eq!(efficiency(&days, &sun), []);
    assert_eq!(stuck(&days, &sun), [], "nor are the zeros of a night");
    assert_eq!(snow(&days, 3.0 * 50_000.0 * 6.0, Some(-5.0)), None);
}

#[test]
fn the_best_sound_peer_is_the_measure_not_the_median() {
    // One trips for half a day, one is weak: the median of three is the weak one.
    let (mut tripped, weak) = (clear(0.85), clear(0.72));
    for ac_w in tripped.ac_w.iter_mut().skip(144) {
        *ac_w = Some(0.0);
    }
    by_power(&mut tripped);
    let days = [clear(0.85), weak, tripped];
    let found = below(&days, &sun());
    assert_eq!(who(&found), [1, 2]);
    let weak = &found[0];
    assert!((weak.share - 0.72 / 0.85).abs() < 1e-9, "{weak:?}");
    let lost_wh = days[0].energy_wh - days[1].energy_wh;
    assert!((weak.lost_wh.expect("told") - lost_wh).abs() < 1e-6);
    // The one that stood still lost nothing else: what it would have made then is told elsewhere.
    let mut stood = days.clone();
    stood[2].stood_wh = days[0].energy_wh - days[2].energy_wh;
    assert_eq!(who(&below(&stood, &sun())), [1]);
    // Alone in its group nobody can be compared.
    let mut alone = days;
    alone[1].group = 1;
    assert_eq!(who(&below(&alone, &sun())), [2]);
}

#[test]
fn a_gap_in_what_was_heard_is_no_loss() {
    let mut silent = clear(0.85);
    for ac_w in silent.ac_w.iter_mut().skip(120).take(24) {
        *ac_w = None;
    }
    assert_eq!(below(&[clear(0.85), silent], &sun()), [], "the register knows what was made");
}

#[test]
fn a_flat_top_at_the_nameplate_is_clipping_and_below_it_curtailment() {
    let sun = sun();
    let hold = |mut day: DayOf, most_w: f64| {
        for ac_w in day.ac_w.iter_mut().flatten() {
            *ac_w = ac_w.min(most_w);
        }
        by_power(&mut day);
        day
    };
    let free = clear(0.98);
    let cut = hold(free.clone(), 45_000.0);
    let found = clipped(std::slice::from_ref(&cut), &sun);
    assert_eq!(who(&found), [0]);
    let lost_wh = free.energy_wh - cut.energy_wh;
    let told = found[0].lost_wh.expect("the light is measured");
    assert!((told / lost_wh - 1.0).abs() < 0.02, "{told} of {lost_wh}");
    let records = cut.ac_w.iter().flatten().filter(|ac| **ac >= 0.985 * 45_000.0).count();
    assert!(
        (found[0].hours * 12.0 - f64::from(u32::try_from(records).expect("small"))).abs() < 1e-9
    );

    // Sunny mornings show what they can; then both are held at 40 %.
    let (a, b) = (hold(clear(0.85), 18_000.0), hold(clear(0.85), 18_000.0));
    let found = curtailed(&[a.clone(), b], &sun);
    assert_eq!(who(&found), [0, 1]);
    assert!((found[0].share - 0.4).abs() < 1e-9 && found[0].lost_wh.expect("told") > 0.0);
    assert_eq!(curtailed(&[a, clear(0.85)], &sun), [], "one alone has another trouble");
}

#[test]
fn dc_that_does_not_become_ac_is_told_with_what_it_costs() {
    let mut weak = clear(0.85);
    for dc_w in weak.dc_w.iter_mut().flatten() {
        *dc_w *= 0.97 / 0.90;
    }
    let mut wrong = clear(0.85);
    for dc_w in wrong.dc_w.iter_mut().flatten() {
        *dc_w *= 0.9;
    }
    let found = efficiency(&[clear(0.85), weak, wrong], &sun());
    assert_eq!(who(&found), [1, 2]);
    assert!((found[0].share - 0.90).abs() < 1e-9 && found[0].lost_wh.expect("told") > 0.0);
    assert!(
        found[1].share > 1.0 && found[1].lost_wh.is_none(),
        "a wrong measurement loses nothing"
    );
}

#[test]
fn a_power_that_stands_still_by_day_is_no_measurement() {
    let mut still = clear(0.85);
    let value = still.ac_w[100];
    for ac_w in still.ac_w.iter_mut().skip(100).take(12) {
        *ac_w = value;
    }
    let found = stuck(&[clear(0.85), still.clone()], &sun());
    assert_eq!(who(&found), [1]);
    assert!((found[0].hours - 1.0).abs() < 1e-9, "{found:?}");
    assert_eq!(stuck(&[still.clone(), still], &sun()), [], "nothing changed anywhere");
}

#[test]
fn a_frozen_roof_that_makes_nothing_of_a_clear_sky_is_under_snow() {
    let days = [clear(0.01), clear(0.02)];
    let clear_wh = clear(0.85).energy_wh * 2.0;
    let lost_wh = snow(&days, clear_wh, Some(-3.0)).expect("snow");
    assert!((lost_wh - (clear_wh - days[0].energy_wh - days[1].energy_wh)).abs() < 1e-6);
    assert_eq!(snow(&days, clear_wh, Some(8.0)), None, "too warm");
    assert_eq!(snow(&days, clear_wh, None), None, "nobody measures the air");
    assert_eq!(snow(&[clear(0.01), clear(0.5)], clear_wh, Some(-3.0)), None);
}
