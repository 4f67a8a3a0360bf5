//! Scans through the API: what is found, what is refused, one at a time, stopped when told.

use std::time::Duration;

use hallwatch::profile::Function;
use hallwatch::simulate::{Misbehaviour, ModbusServer, RegisterImage, Units};
use serde_json::{Value, json};

use super::client::{get, post, request};
use super::hall::Hall;

const PATH: &str = "/api/v1/scan";

/// A device at unit 1, or one that takes questions and never answers.
async fn device(silent: bool) -> ModbusServer {
    let (units, mut image) = (Units::default(), RegisterImage::default());
    image.write(Function::Holding, 0, &[1, 2, 3, 4]);
    units.set_image(1, image);
    if silent {
        units.set_misbehaviour(1, [Misbehaviour::Silent]);
    }
    ModbusServer::start("127.0.0.1:0".parse().expect("address"), units).await.expect("listens")
}

async fn until(hall: &Hall, state: &str) -> Value {
    for _ in 0..300 {
        let told: Value = get(hall.address, PATH).await.json(200);
        if told["state"] == state {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the scan is never {state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_finds_what_is_there() {
    let hall = Hall::open().await;
    let none: Value = get(hall.address, PATH).await.json(200);
    assert_eq!((&none["state"], &none["config"]), (&json!("none"), &Value::Null));
    let server = device(false).await;
    let door = server.address().to_string();
    let order = json!({ "targets": [door], "units": "1" }).to_string();
    let begun: Value = post(hall.address, PATH, &order).await.json(202);
    assert_eq!(begun["targets"], json!([door]));
    let told = until(&hall, "done").await;
    let found = told["report"]["devices"].as_array().expect("devices");
    assert_eq!(found.len(), 1, "{told}");
    assert_eq!((&found[0]["door"], &found[0]["unit"]), (&json!(door), &json!(1)));
    assert!(told["config"].as_str().expect("a block").contains("hallwatch check"));
    assert!(told["ended_ms"].is_i64() && told["done"] == told["of"], "{told}");
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_scan_at_a_time_and_it_stops_when_told() {
    let hall = Hall::open().await;
    let server = device(true).await;
    let order = json!({ "targets": [server.address().to_string()], "units": "1" }).to_string();
    assert_eq!(post(hall.address, PATH, &order).await.status, 202);
    post(hall.address, PATH, &order).await.problem(409);
    assert_eq!(request(hall.address, "DELETE", PATH, "", b"").await.status, 204);
    let told = until(&hall, "stopped").await;
    assert_eq!(told["report"]["whole"], false);
    assert_eq!(post(hall.address, PATH, &order).await.status, 202, "and another one may begin");
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_small_private_network_is_scanned() {
    let hall = Hall::open().await;
    let bad = [
        json!({ "targets": ["8.8.8.8"] }),
        json!({ "targets": ["inverter.example.org"] }),
        json!({ "targets": ["/dev/ttyS0"] }),
        json!({ "targets": ["10.0.0.0/23"] }),
        json!({ "targets": ["10.0.0.0/24"], "ports": [502, 503] }),
        json!({ "targets": ["10.0.0.1"], "ports": [0] }),
        json!({ "targets": ["10.0.0.1"], "units": "1-999" }),
        json!({ "targets": [] }),
        json!({ "targets": ["10.0.0.1"], "rate": 9 }),
    ];
    for order in bad {
        post(hall.address, PATH, &order.to_string()).await.problem(400);
    }
    let none: Value = get(hall.address, PATH).await.json(200);
    assert_eq!(none["state"], "none");
    hall.close().await;
}
