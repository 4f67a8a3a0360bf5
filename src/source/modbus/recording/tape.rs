//! Writing down what is heard on a line.

use std::fmt::Write as _;

use tokio::time::Instant;

use crate::profile::Function;

use super::super::decode::RegisterImage;
use super::super::monitor::{Heard, HeardAnswer};
use super::{Answer, Exchange};

/// The end of a line that was not asked for during the recording.
pub const KNOWN: &str = "  # read before";

/// One unit's traffic, on its way into a file.
#[derive(Debug, Clone)]
pub struct Tape {
    unit: u8,
    begun: Instant,
}

impl Tape {
    /// A recording of this unit that begins now.
    #[must_use]
    pub fn begin(unit: u8) -> Self {
        Self { unit, begun: Instant::now() }
    }

    /// The line of an exchange with its end; `None` for other units, and for questions that are
    /// not for registers.
    #[must_use]
    pub fn line(&self, heard: &Heard) -> Option<String> {
        let function = match heard.shape.function {
            3 => Function::Holding,
            4 => Function::Input,
            _ => return None,
        };
        if heard.shape.unit != self.unit {
            return None;
        }
        let (answer, comment) = match &heard.answer {
            HeardAnswer::Words(words) => (Answer::Words(words.clone()), ""),
            HeardAnswer::Exception(code) => (Answer::Exception(*code), ""),
            HeardAnswer::Silence => (Answer::Silence, ""),
            HeardAnswer::Closed => (Answer::Silence, "  # connection closed"),
            HeardAnswer::Garbage(bytes) if bytes.is_empty() => (Answer::Silence, ""),
            HeardAnswer::Garbage(bytes) => (Answer::Raw(bytes.clone()), ""),
        };
        let asked = heard.at.checked_sub(heard.took).unwrap_or(self.begun);
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let exchange = Exchange {
            at_ms: ms(asked.saturating_duration_since(self.begun)),
            unit: self.unit,
            function,
            start: heard.start,
            count: heard.shape.registers,
            answer,
            took_ms: ms(heard.took),
        };
        Some(format!("{exchange}{comment}\n"))
    }

    /// What was read before the recording began, so that it holds what is asked once in an hour, too.
    #[must_use]
    pub fn known<'a>(unit: u8, images: impl IntoIterator<Item = &'a RegisterImage>) -> String {
        let line = |image: &RegisterImage| {
            let exchange = Exchange {
                at_ms: 0,
                unit,
                function: image.function(),
                start: image.start(),
                count: u16::try_from(image.all().len()).unwrap_or(u16::MAX),
                answer: Answer::Words(image.all().to_vec()),
                took_ms: 0,
            };
            format!("{exchange}{KNOWN}\n")
        };
        images.into_iter().map(line).collect()
    }

    /// A comment where exchanges were missed.
    #[must_use]
    pub fn missed(exchanges: u64) -> String {
        let mut line = String::new();
        let written = writeln!(line, "# {exchanges} exchanges of the line were missed here");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
        line
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::frames::Shape;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_heard_becomes_lines_that_can_be_read() {
        let tape = Tape::begin(7);
        tokio::time::advance(Duration::from_millis(1_250)).await;
        let heard = |unit, function, answer| Heard {
            at: Instant::now(),
            shape: Shape { unit, function, registers: 2 },
            start: 0x7D50,
            took: Duration::from_millis(50),
            answer,
        };
        let words = HeardAnswer::Words(vec![0, 0xBB5F]);
        let line = tape.line(&heard(7, 3, words.clone()));
        assert_eq!(line.as_deref(), Some("+1.200s  7  03 7D50 0002 -> 0000BB5F  50ms\n"));
        let closed = tape.line(&heard(7, 4, HeardAnswer::Closed));
        let expected = "+1.200s  7  04 7D50 0002 -> ~  50ms  # connection closed\n";
        assert_eq!(closed.as_deref(), Some(expected));
        let garbage = tape.line(&heard(7, 4, HeardAnswer::Garbage(vec![1, 0x83])));
        assert_eq!(garbage.as_deref(), Some("+1.200s  7  04 7D50 0002 -> ?0183  50ms\n"));
        let before = [RegisterImage::new(Function::Holding, 0x7530, vec![0x4155, 0x3031])];
        assert_eq!(
            Tape::known(7, &before),
            "+0.000s  7  03 7530 0002 -> 41553031  0ms  # read before\n"
        );
        assert_eq!(tape.line(&heard(8, 3, words.clone())), None, "of another unit");
        assert_eq!(tape.line(&heard(7, 43, words)), None, "an identification");
        assert_eq!(Tape::missed(3), "# 3 exchanges of the line were missed here\n");
    }
}
