//! What the roof makes: power now, energy today, the curve of the day.
//!
//! [`Roof`] follows the journal and keeps today in memory: one pair of numbers per inverter and
//! five minutes, and a handful of counter readings. A question is answered from that, never by a
//! query over the day. The arithmetic ([`Today`], `day`) is pure: readings and times in, figures
//! out.
//!
//! Architecture invariant: figures come from readings and the sun only; a figure that cannot be
//! known is missing, not zero.

mod day;
mod follow;
#[cfg(test)]
mod tests;
mod today;

pub use day::Nameplate;
pub use follow::{Pv, Roof};
pub use today::{CURVE_STEP_MS, Energy, Today};
