//! How a machine was, stretch by stretch, and one story out of stretches that overlap.

use std::collections::BTreeMap;

use crate::model::{Text, Timestamp};

/// How a machine is for those who come to use it.
///
/// The order is that of precedence: where stretches overlap, the first of these counts. What
/// people declared stands above what was seen; what nobody can have seen is not claimed; of what
/// was seen the worse counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// Out of service as planned.
    Maintenance,
    /// No data: the gateway itself was away. Also any time of which nothing is said.
    Unknown,
    /// It answers and cannot serve.
    Down,
    /// It does not answer.
    Offline,
    /// It serves, but not everything or not well.
    Degraded,
    /// It serves.
    Serving,
}

impl Condition {
    /// All of them, in the order of precedence.
    pub const ALL: [Self; 6] = [
        Self::Maintenance,
        Self::Unknown,
        Self::Down,
        Self::Offline,
        Self::Degraded,
        Self::Serving,
    ];

    /// The word used in files and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::Unknown => "unknown",
            Self::Down => "down",
            Self::Offline => "offline",
            Self::Degraded => "degraded",
            Self::Serving => "serving",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.as_str() == word)
    }

    /// The word for people.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Maintenance => Text::new("计划维护", "maintenance"),
            Self::Unknown => Text::new("无数据", "no data"),
            Self::Down => Text::new("故障停用", "down"),
            Self::Offline => Text::new("离线", "offline"),
            Self::Degraded => Text::new("降级服务", "degraded"),
            Self::Serving => Text::new("正常服务", "serving"),
        }
    }

    /// Whether nobody can use the machine, against the plan.
    #[must_use]
    pub const fn is_outage(self) -> bool {
        matches!(self, Self::Down | Self::Offline)
    }
}

/// A time through which a machine was in one condition, half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// How it was.
    pub condition: Condition,
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
}

/// The stretches in order, apart and as long as possible. At each moment the condition of highest
/// precedence counts of all stretches that hold it, whatever order they came in and however they
/// were cut; empty and reversed ones say nothing. Gaps stay gaps: nothing is said of them.
pub(super) fn in_order(stretches: &[Stretch]) -> Vec<Stretch> {
    let mut edges: Vec<(Timestamp, Condition, i32)> = stretches
        .iter()
        .filter(|stretch| stretch.from < stretch.to)
        .flat_map(|s| [(s.from, s.condition, 1), (s.to, s.condition, -1)])
        .collect();
    edges.sort_unstable();
    let mut story: Vec<Stretch> = Vec::new();
    let mut held: BTreeMap<Condition, i32> = BTreeMap::new();
    let mut since: Option<Timestamp> = None;
    for (at, condition, change) in edges {
        if let (Some(from), Some((condition, _))) = (since, held.first_key_value())
            && from < at
        {
            tell(&mut story, Stretch { condition: *condition, from, to: at });
        }
        since = Some(at);
        let count = held.entry(condition).or_default();
        *count += change;
        if *count == 0 {
            held.remove(&condition);
        }
    }
    story
}

/// Adds a stretch, or lengthens the last one that it goes on from.
fn tell(story: &mut Vec<Stretch>, next: Stretch) {
    match story.last_mut() {
        Some(last) if last.condition == next.condition && last.to == next.from => last.to = next.to,
        _ => story.push(next),
    }
}
