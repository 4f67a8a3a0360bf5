//! Checks a profile file and turns it into a [`Profile`]: all mistakes at once, each with its
//! line, column, the offending text and a hint.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{DeviceKind, Mistake, Text, standard_point, text, vocabulary};

use super::checker::{Checker, faults_of, integer, text_of};
use super::file::{BusFile, PointFile, ProfileFile, SunspecFile, TableFile};
use super::json::MqttProfile;
use super::marker::{Marker, marker_of};
use super::register::{
    BusRules, Function, Meaning, NoneWhile, Number, REGISTERS_PER_READ_LIMIT, RegisterPoint,
    ScaleBy, Table, WordOrder,
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
    let markers = markers_of(&mut check, &file);
    let secondary = secondary_of(&mut check, &file);
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
        secondary,
        protocol,
        markers,
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
        return Some(Protocol::Sunspec { bus, plan: sunspec_of(check, sunspec, models) });
    }
    let tables = file.table.iter().filter_map(|t| table_of(check, t, order, &bus, faults));
    let tables: Vec<Table> = tables.collect();
    conditions_are_read(check, file, &tables);
    Some(Protocol::Registers { tables, bus })
}

fn sunspec_of(
    check: &mut Checker,
    file: &Spanned<SunspecFile>,
    models: &BTreeMap<u16, ModelPlan>,
) -> SunspecPlan {
    let sunspec = file.get_ref();
    let (bases, manufacturers) = (sunspec.bases.clone(), sunspec.manufacturers.clone());
    let known = models.iter().map(|(id, model)| (*id, model.known())).collect();
    let mut plan = SunspecPlan { bases, manufacturers, models: BTreeMap::new(), known };
    for id in &sunspec.models {
        match models.get(id) {
            Some(model) => {
                plan.models.insert(*id, model.clone());
            }
            None => check.at(
                file.span().start,
                text!("没有 SunSpec 模型 `{id}`", "no SunSpec model `{id}`"),
                Text::new(
                    "添加 devices/sunspec/model_<id>.toml",
                    "add devices/sunspec/model_<id>.toml",
                ),
            ),
        }
    }
    for change in &sunspec.overrides {
        let scale = check.scale(Some(&change.scale));
        let (id, point) = (change.model, change.point.get_ref());
        let model = plan.models.get_mut(&id);
        if !model.is_some_and(|model| model.rescale(point, scale)) {
            let problem =
                text!("模型 `{id}` 没有测点 `{point}`", "model `{id}` has no point `{point}`");
            let hint = Text::new(
                "写 `models` 中的模型和它文件里 `point` 的名字",
                "name a model of `models` and a `point` of its file",
            );
            check.at(change.point.span().start, problem, hint);
        }
    }
    plan
}

