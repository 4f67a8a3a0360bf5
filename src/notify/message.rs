//! What is sent: one transition, or several that were collected.

use std::collections::BTreeSet;

use crate::alert::{Alert, Change, Transition};
use crate::model::{Position, Severity, Text, Timestamp};

/// A transition that waits to be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// Where it stands in the journal.
    pub(super) position: Position,
    pub(super) transition: Transition,
}

/// What is sent in one go.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    /// The same for every try: the receiver can tell a repetition.
    pub(super) key: String,
    /// At least one, in the order of the journal.
    pub(super) items: Vec<Item>,
}

impl Message {
    /// A message of these; nothing where there are none.
    pub(super) fn new(channel: &str, items: Vec<Item>) -> Option<Self> {
        let (first, last) = (items.first()?, items.last()?);
        let key = match items.len() {
            1 => {
                let Transition { alert, change, .. } = &first.transition;
                format!("{}-{}-{}", alert.id, change.as_str(), first.position.0)
            }
            _ => format!("{channel}-{}-{}", first.position.0, last.position.0),
        };
        Some(Self { key, items })
    }

    /// A message that nothing has happened for.
    pub(super) fn test(channel: &str, now: Timestamp) -> Self {
        let id = format!("TEST-{channel}-{}", now.ms());
        let text = Text::new("测试消息：这个渠道能收到告警", "test: alerts arrive on this channel");
        let texts = [text, Text::new("无需处理", "nothing to do")];
        let alert = Alert::new(id, "TEST", Severity::Info, None, texts, now);
        let transition = Transition { change: Change::Raised, alert, tell: true, to: None };
        let key = transition.alert.id.clone();
        Self { key, items: vec![Item { position: Position::default(), transition }] }
    }

    /// Where the last of it stands in the journal.
    pub(super) fn through(&self) -> Position {
        self.items.last().map_or(Position::default(), |item| item.position)
    }

    /// The ids of the alerts that are open after it.
    pub(super) fn open_ids(&self) -> Vec<String> {
        let over = |change| matches!(change, Change::Resolved | Change::Muted);
        let open = self.items.iter().map(|item| &item.transition).filter(|t| !over(t.change));
        let open: BTreeSet<&String> = open.map(|transition| &transition.alert.id).collect();
        open.into_iter().cloned().collect()
    }

    /// The id of each alert and what happened to it, for the record.
    pub(super) fn ids(&self) -> Vec<String> {
        let id = |item: &Item| {
            let Transition { alert, change, .. } = &item.transition;
            format!("{} {}", alert.id, change.as_str())
        };
        self.items.iter().map(id).collect()
    }
}

/// What is left to say of one alert where several things happened to it.
#[derive(Debug, Clone)]
pub(super) struct Told<'a> {
    /// The alert after the last of them.
    pub(super) alert: &'a Alert,
    /// The last of them.
    pub(super) change: Change,
    /// It came and went while it waited: it was never told before.
    pub(super) passed: bool,
}

/// One entry for each alert, in the order in which they were first named.
pub(super) fn merged(items: &[Item]) -> Vec<Told<'_>> {
    let mut told: Vec<(bool, Told<'_>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for Item { transition, .. } in items {
        let Transition { alert, change, .. } = transition;
        let place = *places.entry(alert.id.as_str()).or_insert(told.len());
        match told.get_mut(place) {
            None => {
                let new = *change == Change::Raised;
                told.push((new, Told { alert, change: *change, passed: false }));
            }
            Some((new, told)) => {
                told.passed = *new && *change == Change::Resolved;
                // Of a new alert that somebody knows of by now it is said that it is new.
                if !*new || *change == Change::Resolved {
                    told.change = *change;
                }
                told.alert = alert;
            }
        }
    }
    told.into_iter().map(|(_, told)| told).collect()
}
