//! Readings gathered into the lines of one body.

use std::ops::Range;

use tokio::time::{Instant, timeout_at};

use crate::journal::{self, JournalError, Reader};
use crate::model::{Position, Record, Timestamp};

use super::config::Limits;
use super::line::Encoder;

/// Where a line is, and which record it is of.
#[derive(Debug, Clone)]
struct Line {
    position: Position,
    bytes: Range<usize>,
}

/// Lines in order, and how far the journal has been seen with them.
#[derive(Debug, Clone, Default)]
pub(super) struct Batch {
    body: String,
    lines: Vec<Line>,
    /// Readings seen, those without a line included.
    pub(super) readings: usize,
    /// Everything up to here is in this batch or needs no line.
    pub(super) through: Position,
    /// When the first reading reached us.
    pub(super) oldest: Option<Timestamp>,
    /// A limit was reached: more is waiting.
    pub(super) full: bool,
}

impl Batch {
    /// Number of lines.
    pub(super) const fn len(&self) -> usize {
        self.lines.len()
    }

    /// The text of some lines.
    pub(super) fn text(&self, lines: &Range<usize>) -> &str {
        let lines = self.lines.get(lines.clone()).unwrap_or_default();
        let start = lines.first().map_or(0, |line| line.bytes.start);
        let end = lines.last().map_or(0, |line| line.bytes.end);
        self.body.get(start..end).unwrap_or_default()
    }

    /// The position of a line's record.
    pub(super) fn position(&self, line: usize) -> Position {
        self.lines.get(line).map_or(self.through, |line| line.position)
    }

    /// Takes records until a limit is reached; false when it is.
    fn take(&mut self, part: journal::Batch, encoder: &mut Encoder, limits: &Limits) -> bool {
        for (position, record) in part.records {
            if let Record::Reading(reading) = &*record {
                let start = self.body.len();
                if encoder.encode(reading, &mut self.body) {
                    if self.body.len() > limits.bytes_max && !self.lines.is_empty() {
                        self.body.truncate(start);
                        return false;
                    }
                    self.lines.push(Line { position, bytes: start..self.body.len() });
                }
                self.readings += 1;
                self.oldest.get_or_insert(reading.received);
            }
            self.through = position;
        }
        self.through = part.through;
        self.lines.len() < limits.lines_max
    }
}

/// Gathers the next body. Waits for the first reading; then, once everything is read, for others
/// to come, at most as long as the limits say. Cancel-safe as long as the reader is sent back to
/// the cursor before the next call.
pub(super) async fn gather(
    reader: &mut Reader,
    encoder: &mut Encoder,
    limits: &Limits,
) -> Result<Batch, JournalError> {
    let mut batch = Batch { through: reader.position(), ..Batch::default() };
    let mut deadline = None;
    loop {
        let room = limits.lines_max.saturating_sub(batch.len());
        let part = match deadline {
            None => reader.next(room).await?,
            Some(deadline) => match timeout_at(deadline, reader.next(room)).await {
                Ok(part) => part?,
                Err(_) => return Ok(batch),
            },
        };
        if !batch.take(part, encoder, limits) {
            batch.full = true;
            reader.seek(batch.through);
            return Ok(batch);
        }
        if batch.readings == 0 {
            // Only other records went by; the cursor goes on without a request.
            return Ok(batch);
        }
        deadline.get_or_insert_with(|| Instant::now() + limits.gather);
    }
}
