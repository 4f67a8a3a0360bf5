//! One day of one device. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::counter::Nature;
use crate::energy::{Amount, Class, Follower, Grid, Line, Posting, SLOT_MS, by_time};
use crate::model::Timestamp;

use super::BEFORE_MS;
use super::points::Points;

/// Length of a record: what IEC 61724-1 asks of a class A plant.
pub const RECORD_MS: i64 = 5 * 60 * 1000;
/// Where a device says less than twice in it, the record is as long as a quarter of an hour.
const LONG_RECORD_MS: i64 = 15 * 60 * 1000;
/// From eleven to fourteen strings are compared; fewer readings than this say nothing.
const NOON_MS: (i64, i64) = (11 * 3_600_000, 14 * 3_600_000);
const NOON_READINGS_MIN: usize = 3;
/// What was counted over a longer time without readings is recovered and not measured; or over three
/// intervals of the device, if that is longer.
const GAP_MS_MIN: i64 = 15 * 60 * 1000;
const GAP_INTERVALS: i64 = 3;

/// What a device did in a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// Readings with anything in them that is kept here.
    pub readings: u64,
    /// Length of a record, milliseconds.
    pub record_ms: i64,
    /// Records in which the device was heard, whatever it said.
    pub records: u32,
    /// Mean of each record from midnight on, by point; `None` without enough readings.
    pub means: BTreeMap<String, Vec<Option<f32>>>,
    /// Mean from eleven to fourteen, by point: the currents of strings.
    pub noon: BTreeMap<String, f32>,
    /// Highest value, by point.
    pub most: BTreeMap<String, f32>,
    /// What registers counted, by point.
    pub registers: BTreeMap<String, Register>,
}

/// What a register counted by the readings of a day; a part of it may have been counted in the days
/// before, since the last reading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// The line that the day begins on, as it was at its last reading before.
    pub opening: Option<Line>,
    /// The line that the day ends on.
    pub closing: Option<Line>,
    /// First value of the day on a line, and when.
    pub first: Option<(i64, Amount)>,
    /// Measured, by the number of the quarter-hour since 1970.
    pub slots: Vec<(i64, Amount)>,
    /// Recovered over gaps: from, to, how much.
    pub recovered: Vec<(i64, i64, Amount)>,
    /// Lines that ended.
    pub ended: Vec<Line>,
    /// Times of which nobody knows what was counted: when and what was read last and first.
    pub holes: Vec<((i64, Amount), (i64, Amount))>,
    /// So many lines that had ended on days before had not ended.
    pub returned: u32,
}

impl Register {
    /// All that was counted by the readings of the day.
    #[must_use]
    pub fn posted(&self) -> Amount {
        let measured: Amount = self.slots.iter().map(|(_, amount)| *amount).sum();
        measured + self.recovered.iter().map(|(_, _, amount)| *amount).sum()
    }
}

type Numbers = Vec<(Timestamp, f64)>;

/// Makes the day `from <= time < to` of the numbers of its points, in their order; numbers of before
/// say how registers go on.
pub(super) fn make(
    points: &Points,
    numbers: &[Numbers],
    (from, to): (Timestamp, Timestamp),
    interval_ms: i64,
) -> Day {
    let record_ms = if interval_ms * 2 > RECORD_MS { LONG_RECORD_MS } else { RECORD_MS };
    let enough = enough(record_ms, interval_ms);
    let mut day = Day { record_ms, ..Day::default() };
    let mut heard = Vec::new();
    let (of_plain, of_counters) = numbers.split_at(points.plain().min(numbers.len()));
    let (of_means, of_rest) = of_plain.split_at(points.means.len().min(of_plain.len()));
    let (of_noon, of_most) = of_rest.split_at(points.noon.len().min(of_rest.len()));
    for (point, numbers) in points.means.iter().zip(of_means) {
        let own = within(numbers, from, to);
        day.readings = day.readings.max(own.len() as u64);
        if !own.is_empty() {
            let means = means(own, (from, to), record_ms, enough);
            hear(&mut heard, &means);
            day.means.insert((*point).to_owned(), means);
        }
    }
    let (noon, after) = (from.plus_ms(NOON_MS.0), from.plus_ms(NOON_MS.1));
    for (point, numbers) in points.noon.iter().zip(of_noon) {
        day.noon.extend(mean(within(numbers, noon, after)).map(|mean| (point.clone(), mean)));
    }
    for (point, numbers) in points.most.iter().zip(of_most) {
        let own = within(numbers, from, to).iter().map(|(_, value)| *value);
        let most = own.filter(|value| value.is_finite()).reduce(f64::max);
        #[allow(clippy::cast_possible_truncation)] // seven digits are more than any sensor has
        day.most.extend(most.map(|most| ((*point).to_owned(), most as f32)));
    }
    let gap_ms = GAP_MS_MIN.max(interval_ms.saturating_mul(GAP_INTERVALS));
    for ((point, nature), numbers) in points.counters.iter().zip(of_counters) {
        let own = within(numbers, from, to);
        day.readings = day.readings.max(own.len() as u64);
        // Most devices say more than what they counted, which has been looked at.
        if heard.is_empty() || heard.contains(&false) {
            hear(&mut heard, &means(own, (from, to), record_ms, enough));
        }
        let register = register(nature, gap_ms, lead(numbers, from), (from, to));
        if register != Register::default() {
            day.registers.insert((*point).to_owned(), register);
        }
    }
    day.records = heard.into_iter().map(u32::from).sum();
    day
}

