//! The figures of a range from what the journal has kept of orders and alerts.

use std::collections::BTreeMap;

use crate::alert::{Change, alert_event};
use crate::journal::{Archive, JournalError};
use crate::model::{EventKind, Record, Severity, Timestamp};

use super::book::order_of;
use super::clocks::between;
use super::figures::{Figures, Machine, figures as of};
use super::task::Config;
use super::types::Order;
use super::vendor::Vendor;

/// The figures of the orders opened in `from <= time < to`, of machines that were known from `since` on.
///
/// # Errors
/// [`JournalError::Storage`].
pub fn figures_of(
    archive: &Archive,
    config: &Config,
    since: Timestamp,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<Figures, JournalError> {
    // The newest event of an order says all of it; what ended later than the range counts as well.
    let mut orders: BTreeMap<String, Order> = BTreeMap::new();
    let end = Timestamp::from_ms(i64::MAX);
    archive.events_between(EventKind::Order, from, end, |event| {
        if let Some(order) = order_of(&event) {
            orders.insert(order.id.clone(), order);
        }
    })?;
    let mut raised: BTreeMap<String, u32> = BTreeMap::new();
    archive.events_between(EventKind::Alert, from, to, |event| {
        let transition = alert_event(&Record::Event(event));
        let Some(transition) = transition.filter(|t| t.change == Change::Raised) else { return };
        let bad = transition.alert.severity >= Severity::Major;
        if let Some(device) = transition.alert.device.filter(|_| bad) {
            *raised.entry(device.to_string()).or_default() += 1;
        }
    })?;
    // What is still to come is no time between failures, nor is what was before the gateway.
    let until = to.min(now);
    let begun = from.max(since).min(until);
    let machines = config.devices.iter().map(|device| {
        let calendar = config.hours.zone(&device.zone).map(|zone| &*zone.calendar);
        Machine {
            device: device.id.clone(),
            kind: device.kind,
            profile: device.profile.clone(),
            vendor: Vendor::of(&config.vendors, device).map(|vendor| vendor.id.clone()),
            service_ms: between(calendar, begun, until).service_ms,
            alerts: raised.get(device.id.as_str()).copied().unwrap_or_default(),
        }
    });
    let (orders, machines): (Vec<_>, Vec<_>) = (orders.into_values().collect(), machines.collect());
    Ok(of(&orders, &machines, &config.hours, (from, to), now))
}
