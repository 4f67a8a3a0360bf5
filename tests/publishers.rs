//! Devices of other hands: seven packages from PyPI and npm publish by Homie 4 and 5, by Home
//! Assistant's discovery and by Sparkplug B, through Debian's Mosquitto. Each says what it
//! published; what was kept has to be that, without a line of code for any of them.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "support/listening.rs"]
#[allow(dead_code)]
mod listening;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use field::root;
use hallwatch::model::{Value, words_of};
use hallwatch::profile::Catalog;
use listening::{World, machine};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, MqttOptions};
use serde_json::Value as Json;

/// What a script's name of a value is to us.
const POINTS: [(&str, &str); 15] = [
    ("printer/paper", "printer_paper_left_sheets"),
    ("printer/state", "printer_state"),
    ("door/open", "door"),
    ("board/temperature", "host_temp_c"),
    ("paper", "printer_paper_left_sheets"),
    ("door_open", "door"),
    ("temp", "host_temp_c"),
    ("state", "printer_state"),
    ("balance", "vendor_balance"),
    ("paper_low", "printer_paper"),
    ("tickets_total", "tickets_total"),
    ("cpu_temp", "host_temp_c"),
    ("coins", "vendor_coins"),
    ("temperature", "host_temp_c"),
    ("service_door", "door"),
];

/// A script that publishes, phase by phase.
struct Script {
    child: Child,
    input: ChildStdin,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Script {
    fn start(program: &str, file: &str, more: &[&str], port: u16) -> Self {
        let folder = root().join("tests/publishers");
        let program = match program {
            "node" => "node".into(),
            venv => root().join(venv).join("bin/python"),
        };
        let mut child = Command::new(&program)
            .arg(folder.join(file))
            .arg(port.to_string())
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; tests/run installs it", program.display())
            });
        let (input, output) = (child.stdin.take().expect("in"), child.stdout.take().expect("out"));
        let (send, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                drop(send.send(line));
            }
        });
        Self { child, input, lines }
    }

    /// The next phase; nothing at the end.
    fn phase(&mut self) -> Option<Json> {
        loop {
            let line = match self.lines.recv_timeout(Duration::from_secs(40)) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => panic!("the publisher says nothing for 40 s"),
            };
            let phase: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if phase["phase"] != "rebirth" {
                return Some(phase);
            }
            println!("  born again: {line}");
        }
    }

    /// Lets it go on; after its last phase it may have ended already.
    fn go_on(&mut self) {
        drop(self.input.write_all(b"\n").and_then(|()| self.input.flush()));
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a phase says, as points.
fn expected(phase: &Json) -> BTreeMap<&'static str, String> {
    let mut points = BTreeMap::new();
    if let Some(there) = present(phase) {
        points.insert("online", there.to_string());
    }
    for (name, value) in phase["values"].as_object().into_iter().flatten() {
        let Some((_, point)) = POINTS.iter().find(|(known, _)| known == name) else { continue };
        if value.is_null() {
            continue; // it has none now, and keeps the last one
        }
        let shown = match (*point, value) {
            ("door", Json::Bool(yes)) => if *yes { "open" } else { "closed" }.to_owned(),
            ("printer_paper", Json::Bool(yes)) => if *yes { "low" } else { "full" }.to_owned(),
            ("printer_state", Json::String(word)) if word == "hardwareError" => {
                "hardware_error".into()
            }
            (_, Json::String(word)) => word.clone(),
            (_, value) => value.as_f64().expect("a number").to_string(),
        };
        points.insert(*point, shown);
    }
    points
}

fn present(phase: &Json) -> Option<bool> {
    let gone = |state: &str| matches!(state, "lost" | "disconnected");
    let by_state = phase["state"].as_str().map(|state| !gone(state));
    by_state.or(phase["available"].as_bool()).or(phase["alive"].as_bool())
}

/// What was kept of a device last, of each point.
async fn kept(world: &World, device: &str) -> BTreeMap<String, String> {
    let mut points = BTreeMap::new();
    for reading in world.readings().await {
        if reading.device.as_str() != device {
            continue;
        }
        for sample in &reading.samples {
            let name = sample.point.as_str();
            let word = words_of(name).and_then(|words| words.by_code(sample.value.as_code()?));
            let shown = match (&sample.value, word) {
                (_, Some(word)) => word.id.to_owned(),
                (Value::Bool(yes), _) => yes.to_string(),
                (Value::Text(text), _) => text.to_string(),
                (value, _) => value.as_f64().map(|number| number.to_string()).unwrap_or_default(),
            };
            points.insert(name.to_owned(), shown);
        }
    }
    points
}

