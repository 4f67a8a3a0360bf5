//! Messages that should not be: too big, not UTF-8, not JSON, of another device, from the future.
//! Each is counted by name, nothing of it is stored, and the other machines are heard all the
//! while. Through Debian's Mosquitto.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;

use std::sync::Arc;
use std::time::Duration;

use field::Mosquitto;
use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, Kinds};
use hallwatch::model::{Device, DeviceId, DeviceKind, Position, Reading, Record, Text, ZoneId};
use hallwatch::profile::Catalog;
use hallwatch::source::{Context, SourceHealth, Sources, mqtt};
use hallwatch::tally::{Happening, Tally};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::LastWill;
use rumqttc::v5::{AsyncClient, MqttOptions};
use tokio_util::sync::CancellationToken;

fn topic(id: &str) -> String {
    format!("hall/z/ticket_machine/{id}/status")
}

fn publishers() -> Vec<mqtt::Publisher> {
    let catalog = Catalog::shipped().expect("profiles");
    let profile = catalog.get("kiosk-native").expect("profile");
    ["tm-01", "tm-02"]
        .map(|id| mqtt::Publisher {
            device: Arc::new(Device {
                id: DeviceId::parse(id).expect("id"),
                name: Text::same(id),
                zone: ZoneId::parse("z").expect("id"),
                kind: DeviceKind::TicketMachine,
                profile: profile.id.clone(),
                rated_power_w: None,
                interval_ms: 60_000,
                stale_after_ms: 180_000,
            }),
            profile: profile.clone(),
            topic: topic(id),
        })
        .into()
}

