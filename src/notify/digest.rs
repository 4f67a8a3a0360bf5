//! Several alerts in one message: what belongs together in one line, the worst first.

use std::collections::BTreeMap;

use crate::alert::Change;
use crate::model::{Severity, Text, text};

use super::clip::lines_within;
use super::compose::{Paper, Pick, word};
use super::message::Told;
use super::names::Names;

/// Devices that are named in one line.
const NAMES_MAX: usize = 3;

/// Alerts of one rule in one zone to which the same has happened.
struct Group<'a, 'b> {
    severity: Severity,
    zone: Option<Text>,
    members: Vec<&'b Told<'a>>,
}

/// Writes a digest, at most so many bytes.
pub(super) fn digest(told: &[Told<'_>], names: &Names, pick: Pick, bytes_max: usize) -> Paper {
    let (over, open): (Vec<_>, Vec<_>) =
        told.iter().partition(|told| told.change == Change::Resolved);
    let title = pick(&title(&open, &over, names)).to_owned();
    let mut entries: Vec<(String, usize)> = Vec::new();
    for (sign, part) in [('●', open), ('✔', over)] {
        for group in groups(&part, names) {
            entries.push((pick(&line(sign, &group, names)).to_owned(), group.members.len()));
        }
    }
    let link = names.page.as_ref().map(|page| format!("\n{page}")).unwrap_or_default();
    let room = bytes_max.saturating_sub(link.len());
    let more = |left| pick(&text!("…等 {left} 条", "…and {left} more")).to_owned();
    let body = lines_within(&title, &entries, room, more);
    let text = if link.len() < bytes_max { format!("{body}{link}") } else { body };
    Paper { title, text }
}

fn title(open: &[&Told<'_>], over: &[&Told<'_>], names: &Names) -> Text {
    let mut by_severity: BTreeMap<Severity, usize> = BTreeMap::new();
    for told in open {
        *by_severity.entry(told.alert.severity).or_default() += 1;
    }
    let mut parts: Vec<Text> = Vec::new();
    for (severity, count) in by_severity.iter().rev() {
        let Text { zh, en } = severity.text();
        parts.push(text!("{zh} {count}", "{count} {en}"));
    }
    if !over.is_empty() {
        let count = over.len();
        parts.push(text!("已恢复 {count}", "{count} over"));
    }
    let zh: Vec<_> = parts.iter().map(|part| part.zh.as_str()).collect();
    let en: Vec<_> = parts.iter().map(|part| part.en.as_str()).collect();
    let sign = if open.is_empty() { '✔' } else { '●' };
    let count = open.len() + over.len();
    Text::new(
        format!("{sign} {count} 条告警：{}｜{}", zh.join("、"), names.title.zh),
        format!("{sign} {count} alerts: {} | {}", en.join(", "), names.title.en),
    )
}

/// The groups, worst first, larger ones before smaller ones.
fn groups<'a, 'b>(told: &[&'b Told<'a>], names: &Names) -> Vec<Group<'a, 'b>> {
    let mut found: BTreeMap<(&str, &str, &str, bool), Group<'a, 'b>> = BTreeMap::new();
    for told in told {
        let zone = names.zone_id(told.alert).map_or("", |zone| zone.as_str());
        let key = (told.alert.rule.as_str(), zone, told.change.as_str(), told.passed);
        let group = found.entry(key).or_insert_with(|| Group {
            severity: told.alert.severity,
            zone: names.zone(told.alert),
            members: Vec::new(),
        });
        group.severity = group.severity.max(told.alert.severity);
        group.members.push(told);
    }
    let mut groups: Vec<_> = found.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse((group.severity, group.members.len())));
    groups
}

fn line(sign: char, group: &Group<'_, '_>, names: &Names) -> Text {
    let Some(first) = group.members.first() else { return Text::same("") };
    let severity = group.severity.text();
    // "New" goes without saying.
    let what = match first.change {
        Change::Raised => Text::same(""),
        Change::Resolved if !first.passed => Text::same(""),
        _ => {
            let Text { zh, en } = word(first);
            text!("{zh}：", "{en}: ")
        }
    };
    if group.members.len() == 1 {
        let Text { zh, en } = &first.alert.text;
        return Text::new(
            format!("{sign} {} {}{zh}", severity.zh, what.zh),
            format!("{sign} {} {}{en}", severity.en, what.en),
        );
    }
    let count = group.members.len();
    let zone = group.zone.clone().unwrap_or_else(|| Text::same(""));
    let devices: Vec<Text> =
        group.members.iter().take(NAMES_MAX).filter_map(|told| names.device(told.alert)).collect();
    let zh: Vec<_> = devices.iter().map(|device| device.zh.as_str()).collect();
    let en: Vec<_> = devices.iter().map(|device| device.en.as_str()).collect();
    let dots = if count > NAMES_MAX { ("等", ", …") } else { ("", "") };
    let (rule, text) = (&first.alert.rule, &first.alert.text);
    let tail = match devices.is_empty() {
        true => text.clone(),
        false => Text::new(
            format!("{}{}；如 {}", zh.join("、"), dots.0, text.zh),
            format!("{}{}; such as: {}", en.join(", "), dots.1, text.en),
        ),
    };
    let gap = |zone: &str| if zone.is_empty() { String::new() } else { format!(" {zone}") };
    Text::new(
        format!(
            "{sign} {} {}{rule}{} {count} 条：{}",
            severity.zh,
            what.zh,
            gap(&zone.zh),
            tail.zh
        ),
        format!("{sign} {} {}{rule}{} ×{count}: {}", severity.en, what.en, gap(&zone.en), tail.en),
    )
}

#[cfg(test)]
pub(super) mod trial {
    //! A small hall and alerts in it.

