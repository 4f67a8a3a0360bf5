//! A look at an unknown device through the API: what its registers may mean, and a draft.

use std::time::Duration;

use hallwatch::profile::Function;
use hallwatch::simulate::{ModbusServer, RegisterImage, Units};
use serde_json::{Value, json};

use super::client::{get, post, request};
use super::hall::Hall;

const PATH: &str = "/api/v1/detect";

/// A meter with three voltages in tenths, a frequency and a power, in input registers.
async fn meter() -> ModbusServer {
    let (units, mut image) = (Units::default(), RegisterImage::default());
    image.write(Function::Input, 0, &[2301, 2298, 2310, 0, 5001, 0, 6901]);
    units.set_image(7, image);
    ModbusServer::start("127.0.0.1:0".parse().expect("address"), units).await.expect("listens")
}

async fn ended(hall: &Hall) -> Value {
    for _ in 0..300 {
        let told: Value = get(hall.address, PATH).await.json(200);
        if told["ended_ms"].is_i64() {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_meter_is_looked_at_and_a_draft_is_made() {
    let hall = Hall::open().await;
    let none: Value = get(hall.address, PATH).await.json(200);
    assert_eq!((&none["state"], &none["draft"]), (&json!("none"), &Value::Null));
    let meter = meter().await;
    let address = meter.address().to_string();
    let order = json!({ "address": address, "unit": 7, "function": "input", "count": 7,
        "known": ["230.1 V"], "times": 2, "every_s": 0 });
    let begun: Value = post(hall.address, PATH, &order.to_string()).await.json(202);
    assert_eq!(begun["address"], json!(address));
    let told = ended(&hall).await;
    assert_eq!((&told["state"], &told["registers_read"]), (&json!("done"), &json!(7)), "{told}");
    let places = told["detected"]["places"].as_array().expect("places");
    let first = &places[0]["guesses"][0];
    assert_eq!((&first["value"], &first["type"]), (&json!(230.1), &json!("u16")), "{first}");
    assert_eq!(first["what"]["zh"], "相电压 V");
    assert!(told["draft"].as_str().expect("a draft").contains("function = \"input\""));
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_unit_ends_it_without_a_draft_and_bad_orders_are_refused() {
    let hall = Hall::open().await;
    let meter = meter().await;
    let address = meter.address().to_string();
    let silent = json!({ "address": address, "unit": 9, "count": 4, "times": 1 }).to_string();
    assert_eq!(post(hall.address, PATH, &silent).await.status, 202);
    assert_eq!(request(hall.address, "DELETE", PATH, "", b"").await.status, 204);
    let told = ended(&hall).await;
    assert_eq!((&told["registers_read"], &told["draft"]), (&json!(0), &Value::Null), "{told}");
    for bad in [
        json!({ "address": "8.8.8.8", "unit": 1 }),
        json!({ "address": "/dev/ttyS0", "unit": 1 }),
        json!({ "address": "10.0.0.0/24", "unit": 1 }),
        json!({ "address": address, "unit": 1, "count": 0 }),
        json!({ "address": address, "unit": 1, "times": 1000 }),
        json!({ "address": address, "unit": 1, "known": ["many volts"] }),
        json!({ "address": address, "unit": 300 }),
        json!({ "address": address, "unit": 1, "function": "coil" }),
        json!({ "address": address }),
    ] {
        post(hall.address, PATH, &bad.to_string()).await.problem(400);
    }
    hall.close().await;
}
