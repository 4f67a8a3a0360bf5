//! The page that a machine's vendor gets, against the program: schema, examples and samples.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "support/listening.rs"]
#[allow(dead_code)]
mod listening;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use field::root;
use hallwatch::model::{Timestamp, Value};
use hallwatch::profile::{Catalog, MessageRule, Protocol, Step};
use hallwatch::source::mqtt::{Arrival, parse};
use listening::{World, machine};
use serde_json::Value as Json;

fn page() -> PathBuf {
    root().join("devices/message")
}

fn native() -> MessageRule {
    let catalog = Catalog::shipped().expect("profiles");
    match &catalog.get("kiosk-native").expect("profile").protocol {
        Protocol::Mqtt(profile) => profile.messages[0].clone(),
        other => panic!("{other:?}"),
    }
}

/// Pointers of a schema's leaves; those of a list's elements with `[*]`.
fn leaves(whole: &Json, schema: &Json, at: &str, found: &mut BTreeSet<String>) {
    let referred = schema["$ref"].as_str().and_then(|r| whole.pointer(r.trim_start_matches('#')));
    let schema = referred.unwrap_or(schema);
    if let Some(properties) = schema["properties"].as_object() {
        for (key, inner) in properties {
            leaves(whole, inner, &format!("{at}/{key}"), found);
        }
    } else if schema["items"]["properties"].is_object() {
        leaves(whole, &schema["items"], &format!("{at}/[*]"), found);
    } else {
        found.insert(at.to_owned());
    }
}

#[test]
fn the_schema_names_what_is_taken_and_nothing_else() {
    let schema = std::fs::read(page().join("status.schema.json")).expect("schema");
    let schema: Json = serde_json::from_slice(&schema).expect("JSON");
    let mut named = BTreeSet::new();
    leaves(&schema, &schema, "", &mut named);
    let rule = native();
    let mut taken: BTreeSet<String> = rule.fields.iter().map(|f| f.pointer.text.clone()).collect();
    taken.extend([rule.time.expect("time").pointer.text, rule.message_id.expect("id").text]);
    taken.extend([rule.claimed_id.expect("id").text, rule.offline.expect("will").0.text]);
    let only =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(only(&named, &taken), Vec::<String>::new(), "in the schema, and dropped");
    assert_eq!(only(&taken, &named), Vec::<String>::new(), "taken, and not in the schema");
    assert!(
        rule.fields.iter().all(|f| f.pointer.steps.iter().all(|s| !matches!(s, Step::Where(..))))
    );
    println!("{} fields, the same in schema and profile", taken.len());
}

