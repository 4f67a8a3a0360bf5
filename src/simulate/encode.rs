//! One point to its words: the inverse of what a gateway does with an answer.

use crate::model::{Decimal, standard_point};
use crate::profile::{Meaning, Number, RegisterPoint, ScaleBy, WordOrder};

use super::values::{SimValue, Values};

/// The words of a point. `exponent` is the power of ten in its scale-factor register, if it has
/// one.
///
/// A value that the device does not have becomes its not-available pattern; one that does not fit
/// becomes the nearest that does.
pub(super) fn words_of(point: &RegisterPoint, values: &Values, exponent: i8) -> Vec<u16> {
    let count = point.number.words();
    let value = values.get(point.name.as_str());
    if let Number::String(_) | Number::Address(_) = point.number {
        return match value {
            Some(SimValue::Text(text)) if matches!(point.number, Number::String(_)) => {
                string_words(text, usize::from(count))
            }
            _ => vec![0; usize::from(count)],
        };
    }
    let bits = value.and_then(|value| bits_of(point, value, exponent));
    let bits = bits.unwrap_or_else(|| absent(point));
    number_words(bits, count, point.order)
}

/// What the device sends for a point that it does not have.
fn absent(point: &RegisterPoint) -> u64 {
    match (point.not_available.first(), point.number) {
        (Some(pattern), _) => *pattern,
        (None, Number::F32) => u64::from(f32::NAN.to_bits()),
        (None, Number::F64) => f64::NAN.to_bits(),
        (None, _) => 0,
    }
}

fn bits_of(point: &RegisterPoint, value: &SimValue, exponent: i8) -> Option<u64> {
    match (&point.meaning, value) {
        (Meaning::Measure, SimValue::Number(number)) => Some(measure(point, *number, exponent)),
        (Meaning::Enumeration(codes), SimValue::Word(word)) => {
            let code = vendor_code(point, codes, word)?;
            Some(integer_bits(point, i128::from(code)))
        }
        (Meaning::FaultBits(bits), SimValue::Codes(active)) => {
            let set = bits.iter().filter(|(_, code)| active.contains(code));
            Some(set.fold(0, |word, (bit, _)| word | 1u64 << bit))
        }
        (Meaning::FaultNumber { codes }, SimValue::Codes(active)) => {
            let number =
                codes.iter().find(|(_, code)| active.contains(code)).map_or(0, |(n, _)| *n);
            Some(integer_bits(point, i128::from(number)))
        }
        _ => None,
    }
}

/// Words that mean nearly the same, for devices whose own list is shorter.
const NEARLY: [(&str, &[&str]); 5] = [
    ("sleeping", &["standby", "off", "starting"]),
    ("starting", &["standby", "sleeping", "off"]),
    ("throttled", &["mppt"]),
    ("standby", &["sleeping", "off", "starting"]),
    ("off", &["sleeping", "standby"]),
];

fn vendor_code(
    point: &RegisterPoint,
    codes: &std::collections::BTreeMap<i64, i64>,
    word: &str,
) -> Option<i64> {
    let words = standard_point(point.name.as_str())?.words?;
    let nearly = NEARLY.iter().find(|(of, _)| *of == word).map_or(&[][..], |(_, list)| list);
    std::iter::once(&word).chain(nearly).find_map(|candidate| {
        let code = words.by_id(candidate)?.code;
        codes.iter().find(|(_, standard)| **standard == code).map(|(vendor, _)| *vendor)
    })
}

#[allow(clippy::cast_possible_truncation)]
fn measure(point: &RegisterPoint, value: f64, exponent: i8) -> u64 {
    let raw = value / unit_of(&point.scale, exponent);
    match point.number {
        Number::F32 => u64::from((raw as f32).to_bits()),
        Number::F64 => raw.to_bits(),
        _ => integer_bits(point, raw.round() as i128),
    }
}

/// What one step of the register is worth.
pub(super) fn unit_of(scale: &ScaleBy, exponent: i8) -> f64 {
    match scale {
        ScaleBy::Fixed(fixed) => fixed.to_f64(),
        ScaleBy::Register { fixed, .. } => {
            fixed.to_f64() * Decimal { mantissa: 1, exponent }.to_f64()
        }
    }
}

/// Smallest and greatest integer of the type.
pub(super) const fn range(number: Number) -> (i128, i128) {
    match number {
        Number::U16 => (0, u16::MAX as i128),
        Number::I16 => (i16::MIN as i128, i16::MAX as i128),
        Number::U32 => (0, u32::MAX as i128),
        Number::I32 => (i32::MIN as i128, i32::MAX as i128),
        Number::U64 => (0, u64::MAX as i128),
        // The highest bit would make the others void.
        Number::Bits(words) => (0, (1_i128 << (16 * words as u32 - 1)) - 1),
        Number::Acc64 => (0, i64::MAX as i128),
        Number::I64 | Number::F32 | Number::F64 | Number::String(_) | Number::Address(_) => {
            (i64::MIN as i128, i64::MAX as i128)
        }
    }
}

fn integer_bits(point: &RegisterPoint, raw: i128) -> u64 {
    let (least, most) = range(point.number);
    let mut raw = raw.clamp(least, most);
    // A value at the end of the range must not read as "no value": one step towards zero. Zero
    // itself stays, as it does on devices where an unused counter is zero.
    for _ in 0..4 {
        if raw != 0 && point.not_available.contains(&masked(raw, point.number)) {
            raw -= raw.signum();
        }
    }
    masked(raw, point.number)
}

/// Two's complement in the width of the type.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn masked(raw: i128, number: Number) -> u64 {
    let bits = raw as u64;
    match number.words() {
        1 => bits & 0xFFFF,
        2 => bits & 0xFFFF_FFFF,
        _ => bits,
    }
}

#[allow(clippy::cast_possible_truncation)]
fn number_words(bits: u64, count: u16, order: WordOrder) -> Vec<u16> {
    let low_first = (0..count).map(|i| (bits >> (16 * u32::from(i))) as u16);
    match order {
        WordOrder::LowFirst => low_first.collect(),
        WordOrder::HighFirst => low_first.rev().collect(),
    }
}

fn string_words(text: &str, words: usize) -> Vec<u16> {
    let mut bytes = text.bytes().chain(std::iter::repeat(0));
    let mut pair = || (bytes.next().unwrap_or(0), bytes.next().unwrap_or(0));
    (0..words).map(|_| pair()).map(|(high, low)| u16::from_be_bytes([high, low])).collect()
}
