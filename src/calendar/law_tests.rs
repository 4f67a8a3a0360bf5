//! Laws that hold for all hours, all zones and all intervals.

use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::model::Timestamp;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// 2026-01-01T00:00Z.
const NEW_YEAR: i64 = 1_767_225_600_000;

fn windows() -> impl Strategy<Value = Windows> {
    prop::collection::btree_set(0_u16..=1_440, 0..=6).prop_map(|edges| {
        let edges: Vec<u16> = edges.into_iter().collect();
        let shown = |at: u16| format!("{:02}:{:02}", at / 60, at % 60);
        let pairs = edges.chunks_exact(2).map(|p| format!("{}-{}", shown(p[0]), shown(p[1])));
        let text = pairs.collect::<Vec<_>>().join(",");
        Windows::parse(if text.is_empty() { "closed" } else { &text }).expect("windows")
    })
}

fn hours() -> impl Strategy<Value = Hours> {
    let some = (0_i16..400, 0_i16..40, windows());
    (windows(), windows(), windows(), windows(), some).prop_map(
        |(workday, saturday, sunday, holiday, (first, length, own))| {
            let day = |n: i16| date(2026, 1, 1).saturating_add(jiff::Span::new().days(n));
            let closed = format!("{}..{}", day(first), day(first + length));
            let closed = vec![Days::parse(&closed).expect("days")];
            let open = [(day(first + length + 1), own)].into();
            Hours { workday, saturday, sunday, holiday, closed, open }
        },
    )
}

/// Zones with and without summer time, one that changes at midnight, one by half an hour.
fn calendar() -> impl Strategy<Value = Calendar> {
    let zones = [
        "Asia/Shanghai",
        "Europe/Berlin",
        "America/Santiago",
        "Australia/Lord_Howe",
        "America/St_Johns",
    ];
    (hours(), prop::sample::select(zones.to_vec())).prop_map(|(hours, zone)| {
        let zone = TimeZone::get(zone).expect("zone");
        Calendar::new(hours, Arc::new(Holidays::shipped()), zone)
    })
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0..420 * DAY).prop_map(|ms| Timestamp::from_ms(NEW_YEAR + ms))
}

/// Whether a window of the local date holds the time of the wall clock.
fn by_wall_clock(calendar: &Calendar, at: Timestamp) -> bool {
    let moment = jiff::Timestamp::from_millisecond(at.ms()).expect("in range");
    let local = calendar.time_zone().to_datetime(moment);
    let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
    let hours = calendar.hours();
    let is_closed = hours.closed.iter().any(|days| days.holds(local.date()));
    let kind = calendar.day(local.date());
    let weekday = local.date().weekday();
    let windows = match (hours.open.get(&local.date()), kind) {
        _ if is_closed => return false,
        (Some(own), _) => own,
        (None, DayKind::Workday | DayKind::MakeUp(_)) => &hours.workday,
        (None, DayKind::Holiday(_)) => &hours.holiday,
        (None, DayKind::Weekend) if weekday == jiff::civil::Weekday::Saturday => &hours.saturday,
        (None, DayKind::Weekend) => &hours.sunday,
    };
    let holds = |w: &Window| (i32::from(w.from_min())..i32::from(w.to_min())).contains(&minute);
    windows.as_slice().iter().any(holds)
}

