//! What each register counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::daybook::{Booked, Day, Daybook, Piece, RECORD_MS, Shown as Read};
use crate::energy::{Amount, Sums};
use crate::model::{Device, DeviceId, Text, Timestamp, standard_point};

use super::building::{Meter, Role};
use super::figures::{Classes, Figure, Hole, Line, MeterFigures, Shown};
use super::light::Span;

/// One register over the period.
pub(super) struct Counted {
    pub(super) id: DeviceId,
    pub(super) name: Text,
    /// `None` where people read it.
    pub(super) device: Option<Arc<Device>>,
    /// `None` for an inverter.
    pub(super) meter: Option<Meter>,
    pub(super) point: &'static str,
    /// It counts what the roof makes.
    pub(super) makes: bool,
    pub(super) booked: Booked,
    /// Its registers as the last readings of the period show them.
    pub(super) shown: Vec<Piece>,
}

impl Counted {
    /// What it counted in some days that follow one another.
    pub(super) fn sums(&self, spans: &[Span]) -> Sums {
        let ends = spans.first().zip(spans.last());
        ends.map_or_else(Sums::default, |(first, last)| {
            self.booked.grid.sums(first.start, end(last))
        })
    }

    /// Every quarter-hour of some days in which it counted.
    pub(super) fn slots(&self, spans: &[Span]) -> impl Iterator<Item = (Timestamp, Amount)> {
        self.known_slots(spans).map(|(time, sums)| (time, sums.total()))
    }

    /// The same, by how the amounts are known.
    pub(super) fn known_slots(&self, spans: &[Span]) -> impl Iterator<Item = (Timestamp, Sums)> {
        let nothing = (Timestamp::from_ms(0), Timestamp::from_ms(0));
        let ends = spans.first().zip(spans.last()).map(|(first, last)| (first.start, end(last)));
        let (from, to) = ends.unwrap_or(nothing);
        self.booked.grid.slots_between(from, to).map(|(time, sums)| (time, *sums))
    }

    pub(super) fn is_behind_inverters(&self) -> bool {
        self.meter.as_ref().is_some_and(|meter| meter.role == Role::Pv)
    }

    pub(super) fn is(&self, role: Role, point: &str) -> bool {
        self.meter.as_ref().is_some_and(|meter| meter.role == role) && self.point == point
    }
}

/// The first moment after a day.
pub(super) fn end(span: &Span) -> Timestamp {
    let records = i64::try_from(span.records).unwrap_or_default();
    span.start.plus_ms(records * crate::daybook::RECORD_MS)
}

/// The days of a period on the clock.
pub(super) fn spans(daybook: &Daybook, days: impl Iterator<Item = Date>) -> Vec<Span> {
    let span = |date: Date| {
        let start = daybook.start(date);
        let next = date.tomorrow().map_or(start, |next| daybook.start(next));
        let records = next.since_ms(start) / crate::daybook::RECORD_MS;
        Span { date, start, records: usize::try_from(records).unwrap_or_default() }
    };
    days.map(span).collect()
}

/// The figures of a register.
pub(super) fn figures(
    counted: &Counted,
    days: &BTreeMap<Date, Arc<Day>>,
    spans: &[Span],
    now: Timestamp,
) -> MeterFigures {
    let unit = standard_point(counted.point).map_or("", |point| point.unit);
    let sums = counted.sums(spans);
    let one_day = |span: &Span| counted.sums(std::slice::from_ref(span)).total().units();
    let meter = counted.meter.as_ref();
    MeterFigures {
        device: counted.id.to_string(),
        name: counted.name.clone().into(),
        role: meter.map_or("inverter", |meter| meter.role.as_str()).to_owned(),
        code: meter.and_then(|meter| meter.code.clone()),
        quota: meter.is_none_or(|meter| meter.quota),
        point: counted.point.to_owned(),
        unit: unit.to_owned(),
        counted: classes(&sums),
        days: spans.iter().map(one_day).collect(),
        lines: lines(counted),
        holes: holes(&counted.booked, spans),
        completeness: match &counted.device {
            Some(device) => completeness(counted, device, days, spans, now),
            None => Figure::none(Text::new("人工抄表", "people read it")),
        },
    }
}

fn classes(sums: &Sums) -> Classes {
    Classes {
        total: sums.total().units(),
        measured: sums.measured.units(),
        recovered: sums.recovered.units(),
        estimated: sums.estimated.units(),
        manual: sums.manual.units(),
    }
}

fn shown((at_ms, value): Read) -> Shown {
    Shown { at_ms, value: value.units() }
}

fn lines(counted: &Counted) -> Vec<Line> {
    let line = |piece: &Piece| Line {
        first: shown(piece.first),
        last: shown(piece.last),
        rolled_over: piece.rolled_over.units(),
    };
    counted.shown.iter().map(line).collect()
}

fn holes(booked: &Booked, spans: &[Span]) -> Vec<Hole> {
    let ends = spans.first().zip(spans.last()).map(|(a, b)| (a.start.ms(), end(b).ms()));
    let touches = |(before, after): &&(Read, Read)| {
        ends.is_some_and(|(from, to)| before.0 < to && after.0 >= from)
    };
    let hole =
        |(before, after): &(Read, Read)| Hole { before: shown(*before), after: shown(*after) };
    booked.holes.iter().filter(touches).map(hole).collect()
}

/// Records in which it was heard, of those that have passed by now.
#[allow(clippy::cast_precision_loss)] // records of a year
fn completeness(
    counted: &Counted,
    device: &Device,
    days: &BTreeMap<Date, Arc<Day>>,
    spans: &[Span],
    now: Timestamp,
) -> Figure {
    if device.interval_ms == 0 {
        return Figure::none(Text::new("已不在配置中", "it is no longer configured"));
    }
    // One that was put up in the period could not speak before.
    let since = counted.booked.pieces.first().map_or(i64::MIN, |piece| piece.first.0);
    let since = Timestamp::from_ms(since);
    let of = |span: &Span| {
        let day = days.get(&span.date);
        let passed_ms = end(span).min(now).since_ms(span.start.max(since)).max(0);
        let record_ms = day.map_or(RECORD_MS, |day| day.record_ms).max(RECORD_MS);
        // One that is asked once an hour is not to be heard in every quarter of it.
        (passed_ms / record_ms.max(device.interval_ms), day.map_or(0, |day| i64::from(day.records)))
    };
    let each = spans.iter().map(of);
    let (expected, heard) = each.fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
    if expected <= 0 || device.may_be_silent() {
        return Figure::none(Text::new(
            "设备只在变化时上报",
            "it speaks only when something changes",
        ));
    }
    Figure::of((heard as f64 / expected as f64).min(1.0))
}