/// A point that counts only by another register needs that register in every one of its cycles.
fn conditions_are_read(check: &mut Checker, file: &ProfileFile, tables: &[Table]) {
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

fn secondary_of(check: &mut Checker, file: &ProfileFile) -> bool {
    let Some(secondary) = &file.secondary else { return false };
    if *secondary.get_ref() && file.table.is_empty() {
        let problem = text!(
            "`secondary = true` 没有对应的 [[table]]",
            "`secondary = true` without a [[table]]"
        );
        let hint = Text::new(
            "只有寄存器仪表才按变比换算",
            "only register meters are multiplied by transformer ratios",
        );
        check.at(secondary.span().start, problem, hint);
    }
    *secondary.get_ref()
}

fn markers_of(check: &mut Checker, file: &ProfileFile) -> Vec<Marker> {
    if let Some(first) = file.marker.first().filter(|_| file.table.is_empty()) {
        let problem =
            text!("`[[marker]]` 没有对应的 [[table]]", "`[[marker]]` without a [[table]]");
        let hint = Text::new(
            "只有寄存器设备按标记识别；SunSpec 设备自报家门",
            "only register devices are recognised by markers; SunSpec devices name themselves",
        );
        check.at(first.address.span().start, problem, hint);
    }
    let order = file.bus.as_ref().and_then(|bus| bus.word_order.as_ref());
    let order = match order.map(|order| order.get_ref().as_str()) {
        Some("low_first") => WordOrder::LowFirst,
        _ => WordOrder::HighFirst,
    };
    file.marker.iter().filter_map(|marker| marker_of(check, marker, order)).collect()
}

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
        window_registers: file.window_registers,
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A profile of two points, with more at its end.
    fn profile(bus: &str, table: &str, more: &str) -> String {
        format!(
            "id = \"a\"\nkind = \"meter\"\nvendor = \"v\"\nname = {{ zh = \"表\", en = \"meter\" }}\n\
             source = \"s\"\n[bus]\n{bus}\n[[table]]\nid = \"t\"\nfunction = \"holding\"\nsource = \"s\"\n{table}\n\
             point = [\n  {{ name = \"ac_power_w\", address = 124, type = \"i32\" }},\n  \
             {{ name = \"grid_freq_hz\", address = 130, type = \"u16\", scale = 0.01 }},\n]\n{more}"
        )
    }

    fn tried(bus: &str, table: &str, more: &str) -> Result<Profile, Vec<Mistake>> {
        compile("a.toml", &profile(bus, table, more), &BTreeMap::new())
    }

    fn english(found: Result<Profile, Vec<Mistake>>) -> Vec<String> {
        found.expect_err("mistakes").into_iter().map(|mistake| mistake.problem.en).collect()
    }

    pub(crate) fn compiled(more: &str) -> Profile {
        tried("", "", more).expect("no mistake")
    }

    pub(crate) fn mistakes(more: &str) -> Vec<String> {
        english(tried("", "", more))
    }

    #[test]
    fn windows_and_holes_are_kept_and_points_in_them_refused() {
        let good = tried("window_registers = 62", "holes = [[126, 129], [131, 131]]", "");
        let Protocol::Registers { bus, tables } = good.expect("no mistake").protocol else {
            panic!("registers")
        };
        assert_eq!(bus.window_registers, 62);
        assert_eq!(tables[0].holes, [(126, 129), (131, 131)]);
        let crossing = english(tried("window_registers = 125", "", ""));
        assert_eq!(crossing, ["`ac_power_w` crosses the window boundary 125"]);
        let wider = english(tried("window_registers = 1", "", ""));
        assert_eq!(wider, ["`ac_power_w` crosses the window boundary 125"]);
        let inside = tried("", "holes = [[100, 124], [131, 129]]", "").expect_err("mistakes");
        let places: Vec<_> = inside.iter().map(|m| (m.line, m.column)).collect();
        assert_eq!(places, [(12, 23), (14, 36)]);
        let told: Vec<_> = inside.iter().map(|m| m.problem.en.as_str()).collect();
        assert_eq!(
            told,
            ["the hole `131` to `129` is reversed", "`ac_power_w` lies in the hole 100 to 124"]
        );
    }

    #[test]
    fn a_condition_is_a_register_that_is_read() {
        let dependent = |address: u16| {
            let table = "[[table]]\nid = \"u\"\nfunction = \"holding\"\nsource = \"s\"\n";
            let point = "name = \"phase_a_voltage_v\"\naddress = 130\ntype = \"u16\"\n";
            format!(
                "{table}[[table.point]]\n{point}none_while = {{ address = {address}, values = [2] }}\n"
            )
        };
        let good = compiled(&dependent(125));
        let Protocol::Registers { tables, .. } = good.protocol else { panic!("registers") };
        let when = tables[1].points[0].none_while.clone();
        assert_eq!(when, Some(NoneWhile { address: 125, words: vec![2] }));
        assert_eq!(
            mistakes(&dependent(126)),
            ["`phase_a_voltage_v` depends on register `126`, which no point reads"]
        );
    }

    #[test]
    fn a_gateway_of_one_register_per_read_is_no_mistake() {
        assert!(tried("registers_per_read_max = 1", "", "").is_ok());
    }
}
