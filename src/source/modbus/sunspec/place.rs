//! Which models of a map are the device's own, where their points lie, and how they are read.
//!
//! A map may hold several devices: a second common model begins another one (a meter behind an
//! inverter), and a model that comes twice is a second one of the same. They are counted here:
//! the first is the device, the others are kept under names of their own, or are devices of their
//! own when the configuration says which one it means (`sunspec_instance`).

use std::collections::BTreeSet;

use crate::model::PointName;
use crate::profile::{
    BusRules, Function, KnownModel, ModelPlan, RegisterPoint, ScaleBy, SunspecPlan,
    further_instance,
};
use crate::source::modbus::plan::{Block, Limits, blocks};

use super::walk::{FoundModel, SunspecMap};

/// The model that names a device; it begins the models of each device in a map.
const COMMON: u16 = 1;
/// The first id of the range that makers use for their own models.
const VENDOR_FIRST: u16 = 64_000;

/// How a model's length compares with the standard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// As the standard has it.
    Standard,
    /// Shorter: what lies beyond is missing.
    Short,
    /// Longer, or not a whole number of instances: what lies beyond is passed over.
    Long,
    /// A model that no file describes.
    Unknown,
    /// A maker's own model that no file describes.
    Vendor,
}

/// A model of a device, and what is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SunspecModel {
    /// Where it is.
    pub found: FoundModel,
    /// SunSpec's name of it, where it is known.
    pub name: Option<String>,
    /// Its length.
    pub fit: Fit,
    /// Of which device of the map it is, from 1; 0 where the profile does not take it.
    pub instance: u16,
    /// Points that are read from it.
    pub points: usize,
}

/// What is read of a map.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::source::modbus) struct Placed {
    /// The reads.
    pub(in crate::source::modbus) blocks: Vec<Block>,
    /// All models of the map, taken or not.
    pub(in crate::source::modbus) models: Vec<SunspecModel>,
    /// How many devices of this profile the map holds.
    pub(in crate::source::modbus) instances: u16,
}

/// Plans the reads of the models that the profile takes.
///
/// `wanted` is the one device of the map to read; without it the first gives the standard points,
/// and the others are kept as `vendor_model_<id>_<number>_…`. Points beyond the length that the
/// device gives are left out.
pub(in crate::source::modbus) fn place(
    map: &SunspecMap,
    plan: &SunspecPlan,
    wanted: Option<u16>,
    bus: &BusRules,
) -> Placed {
    let instances = instances(map, plan);
    let last = instances.iter().flatten().map(|(_, last)| *last).max();
    let mut placed = Placed { instances: last.unwrap_or(0), ..Placed::default() };
    let mut counters: BTreeSet<PointName> = BTreeSet::new();
    for (found, instance) in map.models.iter().zip(instances) {
        let model = plan.models.get(&found.model).zip(instance);
        let mut points = match model {
            Some((model, instance)) => points_of(model, found, instance, wanted),
            None => Vec::new(),
        };
        // A counter comes from one register for ever: two that differ would make energy jump when
        // one of them cannot be read.
        points.retain(|point| !is_counter(&point.name) || counters.insert(point.name.clone()));
        if let Some((model, _)) = model {
            placed.blocks.extend(reads(&points, model.every, bus));
        }
        let known = plan.known.get(&found.model);
        placed.models.push(SunspecModel {
            found: *found,
            name: known.map(|known| known.name.clone()),
            fit: fit(found, known),
            instance: instance.map_or(0, |(first, _)| first),
            points: points.len(),
        });
    }
    placed
}

/// For each model of the map, of which devices it is (first and last), counting the devices that
/// have a model of this profile; `None` for models that are not taken.
///
/// Within the models behind one common model, the second of a kind belongs to the second device;
/// the common model names all of them.
fn instances(map: &SunspecMap, plan: &SunspecPlan) -> Vec<Option<(u16, u16)>> {
    let mut out = Vec::new();
    let mut before = 0_u16;
    let is_common = |found: &FoundModel| found.model == COMMON;
    let mut rest = map.models.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let length = others.iter().position(is_common).unwrap_or(others.len());
        let (behind, next) = others.split_at(length);
        let part: Vec<FoundModel> = std::iter::once(first).chain(behind).copied().collect();
        rest = next;
        let nth = |place: usize, found: &FoundModel| {
            let taken = plan.models.contains_key(&found.model) && !is_common(found);
            let same = part.iter().take(place + 1).filter(|other| other.model == found.model);
            taken.then(|| u16::try_from(same.count()).unwrap_or(u16::MAX))
        };
        let own: Vec<Option<u16>> =
            part.iter().enumerate().map(|(n, found)| nth(n, found)).collect();
        let here = own.iter().copied().flatten().max().unwrap_or(0);
        let named = here > 0 && plan.models.contains_key(&COMMON);
        let last = before.saturating_add(here);
        out.extend(part.iter().zip(own).map(|(found, nth)| match nth {
            Some(nth) => Some((before.saturating_add(nth), before.saturating_add(nth))),
            None => (named && is_common(found)).then_some((before.saturating_add(1), last)),
        }));
        before = last;
    }
    out
}

