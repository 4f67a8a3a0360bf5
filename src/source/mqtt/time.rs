//! The time that a device gives, and how far it can be believed.

use jiff::civil;
use jiff::tz::TimeZone;

use crate::model::Timestamp;
use crate::profile::TimeFormat;

use super::json::Json;

/// How far a device's clock may be ahead before its time is not believed.
const AHEAD_MAX_MS: i64 = 5 * 60 * 1000;
/// 2026-01-01: a gateway whose clock shows less has not been set, and cannot say what is ahead.
const GATEWAY_CLOCK_SET_MS: i64 = 1_767_225_600_000;
/// 2020-01-01: a time before that is a clock that was never set.
const OLDEST_MS: i64 = 1_577_836_800_000;
/// A machine whose battery is dead wakes years ago. No backlog is as old: a broker forgets a session
/// after half a year.
const BACKLOG_MAX_MS: i64 = 370 * 24 * 3600 * 1000;
/// Beijing's time marked as UTC is so far ahead.
const EIGHT_HOURS_MS: i64 = 8 * 3600 * 1000;
/// Give or take.
const EIGHT_HOURS_TOLERANCE_MS: i64 = 2 * 60 * 1000;
/// Smaller differences are the way of the message.
const SKEW_NOISE_MS: i64 = 2_000;

/// A time in a message, milliseconds since 1970; `None` when it is none.
pub(super) fn moment(format: &TimeFormat, found: &Json<'_>, zone: &TimeZone) -> Option<i64> {
    match format {
        TimeFormat::Rfc3339 => written(found.as_str()?, zone),
        TimeFormat::UnixS => seconds(found),
        TimeFormat::UnixMs => whole(found),
        TimeFormat::Pattern(pattern) => {
            let text = found.as_word()?;
            let parsed = jiff::fmt::strtime::parse(pattern, text.trim()).ok()?;
            if parsed.offset().is_some() {
                return Some(parsed.to_timestamp().ok()?.as_millisecond());
            }
            // A date alone is its beginning.
            let local = parsed.to_datetime().or_else(|_| parsed.to_date().map(civil::Date::into));
            local_time(local.ok()?, zone)
        }
    }
}

/// RFC 3339, or the same without an offset: the site's local time then.
fn written(text: &str, zone: &TimeZone) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_millisecond());
    }
    local_time(text.parse::<civil::DateTime>().ok()?, zone)
}

fn local_time(local: civil::DateTime, zone: &TimeZone) -> Option<i64> {
    Some(zone.to_ambiguous_zoned_datetime(local).compatible().ok()?.timestamp().as_millisecond())
}

fn whole(found: &Json<'_>) -> Option<i64> {
    match found {
        Json::Text(text) => text.trim().parse().ok(),
        Json::Number(number) => number.as_i64(),
        _ => None,
    }
}

fn seconds(found: &Json<'_>) -> Option<i64> {
    if let Some(whole) = whole(found) {
        return whole.checked_mul(1000);
    }
    let Json::Number(number) = found else { return None };
    let ms = number.as_f64()? * 1000.0;
    #[allow(clippy::cast_possible_truncation)]
    ms.is_finite().then(|| ms.round() as i64)
}

/// What is made of a device's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    /// It counts.
    Own(Timestamp),
    /// Eight hours ahead: Beijing's time marked as UTC. It counts, with the hours taken off.
    EightHours(Timestamp),
    /// In the future; the time of arrival counts.
    Future,
    /// Before 2020, or more than a year ago; the time of arrival counts.
    Ancient,
}

/// Judges a device's time. `eight_hours` is whether its clock has been seen eight hours ahead: then
/// messages that it sends later are, too.
pub(super) fn believe(ms: i64, now: Timestamp, eight_hours: bool) -> Belief {
    if ms < OLDEST_MS {
        return Belief::Ancient;
    }
    let ahead_ms = ms.saturating_sub(now.ms());
    // A gateway without a battery-backed clock starts in the past; it must not doubt the present.
    let set = now.ms() >= GATEWAY_CLOCK_SET_MS;
    if set && ahead_ms < -BACKLOG_MAX_MS {
        return Belief::Ancient;
    }
    if !set || ahead_ms <= AHEAD_MAX_MS {
        return Belief::Own(Timestamp::from_ms(ms));
    }
    let beyond_ms = ahead_ms - EIGHT_HOURS_MS;
    if beyond_ms.abs() <= EIGHT_HOURS_TOLERANCE_MS || eight_hours && beyond_ms <= 0 {
        return Belief::EightHours(Timestamp::from_ms(ms - EIGHT_HOURS_MS));
    }
    Belief::Future
}

