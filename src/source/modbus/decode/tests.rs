//! Registers of real devices, and registers that lie.

use proptest::prelude::*;

use super::*;
use crate::profile::{Catalog, NoneWhile, Protocol, WordOrder, compile_model};

static CATALOG: std::sync::LazyLock<Catalog> =
    std::sync::LazyLock::new(|| Catalog::shipped().expect("profiles"));

fn points(profile: &str) -> Vec<RegisterPoint> {
    match &CATALOG.get(profile).expect("profile").protocol {
        Protocol::Registers { tables, .. } => {
            tables.iter().flat_map(|table| table.points.clone()).collect()
        }
        _ => panic!("not a register profile"),
    }
}

fn image(start: u16, words: &str) -> RegisterImage {
    let words = words.split_whitespace().map(|w| u16::from_str_radix(w, 16).expect("hex"));
    RegisterImage::new(Function::Holding, start, words.collect())
}

fn number(decoded: &Decoded, point: &str) -> Option<f64> {
    decoded.samples.iter().find(|s| s.point.as_str() == point)?.value.as_f64()
}

#[test]
fn a_huawei_frame_quoted_in_public_gives_its_values() {
    // 32080..32107: 372 W, 49.99 Hz, 35.2 °C, 4727.48 kWh (addresses 32080, 32085, 32087, 32106)
    let mut words = vec![0u16; 28];
    words[0..2].copy_from_slice(&[0, 372]);
    words[5] = 4999;
    words[7] = 352;
    words[26..28].copy_from_slice(&[(472_748u32 >> 16) as u16, 472_748u32 as u16]);
    let image = RegisterImage::new(Function::Holding, 32080, words);
    let decoded = decode(&[(&*points("huawei-sun2000"), image)], false);
    assert_eq!(number(&decoded, "ac_power_w"), Some(372.0));
    assert_eq!(number(&decoded, "grid_freq_hz"), Some(49.99));
    assert_eq!(number(&decoded, "cabinet_temp_c"), Some(35.2));
    assert_eq!(number(&decoded, "energy_total_wh"), Some(4_727_480.0));
}

/// Model 103: PF at 22 with its scale factor at 23, as recorded units send it.
#[test]
fn a_power_factor_is_a_ratio_whoever_sends_it() {
    let read = |profile: &str, words: &str| {
        let Protocol::Sunspec { plan, .. } = &CATALOG.get(profile).expect("profile").protocol
        else {
            panic!("not a SunSpec profile")
        };
        let point = plan.models[&103].points.iter().find(|p| p.name.as_str() == "power_factor");
        let points = [point.expect("a power factor").clone()];
        number(&decode(&[(&points, image(22, words))], false), "power_factor")
    };
    assert_eq!(read("fronius-sunspec", "03E5 FFFF"), Some(0.997), "99.7 %");
    assert_eq!(read("solaredge-sunspec", "D8FD FFFE"), Some(-0.9987), "-99.87 %");
    assert_eq!(read("sma-sunspec", "0378 FFFD"), Some(0.888), "0.888");
    assert_eq!(read("sma-sunspec", "FC1A FFFD"), Some(-0.998), "-0.998");
}

#[test]
fn a_float_keeps_the_digits_that_people_read() {
    let points = points("eastron-sdm630");
    let decoded = decode(&[(&*points, image(0, "4364 B333"))], false);
    assert_eq!(number(&decoded, "phase_a_voltage_v"), Some(228.7));
    let nan = decode(&[(&*points, image(0, "7FC0 0000"))], false);
    assert!(nan.samples.is_empty(), "a NaN is no value");
}

fn one(number: Number, scale: ScaleBy, meaning: Meaning, not_available: Vec<u64>) -> RegisterPoint {
    RegisterPoint {
        name: PointName::parse(if matches!(meaning, Meaning::Measure) {
            "ac_power_w"
        } else {
            "fault"
        })
        .expect("name"),
        vendor: "Alarm 1".to_owned(),
        address: 100,
        number,
        order: WordOrder::HighFirst,
        scale,
        not_available,
        meaning,
        none_while: None,
    }
}

const PLAIN: ScaleBy = ScaleBy::Fixed(Decimal { mantissa: 1, exponent: 0 });