/// Adds the records in which a point was heard.
fn hear(heard: &mut Vec<bool>, means: &[Option<f32>]) {
    heard.resize(means.len(), false);
    heard.iter_mut().zip(means).for_each(|(heard, mean)| *heard |= mean.is_some());
}

/// The mean of some values, if there are a few.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // as above
fn mean(numbers: &[(Timestamp, f64)]) -> Option<f32> {
    let values = numbers.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
    let count = values.clone().count();
    (count >= NOON_READINGS_MIN).then(|| (values.sum::<f64>() / count as f64) as f32)
}

/// Readings that make a record valid: half of what there should be by the device's interval.
fn enough(record_ms: i64, interval_ms: i64) -> u32 {
    let expected = record_ms / interval_ms.max(1);
    u32::try_from(expected / 2).unwrap_or(u32::MAX).max(1)
}

fn within(numbers: &Numbers, from: Timestamp, to: Timestamp) -> &[(Timestamp, f64)] {
    let place = |end: Timestamp| numbers.partition_point(|(time, _)| *time < end);
    numbers.get(place(from)..place(to)).unwrap_or_default()
}

/// What a register is followed from on: the readings of two days before, and the last one before those.
fn lead(numbers: &Numbers, from: Timestamp) -> &[(Timestamp, f64)] {
    let begin = from.plus_ms(-BEFORE_MS);
    let place = numbers.partition_point(|(time, _)| *time < begin);
    numbers.get(place.saturating_sub(1)..).unwrap_or_default()
}

#[allow(clippy::cast_possible_truncation)] // seven digits are more than any sensor has
fn means(
    numbers: &[(Timestamp, f64)],
    (from, to): (Timestamp, Timestamp),
    record_ms: i64,
    enough: u32,
) -> Vec<Option<f32>> {
    let records = usize::try_from(to.since_ms(from) / record_ms).unwrap_or_default();
    let mut sums = vec![(0.0, 0_u32); records];
    for (time, value) in numbers.iter().filter(|(_, value)| value.is_finite()) {
        let place = usize::try_from(time.since_ms(from) / record_ms).ok();
        if let Some((sum, count)) = place.and_then(|place| sums.get_mut(place)) {
            *sum += value;
            *count += 1;
        }
    }
    let mean = |(start, (sum, count)): (i64, (f64, u32))| {
        let valid = count >= enough || count > 0 && steady(numbers, from.plus_ms(start), record_ms);
        valid.then(|| (sum / f64::from(count)) as f32)
    };
    (0..).step_by(usize::try_from(record_ms).unwrap_or(1)).zip(sums).map(mean).collect()
}

