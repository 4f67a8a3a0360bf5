//! `hallwatch check`: all mistakes at once.

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::config;
use crate::model::{Mistake, Text, text};

use super::Done;
use super::out::say;

/// A language that a person may choose; without a choice both are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

impl Language {
    pub(super) fn of(self, text: Text) -> String {
        match self {
            Self::Zh => text.zh,
            Self::En => text.en,
        }
    }
}

pub(super) fn check(path: &Path, language: Option<Language>) -> Done {
    match config::read(path) {
        Ok(hall) => {
            let found = text!(
                "正确：设备 {} 台，Modbus 连接 {} 个，MQTT 设备 {} 台，InfluxDB {} 个",
                "ok: devices {}, Modbus connections {}, MQTT devices {}, InfluxDBs {}",
                hall.devices.len(),
                hall.modbus.len(),
                hall.mqtt.as_ref().map_or(0, |mqtt| mqtt.devices.len()),
                hall.influx.len(),
            );
            say!("{}: {}", path.display(), one_line(found, language));
            show_notices(&hall.notices, language);
            Ok(ExitCode::SUCCESS)
        }
        Err(mistakes) => {
            show(&mistakes, language);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Prints what is no mistake and yet worth a look.
fn show_notices(notices: &[Mistake], language: Option<Language>) {
    if notices.is_empty() {
        return;
    }
    let (count, s) = (notices.len(), if notices.len() == 1 { "" } else { "s" });
    let head = text!(
        "另有 {count} 处请留意，不影响运行：",
        "{count} thing{s} to look at; it runs all the same:"
    );
    eprintln!("\n{}", one_line(head, language));
    show_each(notices, language);
}

fn show_each(mistakes: &[Mistake], language: Option<Language>) {
    for mistake in mistakes {
        match language {
            Some(language) => eprintln!("{}", language.of(mistake.told())),
            None => eprintln!("{mistake}"),
        }
    }
}

/// Prints mistakes, and how many there are.
pub(super) fn show(mistakes: &[Mistake], language: Option<Language>) {
    show_each(mistakes, language);
    let (count, s) = (mistakes.len(), if mistakes.len() == 1 { "" } else { "s" });
    let (zh, en) =
        (format!("共 {count} 处错误，未启动"), format!("{count} mistake{s}; nothing was started"));
    let sum = Text::new(zh, en);
    eprintln!("\n{}", one_line(sum, language));
}

/// A text in one language, or in both.
pub(super) fn one_line(text: Text, language: Option<Language>) -> String {
    match language {
        Some(language) => language.of(text),
        None => format!("{} / {}", text.zh, text.en),
    }
}
