//! Paper and cards of real weeks, with the numbers written out.

use super::kpi_tests::{at, calendar, office};
use super::*;
use crate::calendar::{Calendar, Hours};
use crate::model::Timestamp;

const HOUR: i64 = 3_600_000;

/// Readings every hour from midnight of the first day until `now`, of a machine that uses `a_day`
/// evenly over its open time.
fn hourly(calendar: &Calendar, from: &str, now: Timestamp, a_day: u64) -> Vec<Count> {
    let from = at(from);
    let steps = now.since_ms(from) / HOUR;
    let count = |hour: i64| {
        let at = from.plus_ms(hour * HOUR);
        let date = calendar.date_of(at);
        let first = calendar.date_of(from);
        let days = calendar.working_days(first).take_while(|day| *day < date).count();
        let windows = calendar.windows(date);
        let today = windows.first().zip(windows.last()).map_or(0, |((open, _), (_, close))| {
            let whole = calendar.open_ms(*open, *close);
            i64::try_from(a_day).expect("few") * calendar.open_ms(*open, at.min(*close)) / whole
        });
        let total = u64::try_from(days).expect("few") * a_day + u64::try_from(today).expect("few");
        Count { at, total: 10_000 + total }
    };
    (0..=steps).map(count).collect()
}

fn supply<'a>(counts: &'a [Count], refills: &'a [Timestamp], left: Left) -> Supply<'a> {
    Supply { counts, refills, left, sensor: Sensor::Unknown, low_means: None }
}

fn rate(used: u64, days: u32) -> Rate {
    Rate { used, days, before_refill: false }
}

fn runs_out(when: &str, left: u64, rate: Rate) -> Forecast {
    Forecast::RunsOut { at: at(when), left, rate, held_by_sensor: false }
}

#[test]
fn a_thousand_sheets_at_a_hundred_a_day() {
    // Refilled on Monday 2 March at 08:00, a hundred a day.
    let (open, refills) = (office(), [at("2026-03-02 08:00")]);
    let ask = |now: &str| {
        let counts = hourly(&open, "2026-03-02 00:00", at(now), 100);
        forecast(&supply(&counts, &refills, Left::OfCapacity(1_000)), &open, at(now))
    };
    // Friday evening: 500 used in 5 days, 500 left: the five days of the next week.
    let friday = ask("2026-03-06 18:00");
    assert_eq!(friday, runs_out("2026-03-13 17:00", 500, rate(500, 5)));
    assert_eq!(friday.reason().en, "500 left, 100.0 a working day over 5 days");
    assert_eq!(friday.reason().zh, "剩余 500，5 个工作日平均每天 100.0");
    // Monday 13:00: 50 more used, half a day and four days to go; today does not count yet.
    assert_eq!(ask("2026-03-09 13:00"), runs_out("2026-03-13 17:00", 450, rate(500, 5)));
    assert_eq!(ask("2026-03-09 17:00"), runs_out("2026-03-13 17:00", 400, rate(600, 6)));
    // Wednesday noon of the first week: two days are too few, and there are none before.
    assert_eq!(ask("2026-03-04 12:00"), Forecast::None(NoForecast::FewDays));
    // At its close it is the third: 700 for 7 days.
    assert_eq!(ask("2026-03-04 17:00"), runs_out("2026-03-13 17:00", 700, rate(300, 3)));
}

#[test]
fn holidays_use_nothing_and_make_up_days_do() {
    // 21 to 24, 28 and 29 September: six days of 100; the 25th is Mid-Autumn.
    let open = office();
    let now = at("2026-09-29 17:00");
    let counts = hourly(&open, "2026-09-21 00:00", now, 100);
    let ask = |left| forecast(&supply(&counts, &[], Left::Said(left)), &open, now);
    // 30 September, 8 October, half of 9 October.
    assert_eq!(ask(250), runs_out("2026-10-09 13:00", 250, rate(600, 6)));
    // 30 September, 8 and 9 October, a quarter of Saturday the 10th, which is worked.
    assert_eq!(ask(325), runs_out("2026-10-10 11:00", 325, rate(600, 6)));
    assert_eq!(ask(100), runs_out("2026-09-30 17:00", 100, rate(600, 6)));
    assert_eq!(ask(40_000), Forecast::Lasts { left: 40_000, rate: rate(600, 6) });
}

