//! The fewest reads that bring all points.
//!
//! Points are intervals of registers; a value and its scale factor are one interval, so that they
//! come in one answer, unless they lie further apart than one read reaches: then the factor is an
//! interval of its own, read in the same cycle. Going from low to high and taking in as much as the limits allow is
//! optimal for intervals.

use std::sync::Arc;

use crate::profile::{BusRules, Function, RegisterPoint, ScaleBy, Table};

/// One read and the points that it brings.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The points inside; devices that have the same ones share the list.
    pub points: Arc<[RegisterPoint]>,
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

/// Registers that no read may touch, from the first to the one behind the last; where both are the
/// same, a place that no read may cross.
pub(super) type Barrier = (u16, u16);

/// What bounds the reads of one group of points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits<'a> {
    /// Longest read.
    pub(super) count_max: u16,
    /// Registers nobody asked for that may be read to join two.
    pub(super) read_through_max: u16,
    /// No read crosses a multiple of this; 0 for none.
    pub(super) window: u16,
    /// What no read touches.
    pub(super) barriers: &'a [Barrier],
}

impl Limits<'_> {
    /// Whether one read may go from `start` to before `end`.
    fn allow(&self, start: u32, end: u32) -> bool {
        let window = u32::from(self.window);
        let fits = end - start <= u32::from(self.count_max)
            && (window == 0 || start / window == (end - 1) / window);
        fits && !self.barriers.iter().any(|barrier| crosses(start, end, *barrier))
    }
}

fn crosses(start: u32, end: u32, (first, behind): Barrier) -> bool {
    let (first, behind) = (u32::from(first), u32::from(behind));
    if first == behind { start < first && first < end } else { start < behind && first < end }
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
        let of_function = tables.iter().filter(|table| table.function == function);
        let barriers: Vec<Barrier> = of_function
            .flat_map(|table| &table.holes)
            .map(|(first, last)| (*first, last.saturating_add(1)))
            .collect();
        let limits = Limits {
            count_max: bus.registers_per_read_max,
            read_through_max: bus.read_through_max,
            window: bus.window_registers,
            barriers: &barriers,
        };
        blocks(function, every, optional, points, &limits)
    };
    groups.into_iter().flat_map(join).collect()
}

/// Plans a block anew, round what the device turned out to refuse.
pub(super) fn around(
    block: &Block,
    bus: &BusRules,
    barriers: &[Barrier],
    is_absent: impl Fn(&RegisterPoint) -> bool,
) -> Vec<Block> {
    let points = block.points.iter().filter(|point| !is_absent(point)).collect();
    let limits = Limits {
        count_max: bus.registers_per_read_max,
        // Within a block all gaps were allowed already.
        read_through_max: u16::MAX,
        window: bus.window_registers,
        barriers,
    };
    blocks(block.function, block.every, block.optional, points, &limits)
}

/// Plans the reads of one group of points. A point that is longer than a read may be is one block
/// all the same: the wire reads it in parts.
pub(super) fn blocks(
    function: Function,
    every: u32,
    optional: bool,
    points: Vec<&RegisterPoint>,
    limits: &Limits<'_>,
) -> Vec<Block> {
    let mut intervals: Vec<_> =
        points.iter().flat_map(|p| intervals(p, limits.count_max)).collect();
    intervals.sort_by_key(|(start, end, _)| (*start, *end));
    let mut reads: Vec<(u32, u32, Vec<RegisterPoint>)> = Vec::new();
    for (start, end, point) in intervals {
        let joined = reads.last_mut().filter(|(first, behind, _)| {
            start <= *behind + u32::from(limits.read_through_max)
                && limits.allow(*first, end.max(*behind))
        });
        match joined {
            Some((_, behind, points)) => {
                *behind = end.max(*behind);
                points.extend(point.cloned());
            }
            None => reads.push((start, end, point.cloned().into_iter().collect())),
        }
    }
    let block = |(start, end, points): (u32, u32, Vec<RegisterPoint>)| Block {
        function,
        start: u16::try_from(start).unwrap_or(u16::MAX),
        count: u16::try_from(end - start).unwrap_or(u16::MAX),
        every,
        optional,
        points: points.into(),
    };
    reads.into_iter().map(block).collect()
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

    fn limits(count_max: u16, read_through_max: u16, barriers: &[Barrier]) -> Limits<'_> {
        Limits { count_max, read_through_max, window: 0, barriers }
    }

    fn planned(points: &[RegisterPoint], count_max: u16, through: u16) -> Vec<(u16, u16)> {
        let refs = points.iter().collect();
        blocks(Function::Holding, 1, false, refs, &limits(count_max, through, &[]))
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

    #[test]
    fn no_read_touches_a_hole_or_crosses_a_window() {
        let points: Vec<_> = (0..10).map(|i| point(10 + i, Number::U16, None)).collect();
        let of = |limits: &Limits<'_>, skip: &[u16]| -> Vec<(u16, u16)> {
            let refs = points.iter().filter(|p| !skip.contains(&p.address)).collect();
            let blocks = blocks(Function::Holding, 1, false, refs, limits);
            blocks.iter().map(|block| (block.start, block.count)).collect()
        };
        assert_eq!(of(&limits(125, 9, &[(13, 15)]), &[13, 14]), [(10, 3), (15, 5)]);
        assert_eq!(
            of(&limits(125, 9, &[(13, 13)]), &[]),
            [(10, 3), (13, 7)],
            "a place not to cross"
        );
        let windows = Limits { window: 8, ..limits(125, 9, &[]) };
        assert_eq!(of(&windows, &[]), [(10, 6), (16, 4)]);
    }

    proptest! {
        /// Every point is whole inside one block, and no block is longer than allowed.
        #[test]
        fn every_point_is_read_whole(
            addresses in proptest::collection::btree_set(0u16..400, 1..40),
            count_max in 4u16..125,
            through in 0u16..20,
            holes in proptest::collection::vec((0u16..400, 0u16..6), 0..6),
        ) {
            let barriers: Vec<Barrier> = holes.iter().map(|(at, n)| (*at, at + n)).collect();
            let free = |a: &u16| {
                let (start, end) = (u32::from(*a), u32::from(*a) + 2);
                !barriers.iter().any(|barrier| crosses(start, end, *barrier))
            };
            let points: Vec<_> = addresses
                .iter()
                .filter(|a| free(a))
                .map(|a| point(*a, Number::U32, None))
                .collect();
            let refs = points.iter().collect();
            let limits = limits(count_max, through, &barriers);
            let blocks = blocks(Function::Holding, 1, false, refs, &limits);
            for block in &blocks {
                prop_assert!(block.count <= count_max);
                let (start, end) = (u32::from(block.start), u32::from(block.start) + u32::from(block.count));
                prop_assert!(!barriers.iter().any(|barrier| crosses(start, end, *barrier)));
                for point in &*block.points {
                    prop_assert!(point.address >= block.start);
                    prop_assert!(point.end() <= u32::from(block.start) + u32::from(block.count));
                }
            }
            let held: usize = blocks.iter().map(|block| block.points.len()).sum();
            prop_assert_eq!(held, points.len());
        }
    }
}
