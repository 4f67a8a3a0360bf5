//! One measure over one span, in slices, so that a span costs the same however often a device speaks. A
//! value holds until the next one comes.

use std::collections::VecDeque;

use crate::model::Timestamp;
use crate::rule::Over;

/// Slices of a span.
const SLICES: i64 = 60;
/// Part of a span that must be known, percent.
const KNOWN_PERCENT: i64 = 80;
const HOUR_MS: f64 = 3_600_000.0;

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
pub(super) struct Ring {
    slice_ms: i64,
    holds_ms: i64,
    words: bool,
    older: VecDeque<Slice>,
    newest: Option<Slice>,
    /// When it began.
    first: Option<Timestamp>,
    /// The last value and up to when it was reckoned with.
    last: Option<(Timestamp, f64)>,
}

impl Slice {
    /// The rest of the same slice.
    fn join(&mut self, rest: Self, slice_ms: i64) {
        self.known_ms = (self.known_ms + rest.known_ms).min(slice_ms);
        self.area += rest.area;
        self.lowest = self.lowest.min(rest.lowest);
        self.highest = self.highest.max(rest.highest);
        self.last = rest.last;
        for (code, ms) in rest.codes {
            match self.codes.iter_mut().find(|(known, _)| *known == code) {
                Some((_, known)) => *known += ms,
                None => self.codes.push((code, ms)),
            }
        }
    }
}

impl Ring {
    pub(super) fn new(span_ms: i64, holds_ms: i64, words: bool) -> Self {
        let slice_ms = (span_ms / SLICES).max(1);
        let older = VecDeque::new();
        Self { slice_ms, holds_ms, words, older, newest: None, first: None, last: None }
    }

    pub(super) fn take(&mut self, time: Timestamp, value: f64) {
        match self.last {
            // A clock that was set back: what is known is of another time.
            Some((before, _)) if time.since_ms(before) < -self.slice_ms => {
                self.older.clear();
                (self.newest, self.first, self.last) = (None, None, None);
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
        self.first.get_or_insert(time);
        self.last = Some((time, value));
    }

    /// Puts what was before it began in front of it.
    pub(super) fn follow(&mut self, mut before: Self) {
        let Some(first) = self.first else {
            *self = before;
            return;
        };
        let Some((at, value)) = before.last else { return };
        if at < first {
            before.hold(at, first.min(at.plus_ms(before.holds_ms)), value);
        }
        let mut all = before.older;
        all.extend(before.newest);
        let own = std::mem::take(&mut self.older).into_iter().chain(self.newest.take());
        for slice in own {
            match all.back_mut().filter(|last| last.number == slice.number) {
                Some(last) => last.join(slice, self.slice_ms),
                None => all.push_back(slice),
            }
        }
        self.newest = all.pop_back();
        let newest = self.newest.as_ref().map_or(0, |newest| newest.number);
        all.retain(|slice| (newest - SLICES - 1..newest).contains(&slice.number));
        (self.older, self.first) = (all, before.first);
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

    pub(super) fn over(&self, over: Over, span_ms: i64, now: Timestamp) -> Option<f64> {
        let ring = self.until(span_ms, now);
        let known_ms: i64 = ring.slices().map(|slice| slice.known_ms).sum();
        // What was seen was seen, however little of the span is known.
        if over != Over::Peak && known_ms * 100 < span_ms * KNOWN_PERCENT {
            return None;
        }
        let mut slices = ring.slices();
        match over {
            #[allow(clippy::cast_precision_loss)] // within a span
            Over::Mean => Some(slices.map(|slice| slice.area).sum::<f64>() / known_ms as f64),
            Over::Lowest => slices.map(|slice| slice.lowest).reduce(f64::min),
            Over::Highest | Over::Peak => slices.map(|slice| slice.highest).reduce(f64::max),
            Over::Change => {
                let first = slices.next()?;
                Some(slices.next_back().unwrap_or(first).last - first.first)
            }
        }
    }

    pub(super) fn time_in_h(&self, code: i64, span_ms: i64, now: Timestamp) -> Option<f64> {
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

    #[test]
    fn a_span_in_two_pieces_reads_as_one() {
        for cut in [5, 300, 1_200, 3_000, 3_555, 3_595] {
            let (mut whole, mut before, mut after) = (rising(0), rising(0), rising(0));
            after.first = None;
            after.last = None;
            after.newest = None;
            for n in (5..=3_600).step_by(5) {
                whole.take(at(n), n as f64);
                if n < cut { &mut before } else { &mut after }.take(at(n), n as f64);
            }
            after.follow(before);
            for over in [Over::Mean, Over::Lowest, Over::Highest, Over::Change, Over::Peak] {
                let of = |ring: &Ring| ring.over(over, 600_000, at(3_600)).expect("known");
                assert!((of(&whole) - of(&after)).abs() < 1e-6, "{over:?} {cut}");
            }
        }
    }

    #[test]
    fn a_peak_is_known_from_the_little_that_was_seen() {
        let mut ring = rising(60);
        assert_eq!(ring.over(Over::Highest, 600_000, at(60)), None);
        assert_eq!(ring.over(Over::Peak, 600_000, at(60)), Some(60.0));
        ring.take(at(2_000), 1.0);
        assert_eq!(ring.over(Over::Peak, 600_000, at(2_000)), Some(1.0), "it is long ago");
    }
}
