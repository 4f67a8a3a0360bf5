//! Outages: when a machine could not be used, from its first service millisecond to its repair.

use crate::calendar::Calendar;
use crate::model::Timestamp;

use super::condition::{Stretch, in_order};

/// The same lapse of time by the service hours and by the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lapse {
    /// Milliseconds in which the zone was open.
    pub service_ms: i64,
    /// Milliseconds by the clock.
    pub calendar_ms: i64,
}

impl Lapse {
    /// From one moment to another; nothing when the second is not after the first.
    #[must_use]
    pub fn between(calendar: &Calendar, from: Timestamp, to: Timestamp) -> Self {
        let service_ms = calendar.open_ms(from, to);
        Self { service_ms, calendar_ms: to.since_ms(from).max(0) }
    }
}

/// A time in which a machine was down or offline, with at least one millisecond of it in service
/// hours. Others are no outages: a machine that is switched off every night never fails.
///
/// Down and offline may take turns in it, the zone may close and open, and there may be no data in
/// between: a gateway that is started again makes no second failure. It ends when the machine is
/// seen to serve, also in closed hours and also degraded, or when planned maintenance begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Its first moment, maybe in closed hours.
    pub began: Timestamp,
    /// Its first moment in service hours, which is when it counts as having happened.
    pub counts_from: Timestamp,
    /// The first moment after the last at which it was seen down. `None` while nothing else has
    /// been seen since.
    pub ended: Option<Timestamp>,
    /// How long it lasted, as far as it was seen: service time in which it was down, and time by
    /// the clock from [`counts_from`](Self::counts_from) to its end.
    pub lasted: Lapse,
}

/// The outages in these stretches, in order. They have to reach back to where an outage began:
/// what was cut off before is not known here.
#[must_use]
pub fn outages(calendar: &Calendar, stretches: &[Stretch]) -> Vec<Outage> {
    outages_in(calendar, &in_order(stretches))
}

/// The same for stretches that are in order.
pub(super) fn outages_in(calendar: &Calendar, story: &[Stretch]) -> Vec<Outage> {
    let known = story.iter().filter(|s| s.condition != super::Condition::Unknown);
    let mut known = known.copied().peekable();
    let mut found = Vec::new();
    while let Some(first) = known.next() {
        if !first.condition.is_outage() {
            continue;
        }
        let mut run = vec![first];
        while let Some(next) = known.next_if(|next| next.condition.is_outage()) {
            run.push(next);
        }
        found.extend(outage(calendar, &run, known.peek().is_some()));
    }
    found
}

/// A run of down and offline stretches as an outage, if it touches service hours.
fn outage(calendar: &Calendar, run: &[Stretch], is_over: bool) -> Option<Outage> {
    let began = run.first()?.from;
    let end = run.last()?.to;
    let counts_from = run.iter().find_map(|s| calendar.spans(s.from, s.to).next())?.0;
    let service_ms = run.iter().map(|s| calendar.open_ms(s.from, s.to)).sum();
    let lasted = Lapse { service_ms, calendar_ms: end.since_ms(counts_from) };
    Some(Outage { began, counts_from, ended: is_over.then_some(end), lasted })
}
