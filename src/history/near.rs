//! What is nearest to a time: the last readings and numbers before it, the first ones after it.

use std::collections::{BTreeSet, HashSet};

use rusqlite::Connection;

use crate::model::{DeviceId, Reading, Timestamp, Value};

use super::Inner;
use super::error::HistoryError;
use super::segment;
use super::span::Span;
use super::store;

/// 2020: what is older was stamped by a clock that had never been set.
pub(super) const CLOCKS_SET: Timestamp = Timestamp::from_ms(1_577_836_800_000);
/// Segments looked through for the value of a point.
const SEARCH_MAX: usize = 8;
/// Readings of the journal that are looked through for it. A slow register table is read every 60th
/// cycle, so this sees it at least three times.
const FRESH_SEARCH_MAX: usize = 200;

pub(super) fn last_before(
    inner: &Inner,
    connection: &Connection,
    device: &DeviceId,
    to: Timestamp,
    max: usize,
) -> Result<Vec<Reading>, HistoryError> {
    let mut found = inner.archive.last_before(device, to, max)?;
    for place in store::before(connection, device, to, SEARCH_MAX)? {
        let oldest = found.get(max.saturating_sub(1)).map(|reading| reading.time);
        if oldest.is_some_and(|oldest| oldest > place.until) {
            break;
        }
        // What was packed lately is still in the journal: its times are enough to see that.
        let known: HashSet<_> = found.iter().map(segment::key).collect();
        let wanted = |key: (Timestamp, u64)| {
            key.0 < to && oldest.is_none_or(|oldest| key.0 >= oldest) && !known.contains(&key)
        };
        let readings = store::times(connection, device, &place).and_then(|times| {
            let all_known = !times.keys().any(wanted);
            if all_known { Ok(Vec::new()) } else { store::readings(connection, device, &place) }
        });
        match readings {
            Ok(readings) => found.extend(readings.into_iter().filter(|r| r.time < to)),
            Err(HistoryError::Damaged { device, time }) => inner.note_damage(&device, time),
            Err(error) => return Err(error),
        }
        found.sort_by_key(|reading| std::cmp::Reverse(segment::key(reading)));
        found.dedup_by_key(|reading| segment::key(reading));
    }
    found.truncate(max);
    Ok(found)
}

/// The last measured number of each point before `to`, where it is not too far back.
pub(super) fn last_numbers(
    inner: &Inner,
    connection: &Connection,
    device: &DeviceId,
    points: &[&str],
    to: Timestamp,
) -> Result<Vec<Option<(Timestamp, f64)>>, HistoryError> {
    let fresh = inner.archive.last_before(device, to, FRESH_SEARCH_MAX)?;
    let newest = |point: &&str| fresh.iter().find_map(|r| Some((r.time, r.measured(point)?)));
    let mut last: Vec<Option<(Timestamp, f64)>> = points.iter().map(newest).collect();
    for place in store::before(connection, device, to, SEARCH_MAX)? {
        let known =
            |last: &Option<(Timestamp, f64)>| last.is_some_and(|(time, _)| time >= place.until);
        let missing: Vec<usize> = last
            .iter()
            .enumerate()
            .filter(|(_, last)| !known(last))
            .map(|(which, _)| which)
            .collect();
        if missing.is_empty() {
            break;
        }
        let names: Vec<&str> =
            missing.iter().filter_map(|which| points.get(*which).copied()).collect();
        let span = Span::of_place(inner, connection, device, place, to);
        span.numbers(&names, |which, time, number| {
            let slot = missing.get(which).and_then(|which| last.get_mut(*which));
            if let Some(slot) = slot.filter(|slot| slot.is_none_or(|(before, _)| before <= time)) {
                *slot = Some((time, number));
            }
        })?;
    }
    Ok(last)
}

/// The first measured number of each point at `from` or after it, where it is not too far ahead.
pub(super) fn next_numbers(
    inner: &Inner,
    connection: &Connection,
    device: &DeviceId,
    points: &[&str],
    from: Timestamp,
) -> Result<Vec<Option<(Timestamp, f64)>>, HistoryError> {
    let end = Timestamp::from_ms(i64::MAX);
    let fresh = inner.archive.readings(device, from, end, FRESH_SEARCH_MAX)?;
    let oldest = |point: &&str| fresh.iter().find_map(|r| Some((r.time, r.measured(point)?)));
    let mut next: Vec<Option<(Timestamp, f64)>> = points.iter().map(oldest).collect();
    for place in store::after(connection, device, from, SEARCH_MAX)? {
        let missing =
            |next: &Option<(Timestamp, f64)>| next.is_none_or(|(time, _)| time > place.start);
        if !next.iter().any(missing) {
            break;
        }
        Span::of_place(inner, connection, device, place, end).numbers(
            points,
            |which, time, number| {
                let sooner = |known: &Option<(Timestamp, f64)>| known.is_none_or(|(t, _)| time < t);
                if let Some(slot) = next.get_mut(which).filter(|slot| time >= from && sooner(slot))
                {
                    *slot = Some((time, number));
                }
            },
        )?;
    }
    Ok(next)
}

/// When the oldest reading of a device is that is not from before `least`.
pub(super) fn since(
    inner: &Inner,
    connection: &Connection,
    device: &DeviceId,
    least: Timestamp,
) -> Result<Option<Timestamp>, HistoryError> {
    let last = Timestamp::from_ms(i64::MAX);
    let fresh = inner.archive.readings(device, least, last, 1)?;
    let fresh = fresh.first().map(|reading| reading.time);
    let packed = match store::after(connection, device, least, 1)?.pop() {
        Some(place) if place.start < least => {
            let times = match store::times(connection, device, &place) {
                Ok(times) => times.time,
                Err(HistoryError::Damaged { .. }) => vec![place.until.ms()],
                Err(error) => return Err(error),
            };
            let first = times.get(times.partition_point(|ms| *ms < least.ms()));
            first.map(|ms| Timestamp::from_ms(*ms))
        }
        place => place.map(|place| place.start),
    };
    Ok(packed.into_iter().chain(fresh).min())
}

/// Segments at either end that are looked at for the points of a device.
const POINTS_SEGMENTS: usize = 2;

/// The points that occur at either end of what is kept of a device; texts are left out.
pub(super) fn points(
    inner: &Inner,
    connection: &Connection,
    device: &DeviceId,
) -> Result<Vec<String>, HistoryError> {
    let (first, last) = (Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX));
    let mut names = BTreeSet::new();
    let mut places = store::after(connection, device, first, POINTS_SEGMENTS)?;
    places.extend(store::before(connection, device, last, POINTS_SEGMENTS)?);
    for place in places {
        names.extend(store::points_of(connection, &place)?);
    }
    for reading in inner.archive.last_before(device, last, FRESH_SEARCH_MAX)? {
        for sample in &reading.samples {
            match &sample.value {
                Value::Text(_) => names.remove(sample.point.as_str()),
                Value::Decimal(_) | Value::Float(_) | Value::Bool(_) | Value::Codes(_) => {
                    names.insert(sample.point.as_str().to_owned())
                }
            };
        }
    }
    Ok(names.into_iter().collect())
}
