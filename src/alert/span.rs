//! What points did in spans that end now: kept in slices, so that a span costs the same however often a
//! device speaks. A value holds until the next one comes.

use std::collections::{BTreeMap, VecDeque};

use crate::live::DeviceLive;
use crate::model::{DeviceId, DeviceKind, Timestamp};
use crate::rule::{Measure, Name, Over, Rule};

use super::look::measured;

/// Slices of a span.
const SLICES: i64 = 60;
/// A value that is older than this by its device's own interval no longer holds.
const HOLDS_INTERVALS: i64 = 3;
/// Part of a span that must be known, percent.
const KNOWN_PERCENT: i64 = 80;
const HOUR_MS: f64 = 3_600_000.0;

/// What rules want to know of the past of a kind of device.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    spans: BTreeMap<DeviceKind, Vec<(Measure, i64)>>,
    /// Points of which it is to be known since when they have had their value.
    held: BTreeMap<DeviceKind, Vec<String>>,
}

impl Wanted {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut wanted = Self::default();
        for rule in rules {
            for kind in DeviceKind::ALL.iter().filter(|kind| rule.is_for(**kind)) {
                let spans = wanted.spans.entry(*kind).or_default();
                spans.extend(rule.spans());
                spans.sort();
                spans.dedup();
                let held = wanted.held.entry(*kind).or_default();
                held.extend(rule.names().filter_map(|name| match name {
                    Name::HeldH(point) => Some(point.clone()),
                    _ => None,
                }));
                held.sort();
                held.dedup();
            }
        }
        wanted
    }

    /// Spans that are wanted of a kind of device.
    pub(super) fn of_kind(&self, kind: DeviceKind) -> &[(Measure, i64)] {
        self.spans.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }
}

/// One slice of a span.
#[derive(Debug, Clone)]
struct Slice {
    /// Its number since 1970.
    number: i64,
    /// Time in it that is known, milliseconds.
    known_ms: i64,
    /// Sum of value by time.
    area: f64,
    lowest: f64,
    highest: f64,
    first: f64,
    last: f64,
    /// Time in it at each code, milliseconds; only of words.
    codes: Vec<(i64, i64)>,
}

/// One measure of one device over one span.
#[derive(Debug, Clone)]
struct Ring {
    slice_ms: i64,
    holds_ms: i64,
    words: bool,
    older: VecDeque<Slice>,
    newest: Option<Slice>,
    /// The last value and up to when it was reckoned with.
    last: Option<(Timestamp, f64)>,
}

/// What is kept of one device.
#[derive(Debug, Clone, Default)]
struct Kept {
    rings: Vec<((Measure, i64), Ring)>,
    /// Point, its value, and since when.
    held: Vec<(String, f64, Timestamp)>,
}

/// The spans of all devices.
#[derive(Debug, Clone, Default)]
pub(super) struct Spans {
    wanted: Wanted,
    devices: BTreeMap<DeviceId, Kept>,
}

impl Spans {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, devices: BTreeMap::new() }
    }

    /// A device spoke.
    pub(super) fn take(&mut self, live: &DeviceLive, time: Timestamp) {
        let kind = live.device.kind;
        let spans = self.wanted.of_kind(kind);
        let points = self.wanted.held.get(&kind).map(Vec::as_slice).unwrap_or_default();
        if spans.is_empty() && points.is_empty() {
            return;
        }
        let kept = self.devices.entry(live.device.id.clone()).or_default();
        for point in points {
            let Some(value) = live.number(point) else { continue };
            match kept.held.iter_mut().find(|(known, ..)| known == point) {
                #[allow(clippy::float_cmp)] // the same value again
                Some((_, same, since)) if *same == value => *since = time.min(*since),
                Some(held) => (held.1, held.2) = (value, time),
                None => kept.held.push((point.clone(), value, time)),
            }
        }
        for span in spans {
            let Some(value) = measured(live, &span.0) else { continue };
            let holds_ms = live.device.interval_ms.max(1_000) * HOLDS_INTERVALS;
            let holds_ms = holds_ms.max(live.device.stale_after_ms);
            let words = matches!(&span.0, Measure::Point(point) if live.word(point).is_some());
            match kept.rings.iter_mut().find(|(known, _)| known == span) {
                Some((_, ring)) => ring.take(time, value),
                None => {
                    let mut ring = Ring::new(span.1, holds_ms, words);
                    ring.take(time, value);
                    kept.rings.push((span.clone(), ring));
                }
            }
        }
    }

    fn ring(&self, device: &DeviceId, measure: &Measure, span_ms: i64) -> Option<&Ring> {
        let mut rings = self.devices.get(device)?.rings.iter();
        let wanted = rings.find(|((known, span), _)| known == measure && *span == span_ms);
        wanted.map(|(_, ring)| ring)
    }

    /// A number over a span that ends now; `None` while most of the span is not known.
    pub(super) fn over(
        &self,
        device: &DeviceId,
        over: Over,
        measure: &Measure,
        span_ms: i64,
        now: Timestamp,
    ) -> Option<f64> {
        self.ring(device, measure, span_ms)?.over(over, span_ms, now)
    }

    /// Hours of a span that ends now in which a point said the word of this code.
    pub(super) fn time_in_h(
        &self,
        device: &DeviceId,
        point: &str,
        code: i64,
        span_ms: i64,
        now: Timestamp,
    ) -> Option<f64> {
        let measure = Measure::Point(point.to_owned());
        self.ring(device, &measure, span_ms)?.time_in_h(code, span_ms, now)
    }

    /// For how many hours a point has had its value.
    pub(super) fn held_h(&self, device: &DeviceId, point: &str, now: Timestamp) -> Option<f64> {
        let held = &self.devices.get(device)?.held;
        let (_, _, since) = held.iter().find(|(known, ..)| known == point)?;
        #[allow(clippy::cast_precision_loss)] // times of our days
        Some(now.since_ms(*since).max(0) as f64 / HOUR_MS)
    }
}

