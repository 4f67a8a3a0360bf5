//! Days and hours of real halls, with the numbers written out.

use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::*;
use crate::model::{Text, Timestamp};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A moment in Beijing, as `2026-10-01 09:00`.
fn at(text: &str) -> Timestamp {
    let local: jiff::civil::DateTime = text.parse().expect("a local time");
    let zone = TimeZone::get("Asia/Shanghai").expect("zone");
    Timestamp::from_ms(zone.to_timestamp(local).expect("in range").as_millisecond())
}

fn calendar(hours: Hours) -> Calendar {
    zoned(hours, "Asia/Shanghai")
}

fn zoned(hours: Hours, zone: &str) -> Calendar {
    Calendar::new(hours, Arc::new(Holidays::shipped()), TimeZone::get(zone).expect("zone"))
}

fn windows(text: &str) -> Windows {
    Windows::parse(text).expect(text)
}

#[test]
fn a_year_has_the_days_that_were_published() {
    let holidays = Holidays::shipped();
    // By `chinesecalendar` 1.11.0 and `holidays` 0.109, which agree on every one of the 1,096 days.
    for (year, working, off, made_up) in
        [(2024, 251, 28, 8), (2025, 248, 28, 5), (2026, 248, 33, 6)]
    {
        let year = Days::parse(&format!("{year}-01-01..{year}-12-31")).expect("a year");
        let days: Vec<DayKind> = year.iter().map(|date| holidays.day(date)).collect();
        let count = |wanted: fn(&DayKind) -> bool| days.iter().filter(|day| wanted(day)).count();
        let is_working = |day: &DayKind| matches!(day, DayKind::Workday | DayKind::MakeUp(_));
        assert_eq!(count(is_working), working, "{year}");
        assert_eq!(count(|day| matches!(day, DayKind::Holiday(_))), off, "{year}");
        assert_eq!(count(|day| matches!(day, DayKind::MakeUp(_))), made_up, "{year}");
    }
    assert_eq!(holidays.years().collect::<Vec<_>>(), [2024, 2025, 2026]);
    assert!(holidays.source(2026).is_some_and(|source| source.contains("国办发明电〔2025〕7号")));
}

#[test]
fn national_day_2026() {
    let holidays = Holidays::shipped();
    let name = Text::new("国庆节", "National Day");
    // Thursday to Wednesday; Sunday 20 September and Saturday 10 October are worked for it.
    for day in 1..=7 {
        assert_eq!(holidays.day(date(2026, 10, day)), DayKind::Holiday(name.clone()));
    }
    assert_eq!(holidays.day(date(2026, 10, 8)), DayKind::Workday);
    assert_eq!(holidays.day(date(2026, 9, 20)), DayKind::MakeUp(name.clone()));
    assert_eq!(holidays.day(date(2026, 10, 10)), DayKind::MakeUp(name));
    assert_eq!(holidays.day(date(2026, 10, 11)), DayKind::Weekend);
    let open = calendar(Hours::default());
    assert_eq!(open.opens_next(at("2026-09-30 17:00")), Some(at("2026-10-08 09:00")));
    // 28 to 30 September, 8 to 10 October, 12 to 16 October: 11 days of 8 hours.
    assert_eq!(open.open_ms(at("2026-09-28 00:00"), at("2026-10-19 00:00")), 11 * 8 * HOUR);
}

#[test]
fn a_make_up_day_is_a_working_day_whatever_day_it_is() {
    let hours = Hours { saturday: windows("10:00-12:00"), ..Hours::default() };
    let open = calendar(hours);
    let sunday = date(2026, 9, 20);
    assert_eq!(open.windows(sunday), [(at("2026-09-20 09:00"), at("2026-09-20 17:00"))]);
    let made_up_saturday = date(2026, 10, 10);
    assert_eq!(open.windows(made_up_saturday), [(at("2026-10-10 09:00"), at("2026-10-10 17:00"))]);
    assert_eq!(open.open_ms(at("2026-10-17 00:00"), at("2026-10-18 00:00")), 2 * HOUR);
    assert!(!open.is_working_day(date(2026, 10, 3)), "a Saturday that is a holiday");
}

