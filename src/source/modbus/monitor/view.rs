//! One device as others see it: how it is read, and what its registers held last.

use std::sync::Mutex;

use crate::model::Timestamp;
use crate::profile::Function;

use super::super::decode::RegisterImage;
use super::super::plan::Block;
use super::super::sunspec::SunspecFound;
use super::locked;
use super::registers::{PointsOfRead, Register, registers};

/// Registers that a device refuses, as it was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// How they were asked for.
    pub function: Function,
    /// First register.
    pub first: u16,
    /// First register behind it. The same as `first` where the device refuses only to be read
    /// across this place.
    pub end: u16,
    /// The Modbus exception with which it refused.
    pub exception: u8,
}

/// One read of a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRead {
    /// What is read, and the points in it.
    pub block: Block,
    /// Left out at the moment: it was refused or failed.
    pub rests: bool,
    /// With which Modbus exception it was refused last.
    pub exception: Option<u8>,
}

impl PlannedRead {
    /// All of its registers as a hole, where they are refused for now.
    fn refused(&self) -> Option<Hole> {
        let Block { function, start: first, count, .. } = self.block;
        let end = first.saturating_add(count);
        self.exception.map(|exception| Hole { function, first, end, exception })
    }
}

#[derive(Debug, Default)]
struct State {
    reads: Vec<PlannedRead>,
    holes: Vec<Hole>,
    absent: Vec<String>,
    points: Vec<PointsOfRead>,
    images: Vec<(Timestamp, RegisterImage)>,
    note: Option<String>,
    sunspec: Option<SunspecFound>,
}

/// One device that is asked over Modbus.
#[derive(Debug)]
pub struct DeviceView {
    line: String,
    unit: u8,
    state: Mutex<State>,
}

impl DeviceView {
    pub(super) fn new(line: &str, unit: u8) -> Self {
        Self { line: line.to_owned(), unit, state: Mutex::default() }
    }

    /// Name of its line.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Its unit number.
    #[must_use]
    pub const fn unit(&self) -> u8 {
        self.unit
    }

    /// The reads of a cycle.
    #[must_use]
    pub fn reads(&self) -> Vec<PlannedRead> {
        locked(&self.state).reads.clone()
    }

    /// What the device refuses, as it was learned.
    #[must_use]
    pub fn holes(&self) -> Vec<Hole> {
        locked(&self.state).holes.clone()
    }

    /// Names of points that the device refuses.
    #[must_use]
    pub fn absent(&self) -> Vec<String> {
        locked(&self.state).absent.clone()
    }

    /// What was found on the device beyond its plan: its SunSpec models.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        locked(&self.state).note.clone()
    }

    /// The SunSpec models as the last walk found them, and what is made of each.
    #[must_use]
    pub fn sunspec(&self) -> Option<SunspecFound> {
        locked(&self.state).sunspec.clone()
    }

    /// The registers as they were read last, with the time of each read.
    #[must_use]
    pub fn images(&self) -> Vec<(Timestamp, RegisterImage)> {
        locked(&self.state).images.clone()
    }

    /// Every point with its registers as they were read last, by function and address.
    #[must_use]
    pub fn registers(&self) -> Vec<Register> {
        let (points, images, holes) = {
            let state = locked(&self.state);
            let refused = state.reads.iter().filter_map(PlannedRead::refused);
            let holes = state.holes.iter().copied().chain(refused);
            (state.points.clone(), state.images.clone(), holes.collect::<Vec<_>>())
        };
        registers(&points, &images, &holes)
    }

    /// The points that would be read if the device refused nothing.
    pub(in super::super) fn set_points(&self, points: Vec<PointsOfRead>) {
        locked(&self.state).points = points;
    }

    pub(in super::super) fn set_plan(&self, reads: Vec<PlannedRead>) {
        locked(&self.state).reads = reads;
    }

    pub(in super::super) fn set_holes(&self, holes: Vec<Hole>, absent: Vec<String>) {
        let mut state = locked(&self.state);
        (state.holes, state.absent) = (holes, absent);
    }

    pub(in super::super) fn set_note(&self, note: String) {
        locked(&self.state).note = Some(note);
    }

    pub(in super::super) fn set_sunspec(&self, found: SunspecFound) {
        locked(&self.state).sunspec = Some(found);
    }

    /// Keeps what was read; an older image of the same registers goes.
    pub(in super::super) fn keep(&self, time: Timestamp, images: Vec<RegisterImage>) {
        let mut state = locked(&self.state);
        for image in images {
            match state.images.iter_mut().find(|(_, old)| old.same_place(&image)) {
                Some(old) => *old = (time, image),
                None => state.images.push((time, image)),
            }
        }
    }

    /// Forgets what was read by an older plan.
    pub(in super::super) fn forget_images(&self) {
        locked(&self.state).images.clear();
    }
}