impl Ring {
    fn new(span_ms: i64, holds_ms: i64, words: bool) -> Self {
        let slice_ms = (span_ms / SLICES).max(1);
        let (older, newest, last) = (VecDeque::new(), None, None);
        Self { slice_ms, holds_ms, words, older, newest, last }
    }

    fn take(&mut self, time: Timestamp, value: f64) {
        match self.last {
            // A clock that was set back: what is known is of another time.
            Some((before, _)) if time.since_ms(before) < -self.slice_ms => {
                self.older.clear();
                (self.newest, self.last) = (None, None);
            }
            Some((before, _)) if time < before => return,
            Some((before, old)) => {
                let until = time.min(before.plus_ms(self.holds_ms));
                self.hold(before, until, old);
            }
            None => {}
        }
        let slice = self.slice(time.ms().div_euclid(self.slice_ms), value);
        slice.lowest = slice.lowest.min(value);
        slice.highest = slice.highest.max(value);
        slice.last = value;
        self.last = Some((time, value));
    }

    /// A value held from one moment to another.
    fn hold(&mut self, from: Timestamp, to: Timestamp, value: f64) {
        let (mut at, end) = (from.ms(), to.ms());
        // What is longer than the ring is not kept anyway.
        at = at.max(end - self.slice_ms * (SLICES + 2));
        while at < end {
            let number = at.div_euclid(self.slice_ms);
            let until = ((number + 1) * self.slice_ms).min(end);
            let (part, words) = (until - at, self.words);
            let slice = self.slice(number, value);
            slice.known_ms += part;
            #[allow(clippy::cast_precision_loss)] // within a span
            {
                slice.area += value * part as f64;
            }
            slice.lowest = slice.lowest.min(value);
            slice.highest = slice.highest.max(value);
            slice.last = value;
            if words {
                #[allow(clippy::cast_possible_truncation)] // codes of words
                let code = value as i64;
                match slice.codes.iter_mut().find(|(known, _)| *known == code) {
                    Some((_, ms)) => *ms += part,
                    None => slice.codes.push((code, part)),
                }
            }
            at = until;
        }
    }

    fn slice(&mut self, number: i64, value: f64) -> &mut Slice {
        self.older.extend(self.newest.take_if(|newest| newest.number < number));
        while self.older.front().is_some_and(|first| first.number < number - SLICES - 1) {
            self.older.pop_front();
        }
        self.newest.get_or_insert_with(|| Slice {
            number,
            known_ms: 0,
            area: 0.0,
            lowest: value,
            highest: value,
            first: value,
            last: value,
            codes: Vec::new(),
        })
    }

    /// With the last value held until now, and only what lies in the span.
    fn until(&self, span_ms: i64, now: Timestamp) -> Self {
        let mut ring = self.clone();
        if let Some((at, value)) = ring.last {
            ring.hold(at, now.min(at.plus_ms(ring.holds_ms)), value);
        }
        let oldest = now.plus_ms(-span_ms).ms().div_euclid(self.slice_ms);
        ring.older.retain(|slice| slice.number >= oldest);
        ring.newest.take_if(|slice| slice.number < oldest);
        ring
    }

