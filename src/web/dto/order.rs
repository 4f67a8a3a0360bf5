//! Work orders on the wire.

use serde::Serialize;

use crate::live::Board;
use crate::model::{self, Timestamp};
use crate::repair::{self, Assignee, Clocks, Origin, Who};

use super::Text;

/// A list of orders, newest first.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Orders {
    pub(in crate::web) now_ms: i64,
    pub(in crate::web) orders: Vec<Order>,
    /// What is overdue by contract.
    pub(in crate::web) overdue: Vec<Overdue>,
}

/// One order with the names of its device.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Order {
    id: String,
    device: String,
    device_name: Text,
    zone: String,
    kind: &'static str,
    profile: String,
    rule: Option<String>,
    alerts: Vec<String>,
    what: Text,
    /// `alert`, `person` or `public`.
    origin: &'static str,
    opened_by: Option<String>,
    opened_ms: i64,
    state: &'static str,
    state_text: Text,
    /// The states that a person can take it to.
    next: Vec<Next>,
    assigned: Option<Assigned>,
    /// The vendor who has to repair it by contract.
    contract: Option<Contract>,
    steps: Vec<Step>,
    parts: Vec<Part>,
    reports: u32,
    done_ms: Option<i64>,
    closed: Option<Closed>,
    response: Clock,
    repair: Clock,
}

#[derive(Debug, Serialize)]
struct Next {
    state: &'static str,
    text: Text,
}

#[derive(Debug, Serialize)]
struct Assigned {
    /// Id, where it is a vendor.
    vendor: Option<String>,
    name: String,
    phone: Option<String>,
}

#[derive(Debug, Serialize)]
struct Contract {
    vendor: String,
    response_ms: i64,
    repair_ms: i64,
}

#[derive(Debug, Serialize)]
struct Step {
    state: &'static str,
    state_text: Text,
    at_ms: i64,
    /// The name of a person; none where it was the program or a visitor.
    by: Option<String>,
    /// `person`, `public` or `program`.
    by_kind: &'static str,
    note: Text,
}

#[derive(Debug, Serialize)]
struct Part {
    name: String,
    count: u32,
}

#[derive(Debug, Serialize)]
struct Closed {
    at_ms: i64,
    by: Option<String>,
    by_kind: &'static str,
    reason: Text,
    proven: bool,
}

/// One of the two clocks: service time counts, the time by the clock stands beside it.
#[derive(Debug, Serialize)]
struct Clock {
    service_ms: i64,
    wall_ms: i64,
    running: bool,
    due_ms: Option<i64>,
    late: bool,
}

/// An order that is overdue.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Overdue {
    order: String,
    device: String,
    vendor: String,
    /// `response` or `repair`.
    late: &'static str,
    limit_ms: i64,
    service_ms: i64,
    due_ms: Option<i64>,
}

fn who(who: &Who) -> (Option<String>, &'static str) {
    match who {
        Who::Person(name) => (Some(name.clone()), "person"),
        Who::Public => (None, "public"),
        Who::Program => (None, "program"),
    }
}

impl Order {
    pub(in crate::web) fn of(
        order: &repair::Order,
        clocks: &Clocks,
        vendors: &[repair::Vendor],
        board: &Board,
    ) -> Self {
        let live = board.get(order.device.as_str());
        let device_name = match live {
            Some(live) => Text::from(&live.device.name),
            None => model::Text::same(order.device.as_str()).into(),
        };
        let (origin, opened_by) = match &order.origin {
            Origin::Alert { by } => ("alert", Some(by.clone())),
            Origin::Person { by } => ("person", Some(by.clone())),
            Origin::Public => ("public", None),
        };
        let next = order.state.next().iter();
        Self {
            id: order.id.clone(),
            device: order.device.to_string(),
            device_name,
            zone: order.zone.to_string(),
            kind: order.kind.as_str(),
            profile: order.profile.clone(),
            rule: order.rule.clone(),
            alerts: order.alerts.clone(),
            what: Text::from(&order.what),
            origin,
            opened_by,
            opened_ms: order.opened.ms(),
            state: order.state.as_str(),
            state_text: order.state.text().into(),
            next: next.map(|s| Next { state: s.as_str(), text: s.text().into() }).collect(),
            assigned: order.assigned.as_ref().map(|assigned| assigned_to(assigned, vendors)),
            contract: order.contract.as_ref().map(|contract| Contract {
                vendor: contract.vendor.clone(),
                response_ms: contract.response_ms,
                repair_ms: contract.repair_ms,
            }),
            steps: order.steps.iter().map(Step::of).collect(),
            parts: order.parts.iter().map(Part::of).collect(),
            reports: order.reports,
            done_ms: order.done.map(Timestamp::ms),
            closed: order.closed.as_ref().map(|closed| {
                let (by, by_kind) = who(&closed.by);
                let (at_ms, reason) = (closed.at.ms(), Text::from(&closed.reason));
                Closed { at_ms, by, by_kind, reason, proven: closed.proven }
            }),
            response: Clock {
                service_ms: clocks.response.service_ms,
                wall_ms: clocks.response.calendar_ms,
                running: !clocks.response_stopped,
                due_ms: clocks.response_due.map(Timestamp::ms),
                late: clocks.response_late,
            },
            repair: Clock {
                service_ms: clocks.repair.service_ms,
                wall_ms: clocks.repair.calendar_ms,
                running: !clocks.repair_stopped,
                due_ms: clocks.repair_due.map(Timestamp::ms),
                late: clocks.repair_late,
            },
        }
    }
}

