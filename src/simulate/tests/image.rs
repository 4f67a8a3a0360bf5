//! Every shipped profile: what is written into an image is what a reader finds in it.

use crate::model::{Vocabulary, standard_point};
use crate::profile::{
    Catalog, Function, Meaning, ModelPlan, Number, Protocol, RegisterPoint, ScaleBy, SunspecPlan,
    WordOrder, compile,
};
use crate::simulate::{
    ModelLayout, RegisterImage, SimValue, Values, register_image, sunspec_image,
};

/// What an independent reader sees.
#[derive(Debug, PartialEq)]
enum Seen {
    Absent,
    Number(f64),
    Text(String),
    Code(i64),
    Faults(Vec<String>),
}

fn signed(number: Number, bits: u64) -> f64 {
    match number {
        Number::I16 => f64::from(bits as u16 as i16),
        Number::I32 => f64::from(bits as u32 as i32),
        Number::I64 => bits as i64 as f64,
        Number::F32 => f64::from(f32::from_bits(bits as u32)),
        Number::F64 => f64::from_bits(bits),
        _ => bits as f64,
    }
}

fn read(image: &RegisterImage, function: Function, point: &RegisterPoint) -> Seen {
    let mut words = image.read(function, point.address, point.number.words()).expect("registers");
    if let Some(when) = &point.none_while
        && when.words.contains(&image.read(function, when.address, 1).expect("condition")[0])
    {
        return Seen::Absent;
    }
    if let Number::String(_) = point.number {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
        return Seen::Text(String::from_utf8_lossy(text).into_owned());
    }
    if point.order == WordOrder::LowFirst {
        words.reverse();
    }
    let bits = words.iter().fold(0u64, |bits, word| bits << 16 | u64::from(*word));
    let number = signed(point.number, bits);
    if point.not_available.contains(&bits) || !number.is_finite() {
        return Seen::Absent;
    }
    match &point.meaning {
        Meaning::Measure => {
            let unit = match point.scale {
                ScaleBy::Fixed(fixed) => fixed.to_f64(),
                ScaleBy::Register { fixed, address } => {
                    let word = image.read(function, address, 1).expect("factor")[0] as i16;
                    fixed.to_f64() * 10f64.powi(i32::from(word))
                }
            };
            Seen::Number(number * unit)
        }
        Meaning::Text => unreachable!("texts are strings"),
        Meaning::Enumeration(codes) => Seen::Code(codes[&(number as i64)]),
        Meaning::FaultBits(table) => {
            let set = table.iter().filter(|(bit, _)| bits >> **bit & 1 == 1);
            Seen::Faults(set.map(|(_, code)| code.clone()).collect())
        }
        Meaning::FaultNumber { codes } => {
            Seen::Faults(codes.get(&(number as i64)).cloned().into_iter().collect())
        }
    }
}

/// A value that fits into every register of this name, different for every point.
fn fill(values: &mut Values, points: &[&RegisterPoint]) {
    let mut faults = Vec::new();
    for (i, point) in points.iter().enumerate() {
        let name = point.name.as_str();
        match &point.meaning {
            Meaning::Measure => {
                let same = points.iter().filter(|other| other.name == point.name);
                let unit = same.map(|p| match p.scale {
                    ScaleBy::Fixed(fixed) | ScaleBy::Register { fixed, .. } => fixed.to_f64(),
                });
                let coarsest = unit.fold(0.0, f64::max);
                values.number(name, coarsest * (100 + i) as f64);
            }
            Meaning::Text => values.text(name, format!("TX-{i}")),
            Meaning::Enumeration(codes) => {
                let words: &Vocabulary = standard_point(name).and_then(|p| p.words).expect("words");
                let (_, code) = codes.iter().next_back().expect("a word");
                values.word(name, words.by_code(*code).expect("known").id);
            }
            Meaning::FaultBits(table) => faults.extend(table.values().next().cloned()),
            Meaning::FaultNumber { codes } => faults.extend(codes.values().next().cloned()),
        }
    }
    values.faults(faults);
}

