//! Dirt on the modules: what is made of the light falls from day to day, and comes back with rain or a wash.
//!
//! After the rate-and-recovery method of Deceglie, Micheli and Muller (2018), without its dice: the days
//! between two recoveries are an interval, and it counts only where its days fall by more than chance (Mann
//! and Kendall). How far it fell is the closest line
//! that never rises, so that a dust storm after clean weeks is seen as what it is. An interval begins clean:
//! what was dirty before it is not seen, so that losses are told too low rather than too high.

/// Records with less than this share of the modules' rating say little of dirt.
const BRIGHT: f64 = 0.2;
/// An hour of bright records makes a day; three of them a clear one.
const RECORDS_MIN: usize = 12;
const CLEAR_RECORDS_MIN: usize = 36;
/// On a clear day what is made of a clear sky changes by no more than this from record to record, in the
/// mean, and lies within this band in eight of ten records.
const CLEAR_STEP: f64 = 0.01;
const CLEAR_BAND: f64 = 0.2;
/// A recovery is a step up by this share and by so much of the noise, seen over so many days.
const STEP_MIN: f64 = 0.01;
const STEP_NOISE: f64 = 3.0;
const STEP_DAYS: usize = 4;
/// An interval that is judged has so many days with an index.
const DAYS_MIN: usize = 7;
/// So many days on either side smooth a day; what is lost in a day is told of so many.
const SMOOTH_DAYS: usize = 3;
const RATE_DAYS: usize = 14;
/// Two-sided 95 % of the normal distribution.
const Z_95: f64 = 1.96;

/// What was found of dirt over some days.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Soiling {
    /// Share of the output that was lost on each day.
    pub lost_share: Vec<f64>,
    /// Places of the days on which it was cleaner than before.
    pub cleaned: Vec<usize>,
    /// What it loses in a day in the interval that lasts, a share.
    pub rate_per_day: f64,
}

/// What an inverter makes of the light on a day: AC power by what the light would give, `could_w`, over
/// bright records in which nothing holds it back (below `below_w`). With `clear_sky` the light is that of
/// a clear sky, and a day says something only when the sky was clear.
#[must_use]
pub fn index(
    ac_w: &[Option<f64>],
    could_w: &[Option<f64>],
    dc_rated_w: f64,
    below_w: f64,
    clear_sky: bool,
) -> Option<f64> {
    let mut bright = 0;
    let mut known: Vec<(f64, f64)> = Vec::new();
    for (ac_w, could_w) in ac_w.iter().zip(could_w) {
        let Some(could_w) = could_w.filter(|could_w| *could_w > BRIGHT * dc_rated_w) else {
            continue;
        };
        bright += 1;
        known.extend(ac_w.filter(|ac_w| *ac_w > 0.0 && *ac_w < below_w).map(|ac| (ac, could_w)));
    }
    let min = if clear_sky { CLEAR_RECORDS_MIN } else { RECORDS_MIN };
    if known.len() < min || known.len() * 5 < bright * 4 {
        return None;
    }
    if clear_sky {
        return clear(known.iter().map(|(ac_w, could_w)| ac_w / could_w).collect());
    }
    let (ac_w, could_w) = known.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    Some(ac_w / could_w)
}

/// The median of a clear day's ratios; `None` when clouds passed.
fn clear(mut ratios: Vec<f64>) -> Option<f64> {
    let steps: f64 = ratios.windows(2).map(|pair| pair.iter().fold(0.0, |a, b| b - a).abs()).sum();
    let count = f64::from(u32::try_from(ratios.len()).ok()?);
    ratios.sort_by(f64::total_cmp);
    let at = |tenths: usize| ratios.get(ratios.len() * tenths / 10).copied();
    let (low, middle, high) = (at(1)?, at(5)?, at(9)?);
    let clear = steps / count < CLEAR_STEP * middle && high - low < CLEAR_BAND * middle;
    clear.then_some(middle)
}

