//! The wall clock of the box jumps (libfaketime): by an hour, by a day, both ways, to 1970 and back.
//! Readings go on being kept and delivered, nothing that was kept goes away, and the page shows the
//! present again within seconds.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/clock.rs"]
mod clock;
#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "support/influx.rs"]
#[allow(dead_code)]
mod influx;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clock::FakeClock;
use field::{Daemon, Registers, wait_for};

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

fn config(folder: &Path, registers: &Registers, influxd: &str) -> PathBuf {
    let text = format!(
        r#"
[site]
id = "clock"
name = {{ zh = "时钟", en = "clock" }}
latitude_deg = 39.9
longitude_deg = 116.4
time_zone = "Asia/Shanghai"
[data]
folder = "data"
[web]
listen = "127.0.0.1:0"
[[influxdb]]
name = "main"
url = "{influxd}"
version = 1
database = "hall"
[[zone]]
id = "roof"
name = {{ zh = "屋面", en = "roof" }}
[[device]]
id = "gw17"
name = {{ zh = "逆变器", en = "inverter" }}
zone = "roof"
kind = "inverter"
profile = "goodwe-dt"
modbus = "127.0.0.1:{}"
unit = 127
rated_power_w = 17000
interval_s = 1
"#,
        registers.port
    );
    let path = folder.join("hall.toml");
    std::fs::write(&path, text).expect("config");
    path
}

/// What was kept of the inverter, and what the InfluxDB has of it by the ledger.
fn counts(daemon: &Daemon) -> (u64, u64) {
    let data = daemon.get("/api/v1/data");
    let sources = data["sources"].as_array().expect("sources");
    let source = sources.iter().find(|s| s["device"] == "gw17").expect("the inverter");
    let delivered = source["sinks"][0]["delivered"].as_u64().unwrap_or(0);
    (source["kept"].as_u64().expect("n"), delivered)
}

/// By the hall's clock, how old is what the page shows of the inverter, in milliseconds?
fn age_ms(daemon: &Daemon) -> Option<i64> {
    let answer = daemon.get("/api/v1/devices/gw17");
    Some(answer["now_ms"].as_i64()? - answer["device"]["last_seen_ms"].as_i64()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_costs_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let server = influx::Influxd::running(false).await;
    let registers = Registers::serve("goodwe-gw17k-dt.toml");
    let config = config(folder.path(), &registers, &server.url());
    let clock = FakeClock::new(folder.path());
    let daemon = Daemon::run_under(&config, &clock.environment());
    wait_for("the first readings", Duration::from_secs(30), || {
        (counts(&daemon).0 > 3).then_some(())
    });

    let now = jiff::Timestamp::now().as_second();
    let jumps = [HOUR_S, 0, -HOUR_S, 0, DAY_S, 0, -DAY_S, 0, 60 - now, 0];
    let mut slowest = Duration::ZERO;
    for ahead in jumps {
        let before = counts(&daemon);
        clock.ahead(ahead);
        let jumped = Instant::now();
        wait_for(&format!("readings {ahead} s ahead"), Duration::from_secs(10), || {
            let (kept, delivered) = counts(&daemon);
            (kept >= before.0 + 3 && delivered >= before.1 + 3).then_some(())
        });
        wait_for(&format!("the present {ahead} s ahead"), Duration::from_secs(10), || {
            age_ms(&daemon).filter(|age| (-1_500..5_000).contains(age))
        });
        slowest = slowest.max(jumped.elapsed());
    }
    let (kept, _) = counts(&daemon);
    daemon.terminate();

    // With the right clock again: all of it is still there, and was delivered.
    let daemon = Daemon::run(&config);
    let months = ["1970-01", &month(now - DAY_S), &month(now), &month(now + DAY_S)];
    let mut on_disk = 0;
    for month in std::collections::BTreeSet::from(months) {
        let audit = daemon.get(&format!("/api/v1/audit?month={month}"));
        assert_eq!(audit["missing"], 0, "{month}: {audit}");
        assert_eq!(audit["not_kept"], 0, "{month}: {audit}");
        on_disk += audit["on_disk"].as_u64().expect("n");
    }
    assert!(on_disk >= kept, "{on_disk} on disk of {kept}");
    let rows = wait_for("all of it in InfluxDB", Duration::from_secs(10), || {
        let (kept, delivered) = counts(&daemon);
        (kept == delivered).then_some(delivered)
    });
    let stored =
        server.number("SELECT count(ac_power_w) FROM inverter WHERE device = 'gw17'").await;
    println!(
        "the clock jumped {} times, to 1970 as well: {rows} readings kept and delivered, {stored} in \
         InfluxDB, lost 0; the page showed the present again after at most {slowest:?}",
        jumps.len()
    );
    // A moment that came twice is one row there.
    assert!(stored <= rows && stored + 3 >= rows, "{stored} of {rows}");
    daemon.terminate();
}

fn month(second: i64) -> String {
    let moment = jiff::Timestamp::from_second(second).expect("a time");
    moment
        .to_zoned_datetime(jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"))
        .strftime("%Y-%m")
        .to_string()
}

/// A box without a battery begins in 1970 and learns the time a little later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_wakes_in_1970_finds_its_way() {
    let folder = tempfile::tempdir().expect("folder");
    let server = influx::Influxd::running(false).await;
    let registers = Registers::serve("goodwe-gw17k-dt.toml");
    let config = config(folder.path(), &registers, &server.url());
    let daemon = Daemon::run(&config);
    wait_for("readings", Duration::from_secs(30), || (counts(&daemon).0 > 3).then_some(()));
    let (before, _) = counts(&daemon);
    daemon.terminate();

    let clock = FakeClock::new(folder.path());
    clock.ahead(60 - jiff::Timestamp::now().as_second());
    let daemon = Daemon::run_under(&config, &clock.environment());
    wait_for("readings of 1970", Duration::from_secs(20), || {
        (counts(&daemon).0 >= before + 3).then_some(())
    });
    clock.ahead(0);
    wait_for("the present", Duration::from_secs(10), || {
        age_ms(&daemon).filter(|age| (-1_500..5_000).contains(age))
    });
    let (kept, _) = counts(&daemon);
    assert!(kept >= before + 3, "what was there before is there");
    let audit =
        daemon.get(&format!("/api/v1/audit?month={}", month(jiff::Timestamp::now().as_second())));
    assert_eq!(audit["missing"], 0, "{audit}");
    daemon.terminate();
}
