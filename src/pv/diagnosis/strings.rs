//! The strings of one inverter beside each other, at noon.

use std::collections::BTreeMap;

use super::Found;

/// A string is dead that carries less than this of the median, while the median is this much.
const DEAD: f64 = 0.1;
const MEDIAN_MIN_A: f64 = 2.0;
/// An input is used that has carried this much of the median on some day.
const USED: f64 = 0.3;
/// Dispersion from which on something is to be improved, and is poor.
pub const IMPROVE_FROM: f64 = 0.10;
/// See [`IMPROVE_FROM`].
pub const POOR_FROM: f64 = 0.20;

/// Mean currents at noon of one day, A, by number of the input.
pub type Currents = BTreeMap<u16, f64>;

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The inputs that strings are on: those that carried current on some day. An input that never did is not
/// used, and no fault.
#[must_use]
pub fn used(days: &[Currents]) -> Vec<u16> {
    let mut used: Vec<u16> = Vec::new();
    for day in days {
        let Some(median) = median(day.values().copied().collect()) else { continue };
        let highest = day.values().copied().fold(median, f64::max);
        if highest < MEDIAN_MIN_A {
            continue;
        }
        let own = day.iter().filter(|(_, current)| **current >= USED * highest);
        used.extend(own.map(|(input, _)| *input));
    }
    used.sort_unstable();
    used.dedup();
    used
}

/// What the strings of an inverter did on a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Strings {
    /// Standard deviation by mean of those that carry current.
    pub dispersion: Option<f64>,
    /// Inputs that are used and carry none.
    pub dead: Vec<u16>,
    /// Share of what the inverter could have made that the dead ones would have brought.
    pub dead_share: f64,
    /// The same of those that lag behind the median.
    pub weak_share: f64,
}

/// Strings whose modules look the same way, on a day. `None` where it was too dark to say.
#[must_use]
#[allow(clippy::cast_precision_loss)] // strings of an inverter
pub fn strings(day: &Currents, used: &[u16]) -> Option<Strings> {
    let all: Vec<(u16, f64)> =
        used.iter().filter_map(|input| Some((*input, *day.get(input)?))).collect();
    let median = median(all.iter().map(|(_, current)| *current).collect())?;
    if median < MEDIAN_MIN_A || all.len() < 2 {
        return None;
    }
    let (dead, alive): (Vec<_>, Vec<_>) =
        all.iter().copied().partition(|(_, current)| *current < DEAD * median);
    let count = alive.len() as f64;
    let mean = alive.iter().map(|(_, current)| current).sum::<f64>() / count;
    let square = alive.iter().map(|(_, current)| (current - mean).powi(2)).sum::<f64>() / count;
    let lag: f64 = alive.iter().map(|(_, current)| (median - current).max(0.0)).sum();
    let made = mean * count;
    Some(Strings {
        dispersion: (alive.len() > 1).then(|| square.sqrt() / mean),
        dead_share: dead.len() as f64 * median / made,
        weak_share: lag / made,
        dead: dead.into_iter().map(|(input, _)| input).collect(),
    })
}

/// Days on which strings were dead, or too different; `share` is the dispersion, or the number of dead
/// strings by all that are used. `energy_wh` is what the inverter made.
#[must_use]
#[allow(clippy::cast_precision_loss)] // strings of an inverter
pub fn judged(
    inverter: usize,
    strings: &Strings,
    used: usize,
    energy_wh: f64,
) -> (Option<Found>, Option<Found>) {
    let dead = (!strings.dead.is_empty()).then(|| Found {
        inverter,
        share: strings.dead.len() as f64 / used.max(1) as f64,
        hours: 0.0,
        lost_wh: Some(energy_wh * strings.dead_share),
    });
    let differ = strings.dispersion.filter(|dispersion| *dispersion > IMPROVE_FROM);
    let differ = differ.map(|dispersion| Found {
        inverter,
        share: dispersion,
        hours: 0.0,
        lost_wh: Some(energy_wh * strings.weak_share),
    });
    (dead, differ)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(currents: &[f64]) -> Currents {
        (1..).zip(currents.iter().copied()).collect()
    }

    #[test]
    fn a_dead_string_is_told_from_an_input_that_is_not_used() {
        let days = [day(&[8.0, 8.1, 7.9, 8.0, 0.0, 0.0]), day(&[8.0, 0.05, 7.9, 8.0, 0.0, 0.0])];
        let used = used(&days);
        assert_eq!(used, [1, 2, 3, 4]);
        let sound = strings(&days[0], &used).expect("bright");
        assert!(sound.dead.is_empty() && sound.dispersion.expect("told") < 0.01);
        let broken = strings(&days[1], &used).expect("bright");
        assert_eq!(broken.dead, [2]);
        // A quarter of the strings is a third of what the others made.
        assert!((broken.dead_share - 8.0 / 23.9).abs() < 1e-9, "{broken:?}");
        let (dead, differ) = judged(7, &broken, used.len(), 90_000.0);
        let dead = dead.expect("dead");
        assert_eq!((dead.inverter, dead.share), (7, 0.25));
        assert!((dead.lost_wh.expect("told") - 90_000.0 * 8.0 / 23.9).abs() < 1e-6);
        assert!(differ.is_none());
    }

    #[test]
    fn dispersion_is_standard_deviation_by_mean() {
        let own = day(&[10.0, 10.0, 10.0, 6.0]);
        let told = strings(&own, &[1, 2, 3, 4]).expect("bright");
        // mean 9, deviation √3
        assert!((told.dispersion.expect("told") - 3_f64.sqrt() / 9.0).abs() < 1e-12);
        assert!((told.weak_share - 4.0 / 36.0).abs() < 1e-12);
        assert!(
            judged(0, &told, 4, 36_000.0).1.expect("found").lost_wh.expect("told") - 4_000.0 < 1e-6
        );
        assert_eq!(strings(&day(&[0.5, 0.1, 0.4, 0.2]), &[1, 2, 3, 4]), None, "too dark");
        assert_eq!(strings(&day(&[8.0]), &[1]), None, "nothing beside it");
    }
}
