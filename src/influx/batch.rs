//! Readings gathered into the lines of one body.

use std::ops::Range;

use tokio::time::{Instant, timeout_at};

use crate::journal::{self, JournalError, Reader};
use crate::model::{DeviceId, Position, Reading, Record, Timestamp};

use super::config::Limits;
use super::line::Encoder;

/// Where a line is, and which reading it is of.
#[derive(Debug, Clone)]
struct Line {
    device: DeviceId,
    time: Timestamp,
    bytes: Range<usize>,
}

/// Lines in order, and how far the journal has been seen with them.
#[derive(Debug, Clone, Default)]
pub(super) struct Batch {
    body: String,
    lines: Vec<Line>,
    /// Readings of which nothing is sent.
    pub(super) without_line: Vec<(DeviceId, Timestamp)>,
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
    /// An empty one, with everything up to a position done.
    pub(super) fn from(position: Position) -> Self {
        Self { through: position, ..Self::default() }
    }

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

    /// The devices of the lines and the times of their readings.
    pub(super) fn origins(&self) -> impl Iterator<Item = (&DeviceId, Timestamp)> {
        self.lines.iter().map(|line| (&line.device, line.time))
    }

    /// The device of a line, and the time of its reading.
    pub(super) fn origin(&self, line: usize) -> Option<(&DeviceId, Timestamp)> {
        self.lines.get(line).map(|line| (&line.device, line.time))
    }

    /// Takes a reading; false, and nothing taken, when the body is full.
    pub(super) fn push(
        &mut self,
        reading: &Reading,
        encoder: &mut Encoder,
        limits: &Limits,
    ) -> bool {
        let start = self.body.len();
        if encoder.encode(reading, &mut self.body) {
            let full = self.body.len() > limits.bytes_max || self.lines.len() >= limits.lines_max;
            if full && !self.lines.is_empty() {
                self.body.truncate(start);
                self.full = true;
                return false;
            }
            let (device, time) = (reading.device.clone(), reading.time);
            self.lines.push(Line { device, time, bytes: start..self.body.len() });
        } else {
            self.without_line.push((reading.device.clone(), reading.time));
        }
        self.readings += 1;
        self.oldest.get_or_insert(reading.received);
        true
    }

    /// Takes a line as it was sent before; false, and nothing taken, when the body is full.
    pub(super) fn push_line(
        &mut self,
        line: &str,
        device: DeviceId,
        time: Timestamp,
        limits: &Limits,
    ) -> bool {
        let start = self.body.len();
        let full = start + line.len() >= limits.bytes_max || self.lines.len() >= limits.lines_max;
        if full && !self.lines.is_empty() {
            self.full = true;
            return false;
        }
        self.body.push_str(line);
        self.body.push('\n');
        self.lines.push(Line { device, time, bytes: start..self.body.len() });
        self.readings += 1;
        true
    }

    /// Takes records up to `end`, until a limit is reached; false when it is.
    fn take(
        &mut self,
        part: journal::Batch,
        end: Position,
        encoder: &mut Encoder,
        limits: &Limits,
    ) -> bool {
        for (position, record) in part.records {
            if position > end {
                self.through = end;
                return true;
            }
            if let Record::Reading(reading) = &*record
                && !self.push(reading, encoder, limits)
            {
                return false;
            }
            self.through = position;
        }
        self.through = part.through.min(end);
        self.full = self.lines.len() >= limits.lines_max;
        !self.full
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
    let mut batch = Batch::from(reader.position());
    let end = Position(u64::MAX);
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
        if !batch.take(part, end, encoder, limits) {
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

/// Gathers a body of what is in the journal up to `end`, without waiting.
pub(super) async fn gather_until(
    reader: &mut Reader,
    end: Position,
    encoder: &mut Encoder,
    limits: &Limits,
) -> Result<Batch, JournalError> {
    let mut batch = Batch::from(reader.position());
    while batch.through < end {
        let room = limits.lines_max.saturating_sub(batch.len());
        let part = reader.ready(room).await?;
        if part.records.is_empty() && part.through <= batch.through {
            // The journal ends before: nothing is owed there.
            batch.through = end;
            break;
        }
        if !batch.take(part, end, encoder, limits) {
            break;
        }
    }
    Ok(batch)
}
