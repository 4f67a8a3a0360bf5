//! A look at an unknown device through the API: its registers are read some times and what they
//! may mean is told, with a draft of a profile. One at a time, on private addresses only.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::profile::Function;
use crate::source::modbus::Transport;
use crate::source::modbus::detect::{
    DetectPlan, Detected, DraftHead, Known, PAUSE_S_DEFAULT, REGISTERS_DEFAULT, REGISTERS_MAX,
    Reading, TIMES_DEFAULT, draft_profile, guess, read_registers,
};
use crate::source::modbus::scan::Target;

use super::api::{Answer, Web, body_of, json as answer};
use super::dto::detected;
use super::job::Job;
use super::problem::Problem;
use super::scan::problem;
use super::state::Shared;

/// Port of Modbus TCP.
const PORT: u16 = 502;
/// Bounds of one look; together they keep it under an hour.
const TIMES_MAX: u32 = 20;
const EVERY_S_MAX: u64 = 60;
const KNOWN_MAX: usize = 20;

/// The look that goes on, or the last one.
pub(super) type Detections = Job<(DetectPlan, Vec<Known>), Seen>;

/// What was asked for, and what was found.
#[derive(Default, Clone)]
pub(super) struct Seen {
    address: String,
    unit: u8,
    reading: Reading,
    detected: Option<Detected>,
    draft: Option<String>,
}

/// Runs what is ordered until told to stop.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let detections = &shared.detections;
    let work = |(plan, known): (DetectPlan, Vec<Known>), told: CancellationToken| async move {
        let progress = |done: u32, of: u32| {
            let mut course = detections.course();
            (course.done, course.of) = (done as usize, of as usize);
        };
        let reading = read_registers(&plan, progress, &told).await;
        let whole = !told.is_cancelled() && reading.failure.is_none();
        let (address, unit) = {
            let course = detections.course();
            (course.found.address.clone(), course.found.unit)
        };
        let seen = Seen { address, unit, reading, detected: None, draft: None };
        // Weighing thousands of readings of numbers takes a while.
        let weighed = tokio::task::spawn_blocking(move || weigh(seen, &plan, &known)).await;
        weighed.map_or_else(|_| (Seen::default(), false), |seen| (seen, whole))
    };
    detections.run(shared.context.clock.clone(), stop, work).await;
}

fn weigh(seen: Seen, plan: &DetectPlan, known: &[Known]) -> Seen {
    if seen.reading.snapshots.is_empty() {
        return seen;
    }
    let detected = guess(&seen.reading.snapshots, known);
    let head = DraftHead {
        id: "draft".to_owned(),
        unit: seen.unit,
        function: plan.function,
        source: format!("hallwatch detect {}", seen.address),
        registers_per_read: plan.registers_per_read,
    };
    let draft = Some(draft_profile(&head, &detected));
    Seen { detected: Some(detected), draft, ..seen }
}

/// Which registers.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum FunctionWord {
    #[default]
    Holding,
    Input,
}

/// `{"address": "192.168.10.30:502", "unit": 1, "known": ["230.1 V"]}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    address: String,
    unit: u8,
    #[serde(default)]
    function: FunctionWord,
    #[serde(default)]
    from: u16,
    #[serde(default)]
    count: Option<u16>,
    #[serde(default)]
    known: Vec<String>,
    #[serde(default)]
    times: Option<u32>,
    #[serde(default)]
    every_s: Option<u64>,
    /// The address is a transparent serial server.
    #[serde(default)]
    rtu_over_tcp: bool,
}

impl Order {
    fn plan(&self, shared: &Shared) -> Result<(DetectPlan, Vec<Known>), Problem> {
        let written = &self.address;
        let target = Target::parse(written).map_err(|error| problem(&error.text()))?;
        let Target::Host(host, port) = &target else { return Err(not_private(written)) };
        if !target.is_private() {
            return Err(not_private(written));
        }
        let address = format!("{host}:{}", port.unwrap_or(PORT));
        if let Some(taken) = shared.context.taken.iter().find(|taken| taken.door == address) {
            let detail = format!("`{address}` is asked already, as `{}`", taken.device);
            return Err(Problem::new(StatusCode::CONFLICT, detail).hint(
                "许多设备只容一个连接：先从配置中移除，或在网关停止时用 `hallwatch detect`",
                "many devices bear one connection: take it out of the configuration first, or use \
                 `hallwatch detect` while the gateway is stopped",
            ));
        }
        let transport = match self.rtu_over_tcp {
            true => Transport::RtuOverTcp(address),
            false => Transport::Tcp(address),
        };
        let count = self.count.unwrap_or(REGISTERS_DEFAULT);
        let times = self.times.unwrap_or(TIMES_DEFAULT);
        let every_s = self.every_s.unwrap_or(PAUSE_S_DEFAULT);
        let fits = (1..=REGISTERS_MAX).contains(&count)
            && (1..=TIMES_MAX).contains(&times)
            && every_s <= EVERY_S_MAX
            && self.known.len() <= KNOWN_MAX;
        if !fits {
            let detail = format!(
                "`count` is 1 to {REGISTERS_MAX}, `times` 1 to {TIMES_MAX}, `every_s` 0 to \
                 {EVERY_S_MAX}, `known` has up to {KNOWN_MAX} values"
            );
            return Err(Problem::bad_request(detail).hint("数值超出范围", "give less"));
        }
        let known = self.known.iter().map(|value| Known::parse(value));
        let known = known.collect::<Result<_, _>>().map_err(|error| problem(&error.text()))?;
        let function = match self.function {
            FunctionWord::Holding => Function::Holding,
            FunctionWord::Input => Function::Input,
        };
        let pause = Duration::from_secs(every_s);
        let usual = DetectPlan::new(transport, self.unit);
        Ok((DetectPlan { function, from: self.from, count, times, pause, ..usual }, known))
    }
}

fn not_private(written: &str) -> Problem {
    let detail = format!("`{written}` is not an address of this machine's own network");
    Problem::bad_request(detail).hint(
        "填一个内网地址，例如 192.168.10.30:502；串口请用 `hallwatch detect`",
        "give one private address, such as 192.168.10.30:502; for serial ports there is \
         `hallwatch detect`",
    )
}

pub(super) async fn start(State(shared): Web, body: Bytes) -> Answer {
    let order: Order = body_of(&body)?;
    let plan = order.plan(&shared)?;
    let seen = Seen { address: order.address, unit: order.unit, ..Seen::default() };
    shared.detections.order(plan, seen, shared.now())?;
    tracing::info!("a look at an unknown device was started through the API");
    let mut response = answer(&shown(&shared))?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

pub(super) async fn look(State(shared): Web) -> Answer {
    answer(&shown(&shared))
}

pub(super) async fn stop(State(shared): Web) -> Response {
    shared.detections.stop();
    StatusCode::NO_CONTENT.into_response()
}

fn shown(shared: &Shared) -> Value {
    let course = shared.detections.course();
    let Seen { address, unit, reading, detected: found, draft } = &course.found;
    let more = json!({
        "address": address,
        "unit": unit,
        "registers_read": reading.snapshots.len(),
        "holes": reading.holes,
        "failure": reading.failure.as_ref().map(ToString::to_string),
        "detected": found.as_ref().map(detected),
        "draft": draft,
    });
    course.shown(shared.now(), more)
}
