//! The nouns that every room uses: sites, devices, points, values, readings and records.
//!
//! Architecture invariant: no I/O, no serde, no clock. Only types that three rooms or more use.

mod device;
mod id;
mod link;
mod mistake;
pub(crate) mod near;
mod point;
mod reading;
mod severity;
mod text;
mod time;
mod value;

pub use device::{Device, DeviceKind, Site, Zone};
pub use id::{DeviceId, IdError, PointName, ZoneId};
pub use link::{LinkFault, LinkState};
pub use mistake::Mistake;
pub use point::{
    StandardPoint, Vocabulary, Word, nearest_point, standard_point, standard_point_names,
    standard_points, vocabularies, vocabulary, words_of,
};
pub use reading::{Event, EventKind, Link, Position, Reading, Record, Sample};
pub use severity::Severity;
pub use text::Text;
pub(crate) use text::{escaped, text};
pub use time::Timestamp;
pub use value::{Decimal, Quality, Value};
