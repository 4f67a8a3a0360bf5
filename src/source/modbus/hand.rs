//! Asking the units of a bus by hand, for commands that look at a device while no gateway runs:
//! the same plans, the same wire, and nothing is kept.

use crate::model::{DeviceId, Timestamp};

use super::config::{Config, Unit};
use super::error::ReadError;
use super::monitor::Monitor;
use super::unit::UnitState;
use super::wire::Wire;

/// The units of one bus, asked when they are told to be.
pub struct ByHand {
    units: Vec<UnitState>,
    wire: Wire,
}

/// How one cycle of a unit went.
#[derive(Debug)]
pub struct Round {
    /// The device.
    pub device: DeviceId,
    /// The last failure, if a read failed; what was read is in the monitor all the same.
    pub failure: Option<ReadError>,
}

impl ByHand {
    /// The units of a bus, or only one device of it. Plans and figures are in `monitor`.
    #[must_use]
    pub fn new(config: &Config, only: Option<&DeviceId>, monitor: &Monitor) -> Self {
        let Config { name, transport, units } = config;
        let line = monitor.line(name, transport.as_str());
        let wanted = |unit: &&Unit| only.is_none_or(|id| unit.device.id == *id);
        let state = |unit: &Unit| UnitState::new(unit.clone(), name, monitor);
        let units = units.iter().filter(wanted).map(state).collect();
        Self { units, wire: Wire::new(transport.clone(), line) }
    }

    /// Asks each unit once; `now` is the time under which its registers are shown.
    pub async fn round(&mut self, now: impl Fn() -> Timestamp) -> Vec<Round> {
        let mut rounds = Vec::new();
        for unit in &mut self.units {
            if let Some(rest) = self.wire.rests_until(unit.number()) {
                tokio::time::sleep_until(rest).await;
            }
            let cycle = unit.cycle(&mut self.wire).await;
            unit.view.keep(now(), cycle.images);
            if unit.bus().close_after_cycle {
                self.wire.drop_connection();
            }
            rounds.push(Round { device: unit.device().id.clone(), failure: cycle.failure });
        }
        rounds
    }
}
