//! Readings of one device in one span: those that are packed and those that are not yet, as one.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use rusqlite::Connection;

use crate::model::{DeviceId, Reading, Timestamp};

use super::error::HistoryError;
use super::segment::{Times, key};
use super::store::{self, Place};
use super::{Inner, READINGS_MAX, column};

/// What is to be read.
pub(super) struct Span<'a> {
    pub(super) inner: &'a Inner,
    pub(super) connection: &'a Connection,
    pub(super) device: &'a DeviceId,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) places: Vec<Place>,
    /// Not packed yet, in order.
    pub(super) fresh: Vec<Reading>,
}

impl<'a> Span<'a> {
    /// Looks where the readings of `from <= time < to` are.
    pub(super) fn new(
        inner: &'a Inner,
        connection: &'a Connection,
        device: &'a DeviceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Self, HistoryError> {
        // What is packed from now on is not in this state of the database, and is still in the journal.
        let packed = store::position(connection, &inner.journal)?;
        let fresh = inner.archive.readings_after(packed, device, from, to, READINGS_MAX + 1)?;
        if fresh.len() > READINGS_MAX {
            return Err(HistoryError::TooManyReadings);
        }
        let places = store::within(connection, device, from, to)?;
        Ok(Self { inner, connection, device, from, to, places, fresh })
    }

    /// One segment alone, up to `to`.
    pub(super) fn of_place(
        inner: &'a Inner,
        connection: &'a Connection,
        device: &'a DeviceId,
        place: Place,
        to: Timestamp,
    ) -> Self {
        let (from, places, fresh) = (place.start, vec![place], Vec::new());
        Self { inner, connection, device, from, to, places, fresh }
    }

    /// The points that occur in what is packed around here and in what is not packed yet.
    pub(super) fn points(&self) -> Result<BTreeSet<String>, HistoryError> {
        let fresh = self.fresh.iter().flat_map(|reading| &reading.samples);
        let mut points: BTreeSet<String> =
            fresh.map(|sample| sample.point.as_str().to_owned()).collect();
        for place in &self.places {
            points.extend(store::points_of(self.connection, place)?);
        }
        Ok(points)
    }

    /// Shows every measured number of some points, each point in the order of time.
    pub(super) fn numbers(
        &self,
        points: &[&str],
        mut visit: impl FnMut(usize, Timestamp, f64),
    ) -> Result<(), HistoryError> {
        let mut fresh = self.fresh.as_slice();
        let show = |readings: &[Reading], visit: &mut dyn FnMut(usize, Timestamp, f64)| {
            for reading in readings {
                for (which, point) in points.iter().enumerate() {
                    if let Some(number) = reading.measured(point) {
                        visit(which, reading.time, number);
                    }
                }
            }
        };
        for place in &self.places {
            let Some(times) = self.whole(store::times(self.connection, self.device, place))? else {
                continue;
            };
            let (before, rest) = fresh.split_at(fresh.partition_point(|r| r.time < place.start));
            show(before, &mut visit);
            let (amid, rest) = rest.split_at(rest.partition_point(|r| r.time <= place.until));
            fresh = rest;
            let amid: Vec<&Reading> = amid.iter().filter(|r| !times.holds(key(r))).collect();
            for (which, point) in points.iter().enumerate() {
                self.point_of(place, &times, point, &amid, |time, number| {
                    visit(which, time, number);
                })?;
            }
        }
        show(fresh, &mut visit);
        Ok(())
    }

