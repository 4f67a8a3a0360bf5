//! A device that pysunspec2 made, what pysunspec2 reads from it, and what that means in standard
//! points: by the files in `devices/sunspec/`, read here without the program under test.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use hallwatch::model::{Sample, Value, standard_point};
use serde_json::Value as Json;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The models that have a file.
pub(crate) fn model_ids() -> Vec<u16> {
    let files = std::fs::read_dir(root().join("devices/sunspec")).expect("folder");
    let names = files.map(|file| file.expect("file").file_name().to_string_lossy().into_owned());
    let number = |name: String| {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        digits.parse().expect("model_<id>.toml")
    };
    let mut ids: Vec<u16> = names.map(number).collect();
    ids.sort_unstable();
    ids
}

pub(crate) fn model_text(id: u16) -> String {
    let path = root().join(format!("devices/sunspec/model_{id}.toml"));
    std::fs::read_to_string(path).expect("model file")
}

/// A device behind pymodbus.
pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
    pub(crate) registers: Vec<(u16, Vec<u16>)>,
    read: Vec<Json>,
}

impl Served {
    pub(crate) fn start(base: &str, seed: &str, specs: &[String]) -> Self {
        let mut child = Command::new(root().join("tests/.venv/bin/python"))
            .arg(root().join("tests/support/serve_sunspec.py"))
            .args([base, seed])
            .args(specs)
            .stdout(Stdio::piped())
            .spawn()
            .expect("tests/run makes tests/.venv with pymodbus and pysunspec2");
        let mut line = String::new();
        let out = child.stdout.take().expect("stdout");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let said: Json = serde_json::from_str(&line).expect("JSON from serve_sunspec.py");
        let registers = serde_json::from_value(said["registers"].clone()).expect("registers");
        let port = serde_json::from_value(said["port"].clone()).expect("port");
        let read = said["models"].as_array().expect("models").clone();
        Self { child, port, registers, read }
    }

    /// What pysunspec2 read of the models with this id.
    pub(crate) fn models(&self, id: u16) -> Vec<&Json> {
        self.read.iter().filter(|model| model["model"] == id).collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What pysunspec2's values mean; `None` where the point is not implemented.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) numbers: BTreeMap<String, Option<f64>>,
    texts: BTreeMap<String, Option<String>>,
    /// Active faults; `None` where no event word is implemented.
    faults: Option<BTreeSet<String>>,
    /// 32-bit floats: pysunspec2 shows all digits of the binary number.
    floats: BTreeSet<String>,
    /// pysunspec2 applies what the files have as `scale`.
    scaled: bool,
}

impl Facts {
    pub(crate) fn of(model: &Json) -> Self {
        let id = model["model"].as_u64().expect("id");
        let file: toml::Table =
            toml::from_str(&model_text(u16::try_from(id).expect("id"))).expect("TOML");
        // The constant factors of these are in pysunspec2's value already.
        let mut facts = Self { scaled: (303..=308).contains(&id), ..Self::default() };
        facts.part(file.get("point"), &model["points"], None);
        if let Some(group) = file.get("group") {
            let name = group["id"].as_str().expect("id");
            for (n, values) in model["groups"].as_array().expect("groups").iter().enumerate() {
                facts.part(group.get("point"), values, Some((name, n + 1)));
            }
        }
        facts
    }

    /// The points of two models of one device.
    pub(crate) fn joined(mut self, other: Self) -> Self {
        self.numbers.extend(other.numbers);
        self.texts.extend(other.texts);
        self.floats.extend(other.floats);
        self.faults = match (self.faults, other.faults) {
            (Some(mut a), Some(b)) => {
                a.extend(b);
                Some(a)
            }
            (a, b) => a.or(b),
        };
        self
    }

