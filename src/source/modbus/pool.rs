//! The points of reads, kept once for all devices that have them alike: a list of fifty points
//! takes 8 kB, and a fleet of one model has ten thousand of them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::profile::RegisterPoint;

use super::plan::Block;

/// So many lists are kept before those that nobody uses any more are looked for.
const LISTS_MIN: usize = 64;

#[derive(Debug, Default)]
struct Lists {
    known: HashSet<Arc<[RegisterPoint]>>,
    /// Unused lists are thrown out when there are more than this.
    most: usize,
}

/// Lists of points. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Lists>>);

impl Pool {
    /// The same blocks, with the lists that others have already.
    pub(super) fn shared(&self, mut blocks: Vec<Block>) -> Vec<Block> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for block in &mut blocks {
            block.points = lists.share(&block.points);
        }
        blocks
    }
}

impl Lists {
    fn share(&mut self, points: &Arc<[RegisterPoint]>) -> Arc<[RegisterPoint]> {
        if let Some(known) = self.known.get(points) {
            return known.clone();
        }
        if self.known.len() >= self.most {
            self.known.retain(|list| Arc::strong_count(list) > 1);
            self.most = LISTS_MIN.max(self.known.len() * 2);
        }
        self.known.insert(points.clone());
        points.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Decimal, PointName};
    use crate::profile::{Function, Meaning, Number, ScaleBy, WordOrder};

    fn block(address: u16) -> Block {
        let point = RegisterPoint {
            name: PointName::parse("ac_power_w").expect("name"),
            vendor: String::new(),
            address,
            number: Number::U16,
            order: WordOrder::HighFirst,
            scale: ScaleBy::Fixed(Decimal::whole(1)),
            not_available: Vec::new(),
            meaning: Meaning::Measure,
            none_while: None,
        };
        let (function, points) = (Function::Holding, Arc::from([point]));
        Block { function, start: address, count: 1, every: 1, optional: false, points }
    }

    #[test]
    fn equal_lists_become_one_and_unused_ones_go() {
        let pool = Pool::default();
        let first = pool.shared(vec![block(1), block(2)]);
        let second = pool.shared(vec![block(1), block(2)]);
        assert_eq!(first, second);
        assert!(Arc::ptr_eq(&first[0].points, &second[0].points));
        assert!(!Arc::ptr_eq(&first[0].points, &first[1].points));
        for address in 3..3000 {
            drop(pool.shared(vec![block(address)]));
        }
        let known = pool.0.lock().expect("lists").known.len();
        assert!(known <= LISTS_MIN + 2, "{known} lists are kept for nobody");
    }
}
