//! A sink behind: what comes in is on time while what piled up follows; what the journal had to drop
//! comes from the history; old readings and refused lines go once more when somebody asks.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(dead_code, reason = "the support is shared with another test")]

#[path = "support/influx.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hallwatch::clock::{Clock as _, ManualClock, SystemClock};
use hallwatch::influx::{OrderError, SinkState};
use hallwatch::model::{DeviceId, Reading, Record, Timestamp};

use support::engine::{Engine, Make};
use support::hall::{Hall, START, dec, numbered, reading, readings, sample, v1, v2};
use support::{Fake, Influxd, Reply};

const HOUR_MS: i64 = 3_600_000;

/// A reading of now, or of some time before it.
fn at(device: usize, time: Timestamp, received: Timestamp, message: u64) -> Record {
    let device = DeviceId::parse(&format!("inv-{device:02}")).expect("id");
    let number = i64::try_from(message).expect("small");
    let samples = vec![sample("ac_power_w", dec(number, 0)), sample("grid_freq_hz", dec(4999, -2))];
    Record::Reading(Reading { device, time, received, message, samples })
}

/// When each line was stored, by its device and the time that it bears.
type Late = Arc<Mutex<BTreeMap<(String, i64), i64>>>;

/// A server that takes 60 ms for a body and notes when it has which line.
async fn slow(stored: Late) -> Fake {
    let answer = move |request: &support::Request| {
        if request.is_write() {
            std::thread::sleep(Duration::from_millis(60));
            let now = SystemClock.now().ms();
            let mut stored = stored.lock().expect("alone");
            for line in request.lines() {
                let device = line.split(',').nth(1).expect("a device").to_owned();
                let time: i64 = line.rsplit(' ').next().expect("a time").parse().expect("ms");
                stored.entry((device, time)).or_insert(now);
            }
        }
        Reply::status(204)
    };
    Fake::running(answer).await
}

