//! Shade that comes at the same time of day: a mast, a parapet, the neighbour's air conditioner.
//!
//! Each half hour of an inverter is compared with the best of its group in the same half hour, or with the
//! measured light where it is alone, and that by its own usual share of the day: one that is weak all day
//! long is not in the shade. Shadows fall under a clear sky only, so a part of the days is enough.

use std::collections::BTreeMap;

use super::{DayOf, RECORD_H};

/// Records of half an hour, and half hours of a day.
const RECORDS: usize = 6;
/// Half hours of a day; an autumn day of a clock change has two more.
const SLOTS: usize = 50;
/// The sun has to be so high, degrees.
const SUN_DEG: f64 = 5.0;
/// What the best one makes by its rating from which on a half hour is compared, and from which on it says
/// what is usual.
const COMPARED_FROM: f64 = 0.1;
const USUAL_FROM: f64 = 0.3;
const USUAL_SLOTS: usize = 6;
/// Near its nameplate an inverter clips.
const CLIPS_FROM: f64 = 0.97;
/// Below this share of what is usual, on so many days and in such a part of those that were seen, there is
/// a shadow.
const SHADED: f64 = 0.9;
const DAYS_MIN: usize = 5;
const DAYS_SHARE: f64 = 0.3;

/// Half an hour of an inverter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfHour {
    /// What it made by what is usual for it.
    pub share: f64,
    /// What it made less, Wh; negative where it made more.
    pub less_wh: f64,
}

/// The half hours of a day from midnight on; `None` where nothing can be said.
pub type HalfHours = Vec<Option<HalfHour>>;

/// Where a shadow falls.
#[derive(Debug, Clone, PartialEq)]
pub struct Shade {
    /// First and last half hour of each stretch, from midnight on.
    pub stretches: Vec<(usize, usize)>,
    /// What was lost on each day, Wh; `None` on days without a shadow.
    pub lost_wh: Vec<Option<f64>>,
    /// The lowest share of a half hour, in the median of the shaded days.
    pub worst: f64,
}

/// Power by rating in a half hour, where enough of it is known.
fn specific(day: &DayOf, slot: usize) -> Option<f64> {
    let known: Vec<f64> =
        (slot * RECORDS..(slot + 1) * RECORDS).filter_map(|r| day.ac(r)).collect();
    mean(&known).filter(|_| day.dc_rated_w > 0.0).map(|ac_w| ac_w / day.dc_rated_w)
}

/// Light in a half hour, by that at which modules give their rating.
fn light(day: &DayOf, slot: usize) -> Option<f64> {
    let known: Vec<f64> =
        (slot * RECORDS..(slot + 1) * RECORDS).filter_map(|r| day.poa(r)).collect();
    mean(&known).map(|poa| poa / 1_000.0)
}

fn mean(known: &[f64]) -> Option<f64> {
    let count = u32::try_from(known.len()).ok()?;
    (known.len() + 2 >= RECORDS).then(|| known.iter().sum::<f64>() / f64::from(count))
}

/// A half hour of a group: what its best one makes, and whether one of it clips. Who clips is no measure, and
/// the others would seem too good at noon.
#[derive(Debug, Clone, Copy, Default)]
struct Best {
    power: Option<f64>,
    clips: bool,
}

