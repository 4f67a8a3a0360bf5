//! Periods that are closed.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::Text;

/// What a person signs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Made it (编制).
    Made,
    /// Checked it (审核).
    Checked,
    /// Approved it (批准).
    Approved,
}

impl Role {
    /// All of them, in the order of signing.
    pub const ALL: [Self; 3] = [Self::Made, Self::Checked, Self::Approved];

    /// The word in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Checked => "checked",
            Self::Approved => "approved",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn label(self) -> Text {
        match self {
            Self::Made => Text::new("编制", "made by"),
            Self::Checked => Text::new("审核", "checked by"),
            Self::Approved => Text::new("批准", "approved by"),
        }
    }
}

/// A name under a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The period.
    pub period: String,
    /// Which revision.
    pub revision: u32,
    /// What for.
    pub role: Role,
    /// Who.
    pub who: String,
    /// When.
    pub time_ms: i64,
}

/// That a period was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The period, as it is written: `2026-10`.
    pub period: String,
    /// The first is 1.
    pub revision: u32,
    /// Who closed it.
    pub who: String,
    /// Why again, or why in spite of what stood in the way; may be empty.
    pub why: String,
    /// When.
    pub time_ms: i64,
    /// SHA-256 over the figures, in hexadecimal digits; see [`hash_of`].
    pub hash: String,
}

/// A seal with the figures as they were sealed, JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The seal.
    #[serde(flatten)]
    pub seal: Seal,
    /// The figures, to the letter.
    pub figures: String,
}

/// The hash of figures: SHA-256 over their JSON, which holds the registers, the factors and the version
/// of the program that they were made with.
#[must_use]
pub fn hash_of(figures: &str) -> String {
    let hash = Sha256::digest(figures.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Sealed {
    /// Whether the figures are those that were sealed.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        hash_of(&self.figures) == self.seal.hash
    }
}
