//! Days in small are those of the readings: by the register to the last digit, over midnight, outages
//! and swaps, with the file and without it, and again when readings come late.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)] // a test fails by panicking

use std::sync::Arc;

use hallwatch::clock::ManualClock;
use hallwatch::daybook::{Booked, Day, Daybook, Known, booked};
use hallwatch::energy::{Amount, by_time};
use hallwatch::history::{self, History, Packer};
use hallwatch::journal::{self, Journal};
use hallwatch::model::{
    Device, DeviceId, DeviceKind, PointName, Quality, Reading, Record, Sample, Text, Timestamp,
    Value, ZoneId,
};
use hallwatch::past::Past;
use hallwatch::tally::Tally;
use jiff::civil::{Date, date};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2026-10-01 00:00 in Beijing.
const BEGIN: i64 = 1_790_784_000_000;
const FIRST: Date = date(2026, 10, 1);

struct Hall {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    journal: Journal,
    history: History,
    packer: Packer,
}

impl Hall {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let clock = Arc::new(ManualClock::new(at(20 * DAY)));
        let mut config = journal::Config::new(folder.path().to_owned());
        (config.commit_wait_ms, config.zone) = (1, zone());
        let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("journal");
        let past = history::Config::default();
        let (history, packer) = History::open(&past, &journal, clock.clone()).expect("history");
        Self { folder, clock, journal, history, packer }
    }

    async fn keep(&self, readings: impl IntoIterator<Item = (i64, f64)>) {
        let records: Vec<Record> = readings.into_iter().map(reading).collect();
        for records in records.chunks(1_000) {
            self.journal.append(records.to_vec()).await.expect("kept");
        }
    }

    /// A daybook with the file of this hall, and one that has none.
    fn daybooks(&self) -> [Daybook; 2] {
        let past = || Past::new(self.history.clone(), Vec::new(), self.clock.clone());
        let nowhere = self.folder.path().join("there is no such folder");
        [self.folder.path(), &nowhere]
            .map(|folder| Daybook::open(folder, past(), zone(), self.clock.clone()))
    }

    /// The first days of October, the same with the file, without it, and from the file alone.
    async fn days(&self, days: i32) -> Vec<Arc<Day>> {
        let [kept, fresh] = self.daybooks();
        let last = FIRST.checked_add(jiff::Span::new().days(days - 1)).expect("a date");
        let known = known();
        let told = kept.closed_days(&known, FIRST, last).await.expect("days");
        let anew = fresh.closed_days(&known, FIRST, last).await.expect("days");
        let again = kept.closed_days(&known, FIRST, last).await.expect("days");
        assert_eq!(told.days, anew.days);
        assert_eq!(told.days, again.days);
        assert!(again.parts.is_empty(), "nothing had to be read again: {:?}", again.parts);
        told.days.into_iter().map(|(_, day)| day).collect()
    }
}

fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone")
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(BEGIN + ms)
}

fn known() -> Known {
    let device = Device {
        id: DeviceId::parse("meter-01").expect("id"),
        name: Text::same("meter"),
        zone: ZoneId::parse("plant").expect("zone"),
        kind: DeviceKind::Meter,
        profile: "test".to_owned(),
        rated_power_w: Some(100_000.0),
        interval_ms: MINUTE,
        stale_after_ms: 3 * MINUTE,
    };
    (Arc::new(device), None)
}

fn reading((ms, wh): (i64, f64)) -> Record {
    let sample = |point: &str, value: f64| Sample {
        point: PointName::parse(point).expect("point"),
        value: Value::Float(value),
        quality: Quality::Good,
    };
    Record::Reading(Reading {
        device: DeviceId::parse("meter-01").expect("id"),
        time: at(ms),
        received: at(ms),
        message: 0,
        samples: vec![sample("energy_import_wh", wh), sample("ac_power_w", 6_000.0)],
    })
}

