//! Why the question cannot be answered.

use crate::history::HistoryError;
use crate::journal::JournalError;
use crate::model::Text;

/// Nothing can be said at the moment.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The program is stopping.
    #[error("the question was broken off")]
    BrokenOff,
    /// No such month.
    #[error("`{0}` is no month")]
    Month(String),
}

impl ProofError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::History(error) => error.text(),
            Self::Journal(error) => error.text(),
            Self::BrokenOff => Text::new("查询中断", self.to_string()),
            Self::Month(month) => Text::new(format!("`{month}` 不是月份"), self.to_string()),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::History(error) => error.hint(),
            Self::Journal(_) => Text::new(
                "查看磁盘和数据目录，稍后再试",
                "look at the disk and the data folder, and try again",
            ),
            Self::BrokenOff => Text::new("稍后再试", "try again in a moment"),
            Self::Month(_) => Text::new("例如 2026-11", "write it as 2026-11"),
        }
    }
}
