//! What happened to a counter, as it is kept in the journal and told to people.

use serde::{Deserialize, Serialize};

use crate::model::{DeviceId, Event, EventKind, PointName, Text, Timestamp, standard_point, text};

use super::track::{Change, Happened};

/// Something that happened to a counter of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterEvent {
    /// Which device.
    pub device: DeviceId,
    /// Which counter.
    pub point: PointName,
    /// What.
    pub happened: Happened,
}

#[derive(Serialize, Deserialize)]
struct Body {
    device: String,
    point: String,
    change: String,
    before: f64,
    after: f64,
    at_ms: i64,
}

impl CounterEvent {
    /// As a record of the journal, decided at `time`.
    pub(super) fn record(&self, time: Timestamp) -> Option<Event> {
        let Happened { change, before, after, time: at } = self.happened;
        let body = Body {
            device: self.device.to_string(),
            point: self.point.to_string(),
            change: change.as_str().to_owned(),
            before,
            after,
            at_ms: at.ms(),
        };
        let body = serde_json::to_string(&body).ok()?;
        Some(Event { kind: EventKind::Counter, time, body })
    }

    /// Reads a record of the journal; `None` when it is about something else.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        if event.kind != EventKind::Counter {
            return None;
        }
        let body: Body = serde_json::from_str(&event.body).ok()?;
        let change = Change::ALL.into_iter().find(|change| change.as_str() == body.change)?;
        let (before, after) = (body.before, body.after);
        Some(Self {
            device: DeviceId::parse(&body.device).ok()?,
            point: PointName::parse(&body.point).ok()?,
            happened: Happened { change, before, after, time: Timestamp::from_ms(body.at_ms) },
        })
    }

    /// In words, with the values.
    #[must_use]
    pub fn text(&self) -> Text {
        let standard = standard_point(self.point.as_str());
        let unit = standard.as_ref().map_or("", |point| point.unit);
        let Text { zh, en } =
            standard.as_ref().map_or_else(|| Text::same(self.point.as_str()), |p| p.label.clone());
        let (before, after) = (shown(self.happened.before, unit), shown(self.happened.after, unit));
        match self.happened.change {
            Change::RollOver => text!(
                "{zh}计满翻转（{before} → {after}），电量连续计算",
                "{en} rolled over ({before} to {after}); counting goes on",
            ),
            Change::Reset => text!(
                "{zh}被清零（{before} → {after}），已从零继续累计",
                "{en} was reset ({before} to {after}); counting goes on from zero",
            ),
            Change::Swap => text!(
                "{zh}跳到另一水平（{before} → {after}），疑似换表，差值不计入电量",
                "{en} goes on at another level ({before} to {after}): a changed meter? The \
                 difference is not counted",
            ),
            Change::StepBack => text!(
                "{zh}回退（{before} → {after}），超过原值前不计入电量",
                "{en} stepped back ({before} to {after}); nothing counts until it has passed the \
                 old value",
            ),
            Change::Glitch => text!(
                "{zh}出现异常读数 {after}（正常约 {before}），已剔除",
                "{en} read {after}, which cannot be (about {before} is right); left out",
            ),
        }
    }
}

/// A value for people: energies in thousands.
fn shown(value: f64, unit: &str) -> String {
    match unit {
        "Wh" | "varh" | "VAh" => format!("{:.1} k{unit}", value / 1_000.0),
        "" => format!("{value:.0}"),
        unit => format!("{value:.1} {unit}"),
    }
}
