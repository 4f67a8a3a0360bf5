//! The numbers and texts that can be seen in registers, and how likely each looks by itself.

use crate::profile::{Number, WordOrder};

use super::{Form, Snapshots};

/// Words that mean "no value" in one register.
const MISSING_16: [u16; 3] = [0xFFFF, 0x7FFF, 0x8000];
/// The same in two registers.
const MISSING_32: [u64; 5] = [0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0x7FC0_0000, 0xFFC0_0000];
/// Most registers of one text.
const TEXT_WORDS_MAX: u16 = 20;
/// Fewest registers of one text, and letters or digits in it.
const TEXT_WORDS_MIN: u16 = 3;
const TEXT_LETTERS_MIN: usize = 5;
/// Floats of real quantities.
const SANE: (f64, f64) = (1e-3, 1e9);

/// What a device looks like as a whole, under one order of words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    pub(super) order: WordOrder,
    /// It keeps its values as 32-bit floats, from even (0) or odd (1) registers on.
    pub(super) floats: Option<u16>,
}

pub(super) const fn form(number: Number, order: WordOrder) -> Form {
    Form { number, order }
}

/// A number as it is in the registers, the last time or at one time.
pub(super) fn raw(snapshots: &Snapshots, start: u16, form: Form) -> Option<f64> {
    let words = snapshots.last(start, form.number.words())?;
    Some(form.number.float(form.order.join(&words))).filter(|value| value.is_finite())
}

/// The same at all times.
pub(super) fn history(snapshots: &Snapshots, start: u16, form: Form) -> Vec<f64> {
    let count = form.number.words();
    let times = 0..snapshots.times(start);
    let words = times.filter_map(|time| snapshots.at(start, count, time));
    words.map(|words| form.number.float(form.order.join(&words))).collect()
}

/// Looks whether a device keeps floats: many pairs are sane in this order and absurd in the other.
pub(super) fn habit(snapshots: &Snapshots, order: WordOrder) -> Habit {
    let votes = |parity: u16| {
        let pairs = snapshots.addresses().filter(|a| a % 2 == parity);
        let pairs: Vec<_> = pairs.filter_map(|a| snapshots.last(a, 2)).collect();
        let full: Vec<_> = pairs.iter().filter(|pair| pair.iter().any(|w| *w != 0)).collect();
        // A small integer beside a zero is a float by accident, and a large one.
        let telling = |pair: &&&Vec<u16>| {
            let value = Number::F32.float(order.join(pair)).abs();
            is_float(pair, order) && (value < 1e4 || order.join(pair) & 0xFFFF != 0)
        };
        let floats = full.iter().filter(telling).count();
        let missing = full.iter().filter(|pair| MISSING_32.contains(&order.join(pair))).count();
        (floats, full.len() - missing)
    };
    let floats = (0..2).map(|parity| (votes(parity), parity)).max();
    let floats = floats.filter(|((floats, all), _)| *floats >= 3 && 5 * floats >= 3 * *all);
    Habit { order, floats: floats.map(|(_, parity)| parity) }
}

/// Sane as a float in this order, and not in the other.
fn is_float(pair: &[u16], order: WordOrder) -> bool {
    let other = match order {
        WordOrder::HighFirst => WordOrder::LowFirst,
        WordOrder::LowFirst => WordOrder::HighFirst,
    };
    let sane = |order: WordOrder| {
        let value = Number::F32.float(order.join(pair)).abs();
        (SANE.0..=SANE.1).contains(&value)
    };
    sane(order) && !sane(other)
}

/// How likely a form looks at a place by its words alone; `None` where it cannot be.
pub(super) fn looks(snapshots: &Snapshots, start: u16, form: Form, habit: Habit) -> Option<f64> {
    let words = snapshots.last(start, form.number.words())?;
    let bits = form.order.join(&words);
    let (floats, aligned) = match habit.floats {
        Some(parity) => (true, start % 2 == parity),
        None => (false, true),
    };
    match form.number {
        Number::U16 => Some(if floats && bits != 0 { -1.0 } else { 0.0 }),
        Number::I16 => {
            let value = Number::I16.float(bits);
            (value < 0.0 && value > -10_000.0).then_some(0.4)
        }
        Number::U32 => {
            let (high, low) = (bits >> 16, bits & 0xFFFF);
            let score = match high {
                0 if low == 0 => -0.2,
                0 => 0.2,
                1..=0x1F => 0.4,
                0x20..=0x3FF => -0.1,
                0x400..=0x0FFF => -0.5,
                _ => return None,
            };
            Some(score - if floats { 1.5 } else { 0.0 })
        }
        Number::I32 => {
            let small = bits >> 16 == 0xFFFF && bits & 0x8000 != 0;
            (small && bits != 0xFFFF_FFFF).then_some(1.2)
        }
        Number::F32 if bits == 0 => (floats && aligned).then_some(0.3),
        Number::F32 => match (is_float(&words, form.order), floats && aligned) {
            (true, true) => Some(4.0),
            (true, false) => Some(0.5),
            // Two orders that are both sane prove little.
            (false, true) => sane(form, bits).then_some(1.0),
            (false, false) => None,
        },
        Number::U64 => {
            let high = bits >> 32;
            let low = bits & 0xFFFF_FFFF;
            (high == 0 && low > 0xFFFF).then_some(if floats { 0.6 } else { 0.3 })
        }
        Number::F64 => {
            let value = form.number.float(bits).abs();
            ((SANE.0..=SANE.1).contains(&value) && words.iter().all(|w| *w != 0) && !floats)
                .then_some(1.0)
        }
        // Others are never tried.
        _ => None,
    }
}

fn sane(form: Form, bits: u64) -> bool {
    let value = form.number.float(bits).abs();
    (SANE.0..=SANE.1).contains(&value)
}

/// Whether the words are a pattern that means "no value", and how much speaks for it.
pub(super) fn missing(snapshots: &Snapshots, start: u16, form: Form) -> Option<f64> {
    let words = snapshots.last(start, form.number.words())?;
    match words.as_slice() {
        [word] => MISSING_16.contains(word).then_some(0.3),
        [_, _] => {
            let bits = form.order.join(&words);
            let known = MISSING_32.contains(&bits);
            // All ones in two registers may be two of one.
            known.then_some(if bits == 0xFFFF_FFFF { 0.4 } else { 1.5 })
        }
        _ => None,
    }
}

/// The longest text that begins at a register: its registers and what it says.
pub(super) fn words(snapshots: &Snapshots, start: u16) -> Option<(u16, String)> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut count = 0;
    while count < TEXT_WORDS_MAX {
        let Some(word) = start.checked_add(count).and_then(|a| snapshots.word(a)) else { break };
        let pair = word.to_be_bytes();
        let printable = |b: u8| b.is_ascii_graphic() || b == b' ';
        match pair {
            [first, second] if printable(first) && printable(second) => bytes.extend(pair),
            // The last register of an odd number of letters.
            [first, 0] if printable(first) && count > 0 => {
                bytes.push(first);
                count += 1;
                break;
            }
            _ => break,
        }
        count += 1;
    }
    // What fills a text up belongs to it.
    let letters = bytes.iter().filter(|b| b.is_ascii_alphanumeric()).count();
    let most = 4 * letters >= 3 * bytes.len();
    let enough = count >= TEXT_WORDS_MIN && letters >= TEXT_LETTERS_MIN && most;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    enough.then_some((count, text))
}
