//! Who is told of which alerts, and when: the `[[route]]`s and `[alert]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::alert::{Hours, KIOSK, Matcher, Policy, Route, Switch};
use crate::model::{Device, DeviceId, DeviceKind, Severity, Text, Zone, near, text};
use crate::profile::Profile;
use crate::rule::Labels;

use super::section::{Placed, Section, write};
use super::site::unique;

const ALERT: &[&str] = &["acknowledged_for_h"];
const ROUTE: &[&str] = &[
    "name",
    "channels",
    "severity",
    "kinds",
    "zones",
    "devices",
    "rules",
    "labels",
    "after_min",
    "hours",
];
const SWITCH: &[&str] = &["id", "name", "devices", "zones"];
/// An acknowledgement counts for so long, hours, where nothing is written: a shift.
const ACKNOWLEDGED_FOR_H: i64 = 8;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// What can be named in routes.
pub(super) struct Names<'a> {
    pub(super) channels: &'a [String],
    pub(super) rules: Vec<&'a str>,
    /// Of all rules, each as `name = value`.
    pub(super) labels: Vec<String>,
    pub(super) zones: Vec<&'a str>,
    pub(super) devices: Vec<&'a str>,
}

/// Reads them.
pub(super) fn policy(root: &Section<'_>, names: &Names<'_>) -> Policy {
    let section = root.table("alert", ALERT);
    let hours = section.and_then(|s| s.whole::<i64>("acknowledged_for_h", 0..=24 * 31));
    let hours = hours.map_or(ACKNOWLEDGED_FOR_H, |hours| hours.value);
    let acknowledged_for_ms = (hours > 0).then_some(hours * HOUR_MS);
    let mut lines = BTreeMap::new();
    let sections = root.list("route", ROUTE);
    let routes = sections.iter().filter_map(|section| route(section, &mut lines, names));
    let routes: Vec<Route> = routes.collect();
    if let Some(first) = sections.first().filter(|_| routes.len() == sections.len()) {
        unheard(first, &routes, names.channels);
    }
    Policy { channels: names.channels.to_vec(), routes, acknowledged_for_ms }
}

/// Reads the `[[switch]]`es: each with devices, or with all devices of zones.
pub(super) fn switches(
    root: &Section<'_>,
    zones: &[Zone],
    devices: &[(Arc<Device>, Arc<Profile>)],
) -> Vec<Switch> {
    let mut lines = BTreeMap::new();
    let zones: Vec<&str> = zones.iter().map(|zone| zone.id.as_str()).collect();
    let ids: Vec<&str> = devices.iter().map(|(device, _)| device.id.as_str()).collect();
    let sections = root.list("switch", SWITCH);
    let switch = |section: &Section<'_>| {
        let id = section.need_words("id", write("id = \"sw-2f\""));
        let id = id.filter(|id| match DeviceId::parse(&id.value) {
            Ok(_) => {
                unique(section, &mut lines, &Text::new("交换机", "switch"), &id.value, id.offset)
            }
            Err(error) => {
                section.note(id.offset, error.text(), write("id = \"sw-2f\""));
                false
            }
        });
        let name = section.name();
        let named = listed(section, "devices", &Text::new("设备", "device"), &ids);
        let whole = listed(section, "zones", &Text::new("区域", "zone"), &zones);
        if !section.has("devices") && !section.has("zones") {
            section.missing("devices", write("devices = [\"tm-01\", \"tm-02\"]"));
        }
        let behind = |device: &&Arc<Device>| {
            named.iter().any(|id| *id == *device.id.as_str())
                || whole.iter().any(|zone| *zone == *device.zone.as_str())
        };
        let devices = devices.iter().map(|(device, _)| device).filter(behind);
        let devices = devices.map(|device| device.id.clone()).collect();
        Some(Switch { id: id?.value, name: name?, devices })
    };
    sections.iter().filter_map(switch).collect()
}

/// Channels that hear nothing, and alerts that nobody hears of: allowed, and seldom meant.
fn unheard(first: &Section<'_>, routes: &[Route], channels: &[String]) {
    let offset = first.key_offset("channels");
    let used = |name: &&String| routes.iter().any(|route| route.channels.contains(name));
    for name in channels.iter().filter(|name| !used(name)) {
        let told = text!(
            "没有路线用到渠道 `{name}`，它收不到告警",
            "no route names the channel `{name}`: it hears nothing"
        );
        let hint = Text::new(
            "加一条 [[route]]，或删去这个渠道",
            "add a [[route]] for it, or remove the channel",
        );
        first.notice(offset, told, hint);
    }
    let for_all = |route: &Route| {
        route.matcher == Matcher::default() && route.severity_min <= Severity::Major
    };
    if !routes.iter().any(for_all) {
        let told = Text::new(
            "没有一条 `[[route]]` 面向全部重要告警：不符合任何路线的告警不通知任何人",
            "no `[[route]]` is for every major alert: what fits no route is told to nobody",
        );
        let hint = Text::new(
            "加一条不带 kinds、zones、devices、rules、labels 的 [[route]]",
            "add a [[route]] without kinds, zones, devices, rules and labels",
        );
        first.notice(first.key_offset("name"), told, hint);
    }
}

