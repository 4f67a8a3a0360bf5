//! The ways of a whole line or server: what is not the doing of one unit.

use super::noise;
use super::question::Read;

/// How a line or a server is. The default is a quick and well-behaved one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Habits {
    /// Questions that come sooner after the connection are lost.
    pub pause_after_connect_ms: u64,
    /// Questions that come sooner after the last question or answer are lost.
    pub gap_ms: u64,
    /// The server closes the connection after so many answers.
    pub close_after_answers: Option<u64>,
    /// Serves one connection; the second is accepted and never answered.
    pub one_client: bool,
    /// The converter gives every question back to the one who asked.
    pub echo: bool,
    /// Bytes that nobody sent.
    pub noise: Option<LineNoise>,
    /// Somebody else asks on the same line.
    pub foreign_master: Option<ForeignMaster>,
    /// Time that a unit takes for an answer, milliseconds.
    pub turnaround_ms: u64,
    /// Speed of the line behind the server: frames take their time on it, 11 bits a byte.
    pub baud_rate: Option<u32>,
}

/// Noise on a line; the same seed gives the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineNoise {
    /// Of a hundred frames so many have noise before them, and as many behind them.
    pub around_percent: u8,
    /// Mean time between noises in the silence, milliseconds; 0 for none.
    pub every_ms: u64,
    /// Most bytes at once.
    pub bytes_max: u8,
    /// Of the dice.
    pub seed: u64,
}

impl LineNoise {
    /// Bytes before (`place` 0) or behind (1) the n-th frame; mostly none.
    pub(super) fn around(&self, place: u64, number: u64) -> Vec<u8> {
        let roll = self.roll(place, number) % 100;
        if roll < u64::from(self.around_percent) { self.bytes(place, number) } else { Vec::new() }
    }

    /// The n-th noise in the silence.
    pub(super) fn burst(&self, number: u64) -> Vec<u8> {
        self.bytes(2, number)
    }

    /// Time until the n-th noise in the silence, milliseconds: half to one and a half of the mean.
    pub(super) fn pause_ms(&self, number: u64) -> u64 {
        self.every_ms / 2 + self.roll(3, number) % self.every_ms.max(1)
    }

    fn bytes(&self, place: u64, number: u64) -> Vec<u8> {
        let count = 1 + self.roll(place + 10, number) % u64::from(self.bytes_max.max(1));
        let byte = |i| self.roll(place + 20 + i, number).to_le_bytes().first().copied();
        (0..count).filter_map(byte).collect()
    }

    fn roll(&self, stream: u64, number: u64) -> u64 {
        noise::hash(self.seed, stream, i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// Another master on our line. What it asks and what the units answer to it is heard by all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignMaster {
    /// Time between two of its questions, milliseconds.
    pub every_ms: u64,
    /// Time until a unit answers it, milliseconds.
    pub answer_after_ms: u64,
    /// What it asks, one after the other and again from the beginning: unit and registers.
    pub questions: Vec<(u8, Read)>,
}

impl ForeignMaster {
    pub(super) fn question(&self, number: u64) -> Option<(u8, Read)> {
        let count = u64::try_from(self.questions.len()).unwrap_or(u64::MAX);
        let index = number.checked_rem(count)?;
        self.questions.get(usize::try_from(index).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Function;

    #[test]
    fn noise_comes_as_often_as_it_should() {
        let noise = LineNoise { around_percent: 20, every_ms: 100, bytes_max: 5, seed: 3 };
        let all: Vec<_> = (0..10_000).map(|n| noise.around(0, n)).collect();
        let noisy = all.iter().filter(|bytes| !bytes.is_empty()).count();
        assert!((1_800..2_200).contains(&noisy), "{noisy}");
        assert!(all.iter().all(|bytes| bytes.len() <= 5));
        assert!((0..1000).all(|n| (50..=150).contains(&noise.pause_ms(n))));
        assert!((0..1000).all(|n| (1..=5).contains(&noise.burst(n).len())));
    }

    #[test]
    fn a_foreign_master_begins_again() {
        let read = |start| Read { function: Function::Input, start, count: 1 };
        let questions = vec![(1, read(7)), (2, read(8))];
        let master = ForeignMaster { every_ms: 1, answer_after_ms: 0, questions };
        let asked: Vec<_> = (0..3).filter_map(|n| master.question(n)).map(|(u, _)| u).collect();
        assert_eq!(asked, [1, 2, 1]);
        assert_eq!(ForeignMaster::default().question(0), None);
    }
}
