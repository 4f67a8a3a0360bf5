//! `hallwatch device plan`: how a device is read.

use std::process::ExitCode;

use crate::model::{Text, text};
use crate::profile::Protocol;
use crate::source::modbus::{ByHand, Monitor};
use crate::web::{self, Plan};

use super::super::check::{Language, one_line};
use super::super::door::{Place, Source, unit_of};
use super::super::out::say;
use super::super::table::{Heading, Side, in_words, lines};
use super::{Done, Failure, runtime};

const READS: [Heading; 5] = [
    ("功能码", "function", Side::Right),
    ("起始", "start", Side::Right),
    ("数量", "count", Side::Right),
    ("周期", "every", Side::Right),
    ("测点", "points", Side::Left),
];
const MODELS: [Heading; 6] = [
    ("模型", "model", Side::Right),
    ("地址", "address", Side::Right),
    ("长度", "length", Side::Right),
    ("是否标准", "fit", Side::Left),
    ("测点", "points", Side::Right),
    ("名称", "name", Side::Left),
];

pub(in crate::cli) fn plan(place: &Place, id: &str, json: bool) -> Done {
    runtime()?.block_on(async {
        let plan = match place.source().await? {
            Source::Gateway(gateway) => gateway.of_device(id, "plan").await?.json().await?,
            Source::Direct(hall) => {
                let (bus, unit) = unit_of(&hall, id)?;
                let note = match &unit.profile.protocol {
                    Protocol::Sunspec { .. } => Text::new(
                        "网关没有运行；SunSpec 设备的读取计划要读到设备后才知道，\
                         可用 `hallwatch read` 询问设备",
                        "no gateway runs here; how a SunSpec device is read is known once it has \
                         been read, `hallwatch read` asks it",
                    ),
                    _ => Text::new(
                        "网关没有运行：这是设备模板的读取计划，不含从设备学到的内容",
                        "no gateway runs here: this is the plan of the profile, without what is \
                         learned from the device",
                    ),
                };
                eprintln!("{}", one_line(note, place.lang));
                offline(bus, unit)?
            }
        };
        if json {
            say!("{}", serde_json::to_string_pretty(&plan)?);
        } else {
            show(&plan, place.lang);
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The plan of the profile.
fn offline(
    bus: &crate::source::modbus::Config,
    unit: &crate::source::modbus::Unit,
) -> Result<Plan, Failure> {
    let monitor = Monitor::new();
    let id = &unit.device.id;
    drop(ByHand::new(bus, Some(id), &monitor));
    let view = monitor.device(id.as_str());
    let view = view.ok_or_else(|| Failure::told(Text::new("没有计划", "there is no plan")))?;
    Ok(Plan::of(id.as_str(), &view))
}

fn show(plan: &Plan, language: Option<Language>) {
    let (line, unit) = (&plan.line, plan.unit);
    let registers: u32 = plan.reads.iter().map(|read| u32::from(read.count)).sum();
    let reads = plan.reads.len();
    let head = text!(
        "线路 {line}，站号 {unit}，{reads} 次读取，{registers} 个寄存器",
        "line {line}, unit {unit}, {reads} reads of {registers} registers",
    );
    say!("{}  {}", plan.device, one_line(head, language));
    let rows: Vec<Vec<String>> = plan.reads.iter().map(|read| row(read, language)).collect();
    for line in lines(&READS, &rows, language) {
        say!("  {line}");
    }
    for hole in &plan.holes {
        let (first, last) = (hole.first, hole.first.saturating_add(hole.count).saturating_sub(1));
        let web::Text { zh, en } = &hole.text;
        let text = match hole.count {
            0 => text!(
                "不能跨过寄存器 {first} 读取（{zh}）",
                "no read may cross register {first} ({en})",
            ),
            _ => text!(
                "设备拒绝寄存器 {first}–{last}（{zh}）",
                "the device refuses registers {first} to {last} ({en})",
            ),
        };
        say!("  ! {}", one_line(text, language));
    }
    if !plan.absent.is_empty() {
        let all = plan.absent.join(", ");
        let text = text!("设备没有的测点：{all}", "points that the device does not have: {all}");
        say!("  ! {}", one_line(text, language));
    }
    if let Some(sunspec) = &plan.sunspec {
        show_models(sunspec, language);
    }
}

fn row(read: &web::Read, language: Option<Language>) -> Vec<String> {
    let mut points = read.points.join(" ");
    if read.rests {
        let rests = in_words(Text::new("（暂停）", "(rests)"), language);
        points = format!("{rests} {points}");
    }
    let numbers = [u32::from(read.function), u32::from(read.start), u32::from(read.count)];
    let numbers = numbers.into_iter().chain([read.every]).map(|number| number.to_string());
    numbers.chain([points]).collect()
}

fn show_models(sunspec: &web::Sunspec, language: Option<Language>) {
    let (base, n) = (sunspec.base, sunspec.models.len());
    let mut head =
        text!("SunSpec 映射始于 {base}，{n} 个模型", "SunSpec map at {base}, {n} models");
    if !sunspec.whole {
        let end = &sunspec.end;
        let Text { zh, en } = head;
        head = text!("{zh}；未读完（{end}）", "{en}; not read to its end ({end})");
    }
    say!("  {}", one_line(head, language));
    let row = |model: &web::Model| {
        let of = if model.instance > 1 { format!(" @{}", model.instance) } else { String::new() };
        vec![
            format!("{}{of}", model.model),
            model.address.to_string(),
            model.length.to_string(),
            model.fit.clone(),
            model.points.to_string(),
            model.name.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = sunspec.models.iter().map(row).collect();
    for line in lines(&MODELS, &rows, language) {
        say!("    {line}");
    }
}