#[test]
fn a_year_that_is_not_known_has_weekends_only() {
    let holidays = Holidays::shipped();
    assert!(!holidays.knows(2027));
    assert_eq!(holidays.day(date(2027, 10, 1)), DayKind::Workday);
    assert_eq!(holidays.day(date(2027, 10, 2)), DayKind::Weekend);
    assert_eq!(holidays.missing(date(2026, 11, 30)), None);
    assert_eq!(holidays.missing(date(2026, 12, 1)), Some(2027));
    assert_eq!(holidays.missing(date(2026, 12, 31)), Some(2027));
    assert_eq!(holidays.missing(date(2025, 12, 1)), None);
    // On New Year's Day it is no longer a matter of the future.
    assert_eq!(holidays.missing(date(2027, 1, 1)), Some(2027));
    assert_eq!(holidays.missing(date(2027, 12, 31)), Some(2027));
}

#[test]
fn closed_days_are_shut_and_open_ones_have_their_own_hours() {
    let mut hours = Hours::always();
    hours.closed = vec![Days::parse("2026-03-10..2026-03-11").expect("days")];
    hours.open.insert(date(2026, 3, 10), windows("09:00-10:00"));
    hours.open.insert(date(2026, 3, 12), windows("09:00-10:00"));
    assert_eq!(hours.contradiction(), Some(date(2026, 3, 10)));
    let open = calendar(hours);
    assert_eq!(open.windows(date(2026, 3, 10)), []);
    assert_eq!(open.closes_next(at("2026-03-01 12:00")), Some(at("2026-03-10 00:00")));
    assert_eq!(open.opens_next(at("2026-03-01 12:00")), Some(at("2026-03-12 09:00")));
    assert_eq!(open.closes_next(at("2026-03-10 00:00")), Some(at("2026-03-12 10:00")));
    assert_eq!(open.open_ms(at("2026-03-09 23:00"), at("2026-03-13 01:00")), 3 * HOUR);
}

#[test]
fn a_zone_of_24_hours_never_opens_nor_closes() {
    let open = calendar(Hours::always());
    let now = at("2026-10-01 03:00");
    assert!(open.is_open(now));
    assert_eq!((open.opens_next(now), open.closes_next(now)), (None, None));
    assert_eq!(open.open_ms(now, now.plus_ms(1_000 * HOUR + 7)), 1_000 * HOUR + 7);
    assert!(open.is_working_day(date(2026, 10, 1)));
    let spans: Vec<_> = open.spans(now, now.plus_ms(100 * HOUR)).collect();
    assert_eq!(spans, [(now, now.plus_ms(100 * HOUR))]);
}

#[test]
fn opening_and_closing_moments() {
    let hours = Hours { workday: windows("08:30-12:00, 13:30-17:30"), ..Hours::default() };
    let open = calendar(hours);
    // Friday 6 March 2026.
    let cases = [
        ("2026-03-06 08:29:59.999", false, "2026-03-06 08:30", "2026-03-06 12:00"),
        ("2026-03-06 08:30", true, "2026-03-06 13:30", "2026-03-06 12:00"),
        ("2026-03-06 11:59:59.999", true, "2026-03-06 13:30", "2026-03-06 12:00"),
        ("2026-03-06 12:00", false, "2026-03-06 13:30", "2026-03-06 17:30"),
        ("2026-03-06 17:30", false, "2026-03-09 08:30", "2026-03-09 12:00"),
        ("2026-03-07 12:00", false, "2026-03-09 08:30", "2026-03-09 12:00"),
    ];
    for (now, is_open, opens, closes) in cases {
        assert_eq!(open.is_open(at(now)), is_open, "{now}");
        assert_eq!(open.opens_next(at(now)), Some(at(opens)), "{now}");
        assert_eq!(open.closes_next(at(now)), Some(at(closes)), "{now}");
    }
    assert_eq!(open.close_of(date(2026, 3, 6)), Some(at("2026-03-06 17:30")));
    assert_eq!(open.close_of(date(2026, 3, 7)), None);
    let days: Vec<Date> = open.working_days(date(2026, 3, 6)).take(2).collect();
    assert_eq!(days, [date(2026, 3, 6), date(2026, 3, 9)]);
    let after = open.after_open_ms(at("2026-03-06 11:00"), 2 * HOUR);
    assert_eq!(after, Some(at("2026-03-06 14:30")));
    assert_eq!(open.after_open_ms(at("2026-03-07 11:00"), 0), Some(at("2026-03-09 08:30")));
}