/// The half hours of all inverters on a day.
#[must_use]
pub fn half_hours(days: &[DayOf], sun_deg: &[f64]) -> Vec<HalfHours> {
    let powers: Vec<Vec<Option<f64>>> =
        days.iter().map(|day| (0..SLOTS).map(|slot| specific(day, slot)).collect()).collect();
    let mut groups: BTreeMap<usize, (usize, Vec<Best>)> = BTreeMap::new();
    for (day, own) in days.iter().zip(&powers) {
        let rated = day.ac_rated_w.map_or(f64::INFINITY, |ac_w| ac_w / day.dc_rated_w);
        let (members, best) = groups.entry(day.group).or_default();
        *members += 1;
        best.resize(SLOTS, Best::default());
        for (best, own) in best.iter_mut().zip(own) {
            best.power = own.map_or(best.power, |own| Some(best.power.map_or(own, |p| p.max(own))));
            best.clips |= own.is_some_and(|own| own >= CLIPS_FROM * rated);
        }
    }
    let of = |(day, own): (&DayOf, &Vec<Option<f64>>)| {
        let compared = |(slot, own): (usize, &Option<f64>)| {
            let (members, best) = groups.get(&day.group)?;
            let best = best.get(slot).copied().filter(|best| !best.clips)?;
            let power = if *members > 1 { best.power } else { light(day, slot) };
            let high = sun_deg.get(slot * RECORDS).is_some_and(|sun| *sun > SUN_DEG);
            Some(((*own)?, power.filter(|power| high && *power >= COMPARED_FROM)?))
        };
        let slots: Vec<Option<(f64, f64)>> = own.iter().enumerate().map(compared).collect();
        judge(day, &slots)
    };
    days.iter().zip(&powers).map(of).collect()
}

/// Half hours by what is usual for an inverter: median of its shares while there is much light.
fn judge(day: &DayOf, slots: &[Option<(f64, f64)>]) -> HalfHours {
    let bright = slots.iter().flatten().filter(|(_, best)| *best >= USUAL_FROM);
    let mut shares: Vec<f64> = bright.map(|(own, best)| own / best).collect();
    shares.sort_by(f64::total_cmp);
    // What stood still on that day is told elsewhere.
    let sound = shares.len() >= USUAL_SLOTS && day.stood_wh == 0.0;
    let usual = shares.get(shares.len() / 2).copied().filter(|usual| sound && *usual > 0.0);
    let hours = RECORD_H * f64::from(u32::try_from(RECORDS).unwrap_or(0));
    let of = |(own, best): (f64, f64)| {
        let usual = usual? * best;
        let less_wh = (usual - own) * day.dc_rated_w * hours;
        Some(HalfHour { share: own / usual, less_wh })
    };
    slots.iter().map(|slot| slot.and_then(of)).collect()
}

/// Whether an inverter is in the shade at the same time of many of these days.
#[must_use]
pub fn shaded(days: &[HalfHours]) -> Option<Shade> {
    let at = |day: &HalfHours, slot: usize| day.get(slot).copied().flatten();
    let low = |day: &HalfHours, slot: usize| at(day, slot).filter(|one| one.share < SHADED);
    let shady = |slot: &usize| {
        let seen = days.iter().filter(|day| at(day, *slot).is_some()).count();
        let dark = days.iter().filter(|day| low(day, *slot).is_some()).count();
        #[allow(clippy::cast_precision_loss)] // days of a month
        let often = dark as f64 >= DAYS_SHARE * seen as f64;
        dark >= DAYS_MIN && often
    };
    let slots: Vec<usize> = (0..SLOTS).filter(shady).collect();
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    for slot in &slots {
        match stretches.last_mut().filter(|(_, last)| last + 1 == *slot) {
            Some((_, last)) => *last = *slot,
            None => stretches.push((*slot, *slot)),
        }
    }
    let worst = |slot: &usize| {
        let mut shares: Vec<f64> =
            days.iter().filter_map(|day| low(day, *slot)).map(|one| one.share).collect();
        shares.sort_by(f64::total_cmp);
        shares.get(shares.len() / 2).copied()
    };
    let worst = slots.iter().filter_map(worst).reduce(f64::min)?;
    let lost = |day: &HalfHours| {
        slots.iter().filter_map(|slot| low(day, *slot)).map(|one| one.less_wh).reduce(|a, b| a + b)
    };
    Some(Shade { stretches, worst, lost_wh: days.iter().map(lost).collect() })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::expect_used)] // a test fails by panicking
mod tests {
    use super::*;

    fn height(record: usize) -> f64 {
        let hour = f64::from(u32::try_from(record).expect("small")) / 12.0;
        ((hour - 6.0) / 12.0 * std::f64::consts::PI).sin()
    }

