//! Every shipped profile, and registers whose meaning is known: loaded, checked for overlaps and
//! texts, and replayed from `tests/golden/*.toml` and `tests/captures/*.toml` through the very plan
//! and decoder that polling uses. The expected values are worked out by hand or quoted from the
//! source, never by this program. It prints what it compared.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use hallwatch::model::{Decimal, Sample, Text, Value, standard_point};
use hallwatch::profile::{Catalog, Function, Profile, Protocol, Ratios, RegisterPoint, Table};
use hallwatch::source::modbus::{Block, RegisterImage, decode, plan};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::shipped().expect("profiles"));

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect(folder);
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

fn parsed(path: &Path) -> toml::Table {
    let text = std::fs::read_to_string(path).expect("a file");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn tables(profile: &Profile) -> Option<&[Table]> {
    match &profile.protocol {
        Protocol::Registers { tables, .. } => Some(tables),
        _ => None,
    }
}

/// Registers of a device and what they mean.
struct Golden {
    name: String,
    profile: Arc<Profile>,
    /// Only some registers of the profile are known: reads that they do not fill give nothing.
    partial: bool,
    words: BTreeMap<(Function, u16), u16>,
    expected: toml::Table,
    absent: BTreeSet<String>,
}

const GOLDEN_KEYS: [&str; 10] = [
    "device", "profile", "unit", "source", "ct_ratio", "pt_ratio", "partial", "block", "expected",
    "absent",
];

fn golden(path: &Path) -> Option<Golden> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let file = parsed(path);
    let id = file.get("profile")?.as_str().expect("profile");
    for key in ["device", "source"] {
        assert!(file[key].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {key}");
    }
    for key in file.keys() {
        assert!(GOLDEN_KEYS.contains(&key.as_str()), "{name}: unknown key `{key}`");
    }
    let profile = CATALOG.get(id).unwrap_or_else(|| panic!("{name}: no profile `{id}`")).clone();
    let profile = at_ratios(&file, &profile);
    let mut words = BTreeMap::new();
    for block in file["block"].as_array().expect("blocks") {
        let function = match block.get("function").and_then(toml::Value::as_str) {
            None | Some("holding") => Function::Holding,
            Some("input") => Function::Input,
            Some(other) => panic!("{name}: function `{other}`"),
        };
        let start = u16::try_from(block["start"].as_integer().expect("start")).expect("start");
        for (at, word) in (start..).zip(block["words"].as_str().unwrap().split_whitespace()) {
            let word = u16::from_str_radix(word, 16).unwrap_or_else(|_| panic!("{name}: `{word}`"));
            assert!(words.insert((function, at), word).is_none(), "{name}: {at} twice");
        }
    }
    let partial = file.get("partial").is_some_and(|partial| partial.as_bool() == Some(true));
    let expected = file["expected"].as_table().expect("expected").clone();
    let absent = file.get("absent").map_or_else(BTreeSet::new, |absent| match absent {
        toml::Value::Table(table) if table.contains_key("points") => {
            let points = table["points"].as_array().expect("points");
            points.iter().map(|point| point.as_str().expect("a name").to_owned()).collect()
        }
        toml::Value::Table(table) => table.keys().cloned().collect(),
        _ => panic!("{name}: [absent]"),
    });
    Some(Golden { name, profile, partial, words, expected, absent })
}

/// The profile as a device with `ct_ratio` and `pt_ratio` has it.
fn at_ratios(file: &toml::Table, profile: &Arc<Profile>) -> Arc<Profile> {
    let ratio =
        |key| file.get(key).and_then(number).map(|n| Decimal::as_written(n).expect("short"));
    let (ct, pt) = (ratio("ct_ratio"), ratio("pt_ratio"));
    if ct.is_none() && pt.is_none() {
        return profile.clone();
    }
    assert!(profile.secondary, "`{}` gives primary values", profile.id);
    let ratios = Ratios { ct: ct.unwrap_or(Ratios::NONE.ct), pt: pt.unwrap_or(Ratios::NONE.pt) };
    Arc::new(profile.with_ratios(ratios).expect("few digits"))
}

fn all_golden() -> Vec<Golden> {
    let paths = files("tests/golden").into_iter().chain(files("tests/captures"));
    paths.filter_map(|path| golden(&path)).collect()
}

impl Golden {
    /// The words of a read, if all of them are known.
    fn read(&self, function: Function, start: u16, count: u16) -> Option<Vec<u16>> {
        let addresses = u32::from(start)..u32::from(start) + u32::from(count);
        let word = |at| self.words.get(&(function, u16::try_from(at).ok()?)).copied();
        addresses.map(word).collect()
    }

    /// What the device gives for a planned read: all of it, or, where only some registers are
    /// known, the points that they fill.
    fn answer(&self, block: &Block) -> Vec<(Vec<RegisterPoint>, RegisterImage)> {
        let image = |start, words| RegisterImage::new(block.function, start, words);
        if let Some(words) = self.read(block.function, block.start, block.count) {
            return vec![(block.points.to_vec(), image(block.start, words))];
        }
        let (start, count, name) = (block.start, block.count, &self.name);
        assert!(
            self.partial || block.optional || block.every > 1,
            "{name} does not hold {count} registers from {start}: add them, or partial = true"
        );
        let known = |point: &RegisterPoint| {
            let words = self.read(block.function, point.address, point.number.words())?;
            Some((vec![point.clone()], image(point.address, words)))
        };
        block.points.iter().filter_map(known).collect()
    }

    fn samples(&self) -> Vec<Sample> {
        let Protocol::Registers { bus, tables } = &self.profile.protocol else {
            panic!("{} is no register device", self.name)
        };
        let answers: Vec<_> = plan(tables, bus).iter().flat_map(|b| self.answer(b)).collect();
        let reads: Vec<_> =
            answers.iter().map(|(points, image)| (points.as_slice(), image.clone())).collect();
        let decoded = decode(&reads, false);
        assert_eq!(decoded.rejected, Vec::<&str>::new(), "{} rejected", self.name);
        decoded.samples
    }
}

fn number(value: &toml::Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
}

/// Whether a sample is what a person wrote: a number, a text, a word, a list of fault codes.
fn same(point: &str, value: &Value, expected: &toml::Value) -> bool {
    let words = standard_point(point).and_then(|standard| standard.words);
    match (value, expected) {
        (Value::Codes(codes), toml::Value::Array(expected)) => {
            let codes: BTreeSet<&str> = codes.iter().map(|code| &**code).collect();
            codes == expected.iter().map(|code| code.as_str().expect("a code")).collect()
        }
        (Value::Text(text), toml::Value::String(expected)) => **text == **expected,
        (value, toml::Value::String(word)) => {
            let code = words.and_then(|words| words.by_id(word)).map(|word| word.code);
            code.is_some() && value.as_code() == code
        }
        (value, expected) => number(expected).is_some() && value.as_f64() == number(expected),
    }
}

#[test]
fn registers_decode_to_what_their_sources_say() {
    let golden = all_golden();
    let (mut compared, mut frames) = (0, 0);
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for file in &golden {
        let samples = file.samples();
        frames += 1;
        let names = seen.entry(&file.profile.id).or_default();
        let find = |point: &str| samples.iter().find(|sample| sample.point.as_str() == point);
        for (point, expected) in &file.expected {
            compared += 1;
            names.insert(point.clone());
            match find(point) {
                Some(sample) if same(point, &sample.value, expected) => {}
                Some(sample) => {
                    let value = &sample.value;
                    wrong.push(format!("{}: {point} = {value:?}, not {expected}", file.name));
                }
                None => wrong.push(format!("{}: {point} gives nothing", file.name)),
            }
        }
        for point in &file.absent {
            compared += 1;
            names.insert(point.clone());
            if let Some(sample) = find(point) {
                wrong.push(format!("{}: {point} = {:?}, not absent", file.name, sample.value));
            }
        }
    }
    assert!(wrong.is_empty(), "{} values are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let mut points = 0;
    for profile in CATALOG.iter() {
        let Some(tables) = tables(profile) else { continue };
        let all: BTreeSet<&str> =
            tables.iter().flat_map(|t| &t.points).map(|p| p.name.as_str()).collect();
        points += all.len();
        let held = seen.get(profile.id.as_str());
        let held = all.iter().filter(|p| held.is_some_and(|held| held.contains(**p))).count();
        println!("{:<24} {held} of {} points compared", profile.id, all.len());
        assert!(seen.contains_key(profile.id.as_str()), "no golden file for `{}`", profile.id);
    }
    println!(
        "{} profiles, {points} register points, {frames} frames, {compared} values compared",
        CATALOG.iter().count()
    );
}

/// Where the registers of a family are known its marks are on them; the marks that prove a family
/// are on no other.
#[test]
fn marks_tell_the_families_apart() {
    let golden = all_golden();
    let mut marked = BTreeSet::new();
    for file in &golden {
        for profile in CATALOG.iter() {
            for marker in &profile.markers {
                let words = file.read(marker.function, marker.address, marker.count());
                let Some(words) = words else { continue };
                let fits = marker.matches(&words);
                let at = marker.address;
                if profile.id == file.profile.id {
                    assert!(fits, "{}: no mark of its own family at {at}", file.name);
                    marked.insert(profile.id.clone());
                } else if marker.certain {
                    assert!(!fits, "{}: certain mark of `{}` at {at}", file.name, profile.id);
                }
            }
        }
    }
    for profile in CATALOG.iter().filter(|profile| tables(profile).is_some()) {
        assert!(!profile.markers.is_empty(), "`{}` has no [[marker]]", profile.id);
        assert!(marked.contains(&profile.id), "no golden file bears a mark of `{}`", profile.id);
    }
}

/// What a profile says of itself; the program keeps less.
#[derive(serde::Deserialize)]
struct Head {
    source: String,
    #[serde(default)]
    variant: String,
    #[serde(default)]
    models: Vec<String>,
    #[serde(default)]
    table: Vec<TableHead>,
}

#[derive(serde::Deserialize)]
struct TableHead {
    source: String,
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c))
}

