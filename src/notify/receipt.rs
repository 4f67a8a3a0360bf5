//! What the other side took a moment ago, noted beside the journal without a sync.
//!
//! The journal has it some milliseconds later, on disk. A program that is killed in between finds the
//! note and tells nobody twice; after a power cut the note may be gone, and the journal alone counts.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::alert::told;
use crate::journal::{Journal, JournalError, Kinds};
use crate::model::{Position, Timestamp};

use super::message::{Item, Message};

/// Where a channel notes what was taken.
pub(super) struct Receipt {
    channel: String,
    path: PathBuf,
}

/// One message that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken {
    channel: String,
    /// Of the journal in which the position means something.
    journal: String,
    through: u64,
    /// What it told, as the record of a delivery has it.
    pub(super) ids: Vec<String>,
    at_ms: i64,
}

impl Taken {
    pub(super) fn through(&self) -> Position {
        Position(self.through)
    }

    pub(super) fn at(&self) -> Timestamp {
        Timestamp::from_ms(self.at_ms)
    }
}

impl Receipt {
    pub(super) fn new(folder: &Path, channel: &str) -> Self {
        // Two names that become one are told apart by what stands in the file.
        let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let plain: String = channel.chars().map(sign).collect();
        Self { channel: channel.to_owned(), path: folder.join(format!("taken-{plain}.json")) }
    }

    /// Notes a message. One that cannot be noted is told once more after a kill, as without this.
    pub(super) fn note(&self, journal: &Journal, message: &Message, at: Timestamp) {
        let taken = Taken {
            channel: self.channel.clone(),
            journal: journal.identity().to_owned(),
            through: message.through().0,
            ids: message.ids(),
            at_ms: at.ms(),
        };
        let written = serde_json::to_vec(&taken).map(|bytes| std::fs::write(&self.path, bytes));
        if !matches!(written, Ok(Ok(()))) {
            tracing::debug!(channel = %self.channel, "what was taken could not be noted");
        }
    }

    /// What was taken after this place, if the journal has at its end what the note says.
    pub(super) async fn after(
        &self,
        journal: &Journal,
        place: Position,
    ) -> Result<Option<Taken>, JournalError> {
        let Some(taken) = self.read() else { return Ok(None) };
        let own = taken.channel == self.channel && taken.journal == journal.identity();
        if !own || taken.through() <= place {
            return Ok(None);
        }
        let before = Position(taken.through.saturating_sub(1));
        let mut reader = journal.reader_from(before, Kinds::Decisions);
        let found = reader.ready(1).await?.records.into_iter().find_map(|(position, record)| {
            let transition = told(&record, &self.channel)?;
            (position == taken.through()).then_some(Item { position, transition })
        });
        let last = found.and_then(|item| Message::new(&self.channel, vec![item]));
        let same = last.is_some_and(|last| last.ids().last() == taken.ids.last());
        Ok(same.then_some(taken))
    }

    fn read(&self) -> Option<Taken> {
        serde_json::from_slice(&std::fs::read(&self.path).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::digest::trial::item;
    use super::*;
    use crate::alert::{AlertRecord, Change};
    use crate::clock::SystemClock;
    use crate::journal;
    use crate::model::{Event, EventKind, Record, Severity};
    use crate::tally::Tally;

    /// A journal with two transitions, and the message of both.
    async fn world(folder: &Path) -> (Journal, Message) {
        let config = journal::Config { commit_wait_ms: 1, ..journal::Config::new(folder) };
        let journal = Journal::open(&config, Arc::new(SystemClock), Tally::new()).unwrap();
        let mut items = Vec::new();
        for device in ["inv-01", "inv-02"] {
            let Item { transition, .. } = item("PV002", device, Severity::Major, Change::Raised);
            let body = serde_json::json!({
                "change": "raised", "tell": true, "alert": AlertRecord::from(&transition.alert),
            });
            let time = transition.alert.raised;
            let event = Event { kind: EventKind::Alert, time, body: body.to_string() };
            journal.append(vec![Record::Event(event)]).await.unwrap();
            items.push(Item { position: journal.head(), transition });
        }
        (journal, Message::new("duty", items).unwrap())
    }

    #[tokio::test]
    async fn a_note_counts_for_its_channel_its_journal_and_its_record_only() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, message) = world(folder.path()).await;
        let (first, last) = (message.items[0].position, message.through());
        let receipt = Receipt::new(folder.path(), "duty");
        assert_eq!(receipt.after(&journal, first).await.unwrap(), None, "nothing was noted");
        receipt.note(&journal, &message, Timestamp::from_ms(7));
        let taken = receipt.after(&journal, first).await.unwrap().unwrap();
        assert_eq!((taken.through(), taken.at().ms(), &taken.ids), (last, 7, &message.ids()));
        assert_eq!(receipt.after(&journal, last).await.unwrap(), None, "the journal has it");

        let lay = |change: &dyn Fn(&mut Taken)| {
            let mut other = taken.clone();
            change(&mut other);
            std::fs::write(&receipt.path, serde_json::to_vec(&other).unwrap()).unwrap();
        };
        let strangers: [&dyn Fn(&mut Taken); 5] = [
            &|taken| taken.channel = "duty!".to_owned(),
            &|taken| taken.journal = "another".to_owned(),
            &|taken| taken.through += 1,
            &|taken| taken.through = u64::MAX,
            &|taken| taken.ids = vec!["PV002-inv-09-1 raised".to_owned()],
        ];
        for stranger in strangers {
            lay(stranger);
            assert_eq!(receipt.after(&journal, first).await.unwrap(), None);
        }
        std::fs::write(&receipt.path, b"{\"channel\":").unwrap();
        assert_eq!(receipt.after(&journal, first).await.unwrap(), None, "half of a note");
        journal.close();
    }
}
