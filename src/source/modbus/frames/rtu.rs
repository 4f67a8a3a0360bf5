//! Modbus RTU: frames without a beginning, told apart by their checksum.

use super::crc::is_whole;
use super::tcp::{fits, shape_of};
use super::{IDENTIFICATION, Question, REFUSAL, Seen, Shape, identification_len};

/// Longest RTU frame.
const FRAME_MAX: usize = 256;
/// Bytes that are kept while no frame is found in them.
const KEPT_MAX: usize = 2 * FRAME_MAX;

/// Finds the awaited answer among all that is on a line.
#[derive(Debug, Default)]
pub struct RtuScanner {
    bytes: Vec<u8>,
}

/// What may begin at a place.
enum Begin {
    /// A whole frame of this length; a question if the flag says so.
    Whole(usize, bool),
    /// Perhaps a frame, of which the rest is missing.
    Part,
    /// A frame of the awaited shape whose checksum is wrong, of this length.
    Broken(usize),
    /// No frame.
    Nothing,
}

impl RtuScanner {
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

    pub(super) fn next(&mut self, question: Option<&Question>, quiet: bool) -> Option<Seen> {
        if let Some(question) = question
            && !question.frame.is_empty()
            && self.bytes.starts_with(&question.frame)
        {
            self.bytes.drain(..question.frame.len());
            return Some(Seen::Echo);
        }
        let mut from = 0;
        while from < self.bytes.len() {
            let rest = self.bytes.get(from..).unwrap_or_default();
            match begin(rest, question) {
                Begin::Whole(length, asked) if from == 0 => {
                    let frame: Vec<u8> = self.bytes.drain(..length).collect();
                    return Some(name(frame, asked, question));
                }
                Begin::Broken(length) if from == 0 => {
                    self.bytes.drain(..1);
                    // Its end may be a good frame's beginning: only one byte is taken, but the
                    // loss is told once.
                    return Some(Seen::BadChecksum(length));
                }
                Begin::Whole(..) | Begin::Broken(_) => return Some(self.noise(from)),
                // While bytes still come it may become whole; in silence it is noise.
                Begin::Part if !quiet && self.bytes.len() < KEPT_MAX => {
                    return (from > 0).then(|| self.noise(from));
                }
                Begin::Part | Begin::Nothing => from += 1,
            }
        }
        // In silence the beginning of the awaited answer is kept: a slow line may go on.
        let keep = question.is_some_and(|question| {
            let head = [question.unit, question.function];
            self.bytes.len() < KEPT_MAX && (self.bytes.starts_with(&head) || self.bytes.len() == 1)
        });
        (from > 0 && !keep).then(|| self.noise(from))
    }

    fn noise(&mut self, bytes: usize) -> Seen {
        self.bytes.drain(..bytes);
        Seen::Noise(bytes)
    }
}

/// A whole frame by what it is.
fn name(frame: Vec<u8>, asked: bool, question: Option<&Question>) -> Seen {
    let [unit, .., _, _] = *frame.as_slice() else { return Seen::Noise(frame.len()) };
    let pdu = frame.get(1..frame.len() - 2).unwrap_or_default();
    if asked {
        let registers = match pdu {
            [3 | 4, _, _, high, low] => u16::from_be_bytes([*high, *low]),
            _ => 0,
        };
        let function = pdu.first().copied().unwrap_or(0);
        return Seen::Asked(Shape { unit, function, registers });
    }
    let shape = shape_of(unit, pdu);
    match question {
        Some(question) if fits(question, unit, pdu) => Seen::Answer(frame),
        Some(q) if (q.unit, q.function) == (unit, shape.function) => Seen::Misfit(shape),
        _ => Seen::Answered(shape),
    }
}

fn begin(bytes: &[u8], question: Option<&Question>) -> Begin {
    let Some(function) = bytes.get(1) else {
        return Begin::Part;
    };
    let mut part = false;
    for (length, asked) in lengths(*function, bytes) {
        match length {
            Some(length) if length > FRAME_MAX => {}
            Some(length) => match bytes.get(..length) {
                Some(frame) if is_whole(frame) => return Begin::Whole(length, asked),
                Some(_) if awaited(bytes, length, question) => return Begin::Broken(length),
                Some(_) => {}
                None => part = true,
            },
            None => part = true,
        }
    }
    if part { Begin::Part } else { Begin::Nothing }
}

/// The awaited unit, function and length, so that a wrong checksum is the answer's.
fn awaited(bytes: &[u8], length: usize, question: Option<&Question>) -> bool {
    question.is_some_and(|question| {
        let wanted = usize::from(question.registers) * 2 + 5;
        bytes.starts_with(&[question.unit, question.function])
            && question.registers > 0
            && length == wanted
    })
}

