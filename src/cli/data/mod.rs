//! Commands about what is kept: send it once more, recount it, copy it, check it.

pub(super) mod audit;
mod bar;
pub(super) mod resend;

use super::{Done, Failure, runtime};
