//! `hallwatch scan`: finds devices, and writes a configuration for them.

mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use crate::config::{self, Hall};
use crate::model::{Text, text};
use crate::profile::{Catalog, CatalogError};
use crate::source::modbus::scan::{
    ANSWER_MS_DEFAULT, BlockOptions, RATE_DEFAULT, ScanPlan, SerialSettings, Taken, Target,
    UnitChoice, config_block, scan,
};
use crate::source::modbus::{Framing, Parity};

use crate::web;

use super::check::{Language, one_line, show};
use super::out::{say, say_part};
use super::{Done, Failure, runtime, told_to_stop};

/// What is scanned, and how.
#[derive(Args)]
pub(super) struct ScanArguments {
    /// 192.168.10.11, host:502, 192.168.10.0/24, /dev/serial/by-id/…, or a bus of --config.
    /// 地址、网段、串口，或 --config 中的总线。
    #[arg(required = true)]
    targets: Vec<String>,
    /// Units: 1-16 or 1,3,126; all is 1 to 247. 站号。
    #[arg(long, default_value = "usual")]
    unit: String,
    /// TCP ports where a target has none. 端口。
    #[arg(long, value_delimiter = ',', default_value = "502")]
    port: Vec<u16>,
    /// Addresses are transparent serial servers. 地址是透传的串口服务器。
    #[arg(long)]
    rtu_over_tcp: bool,
    /// Bits per second that are tried on serial ports. 依次尝试的波特率。
    #[arg(long, value_delimiter = ',', default_value = "9600,19200", value_parser = clap::value_parser!(u32).range(300..=3_000_000))]
    baud: Vec<u32>,
    /// Parities that are tried on serial ports. 依次尝试的校验。
    #[arg(long, value_delimiter = ',', default_value = "none,even")]
    parity: Vec<ParityWord>,
    /// A folder with own profiles. 自备设备模板的目录。
    #[arg(long, conflicts_with = "config")]
    profiles: Option<PathBuf>,
    /// The configuration: its buses can be targets, and its devices are known.
    /// 配置文件：可扫描其中的总线，已有的设备会标明。
    #[arg(long)]
    config: Option<PathBuf>,
    /// Zone of the new devices. 新设备所在区域。
    #[arg(long)]
    zone: Option<String>,
    /// Longest wait for an answer, milliseconds. 等待应答的最长时间，毫秒。
    #[arg(long, default_value_t = ANSWER_MS_DEFAULT, value_parser = clap::value_parser!(u32).range(20..=60_000))]
    timeout_ms: u32,
    /// Connections and questions a second, at most. 每秒最多的连接与提问数。
    #[arg(long, default_value_t = RATE_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rate: u32,
    /// End after so many minutes with what was found. 最长时间，分钟。
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=1_440))]
    minutes: u64,
    /// Print JSON instead of a configuration. 输出 JSON。
    #[arg(long)]
    json: bool,
    /// Show one language only. 只显示一种语言。
    #[arg(long)]
    pub(super) lang: Option<Language>,
}

/// Parity bit of a serial line. 校验位。
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ParityWord {
    /// 无
    None,
    /// 偶
    Even,
    /// 奇
    Odd,
}

pub(super) fn run(arguments: &ScanArguments) -> Done {
    let hall = match &arguments.config {
        None => None,
        Some(path) => match config::read(path) {
            Ok(hall) => Some(hall),
            Err(mistakes) => {
                show(&mistakes, arguments.lang);
                return Ok(ExitCode::FAILURE);
            }
        },
    };
    let catalog = match (&hall, &arguments.profiles) {
        (Some(hall), _) => hall.catalog.clone(),
        (None, folder) => match catalog(folder.as_deref()) {
            Err(CatalogError::Mistakes(mistakes)) => {
                show(&mistakes, arguments.lang);
                return Ok(ExitCode::FAILURE);
            }
            other => other?,
        },
    };
    let plan = plan(arguments, hall.as_ref())?;
    plan.check()?;
    let report = runtime()?.block_on(scan_until_told(plan, &catalog, arguments.lang));
    show::summary(&report, arguments.lang);
    if arguments.json {
        say!("{:#}", web::scan_report(&report));
    } else if report.devices.iter().any(|found| found.configured_as.is_none()) {
        say_part!("{}", config_block(&report, &options(arguments, hall.as_ref())));
    }
    Ok(ExitCode::SUCCESS)
}

fn catalog(folder: Option<&Path>) -> Result<Catalog, CatalogError> {
    folder.map_or_else(Catalog::shipped, Catalog::with_folder)
}

