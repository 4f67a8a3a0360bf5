//! Rules as data: what is judged, for how long, how bad it is, and what people are told.
//!
//! A rule file is TOML; conditions are CEL over the points of a device, its siblings, spans of time, the
//! sun and the hours of service (`devices/RULES.md`). Everything is held against the vocabulary of points
//! when it is loaded: what could never be judged is a mistake with its place, not a rule that sleeps.
//!
//! Architecture invariant: pure. A rule sees a [`Scene`] and says what it makes of it; it knows no device,
//! no clock and no alert.

mod brought;
mod call;
mod compile;
mod file;
mod label;
mod load;
mod name;
mod scene;
mod told;
mod types;
mod unit;

#[cfg(test)]
pub(crate) mod tests;

pub use brought::bring;
pub use label::Labels;
pub use load::{DEFAULT, default_rules, load};
pub use name::{Among, Fact, Measure, Name, Over, Setting, Together};
pub use scene::{Cell, Detail, Scene};
pub use types::{Finding, Judged, Level, Rule, Verdict, matches};