/// Whether a record has half of the readings that come at the pace of its own readings and the two beside
/// them: a device that was asked more seldom in those days, or a line that loses many answers, says what it
/// can. A moment of readings between long gaps is no pace.
fn steady(numbers: &[(Timestamp, f64)], start: Timestamp, record_ms: i64) -> bool {
    let place = |time: Timestamp| numbers.partition_point(|(at, _)| *at < time);
    let (first, end) = (place(start), place(start.plus_ms(record_ms)));
    let around = numbers.get(first.saturating_sub(1)..numbers.len().min(end + 1));
    let around = around.unwrap_or_default();
    let pairs = around.iter().zip(around.iter().skip(1));
    let mut gaps: Vec<i64> = pairs.map(|(before, after)| after.0.since_ms(before.0)).collect();
    gaps.sort_unstable();
    let Some(pace_ms) = gaps.get(gaps.len() / 2).copied().filter(|pace| *pace > 0) else {
        return false;
    };
    let count = i64::try_from(end.saturating_sub(first)).unwrap_or(i64::MAX);
    pace_ms <= record_ms + record_ms / 4 && count.saturating_mul(2) >= record_ms / pace_ms
}

fn register(
    nature: &Nature,
    gap_ms: i64,
    numbers: &[(Timestamp, f64)],
    (from, to): (Timestamp, Timestamp),
) -> Register {
    let (mut follower, mut grid) = (Follower::default(), Grid::default());
    let mut register = Register::default();
    for (time, value) in numbers.iter().take_while(|(time, _)| *time < to) {
        let before = follower.line().copied();
        let brought = follower.take(nature, gap_ms, *time, *value);
        if *time < from {
            continue;
        }
        let line = follower.line().copied();
        if register.first.is_none() {
            register.opening = before;
            register.first = line.map(|line| line.last).filter(|last| last.0 == time.ms());
        }
        register.closing = line;
        match brought.posting {
            Some(posting) if posting.class == Class::Recovered => {
                let Posting { from, to, amount, .. } = posting;
                register.recovered.push((from.ms(), to.ms(), amount));
            }
            Some(posting) => grid.post(&posting, &by_time),
            None => {}
        }
        if brought.returned {
            register.returned += u32::from(register.ended.pop().is_none());
            register.holes.pop();
        }
        register.ended.extend(brought.ended);
        let at = |(time, value): (Timestamp, Amount)| (time.ms(), value);
        register.holes.extend(brought.hole.map(|hole| (at(hole.before), at(hole.after))));
    }
    let slots = grid.slots().map(|(time, sums)| (time.ms() / SLOT_MS, sums.measured));
    register.slots = slots.collect();
    register
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    /// Records of an hour that are valid, of readings at these seconds, by a device that should be heard
    /// every five.
    fn valid(seconds: impl IntoIterator<Item = i64>) -> Vec<usize> {
        let numbers: Numbers =
            seconds.into_iter().map(|s| (Timestamp::from_ms(s * 1000), 7.0)).collect();
        let span = (Timestamp::from_ms(0), Timestamp::from_ms(60 * MINUTE_MS));
        let means = means(&numbers, span, RECORD_MS, enough(RECORD_MS, 5_000));
        assert!(means.iter().flatten().all(|mean| (mean - 7.0).abs() < 1e-6));
        let valid = means.iter().enumerate().filter(|(_, mean)| mean.is_some());
        valid.map(|(place, _)| place).collect()
    }

    #[test]
    fn a_record_is_valid_with_half_of_the_readings_of_its_pace() {
        let all: Vec<usize> = (0..12).collect();
        assert_eq!(valid((0..3600).step_by(5)), all);
        // Before the interval was changed, it was heard every five minutes, give or take a second.
        assert_eq!(valid((0..12).map(|n| n * 300 + n % 2)), all);
        // … and from 00:27 on as often as now.
        let changed = (0..6).map(|n| n * 300).chain((1620..3600).step_by(5));
        assert_eq!(valid(changed), all);
        // Two of three answers are lost, all over the time.
        assert_eq!(valid((0..3600).step_by(5).filter(|s| s / 5 % 3 == 0)), all);
        // A minute is heard, then it is gone for the rest of the record or of the hour.
        assert_eq!(valid((0..3600).step_by(5).filter(|s| s % 300 < 60)), [0_usize; 0]);
        assert_eq!(valid((0..660).step_by(5)), [0, 1]);
        // Once in ten minutes says nothing of the record that it is in; once at all neither.
        assert_eq!(valid((0..6).map(|n| n * 600)), [0_usize; 0]);
        assert_eq!(valid([1500]), [0_usize; 0]);
    }
}
