//! What every device said last, and how it is: the present, as the journal tells it.
//!
//! [`Board`] is pure: records in, health out. [`Live`] is a board that follows the journal's tail
//! and tells who watches which devices changed. A restarted gateway fills its board from the
//! archive, so that the page is never empty for long.
//!
//! Architecture invariant: the board knows nothing but records and the time that it is given; it
//! never asks a device.

mod board;
mod follow;
mod health;
mod limits;
mod peers;
mod points;
mod serving;
mod silence;
#[cfg(test)]
mod tests;

pub use board::{Board, DeviceLive, Output};
pub use follow::{Changes, Live};
pub use health::{Health, HealthState, Why};
pub use peers::Peers;
pub use points::{Latest, Points};
pub use serving::Serving;
