//! Records as bytes: small integers, names as numbers.
//!
//! A reading of 30 values takes about 100 bytes. The first byte is the version of the form; older
//! forms stay readable for ever. The last four are a sum over the row, so that a flipped bit is
//! found and not answered with.

use std::sync::Arc;

use crate::model::{
    Decimal, DeviceId, Event, EventKind, Link, LinkFault, LinkState, Quality, Reading, Record,
    Sample, Timestamp, Value,
};

use super::bytes::{Input, put_bytes, put_signed, put_unsigned};
use super::names::{Look, Names};

const FORM: u8 = 2;
/// As [`FORM`], without the sum.
const FORM_UNSUMMED: u8 = 1;

pub(super) const KIND_READING: i64 = 0;
pub(super) const KIND_LINK: i64 = 1;
pub(super) const KIND_EVENT: i64 = 2;

/// Names that a record needs: its subject first.
pub(super) fn names_of(record: &Record) -> Vec<&str> {
    match record {
        Record::Reading(reading) => std::iter::once(reading.device.as_str())
            .chain(reading.samples.iter().map(|sample| sample.point.as_str()))
            .collect(),
        Record::Link(link) => vec![link.device.as_str()],
        Record::Event(event) => vec![event.kind.as_str()],
    }
}

/// One row of the table.
#[derive(Default)]
pub(super) struct Row {
    pub(super) kind: i64,
    pub(super) subject: i64,
    pub(super) time: i64,
    pub(super) message: i64,
    pub(super) body: Vec<u8>,
}

/// Numbers of the kinds of values, in the low three bits of a sample's tag.
mod tag {
    pub(super) const DECIMAL: u8 = 0;
    pub(super) const FLOAT: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const TRUE: u8 = 3;
    pub(super) const TEXT: u8 = 4;
    pub(super) const CODES: u8 = 5;
}

fn quality_code(quality: Quality) -> u8 {
    let place = Quality::ALL.iter().position(|q| *q == quality);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(0)
}

fn put_sample(out: &mut Vec<u8>, sample: &Sample, point: i64) {
    put_signed(out, point);
    let quality = quality_code(sample.quality) << 3;
    match &sample.value {
        Value::Decimal(decimal) => {
            out.push(tag::DECIMAL | quality);
            put_signed(out, i64::from(decimal.exponent));
            put_signed(out, decimal.mantissa);
        }
        Value::Float(float) => {
            out.push(tag::FLOAT | quality);
            out.extend_from_slice(&float.to_le_bytes());
        }
        Value::Bool(yes) => out.push(if *yes { tag::TRUE } else { tag::FALSE } | quality),
        Value::Text(text) => {
            out.push(tag::TEXT | quality);
            put_bytes(out, text.as_bytes());
        }
        Value::Codes(codes) => {
            out.push(tag::CODES | quality);
            put_unsigned(out, codes.len() as u64);
            codes.iter().for_each(|code| put_bytes(out, code.as_bytes()));
        }
    }
}

/// Makes `row` that of a record; false if a name has no number yet.
pub(super) fn encode(record: &Record, names: &Look<'_>, row: &mut Row) -> bool {
    row.body.clear();
    row.body.push(FORM);
    (row.kind, row.message) = (KIND_READING, 0);
    let subject = match record {
        Record::Reading(reading) => {
            row.time = reading.time.ms();
            row.message = reading.message.cast_signed();
            put_signed(&mut row.body, reading.received.since_ms(reading.time));
            for sample in &reading.samples {
                let Some(point) = names.id(sample.point.as_str()) else { return false };
                put_sample(&mut row.body, sample, point);
            }
            reading.device.as_str()
        }
        Record::Link(link) => {
            (row.kind, row.time) = (KIND_LINK, link.time.ms());
            if let LinkState::Down { fault, detail } = &link.state {
                put_bytes(&mut row.body, fault.as_str().as_bytes());
                put_bytes(&mut row.body, detail.as_bytes());
            }
            link.device.as_str()
        }
        Record::Event(event) => {
            (row.kind, row.time) = (KIND_EVENT, event.time.ms());
            row.body.extend_from_slice(event.body.as_bytes());
            event.kind.as_str()
        }
    };
    let Some(id) = names.id(subject) else { return false };
    row.subject = id;
    let sum = sum(row, &row.body);
    row.body.extend_from_slice(&sum.to_le_bytes());
    true
}

fn sum(row: &Row, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    let mut head = [0; 32];
    let numbers = [row.kind, row.subject, row.time, row.message];
    for (place, number) in head.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    hasher.update(&head);
    hasher.update(body);
    hasher.finalize()
}

/// What follows the version in the body of a row; `None` if it is damaged.
fn opened(row: &Row) -> Option<&[u8]> {
    match *row.body.first()? {
        FORM => {
            let (body, stored) = row.body.split_last_chunk::<4>()?;
            (u32::from_le_bytes(*stored) == sum(row, body)).then_some(())?;
            body.get(1..)
        }
        FORM_UNSUMMED => row.body.get(1..),
        _ => None,
    }
}

fn take_sample(input: &mut Input<'_>, names: &Look<'_>) -> Option<Sample> {
    let point = names.point(input.signed()?)?;
    let tag = input.byte()?;
    let quality = *Quality::ALL.get(usize::from(tag >> 3))?;
    let value = match tag & 7 {
        tag::DECIMAL => {
            let exponent = i8::try_from(input.signed()?).ok()?;
            Value::Decimal(Decimal { mantissa: input.signed()?, exponent })
        }
        tag::FLOAT => {
            let (head, rest) = input.0.split_first_chunk::<8>()?;
            input.0 = rest;
            Value::Float(f64::from_le_bytes(*head))
        }
        tag::FALSE => Value::Bool(false),
        tag::TRUE => Value::Bool(true),
        tag::TEXT => Value::Text(Arc::from(input.text()?)),
        tag::CODES => {
            let codes = (0..input.unsigned()?).map(|_| input.text().map(Arc::from));
            Value::Codes(codes.collect::<Option<Arc<[_]>>>()?)
        }
        _ => return None,
    };
    Some(Sample { point, value, quality })
}

/// The record of a row; `None` if it is damaged.
pub(super) fn decode(row: &Row, names: &Names) -> Option<Record> {
    let mut input = Input(opened(row)?);
    let time = Timestamp::from_ms(row.time);
    let names = &names.look();
    let subject = names.name(row.subject)?;
    match row.kind {
        KIND_READING => {
            let received = time.plus_ms(input.signed()?);
            let mut samples = Vec::with_capacity(input.0.len() / 4);
            while !input.0.is_empty() {
                samples.push(take_sample(&mut input, names)?);
            }
            let device = DeviceId::parse(subject).ok()?;
            #[allow(clippy::cast_sign_loss)]
            let message = row.message as u64;
            Some(Record::Reading(Reading { device, time, received, message, samples }))
        }
        KIND_LINK => {
            let device = DeviceId::parse(subject).ok()?;
            let state = if input.0.is_empty() {
                LinkState::Up
            } else {
                let fault = LinkFault::parse(input.text()?)?;
                LinkState::Down { fault, detail: input.text()?.to_owned() }
            };
            Some(Record::Link(Link { device, time, state }))
        }
        KIND_EVENT => {
            let kind = EventKind::ALL.into_iter().find(|kind| kind.as_str() == subject)?;
            let body = std::str::from_utf8(input.0).ok()?.to_owned();
            Some(Record::Event(Event { kind, time, body }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
