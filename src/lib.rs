//! hallwatch
pub mod clock;
pub mod model;
pub mod profile;
pub mod simulate;
pub mod sky;
