//! Rust as text: code without its strings and comments, comments without code, and where
//! functions begin and end. Good for rustfmt'ed code, which is all the code there is here.

/// What is kept; the rest becomes spaces, and lines stay lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Code without comments and without what stands in strings.
    Code,
    /// Comments.
    Comments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Line,
    Block(u32),
    Text,
    /// A raw string that ends with a quote and so many `#`.
    Raw(usize),
}

/// The text with everything but `shown` blanked.
pub(crate) fn only(text: &str, shown: Shown) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut part = Part::Code;
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = &chars[at..];
        let (next, length, kind) = step(part, rest, chars[..at].last().copied());
        let keep = matches!((shown, kind), (Shown::Code, Part::Code))
            || matches!((shown, kind), (Shown::Comments, Part::Line | Part::Block(_)));
        let blank = |c: char| if keep || c == '\n' { c } else { ' ' };
        let length = length.clamp(1, rest.len());
        out.extend(rest[..length].iter().map(|c| blank(*c)));
        debug_assert!(c == rest[0]);
        part = next;
        at += length;
    }
    out
}

/// From a place in a part: the part after the next few characters, how many they are, and what
/// they belong to.
fn step(part: Part, rest: &[char], before: Option<char>) -> (Part, usize, Part) {
    let starts = |pattern: &str| pattern.chars().enumerate().all(|(i, c)| rest.get(i) == Some(&c));
    match part {
        Part::Code if starts("//") => (Part::Line, 2, Part::Line),
        Part::Code if starts("/*") => (Part::Block(1), 2, Part::Block(1)),
        Part::Code if starts("\"") => (Part::Text, 1, Part::Code),
        Part::Code if starts("r") && !before.is_some_and(is_word_or_quote) => match raw(rest) {
            Some(marks) => (Part::Raw(marks), marks + 2, Part::Code),
            None => (Part::Code, 1, Part::Code),
        },
        Part::Code if starts("br") && !before.is_some_and(is_word_or_quote) => {
            match raw(&rest[1..]) {
                Some(marks) => (Part::Raw(marks), marks + 3, Part::Code),
                None => (Part::Code, 1, Part::Code),
            }
        }
        Part::Code if starts("'") => (Part::Code, character(rest), Part::Text),
        Part::Code => (Part::Code, 1, Part::Code),
        Part::Line if starts("\n") => (Part::Code, 1, Part::Line),
        Part::Block(depth) if starts("/*") => (Part::Block(depth + 1), 2, part),
        Part::Block(1) if starts("*/") => (Part::Code, 2, part),
        Part::Block(depth) if starts("*/") => (Part::Block(depth - 1), 2, part),
        Part::Text if starts("\\") => (part, 2, part),
        Part::Text if starts("\"") => (Part::Code, 1, Part::Code),
        Part::Raw(marks) if starts(&format!("\"{}", "#".repeat(marks))) => {
            (Part::Code, marks + 1, Part::Code)
        }
        _ => (part, 1, part),
    }
}

fn is_word_or_quote(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '\'')
}

/// How many `#` a raw string has that begins here.
fn raw(rest: &[char]) -> Option<usize> {
    let marks = rest.iter().skip(1).take_while(|c| **c == '#').count();
    (rest.get(1 + marks) == Some(&'"')).then_some(marks)
}

/// Length of a character literal; 1 for the mark of a lifetime.
fn character(rest: &[char]) -> usize {
    match (rest.get(1), rest.get(2)) {
        (Some('\\'), _) => rest.iter().skip(3).position(|c| *c == '\'').map_or(1, |at| at + 4),
        (Some(_), Some('\'')) => 3,
        _ => 1,
    }
}

/// Line, name and number of lines of every function that has a body.
pub(crate) fn functions(code: &str) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closes = |other: &&str| {
            let inner = other.trim_start();
            other.len() - inner.len() == indent && inner.starts_with('}')
        };
        let one_line = line.trim_end().ends_with('}') || line.trim_end().ends_with(';');
        let last = match one_line {
            true => 0,
            false => lines[index + 1..].iter().position(closes).map_or(0, |n| n + 1),
        };
        found.push((index + 1, name, last + 1));
    }
    found
}

/// The name, when the line begins a function.
fn function_name(line: &str) -> Option<String> {
    let (before, after) = line.trim_start().split_once("fn ")?;
    let prefix = |word: &str| {
        matches!(word, "pub" | "async" | "const" | "unsafe" | "extern" | "in")
            || word.starts_with("pub(")
            || word.ends_with(')')
    };
    let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (before.split_whitespace().all(prefix) && !name.is_empty()).then_some(name)
}
