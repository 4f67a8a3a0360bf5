//! Which bytes on a stream are the awaited answer, and what all the others are. Pure.
//!
//! Nothing is taken on trust: the unit, the function, the number of registers and the checksum
//! (or the transaction) of an answer must be those of the question. What is left over is named,
//! so that a person can see that a line is noisy or that somebody else is asking on it.
//!
//! Architecture invariant: no I/O, no clock; bytes in, findings out.

mod crc;
mod rtu;
mod tcp;

pub use rtu::RtuScanner;
pub use tcp::TcpScanner;

/// Function code of "read device identification".
pub(super) const IDENTIFICATION: u8 = 0x2B;
/// Set in the function code of a refusal.
pub(super) const REFUSAL: u8 = 0x80;

/// What was asked, as far as it tells its answer from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Unit that was asked.
    pub unit: u8,
    /// Function code: 3, 4 or 0x2B.
    pub function: u8,
    /// Registers that were asked for; 0 for an identification.
    pub registers: u16,
    /// The whole frame as it was sent.
    pub frame: Vec<u8>,
}

/// What kind of frame somebody sent, by its unit, function and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// Unit.
    pub unit: u8,
    /// Function code, without the refusal bit.
    pub function: u8,
    /// Registers; 0 for a refusal or an identification.
    pub registers: u16,
}

impl Question {
    /// The shape of its answer.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        Shape { unit: self.unit, function: self.function, registers: self.registers }
    }
}

/// What was found at the head of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The frame that fits the question: an answer or a refusal.
    Answer(Vec<u8>),
    /// Our own question, sent back by a two-wire adapter.
    Echo,
    /// A whole answer to something else, or of somebody else.
    Answered(Shape),
    /// An answer of the awaited unit to the awaited function that does not fit the question.
    Misfit(Shape),
    /// Somebody else's question.
    Asked(Shape),
    /// Bytes that are no frame.
    Noise(usize),
    /// A frame of the awaited shape with a wrong checksum, as many bytes as it took.
    BadChecksum(usize),
    /// The stream has lost its meaning: only a new connection helps.
    Lost,
}

/// Takes bytes, gives findings.
#[derive(Debug)]
pub enum Scanner {
    /// RTU frames.
    Rtu(RtuScanner),
    /// Modbus TCP frames.
    Tcp(TcpScanner),
}

impl Scanner {
    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Rtu(scanner) => scanner.push(bytes),
            Self::Tcp(scanner) => scanner.push(bytes),
        }
    }

    /// The next finding; `None` until more bytes come. `quiet` says that nothing has come for a
    /// while, so that what is incomplete will stay so.
    pub fn next(&mut self, question: Option<&Question>, quiet: bool) -> Option<Seen> {
        match self {
            Self::Rtu(scanner) => scanner.next(question, quiet),
            Self::Tcp(scanner) => scanner.next(question),
        }
    }

    /// Bytes that are not understood yet.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        match self {
            Self::Rtu(scanner) => scanner.waiting(),
            Self::Tcp(scanner) => scanner.waiting(),
        }
    }

    /// Throws away what is not understood, and says how much it was.
    pub fn clear(&mut self) -> usize {
        match self {
            Self::Rtu(scanner) => scanner.clear(),
            Self::Tcp(scanner) => scanner.clear(),
        }
    }
}

/// Length of the answer to an identification, from its function code on; `None` while it is not
/// all there, `Some(Err)` when it is none.
fn identification_len(pdu: &[u8]) -> Option<Result<usize, ()>> {
    /// Function, MEI type, read code, conformity, more, next object, number of objects.
    const HEAD: usize = 7;
    if pdu.get(1).is_some_and(|mei| *mei != 0x0E) {
        return Some(Err(()));
    }
    let objects = *pdu.get(HEAD - 1)?;
    let mut length = HEAD;
    for _ in 0..objects {
        let object = usize::from(*pdu.get(length + 1)?);
        length += 2 + object;
        if length > 253 {
            return Some(Err(()));
        }
    }
    Some(Ok(length))
}
