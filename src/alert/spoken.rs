//! What people say to the engine: taken when it is on disk, or not at all.

use crate::model::{DeviceId, Event, Timestamp};

use super::desk::SILENCES_MAX;
use super::handle::{AckError, Command, SilenceView};
use super::record;
use super::silence::{Ended, Matcher, Silence, SilenceError};
use super::task::Alerts;
use super::types::{Acknowledged, Alert};

impl Alerts {
    pub(super) async fn hear(&mut self, command: Command) {
        // The web request may have gone away; what was kept stands all the same.
        match command {
            Command::Acknowledge { id, by, note, for_ms, reply } => {
                drop(reply.send(self.acknowledge(id, by, note, for_ms).await));
            }
            Command::Silence { silence, reply } => drop(reply.send(self.silence(*silence).await)),
            Command::EndSilence { id, by, reply } => {
                drop(reply.send(self.end_silence(id, by).await));
            }
            Command::Suspects { reply } => drop(reply.send(Ok(self.engine.suspects()))),
        }
    }

    async fn acknowledge(
        &mut self,
        id: String,
        by: String,
        note: String,
        for_ms: Option<i64>,
    ) -> Result<Alert, AckError> {
        let Some(before) = self.engine.find(&id).cloned() else {
            return Err(match self.board.was_resolved(&id) {
                true => AckError::AlreadyResolved(id),
                false => AckError::Unknown(id),
            });
        };
        let again = |known: &Acknowledged| {
            known.by == by && for_ms.is_none() && (note.is_empty() || note == known.note)
        };
        if before.acknowledged.as_ref().is_some_and(again) {
            return Ok((*before).clone()); // pressed twice
        }
        let now = self.clock.now();
        let for_ms = for_ms.or(self.engine.desk.policy.acknowledged_for_ms);
        let who = Acknowledged { by, note, at: now, until: for_ms.map(|ms| now.plus_ms(ms)) };
        let Some(transition) = self.engine.acknowledge(&id, who) else {
            return Err(AckError::Unknown(id));
        };
        match self.store_with(record::event(&transition, now)).await {
            Ok(()) => Ok(transition.alert),
            Err(error) => {
                // Never say "noted" of what is not on disk.
                self.engine.put_back(before);
                Err(error)
            }
        }
    }

    async fn silence(&mut self, mut silence: Silence) -> Result<Silence, AckError> {
        let now = self.clock.now();
        silence.check(now).map_err(AckError::Silence)?;
        self.knows(&silence.matcher).map_err(AckError::Silence)?;
        let left = |known: &&Silence| !known.is_over(now);
        let count = self.engine.desk.silences.iter().filter(left).count();
        if count >= SILENCES_MAX {
            return Err(AckError::Silence(SilenceError::TooMany(count)));
        }
        (silence.id, silence.set, silence.ended) = (self.new_id(now), now, None);
        self.engine.desk.silences.push(silence.clone());
        let kept = self.store_with(record::silence_event(&silence, now)).await;
        if kept.is_err() {
            self.engine.desk.silences.retain(|known| known.id != silence.id);
        }
        kept.map(|()| silence)
    }

    async fn end_silence(&mut self, id: String, by: String) -> Result<Silence, AckError> {
        let now = self.clock.now();
        let known = self.engine.desk.silences.iter().any(|silence| silence.id == id);
        let Some(silence) = self.engine.end_silence(&id, Ended { by, at: now }) else {
            return Err(if known { AckError::AlreadyResolved(id) } else { AckError::Unknown(id) });
        };
        let kept = self.store_with(record::silence_event(&silence, now)).await;
        if kept.is_err() {
            let mut all = self.engine.desk.silences.iter_mut();
            if let Some(silence) = all.find(|silence| silence.id == id) {
                silence.ended = None;
            }
        }
        kept.map(|()| silence)
    }

    /// Whether everything that a silence names is there.
    fn knows(&self, matcher: &Matcher) -> Result<(), SilenceError> {
        let unknown = |what, name: &String| SilenceError::Unknown { what, name: name.clone() };
        let rule = |id: &&String| !self.engine.has_rule(id);
        let device =
            |id: &&String| DeviceId::parse(id).is_err() || self.live.get(id.as_str()).is_none();
        let zones = || self.live.iter().map(|live| live.device.zone.as_str());
        let zone = |id: &&String| !zones().any(|zone| zone == id.as_str());
        let found = matcher.rules.iter().find(rule).map(|name| unknown("rule", name));
        let found = found
            .or_else(|| matcher.devices.iter().find(device).map(|name| unknown("device", name)));
        let found =
            found.or_else(|| matcher.zones.iter().find(zone).map(|name| unknown("zone", name)));
        let label = |(name, value): &(&String, &String)| !self.engine.has_label(name, value);
        let label = matcher.labels.iter().find(label);
        let label = label.map(|(name, value)| unknown("label", &format!("{name} = {value}")));
        found.or(label).map_or(Ok(()), Err)
    }

    /// An id that no silence has.
    fn new_id(&self, now: Timestamp) -> String {
        let taken = |id: &str| self.engine.desk.silences.iter().any(|known| known.id == id);
        let ids = (0..=SILENCES_MAX).map(|n| format!("S{}", now.ms() + n as i64));
        ids.into_iter().find(|id| !taken(id)).unwrap_or_default()
    }

    /// Keeps what waits and one thing more, and shows it.
    async fn store_with(&mut self, event: Option<Event>) -> Result<(), AckError> {
        let events: Vec<Event> = self.pending.iter().cloned().chain(event).collect();
        self.store(events).await.map_err(AckError::NotKept)?;
        self.pending.clear();
        self.dirty = true;
        self.show(Vec::new());
        Ok(())
    }

    /// The silences as they are seen now.
    pub(super) fn silences(&self) -> Vec<SilenceView> {
        let active = |id: &str| self.engine.desk.active().any(|active| active == id);
        let all = self.engine.desk.silences.iter().cloned();
        let view = |silence: Silence| SilenceView { active: active(&silence.id), silence };
        all.map(view).collect()
    }
}
