//! The roof: `[pv]`, the `arrays` of inverters and the `plane` of weather stations.

use crate::model::{DeviceId, DeviceKind, Text, near, text};
use crate::pv::{Array, Mounting, Plant, Rating};
use crate::sky::{Plane, Turbidity};

use super::section::{Section, write};

const PV: &[&str] = &["linke_turbidity", "albedo", "gamma_percent_per_k", "mounting"];
const ARRAY: &[&str] =
    &["dc_rated_power_w", "tilt_deg", "azimuth_deg", "strings", "gamma_percent_per_k", "mounting"];
const PLANE: &[&str] = &["tilt_deg", "azimuth_deg"];

/// Share of the light that gravel and concrete throw back.
const ALBEDO: f64 = 0.2;
/// What crystalline silicon loses with each kelvin, percent, where nobody says.
const GAMMA_PERCENT_PER_K: f64 = -0.35;
const STRINGS_MAX: u16 = 64;

/// What holds for all arrays that do not say it themselves.
pub(super) struct Common {
    gamma_per_k: f64,
    mounting: Mounting,
}

/// Reads `[pv]`; its arrays are added by their devices.
pub(super) fn plant(root: &Section<'_>) -> (Plant, Common) {
    let section = root.table("pv", PV);
    let real = |key: &str, bounds, default| {
        section.as_ref().and_then(|section| section.real(key, bounds)).map_or(default, |v| v.value)
    };
    let plant = Plant {
        arrays: Vec::new(),
        sensors: std::collections::BTreeMap::new(),
        turbidity: section.as_ref().and_then(turbidity).unwrap_or(Turbidity::BEIJING),
        albedo: real("albedo", 0.0..=1.0, ALBEDO),
    };
    let common = Common {
        gamma_per_k: section.as_ref().and_then(gamma_per_k).unwrap_or(GAMMA_PERCENT_PER_K / 100.0),
        mounting: section.as_ref().and_then(mounting).unwrap_or(Mounting::OpenRackGlassPolymer),
    };
    (plant, common)
}

fn turbidity(section: &Section<'_>) -> Option<Turbidity> {
    let months = section.get::<Vec<f64>>("linke_turbidity")?;
    let hint = Text::new(
        "按 1 至 12 月写 12 个数，每个在 1 到 10 之间",
        "twelve numbers from January to December, each from 1 to 10",
    );
    if let Some(wrong) = months.value.iter().find(|value| !(1.0..=10.0).contains(*value)) {
        let problem = text!("浑浊度不会是 `{wrong}`", "no sky has a turbidity of `{wrong}`");
        section.note(months.offset, problem, hint);
        return None;
    }
    let count = months.value.len();
    let found = <[f64; 12]>::try_from(months.value);
    if found.is_err() {
        let problem = text!("有 `{count}` 个数，应为 12 个", "`{count}` numbers and not twelve");
        section.note(months.offset, problem, hint);
    }
    found.ok().map(Turbidity::new)
}

fn gamma_per_k(section: &Section<'_>) -> Option<f64> {
    let gamma = section.real("gamma_percent_per_k", -1.0..=0.0)?;
    Some(gamma.value / 100.0)
}

fn mounting(section: &Section<'_>) -> Option<Mounting> {
    let word = section.words("mounting")?;
    let found = Mounting::ALL.into_iter().find(|mounting| mounting.as_str() == word.value);
    if found.is_none() {
        let all = Mounting::ALL.into_iter().map(Mounting::as_str);
        let hint = near::hint(&word.value, &Text::new("安装方式", "ways of mounting"), all);
        let problem = text!("未知的安装方式 `{}`", "unknown mounting `{}`", word.value);
        section.note(word.offset, problem, hint);
    }
    found
}

/// Reads the `arrays` of an inverter.
pub(super) fn arrays(
    section: &Section<'_>,
    device: &DeviceId,
    kind: DeviceKind,
    common: &Common,
) -> Vec<Array> {
    if !section.has("arrays") {
        return Vec::new();
    }
    if kind != DeviceKind::Inverter {
        let hint =
            Text::new("只有逆变器才接光伏组件，请删除", "modules are on inverters: remove it");
        misplaced(section, "arrays", kind, hint);
        return Vec::new();
    }
    let sections = section.list("arrays", ARRAY);
    sections.iter().filter_map(|section| array(section, device, common)).collect()
}

fn misplaced(section: &Section<'_>, key: &str, kind: DeviceKind, hint: Text) {
    let kind = kind.as_str();
    let problem = text!("`{kind}` 类设备不能写 `{key}`", "`{key}` on a device of kind `{kind}`");
    section.note(section.key_offset(key), problem, hint);
}

fn array(section: &Section<'_>, device: &DeviceId, common: &Common) -> Option<Array> {
    if !section.has("dc_rated_power_w") {
        let hint = Text::new(
            "写组件标称功率之和（瓦），例如 dc_rated_power_w = 62000",
            "write what the modules are rated together, watts: dc_rated_power_w = 62000",
        );
        section.missing("dc_rated_power_w", hint);
    }
    let rated = section.real("dc_rated_power_w", 1.0..=100_000_000.0);
    let plane = plane_of(section);
    let strings = section.words("strings").map(|words| (strings(&words.value), words));
    if let Some((None, words)) = &strings {
        let problem = text!("`{}` 不是组串编号", "`{}` names no strings", words.value);
        let hint = Text::new("例如 \"1-8\" 或 \"1,2,5-8\"", "as in \"1-8\" or \"1,2,5-8\"");
        section.note(words.offset, problem, hint);
    }
    Some(Array {
        inverter: device.clone(),
        rating: Rating {
            dc_rated_w: rated?.value,
            gamma_per_k: gamma_per_k(section).unwrap_or(common.gamma_per_k),
        },
        plane: plane?,
        mounting: mounting(section).unwrap_or(common.mounting),
        strings: strings.map_or(Some(Vec::new()), |(strings, _)| strings)?,
    })
}

/// Numbers of string inputs: `1-8`, `1,2,5-8`.
fn strings(words: &str) -> Option<Vec<u16>> {
    let mut numbers = Vec::new();
    for part in words.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |part: &str| part.trim().parse::<u16>().ok();
        let (first, last) = (number(first)?, number(last)?);
        if first == 0 || first > last || last > STRINGS_MAX {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

fn plane_of(section: &Section<'_>) -> Option<Plane> {
    for (key, example) in [("tilt_deg", "tilt_deg = 10"), ("azimuth_deg", "azimuth_deg = 180")] {
        if !section.has(key) {
            section.missing(key, write(example));
        }
    }
    let tilt = section.real("tilt_deg", 0.0..=90.0);
    let azimuth = section.real("azimuth_deg", 0.0..=360.0);
    Some(Plane { tilt_deg: tilt?.value, azimuth_deg: azimuth?.value })
}

/// Reads the `plane` of a weather station.
pub(super) fn sensor(section: &Section<'_>, kind: DeviceKind) -> Option<Plane> {
    if !section.has("plane") {
        return None;
    }
    if kind != DeviceKind::Weather {
        let hint = Text::new(
            "气象站才写 `plane`；组件的朝向写在 arrays 里",
            "`plane` is for weather stations; where modules look stands in arrays",
        );
        misplaced(section, "plane", kind, hint);
        return None;
    }
    plane_of(&section.table("plane", PLANE)?)
}
