//! What a register counted in a span, put together from its days.

use crate::energy::{Amount, Class, Grid, Line, Posting};
use crate::model::Timestamp;

use super::day::Day;

/// What is booked of a register.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Booked {
    /// Every quarter-hour of the days, and of the gap before their first reading.
    pub grid: Grid,
    /// Lines of the register that the days touch, in order; the last one may go on.
    pub lines: Vec<Line>,
    /// Times of which nobody knows what was counted: when and what was read last and first.
    pub holes: Vec<((i64, Amount), (i64, Amount))>,
    /// Days with readings of it.
    pub days: u32,
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
    let mut last = None;
    for register in days.filter_map(|day| day.registers.get(point)) {
        booked.days += 1;
        for (slot, amount) in &register.slots {
            booked.grid.add(*slot, Class::Measured, *amount);
        }
        for (from, to, amount) in &register.recovered {
            let (from, to) = (Timestamp::from_ms(*from), Timestamp::from_ms(*to));
            let posting = Posting { from, to, amount: *amount, class: Class::Recovered };
            booked.grid.post(&posting, weight);
        }
        for _ in 0..register.returned {
            booked.lines.pop();
            booked.holes.pop();
        }
        booked.lines.extend(&register.ended);
        booked.holes.extend(&register.holes);
        last = register.closing;
    }
    booked.lines.extend(last);
    booked
}
