//! What flows down the river: readings of devices, changes of links, and decisions of people.

use super::{DeviceId, LinkState, PointName, Quality, Timestamp, Value};

/// Place of a record in the journal; grows by at least one for each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position(pub u64);

/// One value of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Which point.
    pub point: PointName,
    /// What was read.
    pub value: Value,
    /// How far it can be trusted.
    pub quality: Quality,
}

/// One answer of one device: all values share one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Who said it.
    pub device: DeviceId,
    /// When it was true, by the device's clock where it sends one, else by ours.
    pub time: Timestamp,
    /// When it reached us.
    pub received: Timestamp,
    /// Number that tells two readings of the same device and time apart (a message id); 0 if none.
    /// A record with the same device, time and message is the same record and is kept once.
    pub message: u64,
    /// The values, each point at most once.
    pub samples: Vec<Sample>,
}

impl Reading {
    /// The value of a point in this reading.
    #[must_use]
    pub fn value(&self, point: &str) -> Option<&Value> {
        self.samples.iter().find(|s| s.point.as_str() == point).map(|s| &s.value)
    }

    /// The number of a point in this reading, where it is one that was really measured.
    #[must_use]
    pub fn measured(&self, point: &str) -> Option<f64> {
        let sample = self.samples.iter().find(|sample| sample.point.as_str() == point)?;
        let value = sample.value.as_f64().filter(|value| value.is_finite());
        value.filter(|_| sample.quality.is_measured())
    }
}

/// A device became reachable or unreachable, or the reason changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Which device.
    pub device: DeviceId,
    /// When we saw it.
    pub time: Timestamp,
    /// Up, or down and why.
    pub state: LinkState,
}

/// What an [`Event`] is about; the room that owns the kind reads its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An alert changed its state, or was acknowledged. Owned by `alert`.
    Alert,
    /// A silence or a maintenance window was set, or ended by somebody. Owned by `alert`.
    Silence,
    /// A work order was made, or changed its state. Owned by `repair`.
    Order,
    /// People were told of something on a channel. Owned by `notify`.
    Delivered,
    /// A message to people could not be delivered and was given up. Owned by `notify`.
    NotifyGivenUp,
    /// A sink refused a line for good. Owned by the sink.
    DeadLetter,
    /// A counter rolled over, was reset, swapped or said nonsense. Owned by `counter`.
    Counter,
    /// Messages of a device were refused. Owned by `source::mqtt`.
    Refused,
    /// A device described where it publishes what. Owned by `source::mqtt`.
    Described,
    /// A person read a meter, put something right, closed a month or signed it. Owned by `books`.
    Books,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Alert,
        Self::Silence,
        Self::Order,
        Self::Delivered,
        Self::NotifyGivenUp,
        Self::DeadLetter,
        Self::Counter,
        Self::Refused,
        Self::Described,
        Self::Books,
    ];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Silence => "silence",
            Self::Order => "order",
            Self::Delivered => "delivered",
            Self::NotifyGivenUp => "notify_given_up",
            Self::DeadLetter => "dead_letter",
            Self::Counter => "counter",
            Self::Refused => "refused",
            Self::Described => "described",
            Self::Books => "books",
        }
    }
}

/// Something that a rule, a person or a sink decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What it is about.
    pub kind: EventKind,
    /// When it was decided.
    pub time: Timestamp,
    /// JSON, in the form of the room that owns the kind.
    pub body: String,
}

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A device said something.
    Reading(Reading),
    /// A device became reachable or unreachable.
    Link(Link),
    /// A rule, a person or a sink decided something.
    Event(Event),
}
