//! Scans from the page: one at a time, on private addresses only, watched while they run.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::source::modbus::scan::{
    BlockOptions, News, Progress, ScanPlan, ScanReport, Target, UnitChoice, config_block, scan,
};

use super::api::{Answer, Web, body_of, json as answer};
use super::dto::scan_report;
use super::job::Job;
use super::problem::Problem;
use super::state::Shared;

/// Addresses times ports of one scan: a /24.
const ADDRESSES_MAX: usize = 256;
const TARGETS_MAX: usize = 16;
const PORTS_MAX: usize = 4;
/// Longest time of a scan.
const TIME_MAX: Duration = Duration::from_secs(30 * 60);

/// The scan that runs, or the last one.
pub(super) type Scans = Job<ScanPlan, Scanned>;

/// What was asked for, and what was found.
#[derive(Default, Clone)]
pub(super) struct Scanned {
    targets: Vec<String>,
    report: ScanReport,
}

/// Runs what is ordered until told to stop.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let scans = &shared.scans;
    let work = |plan: ScanPlan, told: CancellationToken| async {
        let watched = scans.clone();
        // What happens, while it happens.
        let tell = move |progress: Progress| {
            let mut course = watched.course();
            (course.done, course.of) = (progress.done, progress.of);
            match progress.news {
                News::Found(found) => course.found.report.devices.push(*found),
                News::Done(door) => course.found.report.doors.push(*door),
                News::Step | News::Asking(..) | News::Open(_) => {}
            }
        };
        let report = scan(plan, &shared.context.catalog, tell, told).await;
        let (targets, whole) = (scans.course().found.targets.clone(), report.whole);
        (Scanned { targets, report }, whole)
    };
    scans.run(shared.context.clock.clone(), stop, work).await;
}

/// `{"targets": ["192.168.10.0/24"], "units": "usual", "ports": [502]}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    targets: Vec<String>,
    #[serde(default)]
    units: Option<String>,
    #[serde(default)]
    ports: Option<Vec<u16>>,
}

impl Order {
    fn plan(&self, shared: &Shared) -> Result<ScanPlan, Problem> {
        if self.targets.is_empty() || self.targets.len() > TARGETS_MAX {
            return Err(Problem::bad_request("`targets` has 1 to 16 addresses or networks")
                .hint("填写 1 到 16 个地址或网段", "give 1 to 16 addresses or networks"));
        }
        let mut targets = Vec::new();
        for written in &self.targets {
            let target = Target::parse(written).map_err(|error| problem(&error.text()))?;
            let on_network = matches!(target, Target::Host(..) | Target::Net(_));
            if !on_network || !target.is_private() {
                let detail = format!("`{written}` is not an address of this machine's own network");
                return Err(Problem::bad_request(detail).hint(
                    "只能扫描内网地址，例如 192.168.10.0/24；串口请用 `hallwatch scan`",
                    "private addresses only, such as 192.168.10.0/24; for serial ports there is \
                     `hallwatch scan`",
                ));
            }
            targets.push(target);
        }
        let mut plan = ScanPlan::new(targets);
        if let Some(units) = &self.units {
            plan.units = UnitChoice::parse(units).map_err(|error| problem(&error.text()))?;
        }
        if let Some(ports) = &self.ports {
            if ports.is_empty() || ports.len() > PORTS_MAX || ports.contains(&0) {
                return Err(Problem::bad_request("`ports` has 1 to 4 ports")
                    .hint("填写 1 到 4 个端口", "give 1 to 4 ports"));
            }
            plan.ports.clone_from(ports);
        }
        if plan.addresses() > ADDRESSES_MAX {
            return Err(Problem::bad_request("more than 256 addresses")
                .hint("请缩小到一个 /24 网段", "scan a /24 at most"));
        }
        plan.taken.clone_from(&shared.context.taken);
        // A gateway that runs holds these; many devices bear one connection only.
        plan.leave_taken = true;
        plan.time_max = TIME_MAX;
        Ok(plan)
    }
}

pub(super) fn problem(text: &crate::model::Text) -> Problem {
    Problem::bad_request(text.en.clone()).hint(&text.zh, &text.en)
}

pub(super) async fn start(State(shared): Web, body: Bytes) -> Answer {
    let order: Order = body_of(&body)?;
    let plan = order.plan(&shared)?;
    let found = Scanned { targets: order.targets, report: ScanReport::default() };
    shared.scans.order(plan, found, shared.now())?;
    tracing::info!("a scan was started from the page");
    let mut response = answer(&shown(&shared))?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

pub(super) async fn look(State(shared): Web) -> Answer {
    answer(&shown(&shared))
}

pub(super) async fn stop(State(shared): Web) -> Response {
    shared.scans.stop();
    StatusCode::NO_CONTENT.into_response()
}

fn shown(shared: &Shared) -> Value {
    let ids = shared
        .context
        .live
        .look(|board| board.iter().map(|live| live.device.id.to_string()).collect::<Vec<_>>());
    let lines = shared.context.monitor.lines();
    let ids = ids.into_iter().chain(lines.iter().map(|line| line.name().to_owned())).collect();
    let zone = match shared.context.zones.as_slice() {
        [zone] => Some(zone.id.to_string()),
        _ => None,
    };
    let course = shared.scans.course();
    let Scanned { targets, report } = &course.found;
    let ended = course.ended() && !report.devices.is_empty();
    let config = ended.then(|| config_block(report, &BlockOptions { ids, zone }));
    let more = json!({ "targets": targets, "report": scan_report(report), "config": config });
    course.shown(shared.now(), more)
}