#[test]
fn a_part_of_a_day_is_rounded_up_to_the_millisecond() {
    let open = office();
    let now = at("2026-03-06 17:00");
    let counts = hourly(&open, "2026-03-02 00:00", now, 7);
    let found = forecast(&supply(&counts, &[], Left::Said(1)), &open, now);
    // A seventh of 28,800,000 ms is 4,114,285.7 ms.
    assert_eq!(found.at(now), Some(at("2026-03-09 09:00").plus_ms(4_114_286)));
}

#[test]
fn a_day_counts_when_all_of_it_was_seen() {
    let noon = crate::calendar::Windows::parse("08:00-12:00, 14:00-18:00").expect("windows");
    let open = calendar(Hours { workday: noon, ..Hours::default() });
    let days = |from: &str, now: &str| {
        let counts = hourly(&open, from, at(now), 80);
        match forecast(&supply(&counts, &[], Left::Said(9)), &open, at(now)) {
            Forecast::RunsOut { rate, .. } => rate.days,
            _ => 0,
        }
    };
    assert_eq!(days("2026-03-02 08:00", "2026-03-06 18:00"), 5);
    assert_eq!(days("2026-03-02 13:00", "2026-03-06 18:00"), 4);
    assert_eq!(days("2026-03-02 08:00", "2026-03-06 13:00"), 4);
    // A refill at this very moment leaves all of it.
    let now = at("2026-03-06 18:00");
    let counts = hourly(&open, "2026-03-02 08:00", now, 80);
    let found = forecast(&supply(&counts, &[now], Left::OfCapacity(100)), &open, now);
    assert!(matches!(found, Forecast::RunsOut { left: 100, .. }), "{found:?}");
}

#[test]
fn a_break_at_noon_and_a_24_hour_zone() {
    let noon = crate::calendar::Windows::parse("08:00-12:00, 14:00-18:00").expect("windows");
    let open = calendar(Hours { workday: noon, ..Hours::default() });
    let now = at("2026-03-06 18:00");
    let counts = hourly(&open, "2026-03-02 00:00", now, 80);
    let ask = |left| forecast(&supply(&counts, &[], Left::Said(left)), &open, now);
    // Ten an hour: 45 is half an hour after the break.
    assert_eq!(ask(45), runs_out("2026-03-09 14:30", 45, rate(400, 5)));
    assert_eq!(ask(40), runs_out("2026-03-09 12:00", 40, rate(400, 5)));
    let always = calendar(Hours::always());
    let now = at("2026-10-03 00:00");
    let counts = hourly(&always, "2026-09-28 00:00", now, 48);
    let found = forecast(&supply(&counts, &[], Left::Said(60)), &always, now);
    // Two an hour, holiday or not: 30 hours.
    assert_eq!(found, runs_out("2026-10-04 06:00", 60, rate(240, 5)));
}

#[test]
fn the_sensor_wins() {
    let open = office();
    let now = at("2026-03-06 18:00");
    let counts = hourly(&open, "2026-03-02 00:00", now, 100);
    let ask = |left, sensor, low_means| {
        let supply = Supply { sensor, low_means, ..supply(&counts, &[], left) };
        forecast(&supply, &open, now)
    };
    let out = Forecast::Out(Witness::Sensor);
    assert_eq!(ask(Left::Said(900), Sensor::Out, None), out);
    assert_eq!(ask(Left::Unknown, Sensor::Out, None), out);
    let rate = rate(500, 5);
    let low = |held_by_sensor, left| Forecast::RunsOut {
        at: at("2026-03-09 13:00"),
        left,
        rate,
        held_by_sensor,
    };
    assert_eq!(ask(Left::Said(900), Sensor::Low, Some(50)), low(true, 50));
    assert_eq!(ask(Left::Unknown, Sensor::Low, Some(50)), low(true, 50));
    assert_eq!(ask(Left::Said(50), Sensor::Low, Some(80)), low(false, 50));
    assert_eq!(ask(Left::Said(50), Sensor::Low, Some(50)), low(false, 50));
    assert_eq!(ask(Left::Said(50), Sensor::Low, None), low(false, 50));
    assert!(low(true, 50).reason().zh.starts_with("传感器提示余量低；剩余 50"));
    assert_eq!(ask(Left::Unknown, Sensor::Low, None), Forecast::None(NoForecast::AmountUnknown));
    // Low means nothing where it is not low.
    assert_eq!(ask(Left::Said(50), Sensor::Full, Some(10)), low(false, 50));
    let wrong = ask(Left::Said(0), Sensor::Full, None);
    assert_eq!(wrong, Forecast::None(NoForecast::CountWrong));
    assert!(wrong.reason().en.contains("the count is wrong"));
    for sensor in [Sensor::Low, Sensor::Unknown] {
        assert_eq!(ask(Left::Said(0), sensor, Some(50)), Forecast::Out(Witness::Count));
    }
}

