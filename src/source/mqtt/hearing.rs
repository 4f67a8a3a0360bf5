//! A message on a topic into records: who it is from, what it says, what has to be refused.
//!
//! The state that this takes is here and nowhere else: what was described or born before, which
//! clocks are eight hours ahead, how much a device may still say, and what was last said of links.

use std::sync::Arc;

use crate::model::{DeviceId, Event, EventKind, Link, LinkFault, LinkState, Record, Timestamp};
use crate::profile::Form;
use crate::tally::{Happening, Tally};

use super::body::Body;
use super::config::{Config, Publisher};
use super::form::{discovery::Described, homie, sparkplug::Edge};
use super::note::Notes;
use super::pace::Pace;
use super::payload::{Arrival, Parsed, Said, parse, understand};
use super::refusal::Refusal;
use super::table::{Owner, Table};
use super::value::Wanted;

/// An edge node is asked to be born again at most this often.
const REBIRTH_EVERY_MS: i64 = 60_000;

/// A message as it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) topic: &'a str,
    pub(super) payload: &'a [u8],
    pub(super) retained: bool,
}

/// What is known of one device.
#[derive(Debug, Default)]
struct Known {
    described: Described,
    writes: Pace,
    eight_hours: bool,
    pace: Pace,
    link: Option<LinkState>,
}

/// What a message led to.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) records: Vec<Record>,
    /// The topic of an edge node that should be asked to be born again.
    pub(super) rebirth: Option<String>,
}

/// Hears the messages of all devices.
pub(super) struct Hearing {
    config: Arc<Config>,
    table: Arc<Table>,
    tally: Tally,
    known: Vec<Known>,
    edges: Vec<(Edge, Option<Timestamp>)>,
    notes: Notes,
}

impl Hearing {
    /// `events` are the descriptions that the journal holds, the newest first.
    pub(super) fn new(
        config: Arc<Config>,
        table: Arc<Table>,
        tally: Tally,
        events: &[Event],
    ) -> Self {
        let mut known: Vec<Known> = config.devices.iter().map(|_| Known::default()).collect();
        for (publisher, known) in config.devices.iter().zip(&mut known) {
            let own = |event: &&Event| described_of(event).0 == publisher.device.id.as_str();
            let newest = events.iter().find(own).map(|event| described_of(event).1);
            known.described = newest.and_then(Described::from_json).unwrap_or_default();
        }
        let edges = table.edges.iter().map(|_| (Edge::default(), None)).collect();
        Self { config, table, tally, known, edges, notes: Notes::default() }
    }

    /// A new connection: what was not kept by the broker may have changed meanwhile.
    pub(super) fn connected(&mut self) {
        self.edges.iter_mut().for_each(|(edge, _)| edge.forget());
    }

    /// What a message leads to.
    pub(super) fn hear(&mut self, message: Message<'_>, now: Timestamp) -> Heard {
        // With 3.1.1 a broker does not know what we take.
        if message.payload.len() > self.config.packet_bytes_max as usize {
            let records = self.refuse(message.topic, Refusal::TooLarge, now);
            return Heard { records, rebirth: None };
        }
        match self.table.owner(message.topic) {
            None => {
                self.tally.count(Happening::Rejected, "unknown_topic");
                Heard::default()
            }
            Some(Owner::Device { device, place }) => {
                let records = self.of_device(device, place, message, now);
                Heard { records, rebirth: None }
            }
            Some(Owner::Edge(edge)) => self.of_edge(edge, message, now),
        }
    }

    /// A message that was refused before it was read.
    fn refuse(&mut self, topic: &str, refusal: Refusal, now: Timestamp) -> Vec<Record> {
        let config = self.config.clone();
        match self.table.owner(topic) {
            Some(Owner::Device { device, .. }) => {
                config.devices.get(device).map_or_else(Vec::new, |publisher| {
                    self.refused(device, publisher, refusal, topic, now)
                })
            }
            _ => {
                self.tally.count(Happening::Rejected, refusal.as_str());
                Vec::new()
            }
        }
    }

    /// Without the broker no device can be heard, which is no fault of theirs; with it again, those
    /// that had not said good-bye are expected to speak.
    pub(super) fn broker_changed(
        &mut self,
        fault: Option<LinkFault>,
        now: Timestamp,
    ) -> Vec<Record> {
        let change = |n: usize| {
            let state = match (fault, &self.known.get(n)?.link) {
                (_, Some(LinkState::Down { fault: LinkFault::LastWill, .. })) => return None,
                (Some(fault), _) => LinkState::Down { fault, detail: String::new() },
                (None, Some(LinkState::Down { .. })) => LinkState::Up,
                (None, _) => return None,
            };
            Some((n, state))
        };
        let changes: Vec<_> = (0..self.known.len()).filter_map(change).collect();
        changes.into_iter().filter_map(|(n, state)| self.news(n, state, now)).collect()
    }

