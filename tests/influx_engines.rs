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

use std::time::Instant;

use hallwatch::influx::Config;
use hallwatch::model::Record;
use serde_json::json;

use support::Influxd;
use support::engine::{Engine, Make};
use support::hall::{Hall, START, dec, reading, readings, sample, v1, v1_as, v2, v3};

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
