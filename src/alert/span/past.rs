//! What the history says of the spans that rules want: so that they are known after a start as well.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::history::{History, HistoryError};
use crate::model::{Device, DeviceId, Site, Timestamp};
use crate::rule::{Measure, matches};

use super::{COUNTERS, Kept, Wanted, holds_ms};

/// Devices that may wait to be taken.
const WAITING_MAX: usize = 16;
const DAY_MS: i64 = 24 * 3_600_000;
/// So far back it is looked since when a value holds.
const HELD_BACK_MS: i64 = DAY_MS;
/// Yesterday as a whole, wherever the day is cut.
const DAYS_BACK_MS: i64 = 3 * DAY_MS;
/// Slices of a span, of which the oldest is shown in part.
const SLICES: i64 = 60;

/// A device and what the history says of it.
pub(in super::super) type Recalled = (DeviceId, Kept);

/// Reads the past of these devices up to `to` on a thread of its own, one after the other; whoever has
/// rules judges meanwhile by what he knows. It ends when nobody takes them any more.
pub(in super::super) fn recall(
    history: &History,
    wanted: &Wanted,
    devices: Vec<Arc<Device>>,
    site: &Arc<Site>,
    to: Timestamp,
) -> mpsc::Receiver<Recalled> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let (history, wanted, site) = (history.clone(), wanted.clone(), site.clone());
    drop(tokio::task::spawn_blocking(move || {
        for device in devices.iter().filter(|device| !wanted.is_nothing(device.kind)) {
            let stop = || sender.is_closed();
            match of_device(&history, &wanted, device, &site, to, &stop) {
                Ok(kept) => {
                    if sender.blocking_send((device.id.clone(), kept)).is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let device = device.id.as_str();
                    tracing::warn!(device, %error, "rules that look back begin anew");
                }
            }
        }
    }));
    receiver
}

/// What the history says of one device.
fn of_device(
    history: &History,
    wanted: &Wanted,
    device: &Device,
    site: &Site,
    to: Timestamp,
    stop: &dyn Fn() -> bool,
) -> Result<Kept, HistoryError> {
    let mut kept = Kept::new(device);
    let mut walk = Walk { history, device, to, stop };
    let mut by_span: BTreeMap<i64, Vec<(Measure, String)>> = BTreeMap::new();
    let spans = wanted.of_kind(device.kind);
    let names = match spans.iter().any(|(measure, _)| is_pattern(measure)) {
        true => history.points_blocking(&device.id)?,
        false => Vec::new(),
    };
    for (measure, span_ms) in spans {
        let of_span = by_span.entry(*span_ms).or_default();
        match measure {
            Measure::Point(pattern) if is_pattern(measure) => {
                let names = names.iter().filter(|name| matches(pattern, name));
                of_span.extend(names.map(|name| (Measure::Point(name.clone()), name.clone())));
            }
            Measure::Point(point) => of_span.push((measure.clone(), point.clone())),
            Measure::PowerShare => of_span.push((Measure::PowerShare, "ac_power_w".to_owned())),
            Measure::Value | Measure::YieldYesterday => {}
        }
    }
    for (span_ms, measures) in &by_span {
        let points: Vec<&str> = measures.iter().map(|(_, point)| point.as_str()).collect();
        let back_ms = span_ms + span_ms / SLICES;
        walk.rows(&points, back_ms, &mut |which, time, value, age_ms| {
            let Some((measure, _)) = measures.get(which) else { return };
            if let Some(value) = worth(device, measure, value, age_ms) {
                kept.take(measure, *span_ms, (device, time), value);
            }
        })?;
    }
    let held: Vec<&str> = wanted.held(device.kind).iter().map(String::as_str).collect();
    walk.rows(&held, HELD_BACK_MS, &mut |which, time, value, _| {
        held.get(which).into_iter().for_each(|point| kept.hold(point, value, time));
    })?;
    if wanted.days.contains(&device.kind) {
        let counters = COUNTERS.map(|(point, _)| point);
        walk.rows(&counters, DAYS_BACK_MS, &mut |which, time, counted_wh, _| {
            kept.count(which, counted_wh, time, site);
        })?;
    }
    Ok(kept)
}

fn is_pattern(measure: &Measure) -> bool {
    matches!(measure, Measure::Point(point) if point.contains("{n}"))
}

/// A number as rules see it.
fn worth(device: &Device, measure: &Measure, value: f64, age_ms: i64) -> Option<f64> {
    match measure {
        Measure::PowerShare => {
            let rated_w = device.rated_power_w.filter(|rated_w| *rated_w > 0.0)?;
            (age_ms <= device.stale_after_ms).then_some(value / rated_w)
        }
        _ => Some(value),
    }
}

/// A walk through the past of one device.
struct Walk<'a> {
    history: &'a History,
    device: &'a Device,
    to: Timestamp,
    stop: &'a dyn Fn() -> bool,
}

impl Walk<'_> {
    /// Shows what each point said in each reading, or had said before: which point, when, what, and how old
    /// that was, milliseconds.
    fn rows(
        &mut self,
        points: &[&str],
        back_ms: i64,
        show: &mut dyn FnMut(usize, Timestamp, f64, i64),
    ) -> Result<(), HistoryError> {
        if points.is_empty() {
            return Ok(());
        }
        let (id, from) = (&self.device.id, self.to.plus_ms(-back_ms));
        let mut last: Vec<Option<(Timestamp, f64)>> = vec![None; points.len()];
        // Of a device that speaks only when something changes, the word before counts.
        for reading in self.history.last_before_blocking(id, from, 1)? {
            let holds = from.since_ms(reading.time) <= holds_ms(self.device);
            for (slot, point) in last.iter_mut().zip(points).filter(|_| holds) {
                *slot = reading.measured(point).map(|value| (reading.time, value));
            }
        }
        let mut tell = |time: Timestamp, last: &[Option<(Timestamp, f64)>]| {
            for (which, said) in last.iter().enumerate() {
                if let Some((at, value)) = said {
                    show(which, time, *value, time.since_ms(*at));
                }
            }
        };
        tell(from, &last);
        self.history.rows_blocking(id, points, from, self.to, &mut |time, row| {
            for (slot, cell) in last.iter_mut().zip(row) {
                *slot = cell.map(|value| (time, value)).or(*slot);
            }
            tell(time, &last);
            if (self.stop)() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }
}