/// Follows a script; the number of values that were compared.
async fn follow(world: &World, script: &mut Script, device: &str) -> usize {
    let mut compared = 0;
    while let Some(phase) = script.phase() {
        let wanted = expected(&phase);
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let found = kept(world, device).await;
            let wrong: Vec<_> =
                wanted.iter().filter(|(point, value)| found.get(**point) != Some(*value)).collect();
            if wrong.is_empty() {
                break;
            }
            assert!(Instant::now() < end, "{device}, {phase}: wanted {wrong:?}, kept {found:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        compared += wanted.len();
        script.go_on();
    }
    let ended = script.child.wait().expect("ended");
    assert!(ended.success(), "{device}: {ended}");
    compared
}

async fn understood(profile: &str, device: &str, mqtt_id: &str, program: &str, script: &[&str]) {
    let folder = root().join("tests/publishers/profiles");
    let catalog = Catalog::with_folder(&folder).unwrap_or_else(|error| panic!("{error:?}"));
    let devices = vec![machine(&catalog, profile, device, mqtt_id)];
    let world = World::start(devices, |config| config.rebirth = true).await;
    let port = world.broker.port;
    let mut publisher = Script::start(program, script[0], &script[1..], port);
    let compared = follow(&world, &mut publisher, device).await;
    let refused = world.tally.labels(hallwatch::tally::Happening::Rejected);
    println!("{}: {compared} values compared, refused {refused:?}", script.join(" "));
    assert!(compared > 15, "{compared}");
    let foreign = world.readings().await.iter().any(|reading| reading.device.as_str() != device);
    assert!(!foreign, "nothing under another name");
    world.stop().await;
}

/// A message of a capture: text, or bytes as hexadecimal digits.
fn payload(message: &Json) -> Vec<u8> {
    let Some(hex) = message["payload_hex"].as_str() else {
        return message["payload"].as_str().expect("a payload").as_bytes().to_vec();
    };
    let digits: Vec<char> = hex.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("hex")).collect()
}

/// What real devices published once, sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn captured_messages_are_understood() {
    for name in ["fully-kiosk", "touchkio", "homie", "ha", "spb"] {
        let file = root().join("tests/captures/mqtt").join(format!("{name}.json"));
        let capture: Json =
            serde_json::from_slice(&std::fs::read(&file).expect("capture")).expect("JSON");
        let text = |key: &str| capture[key].as_str().expect(key).to_owned();
        let folder = root().join("tests/publishers/profiles");
        let catalog = Catalog::with_folder(&folder).unwrap_or_else(|error| panic!("{error:?}"));
        let devices = vec![machine(&catalog, &text("profile"), "dev", &text("mqtt_id"))];
        let world = World::start(devices, |_| ()).await;
        let options = MqttOptions::new("capture", "127.0.0.1", world.broker.port);
        let (client, mut events) = AsyncClient::new(options, 100);
        let driver = tokio::spawn(async move { while events.poll().await.is_ok() {} });
        for message in capture["messages"].as_array().expect("messages") {
            let topic = message["topic"].as_str().expect("topic");
            let sent = client.publish(topic, QoS::AtLeastOnce, false, payload(message)).await;
            sent.expect("sent");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        driver.abort();
        let found = kept(&world, "dev").await;
        for (point, value) in capture["kept"].as_object().expect("kept") {
            assert_eq!(found.get(point).map(String::as_str), value.as_str(), "{name}: {point}");
        }
        let refused = world.tally.labels(hallwatch::tally::Happening::Rejected);
        let wanted: Vec<_> = capture["refused"].as_object().expect("refused").keys().collect();
        let labels: Vec<_> = refused.iter().map(|(label, _)| label).collect();
        assert_eq!(labels, wanted, "{name}");
        println!("{name}: kept {found:?}");
        world.stop().await;
    }
}

const VENV: &str = "tests/.venv";
const VENV_SPARKPLUG: &str = "tests/publishers/.venv";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn homie_4_of_pypi() {
    understood("homie-kiosk", "k9", "kiosk9", VENV, &["homie4.py"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn homie_5_of_npm() {
    understood("homie-kiosk", "k10", "kiosk10", "node", &["homie5.mjs"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn home_assistant_entities_of_pypi() {
    let id = "ticket-machine-3";
    understood("described-kiosk", "tm3", id, VENV, &["ha_discoverable.py"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_assistant_device_of_pypi() {
    understood("described-kiosk", "tm4", "tm4", VENV, &["ha_device.py"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sparkplug_of_pypi_by_name() {
    let id = "hall/edge1/kiosk7";
    understood("sparkplug-kiosk", "k7", id, VENV_SPARKPLUG, &["spb.py"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sparkplug_of_npm_by_alias() {
    let id = "hall/edge2/kiosk8";
    understood("sparkplug-kiosk", "k8", id, "node", &["spb_client.mjs"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sparkplug_of_another_maker() {
    let id = "hall/edge3/kiosk6";
    understood("sparkplug-kiosk", "k6", id, VENV_SPARKPLUG, &["spb_pysparkplug.py"]).await;
}
