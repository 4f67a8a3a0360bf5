//! Why days cannot be told.

use crate::history::HistoryError;

/// Why days cannot be told.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DaybookError {
    /// The past cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
}