fn check_text(of: &str, text: &Text) {
    let Text { zh, en } = text;
    assert!(is_chinese(zh), "{of}: `{zh}` is not Chinese");
    assert!(!en.is_empty() && !is_chinese(en), "{of}: `{en}` is not English");
}

#[test]
fn every_profile_says_what_it_is_in_both_languages() {
    for profile in CATALOG.iter() {
        let id = &profile.id;
        check_text(id, &profile.name);
        assert!(!profile.vendor.is_empty() && !profile.source.is_empty(), "{id}");
        assert!(!profile.caveats.is_empty(), "{id} has no caveat");
        for caveat in &profile.caveats {
            check_text(id, caveat);
        }
        for (code, fault) in &profile.faults {
            check_text(&format!("{id} {code}"), &fault.text);
            if let Some(advice) = &fault.advice {
                check_text(&format!("{id} {code}"), advice);
            }
        }
    }
    for path in files("devices") {
        let text = std::fs::read_to_string(&path).expect("a file");
        let head: Head = toml::from_str(&text).unwrap();
        let path = path.display();
        for table in &head.table {
            assert!(table.source.len() > 5, "{path}: a table without a source");
        }
        assert!(!head.source.is_empty(), "{path}: no source");
        assert!(head.table.is_empty() || !head.variant.is_empty(), "{path}: no variant");
        assert!(head.table.is_empty() || !head.models.is_empty(), "{path}: no models");
    }
}

