//! How long a report takes, and whether it is right: a year of sixty devices that speak every minute, of
//! which every watt-hour is known.
//!
//! ```text
//! cargo bench --bench report         sixty devices, a year: writing it takes some minutes
//! cargo test --bench report          four devices, six weeks: that it is right
//! ```
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // made-up readings

#[path = "../support/year.rs"]
#[allow(dead_code, reason = "the support is shared with another test")]
mod year;

use std::time::{Duration, Instant};

use hallwatch::report::{Figures, Period};

use year::{Hall, PR_25, Size, Truth, fill, open};

const MONTH_MAX: Duration = Duration::from_secs(2);
const YEAR_MAX: Duration = Duration::from_secs(10);

async fn timed(hall: &Hall, period: &str) -> (Figures, Duration) {
    let begin = Instant::now();
    let period: Period = period.parse().expect("a period");
    let figures = hall.reports.figures(period, &|_, _| ()).await.expect("figures");
    (figures, begin.elapsed())
}

/// Whether the figures are those of the truth.
fn check(figures: &Figures, truth: Option<&Truth>) {
    let roof = figures.roof.as_ref().expect("a roof");
    let pr_25 = roof.plant.pr_25.value.expect("PR'25");
    assert!((pr_25 - PR_25).abs() < 2e-5, "PR'25 {pr_25}");
    assert!(roof.plant.completeness.value.expect("known") > 0.999);
    assert_eq!(roof.plant.time_availability.value, Some(1.0));
    let Some(truth) = truth else { return };
    let inverters = figures.meters.iter().filter(|meter| meter.role == "inverter");
    // By registers of 10 Wh.
    for (meter, made) in inverters.zip(&truth.made) {
        let off = meter.counted.total - *made as f64 / 1_000.0;
        assert!(off.abs() <= 10.0, "{}: {off} Wh off", meter.device);
    }
    let import = figures.meters.iter().filter(|m| m.point == "energy_import_wh");
    for (meter, drawn) in import.zip(&truth.drawn) {
        let off = meter.counted.total - *drawn as f64 / 1_000.0;
        assert!(off.abs() <= 10.0, "{}: {off} Wh off", meter.device);
        let days: f64 = meter.days.iter().sum();
        assert!((days - meter.counted.total).abs() < 1e-6, "days add up");
    }
}

fn main() {
    let bench = std::env::args().any(|arg| arg == "--bench");
    let size = match bench {
        true => Size { inverters: 20, meters: 8, kiosks: 31, days: 365, every_min: 1 },
        false => Size { inverters: 2, meters: 1, kiosks: 0, days: 42, every_min: 1 },
    };
    let folder = tempfile::tempdir().expect("folder");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("runtime");
    let mut hall = open(folder.path(), size, "");
    let mut truth = Truth::new(size);
    let begin = Instant::now();
    runtime.block_on(fill(&mut hall, size, &mut truth, |_, _| true));
    let devices = size.inverters + size.meters + size.kiosks + 1;
    println!(
        "{devices} devices, {} days by the minute: kept in {:.0} s",
        size.days,
        begin.elapsed().as_secs_f64()
    );
    let seconds = |took: Duration| took.as_secs_f64();
    let (cold, took_cold) = runtime.block_on(timed(&hall, "2026-01"));
    let (warm, took_warm) = runtime.block_on(timed(&hall, "2026-01"));
    assert_eq!(cold, warm, "the same again");
    check(&cold, None);
    println!(
        "a month: {:.2} s the first time, {:.2} s again",
        seconds(took_cold),
        seconds(took_warm)
    );
    if !bench {
        hall.journal.close();
        return;
    }
    let (year, took_first) = runtime.block_on(timed(&hall, "2026"));
    let (_, took_again) = runtime.block_on(timed(&hall, "2026"));
    check(&year, Some(&truth));
    println!(
        "the year: {:.2} s the first time, {:.2} s again",
        seconds(took_first),
        seconds(took_again)
    );
    let fast = took_cold <= MONTH_MAX && took_first <= YEAR_MAX;
    println!("verdict: {}", if fast { "as promised" } else { "TOO SLOW" });
    hall.journal.close();
}
