//! Telling people. Each channel reads the journal with its own cursor, so what it has not
//! delivered survives every crash, and a channel that is down delays no other.

mod webhook;

pub use webhook::Webhook;
