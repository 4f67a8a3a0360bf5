//! One unit on a bus: its plan, its rhythm, and what one cycle brings.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Device, LinkFault, LinkState, Sample};
use crate::profile::{BusRules, Protocol, RegisterPoint};

use super::config::Unit;
use super::decode::{RegisterImage, decode};
use super::error::ReadError;
use super::learn::{Learned, halve};
use super::monitor::{DeviceView, PlannedRead};
use super::plan::{Block, plan};
use super::sunspec::{self, Placed, SunspecFound};
use super::wire::Wire;

/// An optional block that the device does not have is asked for again after this many cycles.
const REFUSED_CYCLES: u32 = 360;
/// A block that fails while others are answered rests for twice as many cycles each time, up to
/// this many; after its first failure it does not rest.
const FAILED_CYCLES_MAX: u32 = 64;
/// The model map of a SunSpec device is walked anew after this many cycles: firmware changes it.
const WALK_CYCLES: u32 = 3600;
/// The same while the walk did not come to the end of the map.
const WALK_AGAIN_CYCLES: u32 = 360;
/// Failed reads in one cycle before the rest of the cycle is left.
const FAILURES_PER_CYCLE_MAX: u32 = 2;
/// Longest pause between two attempts at a silent unit that has the bus to itself.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);
/// On a shared bus a silent unit may cost this share of the time: one part in so many.
const SHARE_OF_SILENT: u32 = 30;

/// What one cycle brought.
#[derive(Debug, Default)]
pub(super) struct Cycle {
    pub(super) samples: Vec<Sample>,
    pub(super) rejected: Vec<&'static str>,
    /// The registers themselves.
    pub(super) images: Vec<RegisterImage>,
    /// The last failure, if any read failed or nothing could be read.
    pub(super) failure: Option<ReadError>,
}

pub(super) struct UnitState {
    unit: Unit,
    /// What would be read if the device refused nothing.
    base: Vec<Block>,
    blocks: Vec<PlannedBlock>,
    learned: Learned,
    /// Blocks are known (always for register profiles, after the walk for SunSpec).
    planned: bool,
    cycles: u32,
    failures: u32,
    link: Option<LinkState>,
    pub(super) view: Arc<DeviceView>,
    pub(super) due: Instant,
}

struct PlannedBlock {
    block: Block,
    /// Refused or failed: left out until this cycle.
    rests_until: u32,
    failures: u32,
    /// With which Modbus exception it was refused last.
    exception: Option<u8>,
}

impl PlannedBlock {
    const fn new(block: Block) -> Self {
        Self { block, rests_until: 0, failures: 0, exception: None }
    }

    /// It was read; `true` if that was not so before.
    const fn went_well(&mut self) -> bool {
        let news = self.rests_until != 0;
        (self.failures, self.rests_until, self.exception) = (0, 0, None);
        news
    }

    /// The device answers, only not to this: it must not hold up the others.
    fn failed(&mut self, cycle: u32) {
        let rest = (1_u32 << self.failures.min(16)) - 1;
        self.failures = self.failures.saturating_add(1);
        self.rests_until = cycle.saturating_add(1 + rest.min(FAILED_CYCLES_MAX));
    }
}

/// What the reads of one cycle gave, before they are decoded.
#[derive(Default)]
struct Reads {
    images: Vec<(Arc<[RegisterPoint]>, RegisterImage)>,
    faults_missed: bool,
    failures: u32,
    /// A read that had failed came back.
    recovered: bool,
}

impl UnitState {
    pub(super) fn new(unit: Unit, view: Arc<DeviceView>) -> Self {
        let (base, known) = match &unit.profile.protocol {
            Protocol::Registers { tables, .. } => (plan(tables, &unit.bus), true),
            Protocol::Sunspec { .. } | Protocol::Mqtt(_) => (Vec::new(), false),
        };
        let mut state = Self {
            unit,
            base,
            blocks: Vec::new(),
            learned: Learned::default(),
            planned: known,
            cycles: 0,
            failures: 0,
            link: None,
            view,
            due: Instant::now(),
        };
        state.plan_anew();
        state
    }

    pub(super) fn device(&self) -> &Device {
        &self.unit.device
    }

    pub(super) const fn number(&self) -> u8 {
        self.unit.unit
    }

    pub(super) const fn bus(&self) -> &BusRules {
        &self.unit.bus
    }

