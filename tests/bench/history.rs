//! What is kept, measured: bytes at rest, answers from a cold disk, and how fast the journal takes
//! readings that are synced hundred by hundred while two readers follow.
//!
//! ```text
//! cargo bench --bench history          four inverters of 40 points for three days, a year of five minutes
//! cargo test --bench history           a small part of it: that it works
//! ```
//!
//! The values are those of a roof under moving clouds, with the noise and the steps of registers.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::cast_possible_truncation)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallwatch::clock::ManualClock;
use hallwatch::history::{self, Asked, History, Windows};
use hallwatch::journal::{self, Journal, Kinds};
use hallwatch::model::{
    Decimal, DeviceId, PointName, Quality, Reading, Record, Sample, Timestamp, Value,
};
use hallwatch::simulate::Place;
use hallwatch::tally::Tally;

/// 2026-06-01 00:00 in Beijing.
const START: i64 = 1_780_243_200_000;
const DAY_MS: i64 = 24 * 3600 * 1000;
const STRINGS: usize = 10;

/// What the project promises.
const BYTES_MAX: f64 = 0.9;
const YEAR_MS_MAX: f64 = 5.0;
const DAY_MS_MAX: f64 = 20.0;
const RATE_MIN: f64 = 200_000.0;

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |word: &str| arguments.iter().any(|argument| argument == word);
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    if is("--list") || filter.is_some_and(|filter| !"history".contains(filter.as_str())) {
        println!("test result: ok. 0 passed; 0 failed; 1 filtered out");
        return std::process::ExitCode::SUCCESS;
    }
    let full = is("--bench");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("runtime").block_on(async {
        at_rest(full).await;
        append_rate(full).await;
    });
    println!("test result: ok. 1 passed; 0 failed; 0 filtered out");
    std::process::ExitCode::SUCCESS
}

fn place() -> Place {
    let time_zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
    Place { latitude_deg: 39.9, longitude_deg: 116.4, time_zone, seed: 7 }
}

/// Small changes that do not repeat.
struct Noise(u64);

impl Noise {
    /// -1 to 1, small values more often.
    fn next(&mut self) -> f64 {
        let mut uniform = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        };
        uniform() + uniform() - 1.0
    }
}

/// An inverter of 50 kW as its registers show it.
struct Inverter {
    device: DeviceId,
    points: Vec<PointName>,
    noise: Noise,
    total_wh: f64,
    today_wh: f64,
}

impl Inverter {
    fn new(number: u64) -> Self {
        let mut names: Vec<String> = ["ac_power_w", "dc_power_w", "reactive_power_var"]
            .into_iter()
            .chain(["grid_freq_hz", "power_factor", "cabinet_temp_c", "insulation_kohm"])
            .chain(["energy_total_wh", "energy_today_wh", "state", "efficiency_percent"])
            .map(str::to_owned)
            .collect();
        for phase in ["l1", "l2", "l3"] {
            names.extend(["voltage_v", "current_a", "power_w"].map(|of| format!("{phase}_{of}")));
        }
        for string in 1..=STRINGS {
            names.extend(["voltage_v", "current_a"].map(|of| format!("string_{string}_{of}")));
        }
        Self {
            device: DeviceId::parse(&format!("inv-{number:02}")).expect("id"),
            points: names.iter().map(|name| PointName::parse(name).expect("point")).collect(),
            noise: Noise(0x9E37_79B9 + number),
            total_wh: 123_456_780.0,
            today_wh: 0.0,
        }
    }

