//! The commands. Data goes to standard output, everything else to standard error.
//!
//! Architecture invariant: commands build rooms and show results; what a command knows about
//! devices, alerts or sinks it asks those rooms.
#![allow(clippy::print_stdout, clippy::print_stderr)] // talking to people is what this room does

mod alert;
mod check;
mod credentials;
mod data;
mod demo;
mod door;
mod detect;
mod failure;
mod field;
mod labels;
mod message;
mod out;
mod password;
mod points;
mod profiles;
mod rules;
mod run;
mod scan;
mod table;
mod usage;

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand};

use check::Language;
use door::Place;
use failure::Failure;

/// Reads a hall's inverters, meters and machines, keeps every reading, alerts, and shows it all.
/// 政务大厅光伏与自助设备采集网关。
#[derive(Parser)]
#[command(version, max_term_width = 100)]
#[command(disable_help_flag = true, disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Show this. 显示帮助。
    #[arg(id = "help", short, long, global = true, action = ArgAction::Help)]
    _help: Option<bool>,
    /// Show the version. 显示版本。
    #[arg(id = "version", short = 'V', long, action = ArgAction::Version)]
    _version: Option<bool>,
}

#[derive(Subcommand)]
enum Command {
    /// Run on a virtual hall: nothing else is needed. 演示：虚拟大厅，无需任何设备。
    Demo {
        /// Address of the page; another free port is taken if this one is in use.
        /// 页面地址；端口被占用时改用空闲端口。
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Folder for the data. 数据目录。
        #[arg(long, default_value = ".demo")]
        data: PathBuf,
    },
    /// Run on real devices. 正式运行。
    Run {
        /// The configuration. 配置文件。
        #[arg(long, default_value = "hall.toml")]
        config: PathBuf,
        /// Folder for the data, instead of the one in the configuration.
        /// 数据目录，取代配置中的目录。
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Show all mistakes of a configuration at once. 检查配置，一次列出所有错误。
    Check {
        /// The configuration. 配置文件。
        #[arg(default_value = "hall.toml")]
        config: PathBuf,
        /// The same, as the other commands have it. 同上，写法与其他命令一致。
        #[arg(long = "config", value_name = "CONFIG", conflicts_with = "config")]
        named: Option<PathBuf>,
        /// Show one language only. 只显示一种语言。
        #[arg(long)]
        lang: Option<Language>,
    },
    /// List the device profiles. 列出设备模板。
    Profiles {
        /// A folder with own profiles. 自备设备模板的目录。
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// List the standard points and the words of enumerations. 列出标准测点和枚举的词。
    Points {
        /// Show one language only. 只显示一种语言。
        #[arg(long)]
        lang: Option<Language>,
    },
    /// Print the alert rules that are built in, or one of them. 打印自带的告警规则，或其中一条。
    Rules {
        /// Its id, such as KS018. 规则编号。
        id: Option<String>,
    },
    /// Write the labels of all machines as one page to print: visitors scan them to see how a machine is
    /// and to report a fault. 打印设备标签（扫码看状态、报故障）。
    Labels {
        /// The configuration. 配置文件。
        #[arg(long, default_value = "hall.toml")]
        config: PathBuf,
        /// The file; standard output without it. 输出文件；不写则输出到屏幕。
        #[arg(short, long = "out")]
        out: Option<PathBuf>,
    },
    /// About alerts and who is told of them. 告警与通知。
    Alert {
        #[command(subcommand)]
        about: AboutAlert,
    },
    /// Find devices on addresses, networks and serial ports, and write a configuration for them.
    /// Nothing is changed on a device. 扫描并识别设备，写出配置；只读。
    Scan(scan::ScanArguments),
    /// What each Modbus line and unit does, and what is wrong with it. 总线诊断：线路与站号的状况。
    Bus {
        #[command(flatten)]
        place: Place,
        /// Print JSON. 输出 JSON。
        #[arg(long)]
        json: bool,
        /// How long the lines are watched when no gateway runs. 网关未运行时的观察时间。
        #[arg(long = "for", default_value = "10s", value_parser = field::duration)]
        watched: Duration,
    },
    /// About one device. 单台设备。
    Device {
        #[command(subcommand)]
        about: AboutDevice,
    },
    /// Show every point of a device with its raw registers. 显示设备各测点及原始寄存器。
    Read {
        /// Id of the device. 设备编号。
        id: String,
        #[command(flatten)]
        place: Place,
        /// Again and again, until Ctrl-C. 持续刷新，按 Ctrl-C 停止。
        #[arg(long)]
        watch: bool,
        /// Print JSON. 输出 JSON。
        #[arg(long)]
        json: bool,
    },
    /// Write a device's traffic to a file, for `replay`. 记录与设备的通信，供 `replay` 重放。
    Record {
        /// Id of the device. 设备编号。
        id: String,
        #[command(flatten)]
        place: Place,
        /// The file; it must not be there yet. 文件，不能已存在。
        #[arg(short, long = "out")]
        out: PathBuf,
        /// How long, such as 60s, 5m or 1h; until Ctrl-C without it.
        /// 时长，如 60s、5m、1h；不写则到按 Ctrl-C 为止。
        #[arg(long = "for", value_parser = field::duration)]
        lasting: Option<Duration>,
    },
    /// Let a recorded device answer again, over Modbus TCP. 重放记录：按记录应答 Modbus TCP。
    Replay {
        /// The recording. 记录文件。
        file: PathBuf,
        /// Where it listens. 监听地址。
        #[arg(long, default_value = "127.0.0.1:5020")]
        listen: SocketAddr,
        /// 2 is twice as fast as it was. 2 表示比当时快一倍。
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
        /// Show one language only. 只显示一种语言。
        #[arg(long)]
        lang: Option<Language>,
    },
    /// Guess what the registers of an unknown device mean, and draft a profile.
    /// 猜测未知设备的寄存器含义，写出模板草稿；只读。
    Detect(detect::DetectArguments),
    /// Send old readings, or what was refused, to an InfluxDB once more. What is there is not doubled.
    /// 向 InfluxDB 补发历史数据，或重发被拒收的数据；不会重复。
    Resend(data::resend::ResendArguments),
    /// Recount a month from disk against what was counted when it was kept. 核对数据：一个月逐日清点。
    AuditData {
        /// The month, such as 2026-11. 月份。
        #[arg(long)]
        month: String,
        #[command(flatten)]
        place: Place,
        /// Print JSON. 输出 JSON。
        #[arg(long)]
        json: bool,
    },
    /// Copy all that is kept into a new folder, while the gateway goes on. 备份数据（网关可继续运行）。
    Backup {
        /// A new folder. 新目录。
        to: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Put a backup into a data folder without data. 从备份恢复数据。
    Restore {
        /// The folder of the backup. 备份目录。
        from: PathBuf,
        /// The data folder, as `[data] folder` has it. 数据目录。
        #[arg(long)]
        data: PathBuf,
        /// Show one language only. 只显示一种语言。
        #[arg(long)]
        lang: Option<Language>,
    },
    /// Write what is kept to a file, as CSV or for an InfluxDB. 导出数据（CSV 或 InfluxDB 行协议）。
    Export(data::export::ExportArguments),
    /// What a month was: electricity, the roof, carbon dioxide. 月报：用电、光伏、碳排放。
    Report(data::report::ReportArguments),
    /// Check that all that is kept is what was written. 校验数据是否完好。
    Verify {
        #[command(flatten)]
        place: Place,
    },
    /// Read a password from standard input and print its hash for `password_hash_file`.
    /// 从标准输入读取口令，输出 `password_hash_file` 所需的散列。
    Password,
}

#[derive(Subcommand)]
enum AboutDevice {
    /// How it is read: its reads, what it refuses, its SunSpec models. 读取计划。
    Plan {
        /// Id of the device. 设备编号。
        id: String,
        #[command(flatten)]
        place: Place,
        /// Print JSON. 输出 JSON。
        #[arg(long)]
        json: bool,
    },
    /// Make a machine's password at the broker and write Mosquitto's files. 生成设备在消息服务器上的口令。
    Credentials(credentials::CredentialsArguments),
    /// Show what is made of a message, without a broker. 试读一条消息：看网关怎样理解它，不需要消息服务器。
    Message(message::MessageArguments),
}

#[derive(Subcommand)]
enum AboutAlert {
    /// Send a test message on a channel: through the gateway while it runs, else directly.
    /// 在一个渠道上发一条测试消息。
    Test {
        /// Name of the channel. 渠道名称。
        channel: String,
        #[command(flatten)]
        place: Place,
    },
    /// How often a rule would have fired on what is stored, and whom it would have woken.
    /// 用存储的历史演练一条规则：会触发多少次、会打扰谁。
    Rehearse(data::rehearse::RehearseArguments),
}

impl Command {
    /// The one language that was asked for.
    const fn language(&self) -> Option<Language> {
        match self {
            Self::Check { lang, .. }
            | Self::Points { lang }
            | Self::Replay { lang, .. }
            | Self::Restore { lang, .. } => *lang,
            Self::Alert { about: AboutAlert::Rehearse(arguments) } => arguments.place.lang,
            Self::Detect(arguments) => arguments.lang,
            Self::Scan(arguments) => arguments.lang,
            Self::Device { about: AboutDevice::Credentials(arguments) } => arguments.place.lang,
            Self::Device { about: AboutDevice::Message(arguments) } => arguments.place.lang,
            Self::Resend(arguments) => arguments.place.lang,
            Self::Export(arguments) => arguments.place.lang,
            Self::Report(arguments) => arguments.place.lang,
            Self::Bus { place, .. }
            | Self::AuditData { place, .. }
            | Self::Backup { place, .. }
            | Self::Verify { place }
            | Self::Device { about: AboutDevice::Plan { place, .. } }
            | Self::Alert { about: AboutAlert::Test { place, .. } }
            | Self::Read { place, .. }
            | Self::Record { place, .. } => place.lang,
            Self::Demo { .. }
            | Self::Run { .. }
            | Self::Profiles { .. }
            | Self::Rules { .. }
            | Self::Labels { .. }
            | Self::Password => None,
        }
    }
}

/// The program: reads the arguments, does it, says how it went.
#[must_use]
pub fn main() -> ExitCode {
    // One TLS provider for the whole process; a second call would be an error, there is none.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("警告：此前已安装过 TLS 组件 / warning: a TLS provider was installed before");
    }
    let command = match Arguments::try_parse() {
        Ok(arguments) => arguments.command,
        Err(error) => return usage::show(&error),
    };
    let language = command.language();
    let done = match command {
        Command::Demo { listen, data } => demo::demo(listen, &data),
        Command::Run { config, data } => run::run(&config, data),
        Command::Check { config, named, lang } => check::check(&named.unwrap_or(config), lang),
        Command::Profiles { folder } => profiles::profiles(folder.as_deref()),
        Command::Points { lang } => points::points(lang),
        Command::Rules { id } => rules::rules(id.as_deref()),
        Command::Labels { config, out } => labels::labels(&config, out.as_deref()),
        Command::Alert { about: AboutAlert::Test { channel, place } } => {
            alert::test(&channel, &place)
        }
        Command::Alert { about: AboutAlert::Rehearse(arguments) } => {
            data::rehearse::run(&arguments)
        }
        Command::Detect(arguments) => detect::run(&arguments),
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Bus { place, json, watched } => field::bus::bus(&place, json, watched),
        Command::Device { about: AboutDevice::Plan { id, place, json } } => {
            field::plan::plan(&place, &id, json)
        }
        Command::Device { about: AboutDevice::Credentials(arguments) } => {
            credentials::run(&arguments)
        }
        Command::Device { about: AboutDevice::Message(arguments) } => message::run(&arguments),
        Command::Read { id, place, watch, json } => field::read::read(&place, &id, watch, json),
        Command::Record { id, place, out, lasting } => {
            field::record::record(&place, &id, &out, lasting)
        }
        Command::Replay { file, listen, speed, lang } => {
            field::replay::replay(&file, listen, speed, lang)
        }
        Command::Resend(arguments) => data::resend::run(&arguments),
        Command::AuditData { month, place, json } => data::audit::audit(&place, &month, json),
        Command::Backup { to, place } => data::backup::backup(&place, &to),
        Command::Restore { from, data, lang } => data::backup::restore(&from, &data, lang),
        Command::Export(arguments) => data::export::run(&arguments),
        Command::Report(arguments) => data::report::run(&arguments),
        Command::Verify { place } => data::verify::verify(&place),
        Command::Password => password::password(),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{}", failure.shown(language));
            ExitCode::FAILURE
        }
    }
}

type Done = Result<ExitCode, Failure>;

/// Logs to standard error: our own news, of others only trouble. `RUST_LOG` overrides it.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,hallwatch=info,rumqttd=off"));
    let colours = std::io::stderr().is_terminal(); // the system's journal wants plain text
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    // A log on a full disk is told of nowhere: telling it on standard error would end whoever logs, such as
    // the thread that writes the journal, as that is the file that is full.
    let log = log.log_internal_errors(false);
    log.with_ansi(colours).with_writer(std::io::stderr).init();
}

/// Two threads are enough for a hall, and all the box has.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// Waits for Ctrl-C or SIGTERM.
///
/// It listens from the call on, not from the first wait: who calls it early enough is not killed by
/// a SIGTERM that comes while it starts.
fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
