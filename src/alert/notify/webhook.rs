//! JSON posted to a web address, until it is taken.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::alert::record::AlertRecord;
use crate::alert::task::told;
use crate::alert::types::{Transition, WebhookConfig};
use crate::clock::SharedClock;
use crate::journal::{Cursor, Journal, JournalError, Kinds};
use crate::model::{Event, EventKind, Position, Record};
use crate::tally::{Happening, Tally};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before the journal is read again after an error.
const READ_PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// Times that an address may say "this message is wrong" before it is given up. A server that is
/// down, moved, or does not let us in is waited for without end, but no message for longer than
/// [`PATIENCE`]: the next ones matter more.
const REFUSALS_MAX: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// What is posted.
#[derive(Serialize)]
struct Message<'a> {
    /// The same for every try: the receiver can tell a repetition.
    id: String,
    change: &'static str,
    site: &'a str,
    alert: AlertRecord,
}

/// One address that is told of every alert.
pub struct Webhook {
    config: WebhookConfig,
    site: String,
    client: reqwest::Client,
    journal: Journal,
    clock: SharedClock,
    tally: Tally,
}

enum Outcome {
    Taken,
    /// The address refuses this message.
    Refused(String),
    /// Try again later.
    Later(String),
}

impl Webhook {
    /// A channel; nothing is sent before [`Webhook::run`].
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(
        config: WebhookConfig,
        site: &str,
        journal: Journal,
        clock: SharedClock,
        tally: Tally,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { config, site: site.to_owned(), client, journal, clock, tally })
    }

    fn cursor_name(&self) -> String {
        format!("webhook:{}", self.config.name)
    }

    /// Delivers until told to stop. A channel that is new begins now, not with the past.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let result = tokio::select! {
                () = stop.cancelled() => return,
                result = self.deliver() => result,
            };
            match result {
                Ok(()) | Err(JournalError::Closed) => return,
                // Its place is kept: it goes on from there.
                Err(error) => tracing::error!(channel = %self.config.name, %error, "channel waits"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(READ_PAUSE) => {}
            }
        }
    }

    async fn deliver(&self) -> Result<(), JournalError> {
        let name = self.cursor_name();
        if self.journal.cursor(&name)?.is_none() {
            self.store(self.journal.head(), Vec::new()).await?;
        }
        let mut reader = self.journal.reader(&name, Kinds::Decisions)?;
        loop {
            let batch = reader.next(100).await?;
            for (position, record) in &batch.records {
                if let Some(transition) = told(record, &self.config.name) {
                    self.until_taken(*position, &transition).await?;
                }
            }
            reader.done(batch.through).await;
        }
    }

    async fn until_taken(
        &self,
        position: Position,
        transition: &Transition,
    ) -> Result<(), JournalError> {
        let begin = Instant::now();
        let mut refusals = 0;
        let mut pause = PAUSE_MIN;
        loop {
            let (class, words) = match self.post(position, transition).await {
                Outcome::Taken => {
                    self.tally.count(Happening::Delivered, &self.config.name);
                    return self.store(position, Vec::new()).await;
                }
                Outcome::Refused(words) => {
                    refusals += 1;
                    ("refused", words)
                }
                Outcome::Later(words) => ("unavailable", words),
            };
            self.tally.count(Happening::SinkError, &format!("{}:{class}", self.config.name));
            tracing::warn!(channel = %self.config.name, %words, "message not taken");
            if refusals >= REFUSALS_MAX || begin.elapsed() > PATIENCE {
                return self.give_up(position, transition, &words).await;
            }
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.8..1.2))).await;
            pause = pause.saturating_mul(2).min(PAUSE_MAX);
        }
    }

    async fn give_up(
        &self,
        position: Position,
        transition: &Transition,
        words: &str,
    ) -> Result<(), JournalError> {
        tracing::error!(channel = %self.config.name, alert = %transition.alert.id, "message given up");
        self.tally.count(Happening::DeadLetter, &self.config.name);
        let body = serde_json::json!({
            "channel": self.config.name, "alert": transition.alert.id,
            "change": transition.change.as_str(), "answer": words,
        });
        let time = self.clock.now();
        let event = Event { kind: EventKind::NotifyGivenUp, time, body: body.to_string() };
        self.store(position, vec![Record::Event(event)]).await
    }

    async fn store(&self, position: Position, records: Vec<Record>) -> Result<(), JournalError> {
        let cursor = Cursor::new(self.cursor_name(), position, None);
        loop {
            match self.journal.append_with_cursor(records.clone(), cursor.clone()).await {
                Ok(_) => return Ok(()),
                Err(JournalError::Closed) => return Err(JournalError::Closed),
                // Better told twice after a crash on a full disk than not at all.
                Err(error) => {
                    tracing::warn!(%error, "the channel's place waits for the disk");
                    tokio::time::sleep(PAUSE_MIN).await;
                }
            }
        }
    }

    async fn post(&self, position: Position, transition: &Transition) -> Outcome {
        let message = Message {
            id: format!("{}-{}-{}", transition.alert.id, transition.change.as_str(), position.0),
            change: transition.change.as_str(),
            site: &self.site,
            alert: (&transition.alert).into(),
        };
        let mut request = self
            .client
            .post(&self.config.url)
            .header("Idempotency-Key", &message.id)
            .json(&message);
        if let Some(authorization) = &self.config.authorization {
            request = request.header("Authorization", authorization);
        }
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Outcome::Taken,
            Ok(answer) => {
                let status = answer.status();
                let words = format!("HTTP {status}");
                // Only these speak of the message; the others of the address, the key, the server.
                let refused = matches!(status.as_u16(), 400 | 406 | 413 | 415 | 422);
                if refused { Outcome::Refused(words) } else { Outcome::Later(words) }
            }
            // The address may hold a key: it must not reach the log.
            Err(error) => Outcome::Later(error.without_url().to_string()),
        }
    }
}
