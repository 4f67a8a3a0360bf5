//! Grafana's questions to the gateway itself and to an InfluxDB 1.6.7 that it feeds: the same answers,
//! from readings that are packed, that are not yet, and that came late.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(dead_code, reason = "the support is shared with another test")]

#[path = "support/difference.rs"]
mod difference;
#[path = "support/influx.rs"]
mod support;

use std::sync::Arc;

use difference::difference;
use hallwatch::clock::ManualClock;
use hallwatch::model::{Quality, Record, Timestamp, Value};
use hallwatch::past::Tables;
use hallwatch::query::Epoch;
use serde_json::Value as Json;

use support::Influxd;
use support::hall::{Hall, START, dec, devices, reading, sample, v1};

const HOUR_MS: i64 = 3_600_000;

/// A reading a minute of three inverters for three days, with gaps, words, yes and no, what a vendor
/// invented, texts, codes, values that were not measured, and names that have to be written otherwise.
fn readings() -> Vec<Record> {
    let of = |minute: i64, device: usize| {
        let number = i64::try_from(device).expect("small");
        let power = (4000 - (minute % 1440 - 720).abs() * 5 + number * 100).max(0);
        let mut samples = vec![
            sample("ac_power_w", dec(power * 10 + minute % 7, -1)),
            sample("energy_total_wh", dec(500_000 + minute * (37 + number), 0)),
            sample("state", dec(4 + minute % 7 / 4, 0)),
            sample("online", Value::Bool(minute % 50 != 0)),
            sample("serial_number", Value::Text("SN".into())),
            sample("fault", Value::Codes((0..minute % 3).map(|n| n.to_string().into()).collect())),
        ];
        if minute % 10 == 0 {
            samples.push(sample("time", dec(minute, -2)));
            samples.push(sample(
                "odd",
                Value::Float(0.1 * f64::from(i32::try_from(minute).expect("small"))),
            ));
        }
        if minute % 13 == 0 {
            samples[0].quality = Quality::SensorMissing;
        }
        reading(device, minute * 60_000, samples)
    };
    let minutes = (0..3 * 1440).filter(|minute| !(700..900).contains(minute));
    minutes.flat_map(|minute| (0..3).map(move |device| of(minute, device))).collect()
}

const QUERIES: &[&str] = &[
    "SHOW MEASUREMENTS",
    "SHOW TAG KEYS FROM inverter",
    "SHOW TAG VALUES FROM inverter WITH KEY = device",
    "SHOW TAG VALUES FROM inverter WITH KEY IN (zone, kind, model, site)",
    "SELECT mean(ac_power_w) FROM inverter WHERE $time GROUP BY time(1h), device fill(null)",
    "SELECT mean(ac_power_w) FROM inverter WHERE device =~ /^(inv-00|inv-02)$/ AND $time GROUP BY time(5m), device::tag fill(none)",
    "SELECT max(ac_power_w) - min(ac_power_w) FROM inverter WHERE $time GROUP BY time(1d) tz('Asia/Shanghai')",
    "SELECT sum(ac_power_w) / 60 FROM inverter WHERE $time GROUP BY time(1d), device fill(0) tz('Asia/Shanghai')",
    "SELECT last(ac_power_w) FROM inverter GROUP BY device",
    "SELECT first(ac_power_w) FROM inverter",
    "SELECT last(state), last(online) FROM inverter WHERE device = 'inv-01'",
    "SELECT count(ac_power_w), count(state), count(online), count(vendor_time), count(odd) FROM inverter",
    "SELECT spread(energy_total_wh) FROM inverter WHERE $time GROUP BY time(1d), device tz('Asia/Shanghai')",
    "SELECT non_negative_difference(last(energy_total_wh)) FROM inverter WHERE $time GROUP BY time(6h), device",
    "SELECT non_negative_derivative(max(energy_total_wh), 1h) FROM inverter WHERE $time GROUP BY time(30m), device fill(none)",
    "SELECT percentile(ac_power_w, 95), median(ac_power_w), stddev(ac_power_w) FROM inverter WHERE $time GROUP BY device",
    "SELECT top(ac_power_w, 5) FROM inverter WHERE device = 'inv-02' AND $time",
    "SELECT ac_power_w, state, online, vendor_time FROM inverter WHERE device = 'inv-00' AND time < $late ORDER BY time DESC LIMIT 25",
    "SELECT * FROM inverter WHERE device = 'inv-02' AND time >= $late LIMIT 40",
    "SELECT ac_power_w FROM inverter WHERE ac_power_w > 3000 AND device = 'inv-01' AND $time LIMIT 30",
    "SELECT mode(state) FROM inverter WHERE $time GROUP BY time(12h), device",
    "SELECT sum(p) FROM (SELECT mean(ac_power_w) AS p FROM inverter WHERE $time GROUP BY time(10m), device) WHERE $time GROUP BY time(10m) fill(null)",
    "SELECT integral(ac_power_w, 1h) FROM inverter WHERE device = 'inv-00' AND $time",
    "SELECT moving_average(mean(ac_power_w), 3) FROM inverter WHERE $time GROUP BY time(1h), device",
    "SELECT cumulative_sum(count(state)) FROM inverter WHERE $time GROUP BY time(6h)",
    "SELECT mean(ac_power_w) FROM inverter WHERE $time GROUP BY time(20m) fill(previous) LIMIT 50 OFFSET 20",
    "SELECT mean(ac_power_w) FROM inverter WHERE $time GROUP BY time(20m) fill(linear) ORDER BY time DESC",
    "SELECT max(fault_count), sum(fault_count) FROM inverter WHERE $time GROUP BY time(1h), device",
    "SELECT fault_count FROM inverter WHERE fault_count > 1 AND device = 'inv-01' AND $time LIMIT 30",
    "SHOW FIELD KEYS FROM inverter",
    "SELECT mean(nothing) FROM inverter",
    "SELECT distinct(state) FROM inverter GROUP BY device",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_answers_as_the_influxdb_that_it_feeds() {
    let server = Influxd::running(false).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START + 72 * HOUR_MS)));
    let hall = Hall::with(clock.clone(), u64::MAX);
    let all = readings();
    let total = all.len() as u64;
    // The last hours are not packed; some of the second day came after they were.
    let late = |record: &Record| matches!(record, Record::Reading(r) if r.time.ms() % 420_000 == 0);
    let of_today = |record: &Record| matches!(record, Record::Reading(r) if r.time.ms() >= START + 66 * HOUR_MS);
    let (rest, packed): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|record| late(record) || of_today(record));
    hall.keep(packed).await;
    let mut sink = hall.run(v1(server.url()));
    sink.packer.pack().await.expect("packed");
    hall.keep(rest).await;
    sink.until_done(total).await;

    let tables = Tables::new(sink.history.clone(), clock, "test hall", &devices()[..3]);
    let span = format!("time >= {START}ms AND time < {}ms", START + 72 * HOUR_MS);
    let late = format!("{}ms", START + 65 * HOUR_MS);
    let mut different = Vec::new();
    for query in QUERIES {
        let query = query.replace("$time", &span).replace("$late", &late);
        let theirs: Json = server.answer(&query).await;
        let ours = tables.ask(query.clone(), Some("hall".to_owned())).await.expect("understood");
        let ours: Json = serde_json::from_str(&ours.to_json(Epoch::parse("ms"))).expect("JSON");
        different.extend(difference("", &ours, &theirs).map(|found| format!("{query}\n  {found}")));
    }
    println!("{} queries, {} differ", QUERIES.len(), different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
    sink.stop().await;
}
