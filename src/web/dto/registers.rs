//! How a device is read, and what stood in its registers, on the wire.

use serde::{Deserialize, Serialize};

use crate::model::{self, PointName, Timestamp, Value, standard_point};
use crate::profile::Function;
use crate::source::modbus::{
    Block, DeviceView, Fit, Found, Hole as Refused, PlannedRead, Register as Look, SunspecFound,
    WalkEnd,
};
use crate::web::words;

use super::Text;
use super::device::PointValue;

/// How a device is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The device.
    pub device: String,
    /// Name of its line.
    pub line: String,
    /// Its unit number.
    pub unit: u8,
    /// The reads of a cycle.
    pub reads: Vec<Read>,
    /// Registers that it refuses, as it was learned.
    pub holes: Vec<Hole>,
    /// Points that it refuses.
    pub absent: Vec<String>,
    /// The SunSpec models that were found.
    pub sunspec: Option<Sunspec>,
}

/// One read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// 3 or 4.
    pub function: u8,
    /// First register on the wire.
    pub start: u16,
    /// How many.
    pub count: u16,
    /// In every n-th cycle.
    pub every: u32,
    /// It was refused or failed, and is left out for a while.
    pub rests: bool,
    /// With which Modbus exception it was refused last.
    pub exception: Option<u8>,
    /// The points in it.
    pub points: Vec<String>,
}

/// Registers that a device refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// 3 or 4.
    pub function: u8,
    /// First register.
    pub first: u16,
    /// How many; 0 for a place that no read may cross.
    pub count: u16,
    /// The Modbus exception.
    pub exception: u8,
    /// What the code means.
    pub text: Text,
}

/// The models of a SunSpec device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sunspec {
    /// Where the map begins.
    pub base: u16,
    /// Why it ended: `end_model`, `zero_model`, `no_register`, `refused`, `out_of_space`,
    /// `too_many` or `too_slow`.
    pub end: String,
    /// All models were seen.
    pub whole: bool,
    /// The models in their order.
    pub models: Vec<Model>,
}

/// One SunSpec model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Its id.
    pub model: u16,
    /// Address of its id register.
    pub address: u16,
    /// Registers after id and length.
    pub length: u16,
    /// SunSpec's name, where it is known.
    pub name: Option<String>,
    /// `standard`, `short`, `long`, `unknown` or `vendor`.
    pub fit: String,
    /// Of which device of the map, from 1; 0 where it is not read.
    pub instance: u16,
    /// Points that are read from it.
    pub points: usize,
}

/// The registers of a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registers {
    /// When this was so.
    pub now_ms: i64,
    /// The device.
    pub device: String,
    /// Why it does not answer now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Text>,
    /// Its points, by function and address.
    pub registers: Vec<Register>,
}

/// One point and its registers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// Name of the point.
    pub name: String,
    /// The maker's own name of it.
    pub vendor: String,
    /// For people.
    pub label: Text,
    /// Its unit; empty where it has none.
    pub unit: String,
    /// 3 or 4.
    pub function: u8,
    /// First register on the wire.
    pub address: u16,
    /// How many registers.
    pub count: u16,
    /// The words as they came, hexadecimal; none where they were not read.
    pub words: Vec<String>,
    /// The value, null where there is none.
    pub value: PointValue,
    /// The word of an enumeration.
    pub text: Option<Text>,
    /// `good`, `stale`, `not_available`, `refused_by_device`, `refused_value` or `not_read`.
    pub quality: String,
    /// Why there is no value.
    pub reason: Option<Text>,
    /// When it was read.
    pub read_ms: Option<i64>,
}

const fn code(function: Function) -> u8 {
    match function {
        Function::Holding => 3,
        Function::Input => 4,
    }
}

impl Plan {
    /// As it is now.
    #[must_use]
    pub fn of(device: &str, view: &DeviceView) -> Self {
        Self {
            device: device.to_owned(),
            line: view.line().to_owned(),
            unit: view.unit(),
            reads: view.reads().into_iter().map(Read::from).collect(),
            holes: view.holes().into_iter().map(Hole::from).collect(),
            absent: view.absent(),
            sunspec: view.sunspec().map(Sunspec::from),
        }
    }
}

