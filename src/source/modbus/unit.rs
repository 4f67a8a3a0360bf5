//! One unit on a bus: its plan, its rhythm, and what one cycle brings.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Device, LinkFault, LinkState, Sample, Value};
use crate::profile::{BusRules, Function, Protocol, RegisterPoint};

use super::config::Unit;
use super::decode::{FAULT, RegisterImage, decode};
use super::error::ReadError;
use super::learn::{Learned, Place, READS_PER_CYCLE_MAX, halve};
use super::monitor::{DeviceView, Monitor, PlannedRead};
use super::plan::{Block, plan};
use super::pool::Pool;
use super::schedule::PlannedBlock;
use super::sunspec::{self, Placed, SunspecFound};
use super::wire::Wire;

/// The model map of a SunSpec device is walked anew after this time: firmware changes it.
const WALK_AGAIN: Duration = Duration::from_secs(3600);
/// The same while the walk did not come to the end of the map.
const WALK_ON: Duration = Duration::from_secs(600);
/// A device that was away for so long may have restarted: what was learned of it is learned anew.
const RESTART: Duration = Duration::from_secs(10);
/// Failed reads in one cycle before the rest of the cycle is left.
const FAILURES_PER_CYCLE_MAX: u32 = 2;
/// The point in which a device says what it does.
const STATE: &str = "state";
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
    /// Some registers came, though perhaps no values.
    pub(super) answered: bool,
    /// Nothing was due.
    pub(super) idle: bool,
}

pub(super) struct UnitState {
    unit: Unit,
    /// What would be read if the device refused nothing.
    base: Vec<Block>,
    blocks: Vec<PlannedBlock>,
    learned: Learned,
    /// Blocks are known (always for register profiles, after the walk for SunSpec).
    planned: bool,
    walked: Option<Instant>,
    cycles: u64,
    failures: u32,
    /// Since when it has not been reached.
    away_since: Option<Instant>,
    /// Fault points that were read since it was planned: without them the set is not whole.
    faults_seen: BTreeSet<Place>,
    /// What it said of itself last.
    state: Option<Value>,
    link: Option<LinkState>,
    pub(super) view: Arc<DeviceView>,
    pool: Pool,
    pub(super) due: Instant,
}

/// What the reads of one cycle gave, before they are decoded.
#[derive(Default)]
struct Reads {
    images: Vec<(Arc<[RegisterPoint]>, RegisterImage)>,
    failures: u32,
    asked: bool,
    /// Blocks that were refused as a whole, and how.
    refused: Vec<(usize, Block, u8)>,
    /// Blocks that failed; `true` where the device does not have them.
    failed: Vec<(usize, bool)>,
    /// Something new was learned of what it refuses.
    learned: bool,
    /// A read that had failed came back.
    recovered: bool,
}

