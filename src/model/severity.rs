//! How bad something is, in four steps.

use super::Text;

/// Severity of an alert or of a vendor's fault code; greater is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// 提示: for the page only.
    Info,
    /// 次要: today or tomorrow.
    Minor,
    /// 重要: within the hour.
    Major,
    /// 严重: now.
    Critical,
}

impl Severity {
    /// All four, mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Minor, Self::Major, Self::Critical];

    /// The word used in files and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }

    /// The word for people.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Info => Text::new("提示", "info"),
            Self::Minor => Text::new("次要", "minor"),
            Self::Major => Text::new("重要", "major"),
            Self::Critical => Text::new("严重", "critical"),
        }
    }
}
