//! Units whose every register tells whose it is, where it stands and when it was asked, and a
//! master that judges each answer by that alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use hallwatch::profile::{BusRules, Function};
use hallwatch::simulate::{Read, Units};
use hallwatch::source::modbus::recording::Answer;
use hallwatch::source::modbus::{LineMonitor, ReadError, Transport, Wire};

pub(crate) const UNITS: u8 = 16;
/// Long enough for a busy machine, so that what is late is late on purpose.
pub(crate) const TIMEOUT_MS: u32 = 40;

pub(crate) fn rules() -> BusRules {
    BusRules {
        port: 502,
        unit: 1,
        registers_per_read_max: 125,
        read_through_max: 0,
        window_registers: 0,
        gap_ms: 0,
        pause_after_connect_ms: 0,
        timeout_ms: TIMEOUT_MS,
        connections_max: 1,
        close_after_cycle: false,
    }
}

/// Unit and address in each word; in the last of several the number of the question.
fn words(unit: u8, read: Read, asked: u16) -> Vec<u16> {
    let of = |address: u16| (u16::from(unit) << 8) | (address & 0xFF);
    let mut words: Vec<u16> = (0..read.count).map(|n| of(read.start + n)).collect();
    if let Some(last) = words.last_mut().filter(|_| read.count > 1) {
        *last = asked;
    }
    words
}

/// Units that tell all of themselves.
#[derive(Clone, Default)]
pub(crate) struct Oracle {
    pub(crate) units: Units,
    now: Arc<AtomicU16>,
}

impl Oracle {
    pub(crate) fn new() -> Self {
        let oracle = Self::default();
        for unit in 1..=UNITS {
            let now = oracle.now.clone();
            let device =
                move |read: Read| Answer::Words(words(unit, read, now.load(Ordering::SeqCst)));
            oracle.units.set_device(unit, Arc::new(device));
        }
        oracle
    }
}

/// What came of some questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) good: u32,
    /// Deadlines, refused frames, lost connections: said so, and nothing made up.
    pub(crate) none: u32,
    pub(crate) wrong: u32,
}

impl Score {
    pub(crate) fn asked(&self) -> u32 {
        self.good + self.none + self.wrong
    }

    #[allow(dead_code)] // not every test that shares this file sums
    pub(crate) fn add(&mut self, other: Self) {
        self.good += other.good;
        self.none += other.none;
        self.wrong += other.wrong;
    }
}

/// Asks the units of an oracle over one bus.
pub(crate) struct Master {
    oracle: Oracle,
    pub(crate) monitor: Arc<LineMonitor>,
    pub(crate) wire: Wire,
    asked: u16,
}

impl Master {
    pub(crate) fn new(oracle: Oracle, transport: Transport) -> Self {
        let monitor = Arc::new(LineMonitor::new("line", transport.as_str()));
        let wire = Wire::new(transport, monitor.clone());
        Self { oracle, monitor, wire, asked: 0 }
    }

    /// Asks about `polls` questions of nearly one shape; units at rest are passed over.
    pub(crate) async fn ask(&mut self, polls: u32, seed: u64) -> Score {
        let (mut score, rules, mut dice) = (Score::default(), rules(), Dice(seed));
        for _ in 0..polls {
            let unit = 1 + dice.below(u64::from(UNITS)) as u8;
            if self.wire.rests_until(unit).is_some() {
                continue;
            }
            // Nearly all of one size: the worst case for telling answers apart.
            let count = if dice.below(10) == 0 { 1 } else { 2 };
            let start = dice.below(200) as u16;
            let read = Read { function: Function::Holding, start, count };
            self.asked = self.asked.wrapping_add(1);
            let asked = self.asked;
            self.oracle.now.store(asked, Ordering::SeqCst);
            match self.wire.read(unit, read.function, start, count, &rules).await {
                Ok(got) if got == words(unit, read, asked) => score.good += 1,
                Ok(got) => {
                    score.wrong += 1;
                    println!("unit {unit} {read:?} question {asked}: {got:04X?}");
                }
                Err(ReadError::Exception(code)) => panic!("exception {code}"),
                Err(_) => score.none += 1,
            }
        }
        score
    }
}

/// Dice that fall the same way every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
