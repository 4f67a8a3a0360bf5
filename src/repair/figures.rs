//! How quickly and how well was repaired: pure figures over orders, machines and failures.

use std::collections::BTreeMap;

use crate::model::{DeviceId, DeviceKind, Timestamp};
use crate::service::{self, Lapse};

use super::clocks::clocks;
use super::types::{Assignee, Order, Part, State};

/// A fault that is back within so long was not repaired for good, milliseconds.
const REPEAT_MS: i64 = 14 * 24 * 3600 * 1000;

/// A machine in the range of the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Which.
    pub device: DeviceId,
    /// What it is.
    pub kind: DeviceKind,
    /// Its profile, which stands for its model.
    pub profile: String,
    /// Who repairs it by contract.
    pub vendor: Option<String>,
    /// Service hours of its zone in the range, milliseconds.
    pub service_ms: i64,
    /// Alerts of severity major and worse that were raised in the range.
    pub alerts: u32,
}

/// The figures of some orders and machines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// What they have in common: id of a vendor, a profile, or a kind. Empty for all.
    pub key: String,
    /// Orders that were opened in the range.
    pub orders: u32,
    /// Of them, those that were cancelled: they count nowhere below.
    pub cancelled: u32,
    /// Of them, those that are closed.
    pub closed: u32,
    /// Of them, those that the machine has proven.
    pub proven: u32,
    /// Mean time from opening until it was done, of those that are.
    pub repair: Option<Lapse>,
    /// Mean time from opening until somebody was coming, of those where somebody was.
    pub response: Option<Lapse>,
    /// Service hours of the machines, milliseconds.
    pub service_ms: i64,
    /// Failures: alerts of severity major and worse, and orders without an alert.
    pub failures: u32,
    /// Service hours between two failures, milliseconds; `None` without a failure.
    pub mtbf_ms: Option<i64>,
    /// Share of the closed orders that were proven, never came back before, and whose fault had no
    /// other order within 14 days after.
    pub first_time_fix: Option<f64>,
    /// Share of the orders with a contract where somebody was coming in time.
    pub response_in_time: Option<f64>,
    /// Share of the orders with a contract that were done in time.
    pub repair_in_time: Option<f64>,
}

/// A fault that had more than one order: each within 14 days after the one before was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The machine.
    pub device: DeviceId,
    /// The rule; `None` where people reported it.
    pub rule: Option<String>,
    /// The orders, oldest first.
    pub orders: Vec<String>,
}

/// The figures of a range.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Of everything.
    pub all: Group,
    /// By who repaired, or had to.
    pub vendors: Vec<Group>,
    /// By profile.
    pub profiles: Vec<Group>,
    /// By kind.
    pub kinds: Vec<Group>,
    /// What came back.
    pub repeats: Vec<Repeat>,
    /// Parts that were used, by name.
    pub parts: Vec<Part>,
}

/// The figures of the orders opened in `from <= time < to`. `orders` may hold others, and should hold
/// those of 14 days after as well, or a fault that came back is not seen.
#[must_use]
pub fn figures(
    orders: &[Order],
    machines: &[Machine],
    hours: &service::Config,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> Figures {
    let mut orders: Vec<&Order> = orders.iter().collect();
    orders.sort_by(|a, b| (a.opened, &a.id).cmp(&(b.opened, &b.id)));
    let all = Scene { orders: &orders, machines, hours, range: (from, to), now };
    let by = |of_order: fn(&Order) -> Option<&str>, of_machine: fn(&Machine) -> Option<&str>| {
        let mut keys: Vec<&str> = orders.iter().filter_map(|order| of_order(order)).collect();
        keys.extend(machines.iter().filter_map(of_machine));
        keys.sort_unstable();
        keys.dedup();
        let group = |key: &str| {
            all.group(key, |order| of_order(order) == Some(key), |m| of_machine(m) == Some(key))
        };
        let groups = keys.into_iter().map(group);
        groups
            .filter(|group| group.orders > 0 || group.failures > 0 || group.service_ms > 0)
            .collect()
    };
    let mut parts: BTreeMap<&str, u32> = BTreeMap::new();
    for part in all.in_range().flat_map(|order| &order.parts) {
        let count = parts.entry(&part.name).or_default();
        *count = count.saturating_add(part.count);
    }
    let part = |(name, count): (&str, u32)| Part { name: name.to_owned(), count };
    Figures {
        all: all.group("", |_| true, |_| true),
        vendors: by(vendor_of, |machine| machine.vendor.as_deref()),
        profiles: by(|order| Some(&order.profile), |machine| Some(&machine.profile)),
        kinds: by(|order| Some(order.kind.as_str()), |machine| Some(machine.kind.as_str())),
        repeats: all.repeats(),
        parts: parts.into_iter().map(part).collect(),
    }
}

/// Who repaired it, or else who had to.
fn vendor_of(order: &Order) -> Option<&str> {
    match &order.assigned {
        Some(Assignee::Vendor(vendor)) => Some(vendor),
        _ => order.contract.as_ref().map(|contract| contract.vendor.as_str()),
    }
}

/// The same fault of the same machine.
fn same_fault(a: &Order, b: &Order) -> bool {
    a.device == b.device && a.rule == b.rule
}

/// Everything that the figures are made of; the orders by time.
struct Scene<'a> {
    orders: &'a [&'a Order],
    machines: &'a [Machine],
    hours: &'a service::Config,
    range: (Timestamp, Timestamp),
    now: Timestamp,
}

