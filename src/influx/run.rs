//! The work of a sink: gather, send, settle, move the cursor; what comes in on one way, what piled
//! up on the other.

use std::convert::Infallible;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::journal::{Journal, JournalError, Kinds, Reader};
use crate::model::{Position, Record, Timestamp};

use super::batch::{Batch, gather, gather_until};
use super::courier::{Courier, Settled, Stopped};
use super::lanes::{Cause, Job, Lanes};
use super::line::Encoder;
use super::past::Past;
use super::shared::{Advance, Lane};
use super::sink::Sink;
use super::status::Class;
use super::totals::DayTotals;

/// What is older than this when a whole body waits behind it is left to the backlog's lane, so
/// that what comes in is not late.
const LATE_MS: i64 = 2000;
/// Lines set aside that are remembered while a job goes on.
const LETTERS_KNOWN_MAX: usize = 20_000;
/// How often the figures are refreshed while nothing is owed.
const IDLE: Duration = Duration::from_secs(5);

/// Delivers until it is stopped.
pub(super) async fn deliver(sink: Sink, stop: CancellationToken, reader: Reader) {
    let fresh = Fresh::new(sink.clone(), stop.clone(), reader);
    let backlog = Backlog::new(sink.clone(), stop);
    let (Err(Stopped), Err(Stopped)) = tokio::join!(fresh.run(), backlog.run());
    tracing::debug!(sink = %sink.config.name, "stopped");
}

/// Carries what comes in.
struct Fresh {
    reader: Reader,
    encoder: Encoder,
    courier: Courier,
}

impl Fresh {
    fn new(sink: Sink, stop: CancellationToken, mut reader: Reader) -> Self {
        let encoder = Encoder::new(&sink.config.site, &sink.devices);
        let shared = sink.shared.clone();
        reader.seek(shared.look(Lanes::fresh));
        let courier = Courier::new(sink, stop, Lane::Fresh, shared);
        Self { reader, encoder, courier }
    }

    async fn run(mut self) -> Result<Infallible, Stopped> {
        // Best effort: where it matters, the first write says so and it is tried again.
        drop(self.courier.set_up().await?);
        let mut pace = self.courier.sink.pace();
        loop {
            self.courier.step_over().await?;
            self.reader.seek(self.courier.shared.look(Lanes::fresh));
            self.gather().await?;
            if self.is_late() {
                self.leap().await?;
                continue;
            }
            self.courier.begin();
            match self.courier.settle().await? {
                Settled::Done(condemned) => {
                    self.courier.finish(&condemned, Advance::Fresh).await?;
                    pace = self.courier.sink.pace();
                }
                // Gathered again after the pause: newer readings may show who is at fault.
                Settled::Later => self.courier.later(&mut pace).await?,
            }
        }
    }

    fn is_late(&self) -> bool {
        let Batch { full, oldest, .. } = &self.courier.batch;
        let now = self.courier.sink.clock.now();
        *full && oldest.is_some_and(|oldest| now.since_ms(oldest) > LATE_MS)
    }

    /// Leaves what is there already, but for the last moments, to the other lane.
    async fn leap(&mut self) -> Result<(), Stopped> {
        let since = self.courier.sink.clock.now().plus_ms(-LATE_MS);
        let from = self.courier.shared.look(Lanes::fresh);
        let to = match came_before(&self.courier.sink.journal, from, since).await {
            Ok(to) => to,
            Err(JournalError::Closed) => return Err(Stopped),
            // Rather too far than not at all.
            Err(_) => self.courier.sink.journal.head(),
        };
        tracing::info!(sink = %self.courier.name(), through = to.0,
            "readings piled up: they are sent beside those that come in");
        self.courier.change(|lanes| lanes.leap(to)).await
    }

    async fn gather(&mut self) -> Result<(), Stopped> {
        let mut pace = self.courier.sink.pace();
        let from = self.reader.position();
        loop {
            let limits = &self.courier.sink.config.limits;
            let gathered = tokio::select! {
                biased;
                () = self.courier.stop.cancelled() => return Err(Stopped),
                gathered = gather(&mut self.reader, &mut self.encoder, limits) => gathered,
            };
            match gathered {
                Ok(batch) => {
                    self.courier.batch = batch;
                    return Ok(());
                }
                Err(JournalError::Closed) => return Err(Stopped),
                Err(error) => {
                    self.reader.seek(from);
                    self.courier.trouble(Class::Journal, None, error.to_string());
                    self.courier.wait(pace.pause()).await?;
                }
            }
        }
    }
}