impl UnitState {
    /// A unit on the line of this name that was not asked yet; how it is goes to `monitor`.
    pub(super) fn new(unit: Unit, line: &str, monitor: &Monitor) -> Self {
        let view = monitor.view(&unit.device.id, line, unit.unit);
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
            walked: None,
            cycles: 0,
            failures: 0,
            away_since: None,
            faults_seen: BTreeSet::new(),
            state: None,
            link: None,
            view,
            pool: monitor.pool.clone(),
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

    /// It did not answer twice and more: once may be a lost answer.
    pub(super) const fn is_silent(&self) -> bool {
        self.failures > 1
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

    /// Next cycle one interval after the last was due, so that small delays do not add up; a cycle
    /// that was too long skips ticks instead of piling them up.
    pub(super) fn went_well(&mut self) {
        (self.failures, self.away_since) = (0, None);
        let interval = self.interval();
        let next = self.due + interval;
        let missed = next.elapsed().as_millis() / interval.as_millis();
        self.due = next + interval.saturating_mul(u32::try_from(missed).unwrap_or(u32::MAX));
    }

    /// The pause doubles with every failure; it never ends. On a shared bus it is also long
    /// against what the attempt took, so that a dead unit costs the others next to nothing; but a
    /// single lost answer costs a unit one reading.
    pub(super) fn went_badly(&mut self, started: Instant, shared: bool) {
        let doubled = self.interval().saturating_mul(1 << self.failures.min(6));
        let mut pause = doubled.min(BACK_OFF_MAX.max(self.interval()));
        if shared && self.failures > 0 {
            let connect = Duration::from_millis(u64::from(self.unit.bus.pause_after_connect_ms));
            let cost = started.elapsed() + connect;
            pause = pause.max(cost * (SHARE_OF_SILENT - 1));
        }
        self.failures = self.failures.saturating_add(1);
        self.is_away();
        self.due = Instant::now() + pause;
    }

    /// Asks everything that is due in this cycle.
    pub(super) async fn cycle(&mut self, wire: &mut Wire) -> Cycle {
        if self.away_since.is_some_and(|since| since.elapsed() >= RESTART) {
            self.distrust();
        }
        if let Err(error) = self.find_models(wire).await {
            return Cycle { failure: Some(error), ..Cycle::default() };
        }
        if self.learned.is_old() {
            self.forget();
        }
        let mut reads = Reads::default();
        let mut cycle = Cycle::default();
        let mut left = false;
        for place in 0..self.blocks.len() {
            let Some(planned) = self.blocks.get(place) else { break };
            if !planned.is_due(self.cycles) {
                continue;
            }
            let block = planned.block.clone();
            reads.asked = true;
            match self.read(wire, &block).await {
                Ok(image) => {
                    reads.images.push((block.points.clone(), image));
                    if let Some(planned) = self.blocks.get_mut(place) {
                        reads.recovered |= planned.was_read(self.cycles);
                    }
                    continue;
                }
                Err(ReadError::Exception(code @ (2 | 3))) if !block.optional => {
                    reads.refused.push((place, block, code));
                }
                Err(error) => {
                    if let (ReadError::Exception(code), Some(planned)) =
                        (&error, self.blocks.get_mut(place))
                    {
                        planned.exception = Some(*code);
                    }
                    left = lose(place, &block, error, &mut reads, &mut cycle);
                }
            }
            left |= wire.rests_until(self.unit.unit).is_some();
            if left {
                break;
            }
        }
        if !left {
            // What can be read comes first: a device that refuses everything is not halved long.
            self.look_into_refusals(wire, &mut reads, &mut cycle).await;
            self.probe(wire, &mut reads).await;
        }
        self.finish(reads, cycle)
    }

    async fn read(&self, wire: &mut Wire, block: &Block) -> Result<RegisterImage, ReadError> {
        let Unit { unit, bus, .. } = &self.unit;
        let words = wire.read(*unit, block.function, block.start, block.count, bus).await?;
        Ok(RegisterImage::new(block.function, block.start, words))
    }

    /// Finds out what of the refused blocks can be read.
    async fn look_into_refusals(&mut self, wire: &mut Wire, reads: &mut Reads, cycle: &mut Cycle) {
        let mut found = Vec::new();
        let mut budget = READS_PER_CYCLE_MAX;
        for (place, block, exception) in std::mem::take(&mut reads.refused) {
            if budget == 0 {
                break;
            }
            let unit = self.unit.unit;
            let mut halving =
                halve(wire, unit, &block, exception, &self.unit.bus, &mut budget).await;
            let parts = std::mem::take(&mut halving.read);
            let nothing = parts.is_empty();
            reads.images.extend(parts.into_iter().map(|(part, image)| (part.points, image)));
            let failure = halving.failure.take();
            found.push((place, exception, nothing, halving));
            if let Some(error) = failure {
                cycle.failure = Some(error);
                break;
            }
        }
        if reads.images.is_empty() {
            // It refuses everything: it may sleep, or be another device. Nothing is learned.
            if let (Some((_, exception, ..)), None) = (found.first(), &cycle.failure) {
                cycle.failure = Some(ReadError::Exception(*exception));
                cycle.rejected.push("exception");
            }
            return;
        }
        for (place, _, nothing, halving) in found {
            let news = self.learned.add(&halving);
            reads.learned |= news;
            if nothing && !news {
                reads.failed.push((place, false));
            }
        }
    }

    /// Asks once in a while for something that was refused: it may have been a passing state.
    async fn probe(&mut self, wire: &mut Wire, reads: &mut Reads) {
        if reads.images.is_empty() || reads.learned || wire.rests_until(self.unit.unit).is_some() {
            return;
        }
        let Some(hole) = self.learned.probe() else { return };
        let Unit { unit, bus, .. } = &self.unit;
        let count = hole.end.saturating_sub(hole.first);
        let answer = wire.read(*unit, hole.function, hole.first, count, bus).await;
        if answer.is_ok() {
            tracing::info!(device = %self.unit.device.id, ?hole, "what was refused is answered now");
            self.forget();
        }
    }

    /// Decodes what was read, and lets rest what failed while the device answered.
    fn finish(&mut self, reads: Reads, mut cycle: Cycle) -> Cycle {
        let Reads { images, asked, failed, learned, recovered, .. } = reads;
        cycle.answered = !images.is_empty();
        cycle.idle = !asked;
        if cycle.answered {
            for (place, missing) in &failed {
                let (interval, cycles) = (self.interval(), self.cycles);
                match self.blocks.get_mut(*place) {
                    Some(planned) if *missing => planned.is_missing(cycles, interval),
                    Some(planned) => planned.failed(cycles, interval),
                    None => {}
                }
            }
        }
        if learned {
            tracing::warn!(
                device = %self.unit.device.id,
                holes = ?self.learned.holes(),
                points = ?self.learned.names(),
                "the device refuses some registers; they are read around"
            );
            self.plan_anew();
        } else if !failed.is_empty() || recovered {
            self.show_plan();
        }
        let faults_missed = self.misses_faults(&images);
        let (points, images): (Vec<_>, Vec<_>) = images.into_iter().unzip();
        let views: Vec<(&[RegisterPoint], RegisterImage)> =
            points.iter().map(|points| &**points).zip(images).collect();
        let decoded = decode(&views, faults_missed);
        cycle.samples = decoded.samples;
        cycle.rejected.extend(decoded.rejected);
        cycle.images = views.into_iter().map(|(_, image)| image).collect();
        self.notice_state(&cycle.samples);
        if cycle.answered || cycle.failure.is_none() {
            self.cycles = self.cycles.saturating_add(1);
        }
        cycle
    }

    /// Whether some of the fault points were not read in this cycle, by failure or because it is
    /// not their turn: half a set of faults would end alerts that go on.
    fn misses_faults(&mut self, images: &[(Arc<[RegisterPoint]>, RegisterImage)]) -> bool {
        let came = images.iter().flat_map(|(points, image)| faults(image.function(), points));
        let came: BTreeSet<Place> = came.collect();
        let planned = self.blocks.iter().filter(|planned| !planned.is_given_up());
        let mut wanted =
            planned.flat_map(|PlannedBlock { block, .. }| faults(block.function, &block.points));
        let missed =
            !self.faults_seen.is_subset(&came) || wanted.any(|place| !came.contains(&place));
        self.faults_seen.extend(came);
        missed
    }

    /// When its state changes, a device may have what it refused before.
    fn notice_state(&mut self, samples: &[Sample]) {
        let Some(sample) = samples.iter().find(|sample| sample.point.as_str() == STATE) else {
            return;
        };
        let before = self.state.replace(sample.value.clone());
        if before.is_some_and(|before| before != sample.value) {
            self.learned.probe_soon();
            self.blocks.iter_mut().for_each(PlannedBlock::wake);
        }
    }

    /// It was not reached.
    pub(super) fn is_away(&mut self) {
        self.away_since.get_or_insert_with(Instant::now);
    }

    /// It may have restarted meanwhile, or be another one: nothing that was learned counts.
    fn distrust(&mut self) {
        self.away_since = Some(Instant::now());
        if let Protocol::Sunspec { .. } = &self.unit.profile.protocol {
            // Addresses move when a meter is added or a setting changes.
            self.planned = false;
        } else if !self.learned.is_empty() {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.learned.forget();
        self.faults_seen.clear();
        self.plan_anew();
    }

    /// Plans round what was learned.
    fn plan_anew(&mut self) {
        self.base = self.pool.shared(std::mem::take(&mut self.base));
        let around = self.base.iter().flat_map(|b| self.learned.around(b, &self.unit.bus));
        let around = self.pool.shared(around.collect());
        self.blocks = around.into_iter().map(PlannedBlock::new).collect();
        let points = self.base.iter().map(|block| (block.function, block.points.clone()));
        self.view.set_points(points.collect());
        self.view.set_holes(self.learned.holes(), self.learned.names());
        self.view.forget_images();
        self.show_plan();
    }

    fn show_plan(&self) {
        let reads = self.blocks.iter().map(|planned| PlannedRead {
            block: planned.block.clone(),
            rests: planned.rests(self.cycles),
            exception: planned.exception,
        });
        self.view.set_plan(reads.collect());
    }

    /// Walks the models of a SunSpec device when they are not known, or not for long.
    async fn find_models(&mut self, wire: &mut Wire) -> Result<(), ReadError> {
        let Protocol::Sunspec { plan, .. } = &self.unit.profile.protocol else { return Ok(()) };
        let known = self.view.sunspec();
        let whole = known.as_ref().is_none_or(|found| found.end.is_whole());
        let age = if whole { WALK_AGAIN } else { WALK_ON };
        if self.planned && self.walked.is_some_and(|walked| walked.elapsed() < age) {
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
        self.walked = Some(Instant::now());
        let found = SunspecFound { base: map.base, end: map.end, models: taken };
        if !self.base.is_empty() && known.as_ref() == Some(&found) {
            self.planned = true;
            return Ok(());
        }
        self.view.set_sunspec(found);
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
        self.forget();
        Ok(())
    }
}

/// Notes a failed read; `true` when the rest of the cycle should be left.
fn lose(
    place: usize,
    block: &Block,
    error: ReadError,
    reads: &mut Reads,
    cycle: &mut Cycle,
) -> bool {
    let missing = block.optional && error.is_absent();
    cycle.rejected.extend(rejection(&error).filter(|_| !missing));
    reads.failed.push((place, missing));
    let refused = error.is_refusal();
    let hopeless = error.is_connect() || (reads.images.is_empty() && !refused);
    if !missing {
        cycle.failure = Some(error);
    }
    reads.failures += u32::from(!refused);
    hopeless || reads.failures >= FAILURES_PER_CYCLE_MAX
}

/// Where the fault points among these are.
fn faults(function: Function, points: &[RegisterPoint]) -> impl Iterator<Item = Place> {
    let faults = points.iter().filter(|point| point.name.as_str() == FAULT);
    faults.map(move |point| (function, point.address))
}

/// The reason under which data of a failed read is counted; silence brings no data.
fn rejection(error: &ReadError) -> Option<&'static str> {
    match error {
        ReadError::BadAnswer(_) => Some("bad_answer"),
        ReadError::Exception(_) => Some("exception"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