impl From<PlannedRead> for Read {
    fn from(read: PlannedRead) -> Self {
        let PlannedRead { block, rests, exception } = read;
        let Block { function, start, count, every, points, .. } = block;
        let points = points.iter().map(|point| point.name.to_string()).collect();
        Self { function: code(function), start, count, every, rests, exception, points }
    }
}

impl From<Refused> for Hole {
    fn from(hole: Refused) -> Self {
        let Refused { function, first, end, exception } = hole;
        let text = words::exception(exception).into();
        let count = end.saturating_sub(first);
        Self { function: code(function), first, count, exception, text }
    }
}

impl From<SunspecFound> for Sunspec {
    fn from(found: SunspecFound) -> Self {
        let end = match found.end {
            WalkEnd::EndModel => "end_model",
            WalkEnd::ZeroModel => "zero_model",
            WalkEnd::NoRegister => "no_register",
            WalkEnd::Refused(_) => "refused",
            WalkEnd::OutOfSpace => "out_of_space",
            WalkEnd::TooMany => "too_many",
            WalkEnd::TooSlow => "too_slow",
        };
        let models = found.models.into_iter().map(|model| Model {
            model: model.found.model,
            address: model.found.address,
            length: model.found.length,
            name: model.name,
            fit: match model.fit {
                Fit::Standard => "standard",
                Fit::Short => "short",
                Fit::Long => "long",
                Fit::Unknown => "unknown",
                Fit::Vendor => "vendor",
            }
            .to_owned(),
            instance: model.instance,
            points: model.points,
        });
        let (base, whole) = (found.base, found.end.is_whole());
        Self { base, end: end.to_owned(), whole, models: models.collect() }
    }
}

impl Registers {
    /// As they were read last; `is_stale` says which values are too old.
    #[must_use]
    pub fn of(
        device: &str,
        view: &DeviceView,
        now: Timestamp,
        is_stale: impl Fn(&PointName) -> bool,
    ) -> Self {
        let registers = view.registers().into_iter();
        let registers = registers.map(|look| {
            let stale = is_stale(&look.name);
            Register::of(look, stale)
        });
        let registers = registers.collect();
        Self { now_ms: now.ms(), device: device.to_owned(), trouble: None, registers }
    }
}

impl Register {
    fn of(look: Look, stale: bool) -> Self {
        let standard = standard_point(look.name.as_str());
        let (quality, value, reason) = match &look.found {
            Found::Value(value) => (if stale { "stale" } else { "good" }, Some(value), None),
            Found::NotAvailable => ("not_available", None, Some(not_available())),
            Found::RefusedByDevice(code) => {
                ("refused_by_device", None, Some(words::exception(*code)))
            }
            Found::RefusedValue(reason) => ("refused_value", None, Some(words::rejection(reason))),
            Found::NotRead => ("not_read", None, None),
        };
        let vocabulary = standard.as_ref().and_then(|point| point.words);
        let word = vocabulary.zip(value.and_then(Value::as_code));
        let word = word.and_then(|(words, code)| words.by_code(code));
        let (label, unit) = match standard {
            Some(point) => (point.label, point.unit),
            None => (model::Text::same(look.name.as_str().trim_start_matches("vendor_")), ""),
        };
        Self {
            name: look.name.to_string(),
            vendor: look.vendor,
            label: label.into(),
            unit: unit.to_owned(),
            function: code(look.function),
            address: look.address,
            count: look.count,
            words: look.words.iter().map(|word| format!("{word:04X}")).collect(),
            value: value.map_or(PointValue::None, PointValue::from),
            text: word.map(|word| model::Text::new(word.zh, word.en).into()),
            quality: quality.to_owned(),
            reason: reason.map(Text::from),
            read_ms: look.read.map(Timestamp::ms),
        }
    }
}

fn not_available() -> model::Text {
    model::Text::new("设备表示没有这个值", "the device says that it has no such value")
}
