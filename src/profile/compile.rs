//! Checks a profile file and turns it into a [`Profile`]: all mistakes at once, each with its
//! line, column, the offending text and a hint.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{
    Decimal, DeviceKind, Mistake, PointName, Severity, Text, standard_point, vocabulary,
};

use super::file::{BusFile, FaultFile, PointFile, ProfileFile, TableFile, TextFile};
use super::json::MqttProfile;
use super::register::{
    BusRules, Function, Meaning, Number, REGISTERS_PER_READ_LIMIT, RegisterPoint, ScaleBy, Table,
    WordOrder,
};
use super::sunspec::{ModelPlan, SunspecPlan};
use super::types::{Fault, Profile, Protocol};

type SpannedMap = Spanned<BTreeMap<String, String>>;

/// Gathers the mistakes of one file.
pub(super) struct Checker {
    file: String,
    source: String,
    mistakes: Vec<Mistake>,
}

impl Checker {
    pub(super) fn new(file: &str, source: &str) -> Self {
        Self { file: file.to_owned(), source: source.to_owned(), mistakes: Vec::new() }
    }

    /// Reads the TOML; a file that cannot be read has one mistake.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, Vec<Mistake>> {
        toml::from_str(&self.source).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let problem = error.message().trim().replace('\n', ", ");
            let hint = "compare with devices/FORMAT.md";
            vec![Mistake::at(&self.file, &self.source, offset, problem, hint)]
        })
    }

    pub(super) fn at(&mut self, offset: usize, problem: String, hint: &str) {
        self.mistakes.push(Mistake::at(&self.file, &self.source, offset, problem, hint));
    }

    pub(super) fn done<T>(self, value: T) -> Result<T, Vec<Mistake>> {
        if self.mistakes.is_empty() { Ok(value) } else { Err(self.mistakes) }
    }

    /// A name of the vocabulary of points, or `vendor_…`.
    pub(super) fn point_name(&mut self, name: &str, offset: usize) -> Option<PointName> {
        let known = standard_point(name).is_some() || name.starts_with("vendor_");
        match PointName::parse(name) {
            Ok(point) if known => Some(point),
            Ok(_) => {
                let problem = format!("unknown point `{name}`");
                self.at(offset, problem, "use a standard point, or begin it with `vendor_`");
                None
            }
            Err(error) => {
                self.at(offset, error.to_string(), "name points like `ac_power_w`");
                None
            }
        }
    }

    pub(super) fn scale(&mut self, scale: Option<&Spanned<f64>>) -> Decimal {
        let Some(scale) = scale else { return Decimal::whole(1) };
        decimal_of(*scale.get_ref()).filter(|d| d.mantissa != 0).unwrap_or_else(|| {
            let problem = format!("`{}` is no scale", scale.get_ref());
            self.at(scale.span().start, problem, "a scale is a short decimal such as 0.1 or 10");
            Decimal::whole(1)
        })
    }

    /// Vendor numbers -> codes of the point's vocabulary.
    pub(super) fn enumeration(
        &mut self,
        point: &str,
        values: &SpannedMap,
    ) -> Option<BTreeMap<i64, i64>> {
        let offset = values.span().start;
        let Some(words) = standard_point(point).and_then(|p| p.words) else {
            let problem = format!("point `{point}` has no words");
            self.at(offset, problem, "`values` belongs to enumerated points such as `state`");
            return None;
        };
        let mut codes = BTreeMap::new();
        for (vendor, word) in values.get_ref() {
            match (integer(vendor), words.by_id(word)) {
                (Some(number), Some(word)) => {
                    codes.insert(number, word.code);
                }
                (None, _) => self.at(offset, format!("`{vendor}` is not a number"), "write \"3\""),
                (_, None) => {
                    let known: Vec<_> = words.words.iter().map(|w| w.id).collect();
                    let hint = format!("words of `{}`: {}", words.id, known.join(", "));
                    self.at(offset, format!("unknown word `{word}` for `{point}`"), &hint);
                }
            }
        }
        Some(codes)
    }

    /// Bit numbers -> fault codes that the file explains.
    pub(super) fn bits(
        &mut self,
        bits: &SpannedMap,
        number: Number,
        faults: &BTreeMap<String, Fault>,
    ) -> Option<BTreeMap<u8, String>> {
        let offset = bits.span().start;
        let width = number.words() * 16;
        let mut table = BTreeMap::new();
        for (bit, code) in bits.get_ref() {
            match bit.parse::<u8>() {
                Ok(bit) if u16::from(bit) < width => {
                    table.insert(bit, code.clone());
                }
                _ => {
                    let hint = format!("this point has bits 0 to {}", width.saturating_sub(1));
                    self.at(offset, format!("no bit `{bit}`"), &hint);
                }
            }
            self.known_fault(code, faults, offset);
        }
        Some(table)
    }

    pub(super) fn known_fault(
        &mut self,
        code: &str,
        faults: &BTreeMap<String, Fault>,
        offset: usize,
    ) {
        if !faults.contains_key(code) {
            let problem = format!("fault `{code}` is not explained");
            self.at(offset, problem, "add a [[fault]] with this code, zh, en and severity");
        }
    }
}

