//! A day or a moment, as a person writes it on the command line.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::model::Timestamp;

/// Where a span begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// A local day, whole: `2026-11-29`.
    Day(Date),
    /// A moment by the hall's clock: `2026-11-29T10:00`.
    Moment(DateTime),
    /// A moment with its offset: `2026-11-29T10:00+08:00`.
    Instant(jiff::Timestamp),
}

impl When {
    /// Where a span begins that is said to be from here on.
    pub(super) fn first(self, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
        let instant = match self {
            Self::Day(date) => zone.to_timestamp(date.at(0, 0, 0, 0))?,
            Self::Moment(moment) => zone.to_timestamp(moment)?,
            Self::Instant(instant) => instant,
        };
        Ok(Timestamp::from_ms(instant.as_millisecond()))
    }

    /// Where one ends that is said to be up to here: a day counts as a whole.
    pub(super) fn end(self, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
        match self {
            Self::Day(date) => Self::Day(date.tomorrow()?).first(zone),
            Self::Moment(_) | Self::Instant(_) => self.first(zone),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = |text: &str| {
            let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            plain.then(|| text.parse().ok()).flatten()
        };
        // With an offset it is an instant; the civil form would read over it.
        let offset = |text: &str| {
            let time = text.split_once(['T', ' ']).map_or("", |(_, time)| time);
            time.contains(['+', '-', 'Z', 'z'])
        };
        if let Some(date) = day(text) {
            return Ok(Self::Day(date));
        }
        let parsed = match text {
            text if offset(text) => text.parse().map(Self::Instant).ok(),
            text if text.contains([':']) => text.parse().map(Self::Moment).ok(),
            _ => None,
        };
        parsed.ok_or_else(|| {
            "写成 2026-11-29 或 2026-11-29T10:00；write it as 2026-11-29 or 2026-11-29T10:00"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_read_by_the_halls_clock() {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let of = |text: &str| text.parse::<When>();
        let first = |text: &str| of(text).expect("read").first(&zone).expect("a time").ms();
        let end = |text: &str| of(text).expect("read").end(&zone).expect("a time").ms();
        let midnight = 1_795_881_600_000;
        let hour = 3_600_000;
        assert_eq!((first("2026-11-29"), end("2026-11-29")), (midnight, midnight + 24 * hour));
        assert_eq!(first("2026-11-29T10:00"), midnight + 10 * hour);
        assert_eq!(first("2026-11-29 10:00:30"), midnight + 10 * hour + 30_000);
        assert_eq!(end("2026-11-29T10:00"), midnight + 10 * hour);
        assert_eq!(first("2026-11-29T10:00Z"), midnight + 18 * hour);
        assert_eq!(first("2026-11-29T10:00+08:00"), midnight + 10 * hour);
        for bad in ["", "2026-11", "20261129T10", "2026-11-29T", "2026-11-29T25:00", "gestern"] {
            assert!(of(bad).is_err(), "{bad}");
        }
        assert!(of("2026-13-01").is_err() && of("2026-02-29").is_err());
    }
}