/// A meter of 6 kW from a value on: 100 Wh a minute.
fn steady(from: i64, to: i64, start_wh: f64) -> impl Iterator<Item = (i64, f64)> {
    #[allow(clippy::cast_precision_loss)] // minutes
    (from / MINUTE..to / MINUTE).map(move |n| (n * MINUTE, start_wh + 100.0 * n as f64))
}

fn book(days: &[Arc<Day>]) -> Booked {
    booked(days.iter().map(AsRef::as_ref), "energy_import_wh", &by_time)
}

/// Total, measured and recovered watt-hours of a span.
fn wh(book: &Booked, from: i64, to: i64) -> [i64; 3] {
    let sums = book.grid.sums(at(from), at(to));
    [sums.total(), sums.measured, sums.recovered].map(|amount| amount.thousandths() / 1_000)
}

/// What all registers say.
fn by_registers(book: &Booked) -> Amount {
    book.pieces.iter().map(|piece| piece.last.1 - piece.first.1 + piece.rolled_over).sum()
}

#[tokio::test]
async fn a_day_is_what_its_register_says_whoever_asks_and_when() {
    let mut hall = Hall::new();
    hall.keep(steady(-DAY, 5 * DAY, 9e6)).await;
    for packed in [false, true] {
        if packed {
            hall.packer.pack().await.expect("packed");
        }
        let days = hall.days(3).await;
        let book = book(&days);
        for day in 0..3 {
            assert_eq!(wh(&book, day * DAY, (day + 1) * DAY), [144_000, 144_000, 0], "day {day}");
            let hours: i64 = (0..24)
                .map(|h| wh(&book, day * DAY + h * HOUR, day * DAY + (h + 1) * HOUR)[0])
                .sum();
            assert_eq!(hours, 144_000);
        }
        assert_eq!(days[0].readings, 1_440);
        assert_eq!(days[0].means["ac_power_w"], vec![Some(6_000.0); 288]);
        assert_eq!((book.pieces.len(), book.holes.len()), (1, 0));
    }
}

#[tokio::test]
async fn what_was_counted_over_an_outage_is_recovered_and_adds_up() {
    let hall = Hall::new();
    // Away from the second day's evening to the fourth day's morning.
    let (gone, back) = (DAY + 20 * HOUR, 3 * DAY + 8 * HOUR);
    hall.keep(steady(-DAY, gone, 9e6)).await;
    hall.keep(steady(back, 6 * DAY, 9e6)).await;
    let book = book(&hall.days(5).await);
    assert_eq!(wh(&book, 0, DAY), [144_000, 144_000, 0]);
    assert_eq!(wh(&book, 2 * DAY, 3 * DAY), [144_000, 0, 144_000], "a day without a reading");
    let whole = wh(&book, 0, 5 * DAY);
    assert_eq!(whole[0], 5 * 144_000);
    assert_eq!(whole[2], 36 * 6_000 + 100, "with the minute before the outage");
}

#[tokio::test]
async fn a_meter_that_is_changed_at_midnight_loses_no_day() {
    let hall = Hall::new();
    hall.keep(steady(-DAY, DAY - 2 * MINUTE, 9e6)).await;
    hall.keep(steady(DAY + 5 * MINUTE, 4 * DAY, 5e9)).await;
    let book = book(&hall.days(3).await);
    assert_eq!((book.pieces.len(), book.holes.len()), (2, 1), "{book:?}");
    assert_eq!(wh(&book, 0, DAY)[0], 144_000 - 300);
    assert_eq!(wh(&book, DAY, 2 * DAY)[0], 144_000 - 500);
    let posted = book.grid.sums(at(-DAY), at(5 * DAY)).total();
    assert_eq!(posted, by_registers(&book), "to the last digit");
    assert_eq!(book.pieces.iter().map(|piece| piece.counted).sum::<Amount>(), posted);
}

