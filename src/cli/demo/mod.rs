//! `hallwatch demo`: the real gateway on a virtual hall.

mod past;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::app::App;
use crate::clock::{SharedClock, SystemClock};
use crate::model::{Text, text};
use crate::profile::Catalog;
use crate::simulate::{FIRST_LINE, Hall, HallOptions};
use crate::{config, journal};

use super::check::show;
use super::out::say;
use super::{Done, Failure, runtime, start_log, told_to_stop};

/// Time for the virtual hall to close its sockets.
const HALL_PATIENCE: Duration = Duration::from_millis(200);

pub(super) fn demo(listen: SocketAddr, data: &Path) -> Done {
    start_log();
    super::run::keep_to_ourselves();
    let runtime = runtime()?;
    let done = runtime.block_on(run(listen, data));
    // The virtual hall holds nothing that is worth waiting for.
    runtime.shutdown_background();
    done
}

async fn run(listen: SocketAddr, data: &Path) -> Done {
    let clock: SharedClock = Arc::new(SystemClock);
    eprintln!("starting the virtual hall … / 正在启动虚拟大厅……");
    let catalog = Catalog::shipped()?;
    let file = data.join("hall.toml");
    claim(data, &file)?;
    let mut options = HallOptions::demo(clock.clone());
    let (place, now) = (&options.place, clock.now());
    options.past = if journal::exists(data) {
        Some(past::recall(data, place, now))
    } else {
        eprintln!("making up the weeks before … / 正在编造此前几周的数据……");
        past::make(data, place, now).await
    };
    let hall = Hall::start(options, &catalog).await?;
    let source = hall.config_toml();
    let mut settings = match config::parse(&file, &source, Some(&catalog)) {
        Ok(settings) => settings,
        Err(mistakes) => {
            show(&mistakes, None);
            return Ok(ExitCode::FAILURE);
        }
    };
    settings.journal.folder = data.to_path_buf();
    settings.demo = true;
    eprintln!(
        "{} devices behind {} Modbus sockets and a broker at {} / 设备 {} 台",
        settings.devices.len(),
        hall.sockets(),
        hall.broker_address(),
        settings.devices.len(),
    );
    eprintln!("opening the journal in {} … / 正在打开数据……", data.display());
    let listener = listen_near(listen).await.map_err(Failure::listening(listen, "--listen"))?;
    let address = listener.local_addr()?;
    settings.web.listen = address;
    let banner = Text::new(
        "数据均为虚构：一座虚拟大厅，那里此刻是上午",
        "all data is made up: a virtual hall, at a place where it is morning now",
    );
    let told = told_to_stop();
    let app = App::start(settings, listener, clock, Some(banner)).await?;
    // For people who want to see how a hall is described.
    std::fs::write(&file, &source).map_err(|error| Failure::of_file(&file, &error))?;
    say!("http://{address}/");
    eprintln!(
        "an inverter fault and a kiosk out of paper show within two minutes; stop with Ctrl-C\n\
         两分钟内可见逆变器故障和缺纸告警；按 Ctrl-C 停止"
    );
    let failed = app.failed();
    let code = tokio::select! {
        () = told => ExitCode::SUCCESS,
        () = failed.cancelled() => ExitCode::FAILURE,
    };
    eprintln!("stopping; everything read so far is kept / 正在停止，已读数据均已保存");
    app.stop().await;
    if tokio::time::timeout(HALL_PATIENCE, hall.stop()).await.is_err() {
        tracing::debug!("the virtual hall is left to the end of the process");
    }
    Ok(code)
}

/// Makes the folder the demo's own; made-up data never gets into the data of a real hall.
fn claim(data: &Path, file: &Path) -> Result<(), Failure> {
    let is_demo =
        std::fs::read_to_string(file).is_ok_and(|was| was.lines().next() == Some(FIRST_LINE));
    if !is_demo && (journal::exists(data) || file.exists()) {
        let data = data.display();
        return Err(Failure::told(text!(
            "`{data}` 里已有真实大厅的数据或配置，演示不会写入：用 --data 换一个目录",
            "`{data}` holds data or the configuration of a real hall, which the demo leaves alone: \
             choose another folder with --data",
        )));
    }
    let failed = |error: std::io::Error| Failure::of_file(file, &error);
    std::fs::create_dir_all(data).map_err(failed)?;
    // The rest follows when all is open; until then it says whose folder this is.
    if is_demo { Ok(()) } else { std::fs::write(file, format!("{FIRST_LINE}\n")).map_err(failed) }
}

/// The address that was asked for, or a free port beside it: the demo should just start.
async fn listen_near(listen: SocketAddr) -> std::io::Result<TcpListener> {
    match TcpListener::bind(listen).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            eprintln!("{listen} is in use, taking a free port / 端口被占用，改用空闲端口");
            TcpListener::bind((listen.ip(), 0)).await
        }
        bound => bound,
    }
}
