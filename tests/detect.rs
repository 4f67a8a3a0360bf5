//! `hallwatch detect` on registers whose meaning is known: how many points it puts first, and what
//! it writes.
//!
//! Every capture and golden file is shown to it without a word about the device; what it says first
//! is compared with the profile and with the values that the file states. The figures are printed:
//! they are the honest measure of it.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::string_slice)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use hallwatch::profile::{Catalog, Function, Number, Protocol, RegisterPoint};
use hallwatch::source::modbus::detect::{Detected, Guess, Known, Snapshots, guess};

use field::{Registers, root};

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Score {
    /// Points with a number that is not zero.
    points: usize,
    /// Type and order of words are right in the first guess.
    typed: usize,
    /// The value is right, too.
    valued: usize,
    /// The type is right in one of the guesses that are shown.
    shown: usize,
    /// A number that is first and wrong although it claims to know the quantity.
    wrong: usize,
}

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["tests/captures", "tests/golden"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).expect("folder"))
        .map(|file| file.expect("file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

fn load(path: &PathBuf) -> toml::Table {
    toml::from_str(&std::fs::read_to_string(path).expect("file")).expect("TOML")
}

/// The registers of one function.
fn snapshots(file: &toml::Table, function: Function) -> Snapshots {
    let mut snapshots = Snapshots::default();
    for block in file["block"].as_array().expect("blocks") {
        let word = block.get("function").and_then(toml::Value::as_str).unwrap_or("holding");
        let of = if word == "input" { Function::Input } else { Function::Holding };
        if of != function {
            continue;
        }
        let start = u16::try_from(block["start"].as_integer().expect("start")).expect("u16");
        let words = block["words"].as_str().expect("words").split_whitespace();
        let words: Vec<u16> = words.map(|w| u16::from_str_radix(w, 16).expect("hex")).collect();
        snapshots.add(start, &words);
    }
    snapshots
}

/// The points of a profile that have a number in the file, with that number.
fn points(file: &toml::Table) -> Vec<(Function, RegisterPoint, f64)> {
    let catalog = Catalog::shipped().expect("profiles");
    let profile = file.get("profile").and_then(|id| catalog.get(id.as_str()?));
    let Some(Protocol::Registers { tables, .. }) = profile.map(|p| &p.protocol) else {
        return Vec::new();
    };
    let mut expected: BTreeMap<String, f64> = BTreeMap::new();
    for (name, value) in file["expected"].as_table().expect("expected") {
        let number = value.as_float().or_else(|| value.as_integer().map(|n| n as f64));
        expected.extend(number.filter(|n| *n != 0.0).map(|number| (name.clone(), number)));
    }
    let mut found = Vec::new();
    for table in tables {
        let here = guess(&snapshots(file, table.function), &[]);
        let places = here.places.iter();
        let addresses: Vec<u16> =
            places.flat_map(|p| p.start..p.start + p.words.len() as u16).collect();
        for point in &table.points {
            let is_there = addresses.contains(&point.address);
            if is_there && let Some(value) = expected.remove(point.name.as_str()) {
                found.push((table.function, point.clone(), value));
            }
        }
    }
    found
}

/// The place that holds this register.
fn guess_at(detected: &Detected, address: u16) -> Option<&[Guess]> {
    let holds = |start: u16, words: usize| (start..start + words as u16).contains(&address);
    let place = detected.places.iter().find(|place| holds(place.start, place.words.len()))?;
    Some(&place.guesses)
}

fn same_type(guess: &Guess, point: &RegisterPoint) -> bool {
    let family = |number: Number| match number {
        Number::I16 => Number::U16,
        Number::I32 => Number::U32,
        Number::I64 => Number::U64,
        other => other,
    };
    // A sign makes a difference only where there is one.
    let negative = guess.value.is_some_and(|value| value < 0.0);
    let number = if negative || point.number == guess.form.number {
        point.number == guess.form.number
    } else {
        family(point.number) == family(guess.form.number)
    };
    let order = point.number.words() == 1 || point.order == guess.form.order;
    guess.start == point.address && number && order
}

fn same_value(guess: &Guess, name: &str, value: f64) -> bool {
    // Nobody can see whether a counter counts Wh or kWh.
    let free = name.contains("energy") || name.contains("hours") || name.starts_with("vendor_");
    let powers = if free { -3..=6 } else { 0..=0 };
    let guessed = guess.value.unwrap_or(f64::NAN);
    powers.into_iter().any(|n| (guessed * 10_f64.powi(n) - value).abs() <= 1e-4 * value.abs())
}

fn score(path: &PathBuf) -> Score {
    let file = load(path);
    let mut score = Score::default();
    let mut detected: BTreeMap<Function, Detected> = BTreeMap::new();
    for (function, point, value) in points(&file) {
        let detected =
            detected.entry(function).or_insert_with(|| guess(&snapshots(&file, function), &[]));
        let guesses = guess_at(detected, point.address).expect("a place");
        let (first, name) = (&guesses[0], point.name.as_str());
        let typed = same_type(first, &point);
        let valued = typed && same_value(first, name, value);
        let shown = guesses.iter().any(|guess| same_type(guess, &point));
        score.points += 1;
        score.typed += usize::from(typed);
        score.valued += usize::from(valued);
        score.shown += usize::from(shown);
        let claims = format!("{:?}", first.what) != "Unknown";
        score.wrong += usize::from(claims && !valued);
        if std::env::var_os("DETECT_TALKS").is_some() && !valued {
            println!(
                "  {name} at {}: {:?} {value}, first: {} {:?} e{} {:?} {:?}",
                point.address,
                point.number,
                first.start,
                first.form,
                first.exponent,
                first.what,
                first.value
            );
        }
    }
    score
}

#[test]
fn known_points_are_put_first_so_often() {
    let mut sum = Score::default();
    println!(
        "{:<40} {:>6} {:>6} {:>6} {:>6} {:>6}",
        "file", "points", "type", "value", "shown", "wrong"
    );
    // Words and flags of a UPS or a cabinet say nothing in company: they are not what this is for.
    let of_machines = ["apc-", "huawei-ups", "delta-ups", "eletechsup-"];
    for path in files() {
        let name = path.file_stem().expect("name").to_string_lossy().into_owned();
        if of_machines.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let score = score(&path);
        let Score { points, typed, valued, shown, wrong } = score;
        if points == 0 {
            continue;
        }
        println!("{name:<40} {points:>6} {typed:>6} {valued:>6} {shown:>6} {wrong:>6}");
        sum.points += points;
        sum.typed += typed;
        sum.valued += valued;
        sum.shown += shown;
        sum.wrong += wrong;
    }
    let Score { points, typed, valued, shown, wrong } = sum;
    println!("{:<40} {points:>6} {typed:>6} {valued:>6} {shown:>6} {wrong:>6}", "all");
    // Bounds a little below what it reached, so that a change for the worse is seen.
    assert!(points > 400, "{points}");
    assert!(100 * typed >= 78 * points, "{typed} types of {points}");
    assert!(100 * valued >= 54 * points, "{valued} values of {points}");
    assert!(100 * shown >= 86 * points, "{shown} shown of {points}");
    assert!(100 * wrong <= 4 * points, "{wrong} wrong of {points}");
}

/// Words of one file, as one function.
fn of(name: &str, function: Function) -> Detected {
    guess(&snapshots(&load(&root().join("tests").join(name)), function), &[])
}

#[test]
fn word_orders_are_told_apart() {
    use hallwatch::profile::WordOrder::{HighFirst, LowFirst};
    let sungrow = of("golden/sungrow-sg-midday.toml", Function::Input);
    assert_eq!(sungrow.order.0, LowFirst);
    for name in ["golden/eastron-sdm630.toml", "golden/growatt-tl3-midday.toml"] {
        assert_eq!(of(name, Function::Input).order.0, HighFirst, "{name}");
    }
    for name in [
        "captures/goodwe-gw50ks-mt.toml",
        "captures/goodwe-gw17k-dt.toml",
        "golden/schneider-iem3255.toml",
        "golden/huawei-sun2000-midday.toml",
    ] {
        assert_eq!(of(name, Function::Holding).order.0, HighFirst, "{name}");
    }
}

#[test]
fn a_known_value_settles_what_nothing_else_does() {
    // 42.70 kWh of today in one register: 427 alone may be anything.
    let file = load(&root().join("tests/captures/goodwe-gw50ks-mt.toml"));
    let here = snapshots(&file, Function::Holding);
    let bare = guess(&here, &[]);
    let first = &guess_at(&bare, 30_144).expect("a place")[0];
    assert_ne!(first.value, Some(42.7), "{first:?}");
    let known = Known::parse("42.7 h").expect("known");
    let told = guess(&here, &[known]);
    let first = &guess_at(&told, 30_144).expect("a place")[0];
    assert_eq!(first.value, Some(42.7), "{first:?}");
    assert!(first.share > 0.9 && first.why.iter().any(|why| why.en.contains("42.7")));
    for bad in ["", "volts", "1.2.3 V"] {
        assert!(Known::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_only_grows_is_a_counter() {
    let mut snapshots = Snapshots::default();
    for n in 0..4_u16 {
        snapshots.add(100, &[0x0012, 0xD680 + n, 0x0FA0 - 7 * n, 0]);
    }
    let detected = guess(&snapshots, &[]);
    let first = &guess_at(&detected, 100).expect("a place")[0];
    assert_eq!((first.form.number, format!("{:?}", first.what)), (Number::U32, "Counter".into()));
    assert!(first.why.iter().any(|why| why.en == "it only grows"));
}

proptest::proptest! {
    /// Whatever a device says, every register is in one place and nothing panics.
    #[test]
    fn every_register_is_seen_once(
        blocks in proptest::collection::vec(
            (0u16..=u16::MAX, proptest::collection::vec(proptest::num::u16::ANY, 1..30)), 1..4),
    ) {
        let mut snapshots = Snapshots::default();
        for (start, words) in &blocks {
            snapshots.add(*start, words);
        }
        let detected = guess(&snapshots, &[]);
        let seen: usize = detected.places.iter().map(|place| place.words.len()).sum();
        proptest::prop_assert_eq!(seen, snapshots.len());
        for place in &detected.places {
            let sum: f64 = place.guesses.iter().map(|guess| guess.share).sum();
            proptest::prop_assert!(sum <= 1.0 + 1e-9 && !place.guesses.is_empty());
        }
    }
}

#[test]
fn the_last_register_of_all_is_seen() {
    let mut snapshots = Snapshots::default();
    snapshots.add(65_514, &[0; 22]);
    let detected = guess(&snapshots, &[]);
    assert_eq!(detected.places.iter().map(|place| place.words.len()).sum::<usize>(), 22);
}

#[test]
fn a_served_device_is_read_and_its_draft_is_a_profile() {
    let goodwe = Registers::serve("goodwe-gw50ks-mt.toml");
    let folder = tempfile::tempdir().expect("folder");
    let draft = folder.path().join("draft.toml");
    // From before the first register to behind the last: what is refused is read around.
    let output = Command::new(env!("CARGO_BIN_EXE_hallwatch"))
        .args(["detect", &format!("127.0.0.1:{}", goodwe.port), "--unit", "127"])
        .args(["--from", "30090", "--count", "100", "--every-s", "0", "--rate", "1000"])
        .args(["--known", "50.01 Hz", "--lang", "en", "--profile-out"])
        .arg(&draft)
        .stdin(Stdio::null())
        .output()
        .expect("hallwatch");
    let (out, told) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{told}{out}");
    assert!(output.status.success(), "{told}");
    assert!(told.contains("73 registers were read") && told.contains("not readable: 30090-30099"));
    assert!(out.contains("phase voltage") && out.contains("frequency, Hz"), "{out}");
    let text = std::fs::read_to_string(&draft).expect("draft");
    assert!(text.contains("phase_a_voltage_v") && text.contains("phase_c_current_a"), "{text}");
    let listed = Command::new(env!("CARGO_BIN_EXE_hallwatch"))
        .args(["profiles", "--folder"])
        .arg(folder.path())
        .output()
        .expect("hallwatch");
    let told = String::from_utf8_lossy(&listed.stderr);
    assert!(
        listed.status.success(),
        "{told}
{text}"
    );
    assert!(String::from_utf8_lossy(&listed.stdout).contains("draft"), "{told}");
}
