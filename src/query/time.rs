//! Times in texts: how they are read, and how an answer writes them.

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

/// Nanoseconds of a millisecond.
pub(crate) const MS: i64 = 1_000_000;
/// Nanoseconds of a second.
pub(crate) const SECOND: i64 = 1000 * MS;

/// How an answer writes times: as numbers of this unit since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch(i64);

impl Epoch {
    /// Reads `ns`, `u`, `µ`, `ms`, `s`, `m` or `h`; none for anything else, and then times are
    /// written as texts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = ["n", "ns", "u", "µ", "ms", "s", "m", "h"].contains(&text);
        known.then(|| super::lexer::unit_ns(text)).flatten().map(Self)
    }

    /// A time in this unit.
    pub(crate) fn of(self, ns: i64) -> i64 {
        ns / self.0
    }
}

/// A zone by its name, from the tables in this program.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// Nanoseconds since 1970 of a date, of a date and time of day in the zone, or of RFC 3339.
pub(crate) fn parse(text: &str, zone: Option<&TimeZone>) -> Option<i64> {
    // jiff reads more forms than InfluxQL has.
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let local = |text: &str| {
        let date = || text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0));
        let civil = text.parse::<DateTime>().ok().or_else(date)?;
        let zone = zone.cloned().unwrap_or(TimeZone::UTC);
        civil.to_zoned_datetime(zone).ok().map(|zoned| zoned.timestamp())
    };
    let time = text.parse::<Timestamp>().ok().or_else(|| local(text))?;
    i64::try_from(time.as_nanosecond()).ok()
}

/// A time in RFC 3339, with a fraction only where it has one.
pub(crate) fn written(ns: i64, zone: Option<&TimeZone>) -> String {
    let time = moment(ns);
    match zone.map(|zone| zone.to_offset(time)).filter(|offset| offset.seconds() != 0) {
        Some(offset) => time.display_with_offset(offset).to_string(),
        None => time.to_string(),
    }
}

/// Nanoseconds that a zone is ahead of UTC at a time.
pub(crate) fn ahead(ns: i64, zone: &TimeZone) -> i64 {
    i64::from(zone.to_offset(moment(ns)).seconds()) * SECOND
}

fn moment(ns: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_nanos(ns)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_in_their_zone() {
        let shanghai = zone("Asia/Shanghai").unwrap();
        for (text, expected) in [
            ("2024-01-10", "2024-01-09T16:00:00Z"),
            ("2024-01-10 08:30:00", "2024-01-10T00:30:00Z"),
            ("2024-01-10 08:30:00.25", "2024-01-10T00:30:00.25Z"),
            ("2024-01-10T08:30:00Z", "2024-01-10T08:30:00Z"),
            ("2024-01-10T08:30:00.5+01:00", "2024-01-10T07:30:00.5Z"),
        ] {
            assert_eq!(written(parse(text, Some(&shanghai)).unwrap(), None), expected, "{text}");
        }
        assert_eq!(parse("today", None), None);
        assert_eq!(parse("2024-13-01", None), None);
    }

    #[test]
    fn times_are_written_with_their_offset() {
        let ns = parse("2024-01-10T00:00:00.000000001Z", None).unwrap();
        assert_eq!(
            written(ns, zone("Asia/Shanghai").as_ref()),
            "2024-01-10T08:00:00.000000001+08:00"
        );
        assert_eq!(written(ns, zone("UTC").as_ref()), "2024-01-10T00:00:00.000000001Z");
        assert_eq!(Epoch::parse("s").unwrap().of(ns), 1_704_844_800);
        assert_eq!(Epoch::parse("d"), None);
    }
}
