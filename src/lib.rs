//! hallwatch
pub mod clock;
pub mod model;
pub mod profile;