fn compare(image: &RegisterImage, values: &Values, function: Function, point: &RegisterPoint) {
    let name = point.name.as_str();
    match (read(image, function, point), values.get(name).expect("given")) {
        (Seen::Number(seen), SimValue::Number(given)) => {
            let near = (seen - given).abs() <= given.abs() * 0.01 + 1e-9;
            assert!(near, "{name}: {seen} for {given}");
        }
        (Seen::Text(seen), SimValue::Text(given)) => assert_eq!(&seen, given, "{name}"),
        (Seen::Code(seen), SimValue::Word(word)) => {
            let words = standard_point(name).and_then(|p| p.words).expect("words");
            assert_eq!(words.by_code(seen).map(|w| w.id), Some(*word), "{name}");
        }
        (Seen::Faults(seen), SimValue::Codes(given)) => {
            assert!(seen.iter().all(|code| given.contains(code)), "{name}: {seen:?}");
            let own = match &point.meaning {
                Meaning::FaultBits(table) => table.values().next(),
                Meaning::FaultNumber { codes } => codes.values().next(),
                _ => None,
            };
            assert!(own.is_none_or(|code| seen.contains(code)), "{name}: {seen:?}");
        }
        (seen, given) => panic!("{name}: {seen:?} for {given:?}"),
    }
}

fn shared(point: &RegisterPoint, all: &[&RegisterPoint]) -> bool {
    let meets = |other: &&&RegisterPoint| {
        u32::from(point.address) < other.end() && u32::from(other.address) < point.end()
    };
    point.none_while.is_some() || all.iter().filter(meets).count() > 1
}

#[test]
fn a_register_that_means_two_things_holds_the_one_that_counts() {
    let catalog = Catalog::shipped().expect("shipped profiles");
    let profile = catalog.get("sungrow-sg").expect("profile");
    let registers = |output: f64, state: &'static str| {
        let mut values = Values::default();
        values.number("vendor_output_type", output);
        values.number("phase_a_voltage_v", 230.0);
        values.number("line_ab_voltage_v", 400.0);
        values.word("state", state);
        let image = register_image(profile, &values).expect("image");
        let at = |address| image.read(Function::Input, address, 1).expect("register")[0];
        (at(5018), at(5037), at(5044))
    };
    assert_eq!(registers(1.0, "mppt"), (2300, 0, 0xFFFF), "four wires: phase voltage");
    assert_eq!(registers(2.0, "standby"), (4000, 0x1111, 0xFFFF), "three wires: line voltage");
}

#[test]
fn every_register_profile_goes_there_and_back() {
    let catalog = Catalog::shipped().expect("shipped profiles");
    for profile in catalog.iter() {
        let Protocol::Registers { tables, .. } = &profile.protocol else { continue };
        let all: Vec<&RegisterPoint> = tables.iter().flat_map(|t| &t.points).collect();
        let mut values = Values::default();
        fill(&mut values, &all);
        let image = register_image(profile, &values).expect("image");
        for table in tables {
            // Registers that mean two things hold one of them: see the test after this one.
            for point in table.points.iter().filter(|point| !shared(point, &all)) {
                compare(&image, &values, table.function, point);
            }
        }
        let nothing = register_image(profile, &Values::default()).expect("image");
        for table in tables {
            for point in table.points.iter().filter(|p| !p.not_available.is_empty()) {
                let seen = read(&nothing, table.function, point);
                assert_eq!(seen, Seen::Absent, "{} {}", profile.id, point.name);
            }
        }
    }
}

/// Walks the chain as a client does: (model, start, length).
fn walk(image: &RegisterImage, base: u16) -> Vec<(u16, u16, u16)> {
    let word = |address| image.read(Function::Holding, address, 1).expect("register")[0];
    assert_eq!(image.read(Function::Holding, base, 2), Some(vec![0x5375, 0x6E53]));
    let mut start = base + 2;
    let mut found = Vec::new();
    while word(start) != 0xFFFF {
        found.push((word(start), start, word(start + 1)));
        start += 2 + word(start + 1);
    }
    found
}

