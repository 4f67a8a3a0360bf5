//! How long it took until somebody came and until it was done, and what is overdue.

use crate::calendar::Calendar;
use crate::model::{DeviceId, Timestamp};
use crate::service::{self, Lapse};

use super::types::{Order, State};

/// The two clocks of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// From opening until somebody is coming; until now while nobody is.
    pub response: Lapse,
    /// Somebody is coming, or it is over.
    pub response_stopped: bool,
    /// When that has to be by contract.
    pub response_due: Option<Timestamp>,
    /// It took longer than the contract allows, or has by now.
    pub response_late: bool,
    /// From opening until it was done; until now while it is not.
    pub repair: Lapse,
    /// It is done, or over.
    pub repair_stopped: bool,
    /// When that has to be by contract.
    pub repair_due: Option<Timestamp>,
    /// It took longer than the contract allows, or has by now.
    pub repair_late: bool,
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// Nobody is coming yet.
    Response,
    /// It is not done yet.
    Repair,
}

impl Late {
    /// The word used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Repair => "repair",
        }
    }
}

/// An open order that is overdue by contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// Id of the order.
    pub order: String,
    /// The machine.
    pub device: DeviceId,
    /// Id of the vendor.
    pub vendor: String,
    /// What is overdue.
    pub late: Late,
    /// What the contract allows, milliseconds of service time.
    pub limit_ms: i64,
    /// What it has taken so far, milliseconds of service time.
    pub service_ms: i64,
    /// When it should have been.
    pub due: Option<Timestamp>,
}

/// The clocks of an order at `now`, in the service hours of its zone; by the clock on the wall where
/// the zone is not known any more.
#[must_use]
pub fn clocks(order: &Order, hours: &service::Config, now: Timestamp) -> Clocks {
    let calendar = hours.zone(&order.zone).map(|zone| &*zone.calendar);
    let over = order.closed.as_ref().map(|closed| closed.at);
    let attended = order.attended().or(over);
    let done = order.done.or(over);
    let lapse = |to: Option<Timestamp>| between(calendar, order.opened, to.unwrap_or(now));
    let (response, repair) = (lapse(attended), lapse(done));
    let contract = order.contract.as_ref();
    let due = |limit_ms: i64| match calendar {
        Some(calendar) => calendar.after_open_ms(order.opened, limit_ms),
        None => Some(order.opened.plus_ms(limit_ms)),
    };
    Clocks {
        response,
        response_stopped: attended.is_some(),
        response_due: contract.and_then(|contract| due(contract.response_ms)),
        response_late: contract.is_some_and(|c| response.service_ms > c.response_ms),
        repair,
        repair_stopped: done.is_some(),
        repair_due: contract.and_then(|contract| due(contract.repair_ms)),
        repair_late: contract.is_some_and(|c| repair.service_ms > c.repair_ms),
    }
}

/// Service time and time by the clock between two moments.
pub(super) fn between(calendar: Option<&Calendar>, from: Timestamp, to: Timestamp) -> Lapse {
    match calendar {
        Some(calendar) => Lapse::between(calendar, from, to),
        None => {
            let ms = to.since_ms(from).max(0);
            Lapse { service_ms: ms, calendar_ms: ms }
        }
    }
}

/// What is overdue of an order now.
pub(super) fn overdue(order: &Order, hours: &service::Config, now: Timestamp) -> Vec<Overdue> {
    let Some(contract) = &order.contract else { return Vec::new() };
    if order.state.is_over() || order.state == State::Done {
        return Vec::new();
    }
    let clocks = clocks(order, hours, now);
    let late = |late, limit_ms, lapse: Lapse, due| Overdue {
        order: order.id.clone(),
        device: order.device.clone(),
        vendor: contract.vendor.clone(),
        late,
        limit_ms,
        service_ms: lapse.service_ms,
        due,
    };
    let response = (clocks.response_late && !clocks.response_stopped)
        .then(|| late(Late::Response, contract.response_ms, clocks.response, clocks.response_due));
    let repair = clocks
        .repair_late
        .then(|| late(Late::Repair, contract.repair_ms, clocks.repair, clocks.repair_due));
    response.into_iter().chain(repair).collect()
}
