//! The reports: what a month, or another period, was, with every figure explained.
//!
//! Architecture invariant: no figure without its formula, its coverage and the factors it was made with.

mod building;

pub use building::{Building, Config, Meter, Role};
