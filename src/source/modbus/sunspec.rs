//! Finding the SunSpec models of a device, and planning their reads.
//!
//! The walk is bounded and tolerant: a map may begin at 40000, 0 or 50000, models may be longer
//! or shorter than the standard says, unknown models are passed over, and the end may be missing
//! (0x0000, or an exception) as some makers have it.

use crate::profile::{BusRules, Function, ModelPlan, RegisterPoint, ScaleBy, SunspecPlan};

use super::error::ReadError;
use super::plan::{Block, Limits, blocks};
use super::wire::Wire;

/// `SunS`.
const MARKER: [u16; 2] = [0x5375, 0x6E53];
/// Id of the model that ends the map.
const END: u16 = 0xFFFF;
/// Instances of a repeating group that are taken: a length that says more is garbage.
const INSTANCES_MAX: u16 = 64;
/// Models looked at before the walk gives up.
const MODELS_MAX: usize = 64;

/// A model that the device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) model: u16,
    /// Address of its id register.
    pub(super) address: u16,
    /// Registers after id and length.
    pub(super) length: u16,
}

/// What the walk saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Map {
    pub(super) found: Vec<Found>,
}

/// Walks the models of a device; `Ok(None)` if it has no SunSpec map.
pub(super) async fn walk(
    wire: &mut Wire,
    unit: u8,
    plan: &SunspecPlan,
    bus: &BusRules,
) -> Result<Option<Map>, ReadError> {
    for base in &plan.bases {
        match wire.read(unit, Function::Holding, *base, 2, bus).await {
            Ok(words) if words == MARKER => {}
            Ok(_) => continue,
            Err(error) if error.is_absent() => continue,
            Err(error) => return Err(error),
        }
        let map = walk_from(wire, unit, base.saturating_add(2), bus).await?;
        return Ok(Some(map));
    }
    Ok(None)
}

async fn walk_from(
    wire: &mut Wire,
    unit: u8,
    mut address: u16,
    bus: &BusRules,
) -> Result<Map, ReadError> {
    let mut map = Map::default();
    while map.found.len() < MODELS_MAX {
        let head = match wire.read(unit, Function::Holding, address, 2, bus).await {
            Ok(head) => head,
            Err(error) if error.is_absent() => break,
            Err(error) => return Err(error),
        };
        let [model, length] = head.as_slice() else { break };
        if *model == END || *model == 0 {
            break;
        }
        map.found.push(Found { model: *model, address, length: *length });
        let next = u32::from(address) + 2 + u32::from(*length);
        match u16::try_from(next) {
            Ok(next) => address = next,
            Err(_) => break,
        }
    }
    Ok(map)
}

/// The points of the models that were found, at their addresses, with the reads they need.
///
/// Points beyond the length that the device gives are left out. Of a repeated model the first
/// instance gives the standard points.
pub(super) fn plan(map: &Map, plan: &SunspecPlan, bus: &BusRules) -> Vec<Block> {
    let mut planned = Vec::new();
    let mut seen = Vec::new();
    for found in &map.found {
        let Some(model) = plan.models.get(&found.model) else { continue };
        if seen.contains(&found.model) {
            continue;
        }
        seen.push(found.model);
        let points = points_of(model, found);
        let limits = Limits {
            count_max: bus.registers_per_read_max,
            // Registers inside a model can always be read, so gaps do not matter.
            read_through_max: bus.registers_per_read_max,
            window: bus.window_registers,
            barriers: &[],
        };
        let every = if found.model == 1 { IDENTITY_EVERY } else { 1 };
        planned.extend(blocks(Function::Holding, every, false, points.iter().collect(), &limits));
    }
    planned
}

/// Names and serial numbers are read in every 60th cycle.
const IDENTITY_EVERY: u32 = 60;

fn points_of(model: &ModelPlan, found: &Found) -> Vec<RegisterPoint> {
    let length = found.length.saturating_add(2);
    let fixed = model.points.iter().cloned();
    let instances = model.group.as_ref().map_or(0, |group| {
        (length.saturating_sub(group.first_offset) / group.words.max(1)).min(INSTANCES_MAX)
    });
    let repeated = (1..=instances).flat_map(|n| model.group_points(n));
    fixed.chain(repeated).filter_map(|point| place(point, found.address, length)).collect()
}

/// Moves a point from the model's offsets to the device's addresses; `None` outside the model.
fn place(mut point: RegisterPoint, base: u16, length: u16) -> Option<RegisterPoint> {
    if point.end() > u32::from(length) {
        return None;
    }
    point.address = point.address.checked_add(base)?;
    if let ScaleBy::Register { address, .. } = &mut point.scale {
        if *address >= length {
            return None;
        }
        *address = address.checked_add(base)?;
    }
    Some(point)
}
