//! `hallwatch check`: all mistakes at once.

use std::path::Path;
use std::process::ExitCode;

use crate::config;
use crate::model::Mistake;

use super::Done;

pub(super) fn check(path: &Path) -> Done {
    match config::read(path) {
        Ok(hall) => {
            println!(
                "{}: ok, {} devices, {} Modbus connections, {} over MQTT, {} sinks",
                path.display(),
                hall.devices.len(),
                hall.modbus.len(),
                hall.mqtt.as_ref().map_or(0, |mqtt| mqtt.devices.len()),
                hall.influx.len(),
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(mistakes) => {
            show(&mistakes);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Prints mistakes, and how many there are.
pub(super) fn show(mistakes: &[Mistake]) {
    for mistake in mistakes {
        eprintln!("{mistake}");
    }
    let s = if mistakes.len() == 1 { "" } else { "s" };
    eprintln!(
        "\n{} mistake{s}; nothing was started / 共 {} 处错误，未启动",
        mistakes.len(),
        mistakes.len()
    );
}
