//! Making sense of a device that no profile knows: its registers are read some times, and every
//! way to see a number in them is weighed.
//!
//! What a number means shows in its company: three neighbours near 230 are phase voltages, a value
//! near 50.00 is the frequency, three numbers whose product with the voltages is a power are
//! currents. The judgement is made of such evidence only, and says so; it is a draft for a person
//! with the device's display before them, never a profile by itself.

mod claims;
mod draft;
mod forms;
mod reading;
mod tile;

use crate::model::{Text, text};
use crate::profile::{Function, Number, WordOrder};

pub use draft::{DraftHead, draft_profile};
pub use reading::{
    DetectPlan, PAUSE_S_DEFAULT, PER_READ_DEFAULT, REGISTERS_DEFAULT, REGISTERS_MAX, Reading,
    TIMES_DEFAULT, read_registers,
};
pub use tile::guess;

/// Registers as they were read some times: by address, the word of each time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshots {
    words: std::collections::BTreeMap<u16, Vec<u16>>,
}

impl Snapshots {
    /// Whether every register is zero: what a device says of registers that it does not have, or at
    /// night.
    #[must_use]
    pub fn all_zero(&self) -> bool {
        self.words.values().flatten().all(|word| *word == 0)
    }

    /// Adds what one reading gave from `start` on.
    pub fn add(&mut self, start: u16, words: &[u16]) {
        for (address, word) in (start..=u16::MAX).zip(words) {
            self.words.entry(address).or_default().push(*word);
        }
    }

    /// Number of registers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn addresses(&self) -> impl Iterator<Item = u16> + '_ {
        self.words.keys().copied()
    }

    /// The last word at an address.
    fn word(&self, address: u16) -> Option<u16> {
        self.words.get(&address)?.last().copied()
    }

    /// `count` words from `address` on, as they were at one time.
    fn at(&self, address: u16, count: u16, time: usize) -> Option<Vec<u16>> {
        // Up to the last one: 65535 is a register, too.
        let last = address.checked_add(count.checked_sub(1)?)?;
        (address..=last).map(|a| self.words.get(&a)?.get(time).copied()).collect()
    }

    /// The last words from `address` on.
    fn last(&self, address: u16, count: u16) -> Option<Vec<u16>> {
        let last = address.checked_add(count.checked_sub(1)?)?;
        (address..=last).map(|a| self.word(a)).collect()
    }

    fn times(&self, address: u16) -> usize {
        self.words.get(&address).map_or(0, Vec::len)
    }
}

/// What a number may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// Nothing is known of it.
    Unknown,
    /// A pattern that means "no value".
    Missing,
    /// Grid frequency, Hz.
    Frequency,
    /// Voltage of a phase, V.
    PhaseVoltage,
    /// Voltage between phases, V.
    LineVoltage,
    /// Voltage of a string or of the DC side, V.
    DcVoltage,
    /// Current of a phase, A.
    Current,
    /// Current of a string or of the DC side, A.
    DcCurrent,
    /// Power of the phases: active, W, or apparent, VA, which are near each other.
    Power,
    /// DC power, W.
    DcPower,
    /// Something that only grows.
    Counter,
    /// A temperature, °C.
    Temperature,
    /// Power factor.
    PowerFactor,
    /// A text.
    Words,
}

impl What {
    /// For people.
    #[must_use]
    pub fn text(self) -> Text {
        let (zh, en) = match self {
            Self::Unknown => ("未知", "unknown"),
            Self::Missing => ("无效值", "not available"),
            Self::Frequency => ("频率 Hz", "frequency, Hz"),
            Self::PhaseVoltage => ("相电压 V", "phase voltage, V"),
            Self::LineVoltage => ("线电压 V", "line voltage, V"),
            Self::DcVoltage => ("直流电压 V", "DC voltage, V"),
            Self::Current => ("电流 A", "current, A"),
            Self::DcCurrent => ("直流电流 A", "DC current, A"),
            Self::Power => ("功率（有功 W 或视在 VA）", "power, active W or apparent VA"),
            Self::DcPower => ("直流功率 W", "DC power, W"),
            Self::Counter => ("累计值", "counter"),
            Self::Temperature => ("温度 °C", "temperature, °C"),
            Self::PowerFactor => ("功率因数", "power factor"),
            Self::Words => ("文本", "text"),
        };
        Text::new(zh, en)
    }

