//! New readings into the segments of their device. Most of them follow all others and become a
//! segment of their own; small neighbours are joined, four at a time, so that each reading is packed
//! anew a few times only and old segments are large. What comes late is merged into the segment
//! whose span it falls into.

use rusqlite::Connection;

use crate::model::{DeviceId, Reading};

use super::error::HistoryError;
use super::segment::{self, key};
use super::store::{self, Place};

/// Readings from which on a segment is not joined to others any more.
const FULL: usize = 4096;
/// Readings above which a segment is cut in two.
const ROWS_MAX: usize = 12_288;
/// So many segments of a size make one of the next.
const FAN_IN: usize = 4;
/// Segments looked at before a new one: three of each size, and some.
const NEIGHBOURS: usize = 32;

/// Adds readings of one device; those that are there already are left out, unless values of them may be
/// missing there (`refill`). Call in a transaction.
pub(super) fn add(
    connection: &Connection,
    device: &DeviceId,
    mut readings: Vec<Reading>,
    refill: bool,
) -> Result<(), HistoryError> {
    readings.sort_by_key(key);
    readings.dedup_by_key(|reading| key(reading));
    let mut between = Vec::new();
    let mut rest = readings.as_slice();
    while let Some(first) = rest.first() {
        let place = store::before(connection, device, first.time.plus_ms(1), 1)?.pop();
        let next = store::next_start(connection, device, first.time)?;
        // How many fall into the same segment, or into the same gap.
        let inside = place.filter(|place| first.time <= place.until);
        let count = rest.partition_point(|reading| match &inside {
            Some(place) => reading.time <= place.until,
            None => next.is_none_or(|next| reading.time < next),
        });
        let (head, tail) = rest.split_at(count);
        match inside {
            Some(place) => insert(connection, device, &place, head, refill)?,
            None => between.push(head),
        }
        rest = tail;
    }
    // Afterwards, because these join their neighbours.
    between.into_iter().try_for_each(|readings| append(connection, device, readings))
}

/// Merges late readings into a segment whose span they fall into.
fn insert(
    connection: &Connection,
    device: &DeviceId,
    place: &Place,
    late: &[Reading],
    refill: bool,
) -> Result<(), HistoryError> {
    let times = store::times(connection, device, place)?;
    let mut late: Vec<Reading> =
        late.iter().filter(|late| refill || !times.holds(key(late))).cloned().collect();
    if late.is_empty() {
        return Ok(());
    }
    late.extend(store::readings(connection, device, place)?);
    // Of two of one key the one with more values is first, and stays.
    late.sort_by_key(|reading| (key(reading), std::cmp::Reverse(reading.samples.len())));
    late.dedup_by_key(|reading| key(reading));
    store::remove(connection, place)?;
    keep(connection, device, &late)
}

/// Keeps readings that fall between two segments, and joins small ones before them.
fn append(
    connection: &Connection,
    device: &DeviceId,
    readings: &[Reading],
) -> Result<(), HistoryError> {
    let Some(first) = readings.first() else { return Ok(()) };
    let neighbours = store::before(connection, device, first.time, NEIGHBOURS)?;
    let joined = joined(&neighbours, readings.len());
    let mut all = Vec::new();
    for place in neighbours.iter().take(joined).rev() {
        all.extend(store::readings(connection, device, place)?);
        store::remove(connection, place)?;
    }
    all.extend_from_slice(readings);
    keep(connection, device, &all)
}

/// How many of the segments before (newest first) are joined to so many new readings.
fn joined(before: &[Place], new: usize) -> usize {
    let (mut taken, mut rows) = (0, new);
    loop {
        let rest = before.iter().skip(taken);
        let small = |place: &&Place| place.rows < FULL && size(place.rows) <= size(rows);
        let group: Vec<usize> = rest.take_while(small).map(|place| place.rows).collect();
        if group.len() + 1 < FAN_IN || rows >= FULL {
            return taken;
        }
        taken += group.len();
        rows += group.iter().sum::<usize>();
    }
}

/// Sizes that are alike: powers of four.
const fn size(rows: usize) -> u32 {
    if rows == 0 { 0 } else { rows.ilog2() / 2 }
}

/// Packs readings, in one segment or in some.
fn keep(
    connection: &Connection,
    device: &DeviceId,
    readings: &[Reading],
) -> Result<(), HistoryError> {
    let mut rest = readings;
    while !rest.is_empty() {
        let most =
            if rest.len() > ROWS_MAX { (rest.len() / 2).min(ROWS_MAX / 2) } else { rest.len() };
        // Readings of one time stay together, so that segments do not overlap.
        let time = rest.get(most).map(|reading| reading.time);
        let mut cut = match time {
            Some(time) => rest.partition_point(|reading| reading.time < time),
            None => rest.len(),
        };
        if cut == 0 {
            cut = time.map_or(rest.len(), |t| rest.partition_point(|reading| reading.time <= t));
        }
        let (head, tail) = rest.split_at(cut);
        if let Some(packed) = segment::pack(head) {
            store::keep(connection, device, packed)?;
        }
        rest = tail;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn places(rows: &[usize]) -> Vec<Place> {
        let time = Timestamp::from_ms(0);
        let place = |rows: &usize| Place { id: 0, start: time, until: time, rows: *rows };
        rows.iter().rev().map(place).collect()
    }

    #[test]
    fn four_of_a_size_become_one() {
        assert_eq!(joined(&places(&[]), 12), 0);
        assert_eq!(joined(&places(&[12, 12]), 12), 0);
        assert_eq!(joined(&places(&[12, 12, 12]), 12), 3);
        assert_eq!(joined(&places(&[48, 48, 48, 12, 12, 12]), 12), 6, "and four of those again");
        assert_eq!(joined(&places(&[5000, 5000, 5000]), 12), 0, "full ones are left alone");
        assert_eq!(joined(&places(&[3000, 3000, 3000]), 3000), 3);
        assert_eq!(joined(&places(&[1, 1, 1]), 5000), 0, "a large one is a segment of its own");
    }
}