    fn part(&mut self, points: Option<&toml::Value>, values: &Json, group: Option<(&str, usize)>) {
        for point in points.and_then(toml::Value::as_array).into_iter().flatten() {
            let Some(name) = point.get("point").and_then(toml::Value::as_str) else { continue };
            let first = point.get("first").and_then(toml::Value::as_str);
            let name = match (group, first) {
                (Some((_, 1)), Some(first)) => first.to_owned(),
                (Some((_, n)), _) => name.replace("{n}", &n.to_string()),
                (None, _) => name.to_owned(),
            };
            let value = &values[point["id"].as_str().expect("id")];
            match point["type"].as_str().expect("type") {
                "string" => {
                    let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
                    self.texts.insert(name, text.map(str::to_owned));
                }
                _ if name == "fault" => self.add_faults(point, value, group),
                kind => {
                    if kind == "float32" {
                        self.floats.insert(name.clone());
                    }
                    let number = value.as_f64().map(|number| match self.scaled {
                        true => number,
                        false => meant(point, &name, number),
                    });
                    self.numbers.insert(name, number);
                }
            }
        }
    }

    fn add_faults(&mut self, point: &toml::Value, value: &Json, group: Option<(&str, usize)>) {
        let Some(bits) = value.as_u64() else { return };
        let faults = self.faults.get_or_insert_default();
        for bit in (0..64).filter(|bit| bits >> bit & 1 == 1) {
            let known = point["bits"].get(bit.to_string()).and_then(toml::Value::as_str);
            let id = point["id"].as_str().expect("id").to_lowercase();
            faults.insert(match (known, group) {
                (Some(code), Some((group, n))) => format!("{group}-{n}-{code}"),
                (Some(code), None) => code.to_owned(),
                (None, Some((_, n))) => format!("{id}-{n}-bit-{bit}"),
                (None, None) => format!("{id}-bit-{bit}"),
            });
        }
    }
}

/// A number in the unit of the standard point, a word as its stored code.
fn meant(point: &toml::Value, name: &str, number: f64) -> f64 {
    if let Some(words) = point.get("values") {
        let word = words[number.to_string()].as_str().expect("word");
        let words = standard_point(name).and_then(|point| point.words).expect("words");
        return words.by_id(word).expect("word").code as f64;
    }
    number * point.get("scale").and_then(toml::Value::as_float).unwrap_or(1.0)
}

/// Compares samples with facts, all of both; gives back how many values are the same and how many
/// points have none.
pub(crate) fn compare(facts: &Facts, samples: &[Sample], model: u16) -> (usize, usize) {
    let find = |name: &str| samples.iter().find(|s| s.point.as_str() == name).map(|s| &s.value);
    let (mut same, mut none) = (0, 0);
    for (name, expected) in &facts.numbers {
        let seen = find(name).and_then(Value::as_f64);
        match (expected, seen) {
            (None, None) => none += 1,
            (Some(expected), Some(seen)) => {
                let exact = if facts.floats.contains(name) { 1e-7 } else { 1e-12 };
                let near = (seen - expected).abs() <= expected.abs() * exact;
                assert!(near, "model {model}, {name}: {seen}, pysunspec2 has {expected}");
                same += 1;
            }
            _ => panic!("model {model}, {name}: {seen:?}, pysunspec2 has {expected:?}"),
        }
    }
    for (name, expected) in &facts.texts {
        match (expected, find(name)) {
            (None, None) => none += 1,
            (Some(expected), Some(Value::Text(seen))) => {
                assert_eq!(&**seen, expected, "model {model}, {name}");
                same += 1;
            }
            (expected, seen) => panic!("model {model}, {name}: {seen:?} for {expected:?}"),
        }
    }
    let seen = match find("fault") {
        Some(Value::Codes(codes)) => Some(codes.iter().map(|code| code.to_string()).collect()),
        _ => None,
    };
    assert_eq!(facts.faults, seen, "model {model}: faults");
    let known = facts.numbers.len() + facts.texts.len() + usize::from(facts.faults.is_some());
    assert_eq!(samples.len() + none, known, "model {model}: a value that is not pysunspec2's");
    (same + usize::from(seen.is_some()), none)
}
