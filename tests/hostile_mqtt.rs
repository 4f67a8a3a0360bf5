//! Messages that should not be: too big, not UTF-8, not JSON, of another device, from the future.
//! Each is counted by name, nothing of it is stored, and the other machines are heard all the
//! while. Through Debian's Mosquitto.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "support/listening.rs"]
#[allow(dead_code)]
mod listening;

use std::time::Duration;

use hallwatch::profile::Catalog;
use hallwatch::source::mqtt::{self, Version};
use hallwatch::tally::Happening;
use listening::{World, machine};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::LastWill;
use rumqttc::v5::{AsyncClient, MqttOptions};

fn topic(id: &str) -> String {
    format!("hall/z/ticket_machine/{id}/status")
}

fn publishers() -> Vec<mqtt::Publisher> {
    let catalog = Catalog::shipped().expect("profiles");
    ["tm-01", "tm-02"].map(|id| machine(&catalog, "ticket-machine", id, id)).into()
}

fn good(id: &str, seq: u64) -> Vec<u8> {
    let ts = jiff::Timestamp::now();
    format!(r#"{{"id":"{id}","ts":"{ts}","seq":{seq},"device":"online","mode":"run","counters":{{"tickets":{seq}}}}}"#)
        .into_bytes()
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// What a broken or hostile machine may send, and the name under which it is counted. The broker
/// keeps the first from us: it is larger than what we said we take.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let now = jiff::Timestamp::now();
    let future = now + jiff::Span::new().hours(3);
    let wrong = format!(r#"{{"ts":"{now}","seq":4,"mode":"run","counters":{{"tickets":"many"}}}}"#);
    vec![
        ("", vec![b' '; 1_000_000]),
        ("not_utf8", b"{\"mode\":\"\xff\xfe\"}".to_vec()),
        ("not_json", b"{\"mode\":".to_vec()),
        ("not_json", "[".repeat(100_000).into_bytes()),
        ("not_json", b"{\"mode\":\"run\",\"host\":{\"cpu_percent\":1e999}}".to_vec()),
        ("foreign_id", br#"{"id":"tm-02","mode":"run"}"#.to_vec()),
        ("duplicate_key", br#"{"id":"tm-01","id":"tm-02","mode":"run"}"#.to_vec()),
        ("nothing_known", br#"{"name":"nobody"}"#.to_vec()),
        ("wrong_field", br#"{"mode":7}"#.to_vec()),
        // What follows is kept, with the time of arrival or without the field that is wrong.
        ("", format!(r#"{{"ts":"{future}","seq":1,"mode":"run"}}"#).into_bytes()),
        ("", br#"{"ts":"1970-01-01T00:00:10Z","seq":2,"mode":"run"}"#.to_vec()),
        ("wrong_field", br#"{"ts":"yesterday","seq":3,"mode":"run"}"#.to_vec()),
        ("wrong_field", wrong.into_bytes()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_messages_are_counted_and_cost_the_others_nothing() {
    let world = World::start(publishers(), |_| ()).await;
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
    assert_eq!(of("tm-01"), 4, "those that are understood are kept");
    let kept = stored.iter().filter(|r| r.device.as_str() == "tm-01");
    assert!(kept.clone().all(|r| r.value("tickets_total").is_none()), "without the wrong field");
    let now_ms = now_ms();
    assert!(
        kept.clone().all(|r| (now_ms - r.time.ms()).abs() < 60_000),
        "at their time of arrival"
    );
    let told = world.refused().await;
    assert!(told.iter().all(|refused| refused.device.as_str() == "tm-01"));
    assert!(told.iter().any(|refused| refused.reason.is_spoofing()), "{told:?}");
    println!("{} hostile messages, {seq} good ones heard, refused: {counted:?}", hostile.len());
    driver.abort();
    world.stop().await;
}

/// Ten thousand messages a second of one machine delay the others by less than a second; it is
/// limited, and named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_one_machine_does_not_delay_the_others() {
    let world = World::start(publishers(), |_| ()).await;
    let port = world.broker.port;
    let begin = std::time::Instant::now();
    let flood = tokio::spawn(async move {
        let mut options = MqttOptions::new("flood", "127.0.0.1", port);
        options.set_outgoing_inflight_upper_limit(1_000);
        let (client, mut events) = AsyncClient::new(options, 2_000);
        let driver = tokio::spawn(async move { while events.poll().await.is_ok() {} });
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        let mut sent = 0;
        while begin.elapsed() < Duration::from_secs(8) {
            tick.tick().await;
            for _ in 0..100 {
                sent += 1;
                let body = good("tm-01", sent);
                client.publish(topic("tm-01"), QoS::AtLeastOnce, false, body).await.expect("sent");
            }
        }
        driver.abort();
        sent
    });
    let (client, mut events) = AsyncClient::new(MqttOptions::new("tm-02", "127.0.0.1", port), 10);
    let driver = tokio::spawn(async move { while events.poll().await.is_ok() {} });
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    for seq in 1..=70 {
        tick.tick().await;
        let body = good("tm-02", seq);
        client.publish(topic("tm-02"), QoS::AtLeastOnce, false, body).await.expect("sent");
    }
    let sent = flood.await.expect("flood");
    tokio::time::sleep(Duration::from_secs(2)).await;
    driver.abort();
    let stored = world.readings().await;
    let of = |id: &'static str| stored.iter().filter(move |r| r.device.as_str() == id);
    let delays = of("tm-02").map(|r| r.received.ms() - r.time.ms());
    let worst_ms = delays.max().expect("heard");
    let kept = of("tm-01").count();
    let rate = sent as f64 / 8.0;
    println!(
        "flood of {sent} messages ({rate:.0} a second): kept {kept}; the other machine at most {worst_ms} ms late"
    );
    assert_eq!(of("tm-02").count(), 70);
    assert!(worst_ms < 1_000, "{worst_ms} ms");
    assert!(rate > 8_000.0, "a flood was sent");
    assert!(kept < 4_000, "the flood is limited");
    let told = world.refused().await;
    assert!(told.iter().any(|r| r.reason == mqtt::Refusal::Flood && r.device.as_str() == "tm-01"));
    assert!(told.len() < 5, "and told without a flood of records: {}", told.len());
    world.stop().await;
}

/// A broker that knows 3.1.1 only is spoken to in that, and nothing else changes. Its too large
/// messages are dropped instead of making us deaf.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_older_protocol_is_spoken_where_the_broker_knows_no_other() {
    let world = World::start(publishers(), |config| config.version = Version::V311).await;
    let port = world.broker.port;
    let mut options = MqttOptions::new("old", "127.0.0.1", port);
    options.set_max_packet_size(Some(4_000_000));
    let (client, mut events) = AsyncClient::new(options, 10);
    let driver = tokio::spawn(async move { while events.poll().await.is_ok() {} });
    for (seq, body) in [(1, good("tm-02", 1)), (2, vec![b' '; 1_000_000]), (3, good("tm-02", 3))] {
        let sent = client.publish(topic("tm-02"), QoS::AtLeastOnce, seq == 2, body).await;
        sent.expect("sent");
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.readings().await.len(), 2);
    let counted = world.tally.labels(Happening::Rejected);
    assert!(counted.iter().any(|(label, _)| label == "too_large"), "{counted:?}");
    driver.abort();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_will_and_a_repeated_message() {
    let world = World::start(publishers(), |_| ()).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_good_order_doubles_nothing_even_of_what_has_no_time() {
    let mut world = World::start(publishers(), |_| ()).await;
    let mut options = MqttOptions::new("tm-01", "127.0.0.1", world.broker.port);
    options.set_outgoing_inflight_upper_limit(1_000);
    let (client, mut events) = AsyncClient::new(options, 200);
    let driver = tokio::spawn(async move { while events.poll().await.is_ok() {} });
    let sender = tokio::spawn(async move {
        for n in 0..8_000 {
            let body = format!(r#"{{"mode":"run","counters":{{"tickets":{n}}}}}"#);
            client.publish(topic("tm-01"), QoS::AtLeastOnce, false, body).await.expect("sent");
            if n % 2 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        client
    });
    let mut restarts = 0;
    while !sender.is_finished() {
        world.listen_anew().await;
        restarts += 1;
    }
    let sent = sender.await.expect("joined");
    let end = std::time::Instant::now() + Duration::from_secs(30);
    let mut tickets: Vec<i64> = Vec::new();
    while tickets.iter().max() < Some(&7_999) {
        assert!(std::time::Instant::now() < end, "only {} of them are kept", tickets.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
        let readings = world.readings().await;
        let samples = readings.iter().flat_map(|reading| &reading.samples);
        let counted = samples.filter(|sample| sample.point.as_str() == "tickets_total");
        tickets = counted.filter_map(|sample| sample.value.as_f64()).map(|n| n as i64).collect();
    }
    println!("{} readings over {restarts} restarts", tickets.len());
    assert!(restarts >= 3, "{restarts} restarts");
    assert_eq!(tickets, (0..8_000).collect::<Vec<_>>(), "each once and in order");
    drop(sent);
    driver.abort();
    world.stop().await;
}
