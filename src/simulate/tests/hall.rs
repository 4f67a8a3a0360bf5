//! The whole hall over its sockets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::QoS;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::clock::ManualClock;
use crate::profile::Catalog;
use crate::simulate::{Hall, HallOptions, Script, demo_longitude_deg};
use crate::sky::sun;

use super::broker::{client, next};
use super::plant::moment;

const START: &str = "2026-11-23T15:00:00Z";

async fn hall(script: Script) -> (Hall, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(moment(START)));
    let mut options = HallOptions::demo(clock.clone());
    options.script = script;
    let catalog = Catalog::shipped().expect("shipped profiles");
    (Hall::start(options, &catalog).await.expect("a hall"), clock)
}

/// Reads one 32-bit holding register pair.
async fn read_u32(hall: &Hall, id: &str, address: u16) -> u32 {
    let device = hall.device(id).expect("in the hall");
    let [high, low] = address.to_be_bytes();
    let question = [0, 1, 0, 0, 0, 6, device.unit, 3, high, low, 0, 2];
    let mut stream = TcpStream::connect(device.address).await.expect("connects");
    stream.write_all(&question).await.expect("sent");
    let mut answer = [0; 13];
    let whole = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await;
    whole.expect("in time").expect("a whole answer");
    u32::from_be_bytes([answer[9], answer[10], answer[11], answer[12]])
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_answers_and_stops_within_a_second() {
    let (hall, _) = hall(Script::Peace).await;
    assert_eq!((hall.sockets(), hall.device("inv-03").expect("there").unit), (9, 3));
    let huawei = read_u32(&hall, "inv-01", 32080).await;
    let goodwe = read_u32(&hall, "inv-04", 30127).await;
    assert!(huawei > 5_000 && goodwe > 5_000 && huawei % 16 == 0 && goodwe % 16 == 3);
    assert_eq!(read_u32(&hall, "inv-07", 40000).await, 0x5375_6E53, "SunS");
    let (gateway, mut events) = client("gateway", hall.broker_address());
    gateway.subscribe("hall/#", QoS::AtLeastOnce).await.expect("queued");
    let mut heard = BTreeMap::new();
    while heard.len() < 40 {
        let message = next(&mut events).await.expect("a message from every machine");
        let told: Value = serde_json::from_slice(&message.payload).expect("JSON");
        let topic = String::from_utf8_lossy(&message.topic).into_owned();
        assert_eq!(topic.split('/').nth(3), told["id"].as_str());
        heard.insert(topic, told["device"].clone());
    }
    assert!(heard.values().all(|device| device == "online"));
    let begun = Instant::now();
    hall.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_reaches_the_sockets() {
    let (hall, clock) = hall(Script::Troubles).await;
    let (gateway, mut events) = client("gateway", hall.broker_address());
    gateway.subscribe("hall/+/+/tm-05/status", QoS::AtLeastOnce).await.expect("queued");
    gateway.subscribe("hall/+/+/ap-05/status", QoS::AtLeastOnce).await.expect("queued");
    let mut told = BTreeMap::new();
    for (second, id, pointer, word) in [
        (0, "tm-05", "/parts/printer/paper", "full"),
        (11, "tm-05", "/parts/printer/paper", "low"),
        (21, "tm-05", "/parts/printer/paper", "out"),
        (91, "ap-05", "/device", "offline"),
        (161, "tm-05", "/parts/printer/paper", "full"),
        (211, "ap-05", "/device", "online"),
    ] {
        clock.set(moment(START).plus_ms(second * 1000));
        while told.get(id).and_then(|told: &Value| told.pointer(pointer)) != Some(&word.into()) {
            let message = next(&mut events).await.unwrap_or_else(|| panic!("{id} is not {word}"));
            let new: Value = serde_json::from_slice(&message.payload).expect("JSON");
            told.insert(new["id"].as_str().expect("an id").to_owned(), new);
        }
        if second == 21 {
            assert_eq!(read_u32(&hall, "inv-01", 32080).await, 0, "tripped");
            assert_eq!(read_u32(&hall, "inv-01", 32009).await >> 16, 1 << 2, "alarm 2062");
        }
    }
    assert!(read_u32(&hall, "inv-01", 32080).await > 5_000, "repaired");
    hall.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_names_everything_that_is_there() {
    let (hall, _) = hall(Script::Peace).await;
    let config: toml::Table = hall.config_toml().parse().expect("TOML");
    let list = |key: &str| config[key].as_array().expect("a list").clone();
    assert_eq!((list("zone").len(), list("device").len()), (5, 8 + 2 + 1 + 41));
    assert_eq!(config["mqtt"]["address"].as_str(), Some(&*hall.broker_address().to_string()));
    let catalog = Catalog::shipped().expect("shipped profiles");
    let zones: Vec<_> = list("zone").iter().map(|zone| zone["id"].clone()).collect();
    for device in list("device") {
        assert!(zones.contains(&device["zone"]));
        assert!(catalog.get(device["profile"].as_str().expect("a profile")).is_some());
        let name = device["name"]["zh"].as_str().expect("a name");
        assert!(!name.is_empty());
        if let Some(address) = device.get("modbus") {
            let placed = hall.device(device["id"].as_str().expect("an id")).expect("is there");
            assert_eq!(address.as_str(), Some(&*placed.address.to_string()));
            assert_eq!(device["unit"].as_integer(), Some(i64::from(placed.unit)));
        } else {
            assert_eq!(device["mqtt"].as_bool(), Some(true));
        }
    }
}

#[test]
fn the_demo_stands_where_it_is_half_past_ten() {
    for hour in 0..24 {
        let now = moment("2026-11-23T00:00:00Z").plus_ms(hour * 3_600_000);
        let longitude = demo_longitude_deg(now);
        assert!((-180.0..=180.0).contains(&longitude));
        let sun = sun(39.9, longitude, now);
        assert!(sun.elevation_deg > 24.0 && sun.azimuth_deg < 175.0, "{hour} {sun:?}");
    }
}
