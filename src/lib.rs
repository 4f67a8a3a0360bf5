//! hallwatch
pub mod model;
pub mod clock;
pub mod sky;
pub mod tally;
pub mod supervise;
pub mod profile;
pub mod journal;
pub mod live;
pub mod alert;
pub mod source;