/// Whether a time is about that of its arrival.
pub(super) fn is_now(time: Timestamp, now: Timestamp) -> bool {
    now.since_ms(time).saturating_abs() <= AHEAD_MAX_MS
}

/// How far a clock is ahead, whole seconds, 0 where it may be the way of the message.
pub(super) fn skew_s(ms: i64, now: Timestamp) -> i64 {
    let ahead_ms = ms.saturating_sub(now.ms());
    if ahead_ms.abs() <= SKEW_NOISE_MS { 0 } else { ahead_ms / 1000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_436_000_000); // 2026-11-23T12:13:20Z

    fn at<'a>(format: TimeFormat, found: impl Into<Json<'a>>) -> Option<i64> {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        moment(&format, &found.into(), &zone)
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        let local = |pattern: &str| TimeFormat::Pattern(pattern.to_owned());
        let now = Some(NOW.ms());
        assert_eq!(at(TimeFormat::Rfc3339, "2026-11-23T20:13:20+08:00"), now);
        assert_eq!(at(TimeFormat::Rfc3339, "2026-11-23T12:13:20Z"), now);
        assert_eq!(at(TimeFormat::Rfc3339, "2026-11-23T20:13:20"), now, "the site's time");
        assert_eq!(at(TimeFormat::Rfc3339, "2026-11-23 20:13:20"), now);
        assert_eq!(at(TimeFormat::UnixS, 1_795_436_000), now);
        let half = Json::number(1_795_436_000.5).expect("finite");
        assert_eq!(at(TimeFormat::UnixS, half), Some(NOW.ms() + 500));
        assert_eq!(at(TimeFormat::UnixMs, "1795436000000"), now);
        assert_eq!(at(local("%Y/%m/%d %H:%M:%S"), "2026/11/23 20:13:20"), now);
        assert_eq!(at(local("%Y%m%d%H%M%S"), 20_261_123_201_320_i64), now);
        assert_eq!(at(local("%Y-%m-%d %H:%M:%S %z"), "2026-11-23 12:13:20 +0000"), now);
        let midnight = at(local("%Y-%m-%d"), "2026-11-23");
        assert_eq!(midnight, at(TimeFormat::Rfc3339, "2026-11-23T00:00:00+08:00"));
        for odd in ["yesterday", "", "2026-13-01T00:00:00Z"] {
            assert_eq!(at(TimeFormat::Rfc3339, odd), None, "{odd}");
        }
        assert_eq!(at(TimeFormat::Rfc3339, 12), None);
        assert_eq!(at(TimeFormat::UnixS, i64::MAX), None);
        assert_eq!(at(TimeFormat::UnixS, "1e999"), None);
    }

    #[test]
    fn eight_hours_ahead_are_beijing_marked_as_utc() {
        let ahead = |minutes: i64| NOW.ms() + minutes * 60_000;
        let own = |ms| Belief::Own(Timestamp::from_ms(ms));
        assert_eq!(believe(ahead(4), NOW, false), own(ahead(4)));
        assert_eq!(believe(ahead(-600), NOW, false), own(ahead(-600)), "kept for ten hours");
        assert_eq!(believe(ahead(481), NOW, false), Belief::EightHours(NOW.plus_ms(60_000)));
        assert_eq!(believe(ahead(400), NOW, false), Belief::Future);
        assert_eq!(believe(ahead(400), NOW, true), Belief::EightHours(NOW.plus_ms(-80 * 60_000)));
        assert_eq!(believe(ahead(600), NOW, true), Belief::Future);
        assert_eq!(believe(10_000, NOW, false), Belief::Ancient);
        let days = |n: i64| NOW.ms() - n * 24 * 3_600_000;
        assert_eq!(believe(days(365), NOW, false), own(days(365)));
        assert_eq!(believe(days(371), NOW, false), Belief::Ancient, "its battery is dead");
        let unset = Timestamp::from_ms(OLDEST_MS + 1);
        assert_eq!(believe(NOW.ms(), unset, false), own(NOW.ms()), "the gateway's clock is wrong");
        assert_eq!(skew_s(NOW.ms() + 1_900, NOW), 0);
        assert_eq!(skew_s(NOW.ms() - 90_000, NOW), -90);
    }
}
