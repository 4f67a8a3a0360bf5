//! A mistake in a file that a person wrote: where it is, what it is, and what to do.

use std::fmt;

use super::Text;

/// One mistake in a configuration or a profile.
///
/// Shown as `file:line:column: problem` with a hint below, in Chinese and then in English: the
/// machine's own language says little about who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file as the person named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, with the offending text in backticks; lower case, no final stop.
    pub problem: Text,
    /// What to do about it; lower case, no final stop.
    pub hint: Text,
}

impl Mistake {
    /// A mistake at a byte offset of `source`.
    pub fn at(file: &str, source: &str, offset: usize, problem: Text, hint: Text) -> Self {
        let mut end = offset.min(source.len());
        while !source.is_char_boundary(end) {
            end += 1;
        }
        let before = source.get(..end).unwrap_or(source);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self { file: file.to_owned(), line, column, problem, hint }
    }

    /// Place, problem and hint in both languages, two lines each.
    #[must_use]
    pub fn told(&self) -> Text {
        let place = format!("{}:{}:{}", self.file, self.line, self.column);
        let Self { problem, hint, .. } = self;
        Text::new(
            format!("{place}: {}\n  提示：{}", problem.zh, hint.zh),
            format!("{place}: {}\n  hint: {}", problem.en, hint.en),
        )
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { problem, hint, .. } = self;
        write!(f, "{}\n  {}\n  hint: {}", self.told().zh, problem.en, hint.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = "a = 1\n名称 = \"取号机\" x\n";
        let offset = source.find(" x").map_or(0, |i| i + 1);
        let problem = Text::new("多余的 `x`", "unexpected `x`");
        let hint = Text::new("请删除", "remove it");
        let mistake = Mistake::at("hall.toml", source, offset, problem, hint);
        assert_eq!((mistake.line, mistake.column), (2, 12));
        assert_eq!(mistake.told().zh, "hall.toml:2:12: 多余的 `x`\n  提示：请删除");
        assert_eq!(mistake.told().en, "hall.toml:2:12: unexpected `x`\n  hint: remove it");
        assert_eq!(
            mistake.to_string(),
            "hall.toml:2:12: 多余的 `x`\n  提示：请删除\n  unexpected `x`\n  hint: remove it"
        );
    }
}
