//! All orders, and what may become of them: a change is worked out here, kept by the task, and made
//! when it is on disk.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::model::{Device, DeviceId, Event, EventKind, Text, Timestamp, text};

use super::error::RepairError;
use super::handle::Wanted;
use super::types::{Assignee, Closed, Contract, Order, Origin, Part, STEPS_MAX, State, Step, Who};
use super::vendor::Vendor;

/// Closed orders kept at hand; older ones are in the journal.
pub(super) const CLOSED_MAX: usize = 1_000;
/// Alerts that are kept of one order, the first and the newest.
const ALERTS_MAX: usize = 20;

/// What becomes of one order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// In a word, for the record.
    pub(super) what: &'static str,
    /// The order after it.
    pub(super) order: Order,
}

/// A new order.
pub(super) struct Opening<'a> {
    pub(super) device: &'a Device,
    pub(super) contract: Option<Contract>,
    pub(super) rule: Option<String>,
    pub(super) alert: Option<String>,
    pub(super) what: Text,
    pub(super) origin: Origin,
}

/// The orders.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Book {
    open: BTreeMap<String, Arc<Order>>,
    /// Newest first.
    closed: VecDeque<Arc<Order>>,
    /// The local day of the last number, and the number.
    day: String,
    last: u32,
}

#[derive(Serialize)]
struct Snapshot<'a> {
    day: &'a str,
    last: u32,
    open: Vec<&'a Order>,
}

#[derive(Default, Deserialize)]
struct Kept {
    #[serde(default)]
    day: String,
    #[serde(default)]
    last: u32,
    #[serde(default)]
    open: Vec<serde_json::Value>,
}

#[derive(Serialize)]
struct Told<'a> {
    change: &'static str,
    order: &'a Order,
}

#[derive(Deserialize)]
struct Recorded {
    order: Order,
}

/// The order of an event of the journal, as it was after it.
pub(super) fn order_of(event: &Event) -> Option<Order> {
    serde_json::from_str::<Recorded>(&event.body).ok().map(|recorded| recorded.order)
}

impl Change {
    /// The change as an event of the journal.
    pub(super) fn event(&self, now: Timestamp) -> Option<Event> {
        let body = serde_json::to_string(&Told { change: self.what, order: &self.order }).ok()?;
        Some(Event { kind: EventKind::Order, time: now, body })
    }
}

fn step(state: State, at: Timestamp, by: Who, note: Text) -> Step {
    Step { state, at, by, note }
}