    fn reading(&mut self, place: &Place, ms: i64, step_ms: i64) -> Reading {
        let time = Timestamp::from_ms(ms);
        let weather = place.weather(time);
        let noise = &mut self.noise;
        let dc_w = 55_000.0 * weather.poa_wm2 / 1000.0 * 0.93;
        let ac_w = (dc_w * 0.98 + 20.0 * noise.next()).max(0.0);
        let at_work = ac_w > 100.0;
        if (ms - START) % DAY_MS < step_ms {
            self.today_wh = 0.0;
        }
        let wh = ac_w * step_ms as f64 / 3_600_000.0;
        (self.total_wh, self.today_wh) = (self.total_wh + wh, self.today_wh + wh);
        let when = |value: f64| if at_work { value } else { 0.0 };
        let mut values = vec![
            (when(ac_w), 0),
            (when(dc_w), 0),
            (when(40.0 * noise.next()), 0),
            (50.0 + 0.02 * noise.next(), -2),
            (when(0.998 + 0.002 * noise.next()), -3),
            (weather.module_c * 0.6 + 15.0 + 0.1 * noise.next(), -1),
            (when(1800.0 + 5.0 * noise.next()), 0),
            (self.total_wh, 1),
            (self.today_wh, 1),
            (if at_work { 4.0 } else { 2.0 }, 0),
            (when(98.2 + 0.1 * noise.next()), -1),
        ];
        for _ in 0..3 {
            let volts = 231.0 + 0.6 * noise.next();
            values.extend([(volts, -1), (when(ac_w / 3.0 / volts), -2), (when(ac_w / 3.0), 0)]);
        }
        for _ in 0..STRINGS {
            let volts = 640.0 - 1.9 * (weather.module_c - 25.0) + 0.8 * noise.next();
            let amperes = dc_w / STRINGS as f64 / volts + 0.02 * noise.next();
            values.extend([(when(volts), -1), (when(amperes.max(0.0)), -2)]);
        }
        let samples = self.points.iter().zip(values).map(|(point, (value, exponent))| {
            let mantissa = (value * 10f64.powi(-exponent)).round() as i64;
            let value = Value::Decimal(Decimal { mantissa, exponent: exponent as i8 });
            Sample { point: point.clone(), value, quality: Quality::Good }
        });
        let samples: Vec<Sample> = samples.collect();
        // What a bus takes until it has the answer.
        let received = time.plus_ms(40 + (30.0 * self.noise.next()) as i64);
        Reading { device: self.device.clone(), time, received, message: 0, samples }
    }
}

fn open(folder: &Path, now: i64) -> (Journal, History, history::Packer) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(now)));
    let config = journal::Config { commit_wait_ms: 0, ..journal::Config::new(folder.to_owned()) };
    let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("journal");
    let past = history::Config::default();
    let (history, packer) = History::open(&past, &journal, clock).expect("history");
    (journal, history, packer)
}

async fn keep(journal: &Journal, batch: &mut Vec<Record>) {
    journal.append(std::mem::take(batch)).await.expect("kept");
}

/// Fills a folder with readings of so many days, and packs them.
async fn fill(folder: &Path, inverters: u64, days: i64, step_ms: i64) -> u64 {
    let end = START + days * DAY_MS;
    let (journal, history, mut packer) = open(folder, end);
    let place = place();
    let mut all: Vec<Inverter> = (0..inverters).map(Inverter::new).collect();
    let (mut points, mut batch) = (0, Vec::new());
    for ms in (START..end).step_by(usize::try_from(step_ms).unwrap()) {
        for inverter in &mut all {
            let reading = inverter.reading(&place, ms, step_ms);
            points += reading.samples.len() as u64;
            batch.push(Record::Reading(reading));
        }
        if batch.len() >= 4000 {
            keep(&journal, &mut batch).await;
            if journal.head().0 % 100_000 < 4000 {
                packer.pack().await.expect("packed");
            }
        }
    }
    keep(&journal, &mut batch).await;
    packer.pack().await.expect("packed");
    drop((history, packer));
    journal.close();
    points
}

/// Bytes of the history, with its log, and whatever is not packed.
fn bytes(folder: &Path) -> u64 {
    let connection = rusqlite::Connection::open(folder.join("history.db")).expect("database");
    let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    done.expect("checkpoint");
    let ask = |what: &str| -> i64 {
        connection.query_row(&format!("PRAGMA {what}"), [], |row| row.get(0)).expect("told")
    };
    let used = (ask("page_count") - ask("freelist_count")) * ask("page_size");
    u64::try_from(used).expect("size")
}

/// Takes a file out of the memory of the system, so that it is read from the disk.
fn forget(folder: &Path) {
    for name in ["history.db", "journal.db"] {
        let file = std::fs::File::open(folder.join(name)).expect("file");
        file.sync_all().expect("synced");
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("forgotten");
    }
}

/// The median of some cold answers, in milliseconds; each by a history that was just opened.
async fn cold<T>(folder: &Path, now: i64, ask: impl AsyncFn(&History) -> T) -> (f64, T) {
    let (mut times, mut last) = (Vec::new(), None);
    for _ in 0..7 {
        forget(folder);
        let (journal, history, packer) = open(folder, now);
        let begin = Instant::now();
        last = Some(ask(&history).await);
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
        drop((history, packer));
        journal.close();
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], last.expect("asked"))
}

