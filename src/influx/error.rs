//! Why a sink cannot be made. What happens later, while it runs, is in its status.

use crate::journal::JournalError;
use crate::model::Text;

/// A mistake in the configuration of a sink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InfluxError {
    /// Not fit for a cursor and a counter.
    #[error("the sink's name `{0}` is not 1 to 64 characters of a-z, 0-9, `-`, `_` and `.`")]
    Name(String),
    /// The address cannot be used.
    #[error("the address `{url}` cannot be used: {problem}")]
    Url {
        /// The address, without a password that may be in it.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// A name that the server needs is empty or holds control characters.
    #[error("`{field}` must not be `{value}`")]
    Field {
        /// Which.
        field: &'static str,
        /// What was given.
        value: String,
    },
    /// A password or a token that cannot be sent in a header.
    #[error("the credentials of sink `{0}` hold characters that cannot be sent")]
    Credentials(String),
    /// Where the sink stands cannot be read.
    #[error("the place of sink `{name}` in the journal cannot be read: {error}")]
    Place {
        /// Its name.
        name: String,
        /// Why not.
        error: JournalError,
    },
    /// It was asked for what it was given, and did not tell.
    #[error("InfluxDB `{name}` does not give back what it has: {problem}")]
    Recall {
        /// Name of the sink.
        name: String,
        /// Its words, or what went wrong.
        problem: String,
    },
    /// The HTTP client could not be built.
    #[error("no HTTP client for `{url}`: {problem}")]
    Client {
        /// The address.
        url: String,
        /// Why.
        problem: String,
    },
}

impl InfluxError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::Name(_) => Text::new(
                "换一个名称，例如 `main`；名称用于记录进度，以后不要更改",
                "take a name such as `main`; progress is kept under it, so do not change it later",
            ),
            Self::Url { .. } => Text::new(
                "写成 `http://主机:8086`，用户名和密码写在各自的配置项里",
                "write `http://host:8086`; user and password have settings of their own",
            ),
            Self::Field { .. } => Text::new(
                "填写 InfluxDB 中的名称，例如 `hall`",
                "fill in the name used in InfluxDB, such as `hall`",
            ),
            Self::Credentials(_) => Text::new(
                "重新复制令牌或密码，注意不要带换行",
                "copy the token or the password again, without a line break",
            ),
            Self::Place { .. } => Text::new(
                "查看磁盘和数据目录；`hallwatch verify` 检查数据",
                "look at the disk and the data folder; `hallwatch verify` checks the data",
            ),
            Self::Recall { .. } => Text::new(
                "检查 InfluxDB 是否运行、账号是否有读权限；VictoriaMetrics 等兼容者只能写入",
                "see whether it runs and whether the account may read; what only imitates it can \
                 be written to, not asked",
            ),
            Self::Client { .. } => Text::new(
                "检查系统的根证书（Debian 软件包 ca-certificates）",
                "check the system's root certificates (Debian package ca-certificates)",
            ),
        }
    }
}
