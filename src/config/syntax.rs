//! Reads TOML so that one broken line does not hide the rest of the file.
//!
//! The first broken line is mended in a copy of the text and the copy is read again, until nothing
//! is broken: an open bracket is closed at the end of its line; another line is left out, or, if
//! it is a header, its section. Positions are those of the person's file.

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::model::Mistake;

use super::findings::{line_start, quote};

/// Broken lines that are mended; a file with more of them is not a configuration, and only its
/// broken lines are told.
const REPAIRS_MAX: usize = 64;

/// A text whose broken lines have been mended, and what was wrong with them.
pub(super) struct Repaired {
    text: String,
    /// Offsets (in `text`) of what was put in, ascending.
    added: Vec<usize>,
    /// What was broken, by offset in the person's file.
    pub(super) mistakes: Vec<(usize, Mistake)>,
    /// Nothing is broken any more.
    pub(super) whole: bool,
}

impl Repaired {
    /// Mends what is broken, one mistake each.
    pub(super) fn new(file: &str, source: &str) -> Self {
        let text = source.to_owned();
        let mut repaired = Self { text, added: Vec::new(), mistakes: Vec::new(), whole: false };
        for _ in 0..REPAIRS_MAX {
            let errors = repaired.errors();
            let Some(first) = errors.first() else {
                repaired.whole = true;
                return repaired;
            };
            if !repaired.close(file, source, first) && !repaired.leave_out(file, source, first) {
                break;
            }
        }
        for error in repaired.errors() {
            repaired.tell(file, source, &error);
        }
        repaired
    }

    /// Reads the mended text.
    pub(super) fn table(&self) -> Spanned<DeTable<'_>> {
        DeTable::parse_recoverable(&self.text).0
    }

    /// The offset in the person's file.
    pub(super) fn original(&self, offset: usize) -> usize {
        offset - self.added.iter().filter(|added| **added < offset).count()
    }

    /// What is still broken, in the order of the text.
    fn errors(&self) -> Vec<Error> {
        let (_, mut errors) = DeTable::parse_recoverable(&self.text);
        errors.sort_by_key(start);
        errors
    }

    /// Closes the bracket that this error comes from, if there is one.
    fn close(&mut self, file: &str, source: &str, error: &Error) -> bool {
        for Open { offset, end, bracket } in open_brackets(&self.text, start(error)) {
            let mut tried = self.text.clone();
            tried.insert_str(end, bracket);
            let after = end + bracket.len();
            if !DeTable::parse_recoverable(&tried).1.iter().all(|error| start(error) > after) {
                continue;
            }
            let offset = self.original(offset);
            let line = source.get(line_start(source, offset)..).unwrap_or_default();
            let problem = format!("`{}` is not closed", quote(line));
            let hint = format!("add the missing `{bracket}` at the end of the line");
            self.mistakes.push((offset, Mistake::at(file, source, offset, problem, hint)));
            self.text = tried;
            for added in &mut self.added {
                *added += if *added >= end { bracket.len() } else { 0 };
            }
            self.added.extend(end..after);
            self.added.sort_unstable();
            return true;
        }
        false
    }

    /// Takes the broken line out, or the section whose header it is.
    fn leave_out(&mut self, file: &str, source: &str, error: &Error) -> bool {
        let start = start(error);
        let culprit = if error.message().contains("multi-line") {
            let before = self.text.get(..start).unwrap_or_default();
            before.rfind("\"\"\"").max(before.rfind("'''")).unwrap_or(start)
        } else {
            start
        };
        let line = line_start(&self.text, culprit);
        let content = content(&self.text, line);
        if content.trim().is_empty() {
            return false;
        }
        let rest = self.text.get(line..).unwrap_or_default();
        let end = match content.trim_start().starts_with('[') {
            true => rest.find("\n[").map_or(rest.len(), |found| found + 1),
            false => rest.find('\n').unwrap_or(rest.len()),
        };
        let blank = |byte: u8| if byte == b'\n' { '\n' } else { ' ' };
        let blanks: String = rest.bytes().take(end).map(blank).collect();
        self.tell(file, source, error);
        self.text.replace_range(line..line + end, &blanks);
        true
    }

    /// Notes an error, once per line.
    fn tell(&mut self, file: &str, source: &str, error: &Error) {
        let span = error.span().unwrap_or(0..0);
        let offset = self.original(span.start);
        let line = line_start(source, offset);
        if self.mistakes.iter().any(|(other, _)| line_start(source, *other) == line) {
            return;
        }
        let found = self.text.get(span).unwrap_or_default();
        let (problem, hint) = words(error.message(), found, source, line);
        self.mistakes.push((offset, Mistake::at(file, source, offset, problem, hint)));
    }
}

/// A bracket that may have been left open.
struct Open {
    /// Where it stands.
    offset: usize,
    /// End of its line, where it could be closed.
    end: usize,
    /// What closes it.
    bracket: &'static str,
}

