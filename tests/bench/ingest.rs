//! A backlog at the broker, taken durably: each message on disk before its acknowledgement, beside
//! a bare `rumqttc` subscriber with manual acknowledgements that keeps nothing.
//!
//! ```text
//! cargo bench --bench ingest                       300,000 messages of a hundred machines
//! HALLWATCH_BACKLOG=50000 cargo bench --bench …    so many
//! cargo test --test ingest / cargo test            a small backlog: that it works
//! ```
//!
//! Through Debian's Mosquitto, which holds the backlog for both under a persistent session each.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

#[path = "../support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "../support/listening.rs"]
#[allow(dead_code)]
mod listening;

use std::sync::Arc;
use std::time::{Duration, Instant};

use field::Mosquitto;
use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, Kinds};
use hallwatch::model::Position;
use hallwatch::profile::Catalog;
use hallwatch::source::mqtt::{self, Version};
use hallwatch::source::{Context, SourceHealth, Sources};
use hallwatch::tally::{Happening, Tally};
use listening::machine;
use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio_util::sync::CancellationToken;

const FULL: u64 = 300_000;
const SMALL: u64 = 3_000;
const ROUNDS: u64 = 5;
/// The broker is still busy with acknowledgements when a subscriber has sent its last one.
const SETTLE: Duration = Duration::from_secs(1);
const MACHINES: u64 = 100;
/// What the project promises: half the speed of keeping nothing.
const RATIO_MIN: f64 = 0.5;

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |word: &str| arguments.iter().any(|argument| argument == word);
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    if is("--list") || filter.is_some_and(|filter| !"ingest".contains(filter.as_str())) {
        println!("test result: ok. 0 passed; 0 failed; 1 filtered out");
        return std::process::ExitCode::SUCCESS;
    }
    let full = is("--bench");
    let wanted = std::env::var("HALLWATCH_BACKLOG").ok().and_then(|n| n.parse().ok());
    let messages = wanted.unwrap_or(if full { FULL } else { SMALL });
    let rounds = if full { ROUNDS } else { 1 };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let good = runtime.expect("runtime").block_on(measure(messages, rounds, full));
    println!("test result: {} passed; {} failed", u8::from(good), u8::from(!good));
    std::process::ExitCode::from(u8::from(!good))
}

/// The two by turns, each with a backlog of its own, so that a slow minute of the machine or of the
/// broker's disk does not fall on one of them; what counts is the median of the rounds.
async fn measure(messages: u64, rounds: u64, fast: bool) -> bool {
    let folder = tempfile::tempdir().expect("folder");
    let broker = Mosquitto::start(folder.path());
    let gateway = Gateway::new(folder.path(), broker.port);
    gateway.until(|_| true).await; // its session is there
    subscribe_bare(broker.port).await;
    println!("backlog of {messages} messages of {MACHINES} machines, {rounds} rounds");
    println!(
        "messages/s      bare subscriber, manual acks    gateway, on disk before ack    ratio"
    );
    #[allow(clippy::cast_precision_loss)]
    let rate = |seconds: f64| messages as f64 / seconds;
    let (mut bare, mut durable) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        publish(broker.port, messages, rounds - round).await;
        tokio::time::sleep(SETTLE).await;
        let had = gateway.tally.total(Happening::ReadingKept);
        bare.push(rate(drain_bare(broker.port, messages).await));
        tokio::time::sleep(SETTLE).await;
        durable.push(rate(gateway.until(|kept| kept >= had + messages).await));
        let (bare, durable) = (bare[bare.len() - 1], durable[durable.len() - 1]);
        println!("round {round}  {bare:36.0} {durable:30.0} {:8.2}", durable / bare);
    }
    let (bare, durable) = (median(bare), median(durable));
    let ratio = durable / bare;
    println!("median   {bare:36.0} {durable:30.0} {ratio:8.2}");
    let (kept, refused) = (gateway.readings().await, gateway.tally.labels(Happening::Rejected));
    println!("kept {kept}, refused {refused:?}");
    let whole = kept == messages * rounds && refused.is_empty();
    let good = whole && (!fast || ratio >= RATIO_MIN);
    println!("verdict: {}", if good { "as promised" } else { "NOT as promised" });
    good
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// The gateway's session with a journal on disk.
struct Gateway {
    journal: Journal,
    tally: Tally,
    port: u16,
}

impl Gateway {
    fn new(folder: &std::path::Path, port: u16) -> Self {
        let tally = Tally::new();
        let store = Config { commit_wait_ms: 100, ..Config::new(folder.join("data")) };
        let journal = Journal::open(&store, Arc::new(SystemClock), tally.clone()).expect("journal");
        Self { journal, tally, port }
    }

    /// The readings that the journal holds.
    async fn readings(&self) -> u64 {
        let mut reader = self.journal.reader_from(Position::default(), Kinds::Readings);
        let mut count = 0;
        while reader.position() < self.journal.head() {
            count += reader.ready(10_000).await.expect("records").records.len() as u64;
        }
        count
    }

