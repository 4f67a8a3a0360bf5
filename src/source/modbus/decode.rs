//! Registers into values. Pure: the words that were read in, samples out.

use std::collections::{BTreeSet, HashSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, LazyLock};

use crate::model::{Decimal, PointName, Quality, Sample, Value};
use crate::profile::{AddressKind, Function, Meaning, Number, RegisterPoint, ScaleBy};

/// The name under which all fault points of a device are put together.
pub(super) const FAULT: &str = "fault";
static FAULT_NAME: LazyLock<Option<PointName>> = LazyLock::new(|| PointName::parse(FAULT).ok());
/// Why a bit field with its highest bit set is refused.
const VOID: &str = "void_bit_field";
/// SunSpec's scale factors run from −10 to 10; others mean a misread register.
const SCALE_FACTOR_MAX: i16 = 10;
/// SunSpec's "not implemented" for a scale factor.
const NO_SCALE_FACTOR: i16 = i16::MIN;

/// What one read gave. Nothing is ever filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterImage {
    function: Function,
    start: u16,
    words: Vec<u16>,
}

impl RegisterImage {
    /// The words from register `start` on.
    #[must_use]
    pub const fn new(function: Function, start: u16, words: Vec<u16>) -> Self {
        Self { function, start, words }
    }

    /// How it was read.
    #[must_use]
    pub const fn function(&self) -> Function {
        self.function
    }

    /// First register.
    #[must_use]
    pub const fn start(&self) -> u16 {
        self.start
    }

    /// The registers, as they came.
    #[must_use]
    pub fn all(&self) -> &[u16] {
        &self.words
    }

    /// Whether it shows the same registers as another one.
    pub(super) fn same_place(&self, other: &Self) -> bool {
        (self.function, self.start, self.words.len())
            == (other.function, other.start, other.words.len())
    }

    /// `count` words from `address` on, if the read holds them all.
    pub(super) fn words(&self, address: u16, count: u16) -> Option<&[u16]> {
        let from = usize::from(address.checked_sub(self.start)?);
        self.words.get(from..from + usize::from(count))
    }
}

/// What came out of an image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decoded {
    /// The values that the device really gave.
    pub samples: Vec<Sample>,
    /// Why values were refused, by reason; "not available" is no reason.
    pub rejected: Vec<&'static str>,
    /// The same refusals with what stood in the registers, for people.
    pub refused: Vec<Refused>,
}

/// A value that was read and is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which point.
    pub point: PointName,
    /// Why, as it is counted.
    pub reason: &'static str,
    /// Its words as they came; none where the read did not hold them.
    pub words: Vec<u16>,
}

impl Decoded {
    fn refuse(&mut self, point: &RegisterPoint, reason: &'static str, words: &[u16]) {
        self.rejected.push(reason);
        self.refused.push(Refused { point: point.name.clone(), reason, words: words.to_vec() });
    }
}

/// The scale factor that goes with a value.
enum Factor {
    Is(u16),
    /// It is in no read of this cycle.
    Unread,
    /// It lies too far from the value for one read, and it changed while the two were read.
    Changed,
}

/// The same read holds it, unless the two lie too far apart for one: then all reads that hold it
/// must agree.
fn factor<'a>(
    image: &RegisterImage,
    others: impl Iterator<Item = &'a RegisterImage>,
    address: u16,
) -> Factor {
    if let Some([word]) = image.words(address, 1) {
        return Factor::Is(*word);
    }
    let others = others.filter(|other| other.function == image.function);
    let mut found = others.filter_map(|other| other.words(address, 1)?.first().copied());
    match found.next() {
        None => Factor::Unread,
        Some(word) if found.all(|again| again == word) => Factor::Is(word),
        Some(_) => Factor::Changed,
    }
}

/// Decodes the points of each read. Points whose registers are not there give nothing. The fault
/// points of all reads become one set, which is left out when some of them could not be read
/// (`faults_missed`): half a set would end alerts that go on.
#[must_use]
pub fn decode(reads: &[(&[RegisterPoint], RegisterImage)], mut faults_missed: bool) -> Decoded {
    let mut out = Decoded::default();
    let mut faults: Option<BTreeSet<Arc<str>>> = None;
    let most = reads.iter().map(|(points, _)| points.len()).sum();
    out.samples.reserve_exact(most);
    // Of points that are told twice the first one counts.
    let mut told: HashSet<&str> = HashSet::with_capacity(most);
    for (points, image) in reads {
        for point in *points {
            let Some(words) = image.words(point.address, point.number.words()) else {
                faults_missed |= point.name.as_str() == FAULT;
                out.refuse(point, "not_in_read", &[]);
                continue;
            };
            let others = || reads.iter().map(|(_, other)| other);
            match value_of(point, words, |address| factor(image, others(), address)) {
                Ok(Some(Value::Codes(codes))) if point.name.as_str() == FAULT => {
                    faults.get_or_insert_default().extend(codes.iter().cloned());
                }
                Ok(Some(value)) if told.insert(point.name.as_str()) => {
                    out.samples.push(good(point.name.clone(), value));
                }
                Ok(_) => {}
                Err(reason) => {
                    // A void field says that it holds no faults; of others nobody knows.
                    faults_missed |= point.name.as_str() == FAULT && reason != VOID;
                    out.refuse(point, reason, words);
                }
            }
        }
    }
    if let (Some(codes), Some(name), false) = (faults, &*FAULT_NAME, faults_missed)
        && told.insert(FAULT)
    {
        out.samples.push(good(name.clone(), Value::Codes(codes.into_iter().collect())));
    }
    out
}