    fn of_device(
        &mut self,
        n: usize,
        place: usize,
        message: Message<'_>,
        now: Timestamp,
    ) -> Vec<Record> {
        let config = self.config.clone();
        let Some(publisher) = config.devices.get(n) else { return Vec::new() };
        let admitted = self.known.get_mut(n).is_some_and(|known| known.pace.admits(now));
        if !admitted {
            return self.refused(n, publisher, Refusal::Flood, message.topic, now);
        }
        let arrival = Arrival {
            retained: message.retained,
            now,
            zone: &config.time_zone,
            eight_hours: self.known.get(n).is_some_and(|known| known.eight_hours),
        };
        let place = publisher.places.get(place);
        let rule = place.and_then(|place| publisher.rules()?.rule(place.rule));
        let (Some(place), Some(rule)) = (place, rule) else { return Vec::new() };
        let read = match rule.form {
            // A kept message that is cleared says nothing; a description that is takes it back.
            _ if message.payload.is_empty() && rule.form != Form::HomeAssistant => {
                return Vec::new();
            }
            Form::Json | Form::Text => {
                let (device, id) = (&publisher.device, &publisher.mqtt_id);
                parse(device, id, rule, message.payload, &arrival).map(Some)
            }
            Form::Homie => {
                homie::said(&place.filter, message.topic, message.payload).and_then(|said| {
                    said.map_or(Ok(None), |said| {
                        taken_of(publisher, Wanted::Of(&rule.fields), said, &arrival)
                    })
                })
            }
            Form::HomeAssistant => return self.of_entities(n, publisher, message, &arrival),
            Form::Sparkplug => Ok(None),
        };
        self.taken(n, publisher, read, message.topic, now)
    }

    fn of_entities(
        &mut self,
        n: usize,
        publisher: &Publisher,
        message: Message<'_>,
        arrival: &Arrival<'_>,
    ) -> Vec<Record> {
        let Some(known) = self.known.get_mut(n) else { return Vec::new() };
        let (topic, payload, now) = (message.topic, message.payload, arrival.now);
        if topic.ends_with("/config") {
            let own = |topic: &str| match self.table.owner(topic) {
                Some(Owner::Device { device, .. }) => device == n,
                _ => false,
            };
            let payload = if payload.is_empty() { b"{}" } else { payload };
            return match known.described.learn(topic, payload, own) {
                Ok(false) => Vec::new(),
                // Who changes its mind all the time is understood, and not written down each time.
                Ok(true) if !known.writes.allows(now) => Vec::new(),
                Ok(true) => {
                    let body = known.described.to_json().unwrap_or_default();
                    let body = format!("{} {body}", publisher.device.id);
                    let event = Event { kind: EventKind::Described, time: now, body };
                    vec![Record::Event(event)]
                }
                Err(refusal) => self.refused(n, publisher, refusal, topic, now),
            };
        }
        if payload.is_empty() {
            return Vec::new();
        }
        let wanted = publisher.rules().map_or(Wanted::Nothing, Wanted::All);
        let said = known.described.said(topic, payload);
        let read = said.and_then(|said| taken_of(publisher, wanted, said, arrival));
        self.taken(n, publisher, read, topic, now)
    }

