//! What is wrong, since when, who is on it, and who has been told.
//!
//! The engine is pure: (state, record, now) in, transitions out. Transitions, the engine's state
//! and its place in the journal are committed in one transaction, so after a kill nothing is
//! raised twice and nothing acknowledged is forgotten. Who is told is part of a transition; the
//! channels read that from the journal.
//!
//! Architecture invariant: the engine asks nobody for the time and knows no channel.

mod channels;
mod engine;
mod fact;
mod handle;
mod look;
mod record;
mod scene;
mod span;
mod storage;
mod task;
mod types;

pub use channels::{ChannelState, Channels};
pub use handle::{AckError, Handle};
pub use record::AlertRecord;
pub use task::{AlertError, Alerts, told};
pub use types::{Acknowledged, Alert, AlertState, Change, Config, Transition};