    fn slices(&self) -> impl DoubleEndedIterator<Item = &Slice> {
        self.older.iter().chain(&self.newest)
    }

    fn over(&self, over: Over, span_ms: i64, now: Timestamp) -> Option<f64> {
        let ring = self.until(span_ms, now);
        let known_ms: i64 = ring.slices().map(|slice| slice.known_ms).sum();
        if known_ms * 100 < span_ms * KNOWN_PERCENT {
            return None;
        }
        let mut slices = ring.slices();
        match over {
            #[allow(clippy::cast_precision_loss)] // within a span
            Over::Mean => Some(slices.map(|slice| slice.area).sum::<f64>() / known_ms as f64),
            Over::Lowest => slices.map(|slice| slice.lowest).reduce(f64::min),
            Over::Highest => slices.map(|slice| slice.highest).reduce(f64::max),
            Over::Change => {
                let first = slices.next()?;
                Some(slices.next_back().unwrap_or(first).last - first.first)
            }
        }
    }

    fn time_in_h(&self, code: i64, span_ms: i64, now: Timestamp) -> Option<f64> {
        let ring = self.until(span_ms, now);
        let known_ms: i64 = ring.slices().map(|slice| slice.known_ms).sum();
        let at = |slice: &Slice| {
            slice.codes.iter().filter(|(known, _)| *known == code).map(|(_, ms)| ms).sum::<i64>()
        };
        let ms: i64 = ring.slices().map(at).sum();
        #[allow(clippy::cast_precision_loss)] // within a span
        (known_ms > 0).then_some(ms as f64 / HOUR_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(1_780_000_000_000 + seconds * 1_000)
    }

    /// A span of ten minutes; a value each five seconds, the seconds since the beginning.
    fn rising(seconds: i64) -> Ring {
        let mut ring = Ring::new(600_000, 30_000, false);
        for n in (0..=seconds).step_by(5) {
            ring.take(at(n), n as f64);
        }
        ring
    }

    #[test]
    fn a_span_is_told_when_most_of_it_is_known() {
        assert_eq!(rising(300).over(Over::Mean, 600_000, at(300)), None);
        let ring = rising(3_600);
        let mean = ring.over(Over::Mean, 600_000, at(3_600)).expect("known");
        assert!((mean - 3_300.0).abs() < 10.0, "{mean}");
        let lowest = ring.over(Over::Lowest, 600_000, at(3_600)).expect("known");
        assert!((lowest - 3_000.0).abs() < 15.0, "{lowest}");
        assert_eq!(ring.over(Over::Highest, 600_000, at(3_600)), Some(3_600.0));
        let change = ring.over(Over::Change, 600_000, at(3_600)).expect("known");
        assert!((change - 600.0).abs() < 15.0, "{change}");
        // It falls silent: what is known ends.
        assert!(ring.over(Over::Mean, 600_000, at(3_700)).is_some());
        assert_eq!(ring.over(Over::Mean, 600_000, at(3_900)), None);
    }

    #[test]
    fn a_value_that_comes_rarely_holds_in_between() {
        let mut ring = Ring::new(3_600_000, 1_200_000, false);
        for n in 0..8 {
            ring.take(at(n * 600), if n < 6 { 10.0 } else { 40.0 });
        }
        let mean = ring.over(Over::Mean, 3_600_000, at(4_800)).expect("known");
        assert!((mean - 20.0).abs() < 1.0, "{mean}");
    }

    #[test]
    fn hours_at_a_word_are_counted() {
        let mut ring = Ring::new(3_600_000, 600_000, true);
        for n in 0..=360 {
            ring.take(at(n * 10), if (120..180).contains(&n) { 1.0 } else { 0.0 });
        }
        let h = ring.time_in_h(1, 3_600_000, at(3_600)).expect("known");
        assert!((h - 1.0 / 6.0).abs() < 0.005, "{h}");
    }

    #[test]
    fn a_clock_that_is_set_back_begins_anew() {
        let mut ring = rising(3_600);
        ring.take(at(-100_000), 5.0);
        assert_eq!(ring.over(Over::Mean, 600_000, at(-100_000)), None);
        assert_eq!(ring.slices().count(), 1);
        // And one that jumps ahead keeps no more than a span.
        ring.take(at(1_000_000), 7.0);
        assert!(ring.slices().count() <= 62);
    }
}
