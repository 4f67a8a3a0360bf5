//! The work of a sink: gather, send, settle, move the cursor.

use std::convert::Infallible;

use tokio_util::sync::CancellationToken;

use crate::journal::{JournalError, Reader};

use super::batch::gather;
use super::courier::{Courier, Stopped};
use super::line::Encoder;
use super::sink::Sink;
use super::status::Class;
use super::trial::{Condemned, Trial, Verdict};

/// How the lines of a body ended.
enum Settled {
    /// Stored, except for these.
    Done(Vec<Condemned>),
    /// The server takes nothing: the same readings again, later.
    Later,
}

/// A sink at work.
pub(super) struct Run {
    reader: Reader,
    encoder: Encoder,
    courier: Courier,
}

impl Run {
    pub(super) fn new(sink: Sink, stop: CancellationToken, reader: Reader) -> Self {
        let encoder = Encoder::new(&sink.config.site, &sink.devices);
        let courier = Courier::new(sink, stop, reader.position());
        Self { reader, encoder, courier }
    }

    /// Delivers until it is stopped.
    pub(super) async fn deliver(mut self) {
        let Err(Stopped) = self.deliver_for_ever().await;
        tracing::debug!(sink = %self.courier.name(), cursor = self.courier.cursor.0, "stopped");
    }

    async fn deliver_for_ever(&mut self) -> Result<Infallible, Stopped> {
        // Best effort: where it matters, the first write says so and it is tried again.
        drop(self.courier.set_up().await?);
        let mut pace = self.courier.sink.pace();
        loop {
            self.gather().await?;
            self.courier.publish();
            match self.settle().await? {
                Settled::Done(condemned) => {
                    self.courier.finish(&condemned).await?;
                    pace = self.courier.sink.pace();
                }
                Settled::Later => {
                    // Gathered again after the pause: newer readings may show who is at fault.
                    self.reader.seek(self.courier.cursor);
                    let least = self.courier.sink.config.limits.refused_pause;
                    self.courier.wait(pace.pause().max(least)).await?;
                }
            }
        }
    }

    async fn gather(&mut self) -> Result<(), Stopped> {
        let mut pace = self.courier.sink.pace();
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
                    self.reader.seek(self.courier.cursor);
                    self.courier.trouble(Class::Journal, None, error.to_string());
                    self.courier.wait(pace.pause()).await?;
                }
            }
        }
    }

    /// Sends the lines of the batch until each is stored or condemned.
    async fn settle(&mut self) -> Result<Settled, Stopped> {
        let courier = &mut self.courier;
        let most = courier.sink.config.limits.search_requests_max;
        let mut trial = Trial::new(courier.batch.len(), most);
        while let Some(lines) = trial.next() {
            let patience = trial.patience(&lines);
            let verdict = courier.send(&lines, patience).await?;
            let words = match &verdict {
                Verdict::Stored => {
                    courier.remember(&lines);
                    String::new()
                }
                Verdict::Refused(poison) => {
                    courier.trouble(Class::Poison, None, poison.message.clone());
                    poison.message.clone()
                }
                Verdict::TooLarge(poison) => {
                    courier.trouble(Class::TooLarge, None, poison.message.clone());
                    poison.message.clone()
                }
            };
            trial.judge(lines, verdict);
            if trial.in_doubt(courier.witness.is_some()) {
                if !courier.witness_is_taken().await? {
                    courier.trouble(Class::AllRefused, None, words);
                    return Ok(Settled::Later);
                }
                trial.trust();
            }
        }
        Ok(Settled::Done(trial.end()))
    }
}
