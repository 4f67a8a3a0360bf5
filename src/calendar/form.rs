//! Reads one TOML file key by key: what is unknown, missing or of the wrong type is noted where it
//! stands, and reading goes on, so that all mistakes are told at once.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::{Mistake, Text, near, text};

/// Longest text quoted in a message, characters.
const QUOTE_CHARS_MAX: usize = 48;

type Value<'a> = Spanned<DeValue<'a>>;

/// A text and where it stands, byte offset.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) offset: usize,
}

/// A file while it is read, with its mistakes so far.
pub(super) struct Form<'a> {
    file: &'a str,
    source: &'a str,
    mistakes: Vec<Mistake>,
    /// Lines that are no TOML, from 1: what they would have said is not missed, too.
    broken: Vec<usize>,
    /// Known keys that an unknown one of the table at hand was probably meant to be.
    mistyped: Vec<&'static str>,
}

impl<'a> Form<'a> {
    /// The file's table, as far as it can be read, with the mistakes of its syntax noted.
    pub(super) fn open(file: &'a str, source: &'a str) -> (Self, Spanned<DeTable<'a>>) {
        let (mistakes, broken, mistyped) = (Vec::new(), Vec::new(), Vec::new());
        let mut form = Self { file, source, mistakes, broken, mistyped };
        let (table, errors) = DeTable::parse_recoverable(source);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let line = form.line_of(span.start);
            let shown = if source.get(span.clone()).is_some_and(|found| !found.trim().is_empty()) {
                form.quote(span.clone())
            } else {
                form.quote(line)
            };
            let message = error.message().replace('\n', ", ");
            let problem = text!("无法读取（{message}）：`{shown}`", "{message}: `{shown}`");
            let hint = text!(
                "每行一个 `key = value`，文本和日期加双引号，符号用半角",
                "one `key = value` per line; texts and dates in double quotes, signs in half-width",
            );
            let mistake = Mistake::at(file, source, span.start, problem, hint);
            if !form.broken.contains(&mistake.line) {
                form.broken.push(mistake.line);
                form.mistakes.push(mistake);
            }
        }
        (form, table)
    }

    /// Notes a mistake at a byte offset, unless its line cannot be read anyway.
    pub(super) fn at(&mut self, offset: usize, problem: Text, hint: Text) {
        let mistake = Mistake::at(self.file, self.source, offset, problem, hint);
        if !self.broken.contains(&mistake.line) {
            self.mistakes.push(mistake);
        }
    }

    /// Notes a key that is not there, nor under a mistyped name, nor maybe in a line that cannot be
    /// read.
    pub(super) fn missing(&mut self, offset: usize, key: &str, hint: Text) {
        if self.broken.is_empty() && !self.mistyped.contains(&key) {
            self.at(offset, text!("缺少 `{key}`", "`{key}` is missing"), hint);
        }
    }

    /// Notes the keys that are not known; for each table before anything else is asked of it.
    pub(super) fn know(&mut self, table: &DeTable<'_>, known: &[&'static str]) {
        self.mistyped.clear();
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                self.mistyped.extend(near::nearest(name, known.iter().copied()));
                let what = Text::new("可用的配置项", "known keys");
                let hint = near::hint(name, &what, known.iter().copied());
                let problem = text!("未知的配置项 `{name}`", "unknown key `{name}`");
                self.at(key.span().start, problem, hint);
            }
        }
    }

    /// A text that has to be there and to say something; `offset` is that of its table.
    pub(super) fn words(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        offset: usize,
        hint: &Text,
    ) -> Option<String> {
        let Some(value) = table.get(key) else {
            self.missing(offset, key, hint.clone());
            return None;
        };
        let start = value.span().start;
        match value.get_ref().as_str() {
            Some(words) if !words.trim().is_empty() => return Some(words.trim().to_owned()),
            Some(words) => {
                let problem =
                    text!("`{key} = \"{words}\"` 内容为空", "`{key} = \"{words}\"` is empty");
                self.at(start, problem, hint.clone());
            }
            None => self.no_text(value),
        }
        None
    }

    /// The dates of a key: a list, or a single one; with or without quotes.
    pub(super) fn dates(&mut self, table: &DeTable<'_>, key: &str) -> Vec<Placed> {
        let Some(value) = table.get(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|item| self.date(item)).collect(),
            _ => self.date(value).into_iter().collect(),
        }
    }

    fn date(&mut self, value: &Value<'_>) -> Option<Placed> {
        let offset = value.span().start;
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(_) => self.quote(value.span()),
            _ => {
                self.no_text(value);
                return None;
            }
        };
        Some(Placed { text, offset })
    }

    /// The `[[key]]` tables with their offsets.
    pub(super) fn list<'t>(
        &mut self,
        table: &'t DeTable<'a>,
        key: &str,
    ) -> Vec<(&'t DeTable<'a>, usize)> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let entry = |item: &'t Value<'a>| Some((item.get_ref().as_table()?, item.span().start));
        let items = value.get_ref().as_array();
        let tables = items.and_then(|items| items.iter().map(entry).collect());
        tables.unwrap_or_else(|| {
            let shown = self.quote(value.span());
            let problem =
                text!("`{shown}` 不是 [[{key}]] 列表", "`{shown}` is no list of [[{key}]]");
            let hint = text!("每一项以 [[{key}]] 开头", "begin each entry with [[{key}]]");
            self.at(value.span().start, problem, hint);
            Vec::new()
        })
    }

    fn no_text(&mut self, value: &Value<'_>) {
        let shown = self.quote(value.span());
        let problem = text!("`{shown}` 不是文本", "`{shown}` is not text");
        let hint = text!("用双引号括起来", "put it into double quotes");
        self.at(value.span().start, problem, hint);
    }

    /// What stands there, cut for a message.
    pub(super) fn quote(&self, span: Range<usize>) -> String {
        let line = self.source.get(span).unwrap_or_default().trim().lines().next();
        line.unwrap_or_default().chars().take(QUOTE_CHARS_MAX).collect()
    }

    fn line_of(&self, offset: usize) -> Range<usize> {
        let before = self.source.get(..offset).unwrap_or(self.source);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = self.source.get(start..).unwrap_or_default();
        start..start + rest.find('\n').unwrap_or(rest.len())
    }

    /// What was read, if nothing is wrong; else all mistakes in the order of the file.
    pub(super) fn done<T>(mut self, value: Option<T>) -> Result<T, Vec<Mistake>> {
        self.mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        value.filter(|_| self.mistakes.is_empty()).ok_or(self.mistakes)
    }
}
