//! A mistake in a file that a person wrote: where it is, what it is, and what to do.

use std::fmt;

/// One mistake in a configuration or a profile.
///
/// Shown as `file:line:column: problem` with a `hint:` line below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file as the person named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, with the offending text in backticks; lower case, no final stop.
    pub problem: String,
    /// What to do about it; lower case, no final stop.
    pub hint: String,
}

impl Mistake {
    /// A mistake at a byte offset of `source`.
    pub fn at(
        file: &str,
        source: &str,
        offset: usize,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let before: String =
            source.char_indices().take_while(|(i, _)| *i < offset).map(|(_, c)| c).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self { file: file.to_owned(), line, column, problem: problem.into(), hint: hint.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.problem)?;
        if !self.hint.is_empty() {
            write!(f, "\n  hint: {}", self.hint)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = "a = 1\n名称 = \"取号机\" x\n";
        let offset = source.find(" x").map_or(0, |i| i + 1);
        let mistake = Mistake::at("hall.toml", source, offset, "unexpected `x`", "remove it");
        assert_eq!((mistake.line, mistake.column), (2, 12));
        assert_eq!(mistake.to_string(), "hall.toml:2:12: unexpected `x`\n  hint: remove it");
    }
}
