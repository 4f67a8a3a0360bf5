//! How long the past takes: a rule is rehearsed over ninety days of sixty machines that speak every minute, and
//! the spans of rules are filled after a start.
//!
//! ```text
//! cargo bench --bench rehearsal         sixty machines, ninety days: writing them takes some minutes
//! cargo test --bench rehearsal          two machines and three days: that it works
//! ```
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::cast_possible_wrap)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallwatch::alert::{Policy, Stage, rehearse};
use hallwatch::calendar::{Calendar, Holidays, Hours};
use hallwatch::clock::ManualClock;
use hallwatch::history::{self, History};
use hallwatch::journal::{self, Journal};
use hallwatch::model::{
    Decimal, Device, DeviceId, DeviceKind, PointName, Quality, Reading, Record, Sample, Site, Text,
    Timestamp, Value, ZoneId,
};
use hallwatch::profile::Catalog;
use hallwatch::rule::default_rules;
use hallwatch::service::{self, ServiceZone};
use hallwatch::tally::Tally;

/// 2026-03-01T16:00:00Z: midnight in Beijing.
const START_MS: i64 = 1_772_380_800_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// A person who waits for a page of figures.
const PATIENCE: Duration = Duration::from_secs(20);
/// Kept between two runs of the packer.
const BATCH: usize = 4_000;

fn device(n: usize) -> Arc<Device> {
    Arc::new(Device {
        id: DeviceId::parse(&format!("tm-{n:02}")).unwrap(),
        name: Text::same(format!("tm {n}")),
        zone: ZoneId::parse("hall").unwrap(),
        kind: DeviceKind::TicketMachine,
        profile: "kiosk-native".into(),
        rated_power_w: None,
        interval_ms: MINUTE_MS,
        stale_after_ms: 3 * MINUTE_MS,
    })
}

/// What a machine says in a minute: its load is that of a day, and once a day it is busy for half an hour.
fn reading(device: &DeviceId, n: usize, minute: i64) -> Record {
    let now = Timestamp::from_ms(START_MS + minute * MINUTE_MS);
    let of_day = minute % 1_440;
    let busy = (600 + n as i64..630 + n as i64).contains(&of_day);
    let load = if busy { 98 } else { 20 + (minute * 7 + n as i64 * 13) % 31 };
    let number = |value: i64| Value::Decimal(Decimal::whole(value));
    let said = [
        ("online", Value::Bool(true)),
        ("cpu_percent", number(load)),
        ("host_temp_c", number(40 + minute / 97 % 9)),
        ("printer_paper_left_sheets", number(1_000 - of_day / 2)),
    ];
    let sample = |(point, value): (&str, Value)| Sample {
        point: PointName::parse(point).unwrap(),
        value,
        quality: Quality::Good,
    };
    let samples = said.into_iter().map(sample).collect();
    let device = device.clone();
    Record::Reading(Reading { device, time: now, received: now, message: 0, samples })
}

fn open(folder: &Path, now: i64) -> (Journal, History, history::Packer) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(now)));
    let config = journal::Config { commit_wait_ms: 0, ..journal::Config::new(folder.to_owned()) };
    let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("journal");
    let past = history::Config::default();
    let (history, packer) = History::open(&past, &journal, clock).expect("history");
    (journal, history, packer)
}

/// Fills a folder with the past of these machines.
async fn fill(folder: &Path, devices: &[Arc<Device>], minutes: i64) {
    let (journal, history, mut packer) = open(folder, START_MS + minutes * MINUTE_MS);
    let (mut batch, mut since) = (Vec::new(), 0);
    for minute in 0..minutes {
        batch.extend(devices.iter().enumerate().map(|(n, d)| reading(&d.id, n, minute)));
        if batch.len() >= BATCH {
            since += batch.len();
            journal.append(std::mem::take(&mut batch)).await.expect("kept");
        }
        if since > 200_000 {
            since = 0;
            packer.pack().await.expect("packed");
        }
    }
    journal.append(batch).await.expect("kept");
    packer.pack().await.expect("packed");
    drop((history, packer));
    journal.close();
}

fn stage(devices: &[Arc<Device>], journal: &Journal, history: History) -> Stage {
    let eight = jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(8));
    let site = Site {
        id: "t".into(),
        name: Text::same("t"),
        latitude_deg: 39.9,
        longitude_deg: 116.4,
        altitude_m: 44.0,
        time_zone: eight.clone(),
    };
    let holidays = Arc::new(Holidays::shipped());
    let zone = ServiceZone {
        id: ZoneId::parse("hall").unwrap(),
        name: Text::same("hall"),
        floor: None,
        calendar: Arc::new(Calendar::new(Hours::default(), holidays.clone(), eight)),
        always: false,
    };
    let ids = devices.iter().map(|device| device.id.clone()).collect();
    let profile = Catalog::shipped().expect("profiles").get("kiosk-native").cloned();
    Stage {
        site: Arc::new(site),
        devices: devices.iter().map(|device| (device.clone(), profile.clone())).collect(),
        rules: default_rules().expect("rules"),
        hours: service::Config { zones: vec![zone], holidays, opening_check_ms: 0, devices: ids },
        policy: Policy { channels: vec!["duty".into()], ..Policy::default() },
        declared_demand_w: BTreeMap::new(),
        history,
        archive: Arc::new(journal.archive().expect("archive")),
    }
}

fn main() {
    let bench = std::env::args().any(|arg| arg == "--bench");
    let (count, days) = if bench { (60, 90) } else { (2, 3) };
    let folder = tempfile::tempdir().expect("folder");
    let devices: Vec<_> = (0..count).map(device).collect();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("runtime");
    let begin = Instant::now();
    runtime.block_on(fill(folder.path(), &devices, i64::from(days) * 1_440));
    println!(
        "{count} machines, {days} days by the minute: kept in {:.0} s",
        begin.elapsed().as_secs_f64()
    );
    let now = START_MS + i64::from(days) * DAY_MS;
    let (journal, history, _packer) = runtime.block_on(async { open(folder.path(), now) });
    let stage = stage(&devices, &journal, history);
    for rule in ["KS029", "KS001"] {
        let begin = Instant::now();
        let patience = if bench { PATIENCE * 10 } else { PATIENCE };
        let now = Timestamp::from_ms(now);
        let done = rehearse(&stage, rule, days, now, patience, &|_| {}).expect("rehearsed");
        let (took, reached) = (begin.elapsed(), done.to.since_ms(done.from) / DAY_MS);
        println!("{rule}: {} times, {reached} days in {:.1} s", done.firings, took.as_secs_f64());
        assert_eq!(reached, i64::from(days), "all of it");
        let expected = if rule == "KS029" { count * usize::from(days) } else { 0 };
        assert_eq!(done.firings, expected, "{rule}");
        if bench {
            println!("verdict: {}", if took < PATIENCE { "as promised" } else { "TOO SLOW" });
        }
    }
    println!("test result: ok. 1 passed; 0 failed; 0 ignored");
}
