//! The frames of Modbus TCP, from the answering side: questions out of a byte stream, and the
//! bytes of answers. Reads of registers only.

use crate::profile::Function;

use super::image::RegisterImage;

const ILLEGAL_FUNCTION: u8 = 1;
const ILLEGAL_ADDRESS: u8 = 2;
const ILLEGAL_VALUE: u8 = 3;
/// A gateway's word for a unit that it cannot reach.
pub(super) const NO_SUCH_TARGET: u8 = 0x0B;
const REGISTERS_MAX: u16 = 125;
/// Transaction, protocol and length.
const PREFIX: usize = 6;
/// Unit and at most 253 bytes.
const LENGTH_MAX: usize = 254;

/// A frame that cannot be Modbus TCP; the stream has no meaning from here on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotModbus;

/// One request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) transaction: u16,
    pub(super) unit: u8,
    function: u8,
    data: Vec<u8>,
}

/// Takes the first whole request out of the buffer; `None` while it is not complete.
pub(super) fn take_question(buffer: &mut Vec<u8>) -> Option<Result<Question, NotModbus>> {
    let [t1, t0, p1, p0, l1, l0] = *buffer.first_chunk::<PREFIX>()?;
    let length = usize::from(u16::from_be_bytes([l1, l0]));
    if (p1, p0) != (0, 0) || !(2..=LENGTH_MAX).contains(&length) {
        return Some(Err(NotModbus));
    }
    if buffer.len() < PREFIX + length {
        return None;
    }
    let frame: Vec<u8> = buffer.drain(..PREFIX + length).skip(PREFIX).collect();
    let [unit, function, data @ ..] = frame.as_slice() else { return Some(Err(NotModbus)) };
    let transaction = u16::from_be_bytes([t1, t0]);
    Some(Ok(Question { transaction, unit: *unit, function: *function, data: data.to_vec() }))
}

impl Question {
    /// The frame that answers this question from an image. `extra` words are added (or, when
    /// negative, taken away) for tests; the frame itself stays well-formed.
    pub(super) fn answer(&self, image: &RegisterImage, extra: i8) -> Vec<u8> {
        let function = match self.function {
            3 => Function::Holding,
            4 => Function::Input,
            _ => return self.exception(ILLEGAL_FUNCTION),
        };
        let [a1, a0, c1, c0] = *self.data.as_slice() else { return self.exception(ILLEGAL_VALUE) };
        let address = u16::from_be_bytes([a1, a0]);
        let count = u16::from_be_bytes([c1, c0]);
        if !(1..=REGISTERS_MAX).contains(&count) {
            return self.exception(ILLEGAL_VALUE);
        }
        let Some(mut words) = image.read(function, address, count) else {
            return self.exception(ILLEGAL_ADDRESS);
        };
        words.resize(words.len().saturating_add_signed(isize::from(extra)), 0);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        self.frame(&[&[self.function, length], bytes.as_slice()].concat())
    }

    /// The frame that refuses this question.
    pub(super) fn exception(&self, code: u8) -> Vec<u8> {
        self.frame(&[self.function | 0x80, code])
    }

    fn frame(&self, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 1).unwrap_or(u16::MAX);
        let mut frame = self.transaction.to_be_bytes().to_vec();
        frame.extend([0, 0]);
        frame.extend(length.to_be_bytes());
        frame.push(self.unit);
        frame.extend(body);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_whole_or_not_at_all() {
        let whole = [0, 7, 0, 0, 0, 6, 1, 3, 0x7D, 0x50, 0, 2];
        for cut in 0..whole.len() {
            assert_eq!(take_question(&mut whole[..cut].to_vec()), None);
        }
        let mut two = [whole, whole].concat();
        let first = take_question(&mut two).expect("complete").expect("Modbus");
        assert_eq!((first.transaction, first.unit, first.function), (7, 1, 3));
        assert_eq!(two, whole);
    }

    #[test]
    fn what_is_not_modbus_is_said_so() {
        assert_eq!(take_question(&mut b"GET / HTTP/1.1".to_vec()), Some(Err(NotModbus)));
        assert_eq!(take_question(&mut vec![0, 1, 0, 0, 0, 1, 1]), Some(Err(NotModbus)));
        assert_eq!(take_question(&mut vec![0, 1, 0, 0, 1, 0, 1]), Some(Err(NotModbus)));
    }
}
