//! The sink against databases of every make: the real InfluxDB 1.6 of Debian, and stand-ins that
//! answer as InfluxDB 2.9, 3 Core and GreptimeDB do. Needs Debian's `influxdb`.

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

use std::collections::BTreeMap;
use std::time::Instant;

use hallwatch::influx::Config;
use hallwatch::model::{DeviceId, Record, Timestamp, Value};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;

use support::engine::{Engine, Make};
use support::hall::{Hall, START, dec, reading, readings, sample, v1, v1_as, v2, v3};
use support::{Influxd, Victoria};

/// A thousand readings, two of which the server will never take.
fn thousand(bad: [Record; 2]) -> Vec<Record> {
    let mut all = readings(50, 20);
    assert_eq!(all.len(), 1000);
    for (at, bad) in [411, 806].into_iter().zip(bad) {
        all[at] = bad;
    }
    all
}

/// A reading whose own field is a word in the database already.
fn conflict() -> Record {
    reading(55, 1000, vec![sample("vendor_mode", dec(2, 0))])
}

/// Delivers a thousand lines of which two are poisoned; gives back the words about these two.
async fn deliver(what: &str, config: Config, bad: [Record; 2]) -> Vec<serde_json::Value> {
    let hall = Hall::new();
    hall.keep(thousand(bad)).await;
    let started = Instant::now();
    let mut sink = hall.run(config);
    let status = sink.until_done(1000).await;
    sink.stop().await;
    let took = started.elapsed();
    println!(
        "{what}: 1000 lines, 2 of them poisoned: {} stored, {} dead letters, {} requests refused, {} ms",
        status.totals.delivered,
        status.totals.dead_letters,
        hall.errors()["main:poison"],
        took.as_millis()
    );
    assert_eq!(
        (status.totals.delivered, status.totals.dead_letters),
        (998, 2),
        "{what}: {status:#?}"
    );
    let dead = hall.dead_letters().await;
    assert_eq!(dead.len(), 2, "{what}: each is named once");
    assert!(dead.iter().all(|letter| letter["lines"] == json!(1)), "{what}: exactly");
    dead
}

#[tokio::test]
async fn two_of_a_thousand_on_influxdb_1() {
    let server = Influxd::running(false).await;
    server.query("CREATE DATABASE hall WITH DURATION 520w").await;
    server.write(&format!("inverter vendor_mode=\"auto\" {START}")).await;
    // Older than what the database keeps.
    let old = reading(0, -1_000_000_000_000, vec![sample("ac_power_w", dec(1, 0))]);
    let dead = deliver("InfluxDB 1.6.7", v1(server.url()), [conflict(), old]).await;
    assert!(dead[0]["message"].as_str().expect("text").contains("type conflict"), "{dead:?}");
    assert!(dead[1]["message"].as_str().expect("text").contains("retention policy"), "{dead:?}");
    assert_eq!(server.number("SELECT count(ac_power_w) FROM inverter").await, 998);
}

#[tokio::test]
async fn two_of_a_thousand_on_the_others() {
    for (make, what, status) in [
        (Make::V2, "as InfluxDB 2.9", [422, 400]),
        (Make::V3, "as InfluxDB 3 Core", [400, 400]),
        (Make::Greptime, "as GreptimeDB", [400, 400]),
    ] {
        let engine = Engine::running(make, &[("inverter.vendor_mode", "string")]).await;
        let config = match make {
            Make::V2 => v2(engine.fake.url()),
            Make::V3 => v3(engine.fake.url(), Some("s3cret-token")),
            Make::Greptime => v1_as(format!("{}/v1/influxdb", engine.fake.url()), "hall", "pw"),
        };
        let unreadable = reading(56, 1000, vec![sample("vendor_unreadable", dec(2, 0))]);
        let dead = deliver(what, config, [conflict(), unreadable]).await;
        for ((letter, device), status) in dead.iter().zip(["inv-55", "inv-56"]).zip(status) {
            assert!(letter["line"].as_str().expect("text").contains(device), "{what} {letter}");
            assert_eq!(letter["status"], json!(status), "{what} {letter}");
        }
        let rows = engine.rows();
        assert_eq!(rows.len(), 998, "{what}");
        assert!(rows.values().all(|row| row.contains_key("ac_power_w")), "{what}");
        if make == Make::V3 {
            let writes = engine.fake.requests().iter().filter(|r| r.is_write()).count();
            assert_eq!(writes, 1, "the lines are named in one answer");
        }
    }
}