#[test]
fn a_zone_that_never_opens_ends_every_search() {
    let open = calendar(Hours { workday: Windows::closed(), ..Hours::default() });
    let now = at("2026-03-06 12:00");
    assert_eq!((open.opens_next(now), open.closes_next(now)), (None, None));
    assert_eq!(open.working_days(date(2026, 1, 1)).count(), 0);
    assert_eq!(open.after_open_ms(now, 1), None);
    let ever = (Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX));
    assert_eq!(open.open_ms(ever.0, ever.1), 0);
    let always = calendar(Hours::always());
    assert!(!always.is_open(ever.0) && !always.is_open(ever.1));
    assert_eq!(always.open_ms(ever.1, ever.0), 0);
    // From 1900 until before 2200, 109,573 days.
    assert_eq!(always.open_ms(ever.0, ever.1), 109_573 * 24 * HOUR);
}

#[test]
fn days_of_23_and_25_hours_are_counted_as_they_are() {
    // Berlin: 29 March 2026, 02:00 becomes 03:00; 25 October 2026, 03:00 becomes 02:00.
    let open = zoned(Hours::always(), "Europe/Berlin");
    let length = |day: Date| open.windows(day).iter().map(|(a, b)| b.since_ms(*a)).sum::<i64>();
    assert_eq!(length(date(2026, 3, 28)), 24 * HOUR);
    assert_eq!(length(date(2026, 3, 29)), 23 * HOUR);
    assert_eq!(length(date(2026, 10, 25)), 25 * HOUR);
    let night = |text: &str| {
        let open = zoned(Hours { sunday: windows(text), ..Hours::default() }, "Europe/Berlin");
        let length = |day| open.windows(day).iter().map(|(a, b)| b.since_ms(*a)).sum::<i64>();
        (length(date(2026, 3, 29)) / MINUTE, length(date(2026, 10, 25)) / MINUTE)
    };
    // What is skipped has no time; what comes twice ends at its second end.
    assert_eq!(night("01:00-02:00"), (60, 60));
    assert_eq!(night("02:00-03:00"), (0, 120));
    assert_eq!(night("02:15-02:45"), (0, 30));
    let skipped = Hours { sunday: windows("02:15-02:45"), ..Hours::default() };
    assert_eq!(zoned(skipped, "Europe/Berlin").windows(date(2026, 3, 29)), []);
    assert_eq!(night("01:00-02:15, 02:15-04:00"), (120, 240));
    // Santiago: 6 September 2026 begins at 01:00.
    let open = zoned(Hours::always(), "America/Santiago");
    let day = open.windows(date(2026, 9, 6));
    assert_eq!(day.first().map(|(a, b)| b.since_ms(*a)), Some(23 * HOUR));
}

