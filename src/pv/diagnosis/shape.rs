//! The shape of a day: flat tops, values that stand still, what is lost between DC and AC.

use super::peers::hours;
use super::{DayOf, Found, RECORD_H, SUN_UP_DEG};

/// Share of the nameplate from which on an inverter clips, and records that make a plateau.
const CLIPS_FROM: f64 = 0.985;
const PLATEAU_RECORDS: usize = 6;
/// A plateau varies less than this, and plateaus of two inverters are alike within that.
const FLAT: f64 = 0.01;
const ALIKE: f64 = 0.02;
/// A plateau below the nameplate is held down when the light would give so much more.
const HELD_DOWN: f64 = 1.1;
/// Share of the modules' rating from which on the conversion is judged, and what is too little.
const JUDGED_FROM: f64 = 0.2;
const EFFICIENCY_MIN: f64 = 0.93;
/// Conversion of a sound inverter: what is lost is told against it.
const EFFICIENCY_SOUND: f64 = 0.97;
/// So many equal values in a row are no measurement, while another inverter changed by so much.
const STUCK_RECORDS: usize = 6;
const OTHERS_CHANGED: f64 = 0.05;

/// An inverter at its nameplate: `share` is the highest power by it; what was cut off is told where the
/// light is measured.
#[must_use]
pub fn clipped(days: &[DayOf], sun_deg: &[f64]) -> Vec<Found> {
    let clip = |(inverter, day): (usize, &DayOf)| {
        let rated_w = day.ac_rated_w.filter(|rated_w| *rated_w > 0.0)?;
        let at_top = |record: &usize| day.ac(*record).is_some_and(|ac| ac >= CLIPS_FROM * rated_w);
        let records: Vec<usize> = (0..sun_deg.len()).filter(at_top).collect();
        if records.len() < 2 {
            return None;
        }
        let ratio = day.ratio(sun_deg, 0.9 * rated_w);
        let lost = |record: &usize| {
            let could_w = day.could_w(*record, ratio?)?;
            Some((could_w - day.ac(*record)?).max(0.0) * RECORD_H)
        };
        let top = records.iter().filter_map(|record| day.ac(*record)).fold(0.0, f64::max);
        Some(Found {
            inverter,
            share: top / rated_w,
            hours: hours(u32::try_from(records.len()).unwrap_or_default()),
            lost_wh: records.iter().map(lost).sum(),
        })
    };
    days.iter().enumerate().filter_map(clip).collect()
}

/// The level of the longest plateau below the nameplate at which the light would have given more, by the
/// nameplate; and its records.
fn plateau(day: &DayOf, sun_deg: &[f64]) -> Option<(f64, Vec<usize>)> {
    let rated_w = day.ac_rated_w.filter(|rated_w| *rated_w > 0.0)?;
    let ratio = day.ratio(sun_deg, f64::MAX)?;
    let mut best: Vec<usize> = Vec::new();
    let mut run: Vec<usize> = Vec::new();
    for record in 0..sun_deg.len() {
        let level = run.first().and_then(|first| day.ac(*first));
        let held = day.ac(record).filter(|ac_w| {
            let flat = level.is_none_or(|level| (ac_w - level).abs() <= FLAT * level);
            let could_w = day.could_w(record, ratio).unwrap_or(0.0);
            flat && *ac_w > 0.0 && *ac_w < 0.95 * rated_w && could_w > HELD_DOWN * ac_w
        });
        if held.is_some() {
            run.push(record);
        } else {
            run.clear();
        }
        if run.len() > best.len() {
            best.clone_from(&run);
        }
    }
    let level = best.first().and_then(|first| day.ac(*first))?;
    (best.len() >= PLATEAU_RECORDS).then(|| (level / rated_w, best))
}