#[tokio::test]
async fn a_place_that_is_not_ours_is_searched_and_not_believed() {
    // A server that counts otherwise: it names the line before the one at fault.
    let fake = support::Fake::running(|request| {
        let lines = request.lines();
        let Some(at) = lines.iter().position(|line| line.contains("=1999.9")) else {
            return support::Reply::status(204);
        };
        let data = json!([{"original_line": lines[at], "line_number": at, "error_message": "no"}]);
        let error = "partial write of line protocol occurred";
        support::Reply::Whole(400, "", json!({"error": error, "data": data}).to_string())
    });
    let fake = fake.await;
    let hall = Hall::new();
    let mut sent = readings(10, 10);
    sent[50] = reading(0, 5000, vec![sample("ac_power_w", dec(19_999, -1))]);
    hall.keep(sent).await;
    let mut sink = hall.run(v3(fake.url(), None));
    let status = sink.until_done(100).await;
    assert_eq!((status.totals.delivered, status.totals.dead_letters), (99, 1));
    let dead = hall.dead_letters().await;
    assert!(dead[0]["line"].as_str().expect("text").contains("=1999.9"), "{dead:?}");
    let first = &fake.requests()[0];
    assert!(!first.head.contains("authorization"), "no token, no header");
    sink.stop().await;
}

/// A number as registers bring it: up to 9 digits and a decimal scale, now and then a float.
fn number(dice: &mut StdRng) -> Value {
    match dice.random_range(0..10) {
        0 => Value::Float(f64::from(dice.random_range(-1e6_f32..1e6))),
        1 => dec(0, 0),
        _ => dec(dice.random_range(-99_999_999..1_000_000_000), dice.random_range(-4..=2)),
    }
}

/// By device, point and time.
type Values = BTreeMap<(String, String, i64), f64>;

#[tokio::test]
async fn the_same_values_in_the_history_in_influxdb_and_in_victoria_metrics() {
    const POINTS: [&str; 3] = ["ac_power_w", "grid_freq_hz", "energy_total_wh"];
    let (influx, victoria) = (Influxd::running(false).await, Victoria::running().await);
    let hall = Hall::new();
    let mut dice = StdRng::seed_from_u64(20_261_129);
    let mut sent = Vec::new();
    for tick in 0..200 {
        for device in 0..10 {
            let samples = POINTS.iter().map(|point| sample(point, number(&mut dice))).collect();
            sent.push(reading(device, tick * 5000, samples));
        }
    }
    let count = sent.len() as u64;
    hall.keep(sent).await;
    let mut first = hall.run(v1(influx.url()));
    first.until_done(count).await;
    let mut config = v1(victoria.url());
    config.name = "second".to_owned();
    let mut second = hall.run(config);
    second.until_done(count).await;

    first.packer.pack().await.expect("packed");
    let (from, to) = (Timestamp::from_ms(START), Timestamp::from_ms(START + 10_000_000));
    let (mut local, mut v1, mut vm) = (Values::new(), Values::new(), Values::new());
    for device in 0..10 {
        let id = DeviceId::parse(&format!("inv-{device:02}")).expect("id");
        let names = POINTS.map(str::to_owned).to_vec();
        let all = first.history.numbers(id.clone(), names, from, to).await.expect("told");
        for (point, numbers) in POINTS.iter().zip(all) {
            for (time, value) in numbers {
                local.insert((id.to_string(), (*point).to_owned(), time.ms()), value);
            }
        }
    }
    for point in POINTS {
        let rows = influx.query(&format!("SELECT {point}, device FROM inverter")).await;
        for row in rows {
            let time = row[0].as_i64().expect("ms");
            let device = row[2].as_str().expect("device").to_owned();
            v1.insert((device, point.to_owned(), time), row[1].as_f64().expect("a number"));
        }
        for (device, value, time) in victoria.samples(&format!("inverter_{point}")).await {
            vm.insert((device, point.to_owned(), time), value);
        }
    }
    assert_eq!(local.len(), 6000);
    let differing = |other: &Values| {
        let same = |(key, value): (&(String, String, i64), &f64)| other.get(key) == Some(value);
        local.len() - local.iter().filter(|entry| same(*entry)).count()
    };
    println!(
        "{} values: {} differ in InfluxDB 1.6.7, {} in VictoriaMetrics",
        local.len(),
        differing(&v1),
        differing(&vm)
    );
    assert_eq!((v1.len(), vm.len()), (6000, 6000));
    assert_eq!((differing(&v1), differing(&vm)), (0, 0));
    first.stop().await;
    second.stop().await;
}
