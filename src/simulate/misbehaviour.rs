//! What a unit does wrong, and what its answers look like then.

use std::time::Duration;

use crate::source::modbus::Framing;
use crate::source::modbus::recording::Answer;

use super::noise;
use super::question::{BUSY, NO_SUCH_TARGET, Question, frame, pdu_of};
use super::units::Asked;

/// What a unit does wrong. A unit can do several things wrong at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Takes the question and never answers.
    Silent,
    /// Answers after this many milliseconds. On Modbus TCP the questions behind it wait; on a
    /// line, which the units share, the others go on.
    Late(u64),
    /// Answers late now and then, and nobody waits for it: the answer comes between those of other
    /// units, or after newer answers of its own.
    Straggling(Lateness),
    /// One register less than asked, in a well-formed answer.
    ShortAnswer,
    /// One register more than asked, in a well-formed answer.
    LongAnswer,
    /// Answers in the name of the next unit.
    WrongUnit,
    /// Answers with the next transaction's number; RTU has none.
    WrongTransaction,
    /// Refuses every question with this exception code.
    Exception(u8),
    /// Refuses every n-th question with exception 6, busy.
    BusyEvery(u64),
    /// Refuses reads of more than so many registers with this exception code.
    RegistersMax(u16, u8),
    /// Answers with these bytes, whatever they are.
    Garbage(Vec<u8>),
    /// Puts bytes before and after its frames.
    Noise(Vec<u8>, Vec<u8>),
    /// One bit of each answer is turned over: in RTU the checksum does not fit, in Modbus TCP,
    /// which has none, the last register is wrong.
    BitError,
    /// The first half of the answer, then silence.
    Half,
    /// The first half of the answer, then the connection is reset. On a line, which cannot be
    /// reset, like [`Misbehaviour::Half`].
    Reset,
    /// Every answer twice in one segment.
    Twice,
    /// Keeps every other answer back and sends it in one segment with the next one.
    TwoAtOnce,
    /// Byte by byte, with so many milliseconds between them.
    Sliced(u64),
}

impl Misbehaviour {
    /// A gateway that passes on one register a question and takes more for an unknown unit.
    pub const ONE_REGISTER_ONLY: Self = Self::RegistersMax(1, NO_SUCH_TARGET);
}

/// How often and how late; the same seed gives the same course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lateness {
    /// Of a hundred answers so many are late.
    pub percent: u8,
    /// Least delay, milliseconds.
    pub from_ms: u64,
    /// Most delay, milliseconds.
    pub to_ms: u64,
    /// Of the dice.
    pub seed: u64,
}

impl Lateness {
    /// The delay of a unit's n-th answer, if it is late.
    fn of(&self, unit: u8, number: u64) -> Option<Duration> {
        let stream = u64::from(unit);
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        if noise::hash(self.seed, stream, number) % 100 >= u64::from(self.percent) {
            return None;
        }
        let range = self.to_ms.saturating_sub(self.from_ms).saturating_add(1);
        let more = noise::hash(self.seed ^ 0xA5A5, stream, number) % range;
        Some(Duration::from_millis(self.from_ms.saturating_add(more)))
    }
}

/// Bytes for the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// From now.
    pub(super) after: Duration,
    pub(super) bytes: Vec<u8>,
    /// The connection is cut behind it.
    pub(super) reset: bool,
}

/// What becomes of one question.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    pub(super) chunks: Vec<Chunk>,
    /// Whether the next question waits until the last chunk has gone.
    pub(super) blocks: bool,
    /// Whether the frame stays back until the next answer goes.
    pub(super) held: Option<Vec<u8>>,
}

/// An answer on its way through the misbehaviours.
struct Draft {
    pdu: Option<Vec<u8>>,
    /// In place of a frame.
    raw: Option<Vec<u8>>,
    transaction: u16,
    unit: u8,
    after: Duration,
    bit_error: bool,
    before: Vec<u8>,
    behind: Vec<u8>,
}

/// The answer to a question, with all that the unit does wrong.
pub(super) fn deliver(framing: Framing, question: &Question, asked: &Asked) -> Delivery {
    let mut draft = draft(question, asked);
    let mut delivery = Delivery::default();
    for wrong in asked.misbehaviours.iter() {
        match wrong {
            Misbehaviour::Silent => return delivery,
            Misbehaviour::Late(ms) => {
                draft.after += Duration::from_millis(*ms);
                delivery.blocks |= framing == Framing::Tcp;
            }
            Misbehaviour::Straggling(lateness) => {
                draft.after += lateness.of(question.unit, asked.number).unwrap_or_default();
            }
            Misbehaviour::WrongUnit => draft.unit = draft.unit.wrapping_add(1),
            Misbehaviour::WrongTransaction => draft.transaction = draft.transaction.wrapping_add(1),
            Misbehaviour::Garbage(bytes) => draft.raw = Some(bytes.clone()),
            Misbehaviour::Noise(before, behind) => {
                draft.before.extend(before);
                draft.behind.extend(behind);
            }
            Misbehaviour::BitError => draft.bit_error = true,
            _ => {}
        }
    }
    let after = draft.after;
    if let Some(bytes) = draft.bytes(framing) {
        send(bytes, after, asked, &mut delivery);
    }
    delivery
}