    pub(super) fn interval(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.unit.device.interval_ms).unwrap_or(1000).max(100))
    }

    /// The present fault of the link, if it is down.
    pub(super) const fn fault(&self) -> Option<LinkFault> {
        match &self.link {
            Some(LinkState::Down { fault, .. }) => Some(*fault),
            _ => None,
        }
    }

    /// It did not answer when it was asked last.
    pub(super) const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Remembers the state of the link; gives it back if it is news. Another detail of the same
    /// fault is none.
    pub(super) fn link_change(&mut self, state: LinkState) -> Option<LinkState> {
        let same = match (&self.link, &state) {
            (Some(LinkState::Up), LinkState::Up) => true,
            (Some(LinkState::Down { fault: a, .. }), LinkState::Down { fault: b, .. }) => a == b,
            _ => false,
        };
        if same {
            return None;
        }
        self.link = Some(state.clone());
        Some(state)
    }

    /// Next cycle one interval after the last began; a cycle that was too long skips ticks
    /// instead of piling them up.
    pub(super) fn went_well(&mut self, started: Instant) {
        self.failures = 0;
        let next = self.due.max(started) + self.interval();
        self.due = next.max(Instant::now());
    }

    /// The pause doubles with every failure; it never ends. On a shared bus it is also long
    /// against what the attempt took, so that a dead unit costs the others next to nothing.
    pub(super) fn went_badly(&mut self, started: Instant, shared: bool) {
        let doubled = self.interval().saturating_mul(1 << self.failures.min(6));
        let mut pause = doubled.min(BACK_OFF_MAX.max(self.interval()));
        if shared {
            let connect = Duration::from_millis(u64::from(self.unit.bus.pause_after_connect_ms));
            let cost = started.elapsed() + connect;
            pause = pause.max(cost * (SHARE_OF_SILENT - 1));
        }
        self.failures = self.failures.saturating_add(1);
        self.due = Instant::now() + pause;
    }

    /// Asks everything that is due in this cycle.
    pub(super) async fn cycle(&mut self, wire: &mut Wire) -> Cycle {
        if let Err(error) = self.find_models(wire).await {
            return Cycle { failure: Some(error), ..Cycle::default() };
        }
        if self.learned.is_old() {
            self.learned = Learned::default();
            self.plan_anew();
        }
        let mut reads = Reads::default();
        let mut cycle = Cycle::default();
        let mut failed = Vec::new();
        let mut learned = false;
        for place in 0..self.blocks.len() {
            let Some(planned) = self.blocks.get(place) else { break };
            let due = self.cycles.is_multiple_of(planned.block.every);
            if !due || self.cycles < planned.rests_until {
                continue;
            }
            let block = planned.block.clone();
            let error = match self.read(wire, &block).await {
                Ok(image) => {
                    reads.images.push((block.points.clone(), image));
                    let planned = self.blocks.get_mut(place);
                    reads.recovered |= planned.is_some_and(PlannedBlock::went_well);
                    continue;
                }
                Err(ReadError::Exception(code @ (2 | 3))) if !block.optional => {
                    learned |= self.halve(wire, &block, code, &mut reads, &mut cycle).await;
                    continue;
                }
                Err(error) => error,
            };
            if let (ReadError::Exception(code), Some(p)) = (&error, self.blocks.get_mut(place)) {
                p.exception = Some(*code);
            }
            if self.lose(place, &block, error, &mut reads, &mut cycle, &mut failed) {
                break;
            }
            if wire.rests_until(self.unit.unit).is_some() {
                break;
            }
        }
        self.finish(reads, cycle, &failed, learned)
    }

    async fn read(&self, wire: &mut Wire, block: &Block) -> Result<RegisterImage, ReadError> {
        let Unit { unit, bus, .. } = &self.unit;
        let words = wire.read(*unit, block.function, block.start, block.count, bus).await?;
        Ok(RegisterImage::new(block.function, block.start, words))
    }

    /// Notes a failed read; `true` when the rest of the cycle should be left.
    fn lose(
        &self,
        place: usize,
        block: &Block,
        error: ReadError,
        reads: &mut Reads,
        cycle: &mut Cycle,
        failed: &mut Vec<(usize, bool)>,
    ) -> bool {
        let missing = block.optional && error.is_absent();
        reads.faults_missed |= !missing && block.points.iter().any(|p| p.name.as_str() == "fault");
        cycle.rejected.extend(rejection(&error).filter(|_| !missing));
        failed.push((place, missing));
        let refused = error.is_refusal();
        let hopeless = error.is_connect() || (reads.images.is_empty() && !refused);
        if !missing {
            cycle.failure = Some(error);
        }
        reads.failures += u32::from(!refused);
        hopeless || reads.failures >= FAILURES_PER_CYCLE_MAX
    }

    /// Finds out what of a refused block can be read; `true` if something was learned.
    async fn halve(
        &mut self,
        wire: &mut Wire,
        block: &Block,
        exception: u8,
        reads: &mut Reads,
        cycle: &mut Cycle,
    ) -> bool {
        let halving = halve(wire, self.unit.unit, block, exception, &self.unit.bus).await;
        let read = halving.read.iter().map(|(part, image)| (part.points.clone(), image.clone()));
        reads.images.extend(read);
        if let Some(error) = &halving.failure {
            reads.faults_missed = true;
            reads.failures += 1;
            cycle.failure = Some(error.clone());
        }
        if halving.read.is_empty() && reads.images.is_empty() {
            // It refuses everything: it may sleep, or be another device. Nothing is learned.
            cycle.failure = Some(ReadError::Exception(exception));
            cycle.rejected.push("exception");
            return false;
        }
        self.learned.add(&halving)
    }

    /// Decodes what was read, and lets rest what failed while the device answered.
    fn finish(
        &mut self,
        reads: Reads,
        mut cycle: Cycle,
        failed: &[(usize, bool)],
        learned: bool,
    ) -> Cycle {
        let answered = !reads.images.is_empty();
        if answered {
            for (place, missing) in failed {
                let Some(planned) = self.blocks.get_mut(*place) else { continue };
                if *missing {
                    planned.rests_until = self.cycles.saturating_add(REFUSED_CYCLES);
                } else {
                    planned.failed(self.cycles);
                }
            }
        }
        if learned && answered {
            tracing::warn!(
                device = %self.unit.device.id,
                holes = ?self.learned.holes(),
                points = ?self.learned.names(),
                "the device refuses some registers; they are read around"
            );
            self.plan_anew();
        } else if !failed.is_empty() || reads.recovered {
            self.show_plan();
        }
        let (points, images): (Vec<_>, Vec<_>) = reads.images.into_iter().unzip();
        let views: Vec<(&[RegisterPoint], RegisterImage)> =
            points.iter().map(|points| &**points).zip(images).collect();
        let decoded = decode(&views, reads.faults_missed);
        cycle.samples = decoded.samples;
        cycle.rejected.extend(decoded.rejected);
        cycle.images = views.into_iter().map(|(_, image)| image).collect();
        if answered || cycle.failure.is_none() {
            self.cycles = self.cycles.wrapping_add(1);
        }
        cycle
    }

    /// Plans round what was learned.
    fn plan_anew(&mut self) {
        let around = self.base.iter().flat_map(|b| self.learned.around(b, &self.unit.bus));
        self.blocks = around.map(PlannedBlock::new).collect();
        let points = self.base.iter().map(|block| (block.function, block.points.clone()));
        self.view.set_points(points.collect());
        self.view.set_holes(self.learned.holes(), self.learned.names());
        self.view.forget_images();
        self.show_plan();
    }

    fn show_plan(&self) {
        let reads = self.blocks.iter().map(|planned| PlannedRead {
            function: planned.block.function,
            start: planned.block.start,
            count: planned.block.count,
            every: planned.block.every,
            points: planned.block.points.iter().map(|point| point.name.to_string()).collect(),
            rests: planned.rests_until > self.cycles,
            exception: planned.exception,
        });
        self.view.set_plan(reads.collect());
    }

    /// Walks the models of a SunSpec device when they are not known, or not for long.
    async fn find_models(&mut self, wire: &mut Wire) -> Result<(), ReadError> {
        let Protocol::Sunspec { plan, .. } = &self.unit.profile.protocol else { return Ok(()) };
        let whole = self.view.sunspec().is_none_or(|found| found.end.is_whole());
        let every = if whole { WALK_CYCLES } else { WALK_AGAIN_CYCLES };
        if self.planned && (self.cycles == 0 || !self.cycles.is_multiple_of(every)) {
            return Ok(());
        }
        let Unit { unit, bus, sunspec_instance, .. } = &self.unit;
        let mut registers = sunspec::UnitRegisters { wire, unit: *unit, bus };
        let Some(map) = sunspec::walk(&mut registers, &plan.bases).await? else {
            let detail = format!("no SunSpec map at {:?}", plan.bases);
            return Err(ReadError::WrongDevice(detail));
        };
        let models: Vec<u16> = map.models.iter().map(|found| found.model).collect();
        let placed = sunspec::place(&map, plan, *sunspec_instance, bus);
        let Placed { blocks, instances, models: taken } = placed;
        self.view.set_sunspec(SunspecFound { base: map.base, end: map.end, models: taken });
        if blocks.is_empty() {
            let detail = match (instances, sunspec_instance) {
                (1.., Some(wanted)) => format!(
                    "sunspec_instance = {wanted}, but the SunSpec map holds {instances}: {models:?}"
                ),
                _ => format!("none of the SunSpec models {models:?} is in the profile"),
            };
            return Err(ReadError::WrongDevice(detail));
        }
        tracing::info!(device = %self.unit.device.id, ?models, "SunSpec models found");
        self.view.set_note(format!("SunSpec models {models:?}"));
        self.base = blocks;
        self.planned = true;
        self.plan_anew();
        Ok(())
    }
}

/// The reason under which data of a failed read is counted; silence brings no data.
fn rejection(error: &ReadError) -> Option<&'static str> {
    match error {
        ReadError::BadAnswer(_) => Some("bad_answer"),
        ReadError::Exception(_) => Some("exception"),
        _ => None,
    }
}
