//! hallwatch
pub mod clock;
pub mod journal;
pub mod model;
pub mod profile;
pub mod supervise;
pub mod tally;