#[test]
fn another_register_takes_a_value_or_a_fault_away() {
    let when = |words: &[u16]| Some(NoneWhile { address: 101, words: words.to_vec() });
    let voltage = RegisterPoint {
        none_while: when(&[2]),
        ..one(Number::U16, PLAIN, Meaning::Measure, Vec::new())
    };
    let read = |point: &RegisterPoint, words: &str| {
        decode(&[(std::slice::from_ref(point), image(100, words))], false)
    };
    assert_eq!(number(&read(&voltage, "00E6 0001"), "ac_power_w"), Some(230.0));
    assert!(read(&voltage, "00E6 0002").samples.is_empty(), "it is a line voltage now");
    assert_eq!(read(&voltage, "00E6").rejected, ["no_condition"]);

    let meaning = Meaning::FaultNumber { codes: std::collections::BTreeMap::new() };
    let kept =
        RegisterPoint { none_while: when(&[0]), ..one(Number::U16, PLAIN, meaning, Vec::new()) };
    let codes = |decoded: Decoded| match &decoded.samples[..] {
        [sample] => sample.value.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        codes(read(&kept, "0027 5500")),
        Value::Codes(vec!["alarm-1-code-39".into()].into())
    );
    assert_eq!(codes(read(&kept, "0027 0000")), Value::Codes(Vec::new().into()), "over");

    // A fault of which nobody knows whether it counts: without it the set is not whole.
    let other = RegisterPoint { address: 99, none_while: None, ..kept.clone() };
    let both = [other, kept];
    assert_eq!(decode(&[(&both, image(99, "0001 0027 5500"))], false).samples.len(), 1);
    let half = decode(&[(&both, image(99, "0001 0027"))], false);
    assert_eq!((half.samples.len(), half.rejected), (0, vec!["no_condition"]));
}

#[test]
fn sentinels_scale_factors_and_unknown_bits() {
    let missing = one(Number::I16, PLAIN, Meaning::Measure, vec![0x8000]);
    assert!(
        decode(&[(std::slice::from_ref(&missing), image(100, "8000"))], false).samples.is_empty()
    );
    let fixed = Decimal::whole(1);
    let scaled =
        one(Number::U16, ScaleBy::Register { fixed, address: 101 }, Meaning::Measure, vec![]);
    assert_eq!(
        number(
            &decode(&[(std::slice::from_ref(&scaled), image(100, "1386 FFFE"))], false),
            "ac_power_w"
        ),
        Some(49.98)
    );
    assert!(
        decode(&[(std::slice::from_ref(&scaled), image(100, "1386 8000"))], false)
            .samples
            .is_empty()
    );
    assert_eq!(
        decode(&[(std::slice::from_ref(&scaled), image(100, "1386"))], false).rejected,
        ["no_scale_factor"]
    );
    assert_eq!(
        decode(&[(std::slice::from_ref(&scaled), image(100, "1386 0063"))], false).rejected,
        ["bad_scale_factor"]
    );
    let table = [(2u8, "2003".to_owned())].into_iter().collect();
    let faults = one(Number::U16, PLAIN, Meaning::FaultBits(table), vec![]);
    let decoded = decode(&[(std::slice::from_ref(&faults), image(100, "0014"))], false);
    let Value::Codes(codes) = &decoded.samples[0].value else { panic!("codes") };
    assert_eq!(codes.iter().map(|c| &**c).collect::<Vec<_>>(), ["2003", "alarm-1-bit-4"]);
}

#[test]
fn a_text_ends_at_its_first_nul_and_control_characters_are_refused() {
    let text = one(Number::String(4), PLAIN, Meaning::Text, vec![]);
    let decoded =
        decode(&[(std::slice::from_ref(&text), image(100, "5355 4E00 FFFF 1234"))], false);
    assert_eq!(decoded.samples[0].value, Value::Text("SUN".into()));
    assert_eq!(
        decode(&[(std::slice::from_ref(&text), image(100, "0102 4E00 0000 0000"))], false).rejected,
        ["bad_text"]
    );
    assert!(
        decode(&[(std::slice::from_ref(&text), image(100, "FFFF FFFF FFFF FFFF"))], false)
            .samples
            .is_empty()
    );
}

/// A model with one point of each SunSpec type, each in four registers but the longest.
fn sunspec_types() -> Vec<RegisterPoint> {
    let kinds = [
        "int16",
        "uint16",
        "acc16",
        "enum16",
        "sunssf",
        "count",
        "bitfield16",
        "int32",
        "uint32",
        "acc32",
        "enum32",
        "bitfield32",
        "float32",
        "ipaddr",
        "int64",
        "uint64",
        "acc64",
        "bitfield64",
        "float64",
        "eui48",
        "ipv6addr",
    ];
    let point = |(n, kind): (usize, &&str)| {
        let (offset, id) = (10 + 4 * n, kind.to_uppercase());
        format!(
            "[[point]]\nid = \"{id}\"\noffset = {offset}\ntype = \"{kind}\"\npoint = \"vendor_{kind}\"\n"
        )
    };
    let points: String = kinds.iter().enumerate().map(point).collect();
    let head = "model = 64999\nname = \"all\"\nlabel = \"all\"\nsource = \"x\"\n";
    let model = compile_model("model_64999.toml", &format!("{head}{points}")).expect("fits");
    model.points
}

/// What one SunSpec type makes of some words: the value as text, or why there is none.
fn meant(kind: &str, words: &str) -> String {
    let points = sunspec_types();
    let point = points.iter().find(|p| p.name.as_str() == format!("vendor_{kind}")).expect("kind");
    let decoded = decode(&[(std::slice::from_ref(point), image(point.address, words))], false);
    match (decoded.samples.first().map(|sample| &sample.value), decoded.refused.first()) {
        (None, None) => "none".to_owned(),
        (None, Some(refused)) => refused.reason.to_owned(),
        (Some(Value::Text(text)), _) => text.to_string(),
        (Some(value), _) => value.as_f64().expect("a number").to_string(),
    }
}