/// One point of an image by itself, `None` where the device says that it has no value. `others`
/// may hold its scale factor.
///
/// # Errors
/// Why the value is refused.
pub(super) fn decode_one(
    point: &RegisterPoint,
    image: &RegisterImage,
    others: &[&RegisterImage],
) -> Result<Option<Value>, &'static str> {
    let Some(words) = image.words(point.address, point.number.words()) else {
        return Err("not_in_read");
    };
    value_of(point, words, |address| factor(image, others.iter().copied(), address))
}

const fn good(point: PointName, value: Value) -> Sample {
    Sample { point, value, quality: Quality::Good }
}

/// The value, `None` where the device says that it has none.
fn value_of(
    point: &RegisterPoint,
    words: &[u16],
    factor: impl Fn(u16) -> Factor,
) -> Result<Option<Value>, &'static str> {
    if let Some(when) = &point.none_while {
        // Without that register nobody knows whether the value counts.
        let Factor::Is(word) = factor(when.address) else { return Err("no_condition") };
        if when.words.contains(&word) {
            return Ok(nothing(&point.meaning));
        }
    }
    match point.number {
        Number::String(_) => {
            return text(words).map(|text| text.map(|text| Value::Text(Arc::from(text))));
        }
        Number::Address(kind) => {
            return Ok(address(kind, words).map(|text| Value::Text(Arc::from(text))));
        }
        _ => {}
    }
    let bits = point.order.join(words);
    if point.not_available.contains(&bits) {
        return Ok(None);
    }
    if let (Number::Bits(_), Some(0x8000..)) = (point.number, words.first()) {
        return Err(VOID);
    }
    if point.number == Number::Acc64 && i64::try_from(bits).is_err() {
        return Err("out_of_range");
    }
    if let Number::F32 | Number::F64 = point.number {
        return Ok(float(point, bits));
    }
    let raw = integer(point.number, bits);
    match &point.meaning {
        Meaning::FaultBits(table) => Ok(Some(Value::Codes(fault_bits(point, bits, table)))),
        Meaning::FaultNumber { codes } => {
            let named =
                || codes.get(&raw).map_or_else(|| code(point, "code", raw), |c| c.as_str().into());
            Ok(Some(Value::Codes((raw != 0).then(named).into_iter().collect())))
        }
        Meaning::Enumeration(table) => match table.get(&raw) {
            Some(code) => Ok(Some(Value::Decimal(Decimal::whole(*code)))),
            None => Err("unknown_word"),
        },
        Meaning::Measure | Meaning::Text => measure(point, bits, raw, factor),
    }
}

/// A point that does not count now: no value, or an empty set of faults, which ends their alerts.
fn nothing(meaning: &Meaning) -> Option<Value> {
    match meaning {
        Meaning::FaultBits(_) | Meaning::FaultNumber { .. } => Some(Value::Codes(Arc::default())),
        _ => None,
    }
}

/// The signed or unsigned number of a bit pattern; u64 beyond i64 is dealt with by [`measure`].
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
const fn integer(number: Number, bits: u64) -> i64 {
    match number {
        Number::I16 => bits as i16 as i64,
        Number::I32 => bits as i32 as i64,
        _ => bits as i64,
    }
}

