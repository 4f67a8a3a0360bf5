//! Ten thousand devices of fifty registers, asked once a second, on this machine: how late the
//! polls begin, what the gateway takes of a core and of the memory, and the same beside a bare
//! `tokio-modbus` loop that keeps nothing.
//!
//! ```text
//! cargo bench --bench fleet                      10,000 devices, a minute each
//! HALLWATCH_FLEET=2000x20 cargo bench --bench …  2,000 devices for 20 s
//! cargo test --test fleet / cargo test           a small fleet, for seconds: that it works
//! ```
//!
//! Simulator, gateway and bare loop are processes of their own, so that what each takes can be
//! told apart. Lateness is judged twice: by the gateway's own count, and from the times in the
//! journal after the gateway has ended.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

#[path = "../support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "fleet/bare.rs"]
mod bare;
#[path = "fleet/hall.rs"]
mod hall;
#[path = "fleet/kept.rs"]
mod kept;
#[path = "fleet/process.rs"]
mod process;
#[path = "fleet/report.rs"]
mod report;
#[path = "fleet/simulator.rs"]
mod simulator;

use std::time::{Duration, Instant};

use field::{Daemon, http_get, wait_for};
use process::{Helper, Usage};
use report::{Figures, Size};

/// The size that the project promises, and the one that shows only that all of this works.
const FULL: Size = Size { devices: 10_000, seconds: 60 };
const SMALL: Size = Size { devices: 200, seconds: 5 };
/// Time for all devices to answer, and for caches to fill, before anything is measured.
const START_PATIENCE: Duration = Duration::from_secs(120);
const WARM_UP: Duration = Duration::from_secs(10);

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |word: &str| arguments.iter().any(|argument| argument == word);
    match arguments.first().map(String::as_str) {
        Some(simulator::WORD) => return simulator::main(),
        Some(bare::WORD) => return bare::main(&arguments),
        _ => {}
    }
    let full = is("--bench");
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    if is("--list") || filter.is_some_and(|filter| !"fleet".contains(filter.as_str())) {
        println!("test result: ok. 0 passed; 0 failed; 1 filtered out");
        return std::process::ExitCode::SUCCESS;
    }
    let size = Size::wanted().unwrap_or(if full { FULL } else { SMALL });
    process::raise_file_limit();
    let figures = measure(size);
    let wrong = figures.wrong(full);
    figures.print(&wrong);
    let (passed, failed) = (u8::from(wrong.is_empty()), u8::from(!wrong.is_empty()));
    println!("test result: {passed} passed; {failed} failed");
    std::process::ExitCode::from(failed)
}

fn measure(size: Size) -> Figures {
    let folder = tempfile::tempdir().expect("folder");
    let simulator = Helper::start(&[simulator::WORD]);
    let port: u16 = simulator.line().parse().expect("a port");
    let config = hall::write(folder.path(), size.devices, port);
    let mut figures = Figures { size, ..Figures::default() };

    let begin = Instant::now();
    let daemon = Daemon::run(&config);
    figures.page_s = begin.elapsed().as_secs_f64();
    let devices = size.devices as f64;
    wait_for("all devices to be well", START_PATIENCE, || {
        let well = metric(&daemon, "hallwatch_devices{health=\"ok\"}");
        // The gateway itself is one more.
        (well > devices).then_some(())
    });
    figures.all_up_s = begin.elapsed().as_secs_f64();
    std::thread::sleep(if size.devices < 1000 { Duration::from_secs(1) } else { WARM_UP });

    gateway(&mut figures, &daemon, &simulator, &folder.path().join("data"));
    figures.devices_answer_ms = (0..5).map(|_| answer_ms(&daemon)).fold(0.0, f64::max);
    figures.stop_s = daemon.terminate().as_secs_f64();
    figures.kept = kept::look(&folder.path().join("data"), figures.window);

    let begin = Instant::now();
    let again = Daemon::run(&config);
    figures.page_again_s = begin.elapsed().as_secs_f64();
    again.terminate();

    let (devices, seconds) = (size.devices.to_string(), size.seconds.to_string());
    let bare = Helper::start(&[bare::WORD, &port.to_string(), &devices, &seconds]);
    figures.bare = bare.line().parse().expect("figures of the bare loop");
    figures
}

/// The window in which the gateway is measured. It is left alone meanwhile: the figures of the
/// counters are asked for before and after.
fn gateway(figures: &mut Figures, daemon: &Daemon, simulator: &Helper, data: &std::path::Path) {
    let now_ms = || jiff::Timestamp::now().as_millisecond();
    let kept = || metric(daemon, "hallwatch_readings_kept_total{label=\"journal\"}");
    let (kept_before, bytes_before) = (kept(), process::bytes_of(data));
    // The figure is the longest since the last look.
    metric(daemon, "hallwatch_poll_late_max_ms");
    let (before, sim_before) = (Usage::of(daemon.pid()), Usage::of(simulator.pid()));
    let (from, from_ms) = (Instant::now(), now_ms());
    let end = from + Duration::from_secs(figures.size.seconds);
    while Instant::now() < end {
        std::thread::sleep(Duration::from_secs(1).min(end - Instant::now()));
        figures.memory_mb = figures.memory_mb.max(process::memory_mb(daemon.pid()));
    }
    let seconds = from.elapsed().as_secs_f64();
    figures.window = (from_ms, now_ms());
    figures.late_max_ms = metric(daemon, "hallwatch_poll_late_max_ms");
    figures.cpu = Usage::of(daemon.pid()).since(&before) / seconds;
    figures.simulator_cpu = Usage::of(simulator.pid()).since(&sim_before) / seconds;
    figures.readings_per_s = (kept() - kept_before) / seconds;
    figures.disk_bytes_per_s =
        process::bytes_of(data).saturating_sub(bytes_before) as f64 / seconds;
    figures.load = process::load();
}

/// A figure of `/metrics`; zero where it is not there.
fn metric(daemon: &Daemon, name: &str) -> f64 {
    let page = http_get(&format!("{}/metrics", daemon.url)).unwrap_or_default();
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or(0.0)
}

/// Time of one answer with all devices.
fn answer_ms(daemon: &Daemon) -> f64 {
    let begin = Instant::now();
    let body = http_get(&format!("{}/api/v1/devices", daemon.url)).unwrap_or_default();
    assert!(body.len() > 1000, "a list of devices");
    begin.elapsed().as_secs_f64() * 1000.0
}
