//! An order, as it is kept and shown.

use serde::{Deserialize, Serialize};

use crate::model::{DeviceId, DeviceKind, Text, Timestamp, ZoneId};

use super::form;

/// Steps of one order at most: one that is done and comes back a hundred times is another story.
pub const STEPS_MAX: usize = 400;

/// The usual troubles that a visitor can choose from.
pub const TROUBLES: [(&str, &str); 5] = [
    ("屏幕没有反应", "the screen does not react"),
    ("打不出票或纸", "nothing is printed"),
    ("读不了证件或卡", "cards are not read"),
    ("办到一半出错", "it stops half-way"),
    ("其他问题", "something else"),
];

/// Where an order is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody said that something is wrong.
    Reported,
    /// It is somebody's.
    Assigned,
    /// Somebody is coming.
    OnTheWay,
    /// Somebody is at it.
    Repairing,
    /// It cannot go on without a part.
    WaitingForPart,
    /// Who repaired it says that it works. The machine has yet to show it.
    Done,
    /// The machine has shown it, or a person has said that it is over.
    Closed,
    /// Nothing was to be done.
    Cancelled,
}

impl State {
    /// All states, in the order of the way.
    pub const ALL: [Self; 8] = [
        Self::Reported,
        Self::Assigned,
        Self::OnTheWay,
        Self::Repairing,
        Self::WaitingForPart,
        Self::Done,
        Self::Closed,
        Self::Cancelled,
    ];

    /// The word used in the API and in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Assigned => "assigned",
            Self::OnTheWay => "on_the_way",
            Self::Repairing => "repairing",
            Self::WaitingForPart => "waiting_for_part",
            Self::Done => "done",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The word for people.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Reported => Text::new("已报修", "reported"),
            Self::Assigned => Text::new("已派工", "assigned"),
            Self::OnTheWay => Text::new("赶往现场", "on the way"),
            Self::Repairing => Text::new("正在维修", "being repaired"),
            Self::WaitingForPart => Text::new("等待配件", "waiting for a part"),
            Self::Done => Text::new("已修好，待验证", "done, to be proven"),
            Self::Closed => Text::new("已关闭", "closed"),
            Self::Cancelled => Text::new("已取消", "cancelled"),
        }
    }

    /// Where a person can take it from here.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        use State::{
            Assigned, Cancelled, Closed, Done, OnTheWay, Repairing, Reported, WaitingForPart,
        };
        match self {
            Reported => &[Assigned, OnTheWay, Repairing, Cancelled],
            Assigned => &[Assigned, OnTheWay, Repairing, Cancelled],
            OnTheWay => &[Assigned, Repairing, Cancelled],
            Repairing => &[Assigned, WaitingForPart, Done, Cancelled],
            WaitingForPart => &[Assigned, OnTheWay, Repairing, Done, Cancelled],
            Done => &[Repairing, Closed],
            Closed | Cancelled => &[],
        }
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }

    /// Whether somebody is coming or there, which ends the time of response.
    #[must_use]
    pub const fn is_attended(self) -> bool {
        matches!(self, Self::OnTheWay | Self::Repairing)
    }
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A person, by the name that he gave.
    Person(String),
    /// A visitor by the label on the machine.
    Public,
    /// This program, by what the data say.
    Program,
}

/// How an order came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person made it of an alert.
    Alert {
        /// Name of the person.
        by: String,
    },
    /// A person saw it.
    Person {
        /// Name of the person.
        by: String,
    },
    /// A visitor reported it by the label.
    Public,
}

/// Whose order it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignee {
    /// A vendor, by its id.
    Vendor(String),
    /// A person, by name.
    Person(String),
}

/// What the vendor of a machine has promised, as it was when the order was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Id of the vendor.
    pub vendor: String,
    /// Longest time until somebody is coming, milliseconds of service time.
    pub response_ms: i64,
    /// Longest time until it is done, milliseconds of service time.
    pub repair_ms: i64,
}

/// One step on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The state from then on.
    pub state: State,
    /// When.
    #[serde(rename = "at_ms", with = "form::time")]
    pub at: Timestamp,
    /// Who.
    pub by: Who,
    /// What was said about it.
    #[serde(with = "form::text")]
    pub note: Text,
}

/// Parts of one kind that were used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// How many.
    pub count: u32,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// When.
    #[serde(rename = "at_ms", with = "form::time")]
    pub at: Timestamp,
    /// By whom.
    pub by: Who,
    /// Why.
    #[serde(with = "form::text")]
    pub reason: Text,
    /// The machine has shown that it works.
    pub proven: bool,
}

/// One work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// `WO-20261129-001`: the local day and a number.
    pub id: String,
    /// The machine.
    #[serde(with = "form::device")]
    pub device: DeviceId,
    /// What it is; kept here, because machines are replaced.
    #[serde(with = "form::kind")]
    pub kind: DeviceKind,
    /// Its profile, which stands for its model.
    pub profile: String,
    /// Where it stands.
    #[serde(with = "form::zone")]
    pub zone: ZoneId,
    /// The rule whose alert it is about.
    pub rule: Option<String>,
    /// The alerts that it is about, oldest first; of many the first and the newest.
    pub alerts: Vec<String>,
    /// What is wrong.
    #[serde(with = "form::text")]
    pub what: Text,
    /// How it came about.
    pub origin: Origin,
    /// When.
    #[serde(rename = "opened_ms", with = "form::time")]
    pub opened: Timestamp,
    /// Where it is on its way.
    pub state: State,
    /// Whose it is.
    pub assigned: Option<Assignee>,
    /// What has been promised.
    pub contract: Option<Contract>,
    /// All steps, the opening first.
    pub steps: Vec<Step>,
    /// Parts that were used.
    pub parts: Vec<Part>,
    /// Visitors who said that it does not work.
    pub reports: u32,
    /// When it was said to be done, while that stands.
    #[serde(rename = "done_ms", with = "form::time_if")]
    pub done: Option<Timestamp>,
    /// How it ended.
    pub closed: Option<Closed>,
}

impl Order {
    /// The number that a visitor is told: the end of the id.
    #[must_use]
    pub fn number(&self) -> &str {
        self.id.rsplit('-').next().unwrap_or(&self.id)
    }

    /// When somebody was first coming or there.
    #[must_use]
    pub fn attended(&self) -> Option<Timestamp> {
        self.steps.iter().find(|step| step.state.is_attended()).map(|step| step.at)
    }

    /// Whether it came back after it was said to be done.
    #[must_use]
    pub fn came_back(&self) -> bool {
        let pairs = self.steps.iter().zip(self.steps.iter().skip(1));
        pairs.into_iter().any(|(a, b)| a.state == State::Done && b.state == State::Repairing)
    }
}