/// How long a frame with this function may be, as an answer and as a question (`true`); `None`
/// while that cannot be seen yet. Writes are known because other masters may write.
fn lengths(function: u8, bytes: &[u8]) -> impl Iterator<Item = (Option<usize>, bool)> {
    let counted = |head: usize, at: usize| bytes.get(at).map(|n| head + usize::from(*n) + 2);
    let list: [Option<(Option<usize>, bool)>; 2] = match function {
        1..=4 => [Some((counted(3, 2), false)), Some((Some(8), true))],
        5 | 6 => [Some((Some(8), true)), None],
        15 | 16 => [Some((Some(8), false)), Some((counted(7, 6), true))],
        IDENTIFICATION => {
            let answer = match identification_len(bytes.get(1..).unwrap_or_default()) {
                None => Some((None, false)),
                Some(Ok(length)) => Some((Some(1 + length + 2), false)),
                Some(Err(())) => None,
            };
            [answer, Some((Some(7), true))]
        }
        refused if refused & REFUSAL != 0 => [Some((Some(5), false)), None],
        _ => [None, None],
    };
    list.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::super::crc::crc;
    use super::*;

    fn framed(body: &[u8]) -> Vec<u8> {
        [body, crc(body).to_le_bytes().as_slice()].concat()
    }

    fn question() -> Question {
        Question { unit: 5, function: 3, registers: 2, frame: framed(&[5, 3, 0, 100, 0, 2]) }
    }

    fn good() -> Vec<u8> {
        framed(&[5, 3, 4, 0xAB, 0xCD, 0x12, 0x34])
    }

    fn scan(bytes: &[u8]) -> Vec<Seen> {
        let mut scanner = RtuScanner::default();
        scanner.push(bytes);
        let mut seen: Vec<_> =
            std::iter::from_fn(|| scanner.next(Some(&question()), false)).collect();
        seen.extend(std::iter::from_fn(|| scanner.next(Some(&question()), true)));
        seen
    }

    #[test]
    fn the_answer_passes_whole_however_it_comes() {
        assert_eq!(scan(&good()), [Seen::Answer(good())]);
        for cut in 0..good().len() {
            let mut scanner = RtuScanner::default();
            scanner.push(&good()[..cut]);
            assert_eq!(scanner.next(Some(&question()), true), None, "cut at {cut}");
            scanner.push(&good()[cut..]);
            assert_eq!(scanner.next(Some(&question()), false), Some(Seen::Answer(good())));
        }
        let refusal = framed(&[5, 0x83, 2]);
        assert_eq!(scan(&refusal), [Seen::Answer(refusal.clone())]);
    }

    #[test]
    fn the_echo_of_the_question_is_not_its_answer() {
        let line = [question().frame, good()].concat();
        assert_eq!(scan(&line), [Seen::Echo, Seen::Answer(good())]);
    }

    #[test]
    fn noise_around_the_answer_is_passed_over() {
        for noise in
            [vec![0xFF], vec![0, 0, 0], vec![5], vec![5, 3], vec![5, 3, 200, 1], vec![9, 4, 0xF0]]
        {
            let seen = scan(&[noise.as_slice(), &good(), &[0xFE]].concat());
            assert!(seen.contains(&Seen::Answer(good())), "{noise:?}: {seen:?}");
        }
    }

    #[test]
    fn answers_of_others_and_of_other_sizes_do_not_pass() {
        let other = framed(&[6, 3, 4, 0xAB, 0xCD, 0x12, 0x34]);
        assert_eq!(scan(&other), [Seen::Answered(Shape { unit: 6, function: 3, registers: 2 })]);
        let short = framed(&[5, 3, 2, 0xAB, 0xCD]);
        assert_eq!(scan(&short), [Seen::Misfit(Shape { unit: 5, function: 3, registers: 1 })]);
        let input = framed(&[5, 4, 4, 0xAB, 0xCD, 0x12, 0x34]);
        assert_eq!(scan(&input), [Seen::Answered(Shape { unit: 5, function: 4, registers: 2 })]);
        let asked = framed(&[5, 3, 0, 200, 0, 2]);
        let shape = Shape { unit: 5, function: 3, registers: 2 };
        assert_eq!(scan(&asked), [Seen::Asked(shape)], "a foreign master");
    }

    #[test]
    fn a_wrong_checksum_is_told_and_never_passes() {
        let mut frame = good();
        *frame.last_mut().unwrap() ^= 1;
        let seen = scan(&frame);
        assert_eq!(seen.first(), Some(&Seen::BadChecksum(9)));
        assert!(!seen.iter().any(|seen| matches!(seen, Seen::Answer(_))), "{seen:?}");
        let again = scan(&[frame, good()].concat());
        assert!(again.contains(&Seen::Answer(good())), "{again:?}");
    }

    #[test]
    fn an_identification_passes() {
        let body = [5, 0x2B, 0x0E, 1, 1, 0, 0, 2, 0, 2, b'A', b'B', 1, 1, b'C'];
        let question = Question {
            unit: 5,
            function: 0x2B,
            registers: 0,
            frame: framed(&[5, 0x2B, 0x0E, 1, 0]),
        };
        for cut in 0..body.len() + 2 {
            let mut scanner = RtuScanner::default();
            scanner.push(&framed(&body)[..cut]);
            assert_eq!(scanner.next(Some(&question), false), None);
            scanner.push(&framed(&body)[cut..]);
            assert_eq!(scanner.next(Some(&question), false), Some(Seen::Answer(framed(&body))));
        }
    }

    #[test]
    fn endless_noise_does_not_fill_the_memory() {
        let mut scanner = RtuScanner::default();
        for byte in 0..100_000_u32 {
            scanner.push(&[(byte % 251) as u8]);
            while scanner.next(Some(&question()), false).is_some() {}
            assert!(scanner.waiting() <= KEPT_MAX);
        }
    }
}
