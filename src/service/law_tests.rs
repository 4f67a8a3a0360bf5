//! Laws that hold for all machines, all hours and all stories.

use proptest::prelude::*;

use super::kpi_tests::{calendar, office};
use super::*;
use crate::calendar::{Calendar, Hours, Windows};
use crate::model::Timestamp;

const MINUTE: i64 = 60_000;
const DAY_MIN: i64 = 24 * 60;
/// Monday 21 September 2026, 00:00 in Beijing: Mid-Autumn, National Day and two make-up days near.
const MONDAY: i64 = 1_789_920_000_000;
/// Three weeks, minutes.
const WEEKS_MIN: i64 = 21 * DAY_MIN;

fn minute(n: i64) -> Timestamp {
    Timestamp::from_ms(MONDAY + n * MINUTE)
}

fn some_calendar() -> impl Strategy<Value = Calendar> {
    let windows = |text| Windows::parse(text).expect("windows");
    let broken = Hours {
        workday: windows("08:30-12:00,13:30-17:30"),
        saturday: windows("09:00-12:00"),
        holiday: windows("10:00-10:01"),
        ..Hours::default()
    };
    let hours = vec![Hours::default(), broken, Hours::always()];
    prop::sample::select(hours).prop_map(calendar)
}

fn stretches() -> impl Strategy<Value = Vec<Stretch>> {
    let one = (prop::sample::select(Condition::ALL.to_vec()), 0..WEEKS_MIN, -5..4_000_i64);
    let one = one.prop_map(|(condition, from, length)| Stretch {
        condition,
        from: minute(from),
        to: minute(from + length),
    });
    prop::collection::vec(one, 0..40)
}

fn period() -> impl Strategy<Value = [Timestamp; 3]> {
    prop::array::uniform3(-DAY_MIN..WEEKS_MIN + 3 * DAY_MIN).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts.map(minute)
    })
}

/// The condition at a moment, by looking at all stretches.
fn condition(stretches: &[Stretch], at: Timestamp) -> Condition {
    let holding = stretches.iter().filter(|s| s.from <= at && at < s.to);
    holding.map(|s| s.condition).min().unwrap_or(Condition::Unknown)
}

