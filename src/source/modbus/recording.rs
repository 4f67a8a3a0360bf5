//! A device's traffic as a file: one line an exchange, to be read, compared and corrected by
//! people, and to be served again by the virtual field.
//!
//! ```text
//! hallwatch recording 1
//! device: inv-03
//! profile: huawei-sun2000
//! unit: 1
//! transport: tcp
//! date: 2026-07-14T02:30:00Z
//! hallwatch: 0.1.0
//!
//! +12.345s  1  03 7D50 0002 -> 0000BB5F  35ms
//! +12.400s  1  03 7D60 0001 -> !02  12ms
//! +13.500s  1  04 0000 0001 -> ~  1000ms
//! +14.600s  1  03 7D50 0002 -> ?0183FF  20ms
//! ```
//!
//! An exchange is: time since the beginning, unit, function, first register and number of
//! registers (hexadecimal, as on the wire), the answer, and how long it took. An answer is the
//! registers, `!` and the code of an exception, `~` for silence, or `?` and bytes that are no
//! answer. What follows a `#` is a comment.

use std::fmt;

use crate::model::{Mistake, Timestamp};
use crate::profile::Function;

mod parse;
mod tape;

pub use tape::{KNOWN, Tape};

/// The first line of every recording.
const TITLE: &str = "hallwatch recording 1";

/// What came back to a question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The registers.
    Words(Vec<u16>),
    /// A refusal with this code.
    Exception(u8),
    /// Nothing in time.
    Silence,
    /// Bytes that are no answer.
    Raw(Vec<u8>),
}

/// A question and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Time of the question since the beginning, milliseconds.
    pub at_ms: u64,
    /// Unit that was asked.
    pub unit: u8,
    /// Function 3 or 4.
    pub function: Function,
    /// First register on the wire.
    pub start: u16,
    /// Number of registers.
    pub count: u16,
    /// What came back.
    pub answer: Answer,
    /// Time until it was there, or until it was given up, milliseconds.
    pub took_ms: u64,
}

/// Where a recording comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Id of the device.
    pub device: String,
    /// Id of its profile.
    pub profile: String,
    /// Its unit on the wire.
    pub unit: u8,
    /// How it was reached, the word of the configuration: `tcp`, `serial` and so on.
    pub transport: String,
    /// When it began.
    pub date: Timestamp,
    /// Version of the program that wrote it.
    pub hallwatch: String,
}

/// A device's traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Where it comes from.
    pub header: Header,
    /// In the order of their times.
    pub exchanges: Vec<Exchange>,
}

impl Recording {
    /// Reads the text of a recording; `file` is its name for the mistakes.
    ///
    /// # Errors
    /// All mistakes of the text, or the one that it is no recording.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Mistake>> {
        parse::recording(file, text)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => words.iter().try_for_each(|word| write!(f, "{word:04X}")),
            Self::Exception(code) => write!(f, "!{code:02X}"),
            Self::Silence => f.write_str("~"),
            Self::Raw(bytes) => {
                f.write_str("?")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }
    }
}

/// One line, without its end.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at_ms, unit, function, start, count, answer, took_ms } = self;
        let function = match function {
            Function::Holding => 3,
            Function::Input => 4,
        };
        let (s, ms) = (at_ms / 1000, at_ms % 1000);
        write!(f, "+{s}.{ms:03}s  {unit}  {function:02X} {start:04X} {count:04X}")?;
        write!(f, " -> {answer}  {took_ms}ms")
    }
}

/// All lines before the first exchange, with their ends.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = jiff::Timestamp::from_millisecond(self.date.ms()).unwrap_or_default();
        writeln!(f, "{TITLE}")?;
        writeln!(f, "device: {}", one_line(&self.device))?;
        writeln!(f, "profile: {}", one_line(&self.profile))?;
        writeln!(f, "unit: {}", self.unit)?;
        writeln!(f, "transport: {}", one_line(&self.transport))?;
        writeln!(f, "date: {date}")?;
        writeln!(f, "hallwatch: {}", one_line(&self.hallwatch))?;
        writeln!(f)
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.header)?;
        self.exchanges.iter().try_for_each(|exchange| writeln!(f, "{exchange}"))
    }
}

/// A name that would break the line becomes one that does not.
fn one_line(words: &str) -> String {
    words.replace(char::is_control, " ").trim().to_owned()
}

#[cfg(test)]
mod tests;
