//! Whole numbers, packed: one value for all, a constant step, or whatever is smallest.

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress};

use crate::journal::bytes::{Input, put_bytes, put_signed};

/// How a run of numbers is written: the first byte.
mod form {
    /// One number for all.
    pub(super) const SAME: u8 = 0;
    /// First and step.
    pub(super) const STEP: u8 = 1;
    /// First, then differences, each a varint.
    pub(super) const STEPS: u8 = 2;
    /// `pco`.
    pub(super) const PACKED: u8 = 3;
}

/// Runs longer than this are always better off with `pco`.
const STEPS_MAX: usize = 256;

/// Numbers that may all be the same.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ints {
    /// So many times this one.
    Same(i64),
    /// Each.
    Each(Vec<i64>),
}

impl Ints {
    /// The number at a place.
    pub(super) fn at(&self, place: usize) -> Option<i64> {
        match self {
            Self::Same(number) => Some(*number),
            Self::Each(numbers) => numbers.get(place).copied(),
        }
    }

    /// All of them, `n` of which were written.
    pub(super) fn into_vec(self, n: usize) -> Vec<i64> {
        match self {
            Self::Same(number) => vec![number; n],
            Self::Each(numbers) => numbers,
        }
    }
}

/// Writes numbers. How many there are, the reader has to know.
pub(super) fn put_ints(out: &mut Vec<u8>, numbers: &[i64]) {
    let Some(first) = numbers.first() else { return };
    if numbers.iter().all(|number| number == first) {
        out.push(form::SAME);
        put_signed(out, *first);
        return;
    }
    let steps =
        || numbers.windows(2).filter_map(|pair| Some(pair.last()?.wrapping_sub(*pair.first()?)));
    let step = steps().next().unwrap_or(0);
    if steps().all(|other| other == step) {
        out.push(form::STEP);
        put_signed(out, *first);
        put_signed(out, step);
        return;
    }
    // A run is packed in one piece: blocks are never longer than one of its chunks.
    let packed = simple_compress(numbers, &ChunkConfig::default()).ok();
    let mut plain = Vec::new();
    if numbers.len() <= STEPS_MAX || packed.is_none() {
        put_signed(&mut plain, *first);
        steps().for_each(|step| put_signed(&mut plain, step));
    }
    match packed {
        Some(packed) if plain.is_empty() || packed.len() + 2 < plain.len() => {
            out.push(form::PACKED);
            put_bytes(out, &packed);
        }
        _ => {
            out.push(form::STEPS);
            out.extend_from_slice(&plain);
        }
    }
}

/// Reads `n` numbers; `None` where the bytes hold something else.
pub(super) fn take_ints(input: &mut Input<'_>, n: usize) -> Option<Ints> {
    if n == 0 {
        return Some(Ints::Each(Vec::new()));
    }
    match input.byte()? {
        form::SAME => Some(Ints::Same(input.signed()?)),
        form::STEP => {
            let (mut next, step) = (input.signed()?, input.signed()?);
            let mut numbers = Vec::with_capacity(n);
            for _ in 0..n {
                numbers.push(next);
                next = next.wrapping_add(step);
            }
            Some(Ints::Each(numbers))
        }
        form::STEPS => {
            let mut next = input.signed()?;
            let mut numbers = Vec::with_capacity(n);
            numbers.push(next);
            for _ in 1..n {
                next = next.wrapping_add(input.signed()?);
                numbers.push(next);
            }
            Some(Ints::Each(numbers))
        }
        form::PACKED => {
            let numbers: Vec<i64> = simple_decompress(input.bytes()?).ok()?;
            (numbers.len() == n).then_some(Ints::Each(numbers))
        }
        _ => None,
    }
}
