//! The buckets of `GROUP BY time()`. With a zone they follow its clocks: a day goes from midnight to
//! midnight and has 23 to 25 hours where the clocks change.

use jiff::tz::TimeZone;

use super::ast::Interval;
use super::error::QueryError;
use super::time;

/// Equal buckets on the clocks of a zone.
#[derive(Debug, Clone)]
pub(crate) struct Buckets {
    interval: Interval,
    zone: Option<TimeZone>,
}

impl Buckets {
    pub(crate) fn new(interval: Interval, zone: Option<TimeZone>) -> Self {
        Self { interval, zone }
    }

    /// How long a bucket is, but for days on which the clocks change.
    pub(crate) fn every(&self) -> i64 {
        self.interval.every
    }

    /// The bucket that a time falls into: its beginning, and the beginning of the next.
    pub(crate) fn span(&self, time: i64) -> (i64, i64) {
        let found = self.on_its_clocks(time);
        if self.zone.is_none() {
            return found;
        }
        // Where the clocks were set back within a bucket, it is the one that began before.
        let before = self.on_its_clocks(found.0.saturating_sub(1));
        if before.1 > time { before } else { found }
    }

    /// The same by the clocks as they are at that time.
    fn on_its_clocks(&self, time: i64) -> (i64, i64) {
        let Interval { every, offset } = self.interval;
        let shifted = time.saturating_sub(offset);
        let ahead = self.ahead(shifted);
        let into = shifted.saturating_add(ahead).rem_euclid(every);
        let mut start = shifted.saturating_sub(into).saturating_add(offset);
        // The clocks may have been set since the bucket began.
        start = start.saturating_add(self.set_back(ahead, start));
        let mut end = shifted.saturating_add(every - into);
        let back = self.set_back(ahead, end);
        // An hour that is left out belongs to the bucket after it.
        if back > 0 || self.ahead(end.saturating_add(back)) == self.ahead(end) {
            end = end.saturating_add(back);
        }
        (start, end.saturating_add(offset).max(time.saturating_add(1)))
    }

    /// The beginnings of all buckets that `from..=to` touches, if they are not more than `most`.
    pub(crate) fn starts(&self, from: i64, to: i64, most: usize) -> Result<Vec<i64>, QueryError> {
        let length = to.saturating_sub(from) / self.interval.every;
        if usize::try_from(length).is_ok_and(|length| length > most) {
            return Err(QueryError::TooManyBuckets(most));
        }
        let mut starts = Vec::new();
        let (mut start, mut end) = self.span(from);
        while start <= to {
            starts.push(start);
            if starts.len() > most + 1 {
                return Err(QueryError::TooManyBuckets(most));
            }
            let next = self.span(end);
            if next.0 <= start {
                break;
            }
            (start, end) = next;
        }
        Ok(starts)
    }

    fn ahead(&self, time: i64) -> i64 {
        self.zone.as_ref().map_or(0, |zone| time::ahead(time, zone))
    }

    /// How far the clocks are set back between two times, if by less than a bucket.
    fn set_back(&self, ahead: i64, at: i64) -> i64 {
        let by = ahead - self.ahead(at);
        if by.abs() < self.interval.every { by } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600 * time::SECOND;

    fn at(text: &str) -> i64 {
        time::parse(text, None).unwrap()
    }

    fn days(zone: &str) -> Buckets {
        Buckets::new(Interval { every: 24 * HOUR, offset: 0 }, time::zone(zone))
    }

    #[test]
    fn days_begin_at_local_midnight() {
        let (start, end) = days("Asia/Shanghai").span(at("2024-01-09T20:00:00Z"));
        assert_eq!((start, end), (at("2024-01-09T16:00:00Z"), at("2024-01-10T16:00:00Z")));
    }

    #[test]
    fn days_have_23_to_25_hours_where_the_clocks_change() {
        let berlin = days("Europe/Berlin");
        let starts =
            berlin.starts(at("2024-03-30T12:00:00Z"), at("2024-04-01T12:00:00Z"), 9).unwrap();
        let hours: Vec<i64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) / HOUR).collect();
        assert_eq!(hours, [24, 23]);
        let starts =
            berlin.starts(at("2024-10-26T12:00:00Z"), at("2024-10-28T12:00:00Z"), 9).unwrap();
        let hours: Vec<i64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) / HOUR).collect();
        assert_eq!(hours, [24, 25]);
    }

    #[test]
    fn all_times_of_a_bucket_are_in_it() {
        for zone in ["Europe/Berlin", "America/New_York", "Asia/Shanghai"] {
            for hours in [1, 2, 3, 6, 12, 24] {
                let interval = Interval { every: hours * HOUR, offset: 0 };
                let buckets = Buckets::new(interval, time::zone(zone));
                for from in ["2024-03-09T00:00:00Z", "2024-03-30T00:00:00Z", "2024-10-26T00:00:00Z"]
                {
                    for minutes in 0..300 {
                        let time = at(from) + minutes * HOUR / 6;
                        let (start, end) = buckets.span(time);
                        assert!(start <= time && time < end, "{zone} {hours}");
                        assert_eq!(buckets.span(start).0, start, "{zone} {hours} {start}");
                        assert_eq!(buckets.span(end).0, end, "{zone} {hours} {end}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_ends_of_time_do_no_harm() {
        for time in [i64::MIN, 0, i64::MAX] {
            let (start, _) = days("Europe/Berlin").span(time);
            assert!(start <= time);
        }
        let every = Interval { every: 1, offset: 0 };
        let buckets = Buckets::new(every, None);
        assert_eq!(buckets.starts(i64::MIN, i64::MAX, 9), Err(QueryError::TooManyBuckets(9)));
        assert_eq!(buckets.starts(5, 4, 9), Ok(Vec::new()));
    }
}
