//! Availability and repair of real weeks, with the numbers written out.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::*;
use crate::calendar::{Calendar, Holidays, Hours};
use crate::model::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A moment in Beijing, as `2026-10-01 09:00`.
pub(super) fn at(text: &str) -> Timestamp {
    let local: jiff::civil::DateTime = text.parse().expect("a local time");
    let zone = TimeZone::get("Asia/Shanghai").expect("zone");
    Timestamp::from_ms(zone.to_timestamp(local).expect("in range").as_millisecond())
}

pub(super) fn calendar(hours: Hours) -> Calendar {
    let zone = TimeZone::get("Asia/Shanghai").expect("zone");
    Calendar::new(hours, Arc::new(Holidays::shipped()), zone)
}

/// 09:00 to 17:00 on working days.
pub(super) fn office() -> Calendar {
    calendar(Hours::default())
}

fn stretch(condition: Condition, from: &str, to: &str) -> Stretch {
    Stretch { condition, from: at(from), to: at(to) }
}

/// A machine that serves from `from` until before `to`, but for these.
fn serving_but(from: &str, to: &str, others: &[(Condition, &str, &str)]) -> Vec<Stretch> {
    let mut stretches = vec![stretch(Condition::Serving, from, to)];
    stretches.extend(others.iter().map(|(condition, from, to)| stretch(*condition, from, to)));
    stretches
}

/// The two weeks of Monday 2 to Sunday 15 March 2026: ten working days, 80 hours.
const WEEKS: (&str, &str) = ("2026-03-02 00:00", "2026-03-16 00:00");

fn weeks(others: &[(Condition, &str, &str)]) -> Kpi {
    let stretches = serving_but(WEEKS.0, WEEKS.1, others);
    Kpi::of(at(WEEKS.0), at(WEEKS.1), &office(), &stretches)
}

#[test]
fn a_fault_over_a_weekend_is_one_hour_of_service() {
    // Friday 16:30 to 17:00 and Monday 09:00 to 09:30.
    let kpi = weeks(&[(Condition::Down, "2026-03-06 16:30", "2026-03-09 09:30")]);
    assert_eq!((kpi.service_ms, kpi.down_ms, kpi.serving_ms), (80 * HOUR, HOUR, 79 * HOUR));
    assert_eq!(kpi.availability(), Some(79.0 / 80.0));
    assert_eq!((kpi.failures, kpi.mtbf_ms()), (1, Some(79 * HOUR)));
    assert_eq!((kpi.repairs, kpi.mttr_ms()), (1, Some(HOUR)));
    // By the clock: 7.5 h of Friday, 48 h, 9.5 h of Monday.
    assert_eq!(kpi.mttr_calendar_ms(), Some(65 * HOUR));
    // A = MTBF / (MTBF + MTTR).
    assert_eq!(kpi.availability(), Some(79.0 / (79.0 + 1.0)));
}

#[test]
fn a_fault_over_national_day_is_two_hours_of_service() {
    let down = [(Condition::Down, "2026-09-30 16:00", "2026-10-08 10:00")];
    let (from, to) = ("2026-09-28 00:00", "2026-10-12 00:00");
    let kpi = Kpi::of(at(from), at(to), &office(), &serving_but(from, to, &down));
    // 28 to 30 September, 8 and 9 October, and Saturday 10 October, which is worked.
    assert_eq!((kpi.service_ms, kpi.down_ms), (6 * 8 * HOUR, 2 * HOUR));
    assert_eq!(kpi.availability(), Some(46.0 / 48.0));
    // 8 h of 30 September, 7 days, 10 h of 8 October.
    assert_eq!(kpi.mttr_calendar_ms(), Some((8 + 7 * 24 + 10) * HOUR));
}

#[test]
fn a_make_up_sunday_is_service_time() {
    let down = [(Condition::Down, "2026-09-19 12:00", "2026-09-21 09:00")];
    let (from, to) = ("2026-09-14 00:00", "2026-09-28 00:00");
    let kpi = Kpi::of(at(from), at(to), &office(), &serving_but(from, to, &down));
    // Two weeks of 5 days, with Sunday the 20th in and Friday the 25th, Mid-Autumn, out.
    assert_eq!((kpi.service_ms, kpi.down_ms), (10 * 8 * HOUR, 8 * HOUR));
    // It counts from Sunday 09:00, when it first stood in somebody's way.
    assert_eq!((kpi.mttr_ms(), kpi.mttr_calendar_ms()), (Some(8 * HOUR), Some(24 * HOUR)));
}

#[test]
fn a_zone_of_24_hours_counts_every_hour() {
    let down = [(Condition::Offline, "2026-10-03 03:00", "2026-10-03 05:30")];
    let (from, to) = ("2026-10-01 00:00", "2026-11-01 00:00");
    let kpi = Kpi::of(at(from), at(to), &calendar(Hours::always()), &serving_but(from, to, &down));
    assert_eq!((kpi.service_ms, kpi.down_ms), (744 * HOUR, 150 * MINUTE));
    assert_eq!(kpi.availability(), Some(741.5 / 744.0));
    assert_eq!((kpi.mttr_ms(), kpi.mttr_calendar_ms()), (Some(150 * MINUTE), Some(150 * MINUTE)));
}

