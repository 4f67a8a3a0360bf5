//! Checks the register tables of a profile and turns them into plans.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{Text, standard_point, text, vocabulary};

use super::checker::{Checker, integer};
use super::file::{BusFile, PointFile, ProfileFile, TableFile};
use super::register::{
    BusRules, Function, Meaning, NoneWhile, Number, REGISTERS_PER_READ_LIMIT, RegisterPoint,
    ScaleBy, Table, WordOrder,
};
use super::types::Fault;

pub(super) fn function_of(check: &mut Checker, name: &Spanned<String>) -> Option<Function> {
    match name.get_ref().as_str() {
        "holding" => Some(Function::Holding),
        "input" => Some(Function::Input),
        _ => {
            check.unknown(["寄存器类型", "function"], name, &["holding", "input"]);
            None
        }
    }
}

pub(super) fn order_of(
    check: &mut Checker,
    order: Option<&Spanned<String>>,
    default: WordOrder,
) -> WordOrder {
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

pub(super) fn bus_of(check: &mut Checker, file: &BusFile) -> (BusRules, WordOrder) {
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
        window_registers: file.window_registers,
        gap_ms: file.gap_ms,
        pause_after_connect_ms: file.pause_after_connect_ms,
        timeout_ms: file.timeout_ms.max(50),
        connections_max: file.connections_max.max(1),
        close_after_cycle: file.close_after_cycle,
    };
    (bus, order)
}

pub(super) fn table_of(
    check: &mut Checker,
    file: &TableFile,
    order: WordOrder,
    bus: &BusRules,
    faults: &BTreeMap<String, Fault>,
) -> Option<Table> {
    let function = function_of(check, &file.function)?;
    let holes = holes_of(check, file);
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
        readable(check, &point, &holes, bus, offset);
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
        holes,
        points,
    })
}

fn holes_of(check: &mut Checker, file: &TableFile) -> Vec<(u16, u16)> {
    let mut holes = Vec::new();
    for [first, last] in &file.holes {
        let (Some(from), Some(to)) = (register(check, first), register(check, last)) else {
            continue;
        };
        if from > to {
            let problem =
                text!("空洞 `{from}` 到 `{to}` 是反的", "the hole `{from}` to `{to}` is reversed");
            let hint = Text::new("先写首址，再写末址", "write the first register, then the last");
            check.at(first.span().start, problem, hint);
        }
        holes.push((from, to));
    }
    holes
}

/// A point that no read may bring is a mistake: one in a hole, or across two windows.
fn readable(
    check: &mut Checker,
    point: &RegisterPoint,
    holes: &[(u16, u16)],
    bus: &BusRules,
    offset: usize,
) {
    let (name, first, end) = (&point.name, u32::from(point.address), point.end());
    let mut spans = vec![(first, end)];
    if let ScaleBy::Register { address, .. } = point.scale {
        spans.push((u32::from(address), u32::from(address) + 1));
    }
    let inside = |hole: &&(u16, u16)| {
        spans.iter().any(|(first, end)| u32::from(hole.0) < *end && *first <= u32::from(hole.1))
    };
    if let Some((from, to)) = holes.iter().find(inside) {
        let problem = text!(
            "`{name}` 落在空洞 {from} 到 {to} 里",
            "`{name}` lies in the hole {from} to {to}"
        );
        let hint = Text::new(
            "设备拒绝读空洞：改地址，或缩小 `holes`",
            "the device refuses a hole: change the address or shorten `holes`",
        );
        check.at(offset, problem, hint);
    }
    let window = u32::from(bus.window_registers);
    if window > 0 && first / window != end.saturating_sub(1) / window {
        let at = end.saturating_sub(1) / window * window;
        let problem =
            text!("`{name}` 跨过窗口边界 {at}", "`{name}` crosses the window boundary {at}");
        let hint = Text::new(
            "一次读取不能跨过 window_registers 的倍数：检查地址或窗口",
            "no read crosses a multiple of window_registers: check the address or the window",
        );
        check.at(offset, problem, hint);
    }
}

