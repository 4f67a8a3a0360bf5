//! A damaged segment is put aside as it is; what is still whole of it becomes a segment again.

use rusqlite::Connection;

use crate::model::{DeviceId, PointName, Timestamp};

use super::error::HistoryError;
use super::segment;
use super::store::{self, Place};

/// What a damaged segment has cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost {
    /// Time of its first and its last reading.
    pub(super) span: (Timestamp, Timestamp),
    /// Readings whose times were damaged: nothing of them is left.
    pub(super) readings: usize,
    /// Points whose values were damaged; those of the others are left.
    pub(super) points: Vec<String>,
}

/// Puts the segment aside that begins at `start`; `None` where it is whole, or gone. Call in a
/// transaction.
pub(super) fn set_aside(
    connection: &Connection,
    device: &DeviceId,
    start: Timestamp,
) -> Result<Option<Lost>, HistoryError> {
    let found = store::before(connection, device, start.plus_ms(1), 1)?.pop();
    let Some(place) = found.filter(|place| place.start == start) else { return Ok(None) };
    let times = match store::times(connection, device, &place) {
        Ok(times) => Some(times),
        Err(HistoryError::Damaged { .. }) => None,
        Err(error) => return Err(error),
    };
    let mut lost = Lost { span: (place.start, place.until), readings: 0, points: Vec::new() };
    let mut whole = Vec::new();
    match times {
        None => lost.readings = place.rows,
        Some(times) => {
            whole = times.readings(device);
            let names = store::points_of(connection, &place)?;
            let gone = store::columns_of(connection, &place)?.saturating_sub(names.len());
            lost.points.extend((0..gone).map(|_| "?".to_owned()));
            for name in names {
                let filled = match store::column(connection, device, &place, &name) {
                    Ok(body) => body.zip(PointName::parse(&name).ok()),
                    Err(HistoryError::Damaged { .. }) => None,
                    Err(error) => return Err(error),
                };
                let filled =
                    filled.is_some_and(|(body, point)| segment::fill(&mut whole, &point, &body));
                if !filled {
                    lost.points.push(name);
                }
            }
        }
    }
    if lost.readings == 0 && lost.points.is_empty() {
        return Ok(None);
    }
    put_aside(connection, &place)?;
    // A time at which nothing is known any more is no reading.
    whole.retain(|reading| !reading.samples.is_empty());
    if let Some(packed) = segment::pack(&whole) {
        store::keep(connection, device, packed)?;
    }
    Ok(Some(lost))
}

/// After a mending: blocks without all their columns are no blocks of readings without these values.
pub(super) fn leave_out_holes(connection: &Connection) -> Result<(), HistoryError> {
    connection.execute(
        "DELETE FROM packed WHERE segment NOT IN (SELECT id FROM segment)
             AND segment NOT IN (SELECT id FROM damaged)",
        [],
    )?;
    for (device, start) in store::lacking(connection, usize::MAX)? {
        if let Ok(device) = DeviceId::parse(&device) {
            set_aside(connection, &device, start)?;
        }
    }
    Ok(())
}

/// Its bytes stay, for whoever wants to look at them.
fn put_aside(connection: &Connection, place: &Place) -> Result<(), HistoryError> {
    connection.execute(
        "INSERT INTO damaged SELECT id, device, start, until, rows, times FROM segment
         WHERE id = ?1",
        [place.id],
    )?;
    connection.execute("DELETE FROM segment WHERE id = ?1", [place.id])?;
    Ok(())
}
