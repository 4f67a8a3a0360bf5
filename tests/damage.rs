//! Damage to the files themselves: bits that flip anywhere, pages that are overwritten, files that end
//! early. The gateway's stores open all the same, what they answer is what was written, and the rest is
//! put aside.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hallwatch::clock::ManualClock;
use hallwatch::history::{self, History, Packer};
use hallwatch::journal::{self, Journal, JournalError, Kinds};
use hallwatch::model::{
    Decimal, DeviceId, PointName, Position, Quality, Reading, Record, Sample, Timestamp, Value,
};
use hallwatch::tally::Tally;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

const START: i64 = 1_795_449_600_000;
const DEVICES: i64 = 12;
const TICKS: i64 = 900;

fn reading(device: i64, tick: i64) -> Reading {
    let time = Timestamp::from_ms(START + tick * 5000);
    let sample = |point: &str, mantissa: i64, exponent| Sample {
        point: PointName::parse(point).expect("point"),
        value: Value::Decimal(Decimal { mantissa, exponent }),
        quality: Quality::Good,
    };
    Reading {
        device: DeviceId::parse(&format!("inv-{device:02}")).expect("id"),
        time,
        received: time.plus_ms(40),
        message: 0,
        samples: vec![
            sample("ac_power_w", device * 100_000 + tick, 0),
            sample("grid_freq_hz", 4990 + (tick * 7 + device) % 20, -2),
            sample("energy_total_wh", tick * 3, 1),
        ],
    }
}

struct Stores {
    journal: Journal,
    history: History,
    packer: Packer,
}

fn open(folder: &Path) -> Stores {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START + TICKS * 5000)));
    let config = journal::Config { commit_wait_ms: 0, ..journal::Config::new(folder.to_owned()) };
    let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("the journal opens");
    let past = history::Config::default();
    let (history, packer) = History::open(&past, &journal, clock).expect("the history opens");
    Stores { journal, history, packer }
}

/// A folder with readings of which two thirds are packed.
async fn written(folder: &Path) {
    let Stores { journal, history, mut packer } = open(folder);
    for tick in 0..TICKS {
        let batch = (0..DEVICES).map(|device| Record::Reading(reading(device, tick)));
        journal.append(batch.collect()).await.expect("kept");
        if tick == TICKS / 3 || tick == TICKS * 2 / 3 {
            packer.pack().await.expect("packed");
        }
    }
    drop((history, packer));
    journal.close();
    let database = rusqlite::Connection::open(folder.join("history.db")).expect("database");
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("one file");
}

fn copy(from: &Path, to: &Path) {
    for name in ["journal.db", "history.db", "journal.first-page", "history.first-page"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).expect("copied");
        }
    }
}

/// What is left of the readings in the journal and of those that the history tells; each is as it was
/// written.
async fn left(folder: &Path) -> (usize, usize) {
    // A damage that is found while it is in use is mended by the next start.
    for _ in 0..4 {
        let mut stores = open(folder);
        let found = look(&mut stores).await;
        stores.journal.close();
        if let Ok(found) = &found
            && !needs_mending(folder)
        {
            return *found;
        }
        assert!(needs_mending(folder), "an error without a reason: {found:?}");
    }
    panic!("four starts have not mended it");
}

fn needs_mending(folder: &Path) -> bool {
    journal::needs_mending(folder) || history::needs_mending(folder)
}