#[tokio::test]
async fn readings_that_come_late_make_their_days_anew() {
    let mut hall = Hall::new();
    let (gone, back) = (DAY + 2 * HOUR, DAY + 5 * HOUR);
    hall.keep(steady(-DAY, gone, 9e6)).await;
    hall.keep(steady(back, 4 * DAY, 9e6)).await;
    hall.packer.pack().await.expect("packed");
    assert_eq!(wh(&book(&hall.days(3).await), DAY, 2 * DAY), [144_000, 125_900, 18_100]);
    hall.keep(steady(gone, back, 9e6)).await;
    assert_eq!(wh(&book(&hall.days(3).await), DAY, 2 * DAY), [144_000, 144_000, 0]);
    hall.packer.pack().await.expect("packed");
    assert_eq!(wh(&book(&hall.days(3).await), DAY, 2 * DAY), [144_000, 144_000, 0]);
    // A file that is damaged is no reason for anything.
    std::fs::write(hall.folder.path().join("daybook.db"), b"no database").expect("written");
    assert_eq!(wh(&book(&hall.days(3).await), DAY, 2 * DAY), [144_000, 144_000, 0]);
}

#[tokio::test]
async fn a_meter_that_boots_over_midnight_and_shows_nothing_is_still_there() {
    let hall = Hall::new();
    hall.keep(steady(-DAY, DAY - 20 * MINUTE, 9e6)).await;
    // Half an hour of zeros: long enough to be believed.
    hall.keep((-20..20).map(|n| (DAY + n * MINUTE, 0.0))).await;
    hall.keep(steady(DAY + 20 * MINUTE, 4 * DAY, 9e6)).await;
    let book = book(&hall.days(3).await);
    assert_eq!((book.pieces.len(), book.holes.len()), (1, 0), "{:?}", book.pieces);
    assert_eq!(wh(&book, 0, 3 * DAY)[0], 3 * 144_000, "what was counted meanwhile is known");
    let posted = book.grid.sums(at(-DAY), at(5 * DAY)).total();
    assert_eq!((posted, book.pieces[0].counted), (by_registers(&book), posted));
}

#[tokio::test]
async fn a_day_of_a_clock_change_and_a_leap_day_are_as_long_as_they_are() {
    for (zone, day, hours) in [
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Asia/Shanghai", date(2028, 2, 29), 24),
    ] {
        let zone = jiff::tz::TimeZone::get(zone).expect("zone");
        let midnight = |day: Date| {
            let time = day.to_datetime(jiff::civil::Time::midnight());
            zone.to_timestamp(time).expect("a time").as_millisecond()
        };
        let (start, end) = (midnight(day), midnight(day.tomorrow().expect("a date")));
        assert_eq!(end - start, hours * HOUR);
        let folder = tempfile::tempdir().expect("folder");
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(end + 2 * DAY)));
        let mut config = journal::Config::new(folder.path().to_owned());
        (config.commit_wait_ms, config.zone) = (1, zone.clone());
        let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("journal");
        let past = history::Config::default();
        let (history, _packer) = History::open(&past, &journal, clock.clone()).expect("history");
        let from = (start - BEGIN - DAY) / MINUTE * MINUTE;
        let records: Vec<Record> = steady(from, from + 4 * DAY, 9e8).map(reading).collect();
        for records in records.chunks(1_000) {
            journal.append(records.to_vec()).await.expect("kept");
        }
        let past = Past::new(history, Vec::new(), clock.clone());
        let daybook = Daybook::open(folder.path(), past, zone.clone(), clock);
        let days = daybook.closed_days(&known(), day, day).await.expect("days").days;
        let days: Vec<Arc<Day>> = days.into_iter().map(|(_, day)| day).collect();
        assert_eq!(days[0].readings, u64::try_from(hours * 60).expect("positive"), "{day}");
        let records = usize::try_from(hours * 12).expect("positive");
        assert_eq!(days[0].means["ac_power_w"], vec![Some(6_000.0); records], "{day}");
        let counted = book(&days).grid.sums(Timestamp::from_ms(start), Timestamp::from_ms(end));
        assert_eq!(counted.total().thousandths(), hours * 6_000 * 1_000, "{day}");
    }
}
