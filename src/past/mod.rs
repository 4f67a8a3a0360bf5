//! The past wherever it is kept: in the history of this gateway, and what was before that in an
//! InfluxDB that it was sent to.
//!
//! A gateway that was set up anew, or whose history reaches less far back, answers all the same; each
//! part of an answer says where it comes from, and where nothing could be had it says why. Numbers from
//! both go through the same windows: a counter that goes on from one to the other is one counter.
//!
//! The same past answers InfluxQL ([`Tables`]), with the measurements, tags and fields of InfluxDB.
//!
//! Architecture invariant: what is kept here is never asked for elsewhere.

mod tables;

pub use tables::Tables;

use crate::clock::SharedClock;
use crate::history::{Asked, Folds, History, HistoryError, Window, Windows};
use crate::influx::{InfluxError, Sink};
use crate::model::{DeviceId, Timestamp};

/// The longest span that is fetched from an InfluxDB for one answer: what a page waits for.
const RECALL_MS_MAX: i64 = 400 * 24 * 3600 * 1000;

/// Where a part of an answer comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// The history of this gateway.
    Here,
    /// The InfluxDB of this name.
    Influx(String),
    /// Nowhere: none of the databases told it. The last one's reason, where there was one.
    Nowhere(Option<InfluxError>),
}

/// Where the numbers of a span come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// From when on.
    pub from: Timestamp,
    /// Up to when.
    pub to: Timestamp,
    /// Where they come from.
    pub origin: Origin,
}

/// What points did in windows, and how that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// One list for each point asked for, in its order.
    pub series: Vec<Vec<Window>>,
    /// Where it comes from, in the order of time.
    pub parts: Vec<Part>,
}

/// Access to the past.
#[derive(Clone)]
pub struct Past {
    history: History,
    sinks: Vec<Sink>,
    clock: SharedClock,
}

impl Past {
    /// The past of this history, and of these databases where it is not enough.
    #[must_use]
    pub const fn new(history: History, sinks: Vec<Sink>, clock: SharedClock) -> Self {
        Self { history, sinks, clock }
    }

    /// What points of a device did in each window.
    ///
    /// # Errors
    /// [`HistoryError`]. Databases that do not answer are no error: that part is said to be missing.
    pub async fn windows(
        &self,
        device: &DeviceId,
        asked: Vec<Asked>,
        windows: Windows,
    ) -> Result<Told, HistoryError> {
        let now = self.clock.now();
        let (start, end) = (windows.start(), windows.end().min(now));
        let since = self.history.since(device.clone()).await?.unwrap_or(now).min(end);
        let mut folds = Folds::new(asked, windows);
        let mut parts = Vec::new();
        if start < since {
            parts = self.recall(device, &mut folds, start, since).await;
        }
        if since < end {
            parts.push(Part { from: since.max(start), to: end, origin: Origin::Here });
        }
        let folds = self.history.fold(device.clone(), folds, since.max(start)).await?;
        Ok(Told { series: folds.end(now), parts })
    }

    /// Gathers what the databases have of `from <= time < to`; where one stops, the next goes on.
    async fn recall(
        &self,
        device: &DeviceId,
        folds: &mut Folds,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<Part> {
        let points: Vec<String> = folds.asked().iter().map(|asked| asked.point.clone()).collect();
        let span_ms = Sink::recall_span_ms(points.len());
        let mut at = from.max(to.plus_ms(-RECALL_MS_MAX));
        let (mut parts, mut why) = (Vec::new(), None);
        if from < at {
            parts.push(Part { from, to: at, origin: Origin::Nowhere(None) });
        }
        for sink in &self.sinks {
            let began = at;
            while at < to {
                let end = at.plus_ms(span_ms).min(to);
                let numbers = match sink.recall(device, &points, at, end).await {
                    Ok(numbers) => numbers,
                    Err(error) => {
                        why = Some(error);
                        break;
                    }
                };
                for (which, numbers) in numbers.into_iter().enumerate() {
                    for (time, value) in numbers {
                        folds.take(which, time, value);
                    }
                }
                at = end;
            }
            if began < at {
                let origin = Origin::Influx(sink.name().to_owned());
                parts.push(Part { from: began, to: at, origin });
            }
        }
        if at < to {
            parts.push(Part { from: at, to, origin: Origin::Nowhere(why) });
        }
        parts
    }
}
