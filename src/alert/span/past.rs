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
        walk.rows(&counters, DAYS_BACK_MS, &mut |which, time, counted_wh, age_ms| {
            kept.count(which, counted_wh, time.plus_ms(-age_ms), site);
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

#[cfg(test)]
mod tests {
    use super::super::Spans;
    use super::*;
    use crate::clock::ManualClock;
    use crate::journal::{self, Journal};
    use crate::live::Board;
    use crate::model::{
        DeviceKind, PointName, Quality, Reading, Record, Sample, Text, Value, ZoneId,
    };
    use crate::rule::{Over, default_rules};
    use crate::tally::Tally;
    use crate::{history, sky};

    /// 2026-06-20T16:00:00Z: midnight in Beijing.
    const MIDNIGHT: Timestamp = Timestamp::from_ms(1_781_971_200_000);
    const STEP_MS: i64 = 5 * 60_000;

    fn site() -> Arc<Site> {
        Arc::new(Site {
            id: "t".into(),
            name: Text::same("t"),
            latitude_deg: 39.9,
            longitude_deg: 116.4,
            altitude_m: 44.0,
            time_zone: jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(8)),
        })
    }

    fn device(id: &str) -> Arc<Device> {
        Arc::new(Device {
            id: DeviceId::parse(id).expect("id"),
            name: Text::same(id),
            zone: ZoneId::parse("roof").expect("id"),
            kind: DeviceKind::Inverter,
            profile: "test".into(),
            rated_power_w: Some(50_000.0),
            interval_ms: STEP_MS,
            stale_after_ms: 3 * STEP_MS,
        })
    }

    /// Two days and a half of two inverters that sleep at night; some points come in every third reading only.
    fn story(devices: &[Arc<Device>]) -> Vec<Reading> {
        let mut readings = Vec::new();
        let mut made_wh = vec![1e6; devices.len()];
        for n in 0..(60 * 12) {
            let time = MIDNIGHT.plus_ms(n * STEP_MS);
            let light = sky::sun(39.9, 116.4, time).elevation_deg.max(0.0).to_radians().sin();
            for ((which, device), wh) in devices.iter().enumerate().zip(&mut made_wh) {
                let power_w = 50_000.0 * light * if which == 0 { 0.5 } else { 0.9 };
                *wh += power_w / 12.0;
                if light < 0.03 {
                    continue;
                }
                let mut said = vec![("ac_power_w", power_w), ("phase_a_voltage_v", 230.0)];
                said.push(("string_2_current_a", 9.0 * light));
                if n % 3 == 0 {
                    said.extend([("energy_total_wh", wh.round()), ("insulation_ohm", 2e6 * light)]);
                }
                let sample = |(point, value): (&str, f64)| Sample {
                    point: PointName::parse(point).expect("point"),
                    value: Value::Float(value),
                    quality: Quality::Good,
                };
                let samples = said.into_iter().map(sample).collect();
                let (device, received, message) = (device.id.clone(), time, 0);
                readings.push(Reading { device, time, received, message, samples });
            }
        }
        readings
    }

    fn hear(spans: &mut Spans, board: &mut Board, readings: &[Reading], site: &Site) {
        for reading in readings {
            let live = board.apply(&Record::Reading(reading.clone())).expect("on the board");
            spans.take(live, reading.received, site);
        }
    }

    /// Everything that the default rules could ask of the past of a device.
    fn told(spans: &Spans, wanted: &Wanted, device: &Device, now: Timestamp) -> Vec<Option<f64>> {
        let id = &device.id;
        let mut told = vec![
            spans.yield_yesterday_h(id, now),
            spans.yield_among_h(id, crate::rule::Among::Best, now),
            spans.held_h(id, "phase_a_voltage_v", now),
        ];
        for (measure, span_ms) in wanted.of_kind(device.kind) {
            let measure = match measure {
                Measure::Point(point) => Measure::Point(point.replace("{n}", "2")),
                measure => measure.clone(),
            };
            for over in [Over::Mean, Over::Lowest, Over::Highest, Over::Change, Over::Peak] {
                told.push(spans.over(id, over, &measure, *span_ms, now));
            }
        }
        told
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_span_reads_the_same_after_a_restart_as_without_one() {
        let folder = tempfile::tempdir().expect("temp dir");
        let devices = ["inv-1", "inv-2"].map(device).to_vec();
        let readings = story(&devices);
        let clock = Arc::new(ManualClock::new(readings.last().expect("some").time));
        let config = journal::Config { commit_wait_ms: 0, ..journal::Config::new(folder.path()) };
        let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("opens");
        let records = readings.iter().cloned().map(Record::Reading).collect();
        journal.append(records).await.expect("kept");
        let (history, _packer) =
            History::open(&history::Config::default(), &journal, clock).expect("opens");
        let (site, wanted) = (site(), Wanted::of(&default_rules().expect("rules")));
        let board =
            || Board::new(site.clone(), devices.iter().map(|d| (d.clone(), None)), MIDNIGHT);
        // Noon of the third day, some readings later, and the next morning's first words.
        for cut in [readings.len() - 2, readings.len() - 60, readings.len() / 2 + 7] {
            let (before, after) = readings.split_at(cut);
            let (mut whole, mut whole_board) = (Spans::new(wanted.clone()), board());
            hear(&mut whole, &mut whole_board, &readings, &site);
            // It starts anew: the board knows the last words, the spans know nothing.
            let (mut again, mut again_board) = (Spans::new(wanted.clone()), board());
            before.iter().for_each(|r| _ = again_board.apply(&Record::Reading(r.clone())));
            let to = before.last().expect("some").time.plus_ms(1);
            let mut past = recall(&history, &wanted, devices.clone(), &site, to);
            // Something is heard before the past is known.
            let (first, rest) = after.split_at(1);
            hear(&mut again, &mut again_board, first, &site);
            while let Some(known) = past.recv().await {
                again.take_past(known, &site);
            }
            hear(&mut again, &mut again_board, rest, &site);
            let now = readings.last().expect("some").time;
            for device in &devices {
                let (one, other) =
                    (told(&whole, &wanted, device, now), told(&again, &wanted, device, now));
                let known = one.iter().filter(|told| told.is_some()).count();
                assert!(known > 7, "{one:?}");
                for (at, (one, other)) in one.iter().zip(&other).enumerate() {
                    let same = match (one, other) {
                        (Some(one), Some(other)) => {
                            (one - other).abs() <= 1e-6 * one.abs().max(1.0)
                        }
                        (one, other) => one == other,
                    };
                    // What has held for longer than is looked back is known for so long only.
                    let held = at == 2 && other.is_some_and(|held| held >= 20.0);
                    assert!(same || held, "{cut} {at}: {one:?} {other:?}");
                }
            }
        }
    }
}
