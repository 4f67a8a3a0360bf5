//! How many readings there are, and where there are none.

use crate::model::Timestamp;

use super::window::Windows;

/// What is there of a device in a span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presence {
    /// Readings in each window.
    pub readings: Vec<u64>,
    /// Times without a reading that were longer than asked: from the reading before, or the beginning
    /// of the span, to the one after, or its end.
    pub gaps: Vec<(Timestamp, Timestamp)>,
}

/// Counts times that come in order.
pub(super) struct Counting<'a> {
    windows: &'a Windows,
    at: usize,
    longest_ms: i64,
    last: Timestamp,
    found: Presence,
}

impl<'a> Counting<'a> {
    pub(super) fn new(windows: &'a Windows, longest_ms: i64) -> Self {
        let readings = vec![0; windows.len()];
        let found = Presence { readings, gaps: Vec::new() };
        Self { windows, at: 0, longest_ms, last: windows.start(), found }
    }

    pub(super) fn take(&mut self, time: Timestamp) {
        while self.windows.span(self.at).is_some_and(|(_, end)| end <= time) {
            self.at += 1;
        }
        if let Some(count) = self.found.readings.get_mut(self.at) {
            *count += 1;
        }
        self.gap(time);
        self.last = time;
    }

    fn gap(&mut self, until: Timestamp) {
        if until.since_ms(self.last) > self.longest_ms {
            self.found.gaps.push((self.last, until));
        }
    }

    pub(super) fn end(mut self, to: Timestamp) -> Presence {
        self.gap(to);
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_at_the_ends_and_between_is_found() {
        let at = Timestamp::from_ms;
        let windows = Windows::every_ms(at(0), at(300), 100).expect("windows");
        let mut counting = Counting::new(&windows, 20);
        for ms in [30, 40, 60, 99, 100, 100, 120, 250] {
            counting.take(at(ms));
        }
        let found = counting.end(at(300));
        assert_eq!(found.readings, [4, 3, 1]);
        let gaps = [(0, 30), (60, 99), (120, 250), (250, 300)];
        assert_eq!(found.gaps, gaps.map(|(a, b)| (at(a), at(b))));
        let none = Counting::new(&windows, 1000).end(at(300));
        assert_eq!((none.readings, none.gaps), (vec![0, 0, 0], Vec::new()));
    }
}