#[test]
fn every_sunspec_type_has_its_own_nothing() {
    // Type, the pattern that means "not implemented", the pattern beside it and what it is.
    let cases = [
        ("int16", "8000", "8001", "-32767"),
        ("uint16", "FFFF", "FFFE", "65534"),
        ("acc16", "0000", "FFFF", "65535"),
        ("enum16", "FFFF", "0000", "0"),
        ("sunssf", "8000", "FFFE", "-2"),
        ("count", "FFFF", "0000", "0"),
        ("bitfield16", "FFFF", "7FFF", "32767"),
        ("int32", "8000 0000", "8000 0001", "-2147483647"),
        ("uint32", "FFFF FFFF", "FFFF FFFE", "4294967294"),
        ("acc32", "0000 0000", "FFFF FFFF", "4294967295"),
        ("enum32", "FFFF FFFF", "0000 0007", "7"),
        ("bitfield32", "FFFF FFFF", "7FFF FFFF", "2147483647"),
        ("float32", "7FC0 0000", "4364 B333", "228.7"),
        ("float32", "FFC0 0001", "0000 0000", "0"),
        ("float32", "7F80 0000", "BF80 0000", "-1"),
        ("int64", "8000 0000 0000 0000", "FFFF FFFF FFFF FFFF", "-1"),
        ("uint64", "FFFF FFFF FFFF FFFF", "0000 0001 0000 0000", "4294967296"),
        ("acc64", "0000 0000 0000 0000", "0000 0000 0001 0000", "65536"),
        ("bitfield64", "FFFF FFFF FFFF FFFF", "0000 0000 0000 0003", "3"),
        ("float64", "7FF8 0000 0000 0000", "4059 0000 0000 0000", "100"),
        ("ipaddr", "0000 0000", "C0A8 0A0B", "192.168.10.11"),
        ("eui48", "FFFF FFFF FFFF FFFF", "0000 0050 C2AB CDEF", "00:50:c2:ab:cd:ef"),
        ("eui48", "0000 FFFF FFFF FFFF", "0000 FFFF FFFF FFFE", "ff:ff:ff:ff:ff:fe"),
        (
            "ipv6addr",
            "0000 0000 0000 0000 0000 0000 0000 0000",
            "FE80 0000 0000 0000 0250 C2FF FEAB CDEF",
            "fe80::250:c2ff:feab:cdef",
        ),
    ];
    for (kind, nothing, words, value) in cases {
        assert_eq!(meant(kind, nothing), "none", "{kind}");
        assert_eq!(meant(kind, words), value, "{kind}");
    }
    // Document 12041: the highest bit of a bit field makes the others void, and an accumulator of
    // 64 bits ends at 2^63.
    assert_eq!(meant("bitfield16", "8001"), "void_bit_field");
    assert_eq!(meant("bitfield32", "8000 0001"), "void_bit_field");
    assert_eq!(meant("bitfield64", "8000 0000 0000 0000"), "void_bit_field");
    assert_eq!(meant("acc64", "8000 0000 0000 0000"), "out_of_range");
}

#[test]
fn a_word_that_nobody_knows_is_refused_with_its_number() {
    let states = Meaning::Enumeration([(1, 1)].into_iter().collect());
    let mut point = one(Number::U16, PLAIN, states, vec![0xFFFF]);
    point.name = PointName::parse("state").expect("name");
    let decoded = decode(&[(std::slice::from_ref(&point), image(100, "002A"))], false);
    let expected = Refused { point: point.name, reason: "unknown_word", words: vec![42] };
    assert_eq!((decoded.refused, decoded.rejected), (vec![expected], vec!["unknown_word"]));
}

proptest! {
    /// Whatever stands in the registers: no panic, and never a value that is not finite.
    #[test]
    fn any_registers_decode_to_finite_values(words in proptest::collection::vec(any::<u16>(), 1..125), start in 30_000u16..33_000) {
        let image = RegisterImage::new(Function::Holding, start, words);
        for profile in ["huawei-sun2000", "goodwe-dt", "eastron-sdm630"] {
            let decoded = decode(&[(&*points(profile), image.clone())], false);
            for sample in decoded.samples {
                prop_assert!(sample.value.as_f64().is_none_or(f64::is_finite));
            }
        }
    }

    #[test]
    fn the_shortest_decimal_is_the_same_float(bits in any::<u32>()) {
        let value = f32::from_bits(bits);
        prop_assume!(value.is_finite());
        if let Some(decimal) = shortest(value) {
            #[allow(clippy::cast_possible_truncation)]
            let back = decimal.to_f64() as f32;
            prop_assert_eq!(back, value);
        }
    }
}
