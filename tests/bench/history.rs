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

#[path = "../support/roof.rs"]
mod roof;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallwatch::clock::ManualClock;
use hallwatch::history::{self, Asked, History, Windows};
use hallwatch::journal::{self, Journal, Kinds};
use hallwatch::model::{DeviceId, Reading, Record, Timestamp};
use hallwatch::tally::Tally;
use roof::{DAY_MS, Inverter, START, place};

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
    match holds {
        _ if cfg!(debug_assertions) => "not judged in a debug build",
        true => "as promised",
        false => "NOT as promised",
    }
}
