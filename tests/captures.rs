//! Registers of real devices, served by an independent Modbus implementation, through the whole
//! gateway into real databases: exactly the values that the captures mean.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "support/influx.rs"]
#[allow(dead_code)]
mod influx;

use std::time::Duration;

use field::{Daemon, Mosquitto, Registers, http_get, root, wait_for};

/// id, capture, profile, unit on the wire.
const DEVICES: [(&str, &str, &str); 4] = [
    ("gw50", "goodwe-gw50ks-mt.toml", "goodwe-dt"),
    ("gw17", "goodwe-gw17k-dt.toml", "goodwe-dt"),
    ("gw10", "goodwe-gw10k-ms-30.toml", "goodwe-dt"),
    ("se25", "solaredge-se25k.toml", "sunspec"),
];

fn capture(name: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join("tests/captures").join(name)).expect("capture");
    toml::from_str(&text).expect("TOML")
}

fn number(value: &toml::Value) -> f64 {
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64)).expect("a number")
}

fn config(
    folder: &std::path::Path,
    registers: &[Registers],
    broker: u16,
    influxd: &str,
    victoria: &str,
) -> std::path::PathBuf {
    let mut text = format!(
        r#"
[site]
id = "captures"
name = {{ zh = "采样", en = "captures" }}
latitude_deg = 39.9
longitude_deg = 116.4
time_zone = "Asia/Shanghai"
[data]
folder = "data"
[web]
listen = "127.0.0.1:0"
[mqtt]
address = "127.0.0.1:{broker}"
[[influxdb]]
name = "influxd"
url = "{influxd}"
version = 1
database = "hall"
[[influxdb]]
name = "victoria"
url = "{victoria}"
version = 1
database = "hall"
[[zone]]
id = "roof"
name = {{ zh = "屋顶", en = "roof" }}
[[device]]
id = "tm-01"
name = {{ zh = "取号机 1", en = "ticket machine 1" }}
zone = "roof"
profile = "kiosk-native"
kind = "ticket_machine"
mqtt = true
"#
    );
    for ((id, file, profile), served) in DEVICES.iter().zip(registers) {
        let unit = capture(file)["unit"].as_integer().expect("unit");
        text.push_str(&format!(
            "[[device]]\nid = \"{id}\"\nname = {{ zh = \"{id}\", en = \"{id}\" }}\nzone = \"roof\"\n\
             profile = \"{profile}\"\nmodbus = \"127.0.0.1:{}\"\nunit = {unit}\n\
             rated_power_w = 50000\ninterval_s = 1\n",
            served.port
        ));
    }
    let path = folder.join("hall.toml");
    std::fs::write(&path, text).expect("config");
    path
}

/// The last line of a measurement of a device in influxd: field -> value.
fn from_influxd(
    url: &str,
    measurement: &str,
    device: &str,
) -> Option<serde_json::Map<String, serde_json::Value>> {
    let query = format!(
        "SELECT%20*%20FROM%20%22{measurement}%22%20WHERE%20device%3D%27{device}%27%20ORDER%20BY%20time%20DESC%20LIMIT%201"
    );
    let text = http_get(&format!("{url}/query?db=hall&q={query}"))?;
    let answer: serde_json::Value = serde_json::from_str(&text).ok()?;
    let series = &answer["results"][0]["series"][0];
    let columns = series["columns"].as_array()?;
    let values = series["values"][0].as_array()?;
    Some(
        columns
            .iter()
            .map(|c| c.as_str().unwrap_or("").to_owned())
            .zip(values.iter().cloned())
            .collect(),
    )
}

/// The last value of a field in VictoriaMetrics, which keeps `measurement_field`.
fn from_victoria(url: &str, measurement: &str, device: &str, field: &str) -> Option<f64> {
    http_get(&format!("{url}/internal/force_flush"))?;
    let selector =
        format!("%7B__name__%3D%22{measurement}_{field}%22%2Cdevice%3D%22{device}%22%7D");
    let text = http_get(&format!("{url}/api/v1/export?match%5B%5D={selector}"))?;
    let line: serde_json::Value = serde_json::from_str(text.lines().next()?).ok()?;
    line["values"].as_array()?.last()?.as_f64()
}

