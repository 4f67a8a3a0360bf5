//! SunSpec devices: finding their models, and planning the reads.
//!
//! The walk is bounded and tolerant: a map may begin at 40000, 0 or 50000, models may be longer
//! or shorter than the standard says, unknown models are passed over, and the end may be missing
//! (0x0000, or an exception) as some makers have it.

mod image;
mod place;
mod walk;

pub use image::{ImageWalk, sunspec_walk_of_image};
pub use place::{Fit, SunspecModel};
pub use walk::{FoundModel, READS_MAX, SunspecMap, WalkEnd};

pub(super) use place::{Placed, place};
pub(super) use walk::{Registers, walk};

use crate::profile::{BusRules, Function};

use super::error::ReadError;
use super::wire::Wire;

/// What a walk found on a device, for people who look at its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SunspecFound {
    /// Where the map begins.
    pub base: u16,
    /// Why it ended.
    pub end: WalkEnd,
    /// The models, taken or not.
    pub models: Vec<SunspecModel>,
}

/// The holding registers of one unit behind a wire.
pub(super) struct UnitRegisters<'a> {
    pub(super) wire: &'a mut Wire,
    pub(super) unit: u8,
    pub(super) bus: &'a BusRules,
}

impl Registers for UnitRegisters<'_> {
    async fn read(&mut self, start: u16, count: u16) -> Result<Vec<u16>, ReadError> {
        self.wire.read(self.unit, Function::Holding, start, count, self.bus).await
    }
}

#[cfg(test)]
mod tests;
