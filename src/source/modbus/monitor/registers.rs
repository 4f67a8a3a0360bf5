//! The registers of a device, point by point: what stood in them and what is made of it.

use std::sync::Arc;

use crate::model::{PointName, Timestamp, Value};
use crate::profile::{Function, RegisterPoint};

use super::super::decode::{RegisterImage, decode_one};
use super::view::Hole;

/// The points of one read.
pub(in super::super) type PointsOfRead = (Function, Arc<[RegisterPoint]>);

/// What is known of a point.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A value.
    Value(Value),
    /// The device says that it has none now.
    NotAvailable,
    /// The device refuses the registers, with this Modbus exception.
    RefusedByDevice(u8),
    /// It was read and is not believed; the reason as it is counted.
    RefusedValue(&'static str),
    /// It has not been read yet, or its read rests.
    NotRead,
}

/// One point and its registers.
#[derive(Debug, Clone, PartialEq)]
pub struct Register {
    /// Standard name, or `vendor_…`.
    pub name: PointName,
    /// The vendor's own name of it.
    pub vendor: String,
    /// How it is read.
    pub function: Function,
    /// First register on the wire.
    pub address: u16,
    /// How many registers.
    pub count: u16,
    /// What stood in them; empty where they were not read.
    pub words: Vec<u16>,
    /// When.
    pub read: Option<Timestamp>,
    /// What is made of it.
    pub found: Found,
}

/// The points of some reads, each with the newest words that hold it.
pub(super) fn registers(
    reads: &[PointsOfRead],
    images: &[(Timestamp, RegisterImage)],
    holes: &[Hole],
) -> Vec<Register> {
    let of_read = |(function, points): &PointsOfRead| -> Vec<Register> {
        points.iter().map(|point| register(*function, point, images, holes)).collect()
    };
    let mut all: Vec<Register> = reads.iter().flat_map(of_read).collect();
    all.sort_by(|a, b| (a.function, a.address, &a.name).cmp(&(b.function, b.address, &b.name)));
    all
}

fn register(
    function: Function,
    point: &RegisterPoint,
    images: &[(Timestamp, RegisterImage)],
    holes: &[Hole],
) -> Register {
    let count = point.number.words();
    let holds = |image: &RegisterImage| {
        image.function() == function && image.words(point.address, count).is_some()
    };
    let newest = images.iter().filter(|(_, image)| holds(image)).max_by_key(|(time, _)| *time);
    let (words, read, found) = match newest {
        Some((time, image)) => {
            let words = image.words(point.address, count).unwrap_or_default().to_vec();
            (words, Some(*time), value(point, *time, image, images))
        }
        None => {
            let end = u16::try_from(point.end()).unwrap_or(u16::MAX);
            let touches = |hole: &&Hole| {
                hole.function == function && hole.first < end && point.address < hole.end
            };
            let refused = holes.iter().find(touches);
            let found = refused.map_or(Found::NotRead, |h| Found::RefusedByDevice(h.exception));
            (Vec::new(), None, found)
        }
    };
    let (name, vendor) = (point.name.clone(), point.vendor.clone());
    Register { name, vendor, function, address: point.address, count, words, read, found }
}

/// A scale factor in another read counts when it was read in the same cycle.
fn value(
    point: &RegisterPoint,
    time: Timestamp,
    image: &RegisterImage,
    images: &[(Timestamp, RegisterImage)],
) -> Found {
    let same_cycle = images.iter().filter(|(other, _)| *other == time);
    let others: Vec<&RegisterImage> = same_cycle.map(|(_, image)| image).collect();
    match decode_one(point, image, &others) {
        Ok(Some(value)) => Found::Value(value),
        Ok(None) => Found::NotAvailable,
        Err(reason) => Found::RefusedValue(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Decimal;
    use crate::profile::{Meaning, Number, ScaleBy, WordOrder};

    fn point(name: &str, address: u16, number: Number) -> RegisterPoint {
        RegisterPoint {
            name: PointName::parse(name).expect("name"),
            vendor: name.to_uppercase(),
            address,
            number,
            order: WordOrder::HighFirst,
            scale: ScaleBy::Fixed(Decimal { mantissa: 1, exponent: -1 }),
            not_available: vec![0xFFFF],
            meaning: Meaning::Measure,
            none_while: None,
        }
    }

    #[test]
    fn every_point_says_what_it_is_or_why_there_is_nothing() {
        let points = [
            point("grid_freq_hz", 10, Number::U16),
            point("ac_current_a", 11, Number::U16),
            point("ac_power_w", 12, Number::U32),
            point("dc_power_w", 20, Number::U16),
            point("dc_voltage_v", 30, Number::U16),
        ];
        let reads = [(Function::Input, Arc::from(points))];
        let at = Timestamp::from_ms;
        let image = |start, words| RegisterImage::new(Function::Input, start, words);
        let images = [
            (at(2), image(10, vec![499, 0xFFFF, 0, 42])),
            (at(1), image(10, vec![500, 0, 0, 0, 0])),
            (at(3), RegisterImage::new(Function::Holding, 10, vec![7; 30])),
        ];
        let holes = [Hole { function: Function::Input, first: 18, end: 22, exception: 2 }];
        let told = registers(&reads, &images, &holes);
        let found: Vec<_> = told.iter().map(|r| (r.address, r.words.clone(), &r.found)).collect();
        let tenth = |mantissa| Found::Value(Value::Decimal(Decimal { mantissa, exponent: -1 }));
        let expected = [
            (10, vec![499], &tenth(499)),
            (11, vec![0xFFFF], &Found::NotAvailable),
            (12, vec![0, 42], &tenth(42)),
            (20, vec![], &Found::RefusedByDevice(2)),
            (30, vec![], &Found::NotRead),
        ];
        assert_eq!(found, expected);
        assert_eq!(told[0].read, Some(at(2)), "the newest words count");
    }
}