pub(super) fn text_of(file: &TextFile) -> Text {
    Text::new(file.zh.clone(), file.en.clone())
}

/// A decimal or hexadecimal integer.
pub(super) fn integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The exact decimal of a float as it was written: 0.1 is 1 × 10^-1.
pub(super) fn decimal_of(number: f64) -> Option<Decimal> {
    let written = format!("{number}");
    let (whole, fraction) = written.split_once('.').unwrap_or((&written, ""));
    let exponent = -i8::try_from(fraction.len()).ok()?;
    let mantissa: i64 = format!("{whole}{fraction}").parse().ok()?;
    Some(Decimal { mantissa, exponent })
}

pub(super) fn faults_of(check: &mut Checker, files: &[FaultFile]) -> BTreeMap<String, Fault> {
    let mut faults = BTreeMap::new();
    for file in files {
        let severity = Severity::parse(file.severity.get_ref()).unwrap_or_else(|| {
            let problem = format!("unknown severity `{}`", file.severity.get_ref());
            check.at(file.severity.span().start, problem, "one of critical, major, minor, info");
            Severity::Major
        });
        let text = Text::new(file.zh.clone(), file.en.clone());
        let advice = file.advice.as_ref().map(text_of);
        let code = file.code.get_ref().clone();
        if faults.insert(code.clone(), Fault { text, severity, advice }).is_some() {
            check.at(file.code.span().start, format!("fault `{code}` twice"), "keep one of them");
        }
    }
    faults
}

/// Checks a profile. `models` are the SunSpec models that are known.
///
/// # Errors
/// All mistakes of the file, with line and column.
pub fn compile(
    file_name: &str,
    source: &str,
    models: &BTreeMap<u16, ModelPlan>,
) -> Result<Profile, Vec<Mistake>> {
    let mut check = Checker::new(file_name, source);
    let file: ProfileFile = check.parse()?;
    let mut faults = faults_of(&mut check, &file.fault);
    let kind = file.kind.as_ref().and_then(|kind| {
        let found = DeviceKind::parse(kind.get_ref());
        if found.is_none() {
            let known: Vec<_> = DeviceKind::ALL.iter().map(|k| k.as_str()).collect();
            let hint = format!("one of {}", known.join(", "));
            check.at(kind.span().start, format!("unknown kind `{}`", kind.get_ref()), &hint);
        }
        found
    });
    if let Err(error) = crate::model::DeviceId::parse(file.id.get_ref()) {
        check.at(file.id.span().start, error.to_string(), "name profiles like `goodwe-dt`");
    }
    let protocol = protocol_of(&mut check, &file, &faults, models);
    if let Some(Protocol::Sunspec { plan, .. }) = &protocol {
        let of_models = plan.models.values().flat_map(|model| model.faults.clone());
        faults.extend(of_models);
    }
    let protocol = protocol.unwrap_or(Protocol::Mqtt(MqttProfile {
        topic: String::new(),
        heartbeat_s: 1,
        time: None,
        message_id: None,
        claimed_id: None,
        offline: None,
        fields: Vec::new(),
    }));
    let caveats = file.caveat.iter().map(|c| Text::new(c.zh.clone(), c.en.clone())).collect();
    let source = match file.variant.as_str() {
        "" => file.source,
        variant => format!("{} ({variant})", file.source),
    };
    check.done(Profile {
        id: file.id.into_inner(),
        kind,
        vendor: file.vendor,
        name: text_of(&file.name),
        models: file.models,
        interval_s: file.interval_s.max(1),
        protocol,
        faults,
        caveats,
        source,
    })
}