/// The brackets before an error that it may come from: the header's own, the last of a value.
fn open_brackets(text: &str, error: usize) -> Vec<Open> {
    let mut found = Vec::new();
    let line = line_start(text, error);
    let header = content(text, line).trim_end();
    if header.trim_start().starts_with('[') {
        let list = header.trim_start().starts_with("[[") && !header.ends_with(']');
        let bracket = if list { "]]" } else { "]" };
        found.push(Open { offset: line, end: line + header.len(), bracket });
    }
    let before = text.get(..error).unwrap_or_default();
    if let Some(offset) = before.rfind(['{', '[']) {
        let line = line_start(text, offset);
        let content = content(text, line).trim_end();
        if !content.trim_start().starts_with('[') {
            let brace = before.get(offset..).is_some_and(|rest| rest.starts_with('{'));
            let bracket = if brace { "}" } else { "]" };
            found.push(Open { offset, end: line + content.len(), bracket });
        }
    }
    found
}

fn start(error: &Error) -> usize {
    error.span().map_or(0, |span| span.start)
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

/// A sign that a Chinese input method writes in place of TOML's own, outside of texts.
fn full_width(line: &str) -> Option<char> {
    let mut quoted = false;
    line.chars().find(|c| {
        quoted ^= *c == '"';
        let sign =
            matches!(c, '“' | '”' | '‘' | '’' | '【' | '】' | '、' | '\u{ff01}'..='\u{ff5e}');
        sign && !quoted
    })
}

/// The parser's message in the words of a person who does not know TOML, and what to do.
fn words(message: &str, found: &str, source: &str, line: usize) -> (String, String) {
    let text = content(source, line).trim();
    let whole_line = found.trim().is_empty() || message.contains("leading zero");
    let shown = quote(if whole_line { text } else { found });
    let message = message.split(", expected").next().unwrap_or(message).trim().replace('\n', ", ");
    if let Some(sign) = full_width(text) {
        let hint = format!("`{sign}` is full-width: type digits, quotes and signs in half-width");
        return (format!("{message}: `{shown}`"), hint);
    }
    if message.contains("must be quoted") && found.is_empty() {
        return (format!("no value in `{shown}`"), "write a value after the `=`".to_owned());
    }
    if message.contains("must be quoted") && text.matches(" = ").count() > 1 && !text.contains('{')
    {
        return (format!("two values in `{text}`"), "one `key = value` per line".to_owned());
    }
    let hint = match message.as_str() {
        m if m.contains("must be quoted") => "put text into double quotes, as in id = \"inv-01\"",
        m if m.contains("duplicate key") => {
            "keep one of them; a list has double brackets, as in [[device]]"
        }
        m if m.contains("string") => "end the text with a double quote on the same line",
        m if m.contains("no value") => "write it as key = value",
        m if m.contains("comma") => "put a comma between the entries",
        m if m.contains("boolean") => "put text into double quotes; true and false go without",
        m if m.contains("leading zero") => "write the number without the leading 0",
        m if m.contains("table") => "write [site] for a section, [[device]] for one of a list",
        _ => "one `key = value` per line; text stands in double quotes",
    };
    (format!("{message}: `{shown}`"), hint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> Vec<String> {
        let repaired = Repaired::new("hall.toml", source);
        let mistakes = repaired.mistakes.iter();
        mistakes.map(|(_, m)| format!("{}:{} {}", m.line, m.column, m.problem)).collect()
    }

    #[test]
    fn an_open_header_does_not_swallow_its_section() {
        let source = "[[device]\nid = \"a\"\n[site # here\nid = \"b\"\n";
        let repaired = Repaired::new("hall.toml", source);
        let table = repaired.table();
        assert!(table.get_ref().contains_key("device"));
        assert!(table.get_ref().contains_key("site"));
        assert_eq!(
            told(source),
            ["1:1 `[[device]` is not closed", "3:1 `[site # here` is not closed"]
        );
        let id = table.get_ref().get("site").unwrap().get_ref().get("id").unwrap();
        assert_eq!(repaired.original(id.span().start), source.rfind("\"b\"").unwrap());
    }

    #[test]
    fn an_open_brace_does_not_swallow_the_next_lines() {
        assert_eq!(
            told("a = { zh = \"甲\", en = \"x\"\nb = 1\nc = oops\n[d]\ne = [1, 2\nf = 3\n"),
            [
                "1:5 `a = { zh = \"甲\", en = \"x\"` is not closed",
                "3:5 string values must be quoted: `oops`",
                "5:5 `e = [1, 2` is not closed"
            ]
        );
    }

    #[test]
    fn a_broken_line_does_not_swallow_the_next_lines() {
        let source = "a \"x\"\nb = \"\"\"open\nc = 1\n[d]\ne = 1\n[d]\nf = 2\n[g]\n= 3\n";
        let repaired = Repaired::new("hall.toml", source);
        assert!(repaired.whole);
        let table = repaired.table();
        let keys: Vec<_> = table.get_ref().keys().map(|key| key.get_ref().to_string()).collect();
        assert_eq!(keys, ["c", "d", "g"]);
        assert_eq!(repaired.mistakes.len(), 4);
    }

    #[test]
    fn what_is_left_is_said_in_plain_words() {
        assert_eq!(told("id = \nb = 1\n"), ["1:6 no value in `id =`"]);
        assert_eq!(told("id \"a\"\n"), ["1:4 key with no value: `id \"a\"`"]);
        assert_eq!(told("a = 1\na = 2\n"), ["2:1 duplicate key: `a`"]);
        assert!(told("a = { zh = \"x\",\n  en = \"y\" }\n").is_empty());
    }
}
