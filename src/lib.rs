//! hallwatch
pub mod alert;
pub mod clock;
pub mod history;
pub mod journal;
pub mod live;
pub mod model;
pub mod profile;
pub mod pv;
pub mod sky;
pub mod source;
pub mod supervise;
pub mod tally;
pub mod web;
