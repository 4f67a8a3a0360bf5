//! `hallwatch replay`: a recorded device answers again.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use crate::model::{DeviceKind, Text, text};
use crate::profile::Catalog;
use crate::simulate::{ModbusServer, Replay};
use crate::source::modbus::recording::{Header, Recording};

use super::super::check::{Language, one_line, show};
use super::super::out::say_part;
use super::super::told_to_stop;
use super::{Done, Failure, runtime};

pub(in crate::cli) fn replay(
    path: &Path,
    listen: SocketAddr,
    speed: f64,
    language: Option<Language>,
) -> Done {
    if !speed.is_finite() || speed <= 0.0 {
        let text = text!(
            "--speed `{speed}` 应大于 0，例如 2 表示快一倍",
            "--speed `{speed}` is above 0, such as 2 for twice as fast",
        );
        return Err(Failure::told(text));
    }
    let file = path.display().to_string();
    let source = std::fs::read_to_string(path).map_err(|error| {
        let Text { zh, en } = Failure::from(error).into_text();
        Failure::told(text!("无法读取 `{file}`：{zh}", "cannot read `{file}`: {en}"))
    })?;
    let recording = match Recording::parse(&file, &source) {
        Ok(recording) => recording,
        Err(mistakes) => {
            show(&mistakes, language);
            return Ok(ExitCode::FAILURE);
        }
    };
    runtime()?.block_on(async {
        let units = Replay { delay_factor: 1.0 / speed }.units(&recording);
        let server = ModbusServer::start(listen, units).await?;
        say_part!("{}", block(&recording.header, server.address()));
        let n = recording.exchanges.len();
        let told = text!(
            "正在重放 {n} 次问答；按 Ctrl-C 停止",
            "{n} exchanges are served again; stop with Ctrl-C",
        );
        eprintln!("{}", one_line(told, language));
        told_to_stop().await;
        drop(server);
        Ok(ExitCode::SUCCESS)
    })
}

/// The entry of a configuration that reads the recorded device.
fn block(header: &Header, address: SocketAddr) -> String {
    let Header { device, profile, unit, .. } = header;
    let kind = Catalog::shipped().ok().and_then(|catalog| catalog.get(profile)?.kind);
    let rated = match kind {
        Some(DeviceKind::Inverter) => "rated_power_w = 50000   # 按铭牌填写 · from the nameplate\n",
        _ => "",
    };
    format!(
        "[[device]]\nid = {device:?}\nname = {{ zh = {device:?}, en = {device:?} }}\n\
         zone = \"roof\"   # 某个 [[zone]] 的 id · the id of a [[zone]]\n\
         profile = {profile:?}\nmodbus = \"{address}\"\nunit = {unit}\n{rated}"
    )
}
