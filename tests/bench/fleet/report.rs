//! The figures, as people read them, and what is asked of them.

use super::bare::Bare;
use super::kept::Kept;

/// How many devices, for how long.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) devices: usize,
    pub(crate) seconds: u64,
}

impl Size {
    /// `HALLWATCH_FLEET=2000x20`: 2000 devices for 20 s.
    pub(crate) fn wanted() -> Option<Self> {
        let text = std::env::var("HALLWATCH_FLEET").ok()?;
        let (devices, seconds) = text.split_once('x')?;
        Some(Self { devices: devices.parse().ok()?, seconds: seconds.parse().ok()? })
    }
}

/// What the project promises for ten thousand devices.
const LATE_MAX_MS: f64 = 100.0;
const CPU_MAX: f64 = 1.0;
const MEMORY_MAX_MB: f64 = 400.0;
const ANSWER_MAX_MS: f64 = 200.0;
/// In the small form others may use the processors, and the build is not optimised: a tick may
/// be late, but none may be missing.
const LATE_MAX_SMALL_MS: f64 = 900.0;

/// All that was measured. Processor time is in cores.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) size: Size,
    pub(crate) page_s: f64,
    pub(crate) page_again_s: f64,
    pub(crate) all_up_s: f64,
    pub(crate) stop_s: f64,
    pub(crate) window: (i64, i64),
    pub(crate) readings_per_s: f64,
    pub(crate) late_max_ms: f64,
    pub(crate) cpu: f64,
    pub(crate) memory_mb: f64,
    pub(crate) simulator_cpu: f64,
    pub(crate) disk_bytes_per_s: f64,
    pub(crate) devices_answer_ms: f64,
    pub(crate) load: f64,
    pub(crate) kept: Kept,
    pub(crate) bare: Bare,
}

impl Figures {
    /// What is not as promised.
    pub(crate) fn wrong(&self, full: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };
        let (devices, kept) = (self.size.devices, &self.kept);
        // The window cuts the first and the last tick of a device.
        let least = usize::try_from(self.size.seconds).unwrap_or(0).saturating_sub(1);
        must(kept.devices == devices, format!("{} of {devices} devices kept", kept.devices));
        must(
            kept.readings_min >= least,
            format!("a device has {} of {least} readings", kept.readings_min),
        );
        must(kept.points_min == 50, format!("a reading of {} points", kept.points_min));
        let late_max_ms = if full { LATE_MAX_MS } else { LATE_MAX_SMALL_MS };
        let gap_late_ms = kept.gap_max_ms as f64 - 1000.0;
        let late_ms = self.late_max_ms.max(gap_late_ms);
        must(late_ms <= late_max_ms, format!("a tick was {late_ms:.0} ms late"));
        if full {
            must(self.cpu < CPU_MAX, format!("{:.2} cores", self.cpu));
            must(self.memory_mb < MEMORY_MAX_MB, format!("{:.0} MB", self.memory_mb));
            let answer_ms = self.devices_answer_ms;
            must(answer_ms < ANSWER_MAX_MS, format!("all devices in {answer_ms:.0} ms"));
        }
        wrong
    }

    pub(crate) fn print(&self, wrong: &[String]) {
        let Size { devices, seconds } = self.size;
        let (kept, bare) = (&self.kept, &self.bare);
        let us = |cpu: f64, per_s: f64| cpu / per_s.max(1e-9) * 1e6;
        let (own_us, bare_us) = (us(self.cpu, self.readings_per_s), us(bare.cpu, bare.reads_per_s));
        println!("{devices} devices of 50 registers, each once a second, for {seconds} s");
        println!(
            "load of the machine            {:8.2}  beside the bare loop {:.2}",
            self.load, bare.load
        );
        println!(
            "page served after              {:8.2} s, {:.2} s with what was kept",
            self.page_s, self.page_again_s
        );
        println!("all devices well after         {:8.2} s", self.all_up_s);
        println!("stopped in                     {:8.2} s", self.stop_s);
        println!(
            "GET /api/v1/devices            {:8.0} ms, the slowest of 5",
            self.devices_answer_ms
        );
        println!("growth of the data folder      {:8.2} MB/s", self.disk_bytes_per_s / 1e6);
        println!(
            "journal                        {:8} readings of {} devices, at least {} of each",
            kept.readings, kept.devices, kept.readings_min
        );
        println!(
            "longest time between two       {:8} ms, {} more than 1100 ms",
            kept.gap_max_ms, kept.gaps_late
        );
        println!("simulator                      {:8.2} cores", self.simulator_cpu);
        println!();
        println!("                                gateway   bare loop   ratio");
        let row = |name: &str, own: f64, bare: f64| {
            println!("{name:30} {own:8.1} {bare:11.1} {:7.2}", own / bare);
        };
        row("readings per second", self.readings_per_s, bare.reads_per_s);
        row("processor, % of one core", self.cpu * 100.0, bare.cpu * 100.0);
        row("processor per reading, µs", own_us, bare_us);
        row("memory, MB", self.memory_mb, bare.memory_mb);
        row("latest tick, ms", self.late_max_ms, bare.late_max_ms);
        println!();
        match wrong {
            [] => println!("verdict: as promised"),
            wrong => println!("verdict: NOT as promised: {}", wrong.join("; ")),
        }
    }
}