    /// The numbers of one point in one segment, with those that came late.
    fn point_of(
        &self,
        place: &Place,
        times: &Times,
        point: &str,
        late: &[&Reading],
        mut visit: impl FnMut(Timestamp, f64),
    ) -> Result<(), HistoryError> {
        let packed = store::column(self.connection, self.device, place, point);
        let packed = self.whole(packed)?.flatten();
        let within = self.rows_within(times);
        let mut all: Vec<((Timestamp, u64), f64)> = Vec::new();
        let mut in_place = true;
        if let Some(packed) = packed {
            let column = column::unpack(&packed, times.len());
            let read = column.is_some_and(|column| {
                column.numbers(|row, number| match times.key(row) {
                    Some(key) if within.contains(&row) => {
                        if late.is_empty() {
                            visit(key.0, number)
                        } else {
                            all.push((key, number))
                        }
                    }
                    Some(_) => {}
                    None => in_place = false,
                })
            });
            if !read || !in_place {
                self.inner.note_damage(self.device, place.start);
            }
        }
        if !late.is_empty() {
            let late = late.iter().filter_map(|r| Some((key(r), r.measured(point)?)));
            all.extend(late);
            all.sort_by_key(|(key, _)| *key);
            all.into_iter().for_each(|((time, _), number)| visit(time, number));
        }
        Ok(())
    }

    /// Readings that may be in the span.
    pub(super) fn rows_at_most(&self) -> usize {
        self.places.iter().map(|place| place.rows).sum::<usize>() + self.fresh.len()
    }

    /// The rows of a segment that are in the span.
    pub(super) fn rows_within(&self, times: &Times) -> Range<usize> {
        let place = |end: Timestamp| times.time.partition_point(|time| *time < end.ms());
        place(self.from)..place(self.to)
    }

    /// Shows when each reading was, in order.
    pub(super) fn times(&self, mut visit: impl FnMut(Timestamp)) -> Result<(), HistoryError> {
        let mut fresh = self.fresh.as_slice();
        for place in &self.places {
            let Some(times) = self.whole(store::times(self.connection, self.device, place))? else {
                continue;
            };
            let (before, rest) = fresh.split_at(fresh.partition_point(|r| r.time < place.start));
            before.iter().for_each(|reading| visit(reading.time));
            let (amid, rest) = rest.split_at(rest.partition_point(|r| r.time <= place.until));
            fresh = rest;
            let late = amid.iter().filter(|reading| !times.holds(key(reading)));
            let mut all: Vec<i64> = times.time.clone();
            all.extend(late.map(|reading| reading.time.ms()));
            if !amid.is_empty() {
                all.sort_unstable();
            }
            let within = |ms: &i64| (self.from.ms()..self.to.ms()).contains(ms);
            all.into_iter().filter(within).for_each(|ms| visit(Timestamp::from_ms(ms)));
        }
        fresh.iter().for_each(|reading| visit(reading.time));
        Ok(())
    }

    /// Shows every reading, in order.
    pub(super) fn readings(&self, mut visit: impl FnMut(&Reading)) -> Result<(), HistoryError> {
        let rows: usize = self.places.iter().map(|place| place.rows).sum();
        // One segment at each end may reach far beyond the span.
        let ends =
            self.places.first().map_or(0, |p| p.rows) + self.places.last().map_or(0, |p| p.rows);
        if rows.saturating_sub(ends) + self.fresh.len() > READINGS_MAX {
            return Err(HistoryError::TooManyReadings);
        }
        let mut fresh = self.fresh.as_slice();
        for place in &self.places {
            let read = store::readings(self.connection, self.device, place);
            let Some(mut readings) = self.whole(read)? else { continue };
            readings.retain(|reading| self.from <= reading.time && reading.time < self.to);
            let (before, rest) = fresh.split_at(fresh.partition_point(|r| r.time < place.start));
            before.iter().for_each(&mut visit);
            let (amid, rest) = rest.split_at(rest.partition_point(|r| r.time <= place.until));
            fresh = rest;
            if !amid.is_empty() {
                // Packed ones first, so that they stay where both are there; unless something was lost of
                // them and the journal has more.
                readings.extend(amid.iter().cloned());
                readings.sort_by_key(|reading| (key(reading), Reverse(reading.samples.len())));
                readings.dedup_by_key(|reading| key(reading));
            }
            readings.iter().for_each(&mut visit);
        }
        fresh.iter().for_each(&mut visit);
        Ok(())
    }

    /// `None` where a block is damaged: it is left out here, and put aside by the packer.
    pub(super) fn whole<T>(
        &self,
        read: Result<T, HistoryError>,
    ) -> Result<Option<T>, HistoryError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(HistoryError::Damaged { device, time }) => {
                self.inner.note_damage(&device, time);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