    fn of_edge(&mut self, index: usize, message: Message<'_>, now: Timestamp) -> Heard {
        let (config, table) = (self.config.clone(), self.table.clone());
        let mut heard = Heard::default();
        let levels: Vec<&str> = message.topic.split('/').collect();
        let (Some(node), Some(kind)) = (table.edges.get(index), levels.get(2)) else {
            return heard;
        };
        let level = levels.get(4).copied().unwrap_or_default();
        let of = |level: &str| {
            let n = *node.devices.get(level)?;
            Some((n, config.devices.get(n)?))
        };
        if let Some((n, publisher)) = of(level)
            && !self.known.get_mut(n).is_some_and(|known| known.pace.admits(now))
        {
            heard.records = self.refused(n, publisher, Refusal::Flood, message.topic, now);
            return heard;
        }
        let Some((edge, asked)) = self.edges.get_mut(index) else { return heard };
        let told = edge.hear(kind, level, of(level).is_some(), message.payload);
        let told = match told {
            Ok(told) => told,
            Err(refusal) => {
                if let Some((n, publisher)) = of(level) {
                    heard.records = self.refused(n, publisher, refusal, message.topic, now);
                }
                return heard;
            }
        };
        let again = asked.is_none_or(|asked| now.since_ms(asked).abs() >= REBIRTH_EVERY_MS);
        if told.missed && config.rebirth && again {
            *asked = Some(now);
            heard.rebirth = Some(format!("spBv1.0/{}/NCMD/{}", node.group, node.name));
        }
        if told.missed {
            self.tally.count(Happening::Rejected, "sparkplug_gap");
        }
        let arrival = |eight_hours| Arrival {
            retained: message.retained,
            now,
            zone: &config.time_zone,
            eight_hours,
        };
        if told.all_gone {
            for n in node.devices.values() {
                let Some(publisher) = config.devices.get(*n) else { continue };
                let (body, time_ms) = (Body::Flat(Vec::new()), None);
                let said = Said { body, time_ms, message: 0, present: Some(false), state: false };
                let read = understand(&publisher.device, Wanted::Nothing, said, &arrival(false));
                let read = read.map(Some);
                heard.records.extend(self.taken(*n, publisher, read, message.topic, now));
            }
            return heard;
        }
        let Some((n, publisher)) = of(level) else { return heard };
        if told.unknown > 0 {
            let refused = self.refused(n, publisher, Refusal::NotDescribed, message.topic, now);
            heard.records.extend(refused);
        }
        for said in told.said {
            let eight_hours = self.known.get(n).is_some_and(|known| known.eight_hours);
            let wanted = publisher.rules().map_or(Wanted::Nothing, Wanted::All);
            let read = taken_of(publisher, wanted, said, &arrival(eight_hours));
            heard.records.extend(self.taken(n, publisher, read, message.topic, now));
        }
        heard
    }

    /// Keeps a reading that was understood, or says why it was not.
    fn taken(
        &mut self,
        n: usize,
        publisher: &Publisher,
        read: Result<Option<Parsed>, Refusal>,
        topic: &str,
        now: Timestamp,
    ) -> Vec<Record> {
        let parsed = match read {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return Vec::new(),
            Err(refusal) => return self.refused(n, publisher, refusal, topic, now),
        };
        let Some(known) = self.known.get_mut(n) else { return Vec::new() };
        known.eight_hours = parsed.eight_hours.unwrap_or(known.eight_hours);
        // Without a time of their own messages of one moment cannot be told from a flood.
        if parsed.own_time && !known.pace.allows(parsed.reading.time) {
            return self.refused(n, publisher, Refusal::Flood, topic, now);
        }
        let wrong = self.wrong_fields(n, publisher, &parsed.wrong_fields, now);
        let state = match parsed.gone {
            true => LinkState::Down { fault: LinkFault::LastWill, detail: String::new() },
            false => LinkState::Up,
        };
        let link = parsed.presence.then(|| self.news(n, state, now)).flatten();
        std::iter::once(Record::Reading(parsed.reading)).chain(link).chain(wrong).collect()
    }

    /// Fields that were left out of a message that was kept: told by their pointers.
    fn wrong_fields(
        &mut self,
        n: usize,
        publisher: &Publisher,
        fields: &[String],
        now: Timestamp,
    ) -> Option<Record> {
        if fields.is_empty() {
            return None;
        }
        let (reason, id) = (Refusal::WrongField, &publisher.device.id);
        self.tally.add(Happening::Rejected, reason.as_str(), fields.len() as u64);
        self.notes.note(n, id, reason, &fields.join(" "), now).map(Record::Event)
    }

    fn refused(
        &mut self,
        n: usize,
        publisher: &Publisher,
        refusal: Refusal,
        topic: &str,
        now: Timestamp,
    ) -> Vec<Record> {
        self.tally.count(Happening::Rejected, refusal.as_str());
        let event = self.notes.note(n, &publisher.device.id, refusal, topic, now);
        if event.is_some() {
            tracing::warn!(device = %publisher.device.id, %refusal, topic, "messages refused");
        }
        event.map(Record::Event).into_iter().collect()
    }

    fn news(&mut self, n: usize, state: LinkState, time: Timestamp) -> Option<Record> {
        let device: DeviceId = self.config.devices.get(n)?.device.id.clone();
        let link = &mut self.known.get_mut(n)?.link;
        if link.as_ref() == Some(&state) {
            return None;
        }
        *link = Some(state.clone());
        Some(Record::Link(Link { device, time, state }))
    }
}

/// What is taken of values that come one by one; nothing where no field names them.
fn taken_of(
    publisher: &Publisher,
    wanted: Wanted<'_>,
    said: Said<'_>,
    arrival: &Arrival<'_>,
) -> Result<Option<Parsed>, Refusal> {
    match understand(&publisher.device, wanted, said, arrival) {
        Err(Refusal::NothingKnown) => Ok(None),
        other => other.map(Some),
    }
}

/// The device of a description, and what it described.
fn described_of(event: &Event) -> (&str, &str) {
    event.body.split_once(' ').unwrap_or_default()
}
