//! What a register counted in a span, put together from its days.

use crate::energy::{Amount, Class, Grid, Line, Posting};
use crate::model::Timestamp;

use super::day::{Day, Register};

/// When something was read, milliseconds since 1970, and what it was.
pub type Shown = (i64, Amount);

/// A register, as far as some days saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The last value before the days, or the first one in them; after a reset it is nothing.
    pub first: Shown,
    /// The last value in them.
    pub last: Shown,
    /// What roll-overs added.
    pub rolled_over: Amount,
    /// What was booked of it: `last − first + rolled_over`, unless it had stepped back and has not
    /// passed the higher value yet.
    pub counted: Amount,
}

/// What is booked of a register.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Booked {
    /// Every quarter-hour of the days, and of the gap before their first reading.
    pub grid: Grid,
    /// The registers, in order; the last one may go on.
    pub pieces: Vec<Piece>,
    /// Times of which nobody knows what was counted: what was read last and first.
    pub holes: Vec<(Shown, Shown)>,
    /// Days with readings of it.
    pub days: u32,
}

impl Piece {
    const fn new(line: &Line) -> Self {
        Self {
            first: line.first,
            last: line.first,
            rolled_over: Amount::ZERO,
            counted: Amount::ZERO,
        }
    }

    /// Goes on from how the line was to how it is.
    fn go_on(&mut self, from: Option<&Line>, to: &Line) {
        let (counted, rolled_over) =
            from.map_or((Amount::ZERO, Amount::ZERO), |from| (from.difference(), from.rolled_over));
        self.counted += to.difference() - counted;
        self.rolled_over += to.rolled_over - rolled_over;
        self.last = to.last;
    }
}

impl Booked {
    /// Takes what the register did on the next day with readings.
    fn take(&mut self, register: &Register, weight: &dyn Fn(Timestamp, Timestamp) -> f64) {
        self.days += 1;
        for (slot, amount) in &register.slots {
            self.grid.add(*slot, Class::Measured, *amount);
        }
        for (from, to, amount) in &register.recovered {
            let (from, to) = (Timestamp::from_ms(*from), Timestamp::from_ms(*to));
            let posting = Posting { from, to, amount: *amount, class: Class::Recovered };
            self.grid.post(&posting, weight);
        }
        self.follow(register);
    }

    /// Goes on with its lines.
    fn follow(&mut self, register: &Register) {
        let Some(closing) = &register.closing else { return };
        if register.returned > 0 {
            self.give_back(register, closing);
            return;
        }
        self.holes.extend(&register.holes);
        let mut opening = register.opening.as_ref();
        for line in register.ended.iter().chain([closing]) {
            let goes_on = opening.is_some() && !self.pieces.is_empty();
            if !goes_on {
                let before = opening.map(|line| line.last);
                let mut piece = Piece::new(line);
                (piece.first, piece.last) = before.map_or((line.first, line.first), |at| (at, at));
                self.pieces.push(piece);
            }
            if let Some(piece) = self.pieces.last_mut() {
                piece.go_on(opening, line);
            }
            // Those after the first began on this day.
            opening = None;
        }
    }
}

impl Booked {
    /// What a register counted that people read: when, what it showed, and whether that was the first
    /// value of a new one. In the order of time.
    #[must_use]
    pub fn by_hand(readings: &[(Timestamp, Amount, bool)]) -> Self {
        let mut booked = Self::default();
        for (time, value, first) in readings {
            booked.days += 1;
            let at = (time.ms(), *value);
            let Some(piece) = booked.pieces.last_mut().filter(|_| !first) else {
                if let Some(before) = booked.pieces.last() {
                    booked.holes.push((before.last, at));
                }
                let (rolled_over, counted) = (Amount::ZERO, Amount::ZERO);
                booked.pieces.push(Piece { first: at, last: at, rolled_over, counted });
                continue;
            };
            let (from, amount) = (Timestamp::from_ms(piece.last.0), *value - piece.last.1);
            piece.counted += amount;
            piece.last = at;
            let posting = Posting { from, to: *time, amount, class: Class::Manual };
            booked.grid.post(&posting, &crate::energy::by_time);
        }
        booked
    }

    /// Adds what a person entered for a time.
    pub fn add(&mut self, posting: &Posting) {
        self.grid.post(posting, &crate::energy::by_time);
    }

    /// A register that had ended on a day before is still there, and the one after it was none: what was
    /// booked of that is put right on this day.
    fn give_back(&mut self, register: &Register, closing: &Line) {
        let mut booked = register.posted();
        for _ in 0..register.returned {
            booked += self.pieces.pop().map_or(Amount::ZERO, |none| none.counted);
            self.holes.pop();
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.last = closing.last;
            piece.counted += booked;
        }
    }
}

/// The registers of a point as some days saw them, without what they counted when.
#[must_use]
pub fn shown<'a>(days: impl Iterator<Item = &'a Day>, point: &str) -> Vec<Piece> {
    let mut booked = Booked::default();
    for register in days.filter_map(|day| day.registers.get(point)) {
        booked.follow(register);
    }
    booked.pieces
}

/// What the register of a point counted in some days, which follow one another. `weight` shares out what
/// was counted over a gap, see [`Grid::post`].
#[must_use]
pub fn booked<'a>(
    days: impl Iterator<Item = &'a Day>,
    point: &str,
    weight: &dyn Fn(Timestamp, Timestamp) -> f64,
) -> Booked {
    let mut booked = Booked::default();
    for register in days.filter_map(|day| day.registers.get(point)) {
        booked.take(register, weight);
    }
    booked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever people read and whenever the meter was changed: all that is booked is what the
        /// registers grew by, and by hand.
        #[test]
        fn what_people_read_adds_up_to_the_registers(
            steps in prop::collection::vec((1_i64..40_000, 0_i64..5_000_000, prop::bool::weighted(0.1)), 1..60)
        ) {
            let (mut minute, mut shown) = (0, 1_000_000);
            let mut readings = Vec::new();
            for (minutes, grown, new) in steps {
                minute += minutes;
                shown = if new { grown } else { shown + grown };
                let time = Timestamp::from_ms(minute * 60_000);
                readings.push((time, Amount::from_thousandths(shown), new));
            }
            let booked = Booked::by_hand(&readings);
            // Whole quarters of an hour.
            let end = Timestamp::from_ms((minute + 15) * 60_000);
            let sums = booked.grid.sums(Timestamp::from_ms(0), end);
            let grown: Amount = booked.pieces.iter().map(|piece| piece.last.1 - piece.first.1).sum();
            prop_assert_eq!(sums.manual, grown);
            prop_assert_eq!(sums.total(), grown);
            prop_assert_eq!(booked.holes.len() + 1, booked.pieces.len());
        }
    }
}
