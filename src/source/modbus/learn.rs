//! Learning what a device refuses: a read that touches one missing register is refused as a
//! whole, so it is halved until what can be read is read, and the rest is known.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::PointName;
use crate::profile::{BusRules, Function, RegisterPoint};

use super::decode::RegisterImage;
use super::error::ReadError;
use super::monitor::Hole;
use super::plan::{Barrier, Block, around};
use super::wire::Wire;

/// Reads in one cycle to find out what is refused; the rest follows in the next cycles.
pub(super) const READS_PER_CYCLE_MAX: u32 = 24;
/// Then everything is tried again: new firmware may have more registers.
const MEMORY: Duration = Duration::from_secs(24 * 3600);
/// One of the holes is asked for after this time, because a device that starts or sleeps refuses
/// what it has at other times; the pause doubles up to the longest.
const PROBE_MIN: Duration = Duration::from_secs(60);
const PROBE_MAX: Duration = Duration::from_secs(600);

/// A point, by where it is: several fault points share one name.
pub(super) type Place = (Function, u16);

/// What a device refuses.
#[derive(Debug, Default)]
pub(super) struct Learned {
    holes: Vec<Hole>,
    absent: BTreeSet<Place>,
    names: BTreeSet<PointName>,
    since: Option<Instant>,
    /// When a hole is asked for again, and the pause after that.
    probe_at: Option<Instant>,
    probe_pause: Duration,
    probes: usize,
}

/// What a halving brought.
#[derive(Debug, Default)]
pub(super) struct Halving {
    /// Parts that could be read.
    pub(super) read: Vec<(Block, RegisterImage)>,
    holes: Vec<Hole>,
    absent: Vec<(Place, PointName)>,
    /// Something else went wrong; what was learned before it counts.
    pub(super) failure: Option<ReadError>,
}

impl Learned {
    /// Whether nothing is refused.
    pub(super) fn is_empty(&self) -> bool {
        self.holes.is_empty()
    }

    pub(super) fn holes(&self) -> Vec<Hole> {
        self.holes.clone()
    }

    /// Names of the points that are refused.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.iter().map(ToString::to_string).collect()
    }

    /// Whether it was learned so long ago that it should be tried again.
    pub(super) fn is_old(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() > MEMORY)
    }

    /// Takes what was found out; `true` if it was news.
    pub(super) fn add(&mut self, halving: &Halving) -> bool {
        let before = (self.holes.len(), self.absent.len());
        for hole in &halving.holes {
            if !self.holes.contains(hole) {
                self.holes.push(*hole);
            }
        }
        for (place, name) in &halving.absent {
            self.absent.insert(*place);
            self.names.insert(name.clone());
        }
        let news = before != (self.holes.len(), self.absent.len());
        if news {
            self.since.get_or_insert_with(Instant::now);
            let pause = self.probe_pause.clamp(PROBE_MIN, PROBE_MAX);
            self.probe_at.get_or_insert_with(|| Instant::now() + pause);
        }
        news
    }

    /// The hole to ask for now, if it is time for one: each in its turn. A mere place that must
    /// not be crossed hides nothing.
    pub(super) fn probe(&mut self) -> Option<Hole> {
        let now = Instant::now();
        self.probe_at.filter(|at| *at <= now)?;
        self.probe_pause = (self.probe_pause * 2).clamp(PROBE_MIN, PROBE_MAX);
        self.probe_at = Some(now + self.probe_pause);
        let hiding: Vec<&Hole> = self.holes.iter().filter(|hole| hole.end > hole.first).collect();
        let hole = hiding.get(self.probes.checked_rem(hiding.len())?).map(|hole| **hole);
        self.probes = self.probes.wrapping_add(1);
        hole
    }

    /// The device has changed: its holes may be gone.
    pub(super) fn probe_soon(&mut self) {
        if !self.is_empty() {
            (self.probe_at, self.probe_pause) = (Some(Instant::now()), PROBE_MIN);
        }
    }

    /// Everything is tried again. The pause between probes stays, so that a device that has its
    /// registers now and then is not learned anew every minute.
    pub(super) fn forget(&mut self) {
        *self = Self { probe_pause: self.probe_pause, ..Self::default() };
    }

    /// A block, planned round what is refused.
    pub(super) fn around(&self, block: &Block, bus: &BusRules) -> Vec<Block> {
        // A read without points brings the scale factors of others.
        if self.is_empty() || block.points.is_empty() {
            return vec![block.clone()];
        }
        let alike = self.holes.iter().filter(|hole| hole.function == block.function);
        let barriers: Vec<Barrier> = alike.map(|hole| (hole.first, hole.end)).collect();
        let absent = |point: &RegisterPoint| self.absent.contains(&(block.function, point.address));
        around(block, bus, &barriers, absent)
    }
}

