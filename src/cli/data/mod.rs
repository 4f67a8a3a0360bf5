//! Commands about what is kept: send it once more, recount it, copy it, check it.

pub(super) mod audit;
pub(super) mod backup;
mod bar;
pub(super) mod export;
pub(super) mod resend;
pub(super) mod verify;

use super::{Done, Failure, runtime};
