//! One channel at work: reads the journal, collects, sends, and moves its cursor past what was
//! taken.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::alert::told;
use crate::journal::{Batch, Cursor, JournalError, Kinds, Reader};
use crate::model::{Event, EventKind, Position, Record, Text, Timestamp};
use crate::tally::Happening;

use super::alertmanager::{REPEAT, REPEAT_SOON};
use super::answer::Answer;
use super::handle::Context;
use super::kept::Kept;
use super::message::{Item, Message};
use super::pace;
use super::receipt::Receipt;
use super::sender::Sender;

/// Pause before the journal is read again after an error.
const READ_PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// First pause where somebody has to do something before it can go on.
const PAUSE_SHUT: Duration = Duration::from_secs(20);
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// Times that a channel may say "this message is wrong" before it is given up. A server that is
/// down, moved, or does not let us in is waited for without end, but no message for longer than
/// [`PATIENCE`]: the next ones matter more.
const REFUSALS_MAX: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// Failed tries after which the channel is said to fail.
const FAILURES_TOLD: u32 = 3;
/// Records read in one step.
const STEP: usize = 500;
/// Transitions that wait in memory; the others wait in the journal.
const QUEUE_MAX: usize = 5_000;

/// A channel's task.
pub(super) struct Courier {
    pub(super) sender: Arc<Sender>,
    pub(super) context: Context,
}

/// A message that was not taken yet.
struct UnderWay {
    message: Message,
    refusals: u32,
    pause: Duration,
    begin: Instant,
    /// Who has had it already.
    reached: Vec<String>,
}

/// Where the channel stands.
struct Round {
    reader: Reader,
    receipt: Receipt,
    queue: VecDeque<Item>,
    kept: Kept,
    under_way: Option<UnderWay>,
    /// Nothing is sent before.
    rest_until: Instant,
    repeat_at: Instant,
    failures: u32,
    failing_since: Option<Timestamp>,
    /// What the stored cursor has passed.
    through: Position,
}

impl Courier {
    fn name(&self) -> &str {
        &self.sender.config.name
    }

