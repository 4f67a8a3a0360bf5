//! A range of time in pieces from its end, each larger than the one before, so that the newest
//! reading of a year is found without reading the year.

use super::time::SECOND;

/// The last piece: ten minutes.
const LAST: i64 = 600 * SECOND;

/// The pieces, both ends included.
#[derive(Debug, Clone)]
pub(crate) struct Pieces {
    rest: Option<(i64, i64)>,
    length: i64,
}

impl Pieces {
    /// From the end of a range backwards.
    pub(crate) fn back((from, to): (i64, i64)) -> Self {
        Self { rest: (from <= to).then_some((from, to)), length: LAST }
    }
}

impl Iterator for Pieces {
    type Item = (i64, i64);

    fn next(&mut self) -> Option<Self::Item> {
        let (from, to) = self.rest?;
        let start = to.saturating_sub(self.length).max(from);
        self.length = self.length.saturating_mul(4);
        self.rest = (start > from).then(|| (from, start - 1));
        Some((start, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_range_once() {
        let day = 86_400 * SECOND;
        let pieces: Vec<_> = Pieces::back((5, day)).collect();
        assert_eq!(pieces.len(), 5);
        assert_eq!((pieces[0], pieces[4].0), ((day - LAST, day), 5));
        assert!(pieces.windows(2).all(|pair| pair[1].1 + 1 == pair[0].0));
        assert_eq!(Pieces::back((1, 0)).count(), 0);
        assert_eq!(Pieces::back((i64::MIN, i64::MAX)).last().map(|piece| piece.0), Some(i64::MIN));
    }
}
