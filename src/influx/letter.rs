//! Lines that a server refused for good, as they are kept: events of the journal.

use serde::{Deserialize, Serialize};

use crate::journal::{Journal, JournalError, Kinds};
use crate::model::{EventKind, Position, Record, Timestamp};

/// Events read at once.
const EVENTS_PER_READ: usize = 1000;

/// A line that was set aside, or a group of them that was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Name of the sink.
    pub sink: String,
    /// How many lines.
    pub lines: usize,
    /// The first of them, as it was sent.
    pub line: String,
    /// The device of the first.
    #[serde(default)]
    pub device: Option<String>,
    /// The earliest reading.
    #[serde(default)]
    pub from_ms: i64,
    /// The latest.
    #[serde(default)]
    pub to_ms: i64,
    /// Status of the server's answer.
    pub status: u16,
    /// The server's words.
    pub message: String,
}

/// A letter, and when and where it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its place in the journal.
    pub position: Position,
    /// When it was set aside.
    pub time: Timestamp,
    /// What it says.
    pub letter: Letter,
}

/// The letters of a sink after a place of the journal and up to another, oldest first, at most
/// `max`.
///
/// # Errors
/// [`JournalError::Storage`].
pub(super) async fn letters(
    journal: &Journal,
    sink: &str,
    after: Position,
    until: Position,
    max: usize,
) -> Result<Vec<Kept>, JournalError> {
    let mut reader = journal.reader_from(after, Kinds::Decisions);
    let mut found = Vec::new();
    while reader.position() < until {
        let before = reader.position();
        for (position, record) in reader.ready(EVENTS_PER_READ).await?.records {
            let Record::Event(event) = &*record else { continue };
            if event.kind != EventKind::DeadLetter || position > until {
                continue;
            }
            match serde_json::from_str::<Letter>(&event.body) {
                Ok(letter) if letter.sink == sink => {
                    found.push(Kept { position, time: event.time, letter });
                    if found.len() >= max {
                        return Ok(found);
                    }
                }
                Ok(_) => {}
                // Web hooks have such events, too.
                Err(error) => tracing::debug!(%error, "not a letter of InfluxDB"),
            }
        }
        if reader.position() == before {
            break;
        }
    }
    Ok(found)
}
