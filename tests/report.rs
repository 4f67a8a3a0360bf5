//! Reports of a gateway that kept everything, and of one that was set up anew and finds the past in an
//! InfluxDB: every figure is the same.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // made-up readings
#![allow(dead_code, reason = "the supports are shared with other tests")]

#[path = "support/influx.rs"]
mod support;
#[path = "support/year.rs"]
mod year;

use std::sync::Arc;

use hallwatch::influx::{Context, Sink};
use hallwatch::model::{Device, Record};
use hallwatch::report::{Figures, Period};
use hallwatch::supervise::Supervisor;
use hallwatch::tally::Tally;

use support::Influxd;
use year::{Hall, PR_25, Size, Truth, fill, open};

const SIZE: Size = Size { inverters: 2, meters: 2, kiosks: 0, days: 33, every_min: 1 };
const DAY_MINUTES: i64 = 1_440;

/// Two devices do not speak for days: one over the beginning of a week, one in its midst.
fn heard(record: &Record, minute: i64) -> bool {
    let Record::Reading(reading) = record else { return true };
    let (day, noon) = (minute / DAY_MINUTES, DAY_MINUTES / 2);
    match reading.device.as_str() {
        "meter-01" => !(14..19).contains(&day),
        "inv-01" => !(20 * DAY_MINUTES + noon..22 * DAY_MINUTES + noon).contains(&minute),
        _ => true,
    }
}

async fn figures(hall: &Hall, period: &str) -> Figures {
    let period: Period = period.parse().expect("a period");
    hall.reports.figures(period, &|_, _| ()).await.expect("figures")
}

/// Sends all that is kept to the database of the configuration.
async fn send(hall: &Hall) {
    let devices: Arc<[Device]> =
        hall.config.devices.iter().map(|(device, _)| (**device).clone()).collect();
    let context = Context {
        journal: hall.journal.clone(),
        history: hall.history.clone(),
        devices,
        profiles: Arc::default(),
        tally: Tally::new(),
        clock: hall.clock.clone(),
    };
    let target = hall.config.influx[0].sink(&hall.config.site.id);
    let sink = Sink::new(target, context).expect("a sink");
    let (mut status, head) = (sink.status(), hall.journal.head());
    let supervisor = Supervisor::new(Tally::new());
    let stop = supervisor.stop_signal();
    supervisor.spawn("influx", move || sink.clone().run(stop.clone()));
    let name = Sink::cursor_name("main");
    let done = async {
        loop {
            let cursor = hall.journal.cursor(&name).expect("read");
            if cursor.is_some_and(|(position, _)| position >= head) {
                break;
            }
            status.changed().await.expect("the sink lives");
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(180), done).await.expect("delivered");
    supervisor.stop(std::time::Duration::from_secs(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_influxdb_reports_the_same() {
    let server = Influxd::running(false).await;
    let database = format!(
        "[[influxdb]]\nname = \"main\"\nurl = \"{}\"\nversion = 1\ndatabase = \"hall\"\ntotals = false\n",
        server.url()
    );
    let folder = tempfile::tempdir().expect("folder");
    let mut whole = open(folder.path(), SIZE, &database);
    let mut truth = Truth::new(SIZE);
    fill(&mut whole, SIZE, &mut truth, heard).await;
    send(&whole).await;

    let folder = tempfile::tempdir().expect("folder");
    let anew = open(folder.path(), SIZE, &database);
    for period in ["2026-01", "2026-W04", "2026-01-22", "2026-01-31"] {
        let (own, told) = (figures(&whole, period).await, figures(&anew, period).await);
        assert_eq!(own, told, "{period}");
        assert_eq!(figures(&anew, period).await, told, "{period}, again");
    }
    let month = figures(&anew, "2026-01").await;
    let roof = month.roof.expect("a roof");
    let inverter = &roof.inverters[0].performance;
    assert!((inverter.pr_25.value.expect("PR'25") - PR_25).abs() < 2e-5, "{inverter:?}");
    // The months before are not closed: there is no temperature of the year, and why is said.
    let annual = &roof.plant.pr_annual;
    assert!(annual.value.is_none() && annual.why.is_some(), "{annual:?}");
    // Two days without a word, and the register knows all the same.
    let silent = month.meters.iter().find(|meter| meter.device == "inv-01").expect("it");
    assert!(silent.counted.recovered > 0.0 && silent.counted.measured > 0.0);

    // A database that does not answer is told of, and figures are not made up.
    drop(server);
    let folder = tempfile::tempdir().expect("folder");
    let alone = open(folder.path(), SIZE, &database);
    let nothing = figures(&alone, "2026-01").await;
    let said = nothing.remarks.iter().any(|remark| remark.en.contains("did not answer"));
    assert!(said, "{:?}", nothing.remarks);
    assert_eq!(nothing.electricity.import_kwh.value, None);
}
