//! A full disk: what was committed stays, what is not kept is said so by name, and the journal
//! takes data again by itself when there is room. On a small tmpfs, so it needs the right to mount.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use field::Daemon;
use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, JournalError, Kinds};
use hallwatch::model::{
    DeviceId, PointName, Position, Quality, Reading, Record, Sample, Timestamp, Value,
};
use hallwatch::tally::Tally;

/// A small file system.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .status()
            .expect("mount");
        assert!(done.success(), "this test mounts a small tmpfs: run it as root");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}

fn reading(tick: u64) -> Record {
    let time = Timestamp::from_ms(1_763_900_000_000 + i64::try_from(tick).expect("tick") * 1000);
    // A text of 200 characters that encodes its tick: fills the disk, and can be judged alone.
    let text = format!("{tick:0200}");
    Record::Reading(Reading {
        device: DeviceId::parse("d").expect("id"),
        time,
        received: time,
        message: tick,
        samples: vec![Sample {
            point: PointName::parse("serial_number").expect("point"),
            value: Value::Text(text.into()),
            quality: Quality::Good,
        }],
    })
}

async fn all(journal: &Journal) -> Vec<u64> {
    let mut reader = journal.reader_from(Position::default(), Kinds::Readings);
    let mut found = Vec::new();
    while reader.position() < journal.head() {
        for (_, record) in reader.ready(1000).await.expect("records").records {
            let Record::Reading(r) = &*record else { continue };
            assert_eq!(*record, reading(r.message), "as it was written");
            found.push(r.message);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_stays_and_the_journal_recovers_by_itself() {
    let disk = SmallDisk::mount("3m");
    let config = Config { commit_wait_ms: 1, ..Config::new(disk.path().join("data")) };
    // Another program's file, to be removed later.
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0u8; 1_000_000]).expect("ballast");
    let journal = Journal::open(&config, Arc::new(SystemClock), Tally::new()).expect("journal");

    let mut kept = Vec::new();
    let mut refused = 0;
    let mut tick = 0u64;
    while refused < 20 {
        let batch: Vec<u64> = (tick..tick + 50).collect();
        tick += 50;
        match journal.append(batch.iter().map(|t| reading(*t)).collect()).await {
            Ok(appended) => {
                assert_eq!(appended.stored, 50);
                kept.extend(batch);
            }
            Err(error) => {
                assert_eq!(error, JournalError::DiskFull, "named");
                refused += 1;
            }
        }
        assert!(tick < 1_000_000, "the disk never filled");
    }
    assert!(kept.len() > 1000, "{} kept before", kept.len());
    assert_eq!(journal.status().trouble, Some(JournalError::DiskFull));
    assert_eq!(all(&journal).await, kept, "readers go on while the disk is full");

    std::fs::remove_file(&ballast).expect("room");
    let freed = std::time::Instant::now();
    loop {
        tick += 1;
        if journal.append(vec![reading(tick)]).await.is_ok() {
            kept.push(tick);
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(freed.elapsed() < Duration::from_secs(5), "takes data again within 5 s");
    }
    let recovered = freed.elapsed();
    assert_eq!(journal.status().trouble, None);
    journal.close();

    let journal = Journal::open(&config, Arc::new(SystemClock), Tally::new()).expect("opens again");
    assert_eq!(all(&journal).await, kept, "nothing committed was lost, nothing refused was kept");
    println!("{} kept, 20 batches refused by name, recovered in {recovered:?}", kept.len());
    journal.close();
}

/// The rules of the open alerts.
fn open_alerts(daemon: &Daemon) -> Vec<String> {
    let answer = daemon.get("/api/v1/alerts?state=active");
    let alerts = answer["alerts"].as_array().expect("alerts").iter();
    alerts.map(|alert| alert["rule"].as_str().expect("rule").to_owned()).collect()
}

fn polls(daemon: &Daemon) -> u64 {
    let answer = daemon.get("/api/v1/buses");
    let units = answer["buses"].as_array().expect("buses").iter();
    let units = units.flat_map(|bus| bus["units"].as_array().expect("units"));
    units.map(|unit| unit["answers"].as_u64().expect("answers")).sum()
}

fn within(what: &str, most: Duration, done: impl Fn() -> bool) -> Duration {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < most, "{what} within {most:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    begin.elapsed()
}

/// The whole gateway on 16 MiB that somebody else fills.
#[test]
fn the_gateway_lives_tells_and_recovers() {
    let disk = SmallDisk::mount("16m");
    let daemon = Daemon::demo(&disk.path().join("data"));
    let committed = |daemon: &Daemon| {
        let answer = daemon.get("/api/v1/system");
        answer["journal"]["readings_committed"].as_u64().expect("a count")
    };
    within("readings", Duration::from_secs(30), || committed(&daemon) > 100);
    // Down to the last byte: what is left would be enough for a while.
    let ballast = disk.path().join("ballast");
    let mut file = std::fs::File::create(&ballast).expect("ballast");
    let mut written = 0_u64;
    for size in [1 << 20, 1 << 14, 1 << 10, 1] {
        while std::io::Write::write_all(&mut file, &vec![7; size]).is_ok() {
            written += size as u64;
        }
    }
    assert!(written > 1 << 20, "{written}");
    let told = within("the alert", Duration::from_secs(10), || {
        open_alerts(&daemon).iter().any(|rule| rule == "SY010")
    });
    let before = polls(&daemon);
    within("polls go on", Duration::from_secs(15), || polls(&daemon) > before + 5);
    let data = daemon.get("/api/v1/system");
    assert_eq!(data["journal"]["state"], "disk_full");
    drop(file);
    let kept = committed(&daemon);
    std::fs::remove_file(&ballast).expect("room");
    let recovered = within("readings again", Duration::from_secs(5), || {
        let answer = daemon.get("/api/v1/system");
        answer["journal"]["state"] == "ok" && committed(&daemon) > kept
    });
    within("the alert ends", Duration::from_secs(30), || {
        !open_alerts(&daemon).iter().any(|rule| rule == "SY010")
    });
    // What was not kept is on the ledger, source by source.
    let answer = daemon.get("/api/v1/data");
    let sources = answer["sources"].as_array().expect("sources").iter();
    let not_kept: u64 = sources.map(|source| source["not_kept"].as_u64().expect("n")).sum();
    println!(
        "16 MiB full: told after {told:?}, polls went on, took data again {recovered:?} after there was \
         room; {not_kept} readings could not be kept and are counted"
    );
    assert!(not_kept > 0);
}
