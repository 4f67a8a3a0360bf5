//! A full disk: what was committed stays, what is not kept is said so by name, and the journal
//! takes data again by itself when there is room. On a small tmpfs, so it needs the right to mount.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, JournalError, Kinds};
use hallwatch::model::{
    DeviceId, PointName, Position, Quality, Reading, Record, Sample, Timestamp, Value,
};
use hallwatch::tally::Tally;

/// A file system of 3 MiB.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
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
    let disk = SmallDisk::mount();
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