/// The index of a roof: of each day the median over its inverters, each by its own median over the days.
#[must_use]
pub fn of_roof(inverters: &[Vec<Option<f64>>]) -> Vec<Option<f64>> {
    let days = inverters.iter().map(Vec::len).max().unwrap_or(0);
    let own: Vec<Option<f64>> =
        inverters.iter().map(|days| median(days.iter().flatten().copied().collect())).collect();
    let of_day = |day: usize| {
        let relative = inverters.iter().zip(&own);
        let relative = relative.filter_map(|(days, own)| {
            Some(days.get(day).copied().flatten()? / own.filter(|own| *own > 0.0)?)
        });
        median(relative.collect())
    };
    (0..days).map(of_day).collect()
}

/// How dirt built up by the index of each day; `None` without an interval that says anything.
#[must_use]
pub fn soiling(index: &[Option<f64>]) -> Option<Soiling> {
    let known: Vec<(usize, f64)> =
        index.iter().enumerate().filter_map(|(day, index)| Some((day, (*index)?))).collect();
    let starts = recoveries(&known);
    let mut found = Soiling { lost_share: vec![0.0; index.len()], ..Soiling::default() };
    let mut judged = false;
    let mut bounds = vec![0];
    bounds.extend(&starts);
    for (place, start) in bounds.iter().enumerate() {
        let end = bounds.get(place + 1).copied().unwrap_or(known.len());
        let Some(interval) = known.get(*start..end).filter(|days| days.len() >= DAYS_MIN) else {
            found.rate_per_day = 0.0;
            continue;
        };
        judged = true;
        found.rate_per_day = 0.0;
        if !falls(interval) {
            continue;
        }
        let line = never_rising(&smooth(interval));
        let Some(clean) = line.first().copied().filter(|clean| *clean > 0.0) else { continue };
        let first = interval.first().map_or(0, |(day, _)| *day);
        let last = known.get(end).map_or(index.len(), |(day, _)| *day);
        let mut lost = 0.0;
        for day in first..last {
            // Between two days that are known it is that of the first of them.
            if let Some(at) = interval.iter().position(|(own, _)| *own == day) {
                lost = line.get(at).map_or(lost, |level| (1.0 - level / clean).clamp(0.0, 1.0));
            }
            if let Some(share) = found.lost_share.get_mut(day) {
                *share = lost;
            }
        }
        found.rate_per_day = rate(interval, &line) / clean;
    }
    found.cleaned = starts.iter().filter_map(|at| known.get(*at).map(|(day, _)| *day)).collect();
    judged.then_some(found)
}

/// Places at which the index went up and stayed there.
fn recoveries(known: &[(usize, f64)]) -> Vec<usize> {
    let values: Vec<f64> = known.iter().map(|(_, index)| *index).collect();
    let changes = values.windows(2).map(|pair| pair.iter().fold(0.0, |a, b| b - a).abs());
    let (Some(noise), Some(level)) = (median(changes.collect()), median(values.clone())) else {
        return Vec::new();
    };
    // Median of the differences of two normal numbers by their deviation.
    let noise = 1.4826 * noise / std::f64::consts::SQRT_2;
    let least = (STEP_MIN * level).max(STEP_NOISE * noise);
    let step = |at: usize| {
        let before = values.get(at.saturating_sub(STEP_DAYS)..at)?;
        let after = values.get(at..(at + STEP_DAYS).min(values.len()))?;
        let enough = before.len() >= STEP_DAYS && after.len() >= 2;
        Some(median(after.to_vec())? - median(before.to_vec())?).filter(|_| enough)
    };
    let steps: Vec<f64> = (0..values.len()).map(|at| step(at).unwrap_or(0.0)).collect();
    let jump = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| values.get(before));
        values.get(at).zip(before).map_or(0.0, |(now, before)| now - before)
    };
    let mut found: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        if steps.get(at).is_none_or(|step| *step <= least) {
            at += 1;
            continue;
        }
        // Around a step all medians are high: it lies where the index itself jumped.
        let high = steps.iter().skip(at).take_while(|step| **step > least).count();
        found.extend((at..at + high).max_by(|a, b| jump(*a).total_cmp(&jump(*b))));
        at += high;
    }
    found
}

/// Days between two places.
fn apart(first: usize, day: usize) -> f64 {
    f64::from(u32::try_from(day.saturating_sub(first)).unwrap_or(u32::MAX))
}

