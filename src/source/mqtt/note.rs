//! What was refused from a device, as it is kept and told: once at first and once a minute while it
//! goes on, with the number of messages, so that a flood of them is no flood of records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{DeviceId, Event, EventKind, Timestamp};

use super::refusal::Refusal;

/// Time between two records of one device and reason.
const EVERY_MS: i64 = 60_000;
/// Longest detail that is kept, characters.
const DETAIL_CHARS_MAX: usize = 80;

/// Messages of one device that were refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// On whose topic they came.
    pub device: DeviceId,
    /// Why they were refused.
    pub reason: Refusal,
    /// What was seen: a topic, or fields by their pointers; nothing of what a message said.
    pub detail: String,
    /// How many since the last record.
    pub count: u64,
    /// When the last of them came.
    pub time: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Body {
    device: String,
    reason: String,
    detail: String,
    count: u64,
}

impl Refused {
    /// As a record of the journal.
    fn record(&self) -> Option<Event> {
        let (device, reason) = (self.device.to_string(), self.reason.as_str().to_owned());
        let body = Body { device, reason, detail: self.detail.clone(), count: self.count };
        let body = serde_json::to_string(&body).ok()?;
        Some(Event { kind: EventKind::Refused, time: self.time, body })
    }

    /// Reads a record of the journal; `None` when it is about something else.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        if event.kind != EventKind::Refused {
            return None;
        }
        let body: Body = serde_json::from_str(&event.body).ok()?;
        Some(Self {
            device: DeviceId::parse(&body.device).ok()?,
            reason: Refusal::parse(&body.reason)?,
            detail: body.detail,
            count: body.count,
            time: event.time,
        })
    }
}

/// Counts refusals between two records.
#[derive(Debug, Default)]
pub(super) struct Notes {
    counts: BTreeMap<(usize, Refusal), (Option<Timestamp>, u64)>,
}

impl Notes {
    /// Notes a refusal of the `n`-th device; a record where one is due.
    pub(super) fn note(
        &mut self,
        n: usize,
        device: &DeviceId,
        reason: Refusal,
        detail: &str,
        now: Timestamp,
    ) -> Option<Event> {
        let (told, count) = self.counts.entry((n, reason)).or_default();
        *count += 1;
        // A clock that was set back must not silence it.
        let due = told.is_none_or(|told| now.since_ms(told).saturating_abs() >= EVERY_MS);
        if !due {
            return None;
        }
        *told = Some(now);
        let (count, device) = (std::mem::take(count), device.clone());
        let detail = detail.chars().take(DETAIL_CHARS_MAX).collect();
        Refused { device, reason, detail, count, time: now }.record()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_one_record_a_minute() {
        let (mut notes, device) = (Notes::default(), DeviceId::parse("tm-01").expect("id"));
        let mut told = Vec::new();
        for second in 0..=120 {
            for _ in 0..1_000 {
                let now = Timestamp::from_ms(second * 1_000);
                told.extend(notes.note(0, &device, Refusal::Flood, "hall/x", now));
            }
        }
        let refused: Vec<_> = told.iter().filter_map(Refused::of).collect();
        let counts: Vec<_> = refused.iter().map(|refused| refused.count).collect();
        assert_eq!(counts, [1, 60_000, 60_000]);
        assert_eq!(refused[0].reason, Refusal::Flood);
    }
}
