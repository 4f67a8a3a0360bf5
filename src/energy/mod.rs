//! The energy ledger: what a meter counted, when, and how that is known.
//!
//! ```text
//! readings ──> Follower ──> postings: an amount over a time, with its class ──> Grid: quarter-hours
//!                  └──────> register lines: first and last value, roll-overs
//! ```
//!
//! A posting is what the register grew by between two readings, in whole thousandths (milliwatt-hours,
//! litres), so that sums are exact: all postings of a line add up to the difference of its register, to
//! the last digit, whatever was lost, late, swapped or rolled over. Between two readings that follow one
//! another it is *measured*; over a gap the register still knows how much, but nobody knows when: that
//! is *recovered*. What no register knows is entered by a person (*manual*), or *estimated*, and is
//! never mixed in silently.
//!
//! Architecture invariant: pure functions of readings; an amount comes from a register or from a named
//! person, never from nothing.

mod amount;
mod follow;
mod grid;
#[cfg(test)]
mod law_tests;

pub use amount::{Amount, share};
pub use follow::{Brought, Class, Follower, Hole, Line, Posting};
pub use grid::{Grid, SLOT_MS, Sums, by_time};
