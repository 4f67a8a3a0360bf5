//! Tables on standard output: columns line up, also with Chinese words in them.

use crate::model::Text;

use super::check::Language;

/// On which side the cells of a column stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A heading in both languages.
pub(super) type Heading = (&'static str, &'static str, Side);

/// The lines of a table, with its headings.
pub(super) fn lines(
    headings: &[Heading],
    rows: &[Vec<String>],
    language: Option<Language>,
) -> Vec<String> {
    let head: Vec<String> =
        headings.iter().map(|(zh, en, _)| in_words(Text::new(*zh, *en), language)).collect();
    let mut widths: Vec<usize> = head.iter().map(|cell| width(cell)).collect();
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(headings).zip(&widths);
        let cells = cells.map(|((cell, (_, _, side)), widest)| {
            let gap = " ".repeat(widest.saturating_sub(width(cell)));
            if *side == Side::Left { format!("{cell}{gap}") } else { format!("{gap}{cell}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    std::iter::once(&head).chain(rows).map(line).collect()
}

/// One language, or both: `线路 line`.
pub(super) fn in_words(text: Text, language: Option<Language>) -> String {
    match language {
        Some(language) => language.of(text),
        None if text.zh == text.en => text.en,
        None => format!("{} {}", text.zh, text.en),
    }
}

/// Places that a text takes on a terminal.
fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// East Asian wide and full-width characters (Unicode Standard Annex 11), in blocks.
const fn is_wide(c: char) -> bool {
    matches!(c as u32, 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x20000..=0x3FFFD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_both_languages() {
        let headings = [("线路", "line", Side::Left), ("占用", "busy", Side::Right)];
        let rows = [vec!["屋顶".to_owned(), "7 %".to_owned()], vec!["a".to_owned(), String::new()]];
        let both = lines(&headings, &rows, None);
        assert_eq!(both, ["线路 line  占用 busy", "屋顶             7 %", "a"]);
        let en = lines(&headings, &rows, Some(Language::En));
        assert_eq!(en, ["line  busy", "屋顶   7 %", "a"]);
    }
}