async fn look(stores: &mut Stores) -> Result<(usize, usize), String> {
    let told = |error: JournalError| error.to_string();
    let mut expected: BTreeMap<(String, i64), Reading> = BTreeMap::new();
    for (device, tick) in (0..DEVICES).flat_map(|d| (0..TICKS).map(move |t| (d, t))) {
        let reading = reading(device, tick);
        expected.insert((reading.device.to_string(), reading.time.ms()), reading);
    }
    let right = |reading: &Reading| {
        let key = (reading.device.to_string(), reading.time.ms());
        expected.get(&key).is_some_and(|written| written == reading)
    };
    let mut reader = stores.journal.reader_from(Position::default(), Kinds::All);
    let mut in_journal = 0;
    while reader.position() < stores.journal.head() {
        for (_, record) in reader.ready(1000).await.map_err(told)?.records {
            let Record::Reading(reading) = &*record else { panic!("{record:?}") };
            assert!(right(reading), "not what was written: {reading:?}");
            in_journal += 1;
        }
    }
    // It goes on: what comes is kept.
    let new = Record::Reading(reading(0, TICKS - 1));
    stores.journal.append(vec![new]).await.map_err(told)?;
    stores.packer.pack().await.map_err(|error| error.to_string())?;
    let mut in_history = 0;
    for device in 0..DEVICES {
        let id = reading(device, 0).device;
        let (from, to) = (Timestamp::from_ms(0), Timestamp::from_ms(i64::MAX));
        let take = |all: &mut Vec<Reading>, reading: &Reading| all.push(reading.clone());
        let all = stores.history.walk(id, from, to, Vec::new(), take).await;
        for reading in all.map_err(|error| error.to_string())? {
            let mut whole = reading.clone();
            let key = (reading.device.to_string(), reading.time.ms());
            let written = expected.get(&key).expect("a reading that was written");
            // Values of a damaged column are left out, and never made up.
            let samples = &written.samples;
            assert!(reading.samples.iter().all(|sample| samples.contains(sample)), "{reading:?}");
            whole.samples.clone_from(samples);
            assert_eq!(whole, *written);
            in_history += usize::from(reading == *written);
        }
    }
    Ok((in_journal, in_history))
}

fn flip(path: &Path, dice: &mut StdRng, bits: usize) {
    let mut bytes = std::fs::read(path).expect("read");
    for _ in 0..bits {
        let at = dice.random_range(0..bytes.len());
        bytes[at] ^= 1 << dice.random_range(0..8);
    }
    std::fs::write(path, bytes).expect("written");
}

fn overwrite(path: &Path, dice: &mut StdRng) {
    let mut bytes = std::fs::read(path).expect("read");
    let page = 4096;
    let at = dice.random_range(0..bytes.len() / page) * page;
    let len = page.min(bytes.len() - at);
    dice.fill(&mut bytes[at..at + len]);
    std::fs::write(path, bytes).expect("written");
}

fn cut(path: &Path, dice: &mut StdRng) {
    let file = std::fs::OpenOptions::new().write(true).open(path).expect("open");
    let length = file.metadata().expect("length").len();
    file.set_len(dice.random_range(0..length)).expect("cut");
}

/// Rounds of each kind of damage.
const ROUNDS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_open_after_any_damage_and_answer_with_nothing_else_than_what_was_written() {
    let whole = tempfile::tempdir().expect("folder");
    written(whole.path()).await;
    let all = usize::try_from(DEVICES * TICKS).expect("small");
    let mut dice = StdRng::seed_from_u64(20_261_129);
    for (what, file) in [
        ("bits", "journal.db"),
        ("bits", "history.db"),
        ("page", "journal.db"),
        ("page", "history.db"),
        ("end", "journal.db"),
        ("end", "history.db"),
    ] {
        let (mut journal, mut history, mut least) = (0, 0, usize::MAX);
        for _ in 0..ROUNDS {
            let folder = tempfile::tempdir().expect("folder");
            copy(whole.path(), folder.path());
            let path = folder.path().join(file);
            match what {
                "bits" => flip(&path, &mut dice, 3),
                "page" => overwrite(&path, &mut dice),
                _ => cut(&path, &mut dice),
            }
            let (in_journal, in_history) = left(folder.path()).await;
            (journal, history) = (journal + in_journal, history + in_history);
            least = least.min(in_journal.max(in_history));
        }
        let part = |n: usize| 100.0 * n as f64 / (all * ROUNDS) as f64;
        println!(
            "{ROUNDS} times {what} of {file}: opened {ROUNDS}; left in the journal {:.2} %, in the \
             history {:.2} %; wrong 0",
            part(journal),
            part(history)
        );
        if what != "end" {
            assert!(least > all / 2, "a small damage takes little: {least} of {all}");
        }
    }
}

