//! Some readings of one device, one after the other in time, as columns and back.

use std::collections::HashMap;

use crate::journal::bytes::{Input, put_unsigned};
use crate::model::{DeviceId, PointName, Reading, Sample, Timestamp};

use super::column::{self, Cell, put_numbers, take_numbers};

/// Version of the form of the times; older forms stay readable for ever.
const FORM: u8 = 1;

/// Readings of one device as bytes: when they were, and a column for each point.
#[derive(Debug)]
pub(super) struct Packed {
    /// Time of the first one.
    pub(super) start: Timestamp,
    /// Time of the last one.
    pub(super) until: Timestamp,
    /// How many.
    pub(super) rows: usize,
    /// Times, arrivals and messages.
    pub(super) times: Vec<u8>,
    /// Each point that occurs.
    pub(super) columns: Vec<(PointName, Vec<u8>)>,
}

/// When the readings of a segment were.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Times {
    /// In order, milliseconds.
    pub(super) time: Vec<i64>,
    /// How long each was under way, milliseconds.
    delay: Vec<i64>,
    message: Vec<i64>,
}

/// What tells two readings of a device apart, and their order.
pub(super) fn key(reading: &Reading) -> (Timestamp, u64) {
    (reading.time, reading.message)
}

/// Packs readings that are in the order of their [`key`]; `None` where there are none.
pub(super) fn pack(readings: &[Reading]) -> Option<Packed> {
    let (first, last) = (readings.first()?, readings.last()?);
    let mut times = vec![FORM];
    put_unsigned(&mut times, readings.len() as u64);
    let mut put = |of: fn(&Reading) -> i64| {
        put_numbers(&mut times, &readings.iter().map(of).collect::<Vec<_>>());
    };
    put(|reading| reading.time.ms());
    put(|reading| reading.received.ms().wrapping_sub(reading.time.ms()));
    put(|reading| reading.message.cast_signed());
    let mut order: Vec<(PointName, Vec<Cell>)> = Vec::new();
    let mut places: HashMap<PointName, usize> = HashMap::new();
    for (row, reading) in readings.iter().enumerate() {
        for sample in &reading.samples {
            let place = *places.entry(sample.point.clone()).or_insert_with(|| {
                order.push((sample.point.clone(), Vec::with_capacity(readings.len() - row)));
                order.len() - 1
            });
            if let Some((_, cells)) = order.get_mut(place) {
                let (value, quality) = (sample.value.clone(), sample.quality);
                cells.push(Cell { row, value, quality });
            }
        }
    }
    let pack = |(point, cells): (_, Vec<Cell>)| (point, column::pack(&cells, readings.len()));
    Some(Packed {
        start: first.time,
        until: last.time,
        rows: readings.len(),
        times,
        columns: order.into_iter().map(pack).collect(),
    })
}

/// Unpacks the times; `None` if they are damaged.
pub(super) fn unpack_times(packed: &[u8]) -> Option<Times> {
    let mut input = Input(packed);
    if input.byte()? != FORM {
        return None;
    }
    let rows = input.count(usize::MAX)?;
    Some(Times {
        time: take_numbers(&mut input, rows)?,
        delay: take_numbers(&mut input, rows)?,
        message: take_numbers(&mut input, rows)?,
    })
}

impl Times {
    /// How many readings there are.
    pub(super) const fn len(&self) -> usize {
        self.time.len()
    }

    /// What tells the reading of a row apart.
    pub(super) fn key(&self, row: usize) -> Option<(Timestamp, u64)> {
        let (time, message) = (self.time.get(row)?, self.message.get(row)?);
        Some((Timestamp::from_ms(*time), message.cast_unsigned()))
    }

    /// What tells each reading apart, in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = (Timestamp, u64)> {
        (0..self.len()).filter_map(|row| self.key(row))
    }

    /// Whether there is a reading of this time and message.
    pub(super) fn holds(&self, (time, message): (Timestamp, u64)) -> bool {
        let first = self.time.partition_point(|other| *other < time.ms());
        let same = self.time.iter().zip(&self.message).skip(first);
        same.take_while(|(other, _)| **other == time.ms())
            .any(|(_, other)| *other == message.cast_signed())
    }

    /// The readings, still without values.
    pub(super) fn readings(&self, device: &DeviceId) -> Vec<Reading> {
        let rows = self.time.iter().zip(&self.delay).zip(&self.message);
        let reading = |((time, delay), message): ((&i64, &i64), &i64)| Reading {
            device: device.clone(),
            time: Timestamp::from_ms(*time),
            received: Timestamp::from_ms(time.wrapping_add(*delay)),
            message: message.cast_unsigned(),
            samples: Vec::new(),
        };
        rows.map(reading).collect()
    }
}

/// Puts the values of a column into their readings; false if it is damaged.
pub(super) fn fill(readings: &mut [Reading], point: &PointName, packed: &[u8]) -> bool {
    let Some(column) = column::unpack(packed, readings.len()) else { return false };
    let mut in_place = true;
    let read = column.cells(|row, value, quality| match readings.get_mut(row) {
        Some(reading) => reading.samples.push(Sample { point: point.clone(), value, quality }),
        None => in_place = false,
    });
    read && in_place
}
