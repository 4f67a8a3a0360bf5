//! The meters: what a device says of itself as one, and the `[[meter]]`s that people read.

use std::collections::BTreeSet;

use crate::model::{DeviceId, DeviceKind, Text, near, text};
use crate::profile::{Profile, Protocol};
use crate::report::{ByHand, Meter, Role, Supply};

use super::section::{Placed, Section, write};

const METER: &[&str] = &["id", "name", "counts", "role", "parent", "code", "quota"];
/// Levels of an item's code: class, item, two more.
const CODE_LENGTHS: std::ops::RangeInclusive<usize> = 3..=8;

/// Reads the `[[meter]]`s, which people read.
pub(super) fn by_hand(
    root: &Section<'_>,
    devices: &BTreeSet<DeviceId>,
    said: &mut Vec<(DeviceId, Said)>,
) -> Vec<ByHand> {
    let mut found: Vec<ByHand> = Vec::new();
    for section in root.list("meter", METER) {
        let id = section.need_words("id", write("id = \"water-main\""));
        let name = section.name();
        let supply = supply(&section);
        let of_meter = meter(&section, DeviceKind::Meter);
        let Some(id) = id else { continue };
        let parsed = match DeviceId::parse(&id.value) {
            Ok(parsed) => parsed,
            Err(error) => {
                let hint = Text::new("取名如 `water-main`", "name meters like `water-main`");
                section.note(id.offset, error.text(), hint);
                continue;
            }
        };
        if devices.contains(&parsed) || found.iter().any(|other| other.id == parsed) {
            let problem = text!("`{}` 已被使用", "`{}` is taken", id.value);
            let hint =
                Text::new("每台设备、每块表的 id 各不相同", "ids of devices and meters differ");
            section.note(id.offset, problem, hint);
            continue;
        }
        if let (Some(name), Some(supply)) = (name, supply) {
            said.extend(of_meter.map(|said| (parsed.clone(), Said { supply, ..said })));
            found.push(ByHand { id: parsed, name, supply });
        }
    }
    found
}

fn supply(section: &Section<'_>) -> Option<Supply> {
    let word = section.need_words("counts", write("counts = \"water\""))?;
    let found = Supply::ALL.into_iter().find(|supply| supply.as_str() == word.value);
    if found.is_none() {
        let all = Supply::ALL.into_iter().map(Supply::as_str);
        let hint = near::hint(&word.value, &Text::new("种类", "supplies"), all);
        let problem = text!("未知的种类 `{}`", "unknown supply `{}`", word.value);
        section.note(word.offset, problem, hint);
    }
    found
}

/// What a device says of itself as a meter.
pub(super) struct Said {
    role: Option<Role>,
    parent: Option<(usize, String)>,
    code: Option<String>,
    quota: bool,
    supply: Supply,
    offset: usize,
}

impl Said {
    /// With what the registers of its profile count.
    pub(super) fn counted_by(self, profile: &Profile) -> Self {
        let Protocol::Registers { tables, .. } = &profile.protocol else { return self };
        let has = |supply: &Supply| {
            let mut points = tables.iter().flat_map(|table| &table.points);
            points.any(|point| point.name.as_str() == supply.point())
        };
        let supply = Supply::ALL.into_iter().find(has).unwrap_or(self.supply);
        Self { supply, ..self }
    }
}

/// Whether it is a code of an item: its class by two digits, then a capital, digits.
pub(super) fn is_code(code: &str) -> bool {
    let fits = |(place, byte): (usize, u8)| match place {
        2 => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit() || place > 2 && byte.is_ascii_uppercase(),
    };
    CODE_LENGTHS.contains(&code.len()) && code.bytes().enumerate().all(fits)
}