/// SQLite's locks keep other programs from taking the log away under the gateway; whoever opens and
/// closes the file by hand would take the locks away.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_locks_on_the_databases_hold() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempfile::tempdir().expect("folder");
    written(folder.path()).await;
    for _ in 0..2 {
        let Stores { journal, history, packer } = open(folder.path());
        let locks = std::fs::read_to_string("/proc/locks").expect("locks");
        for file in ["journal.db", "history.db"] {
            let inode = std::fs::metadata(folder.path().join(file)).expect("there").ino();
            let held = locks.lines().filter(|line| line.contains(&format!(":{inode} "))).count();
            assert!(held > 0, "no lock on {file}: {locks}");
        }
        journal.close();
        drop((history, packer));
    }
}

/// Values that went with a page are missed, not passed over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_that_is_gone_is_found() {
    let folder = tempfile::tempdir().expect("folder");
    written(folder.path()).await;
    let whole = history::check(folder.path(), |_, _| {}).expect("checked");
    assert!(whole.findings.is_none(), "{:?}", whole.findings);
    let database = rusqlite::Connection::open(folder.path().join("history.db")).expect("opens");
    let gone = "DELETE FROM packed WHERE rowid = (SELECT max(rowid) FROM packed)";
    assert_eq!(database.execute(gone, []).expect("deleted"), 1);
    drop(database);
    let found = history::check(folder.path(), |_, _| {}).expect("checked");
    assert_eq!(found.findings.damaged, 1, "{:?}", found.findings);
}

/// A mending that breaks off is begun again from the old database.
#[tokio::test]
async fn a_mending_that_was_killed_loses_nothing() {
    let whole = tempfile::tempdir().expect("folder");
    written(whole.path()).await;
    let all = usize::try_from(DEVICES * TICKS).expect("small");
    // Killed while the new one grew; killed between the two last steps.
    for (with_old, what) in [(true, "halfway"), (false, "at the end")] {
        let folder = tempfile::tempdir().expect("folder");
        copy(whole.path(), folder.path());
        for name in ["journal", "history"] {
            let (old, new) = (format!("{name}.db"), format!("{name}.mending.db"));
            let (old, new) = (folder.path().join(old), folder.path().join(new));
            if with_old {
                std::fs::write(&new, b"half of it").expect("written");
            } else {
                std::fs::rename(&old, &new).expect("moved");
            }
        }
        let (in_journal, in_history) = left(folder.path()).await;
        assert!(in_journal >= all && in_history >= all, "{what}: {in_journal}, {in_history}");
        assert!(!folder.path().join("journal.mending.db").exists());
    }
}

/// Without its first page a database is a heap of pages; a copy of it lies beside.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_page_that_is_gone_comes_back() {
    let whole = tempfile::tempdir().expect("folder");
    written(whole.path()).await;
    // The copy is made when a database is opened that was there before.
    let Stores { journal, history, .. } = open(whole.path());
    journal.close();
    drop(history);
    let all = usize::try_from(DEVICES * TICKS).expect("small");
    for (file, page, with) in [
        ("journal.db", 4096, 0xA5),
        ("journal.db", 4096, 0),
        ("history.db", 16_384, 0xA5),
        ("history.db", 16_384, 0),
        ("journal.db", 100, 0),
        ("history.db", 16, 0xFF),
    ] {
        let folder = tempfile::tempdir().expect("folder");
        copy(whole.path(), folder.path());
        let path = folder.path().join(file);
        let mut bytes = std::fs::read(&path).expect("read");
        bytes[..page].fill(with);
        std::fs::write(&path, bytes).expect("written");
        let Stores { journal, history, .. } = open(folder.path());
        let mended = journal.status().mended.or_else(|| history.condition().mended);
        let mended = mended.expect("it says so");
        assert_eq!(mended.holes, 0, "{file} {page}: {mended:?}");
        assert!(folder.path().join(&mended.aside).exists());
        journal.close();
        drop(history);
        let (in_journal, in_history) = left(folder.path()).await;
        println!("{page} bytes of the beginning of {file}: {in_journal} and {in_history} of {all}");
        assert!(in_journal.max(in_history) >= all, "{file} {page}: {in_journal}, {in_history}");
    }
}