/// Minutes down, and outages that begin, by walking minute by minute.
fn walked(calendar: &Calendar, stretches: &[Stretch]) -> (i64, u32) {
    let (mut down, mut failures, mut is_out, mut counted) = (0, 0, false, false);
    for at in (0..WEEKS_MIN + 3 * DAY_MIN).map(minute) {
        match condition(stretches, at) {
            Condition::Unknown => {}
            Condition::Down | Condition::Offline => {
                counted &= is_out;
                is_out = true;
                if calendar.is_open(at) {
                    down += 1;
                    failures += u32::from(!counted);
                    counted = true;
                }
            }
            _ => is_out = false,
        }
    }
    (down, failures)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// The parts are the whole, nothing is negative and the availability is a share.
    #[test]
    fn parts_are_the_whole(calendar in some_calendar(), stretches in stretches(), cuts in period()) {
        let [from, _, to] = cuts;
        let kpi = Kpi::of(from, to, &calendar, &stretches);
        let parts =
            [kpi.serving_ms, kpi.degraded_ms, kpi.down_ms, kpi.maintenance_ms, kpi.unknown_ms];
        prop_assert_eq!(parts.iter().sum::<i64>(), kpi.service_ms);
        prop_assert!(parts.iter().all(|part| *part >= 0));
        prop_assert_eq!(kpi.service_ms, calendar.open_ms(from, to));
        prop_assert!(kpi.availability().is_none_or(|share| (0.0..=1.0).contains(&share)));
        prop_assert_eq!(kpi.availability().is_none(), kpi.answerable_ms() == 0);
        prop_assert!(kpi.mtbf_ms().is_none_or(|ms| ms >= 0));
        prop_assert!(kpi.mttr_ms() <= kpi.mttr_calendar_ms());
    }

    /// Two periods add up to the one that they make, all figures of them.
    #[test]
    fn periods_add_up(calendar in some_calendar(), stretches in stretches(), cuts in period()) {
        let [from, cut, to] = cuts;
        let kpi = |from, to| Kpi::of(from, to, &calendar, &stretches);
        prop_assert_eq!(kpi(from, cut).plus(kpi(cut, to)), kpi(from, to));
    }

    /// It does not matter how stretches are cut, in which order they come and whether some come
    /// twice.
    #[test]
    fn a_story_may_be_cut_and_shuffled(
        calendar in some_calendar(),
        stretches in stretches(),
        cuts in period(),
        share in 0.0..1.0_f64,
    ) {
        let [from, cut, to] = cuts;
        let mut other = Vec::new();
        for stretch in stretches.iter().rev() {
            let inside = stretch.from < cut && cut < stretch.to;
            let at = if inside { cut } else { stretch.from };
            other.push(Stretch { from: at, ..*stretch });
            other.push(Stretch { to: at, ..*stretch });
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let twice = (share * stretches.len() as f64) as usize;
        other.extend(stretches.iter().take(twice));
        let kpi = |stretches: &[Stretch]| Kpi::of(from, to, &calendar, stretches);
        prop_assert_eq!(kpi(&other), kpi(&stretches));
        prop_assert_eq!(outages(&calendar, &other), outages(&calendar, &stretches));
    }

    /// Every outage has service time, and repairs are outages that ended.
    #[test]
    fn outages_stand_in_the_way(calendar in some_calendar(), stretches in stretches()) {
        let mut last = None;
        for outage in outages(&calendar, &stretches) {
            prop_assert!(outage.began <= outage.counts_from);
            prop_assert!(calendar.is_open(outage.counts_from));
            prop_assert!(condition(&stretches, outage.counts_from).is_outage());
            prop_assert!(outage.lasted.service_ms > 0);
            prop_assert!(outage.lasted.service_ms <= outage.lasted.calendar_ms);
            prop_assert!(last.is_none_or(|last| last <= outage.began));
            if let Some(ended) = outage.ended {
                prop_assert!(condition(&stretches, ended.plus_ms(-1)).is_outage());
                prop_assert!(!condition(&stretches, ended).is_outage());
            }
            last = outage.ended;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Walking minute by minute comes to the same.
    #[test]
    fn minutes_come_to_the_same(calendar in some_calendar(), stretches in stretches()) {
        let kpi = Kpi::of(minute(0), minute(WEEKS_MIN + 3 * DAY_MIN), &calendar, &stretches);
        prop_assert_eq!((kpi.down_ms / MINUTE, kpi.failures), walked(&calendar, &stretches));
    }
}

/// Readings of three weeks: so much used in each hour of the day that it is open.
fn readings(calendar: &Calendar, uses: &[u64], times: u64) -> Vec<Count> {
    let mut total = 0;
    let mut used = uses.iter().cycle();
    let mut read = |hour: i64| {
        let at = minute(hour * 60);
        if calendar.is_open(at) {
            total += used.next().copied().unwrap_or(0) * times;
        }
        Count { at, total }
    };
    (-1..WEEKS_MIN / 60).map(&mut read).collect()
}

fn ask(counts: &[Count], left: u64, calendar: &Calendar, now: Timestamp) -> Forecast {
    let left = Left::Said(left);
    let supply = Supply { counts, refills: &[], left, sensor: Sensor::Full, low_means: None };
    forecast(&supply, calendar, now)
}

/// The moment, with nothing left as now and lasting as never.
fn moment(forecast: &Forecast) -> Timestamp {
    match forecast {
        Forecast::RunsOut { at, .. } => *at,
        _ => Timestamp::from_ms(i64::MAX),
    }
}

/// How many working days of open time lie between two moments.
#[allow(clippy::cast_precision_loss)]
fn days_between(calendar: &Calendar, from: Timestamp, to: Timestamp) -> f64 {
    let dates = calendar.working_days(calendar.date_of(from));
    let dates = dates.take_while(|date| *date <= calendar.date_of(to));
    let share = |date| {
        let windows = calendar.windows(date);
        let (open, close) = (windows[0].0, windows[windows.len() - 1].1);
        let inside = calendar.open_ms(open.max(from), close.min(to));
        inside as f64 / calendar.open_ms(open, close) as f64
    };
    dates.map(share).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// More left lasts longer, more use less long, and what lies between now and then is what is
    /// left.
    #[test]
    fn more_lasts_longer_and_use_shortens(
        calendar in some_calendar(),
        uses in prop::collection::vec(0_u64..30, 1..50),
        now in 15 * DAY_MIN..WEEKS_MIN,
        left in 1_u64..3_000,
        more in 0_u64..500,
        times in 1_u64..5,
    ) {
        let now = minute(now);
        let counts = readings(&calendar, &uses, 1);
        let found = ask(&counts, left, &calendar, now);
        let at = moment(&found);
        prop_assert!(at > now);
        prop_assert!(at <= moment(&ask(&counts, left + more, &calendar, now)));
        let more_used = readings(&calendar, &uses, times);
        prop_assert!(moment(&ask(&more_used, left, &calendar, now)) <= at);
        if let Forecast::RunsOut { at, rate, .. } = found {
            prop_assert!(calendar.is_open(at.plus_ms(-1)));
            prop_assert!(calendar.is_working_day(calendar.date_of(at.plus_ms(-1))));
            let used = days_between(&calendar, now, at) * rate.per_day();
            #[allow(clippy::cast_precision_loss)]
            let left = left as f64;
            prop_assert!((used - left).abs() < 0.01, "{used} of {left}");
        }
    }

    /// A zone that is shut on holidays runs out of nothing on them.
    #[test]
    fn nothing_runs_out_on_a_holiday(left in 1_u64..2_000, now in 0..WEEKS_MIN) {
        let open = office();
        let now = minute(now);
        let counts = readings(&open, &[10], 1);
        if let Forecast::RunsOut { at, .. } = ask(&counts, left, &open, now) {
            let day = open.day(open.date_of(at));
            let works = matches!(day, crate::calendar::DayKind::Workday | crate::calendar::DayKind::MakeUp(_));
            prop_assert!(works, "{day:?}");
        }
    }
}
