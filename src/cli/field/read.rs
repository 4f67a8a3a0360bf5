//! `hallwatch read`: every point of a device with its registers, as it is now.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use crate::clock::{Clock as _, SystemClock};
use crate::model::{Text, text};
use crate::source::modbus::{ByHand, Monitor};
use crate::web::{PointValue, Register, Registers};

use super::super::check::{Language, one_line};
use super::super::door::{Gateway, Place, Source, unit_of};
use super::super::out::{say, say_part};
use super::super::table::{Heading, Side, in_words, lines};
use super::super::told_to_stop;
use super::{Done, Failure, failed, round, runtime, say_direct};

/// Pause between two looks with `--watch`.
const PAUSE: Duration = Duration::from_secs(1);
/// Words of a long text that are shown; `--json` has them all.
const WORDS_MAX: usize = 4;

const HEADINGS: [Heading; 8] = [
    ("测点", "point", Side::Left),
    ("名称", "label", Side::Left),
    ("数值", "value", Side::Right),
    ("单位", "unit", Side::Left),
    ("质量", "quality", Side::Left),
    ("寄存器", "register", Side::Right),
    ("原始值", "raw", Side::Left),
    ("秒前", "s ago", Side::Right),
];

/// zh and en of the words of quality.
const QUALITIES: [(&str, &str, &str); 6] = [
    ("good", "有效", "good"),
    ("stale", "已过期", "stale"),
    ("not_available", "无此值", "not available"),
    ("refused_by_device", "设备拒绝", "refused by device"),
    ("refused_value", "不可信", "refused value"),
    ("not_read", "未读取", "not read"),
];

/// Who is asked for the registers.
enum Eye {
    Gateway(Gateway),
    Direct(Box<ByHand>, Monitor),
}

impl Eye {
    /// The registers, and whether all of them could be read.
    async fn look(
        &mut self,
        id: &str,
        language: Option<Language>,
    ) -> Result<(Registers, bool), Failure> {
        match self {
            Self::Gateway(gateway) => {
                Ok((gateway.of_device(id, "registers").await?.json().await?, true))
            }
            Self::Direct(hand, monitor) => {
                let mut well = true;
                for round in round(hand).await {
                    if let Some(error) = round.failure {
                        eprintln!("{}", one_line(failed(id, &error), language));
                        well = false;
                    }
                }
                let view = monitor.device(id);
                let view = view.ok_or_else(|| Failure::told(Text::same(id)))?;
                Ok((Registers::of(id, &view, SystemClock.now(), |_| false), well))
            }
        }
    }
}

pub(in crate::cli) fn read(place: &Place, id: &str, watch: bool, json: bool) -> Done {
    runtime()?.block_on(async {
        let mut eye = match place.source().await? {
            Source::Gateway(gateway) => Eye::Gateway(gateway),
            Source::Direct(hall) => {
                let (bus, unit) = unit_of(&hall, id)?;
                say_direct(place);
                let monitor = Monitor::new();
                let hand = ByHand::new(bus, Some(&unit.device.id), &monitor);
                Eye::Direct(Box::new(hand), monitor)
            }
        };
        let looking = async {
            loop {
                let (registers, well) = eye.look(id, place.lang).await?;
                show(&registers, watch, json, place.lang)?;
                if !watch {
                    return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::select! {
            done = looking => done,
            () = told_to_stop() => Ok(ExitCode::SUCCESS),
        }
    })
}

fn show(
    registers: &Registers,
    watch: bool,
    json: bool,
    language: Option<Language>,
) -> Result<(), Failure> {
    if json {
        // With --watch one line a look.
        let text = if watch {
            serde_json::to_string(registers)?
        } else {
            serde_json::to_string_pretty(registers)?
        };
        say!("{text}");
        return Ok(());
    }
    if watch && std::io::stdout().is_terminal() {
        say_part!("\x1b[H\x1b[2J");
    }
    if let Some(trouble) = &registers.trouble {
        let (device, Text { zh, en }) = (&registers.device, Text::new(&trouble.zh, &trouble.en));
        let told = text!("{device} 没有应答：{zh}", "{device} does not answer: {en}");
        eprintln!("{}", one_line(told, language));
    }
    let row = |register: &Register| row(register, registers.now_ms, language);
    let rows: Vec<Vec<String>> = registers.registers.iter().map(row).collect();
    for line in lines(&HEADINGS, &rows, language) {
        say!("{line}");
    }
    if watch {
        say!();
    }
    Ok(())
}

fn row(register: &Register, now_ms: i64, language: Option<Language>) -> Vec<String> {
    let said = |text: &crate::web::Text| in_words(Text::new(&text.zh, &text.en), language);
    let value = match (&register.value, &register.text) {
        (_, Some(text)) => said(text),
        (PointValue::Whole(number), None) => number.to_string(),
        (PointValue::Number(number), None) => number.to_string(),
        (PointValue::Bool(yes), None) => yes.to_string(),
        // An empty set of codes.
        (PointValue::Text(text), None) if text.is_empty() => {
            in_words(Text::new("无", "none"), language)
        }
        (PointValue::Text(text), None) => text.clone(),
        (PointValue::None, None) => "–".to_owned(),
    };
    let found = QUALITIES.iter().find(|(word, _, _)| *word == register.quality);
    let quality = found.map_or_else(
        || register.quality.clone(),
        |(_, zh, en)| in_words(Text::new(*zh, *en), language),
    );
    let quality = match &register.reason {
        Some(reason) if register.quality != "not_available" => {
            format!("{quality}: {}", said(reason))
        }
        _ => quality,
    };
    let mut words: Vec<&str> = register.words.iter().map(String::as_str).take(WORDS_MAX).collect();
    if register.words.len() > WORDS_MAX {
        words.push("…");
    }
    let age = register.read_ms.map(|at| now_ms.saturating_sub(at).max(0) / 1000);
    vec![
        register.name.clone(),
        said(&register.label),
        value,
        register.unit.clone(),
        quality,
        format!("{}:{}", register.function, register.address),
        words.join(" "),
        age.map_or_else(String::new, |age| age.to_string()),
    ]
}