/// Where those readings end that reached us before a time, from a place on where they did.
async fn came_before(
    journal: &Journal,
    from: Position,
    time: Timestamp,
) -> Result<Position, JournalError> {
    let mut reader = journal.reader_from(from, Kinds::Readings);
    let (mut before, mut after) = (from.0, journal.head().0);
    while after.saturating_sub(before) > 1 {
        let middle = before.midpoint(after);
        reader.seek(Position(middle));
        let batch = reader.ready(1).await?;
        let next = batch.records.first().and_then(|(_, record)| match &**record {
            Record::Reading(reading) => Some(reading.received),
            _ => None,
        });
        match next {
            Some(received) if received < time => before = middle,
            _ => after = middle,
        }
    }
    Ok(Position(after))
}

/// Carries what piled up, oldest first, and then the jobs.
struct Backlog {
    reader: Option<Reader>,
    encoder: Encoder,
    past: Past,
    totals: DayTotals,
    courier: Courier,
    /// The job for which the courier knows what is set aside.
    known_for: u64,
}

impl Backlog {
    fn new(sink: Sink, stop: CancellationToken) -> Self {
        let encoder = Encoder::new(&sink.config.site, &sink.devices);
        let past = Past::new(&sink);
        let shared = sink.shared.clone();
        let courier = Courier::new(sink, stop, Lane::Backlog, shared);
        Self { reader: None, encoder, past, totals: DayTotals::new(), courier, known_for: 0 }
    }

    async fn run(mut self) -> Result<Infallible, Stopped> {
        loop {
            self.courier.step_over().await?;
            let (gap, job) = self.courier.shared.look(|lanes| (lanes.gap(), lanes.job().cloned()));
            let done = match (gap, job) {
                (Some(_), _) => self.gap().await?,
                (None, Some(job)) => self.job(&job).await?,
                (None, None) => {
                    self.reader = None;
                    self.totals.send(&mut self.courier, &self.encoder).await?;
                    self.idle().await?;
                    Ok(())
                }
            };
            if let Err(error) = done {
                self.courier.trouble(Class::Journal, None, error);
                self.reader = None;
                self.past.forget();
                self.courier.wait(self.courier.sink.config.limits.refused_pause).await?;
            }
        }
    }

    async fn idle(&mut self) -> Result<(), Stopped> {
        let idle = IDLE.min(self.courier.sink.config.limits.totals_every);
        self.courier.batch = Batch::default();
        self.courier.shared.condition(Lane::Backlog, |condition| *condition = Default::default());
        self.courier.publish();
        tokio::select! {
            biased;
            () = self.courier.stop.cancelled() => Err(Stopped),
            () = self.courier.shared.wake.notified() => Ok(()),
            () = tokio::time::sleep(idle) => Ok(()),
        }
    }

    /// A body of the oldest gap.
    async fn gap(&mut self) -> Result<Result<(), String>, Stopped> {
        let Some(gap) = self.courier.shared.look(Lanes::gap) else { return Ok(Ok(())) };
        let (from, end) = (Position(gap.from), Position(gap.to));
        let journal = &self.courier.sink.journal;
        let reader = self.reader.get_or_insert_with(|| journal.reader_from(from, Kinds::Readings));
        reader.seek(from);
        let limits = &self.courier.sink.config.limits;
        match gather_until(reader, end, &mut self.encoder, limits).await {
            Ok(batch) => self.courier.batch = batch,
            Err(JournalError::Closed) => return Err(Stopped),
            Err(error) => return Ok(Err(error.to_string())),
        }
        self.deliver(Advance::Gap).await.map(Ok)
    }

    /// A body of the first job.
    async fn job(&mut self, job: &Job) -> Result<Result<(), String>, Stopped> {
        let limits = self.courier.sink.config.limits.clone();
        if self.known_for != job.id {
            self.courier.known = match self.courier.sink.letters(LETTERS_KNOWN_MAX).await {
                Ok(letters) => letters.into_iter().map(|kept| kept.letter.line).collect(),
                Err(error) => return Ok(Err(error.to_string())),
            };
            self.known_for = job.id;
        }
        let part = tokio::select! {
            biased;
            () = self.courier.stop.cancelled() => return Err(Stopped),
            part = self.past.part(job, &mut self.encoder, &limits) => part,
        };
        let part = match part {
            Ok(part) => part,
            Err(error) => return Ok(Err(error.to_string())),
        };
        for (from, to) in part.spans {
            let add = |lanes: &mut Lanes| _ = lanes.add_span(Cause::Asked, from, to);
            self.courier.change(add).await?;
        }
        self.courier.batch = part.batch;
        self.deliver(Advance::Job(job.id, job.cause, part.rest)).await.map(Ok)
    }

    async fn deliver(&mut self, advance: Advance) -> Result<(), Stopped> {
        let mut pace = self.courier.sink.pace();
        self.courier.begin();
        loop {
            match self.courier.settle().await? {
                Settled::Done(condemned) => return self.courier.finish(&condemned, advance).await,
                Settled::Later => self.courier.later(&mut pace).await?,
            }
        }
    }
}
