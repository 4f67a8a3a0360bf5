//! What is wrong, since when, who is on it, and who has been told.
//!
//! The engine is pure: (state, record, now) in, transitions out. Transitions, the engine's state
//! and its place in the journal are committed in one transaction, so after a kill nothing is
//! raised twice and nothing acknowledged is forgotten. Who is told is part of a transition; the
//! channels read that from the journal.
//!
//! Architecture invariant: the engine asks nobody for the time and knows no channel.

mod channels;
mod clocks;
mod cost;
mod desk;
mod engine;
mod fact;
mod handle;
mod line;
mod look;
mod need;
mod noise;
mod policy;
mod record;
mod rehearsal;
mod scene;
mod silence;
mod span;
mod spoken;
mod storage;
mod task;
mod track;
mod trial;
mod types;
mod upkeep;
mod witness;

pub use channels::{ChannelState, Channels};
pub use cost::Cost;
pub use handle::{AckError, Handle, SilenceView};
pub use line::Switch;
pub use noise::{Noise, Noisy};
pub use policy::{Hours, Policy, Route};
pub use record::{AlertRecord, alert_event};
pub use rehearsal::{Firing, RehearsalError, Rehearsed, Stage, rehearse};
pub use silence::{Effect, Ended, KIOSK, Matcher, On, Recurring, Silence, SilenceError, Subject};
pub use task::{AlertError, Alerts, told};
pub use trial::Trial;
pub use types::{Acknowledged, Alert, AlertState, Change, Config, Suspect, Transition};
pub use upkeep::{Account, Accounts, OverdueRepair, OverdueRepairs};
pub use witness::configured;
