//! Answers that are still owed: questions whose deadline passed without one.
//!
//! An RTU frame carries no number, so the late answer to one question looks exactly like the
//! timely answer to the next of the same shape. While a unit owes an answer of some shape,
//! nothing of that shape is taken from it. Units answer in order, so an answer to a later
//! question means that the earlier ones will never come.

use tokio::time::{Duration, Instant};

use super::frames::Shape;

/// Debts of all units of one bus; more are not kept, the oldest go first.
const DEBTS_MAX: usize = 512;

/// A question of another shape asks for at most so many registers more.
const UNLIKE_MORE_MAX: u16 = 16;

#[derive(Debug)]
struct Debt {
    shape: Shape,
    /// Until then the unit is not asked and its refusals are not believed.
    rests_until: Instant,
    /// Then it is forgotten.
    void_at: Instant,
}

/// Who owes which answers.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    debts: Vec<Debt>,
}

impl Ledger {
    /// No answer came to a question. `rest` counts from now.
    pub(super) fn owe(&mut self, shape: Shape, rest: Duration, memory: Duration) {
        if self.debts.len() >= DEBTS_MAX {
            self.debts.remove(0);
        }
        let now = Instant::now();
        self.debts.push(Debt { shape, rests_until: now + rest, void_at: now + rest + memory });
    }

    /// An answer that nobody waits for came: whether it was owed. A refusal may be the answer to
    /// any question.
    pub(super) fn settle(&mut self, shape: Shape) -> bool {
        let owed = |debt: &Debt| {
            (debt.shape.unit, debt.shape.function) == (shape.unit, shape.function)
                && (debt.shape.registers == shape.registers || shape.registers == 0)
        };
        let Some(place) = self.debts.iter().position(owed) else { return false };
        // What was asked before it will not be answered any more.
        let mut at = 0;
        self.debts.retain(|debt| {
            let earlier = at <= place;
            at += 1;
            !(earlier && debt.shape.unit == shape.unit)
        });
        true
    }

    /// The unit answered a question of a shape that it did not owe: it owes nothing any more.
    pub(super) fn forgive(&mut self, unit: u8) {
        self.debts.retain(|debt| debt.shape.unit != unit);
    }

    /// Whether an answer of this shape could be a late one.
    pub(super) fn owes(&self, shape: Shape) -> bool {
        let now = Instant::now();
        self.debts.iter().any(|debt| debt.shape == shape && debt.void_at > now)
    }

    /// Whether a refusal of this unit could be a late one.
    pub(super) fn may_refuse_late(&self, unit: u8) -> bool {
        let now = Instant::now();
        self.debts.iter().any(|debt| debt.shape.unit == unit && debt.rests_until > now)
    }

    /// The end of the rest of a unit that owes answers.
    pub(super) fn rests_until(&self, unit: u8) -> Option<Instant> {
        self.debts
            .iter()
            .filter(|debt| debt.shape.unit == unit)
            .map(|debt| debt.rests_until)
            .max()
            .filter(|end| *end > Instant::now())
    }

    /// A number of registers near `registers` of which no answer is owed.
    pub(super) fn unlike(&self, shape: Shape) -> Option<u16> {
        let free = |registers: &u16| !self.owes(Shape { registers: *registers, ..shape });
        // Fewer registers are never refused where more are borne; more may be, and a refusal is an
        // answer as well.
        let fewer = (1..shape.registers).rev();
        let more = shape.registers + 1..=(shape.registers + UNLIKE_MORE_MAX).min(125);
        fewer.chain(more).find(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Shape = Shape { unit: 5, function: 3, registers: 2 };
    const B: Shape = Shape { unit: 5, function: 3, registers: 7 };
    const OTHER: Shape = Shape { unit: 6, function: 3, registers: 2 };
    const REST: Duration = Duration::from_secs(4);

    #[tokio::test(start_paused = true)]
    async fn a_unit_owes_what_it_did_not_answer() {
        let mut ledger = Ledger::default();
        ledger.owe(A, REST, REST);
        assert!(ledger.owes(A) && !ledger.owes(B) && !ledger.owes(OTHER));
        assert!(ledger.may_refuse_late(5) && !ledger.may_refuse_late(6));
        assert_eq!(ledger.unlike(A), Some(1));
        assert!(!ledger.settle(OTHER));
        assert!(ledger.settle(A));
        assert!(!ledger.owes(A));
    }

    #[tokio::test(start_paused = true)]
    async fn units_answer_in_order() {
        let mut ledger = Ledger::default();
        for shape in [A, OTHER, B] {
            ledger.owe(shape, REST, REST);
        }
        assert!(ledger.settle(B), "the answer to the second question");
        assert!(!ledger.owes(A), "so the first one is lost");
        assert!(ledger.owes(OTHER), "another unit has its own order");
        ledger.forgive(6);
        assert!(!ledger.owes(OTHER));
    }

    #[tokio::test(start_paused = true)]
    async fn debts_are_forgotten_at_last() {
        let mut ledger = Ledger::default();
        ledger.owe(A, REST, REST);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(ledger.rests_until(5), None);
        assert!(ledger.owes(A), "its data is still not believed");
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(!ledger.owes(A));
        for _ in 0..2 * DEBTS_MAX {
            ledger.owe(A, REST, REST);
        }
        assert!(ledger.debts.len() <= DEBTS_MAX);
    }
}