async fn at_rest(full: bool) {
    let folder = tempfile::tempdir().expect("folder");
    let (inverters, days) = if full { (4, 3) } else { (1, 1) };
    let begin = Instant::now();
    let points = fill(folder.path(), inverters, days, 5000).await;
    let bytes_a_point = bytes(folder.path()) as f64 / points as f64;
    println!(
        "{points} points of {inverters} inverters, {days} days at 5 s (kept and packed in {:.1} s): \
         {bytes_a_point:.3} bytes a point at rest; at most {BYTES_MAX}: {}",
        begin.elapsed().as_secs_f64(),
        verdict(bytes_a_point <= BYTES_MAX)
    );
    let device = DeviceId::parse("inv-00").expect("id");
    let (from, to) = (Timestamp::from_ms(START), Timestamp::from_ms(START + DAY_MS));
    let points = Inverter::new(0).points;
    let names: Vec<String> = points.iter().map(|point| point.as_str().to_owned()).collect();
    let (ms, found) = cold(folder.path(), START + days * DAY_MS, async |history: &History| {
        history.numbers(device.clone(), names.clone(), from, to).await.expect("answered")
    })
    .await;
    assert_eq!(found.iter().map(Vec::len).sum::<usize>(), 17_280 * names.len());
    println!(
        "a day of {} points at 5 s, cold: {ms:.1} ms; at most {DAY_MS_MAX}: {}",
        names.len(),
        verdict(ms <= DAY_MS_MAX)
    );
    a_year(full, device).await;
}

async fn a_year(full: bool, device: DeviceId) {
    let folder = tempfile::tempdir().expect("folder");
    let days = if full { 365 } else { 10 };
    fill(folder.path(), 1, days, 300_000).await;
    let end = START + days * DAY_MS;
    let (from, to) = (Timestamp::from_ms(START), Timestamp::from_ms(end));
    let (ms, found) = cold(folder.path(), end, async |history: &History| {
        let power = vec!["ac_power_w".to_owned()];
        history.numbers(device.clone(), power, from, to).await.expect("answered")
    })
    .await;
    println!(
        "{} values of one point, {days} days at five minutes, cold: {ms:.2} ms; at most {YEAR_MS_MAX}: {}",
        found[0].len(),
        verdict(ms <= YEAR_MS_MAX)
    );
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
    let windows = Windows::days(from, to, &zone).expect("windows");
    let (ms, found) = cold(folder.path(), end, async |history: &History| {
        let asked =
            vec![Asked { point: "energy_total_wh".to_owned(), counter: None, hold_ms: 900_000 }];
        history.windows(device.clone(), asked, windows.clone()).await.expect("answered")
    })
    .await;
    println!("the same as {} days as windows, cold: {ms:.2} ms", found[0].len());
}

/// Hundred readings after hundred, each hundred on disk before the next, while two readers follow.
async fn append_rate(full: bool) {
    let seconds = if full { 10 } else { 1 };
    for values in [1, 8] {
        let folder = tempfile::tempdir().expect("folder");
        let (journal, history, _packer) = open(folder.path(), START);
        drop(history);
        let reading = {
            let mut reading = Inverter::new(0).reading(&place(), START + DAY_MS / 2, 5000);
            reading.samples.truncate(values);
            reading
        };
        let readers: Vec<_> = (0..2)
            .map(|n| {
                let journal = journal.clone();
                tokio::spawn(async move {
                    let mut reader = journal.reader(&format!("r{n}"), Kinds::All).expect("reader");
                    let mut seen = 0;
                    while let Ok(batch) = reader.next(5000).await {
                        seen += batch.records.len() as u64;
                        reader.done(batch.through).await;
                    }
                    seen
                })
            })
            .collect();
        let (begin, mut count) = (Instant::now(), 0);
        while begin.elapsed() < Duration::from_secs(seconds) {
            let batch: Vec<Arc<Record>> = (0..100)
                .map(|n| {
                    let time = reading.time.plus_ms(count + n);
                    let reading = Reading { time, received: time, ..reading.clone() };
                    Arc::new(Record::Reading(reading))
                })
                .collect();
            count += 100;
            journal.append_at_once(&batch).await.expect("kept");
        }
        let rate = count as f64 / begin.elapsed().as_secs_f64();
        tokio::task::spawn_blocking(move || journal.close()).await.expect("closed");
        for reader in readers {
            assert_eq!(reader.await.expect("read"), count.cast_unsigned());
        }
        println!(
            "readings of {values} values, synced every 100, two readers: {rate:.0} readings/s; at least {RATE_MIN}: {}",
            verdict(rate >= RATE_MIN)
        );
    }
    println!("a sync of this disk takes {:.0} µs", sync_us());
}

/// What the disk itself needs to sync a small write, median.
fn sync_us() -> f64 {
    use std::io::Write as _;
    let mut file = tempfile::tempfile().expect("file");
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            let begin = Instant::now();
            file.write_all(&[7; 4096]).expect("written");
            file.sync_data().expect("synced");
            begin.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn verdict(holds: bool) -> &'static str {
    if holds { "as promised" } else { "NOT as promised" }
}
