//! One machine at one look: how it is, and what its counters say.

use std::collections::BTreeMap;

use crate::live::{DeviceLive, Health, HealthState};
use crate::model::Value;

use super::condition::Condition;
use super::forecast::{Left, Sensor};
use super::ledger::Look;

/// A consumable: its name, the point that says how much is left, the word that a sensor says, and the
/// counters of its use, the first of them that a machine has.
pub(super) struct SupplyPoints {
    pub(super) supply: &'static str,
    pub(super) left: &'static str,
    pub(super) counters: &'static [&'static str],
}

/// All consumables that machines tell of. The supply's own name is the point of its sensor.
pub(super) const SUPPLIES: [SupplyPoints; 4] = [
    SupplyPoints {
        supply: "printer_paper",
        left: "printer_paper_left_sheets",
        counters: &["pages_total", "tickets_total"],
    },
    SupplyPoints { supply: "receipt_paper", left: "", counters: &[] },
    SupplyPoints { supply: "card_stock", left: "card_stock_count", counters: &[] },
    SupplyPoints { supply: "invoice_stock", left: "invoice_stock_count", counters: &[] },
];

/// Counters of visitors, the first that a machine has.
const VISITS: [&str; 2] = ["tickets_total", "transactions_total"];

/// How a device of this health serves; `None` while nobody can say.
pub(super) const fn condition_of(health: &Health) -> Option<Condition> {
    match health.state {
        HealthState::Ok | HealthState::Asleep => Some(Condition::Serving),
        HealthState::Degraded => Some(Condition::Degraded),
        HealthState::Fault => Some(Condition::Down),
        HealthState::Offline => Some(Condition::Offline),
        HealthState::Maintenance => Some(Condition::Maintenance),
        HealthState::Waiting => None,
    }
}

/// What a machine says now.
pub(super) fn look(live: &DeviceLive, health: &Health) -> Look {
    let mut supplies = BTreeMap::new();
    for points in &SUPPLIES {
        let counter = points.counters.iter().find_map(|point| whole(live, point));
        let left = whole(live, points.left);
        if left.is_some() || live.value(points.supply).is_some() {
            supplies.insert(points.supply, (left, counter));
        }
    }
    Look {
        condition: condition_of(health),
        boots: whole(live, "boots_total"),
        served: VISITS.iter().find_map(|point| whole(live, point)),
        supplies,
    }
}

/// How much is left by the machine's own word.
pub(super) fn left_of(live: &DeviceLive, points: &SupplyPoints) -> Left {
    whole(live, points.left).map_or(Left::Unknown, Left::Said)
}

/// What the sensor says.
pub(super) fn sensor_of(live: &DeviceLive, points: &SupplyPoints) -> Sensor {
    match live.word(points.supply).map(|word| word.id) {
        Some("full" | "ok" | "high") => Sensor::Full,
        Some("low") => Sensor::Low,
        Some("out" | "empty") => Sensor::Out,
        _ => Sensor::Unknown,
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked
fn whole(live: &DeviceLive, point: &str) -> Option<u64> {
    let number = live.value(point).and_then(Value::as_f64)?;
    (0.0..9e15).contains(&number).then_some(number as u64)
}
