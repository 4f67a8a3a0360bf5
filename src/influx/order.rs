//! What people ask of a sink: old readings once more, and what was set aside.

use crate::history::HistoryError;
use crate::journal::JournalError;
use crate::model::{Text, Timestamp, text};

use super::lanes::{Cause, JOBS_MAX, Lanes};
use super::letter::{Kept, letters};
use super::sink::Sink;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Letters that are looked through for a list.
const LETTERS_MAX: usize = 100_000;

/// Why an order is not taken.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The span is empty, wholly in the future, or wholly before what is kept.
    #[error("nothing is kept of that time")]
    Empty,
    /// No line is set aside that has not been tried again.
    #[error("no line is set aside")]
    NoLetters,
    /// Too many jobs wait.
    #[error("{JOBS_MAX} jobs are waiting already")]
    TooMany,
    /// No such job.
    #[error("there is no job `{0}`")]
    NoJob(u64),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The order could not be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl OrderError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::Empty => Text::new(
                "这段时间没有保存的数据：开始要早于结束和现在，也不能早于保存期限",
                "the beginning has to be before the end and before now, and not before what is kept",
            ),
            Self::NoLetters => {
                Text::new("没有等待处理的拒收数据", "no refused line waits for anybody")
            }
            Self::TooMany => Text::new(
                "排队的补发任务已满：等前面的完成，或取消一个",
                "wait until some are done, or give one up",
            ),
            Self::NoJob(id) => {
                text!("没有任务 {id}：它可能已经完成", "it may be done already: {id}")
            }
            Self::History(_) | Self::Journal(_) => Text::new(
                "查看磁盘空间和数据目录，稍后再试",
                "look at the disk and the data folder, and try again",
            ),
        }
    }
}

impl Sink {
    /// Sends all readings of `from <= time < to` that are kept here once more; the job's number. At the
    /// server they overwrite themselves.
    ///
    /// # Errors
    /// [`OrderError`].
    pub async fn resend(&self, from: Timestamp, to: Timestamp) -> Result<u64, OrderError> {
        let to = to.min(self.clock.now());
        // Something late may be older than what is packed, though not by much.
        let oldest = self.history.oldest().await?.map(|oldest| oldest.plus_ms(-DAY_MS));
        let from = oldest.map_or(from, |oldest| from.max(oldest));
        if from >= to {
            return Err(OrderError::Empty);
        }
        self.add(|lanes| lanes.add_span(Cause::Asked, from, to)).await
    }

    /// Sends the lines that were set aside once more; the job's number. Those that are refused again
    /// are set aside again.
    ///
    /// # Errors
    /// [`OrderError`].
    pub async fn resend_letters(&self) -> Result<u64, OrderError> {
        if self.letters(1).await?.is_empty() {
            return Err(OrderError::NoLetters);
        }
        let head = self.journal.head();
        self.add(|lanes| lanes.add_letters(head)).await
    }

    async fn add(&self, add: impl Fn(&mut Lanes) -> u64) -> Result<u64, OrderError> {
        if self.shared.look(|lanes| lanes.jobs().len() >= JOBS_MAX) {
            return Err(OrderError::TooMany);
        }
        let id = self.shared.change(&self.journal, &[], &[], add).await?;
        self.publish();
        self.shared.wake.notify_one();
        Ok(id)
    }

    /// Gives a job up. What it has sent stays sent.
    ///
    /// # Errors
    /// [`OrderError`].
    pub async fn cancel(&self, id: u64) -> Result<(), OrderError> {
        let there = self.shared.change(&self.journal, &[], &[], |lanes| lanes.cancel(id)).await?;
        self.publish();
        there.then_some(()).ok_or(OrderError::NoJob(id))
    }

    /// The lines that are set aside and have not been tried again since, newest first, at most `max`.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub async fn letters(&self, max: usize) -> Result<Vec<Kept>, JournalError> {
        let after = self.shared.look(Lanes::letters_through);
        let head = self.journal.head();
        let mut found = letters(&self.journal, self.name(), after, head, LETTERS_MAX).await?;
        found.reverse();
        found.truncate(max);
        Ok(found)
    }
}