fn protocol_of(
    check: &mut Checker,
    file: &ProfileFile,
    faults: &BTreeMap<String, Fault>,
    models: &BTreeMap<u16, ModelPlan>,
) -> Option<Protocol> {
    let ways = usize::from(!file.table.is_empty())
        + usize::from(file.sunspec.is_some())
        + usize::from(file.mqtt.is_some());
    if ways != 1 {
        let problem =
            format!("profile `{}` says {ways} ways to read the device", file.id.get_ref());
        check.at(file.id.span().start, problem, "give exactly one of [[table]], [sunspec], [mqtt]");
        return None;
    }
    if let Some(mqtt) = &file.mqtt {
        return super::json::compile(check, mqtt.get_ref(), faults).map(Protocol::Mqtt);
    }
    let default = BusFile::default();
    let bus_file = file.bus.as_ref().unwrap_or(&default);
    let (bus, order) = bus_of(check, bus_file);
    if let Some(sunspec) = &file.sunspec {
        let mut plan =
            SunspecPlan { bases: sunspec.get_ref().bases.clone(), models: BTreeMap::new() };
        for id in &sunspec.get_ref().models {
            match models.get(id) {
                Some(model) => {
                    plan.models.insert(*id, model.clone());
                }
                None => check.at(
                    sunspec.span().start,
                    format!("no SunSpec model `{id}`"),
                    "add devices/sunspec/model_<id>.toml",
                ),
            }
        }
        return Some(Protocol::Sunspec { bus, plan });
    }
    let tables = file.table.iter().filter_map(|t| table_of(check, t, order, &bus, faults));
    Some(Protocol::Registers { tables: tables.collect(), bus })
}

fn order_of(check: &mut Checker, order: Option<&Spanned<String>>, default: WordOrder) -> WordOrder {
    match order.map(|o| (o.get_ref().as_str(), o.span().start)) {
        None => default,
        Some(("high_first", _)) => WordOrder::HighFirst,
        Some(("low_first", _)) => WordOrder::LowFirst,
        Some((other, offset)) => {
            let problem = format!("unknown word order `{other}`");
            check.at(offset, problem, "one of high_first, low_first");
            default
        }
    }
}

fn bus_of(check: &mut Checker, file: &BusFile) -> (BusRules, WordOrder) {
    let order = order_of(check, file.word_order.as_ref(), WordOrder::HighFirst);
    let longest = file.registers_per_read_max.as_ref().map_or(REGISTERS_PER_READ_LIMIT, |max| {
        let given = *max.get_ref();
        if given == 0 || given > REGISTERS_PER_READ_LIMIT {
            let problem = format!("`{given}` registers per read");
            check.at(max.span().start, problem, "Modbus allows 1 to 125");
        }
        given.clamp(1, REGISTERS_PER_READ_LIMIT)
    });
    let bus = BusRules {
        port: file.port,
        unit: file.unit,
        registers_per_read_max: longest,
        read_through_max: file.read_through_max,
        gap_ms: file.gap_ms,
        pause_after_connect_ms: file.pause_after_connect_ms,
        timeout_ms: file.timeout_ms.max(50),
        connections_max: file.connections_max.max(1),
        close_after_cycle: file.close_after_cycle,
    };
    (bus, order)
}

fn table_of(
    check: &mut Checker,
    file: &TableFile,
    order: WordOrder,
    bus: &BusRules,
    faults: &BTreeMap<String, Fault>,
) -> Option<Table> {
    let function = match file.function.get_ref().as_str() {
        "holding" => Function::Holding,
        "input" => Function::Input,
        other => {
            let problem = format!("unknown function `{other}`");
            check.at(file.function.span().start, problem, "one of holding, input");
            return None;
        }
    };
    let mut points: Vec<RegisterPoint> = Vec::new();
    for point_file in &file.point {
        let Some(point) = point_of(check, point_file, order, faults) else { continue };
        let offset = point_file.address.span().start;
        let meets = |p: &&RegisterPoint| {
            u32::from(p.address) < point.end() && u32::from(point.address) < p.end()
        };
        if let Some(other) = points.iter().find(meets) {
            let problem =
                format!("`{}` overlaps `{}` at {}", point.name, other.name, point.address);
            check.at(offset, problem, "two points of a table cannot share a register");
        }
        if point.number.words() > bus.registers_per_read_max {
            let problem = format!("`{}` is longer than one read", point.name);
            check.at(offset, problem, "raise registers_per_read_max or shorten `words`");
        }
        let twice = points.iter().any(|p| p.name == point.name);
        if twice && point.name.as_str() != "fault" {
            let problem = format!("point `{}` twice in table `{}`", point.name, file.id);
            check.at(point_file.name.span().start, problem, "only `fault` may be repeated");
        }
        points.push(point);
    }
    Some(Table {
        id: file.id.clone(),
        function,
        every: file.every.max(1),
        optional: file.optional,
        source: file.source.clone(),
        points,
    })
}