pub(super) fn note_code(section: &Section<'_>, code: &Placed<String>) {
    let problem = text!("`{}` 不是分项编码", "`{}` is no code of an item", code.value);
    let hint = Text::new(
        "能耗分类 2 位、分项 1 位大写字母、一二级子项各 1 位，例如 01A10",
        "two digits for the class, a capital for the item, a digit each below: 01A10",
    );
    section.note(code.offset, problem, hint);
}

/// Reads `role`, `parent`, `code` and `quota` of a device.
pub(super) fn meter(section: &Section<'_>, kind: DeviceKind) -> Option<Said> {
    let keys = ["role", "parent", "code", "quota"];
    if kind != DeviceKind::Meter {
        for key in keys.into_iter().filter(|key| section.has(key)) {
            let kind = kind.as_str();
            let problem =
                text!("`{kind}` 类设备不能写 `{key}`", "`{key}` on a device of kind `{kind}`");
            let hint = Text::new("只有电表才写，请删除", "it belongs to meters: remove it");
            section.note(section.key_offset(key), problem, hint);
        }
        return None;
    }
    let role = section.words("role").and_then(|word| {
        let found = Role::ALL.into_iter().find(|role| role.as_str() == word.value);
        if found.is_none() {
            let all = Role::ALL.into_iter().map(Role::as_str);
            let hint = near::hint(&word.value, &Text::new("角色", "roles"), all);
            let problem = text!("未知的角色 `{}`", "unknown role `{}`", word.value);
            section.note(word.offset, problem, hint);
        }
        found
    });
    let code = section.words("code").and_then(|code| {
        let fits = is_code(&code.value);
        if !fits {
            note_code(section, &code);
        }
        fits.then_some(code.value)
    });
    let parent = section.words("parent").map(|parent| (parent.offset, parent.value));
    let quota = section.get::<bool>("quota").is_none_or(|quota| quota.value);
    let offset = section.offset;
    Some(Said { role, parent, code, quota, supply: Supply::Electricity, offset })
}

/// The meters, once all devices are known.
pub(super) fn meters(root: &Section<'_>, said: Vec<(DeviceId, Said)>) -> Vec<Meter> {
    let known: Vec<(DeviceId, Supply)> =
        said.iter().map(|(id, s)| (id.clone(), s.supply)).collect();
    let offsets: Vec<usize> = said.iter().map(|(_, said)| said.offset).collect();
    let mut meters = Vec::new();
    for (id, said) in said {
        let parent =
            said.parent.and_then(|parent| parent_of(root, (&id, said.supply), parent, &known));
        // Without a word it is below another, or the only one of its supply.
        let alike = known.iter().filter(|(_, supply)| *supply == said.supply).count();
        let only = if alike == 1 { Role::Main } else { Role::Sub };
        let role = said.role.unwrap_or(only);
        meters.push(Meter { device: id, role, parent, code: said.code, quota: said.quota });
    }
    note_rings(root, &meters, &offsets);
    note_classes(root, &meters, (&known, &offsets));
    if root.has("report") {
        note_no_main(root, &meters, (&known, &offsets));
    }
    meters
}

/// The meter that a meter says it is below: another one, of the same supply.
fn parent_of(
    root: &Section<'_>,
    (id, supply): (&DeviceId, Supply),
    (offset, parent): (usize, String),
    known: &[(DeviceId, Supply)],
) -> Option<DeviceId> {
    if parent == id.as_str() {
        let problem = text!("`{parent}` 不能是自己的上级", "`{parent}` cannot be above itself");
        root.note(offset, problem, Text::new("写它上面那块表的 id", "name the meter above it"));
        return None;
    }
    let others = || known.iter().filter(|(other, _)| other != id);
    let Some((found, its)) = others().find(|(other, _)| other.as_str() == parent) else {
        let alike = others().filter(|(_, its)| *its == supply);
        let hint =
            near::hint(&parent, &Text::new("电表", "meters"), alike.map(|(id, _)| id.as_str()));
        root.note(offset, text!("没有电表 `{parent}`", "no other meter is `{parent}`"), hint);
        return None;
    };
    if *its != supply {
        let (Text { zh, en }, Text { zh: own_zh, en: own_en }) = (its.label(), supply.label());
        let problem = text!(
            "上级 `{parent}` 计{zh}，而 `{id}` 计{own_zh}",
            "`{parent}` counts {en}, and `{id}` below it {own_en}"
        );
        let hint = Text::new("上级应是同一种能源的表", "name a meter of the same supply");
        root.note(offset, problem, hint);
        return None;
    }
    Some(found.clone())
}