#[test]
fn a_machine_that_is_switched_off_at_night_never_fails() {
    let kpi = weeks(&[
        (Condition::Offline, "2026-03-02 17:05", "2026-03-03 08:50"),
        (Condition::Offline, "2026-03-03 17:05", "2026-03-04 08:50"),
        (Condition::Down, "2026-03-07 03:00", "2026-03-08 03:00"),
    ]);
    assert_eq!((kpi.failures, kpi.repairs, kpi.down_ms), (0, 0, 0));
    assert_eq!((kpi.mtbf_ms(), kpi.mttr_ms(), kpi.mttr_calendar_ms()), (None, None, None));
    assert_eq!(kpi.availability(), Some(1.0));
}

#[test]
fn one_that_is_switched_on_late_counts_from_the_opening() {
    let night = [(Condition::Offline, "2026-03-02 17:05", "2026-03-03 09:10")];
    let stretches = serving_but(WEEKS.0, WEEKS.1, &night);
    let found = outages(&office(), &stretches);
    let lasted = Lapse { service_ms: 10 * MINUTE, calendar_ms: 10 * MINUTE };
    let outage = Outage {
        began: at("2026-03-02 17:05"),
        counts_from: at("2026-03-03 09:00"),
        ended: Some(at("2026-03-03 09:10")),
        lasted,
    };
    assert_eq!(found, [outage]);
    // It is a failure of the period in which it stood in the way first, to the millisecond.
    let figures = |from, to| {
        let kpi = Kpi::of(at(from), at(to), &office(), &stretches);
        (kpi.failures, kpi.repairs)
    };
    assert_eq!(figures("2026-03-02 00:00", "2026-03-03 09:00"), (0, 0));
    assert_eq!(figures("2026-03-03 09:00", "2026-03-03 09:10"), (1, 0));
    assert_eq!(figures("2026-03-03 09:10", "2026-03-04 00:00"), (0, 1));
}

#[test]
fn down_and_offline_and_missing_data_are_one_outage() {
    let kpi = weeks(&[
        (Condition::Down, "2026-03-03 10:00", "2026-03-03 10:30"),
        (Condition::Offline, "2026-03-03 10:30", "2026-03-03 11:00"),
        (Condition::Unknown, "2026-03-03 11:00", "2026-03-03 11:02"),
        (Condition::Down, "2026-03-03 11:02", "2026-03-03 11:30"),
    ]);
    assert_eq!((kpi.failures, kpi.repairs), (1, 1));
    assert_eq!((kpi.down_ms, kpi.unknown_ms), (88 * MINUTE, 2 * MINUTE));
    assert_eq!((kpi.mttr_ms(), kpi.mttr_calendar_ms()), (Some(88 * MINUTE), Some(90 * MINUTE)));
}

#[test]
fn one_that_served_in_between_failed_twice() {
    for between in [Condition::Serving, Condition::Degraded, Condition::Maintenance] {
        let kpi = weeks(&[
            (Condition::Down, "2026-03-03 10:00", "2026-03-03 11:00"),
            (between, "2026-03-03 11:00", "2026-03-03 12:00"),
            (Condition::Down, "2026-03-03 12:00", "2026-03-03 14:00"),
        ]);
        assert_eq!((kpi.failures, kpi.mttr_ms()), (2, Some(90 * MINUTE)), "{between:?}");
    }
    // Also when it served in closed hours only.
    let kpi = weeks(&[
        (Condition::Down, "2026-03-03 16:00", "2026-03-03 20:00"),
        (Condition::Down, "2026-03-04 06:00", "2026-03-04 10:00"),
    ]);
    assert_eq!((kpi.failures, kpi.down_ms), (2, 2 * HOUR));
    // Repaired at 20:00: four hours by the clock; counting from 09:00: one.
    assert_eq!((kpi.mttr_ms(), kpi.mttr_calendar_ms()), (Some(HOUR), Some(150 * MINUTE)));
}

#[test]
fn maintenance_and_missing_data_are_taken_out() {
    // Tuesday 3 March: 8 hours.
    let (from, to) = ("2026-03-03 00:00", "2026-03-04 00:00");
    let stretches = [
        stretch(Condition::Serving, "2026-03-03 08:00", "2026-03-03 11:00"),
        stretch(Condition::Maintenance, "2026-03-03 11:00", "2026-03-03 12:00"),
        stretch(Condition::Degraded, "2026-03-03 12:00", "2026-03-03 14:30"),
        stretch(Condition::Down, "2026-03-03 14:30", "2026-03-03 16:00"),
        // Of the last hour nothing is said.
    ];
    let kpi = Kpi::of(at(from), at(to), &office(), &stretches);
    let expected = Kpi {
        service_ms: 8 * HOUR,
        serving_ms: 2 * HOUR,
        degraded_ms: 150 * MINUTE,
        down_ms: 90 * MINUTE,
        maintenance_ms: HOUR,
        unknown_ms: HOUR,
        failures: 1,
        // Nothing else was seen after it, so it goes on as far as anybody knows.
        repairs: 0,
        repair: Lapse::default(),
    };
    assert_eq!(kpi, expected);
    assert_eq!(kpi.answerable_ms(), 6 * HOUR);
    assert_eq!(kpi.availability(), Some(0.75));
    assert_eq!((kpi.mtbf_ms(), kpi.mttr_ms()), (Some(270 * MINUTE), None));
    let silent = Kpi::of(at(from), at(to), &office(), &[]);
    assert_eq!((silent.unknown_ms, silent.availability()), (8 * HOUR, None));
    let sunday = Kpi::of(at("2026-03-08 00:00"), at("2026-03-09 00:00"), &office(), &stretches);
    assert_eq!((sunday.service_ms, sunday.availability()), (0, None));
    assert_eq!(Kpi::of(at(to), at(from), &office(), &stretches), Kpi::default());
}

