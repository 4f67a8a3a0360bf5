//! Modbus TCP: a header with transaction, protocol, length and unit before each frame.

use super::{IDENTIFICATION, Question, REFUSAL, Seen, Shape, identification_len};

/// Transaction, protocol and length.
const PREFIX: usize = 6;
/// Unit and at most 253 bytes of function and data.
const LENGTH_MAX: usize = 254;

/// Finds the awaited answer in a stream of Modbus TCP frames.
#[derive(Debug, Default)]
pub struct TcpScanner {
    bytes: Vec<u8>,
}

impl TcpScanner {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) const fn waiting(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn clear(&mut self) -> usize {
        let left = self.bytes.len();
        self.bytes.clear();
        left
    }

    pub(super) fn next(&mut self, question: Option<&Question>) -> Option<Seen> {
        let [t1, t0, p1, p0, l1, l0] = *self.bytes.first_chunk::<PREFIX>()?;
        let length = usize::from(u16::from_be_bytes([l1, l0]));
        if (p1, p0) != (0, 0) || !(3..=LENGTH_MAX).contains(&length) {
            // Where the next frame begins cannot be known.
            self.bytes.clear();
            return Some(Seen::Lost);
        }
        if self.bytes.len() < PREFIX + length {
            return None;
        }
        let frame: Vec<u8> = self.bytes.drain(..PREFIX + length).collect();
        let (unit, pdu) = (frame.get(PREFIX).copied()?, frame.get(PREFIX + 1..)?);
        let shape = shape_of(unit, pdu);
        let same_transaction =
            |question: &&Question| question.frame.first_chunk::<2>() == Some(&[t1, t0]);
        Some(match question.filter(same_transaction) {
            Some(question) if fits(question, unit, pdu) => Seen::Answer(frame),
            Some(_) => Seen::Misfit(shape),
            None => Seen::Answered(shape),
        })
    }
}

/// Whether a frame from its function code on answers the question.
pub(super) fn fits(question: &Question, unit: u8, pdu: &[u8]) -> bool {
    let [function, rest @ ..] = pdu else { return false };
    if unit != question.unit {
        return false;
    }
    if *function == question.function | REFUSAL {
        return rest.len() == 1;
    }
    if *function != question.function {
        return false;
    }
    if *function == IDENTIFICATION {
        return identification_len(pdu) == Some(Ok(pdu.len()));
    }
    let wanted = usize::from(question.registers) * 2;
    rest.first().is_some_and(|count| usize::from(*count) == wanted) && rest.len() == wanted + 1
}

/// The shape of an answer that was not awaited.
pub(super) fn shape_of(unit: u8, pdu: &[u8]) -> Shape {
    let function = pdu.first().copied().unwrap_or(0);
    let registers = match (function, pdu.get(1)) {
        (3 | 4, Some(bytes)) => u16::from(bytes / 2),
        _ => 0,
    };
    Shape { unit, function: function & !REFUSAL, registers }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        let frame = vec![0, 7, 0, 0, 0, 6, 5, 3, 0, 100, 0, 2];
        Question { unit: 5, function: 3, registers: 2, frame }
    }

    fn scan(bytes: &[u8]) -> Vec<Seen> {
        let mut scanner = TcpScanner::default();
        scanner.push(bytes);
        std::iter::from_fn(|| scanner.next(Some(&question()))).collect()
    }

    const GOOD: [u8; 13] = [0, 7, 0, 0, 0, 7, 5, 3, 4, 0xAB, 0xCD, 0x12, 0x34];

    #[test]
    fn the_answer_passes_whole_however_it_comes() {
        assert_eq!(scan(&GOOD), [Seen::Answer(GOOD.to_vec())]);
        for cut in 0..GOOD.len() {
            let mut scanner = TcpScanner::default();
            scanner.push(&GOOD[..cut]);
            assert_eq!(scanner.next(Some(&question())), None);
            scanner.push(&GOOD[cut..]);
            assert_eq!(scanner.next(Some(&question())), Some(Seen::Answer(GOOD.to_vec())));
        }
    }

    #[test]
    fn refusals_are_answers() {
        let refusal = [0, 7, 0, 0, 0, 3, 5, 0x83, 2];
        assert_eq!(scan(&refusal), [Seen::Answer(refusal.to_vec())]);
    }

    #[test]
    fn what_does_not_fit_does_not_pass() {
        let shape = |unit, registers| Seen::Misfit(Shape { unit, function: 3, registers });
        let stray = Seen::Answered(Shape { unit: 5, function: 3, registers: 2 });
        let with = |change: fn(&mut [u8; 13])| {
            let mut frame = GOOD;
            change(&mut frame);
            scan(&frame)
        };
        assert_eq!(with(|f| f[1] = 6), [stray], "another transaction");
        assert_eq!(with(|f| f[6] = 6), [shape(6, 2)], "another unit");
        assert_eq!(with(|f| f[8] = 2), [shape(5, 1)], "a count that lies");
        let short = [0, 7, 0, 0, 0, 5, 5, 3, 2, 0xAB, 0xCD];
        assert_eq!(scan(&short), [shape(5, 1)]);
        assert_eq!(with(|f| f[2] = 1), [Seen::Lost], "another protocol");
        assert_eq!(scan(&[0, 7, 0, 0, 0xFF, 0xFF, 5]), [Seen::Lost], "a length beyond reason");
        assert_eq!(scan(b"GET / HTTP/1.1"), [Seen::Lost]);
    }

    #[test]
    fn two_answers_in_one_segment_are_one_answer_and_a_stray() {
        let both = scan(&[GOOD, GOOD].concat());
        assert_eq!(both.len(), 2);
        assert_eq!(both[0], Seen::Answer(GOOD.to_vec()));
    }
}
