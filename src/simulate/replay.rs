//! A recording that is served again: the answers of a device as they once came.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::source::modbus::recording::{Answer, Recording};

use super::question::{ILLEGAL_ADDRESS, Read};
use super::units::{Device, Reply, Units};

/// The units of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replay {
    /// What the recorded delays are multiplied with: 1 for as slow as it was, 0 for at once.
    pub delay_factor: f64,
}

impl Default for Replay {
    fn default() -> Self {
        Self { delay_factor: 1.0 }
    }
}

impl Replay {
    /// Units that answer each question with its recorded answers, one after the other and again
    /// from the beginning. A question that was not recorded is answered from the blocks that hold
    /// its registers; if they hold not all of them, it is refused with exception 2.
    #[must_use]
    pub fn units(self, recording: &Recording) -> Units {
        let mut tapes: BTreeMap<u8, Tape> = BTreeMap::new();
        for exchange in &recording.exchanges {
            let read =
                Read { function: exchange.function, start: exchange.start, count: exchange.count };
            let after = Duration::from_millis(exchange.took_ms).as_secs_f64() * self.delay_factor;
            let after = Duration::try_from_secs_f64(after).unwrap_or_default();
            let reply = Reply { answer: exchange.answer.clone(), after };
            tapes.entry(exchange.unit).or_default().blocks.entry(read).or_default().push(reply);
        }
        let units = Units::default();
        for (unit, tape) in tapes {
            units.set_device(unit, Arc::new(tape));
        }
        units
    }
}

/// What was recorded of one unit.
#[derive(Debug, Default)]
struct Tape {
    blocks: BTreeMap<Read, Vec<Reply>>,
    /// How often each question was asked.
    asked: Mutex<HashMap<Read, usize>>,
}

impl Device for Tape {
    fn read(&self, read: Read) -> Reply {
        let round = self.count(read);
        self.exact(read, round)
            .or_else(|| self.part(read, round, true))
            .or_else(|| self.patched(read, round))
            .or_else(|| self.part(read, round, false))
            .unwrap_or_else(|| Answer::Exception(ILLEGAL_ADDRESS).into())
    }
}

impl Tape {
    fn count(&self, read: Read) -> usize {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(read).or_default();
        let round = *count;
        *count = count.wrapping_add(1);
        round
    }

    /// The blocks that hold all registers of a question, the shortest first: what was refused as
    /// part of a long block may have been answered in a short one.
    fn holding(&self, read: Read) -> Vec<(&Read, &Vec<Reply>)> {
        let holds = |block: &Read| {
            block.function == read.function && block.start <= read.start && end(*block) >= end(read)
        };
        let mut found: Vec<_> = self.blocks.iter().filter(|(block, _)| holds(block)).collect();
        found.sort_by_key(|(block, _)| block.count);
        found
    }

    fn exact(&self, read: Read, round: usize) -> Option<Reply> {
        turn(self.blocks.get(&read)?, round).cloned()
    }

    /// The answer out of one longer block; where `useful`, of one that has ever been answered.
    fn part(&self, read: Read, round: usize, useful: bool) -> Option<Reply> {
        let fits = |(_, replies): &(&Read, &Vec<Reply>)| {
            !useful || replies.iter().any(|reply| with_words(reply).is_some())
        };
        let (block, replies) = self.holding(read).into_iter().find(fits)?;
        let mut reply = turn(replies, round)?.clone();
        if let Answer::Words(words) = &mut reply.answer {
            let skipped = usize::from(read.start - block.start);
            *words = words.iter().skip(skipped).take(usize::from(read.count)).copied().collect();
        }
        Some(reply)
    }

    /// The answer out of several blocks, register by register.
    fn patched(&self, read: Read, round: usize) -> Option<Reply> {
        let (mut words, mut after) = (Vec::new(), Duration::ZERO);
        for register in 0..read.count {
            let start = read.start.checked_add(register)?;
            let one = Read { start, count: 1, ..read };
            let answered = |(block, replies): (&Read, &Vec<Reply>)| {
                let with_words: Vec<_> = replies.iter().filter_map(with_words).collect();
                let (words, after) = *turn(&with_words, round)?;
                Some((*words.get(usize::from(start - block.start))?, after))
            };
            let (word, took) = self.holding(one).into_iter().find_map(answered)?;
            words.push(word);
            after = after.max(took);
        }
        Some(Reply { answer: Answer::Words(words), after })
    }
}

/// The register behind the last one.
fn end(read: Read) -> u32 {
    u32::from(read.start) + u32::from(read.count)
}

/// The entry of a round, again from the beginning after the last.
fn turn<T>(all: &[T], round: usize) -> Option<&T> {
    all.get(round.checked_rem(all.len())?)
}

fn with_words(reply: &Reply) -> Option<(&Vec<u16>, Duration)> {
    match &reply.answer {
        Answer::Words(words) => Some((words, reply.after)),
        _ => None,
    }
}