#[test]
fn an_outage_over_the_end_of_a_month_fails_in_one_and_is_repaired_in_the_other() {
    let down = [(Condition::Down, "2026-03-31 16:00", "2026-04-01 10:00")];
    let stretches = serving_but("2026-03-01 00:00", "2026-05-01 00:00", &down);
    let month = |from, to| Kpi::of(at(from), at(to), &office(), &stretches);
    let march = month("2026-03-01 00:00", "2026-04-01 00:00");
    let april = month("2026-04-01 00:00", "2026-05-01 00:00");
    assert_eq!((march.failures, march.repairs, march.down_ms), (1, 0, HOUR));
    assert_eq!((april.failures, april.repairs, april.down_ms), (0, 1, HOUR));
    assert_eq!((march.mttr_ms(), april.mttr_ms()), (None, Some(2 * HOUR)));
    assert_eq!(april.mtbf_ms(), None);
    assert_eq!(march.plus(april), month("2026-03-01 00:00", "2026-05-01 00:00"));
}

#[test]
fn a_fleet_is_weighed_by_service_time() {
    // 80 h with 1 h down, and 336 h of a 24-hour zone with 14 h down.
    let one = weeks(&[(Condition::Down, "2026-03-03 10:00", "2026-03-03 11:00")]);
    let down = [(Condition::Down, "2026-03-07 00:00", "2026-03-07 14:00")];
    let stretches = serving_but(WEEKS.0, WEEKS.1, &down);
    let always = calendar(Hours::always());
    let other = Kpi::of(at(WEEKS.0), at(WEEKS.1), &always, &stretches);
    let fleet: Kpi = [one, other].iter().sum();
    assert_eq!(fleet.availability(), Some(401.0 / 416.0));
    assert_eq!(fleet.mtbf_ms(), Some(401 * HOUR / 2));
    assert_eq!(fleet.mttr_ms(), Some(15 * HOUR / 2));
    assert_eq!([].iter().sum::<Kpi>().availability(), None);
}

#[test]
fn where_stretches_overlap_the_first_in_precedence_counts() {
    let day = |others: &[(Condition, &str, &str)]| {
        let (from, to) = ("2026-03-03 09:00", "2026-03-03 17:00");
        Kpi::of(at(from), at(to), &office(), &serving_but(from, to, others))
    };
    let kpi = day(&[
        (Condition::Down, "2026-03-03 10:00", "2026-03-03 14:00"),
        (Condition::Degraded, "2026-03-03 09:30", "2026-03-03 15:00"),
        (Condition::Maintenance, "2026-03-03 12:00", "2026-03-03 13:00"),
        (Condition::Unknown, "2026-03-03 12:30", "2026-03-03 13:30"),
        (Condition::Down, "2026-03-03 16:00", "2026-03-03 15:00"),
    ]);
    let parts = (kpi.serving_ms, kpi.degraded_ms, kpi.down_ms, kpi.maintenance_ms, kpi.unknown_ms);
    let minutes = |n: i64| n * MINUTE;
    assert_eq!(parts, (minutes(150), minutes(90), minutes(150), minutes(60), minutes(30)));
    assert_eq!(kpi.failures, 2, "before and after the maintenance");
}

#[test]
fn an_alert_waits_in_service_time_and_by_the_clock() {
    let (open, always) = (office(), calendar(Hours::always()));
    // Friday 16:50 to Monday 09:15.
    let (raised, acknowledged) = (at("2026-03-06 16:50"), at("2026-03-09 09:15"));
    let by_clock = (64 * 60 + 25) * MINUTE;
    let waited = Lapse { service_ms: 25 * MINUTE, calendar_ms: by_clock };
    assert_eq!(response(&open, raised, acknowledged), waited);
    let waited = Lapse { service_ms: by_clock, calendar_ms: by_clock };
    assert_eq!(response(&always, raised, acknowledged), waited);
    assert_eq!(response(&open, acknowledged, raised), Lapse::default());
}

#[test]
fn every_condition_has_its_words() {
    for condition in Condition::ALL {
        assert_eq!(Condition::parse(condition.as_str()), Some(condition));
        assert!(!condition.text().zh.is_empty());
    }
    assert!(Condition::ALL.is_sorted());
    assert_eq!(Condition::parse("broken"), None);
}
