//! The demo's broker against well-behaved and abrupt clients.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{LastWill, Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::simulate::Broker;

pub(super) fn client(id: &str, address: SocketAddr) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(id, address.ip().to_string(), address.port());
    options.set_keep_alive(Duration::from_secs(30));
    options.set_max_packet_size(Some(256 * 1024));
    options.set_outgoing_inflight_upper_limit(8);
    AsyncClient::new(options, 64)
}

/// The next message, or `None` after two seconds without one.
pub(super) async fn next(events: &mut EventLoop) -> Option<Publish> {
    let found = async {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::Publish(publish))) => return publish,
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(2), found).await.ok()
}

#[tokio::test]
async fn it_keeps_retained_messages_and_publishes_wills() {
    let mut broker = Broker::start(0).expect("broker");
    let mut options = MqttOptions::new("kiosk", "127.0.0.1", broker.address().port());
    options.set_last_will(LastWill::new("a/status", "gone", QoS::AtLeastOnce, true, None));
    let (kiosk, mut kiosk_events) = AsyncClient::new(options, 8);
    kiosk.publish("a/status", QoS::AtLeastOnce, true, "here").await.expect("queued");
    while !matches!(kiosk_events.poll().await, Ok(Event::Incoming(Packet::PubAck(_)))) {}
    let (gateway, mut events) = client("gateway", broker.address());
    gateway.subscribe("a/#", QoS::AtLeastOnce).await.expect("queued");
    let retained = next(&mut events).await.expect("retained");
    assert_eq!((&retained.payload[..], retained.retain), (&b"here"[..], true));
    drop((kiosk, kiosk_events));
    assert_eq!(&next(&mut events).await.expect("the will").payload[..], b"gone");
    let (late, mut late_events) = client("late", broker.address());
    late.subscribe("a/status", QoS::AtLeastOnce).await.expect("queued");
    assert_eq!(&next(&mut late_events).await.expect("the will is kept").payload[..], b"gone");
    broker.stop();
}

#[tokio::test]
async fn it_survives_abrupt_clients() {
    let broker = Broker::start(0).expect("broker");
    // Connect, and close with a reset before and after the answer; garbage; the same id twice.
    let connect =
        [0x10, 17, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 30, 0, 0, 4, b's', b'a', b'm', b'e'];
    for round in 0..60u64 {
        // Refused for a moment while the server is put up again: a client would come back too.
        let Ok(mut stream) = TcpStream::connect(broker.address()).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let bytes: &[u8] = if round % 3 == 0 { &[0xFF; 40] } else { &connect };
        stream.write_all(bytes).await.ok();
        if round % 2 == 0 {
            tokio::time::sleep(Duration::from_millis(round % 7)).await;
        }
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("linger");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (client, mut events) = client("after", broker.address());
    client.subscribe("x", QoS::AtLeastOnce).await.expect("queued");
    client.publish("x", QoS::AtLeastOnce, false, vec![7; 200_000]).await.expect("queued");
    assert_eq!(next(&mut events).await.expect("it still works").payload.len(), 200_000);
}

#[tokio::test]
async fn it_stops_soon_and_gives_the_port_back() {
    let mut broker = Broker::start(0).expect("broker");
    let port = broker.address().port();
    assert!(Broker::start(port).is_err(), "the port is taken");
    let (client, mut events) = client("c", broker.address());
    client.subscribe("x", QoS::AtLeastOnce).await.expect("queued");
    events.poll().await.expect("connected");
    let begun = Instant::now();
    broker.stop();
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    drop(Broker::start(port).expect("the port is free again"));
}