/// The class of a code is what the meter counts, and only electricity comes from the roof.
fn note_classes(
    root: &Section<'_>,
    meters: &[Meter],
    (known, offsets): (&[(DeviceId, Supply)], &[usize]),
) {
    for ((meter, (_, supply)), offset) in meters.iter().zip(known).zip(offsets) {
        let Text { zh, en } = supply.label();
        let id = &meter.device;
        let class = meter.code.as_deref().and_then(|code| code.get(..2));
        let wrong = |supply: Supply| match class {
            Some("01" | "13") => supply != Supply::Electricity,
            Some("02") => supply != Supply::Water,
            Some("03") => supply != Supply::Gas,
            Some("04") => supply != Supply::Heat,
            _ => false,
        };
        if let Some(code) = meter.code.as_ref().filter(|_| wrong(*supply)) {
            let problem = text!(
                "`{id}` 计{zh}，编码 `{code}` 不符",
                "`{id}` counts {en}, and `{code}` does not"
            );
            let hint = Text::new(
                "01 电、02 水、03 燃气、04 热、13 可再生能源（电）",
                "01 is electricity, 02 water, 03 gas, 04 heat, 13 renewable electricity",
            );
            root.note(*offset, problem, hint);
        }
        if meter.role == Role::Pv && *supply != Supply::Electricity {
            let problem = text!(
                "`{id}` 计{zh}，不能是光伏表",
                "`{id}` counts {en} and is no meter of the roof"
            );
            root.note(*offset, problem, write("role = \"main\""));
        }
    }
}

/// A meter that is below itself counts nothing.
fn note_rings(root: &Section<'_>, meters: &[Meter], offsets: &[usize]) {
    let parent = |id: &DeviceId| meters.iter().find(|m| m.device == *id)?.parent.clone();
    for (meter, offset) in meters.iter().zip(offsets) {
        let mut above = parent(&meter.device);
        for _ in 0..meters.len() {
            let Some(one) = above.filter(|one| *one != meter.device) else { break };
            above = parent(&one);
            if above.as_ref() == Some(&meter.device) {
                let id = &meter.device;
                let problem =
                    text!("电表 `{id}` 成了自己的上级", "the meter `{id}` is below itself");
                let hint = Text::new(
                    "检查 parent，一级一级指向总表",
                    "see parent: each names the one above it",
                );
                root.note(*offset, problem, hint);
                return;
            }
        }
    }
}

/// What the building draws is not known without a main meter.
fn note_no_main(
    root: &Section<'_>,
    meters: &[Meter],
    (known, offsets): (&[(DeviceId, Supply)], &[usize]),
) {
    for supply in Supply::ALL {
        let all = meters.iter().zip(known).zip(offsets);
        let own: Vec<(&Meter, usize)> = all
            .filter(|((_, (_, its)), _)| *its == supply)
            .map(|((meter, _), offset)| (meter, *offset))
            .collect();
        let Some((_, first)) = own.first() else { continue };
        if own.iter().all(|(meter, _)| meter.role != Role::Main) {
            let Text { zh, en } = supply.label();
            let told = text!("{zh}表都不是总表 `main`", "no meter of {en} is the `main` one");
            let hint = Text::new(
                "给总表写 role = \"main\"，月报才有总量",
                "write role = \"main\" at it, so that reports know what the building draws",
            );
            root.notice(*first, told, hint);
        }
    }
}