fn assigned_to(assigned: &Assignee, vendors: &[repair::Vendor]) -> Assigned {
    match assigned {
        Assignee::Person(name) => Assigned { vendor: None, name: name.clone(), phone: None },
        Assignee::Vendor(id) => {
            let vendor = vendors.iter().find(|vendor| vendor.id == *id);
            Assigned {
                vendor: Some(id.clone()),
                name: vendor.map_or_else(|| id.clone(), |vendor| vendor.name.clone()),
                phone: vendor.map(|vendor| vendor.phone.clone()),
            }
        }
    }
}

impl Step {
    fn of(step: &repair::Step) -> Self {
        let (by, by_kind) = who(&step.by);
        Self {
            state: step.state.as_str(),
            state_text: step.state.text().into(),
            at_ms: step.at.ms(),
            by,
            by_kind,
            note: Text::from(&step.note),
        }
    }
}

impl Part {
    fn of(part: &repair::Part) -> Self {
        Self { name: part.name.clone(), count: part.count }
    }
}

impl From<repair::Overdue> for Overdue {
    fn from(overdue: repair::Overdue) -> Self {
        Self {
            order: overdue.order,
            device: overdue.device.to_string(),
            vendor: overdue.vendor,
            late: overdue.late.as_str(),
            limit_ms: overdue.limit_ms,
            service_ms: overdue.service_ms,
            due_ms: overdue.due.map(Timestamp::ms),
        }
    }
}

/// The vendors with what has been promised.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Vendors {
    pub(in crate::web) vendors: Vec<Vendor>,
}

#[derive(Debug, Serialize)]
pub(in crate::web) struct Vendor {
    id: String,
    name: String,
    phone: String,
    response_ms: i64,
    repair_ms: i64,
    /// The machines that are its by contract.
    devices: Vec<String>,
}

impl Vendor {
    pub(in crate::web) fn of(vendor: &repair::Vendor, machines: &[&model::Device]) -> Self {
        Self {
            id: vendor.id.clone(),
            name: vendor.name.clone(),
            phone: vendor.phone.clone(),
            response_ms: vendor.response_ms,
            repair_ms: vendor.repair_ms,
            devices: machines.iter().map(|device| device.id.to_string()).collect(),
        }
    }
}

/// The figures of a range.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Figures {
    from_ms: i64,
    to_ms: i64,
    all: Group,
    vendors: Vec<Group>,
    profiles: Vec<Group>,
    kinds: Vec<Group>,
    repeats: Vec<Repeat>,
    parts: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Group {
    key: String,
    orders: u32,
    cancelled: u32,
    closed: u32,
    proven: u32,
    /// Mean time to repair and to respond; `_service_` in service hours, `_wall_` by the clock.
    repair_service_ms: Option<i64>,
    repair_wall_ms: Option<i64>,
    response_service_ms: Option<i64>,
    response_wall_ms: Option<i64>,
    service_ms: i64,
    failures: u32,
    mtbf_service_ms: Option<i64>,
    /// Shares, 0 to 1.
    first_time_fix: Option<f64>,
    response_in_time: Option<f64>,
    repair_in_time: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Repeat {
    device: String,
    rule: Option<String>,
    orders: Vec<String>,
}

impl From<repair::Group> for Group {
    fn from(group: repair::Group) -> Self {
        Self {
            key: group.key,
            orders: group.orders,
            cancelled: group.cancelled,
            closed: group.closed,
            proven: group.proven,
            repair_service_ms: group.repair.map(|lapse| lapse.service_ms),
            repair_wall_ms: group.repair.map(|lapse| lapse.calendar_ms),
            response_service_ms: group.response.map(|lapse| lapse.service_ms),
            response_wall_ms: group.response.map(|lapse| lapse.calendar_ms),
            service_ms: group.service_ms,
            failures: group.failures,
            mtbf_service_ms: group.mtbf_ms,
            first_time_fix: group.first_time_fix,
            response_in_time: group.response_in_time,
            repair_in_time: group.repair_in_time,
        }
    }
}

impl Figures {
    pub(in crate::web) fn of(figures: repair::Figures, from: Timestamp, to: Timestamp) -> Self {
        let groups = |groups: Vec<repair::Group>| groups.into_iter().map(Group::from).collect();
        let repeat = |repeat: repair::Repeat| Repeat {
            device: repeat.device.to_string(),
            rule: repeat.rule,
            orders: repeat.orders,
        };
        Self {
            from_ms: from.ms(),
            to_ms: to.ms(),
            all: figures.all.into(),
            vendors: groups(figures.vendors),
            profiles: groups(figures.profiles),
            kinds: groups(figures.kinds),
            repeats: figures.repeats.into_iter().map(repeat).collect(),
            parts: figures.parts.iter().map(Part::of).collect(),
        }
    }
}
