//! Some points of one device, reading by reading: what a table is made of.

use std::ops::ControlFlow;

use crate::model::{Reading, Timestamp, Value};

use super::column;
use super::error::HistoryError;
use super::segment::{Times, key};
use super::span::Span;
use super::store::{self, Place};

/// The point whose values are codes: told as how many they are.
const CODES: &str = "fault";

/// The numbers of one reading, in the order of the points; `None` where one was not measured.
pub type Visit<'a> = dyn FnMut(Timestamp, &[Option<f64>]) -> ControlFlow<()> + 'a;

/// Numbers by point, then by row.
type Table = Vec<Vec<Option<f64>>>;

impl Span<'_> {
    /// Shows the numbers of some points in each reading, in order, until the visitor breaks off.
    pub(super) fn rows(&self, points: &[&str], visit: &mut Visit<'_>) -> Result<(), HistoryError> {
        let mut fresh = self.fresh.as_slice();
        for place in &self.places {
            let Some(times) = self.whole(store::times(self.connection, self.device, place))? else {
                continue;
            };
            let (before, rest) = fresh.split_at(fresh.partition_point(|r| r.time < place.start));
            let (amid, rest) = rest.split_at(rest.partition_point(|r| r.time <= place.until));
            fresh = rest;
            let late: Vec<&Reading> = amid.iter().filter(|r| !times.holds(key(r))).collect();
            let shown = show(before.iter(), points, visit);
            if shown.is_break() || self.packed(place, &times, points, &late, visit)?.is_break() {
                return Ok(());
            }
        }
        // How it ends says nothing more.
        let (ControlFlow::Continue(()) | ControlFlow::Break(())) =
            show(fresh.iter(), points, visit);
        Ok(())
    }

    /// One segment, with the readings that came late.
    fn packed(
        &self,
        place: &Place,
        times: &Times,
        points: &[&str],
        late: &[&Reading],
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, HistoryError> {
        let table = self.table(place, times, points)?;
        let mut late = late.iter().copied().peekable();
        let mut row = vec![None; points.len()];
        for at in self.rows_within(times) {
            let Some(own) = times.key(at) else { continue };
            while let Some(reading) = late.next_if(|reading| key(reading) < own) {
                if show(std::iter::once(reading), points, visit).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            for (cell, column) in row.iter_mut().zip(&table) {
                *cell = column.get(at).copied().flatten();
            }
            if visit(own.0, &row).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(show(late, points, visit))
    }

    fn table(&self, place: &Place, times: &Times, points: &[&str]) -> Result<Table, HistoryError> {
        let mut table = Vec::new();
        for point in points {
            let mut numbers = vec![None; times.len()];
            if let Some(packed) = self.column_of(place, point)? {
                let mut put = |row: usize, number: f64| {
                    if let Some(cell) = numbers.get_mut(row) {
                        *cell = Some(number);
                    }
                };
                let read =
                    column::unpack(&packed, times.len()).is_some_and(|column| match *point {
                        CODES => column.cells(|row, value, _| {
                            if let Value::Codes(codes) = value {
                                put(row, codes.len() as f64);
                            }
                        }),
                        _ => column.numbers(put),
                    });
                if !read {
                    self.inner.note_damage(self.device, place.start);
                }
            }
            table.push(numbers);
        }
        Ok(table)
    }

    /// The packed values of a point, where there are any and they are whole.
    fn column_of(&self, place: &Place, point: &str) -> Result<Option<Vec<u8>>, HistoryError> {
        let packed = store::column(self.connection, self.device, place, point);
        Ok(self.whole(packed)?.flatten())
    }
}

/// A number of a reading; of codes, how many they are.
fn number(reading: &Reading, point: &str) -> Option<f64> {
    match reading.value(point) {
        Some(Value::Codes(codes)) if point == CODES => Some(codes.len() as f64),
        _ => reading.measured(point),
    }
}

fn show<'a>(
    readings: impl Iterator<Item = &'a Reading>,
    points: &[&str],
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    for reading in readings {
        let row: Vec<Option<f64>> = points.iter().map(|point| number(reading, point)).collect();
        visit(reading.time, &row)?;
    }
    ControlFlow::Continue(())
}