#[test]
fn after_a_refill_the_days_before_it_help_out() {
    let open = office();
    let now = at("2026-03-24 17:00");
    let counts = hourly(&open, "2026-02-24 00:00", now, 100);
    // Refilled on Monday 23 March at noon: two days since, 150 used.
    let refills = [at("2026-03-02 08:00"), at("2026-03-23 13:00"), at("2026-03-30 08:00")];
    let found = forecast(&supply(&counts, &refills, Left::OfCapacity(1_000)), &open, now);
    // 24 to 28 February, the Saturday being worked, and 17 days of March.
    let Forecast::RunsOut { left, rate, at: when, .. } = found else { panic!("{found:?}") };
    assert_eq!((left, rate), (850, Rate { used: 2_200, days: 22, before_refill: true }));
    // Eight days and a half; 4 to 6 April are Tomb-Sweeping Day.
    assert_eq!(when, at("2026-04-07 13:00"));
    assert!(found.reason().en.ends_with(", some before the refill"));
    // A long history is looked at for thirty days.
    let counts = hourly(&open, "2025-12-01 00:00", now, 100);
    let found = forecast(&supply(&counts, &refills, Left::OfCapacity(1_000)), &open, now);
    let Forecast::RunsOut { rate, .. } = found else { panic!("{found:?}") };
    assert_eq!(rate, Rate { used: 3_000, days: 30, before_refill: true });
}

#[test]
fn a_counter_that_begins_anew_goes_on() {
    let open = office();
    let now = at("2026-03-06 18:00");
    let mut counts = hourly(&open, "2026-03-02 00:00", now, 100);
    // It is reset on Thursday at noon, and 13 are counted before the next reading.
    let noon = at("2026-03-05 12:00");
    let before = counts.iter().find(|count| count.at == noon).expect("a reading").total;
    for count in counts.iter_mut().filter(|count| count.at > noon) {
        count.total -= before;
    }
    let refills = [at("2026-03-02 08:00")];
    let found = forecast(&supply(&counts, &refills, Left::OfCapacity(1_000)), &open, now);
    assert_eq!(found, runs_out("2026-03-13 17:00", 500, rate(500, 5)));
    // Readings out of order are put in order; those of the future are left out.
    counts.reverse();
    counts.push(Count { at: now.plus_ms(HOUR), total: 1_000_000 });
    let again = forecast(&supply(&counts, &refills, Left::OfCapacity(1_000)), &open, now);
    assert_eq!(again, found);
}

#[test]
fn days_without_readings_share_what_was_used() {
    let open = office();
    let now = at("2026-03-13 18:00");
    let mut counts = hourly(&open, "2026-03-02 00:00", now, 100);
    // The gateway was away from Tuesday noon to Monday noon: 400 at once.
    let (from, to) = (at("2026-03-03 13:00"), at("2026-03-09 13:00"));
    counts.retain(|count| count.at <= from || to <= count.at);
    let found = forecast(&supply(&counts, &[], Left::Said(100)), &open, now);
    assert_eq!(found, runs_out("2026-03-16 17:00", 100, rate(1_000, 10)));
}

