//! Registers of real devices, and registers that lie.

use proptest::prelude::*;

use super::*;
use crate::profile::{Catalog, NoneWhile, Protocol, WordOrder};

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
