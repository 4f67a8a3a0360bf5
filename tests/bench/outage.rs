//! InfluxDB away for a week at the demo's load, then back.
//!
//! ```text
//! cargo bench --bench outage           168 hours of 11 inverters and meters and 42 machines
//! cargo test --bench outage            an hour of it: that it works
//! ```
//!
//! Against Debian's InfluxDB 1.6, a process of its own on the same two cores.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]
#![allow(dead_code, reason = "the support is shared with tests")]

#[path = "../support/roof.rs"]
mod roof;
#[path = "../support/influx.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallwatch::clock::{Clock as _, SystemClock};
use hallwatch::model::{Decimal, DeviceId, PointName, Quality, Reading, Record, Sample, Value};
use roof::{Inverter, place};
use support::Influxd;
use support::hall::{Hall, v1};

const INVERTERS: u64 = 11;
const MACHINES: i64 = 42;
const INVERTERS_MS: i64 = 5000;
const MACHINES_MS: i64 = 20_000;
/// Share of the journal in the default of 20 GB.
const CAP_BYTES: u64 = 8 << 30;
const LATE_MS_MAX: i64 = 5000;
const HOURS: i64 = 168;

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |word: &str| arguments.iter().any(|argument| argument == word);
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    if is("--list") || filter.is_some_and(|filter| !"outage".contains(filter.as_str())) {
        println!("test result: ok. 0 passed; 0 failed; 1 filtered out");
        return std::process::ExitCode::SUCCESS;
    }
    let hours = if is("--bench") { HOURS } else { 1 };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("runtime").block_on(outage(hours));
    println!("test result: ok. 1 passed; 0 failed; 0 filtered out");
    std::process::ExitCode::SUCCESS
}

/// What the hall brings in a moment, by the clock.
struct Load {
    inverters: Vec<Inverter>,
    machines: Vec<DeviceId>,
}

impl Load {
    fn new() -> Self {
        let machine = |n: i64| DeviceId::parse(&format!("kiosk-{n:02}")).expect("id");
        Self {
            inverters: (0..INVERTERS).map(Inverter::new).collect(),
            machines: (0..MACHINES).map(machine).collect(),
        }
    }

    fn at(&mut self, ms: i64) -> Vec<Record> {
        let place = place();
        let all = self.inverters.iter_mut();
        let mut records: Vec<Record> =
            all.map(|one| Record::Reading(one.reading(&place, ms, INVERTERS_MS))).collect();
        if ms % MACHINES_MS == 0 {
            records.extend(self.machines.iter().map(|device| machine(device, ms)));
        }
        records
    }
}

fn machine(device: &DeviceId, ms: i64) -> Record {
    let time = hallwatch::model::Timestamp::from_ms(ms);
    let points =
        ["online", "kiosk_state", "tickets_total", "printer_paper", "printer_paper_left_sheets"];
    let more = ["cpu_percent", "disk_free_percent", "uptime_s"];
    let sample = |(n, point): (i64, &str)| Sample {
        point: PointName::parse(point).expect("point"),
        value: Value::Decimal(Decimal::whole((ms / 60_000 / (n + 1)) % 997)),
        quality: Quality::Good,
    };
    let samples = (0..).zip(points.into_iter().chain(more)).map(sample).collect();
    Record::Reading(Reading { device: device.clone(), time, received: time, message: 0, samples })
}

/// What comes in while InfluxDB is away; how many readings that is.
async fn wait(hall: &Hall, load: &mut Load, (from, now): (i64, i64)) -> u64 {
    let (mut batch, mut owed, begin) = (Vec::new(), 0, Instant::now());
    for ms in (from..now).step_by(usize::try_from(INVERTERS_MS).unwrap()) {
        batch.extend(load.at(ms));
        if batch.len() >= 4000 {
            owed += batch.len() as u64;
            hall.keep(std::mem::take(&mut batch)).await;
        }
    }
    owed += batch.len() as u64;
    hall.keep(batch).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (bytes, hours) = (hall.journal.status().size_bytes, (now - from) / 3_600_000);
    let survived = CAP_BYTES as f64 / (bytes as f64 / hours as f64);
    println!(
        "{hours} h without InfluxDB: {owed} readings wait in {} MB of the journal (written in {:.0} s); at \
         the default cap of {} MB there is room for {survived:.0} h: {}",
        bytes / 1_000_000,
        begin.elapsed().as_secs_f64(),
        CAP_BYTES / 1_000_000,
        verdict(survived >= HOURS as f64)
    );
    owed
}

async fn outage(hours: i64) {
    let hall = Hall::with(Arc::new(SystemClock), u64::MAX);
    let mut load = Load::new();
    let now = SystemClock.now().ms() / MACHINES_MS * MACHINES_MS;
    let from = now - hours * 3_600_000;
    let mut owed = wait(&hall, &mut load, (from, now)).await;
    let server = Influxd::running(false).await;
    // What came in meanwhile has waited as well: late is only what comes from the next moment on.
    let present = (SystemClock.now().ms() / MACHINES_MS + 1) * MACHINES_MS;
    for ms in (now..present).step_by(usize::try_from(INVERTERS_MS).unwrap()) {
        let records = load.at(ms);
        owed += records.len() as u64;
        hall.keep(records).await;
    }
    let mut config = v1(server.url());
    config.limits = hallwatch::influx::Limits::default();
    let mut sink = hall.run(config);
    let begin = Instant::now();
    let (mut next, mut live, mut late, mut caught_up) = (present, 0, 0, None);
    while caught_up.is_none() {
        if SystemClock.now().ms() >= next {
            let records = load.at(next);
            live += records.len() as u64;
            hall.keep(records).await;
            next += INVERTERS_MS;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let status = sink.sink.look();
        // The first moments are those in which it finds out that it is behind.
        if begin.elapsed() > Duration::from_secs(5) {
            late = late.max(status.fresh_lag_ms);
        }
        if status.backlog_records == 0 && status.totals.delivered >= owed {
            caught_up = Some(begin.elapsed().as_secs_f64());
        }
        assert!(begin.elapsed() < Duration::from_secs(1800), "{status:#?}");
    }
    let took = caught_up.expect("caught up");
    let status = sink.until_done(owed + live).await;
    let stored = server.number("SELECT count(ac_power_w) FROM inverter").await;
    let expected = INVERTERS * u64::try_from((next - from) / INVERTERS_MS).unwrap();
    println!(
        "caught up in {took:.0} s: {:.0} readings/s; meanwhile {live} readings came in, at most {late} ms \
         late: {}",
        owed as f64 / took,
        verdict(late <= LATE_MS_MAX)
    );
    println!(
        "delivered {} of {}, dead letters {}; inverter rows in InfluxDB {stored} of {expected}: lost {}",
        status.totals.delivered,
        owed + live,
        status.totals.dead_letters,
        expected - stored
    );
    assert_eq!((status.totals.delivered, stored), (owed + live, expected));
    sink.stop().await;
}

fn verdict(holds: bool) -> &'static str {
    match holds {
        _ if cfg!(debug_assertions) => "not judged in a debug build",
        true => "as promised",
        false => "NOT as promised",
    }
}
