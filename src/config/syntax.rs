//! Reads TOML so that one broken line does not hide the rest of the file.
//!
//! The parser goes on after most mistakes by itself. Two of them would swallow what follows: a
//! header without its `]` and an inline table without its `}`. Those are closed in a copy of the
//! text, which is then read in place of the first. Positions are those of the person's file.

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::model::Mistake;

use super::findings::{line_start, quote};

/// Repairs tried before the rest is left as it is; a file with more broken lines than this is
/// not a configuration.
const REPAIRS_MAX: usize = 32;

/// Full-width signs that a Chinese input method writes in place of TOML's own.
const FULL_WIDTH: [char; 12] = ['“', '”', '‘', '’', '＝', '，', '｛', '｝', '【', '】', '＂', '［'];

/// A text in which unclosed brackets have been closed.
pub(super) struct Repaired {
    text: String,
    /// Offsets (in `text`) of what was put in, ascending.
    added: Vec<usize>,
    /// What had to be repaired, by offset in the person's file.
    mistakes: Vec<(usize, Mistake)>,
}

impl Repaired {
    /// Closes what is open, one mistake each.
    pub(super) fn new(file: &str, source: &str) -> Self {
        let mut repaired =
            Self { text: source.to_owned(), added: Vec::new(), mistakes: Vec::new() };
        for _ in 0..REPAIRS_MAX {
            let (_, errors) = DeTable::parse_recoverable(&repaired.text);
            let Some((at, bracket, opened)) = repair(&repaired.text, &errors) else { break };
            let offset = repaired.original(opened);
            let line = line_start(source, offset);
            let problem = format!("`{}` is not closed", quote(source.get(line..).unwrap_or("")));
            let hint = format!("add the missing `{bracket}` at the end of the line");
            repaired.mistakes.push((offset, Mistake::at(file, source, offset, problem, hint)));
            repaired.text.insert_str(at, bracket);
            for added in &mut repaired.added {
                *added += if *added >= at { bracket.len() } else { 0 };
            }
            repaired.added.extend(at..at + bracket.len());
            repaired.added.sort_unstable();
        }
        repaired
    }

    /// Reads the repaired text; the mistakes are those of the repairs and what is left, one per
    /// line.
    pub(super) fn read(
        &self,
        file: &str,
        source: &str,
    ) -> (Spanned<DeTable<'_>>, Vec<(usize, Mistake)>) {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        let mut mistakes = self.mistakes.clone();
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            let offset = self.original(span.start);
            let line = line_start(source, offset);
            if mistakes.iter().any(|(other, _)| line_start(source, *other) == line) {
                continue;
            }
            let found = self.text.get(span).unwrap_or_default();
            let (problem, hint) = words(error.message(), found, source, line);
            mistakes.push((offset, Mistake::at(file, source, offset, problem, hint)));
        }
        (table, mistakes)
    }

    /// The offset in the person's file.
    pub(super) fn original(&self, offset: usize) -> usize {
        offset - self.added.iter().filter(|added| **added < offset).count()
    }
}

/// Where a bracket has to be put in so that there are fewer errors than before, which one, and
/// where the open one stands.
fn repair(text: &str, errors: &[Error]) -> Option<(usize, &'static str, usize)> {
    let first = errors.iter().filter_map(|error| error.span()).map(|span| span.start).min()?;
    let mut candidates = Vec::new();
    let line = line_start(text, first);
    let content = content(text, line);
    if content.trim_start().starts_with('[') {
        let list = content.trim_start().starts_with("[[");
        let closed = content.trim_end().ends_with(']');
        let bracket = if list && !closed { "]]" } else { "]" };
        candidates.push((line + content.trim_end().len(), bracket, line));
    }
    if let Some(open) = text.get(..first).and_then(|before| before.rfind('{')) {
        let line = line_start(text, open);
        candidates.push((line + self::content(text, line).trim_end().len(), "}", open));
    }
    candidates.into_iter().find(|(at, bracket, _)| {
        let mut tried = text.to_owned();
        tried.insert_str(*at, bracket);
        DeTable::parse_recoverable(&tried).1.len() < errors.len()
    })
}

/// The line that begins there, without its comment.
fn content(text: &str, line: usize) -> &str {
    let content = text.get(line..).unwrap_or_default().lines().next().unwrap_or_default();
    let mut quoted = false;
    let comment = content.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '#' && !quoted
    });
    comment.and_then(|(at, _)| content.get(..at)).unwrap_or(content)
}

/// The parser's message in the words of a person who does not know TOML, and what to do.
fn words(message: &str, found: &str, source: &str, line: usize) -> (String, String) {
    let text = content(source, line).trim();
    let shown = quote(if found.trim().is_empty() { text } else { found });
    let message = message.split(", expected").next().unwrap_or(message).trim().replace('\n', ", ");
    if let Some(sign) = text.chars().find(|c| FULL_WIDTH.contains(c)) {
        let hint =
            format!("`{sign}` is full-width: type the quotes, commas and signs in half-width");
        return (format!("{message}: `{shown}`"), hint);
    }
    if message.contains("must be quoted") && found.is_empty() {
        return (format!("no value in `{shown}`"), "write a value after the `=`".to_owned());
    }
    let hint = match message.as_str() {
        m if m.contains("must be quoted") => "put text into double quotes, as in id = \"inv-01\"",
        m if m.contains("duplicate key") => {
            "keep one of them; a list has double brackets, as in [[device]]"
        }
        m if m.contains("string") => "end the text with a double quote on the same line",
        m if m.contains("no value") => "write it as key = value",
        m if m.contains("comma") => "put a comma between the entries",
        m if m.contains("leading zero") => "write the number without the leading 0",
        m if m.contains("table") => "write [site] for a section, [[device]] for one of a list",
        _ => "one `key = value` per line; text stands in double quotes",
    };
    (format!("{message}: `{shown}`"), hint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> Vec<String> {
        let repaired = Repaired::new("hall.toml", source);
        let (_, mistakes) = repaired.read("hall.toml", source);
        mistakes.iter().map(|(_, m)| format!("{}:{} {}", m.line, m.column, m.problem)).collect()
    }

    #[test]
    fn an_open_header_does_not_swallow_its_section() {
        let source = "[[device]\nid = \"a\"\n[site\nid = \"b\"\n";
        let repaired = Repaired::new("hall.toml", source);
        let (table, mistakes) = repaired.read("hall.toml", source);
        assert!(table.get_ref().contains_key("device"));
        assert!(table.get_ref().contains_key("site"));
        let lines: Vec<_> = mistakes.iter().map(|(_, mistake)| mistake.line).collect();
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn an_open_brace_does_not_swallow_the_next_lines() {
        let source = "a = { zh = \"甲\", en = \"x\"\nb = 1\nc = oops\n";
        assert_eq!(
            shown(source),
            [
                "1:5 `a = { zh = \"甲\", en = \"x\"` is not closed",
                "3:5 string values must be quoted: `oops`"
            ]
        );
    }

    #[test]
    fn what_is_left_is_said_in_plain_words() {
        assert_eq!(shown("id = \nb = 1\n"), ["1:6 no value in `id =`"]);
        assert_eq!(shown("id \"a\"\n"), ["1:4 key with no value: `id \"a\"`"]);
        assert_eq!(shown("a = 1\na = 2\n"), ["2:1 duplicate key: `a`"]);
        assert!(shown("a = { zh = \"x\",\n  en = \"y\" }\n").is_empty());
    }
}
