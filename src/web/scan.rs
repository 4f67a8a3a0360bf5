//! Scans from the page: one at a time, on private addresses only, watched while they run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::model::Timestamp;
use crate::source::modbus::scan::{
    BlockOptions, News, Progress, ScanPlan, ScanReport, Target, UnitChoice, config_block, scan,
};

use super::api::{Answer, Web, body_of, json as answer};
use super::dto::scan_report;
use super::problem::Problem;
use super::state::Shared;

/// Addresses times ports of one scan: a /24.
const ADDRESSES_MAX: usize = 256;
const TARGETS_MAX: usize = 16;
const PORTS_MAX: usize = 4;
/// Longest time of a scan.
const TIME_MAX: Duration = Duration::from_secs(30 * 60);

/// The scan that runs, or the last one.
#[derive(Default)]
pub(super) struct Scans {
    state: Mutex<Course>,
    ordered: Notify,
}

/// How far it is.
#[derive(Default)]
struct Course {
    order: Option<ScanPlan>,
    targets: Vec<String>,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    done: usize,
    of: usize,
    report: ScanReport,
    stop: CancellationToken,
}

impl Course {
    const fn word(&self) -> &'static str {
        match (self.started, self.ended) {
            (None, _) => "none",
            (Some(_), None) => "running",
            (Some(_), Some(_)) if self.report.whole => "done",
            _ => "stopped",
        }
    }
}

impl Scans {
    fn state(&self) -> MutexGuard<'_, Course> {
        // Nothing that holds this lock can panic between two states.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens, while it happens.
    fn tell(&self, progress: Progress) {
        let mut state = self.state();
        (state.done, state.of) = (progress.done, progress.of);
        match progress.news {
            News::Found(found) => state.report.devices.push(*found),
            News::Done(door) => state.report.doors.push(*door),
            News::Step | News::Asking(..) | News::Open(_) => {}
        }
    }
}

/// Runs what is ordered until told to stop. A scan that panicked is over.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let scans = shared.scans.clone();
    end(&shared, None);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = scans.ordered.notified() => {}
        }
        let (plan, told) = {
            let mut state = scans.state();
            (state.order.take(), state.stop.clone())
        };
        let Some(plan) = plan else { continue };
        let watched = scans.clone();
        let work = scan(plan, &shared.context.catalog, move |p| watched.tell(p), told.clone());
        tokio::pin!(work);
        let report = tokio::select! {
            report = &mut work => report,
            () = stop.cancelled() => return,
        };
        end(&shared, Some(report));
    }
}

fn end(shared: &Shared, report: Option<ScanReport>) {
    let now = shared.now();
    let mut state = shared.scans.state();
    if let Some(report) = report {
        state.report = report;
    }
    if state.started.is_some() {
        state.ended.get_or_insert(now);
    }
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

fn problem(text: &crate::model::Text) -> Problem {
    Problem::bad_request(text.en.clone()).hint(&text.zh, &text.en)
}

pub(super) async fn start(State(shared): Web, body: Bytes) -> Answer {
    let order: Order = body_of(&body)?;
    let plan = order.plan(&shared)?;
    {
        let now = shared.now();
        let mut state = shared.scans.state();
        if state.word() == "running" {
            return Err(Problem::new(StatusCode::CONFLICT, "a scan runs already")
                .hint("已有扫描在进行，请等待或先停止", "wait for it, or stop it first"));
        }
        *state = Course {
            order: Some(plan),
            targets: order.targets,
            started: Some(now),
            ..Course::default()
        };
    }
    tracing::info!("a scan was started from the page");
    shared.scans.ordered.notify_one();
    let mut response = answer(&shown(&shared))?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

pub(super) async fn look(State(shared): Web) -> Answer {
    answer(&shown(&shared))
}

pub(super) async fn stop(State(shared): Web) -> Response {
    shared.scans.state().stop.cancel();
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
    let state = shared.scans.state();
    let ended = state.ended.is_some() && !state.report.devices.is_empty();
    let config = ended.then(|| config_block(&state.report, &BlockOptions { ids, zone }));
    json!({
        "now_ms": shared.now().ms(),
        "state": state.word(),
        "targets": state.targets,
        "started_ms": state.started.map(Timestamp::ms),
        "ended_ms": state.ended.map(Timestamp::ms),
        "done": state.done,
        "of": state.of,
        "report": scan_report(&state.report),
        "config": config,
    })
}
