//! What a machine uses on a working day, out of the readings of a counter.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::calendar::Calendar;
use crate::model::Timestamp;

/// A rate needs so many days of use: fewer say nothing.
const ACTIVE_DAYS_MIN: usize = 3;
/// Where the days since the refill are too few, so many are looked at in all.
const ACTIVE_DAYS_MAX: usize = 30;

/// A reading of a counter of use: sheets, cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// When it was read.
    pub at: Timestamp,
    /// What it had counted by then. One that falls has begun anew at zero.
    pub total: u64,
}

/// Mean use of an active working day: a day on which the zone is open and something was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Units that were used on those days; more than zero.
    pub used: u64,
    /// How many days; at least three.
    pub days: u32,
    /// Days before the last refill are among them, because those since were too few.
    pub before_refill: bool,
}

impl Rate {
    /// Units a day.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // sheets of a month
    pub fn per_day(self) -> f64 {
        self.used as f64 / f64::from(self.days)
    }
}

/// The readings in order of time; of two of the same moment the later one counts.
pub(super) fn in_order(counts: &[Count]) -> Vec<Count> {
    let mut counts = counts.to_vec();
    counts.sort_by_key(|count| count.at);
    counts
}

/// What was used between each reading and the one before it.
fn steps(counts: &[Count]) -> impl Iterator<Item = (Timestamp, Timestamp, u64)> {
    counts.iter().zip(counts.iter().skip(1)).map(|(before, count)| {
        let used = count.total.checked_sub(before.total).unwrap_or(count.total);
        (before.at, count.at, used)
    })
}

/// Units used after a moment; `None` when the readings begin on a later day, so that nobody knows.
/// What was used between two readings with the moment between them counts as after it: rather too
/// little left than too much.
pub(super) fn used_since(counts: &[Count], since: Timestamp, calendar: &Calendar) -> Option<u64> {
    let first = counts.first()?.at;
    let known = first <= since || calendar.date_of(first) == calendar.date_of(since);
    let after = steps(counts).filter(|(_, at, _)| since < *at);
    known.then(|| after.fold(0, |sum: u64, (_, _, used)| sum.saturating_add(used)))
}

/// The rate from the active working days since the last refill, the day of the refill with all
/// that was used on it; where these are fewer than three, from the last thirty at most, those
/// before the refill included.
///
/// Today counts once it has closed. The day of the first reading counts only if that was taken
/// before it opened.
pub(super) fn rate(
    counts: &[Count],
    refill: Option<Timestamp>,
    calendar: &Calendar,
    now: Timestamp,
) -> Option<Rate> {
    let first = counts.first()?.at;
    let whole = |date: Date| {
        let windows = calendar.windows(date);
        let bounds = windows.first().zip(windows.last());
        bounds.is_some_and(|((open, _), (_, close))| first <= *open && *close <= now)
    };
    let active: Vec<(Date, u64)> = per_day(counts, calendar)
        .into_iter()
        .filter(|(date, used)| *used > 0 && whole(*date))
        .collect();
    let since = refill.map_or(Date::MIN, |refill| calendar.date_of(refill));
    let newest = active.iter().rev();
    let days: Vec<_> = newest.clone().take_while(|(date, _)| since <= *date).collect();
    let enough = days.len() >= ACTIVE_DAYS_MIN;
    let days = if enough { days } else { newest.take(ACTIVE_DAYS_MAX).collect() };
    if days.len() < ACTIVE_DAYS_MIN {
        return None;
    }
    let used = days.iter().fold(0_u64, |sum, (_, used)| sum.saturating_add(*used));
    Some(Rate { used, days: u32::try_from(days.len()).ok()?, before_refill: !enough })
}

/// Units used on each local date. What was used between two readings of different dates is spread
/// over the open time between them, whole units, the rest on the later date: after days without a
/// reading the first one would otherwise stand for all of them.
fn per_day(counts: &[Count], calendar: &Calendar) -> BTreeMap<Date, u64> {
    let mut days: BTreeMap<Date, u64> = BTreeMap::new();
    for (from, to, used) in steps(counts).filter(|(_, _, used)| *used > 0) {
        let (first, last) = (calendar.date_of(from), calendar.date_of(to));
        let mut rest = used;
        if first != last {
            let open_ms = calendar.open_ms(from, to);
            let mut gone_ms = 0;
            let dates = std::iter::successors(Some(first), |date| date.tomorrow().ok());
            for date in dates.take_while(|date| *date < last) {
                let windows = calendar.windows(date);
                let ms = windows.iter().map(|(a, b)| (*b).min(to).since_ms((*a).max(from)).max(0));
                gone_ms += ms.sum::<i64>();
                let share = share(used, gone_ms, open_ms).saturating_sub(used - rest);
                rest -= share;
                *days.entry(date).or_default() += share;
            }
        }
        let day = days.entry(last).or_default();
        *day = day.saturating_add(rest);
    }
    days
}

/// `used` × `part` / `whole`, rounded down; nothing of an empty whole.
fn share(used: u64, part: i64, whole: i64) -> u64 {
    let share = (i128::from(used) * i128::from(part)).checked_div(i128::from(whole)).unwrap_or(0);
    u64::try_from(share).unwrap_or(0).min(used)
}
