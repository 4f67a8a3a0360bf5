//! Checks a profile file and turns it into a [`Profile`]: all mistakes at once, each with its
//! line, column, the offending text and a hint.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;

use crate::model::{DeviceKind, Mistake, Text, text};

use super::catalog::Bases;
use super::checker::{Checker, faults_of, text_of};
use super::file::{BusFile, ProfileFile, SunspecFile};
use super::marker::{Marker, marker_of};
use super::mqtt::MqttProfile;
use super::register::{Table, WordOrder};
use super::sunspec::{ModelPlan, SunspecPlan};
use super::tables::{bus_of, conditions_are_read, table_of};
use super::types::{Brought, Fault, Profile, Protocol, Service};

/// Checks a profile that stands on its own. `models` are the SunSpec models that are known.
///
/// # Errors
/// All mistakes of the file, with line and column.
pub fn compile(
    file_name: &str,
    source: &str,
    models: &BTreeMap<u16, ModelPlan>,
) -> Result<Profile, Vec<Mistake>> {
    compile_on(file_name, source, models, &Bases::new())
}

/// Checks a profile that may extend one of `bases`.
pub(super) fn compile_on(
    file_name: &str,
    source: &str,
    models: &BTreeMap<u16, ModelPlan>,
    bases: &Bases,
) -> Result<Profile, Vec<Mistake>> {
    let mut check = Checker::new(file_name, source);
    let file: ProfileFile = check.parse()?;
    let base = base_of(&mut check, &file, bases);
    let mut faults = base.as_ref().map(|base| base.faults.clone()).unwrap_or_default();
    faults.extend(faults_of(&mut check, &file.fault));
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
    let protocol = protocol_of(&mut check, &file, &faults, models, base.as_deref());
    let services = services_of(&mut check, &file);
    let markers = markers_of(&mut check, &file);
    let secondary = secondary_of(&mut check, &file);
    if let Some(Protocol::Sunspec { plan, .. }) = &protocol {
        let of_models = plan.models.values().flat_map(|model| model.faults.clone());
        faults.extend(of_models);
    }
    let protocol = protocol.unwrap_or_else(|| Protocol::Mqtt(MqttProfile::default()));
    let own = file.caveat.iter().map(|c| Text::new(c.zh.clone(), c.en.clone()));
    let inherited = base.iter().flat_map(|base| base.caveats.clone());
    let caveats = inherited.chain(own).collect();
    let facts = match file.variant.as_str() {
        "" => file.source,
        variant => format!("{} ({variant})", file.source),
    };
    let brought = || Brought { file: file_name.to_owned(), source: source.to_owned() };
    let of_base = || base.as_ref().and_then(|base| base.rules.clone());
    let rules = if file.rule.is_empty() { of_base() } else { Some(Arc::new(brought())) };
    check.done(Profile {
        id: file.id.into_inner(),
        kind,
        vendor: file.vendor,
        name: text_of(&file.name),
        models: file.models,
        interval_s: file.interval_s.max(1),
        secondary,
        protocol,
        services,
        markers,
        faults,
        caveats,
        source: facts,
        rules,
    })
}

/// The profile that this one extends; noted when there is none.
fn base_of(check: &mut Checker, file: &ProfileFile, bases: &Bases) -> Option<Arc<Profile>> {
    let extends = file.extends.as_ref()?;
    let id = extends.get_ref();
    let base = bases.get(id);
    if !base.is_some_and(|base| matches!(base.protocol, Protocol::Mqtt(_))) {
        let problem = text!("没有可扩展的模板 `{id}`", "no profile `{id}` to extend");
        let known = bases.values().filter(|base| matches!(base.protocol, Protocol::Mqtt(_)));
        let known: Vec<_> = known.map(|base| base.id.as_str()).collect();
        let zh = format!("可扩展的 MQTT 模板：{}", known.join("、"));
        let en = format!("MQTT profiles that can be extended: {}", known.join(", "));
        check.at(extends.span().start, problem, Text::new(zh, en));
        return None;
    }
    base.cloned()
}

fn services_of(check: &mut Checker, file: &ProfileFile) -> Vec<Service> {
    let mut service = |service: &super::file::ServiceFile| {
        let needs = service.needs.iter();
        let needs = needs.filter_map(|p| check.point_name(p.get_ref(), p.span().start)).collect();
        Service { name: Text::new(service.zh.clone(), service.en.clone()), needs }
    };
    file.service.iter().map(&mut service).collect()
}

fn protocol_of(
    check: &mut Checker,
    file: &ProfileFile,
    faults: &BTreeMap<String, Fault>,
    models: &BTreeMap<u16, ModelPlan>,
    base: Option<&Profile>,
) -> Option<Protocol> {
    let inherited = match base.map(|base| &base.protocol) {
        Some(Protocol::Mqtt(mqtt)) => Some(mqtt),
        _ => None,
    };
    let ways = usize::from(!file.table.is_empty())
        + usize::from(file.sunspec.is_some())
        + usize::from(file.mqtt.is_some() || file.extends.is_some());
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
    if let Some(base) = inherited {
        let own = file.mqtt.as_ref().map(|mqtt| super::mqtt::compile(check, mqtt, faults));
        return Some(Protocol::Mqtt(base.extended(own)));
    }
    if file.extends.is_some() {
        return None; // told already
    }
    if let Some(mqtt) = &file.mqtt {
        return Some(Protocol::Mqtt(super::mqtt::compile(check, mqtt, faults)));
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

#[cfg(test)]
pub(super) mod tests {
    use super::super::register::NoneWhile;
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
