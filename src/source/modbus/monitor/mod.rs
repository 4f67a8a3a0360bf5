//! What others may see of the buses: figures of every line and unit, the last registers of every
//! device, its plan, and the traffic itself for those who listen.
//!
//! Architecture invariant: written by the tasks of the buses, read by anybody; nothing in here
//! changes how a bus is asked.

mod doctor;
mod figures;
mod histogram;
mod line;
mod registers;
mod view;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::DeviceId;

use super::pool::Pool;

pub use doctor::{Finding, Weight, findings};
pub use figures::{LastMinute, LineFigures, StrayFigures, UnitFigures};
pub use histogram::{BOUNDS_MS, Histogram};
pub(super) use line::{Exchange, Outcome};
pub use line::{Heard, HeardAnswer, LineMonitor};
pub use registers::{Found, Register};
pub use view::{DeviceView, Hole, PlannedRead};

/// All buses and their devices. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Monitor {
    lines: Arc<Mutex<BTreeMap<String, Arc<LineMonitor>>>>,
    devices: Arc<Mutex<BTreeMap<DeviceId, Arc<DeviceView>>>>,
    /// The points that the devices have alike.
    pub(super) pool: Pool,
}

impl Monitor {
    /// Nothing is watched yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The line of this name, made when it is new; `transport` is the word of its kind.
    pub(super) fn line(&self, name: &str, transport: &'static str) -> Arc<LineMonitor> {
        let new = || Arc::new(LineMonitor::new(name, transport));
        locked(&self.lines).entry(name.to_owned()).or_insert_with(new).clone()
    }

    /// The view of this device, made when it is new.
    pub(super) fn view(&self, device: &DeviceId, line: &str, unit: u8) -> Arc<DeviceView> {
        let new = || Arc::new(DeviceView::new(line, unit));
        locked(&self.devices).entry(device.clone()).or_insert_with(new).clone()
    }

    /// All lines, by name.
    #[must_use]
    pub fn lines(&self) -> Vec<Arc<LineMonitor>> {
        locked(&self.lines).values().cloned().collect()
    }

    /// One line.
    #[must_use]
    pub fn line_of(&self, name: &str) -> Option<Arc<LineMonitor>> {
        locked(&self.lines).get(name).cloned()
    }

    /// All devices that are asked over Modbus, by id.
    #[must_use]
    pub fn devices(&self) -> Vec<(DeviceId, Arc<DeviceView>)> {
        locked(&self.devices).iter().map(|(id, view)| (id.clone(), view.clone())).collect()
    }

    /// One device that is asked over Modbus.
    #[must_use]
    pub fn device(&self, id: &str) -> Option<Arc<DeviceView>> {
        locked(&self.devices).get(id).cloned()
    }
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
