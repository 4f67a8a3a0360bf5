//! `hallwatch alert rehearse`: how often a rule would have fired on what is stored.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::alert::{Firing, Rehearsed, rehearse};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Hall;
use crate::history::History;
use crate::journal::Archive;
use crate::model::{Text, Timestamp, text};

use super::super::check::{Language, one_line};
use super::super::door::Place;
use super::super::out::say;
use super::super::table::{Side, lines};
use super::backup::data_folder;
use super::bar::Bar;
use super::{Done, Failure};

/// Longer than anybody waits: on a command line one can break off.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// Firings and devices that are shown, unless all are asked for.
const SHOWN: usize = 20;
const MINUTE_MS: i64 = 60_000;

#[derive(Args)]
pub(in crate::cli) struct RehearseArguments {
    /// Its id, such as PV003; thresholds are those of the configuration, changed ones included.
    /// 规则编号；阈值取自配置，含自己的修改。
    rule: String,
    /// How far to look back. 回看天数。
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
    /// Every device and every firing. 列出全部设备和全部触发。
    #[arg(long)]
    all: bool,
    /// Print JSON. 输出 JSON。
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(in crate::cli) place: Place,
}

pub(in crate::cli) fn run(arguments: &RehearseArguments) -> Done {
    let place = &arguments.place;
    let hall = place.hall()?;
    let folder = data_folder(place)?;
    let clock = Arc::new(SystemClock);
    let now = clock.now();
    let archive = Archive::look(&folder)?.0;
    let stage = hall.stage(History::look(&folder, clock)?, archive);
    let bar = Bar::new(text!("演练 {}", "rehearsing {}", arguments.rule), place.lang);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a part of a thousand
    let progress = |part: f64| bar.tell((part * 1000.0) as u64, 1000);
    let done = rehearse(&stage, &arguments.rule, arguments.days, now, PATIENCE, &progress);
    bar.end();
    let done = done.map_err(|error| Failure::told(error.text()))?;
    match arguments.json {
        true => say!("{}", json(&done)),
        false => show(&done, &hall, arguments),
    }
    Ok(ExitCode::SUCCESS)
}

fn show(done: &Rehearsed, hall: &Hall, arguments: &RehearseArguments) {
    let lang = arguments.place.lang;
    let say = |text: Text| say!("{}", one_line(text, lang));
    let local = |time: Timestamp| local(hall, time);
    let Some(data_from) = done.data_from else {
        say(text!(
            "{}：{} 台设备都没有历史数据，无从演练",
            "{}: none of its {} devices has any stored reading",
            done.rule,
            done.devices
        ));
        return;
    };
    let (from, to) = (local(done.from.max(data_from)), local(done.to));
    let (count, devices) = (done.firings, done.devices);
    say(text!(
        "{} 在 {from} 至 {to} 会触发 {count} 次（{devices} 台设备）",
        "{} would have fired {count}× from {from} to {to} ({devices} devices)",
        done.rule
    ));
    if count == 0 {
        return;
    }
    let (open, shut) = (done.in_hours, count - done.in_hours);
    say(text!(
        "服务时间内 {open} 次，服务时间外 {shut} 次",
        "{open} in service hours, {shut} out of them"
    ));
    for (channel, count) in &done.told {
        say(text!(
            "`{channel}` 会收到 {count} 条（假设无人确认）",
            "`{channel}` would have been told {count} times, if nobody had answered"
        ));
    }
    if done.told.is_empty() {
        say(Text::new("没有渠道会收到通知", "no channel would have been told"));
    }
    let most = if arguments.all { usize::MAX } else { SHOWN };
    devices_table(done, hall, most, lang).iter().for_each(|line| say!("{line}"));
    for firing in done.listed.iter().take(most) {
        let span = span(firing, &local);
        let Text { zh, en } = &firing.text;
        say(text!("{span} {zh}", "{span} {en}"));
    }
    let left = count - done.listed.len().min(most);
    if left > 0 {
        say(text!("……另有 {left} 次（--all 列出全部）", "… and {left} more (--all lists them)"));
    }
}

fn devices_table(
    done: &Rehearsed,
    hall: &Hall,
    most: usize,
    lang: Option<Language>,
) -> Vec<String> {
    let mut devices: Vec<_> = done.by_device.iter().collect();
    devices.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    let headings = [
        ("设备", "device", Side::Left),
        ("名称", "name", Side::Left),
        ("次数", "times", Side::Right),
        ("最长（分钟）", "longest, min", Side::Right),
    ];
    let row = |(id, (count, longest_ms)): &(&_, &(usize, i64))| {
        let name = hall.device(id).map(|device| match lang {
            Some(Language::En) => device.name.en.clone(),
            _ => device.name.zh.clone(),
        });
        let name = name.unwrap_or_default();
        vec![id.to_string(), name, count.to_string(), (longest_ms / MINUTE_MS).to_string()]
    };
    let rows: Vec<Vec<String>> = devices.iter().take(most).map(row).collect();
    lines(&headings, &rows, lang)
}

fn span(firing: &Firing, local: &dyn Fn(Timestamp) -> String) -> String {
    let end = firing.to.map_or_else(|| "…".to_owned(), local);
    format!("{} – {end}", local(firing.from))
}

fn local(hall: &Hall, time: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
    hall.site.time_zone.to_datetime(time).strftime("%Y-%m-%d %H:%M").to_string()
}

fn json(done: &Rehearsed) -> String {
    let firing = |firing: &Firing| {
        serde_json::json!({
            "device": firing.device.as_ref().map(ToString::to_string),
            "from_ms": firing.from.ms(),
            "to_ms": firing.to.map(Timestamp::ms),
            "severity": firing.severity.as_str(),
            "in_hours": firing.in_hours,
            "told": firing.told,
            "text": {"zh": firing.text.zh, "en": firing.text.en},
        })
    };
    let value = serde_json::json!({
        "rule": done.rule,
        "from_ms": done.from.ms(),
        "to_ms": done.to.ms(),
        "data_from_ms": done.data_from.map(Timestamp::ms),
        "devices": done.devices,
        "firings": done.firings,
        "in_hours": done.in_hours,
        "told": done.told,
        "events": done.listed.iter().map(firing).collect::<Vec<_>>(),
    });
    value.to_string()
}