/// What the unit would answer, with the refusals and the lengths of its misbehaviours.
fn draft(question: &Question, asked: &Asked) -> Draft {
    let mut draft = Draft {
        pdu: None,
        raw: None,
        transaction: question.transaction,
        unit: question.unit,
        after: Duration::ZERO,
        bit_error: false,
        before: Vec::new(),
        behind: Vec::new(),
    };
    let count = question.read().and_then(Result::ok).map_or(0, |read| read.count);
    let refusal = asked.misbehaviours.iter().find_map(|wrong| match wrong {
        Misbehaviour::Exception(code) => Some(*code),
        Misbehaviour::BusyEvery(n) => asked.number.is_multiple_of(*n).then_some(BUSY),
        Misbehaviour::RegistersMax(most, code) => (count > *most).then_some(*code),
        _ => None,
    });
    if let Some(code) = refusal {
        draft.pdu = Some(question.exception(code));
        return draft;
    }
    let read = match question.read() {
        Some(Ok(read)) => read,
        Some(Err(code)) => {
            draft.pdu = Some(question.exception(code));
            return draft;
        }
        None => {
            draft.pdu = Some(question.other(asked.identity.as_deref()));
            return draft;
        }
    };
    let mut reply = asked.device.read(read);
    draft.after = reply.after;
    if let Answer::Words(words) = &mut reply.answer {
        for wrong in asked.misbehaviours.iter() {
            match wrong {
                Misbehaviour::ShortAnswer => drop(words.pop()),
                Misbehaviour::LongAnswer => words.push(0),
                _ => {}
            }
        }
    }
    draft.pdu = pdu_of(read, &reply.answer);
    if let Answer::Raw(bytes) = reply.answer {
        draft.raw = Some(bytes);
    }
    draft
}

impl Draft {
    fn bytes(mut self, framing: Framing) -> Option<Vec<u8>> {
        let mut bytes = match (self.raw, self.pdu) {
            (Some(raw), _) => raw,
            (None, Some(pdu)) => frame(framing, self.transaction, self.unit, &pdu),
            (None, None) => return None,
        };
        if let Some(last) = bytes.last_mut().filter(|_| self.bit_error) {
            *last ^= 0x10;
        }
        if self.before.is_empty() && self.behind.is_empty() {
            return Some(bytes);
        }
        self.before.append(&mut bytes);
        self.before.append(&mut self.behind);
        Some(self.before)
    }
}

/// How the bytes go out.
fn send(mut bytes: Vec<u8>, after: Duration, asked: &Asked, delivery: &mut Delivery) {
    let mut reset = false;
    let mut pause_ms = None;
    for wrong in asked.misbehaviours.iter() {
        match wrong {
            Misbehaviour::Half => bytes.truncate(bytes.len() / 2),
            Misbehaviour::Reset => {
                bytes.truncate(bytes.len() / 2);
                reset = true;
            }
            Misbehaviour::Twice => bytes.extend_from_within(..),
            Misbehaviour::TwoAtOnce if asked.number % 2 == 1 => {
                delivery.held = Some(bytes);
                return;
            }
            Misbehaviour::Sliced(ms) => pause_ms = Some(*ms),
            _ => {}
        }
    }
    let Some(pause_ms) = pause_ms else {
        delivery.chunks.push(Chunk { after, bytes, reset });
        return;
    };
    let last = bytes.len().saturating_sub(1);
    let slice = |(n, byte): (usize, u8)| {
        let pause = Duration::from_millis(pause_ms.saturating_mul(n as u64));
        Chunk { after: after + pause, bytes: vec![byte], reset: reset && n == last }
    };
    delivery.chunks.extend(bytes.into_iter().enumerate().map(slice));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_repeats_itself_and_keeps_its_bounds() {
        let lateness = Lateness { percent: 30, from_ms: 100, to_ms: 300, seed: 7 };
        let all: Vec<_> = (0..10_000).map(|n| lateness.of(3, n)).collect();
        assert_eq!(all, (0..10_000).map(|n| lateness.of(3, n)).collect::<Vec<_>>());
        let late: Vec<_> = all.into_iter().flatten().map(|delay| delay.as_millis()).collect();
        assert!((2_800..3_200).contains(&late.len()), "{} late", late.len());
        assert!(late.iter().all(|ms| (100..=300).contains(ms)));
        let (least, most) = (late.iter().min(), late.iter().max());
        assert_eq!((least, most), (Some(&100), Some(&300)));
        let never = Lateness { percent: 0, ..lateness };
        assert!((0..1000).all(|n| never.of(3, n).is_none()));
    }
}
