//! Totals of days and months in a real InfluxDB 1.6: right to the watt-hour, there after midnight,
//! written again when readings come late, and nothing sent twice for nothing.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(dead_code, reason = "the support is shared with another test")]

#[path = "support/influx.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use hallwatch::clock::ManualClock;
use hallwatch::influx::Config;
use hallwatch::model::{DeviceId, Reading, Record, Timestamp};
use serde_json::json;

use support::hall::{Hall, Running, dec, sample, v1};
use support::{Fake, Influxd, Reply};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 2026-11-29 00:00 in Beijing: two days of November are still to come.
const MIDNIGHT: i64 = 1_795_881_600_000;

/// What an inverter's counter shows; the page counter of a printer beside it.
fn counted(device: usize, at_ms: i64, energy_wh: i64, tickets: i64) -> Record {
    let device = DeviceId::parse(&format!("inv-{device:02}")).expect("id");
    let time = Timestamp::from_ms(MIDNIGHT + at_ms);
    let samples = vec![
        sample("ac_power_w", dec(1234, 0)),
        sample("energy_total_wh", dec(energy_wh, 0)),
        sample("energy_today_wh", dec(energy_wh % 7, 0)),
        sample("tickets_total", dec(tickets, 0)),
    ];
    Record::Reading(Reading { device, time, received: time, message: 0, samples })
}

/// Every ten minutes of some days: nothing at night, 100 Wh and 3 tickets in ten minutes from 8 to 17
/// o'clock, so 5400 Wh and 162 tickets a day.
fn days(device: usize, days: std::ops::Range<i64>) -> Vec<Record> {
    let of = |step: i64| {
        let worked = |step: i64| (step / 144) * 54 + (step % 144 - 48).clamp(0, 54);
        counted(device, step * 600_000, 1_000_000 + 100 * worked(step), 3 * worked(step))
    };
    (days.start * 144..days.end * 144).map(of).collect()
}

fn quick(url: String) -> Config {
    let mut config = v1(url);
    config.limits.totals_every = Duration::from_millis(50);
    config
}

/// `energy_day` and the like, by device and time from [`MIDNIGHT`] on in hours.
async fn rows(server: &Influxd, measurement: &str, field: &str) -> Vec<(String, i64, f64)> {
    let rows = server.query(&format!("SELECT device, {field} FROM {measurement}")).await;
    let of = |row: &Vec<serde_json::Value>| {
        let time = row[0].as_i64().expect("a time");
        let hours = (time - MIDNIGHT) / HOUR_MS;
        (row[1].as_str().expect("a device").to_owned(), hours, row[2].as_f64().expect("a number"))
    };
    let mut rows: Vec<_> = rows.iter().map(of).collect();
    rows.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    rows
}

async fn until(what: &str, mut there: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if there().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}");
}

fn row(device: &str, hours: i64, value: f64) -> (String, i64, f64) {
    (device.to_owned(), hours, value)
}

fn hall(clock: &Arc<ManualClock>) -> Hall {
    Hall::in_zone(clock.clone(), u64::MAX, "Asia/Shanghai")
}

