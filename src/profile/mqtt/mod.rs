//! What machines publish: which topics, and which place in a message holds which point.
//!
//! Whatever the message's form, its facts lie at pointers: a JSON document has them by RFC 6901, a
//! property of Homie at `/node/property`, a metric of Sparkplug at `/its/name`, an entity of Home
//! Assistant at `/its_id`, and a plain text at the empty pointer. The fields of a profile are the
//! allow-list: what none of them names is dropped.

mod allowed;
mod compile;
mod field;
mod pointer;
mod types;

pub use allowed::{Allowed, Ways};
pub(super) use compile::compile;
pub use field::{FieldRule, JsonType, Pick};
pub use pointer::{Pointer, Step};
pub use types::{Form, MessageRule, MqttProfile, Place, TimeFormat, TimeRule, Who};
