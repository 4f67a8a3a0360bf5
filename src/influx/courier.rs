//! The requests of a sink: each until there is a verdict, with the pauses between.
//!
//! Apart from the reader of the journal, which one task at a time may look at. Each lane has a
//! courier of its own, so that one that waits or searches does not hold up the other.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::journal::JournalError;

use super::answer::{Answer, Fault, Named, Poison, Refusal};
use super::batch::Batch;
use super::lanes::Lanes;
use super::pace::Pace;
use super::setup;
use super::shared::{Lane, Shared};
use super::sink::Sink;
use super::status::Class;
use super::trial::{Condemned, Trial, Verdict};

/// What a request in flight is given at shutdown. The cursor tells the rest next time.
const LAST_REQUEST: Duration = Duration::from_secs(1);
/// How often the status is refreshed while waiting.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// The program is stopping, or the journal was closed.
pub(super) struct Stopped;

/// How the lines of a body ended.
pub(super) enum Settled {
    /// Stored, except for these.
    Done(Vec<Condemned>),
    /// The server takes nothing: the same readings again, later.
    Later,
}

/// Carries one batch after the other to the server.
pub(super) struct Courier {
    pub(super) sink: Sink,
    pub(super) stop: CancellationToken,
    /// Which of the two ways it goes.
    pub(super) lane: Lane,
    pub(super) shared: Arc<Shared>,
    /// What is being delivered.
    pub(super) batch: Batch,
    /// A line that the server took: sent again, it changes nothing and shows whether the server
    /// takes anything at all.
    pub(super) witness: Option<String>,
    /// Lines that are set aside already, while a job sends old ones: they are not set aside again.
    pub(super) known: HashSet<String>,
}

impl Courier {
    pub(super) fn new(
        sink: Sink,
        stop: CancellationToken,
        lane: Lane,
        shared: Arc<Shared>,
    ) -> Self {
        let (batch, known) = (Batch::default(), HashSet::new());
        Self { sink, stop, lane, shared, batch, witness: None, known }
    }

    pub(super) fn name(&self) -> &str {
        &self.sink.config.name
    }

    /// Keeps the last line of what was stored.
    pub(super) fn remember(&mut self, lines: &Range<usize>) {
        let last = lines.end.saturating_sub(1)..lines.end;
        self.witness = Some(self.batch.text(&last).to_owned());
    }

    /// Sends some lines until the server has said yes or no to them.
    pub(super) async fn send(
        &mut self,
        lines: &Range<usize>,
        patience: u32,
    ) -> Result<Verdict, Stopped> {
        let mut pace = self.sink.pace();
        let mut errors = 0;
        loop {
            match self.ask(self.batch.text(lines)).await? {
                Answer::Done => return Ok(Verdict::Stored),
                Answer::Poison(poison) => {
                    return Ok(Verdict::Refused(self.checked(poison, lines)));
                }
                Answer::TooLarge(poison) => return Ok(Verdict::TooLarge(poison)),
                Answer::Busy { retry_after, detail } => {
                    self.trouble(Class::Busy, None, detail);
                    let pause = pace.pause();
                    self.wait(retry_after.map_or(pause, |asked| asked.max(pause))).await?;
                }
                Answer::Refused { why, detail } => self.refused(why, detail, &mut pace).await?,
                Answer::Failed { fault, detail } => {
                    self.trouble(Class::Failed(fault), None, detail.clone());
                    errors = if fault == Fault::Server { errors + 1 } else { 0 };
                    if errors >= patience && self.others_are_taken().await? {
                        // The server is well but for these lines.
                        return Ok(Verdict::Refused(unexplained(detail)));
                    }
                    self.wait(pace.pause()).await?;
                }
            }
        }
    }

    /// Sends the lines of the batch until each is stored or condemned.
    pub(super) async fn settle(&mut self) -> Result<Settled, Stopped> {
        let most = self.sink.config.limits.search_requests_max;
        let mut trial = Trial::new(self.batch.len(), most);
        while let Some(lines) = trial.next() {
            let patience = trial.patience(&lines);
            let verdict = self.send(&lines, patience).await?;
            let words = match &verdict {
                Verdict::Stored => {
                    self.remember(&lines);
                    String::new()
                }
                Verdict::Refused(poison) => {
                    self.trouble(Class::Poison, None, poison.message.clone());
                    poison.message.clone()
                }
                Verdict::TooLarge(poison) => {
                    self.trouble(Class::TooLarge, None, poison.message.clone());
                    poison.message.clone()
                }
            };
            trial.judge(lines, verdict);
            if trial.in_doubt(self.witness.is_some()) {
                if !self.witness_is_taken().await? {
                    self.trouble(Class::AllRefused, None, words);
                    return Ok(Settled::Later);
                }
                trial.trust();
            }
        }
        Ok(Settled::Done(trial.end()))
    }