#[tokio::test]
async fn positions_are_not_given_out_twice_after_a_mending() {
    let folder = tempfile::tempdir().expect("folder");
    written(folder.path()).await;
    let before = {
        let Stores { journal, .. } = open(folder.path());
        let head = journal.head();
        let mut reader = journal.reader("sink", Kinds::All).expect("reader");
        reader.seek(head);
        reader.done(head).await;
        journal.close();
        head
    };
    // The root page of the table.
    let mut bytes = std::fs::read(folder.path().join("journal.db")).expect("read");
    bytes[4096..8192].fill(0xA5);
    std::fs::write(folder.path().join("journal.db"), bytes).expect("written");
    let Stores { journal, .. } = open(folder.path());
    let mended = journal.status().mended.expect("it says so");
    assert!(folder.path().join(&mended.aside).exists(), "the old one is beside it: {mended:?}");
    assert!(journal.head() >= before, "{:?} {before:?}", journal.head());
    let again = journal.append(vec![Record::Reading(reading(0, TICKS + 1))]).await.expect("kept");
    assert!(again.position > before);
    journal.close();
}

#[tokio::test]
async fn numbers_of_lost_names_are_not_given_to_others() {
    let folder = tempfile::tempdir().expect("folder");
    written(folder.path()).await;
    let path = folder.path().join("journal.db");
    let page: i64 = rusqlite::Connection::open(&path)
        .expect("database")
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'name'", [], |row| row.get(0))
        .expect("the page of the names");
    let mut bytes = std::fs::read(&path).expect("read");
    let at = usize::try_from(page - 1).expect("small") * 4096;
    bytes[at..at + 4096].fill(0xA5);
    std::fs::write(&path, bytes).expect("written");
    let mut stores = open(folder.path());
    // Other names come first now.
    for device in (0..DEVICES).rev() {
        let batch = vec![Record::Reading(reading(device, TICKS - 1))];
        stores.journal.append(batch).await.expect("kept");
    }
    let (in_journal, _) = look(&mut stores).await.expect("nothing is taken for something else");
    assert!(in_journal >= usize::try_from(DEVICES).expect("small"), "{in_journal}");
    stores.journal.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_made_while_it_goes_on_is_whole() {
    let folder = tempfile::tempdir().expect("folder");
    written(folder.path()).await;
    let Stores { journal, history: _kept, mut packer } = open(folder.path());
    let writing = {
        let journal = journal.clone();
        #[allow(clippy::disallowed_methods, reason = "awaited below")]
        tokio::spawn(async move {
            for tick in TICKS..TICKS + 400 {
                let batch = (0..DEVICES).map(|device| Record::Reading(reading(device, tick)));
                journal.append(batch.collect()).await.expect("kept");
                if tick % 50 == 0 {
                    packer.pack().await.expect("packed");
                }
            }
        })
    };
    let mut kept = 0;
    for _ in 0..5 {
        let copy = tempfile::tempdir().expect("folder");
        let (from, to) = (folder.path().to_owned(), copy.path().to_owned());
        let mut last = (0, 1);
        let head = journal.head();
        tokio::task::spawn_blocking(move || {
            history::copy(&from, &to, |done, of| {
                assert!(done <= of && done >= last.0);
                last = (done, of);
            })
        })
        .await
        .expect("ran")
        .expect("copied");
        assert!(journal::check(copy.path(), |_, _| ()).expect("checked").findings.is_none());
        assert!(history::check(copy.path(), |_, _| ()).expect("checked").findings.is_none());
        let Stores { journal: copied, history, .. } = open(copy.path());
        assert!(copied.head() >= head, "nothing that was there when it began is left out");
        let id = reading(3, 0).device;
        let (from, to) = (Timestamp::from_ms(0), Timestamp::from_ms(i64::MAX));
        let count = history.walk(id, from, to, 0_u64, |n, _| *n += 1).await.expect("told");
        assert!(count >= u64::try_from(TICKS).expect("small"), "{count}");
        kept = kept.max(count);
        copied.close();
    }
    writing.await.expect("written");
    assert!(kept >= 900, "{kept}");
    journal.close();
}

/// What lies in a folder while a gateway has it: as after a kill.
async fn killed(folder: &Path) {
    let live = tempfile::tempdir().expect("folder");
    let Stores { journal, history, mut packer } = open(live.path());
    for tick in 0..TICKS / 3 {
        let batch = (0..DEVICES).map(|device| Record::Reading(reading(device, tick)));
        journal.append(batch.collect()).await.expect("kept");
        if tick == TICKS / 4 {
            packer.pack().await.expect("packed");
        }
    }
    for entry in std::fs::read_dir(live.path()).expect("folder") {
        let entry = entry.expect("entry");
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("copied");
        }
    }
    drop((history, packer));
    journal.close();
}

