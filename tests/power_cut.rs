//! Power cuts: every write, truncation and sync of a run is noted in its order, and played up to many
//! points. What was synced is there; of what was not, some is there and some is not, in pieces of a
//! sector. The stores open, and whatever had been acknowledged by then is in them.
//!
//! A small C library that is preloaded does the noting; it is built by the C compiler that the program
//! needs anyway.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use hallwatch::clock::ManualClock;
use hallwatch::history::{self, History, Packer};
use hallwatch::journal::{self, Journal};
use hallwatch::model::{
    Decimal, DeviceId, PointName, Quality, Reading, Record, Sample, Timestamp, Value,
};
use hallwatch::tally::Tally;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

const START: i64 = 1_795_449_600_000;
const DEVICES: i64 = 5;
const TICKS: i64 = 400;
/// Points at which the power goes.
const CUTS: usize = 150;
const SECTOR: usize = 512;
/// File in which the program under test notes what was acknowledged to it; it is never synced.
const ACKED: &str = "acked";

fn reading(device: i64, tick: i64) -> Reading {
    let time = Timestamp::from_ms(START + tick * 1000);
    let point = PointName::parse("ac_power_w").expect("point");
    let value = Value::Decimal(Decimal::whole(device * 1_000_000 + tick));
    Reading {
        device: DeviceId::parse(&format!("d{device}")).expect("id"),
        time,
        received: time,
        message: 0,
        samples: vec![Sample { point, value, quality: Quality::Good }],
    }
}

fn open(folder: &Path) -> Result<(Journal, History, Packer), String> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START)));
    let config = journal::Config { commit_wait_ms: 0, ..journal::Config::new(folder.to_owned()) };
    let journal = Journal::open(&config, clock.clone(), Tally::new()).map_err(|e| e.to_string())?;
    let past = history::Config::default();
    match History::open(&past, &journal, clock) {
        Ok((history, packer)) => Ok((journal, history, packer)),
        Err(error) => {
            journal.close();
            Err(error.to_string())
        }
    }
}

/// What runs under the library: appends, packs, and notes each tick that was acknowledged.
#[tokio::test]
async fn under_the_library() {
    let Some(folder) = std::env::var_os("HALLWATCH_POWER_CUT").map(PathBuf::from) else { return };
    // A start that meets a failing sync is tried again, as the system does with the gateway.
    let opened = (0..3).map(|_| open(&folder)).find(Result::is_ok);
    let (journal, _history, mut packer) = opened.expect("opens").expect("opens");
    let mut acked = std::fs::File::create(folder.join(ACKED)).expect("file");
    for tick in 0..TICKS {
        let batch: Vec<Record> =
            (0..DEVICES).map(|device| Record::Reading(reading(device, tick))).collect();
        // What fails is not acknowledged, and not tried again.
        if journal.append(batch).await.is_ok() {
            acked.write_all(&tick.to_le_bytes()).expect("noted");
        }
        if tick % 60 == 59
            && let Err(error) = packer.pack().await
        {
            println!("not packed: {error}");
        }
    }
    journal.close();
}

/// One thing that happened to a file.
enum Step {
    Write {
        offset: usize,
        data: Vec<u8>,
    },
    Truncate(usize),
    Sync,
    /// The file is removed. Directories are taken to be in order: file systems keep a log of them.
    Remove,
}

fn run(sync_fails: Option<u32>) -> Vec<(String, Step)> {
    let folder = tempfile::tempdir().expect("folder");
    let (library, log) = (folder.path().join("writes.so"), folder.path().join("log"));
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/writes.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wno-nonnull-compare", "-o"])
        .arg(&library)
        .arg(&source)
        .args(["-ldl", "-lpthread"])
        .status()
        .expect("a C compiler");
    assert!(built.success());
    let mut program = Command::new(std::env::current_exe().expect("this test"));
    program
        .args(["--exact", "under_the_library", "--nocapture", "--test-threads", "1"])
        .stdout(std::process::Stdio::null())
        .env("LD_PRELOAD", &library)
        .env("HALLWATCH_POWER_CUT", &data)
        .env("HALLWATCH_WRITES_BELOW", &data)
        .env("HALLWATCH_WRITES_LOG", &log);
    if let Some(every) = sync_fails {
        program.env("HALLWATCH_SYNC_FAILS", every.to_string());
    }
    assert!(program.status().expect("runs").success());
    steps(&std::fs::read(&log).expect("the log"))
}

fn steps(mut log: &[u8]) -> Vec<(String, Step)> {
    let mut steps = Vec::new();
    let mut take = |n: usize| {
        let (head, rest) = log.split_at_checked(n)?;
        log = rest;
        Some(head)
    };
    let number = |bytes: &[u8]| {
        let mut whole = [0; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        usize::try_from(u64::from_le_bytes(whole)).expect("small")
    };
    while let Some(kind) = take(1).map(|kind| kind[0]) {
        let path_length = number(take(2).expect("length"));
        let (offset, length) = (number(take(8).expect("offset")), number(take(8).expect("length")));
        let path = String::from_utf8(take(path_length).expect("path").to_vec()).expect("UTF-8");
        let step = match kind {
            b'w' => Step::Write { offset, data: take(length).expect("data").to_vec() },
            b't' => Step::Truncate(offset),
            b'u' => Step::Remove,
            _ => Step::Sync,
        };
        steps.push((path, step));
    }
    steps
}

/// A file as the disk has it, and what happened since it was synced last.
#[derive(Default)]
struct OnDisk<'a> {
    synced: Vec<u8>,
    since: Vec<&'a Step>,
}