#[test]
fn windows_are_read_as_they_are_meant() {
    let shown = |text: &str| Windows::parse(text).map(|windows| windows.to_string());
    let ok = |text: &str| shown(text).expect(text);
    assert_eq!(ok("09:00-17:00"), "09:00-17:00");
    assert_eq!(ok(" 13:30 - 17:30 , 8:30-12:00"), "08:30-12:00, 13:30-17:30");
    assert_eq!(ok("０９：００－１２：００，１３：００～１７：００"), "09:00-12:00, 13:00-17:00");
    assert_eq!(ok("00:00—24:00"), "00:00-24:00");
    assert_eq!(ok("09:00至12:00、12:00至17:00"), "09:00-12:00, 12:00-17:00");
    assert_eq!(ok("closed"), "closed");
    assert_eq!(ok("休息"), "closed");
    let wrong = |text: &str| shown(text).expect_err(text);
    assert_eq!(wrong(""), WindowError::Empty(String::new()));
    assert_eq!(wrong("09:00-12:00,"), WindowError::Empty("09:00-12:00,".to_owned()));
    assert_eq!(wrong("09:00"), WindowError::NotAWindow("09:00".to_owned()));
    assert_eq!(wrong("09:00-"), WindowError::NotAWindow("09:00-".to_owned()));
    assert_eq!(wrong("9-17-18"), WindowError::NotAWindow("9-17-18".to_owned()));
    assert_eq!(wrong("9-17"), WindowError::NotATime("9".to_owned()));
    assert_eq!(wrong("09:00-24:01"), WindowError::NotATime("24:01".to_owned()));
    assert_eq!(wrong("09:60-10:00"), WindowError::NotATime("09:60".to_owned()));
    assert_eq!(wrong("+9:00-10:00"), WindowError::NotATime("+9:00".to_owned()));
    assert_eq!(wrong("noon-10:00"), WindowError::NotATime("noon".to_owned()));
    assert_eq!(wrong("22:00-06:00"), WindowError::Reversed("22:00-06:00".to_owned()));
    assert_eq!(wrong("09:00-09:00"), WindowError::Reversed("09:00-09:00".to_owned()));
    let overlap = wrong("12:00-17:00, 09:00-12:30");
    assert_eq!(overlap.text().en, "`09:00-12:30` and `12:00-17:00` overlap");
    assert_eq!(overlap.text().zh, "`09:00-12:30` 与 `12:00-17:00` 重叠");
    for text in ["", "x", "1-2", "22:00-06:00", "9:00-12:00,10:00-11:00"] {
        let hint = wrong(text).hint();
        assert!(!hint.zh.is_empty() && !hint.en.is_empty());
    }
}

#[test]
fn days_are_read_as_they_are_meant() {
    let ok = |text: &str| Days::parse(text).expect(text).to_string();
    assert_eq!(ok("2026-10-01"), "2026-10-01");
    assert_eq!(ok(" 2026-10-1 .. 2026-10-07 "), "2026-10-01..2026-10-07");
    assert_eq!(ok("２０２６－１０－０１～２０２６－１０－０７"), "2026-10-01..2026-10-07");
    assert_eq!(ok("2026/10/01至2026/10/01"), "2026-10-01");
    for (text, found) in [
        ("2026-02-30", "2026-02-30"),
        ("2026-10-01T09:00", "2026-10-01T09:00"),
        ("2026-10-01..", ""),
        ("26-10-01", "26-10-01"),
        ("2026-+1-01", "2026-+1-01"),
    ] {
        assert_eq!(Days::parse(text), Err(DaysError::NotADate(found.to_owned())), "{text}");
    }
    let reversed = Days::parse("2026-10-07..2026-10-01").expect_err("reversed");
    assert_eq!(reversed.text().en, "`2026-10-07..2026-10-01` ends before it begins");
    let week = Days::parse("2026-10-01..2026-10-07").expect("days");
    assert_eq!(week.iter().count(), 7);
    assert!(week.holds(date(2026, 10, 7)) && !week.holds(date(2026, 10, 8)));
}

#[test]
fn ten_years_are_counted_at_once() {
    let open = calendar(Hours::default());
    let (from, to) = (at("2016-01-01 00:00"), at("2026-01-01 00:00"));
    let begun = std::time::Instant::now();
    let open_ms = open.open_ms(from, to);
    // 2016 to 2023 by weekdays only: 2,086 of them; 251 and 248 days after that.
    assert_eq!(open_ms, (2_086 + 251 + 248) * 8 * HOUR);
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
}
