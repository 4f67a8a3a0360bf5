//! One unit behind a connection: its plan, its rhythm, and what one cycle brings.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Device, LinkFault, LinkState, Sample};
use crate::profile::{BusRules, Protocol, RegisterPoint};

use super::config::Unit;
use super::decode::{RegisterImage, decode};
use super::plan::{Block, plan};
use super::sunspec;
use super::wire::{ReadError, Wire};

/// An optional block that the device does not have is asked for again after this many cycles, one
/// that failed while others were answered after these.
const REFUSED_CYCLES: u32 = 360;
const FAILED_CYCLES: u32 = 6;
/// The model map of a SunSpec device is walked anew after this many cycles: firmware changes it.
const WALK_CYCLES: u32 = 3600;
/// Failed reads in one cycle before the rest of the cycle is left.
const FAILURES_PER_CYCLE_MAX: u32 = 2;
/// Longest pause between two attempts at a silent unit.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);

/// What one cycle brought.
#[derive(Debug, Default)]
pub(super) struct Cycle {
    pub(super) samples: Vec<Sample>,
    pub(super) rejected: Vec<&'static str>,
    /// The last failure, if any read failed or nothing could be read.
    pub(super) failure: Option<ReadError>,
}

pub(super) struct UnitState {
    unit: Unit,
    blocks: Vec<PlannedBlock>,
    /// Blocks are known (always for register profiles, after the walk for SunSpec).
    planned: bool,
    cycles: u32,
    failures: u32,
    link: Option<LinkState>,
    pub(super) due: Instant,
}

struct PlannedBlock {
    block: Block,
    /// Refused or failed: left out until this cycle.
    rests_until: u32,
}

impl UnitState {
    pub(super) fn new(unit: Unit) -> Self {
        let (blocks, known) = match &unit.profile.protocol {
            Protocol::Registers { tables, .. } => (plan(tables, &unit.bus), true),
            Protocol::Sunspec { .. } | Protocol::Mqtt(_) => (Vec::new(), false),
        };
        let blocks = planned(blocks);
        let due = Instant::now();
        Self { unit, blocks, planned: known, cycles: 0, failures: 0, link: None, due }
    }

    pub(super) fn device(&self) -> &Device {
        &self.unit.device
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

    /// The pause doubles with every failure; it never ends.
    pub(super) fn went_badly(&mut self) {
        let pause = self.interval().saturating_mul(1 << self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        self.due = Instant::now() + pause.min(BACK_OFF_MAX.max(self.interval()));
    }

    /// Asks everything that is due in this cycle.
    pub(super) async fn cycle(&mut self, wire: &mut Wire) -> Cycle {
        if let Err(error) = self.find_models(wire).await {
            return Cycle { failure: Some(error), ..Cycle::default() };
        }
        let mut reads: Vec<(&[RegisterPoint], RegisterImage)> = Vec::new();
        let mut cycle = Cycle::default();
        let mut failed: Vec<(&mut u32, u32)> = Vec::new();
        let mut faults_missed = false;
        let mut failures = 0;
        for PlannedBlock { block, rests_until } in &mut self.blocks {
            if !self.cycles.is_multiple_of(block.every) || self.cycles < *rests_until {
                continue;
            }
            let unit = &self.unit;
            let read = wire.read(unit.unit, block.function, block.start, block.count, &unit.bus);
            let error = match read.await {
                Ok(words) => {
                    let image = RegisterImage::new(block.function, block.start, words);
                    reads.push((&block.points, image));
                    continue;
                }
                Err(error) => error,
            };
            let missing = block.optional && error.is_absent();
            faults_missed |= !missing && block.points.iter().any(|p| p.name.as_str() == "fault");
            cycle.rejected.extend(rejection(&error).filter(|_| !missing));
            failed.push((rests_until, if missing { REFUSED_CYCLES } else { FAILED_CYCLES }));
            let refused = error.is_refusal();
            let hopeless = error.is_connect() || (reads.is_empty() && !refused);
            if !missing {
                cycle.failure = Some(error);
            }
            failures += u32::from(!refused);
            if hopeless || failures >= FAILURES_PER_CYCLE_MAX {
                break;
            }
        }
        if !reads.is_empty() {
            // The device answers, only not to these questions: they must not hold up the others.
            for (rests_until, cycles) in failed {
                *rests_until = self.cycles.saturating_add(cycles);
            }
        }
        let decoded = decode(&reads, faults_missed);
        cycle.samples = decoded.samples;
        cycle.rejected.extend(decoded.rejected);
        if !reads.is_empty() || cycle.failure.is_none() {
            self.cycles = self.cycles.wrapping_add(1);
        }
        cycle
    }

    /// Walks the models of a SunSpec device when they are not known, or not for long.
    async fn find_models(&mut self, wire: &mut Wire) -> Result<(), ReadError> {
        let Protocol::Sunspec { plan, .. } = &self.unit.profile.protocol else { return Ok(()) };
        if self.planned && (self.cycles == 0 || !self.cycles.is_multiple_of(WALK_CYCLES)) {
            return Ok(());
        }
        let Some(map) = sunspec::walk(wire, self.unit.unit, plan, &self.unit.bus).await? else {
            let detail = format!("no SunSpec map at {:?}", plan.bases);
            return Err(ReadError::WrongDevice(detail));
        };
        let models: Vec<u16> = map.found.iter().map(|found| found.model).collect();
        let blocks = sunspec::plan(&map, plan, &self.unit.bus);
        if blocks.is_empty() {
            let detail = format!("none of the SunSpec models {models:?} is in the profile");
            return Err(ReadError::WrongDevice(detail));
        }
        tracing::info!(device = %self.unit.device.id, ?models, "SunSpec models found");
        self.blocks = planned(blocks);
        self.planned = true;
        Ok(())
    }
}

fn planned(blocks: Vec<Block>) -> Vec<PlannedBlock> {
    blocks.into_iter().map(|block| PlannedBlock { block, rests_until: 0 }).collect()
}

/// The reason under which data of a failed read is counted; silence brings no data.
fn rejection(error: &ReadError) -> Option<&'static str> {
    match error {
        ReadError::BadAnswer(_) => Some("bad_answer"),
        ReadError::Exception(_) => Some("exception"),
        _ => None,
    }
}
