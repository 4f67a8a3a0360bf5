//! The fewest reads that bring all points.
//!
//! Points are intervals of registers; a value and its scale factor are one interval, so that they
//! come in one answer, unless they lie further apart than one read reaches: then the factor is an
//! interval of its own, read in the same cycle. Going from low to high and taking in as much as the limits allow is
//! optimal for intervals.

use crate::profile::{BusRules, Function, RegisterPoint, ScaleBy, Table};

/// One read and the points that it brings.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// How it is read.
    pub function: Function,
    /// First register.
    pub start: u16,
    /// Number of registers, 1 to 125.
    pub count: u16,
    /// Read in every n-th cycle.
    pub every: u32,
    /// The device may refuse it.
    pub optional: bool,
    /// The points inside.
    pub points: Vec<RegisterPoint>,
}

/// First register and first register after a point with its scale factor, and the point; a factor
/// by itself has none.
type Interval<'a> = (u32, u32, Option<&'a RegisterPoint>);

fn intervals(point: &RegisterPoint, count_max: u16) -> Vec<Interval<'_>> {
    let (start, end) = (u32::from(point.address), point.end());
    let ScaleBy::Register { address, .. } = point.scale else {
        return vec![(start, end, Some(point))];
    };
    let factor = u32::from(address);
    let (first, last) = (start.min(factor), end.max(factor + 1));
    if last - first <= u32::from(count_max) {
        return vec![(first, last, Some(point))];
    }
    vec![(start, end, Some(point)), (factor, factor + 1, None)]
}

/// Plans the reads of some tables. Tables are joined where they are read alike.
#[must_use]
pub fn plan(tables: &[Table], bus: &BusRules) -> Vec<Block> {
    let mut groups: Vec<(Function, u32, bool, Vec<&RegisterPoint>)> = Vec::new();
    for table in tables {
        // An optional table stays by itself: it may be refused as a whole.
        let alike = groups.iter_mut().find(|(function, every, optional, _)| {
            *function == table.function && *every == table.every && !*optional && !table.optional
        });
        match alike {
            Some((_, _, _, points)) => points.extend(&table.points),
            None => groups.push((
                table.function,
                table.every,
                table.optional,
                table.points.iter().collect(),
            )),
        }
    }
    let join = |(function, every, optional, points)| {
        blocks(function, every, optional, points, bus.registers_per_read_max, bus.read_through_max)
    };
    groups.into_iter().flat_map(join).collect()
}

/// Plans the reads of one group of points. A point that is longer than `count_max` is read whole
/// all the same: a device that does not bear it says so.
pub(super) fn blocks(
    function: Function,
    every: u32,
    optional: bool,
    points: Vec<&RegisterPoint>,
    count_max: u16,
    read_through_max: u16,
) -> Vec<Block> {
    let mut intervals: Vec<_> = points.iter().flat_map(|p| intervals(p, count_max)).collect();
    intervals.sort_by_key(|(start, end, _)| (*start, *end));
    let mut blocks: Vec<Block> = Vec::new();
    for (start, end, point) in intervals {
        let joined = blocks.last_mut().filter(|block| {
            let block_end = u32::from(block.start) + u32::from(block.count);
            let new_end = block_end.max(end);
            start <= block_end + u32::from(read_through_max)
                && new_end - u32::from(block.start) <= u32::from(count_max)
        });
        let length = |from: u32, to: u32| u16::try_from(to - from).unwrap_or(u16::MAX);
        match joined {
            Some(block) => {
                block.count = block.count.max(length(u32::from(block.start), end));
                block.points.extend(point.cloned());
            }
            None => blocks.push(Block {
                function,
                start: u16::try_from(start).unwrap_or(u16::MAX),
                count: length(start, end),
                every,
                optional,
                points: point.cloned().into_iter().collect(),
            }),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Decimal, PointName};
    use crate::profile::{Meaning, Number, WordOrder};

    fn point(address: u16, number: Number, factor: Option<u16>) -> RegisterPoint {
        let fixed = Decimal::whole(1);
        let scale =
            factor.map_or(ScaleBy::Fixed(fixed), |address| ScaleBy::Register { fixed, address });
        RegisterPoint {
            name: PointName::parse("ac_power_w").expect("name"),
            vendor: String::new(),
            address,
            number,
            order: WordOrder::HighFirst,
            scale,
            not_available: Vec::new(),
            meaning: Meaning::Measure,
            none_while: None,
        }
    }

    fn planned(points: &[RegisterPoint], count_max: u16, through: u16) -> Vec<(u16, u16)> {
        let refs = points.iter().collect();
        blocks(Function::Holding, 1, false, refs, count_max, through)
            .iter()
            .map(|block| (block.start, block.count))
            .collect()
    }

    #[test]
    fn neighbours_share_a_read_and_holes_are_crossed_only_when_allowed() {
        let points = [
            point(10, Number::U32, None),
            point(12, Number::U16, None),
            point(20, Number::U16, None),
        ];
        assert_eq!(planned(&points, 125, 0), [(10, 3), (20, 1)]);
        assert_eq!(planned(&points, 125, 7), [(10, 11)]);
        assert_eq!(planned(&points, 3, 7), [(10, 3), (20, 1)]);
    }

    #[test]
    fn a_value_and_its_scale_come_in_one_read() {
        let points = [point(10, Number::U16, Some(14)), point(11, Number::U16, Some(14))];
        assert_eq!(planned(&points, 125, 0), [(10, 5)]);
        let far = [point(10, Number::U16, Some(200)), point(11, Number::U16, Some(200))];
        assert_eq!(planned(&far, 125, 0), [(10, 2), (200, 1)], "unless one read does not reach");
    }

    proptest! {
        /// Every point is whole inside one block, and no block is longer than allowed.
        #[test]
        fn every_point_is_read_whole(
            addresses in proptest::collection::btree_set(0u16..400, 1..40),
            count_max in 4u16..125,
            through in 0u16..20,
        ) {
            let points: Vec<_> = addresses.iter().map(|a| point(*a, Number::U32, None)).collect();
            let refs = points.iter().collect();
            let blocks = blocks(Function::Holding, 1, false, refs, count_max, through);
            for block in &blocks {
                prop_assert!(block.count <= count_max);
                for point in &block.points {
                    prop_assert!(point.address >= block.start);
                    prop_assert!(point.end() <= u32::from(block.start) + u32::from(block.count));
                }
            }
            let held: usize = blocks.iter().map(|block| block.points.len()).sum();
            prop_assert_eq!(held, points.len());
        }
    }
}
