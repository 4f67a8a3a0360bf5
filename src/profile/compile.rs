//! Checks a profile file and turns it into a [`Profile`]: all mistakes at once, each with its
//! line, column, the offending text and a hint.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{DeviceKind, Mistake, Text, standard_point, text, vocabulary};

use super::checker::{Checker, faults_of, integer, text_of};
use super::file::{BusFile, PointFile, ProfileFile, TableFile};
use super::json::MqttProfile;
use super::register::{
    BusRules, Function, Meaning, Number, REGISTERS_PER_READ_LIMIT, RegisterPoint, ScaleBy, Table,
    WordOrder,
};
use super::sunspec::{ModelPlan, SunspecPlan};
use super::types::{Fault, Profile, Protocol};

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
            check.unknown(["设备类型", "kind"], kind, &known);
        }
        found
    });
    if let Err(error) = crate::model::DeviceId::parse(file.id.get_ref()) {
        let hint = Text::new("取名如 `goodwe-dt`", "name profiles like `goodwe-dt`");
        check.at(file.id.span().start, error.text(), hint);
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
        let problem = text!(
            "设备模板 `{}` 写了 {ways} 种读取方式",
            "profile `{}` says {ways} ways to read the device",
            file.id.get_ref(),
        );
        let hint = Text::new(
            "[[table]]、[sunspec]、[mqtt] 三者只能写一种",
            "give exactly one of [[table]], [sunspec], [mqtt]",
        );
        check.at(file.id.span().start, problem, hint);
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
                    text!("没有 SunSpec 模型 `{id}`", "no SunSpec model `{id}`"),
                    Text::new(
                        "添加 devices/sunspec/model_<id>.toml",
                        "add devices/sunspec/model_<id>.toml",
                    ),
                ),
            }
        }
        return Some(Protocol::Sunspec { bus, plan });
    }
    let tables = file.table.iter().filter_map(|t| table_of(check, t, order, &bus, faults));
    Some(Protocol::Registers { tables: tables.collect(), bus })
}

fn order_of(check: &mut Checker, order: Option<&Spanned<String>>, default: WordOrder) -> WordOrder {
    let Some(order) = order else { return default };
    match order.get_ref().as_str() {
        "high_first" => WordOrder::HighFirst,
        "low_first" => WordOrder::LowFirst,
        _ => {
            check.unknown(["字序", "word order"], order, &["high_first", "low_first"]);
            default
        }
    }
}

fn bus_of(check: &mut Checker, file: &BusFile) -> (BusRules, WordOrder) {
    let order = order_of(check, file.word_order.as_ref(), WordOrder::HighFirst);
    let longest = file.registers_per_read_max.as_ref().map_or(REGISTERS_PER_READ_LIMIT, |max| {
        let given = *max.get_ref();
        if given == 0 || given > REGISTERS_PER_READ_LIMIT {
            let problem =
                text!("每次读 `{given}` 个寄存器，超出范围", "`{given}` registers per read");
            let hint = Text::new("Modbus 允许 1 到 125 个", "Modbus allows 1 to 125");
            check.at(max.span().start, problem, hint);
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
        _ => {
            check.unknown(["寄存器类型", "function"], &file.function, &["holding", "input"]);
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
            let (one, other, at) = (&point.name, &other.name, point.address);
            let problem = text!(
                "`{one}` 与 `{other}` 在寄存器 {at} 处重叠",
                "`{one}` overlaps `{other}` at {at}"
            );
            let hint = Text::new(
                "同一张表的两个测点不能共用寄存器",
                "two points of a table cannot share a register",
            );
            check.at(offset, problem, hint);
        }
        if point.number.words() > bus.registers_per_read_max {
            let problem = text!("`{}` 一次读不完", "`{}` is longer than one read", point.name);
            let hint = Text::new(
                "加大 registers_per_read_max，或减小 `words`",
                "raise registers_per_read_max or shorten `words`",
            );
            check.at(offset, problem, hint);
        }
        let twice = points.iter().any(|p| p.name == point.name);
        if twice && point.name.as_str() != "fault" {
            let (name, table) = (&point.name, &file.id);
            let problem = text!(
                "测点 `{name}` 在表 `{table}` 中重复",
                "point `{name}` twice in table `{table}`",
            );
            let hint = Text::new("只有 `fault` 可以重复", "only `fault` may be repeated");
            check.at(point_file.name.span().start, problem, hint);
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
        let problem = text!("`{name}` 超出了寄存器 65535", "`{name}` ends after register 65535");
        let hint = Text::new("检查地址", "check the address");
        check.at(file.address.span().start, problem, hint);
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
        let problem = text!("没有寄存器 `{}`", "no register `{}`", address.get_ref());
        let hint = Text::new("报文中的地址从 0 到 65535", "wire addresses run from 0 to 65535");
        check.at(address.span().start, problem, hint);
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
                let problem = text!(
                    "文本测点 `{}` 没有写长度",
                    "string `{}` without a length",
                    file.name.get_ref(),
                );
                let hint =
                    Text::new("添加 `words`：1 到 125 个寄存器", "add `words`, 1 to 125 registers");
                check.at(file.number.span().start, problem, hint);
                return None;
            }
        },
        _ => {
            let allowed = ["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "string"];
            check.unknown(["类型", "type"], &file.number, &allowed);
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
                None => check.not_a_number(vendor, offset),
            }
        }
        return Some(Meaning::FaultNumber { codes: table });
    }
    let words = standard_point(name).and_then(|p| p.words).or_else(|| vocabulary(name));
    if words.is_some() {
        let problem = text!("`{name}` 缺少 `values`", "`{name}` needs `values`");
        let hint =
            Text::new("写明厂家的每个数值对应哪个词", "say which vendor number is which word");
        check.at(file.name.span().start, problem, hint);
        return None;
    }
    Some(if matches!(number, Number::String(_)) { Meaning::Text } else { Meaning::Measure })
}