/// New readings after a start on such a folder: whether they are in the history, and what is said.
async fn goes_on(folder: &Path) -> (usize, journal::Mended) {
    let mut stores = open(folder);
    let began = std::time::Instant::now();
    let mended = loop {
        // Told with the next look of the writer.
        if let Some(mended) = stores.journal.status().mended {
            break mended;
        }
        assert!(began.elapsed().as_secs() < 10, "it says nothing");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let mut reader = stores.journal.reader_from(Position::default(), Kinds::All);
    let mut in_journal = 0;
    while reader.position() < stores.journal.head() {
        in_journal += reader.ready(1000).await.expect("records").records.len();
    }
    for tick in TICKS..TICKS + 20 {
        let new = Record::Reading(reading(3, tick));
        stores.journal.append(vec![new]).await.expect("kept");
    }
    stores.packer.pack().await.expect("packed");
    let (from, to) = (reading(3, TICKS).time, Timestamp::from_ms(i64::MAX));
    let count = |count: &mut usize, _: &Reading| *count += 1;
    let id = reading(3, 0).device;
    let new = stores.history.walk(id, from, to, 0, count).await.expect("read");
    assert_eq!(new, 20, "what comes afterwards is not taken for what has passed");
    stores.journal.close();
    (in_journal, mended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_hides_nothing_and_a_lost_one_takes_nothing_that_comes() {
    let whole = tempfile::tempdir().expect("folder");
    killed(whole.path()).await;
    let all = usize::try_from(DEVICES * TICKS / 3).expect("small");
    let log = |folder: &Path| folder.join("journal.db-wal");
    let copied = || {
        let folder = tempfile::tempdir().expect("folder");
        for entry in std::fs::read_dir(whole.path()).expect("folder") {
            let entry = entry.expect("entry");
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
        }
        folder
    };
    let length = std::fs::metadata(log(whole.path())).expect("a log").len();
    assert!(length > 400_000, "{length}");
    for part in 1..8 {
        let folder = copied();
        let mut bytes = std::fs::read(log(folder.path())).expect("read");
        let at = bytes.len() * part / 9 + 100;
        bytes[at] ^= 8;
        println!("flip {at} of {}", bytes.len());
        std::fs::write(log(folder.path()), bytes).expect("written");
        let (left, mended) = goes_on(folder.path()).await;
        assert!(folder.path().join(&mended.aside).exists(), "{mended:?}");
        assert!(left * 100 > all * 95, "flipped at {at}: {left} of {all}, {mended:?}");
    }
    for cut in [0, length / 3] {
        let folder = copied();
        let file = std::fs::OpenOptions::new().write(true).open(log(folder.path())).expect("log");
        file.set_len(cut).expect("cut");
        println!("cut {cut}");
        let (left, mended) = goes_on(folder.path()).await;
        assert!(left < all && mended.aside.is_empty(), "{left} of {all}, {mended:?}");
    }
    // A file that is gone is not a new gateway's.
    for gone in ["journal.db", "history.db"] {
        let folder = copied();
        for end in ["", "-wal"] {
            std::fs::remove_file(folder.path().join(format!("{gone}{end}"))).expect("there");
        }
        let stores = open(folder.path());
        let said = match gone {
            "journal.db" => stores.journal.status().mended,
            _ => stores.history.condition().mended,
        };
        assert!(said.is_some_and(|mended| mended.aside.is_empty()), "{gone}");
        stores.journal.close();
    }
}

/// One wrong byte in any page: it opens, what it tells is what was written, and little is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_byte_in_any_page_costs_little() {
    let whole = tempfile::tempdir().expect("folder");
    written(whole.path()).await;
    let all = usize::try_from(DEVICES * TICKS).expect("small");
    let mut dice = StdRng::seed_from_u64(41);
    let pages = std::fs::metadata(whole.path().join("journal.db")).expect("file").len() / 4096;
    let step = usize::try_from(pages / 60).expect("small").max(1);
    // The first pages hold the small tables: names, cursors, facts, the ledger.
    let chosen = (0..24).chain((24..pages).step_by(step));
    let mut least = usize::MAX;
    for page in chosen {
        let folder = tempfile::tempdir().expect("folder");
        copy(whole.path(), folder.path());
        let path = folder.path().join("journal.db");
        let mut bytes = std::fs::read(&path).expect("read");
        let inside: u64 = if page == 0 { 200 } else { 0 };
        let at = usize::try_from(page * 4096 + dice.random_range(inside..4096)).expect("small");
        bytes[at] ^= 0x55;
        std::fs::write(&path, bytes).expect("written");
        let (journal, history) = left(folder.path()).await;
        least = least.min(journal.max(history));
        assert!(
            journal.max(history) * 100 > all * 97,
            "page {page}, byte {at}: {journal} {history}"
        );
    }
    println!("one byte in each of some pages: at least {least} of {all} left");
}

/// A name that is wrong is another device's: the index over the names knows better.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_letter_in_a_name_gives_no_reading_to_another_device() {
    let whole = tempfile::tempdir().expect("folder");
    written(whole.path()).await;
    let path = whole.path().join("journal.db");
    let bytes = std::fs::read(&path).expect("read");
    let needle = b"inv-02";
    let places = (0..bytes.len() - needle.len()).filter(|at| bytes[*at..].starts_with(needle));
    let mut tried = 0;
    for at in places.collect::<Vec<_>>() {
        let folder = tempfile::tempdir().expect("folder");
        copy(whole.path(), folder.path());
        let mut wrong = bytes.clone();
        wrong[at + 5] = b'9';
        std::fs::write(folder.path().join("journal.db"), wrong).expect("written");
        let checked = journal::check(folder.path(), |_, _| {}).expect("looked at");
        assert!(!checked.findings.is_none(), "verify sees it");
        // Every reading is held against what was written under its name.
        let (journal, history) = left(folder.path()).await;
        let all = usize::try_from(DEVICES * TICKS).expect("small");
        assert!(journal.max(history) * 10 > all * 9, "{journal} {history} of {all}");
        tried += 1;
    }
    assert!(tried >= 2, "in the table and in its index");
}
