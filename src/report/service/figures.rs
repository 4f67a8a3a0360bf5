//! How well the machines served, and what was done about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::figures::{Figure, Words};

/// How well machines served: one, those of a kind, or all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Served {
    /// Id of the machine or of the kind; empty for all.
    pub id: String,
    /// Its name.
    pub name: Words,
    /// How many there are.
    pub machines: u32,
    /// Service hours, all machines together.
    pub service_h: f64,
    /// Of them, out of order or not answering.
    pub down_h: f64,
    /// Of them, planned maintenance.
    pub maintenance_h: f64,
    /// Of them, without data.
    pub unknown_h: f64,
    /// Outages that began in the period.
    pub failures: u32,
    /// 1 − down / (service − maintenance − unknown).
    pub availability: Figure,
    /// Service hours between two failures.
    pub mtbf_h: Figure,
    /// Mean service hours from failure to repair of the outages that ended.
    pub mttr_h: Figure,
    /// Mean service time from a fault to the first acknowledgement, minutes.
    pub response_min: Figure,
    /// Share of the faults that were acknowledged within 30 minutes of service time.
    pub response_on_time: Figure,
}

/// A kind of fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// Id of the rule.
    pub rule: String,
    /// What it says.
    pub text: Words,
    /// How often.
    pub count: u32,
    /// Service hours in which machines had it.
    pub service_h: f64,
}

/// Alerts of a severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Raised {
    /// `info`, `minor`, `major` or `critical`.
    pub severity: String,
    /// So many were raised.
    pub count: u32,
    /// Of them, acknowledged.
    pub acknowledged: u32,
    /// Mean time until then, minutes by the clock.
    pub acknowledged_min: Figure,
    /// Share that was over by itself within five minutes, without anybody: noise.
    pub noise: Figure,
    /// Still open at the end.
    pub open: u32,
}

/// What cost most: an alert, with what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Costly {
    /// Id of the alert.
    pub id: String,
    /// What was wrong.
    pub text: Words,
    /// What to do.
    pub advice: Words,
    /// When it began, milliseconds since 1970.
    pub since_ms: i64,
    /// When it was over; still open where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// Energy that was not made, kWh.
    pub energy_kwh: f64,
    /// What that is worth.
    pub money: Option<f64>,
    /// Service hours in which a machine had it.
    pub service_h: f64,
}

/// Work orders that were opened in the period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Orders {
    /// How many.
    pub opened: u32,
    /// Of them, closed by now.
    pub closed: u32,
    /// Of them, proven by the machine's own data.
    pub proven: u32,
    /// Mean service hours until somebody was coming.
    pub response_h: Figure,
    /// Mean service hours until it was done.
    pub repair_h: Figure,
    /// Share repaired for good at once.
    pub first_time_fix: Figure,
    /// Share with a contract where somebody was coming in time.
    pub response_in_time: Figure,
    /// Share with a contract that was done in time.
    pub repair_in_time: Figure,
    /// Parts that were used, and how many.
    pub parts: Vec<(String, u32)>,
}

/// What machines of a kind counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Consumed {
    /// The kind.
    pub kind: String,
    /// Its name.
    pub name: Words,
    /// The counter, such as `pages_total`.
    pub point: String,
    /// Its name.
    pub what: Words,
    /// Machines that have it.
    pub machines: u32,
    /// Counted in the period, all machines together.
    pub count: f64,
    /// For each working day of the period that is over.
    pub per_working_day: Figure,
    /// What the working days of the next period take at this rate.
    pub next_period: Figure,
}

/// The machines, their faults and alerts, and the work orders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceFigures {
    /// All machines.
    pub all: Served,
    /// By kind.
    pub kinds: Vec<Served>,
    /// Those that served least, of those that failed.
    pub worst: Vec<Served>,
    /// Faults of the machines, the most frequent first.
    pub faults: Vec<Fault>,
    /// Alerts of the whole building by severity, the worst first.
    pub alerts: Vec<Raised>,
    /// What cost most, the worst first.
    pub costly: Vec<Costly>,
    /// Work orders.
    pub orders: Orders,
    /// What the machines used up.
    #[serde(default)]
    pub consumed: Vec<Consumed>,
}
