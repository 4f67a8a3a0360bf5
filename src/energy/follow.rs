//! One register through time: readings in, postings out.

use serde::{Deserialize, Serialize};

use crate::counter::{Course, Nature, Track};
use crate::model::Timestamp;

use super::amount::Amount;

/// How an amount is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// By readings that followed one another.
    Measured,
    /// By the register after a gap: how much is certain, when is not.
    Recovered,
    /// Reckoned from something else.
    Estimated,
    /// Entered by a person.
    Manual,
}

impl Class {
    /// All of them, in the order of trust.
    pub const ALL: [Self; 4] = [Self::Measured, Self::Recovered, Self::Estimated, Self::Manual];

    /// The word in files and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Recovered => "recovered",
            Self::Estimated => "estimated",
            Self::Manual => "manual",
        }
    }
}

/// An amount, and the time over which it was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// What was counted; negative where it takes back what a false line had counted.
    pub amount: Amount,
    /// How it is known.
    pub class: Class,
}

/// A register between two breaks: the meter, or its register, was another one before and after.
///
/// `counted = max(last, reached) − first + rolled_over`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When its first value was read, and what it was. After a reset it is nothing.
    pub first: (i64, Amount),
    /// The last value, and when it was read.
    pub last: (i64, Amount),
    /// The highest value, which a register that stepped back has to pass again.
    pub reached: Amount,
    /// What roll-overs added.
    pub rolled_over: Amount,
    /// What was posted for it.
    pub counted: Amount,
}

/// A time of which nobody knows what was counted: between the last value of a register and the first of
/// the one that came after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// When the register before was read last, and what it showed.
    pub before: (Timestamp, Amount),
    /// When the register after it was read first, and what it showed.
    pub after: (Timestamp, Amount),
}

/// Follows one register. It can be kept and taken up again: where a day ends, for example.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Follower {
    track: Track,
    line: Option<Line>,
    /// The line before, in case this one was none.
    left: Option<Line>,
}

/// What a reading brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Brought {
    /// What was counted since the last reading that could be trusted.
    pub posting: Option<Posting>,
    /// The line that ended with it.
    pub ended: Option<Line>,
    /// What nobody knows.
    pub hole: Option<Hole>,
    /// The line that ended last has not ended: what came after it was none, and no hole either.
    pub returned: bool,
}

impl Line {
    fn new(time: Timestamp, value: Amount) -> Self {
        let at = (time.ms(), value);
        Self {
            first: at,
            last: at,
            reached: value,
            rolled_over: Amount::ZERO,
            counted: Amount::ZERO,
        }
    }

    /// What it counted, by its register.
    #[must_use]
    pub fn difference(&self) -> Amount {
        self.reached - self.first.1 + self.rolled_over
    }
}

impl Follower {
    /// The line it is on.
    #[must_use]
    pub const fn line(&self) -> Option<&Line> {
        self.line.as_ref()
    }

    /// Takes a reading; one that is older than the last, or no number, is left out. Over more than
    /// `gap_ms` without readings what was counted is recovered, not measured.
    pub fn take(&mut self, nature: &Nature, gap_ms: i64, time: Timestamp, value: f64) -> Brought {
        let Some(shown) = Amount::of_register(value) else { return Brought::default() };
        if self.line.is_some_and(|line| time.ms() <= line.last.0) {
            return Brought::default();
        }
        let step = self.track.take(nature, time, shown.units());
        if !step.trusted {
            return Brought::default();
        }
        // A small step back is shown before it is certain: the line stands where it stood.
        let reached = self.track.reached().and_then(Amount::of_register).unwrap_or(shown);
        let Some(line) = self.line else {
            self.line = Some(Line::new(time, shown));
            return Brought::default();
        };
        let mut brought = Brought::default();
        let mut since = Timestamp::from_ms(line.last.0);
        let mut next = line;
        match step.course {
            Course::Along => {}
            Course::RolledOver => {
                let counted = Amount::of_register(step.increment).unwrap_or_default();
                next.rolled_over += counted - (reached - line.reached);
                self.left = Some(line);
            }
            Course::Reset { time: begun } => {
                next = Line::new(begun, Amount::ZERO);
                (brought.ended, self.left) = (Some(line), Some(line));
            }
            Course::Swapped { time: begun, value } => {
                let first = Amount::of_register(value).unwrap_or(shown);
                next = Line::new(begun, first);
                let before = (Timestamp::from_ms(line.last.0), line.last.1);
                brought.hole = Some(Hole { before, after: (begun, first) });
                (brought.ended, self.left) = (Some(line), Some(line));
                since = begun;
            }
            Course::Returned => {
                next = self.left.take().unwrap_or(line);
                brought.returned = next.first != line.first;
                // What the false line counted is posted; the difference is put right below.
                next.counted = match brought.returned {
                    true => next.counted + line.counted,
                    false => line.counted,
                };
            }
        }
        next.last = (time.ms(), shown);
        next.reached = reached;
        let amount = next.difference() - next.counted;
        next.counted += amount;
        self.line = Some(next);
        let measured = time.since_ms(since) <= gap_ms;
        let class = if measured { Class::Measured } else { Class::Recovered };
        brought.posting = Some(Posting { from: since, to: time, amount, class });
        brought
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    /// Posted and register difference of some values in Wh, five minutes apart; lines that ended; holes.
    fn run(values: &[f64]) -> (i64, i64, usize, usize) {
        let nature = Nature::of("energy_import_wh", None, Some(100_000.0)).expect("a counter");
        let mut follower = Follower::default();
        let (mut posted, mut ended, mut holes) = (Amount::ZERO, Vec::new(), 0);
        for (n, value) in (0..).zip(values) {
            let time = Timestamp::from_ms(n * 5 * MINUTE_MS);
            let brought = follower.take(&nature, 15 * MINUTE_MS, time, *value);
            posted += brought.posting.map_or(Amount::ZERO, |posting| posting.amount);
            if brought.returned {
                ended.pop();
                holes -= 1;
            }
            ended.extend(brought.ended);
            holes += usize::from(brought.hole.is_some());
        }
        let lines = ended.iter().chain(follower.line());
        let difference: Amount = lines.map(Line::difference).sum();
        (posted.thousandths() / 1_000, difference.thousandths() / 1_000, ended.len(), holes)
    }

    #[test]
    fn what_happens_to_a_register_is_on_its_lines() {
        let begun = 5_000_000.0;
        type Case<'a> = (&'a str, &'a [f64], (i64, i64, usize, usize));
        let cases: [Case<'_>; 5] = [
            ("plain", &[0.0, 1_000.0, 3_000.0], (3_000, 3_000, 0, 0)),
            // From zero it is known what was counted.
            ("reset", &[0.0, 1_000.0, -4_999_500.0, -4_998_000.0], (3_000, 3_000, 1, 0)),
            ("swap", &[0.0, 1_000.0, 9e8, 9.00001e8], (2_000, 2_000, 1, 1)),
            // What was counted meanwhile is known at the end, and the other meter was none.
            ("false", &[0.0, 1_000.0, 9e8, 9.00001e8, 5_000.0, 6_000.0], (6_000, 6_000, 0, 0)),
            ("back", &[0.0, 3_000.0, 2_500.0, 2_700.0, 3_400.0], (3_400, 3_400, 0, 0)),
        ];
        for (name, steps, expected) in cases {
            let values: Vec<f64> = steps.iter().map(|step| begun + step).collect();
            assert_eq!(run(&values), expected, "{name}");
        }
    }
}