/// Inverters that were held at one power below their nameplate, at least two at the same share of it, while
/// the light would have given more: `share` is that share. Needs a measured irradiance; a clear noon is
/// flat, too.
#[must_use]
pub fn curtailed(days: &[DayOf], sun_deg: &[f64]) -> Vec<Found> {
    let plateaus: Vec<_> = days.iter().map(|day| plateau(day, sun_deg)).collect();
    let mut found = Vec::new();
    for (inverter, (day, own)) in days.iter().zip(&plateaus).enumerate() {
        let Some((level, records)) = own else { continue };
        let alike = plateaus.iter().enumerate().any(|(other, plateau)| {
            other != inverter
                && plateau.as_ref().is_some_and(|(its, _)| (its - level).abs() <= ALIKE)
        });
        if !alike {
            continue;
        }
        let ratio = day.ratio(sun_deg, f64::MAX);
        let lost = |record: &usize| {
            let could_w = day.could_w(*record, ratio?)?;
            Some((could_w - day.ac(*record)?).max(0.0) * RECORD_H)
        };
        found.push(Found {
            inverter,
            share: *level,
            hours: hours(u32::try_from(records.len()).unwrap_or_default()),
            lost_wh: records.iter().map(lost).sum(),
        });
    }
    found
}

/// Inverters that make too little AC of their DC over an hour above a fifth of their rating: `share` is AC
/// by DC. More AC than DC is a measurement gone wrong, and found as well.
#[must_use]
pub fn efficiency(days: &[DayOf], sun_deg: &[f64]) -> Vec<Found> {
    let judge = |(inverter, day): (usize, &DayOf)| {
        let (mut ac_sum, mut dc_sum, mut records) = (0.0, 0.0, 0_u32);
        for record in 0..sun_deg.len() {
            let dc_w = day.dc_w.get(record).copied().flatten();
            if let Some((ac_w, dc_w)) = day.ac(record).zip(dc_w)
                && dc_w > JUDGED_FROM * day.dc_rated_w
            {
                (ac_sum, dc_sum, records) = (ac_sum + ac_w, dc_sum + dc_w, records + 1);
            }
        }
        let share = ac_sum / dc_sum;
        let wrong = records >= 12 && !(EFFICIENCY_MIN..=1.0).contains(&share);
        wrong.then(|| Found {
            inverter,
            share,
            hours: hours(records),
            lost_wh: (share < 1.0).then_some((EFFICIENCY_SOUND * dc_sum - ac_sum) * RECORD_H),
        })
    };
    days.iter().enumerate().filter_map(judge).collect()
}

/// Inverters whose AC power stood still for half an hour and longer while the sun was up and another one's
/// changed: `hours` is how long. No energy is lost by it.
#[must_use]
pub fn stuck(days: &[DayOf], sun_deg: &[f64]) -> Vec<Found> {
    let changed = |day: &DayOf, from: usize, to: usize| {
        let values = (from..=to).filter_map(|record| day.ac(record));
        let (low, high) =
            values.fold((f64::MAX, 0.0), |(low, high): (f64, f64), ac| (low.min(ac), high.max(ac)));
        high > 0.0 && high - low > OTHERS_CHANGED * high
    };
    let judge = |(inverter, day): (usize, &DayOf)| {
        let (mut standing, mut since) = (0_u32, 0);
        for record in 1..=sun_deg.len() {
            let up = sun_deg.get(record).is_some_and(|sun| *sun > SUN_UP_DEG);
            let same =
                up && day.ac(record).is_some_and(|ac| ac > 0.0) && day.ac(record) == day.ac(since);
            if same {
                continue;
            }
            let long = record - since >= STUCK_RECORDS && sun_deg.get(since) > Some(&SUN_UP_DEG);
            let others = || {
                let mut others = days.iter().enumerate().filter(|(other, _)| *other != inverter);
                others.any(|(_, other)| changed(other, since, record - 1))
            };
            if long && day.ac(since).is_some_and(|ac| ac > 0.0) && others() {
                standing += u32::try_from(record - since).unwrap_or_default();
            }
            since = record;
        }
        (standing > 0).then(|| Found {
            inverter,
            share: 0.0,
            hours: hours(standing),
            lost_wh: None,
        })
    };
    days.iter().enumerate().filter_map(judge).collect()
}
