//! Who repairs the machines by contract, and the address that stands on their labels.

use std::collections::BTreeMap;

use crate::model::{DeviceId, DeviceKind, Text, ZoneId, near, text};
use crate::repair::Vendor;

use super::device::{Found, Known};
use super::section::{Section, write};
use super::site::unique;

const VENDOR: &[&str] =
    &["id", "name", "phone", "response_h", "repair_h", "devices", "kinds", "profiles", "zones"];
/// The lists that say which machines are a vendor's.
const LISTS: [&str; 4] = ["devices", "kinds", "profiles", "zones"];
/// Longest time that a contract allows, service hours.
const HOURS_MAX: f64 = 10_000.0;
/// What people write is shown on one line.
const WORDS_CHARS_MAX: usize = 100;

/// Reads the `[[vendor]]`s.
pub(super) fn vendors(root: &Section<'_>, known: &Known<'_>, found: &[Found]) -> Vec<Vendor> {
    let mut lines = BTreeMap::new();
    let sections = root.list("vendor", VENDOR);
    // Where a device has a mistake of its own, its name is no mistake here.
    let incomplete = root.may_lack("device") || root.list_len("device") != found.len();
    let vendor = |section: &Section<'_>| vendor(section, &mut lines, known, found, incomplete);
    sections.iter().filter_map(vendor).collect()
}

fn vendor(
    section: &Section<'_>,
    lines: &mut BTreeMap<String, usize>,
    known: &Known<'_>,
    found: &[Found],
    incomplete: bool,
) -> Option<Vendor> {
    let id = id(section, lines);
    let name = words(section, "name", "东方科技");
    let phone = words(section, "phone", "010-12345678");
    let response = hours(section, "response_h", "4");
    let repair = hours(section, "repair_h", "16");
    if LISTS.iter().all(|list| section.lacks(list)) {
        let hint = Text::new(
            "至少写 devices、kinds、profiles、zones 之一，例如 kinds = [\"ticket_machine\"]",
            "write devices, kinds, profiles or zones, such as kinds = [\"ticket_machine\"]",
        );
        section.missing("devices", hint);
    }
    let is_device = |id: &str| {
        let id = DeviceId::parse(id).ok()?;
        (incomplete || found.iter().any(|found| found.device.id == id)).then_some(id)
    };
    let is_zone = |id: &str| {
        let zones = known.zones;
        let there = zones.incomplete || zones.written.iter().any(|written| written == id);
        ZoneId::parse(id).ok().filter(|_| there)
    };
    let is_profile =
        |id: &str| (known.incomplete || known.catalog.get(id).is_some()).then(|| id.to_owned());
    let ids = || found.iter().map(|found| found.device.id.as_str()).collect();
    let zones = || known.zones.written.iter().map(String::as_str).collect();
    let kinds = || DeviceKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let profiles = || known.catalog.iter().map(|profile| profile.id.as_str()).collect();
    Some(Vendor {
        devices: list(section, "devices", &Text::new("设备", "device"), is_device, ids),
        kinds: list(section, "kinds", &Text::new("设备类型", "kind"), DeviceKind::parse, kinds),
        profiles: list(
            section,
            "profiles",
            &Text::new("设备模板", "profile"),
            is_profile,
            profiles,
        ),
        zones: list(section, "zones", &Text::new("区域", "zone"), is_zone, zones),
        id: id?,
        name: name?,
        phone: phone?,
        response_ms: response?,
        repair_ms: repair?,
    })
}

fn id(section: &Section<'_>, lines: &mut BTreeMap<String, usize>) -> Option<String> {
    let id = section.need_words("id", write("id = \"dongfang\""))?;
    if let Err(error) = DeviceId::parse(&id.value) {
        let hint = Text::new("取名如 `dongfang`", "name vendors like `dongfang`");
        section.note(id.offset, error.text(), hint);
        return None;
    }
    let what = Text::new("维保单位", "vendor");
    unique(section, lines, &what, &id.value, id.offset).then_some(id.value)
}

fn words(section: &Section<'_>, key: &str, example: &str) -> Option<String> {
    let words = section.need_words(key, write(&format!("{key} = \"{example}\"")))?;
    let plain = |c: char| !c.is_control();
    if words.value.chars().count() <= WORDS_CHARS_MAX && words.value.chars().all(plain) {
        return Some(words.value);
    }
    let problem = text!("`{key}` 过长或含有换行", "`{key}` is too long or has line breaks");
    let hint = text!("最多 {WORDS_CHARS_MAX} 个字，一行", "at most {WORDS_CHARS_MAX} characters");
    section.note(words.offset, problem, hint);
    None
}

/// Service hours as milliseconds.
#[allow(clippy::cast_possible_truncation)] // within bounds
fn hours(section: &Section<'_>, key: &str, example: &str) -> Option<i64> {
    if !section.has(key) {
        let hint = text!(
            "例如 {key} = {example}（服务时间内的小时数）",
            "write {key} = {example}, in hours of service time",
        );
        section.missing(key, hint);
    }
    let hours = section.real(key, 0.1..=HOURS_MAX)?;
    Some((hours.value * 3_600_000.0).round() as i64)
}

/// The entries of a list, each of which has to be known.
fn list<'a, T>(
    section: &Section<'_>,
    key: &str,
    what: &Text,
    known: impl Fn(&str) -> Option<T>,
    names: impl Fn() -> Vec<&'a str>,
) -> Vec<T> {
    let entries = section.words_list(key);
    let mut found = Vec::new();
    for entry in entries {
        match known(&entry.value) {
            Some(value) => found.push(value),
            None => {
                let (name, Text { zh, en }) = (&entry.value, what);
                let problem = text!("没有{zh} `{name}`", "there is no {en} `{name}`");
                let what = text!("已有的{zh}", "known: {en}");
                let hint = near::hint(name, &what, names());
                section.note(entry.offset, problem, hint);
            }
        }
    }
    found
}

/// Reads `[web] public_url`: what stands before the path on labels, so nothing may follow it.
pub(super) fn public_url(section: &Section<'_>) -> Option<String> {
    if !section.has("public_url") {
        return None;
    }
    let url = super::address::url(section, "public_url")?;
    let value = url.value.trim_end_matches('/');
    if value.contains(['?', '#']) || value.chars().count() > WORDS_CHARS_MAX {
        let problem = text!("`{value}` 不能放在标签上", "`{value}` does not fit on a label");
        let hint = Text::new(
            "写访客手机能打开的短网址，不带 ? 和 #，例如 \"http://10.1.2.3:8080\"",
            "write a short address that visitors' phones can open, without ? and #, as in \
             \"http://10.1.2.3:8080\"",
        );
        section.note(url.offset, problem, hint);
        return None;
    }
    Some(value.to_owned())
}