    /// Delivers until told to stop. A channel that is new begins now, not with the past.
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            let result = tokio::select! {
                () = stop.cancelled() => return,
                result = self.deliver() => result,
            };
            match result {
                Ok(()) | Err(JournalError::Closed) => return,
                // Its place is kept: it goes on from there.
                Err(error) => tracing::error!(channel = %self.name(), %error, "channel waits"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(READ_PAUSE) => {}
            }
        }
    }

    async fn open(&self) -> Result<Round, JournalError> {
        let name = self.sender.config.cursor();
        let journal = &self.context.journal;
        let kept = match journal.cursor(&name)? {
            Some((_, state)) => Kept::read(&state),
            None => {
                let kept = Kept::default();
                self.store(journal.head(), &kept, Vec::new()).await?;
                kept
            }
        };
        let receipt = Receipt::new(journal.folder(), self.name());
        let mut reader = journal.reader(&name, Kinds::Decisions)?;
        // Killed between the answer and the journal. One that tells again what is open needs no note.
        let taken = match self.sender.repeats() {
            true => None,
            false => receipt.after(journal, reader.position()).await?,
        };
        if let Some(taken) = taken {
            reader.seek(taken.through());
            let event = self.delivered(taken.ids.clone(), taken.at());
            self.store(taken.through(), &kept, vec![event]).await?;
        }
        let through = reader.position();
        let now = Instant::now();
        self.context.states.note(self.name(), |_| {});
        Ok(Round {
            reader,
            receipt,
            queue: VecDeque::new(),
            kept,
            under_way: None,
            rest_until: now,
            repeat_at: now,
            failures: 0,
            failing_since: None,
            through,
        })
    }

    async fn deliver(&self) -> Result<(), JournalError> {
        let mut round = self.open().await?;
        loop {
            let wait = self.wait(&round);
            let room = round.queue.len() < QUEUE_MAX;
            let due = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                batch = round.reader.next(STEP), if room => self.take(&mut round.queue, batch?),
                () = due => {}
            }
            self.gather(&mut round).await?;
            if self.wait(&round).is_some_and(|wait| wait.is_zero()) {
                self.act(&mut round).await?;
            }
            self.settle(&mut round).await;
        }
    }

    fn take(&self, queue: &mut VecDeque<Item>, batch: Batch) {
        for (position, record) in batch.records {
            if let Some(transition) = told(&record, self.name()) {
                queue.push_back(Item { position, transition });
            }
        }
    }

    /// Takes in what is there already, so that what happened at once is told at once.
    async fn gather(&self, round: &mut Round) -> Result<(), JournalError> {
        while round.queue.len() < QUEUE_MAX {
            let before = round.reader.position();
            let batch = round.reader.ready(STEP).await?;
            self.take(&mut round.queue, batch);
            if round.reader.position() == before {
                break;
            }
        }
        Ok(())
    }

    /// How long nothing has to be done.
    fn wait(&self, round: &Round) -> Option<Duration> {
        let now = Instant::now();
        let rest = round.rest_until.saturating_duration_since(now);
        if round.under_way.is_some() {
            return Some(rest);
        }
        let next = self.next(round);
        let repeat = (self.sender.repeats() && !round.kept.open.is_empty())
            .then(|| round.repeat_at.saturating_duration_since(now));
        next.into_iter().chain(repeat).min()
    }

    /// How long the next message has to wait; nothing where there is none.
    fn next(&self, round: &Round) -> Option<Duration> {
        (!round.queue.is_empty()).then_some(())?;
        let config = &self.sender.config;
        let now_ms = self.context.surroundings.clock.now().ms();
        let sent = &round.kept.sent_ms;
        let wait_ms = pace::wait_ms(sent, now_ms, config.digest_ms, config.per_minute);
        let rest = round.rest_until.saturating_duration_since(Instant::now());
        Some(rest.max(Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default())))
    }

    /// Does what is due: the message that is under way, the next one, or telling again.
    async fn act(&self, round: &mut Round) -> Result<(), JournalError> {
        if round.under_way.is_none() {
            if round.repeat_at <= Instant::now() && !round.kept.open.is_empty() {
                self.repeat(round).await;
            }
            if self.next(round).is_none_or(|wait| !wait.is_zero()) {
                return Ok(());
            }
            let waiting = round.queue.len();
            let now_ms = self.context.surroundings.clock.now().ms();
            let per_minute = self.sender.config.per_minute;
            let room = pace::room(&round.kept.sent_ms, now_ms, per_minute);
            let many = self.sender.items_max(waiting, room).min(waiting);
            let items: Vec<Item> = round.queue.drain(..many).collect();
            round.under_way = Message::new(self.name(), items).map(|message| UnderWay {
                message,
                refusals: 0,
                pause: PAUSE_MIN,
                begin: Instant::now(),
                reached: Vec::new(),
            });
        }
        let Some(mut under_way) = round.under_way.take() else { return Ok(()) };
        let UnderWay { message, reached, .. } = &mut under_way;
        let answer = self.sender.send(message, &round.kept, reached).await;
        if let Some(why) = answer.why() {
            self.failed(round, &answer, why);
        }
        self.after(round, under_way, answer).await
    }

    async fn after(
        &self,
        round: &mut Round,
        mut under_way: UnderWay,
        answer: Answer,
    ) -> Result<(), JournalError> {
        let spread = |pause: Duration| pause.mul_f64(rand::random_range(0.8..1.2));
        let pause = match &answer {
            Answer::Taken => return self.taken(round, &under_way).await,
            Answer::Busy(_, pause) => *pause,
            Answer::Shut(_) => {
                under_way.pause = under_way.pause.max(PAUSE_SHUT);
                spread(under_way.pause)
            }
            Answer::Refused(_) => {
                under_way.refusals += 1;
                spread(under_way.pause)
            }
            Answer::Later(_) => spread(under_way.pause),
        };
        let refused = under_way.refusals >= REFUSALS_MAX;
        if refused || under_way.begin.elapsed() > PATIENCE {
            let words = answer.why().map(|why| why.en.clone()).unwrap_or_default();
            self.give_up(round, &under_way.message, &words).await?;
            if refused {
                // It is the message that was wrong: the channel answers.
                self.well(round, None);
            }
            return Ok(());
        }
        round.rest_until = Instant::now() + pause;
        under_way.pause = under_way.pause.saturating_mul(2).min(PAUSE_MAX);
        round.under_way = Some(under_way);
        Ok(())
    }

    async fn taken(&self, round: &mut Round, under_way: &UnderWay) -> Result<(), JournalError> {
        let UnderWay { message, reached, .. } = under_way;
        let now = self.context.surroundings.clock.now();
        round.receipt.note(&self.context.journal, message, now);
        self.context.tally.count(Happening::Delivered, self.name());
        // A gateway for short messages counts each of them.
        for _ in 0..reached.len().max(1) {
            pace::note(&mut round.kept.sent_ms, now.ms());
        }
        self.sender.remember(message, &mut round.kept);
        round.repeat_at = Instant::now() + REPEAT;
        self.well(round, Some(now));
        round.through = message.through();
        let event = self.delivered(message.ids(), now);
        self.store(round.through, &round.kept, vec![event]).await
    }

    fn delivered(&self, ids: Vec<String>, at: Timestamp) -> Record {
        let body = serde_json::json!({ "channel": self.name(), "ids": ids, "at": at.ms() });
        Record::Event(Event { kind: EventKind::Delivered, time: at, body: body.to_string() })
    }

    async fn give_up(
        &self,
        round: &mut Round,
        message: &Message,
        words: &str,
    ) -> Result<(), JournalError> {
        let name = self.name();
        tracing::error!(channel = %name, message = %message.key, "message given up");
        self.context.tally.count(Happening::DeadLetter, name);
        let first = message.items.first().map(|item| &item.transition);
        let body = serde_json::json!({
            "channel": name,
            "alert": first.map(|transition| transition.alert.id.as_str()),
            "change": first.map(|transition| transition.change.as_str()),
            "ids": message.ids(),
            "answer": words,
        });
        let time = self.context.surroundings.clock.now();
        let event = Event { kind: EventKind::NotifyGivenUp, time, body: body.to_string() };
        round.through = message.through();
        self.store(round.through, &round.kept, vec![Record::Event(event)]).await
    }

    async fn repeat(&self, round: &mut Round) {
        let answer = self.sender.repeat(&round.kept).await;
        let pause = if answer == Answer::Taken { REPEAT } else { REPEAT_SOON };
        round.repeat_at = Instant::now() + pause;
        match answer.why() {
            None => self.well(round, None),
            Some(why) => self.failed(round, &answer, why),
        }
    }

    fn failed(&self, round: &mut Round, answer: &Answer, why: &Text) {
        let (name, class) = (self.name(), answer.as_str());
        self.context.tally.count(Happening::SinkError, &format!("{name}:{class}"));
        tracing::warn!(channel = %name, words = %why.en, "message not taken");
        round.failures = round.failures.saturating_add(1);
        let since = *round.failing_since.get_or_insert(self.context.surroundings.clock.now());
        let tries = round.failures;
        self.context.states.note(name, |state| {
            state.tries = tries;
            state.why = Some(why.clone());
            state.failing_since = (tries >= FAILURES_TOLD).then_some(since);
        });
    }

    /// The other side has answered as it should.
    fn well(&self, round: &mut Round, delivered: Option<Timestamp>) {
        (round.failures, round.failing_since) = (0, None);
        self.context.states.note(self.name(), |state| {
            (state.tries, state.why, state.failing_since) = (0, None, None);
            state.delivered = delivered.or(state.delivered);
        });
    }

    /// Says what waits; what concerns nobody here is passed.
    async fn settle(&self, round: &mut Round) {
        let under_way = round.under_way.as_ref().map_or(0, |u| u.message.items.len());
        let waiting = round.queue.len() + under_way;
        self.context.states.note(self.name(), |state| state.waiting = waiting);
        let position = round.reader.position();
        if waiting == 0 && position > round.through {
            round.reader.done(position).await;
            round.through = position;
        }
    }

    async fn store(
        &self,
        position: Position,
        kept: &Kept,
        records: Vec<Record>,
    ) -> Result<(), JournalError> {
        let cursor = Cursor::new(self.sender.config.cursor(), position, kept.bytes());
        loop {
            let journal = &self.context.journal;
            match journal.append_with_cursor_at_once(records.clone(), cursor.clone()).await {
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
}