/// Halves a block that was refused with `exception`, with at most `budget` reads and one more.
pub(super) async fn halve(
    wire: &mut Wire,
    unit: u8,
    block: &Block,
    exception: u8,
    bus: &BusRules,
    budget: &mut u32,
) -> Halving {
    let mut halving = Halving::default();
    let mut refused = vec![(block.clone(), exception)];
    while let Some((block, exception)) = refused.pop() {
        let Some((left, right)) = halves(&block, bus) else {
            halving.hole(&block, exception);
            continue;
        };
        if *budget == 0 {
            break;
        }
        let behind = left.start.saturating_add(left.count);
        // Halves that share a scale factor overlap: then the place is the second one's beginning.
        let gap = (behind.min(right.start), right.start);
        let mut well = 0;
        for half in [left, right] {
            *budget = budget.saturating_sub(1);
            let answer = wire.read(unit, half.function, half.start, half.count, bus).await;
            match answer {
                Ok(words) => {
                    let image = RegisterImage::new(half.function, half.start, words);
                    halving.read.push((half, image));
                    well += 1;
                }
                Err(ReadError::Exception(code @ (2 | 3))) => refused.push((half, code)),
                Err(error) => {
                    halving.failure = Some(error);
                    return halving;
                }
            }
        }
        if well == 2 {
            // Both sides are there: what is refused lies between, or is the length.
            let hole = Hole { function: block.function, first: gap.0, end: gap.1, exception };
            halving.holes.push(hole);
        }
    }
    halving
}

impl Halving {
    fn hole(&mut self, block: &Block, exception: u8) {
        let Block { function, start, count, .. } = *block;
        self.holes.push(Hole {
            function,
            first: start,
            end: start.saturating_add(count),
            exception,
        });
        let places = block.points.iter().map(|p| ((function, p.address), p.name.clone()));
        self.absent.extend(places);
    }
}

/// Two blocks with half of the points each; `None` where only one is left. It is cut where the
/// gap is widest, because what nobody asked for is the likeliest to be missing.
fn halves(block: &Block, bus: &BusRules) -> Option<(Block, Block)> {
    let points = &block.points;
    let gap = |place: usize| {
        let end = points.get(..place)?.iter().map(RegisterPoint::end).max()?;
        let next = u32::from(points.get(place)?.address);
        next.checked_sub(end)
    };
    let middle = points.len() / 2;
    let widest = (1..points.len())
        .filter_map(|place| Some((gap(place)?, std::cmp::Reverse(place.abs_diff(middle)), place)))
        .max()
        .map(|(_, _, place)| place)?;
    let (left, right) = points.split_at_checked(widest)?;
    let part = |points: &[RegisterPoint]| {
        let of_points = Block { points: points.into(), ..block.clone() };
        if let [one] = around(&of_points, bus, &[], |_| false).as_slice() {
            return Some(one.clone());
        }
        let start = points.iter().map(|point| point.address).min()?;
        let end = points.iter().map(RegisterPoint::end).max()?;
        let count = u16::try_from(end.checked_sub(u32::from(start))?).ok()?;
        Some(Block { start, count, points: points.into(), ..block.clone() })
    };
    Some((part(left)?, part(right)?))
}