#[test]
fn quiet_days_and_worked_weekends_are_not_active() {
    let open = office();
    let day = |text: &str, total| Count { at: at(text), total };
    let counts = [
        day("2026-03-02 08:00", 0),
        day("2026-03-02 12:00", 30),
        day("2026-03-03 12:00", 30),
        day("2026-03-04 12:00", 60),
        // A Saturday on which somebody tried it out.
        day("2026-03-07 12:00", 60),
        day("2026-03-07 12:01", 90),
        day("2026-03-09 12:00", 90),
        day("2026-03-09 12:01", 121),
    ];
    let now = at("2026-03-09 20:00");
    let found = forecast(&supply(&counts, &[], Left::Said(10)), &open, now);
    // 30 on Monday, 30 between Tuesday and Wednesday noon by open time, 31 on Monday.
    let Forecast::RunsOut { rate, .. } = found else { panic!("{found:?}") };
    assert_eq!(rate, super::Rate { used: 91, days: 4, before_refill: false });
    // The day of the first reading does not count when it had begun.
    let late = &counts[1..];
    let found = forecast(&supply(late, &[], Left::Said(10)), &open, now);
    let Forecast::RunsOut { rate, .. } = found else { panic!("{found:?}") };
    assert_eq!((rate.used, rate.days), (61, 3));
}

#[test]
fn without_readings_since_the_refill_the_amount_is_not_known() {
    let open = office();
    let now = at("2026-03-13 18:00");
    let counts = hourly(&open, "2026-03-05 08:00", now, 100);
    let ask = |refill: &str| {
        let refills = [at(refill)];
        forecast(&supply(&counts, &refills, Left::OfCapacity(1_000)), &open, now)
    };
    assert_eq!(ask("2026-03-04 12:00"), Forecast::None(NoForecast::AmountUnknown));
    assert_eq!(ask("2026-03-05 07:00"), runs_out("2026-03-18 17:00", 300, rate(700, 7)));
    let none = forecast(&supply(&[], &[], Left::OfCapacity(9)), &open, now);
    assert_eq!(none, Forecast::None(NoForecast::AmountUnknown));
    let none = forecast(&supply(&[], &[], Left::Said(9)), &open, now);
    assert_eq!(none, Forecast::None(NoForecast::FewDays));
}

#[test]
fn the_refill_list_of_a_friday() {
    let open = office();
    let always = calendar(Hours::always());
    let now = at("2026-03-06 10:00");
    let (mean, held_by_sensor) = (rate(300, 3), false);
    let runs_out =
        |when: &str| Forecast::RunsOut { at: at(when), left: 9, rate: mean, held_by_sensor };
    let unsure = Forecast::None(NoForecast::FewDays);
    let cases = [
        ("monday evening", Sensor::Unknown, runs_out("2026-03-09 16:59"), &open),
        ("tuesday", Sensor::Full, runs_out("2026-03-10 09:01"), &open),
        ("today", Sensor::Unknown, runs_out("2026-03-06 16:00"), &open),
        ("low, who knows", Sensor::Low, unsure, &open),
        ("low, tuesday", Sensor::Low, runs_out("2026-03-10 11:00"), &open),
        ("out", Sensor::Out, Forecast::Out(Witness::Sensor), &open),
        ("out by count", Sensor::Unknown, Forecast::Out(Witness::Count), &open),
        ("who knows", Sensor::Unknown, unsure, &open),
        ("plenty", Sensor::Full, Forecast::Lasts { left: 9, rate: mean }, &open),
        ("always, saturday", Sensor::Unknown, runs_out("2026-03-07 23:59"), &always),
        ("always, sunday", Sensor::Unknown, runs_out("2026-03-08 00:01"), &always),
        ("at the close", Sensor::Unknown, runs_out("2026-03-09 17:00"), &open),
    ];
    let stocks = cases.iter().map(|(machine, sensor, forecast, calendar)| Stock {
        machine: *machine,
        sensor: *sensor,
        forecast,
        calendar,
    });
    let list = refill_list(stocks, now);
    let shown: Vec<_> = list.iter().map(|due| (due.machine, due.urgency)).collect();
    assert_eq!(
        shown,
        [
            ("out", Urgency::Out),
            ("out by count", Urgency::Out),
            ("low, who knows", Urgency::Low),
            ("today", Urgency::RunsOut),
            ("always, saturday", Urgency::RunsOut),
            ("monday evening", Urgency::RunsOut),
            ("low, tuesday", Urgency::Low),
        ]
    );
    assert_eq!(list.first().and_then(|due| due.at), Some(now));
    assert_eq!(list.get(2).and_then(|due| due.at), None);
}