/// Whether the index falls: more pairs of days fall than rise, by more than chance would have it in 95 of a
/// hundred cases (Mann and Kendall).
fn falls(days: &[(usize, f64)]) -> bool {
    let mut score = 0_i64;
    for (place, (_, from)) in days.iter().enumerate() {
        for (_, to) in days.iter().skip(place + 1) {
            score += i64::from(to > from) - i64::from(to < from);
        }
    }
    let n = apart(0, days.len());
    #[allow(clippy::cast_precision_loss)] // at most the pairs of a year
    let score = score as f64;
    score < -Z_95 * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt()
}

/// Medians of some days about each.
fn smooth(days: &[(usize, f64)]) -> Vec<f64> {
    let about = |at: usize| {
        // As many before it as behind it, so that the ends of a slope are not bent.
        let reach = SMOOTH_DAYS.min(at).min(days.len() - 1 - at);
        let near = days.get(at - reach..=at + reach).unwrap_or_default();
        median(near.iter().map(|(_, index)| *index).collect()).unwrap_or_default()
    };
    (0..days.len()).map(about).collect()
}

/// The line closest to some values, by squares, that never rises: neighbours that rise become their mean.
fn never_rising(values: &[f64]) -> Vec<f64> {
    let mut blocks: Vec<(f64, u32)> = Vec::new();
    for value in values {
        let mut block = (*value, 1);
        while let Some((before, count)) = blocks.last().copied().filter(|last| last.0 < block.0) {
            blocks.pop();
            let all = count + block.1;
            let sum = before * f64::from(count) + block.0 * f64::from(block.1);
            block = (sum / f64::from(all), all);
        }
        blocks.push(block);
    }
    blocks.into_iter().flat_map(|(level, count)| (0..count).map(move |_| level)).collect()
}