/// Days of backlog for a server that takes 60 ms for a body, and sixty inverters that go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_in_is_on_time_while_days_catch_up() {
    const BACKLOG: usize = 400_000;
    let hall = Hall::with(Arc::new(SystemClock), u64::MAX);
    let now = SystemClock.now();
    let old: Vec<Record> = (0..BACKLOG)
        .map(|i| {
            let i64 = i64::try_from(i / 60).expect("small");
            let time = now.plus_ms(-48 * HOUR_MS + i64 * 5000);
            at(i % 60, time, time, i as u64)
        })
        .collect();
    hall.keep(old).await;

    let stored: Late = Arc::default();
    let fake = slow(stored.clone());
    let fake = fake.await;
    let mut config = v1(fake.url());
    config.limits.gather = Duration::from_secs(1);
    let started = Instant::now();
    let mut sink = hall.run(config);

    let (mut live, mut message) = (Vec::new(), 10_000_000);
    let mut caught_up = None;
    while caught_up.is_none() || started.elapsed() < Duration::from_secs(8) {
        let now = SystemClock.now();
        let batch: Vec<Record> = (0..60).map(|device| at(device, now, now, message)).collect();
        message += 1;
        live.push(now.ms());
        hall.keep(batch).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let status = sink.sink.look();
        if status.backlog_records == 0 && status.totals.delivered >= BACKLOG as u64 {
            caught_up.get_or_insert(started.elapsed());
        }
        assert!(started.elapsed() < Duration::from_secs(120), "{status:#?}");
    }
    let total = BACKLOG + live.len() * 60;
    let status = sink.until_done(total as u64).await;
    assert_eq!(status.totals.delivered, total as u64, "each once");
    sink.stop().await;
    // By the ledger, too: what was kept of each device and day is what was delivered.
    let entries = hall.journal.ledger(0, i32::MAX).expect("read");
    let on = |account: &str| -> Vec<(String, i32, u64)> {
        let of = entries.iter().filter(|entry| entry.account == account);
        of.map(|entry| (entry.subject.clone(), entry.day, entry.readings)).collect()
    };
    assert_eq!(on("kept"), on("influx:main:delivered"));
    let kept: u64 = on("kept").iter().map(|(_, _, readings)| readings).sum();
    assert_eq!(kept, total as u64);
    let stored = stored.lock().expect("alone");
    assert_eq!(stored.len(), total, "all of them");
    let late = |time: &i64| {
        (0..60).map(|d| stored[&(format!("device=inv-{d:02}"), *time)] - time).max().expect("some")
    };
    let mut lates: Vec<i64> = live.iter().map(late).collect();
    lates.sort_unstable();
    let took = caught_up.expect("caught up").as_secs_f64();
    println!(
        "backlog of {BACKLOG} readings caught up in {took:.1} s ({:.0}/s); meanwhile {} live readings: \
         median {} ms late, at most {} ms",
        BACKLOG as f64 / took,
        live.len() * 60,
        lates[lates.len() / 2],
        lates[lates.len() - 1],
    );
    assert!(lates[lates.len() - 1] <= 5000, "what comes in is at most 5 s late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_survives_restarts_and_every_reading_arrives() {
    let server = Influxd::running(false).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START)));
    let mut hall = Hall::with(clock.clone(), u64::MAX);
    hall.keep(readings(50, 200)).await;
    // An hour later: what is there is old, and goes the other way.
    clock.advance_ms(HOUR_MS);
    let mut rounds = 0;
    while hall.cursor() != Some(hall.journal.head()) {
        let mut config = v1(server.url());
        config.limits.lines_max = 700;
        let mut sink = hall.run(config);
        let before = sink.before.delivered;
        sink.until("some", |s| s.totals.delivered >= before + 1400 || s.lag_records == 0).await;
        if rounds == 1 {
            hall.keep((0..50).map(|d| numbered(d, HOUR_MS)).collect()).await;
        }
        sink.stop().await;
        hall.restart();
        rounds += 1;
        assert!(rounds < 30, "it goes on");
    }
    assert!(rounds > 2, "it was stopped in the middle");
    assert_eq!(server.number("SELECT count(ac_power_w) FROM inverter").await, 10_050);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_journal_had_to_drop_comes_from_the_history() {
    // A journal for a fraction of what comes in while InfluxDB is away.
    let mut server = Influxd::new(false);
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START)));
    let mut hall = Hall::with(clock.clone(), 1_500_000);
    let mut sink = hall.run(v1(server.url()));
    hall.keep(vec![numbered(0, -1000)]).await;
    sink.until("waiting", |s| s.state == SinkState::Waiting).await;
    let mut kept = 1;
    for part in 0..12i64 {
        let all = readings(60, 60);
        let moved = all.into_iter().map(|record| {
            let Record::Reading(mut reading) = record else { unreachable!("readings only") };
            reading.time = reading.time.plus_ms(part * 60_000);
            reading.received = reading.time;
            Record::Reading(reading)
        });
        let batch: Vec<Record> = moved.collect();
        kept += batch.len() as u64;
        hall.keep(batch).await;
        clock.advance_ms(60_000);
        sink.packer.pack().await.expect("packs");
    }
    let started = Instant::now();
    while hall.journal.status().cut.0 < 20_000 {
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", hall.journal.status());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let cut = hall.journal.status().cut.0;
    server.start().await;
    sink.until("all", |s| s.lag_records == 0 && s.jobs.is_empty() && s.totals.resent > 0).await;
    assert_eq!(server.number("SELECT count(ac_power_w) FROM inverter").await, kept);
    let status = sink.sink.look();
    println!(
        "the journal dropped {cut} of {kept} readings that InfluxDB did not have: {} came from the \
         history, {} from the journal",
        status.totals.resent, status.totals.delivered
    );
    assert!(status.totals.delivered < kept, "some were no longer in the journal");
    sink.stop().await;

    // A name that was away for a while is filled in the same way, a new one begins with what is there.
    hall.restart();
    let fresh = hall.run({
        let mut config = v1(server.url());
        config.name = "other".to_owned();
        config
    });
    assert!(fresh.sink.look().jobs.is_empty());
    fresh.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_database_is_filled_from_the_past_and_a_restart_goes_on() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(START)));
    let mut hall = Hall::with(clock.clone(), u64::MAX);
    let fake = Fake::running(|_| Reply::status(204)).await;
    let mut sink = hall.run(v1(fake.url()));
    let all = readings(20, 1000);
    let count = all.len() as u64;
    hall.keep(all).await;
    clock.advance_ms(HOUR_MS);
    sink.until_done(count).await;
    sink.packer.pack().await.expect("packs");
    sink.stop().await;

    // The database is another one now.
    let server = Influxd::running(false).await;
    let mut config = v1(server.url());
    config.limits.lines_max = 700;
    hall.restart();
    let mut sink = hall.run(config.clone());
    let (from, to) = (Timestamp::from_ms(0), clock.now());
    sink.sink.resend(from, to).await.expect("taken");
    sink.until("some", |s| s.totals.resent > 1400).await;
    sink.stop().await;
    hall.restart();
    let mut sink = hall.run(config);
    let before = sink.sink.look();
    assert_eq!(before.totals.delivered, count, "counts survive");
    sink.until("done", |s| s.jobs.is_empty() && s.totals.resent >= count).await;
    assert_eq!(server.number("SELECT count(ac_power_w) FROM inverter").await, count);
    let again = sink.sink.look().totals.resent - count;
    assert!(again <= 5000, "a restart repeats one device of one window: {again}");

    let error = sink.sink.resend(to, from).await.expect_err("the wrong way round");
    assert!(matches!(error, OrderError::Empty), "{error}");
    let error = sink.sink.resend_letters().await.expect_err("none");
    assert!(matches!(error, OrderError::NoLetters), "{error}");
    let error = sink.sink.cancel(99).await.expect_err("none");
    assert!(matches!(error, OrderError::NoJob(99)), "{error}");
    sink.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_set_aside_are_sent_again_when_the_database_is_mended() {
    let mended = Arc::new(AtomicBool::new(false));
    let good = mended.clone();
    let fake = Fake::running(move |request| {
        let bad = request.body.contains("vendor_mode") && !good.load(Ordering::SeqCst);
        match bad {
            true => Reply::Whole(400, "", r#"{"error":"field type conflict"}"#.to_owned()),
            false => Reply::status(204),
        }
    });
    let fake = fake.await;
    let hall = Hall::new();
    let mut sent = readings(10, 10);
    let bad = |device| reading(device, 500, vec![sample("vendor_mode", dec(2, 0))]);
    sent.extend([bad(3), bad(4)]);
    hall.keep(sent).await;
    let mut sink = hall.run(v1(fake.url()));
    let status = sink.until_done(102).await;
    assert_eq!(status.totals.dead_letters, 2);
    let letters = sink.sink.letters(10).await.expect("read");
    let devices: Vec<_> = letters.iter().filter_map(|kept| kept.letter.device.clone()).collect();
    assert_eq!(devices, ["inv-04", "inv-03"], "newest first");

    // Too early: they are refused and set aside again.
    sink.sink.resend_letters().await.expect("taken");
    sink.until("tried", |s| s.jobs.is_empty()).await;
    assert_eq!(sink.sink.letters(10).await.expect("read").len(), 2);
    mended.store(true, Ordering::SeqCst);
    sink.sink.resend_letters().await.expect("taken");
    sink.until("stored", |s| s.jobs.is_empty() && s.totals.resent == 2).await;
    assert!(sink.sink.letters(10).await.expect("read").is_empty());
    let bodies = fake.requests();
    let last: Vec<String> = bodies.iter().rev().take(1).flat_map(|r| r.lines()).collect();
    assert!(last.iter().all(|line| line.contains("vendor_mode=2 ")), "{last:?}");
    sink.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_that_were_refused_as_one_are_sent_again_from_the_history() {
    let engine = Engine::running(Make::V2, &[("inverter.ac_power_w", "string")]).await;
    let hall = Hall::new();
    hall.keep(readings(30, 10)).await;
    let mut config = v2(engine.fake.url());
    config.limits.search_requests_max = 1;
    let mut sink = hall.run(config);
    let status = sink.until_done(300).await;
    assert_eq!(status.totals.dead_letters, 300);
    assert_eq!(hall.dead_letters().await.len(), 1, "one event for the group");
    let letters = sink.sink.letters(10).await.expect("read");
    assert_eq!((letters[0].letter.from_ms, letters[0].letter.to_ms), (START, START + 9000));
    sink.sink.resend_letters().await.expect("taken");
    sink.until("tried", |s| s.jobs.is_empty() && s.last_error.is_some()).await;
    sink.until("set aside again", |s| s.jobs.is_empty()).await;
    assert_eq!(hall.dead_letters().await.len(), 2, "the whole group once more");
    sink.stop().await;
}
