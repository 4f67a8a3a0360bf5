//! What can go wrong with the past.

use crate::journal::JournalError;
use crate::model::{DeviceId, Text, Timestamp};

use super::STEPS_MAX;

/// Why the past was not told, or not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// What is not packed yet could not be read.
    #[error("the archive did not answer")]
    Journal(#[from] JournalError),
    /// More readings in the span than one question may read.
    #[error("too many readings in the span for one question")]
    TooManyReadings,
    /// More steps than one series may have, or a step that is not positive.
    #[error("a series has 1 to {STEPS_MAX} steps of at least 1 ms")]
    BadSteps,
    /// No room left on the disk; what was packed before is safe, the rest stays in the journal.
    #[error("the disk of the history is full")]
    DiskFull,
    /// The database cannot be read or written.
    #[error("the history cannot be read or written: {0}")]
    Storage(String),
    /// The database's own pages are not what was written.
    #[error("the history's database is corrupt: {0}")]
    Corrupt(String),
    /// Made by a program that knows more.
    #[error("the history was made by a newer hallwatch (version {0} of its tables)")]
    Newer(i64),
    /// A block is not what was written.
    #[error("the history of `{device}` from {} ms on is damaged", time.ms())]
    Damaged {
        /// Whose.
        device: DeviceId,
        /// Time of its first reading.
        time: Timestamp,
    },
    /// The thread that read was stopped or panicked.
    #[error("the search was broken off")]
    BrokenOff,
}

impl HistoryError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Journal(error) => return error.text(),
            Self::TooManyReadings => "所选时段的读数太多，一次查不完".to_owned(),
            Self::BadSteps => format!("步数应为 1 到 {STEPS_MAX}，步长至少 1 毫秒"),
            Self::DiskFull => "历史数据所在的磁盘已满".to_owned(),
            Self::Storage(error) => format!("历史数据无法读写：{error}"),
            Self::Corrupt(error) => format!("历史数据库文件已损坏：{error}"),
            Self::Newer(version) => {
                format!("历史数据由更新版本的 hallwatch 建立（表版本 {version}）")
            }
            Self::Damaged { device, .. } => format!("`{device}` 的一段历史数据已损坏"),
            Self::BrokenOff => "查询中断".to_owned(),
        };
        Text::new(zh, self.to_string())
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::TooManyReadings | Self::BadSteps => {
                Text::new("缩短时段，或取更长的步长", "ask for a shorter span or for longer steps")
            }
            Self::Newer(_) => Text::new(
                "用更新的 hallwatch 打开，或恢复当时的备份",
                "open it with the newer hallwatch, or restore a backup of before",
            ),
            Self::BrokenOff => Text::new("稍后再试", "try again in a moment"),
            Self::Journal(_)
            | Self::DiskFull
            | Self::Storage(_)
            | Self::Corrupt(_)
            | Self::Damaged { .. } => Text::new(
                "查看磁盘和数据目录；`hallwatch verify` 检查数据",
                "look at the disk and the data folder; `hallwatch verify` checks the data",
            ),
        }
    }
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        match JournalError::from(error) {
            JournalError::DiskFull => Self::DiskFull,
            JournalError::Storage(text) => Self::Storage(text),
            JournalError::Corrupt(text) => Self::Corrupt(text),
            other => Self::Journal(other),
        }
    }
}
