//! The frames of Modbus TCP and Modbus RTU, from the answering side: questions out of a stream of
//! bytes, and the bytes of answers. Reads only.

use crate::profile::Function;
use crate::source::modbus::Framing;
use crate::source::modbus::recording::Answer;

use super::crc;
use super::identity::Identity;

pub(super) const ILLEGAL_FUNCTION: u8 = 1;
pub(super) const ILLEGAL_ADDRESS: u8 = 2;
pub(super) const ILLEGAL_VALUE: u8 = 3;
pub(super) const BUSY: u8 = 6;
/// A gateway's word for a unit that it cannot reach.
pub(super) const NO_SUCH_TARGET: u8 = 0x0B;
const REGISTERS_MAX: u16 = 125;
const IDENTIFY: u8 = 0x2B;
/// Transaction, protocol and length.
const PREFIX: usize = 6;
/// Unit and at most 253 bytes.
const LENGTH_MAX: usize = 254;
/// Longest RTU frame, bytes.
const RTU_MAX: usize = 256;

/// A frame that cannot be Modbus TCP; the stream has no meaning from here on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotModbus;

/// One request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// 0 in RTU, which does not number its questions.
    pub(super) transaction: u16,
    pub(super) unit: u8,
    function: u8,
    data: Vec<u8>,
}

/// Registers that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Read {
    /// Function 3 or 4.
    pub function: Function,
    /// First register on the wire.
    pub start: u16,
    /// Number of registers, 1 to 125.
    pub count: u16,
}

/// Takes the first whole request out of the buffer; `None` while it is not complete.
pub(super) fn take(framing: Framing, buffer: &mut Vec<u8>) -> Option<Result<Question, NotModbus>> {
    match framing {
        Framing::Tcp => take_tcp(buffer),
        Framing::Rtu => take_rtu(buffer).map(Ok),
    }
}

fn take_tcp(buffer: &mut Vec<u8>) -> Option<Result<Question, NotModbus>> {
    let [t1, t0, p1, p0, l1, l0] = *buffer.first_chunk::<PREFIX>()?;
    let length = usize::from(u16::from_be_bytes([l1, l0]));
    if (p1, p0) != (0, 0) || !(2..=LENGTH_MAX).contains(&length) {
        return Some(Err(NotModbus));
    }
    let question = match buffer.get(PREFIX..PREFIX + length)? {
        [unit, function, data @ ..] => Ok(Question {
            transaction: u16::from_be_bytes([t1, t0]),
            unit: *unit,
            function: *function,
            data: data.to_vec(),
        }),
        _ => Err(NotModbus),
    };
    buffer.drain(..PREFIX + length);
    Some(question)
}

/// The first frame whose checksum fits, wherever it begins: what stands before it is noise, or
/// the beginning of a question that its master gave up.
fn take_rtu(buffer: &mut Vec<u8>) -> Option<Question> {
    for offset in 0..buffer.len() {
        let Some(rest) = buffer.get(offset..) else { break };
        let Some(length) = request_length(rest) else { continue };
        let Some(frame) = rest.get(..length).filter(|frame| crc::fits(frame)) else { continue };
        let [unit, function, data @ .., _, _] = frame else { continue };
        let question =
            Question { transaction: 0, unit: *unit, function: *function, data: data.to_vec() };
        buffer.drain(..offset + length);
        return Some(question);
    }
    let old = buffer.len().saturating_sub(RTU_MAX);
    buffer.drain(..old);
    None
}

/// Length of a request that begins here. A real slave hears the silence behind it; a stream has
/// none, so the function tells. A function that does not tell ends with the bytes.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let function = *bytes.get(1)?;
    let length = match function {
        1..=6 => 8,
        IDENTIFY => 7,
        7 | 0x0B | 0x0C | 0x11 => 4,
        0x0F | 0x10 => 9 + usize::from(*bytes.get(6)?),
        _ => bytes.len().max(4),
    };
    (length <= bytes.len()).then_some(length)
}

/// A frame around the bytes of an answer.
pub(super) fn frame(framing: Framing, transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(pdu.len() + PREFIX + 1);
    match framing {
        Framing::Tcp => {
            let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
            frame.extend(transaction.to_be_bytes());
            frame.extend([0, 0]);
            frame.extend(length.to_be_bytes());
            frame.push(unit);
            frame.extend(pdu);
        }
        Framing::Rtu => {
            frame.push(unit);
            frame.extend(pdu);
            frame.extend(crc::crc(&frame));
        }
    }
    frame
}

impl Read {
    /// The frame that a master asks with, in RTU.
    pub(super) fn rtu_question(self, unit: u8) -> Vec<u8> {
        let mut pdu = vec![code_of(self.function)];
        pdu.extend(self.start.to_be_bytes());
        pdu.extend(self.count.to_be_bytes());
        frame(Framing::Rtu, 0, unit, &pdu)
    }
}

impl Question {
    /// The registers that are asked for, or the code of the refusal; `None` if it asks for
    /// something else.
    pub(super) fn read(&self) -> Option<Result<Read, u8>> {
        let function = match self.function {
            3 => Function::Holding,
            4 => Function::Input,
            _ => return None,
        };
        let [a1, a0, c1, c0] = *self.data.as_slice() else { return Some(Err(ILLEGAL_VALUE)) };
        let start = u16::from_be_bytes([a1, a0]);
        let count = u16::from_be_bytes([c1, c0]);
        let legal = (1..=REGISTERS_MAX).contains(&count);
        Some(if legal { Ok(Read { function, start, count }) } else { Err(ILLEGAL_VALUE) })
    }

