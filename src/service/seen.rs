//! What a look at the board takes away of each machine, in walking order.

use std::sync::Arc;

use crate::live::{Board, DeviceLive, Health, Peers};
use crate::model::{Device, Text, Timestamp};

use super::condition::Condition;
use super::config::Config;
use super::forecast::{Left, Sensor};
use super::ledger::Look;
use super::machine::{SUPPLIES, left_of, look, sensor_of};

/// One machine at one look.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) device: Arc<Device>,
    pub(super) look: Look,
    pub(super) condition: Condition,
    pub(super) reason: Option<Text>,
    pub(super) hurt: Vec<Text>,
    /// Whether its back-end can be reached, if it says so.
    pub(super) backend: Option<bool>,
    /// Index in [`SUPPLIES`], what is left, what the sensor says.
    pub(super) supplies: Vec<(usize, Left, Sensor)>,
}

/// Looks at all machines of the hall.
pub(super) fn all(board: &Board, peers: &Peers, config: &Config) -> Vec<Seen> {
    let machines = board.iter().filter(|live| live.device.kind.is_kiosk());
    let mut seen: Vec<Seen> = machines.map(|live| one(live, &board.health(live, peers))).collect();
    seen.sort_by_cached_key(|seen| config.walk(&seen.device.id, &seen.device.zone));
    seen
}

fn one(live: &DeviceLive, health: &Health) -> Seen {
    let mut look = look(live, health);
    if live.unheard() {
        look.condition = Some(Condition::Unknown);
    }
    let supplies = SUPPLIES.iter().enumerate();
    let supplies = supplies.filter(|(_, points)| look.supplies.contains_key(points.supply));
    let supplies = supplies.map(|(n, points)| (n, left_of(live, points), sensor_of(live, points)));
    let backend = match live.word("backend_state").map(|word| word.id) {
        Some("reachable") => Some(true),
        Some("unreachable") => Some(false),
        _ => None,
    };
    Seen {
        device: live.device.clone(),
        condition: look.condition.unwrap_or(Condition::Unknown),
        reason: health.reason.clone(),
        hurt: live.serving().map(|serving| serving.hurt).unwrap_or_default(),
        backend: backend.filter(|_| !health.silent && !live.unheard()),
        supplies: supplies.collect(),
        look,
    }
}

/// The beginning of the local month of a moment.
pub(super) fn month_of(now: Timestamp, zone: &jiff::tz::TimeZone) -> Option<Timestamp> {
    let time = jiff::Timestamp::from_millisecond(now.ms()).ok()?;
    let first = time.to_zoned_datetime(zone.clone()).date().first_of_month();
    let start = zone.to_ambiguous_zoned_datetime(first.to_datetime(jiff::civil::Time::midnight()));
    Some(Timestamp::from_ms(start.compatible().ok()?.timestamp().as_millisecond()))
}
