//! Gathers the mistakes of one file while it is read, and keeps out those that only follow from
//! another: what a broken line would have said is not missed, too.

use std::cell::RefCell;

use crate::model::{Mistake, Text, text};

/// Longest text quoted in a message, characters.
const QUOTE_CHARS_MAX: usize = 48;

/// The mistakes of one file.
pub(super) struct Findings<'a> {
    file: &'a str,
    source: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
    /// What is no mistake and yet worth a look.
    notices: RefCell<Vec<Mistake>>,
    /// Offsets of the starts of lines that TOML cannot read.
    broken: Vec<usize>,
    /// Offsets of the ends of all lines: of ten thousand devices each asks for its line.
    line_ends: Vec<usize>,
}

impl<'a> Findings<'a> {
    /// No mistakes but those of the syntax, whose lines are then left alone.
    pub(super) fn new(file: &'a str, source: &'a str, syntax: &[(usize, Mistake)]) -> Self {
        let broken = syntax.iter().map(|(offset, _)| line_start(source, *offset)).collect();
        let mistakes = RefCell::new(syntax.iter().map(|(_, mistake)| mistake.clone()).collect());
        let line_ends = source.match_indices('\n').map(|(offset, _)| offset).collect();
        Self { file, source, mistakes, notices: RefCell::default(), broken, line_ends }
    }

    /// A mistake at a byte offset, unless its line cannot be read anyway.
    pub(super) fn add(&self, offset: usize, problem: Text, hint: Text) {
        if !self.broken.contains(&line_start(self.source, offset)) {
            let mistake = Mistake::at(self.file, self.source, offset, problem, hint);
            self.mistakes.borrow_mut().push(mistake);
        }
    }

    /// Something at a byte offset that is no mistake and yet worth a look.
    pub(super) fn notice(&self, offset: usize, told: Text, hint: Text) {
        let notice = Mistake::at(self.file, self.source, offset, told, hint);
        self.notices.borrow_mut().push(notice);
    }

    /// A key that is not there, unless a broken line of the same section begins with it.
    pub(super) fn missing(&self, section: usize, title: &Text, key: &str, hint: Text) {
        if !self.lost_a_key(section, key) {
            let Text { zh, en } = title;
            self.add(section, text!("{zh}缺少 `{key}`", "{en} has no `{key}`"), hint);
        }
    }

    /// Whether a broken line of the section begins with this key.
    pub(super) fn lost_a_key(&self, section: usize, key: &str) -> bool {
        let end = self.section_end(section);
        let begins = |start: usize| {
            let line = self.source.get(start..).unwrap_or_default();
            let line = line.trim_start().trim_start_matches('[');
            line.strip_prefix(key).is_some_and(|rest| !rest.starts_with(|c: char| is_key(c)))
        };
        let inside = |start: &&usize| (section..end).contains(*start);
        self.broken.iter().filter(inside).any(|start| begins(*start))
    }

    /// Whether a header could not be read, so that a section may be missing.
    pub(super) fn lost_a_section(&self) -> bool {
        let header = |start: &usize| {
            self.source.get(*start..).unwrap_or_default().trim_start().starts_with('[')
        };
        self.broken.iter().any(header)
    }

    /// Line of a byte offset, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.line_ends.partition_point(|end| *end < offset) + 1
    }

    /// What stands there, cut for a message.
    pub(super) fn quote(&self, span: std::ops::Range<usize>) -> String {
        quote(self.source.get(span).unwrap_or_default())
    }

    /// All mistakes, and what else was noticed, each in the order of the file.
    pub(super) fn into_parts(self) -> (Vec<Mistake>, Vec<Mistake>) {
        (in_order(self.mistakes.into_inner()), in_order(self.notices.into_inner()))
    }

    fn section_end(&self, section: usize) -> usize {
        let rest = self.source.get(section..).unwrap_or_default();
        rest.find("\n[").map_or(self.source.len(), |found| section + found + 1)
    }
}

fn in_order(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    mistakes.dedup();
    mistakes
}

/// A text cut for a message, on one line.
pub(super) fn quote(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= QUOTE_CHARS_MAX {
        return line.to_owned();
    }
    let cut: String = line.chars().take(QUOTE_CHARS_MAX - 1).collect();
    format!("{cut}…")
}

/// Where the line of this offset begins.
pub(super) fn line_start(source: &str, offset: usize) -> usize {
    let before = source.get(..offset).unwrap_or(source);
    before.rfind('\n').map_or(0, |found| found + 1)
}

fn is_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}