fn route(
    section: &Section<'_>,
    lines: &mut BTreeMap<String, usize>,
    names: &Names<'_>,
) -> Option<Route> {
    let name = section.need_words("name", write("name = \"duty\""));
    let name = name.filter(|name| {
        unique(section, lines, &Text::new("通知路线", "route"), &name.value, name.offset)
    });
    let known: Vec<&str> = names.channels.iter().map(String::as_str).collect();
    if !section.has("channels") {
        section.missing("channels", write("channels = [\"duty-group\"]"));
    }
    let channels = listed(section, "channels", &Text::new("通知渠道", "channel"), &known);
    let kinds = DeviceKind::ALL.iter().map(|kind| kind.as_str()).chain([KIOSK]);
    let kinds: Vec<&str> = kinds.collect();
    let matcher = Matcher {
        rules: listed(section, "rules", &Text::new("规则", "rule"), &names.rules),
        devices: listed(section, "devices", &Text::new("设备", "device"), &names.devices),
        zones: listed(section, "zones", &Text::new("区域", "zone"), &names.zones),
        kinds: listed(section, "kinds", &Text::new("设备类型", "kind"), &kinds),
        labels: labels(section, &names.labels),
        severity_max: None,
    };
    let severity_min = severity(section);
    let after = section.whole::<i64>("after_min", 0..=7 * 24 * 60);
    let after_ms = after.map_or(0, |after| after.value * MINUTE_MS);
    let hours = hours(section);
    Some(Route { name: name?.value, channels, matcher, severity_min, after_ms, hours })
}

/// The labels that an alert must bear; those that no rule bears are noted and left out.
fn labels(section: &Section<'_>, known: &[String]) -> Labels {
    let Some(Placed { value, offset }) = section.get::<Labels>("labels") else {
        return Labels::new();
    };
    let is_known = |(name, value): &(String, String)| {
        let label = format!("{name} = {value}");
        let good = known.contains(&label);
        if !good {
            let problem = text!("没有规则带标签 `{label}`", "no rule bears the label `{label}`");
            let all = Text::new("规则标签", "labels of rules");
            section.note(
                offset,
                problem,
                near::hint(&label, &all, known.iter().map(String::as_str)),
            );
        }
        good
    };
    value.into_iter().filter(is_known).collect()
}

/// The names of a list; those that are not known are noted and left out.
fn listed(section: &Section<'_>, key: &str, what: &Text, known: &[&str]) -> Vec<String> {
    let Some(Placed { value, offset }) = section.get::<Vec<String>>(key) else { return Vec::new() };
    if value.is_empty() {
        let problem = text!("`{key} = []` 内容为空", "`{key} = []` is empty");
        let hint = text!("填写名称，或删除 `{key}`", "name some, or remove `{key}`");
        section.note(offset, problem, hint);
    }
    let is_known = |name: &String| {
        let good = known.contains(&name.as_str());
        if !good {
            let Text { zh, en } = what;
            let problem = text!("没有{zh} `{name}`", "there is no {en} `{name}`");
            let all = text!("可用的{zh}", "known {en}s");
            section.note(offset, problem, near::hint(name, &all, known.iter().copied()));
        }
        good
    };
    value.into_iter().filter(is_known).collect()
}

fn severity(section: &Section<'_>) -> Severity {
    let Some(word) = section.words("severity") else { return Severity::Minor };
    Severity::parse(&word.value).unwrap_or_else(|| {
        let problem = text!("`{}` 不是级别", "`{}` is no severity", word.value);
        let all = Text::new("级别", "severities");
        let known = Severity::ALL.into_iter().map(Severity::as_str);
        section.note(word.offset, problem, near::hint(&word.value, &all, known));
        Severity::Minor
    })
}

/// `always`, `open`, or a time of the day.
fn hours(section: &Section<'_>) -> Hours {
    let Some(word) = section.words("hours") else { return Hours::Always };
    let time = || word.value.parse::<jiff::civil::Time>().ok();
    match word.value.as_str() {
        "always" => Hours::Always,
        "open" => Hours::Open,
        _ => match time() {
            Some(time) => {
                let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
                Hours::Daily(u16::try_from(minute).unwrap_or_default())
            }
            None => {
                let problem = text!("`{}` 不是时间", "`{}` is no time", word.value);
                let hint = Text::new(
                    "写 \"always\"（随时）、\"open\"（服务时间内）或每天汇总的时刻如 \"08:30\"",
                    "write \"always\", \"open\" (while the zone serves), or a time such as \"08:30\" for once a day",
                );
                section.note(word.offset, problem, hint);
                Hours::Always
            }
        },
    }
}