async fn all_sent(sink: &mut Running, readings: usize) {
    sink.until_done(readings as u64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_come_after_midnight_and_again_when_readings_come_late() {
    let server = Influxd::running(false).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(MIDNIGHT + DAY_MS - 1000)));
    let hall = hall(&clock);
    hall.keep(days(0, 0..1)).await;
    let mut sink = hall.run(quick(server.url()));
    all_sent(&mut sink, 144).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(server.query("SELECT * FROM energy_day").await.is_empty(), "not yet");

    clock.advance_ms(40_000);
    until("the day is written", async || {
        !rows(&server, "energy_day", "energy_wh").await.is_empty()
    })
    .await;
    assert_eq!(rows(&server, "energy_day", "energy_wh").await, [row("inv-00", 0, 5400.0)]);
    assert_eq!(rows(&server, "count_day", "tickets").await, [row("inv-00", 0, 162.0)]);
    let month = rows(&server, "energy_month", "energy_wh").await;
    assert_eq!(month, [row("inv-00", -28 * 24, 5400.0)], "from the first of November on");
    let tags = server
        .query("SELECT site, zone, kind, readings FROM energy_day WHERE device = 'inv-00'")
        .await;
    assert_eq!(tags[0][1..], [json!("test hall"), json!("roof"), json!("inverter"), json!(144)]);

    // Four days pass without the second inverter; the first goes on into December.
    hall.keep(days(0, 1..4)).await;
    hall.keep(days(1, 0..1)).await;
    clock.set(Timestamp::from_ms(MIDNIGHT + 4 * DAY_MS + 60_000));
    until("four days", async || rows(&server, "energy_day", "energy_wh").await.len() == 5).await;
    let first = |days: &[i64]| -> Vec<_> {
        days.iter().map(|day| row("inv-00", day * 24, 5400.0)).collect()
    };
    let mut expected = first(&[0, 1, 2, 3]);
    expected.push(row("inv-01", 0, 5400.0));
    assert_eq!(rows(&server, "energy_day", "energy_wh").await, expected);
    let months = rows(&server, "energy_month", "energy_wh").await;
    let november = -28 * 24;
    let december = 2 * 24;
    let expected = [
        row("inv-00", november, 10_800.0),
        row("inv-00", december, 10_800.0),
        row("inv-01", november, 5400.0),
    ];
    assert_eq!(months, expected);

    // The second comes back on the fourth day: what it counted meanwhile is shared out, until its own
    // readings of those days arrive.
    hall.keep(days(1, 3..4)).await;
    until("shared out", async || rows(&server, "energy_day", "energy_wh").await.len() == 8).await;
    let shared = rows(&server, "energy_day", "energy_wh").await;
    let second: f64 = shared.iter().filter(|row| row.0 == "inv-01").map(|row| row.2).sum();
    assert!((second - 4.0 * 5400.0).abs() < 1e-6, "{shared:?}");
    hall.keep(days(1, 1..3)).await;
    let whole: Vec<_> = [0, 1, 2, 3]
        .iter()
        .map(|day| row("inv-00", day * 24, 5400.0))
        .chain([0, 1, 2, 3].iter().map(|day| row("inv-01", day * 24, 5400.0)))
        .collect();
    until("their own", async || rows(&server, "energy_day", "energy_wh").await == whole).await;
    let months = rows(&server, "energy_month", "energy_wh").await;
    assert_eq!(months.iter().map(|row| row.2).sum::<f64>(), 8.0 * 5400.0);
    sink.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_again_for_nothing() {
    let fake = Fake::running(|_| Reply::status(204)).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(MIDNIGHT + 2 * DAY_MS + 60_000)));
    let mut hall = hall(&clock);
    hall.keep(days(0, 0..2)).await;
    let totals = |fake: &Fake| -> Vec<String> {
        let requests = fake.requests();
        let lines = requests.iter().flat_map(|request| request.lines());
        lines.filter(|line| line.contains("_day") || line.contains("_month")).collect()
    };
    let mut sink = hall.run(quick(fake.url()));
    all_sent(&mut sink, 288).await;
    // A server that answers no questions: of the month's beginning, from before there was a gateway, it
    // does not say that it has nothing, so the month is not told.
    until("written", async || totals(&fake).len() == 4).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    sink.stop().await;
    hall.restart();
    let sink = hall.run(quick(fake.url()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let lines = totals(&fake);
    assert_eq!(lines.len(), 4, "after a restart nothing is due: {lines:#?}");
    sink.stop().await;

    // Where they are not wanted they are not made.
    let other = Fake::running(|_| Reply::status(204)).await;
    let mut config = quick(other.url());
    config.name = "other".to_owned();
    config.totals = false;
    let mut sink = hall.run(config);
    all_sent(&mut sink, 288).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(totals(&other), Vec::<String>::new());
    sink.stop().await;
}

/// A box that is replaced in mid-month goes on with the month that the database has; what somebody has
/// sent once more, into an emptied database, has its totals again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_gateway_keeps_what_the_old_one_had_counted() {
    let server = Influxd::running(false).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(MIDNIGHT + DAY_MS + 60_000)));
    let old = hall(&clock);
    old.keep(days(0, 0..1)).await;
    let mut sink = old.run(quick(server.url()));
    all_sent(&mut sink, 144).await;
    until("the old one's", async || rows(&server, "energy_month", "energy_wh").await.len() == 1)
        .await;
    sink.stop().await;
    let november = -28 * 24;
    let new = hall(&clock);
    new.keep(days(0, 1..2)).await;
    clock.set(Timestamp::from_ms(MIDNIGHT + 2 * DAY_MS + 60_000));
    let mut sink = new.run(quick(server.url()));
    all_sent(&mut sink, 144).await;
    let both = [row("inv-00", november, 10_800.0)];
    until("both", async || rows(&server, "energy_month", "energy_wh").await == both).await;
    let each = [row("inv-00", 0, 5400.0), row("inv-00", 24, 5400.0)];
    assert_eq!(rows(&server, "energy_day", "energy_wh").await, each);

    // Emptied by somebody, and filled again from what is kept here.
    server.query("DROP DATABASE hall").await;
    server.query("CREATE DATABASE hall").await;
    let from = Timestamp::from_ms(MIDNIGHT + DAY_MS);
    sink.sink.resend(from, Timestamp::from_ms(MIDNIGHT + 2 * DAY_MS)).await.expect("an order");
    let again = [row("inv-00", 24, 5400.0)];
    until("again", async || rows(&server, "energy_day", "energy_wh").await == again).await;
    sink.stop().await;
}