/// Two points on one register are a slip, unless they are read apart (another function or rhythm)
/// or another register says which of them counts.
#[test]
fn no_two_points_share_a_register() {
    for profile in CATALOG.iter() {
        let mut taken: BTreeMap<(Function, u32, u32), &str> = BTreeMap::new();
        for table in tables(profile).unwrap_or_default() {
            for point in table.points.iter().filter(|point| point.none_while.is_none()) {
                for at in u32::from(point.address)..point.end() {
                    let place = (table.function, table.every, at);
                    let other = taken.insert(place, point.name.as_str());
                    assert!(
                        other.is_none(),
                        "{}: {other:?} and {} at {at}",
                        profile.id,
                        point.name
                    );
                }
            }
        }
    }
}

#[test]
fn no_read_is_longer_than_allowed_and_every_point_is_in_one() {
    for profile in CATALOG.iter() {
        let Protocol::Registers { bus, tables } = &profile.protocol else { continue };
        let blocks = plan(tables, bus);
        let planned: usize = blocks.iter().map(|block| block.points.len()).sum();
        let points: usize = tables.iter().map(|table| table.points.len()).sum();
        assert_eq!(planned, points, "{}", profile.id);
        println!("{:<24} {points} points in {} reads", profile.id, blocks.len());
        for block in blocks {
            let longest = block.points.iter().map(|p| p.number.words()).max().unwrap_or(0);
            let allowed = bus.registers_per_read_max.max(longest);
            assert!(block.count <= allowed, "{} {}", profile.id, block.start);
        }
    }
}
