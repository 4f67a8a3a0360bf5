//! Commands about what is kept: send it once more, recount it, copy it, check it.

pub(super) mod audit;
pub(super) mod backup;
mod bar;
pub(super) mod export;
mod parquet;
pub(super) mod rehearse;
pub(super) mod report;
pub(super) mod resend;
mod sheet;
pub(super) mod verify;
mod when;

use super::{Done, Failure, runtime};