impl Book {
    /// The orders of the last run: of each the newest event counts, newest first, and what is older
    /// than those is in the snapshot.
    pub(super) fn restore(snapshot: &[u8], events: &[Event]) -> Self {
        let kept: Kept = serde_json::from_slice(snapshot).unwrap_or_default();
        let mut book = Self { day: kept.day, last: kept.last, ..Self::default() };
        let mut seen = BTreeSet::new();
        for order in events.iter().filter_map(order_of) {
            if seen.insert(order.id.clone()) {
                book.note_number(&order.id);
                book.put(order);
            }
        }
        for order in kept.open {
            match serde_json::from_value::<Order>(order) {
                Ok(order) if !seen.contains(&order.id) => book.put(order),
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "an open order cannot be read"),
            }
        }
        book
    }

    /// For the very first filling: those that are over come newest first.
    fn put(&mut self, order: Order) {
        if !order.state.is_over() {
            self.open.insert(order.id.clone(), Arc::new(order));
        } else if self.closed.len() < CLOSED_MAX {
            self.closed.push_back(Arc::new(order));
        }
    }

    /// Remembers the highest number of the newest day.
    fn note_number(&mut self, id: &str) {
        let Some((day, number)) = id.strip_prefix("WO-").and_then(|rest| rest.split_once('-'))
        else {
            return;
        };
        let Ok(number) = number.parse() else { return };
        match day.cmp(self.day.as_str()) {
            std::cmp::Ordering::Greater => (self.day, self.last) = (day.to_owned(), number),
            std::cmp::Ordering::Equal => self.last = self.last.max(number),
            std::cmp::Ordering::Less => {}
        }
    }

    /// The open orders and the last number, as they are after some changes.
    pub(super) fn snapshot(&self, changes: &[Change]) -> Option<Vec<u8>> {
        let mut after = self.clone();
        changes.iter().cloned().for_each(|change| after.apply(change));
        let open = after.open.values().map(|order| &**order).collect();
        serde_json::to_vec(&Snapshot { day: &after.day, last: after.last, open }).ok()
    }

    /// Makes a change that was worked out on this book.
    pub(super) fn apply(&mut self, change: Change) {
        let order = change.order;
        self.note_number(&order.id);
        if order.state.is_over() {
            self.open.remove(&order.id);
            self.closed.push_front(Arc::new(order));
            self.closed.truncate(CLOSED_MAX);
        } else {
            self.open.insert(order.id.clone(), Arc::new(order));
        }
    }

    /// The open orders, oldest first by id.
    pub(super) fn open(&self) -> impl DoubleEndedIterator<Item = &Arc<Order>> {
        self.open.values()
    }

    /// The closed ones, newest first.
    pub(super) const fn closed(&self) -> &VecDeque<Arc<Order>> {
        &self.closed
    }

    /// An open order, or why it cannot be changed.
    fn find(&self, id: &str) -> Option<&Arc<Order>> {
        self.open.get(id).or_else(|| self.closed.iter().find(|order| order.id == id))
    }

    /// The open order of a device for a rule.
    fn open_for(&self, device: &DeviceId, rule: Option<&str>) -> Option<&Arc<Order>> {
        self.open().find(|order| order.device == *device && order.rule.as_deref() == rule)
    }

    /// A number that nobody has, also with a clock that was set back.
    fn next_id(&self, now: Timestamp, zone: &TimeZone) -> String {
        let day = jiff::Timestamp::from_millisecond(now.ms()).unwrap_or_default();
        let day = day.to_zoned_datetime(zone.clone()).strftime("%Y%m%d").to_string();
        let first = if day == self.day { self.last + 1 } else { 1 };
        let ids = (first..).map(|number| format!("WO-{day}-{number:03}"));
        let mut free = ids.filter(|id| self.find(id).is_none());
        free.next().unwrap_or_default()
    }

    /// Opens an order.
    pub(super) fn opened(
        &self,
        opening: Opening<'_>,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Change, RepairError> {
        let Opening { device, contract, rule, alert, what, origin } = opening;
        if let Some(open) = self.open_for(&device.id, rule.as_deref()) {
            let (device, order) = (device.id.to_string(), open.id.clone());
            return Err(RepairError::AlreadyOpen { device, order });
        }
        let by = match &origin {
            Origin::Alert { by } | Origin::Person { by } => Who::Person(by.clone()),
            Origin::Public => Who::Public,
        };
        let order = Order {
            id: self.next_id(now, zone),
            device: device.id.clone(),
            kind: device.kind,
            profile: device.profile.clone(),
            zone: device.zone.clone(),
            rule,
            alerts: alert.into_iter().collect(),
            reports: u32::from(origin == Origin::Public),
            steps: vec![step(State::Reported, now, by, what.clone())],
            what,
            origin,
            opened: now,
            state: State::Reported,
            assigned: None,
            contract,
            parts: Vec::new(),
            done: None,
            closed: None,
        };
        Ok(Change { what: "opened", order })
    }

    /// Counts a visitor's report with an order of the device that is open.
    pub(super) fn reported(&self, device: &DeviceId) -> Option<Change> {
        let mut of_device = self.open().rev().filter(|order| order.device == *device);
        let mut order = Order::clone(of_device.next()?);
        order.reports = order.reports.saturating_add(1);
        Some(Change { what: "reported", order })
    }

    /// Takes a step that a person wants.
    pub(super) fn stepped(
        &self,
        id: &str,
        wanted: Wanted,
        vendors: &[Vendor],
        now: Timestamp,
    ) -> Result<Change, RepairError> {
        let found = self.find(id).ok_or_else(|| RepairError::UnknownOrder(id.to_owned()))?;
        let mut order = Order::clone(found);
        let Wanted { state, by, note, to, parts, reason } = wanted;
        if !order.state.next().contains(&state) {
            return Err(RepairError::NoWay { order: order.id, from: order.state, to: state });
        }
        if order.steps.len() >= STEPS_MAX && !matches!(state, State::Closed | State::Cancelled) {
            return Err(RepairError::TooLong(order.id));
        }
        let reason = reason.filter(|reason| !reason.is_empty());
        let missing = |missing| RepairError::Missing { state, missing };
        let who = Who::Person(by);
        let mut said = note;
        match state {
            State::Assigned => {
                let to = to.filter(|to| !to.is_empty()).ok_or_else(|| missing("to"))?;
                order.assigned = Some(assignee(to, vendors));
            }
            State::Done => order.done = Some(now),
            State::Repairing => order.done = None,
            State::Closed | State::Cancelled => {
                let reason = reason.ok_or_else(|| missing("reason"))?;
                said = if said.is_empty() { reason.clone() } else { format!("{reason}\n{said}") };
                let reason = Text::same(reason);
                order.closed = Some(Closed { at: now, by: who.clone(), reason, proven: false });
            }
            State::Reported | State::OnTheWay | State::WaitingForPart => {}
        }
        add_parts(&mut order.parts, parts);
        order.state = state;
        order.steps.push(step(state, now, who, Text::same(said)));
        Ok(Change { what: "stepped", order })
    }

    /// An alert was raised: one of the same rule and device belongs to the order, and one that was done
    /// is not. The same alert once more says nothing.
    pub(super) fn alerted(
        &self,
        device: &DeviceId,
        rule: &str,
        alert: &str,
        now: Timestamp,
    ) -> Option<Change> {
        let mut order = Order::clone(self.open_for(device, Some(rule))?);
        if order.alerts.iter().any(|known| known == alert) {
            return None;
        }
        if order.alerts.len() >= ALERTS_MAX {
            order.alerts.remove(1);
        }
        order.alerts.push(alert.to_owned());
        if order.state != State::Done {
            return Some(Change { what: "attached", order });
        }
        order.state = State::Repairing;
        order.done = None;
        let note = text!(
            "故障再次出现（告警 {alert}），退回维修",
            "the fault is back (alert {alert}): it is not repaired yet",
        );
        order.steps.push(step(State::Repairing, now, Who::Program, note));
        Some(Change { what: "returned", order })
    }

    /// The machine has shown that it works.
    pub(super) fn proven(&self, id: &str, reason: Text, now: Timestamp) -> Option<Change> {
        let mut order = Order::clone(self.open.get(id)?);
        if order.state != State::Done {
            return None;
        }
        order.state = State::Closed;
        order.steps.push(step(State::Closed, now, Who::Program, reason.clone()));
        order.closed = Some(Closed { at: now, by: Who::Program, reason, proven: true });
        Some(Change { what: "proven", order })
    }
}

/// The id of a vendor, or else the name of a person.
fn assignee(to: String, vendors: &[Vendor]) -> Assignee {
    match vendors.iter().any(|vendor| vendor.id == to) {
        true => Assignee::Vendor(to),
        false => Assignee::Person(to),
    }
}

/// Parts of the same name are one line.
fn add_parts(known: &mut Vec<Part>, parts: Vec<Part>) {
    for part in parts {
        match known.iter_mut().find(|known| known.name == part.name) {
            Some(known) => known.count = known.count.saturating_add(part.count),
            None => known.push(part),
        }
    }
}