fn good(id: &str, seq: u64) -> Vec<u8> {
    let ts = jiff::Timestamp::now();
    format!(r#"{{"id":"{id}","ts":"{ts}","seq":{seq},"device":"online","mode":"run","counters":{{"tickets":{seq}}}}}"#)
        .into_bytes()
}

/// The session under test with all it needs.
struct World {
    broker: Mosquitto,
    journal: Journal,
    tally: Tally,
    stop: CancellationToken,
    session: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let broker = Mosquitto::start(folder.path());
        let (clock, tally, sources) = (Arc::new(SystemClock), Tally::new(), Sources::new());
        let store =
            Config { folder: folder.path().join("data"), commit_wait_ms: 5, retention_days: 1 };
        let journal = Journal::open(&store, clock.clone(), tally.clone()).expect("journal");
        let config = mqtt::Config {
            host: "127.0.0.1".into(),
            port: broker.port,
            client_id: "hallwatch".into(),
            login: None,
            tls: None,
            packet_bytes_max: 262_144,
            devices: publishers(),
        };
        let stop = CancellationToken::new();
        let context = Context {
            journal: journal.clone(),
            clock,
            tally: tally.clone(),
            sources: sources.clone(),
        };
        let session = mqtt::Session::new(config, context);
        let signal = stop.clone();
        let session = tokio::spawn(async move { session.run(signal).await.expect("session") });
        let end = std::time::Instant::now() + Duration::from_secs(20);
        while !sources.all().iter().any(|(_, state)| state.health == SourceHealth::Ok) {
            assert!(std::time::Instant::now() < end, "connected");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await; // the subscriptions
        Self { broker, journal, tally, stop, session, _folder: folder }
    }

    async fn readings(&self) -> Vec<Reading> {
        let mut reader = self.journal.reader_from(Position::default(), Kinds::Readings);
        let mut found = Vec::new();
        while reader.position() < self.journal.head() {
            for (_, record) in reader.ready(1000).await.expect("records").records {
                if let Record::Reading(reading) = &*record {
                    found.push(reading.clone());
                }
            }
        }
        found
    }

    async fn stop(self) {
        self.stop.cancel();
        self.session.await.expect("joined");
        self.journal.close();
    }
}

/// What a broken or hostile machine may send, and the name under which it is counted. The broker
/// keeps the first from us: it is larger than what we said we take.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let now = jiff::Timestamp::now();
    let future = now + jiff::Span::new().hours(8);
    let wrong = format!(r#"{{"ts":"{now}","mode":"run","counters":{{"tickets":"many"}}}}"#);
    vec![
        ("", vec![b' '; 1_000_000]),
        ("not_utf8", b"{\"mode\":\"\xff\xfe\"}".to_vec()),
        ("not_json", b"{\"mode\":".to_vec()),
        ("not_json", "[".repeat(100_000).into_bytes()),
        ("not_json", b"{\"mode\":\"run\",\"host\":{\"cpu_percent\":1e999}}".to_vec()),
        ("foreign_id", br#"{"id":"tm-02","mode":"run"}"#.to_vec()),
        ("future_time", format!(r#"{{"ts":"{future}","mode":"run"}}"#).into_bytes()),
        ("ancient_time", br#"{"ts":"1970-01-01T00:00:10Z","mode":"run"}"#.to_vec()),
        ("bad_time", br#"{"ts":"yesterday","mode":"run"}"#.to_vec()),
        ("nothing_known", br#"{"mode":7}"#.to_vec()),
        ("wrong_field", wrong.into_bytes()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_messages_are_counted_and_cost_the_others_nothing() {
    let world = World::start().await;
    let mut options = MqttOptions::new("hostile", "127.0.0.1", world.broker.port);
    options.set_max_packet_size(Some(4_000_000));
    let (client, mut events) = AsyncClient::new(options, 200);
    let driver = tokio::spawn(async move { while events.poll().await.is_ok() {} });
    let hostile = hostile();
    let mut seq = 0;
    for (_, message) in &hostile {
        let sent = client.publish(topic("tm-01"), QoS::AtLeastOnce, true, message.clone()).await;
        sent.expect("sent");
        for _ in 0..5 {
            seq += 1;
            let body = good("tm-02", seq);
            client.publish(topic("tm-02"), QoS::AtLeastOnce, false, body).await.expect("sent");
        }
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let counted = world.tally.labels(Happening::Rejected);
    for (reason, _) in &hostile {
        let named = counted.iter().any(|(label, _)| label == reason);
        assert!(reason.is_empty() || named, "{reason}: {counted:?}");
    }
    let stored = world.readings().await;
    let of = |id: &str| stored.iter().filter(|r| r.device.as_str() == id).count() as u64;
    assert_eq!(of("tm-02"), seq, "the other machine is heard all the while");
    assert_eq!(of("tm-01"), 1, "only the message with one wrong field is kept");
    let kept = stored.iter().find(|r| r.device.as_str() == "tm-01").expect("kept");
    assert!(kept.value("tickets_total").is_none(), "without that field");
    println!("{} hostile messages, {seq} good ones heard, refused: {counted:?}", hostile.len());
    driver.abort();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_will_and_a_repeated_message() {
    let world = World::start().await;
    let mut options = MqttOptions::new("tm-01", "127.0.0.1", world.broker.port);
    let will = br#"{"device":"offline","id":"tm-01"}"#.to_vec();
    options.set_last_will(LastWill::new(topic("tm-01"), will, QoS::AtLeastOnce, true, None));
    let (client, mut events) = AsyncClient::new(options, 10);
    let driver = tokio::spawn(async move { while events.poll().await.is_ok() {} });
    let same = good("tm-01", 1);
    for _ in 0..3 {
        let sent = client.publish(topic("tm-01"), QoS::AtLeastOnce, true, same.clone()).await;
        sent.expect("sent");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.readings().await.len(), 1, "the same message is kept once");
    assert_eq!(world.tally.total(Happening::Duplicate), 2);
    driver.abort(); // the kiosk's plug is pulled
    tokio::time::sleep(Duration::from_millis(500)).await;
    let last = world.readings().await.pop().expect("reading");
    assert_eq!(last.value("online").and_then(hallwatch::model::Value::as_f64), Some(0.0));
    world.stop().await;
}