impl<'a> Scene<'a> {
    fn in_range(&self) -> impl Iterator<Item = &'a Order> {
        let (from, to) = self.range;
        self.orders.iter().copied().filter(move |order| from <= order.opened && order.opened < to)
    }

    fn group(
        &self,
        key: &str,
        holds: impl Fn(&Order) -> bool,
        holds_machine: impl Fn(&Machine) -> bool,
    ) -> Group {
        let mut group = Group { key: key.to_owned(), ..Group::default() };
        let (mut repair, mut response) = (Mean::default(), Mean::default());
        let (mut fixed, mut in_time, mut done_in_time) =
            (Share::default(), Share::default(), Share::default());
        for order in self.in_range().filter(|order| holds(order)) {
            group.orders += 1;
            if order.state == State::Cancelled {
                group.cancelled += 1;
                continue;
            }
            let clocks = clocks(order, self.hours, self.now);
            response.add(clocks.response, order.attended().is_some());
            repair.add(clocks.repair, order.done.is_some());
            if order.contract.is_some() {
                in_time.add(!clocks.response_late, clocks.response_stopped);
                done_in_time.add(!clocks.repair_late, clocks.repair_stopped);
            }
            if let Some(closed) = &order.closed {
                group.closed += 1;
                group.proven += u32::from(closed.proven);
                let for_good = closed.proven && !order.came_back();
                fixed.add(for_good && self.next_of(order, closed.at).is_none(), true);
            }
            group.failures += u32::from(order.alerts.is_empty());
        }
        for machine in self.machines.iter().filter(|machine| holds_machine(machine)) {
            group.service_ms += machine.service_ms;
            group.failures += machine.alerts;
        }
        group.mtbf_ms = group.service_ms.checked_div(i64::from(group.failures));
        (group.repair, group.response) = (repair.mean(), response.mean());
        group.first_time_fix = fixed.share();
        (group.response_in_time, group.repair_in_time) = (in_time.share(), done_in_time.share());
        group
    }

    /// The next order of the same fault, within 14 days after the end of this one.
    fn next_of(&self, order: &Order, end: Timestamp) -> Option<&'a Order> {
        let soon = |next: &&Order| {
            next.opened >= end
                && next.opened.since_ms(end) <= REPEAT_MS
                && next.id != order.id
                && next.state != State::Cancelled
                && same_fault(next, order)
        };
        self.orders.iter().copied().find(soon)
    }

    fn repeats(&self) -> Vec<Repeat> {
        let mut repeats: Vec<Repeat> = Vec::new();
        for order in self.in_range().filter(|order| order.state == State::Closed) {
            let end = order.closed.as_ref().map(|closed| closed.at);
            let Some(next) = end.and_then(|end| self.next_of(order, end)) else { continue };
            // A chain goes on where it ended; one fault may have several chains.
            match repeats.iter_mut().find(|repeat| repeat.orders.last() == Some(&order.id)) {
                Some(repeat) => repeat.orders.push(next.id.clone()),
                None => repeats.push(Repeat {
                    device: order.device.clone(),
                    rule: order.rule.clone(),
                    orders: vec![order.id.clone(), next.id.clone()],
                }),
            }
        }
        repeats
    }
}

#[derive(Default)]
struct Mean {
    sum: Lapse,
    count: i64,
}

impl Mean {
    fn add(&mut self, lapse: Lapse, counts: bool) {
        if counts {
            self.sum.service_ms += lapse.service_ms;
            self.sum.calendar_ms += lapse.calendar_ms;
            self.count += 1;
        }
    }

    fn mean(&self) -> Option<Lapse> {
        Some(Lapse {
            service_ms: self.sum.service_ms.checked_div(self.count)?,
            calendar_ms: self.sum.calendar_ms.checked_div(self.count)?,
        })
    }
}

#[derive(Default)]
struct Share {
    good: u32,
    of: u32,
}

impl Share {
    /// What has not been decided counts once it cannot be good any more.
    fn add(&mut self, good: bool, decided: bool) {
        if decided || !good {
            self.of += 1;
            self.good += u32::from(good);
        }
    }

    fn share(&self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.good) / f64::from(self.of))
    }
}