fn placed(plan: &ModelPlan, start: u16, instances: u16) -> Vec<RegisterPoint> {
    let mut points = plan.points.clone();
    points.extend((1..=instances).flat_map(|n| plan.group_points(n)));
    for point in &mut points {
        point.address += start;
        if let ScaleBy::Register { address, .. } = &mut point.scale {
            *address += start;
        }
    }
    points
}

#[test]
fn every_sunspec_model_goes_there_and_back() {
    let catalog = Catalog::shipped().expect("shipped profiles");
    for profile in catalog.iter() {
        let Protocol::Sunspec { plan, .. } = &profile.protocol else { continue };
        for (model, model_plan) in &plan.models {
            let instances = if model_plan.group.is_some() { 3 } else { 0 };
            let layout = [ModelLayout { model: *model, instances }];
            let all = placed(model_plan, 0, instances);
            let mut values = Values::default();
            fill(&mut values, &all.iter().collect::<Vec<_>>());
            let image = sunspec_image(plan, &layout, &values).expect("image");
            let chain = walk(&image, plan.bases[0]);
            assert_eq!(chain.len(), 1);
            for point in placed(model_plan, chain[0].1, instances) {
                compare(&image, &values, Function::Holding, &point);
            }
        }
        chain_of(plan);
    }
}

fn chain_of(plan: &SunspecPlan) {
    let wanted: Vec<ModelLayout> = [(1, 0), (103, 0), (160, 4)]
        .into_iter()
        .filter(|(model, _)| plan.models.contains_key(model))
        .map(|(model, instances)| ModelLayout { model, instances })
        .collect();
    let mut values = Values::default();
    values.number("ac_power_w", 47_967.0);
    let image = sunspec_image(plan, &wanted, &values).expect("image");
    for (found, wanted) in walk(&image, plan.bases[0]).into_iter().zip(&wanted) {
        let length = match wanted.model {
            1 => 66,
            103 => 50,
            _ => 8 + 4 * 20,
        };
        assert_eq!((found.0, found.2), (wanted.model, length));
        let points = placed(&plan.models[&wanted.model], found.1, wanted.instances);
        for point in points.iter().filter(|p| p.meaning == Meaning::Measure) {
            let expected = if point.name.as_str() == "ac_power_w" {
                // 16 bits hold tens of watts here
                Seen::Number(47_970.0)
            } else {
                Seen::Absent
            };
            assert_eq!(read(&image, Function::Holding, point), expected, "{}", point.name);
        }
    }
    let none = sunspec_image(plan, &[ModelLayout { model: 9, instances: 0 }], &values);
    assert!(none.is_err());
}

const SMALL: &str = r#"
id = "small"
vendor = "x"
name = { zh = "x", en = "x" }
source = "x"
[bus]
read_through_max = 2
[[table]]
id = "t"
function = "holding"
source = "x"
point = [
  { name = "ac_power_w", address = 10, type = "i16", not_available = [0x7FFF] },
  { name = "dc_power_w", address = 13, type = "u32", word_order = "low_first", not_available = [0xFFFFFFFF] },
  { name = "grid_freq_hz", address = 18, type = "u16", scale = 0.01 },
]
"#;

#[test]
fn ends_of_the_range_holes_and_word_order() {
    let profile = compile("small.toml", SMALL, &std::collections::BTreeMap::new()).expect("fits");
    let mut values = Values::default();
    values.number("ac_power_w", 1e9);
    values.number("dc_power_w", 65_537.0 + 65_536.0);
    values.number("grid_freq_hz", -3.0);
    let image = register_image(&profile, &values).expect("image");
    let at = |address, count| image.read(Function::Holding, address, count);
    assert_eq!(at(10, 1), Some(vec![0x7FFE]), "the greatest value is not the absent one");
    assert_eq!(at(10, 5), Some(vec![0x7FFE, 0, 0, 1, 2]), "a hole of two may be read through");
    assert_eq!(at(13, 4), None, "a hole of three may not");
    assert_eq!(at(18, 1), Some(vec![0]));
    assert_eq!((at(19, 1), at(18, 0)), (None, None));
    assert_eq!(image.read(Function::Input, 10, 1), None);
}