fn apply(bytes: &mut Vec<u8>, step: &Step) {
    match step {
        Step::Write { offset, data } => {
            let end = offset + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*offset..end].copy_from_slice(data);
        }
        Step::Truncate(length) => bytes.resize(*length, 0),
        Step::Sync | Step::Remove => {}
    }
}

impl OnDisk<'_> {
    /// What a power cut leaves: of each step since the last sync all, nothing, or some sectors.
    fn cut(&self, dice: &mut StdRng) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for step in &self.since {
            match (dice.random_range(0..3), step) {
                (0, _) => {}
                (1, Step::Write { offset, data }) => {
                    for (n, sector) in data.chunks(SECTOR).enumerate() {
                        if dice.random_bool(0.5) {
                            let (offset, data) = (offset + n * SECTOR, sector.to_vec());
                            apply(&mut bytes, &Step::Write { offset, data });
                        }
                    }
                }
                (_, step) => apply(&mut bytes, step),
            }
        }
        bytes
    }
}

/// Plays a run up to many points; how many acknowledged readings were looked for.
async fn play(steps: &[(String, Step)], dice: &mut StdRng) -> (usize, usize) {
    let mut at: BTreeSet<usize> = (0..CUTS).map(|_| dice.random_range(0..steps.len())).collect();
    at.insert(steps.len() - 1);
    let mut files: BTreeMap<&str, OnDisk<'_>> = BTreeMap::new();
    let (mut acked, mut looked_for) = (Vec::new(), 0);
    for (n, (path, step)) in steps.iter().enumerate() {
        if path == ACKED {
            if let Step::Write { data, .. } = step {
                acked.extend(
                    data.chunks(8).map(|tick| i64::from_le_bytes(tick.try_into().expect("8"))),
                );
            }
            continue;
        }
        if matches!(step, Step::Remove) {
            files.remove(path.as_str());
            continue;
        }
        let file = files.entry(path).or_default();
        match step {
            Step::Sync => {
                for step in std::mem::take(&mut file.since) {
                    apply(&mut file.synced, step);
                }
            }
            step => file.since.push(step),
        }
        if at.contains(&n) {
            let folder = tempfile::tempdir().expect("folder");
            for (path, file) in &files {
                std::fs::write(folder.path().join(path), file.cut(dice)).expect("written");
            }
            looked_for += expect(folder.path(), &acked).await;
        }
    }
    (at.len(), looked_for)
}

/// The stores in a folder open and hold what was acknowledged; how many readings that is.
async fn expect(folder: &Path, acked: &[i64]) -> usize {
    let (journal, history, mut packer) = open(folder).expect("the stores open");
    assert!(journal.status().mended.is_none(), "a power cut damages nothing");
    packer.pack().await.expect("packs");
    for device in 0..DEVICES {
        let id = reading(device, 0).device;
        let (from, to) = (Timestamp::from_ms(0), Timestamp::from_ms(i64::MAX));
        let take = |all: &mut Vec<Reading>, reading: &Reading| all.push(reading.clone());
        let found = history.walk(id, from, to, Vec::new(), take).await.expect("told");
        let ticks: BTreeSet<i64> = found
            .iter()
            .map(|reading| reading.time.since_ms(Timestamp::from_ms(START)) / 1000)
            .collect();
        for tick in acked {
            assert!(ticks.contains(tick), "{tick} was acknowledged and is gone");
        }
        assert_eq!(ticks.len(), found.len(), "none twice");
        for (found, tick) in found.iter().zip(&ticks) {
            assert_eq!(*found, reading(device, *tick), "as it was written");
        }
    }
    journal.close();
    acked.len() * usize::try_from(DEVICES).expect("small")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_a_power_cut() {
    let mut dice = StdRng::seed_from_u64(20_261_129);
    let steps = run(None);
    let syncs = steps.iter().filter(|(_, step)| matches!(step, Step::Sync)).count();
    assert!(syncs > 400, "the library hears of syncs: {syncs}");
    let (cuts, readings) = play(&steps, &mut dice).await;
    println!(
        "{cuts} power cuts in a run of {} writes and {syncs} syncs: unreadable stores 0, acknowledged \
         readings looked for {readings}, lost 0",
        steps.len() - syncs
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_fails_acknowledges_nothing_that_is_not_there() {
    let mut dice = StdRng::seed_from_u64(7);
    let steps = run(Some(17));
    let (cuts, readings) = play(&steps, &mut dice).await;
    println!(
        "every 17th sync failed with EIO: {cuts} power cuts, unreadable stores 0, acknowledged readings \
         looked for {readings}, lost 0"
    );
    assert!(readings > 0);
}
