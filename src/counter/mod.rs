//! Counters that only grow, and what happens to them all the same: they roll over, are reset, are
//! swapped with their meter, step back after a reboot, and sometimes say nonsense for a reading.
//!
//! [`Track`] is pure: readings of one counter in, true increments and what happened out. An
//! increment is never negative and never more than the device can make in the time, so energy
//! neither falls nor jumps. A value off the line counts only when a second one confirms it.
//! [`Watch`] follows the journal and writes what happened into it, once.
//!
//! Architecture invariant: an increment comes from readings and nameplates only, never from what
//! another room has summed.

mod event;
mod nature;
#[cfg(test)]
mod tests;
mod track;
mod watch;
#[cfg(test)]
mod watch_tests;

pub use event::CounterEvent;
pub use nature::Nature;
pub use track::{Change, Course, Happened, Step, Track};
pub use watch::Watch;
