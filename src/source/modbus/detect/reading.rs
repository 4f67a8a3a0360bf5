//! Reading all registers of a range that can be read, some times.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::profile::Function;
use crate::source::modbus::config::Transport;
use crate::source::modbus::error::ReadError;
use crate::source::modbus::scan::asker::Asker;
use crate::source::modbus::scan::pace::Pace;
use crate::source::modbus::scan::{ANSWER_MS_DEFAULT, RATE_DEFAULT};

use super::Snapshots;

/// Reads of one round: holes all over would make it endless.
const READS_MAX: usize = 2_000;
/// Silences in a row after which the range is given up.
const SILENCES_MAX: usize = 3;

/// Registers of a range, and most of them.
pub const REGISTERS_DEFAULT: u16 = 200;
/// A longer range is not looked at in one go.
pub const REGISTERS_MAX: u16 = 2_000;
/// Registers of one read: many devices refuse longer ones.
pub const PER_READ_DEFAULT: u16 = 60;
/// How often all is read: what moves and what only grows shows after some times.
pub const TIMES_DEFAULT: u32 = 3;
/// Seconds between.
pub const PAUSE_S_DEFAULT: u64 = 3;

/// What is read.
#[derive(Debug, Clone)]
pub struct DetectPlan {
    /// How the device is reached.
    pub transport: Transport,
    /// Unit id.
    pub unit: u8,
    /// Which registers.
    pub function: Function,
    /// First register.
    pub from: u16,
    /// How many.
    pub count: u16,
    /// Longest read.
    pub registers_per_read: u16,
    /// How often all is read.
    pub times: u32,
    /// Time between.
    pub pause: Duration,
    /// Longest wait for an answer, milliseconds.
    pub answer_ms: u32,
    /// Questions a second.
    pub rate_per_s: u32,
}

impl DetectPlan {
    /// The first holding registers of a unit, read three times.
    #[must_use]
    pub const fn new(transport: Transport, unit: u8) -> Self {
        Self {
            transport,
            unit,
            function: Function::Holding,
            from: 0,
            count: REGISTERS_DEFAULT,
            registers_per_read: PER_READ_DEFAULT,
            times: TIMES_DEFAULT,
            pause: Duration::from_secs(PAUSE_S_DEFAULT),
            answer_ms: ANSWER_MS_DEFAULT,
            rate_per_s: RATE_DEFAULT,
        }
    }
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The registers.
    pub snapshots: Snapshots,
    /// First and last register of each stretch that the device refuses.
    pub holes: Vec<(u16, u16)>,
    /// Why it ended early.
    pub failure: Option<ReadError>,
}

/// Reads the registers; `progress` is told rounds done and all.
pub async fn read_registers(
    plan: &DetectPlan,
    progress: impl Fn(u32, u32),
    stop: &CancellationToken,
) -> Reading {
    let mut reading = Reading::default();
    let pace = Arc::new(Pace::new(plan.rate_per_s));
    let mut asker = Asker::new(pace, plan.answer_ms, plan.transport.clone());
    let work = async {
        // Found in the first round; the others read round the holes.
        let mut parts = vec![(plan.from, plan.count)];
        for time in 0..plan.times.max(1) {
            if time > 0 {
                tokio::time::sleep(plan.pause).await;
            }
            let round = round(&mut asker, plan, &parts).await;
            for (start, words) in &round.read {
                reading.snapshots.add(*start, words);
            }
            if time == 0 {
                parts = round.read.iter().map(|(start, words)| (*start, length(words))).collect();
                reading.holes = joined(round.refused);
            }
            progress(time + 1, plan.times);
            if round.failure.is_some() {
                reading.failure = round.failure;
                return;
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
    reading
}

fn length(words: &[u16]) -> u16 {
    u16::try_from(words.len()).unwrap_or(u16::MAX)
}

#[derive(Default)]
struct Round {
    read: Vec<(u16, Vec<u16>)>,
    refused: Vec<(u16, u16)>,
    failure: Option<ReadError>,
}

async fn round(asker: &mut Asker, plan: &DetectPlan, parts: &[(u16, u16)]) -> Round {
    let mut round = Round::default();
    let longest = plan.registers_per_read.clamp(1, 125);
    let mut open: Vec<(u16, u16)> = Vec::new();
    for (start, count) in parts {
        let (start, end) = (u32::from(*start), u32::from(*start) + u32::from(*count));
        for from in (start..end.min(0x1_0000)).step_by(usize::from(longest)) {
            let count = (end - from).min(u32::from(longest));
            if let (Ok(from), Ok(count)) = (u16::try_from(from), u16::try_from(count)) {
                open.push((from, count));
            }
        }
    }
    open.reverse();
    let mut silences = 0;
    for _ in 0..READS_MAX {
        let Some((start, count)) = open.pop() else { break };
        match asker.read(plan.unit, plan.function, start, count).await {
            Ok(words) => {
                silences = 0;
                round.read.push((start, words));
            }
            Err(ReadError::Exception(_)) if count > 1 => {
                silences = 0;
                // Even halves: some devices give 32-bit values whole or not at all.
                let left = (count / 2).next_multiple_of(2).min(count - 1);
                open.push((start.saturating_add(left), count - left));
                open.push((start, left));
            }
            Err(ReadError::Exception(_)) => round.refused.push((start, start)),
            Err(error @ ReadError::Timeout(_)) => {
                silences += 1;
                round.refused.push((start, start.saturating_add(count - 1)));
                if silences >= SILENCES_MAX {
                    round.failure = Some(error);
                    break;
                }
            }
            Err(error) => {
                round.failure = Some(error);
                break;
            }
        }
    }
    round.read.sort_by_key(|(start, _)| *start);
    round
}

/// Stretches that touch are one.
fn joined(mut holes: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    holes.sort_unstable();
    let mut out: Vec<(u16, u16)> = Vec::new();
    for (first, last) in holes {
        match out.last_mut() {
            Some((_, end)) if u32::from(first) <= u32::from(*end) + 1 => *end = (*end).max(last),
            _ => out.push((first, last)),
        }
    }
    out
}
