//! Reads the TOML of a profile so that one mistake of form does not hide the others: what is wrong
//! is told, its line is left out, and the rest is read again.

use serde::de::DeserializeOwned;

use crate::model::{Mistake, Text, near, text};

/// Lines that are left out; a file with more of them is no profile.
const LINES_MAX: usize = 32;
/// Longest text quoted in a message, characters.
const QUOTE_CHARS_MAX: usize = 48;

/// What could be read, if the rest made a whole, and what was wrong.
pub(crate) fn read_toml<T: DeserializeOwned>(
    file: &str,
    source: &str,
    manual: &str,
) -> (Option<T>, Vec<Mistake>) {
    let (mut text, mut mistakes) = (source.to_owned(), Vec::new());
    let mut left_out: Vec<String> = Vec::new();
    for _ in 0..LINES_MAX {
        let error = match toml::from_str(&text) {
            Ok(value) => return (Some(value), in_order(mistakes)),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..0);
        let missing = error.message().strip_prefix("missing field ");
        if missing.is_some_and(|key| left_out.iter().any(|line| begins_with(line, key))) {
            break; // it was there, in a line that was left out
        }
        let found = text.get(span.clone()).unwrap_or_default();
        let rest = text.get(span.start..).unwrap_or("");
        let (problem, hint) = words(error.message(), found, rest, manual);
        mistakes.push(Mistake::at(file, source, span.start, problem, hint));
        let line = line_of(&text, span.start);
        let content = text.get(line.clone()).unwrap_or_default().trim().to_owned();
        let element = content.starts_with('{');
        let value = content.contains('=') && !content.starts_with('[');
        if !closed(&content) || !element && (missing.is_some() || !value) {
            break;
        }
        let blanks = " ".repeat(line.len());
        text.replace_range(line, &blanks);
        left_out.push(content);
    }
    (None, in_order(mistakes))
}

fn in_order(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    mistakes
}

/// Whether a line says a value for the key in backticks.
fn begins_with(line: &str, key: &str) -> bool {
    let rest = line.strip_prefix(key.trim_matches('`'));
    rest.is_some_and(|rest| rest.trim_start().starts_with('='))
}

/// Whether every bracket of a line closes in it.
fn closed(line: &str) -> bool {
    let count = |sign: char| line.matches(sign).count();
    count('[') == count(']') && count('{') == count('}') && !line.contains("\"\"\"")
}

fn line_of(text: &str, offset: usize) -> std::ops::Range<usize> {
    let start = text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end =
        text.get(offset..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| offset + at);
    start..end
}

/// What the reader says, for people; `found` is what it is about, `rest` the text from there on.
fn words(message: &str, found: &str, rest: &str, manual: &str) -> (Text, Text) {
    let format = || text!("请对照 {manual}", "compare with {manual}");
    if let Some(key) = message.strip_prefix("missing field ") {
        return (text!("缺少 {key}", "{key} is missing"), format());
    }
    if let Some((key, known)) =
        message.strip_prefix("unknown field ").and_then(|told| told.split_once(", expected "))
    {
        let what = Text::new("可用的配置项", "known keys");
        let known = known.split('`').skip(1).step_by(2);
        let hint = near::hint(key.trim_matches('`'), &what, known);
        return (text!("未知的配置项 {key}", "unknown key {key}"), hint);
    }
    let shown = quote(if found.trim().is_empty() { rest } else { found });
    if let Some((_, wanted)) =
        message.strip_prefix("invalid type: ").and_then(|told| told.split_once(", expected "))
    {
        let (zh, en) = wanted_words(wanted);
        return (text!("`{shown}` 不是{zh}", "`{shown}` is not {en}"), format());
    }
    let message = message.trim().replace('\n', ", ");
    let lead = match message.as_str() {
        m if m.starts_with("invalid") => "写法有误",
        m if m.starts_with("duplicate") => "重复",
        _ => "无法读取",
    };
    let told = if message.contains('`') { message } else { format!("{message}: `{shown}`") };
    (text!("{lead}：{told}", "{told}"), format())
}

/// A type of the program in the words of people; in Chinese with the space that it needs.
fn wanted_words(wanted: &str) -> (&str, &str) {
    match wanted.split_whitespace().next_back().unwrap_or(wanted) {
        "f64" | "f32" => ("数字：不加引号", "a number without quotes"),
        "u8" | "u16" | "u32" | "u64" | "i64" => {
            ("非负整数：不加引号", "a whole number without quotes")
        }
        "string" => ("文本：要加引号", "text in quotes"),
        "boolean" => (" true 或 false", "true or false"),
        "sequence" => ("列表：写成 [ … ]", "a list: write [ … ]"),
        "map" => ("一组配置项", "a table of keys"),
        _ => ("所要求的写法", "what is wanted here"),
    }
}

fn quote(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    line.chars().take(QUOTE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct File {
        id: String,
        #[serde(default)]
        point: Vec<Point>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Point {
        name: String,
        address: u16,
        scale: Option<f64>,
    }

    fn told(source: &str) -> (bool, Vec<String>) {
        let (file, mistakes) = read_toml::<File>("p.toml", source, "devices/FORMAT.md");
        let line = |m: &Mistake| format!("{}: {} ({})", m.line, m.problem.en, m.hint.en);
        (file.is_some(), mistakes.iter().map(line).collect())
    }

    #[test]
    fn one_mistake_does_not_hide_the_next() {
        let (whole, told) = told(
            "id = \"a\"\nextra = 1\npoint = [\n  { name = \"x\", adress = 1 },\n\
             \x20 { name = \"y\", address = \"2\" },\n  { name = \"z\", address = 3, scale = true },\n\
             \x20 { address = 4 },\n  { name = \"w\", address = 5 },\n]\n",
        );
        assert!(whole, "the rest is read");
        assert_eq!(told.len(), 5, "{told:#?}");
        assert!(told.iter().any(|t| t.starts_with("2: unknown key `extra`")), "{told:#?}");
        assert!(
            told.iter().any(|t| t == "4: unknown key `adress` (did you mean `address`?)"),
            "{told:#?}"
        );
        assert!(
            told.iter().any(|t| t.starts_with("5: `\"2\"` is not a whole number")),
            "{told:#?}"
        );
        assert!(told.iter().any(|t| t.starts_with("6: `true` is not a number")), "{told:#?}");
        assert!(told.iter().any(|t| t.starts_with("7: `name` is missing")), "{told:#?}");
    }

    #[test]
    fn what_was_in_a_line_that_cannot_be_read_is_not_missing() {
        assert_eq!(told("id = a\n").1.len(), 1);
        assert_eq!(told("[[point]]\nname = 1\naddress = 2\n").1.len(), 1);
        assert_eq!(told("").1, ["1: `id` is missing (compare with devices/FORMAT.md)"]);
    }
}
