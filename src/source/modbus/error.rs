//! Why a read gave nothing.

use crate::model::LinkFault;

/// A gateway cannot reach the path, or the device behind it does not answer.
const NO_PATH: u8 = 0x0A;
const NO_TARGET: u8 = 0x0B;

/// Why a read gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No connection.
    #[error("{detail}")]
    Connect {
        /// Why not.
        fault: LinkFault,
        /// In the system's words.
        detail: String,
    },
    /// No answer in time, milliseconds.
    #[error("no answer in {0} ms")]
    Timeout(u32),
    /// The peer went away.
    #[error("connection closed: {0}")]
    Closed(String),
    /// The device refused this read; the connection is well.
    #[error("Modbus exception {0}")]
    Exception(u8),
    /// An answer that does not fit.
    #[error("{0}")]
    BadAnswer(String),
    /// Not the device of its profile.
    #[error("{0}")]
    WrongDevice(String),
}

impl ReadError {
    /// What it says about the link to the device.
    #[must_use]
    pub const fn fault(&self) -> LinkFault {
        match self {
            Self::Connect { fault, .. } => *fault,
            Self::Timeout(_) => LinkFault::Timeout,
            Self::Closed(_) => LinkFault::Closed,
            // A gateway says so of a unit that does not answer it.
            Self::Exception(NO_PATH | NO_TARGET) => LinkFault::NoTarget,
            Self::Exception(_) => LinkFault::Exception,
            Self::BadAnswer(_) => LinkFault::BadAnswer,
            Self::WrongDevice(_) => LinkFault::WrongDevice,
        }
    }

    /// The device is there, it only refused this question.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Exception(code) if *code != NO_PATH && *code != NO_TARGET)
    }

    /// There is no such register, function or count, and there will not be: Modbus exceptions 1 to
    /// 3. Others (busy, failure) pass.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Exception(1..=3))
    }

    /// No connection at all: the other units behind it are as far away.
    #[must_use]
    pub const fn is_connect(&self) -> bool {
        matches!(self, Self::Connect { .. })
    }

    /// The reason under which it is counted.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Connect { fault, .. } => fault.as_str(),
            Self::Timeout(_) => "timeout",
            Self::Closed(_) => "closed",
            Self::Exception(_) => "exception",
            Self::BadAnswer(_) => "bad_answer",
            Self::WrongDevice(_) => "wrong_device",
        }
    }
}