    /// What is answered to anything but a read of registers.
    pub(super) fn other(&self, identity: Option<&Identity>) -> Vec<u8> {
        let answer = match identity {
            Some(identity) if self.function == IDENTIFY => identity.answer(&self.data),
            _ => Err(ILLEGAL_FUNCTION),
        };
        match answer {
            Ok(body) => [&[self.function], body.as_slice()].concat(),
            Err(code) => self.exception(code),
        }
    }

    /// The frame of the question itself.
    pub(super) fn echo(&self, framing: Framing) -> Vec<u8> {
        let pdu = [&[self.function], self.data.as_slice()].concat();
        frame(framing, self.transaction, self.unit, &pdu)
    }

    /// The bytes that refuse this question.
    pub(super) fn exception(&self, code: u8) -> Vec<u8> {
        vec![self.function | 0x80, code]
    }
}

/// The bytes of an answer to a read; `None` for silence and for what has no frame.
pub(super) fn pdu_of(read: Read, answer: &Answer) -> Option<Vec<u8>> {
    let function = code_of(read.function);
    match answer {
        Answer::Words(words) => {
            let mut pdu = Vec::with_capacity(2 + 2 * words.len());
            pdu.extend([function, u8::try_from(2 * words.len()).unwrap_or(u8::MAX)]);
            pdu.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            Some(pdu)
        }
        Answer::Exception(code) => Some(vec![function | 0x80, *code]),
        Answer::Silence | Answer::Raw(_) => None,
    }
}

const fn code_of(function: Function) -> u8 {
    match function {
        Function::Holding => 3,
        Function::Input => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_whole_or_not_at_all() {
        let whole = [0, 7, 0, 0, 0, 6, 1, 3, 0x7D, 0x50, 0, 2];
        for cut in 0..whole.len() {
            assert_eq!(take_tcp(&mut whole[..cut].to_vec()), None);
        }
        let mut two = [whole, whole].concat();
        let first = take_tcp(&mut two).expect("complete").expect("Modbus");
        assert_eq!((first.transaction, first.unit, first.function), (7, 1, 3));
        assert_eq!(two, whole);
    }

    #[test]
    fn what_is_not_modbus_is_said_so() {
        assert_eq!(take_tcp(&mut b"GET / HTTP/1.1".to_vec()), Some(Err(NotModbus)));
        assert_eq!(take_tcp(&mut vec![0, 1, 0, 0, 0, 1, 1]), Some(Err(NotModbus)));
        assert_eq!(take_tcp(&mut vec![0, 1, 0, 0, 1, 0, 1]), Some(Err(NotModbus)));
    }

    #[test]
    fn rtu_questions_are_found_in_pieces_and_behind_noise() {
        let whole = [1, 3, 0, 0, 0, 1, 0x84, 0x0A];
        for cut in 0..whole.len() {
            assert_eq!(take_rtu(&mut whole[..cut].to_vec()), None, "{cut}");
        }
        // Noise, a question that was given up, the whole one, and the beginning of the next.
        let mut line = [&[0xFF, 0x00, 0x2B][..], &whole[..5], &whole, &whole[..3]].concat();
        let found = take_rtu(&mut line).expect("found");
        assert_eq!((found.unit, found.function, found.data.as_slice()), (1, 3, &[0, 0, 0, 1][..]));
        assert_eq!(line, whole[..3]);
        let mut damaged = [1, 3, 0, 0, 0, 1, 0x84, 0x0B].to_vec();
        assert_eq!(take_rtu(&mut damaged), None);
        let mut flood = vec![0x55; 5000];
        assert_eq!(take_rtu(&mut flood), None);
        assert_eq!(flood.len(), RTU_MAX);
    }

    #[test]
    fn rtu_questions_of_other_functions() {
        // Report server id (0x11) has no data; 0x41 is a maker's own.
        for body in
            [&[9, 0x11][..], &[9, 0x2B, 0x0E, 1, 0], &[9, 0x10, 0, 1, 0, 1, 2, 0, 5], &[9, 0x41, 7]]
        {
            let mut line = [body, &crc::crc(body)].concat();
            let found = take_rtu(&mut line).expect("found");
            assert_eq!((found.unit, found.function), (9, body[1]));
            assert!(line.is_empty());
        }
    }

    #[test]
    fn frames_of_answers() {
        let read = Read { function: Function::Holding, start: 0x6B, count: 3 };
        assert_eq!(read.rtu_question(0x11), [0x11, 3, 0, 0x6B, 0, 3, 0x76, 0x87]);
        let pdu = pdu_of(read, &Answer::Words(vec![0x022B, 0, 0x64])).expect("words");
        assert_eq!(pdu, [3, 6, 2, 0x2B, 0, 0, 0, 0x64]);
        assert_eq!(
            frame(Framing::Tcp, 0x1234, 0x11, &pdu),
            [0x12, 0x34, 0, 0, 0, 9, 0x11, 3, 6, 2, 0x2B, 0, 0, 0, 0x64]
        );
        assert_eq!(pdu_of(read, &Answer::Exception(2)).expect("refused"), [0x83, 2]);
        assert_eq!(pdu_of(read, &Answer::Silence), None);
    }
}
