//! The whole way from registers to values without a socket: for tests, fuzzing and `replay`.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::profile::{BusRules, Function, RegisterPoint, SunspecPlan};
use crate::source::modbus::decode::{Decoded, RegisterImage, decode};
use crate::source::modbus::error::ReadError;
use crate::source::modbus::plan::Block;

use super::place::{SunspecModel, place};
use super::walk::{Registers, SunspecMap, walk};

/// What a walk over an image found and read.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageWalk {
    /// The chain of models.
    pub map: SunspecMap,
    /// What is made of each model.
    pub models: Vec<SunspecModel>,
    /// The reads that were planned.
    pub blocks: Vec<Block>,
    /// The values.
    pub decoded: Decoded,
    /// Questions of the walk; never more than [`READS_MAX`](super::READS_MAX).
    pub walk_reads: usize,
}

/// Blocks of registers, each with the address of its first; what is in none of them does not
/// exist.
struct Image<'a> {
    blocks: &'a [(u16, Vec<u16>)],
    reads: usize,
}

impl Image<'_> {
    fn word(&self, address: u16) -> Option<u16> {
        self.blocks.iter().find_map(|(start, words)| {
            words.get(usize::from(address.checked_sub(*start)?)).copied()
        })
    }

    fn words(&self, start: u16, count: u16) -> Option<Vec<u16>> {
        (0..count).map(|n| self.word(start.checked_add(n)?)).collect()
    }
}

impl Registers for Image<'_> {
    async fn read(&mut self, start: u16, count: u16) -> Result<Vec<u16>, ReadError> {
        self.reads += 1;
        self.words(start, count).ok_or(ReadError::Exception(2))
    }
}

/// Walks an image, reads what the plan takes and decodes it; `None` if there is no map. Blocks are
/// `(first register, words)`; other registers are answered with exception 2. Pure: the same image
/// gives the same values.
#[must_use]
pub fn sunspec_walk_of_image(
    blocks: &[(u16, Vec<u16>)],
    plan: &SunspecPlan,
    wanted: Option<u16>,
    bus: &BusRules,
) -> Option<ImageWalk> {
    let mut image = Image { blocks, reads: 0 };
    let map = {
        let mut walking = pin!(walk(&mut image, &plan.bases));
        // An image answers at once, so the walk never waits.
        match walking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(Some(map))) => map,
            Poll::Ready(Ok(None) | Err(_)) | Poll::Pending => return None,
        }
    };
    let placed = place(&map, plan, wanted, bus);
    let mut reads: Vec<(&[RegisterPoint], RegisterImage)> = Vec::new();
    let mut faults_missed = false;
    for block in &placed.blocks {
        match image.words(block.start, block.count) {
            Some(words) => {
                let words = RegisterImage::new(Function::Holding, block.start, words);
                reads.push((&block.points, words));
            }
            None => faults_missed |= block.points.iter().any(|p| p.name.as_str() == "fault"),
        }
    }
    let decoded = decode(&reads, faults_missed);
    drop(reads);
    let walk_reads = image.reads;
    Some(ImageWalk { map, models: placed.models, blocks: placed.blocks, decoded, walk_reads })
}
