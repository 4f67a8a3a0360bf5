//! The lines of a job: old readings from the history, or what was set aside.
//!
//! A span goes window by window, and in each device by device; with each body it is kept how far it
//! has come, so that a restart repeats one device of one window at most.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::history::{History, HistoryError};
use crate::journal::{Journal, JournalError};
use crate::model::{Device, DeviceId, Position, Reading, Timestamp};

use super::batch::Batch;
use super::config::Limits;
use super::lanes::{Job, Task};
use super::letter::{Kept, letters};
use super::line::Encoder;
use super::sink::Sink;

/// Length of a window: about one block of a device that is read every few seconds.
const WINDOW_MS: i64 = 6 * 3600 * 1000;
/// Units looked at for one body; where little was read, it is said how far the job has come.
const UNITS_MAX: usize = 2000;

/// Why a job does not go on at the moment.
#[derive(Debug, thiserror::Error)]
pub(super) enum PastError {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Something to be sent.
enum Item {
    Reading(Reading),
    /// A line as it was sent before, where its reading is no longer kept.
    Line(Box<Kept>, DeviceId),
}

/// A part of a job.
struct Unit {
    items: VecDeque<Item>,
    /// The rest of the job after it.
    rest: Option<Task>,
    /// Readings between these times are to be sent by a job of their own.
    span: Option<(Timestamp, Timestamp)>,
}

/// A body's worth of a job.
pub(super) struct Part {
    pub(super) batch: Batch,
    /// The rest of the job after it; `None` when it is done.
    pub(super) rest: Option<Task>,
    /// Groups of lines that were set aside as one: jobs of their own.
    pub(super) spans: Vec<(Timestamp, Timestamp)>,
}

/// Reads ahead for one job.
pub(super) struct Past {
    history: History,
    journal: Journal,
    sink: String,
    job: u64,
    /// Devices of the configuration: what they said last is not packed yet.
    configured: Arc<[Device]>,
    devices: BTreeSet<DeviceId>,
    /// What does not fit into the body at hand.
    open: Option<Unit>,
}

impl Past {
    pub(super) fn new(sink: &Sink) -> Self {
        Self {
            history: sink.history.clone(),
            journal: sink.journal.clone(),
            sink: sink.config.name.clone(),
            job: 0,
            configured: sink.devices.clone(),
            devices: BTreeSet::new(),
            open: None,
        }
    }

    /// The next body of a job.
    pub(super) async fn part(
        &mut self,
        job: &Job,
        encoder: &mut Encoder,
        limits: &Limits,
    ) -> Result<Part, PastError> {
        if self.job != job.id {
            self.open = None;
            let packed = self.history.devices().await?.into_iter();
            let configured = self.configured.iter().map(|device| device.id.clone());
            self.devices = packed.chain(configured).collect();
            self.job = job.id;
        }
        let mut batch = Batch::default();
        let (mut rest, mut spans) = (Some(job.task.clone()), Vec::new());
        for _ in 0..UNITS_MAX {
            let mut unit = match (self.open.take(), &rest) {
                (Some(unit), _) => unit,
                (None, Some(task)) => self.unit(job, task).await?,
                (None, None) => break,
            };
            while let Some(item) = unit.items.front() {
                if !put(&mut batch, item, encoder, limits) {
                    self.open = Some(unit);
                    return Ok(Part { batch, rest, spans });
                }
                unit.items.pop_front();
            }
            spans.extend(unit.span);
            rest = unit.rest;
        }
        Ok(Part { batch, rest, spans })
    }

    /// The job is begun again from where it was kept.
    pub(super) fn forget(&mut self) {
        self.job = 0;
    }

    async fn unit(&self, job: &Job, task: &Task) -> Result<Unit, PastError> {
        match task {
            Task::Span { next, after } => {
                self.device_of_window(job, *next, after.as_deref()).await.map_err(Into::into)
            }
            Task::Letters { next, until } => self.letter(*next, *until).await,
        }
    }

    async fn device_of_window(
        &self,
        job: &Job,
        from: i64,
        after: Option<&str>,
    ) -> Result<Unit, HistoryError> {
        let to = from.saturating_add(WINDOW_MS).min(job.to);
        let device =
            self.devices.iter().find(|device| after.is_none_or(|after| device.as_str() > after));
        let Some(device) = device else {
            let rest = (to < job.to).then_some(Task::Span { next: to, after: None });
            return Ok(Unit { items: VecDeque::new(), rest, span: None });
        };
        let span = (Timestamp::from_ms(from), Timestamp::from_ms(to));
        let items = self.readings(device, span.0, span.1).await?;
        let rest = Some(Task::Span { next: from, after: Some(device.as_str().to_owned()) });
        Ok(Unit { items, rest, span: None })
    }

    async fn readings(
        &self,
        device: &DeviceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<VecDeque<Item>, HistoryError> {
        let put = |items: &mut VecDeque<Item>, reading: &Reading| {
            items.push_back(Item::Reading(reading.clone()));
        };
        let all = self.history.walk(device.clone(), from, to, VecDeque::new(), put).await?;
        if self.history.waits_for_repair(device) {
            // The packer puts it aside and fills it from the journal; then it is asked again.
            return Err(HistoryError::Damaged { device: device.clone(), time: from });
        }
        Ok(all)
    }

    async fn letter(&self, next: u64, until: u64) -> Result<Unit, PastError> {
        let (after, last) = (Position(next), Position(until));
        let mut found = letters(&self.journal, &self.sink, after, last, 1).await?;
        let Some(kept) = found.pop() else {
            return Ok(Unit { items: VecDeque::new(), rest: None, span: None });
        };
        let rest = Some(Task::Letters { next: kept.position.0, until });
        let letter = &kept.letter;
        let (from, to) = (Timestamp::from_ms(letter.from_ms), Timestamp::from_ms(letter.to_ms));
        if letter.lines > 1 {
            let span = Some((from, to.plus_ms(1)));
            return Ok(Unit { items: VecDeque::new(), rest, span });
        }
        let device = letter.device.as_deref().and_then(|id| DeviceId::parse(id).ok());
        let Some(device) = device else {
            return Ok(Unit { items: VecDeque::new(), rest, span: None });
        };
        let mut items = self.readings(&device, from, to.plus_ms(1)).await?;
        if items.is_empty() {
            items.push_back(Item::Line(Box::new(kept), device));
        }
        Ok(Unit { items, rest, span: None })
    }
}

fn put(batch: &mut Batch, item: &Item, encoder: &mut Encoder, limits: &Limits) -> bool {
    match item {
        Item::Reading(reading) => batch.push(reading, encoder, limits),
        Item::Line(kept, device) => {
            let time = Timestamp::from_ms(kept.letter.from_ms);
            batch.push_line(&kept.letter.line, device.clone(), time, limits)
        }
    }
}
