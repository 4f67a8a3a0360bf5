//! `hallwatch bus`: what each line and unit does, and what is wrong with it.

use std::process::ExitCode;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::clock::{Clock as _, SystemClock};
use crate::config::Hall;
use crate::model::{Text, text};
use crate::source::modbus::{ByHand, Monitor};
use crate::web::{Bus, BusUnit, Buses};

use super::super::check::{Language, one_line};
use super::super::door::{Place, Source};
use super::super::out::say;
use super::super::table::{Heading, Side, lines};
use super::{Done, round, runtime, say_direct};

/// Pause between two rounds of a line that is asked directly.
const PAUSE: Duration = Duration::from_millis(500);

const UNITS: [Heading; 10] = [
    ("站号", "unit", Side::Right),
    ("设备", "device", Side::Left),
    ("提问", "asked", Side::Right),
    ("应答", "answered", Side::Right),
    ("超时", "timeouts", Side::Right),
    ("异常码", "exceptions", Side::Left),
    ("不符", "bad", Side::Right),
    ("断开", "closed", Side::Right),
    ("中位/95%", "p50/p95 ms", Side::Right),
    ("最长", "max ms", Side::Right),
];

pub(in crate::cli) fn bus(place: &Place, json: bool, watched: Duration) -> Done {
    runtime()?.block_on(async {
        let buses = match place.source().await? {
            Source::Gateway(gateway) => gateway.get("/api/v1/buses").await?,
            Source::Direct(hall) => {
                say_direct(place);
                watch(&hall, watched).await
            }
        };
        if json {
            say!("{}", serde_json::to_string_pretty(&buses)?);
        } else {
            show(&buses, place.lang);
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Asks all lines for a while.
async fn watch(hall: &Hall, watched: Duration) -> Buses {
    let monitor = Monitor::new();
    let mut asking = JoinSet::new();
    for bus in &hall.modbus {
        let mut hand = ByHand::new(bus, None, &monitor);
        asking.spawn(async move {
            loop {
                round(&mut hand).await;
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    tokio::time::sleep(watched).await;
    let buses = Buses::of(&monitor, usize::MAX, SystemClock.now());
    asking.shutdown().await;
    buses
}

fn show(buses: &Buses, language: Option<Language>) {
    if buses.buses.is_empty() {
        let none = Text::new("没有 Modbus 线路", "there are no Modbus lines");
        eprintln!("{}", one_line(none, language));
    }
    for (place, bus) in buses.buses.iter().enumerate() {
        if place > 0 {
            say!();
        }
        show_bus(bus, language);
    }
}

fn show_bus(bus: &Bus, language: Option<Language>) {
    say!("{} ({})  {}", bus.name, bus.transport, one_line(line(bus), language));
    for finding in &bus.findings {
        let mark = if finding.weight == "note" { '·' } else { '!' };
        match language {
            Some(Language::Zh) => say!("  {mark} {}", finding.text.zh),
            Some(Language::En) => say!("  {mark} {}", finding.text.en),
            None => say!("  {mark} {}\n    {}", finding.text.zh, finding.text.en),
        }
    }
    let mut units: Vec<&BusUnit> = bus.units.iter().collect();
    units.sort_by_key(|unit| (std::cmp::Reverse(unit.unanswered), unit.unit));
    let rows: Vec<Vec<String>> = units.into_iter().map(row).collect();
    for line in lines(&UNITS, &rows, language) {
        say!("  {line}");
    }
}

/// The figures of the line itself; what is zero is left out.
fn line(bus: &Bus) -> Text {
    let percent = bus.utilisation * 100.0;
    let mut all = text!("占用 {percent:.0} %", "{percent:.0} % busy");
    let counts = [
        (bus.connects, "次连接", "connects"),
        (bus.connect_failures, "次连接失败", "connects failed"),
        (bus.crc_errors, "次校验错误", "CRC errors"),
        (bus.noise_bytes, "个杂乱字节", "bytes of noise"),
        (bus.echoes, "次回显", "echoes"),
        (bus.late_answers, "个迟到应答", "late answers"),
        (bus.foreign_frames, "个外来帧", "foreign frames"),
    ];
    let mut also = |zh: String, en: String| {
        all.zh.push_str(&format!("，{zh}"));
        all.en.push_str(&format!(", {en}"));
    };
    for (count, zh, en) in counts.into_iter().filter(|(count, _, _)| *count > 0) {
        also(format!("{count} {zh}"), format!("{count} {en}"));
    }
    if let Some(late) = bus.lateness.p95_ms.filter(|late| *late > 100) {
        also(format!("周期推迟 {late} ms（95%）"), format!("cycles {late} ms late (p95)"));
    }
    all
}

fn row(unit: &BusUnit) -> Vec<String> {
    let exceptions: Vec<_> =
        unit.exceptions.iter().map(|e| format!("{}×{}", e.code, e.count)).collect();
    let latency = &unit.latency;
    let ms = |ms: Option<u64>| ms.map_or_else(|| "–".to_owned(), |ms| ms.to_string());
    vec![
        unit.unit.to_string(),
        unit.devices.join(", "),
        unit.questions.to_string(),
        unit.answers.to_string(),
        unit.timeouts.to_string(),
        exceptions.join(" "),
        unit.bad_answers.to_string(),
        unit.closed.to_string(),
        format!("≤{}/{}", ms(latency.p50_ms), ms(latency.p95_ms)),
        ms(latency.max_ms),
    ]
}
