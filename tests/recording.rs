//! A device's traffic as a file, with real processes: a GoodWe served by pymodbus is recorded
//! through a running gateway, replayed, and read again with the same values.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use field::{Daemon, Registers, root, wait_for};
use hallwatch::source::modbus::recording::{Answer, Recording};

const CAPTURE: &str = "goodwe-gw17k-dt.toml";

fn config(folder: &Path, name: &str, address: &str) -> PathBuf {
    let text = format!(
        r#"
[site]
id = "recording"
name = {{ zh = "记录", en = "recording" }}
latitude_deg = 39.9
longitude_deg = 116.4
time_zone = "Asia/Shanghai"
[data]
folder = "{name}"
[web]
listen = "127.0.0.1:0"
[[zone]]
id = "roof"
name = {{ zh = "屋顶", en = "roof" }}
[[device]]
id = "gw17"
name = {{ zh = "逆变器", en = "inverter" }}
zone = "roof"
profile = "goodwe-dt"
modbus = "{address}"
unit = 127
rated_power_w = 17000
interval_s = 1
"#
    );
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, text).expect("config");
    path
}

fn hallwatch(words: &[&str], config: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallwatch"));
    command.args(words).arg("--config").arg(config).output().expect("runs")
}

/// What a command says in JSON.
fn told(words: &[&str], config: &Path) -> serde_json::Value {
    let output = hallwatch(words, config);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// Name, words and value of every point that has been read.
fn points(registers: &serde_json::Value) -> Vec<(String, String, String)> {
    let all = registers["registers"].as_array().expect("registers").iter();
    let read = all.filter(|register| register["words"].as_array().is_some_and(|w| !w.is_empty()));
    read.map(|r| (r["name"].to_string(), r["words"].to_string(), r["value"].to_string())).collect()
}

fn value(registers: &serde_json::Value, name: &str) -> f64 {
    let all = registers["registers"].as_array().expect("registers");
    let found = all.iter().find(|register| register["name"] == name).expect(name);
    found["value"].as_f64().unwrap_or_else(|| panic!("{found}"))
}

/// `hallwatch replay`; killed with its handle.
struct Replay {
    child: Child,
    address: String,
}

impl Replay {
    fn start(recording: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hallwatch"))
            .arg("replay")
            .arg(recording)
            .args(["--listen", "127.0.0.1:0", "--speed", "10"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("runs");
        let out = child.stdout.take().expect("stdout");
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            Some(line.strip_prefix("modbus = \"")?.trim_end_matches('"').to_owned())
        });
        Self { child, address: address.expect("an address") }
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_recorded_device_gives_the_same_values_again() {
    let folder = tempfile::tempdir().expect("folder");
    let device = Registers::serve(CAPTURE);
    let live = config(folder.path(), "live", &format!("127.0.0.1:{}", device.port));
    let file = folder.path().join("gw17.txt");
    let out = file.to_str().expect("path");
    let daemon = Daemon::run(&live);
    let before = wait_for("registers", Duration::from_secs(20), || {
        let told = told(&["read", "gw17", "--json"], &live);
        (!points(&told).is_empty()).then_some(told)
    });
    let recorded = hallwatch(&["record", "gw17", "-o", out, "--for", "4s"], &live);
    assert!(recorded.status.success(), "{}", String::from_utf8_lossy(&recorded.stderr));
    assert!(recorded.stdout.is_empty(), "data goes to the file");
    let buses = told(&["bus", "--json"], &live);
    let unit = &buses["buses"][0]["units"][0];
    assert_eq!((&unit["unit"], &unit["devices"][0]), (&127.into(), &"gw17".into()));
    assert!(unit["answers"].as_u64() > Some(8), "{unit}");
    let plan = told(&["device", "plan", "gw17", "--json"], &live);
    let rests = |read: &serde_json::Value| read["exception"] == 2;
    let reads = plan["reads"].as_array().expect("reads");
    assert!(reads.iter().any(rests), "the running gateway has learned what is refused: {plan}");
    daemon.terminate();
    drop(device);

    let text = std::fs::read_to_string(&file).expect("the file");
    let recording = Recording::parse("gw17.txt", &text).expect("a recording");
    assert_eq!((recording.header.profile.as_str(), recording.header.unit), ("goodwe-dt", 127));
    assert!(recording.exchanges.len() >= 4, "{text}");

    let replay = Replay::start(&file);
    let again = config(folder.path(), "again", &replay.address);
    let after = told(&["read", "gw17", "--json"], &again);
    assert_eq!(points(&before), points(&after));
    let capture = std::fs::read_to_string(root().join("tests/captures").join(CAPTURE));
    let capture: toml::Table = capture.expect("capture").parse().expect("TOML");
    for (name, expected) in capture["expected"].as_table().expect("expected") {
        let expected = expected.as_float().expect("a number");
        assert_eq!(value(&after, name), expected, "{name}");
    }

    // Nobody runs now: the device is recorded directly.
    let second = folder.path().join("second.txt");
    let out = second.to_str().expect("path");
    let recorded = hallwatch(&["record", "gw17", "-o", out, "--for", "3s"], &again);
    assert!(recorded.status.success(), "{}", String::from_utf8_lossy(&recorded.stderr));
    let text = std::fs::read_to_string(&second).expect("the file");
    let second = Recording::parse("second.txt", &text).expect("a recording");
    let first = recording.exchanges.iter().find(|e| matches!(e.answer, Answer::Words(_)));
    let first = first.expect("an answer");
    let same = |e: &&hallwatch::source::modbus::recording::Exchange| {
        (e.function, e.start, e.count) == (first.function, first.start, first.count)
    };
    assert_eq!(second.exchanges.iter().find(same).map(|e| &e.answer), Some(&first.answer));
}

#[test]
fn mistakes_are_told_in_both_languages_with_what_to_do() {
    let folder = tempfile::tempdir().expect("folder");
    let config = config(folder.path(), "none", "127.0.0.1:9");
    let told = |words: &[&str]| {
        let output = hallwatch(words, &config);
        assert!(!output.status.success() && output.stdout.is_empty(), "{words:?}");
        String::from_utf8(output.stderr).expect("text")
    };
    let unknown = told(&["read", "gw71"]);
    assert!(unknown.contains("did you mean `gw17`?"), "{unknown}");
    assert!(unknown.contains("是不是想写 `gw17`？"), "{unknown}");
    let there = folder.path().join("there.txt");
    std::fs::write(&there, "notes").expect("a file");
    let there = there.to_str().expect("path");
    let taken = told(&["record", "gw17", "-o", there, "--for", "1s"]);
    assert!(taken.contains("choose another name") && taken.contains("已存在"), "{taken}");
    assert_eq!(std::fs::read_to_string(there).expect("there"), "notes");
    let replay = Command::new(env!("CARGO_BIN_EXE_hallwatch")).args(["replay", there]).output();
    let said = String::from_utf8(replay.expect("runs").stderr).expect("text");
    assert!(said.contains("not a recording of hallwatch") && said.contains("通信记录"), "{said}");
    // A device that is away is told, and so is that nobody else asks it.
    let output = hallwatch(&["read", "gw17", "--lang", "en"], &config);
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("no gateway runs here") && said.contains("gw17: "), "{said}");
}