    fn sun() -> Vec<f64> {
        (0..288).map(|record| 60.0 * height(record)).collect()
    }

    /// A day of 50 kW modules that make so much of a light of `share` of a clear one.
    fn day(share: f64, of_it: f64) -> DayOf {
        let power = |record| Some((50_000.0 * height(record) * share * of_it).max(0.0));
        DayOf {
            dc_rated_w: 50_000.0,
            ac_rated_w: Some(45_000.0),
            ac_w: (0..288).map(power).collect(),
            poa_wm2: (0..288).map(|r| Some((1_000.0 * height(r) * share).max(0.0))).collect(),
            ..DayOf::default()
        }
    }

    /// The same with a shadow from eight to nine that takes a part.
    fn shadow(mut day: DayOf, left: f64) -> DayOf {
        for ac_w in day.ac_w.iter_mut().take(108).skip(96) {
            *ac_w = ac_w.map(|ac_w| ac_w * left);
        }
        day
    }

    /// Half hours of the second inverter on days that are made one by one.
    fn second(days: impl Iterator<Item = Vec<DayOf>>) -> Vec<HalfHours> {
        days.map(|days| half_hours(&days, &sun())[1].clone()).collect()
    }

    #[test]
    fn a_shadow_of_the_morning_is_found_with_its_times_and_its_energy() {
        // Of thirty days ten are clear; under clouds no shadow is seen.
        let days = (0..30).map(|n| match n % 3 {
            0 => vec![day(1.0, 0.85), shadow(day(1.0, 0.80), 0.5)],
            _ => vec![day(0.5, 0.85), day(0.5, 0.80)],
        });
        let found = shaded(&second(days)).expect("a shadow");
        assert_eq!(found.stretches, [(16, 17)], "from 08:00 to 09:00");
        assert!((found.worst - 0.5).abs() < 1e-9, "{found:?}");
        let hour: f64 = (96..108).map(|r| 50_000.0 * height(r) * 0.80 * 0.5 / 12.0).sum();
        let days: Vec<f64> = found.lost_wh.iter().flatten().copied().collect();
        assert_eq!(days.len(), 10);
        assert!((days[0] - hour).abs() < 1e-6, "{} of {hour}", days[0]);
    }

    #[test]
    fn weak_all_day_or_on_some_days_only_or_clipping_is_no_shadow() {
        let weak = (0..30).map(|_| vec![day(1.0, 0.85), day(1.0, 0.6)]);
        assert_eq!(shaded(&second(weak)), None);
        let seldom = (0..30).map(|n| match n < 4 {
            true => vec![day(1.0, 0.85), shadow(day(1.0, 0.85), 0.5)],
            false => vec![day(1.0, 0.85), day(1.0, 0.85)],
        });
        assert_eq!(shaded(&second(seldom)), None);
        let clips = (0..30).map(|_| {
            let mut clips = day(1.0, 0.98);
            clips.ac_rated_w = Some(30_000.0);
            for ac_w in clips.ac_w.iter_mut().flatten() {
                *ac_w = ac_w.min(30_000.0);
            }
            vec![day(1.0, 0.85), clips]
        });
        assert_eq!(shaded(&second(clips)), None);
        assert_eq!(shaded(&[]), None);
    }

    #[test]
    fn alone_the_measured_light_is_the_measure() {
        let days = (0..10).map(|_| {
            let mut other = day(1.0, 0.85);
            other.group = 1;
            vec![other, shadow(day(1.0, 0.85), 0.4)]
        });
        let found = shaded(&second(days)).expect("a shadow");
        assert_eq!(found.stretches, [(16, 17)]);
        let blind = (0..10).map(|_| {
            let mut blind = shadow(day(1.0, 0.85), 0.4);
            blind.poa_wm2 = Vec::new();
            vec![DayOf { group: 1, ..day(1.0, 0.85) }, blind]
        });
        assert_eq!(shaded(&second(blind)), None, "no peer and no sensor");
    }
}
