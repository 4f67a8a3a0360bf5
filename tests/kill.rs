//! kill -9 fifty times under load: what was acknowledged to the broker is on disk, once.
//!
//! A publisher sends QoS 1 messages through Mosquitto without pause; hallwatch is killed at
//! random moments and started again on the same folder. Every message carries its device and a
//! number, so each stored reading can be judged alone: lost, doubled, or of the wrong device. The
//! publisher counts only what the broker acknowledged. At the end nothing may be missing.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use field::{Daemon, Mosquitto, wait_for};
use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, Kinds};
use hallwatch::model::{Position, Record};
use hallwatch::tally::Tally;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};

const KILLS: u32 = 200;
const DEVICES: usize = 20;
/// Messages a second: twenty machines that report twenty-five times a second each.
const RATE: u32 = 500;

fn config(folder: &std::path::Path, broker: u16) -> std::path::PathBuf {
    let mut text = format!(
        "[site]\nid = \"t\"\nname = {{ zh = \"试\", en = \"t\" }}\nlatitude_deg = 39.9\n\
         longitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n[data]\nfolder = \"data\"\n\
         commit_wait_ms = 20\n[web]\nlisten = \"127.0.0.1:0\"\n[mqtt]\n\
         address = \"127.0.0.1:{broker}\"\nclient_id = \"hallwatch\"\n\
         [[zone]]\nid = \"z\"\nname = {{ zh = \"厅\", en = \"hall\" }}\n"
    );
    for n in 0..DEVICES {
        write!(
            text,
            "[[device]]\nid = \"k-{n:02}\"\nname = {{ zh = \"机\", en = \"kiosk\" }}\nzone = \"z\"\n\
             profile = \"kiosk-native\"\nkind = \"ticket_machine\"\nmqtt = true\n"
        )
        .expect("text");
    }
    let path = folder.join("hall.toml");
    std::fs::write(&path, text).expect("config");
    path
}

/// Publishes until told to stop; the highest acknowledged number of each device.
async fn publish(port: u16, stop: Arc<AtomicBool>) -> u64 {
    let mut options = MqttOptions::new("publisher", "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(30));
    let (client, mut events) = AsyncClient::new(options, 100);
    let acknowledged = async {
        let mut acknowledged = 0u64;
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::PubAck(_))) => acknowledged += 1,
                Ok(Event::Incoming(Packet::Disconnect(_))) | Err(_) => return acknowledged,
                Ok(_) => {}
            }
        }
    };
    let sender = async {
        let mut tick = tokio::time::interval(Duration::from_secs(1) / RATE);
        let mut sent = 0u64;
        while !stop.load(Ordering::Relaxed) {
            tick.tick().await;
            let device = sent as usize % DEVICES;
            let seq = sent / DEVICES as u64 + 1;
            let ts = jiff::Timestamp::now();
            let topic = format!("hall/z/ticket_machine/k-{device:02}/status");
            let body = format!(
                r#"{{"id":"k-{device:02}","ts":"{ts}","seq":{seq},"device":"online","mode":"run","counters":{{"tickets":{seq}}}}}"#
            );
            client.publish(topic, QoS::AtLeastOnce, false, body).await.expect("sent");
            sent += 1;
        }
        // Let the last acknowledgements come in before the connection ends.
        tokio::time::sleep(Duration::from_secs(2)).await;
        client.disconnect().await.expect("disconnect");
        sent
    };
    let (acknowledged, sent) = tokio::join!(acknowledged, sender);
    assert_eq!(acknowledged, sent, "the broker acknowledged everything that was sent");
    sent
}

/// All kept (device, seq) with how often each is there.
async fn kept(data: &std::path::Path) -> BTreeMap<(String, u64), u32> {
    let config = Config { commit_wait_ms: 1, ..Config::new(data.to_owned()) };
    let journal = Journal::open(&config, Arc::new(SystemClock), Tally::new()).expect("journal");
    let mut reader = journal.reader_from(Position::default(), Kinds::Readings);
    let mut found = BTreeMap::new();
    while reader.position() < journal.head() {
        for (_, record) in reader.ready(2000).await.expect("records").records {
            let Record::Reading(reading) = &*record else { continue };
            let Some(tickets) = reading.value("tickets_total").and_then(|v| v.as_f64()) else {
                continue;
            };
            assert_eq!(reading.message, tickets as u64, "a value belongs to its message");
            *found.entry((reading.device.to_string(), reading.message)).or_default() += 1;
        }
    }
    journal.close();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled_over_two_hundred_kills() {
    let folder = tempfile::tempdir().expect("folder");
    let broker = Mosquitto::start(folder.path());
    let config = config(folder.path(), broker.port);
    // The session has to exist before the first message, else the broker has nobody to keep it for.
    let first = Daemon::run(&config);
    wait_for("the session", Duration::from_secs(20), || {
        let state = first.get("/api/v1/system")["sources"][0]["state"].clone();
        (state == "ok").then_some(())
    });
    std::thread::sleep(Duration::from_millis(300));
    let stop = Arc::new(AtomicBool::new(false));
    let publisher = tokio::spawn(publish(broker.port, stop.clone()));

    let begin = Instant::now();
    let last = tokio::task::spawn_blocking(move || {
        let mut daemon = first;
        let mut pause = 7u64;
        for _ in 0..KILLS {
            pause = pause.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            std::thread::sleep(Duration::from_millis(50 + (pause >> 33) % 700));
            daemon.kill_9();
            daemon = Daemon::run(&config);
        }
        daemon
    })
    .await
    .expect("killer");
    let seconds = begin.elapsed().as_secs();
    stop.store(true, Ordering::Relaxed);
    let sent = publisher.await.expect("publisher");

    wait_for("the queue to drain", Duration::from_secs(60), || {
        let before = last.get("/api/v1/system")["journal"]["position"].as_u64();
        std::thread::sleep(Duration::from_secs(2));
        let after = last.get("/api/v1/system")["journal"]["position"].as_u64();
        // The gateway's own readings come every 30 s; two equal looks mean the queue is empty.
        (before == after).then_some(())
    });
    let gone = last.terminate();
    assert!(gone < Duration::from_secs(3), "stopped in {gone:?}");

    let kept = kept(&folder.path().join("data")).await;
    let lost = (0..sent)
        .filter(|n| {
            let device = format!("k-{:02}", *n as usize % DEVICES);
            !kept.contains_key(&(device, n / DEVICES as u64 + 1))
        })
        .count();
    let doubled = kept.values().filter(|count| **count > 1).count();
    println!(
        "{KILLS} kills in {seconds} s: {sent} messages acknowledged by the broker, lost {lost}, doubled {doubled}"
    );
    assert_eq!((lost, doubled), (0, 0));
    assert_eq!(kept.len() as u64, sent, "nothing was made up");
}