    use crate::alert::{AlertState, Transition};
    use crate::model::{Device, DeviceId, DeviceKind, Position, Site, Timestamp, Zone, ZoneId};

    use super::super::message::{Item, Message};
    use super::*;

    /// 2026-11-30 08:00 in Shanghai.
    pub(in super::super) const START_MS: i64 = 1_795_996_800_000;

    pub(in super::super) fn names() -> Names {
        let time_zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let site = Site {
            id: "dongcheng".to_owned(),
            name: Text::new("东城区政务服务中心", "Dongcheng hall"),
            latitude_deg: 39.9,
            longitude_deg: 116.4,
            altitude_m: 45.0,
            time_zone,
        };
        let zones = [("roof", "屋顶", "roof"), ("hall-1", "一层", "ground floor")];
        let zones = zones.map(|(id, zh, en)| Zone {
            id: ZoneId::parse(id).unwrap(),
            name: Text::new(zh, en),
            floor: None,
        });
        let devices: Vec<Device> = (1..=800)
            .map(|n| Device {
                id: DeviceId::parse(&format!("inv-{n:02}")).unwrap(),
                name: Text::new(format!("{n} 号逆变器"), format!("inverter {n}")),
                zone: ZoneId::parse(if n % 2 == 1 { "roof" } else { "hall-1" }).unwrap(),
                kind: DeviceKind::Inverter,
                profile: "p".to_owned(),
                rated_power_w: None,
                interval_ms: 1000,
                stale_after_ms: 60_000,
            })
            .collect();
        let page = Some("https://hall.example.org/".to_owned());
        Names::new(&site, &zones, devices.iter(), page)
    }

    pub(in super::super) fn item(
        rule: &str,
        device: &str,
        severity: Severity,
        change: Change,
    ) -> Item {
        let mut alert = Message::test("x", Timestamp::from_ms(START_MS)).items[0].clone();
        let number: u32 = device.trim_start_matches("inv-").parse().unwrap();
        alert.position = Position(u64::from(number));
        let told = &mut alert.transition.alert;
        told.id = format!("{rule}-{device}-{START_MS}");
        told.rule = rule.to_owned();
        told.severity = severity;
        told.device = Some(DeviceId::parse(device).unwrap());
        told.text =
            Text::new(format!("{number} 号逆变器停机"), format!("inverter {number} stopped"));
        told.advice = Text::new("去现场看", "have a look");
        let Transition { change: of, .. } = &mut alert.transition;
        *of = change;
        alert
    }

    pub(in super::super) fn resolved(rule: &str, device: &str, after_ms: i64) -> Item {
        let mut item = item(rule, device, Severity::Major, Change::Resolved);
        item.transition.alert.state = AlertState::Resolved;
        item.transition.alert.resolved = Some(Timestamp::from_ms(START_MS + after_ms));
        item
    }

    pub(in super::super) fn message(items: Vec<Item>) -> Message {
        Message::new("duty", items).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose::paper;
    use super::super::message::Item;
    use super::trial::{item, message, names, resolved};
    use super::*;
    use crate::notify::config::Language;

    fn told(items: Vec<Item>, bytes_max: usize) -> String {
        paper(&message(items), &names(), Language::Zh, bytes_max).text
    }

    #[test]
    fn what_belongs_together_is_one_line_and_the_worst_comes_first() {
        let mut items = vec![
            item("KS001", "inv-02", Severity::Minor, Change::Raised),
            resolved("PV009", "inv-05", 60_000),
        ];
        for n in [1, 3, 5, 7] {
            items.push(item("PV002", &format!("inv-0{n}"), Severity::Major, Change::Raised));
        }
        items.push(item("PV003", "inv-04", Severity::Critical, Change::Raised));
        assert_eq!(
            told(items, 2048),
            "● 7 条告警：严重 1、重要 4、次要 1、已恢复 1｜东城区政务服务中心\n\
             ● 严重 4 号逆变器停机\n\
             ● 重要 PV002 屋顶 4 条：1 号逆变器、3 号逆变器、5 号逆变器等；如 1 号逆变器停机\n\
             ● 次要 2 号逆变器停机\n\
             ✔ 重要 5 号逆变器停机\n\
             https://hall.example.org/"
        );
    }

    #[test]
    fn what_came_and_went_is_told_once_as_over() {
        let items = vec![
            item("PV002", "inv-01", Severity::Major, Change::Raised),
            item("PV002", "inv-03", Severity::Major, Change::Raised),
            resolved("PV002", "inv-01", 60_000),
        ];
        let text = told(items, 2048);
        assert_eq!(text.matches("1 号逆变器停机").count(), 1, "{text}");
        assert!(text.contains("✔ 重要 出现后已恢复：1 号逆变器停机"), "{text}");
        assert!(text.starts_with("● 2 条告警：重要 1、已恢复 1｜"), "{text}");
    }

    #[test]
    fn a_flood_fits_into_any_number_of_bytes_and_counts_what_it_leaves_out() {
        // Rules of their own, so that hardly anything can be put together.
        let items: Vec<Item> = (1..=700)
            .map(|n| {
                let rule = format!("R{:03}", n % 300);
                item(&rule, &format!("inv-{n:02}"), Severity::Major, Change::Raised)
            })
            .collect();
        for bytes_max in [0, 10, 100, 500, 2048, 4096] {
            assert!(told(items.clone(), bytes_max).len() <= bytes_max, "{bytes_max}");
        }
        let text = told(items, 2048);
        assert!(text.contains("● 700 条告警：重要 700｜"), "{text}");
        let left: usize = text
            .lines()
            .find_map(|line| line.strip_prefix("…等 ")?.strip_suffix(" 条")?.parse().ok())
            .unwrap();
        assert!(left > 0 && left < 700, "{left}");
    }
}