/// Whether the clocks change within a day of this moment.
fn near_a_change(calendar: &Calendar, at: Timestamp) -> bool {
    let moment = |ms| jiff::Timestamp::from_millisecond(ms).expect("in range");
    let mut next = calendar.time_zone().following(moment(at.ms() - DAY));
    next.next().is_some_and(|change| change.timestamp() < moment(at.ms() + DAY))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Open time of an interval is that of its parts.
    #[test]
    fn open_time_adds_up(calendar in calendar(), mut cuts in prop::array::uniform3(moment())) {
        cuts.sort_unstable();
        let [from, cut, to] = cuts;
        let whole = calendar.open_ms(from, to);
        prop_assert_eq!(calendar.open_ms(from, cut) + calendar.open_ms(cut, to), whole);
        prop_assert!((0..=to.since_ms(from)).contains(&whole));
        prop_assert_eq!(calendar.open_ms(to, from), 0);
    }

    /// Away from a change of the clocks it is open when the clock on the wall says so.
    #[test]
    fn it_is_open_when_the_wall_clock_says_so(calendar in calendar(), at in moment()) {
        if !near_a_change(&calendar, at) {
            prop_assert_eq!(calendar.is_open(at), by_wall_clock(&calendar, at));
        }
    }

    /// Spans are in order, apart, not empty and open at both ends; all of a local day's windows
    /// are in them.
    #[test]
    fn spans_are_in_order_and_apart(calendar in calendar(), from in moment(), days in 0..30_i64) {
        let to = from.plus_ms(days * DAY);
        let mut last = None;
        for (begin, end) in calendar.spans(from, to) {
            prop_assert!(from <= begin && begin < end && end <= to);
            prop_assert!(last.is_none_or(|last| last < begin));
            prop_assert!(calendar.is_open(begin) && calendar.is_open(end.plus_ms(-1)));
            prop_assert!(end == to || !calendar.is_open(end));
            last = Some(end);
        }
    }

    /// Between now and the next opening or closing nothing changes but at those moments.
    #[test]
    fn the_next_moments_are_the_next(calendar in calendar(), at in moment()) {
        let (opens, closes) = (calendar.opens_next(at), calendar.closes_next(at));
        if let Some(moment) = opens {
            prop_assert!(moment > at && calendar.is_open(moment));
            prop_assert!(!calendar.is_open(moment.plus_ms(-1)));
        }
        if let Some(moment) = closes {
            prop_assert!(moment > at && !calendar.is_open(moment));
            prop_assert!(calendar.is_open(moment.plus_ms(-1)));
        }
        let next = if calendar.is_open(at) { closes } else { opens };
        if let Some(next) = next {
            let open = if calendar.is_open(at) { next.since_ms(at) } else { 0 };
            prop_assert_eq!(calendar.open_ms(at, next), open);
        }
    }

    /// Time spent open and the moment after it are the inverse of each other.
    #[test]
    fn the_moment_after_open_time_is_found(calendar in calendar(), at in moment(), open_ms in 1..DAY) {
        if let Some(after) = calendar.after_open_ms(at, open_ms) {
            prop_assert_eq!(calendar.open_ms(at, after), open_ms);
            prop_assert!(calendar.is_open(after.plus_ms(-1)));
        }
    }

    /// A zone that is shut on holidays and weekends works on no holiday and on no weekend.
    #[test]
    fn holidays_are_no_working_days(workday in windows(), day in 0..1_096_i32) {
        let hours = Hours { workday, ..Hours::default() };
        let closed_on_workdays = hours.workday.is_closed();
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        let calendar = Calendar::new(hours, Arc::new(Holidays::shipped()), zone);
        let day: Date = date(2024, 1, 1).saturating_add(jiff::Span::new().days(day));
        let works = |day| matches!(calendar.day(day), DayKind::Workday | DayKind::MakeUp(_));
        prop_assert_eq!(calendar.is_working_day(day), works(day) && !closed_on_workdays);
        prop_assert!(calendar.working_days(day).take(9).all(works));
    }

    /// No text makes the readers panic, and what they show they read.
    #[test]
    fn any_text_is_read_or_refused(text in "[0-9:：，,\\- ～~.至a-z]{0,24}") {
        if let Ok(windows) = Windows::parse(&text) {
            prop_assert_eq!(Windows::parse(&windows.to_string()), Ok(windows));
        }
        if let Ok(days) = Days::parse(&text) {
            prop_assert_eq!(Days::parse(&days.to_string()), Ok(days));
        }
        let file = format!("year = 2027\nsource = \"x\"\n[[holiday]]\noff = [{text}]\n{text}\n");
        let read = Holidays::with_files(&[("2027.toml".to_owned(), file)]);
        prop_assert!(read.is_ok() || read.is_err_and(|mistakes| !mistakes.is_empty()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Counting minute by minute comes to the same, also where the clocks change.
    #[test]
    fn open_time_is_the_sum_of_open_minutes(calendar in calendar(), from in moment(), minutes in 0..3_000_i64) {
        let from = Timestamp::from_ms(from.ms() / MINUTE * MINUTE);
        let minute = |n: &i64| calendar.is_open(from.plus_ms(n * MINUTE));
        let open = i64::try_from((0..minutes).filter(minute).count()).expect("few");
        prop_assert_eq!(calendar.open_ms(from, from.plus_ms(minutes * MINUTE)), open * MINUTE);
    }
}
