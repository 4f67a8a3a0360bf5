//! What the page shows of this room.

use crate::model::{DeviceId, DeviceKind, Text, Timestamp, ZoneId};

use super::condition::Condition;
use super::forecast::Forecast;
use super::kpi::Kpi;
use super::refill::Urgency;

/// One consumable of a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct SupplyView {
    /// Name of the point of its sensor.
    pub supply: &'static str,
    /// Units left by the machine's word.
    pub left: Option<u64>,
    /// When it runs out.
    pub forecast: Forecast,
}

/// One machine.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineView {
    /// Which.
    pub device: DeviceId,
    /// Its name.
    pub name: Text,
    /// What it is.
    pub kind: DeviceKind,
    /// Where it stands.
    pub zone: ZoneId,
    /// How it serves now.
    pub condition: Condition,
    /// Services that cannot be done.
    pub hurt: Vec<Text>,
    /// Why it does not serve as it should.
    pub reason: Option<Text>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// This month so far.
    pub month: Kpi,
    /// Its consumables.
    pub supplies: Vec<SupplyView>,
}

/// One line of the refill list: which machine, which of its supplies, how urgent.
#[derive(Debug, Clone, PartialEq)]
pub struct RefillView {
    /// Index of the machine in [`Overview::machines`].
    pub machine: usize,
    /// Index of the supply there.
    pub supply: usize,
    /// How urgent.
    pub urgency: Urgency,
    /// When it runs out.
    pub at: Option<Timestamp>,
}

/// Machines of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct KindView {
    /// The kind.
    pub kind: DeviceKind,
    /// How many there are.
    pub of: usize,
    /// How many serve, whole or in part.
    pub serving: usize,
    /// All of them together, this month so far.
    pub month: Kpi,
}

/// The check before opening.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpeningView {
    /// When the next one is, or the one that goes on was.
    pub check: Option<Timestamp>,
    /// One goes on.
    pub running: bool,
    /// Indices of the machines that are not ready, in walking order.
    pub not_ready: Vec<usize>,
    /// Machines that have to be.
    pub of: usize,
}

/// The whole room at one look.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overview {
    /// When it was made.
    pub now: Option<Timestamp>,
    /// The machines, in walking order.
    pub machines: Vec<MachineView>,
    /// What to refill, in walking order.
    pub refill: Vec<RefillView>,
    /// Up to when: the close of the next working day.
    pub refill_by: Option<Timestamp>,
    /// The kinds.
    pub kinds: Vec<KindView>,
    /// The check before opening.
    pub opening: OpeningView,
    /// The year whose holidays should be known by now and are not: this one, or in December the next.
    pub missing_year: Option<i16>,
}