    /// Listens until so many records are kept; the seconds that it took.
    async fn until(&self, enough: impl Fn(u64) -> bool) -> f64 {
        let catalog = Catalog::shipped().expect("profiles");
        let id = |n: u64| format!("k-{n:02}");
        let devices =
            (0..MACHINES).map(|n| machine(&catalog, "ticket-machine", &id(n), &id(n))).collect();
        let config = mqtt::Config {
            host: "127.0.0.1".into(),
            port: self.port,
            client_id: "hallwatch".into(),
            login: None,
            tls: None,
            version: Version::Auto,
            share: None,
            rebirth: false,
            packet_bytes_max: 262_144,
            time_zone: jiff::tz::TimeZone::UTC,
            devices,
        };
        let sources = Sources::new();
        let (journal, tally) = (self.journal.clone(), self.tally.clone());
        let context =
            Context { journal, clock: Arc::new(SystemClock), tally, sources: sources.clone() };
        let stop = CancellationToken::new();
        let signal = stop.clone();
        let begin = Instant::now();
        let session = mqtt::Session::new(config, context);
        let session = tokio::spawn(async move { session.run(signal).await.expect("session") });
        let connected = || sources.all().iter().any(|(_, s)| s.health == SourceHealth::Ok);
        while !connected() || !enough(self.tally.total(Happening::ReadingKept)) {
            assert!(begin.elapsed() < Duration::from_secs(60), "the backlog is not taken");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        read_up(self.port).await;
        let seconds = begin.elapsed().as_secs_f64();
        tokio::time::sleep(Duration::from_millis(500)).await; // subscriptions
        stop.cancel();
        session.await.expect("joined");
        seconds
    }
}

fn bare(port: u16) -> MqttOptions {
    let mut options = MqttOptions::new("bare", "127.0.0.1", port);
    options.set_clean_start(false).set_session_expiry_interval(Some(3_600)).set_manual_acks(true);
    options
}

async fn subscribe_bare(port: u16) {
    let (client, mut events) = AsyncClient::new(bare(port), 10);
    client.subscribe("hall/#", QoS::AtLeastOnce).await.expect("subscribe");
    while !matches!(events.poll().await, Ok(Event::Incoming(Packet::SubAck(_)))) {}
    client.disconnect().await.expect("disconnect");
    while events.poll().await.is_ok() {}
}

/// Waits until the broker has read what was sent to it: acknowledgements in its receive buffer are
/// not taken yet, and it needs as long for them as for the messages.
async fn read_up(port: u16) {
    let port = format!(":{port:04X}");
    let unread = || {
        let sockets = std::fs::read_to_string("/proc/net/tcp").expect("sockets of the system");
        sockets.lines().any(|line| {
            let mut columns = line.split_whitespace().skip(1);
            let (local, remote) = (columns.next().unwrap_or(""), columns.next().unwrap_or(""));
            let (sending, receiving) =
                columns.nth(1).and_then(|queues| queues.split_once(':')).unwrap_or(("", ""));
            let waits = |queue: &str| queue.bytes().any(|digit| digit != b'0');
            local.ends_with(&port) && waits(receiving) || remote.ends_with(&port) && waits(sending)
        })
    };
    let mut quiet = 0;
    while quiet < 2 {
        quiet = if unread() { 0 } else { quiet + 1 };
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Takes and acknowledges everything; the seconds until the broker has the last acknowledgement. The
/// library gives out what it has read before it sends more, so that acknowledgements lag behind.
async fn drain_bare(port: u16, messages: u64) -> f64 {
    let begin = Instant::now();
    let (client, mut events) = AsyncClient::new(bare(port), 400_000);
    let (mut received, mut acknowledged) = (0, 0);
    while received < messages || acknowledged < messages {
        match events.poll().await.expect("event") {
            Event::Incoming(Packet::Publish(publish)) => {
                client.try_ack(&publish).expect("room");
                received += 1;
            }
            Event::Outgoing(Outgoing::PubAck(_)) => acknowledged += 1,
            _ => {}
        }
    }
    read_up(port).await;
    let seconds = begin.elapsed().as_secs_f64();
    client.disconnect().await.expect("disconnect");
    while events.poll().await.is_ok() {}
    seconds
}

/// Fills the broker: every machine a message a minute, as after a long outage. The first of `rounds`
/// that are still to come is the oldest.
async fn publish(port: u16, messages: u64, rounds: u64) {
    let mut options = MqttOptions::new("publisher", "127.0.0.1", port);
    options.set_outgoing_inflight_upper_limit(1_000);
    let (client, mut events) = AsyncClient::new(options, 1_000);
    let sender = tokio::spawn(async move {
        let length_s = 60 * (messages / MACHINES).cast_signed();
        let first = jiff::Timestamp::now().as_second() - length_s * rounds.cast_signed();
        for n in 0..messages {
            let (machine, seq) = (n % MACHINES, n / MACHINES);
            let ts = jiff::Timestamp::from_second(first + 60 * seq.cast_signed()).expect("time");
            let body = format!(
                r#"{{"id":"k-{machine:02}","ts":"{ts}","seq":{seq},"device":"online","mode":"run","parts":{{"printer":{{"device":"online","paper":"full","left":{}}}}},"counters":{{"tickets":{seq}}}}}"#,
                800 - seq % 800
            );
            let topic = format!("hall/z/ticket_machine/k-{machine:02}/status");
            client.publish(topic, QoS::AtLeastOnce, false, body).await.expect("sent");
        }
        client
    });
    let mut acknowledged = 0;
    while acknowledged < messages {
        if let Event::Incoming(Packet::PubAck(_)) = events.poll().await.expect("event") {
            acknowledged += 1;
        }
    }
    drop(sender.await.expect("sender").disconnect().await);
}