fn measure(
    point: &RegisterPoint,
    bits: u64,
    raw: i64,
    factor: impl Fn(u16) -> Factor,
) -> Result<Option<Value>, &'static str> {
    let (fixed, power) = match point.scale {
        ScaleBy::Fixed(fixed) => (fixed, 0),
        ScaleBy::Register { fixed, address } => {
            // Never the factor of an earlier cycle: without it there is no value.
            let word = match factor(address) {
                Factor::Is(word) => word,
                Factor::Unread => return Err("no_scale_factor"),
                Factor::Changed => return Err("scale_factor_changed"),
            };
            #[allow(clippy::cast_possible_wrap)]
            let power = word as i16;
            if power == NO_SCALE_FACTOR {
                // The standard wants a factor where there is a value: without one, the size of the
                // number is anybody's guess.
                return Ok(None);
            }
            if power.abs() > SCALE_FACTOR_MAX {
                return Err("bad_scale_factor");
            }
            (fixed, i8::try_from(power).map_err(|_| "bad_scale_factor")?)
        }
    };
    let exponent = fixed.exponent.checked_add(power).ok_or("bad_scale_factor")?;
    let too_big = point.number == Number::U64 && i64::try_from(bits).is_err();
    match raw.checked_mul(fixed.mantissa).filter(|_| !too_big) {
        Some(mantissa) => Ok(Some(Value::Decimal(Decimal { mantissa, exponent }))),
        None => {
            #[allow(clippy::cast_precision_loss)]
            let whole = if point.number == Number::U64 { bits as f64 } else { raw as f64 };
            #[allow(clippy::cast_precision_loss)]
            let value = whole * fixed.to_f64() * 10f64.powi(i32::from(power));
            Ok(Some(Value::Float(value)))
        }
    }
}

/// A float point. Every NaN and infinity is "not available".
///
/// 32-bit floats become the shortest decimal that means the same float, so that 228.7 V is 228.7
/// and not 228.69999694824219.
fn float(point: &RegisterPoint, bits: u64) -> Option<Value> {
    let ScaleBy::Fixed(scale) = point.scale else { return None };
    if point.number == Number::F64 {
        let value = f64::from_bits(bits) * scale.to_f64();
        return value.is_finite().then_some(Value::Float(value));
    }
    #[allow(clippy::cast_possible_truncation)]
    let value = f32::from_bits(bits as u32);
    if !value.is_finite() {
        return None;
    }
    let exact = shortest(value).and_then(|decimal| {
        let mantissa = decimal.mantissa.checked_mul(scale.mantissa)?;
        Some(Decimal { mantissa, exponent: decimal.exponent.checked_add(scale.exponent)? })
    });
    Some(exact.map_or_else(|| Value::Float(f64::from(value) * scale.to_f64()), Value::Decimal))
}

/// The shortest decimal that reads back as the same 32-bit float.
fn shortest(value: f32) -> Option<Decimal> {
    let written = format!("{value:e}");
    let (digits, power) = written.split_once('e')?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa = format!("{whole}{fraction}").parse().ok()?;
    let places = i8::try_from(fraction.len()).ok()?;
    Some(Decimal { mantissa, exponent: power.parse::<i8>().ok()?.checked_sub(places)? })
}

/// Text up to the first NUL; what follows is garbage on some devices. 0xFF is filler.
fn text(words: &[u16]) -> Result<Option<String>, &'static str> {
    let bytes = words.iter().flat_map(|word| word.to_be_bytes());
    let head: Vec<u8> = bytes.take_while(|byte| !matches!(byte, 0 | 0xFF)).collect();
    let text = String::from_utf8(head).map_err(|_| "bad_text")?;
    if text.chars().any(char::is_control) {
        return Err("bad_text");
    }
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// An address as people write it; `None` where none is set.
fn address(kind: AddressKind, words: &[u16]) -> Option<String> {
    let set = words.iter().any(|word| *word != 0);
    match (kind, words) {
        (AddressKind::Ip4, [high, low]) if set => {
            let bits = (u32::from(*high) << 16) | u32::from(*low);
            Some(Ipv4Addr::from_bits(bits).to_string())
        }
        (AddressKind::Ip6, words) if set => {
            let words: [u16; 8] = words.try_into().ok()?;
            Some(Ipv6Addr::from(words).to_string())
        }
        (AddressKind::Mac, [_, tail @ ..]) => {
            let bytes: Vec<u8> = tail.iter().flat_map(|word| word.to_be_bytes()).collect();
            let none = bytes.iter().all(|byte| *byte == 0xFF) || !set;
            let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            (!none).then(|| pairs.join(":"))
        }
        _ => None,
    }
}

/// A name for what no source explains, so that nothing a device reports is hidden.
fn code(point: &RegisterPoint, what: &str, number: i64) -> Arc<str> {
    let vendor = if point.vendor.is_empty() { point.name.as_str() } else { &point.vendor };
    let vendor: String = vendor
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    Arc::from(format!("{vendor}-{what}-{number}"))
}

fn fault_bits(
    point: &RegisterPoint,
    bits: u64,
    table: &std::collections::BTreeMap<u8, String>,
) -> Arc<[Arc<str>]> {
    (0..64u8)
        .filter(|bit| bits >> bit & 1 == 1)
        .map(|bit| match table.get(&bit) {
            Some(known) => Arc::from(known.as_str()),
            None => code(point, "bit", i64::from(bit)),
        })
        .collect()
}

#[cfg(test)]
mod tests;