fn publish_ticket_machine(port: u16) {
    let body = format!(
        r#"{{"id":"tm-01","ts":"{}","seq":1,"device":"online","mode":"run","parts":{{"printer":{{"device":"online","paper":"full","left":480}}}},"counters":{{"tickets":321}},"app":{{"state":"inService"}}}}"#,
        jiff::Timestamp::now()
    );
    let done = std::process::Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-q", "1", "-t"])
        .args(["hall/roof/ticket_machine/tm-01/status", "-m", &body])
        .status()
        .expect("mosquitto_pub: tests/run installs it (apt mosquitto-clients)");
    assert!(done.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn captures_arrive_exactly_in_influxd_and_in_victoria_metrics() {
    let folder = tempfile::tempdir().expect("folder");
    let registers: Vec<_> = DEVICES.iter().map(|(_, file, _)| Registers::serve(file)).collect();
    let broker = Mosquitto::start(folder.path());
    let influxd = influx::Influxd::running(false).await;
    let victoria = influx::Victoria::running().await;
    let (influxd_url, victoria_url) = (influxd.url(), victoria.url());
    let config = config(folder.path(), &registers, broker.port, &influxd_url, &victoria_url);
    let daemon = Daemon::run(&config);
    wait_for("the broker session", Duration::from_secs(20), || {
        let sources = daemon.get("/api/v1/system")["sources"].clone();
        let mqtt = sources.as_array()?.iter().find(|s| s["kind"] == "mqtt")?.clone();
        (mqtt["state"] == "ok").then_some(())
    });
    std::thread::sleep(Duration::from_millis(500));
    publish_ticket_machine(broker.port);

    let mut compared = 0;
    for (id, file, _) in DEVICES {
        let capture = capture(file);
        let patience = Duration::from_secs(30);
        let row = wait_for(id, patience, || from_influxd(&influxd_url, "inverter", id));
        for (point, expected) in capture["expected"].as_table().expect("expected") {
            let expected = number(expected);
            assert_eq!(
                row.get(point).and_then(serde_json::Value::as_f64),
                Some(expected),
                "{id} {point} in influxd"
            );
            let in_victoria =
                wait_for(point, patience, || from_victoria(&victoria_url, "inverter", id, point));
            assert_eq!(in_victoria, expected, "{id} {point} in VictoriaMetrics");
            compared += 1;
        }
        for point in capture.get("absent").and_then(|a| a.as_table()).iter().flat_map(|a| a.keys())
        {
            assert!(row.get(point).is_none_or(serde_json::Value::is_null), "{id} has no {point}");
        }
    }
    let row =
        wait_for("tm-01", Duration::from_secs(20), || from_influxd(&influxd_url, "kiosk", "tm-01"));
    assert_eq!(row["tickets_total"], 321.0);
    assert_eq!(row["printer_paper_left_sheets"], 480.0);
    assert_eq!(row["online"], true);

    // Long enough for a fault rule of one minute, had it been fooled by the event words.
    std::thread::sleep(Duration::from_secs(70));
    let alerts = daemon.get("/api/v1/alerts?state=all")["alerts"].clone();
    let all = alerts.as_array().expect("alerts");
    // How full the disk is on which the tests run, and what is missing of next year, may be said.
    let of_device =
        |alert: &&serde_json::Value| alert["device"].is_string() && alert["kind"] != "gateway";
    let of_devices: Vec<_> = all.iter().filter(of_device).collect();
    assert!(of_devices.is_empty(), "the sleeping SolarEdge raises no alarm: {of_devices:?}");
    let state = daemon.get("/api/v1/devices/se25")["device"]["state"]["code"].clone();
    assert_eq!(state, "sleeping");
    println!("{compared} values compared in influxd and in VictoriaMetrics");
    daemon.terminate();
}