fn point_of(
    check: &mut Checker,
    file: &PointFile,
    order: WordOrder,
    faults: &BTreeMap<String, Fault>,
) -> Option<RegisterPoint> {
    let name = check.point_name(file.name.get_ref(), file.name.span().start)?;
    let number = number_of(check, file)?;
    let address = register(check, &file.address)?;
    if u32::from(address) + u32::from(number.words()) > 0x1_0000 {
        let problem = format!("`{name}` ends after register 65535");
        check.at(file.address.span().start, problem, "check the address");
    }
    let fixed = check.scale(file.scale.as_ref());
    let scale = match &file.scale_factor_address {
        None => ScaleBy::Fixed(fixed),
        Some(address) => ScaleBy::Register { fixed, address: register(check, address)? },
    };
    let meaning = meaning_of(check, file, number, faults)?;
    let order = order_of(check, file.word_order.as_ref(), order);
    let not_available = file.not_available.clone();
    Some(RegisterPoint {
        name,
        vendor: file.vendor.clone(),
        address,
        number,
        order,
        scale,
        not_available,
        meaning,
    })
}

fn register(check: &mut Checker, address: &Spanned<u32>) -> Option<u16> {
    let found = u16::try_from(*address.get_ref()).ok();
    if found.is_none() {
        let problem = format!("no register `{}`", address.get_ref());
        check.at(address.span().start, problem, "wire addresses run from 0 to 65535");
    }
    found
}

fn number_of(check: &mut Checker, file: &PointFile) -> Option<Number> {
    let number = match file.number.get_ref().as_str() {
        "u16" => Number::U16,
        "i16" => Number::I16,
        "u32" => Number::U32,
        "i32" => Number::I32,
        "u64" => Number::U64,
        "i64" => Number::I64,
        "f32" => Number::F32,
        "f64" => Number::F64,
        "string" => match &file.words {
            Some(words) if (1..=REGISTERS_PER_READ_LIMIT).contains(words.get_ref()) => {
                Number::String(*words.get_ref())
            }
            _ => {
                let problem = format!("string `{}` without a length", file.name.get_ref());
                check.at(file.number.span().start, problem, "add `words`, 1 to 125 registers");
                return None;
            }
        },
        other => {
            let problem = format!("unknown type `{other}`");
            let hint = "one of u16, i16, u32, i32, u64, i64, f32, f64, string";
            check.at(file.number.span().start, problem, hint);
            return None;
        }
    };
    Some(number)
}

fn meaning_of(
    check: &mut Checker,
    file: &PointFile,
    number: Number,
    faults: &BTreeMap<String, Fault>,
) -> Option<Meaning> {
    let name = file.name.get_ref();
    if let Some(values) = &file.values {
        return check.enumeration(name, values).map(Meaning::Enumeration);
    }
    if let Some(bits) = &file.bits {
        return check.bits(bits, number, faults).map(Meaning::FaultBits);
    }
    if let Some(codes) = &file.codes {
        let mut table = BTreeMap::new();
        for (vendor, code) in codes.get_ref() {
            let offset = codes.span().start;
            check.known_fault(code, faults, offset);
            match integer(vendor) {
                Some(number) => {
                    table.insert(number, code.clone());
                }
                None => check.at(offset, format!("`{vendor}` is not a number"), "write \"3\""),
            }
        }
        return Some(Meaning::FaultNumber { codes: table });
    }
    let words = standard_point(name).and_then(|p| p.words).or_else(|| vocabulary(name));
    if words.is_some() {
        let problem = format!("`{name}` needs `values`");
        check.at(file.name.span().start, problem, "say which vendor number is which word");
        return None;
    }
    Some(if matches!(number, Number::String(_)) { Meaning::Text } else { Meaning::Measure })
}