    /// A line that the server names has to be the one that we sent in that place; else all are
    /// searched.
    fn checked(&self, mut poison: Poison, lines: &Range<usize>) -> Poison {
        let right = |named: &Named| {
            let line = lines.start.saturating_add(named.line);
            let text = self.batch.text(&(line..line.saturating_add(1)));
            lines.contains(&line)
                && text.starts_with(named.start.trim_end_matches(['.', '\u{2026}']))
        };
        if !poison.named.iter().all(right) {
            poison.named.clear();
        }
        poison
    }

    /// Nothing was taken: after a pause it is tried again.
    pub(super) async fn later(&self, pace: &mut Pace) -> Result<(), Stopped> {
        let least = self.sink.config.limits.refused_pause;
        self.wait(pace.pause().max(least)).await
    }

    /// Changes the sink's place. It is right in memory even when it cannot be stored.
    pub(super) async fn change(&self, change: impl Fn(&mut Lanes)) -> Result<(), Stopped> {
        match self.shared.change(&self.sink.journal, &[], &[], &change).await {
            Ok(()) => {}
            Err(JournalError::Closed) => return Err(Stopped),
            Err(error) => {
                self.trouble(Class::Journal, None, error.to_string());
                self.shared.change_unstored(&[], change).await;
            }
        }
        self.shared.wake.notify_one();
        Ok(())
    }

    /// What the journal has dropped before it could be sent is left to a job, which sends it from the
    /// history.
    pub(super) async fn step_over(&self) -> Result<(), Stopped> {
        let cursor = self.shared.look(Lanes::cursor);
        if self.sink.journal.status().cut <= cursor {
            return Ok(());
        }
        let dropped = match self.sink.journal.dropped(cursor) {
            Ok(dropped) => dropped,
            Err(error) => {
                self.trouble(Class::Journal, None, error.to_string());
                None
            }
        };
        let Some(dropped) = dropped.filter(|dropped| dropped.through > cursor) else {
            return Ok(());
        };
        tracing::warn!(sink = %self.name(), through = dropped.through.0,
            "the journal had to drop what this sink did not have; the history sends it");
        self.change(|lanes| lanes.step_over(dropped)).await
    }

    /// Waits for a person, or makes what is missing.
    pub(super) async fn refused(
        &mut self,
        why: Refusal,
        detail: String,
        pace: &mut Pace,
    ) -> Result<(), Stopped> {
        let slowly = self.sink.config.limits.refused_pause;
        self.trouble(Class::Refused(why), None, detail);
        if why != Refusal::NoDatabase {
            return self.wait(slowly).await;
        }
        match self.set_up().await? {
            Ok(()) => self.wait(pace.pause()).await,
            Err(unable) => {
                self.trouble(Class::Refused(why), Some(unable.text), unable.detail);
                self.wait(slowly).await
            }
        }
    }

    pub(super) async fn set_up(&self) -> Result<Result<(), setup::Unable>, Stopped> {
        let sink = &self.sink;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Stopped),
            done = setup::ensure(&sink.config, &sink.client) => Ok(done),
        }
    }

    /// Whether the server is well and takes what it took before. Without anything that it took
    /// before, the trial of the lines finds that out.
    pub(super) async fn others_are_taken(&mut self) -> Result<bool, Stopped> {
        let well = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Stopped),
            well = self.sink.client.ping() => well,
        };
        Ok(well && (self.witness.is_none() || self.witness_is_taken().await?))
    }

    pub(super) async fn witness_is_taken(&mut self) -> Result<bool, Stopped> {
        let Some(line) = &self.witness else { return Ok(false) };
        Ok(self.ask(line).await? == Answer::Done)
    }

    /// One request. At shutdown it is given a second.
    pub(super) async fn ask(&self, lines: &str) -> Result<Answer, Stopped> {
        if self.stop.is_cancelled() {
            return Err(Stopped);
        }
        let too_late = async {
            self.stop.cancelled().await;
            tokio::time::sleep(LAST_REQUEST).await;
        };
        tokio::select! {
            answer = self.sink.client.write(lines) => Ok(answer),
            () = too_late => Err(Stopped),
        }
    }

    pub(super) async fn wait(&self, pause: Duration) -> Result<(), Stopped> {
        let until = tokio::time::Instant::now() + pause;
        loop {
            self.publish();
            let next = until.min(tokio::time::Instant::now() + STATUS_EVERY);
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Stopped),
                () = tokio::time::sleep_until(next) => {}
            }
            if next >= until {
                return Ok(());
            }
        }
    }
}

/// A refusal read out of errors that never end.
fn unexplained(detail: String) -> Poison {
    let status = detail.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(500);
    Poison { status, message: detail, certain: false, dropped: None, named: Vec::new() }
}
