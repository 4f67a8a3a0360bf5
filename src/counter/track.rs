//! One counter through time: readings in, true increments and what happened out.

use serde::{Deserialize, Serialize};

use crate::model::{Reading, Timestamp};

use super::nature::Nature;

/// A value off the line that does not move is believed after this time; one that goes on counting,
/// at the second reading. Devices that boot say zero for some minutes.
const CONFIRM_MS: i64 = 10 * 60 * 1000;
/// Some counters are renewed once an hour only: what they add at once was made since they last
/// moved, if that is no longer ago than this.
const RENEWED_MS: i64 = 2 * 3600 * 1000;
/// A line that was left is remembered for so long, in case the counter comes back to it.
const LEFT_MS: i64 = 24 * 3600 * 1000;
/// A device that talks nonsense is told once in this time.
const TELL_GLITCH_MS: i64 = 3600 * 1000;

/// What happened to a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// It passed its largest value and goes on from zero.
    RollOver,
    /// It began anew at zero.
    Reset,
    /// It goes on at another level: the meter was changed.
    Swap,
    /// It remembered an older value: nothing counts until it has passed the newer one.
    StepBack,
    /// It said nonsense and came back.
    Glitch,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::RollOver, Self::Reset, Self::Swap, Self::StepBack, Self::Glitch];

    /// The stored word, also in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RollOver => "roll_over",
            Self::Reset => "reset",
            Self::Swap => "swap",
            Self::StepBack => "step_back",
            Self::Glitch => "glitch",
        }
    }
}

/// What happened to a counter, between which values and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Happened {
    /// What.
    pub change: Change,
    /// The last value before.
    pub before: f64,
    /// The first value after; the nonsense itself.
    pub after: f64,
    /// When that was read.
    pub time: Timestamp,
}

/// Where a reading stands: on the line of the readings before it, or on another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Course {
    /// On the same line.
    Along,
    /// On the same line, beyond the largest value.
    RolledOver,
    /// On a new line, whose first value this was; what it showed when it began is known: nothing.
    Reset {
        /// When the first value was read.
        time: Timestamp,
    },
    /// On a new line, whose first value this was.
    Swapped {
        /// When it was read.
        time: Timestamp,
        /// What it was.
        value: f64,
    },
    /// Back on the line before this one, which was none.
    Returned,
}

/// What a reading of a counter brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// What was really counted since the reading before; never negative.
    pub increment: f64,
    /// The value is on the counter's line: it may be shown.
    pub trusted: bool,
    /// Which line that is.
    pub course: Course,
    /// What happened, once it is certain.
    pub happened: Option<Happened>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Point {
    ms: i64,
    value: f64,
}

/// Values off the line, waiting for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Pending {
    first: Point,
    last: Point,
    /// A small step back: believable at once, only not yet certain.
    small: bool,
}

/// The line before the last change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Left {
    last: Point,
    counted: f64,
}

/// One counter. It can be kept and taken up again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Track {
    last: Option<Point>,
    /// When it last moved.
    moved_ms: i64,
    /// More than one reading was on this line.
    steady: bool,
    /// After a step back: what it had counted before.
    peak: Option<f64>,
    pending: Option<Pending>,
    left: Option<Left>,
    glitch_told_ms: Option<i64>,
}

impl Step {
    const fn of(increment: f64, trusted: bool) -> Self {
        Self { increment, trusted, course: Course::Along, happened: None }
    }
}

impl Track {
    /// Takes a reading. One that is older than the last is left out.
    pub fn take(&mut self, nature: &Nature, time: Timestamp, value: f64) -> Step {
        let here = Point { ms: time.ms(), value };
        let Some(last) = self.last else {
            let sound = value.is_finite() && value >= 0.0 && !nature.is_sentinel(value);
            if sound {
                self.last = Some(here);
                self.moved_ms = here.ms;
            }
            return Step::of(0.0, sound);
        };
        let newest_ms = self.pending.map_or(last.ms, |pending| pending.last.ms);
        if here.ms <= newest_ms || !value.is_finite() {
            return Step::of(0.0, value.is_finite() && self.pending.is_none());
        }
        if nature.is_sentinel(value) {
            return self.glitch(last, here, Step::of(0.0, false));
        }
        if let Some(step) = self.pending.and_then(|p| self.second(nature, last, p, here)) {
            return step;
        }
        if self.on_line(nature, last, here) {
            return Step::of(self.advance(nature, here), true);
        }
        let fall = last.value - value;
        let zero = value <= nature.most(here.ms - last.ms) && value < last.value / 2.0;
        let small = !nature.daily && !zero && fall > 0.0 && fall <= nature.step_back(last.value);
        self.pending = Some(Pending { first: here, last: here, small });
        Step::of(0.0, small)
    }

    /// Takes a value out of a reading. What is polled comes in order: when it is older than the last,
    /// our clock was set back; messages may come late.
    pub fn read(&mut self, nature: &Nature, reading: &Reading, value: f64) -> Step {
        let polled = reading.received == reading.time && reading.message == 0;
        if polled && self.last.is_some_and(|last| reading.time.ms() < last.ms) {
            self.clock_set(reading.time);
        }
        self.take(nature, reading.time, value)
    }

    /// How far it has come on its line: its value, or after a step back the one that it has to pass
    /// before anything counts again.
    #[must_use]
    pub fn reached(&self) -> Option<f64> {
        self.last.map(|last| self.peak.map_or(last.value, |peak| peak.max(last.value)))
    }

