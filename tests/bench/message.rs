//! From the moment something is wrong until the webhook has it: through Mosquitto, the journal with a
//! sync for the reading and one for the decision, the rules, and the channel. And the same for an
//! inverter that is asked once a second.
//!
//! ```text
//! cargo bench --bench message                      500 faults over MQTT, 150 over Modbus
//! HALLWATCH_FAULTS=100 cargo bench --bench …       so many over MQTT
//! cargo test --test message / cargo test           a few of each: that it works
//! ```
//!
//! The gateway is a process of its own, with the journal as it is shipped. Its syncs are counted by a
//! library that is loaded before it.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

#[path = "../support/fakes.rs"]
#[allow(dead_code)]
mod fakes;
#[path = "../support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "../support/hall.rs"]
#[allow(dead_code)]
mod hall;
#[path = "message/roof.rs"]
mod roof;
#[path = "message/syncs.rs"]
mod syncs;

use std::time::{Duration, Instant};

use fakes::{Fake, Manner};
use field::{Daemon, Mosquitto, wait_for};
use hall::{Machines, id};
use rand::seq::SliceRandom as _;
use syncs::Syncs;

/// Faults over MQTT and over Modbus.
const FULL: (usize, usize) = (500, 150);
const SMALL: (usize, usize) = (20, 5);
const ZONES: usize = 5;
/// What the project promises of ninety-nine in a hundred, beside the wait for the next poll.
const PROMISE: Duration = Duration::from_millis(250);
const POLL: Duration = Duration::from_secs(1);
/// Longer than the journal waits for others to share its commit.
const MQTT_GAP: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(15);

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |word: &str| arguments.iter().any(|argument| argument == word);
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    if is("--list") || filter.is_some_and(|filter| !"message".contains(filter.as_str())) {
        println!("test result: ok. 0 passed; 0 failed; 1 filtered out");
        return std::process::ExitCode::SUCCESS;
    }
    let full = is("--bench");
    let (mut machines, inverters) = if full { FULL } else { SMALL };
    let wanted = std::env::var("HALLWATCH_FAULTS").ok().and_then(|n| n.parse().ok());
    machines = wanted.unwrap_or(machines);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let good = runtime.expect("runtime").block_on(async {
        let by_mqtt = mqtt(machines).await;
        let by_modbus = modbus(inverters).await;
        let good = [("MQTT", by_mqtt, PROMISE), ("Modbus", by_modbus, POLL + PROMISE)];
        // A few on a busy machine show that it works, not how fast it is.
        let kept = good.map(|(name, took, promise)| judge(name, took, promise));
        kept == [true, true] || !full
    });
    println!("verdict: {}", if good { "as promised" } else { "NOT as promised" });
    println!("test result: {} passed; {} failed", u8::from(good), u8::from(!good));
    std::process::ExitCode::from(u8::from(!good))
}

/// Prints the figures; whether they are as promised.
fn judge(name: &str, mut took: Vec<Duration>, promise: Duration) -> bool {
    took.sort();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_millis();
    println!(
        "{name}: {} faults one by one, fault to webhook: p50 {} ms, p99 {} ms, max {} ms; promised p99 {} ms",
        took.len(),
        at(50),
        at(99),
        at(100),
        promise.as_millis()
    );
    at(99) <= promise.as_millis()
}

/// Waits until the webhook was told that this device is in trouble; when that was.
async fn heard(fake: &Fake, device: &str) -> Instant {
    let end = Instant::now() + PATIENCE;
    let mut looked = 0;
    loop {
        let (new, count) = fake.since(looked);
        looked = count;
        let own = |seen: &&fakes::Seen| {
            let json = seen.json();
            json["change"] == "raised" && json["alert"]["device"] == device
        };
        if let Some(seen) = new.iter().find(own) {
            return seen.at;
        }
        assert!(Instant::now() < end, "nobody was told of {device}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A pause that ends anywhere between two ticks of what ticks so often.
async fn pause(tick: Duration) {
    let tick_ms = tick.as_millis() as u64;
    tokio::time::sleep(Duration::from_millis(20 + rand::random_range(0..tick_ms))).await;
}

async fn mqtt(count: usize) -> Vec<Duration> {
    let folder = tempfile::tempdir().expect("folder");
    let broker = Mosquitto::start(folder.path());
    let fake = Fake::start(Manner::Takes).await;
    let hall = (count, ZONES);
    let channels = hall::webhook(&fake);
    let config = hall::write(folder.path(), broker.port, hall, hall::BUSY, &channels);
    let syncs = Syncs::new(folder.path());
    let daemon = tokio::task::block_in_place(|| Daemon::run_under(&config, &syncs.environment()));
    let machines = Machines::start(broker.port, ZONES, None);
    for n in 0..count {
        machines.say(n, 20, &[]).await;
    }
    tokio::task::block_in_place(|| wait_until_heard(&daemon, count));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut rand::rng());
    let (mut took, before) = (Vec::new(), syncs.count());
    for n in order {
        pause(MQTT_GAP).await;
        let begin = Instant::now();
        machines.say(n, 99, &[]).await;
        took.push(heard(&fake, &id(n)).await.saturating_duration_since(begin));
    }
    let syncs = syncs.count() - before;
    println!("MQTT: {syncs} syncs of the journal while {count} faults were told");
    assert!(syncs >= 2 * count, "a sync for the reading, and one for the decision");
    tokio::task::block_in_place(|| daemon.terminate());
    took
}

/// Waits until so many devices have said something.
fn wait_until_heard(daemon: &Daemon, count: usize) {
    wait_for("all devices", Duration::from_secs(60), || {
        let answer = daemon.get("/api/v1/devices");
        let devices = answer["devices"].as_array()?;
        let heard = devices.iter().filter(|one| one["last_seen_ms"].is_number());
        (heard.count() > count).then_some(())
    });
}

async fn modbus(count: usize) -> Vec<Duration> {
    let folder = tempfile::tempdir().expect("folder");
    let fake = Fake::start(Manner::Takes).await;
    let roof = roof::Roof::start(folder.path(), count, &hall::webhook(&fake)).await;
    let syncs = Syncs::new(folder.path());
    let environment = syncs.environment();
    let daemon = tokio::task::block_in_place(|| Daemon::run_under(&roof.config, &environment));
    tokio::task::block_in_place(|| wait_until_heard(&daemon, count));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut rand::rng());
    let mut took = Vec::new();
    for n in order {
        pause(POLL).await;
        let begin = Instant::now();
        roof.trip(n);
        took.push(heard(&fake, &roof::id(n)).await.saturating_duration_since(begin));
    }
    tokio::task::block_in_place(|| daemon.terminate());
    took
}
