//! Conventions that spread what a device says over many topics.

pub(super) mod discovery;
pub(super) mod homie;
pub(super) mod sparkplug;
