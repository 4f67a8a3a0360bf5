//! The words of a message: one alert in full, several as a digest.

use crate::alert::{Alert, Change, Cost};
use crate::model::{Severity, Text, Timestamp, text};

use super::clip::clip;
use super::config::Language;
use super::digest::digest;
use super::message::{Message, Told, merged};
use super::names::Names;

/// What people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paper {
    /// One line.
    pub(super) title: String,
    /// All of it, the title included.
    pub(super) text: String,
}

/// Takes the language of a text.
pub(super) type Pick = fn(&Text) -> &str;

fn zh(text: &Text) -> &str {
    &text.zh
}

fn en(text: &Text) -> &str {
    &text.en
}

/// Writes a message, at most so many bytes.
pub(super) fn paper(
    message: &Message,
    names: &Names,
    language: Language,
    bytes_max: usize,
) -> Paper {
    let told = merged(&message.items);
    let one = |pick: Pick, bytes_max: usize| match told.as_slice() {
        [only] => single(only, names, pick, bytes_max),
        many => digest(many, names, pick, bytes_max),
    };
    match language {
        Language::Zh => one(zh, bytes_max),
        Language::En => one(en, bytes_max),
        Language::Both => {
            let half = bytes_max.saturating_sub(2) / 2;
            let (first, second) = (one(zh, half), one(en, half));
            Paper {
                title: format!("{} / {}", first.title, second.title),
                text: format!("{}\n\n{}", first.text, second.text),
            }
        }
    }
}

/// The sign before an alert.
pub(super) const fn sign(change: Change) -> char {
    match change {
        Change::Resolved => '✔',
        _ => '●',
    }
}

/// What happened, in a word or two.
pub(super) fn word(told: &Told<'_>) -> Text {
    match told.change {
        Change::Raised => Text::new("新告警", "new alert"),
        Change::Changed => Text::new("有变化", "changed"),
        Change::Acknowledged => Text::new("已有人处理", "acknowledged"),
        Change::Escalated => Text::new("升级通知", "escalated"),
        Change::Forgotten => Text::new("确认后久未解决", "acknowledged, yet still open"),
        Change::Muted => Text::new("不再通知", "muted"),
        Change::Unmuted => Text::new("静默结束，告警仍在", "no longer silenced, still open"),
        Change::Resolved if told.passed => Text::new("出现后已恢复", "came and went"),
        Change::Resolved => Text::new("已恢复", "over"),
    }
}

/// The first line.
pub(super) fn title(told: &Told<'_>, names: &Names) -> Text {
    let (sign, Text { zh, en }) = (sign(told.change), word(told));
    let (severity, site) = (told.alert.severity.text(), &names.title);
    Text::new(
        format!("{sign} {} {zh}｜{}", severity.zh, site.zh),
        format!("{sign} {} {en} | {}", severity.en, site.en),
    )
}

fn single(told: &Told<'_>, names: &Names, pick: Pick, bytes_max: usize) -> Paper {
    let alert = told.alert;
    let title = pick(&title(told, names)).to_owned();
    let mut lines = vec![title.clone(), pick(&alert.text).to_owned()];
    let mut add = |line: Text| lines.push(pick(&line).to_owned());
    match told.change {
        Change::Escalated => add(Text::new(
            "一直无人处理，因此升级通知",
            "nobody has dealt with it so far, so more people are told",
        )),
        Change::Forgotten => add(Text::new(
            "有人确认过，但过了很久仍未解决",
            "somebody knew of it, but it has taken too long",
        )),
        _ => {}
    }
    let over = told.change == Change::Resolved;
    if !over && !pick(&alert.advice).is_empty() {
        let Text { zh, en } = &alert.advice;
        add(text!("处理：{zh}", "to do: {en}"));
    }
    if let Some(place) = place(alert, names) {
        let Text { zh, en } = place;
        add(text!("位置：{zh}", "where: {en}"));
    }
    let since = names.local(alert.since);
    add(text!("开始：{since}", "since: {since}"));
    if let Some(lasted) = lasted(alert).filter(|_| over) {
        let Text { zh, en } = lasted;
        add(text!("持续：{zh}", "lasted: {en}"));
    }
    if alert.flapping {
        add(Text::new(
            "反复出现：一小时内最多通知三次，安静后才算恢复",
            "it comes and goes: told three times an hour at most, over when it has been quiet",
        ));
    }
    if let Some(cost) = cost(alert) {
        let Text { zh, en } = cost;
        add(text!("影响：{zh}", "cost so far: {en}"));
    }
    if let Some(who) = &alert.acknowledged {
        let (by, at) = (&who.by, names.local(who.at));
        let note = match who.note.trim() {
            "" => Text::same(""),
            note => text!("（{note}）", " ({note})"),
        };
        let Text { zh, en } = note;
        add(text!("确认：{by} {at}{zh}", "known to: {by}, {at}{en}"));
    }
    // The address is of use only when it is whole, so it is kept free of the cut.
    let link = names.page.as_ref().map(|page| format!("\n{page}")).unwrap_or_default();
    let room = bytes_max.saturating_sub(link.len());
    let text = match link.len() < bytes_max {
        true => format!("{}{link}", clip(&lines.join("\n"), room)),
        false => clip(&lines.join("\n"), bytes_max),
    };
    Paper { title, text }
}