fn points_of(
    model: &ModelPlan,
    found: &FoundModel,
    (first, last): (u16, u16),
    wanted: Option<u16>,
) -> Vec<RegisterPoint> {
    let own = (first..=last).contains(&wanted.unwrap_or(1));
    if wanted.is_some() && !own {
        return Vec::new();
    }
    let end = u32::from(found.length) + 2;
    let fixed = model.points.iter().cloned();
    let repeated = (1..=model.instances(found.length)).flat_map(|n| model.group_points(n));
    let placed = fixed.chain(repeated).filter_map(|point| shift(point, found.address, end));
    placed
        .filter_map(|point| match own {
            true => Some(point),
            false => further_instance(point, found.model, first),
        })
        .collect()
}

/// Moves a point from the model's offsets to the device's addresses; `None` outside the model.
fn shift(mut point: RegisterPoint, base: u16, end: u32) -> Option<RegisterPoint> {
    let last = |point: &RegisterPoint| u32::from(base) + point.end();
    if point.end() > end || last(&point) > 0x1_0000 {
        return None;
    }
    point.address = point.address.checked_add(base)?;
    if let ScaleBy::Register { address, .. } = &mut point.scale {
        if u32::from(*address) >= end {
            return None;
        }
        *address = address.checked_add(base)?;
    }
    Some(point)
}

/// The reads of one model. Registers inside a model can always be read, so holes do not matter.
///
/// A scale factor that lies too far away for one read with its value is read before and after:
/// the decoder takes the values only if it stayed the same.
fn reads(points: &[RegisterPoint], every: u32, bus: &BusRules) -> Vec<Block> {
    let longest = bus.registers_per_read_max;
    let limits = Limits {
        count_max: longest,
        read_through_max: longest,
        window: bus.window_registers,
        barriers: &[],
    };
    let mut planned = blocks(Function::Holding, every, false, points.iter().collect(), &limits);
    let apart: Vec<(u16, bool)> =
        points.iter().filter_map(|point| far_factor(point, longest)).collect();
    let addresses = apart.iter().map(|(address, _)| *address);
    if let (Some(first), Some(last)) = (addresses.clone().min(), addresses.max())
        && last - first < longest
    {
        let (function, points, count) = (Function::Holding, Vec::new().into(), last - first + 1);
        let again = Block { function, start: first, count, every, optional: false, points };
        // The reads go from low to high, so the factor comes before or after its value by itself.
        if apart.iter().any(|(_, behind)| *behind) {
            planned.insert(0, again.clone());
        }
        if apart.iter().any(|(_, behind)| !*behind) {
            planned.push(again);
        }
    }
    planned
}

/// The address of a factor that one read does not bring with its value, and whether it lies behind
/// the value.
fn far_factor(point: &RegisterPoint, longest: u16) -> Option<(u16, bool)> {
    let ScaleBy::Register { address, .. } = point.scale else { return None };
    let first = u32::from(point.address.min(address));
    let end = point.end().max(u32::from(address) + 1);
    (end - first > u32::from(longest)).then_some((address, address > point.address))
}

fn is_counter(name: &PointName) -> bool {
    let name = name.as_str();
    name.contains("energy") && name.ends_with('h')
}

fn fit(found: &FoundModel, known: Option<&KnownModel>) -> Fit {
    let Some(known) = known else {
        return if found.model >= VENDOR_FIRST { Fit::Vendor } else { Fit::Unknown };
    };
    let Some((least, most)) = known.lengths else { return Fit::Standard };
    let rest = found.length.saturating_sub(most);
    match known.group_words {
        _ if found.length < least => Fit::Short,
        _ if known.open_ended || rest == 0 => Fit::Standard,
        Some(words) if rest.is_multiple_of(words.max(1)) => Fit::Standard,
        _ => Fit::Long,
    }
}