    /// Our clock was set back to `time`: what was read before counts as read then.
    pub fn clock_set(&mut self, time: Timestamp) {
        let ms = time.ms();
        let back = |point: &mut Point| point.ms = point.ms.min(ms - 1);
        self.last.iter_mut().for_each(back);
        self.left.iter_mut().for_each(|left| back(&mut left.last));
        self.moved_ms = self.moved_ms.min(ms - 1);
        self.glitch_told_ms = self.glitch_told_ms.filter(|told| *told < ms);
        self.pending = None;
    }

    /// Whether a value goes on from `last` as the device can.
    fn on_line(&self, nature: &Nature, last: Point, here: Point) -> bool {
        let still_ms = (here.ms - self.moved_ms).min(RENEWED_MS);
        let most = nature.most((here.ms - last.ms).max(still_ms));
        goes_on(nature, last, here, most)
    }

    /// The second value after one off the line; `None` when that one is dropped and this one has
    /// to be looked at as the first.
    fn second(
        &mut self,
        nature: &Nature,
        last: Point,
        pending: Pending,
        here: Point,
    ) -> Option<Step> {
        if self.on_line(nature, last, here) {
            self.pending = None;
            let step = Step::of(self.advance(nature, here), true);
            // A small step back that lasted one reading is not worth a word.
            return Some(if pending.small { step } else { self.glitch(last, pending.first, step) });
        }
        let most = nature.most(here.ms - pending.last.ms);
        if goes_on(nature, pending.last, here, most) {
            let moves = here.value > pending.first.value;
            let long = here.ms - pending.first.ms >= CONFIRM_MS;
            if moves || long || nature.daily || pending.small {
                return Some(self.settle(nature, last, pending, here));
            }
            self.pending = Some(Pending { last: here, ..pending });
            return Some(Step::of(0.0, false));
        }
        self.pending = None;
        // The one before was nonsense, and so may be this one: it waits for the next.
        let step = self.glitch(last, pending.first, Step::of(0.0, false));
        self.pending = Some(Pending { first: here, last: here, small: false });
        Some(step)
    }

    /// Goes on along the line; what was really counted.
    fn advance(&mut self, nature: &Nature, here: Point) -> f64 {
        let before = self.last.map_or(here.value, |last| last.value);
        let counted = (here.value - before.max(self.peak.unwrap_or(before))).max(0.0);
        self.peak = self.peak.filter(|peak| here.value < *peak);
        if here.value > before {
            self.moved_ms = here.ms;
        }
        let fell = before - here.value > nature.rounding(before);
        let value = if fell { here.value } else { here.value.max(before) };
        self.last = Some(Point { ms: here.ms, value });
        self.steady = true;
        if let Some(left) = &mut self.left {
            left.counted += counted;
        }
        counted
    }

    /// A value off the line was confirmed: says what it is and goes on from there.
    fn settle(&mut self, nature: &Nature, last: Point, pending: Pending, here: Point) -> Step {
        let first = pending.first;
        let most = nature.most(first.ms - last.ms);
        let time = Timestamp::from_ms(first.ms);
        let swapped = Course::Swapped { time, value: first.value };
        let mut peak = None;
        let (change, counted, course) = if let Some(counted) = self.back_to_left(nature, first) {
            (Change::Glitch, counted, Course::Returned)
        } else if first.value > last.value {
            (Change::Swap, 0.0, swapped)
        } else if pending.small {
            peak = Some(self.peak.unwrap_or(last.value).max(last.value));
            (Change::StepBack, 0.0, Course::Along)
        } else if let Some(counted) = nature.rolled_over(last.value, first.value, most) {
            (Change::RollOver, counted, Course::RolledOver)
        } else if (0.0..=most).contains(&first.value) {
            (Change::Reset, first.value, Course::Reset { time })
        } else {
            (Change::Swap, 0.0, swapped)
        };
        self.left = match change {
            Change::Glitch => None,
            Change::StepBack => self.left,
            _ => Some(Left { last, counted }),
        };
        // A line of one reading was none: nothing can be said to have happened to it. That a daily
        // counter begins anew is what it is for.
        let told = self.steady && !(nature.daily && change == Change::Reset);
        self.peak = peak;
        self.pending = None;
        self.last = Some(first);
        let increment = counted + self.advance(nature, here);
        self.moved_ms = here.ms;
        let happened = Happened { change, before: last.value, after: first.value, time };
        Step { increment, trusted: true, course, happened: told.then_some(happened) }
    }

    /// What was counted on the line that was left, if this is a value on it, beyond what has been
    /// counted since.
    fn back_to_left(&self, nature: &Nature, here: Point) -> Option<f64> {
        let Left { last, counted } = self.left?;
        let away_ms = here.ms - last.ms;
        let back = away_ms <= LEFT_MS && goes_on(nature, last, here, nature.most(away_ms));
        back.then(|| (here.value - last.value - counted).max(0.0))
    }

    /// Adds to a step that nonsense was read, unless that has just been told.
    fn glitch(&mut self, last: Point, nonsense: Point, step: Step) -> Step {
        if self.glitch_told_ms.is_some_and(|told| nonsense.ms - told < TELL_GLITCH_MS) {
            return step;
        }
        self.glitch_told_ms = Some(nonsense.ms);
        let (change, time) = (Change::Glitch, Timestamp::from_ms(nonsense.ms));
        let (before, after) = (last.value, nonsense.value);
        Step { happened: Some(Happened { change, before, after, time }), ..step }
    }
}

fn goes_on(nature: &Nature, last: Point, here: Point, most: f64) -> bool {
    let grown = here.value - last.value;
    grown >= -nature.rounding(last.value) && grown <= most
}
