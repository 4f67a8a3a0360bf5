//! Why a channel cannot be used.

use crate::model::{Text, text};
use crate::source::mqtt::TlsError;

/// Why a channel cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The file holds no certificate.
    #[error("no certificate in `{path}`: {reason}")]
    CaFile {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// No client for the network can be made.
    #[error("no connection can be made: {0}")]
    Client(String),
    /// The address of a sender or a receiver is none.
    #[error("`{0}` is no e-mail address")]
    Address(String),
    /// A mail with files was not taken for an address.
    #[error("the mail server did not take it for `{0}`: {1}")]
    Letter(String, String),
    /// The pattern is none.
    #[error("`{0}` is no pattern")]
    Pattern(String),
    /// The broker's certificates cannot be used.
    #[error("the broker's certificates cannot be used: {0}")]
    Broker(#[from] TlsError),
}

impl NotifyError {
    /// The same for people, with what to do.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::CaFile { path, reason } => text!(
                "`{path}` 中没有可用的证书（{reason}）；ca_file 应为 PEM 格式",
                "no certificate in `{path}` ({reason}); a ca_file is PEM",
            ),
            Self::Client(reason) => text!(
                "无法建立网络连接（{reason}）；检查 proxy 和 ca_file",
                "no connection can be made ({reason}); check proxy and ca_file",
            ),
            Self::Address(address) => text!(
                "`{address}` 不是邮件地址；写成 name@example.org",
                "`{address}` is no e-mail address; write name@example.org",
            ),
            Self::Letter(address, why) => text!(
                "邮件服务器未接收发往 `{address}` 的邮件（{why}）",
                "the mail server did not take it for `{address}` ({why})",
            ),
            Self::Pattern(pattern) => text!(
                "`{pattern}` 不是有效的正则表达式；检查 success_pattern",
                "`{pattern}` is no regular expression; check success_pattern",
            ),
            Self::Broker(error) => text!(
                "消息服务器的证书不可用（{error}）；检查 [mqtt]",
                "the broker's certificates cannot be used ({error}); check [mqtt]",
            ),
        }
    }
}