    /// Units in which a person may know it, with the factor to ours.
    const fn units(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Frequency => &[("hz", 1.0)],
            Self::PhaseVoltage | Self::LineVoltage | Self::DcVoltage => &[("v", 1.0), ("kv", 1e3)],
            Self::Current | Self::DcCurrent => &[("a", 1.0), ("ma", 1e-3)],
            Self::Power | Self::DcPower => &[("w", 1.0), ("kw", 1e3), ("mw", 1e6)],
            Self::Counter => &[("wh", 1.0), ("kwh", 1e3), ("mwh", 1e6), ("h", 1.0)],
            Self::Temperature => &[("c", 1.0), ("°c", 1.0)],
            _ => &[],
        }
    }
}

/// How words become a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The type.
    pub number: Number,
    /// Order of the words.
    pub order: WordOrder,
}

/// One way to see a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// First register.
    pub start: u16,
    /// Type and order.
    pub form: Form,
    /// The number times ten to the power of this is the value.
    pub exponent: i8,
    /// What it may be.
    pub what: What,
    /// The value now; a text has none.
    pub value: Option<f64>,
    /// The text now.
    pub text: Option<String>,
    /// How much speaks for it.
    pub score: f64,
    /// Share among all ways to see this place, 0 to 1.
    pub share: f64,
    /// What speaks for it.
    pub why: Vec<Text>,
}

/// A place and the ways to see it, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// First register.
    pub start: u16,
    /// Its words, as they came last.
    pub words: Vec<u16>,
    /// The ways, best first; never empty.
    pub guesses: Vec<Guess>,
}

/// All places of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// The places in their order, without overlap.
    pub places: Vec<Place>,
    /// The order of words that fits better, and its share against the other.
    pub order: (WordOrder, f64),
}

/// A value that a person reads on the device.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The number as written.
    pub value: f64,
    /// Half of its last digit.
    pub tolerance: f64,
    /// Its unit in lower case; empty for a bare number.
    pub unit: String,
}

/// Not a number with a unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no known value: write it as on the display, such as \"230.1 V\"")]
pub struct KnownError(pub String);

impl KnownError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = format!("`{}` 不是数值：照设备屏幕写，如 \"230.1 V\"", self.0);
        Text::new(zh, self.to_string())
    }
}

impl Known {
    /// Reads `230.1 V`.
    ///
    /// # Errors
    /// [`KnownError`] with what was written.
    pub fn parse(written: &str) -> Result<Self, KnownError> {
        let bad = || KnownError(written.to_owned());
        let trimmed = written.trim();
        let end = trimmed.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')));
        let (number, unit) =
            trimmed.split_at_checked(end.unwrap_or(trimmed.len())).ok_or_else(bad)?;
        let value: f64 = number.parse().map_err(|_| bad())?;
        let digits = number.split_once('.').map_or(0, |(_, digits)| digits.len());
        let digits = i32::try_from(digits).unwrap_or(0).min(9);
        let tolerance = 0.51 * 10_f64.powi(-digits);
        Ok(Self { value, tolerance, unit: unit.trim().to_lowercase() })
    }

    /// What it says about a value of this meaning.
    fn matches(&self, what: What, value: f64) -> bool {
        let factor = match self.unit.as_str() {
            "" => Some(1.0),
            unit => what.units().iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor),
        };
        factor.is_some_and(|factor| (value / factor - self.value).abs() <= self.tolerance)
    }

    /// Whether some place, seen as is likeliest, holds it.
    #[must_use]
    pub fn is_in(&self, detected: &Detected) -> bool {
        let first = detected.places.iter().filter_map(|place| place.guesses.first());
        first.into_iter().any(|guess| guess.value.is_some_and(|v| self.matches(guess.what, v)))
    }

    fn note(&self) -> Text {
        let Self { value, unit, .. } = self;
        text!("与已知值 {value} {unit} 相符", "equals the known {value} {unit}")
    }
}

/// The word for a function in files.
#[must_use]
pub const fn function_word(function: Function) -> &'static str {
    match function {
        Function::Holding => "holding",
        Function::Input => "input",
    }
}
