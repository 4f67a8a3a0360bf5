//! What can go wrong with the journal.

use crate::model::Text;

/// Why the journal did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// No room left on the disk. What was committed is safe; the batch was not kept.
    #[error("the disk of the journal is full")]
    DiskFull,
    /// Another process has the journal open.
    #[error("`{0}` is in use by another hallwatch")]
    Busy(String),
    /// The database cannot be read or written.
    #[error("the journal cannot be read or written: {0}")]
    Storage(String),
    /// The database's own pages are not what was written. At the next start what can be read of it goes
    /// into a new one.
    #[error("the journal's database is corrupt: {0}")]
    Corrupt(String),
    /// The database's file was removed or replaced under the running program: what would be written
    /// now would be lost.
    #[error("the journal's file `{0}` was removed or replaced while it was in use")]
    Gone(String),
    /// The journal was closed: the program is stopping.
    #[error("the journal is closed")]
    Closed,
}

impl JournalError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::DiskFull => "数据日志所在的磁盘已满".to_owned(),
            Self::Busy(folder) => format!("`{folder}` 正被另一个 hallwatch 使用"),
            Self::Storage(error) if error.contains("locked") => {
                return Text::new(
                    "另一个程序占用着数据日志 journal.db（例如数据库工具），请关闭它",
                    "another program, such as a database tool, holds journal.db: close it",
                );
            }
            Self::Storage(error) => format!("数据日志无法读写：{error}"),
            Self::Corrupt(error) => format!("数据日志的数据库文件已损坏：{error}"),
            Self::Gone(file) => format!("数据日志文件 `{file}` 在使用中被删除或替换"),
            Self::Closed => "数据日志已关闭".to_owned(),
        };
        Text::new(zh, self.to_string())
    }

    /// The word used as a label of counters and in the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::Busy(_) => "busy",
            Self::Storage(_) => "storage",
            Self::Corrupt(_) => "corrupt",
            Self::Gone(_) => "gone",
            Self::Closed => "closed",
        }
    }
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::{
            FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType,
        };
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        // Columns hold what their tables allow, unless something else wrote there.
        let of_type = matches!(
            error,
            InvalidColumnType(..) | FromSqlConversionFailure(..) | IntegralValueOutOfRange(..)
        );
        if of_type || matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)) {
            return Self::Corrupt(error.to_string());
        }
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
            return Self::DiskFull;
        }
        // A full disk can also show as a failed write of the WAL or its index.
        let text = error.to_string();
        if text.contains("No space left") { Self::DiskFull } else { Self::Storage(text) }
    }
}