/// What it has cost, where that is something.
fn cost(alert: &Alert) -> Option<Text> {
    let Cost { energy_wh, money, service_ms } = alert.cost;
    let mut parts = Vec::new();
    if energy_wh >= 100.0 {
        let kwh = energy_wh / 1000.0;
        parts.push(text!("少发约 {kwh:.1} kWh", "about {kwh:.1} kWh not made"));
    }
    if let Some(money) = money.filter(|money| *money >= 0.1) {
        parts.push(text!("约 {money:.1} 元", "about CNY {money:.1}"));
    }
    let minutes = service_ms / 60_000;
    if minutes > 0 {
        parts.push(text!("影响服务 {minutes} 分钟", "{minutes} min of service"));
    }
    let join =
        |pick: fn(&Text) -> &str, stop: &str| parts.iter().map(pick).collect::<Vec<_>>().join(stop);
    (!parts.is_empty()).then(|| Text::new(join(|t| &t.zh, "，"), join(|t| &t.en, ", ")))
}

/// Device and zone.
pub(super) fn place(alert: &Alert, names: &Names) -> Option<Text> {
    let device = names.device(alert)?;
    Some(match names.zone(alert) {
        Some(zone) => Text::new(
            format!("{} · {}", zone.zh, device.zh),
            format!("{} · {}", zone.en, device.en),
        ),
        None => device,
    })
}

/// How long an alert lasted.
pub(super) fn lasted(alert: &Alert) -> Option<Text> {
    let seconds = alert.resolved?.since_ms(alert.since).max(0) / 1000;
    Some(span(seconds))
}

/// A span of time in its two largest units.
fn span(seconds: i64) -> Text {
    let units = [(86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min"), (1, "秒", "s")];
    let mut parts: Vec<(i64, &str, &str)> = Vec::new();
    let mut left = seconds;
    for (length, zh, en) in units {
        if left >= length && parts.len() < 2 {
            parts.push((left / length, zh, en));
        }
        left %= length;
    }
    if parts.is_empty() {
        return Text::new("不到 1 秒", "less than a second");
    }
    let zh: Vec<_> = parts.iter().map(|(n, zh, _)| format!("{n} {zh}")).collect();
    let en: Vec<_> = parts.iter().map(|(n, _, en)| format!("{n} {en}")).collect();
    Text::new(zh.join(" "), en.join(" "))
}

/// The worst of them.
pub(super) fn worst(message: &Message) -> Severity {
    let severities = message.items.iter().map(|item| item.transition.alert.severity);
    severities.max().unwrap_or(Severity::Info)
}

/// A moment as the standards write it, in UTC.
pub(super) fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.ms()).map_or_else(|_| String::new(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::digest::trial::{item, message, names, resolved};
    use super::*;
    use crate::alert::Acknowledged;

    #[test]
    fn one_alert_is_told_in_full() {
        let message = message(vec![item("PV002", "inv-01", Severity::Critical, Change::Raised)]);
        let paper = paper(&message, &names(), Language::Zh, 2048);
        assert_eq!(paper.title, "● 严重 新告警｜东城区政务服务中心");
        assert_eq!(
            paper.text,
            "● 严重 新告警｜东城区政务服务中心\n\
             1 号逆变器停机\n\
             处理：去现场看\n\
             位置：屋顶 · 1 号逆变器\n\
             开始：2026-11-30 08:00\n\
             https://hall.example.org/"
        );
    }

    #[test]
    fn its_end_tells_how_long_it_lasted() {
        let message = message(vec![resolved("PV002", "inv-01", 5_000_000)]);
        let paper = paper(&message, &names(), Language::Both, 2048);
        assert!(paper.text.contains("✔ 重要 已恢复｜"), "{}", paper.text);
        assert!(paper.text.contains("持续：1 小时 23 分钟"), "{}", paper.text);
        assert!(paper.text.contains("lasted: 1 h 23 min"), "{}", paper.text);
        assert!(!paper.text.contains("去现场看"), "{}", paper.text);
    }

    #[test]
    fn escalated_and_forgotten_ones_say_so_and_who_knows() {
        let mut escalated = item("PV002", "inv-01", Severity::Major, Change::Escalated);
        let first = paper(&message(vec![escalated.clone()]), &names(), Language::Zh, 2048);
        assert!(first.text.contains("升级通知") && first.text.contains("一直无人处理"));
        escalated.transition.change = Change::Forgotten;
        let at = escalated.transition.alert.since;
        escalated.transition.alert.acknowledged =
            Some(Acknowledged { by: "张三".into(), note: "在路上".into(), at, until: None });
        let second = paper(&message(vec![escalated]), &names(), Language::Zh, 2048);
        assert!(second.text.contains("确认后久未解决"), "{}", second.text);
        assert!(second.text.contains("确认：张三 2026-11-30 08:00（在路上）"), "{}", second.text);
    }

    #[test]
    fn a_long_text_keeps_the_address_whole() {
        let mut long = item("PV002", "inv-01", Severity::Major, Change::Raised);
        long.transition.alert.text = Text::same("停".repeat(2_000));
        let paper = paper(&message(vec![long]), &names(), Language::Zh, 2048);
        assert!(paper.text.len() <= 2048, "{}", paper.text.len());
        assert!(paper.text.ends_with("停…\nhttps://hall.example.org/"));
    }

    #[test]
    fn spans_have_two_units() {
        assert_eq!(span(0).zh, "不到 1 秒");
        assert_eq!(span(59).zh, "59 秒");
        assert_eq!(span(90_061).zh, "1 天 1 小时");
        assert_eq!(span(86_460).en, "1 d 1 min");
    }
}
