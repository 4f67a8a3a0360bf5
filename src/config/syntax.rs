//! Reads TOML so that one broken line does not hide the rest of the file.
//!
//! The first broken line is mended in a copy of the text and the copy is read again, until nothing
//! is broken: an open bracket is closed at the end of its line; another line is left out, or, if
//! it is a header, its section. Positions are those of the person's file.

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::model::{Mistake, Text, text};

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
            let problem = text!("`{}` 没有闭合", "`{}` is not closed", quote(line));
            let hint = text!(
                "在行尾补上 `{bracket}`",
                "add the missing `{bracket}` at the end of the line",
            );
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
fn words(message: &str, found: &str, source: &str, line: usize) -> (Text, Text) {
    let text = content(source, line).trim();
    let whole_line = found.trim().is_empty() || message.contains("leading zero");
    let shown = quote(if whole_line { text } else { found });
    let message = message.split(", expected").next().unwrap_or(message).trim().replace('\n', ", ");
    let problem = |lead: &str| text!("{lead}：`{shown}`", "{message}: `{shown}`");
    if let Some(sign) = full_width(text) {
        let hint = text!(
            "`{sign}` 是全角字符：数字、引号和符号都要用半角",
            "`{sign}` is full-width: type digits, quotes and signs in half-width",
        );
        return (problem("无法识别"), hint);
    }
    let line_each = Text::new("每行一个 `key = value`", "one `key = value` per line");
    let quoted = message.contains("must be quoted");
    if quoted && found.is_empty() {
        let hint = Text::new("在 `=` 后面写上值", "write a value after the `=`");
        return (text!("`{shown}` 缺少值", "no value in `{shown}`"), hint);
    }
    if quoted && text.matches(" = ").count() > 1 && !text.contains('{') {
        return (text!("`{text}` 一行写了两项", "two values in `{text}`"), line_each);
    }
    let class = CLASSES.iter().find(|class| message.contains(class.sign));
    let [zh, en] = class.map_or(LINE_HINT, |class| class.hint);
    let problem = match class {
        Some(class) => problem(class.lead),
        None => text!("语法错误（{message}）：`{shown}`", "{message}: `{shown}`"),
    };
    (problem, Text::new(zh, en))
}

/// A kind of the parser's messages.
struct Class {
    /// What its messages hold; the first class that fits counts.
    sign: &'static str,
    /// What is wrong, in Chinese; in English it is the parser's message.
    lead: &'static str,
    /// What to do, in Chinese and English.
    hint: [&'static str; 2],
}

/// What to do about a message that says nothing more.
const LINE_HINT: [&str; 2] = [
    "每行一个 `key = value`；文本加双引号",
    "one `key = value` per line; text stands in double quotes",
];

/// The parser's messages, as far as they mean something to a person.
const CLASSES: [Class; 9] = [
    Class {
        sign: "must be quoted",
        lead: "文本没有加双引号",
        hint: [
            "给文本加上双引号，例如 id = \"inv-01\"",
            "put text into double quotes, as in id = \"inv-01\"",
        ],
    },
    Class {
        sign: "duplicate key",
        lead: "配置项重复",
        hint: [
            "只留一个；列表用双层方括号，例如 [[device]]",
            "keep one of them; a list has double brackets, as in [[device]]",
        ],
    },
    Class {
        sign: "string",
        lead: "文本写法有误",
        hint: ["文本要在同一行内用双引号结束", "end the text with a double quote on the same line"],
    },
    Class {
        sign: "no value",
        lead: "配置项没有值",
        hint: ["写成 key = value", "write it as key = value"],
    },
    Class {
        sign: "comma",
        lead: "逗号有误",
        hint: ["各项之间用一个逗号隔开", "put a comma between the entries"],
    },
    Class {
        sign: "boolean",
        lead: "无法识别的值",
        hint: [
            "给文本加上双引号；true 和 false 不加",
            "put text into double quotes; true and false go without",
        ],
    },
    Class {
        sign: "leading zero",
        lead: "数字开头多了 0",
        hint: ["去掉开头的 0", "write the number without the leading 0"],
    },
    Class {
        sign: "table",
        lead: "配置段写法有误",
        hint: [
            "配置段写成 [site]，列表中的一项写成 [[device]]",
            "write [site] for a section, [[device]] for one of a list",
        ],
    },
    Class { sign: "keys cannot be empty", lead: "等号前面没有配置项名", hint: LINE_HINT },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> Vec<String> {
        let repaired = Repaired::new("hall.toml", source);
        let mistakes = repaired.mistakes.iter();
        mistakes.map(|(_, m)| format!("{}:{} {}", m.line, m.column, m.problem.en)).collect()
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