fn point_of(
    check: &mut Checker,
    file: &PointFile,
    order: WordOrder,
    faults: &BTreeMap<String, Fault>,
) -> Option<RegisterPoint> {
    let name = check.point_name(file.name.get_ref(), file.name.span().start)?;
    let number = number_of(check, &file.number, file.words.as_ref(), name.as_str())?;
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
    let none_while = match &file.none_while {
        None => None,
        Some(when) => {
            Some(NoneWhile { address: register(check, &when.address)?, words: when.values.clone() })
        }
    };
    let order = order_of(check, file.word_order.as_ref(), order);
    let not_available = file.not_available.iter().map(|n| number.pattern(*n)).collect();
    Some(RegisterPoint {
        name,
        vendor: file.vendor.clone(),
        address,
        number,
        order,
        scale,
        not_available,
        meaning,
        none_while,
    })
}

pub(super) fn register(check: &mut Checker, address: &Spanned<u32>) -> Option<u16> {
    let found = u16::try_from(*address.get_ref()).ok();
    if found.is_none() {
        let problem = text!("没有寄存器 `{}`", "no register `{}`", address.get_ref());
        let hint = Text::new("报文中的地址从 0 到 65535", "wire addresses run from 0 to 65535");
        check.at(address.span().start, problem, hint);
    }
    found
}

/// The type of the point or marker `name`; a text brings its length.
pub(super) fn number_of(
    check: &mut Checker,
    written: &Spanned<String>,
    words: Option<&Spanned<u16>>,
    name: &str,
) -> Option<Number> {
    let number = match written.get_ref().as_str() {
        "u16" => Number::U16,
        "i16" => Number::I16,
        "u32" => Number::U32,
        "i32" => Number::I32,
        "u64" => Number::U64,
        "i64" => Number::I64,
        "f32" => Number::F32,
        "f64" => Number::F64,
        "string" => match words {
            Some(words) if (1..=REGISTERS_PER_READ_LIMIT).contains(words.get_ref()) => {
                Number::String(*words.get_ref())
            }
            _ => {
                let problem =
                    text!("文本测点 `{name}` 没有写长度", "string `{name}` without a length");
                let hint =
                    Text::new("添加 `words`：1 到 125 个寄存器", "add `words`, 1 to 125 registers");
                check.at(written.span().start, problem, hint);
                return None;
            }
        },
        _ => {
            let allowed = ["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "string"];
            check.unknown(["类型", "type"], written, &allowed);
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

/// A point that counts only by another register needs that register in every one of its cycles.
pub(super) fn conditions_are_read(check: &mut Checker, file: &ProfileFile, tables: &[Table]) {
    for (table, point) in tables.iter().flat_map(|t| t.points.iter().map(move |p| (t, p))) {
        let Some(when) = &point.none_while else { continue };
        let holds =
            |p: &RegisterPoint| p.address <= when.address && u32::from(when.address) < p.end();
        let brings = |other: &Table| {
            let alike = other.function == table.function && table.every % other.every == 0;
            alike && other.points.iter().any(holds)
        };
        if tables.iter().any(brings) {
            continue;
        }
        let written = file.table.iter().flat_map(|t| &t.point).find(|p| {
            p.name.get_ref() == point.name.as_str()
                && *p.address.get_ref() == u32::from(point.address)
        });
        let (name, wanted) = (&point.name, when.address);
        let problem = text!(
            "`{name}` 取决于寄存器 `{wanted}`，但没有测点读它",
            "`{name}` depends on register `{wanted}`, which no point reads",
        );
        let hint = Text::new(
            "加一个同功能码、每轮都读的测点",
            "add a point there, with the same function and in every cycle",
        );
        check.at(written.map_or(0, |p| p.name.span().start), problem, hint);
    }
}