/// Scans; Ctrl-C ends it with what was found.
async fn scan_until_told(
    plan: ScanPlan,
    catalog: &Catalog,
    language: Option<Language>,
) -> crate::source::modbus::scan::ScanReport {
    let display = Arc::new(show::Display::new(language));
    let stop = CancellationToken::new();
    let shown = display.clone();
    let work = scan(plan, catalog, move |progress| shown.tell(&progress), stop.clone());
    tokio::pin!(work);
    let report = tokio::select! {
        report = &mut work => report,
        () = told_to_stop() => {
            stop.cancel();
            work.await
        }
    };
    display.end();
    if !report.whole {
        let told = text!(
            "扫描提前结束，以下是已找到的",
            "the scan ended early; this is what was found by then"
        );
        eprintln!("{}", one_line(told, language));
    }
    report
}

fn plan(arguments: &ScanArguments, hall: Option<&Hall>) -> Result<ScanPlan, Failure> {
    let buses = hall.map_or(&[][..], |hall| &hall.modbus);
    let target = |written: &String| target(written, hall);
    let targets = arguments.targets.iter().map(target).collect::<Result<_, _>>()?;
    if let (Some(zone), Some(hall)) = (&arguments.zone, hall)
        && !hall.zones.iter().any(|known| known.id.as_str() == zone)
    {
        let all = hall.zones.iter().map(|zone| zone.id.as_str()).collect::<Vec<_>>().join(", ");
        let told =
            text!("没有区域 `{zone}`；现有：{all}", "there is no zone `{zone}`; there are {all}");
        return Err(Failure::told(told));
    }
    let parities: Vec<Parity> = arguments.parity.iter().map(|word| parity(*word)).collect();
    let settings = |baud_rate: &u32| {
        let settings = |parity: &Parity| SerialSettings { baud_rate: *baud_rate, parity: *parity };
        parities.iter().map(settings).collect()
    };
    let mut plan = ScanPlan::new(targets);
    plan.ports.clone_from(&arguments.port);
    plan.framing = if arguments.rtu_over_tcp { Framing::Rtu } else { Framing::Tcp };
    plan.serial = arguments.baud.iter().flat_map(|baud| -> Vec<_> { settings(baud) }).collect();
    plan.units = UnitChoice::parse(&arguments.unit)?;
    plan.answer_ms = arguments.timeout_ms;
    plan.rate_per_s = arguments.rate;
    plan.taken = Taken::of(buses);
    plan.time_max = Duration::from_secs(60 * arguments.minutes);
    Ok(plan)
}

/// An address, a port, or a bus of the configuration; a bare word that is none of its buses was
/// hardly meant as the name of a machine.
fn target(written: &str, hall: Option<&Hall>) -> Result<Target, Failure> {
    let Some(hall) = hall else { return Ok(Target::parse(written)?) };
    if let Some(bus) = hall.modbus.iter().find(|bus| bus.name == written) {
        return Ok(Target::Bus(bus.name.clone(), bus.transport.clone()));
    }
    if written.contains(['.', ':', '/']) || written == "localhost" {
        return Ok(Target::parse(written)?);
    }
    let all = hall.modbus.iter().map(|bus| bus.name.as_str()).collect::<Vec<_>>().join(", ");
    Err(Failure::told(text!(
        "配置中没有总线 `{written}`；现有：{all}；主机名请写成 {written}:502",
        "the configuration has no bus `{written}`; there are {all}; a machine is written {written}:502",
    )))
}

pub(super) const fn parity(word: ParityWord) -> Parity {
    match word {
        ParityWord::None => Parity::None,
        ParityWord::Even => Parity::Even,
        ParityWord::Odd => Parity::Odd,
    }
}

/// What the new part of the configuration has to fit.
fn options(arguments: &ScanArguments, hall: Option<&Hall>) -> BlockOptions {
    let devices = hall.iter().flat_map(|hall| &hall.devices);
    let buses = hall.iter().flat_map(|hall| &hall.modbus);
    let mut ids: Vec<String> = devices.map(|(device, _)| device.id.to_string()).collect();
    ids.extend(buses.map(|bus| bus.name.clone()));
    let only = hall.map(|hall| hall.zones.as_slice());
    let only = match only {
        Some([zone]) => Some(zone.id.to_string()),
        _ => None,
    };
    BlockOptions { ids, zone: arguments.zone.clone().or(only) }
}

/// A text under another one.
fn indented(text: Text, language: Option<Language>) -> String {
    format!("    {}", one_line(text, language))
}