/// What the line fell by in a day over its last weeks.
fn rate(days: &[(usize, f64)], line: &[f64]) -> f64 {
    let Some((last, end)) = days.last().map(|(day, _)| *day).zip(line.last()) else { return 0.0 };
    let recent = days.iter().zip(line).find(|((day, _), _)| *day + RATE_DAYS >= last);
    let Some(((first, _), begin)) = recent.filter(|((first, _), _)| *first < last) else {
        return 0.0;
    };
    (begin - end) / apart(*first, last)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let high = values.get(middle).copied()?;
    match values.len() % 2 {
        1 => Some(high),
        _ => Some(f64::midpoint(high, *values.get(middle - 1)?)),
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::expect_used)] // a test fails by panicking
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Days of an index of 0.8 that falls by `rate` a day and is clean again on the days in `washed`;
    /// `noise` comes from a list.
    fn falling(days: usize, rate: f64, washed: &[usize], noise: &[f64]) -> Vec<Option<f64>> {
        let mut dirt = 0.0;
        let day = |day: usize| {
            dirt = if washed.contains(&day) { 0.0 } else { dirt + rate };
            Some(0.8 * (1.0 - dirt) * (1.0 + noise.get(day).copied().unwrap_or(0.0)))
        };
        (0..days).map(day).collect()
    }

    #[test]
    fn a_clean_roof_and_one_that_only_flickers_have_no_dirt() {
        let flat = soiling(&falling(60, 0.0, &[], &[])).expect("judged");
        assert!(flat.lost_share.iter().all(|lost| *lost == 0.0) && flat.cleaned.is_empty());
        let noise: Vec<f64> = (0..60).map(|day| f64::from(day * 37 % 11) / 500.0 - 0.01).collect();
        let flicker = soiling(&falling(60, 0.0, &[], &noise)).expect("judged");
        assert!(flicker.lost_share.iter().all(|lost| *lost == 0.0), "{flicker:?}");
        assert_eq!(soiling(&falling(6, 0.002, &[], &[])), None, "six days say nothing");
        assert_eq!(soiling(&[]), None);
    }

    #[test]
    fn a_wash_ends_an_interval_and_the_dirt_before_it_is_known() {
        let found = soiling(&falling(60, 0.003, &[40], &[])).expect("judged");
        assert_eq!(found.cleaned, [40]);
        // The first day is taken for clean; on the 40th it had lost 39 times 0.3 %.
        assert!((found.lost_share[39] - 39.0 * 0.003 / (1.0 - 0.003)).abs() < 1e-9, "{found:?}");
        assert_eq!(found.lost_share[40], 0.0);
        assert!((found.lost_share[59] - 19.0 * 0.003).abs() < 1e-9);
        assert!((found.rate_per_day - 0.003).abs() < 1e-9);
    }

    #[test]
    fn a_dust_storm_after_clean_weeks_is_no_dirt_of_those_weeks() {
        let storm = |day: usize| Some(if day < 40 { 0.8 } else { 0.8 * 0.9 });
        let days: Vec<Option<f64>> = (0..60).map(storm).collect();
        let found = soiling(&days).expect("judged");
        assert!(found.lost_share[..40].iter().all(|lost| *lost == 0.0), "{found:?}");
        assert!((found.lost_share[59] - 0.1).abs() < 1e-9 && found.rate_per_day.abs() < 1e-9);
        let rising: Vec<f64> = vec![1.0, 3.0, 2.0, 2.0, 5.0, 0.0];
        assert_eq!(never_rising(&rising), [2.6, 2.6, 2.6, 2.6, 2.6, 0.0]);
    }

    #[test]
    fn days_without_an_index_are_lost_days_too() {
        let mut days = falling(40, 0.002, &[], &[]);
        for day in (1..39).step_by(3) {
            days[day] = None;
        }
        let found = soiling(&days).expect("judged");
        assert!((found.lost_share[38] - 38.0 * 0.002 / 0.998).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn a_day_has_an_index_when_it_was_bright_and_by_a_clear_sky_when_it_was_clear() {
        let could: Vec<Option<f64>> =
            (0..120).map(|record| Some(f64::from(60 - i32::abs(record - 60)) * 1_000.0)).collect();
        let ac = |share: f64| -> Vec<Option<f64>> {
            could.iter().map(|could_w| could_w.map(|could_w| could_w * share)).collect()
        };
        let near = |found: Option<f64>| (found.expect("an index") - 0.8).abs() < 1e-9;
        assert!(near(index(&ac(0.8), &could, 50_000.0, 45_000.0, false)));
        assert!(near(index(&ac(0.8), &could, 50_000.0, f64::MAX, true)));
        let mut clouds = ac(0.8);
        for ac_w in clouds.iter_mut().step_by(7) {
            *ac_w = ac_w.map(|ac_w| ac_w * 0.4);
        }
        assert_eq!(index(&clouds, &could, 50_000.0, f64::MAX, true), None);
        let gone: Vec<Option<f64>> = ac(0.8).iter().take(40).copied().collect();
        assert_eq!(index(&gone, &could[..40], 50_000.0, f64::MAX, true), None, "too short");
        let dark: Vec<Option<f64>> = vec![Some(1_000.0); 120];
        assert_eq!(index(&dark, &dark, 50_000.0, f64::MAX, false), None);
    }

    #[test]
    fn one_inverter_that_fails_is_not_the_dirt_of_the_roof() {
        let sound = vec![Some(0.8), Some(0.79), Some(0.78)];
        let mut failed = sound.clone();
        failed[2] = Some(0.3);
        let roof = of_roof(&[sound.clone(), sound, failed]);
        let relative = roof[2].expect("known") / roof[0].expect("known");
        assert!((relative - 0.78 / 0.8).abs() < 1e-9, "{roof:?}");
        assert_eq!(of_roof(&[]), Vec::<Option<f64>>::new());
    }

    proptest! {
        /// Dirt of any rate, washed off on some day, under noise of a percent: what is found is what
        /// was put there.
        #[test]
        fn what_was_lost_is_found(
            rate in 0.0015_f64..0.006,
            wash in 25_usize..40,
            noise in proptest::collection::vec(-0.01_f64..0.01, 62),
        ) {
            let found = soiling(&falling(62, rate, &[wash], &noise)).expect("judged");
            let lost: f64 = found.lost_share.iter().sum();
            let truth = |days: usize| rate * (days * (days - 1) / 2) as f64;
            let truth = truth(wash) + truth(62 - wash);
            // To within 1.5 % of the output in the mean of the days, under so much noise.
            prop_assert!((lost - truth).abs() < 0.015 * 62.0, "{lost} of {truth}: {:?}", found.cleaned);
            prop_assert!(found.cleaned.iter().any(|day| day.abs_diff(wash) <= 1));
        }
    }
}