#[test]
fn examples_are_what_another_hand_says_they_are() {
    let python = root().join("tests/.venv/bin/python");
    let mut check = Command::new(python);
    check.arg(root().join("tests/support/check_schema.py")).arg(page());
    let done = check.output().expect("PyPI jsonschema in tests/.venv: tests/run installs it");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn every_example_is_understood_whole() {
    let (rule, catalog) = (native(), Catalog::shipped().expect("profiles"));
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
    let now = "2026-03-02T09:15:01+08:00".parse::<jiff::Timestamp>().expect("time");
    let now = Timestamp::from_ms(now.as_millisecond());
    let mut read = 0;
    for entry in std::fs::read_dir(page().join("examples")).expect("examples") {
        let path = entry.expect("example").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let payload = std::fs::read(&path).expect("example");
        let json: Json = serde_json::from_slice(&payload).expect("JSON");
        let id = json["id"].as_str().expect("an id");
        let publisher = machine(&catalog, "kiosk-native", id, id);
        let arrival = Arrival { retained: false, now, zone: &zone, eight_hours: false };
        let parsed = parse(&publisher.device, id, &rule, &payload, &arrival);
        let parsed = parsed.unwrap_or_else(|refusal| panic!("{}: {refusal}", path.display()));
        assert_eq!(parsed.wrong_fields, Vec::<String>::new(), "{}", path.display());
        read += 1;
    }
    println!("{read} examples");
    assert!(read >= 15);
}

struct Sample(Child);

impl Drop for Sample {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A sample runs, is heard, and is missed when it dies.
async fn sample(program: PathBuf, script: PathBuf) {
    let catalog = Catalog::shipped().expect("profiles");
    let devices = vec![machine(&catalog, "ticket-machine", "ticket-01", "ticket-01")];
    let world = World::start(devices, |_| ()).await;
    let port = world.broker.port.to_string();
    let mut command = Command::new(&program);
    command.arg(&script).args(["127.0.0.1", &port, "ticket-01", "z", "ticket_machine"]);
    command.env("HALL_EVERY_S", "0.5").stdin(Stdio::null());
    let child = command
        .spawn()
        .unwrap_or_else(|e| panic!("{}: {e}; tests/run installs it", program.display()));
    let mut sample = Sample(child);
    let end = Instant::now() + Duration::from_secs(20);
    while world.readings().await.len() < 3 {
        assert!(Instant::now() < end, "{}: not heard", script.display());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(sample.0.kill());
    let gone = |readings: &[hallwatch::model::Reading]| {
        readings.last().and_then(|r| r.value("online").cloned()) == Some(Value::Bool(false))
    };
    while !gone(&world.readings().await) {
        assert!(Instant::now() < end, "{}: its last will", script.display());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let refused = world.tally.labels(hallwatch::tally::Happening::Rejected);
    assert_eq!(refused, [], "{}", script.display());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_sample_is_heard_and_missed() {
    sample(root().join("tests/.venv/bin/python"), page().join("sample.py")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_sample_is_heard_and_missed() {
    // Node looks for packages beside the script: it is run where they are.
    let beside = root().join("tests/publishers/vendor-sample.mjs");
    std::fs::copy(page().join("sample.mjs"), &beside).expect("copied");
    sample("node".into(), beside.clone()).await;
    drop(std::fs::remove_file(beside));
}

/// What `hallwatch device message` says: whether all was taken, and both outputs.
fn tried(device: &str, messages: &[&str], more: &[&str]) -> (bool, String, String) {
    let folder = tempfile::tempdir().expect("folder");
    let profiles = root().join("tests/publishers/profiles");
    let hall = format!(
        r#"
        profiles = "{}"
        [site]
        id = "hall"
        name = {{ zh = "大厅", en = "hall" }}
        latitude_deg = 39.9
        longitude_deg = 116.4
        time_zone = "Asia/Shanghai"
        [mqtt]
        address = "127.0.0.1"
        [[zone]]
        id = "hall-1"
        name = {{ zh = "一层", en = "1st floor" }}
        [[device]]
        id = "ticket-01"
        name = {{ zh = "取号机", en = "ticket machine" }}
        zone = "hall-1"
        profile = "ticket-machine"
        mqtt = true
        [[device]]
        id = "ticket-03"
        name = {{ zh = "取号机", en = "ticket machine" }}
        zone = "hall-1"
        profile = "described-kiosk"
        mqtt = true
    "#,
        profiles.display()
    );
    std::fs::write(folder.path().join("hall.toml"), hall).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallwatch"));
    command.args(["device", "message", device, "--lang", "en"]).args(more);
    for (n, message) in messages.iter().enumerate() {
        let file = folder.path().join(format!("{n}.json"));
        std::fs::write(&file, message).expect("written");
        command.arg(file);
    }
    let output = command.current_dir(folder.path()).output().expect("runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), said(&output.stdout), said(&output.stderr))
}

#[test]
fn a_message_is_tried_out_without_a_broker() {
    let message = r#"{"ts":"2026-03-02T09:15:00+08:00","seq":1,"id":"ticket-01","device":"online",
        "mode":"run","visitor":"王小明","parts":{"printer":{"paper":"low","left":12},"touch":7}}"#;
    let try_out = |message: &str, more: &[&str]| tried("ticket-01", &[message], more);
    let (taken, out, err) = try_out(message, &[]);
    assert!(taken, "{out}{err}");
    let line = out.lines().find(|line| line.starts_with("printer_paper_left_sheets"));
    assert!(line.is_some_and(|line| line.contains("12")), "{out}");
    assert!(out.contains("2026-03-02T01:15:00Z"), "{out}");
    assert!(!out.contains("王小明") && !err.contains("王小明"), "nobody's name is shown");

    let (taken, out, err) = try_out(&message.replace("ticket-01", "ticket-02"), &[]);
    assert!(!taken && out.is_empty() && err.contains("claims to be another device"), "{out}{err}");
    let elsewhere = ["--topic", "hall/hall-1/ticket_machine/ticket-02/status"];
    let (taken, _, err) = try_out(message, &elsewhere);
    assert!(!taken && err.contains("belongs to no device"), "{err}");
    let (taken, _, err) = try_out("{", &[]);
    assert!(!taken && err.contains("not JSON"), "{err}");
    let (taken, _, err) = try_out(&" ".repeat(400_000), &[]);
    assert!(!taken && err.contains("larger than"), "{err}");
}

#[test]
fn a_described_device_is_tried_out_with_its_description() {
    let description = r#"{"state_topic":"hmd/sensor/ticket-03/state","object_id":"tickets_total"}"#;
    let topics =
        ["homeassistant/sensor/ticket-03/tickets_total/config", "hmd/sensor/ticket-03/state"];
    let more = ["--topic", topics[0], "--topic", topics[1]];
    let (taken, out, err) = tried("ticket-03", &[description, "640"], &more);
    println!("{out}{err}");
    assert!(taken, "{out}{err}");
    assert!(out.contains("tickets_total") && out.contains("640"), "{out}");
    let (taken, _, err) = tried("ticket-03", &["640"], &["--topic", topics[1]]);
    assert!(!taken && err.contains("has not described"), "{err}");
    let (taken, _, err) = tried("ticket-03", &["640"], &[]);
    assert!(!taken && err.contains("homeassistant/+/ticket-03/+/config"), "{err}");
}
