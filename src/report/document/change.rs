//! What is not the same in two reports, as people read them.

use crate::model::{Text, text};

use super::cell::{Cell, Column, Table};
use super::{Block, Document, Section};

/// More changes than this are only counted.
const CHANGES_MAX: usize = 200;

/// A place of a report that is not as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Section, row and column.
    pub place: Text,
    /// What stood there; nothing where the row is new.
    pub before: Cell,
    /// What stands there now; nothing where the row is gone.
    pub after: Cell,
}

/// Where a cell stands.
type Place<'a> = (&'static str, &'a Text, String, usize);

/// Every cell of a report by where it stands.
fn cells(document: &Document) -> Vec<(Place<'_>, Text, &Cell)> {
    let mut cells: Vec<(Place<'_>, Text, &Cell)> = Vec::new();
    for section in &document.sections {
        for block in &section.blocks {
            let Block::Table(table) = block else { continue };
            let mut names: std::collections::BTreeMap<String, usize> = Default::default();
            for row in table.rows.iter().chain(&table.total) {
                let Some(first) = row.first() else { continue };
                let name = first.shown(&|text| text.en.clone());
                // A meter has a row for each of its registers.
                let again = names.entry(name.clone()).or_default();
                *again += 1;
                for (column, (cell, head)) in row.iter().zip(&table.columns).enumerate().skip(1) {
                    let place = (section.key, &table.title, format!("{name}#{again}"), column);
                    let (zh, en) = (first.shown(&|t| t.zh.clone()), first.shown(&|t| t.en.clone()));
                    let (title, head) = (&section.title, &head.title);
                    let words = Text::new(
                        format!("{} · {zh} · {}", title.zh, head.zh),
                        format!("{} · {en} · {}", title.en, head.en),
                    );
                    cells.push((place, words, cell));
                }
            }
        }
    }
    cells
}

/// What is not the same, in the order of the report.
#[must_use]
pub fn changes(before: &Document, after: &Document) -> Vec<Change> {
    let (old, new) = (cells(before), cells(after));
    let by_place: std::collections::BTreeMap<_, &Cell> =
        old.iter().map(|(place, _, cell)| (key(place), *cell)).collect();
    let after_places: std::collections::BTreeSet<_> = new.iter().map(|(p, ..)| key(p)).collect();
    let plain = |text: &Text| text.en.clone();
    let mut found = Vec::new();
    for (place, words, cell) in &new {
        let was = by_place.get(&key(place)).copied().unwrap_or(&Cell::Empty);
        if was.shown(&plain) != cell.shown(&plain) {
            found.push(Change {
                place: words.clone(),
                before: was.clone(),
                after: (*cell).clone(),
            });
        }
    }
    let gone = old.iter().filter(|(place, ..)| !after_places.contains(&key(place)));
    let gone = gone.filter(|(.., cell)| **cell != Cell::Empty);
    found.extend(gone.map(|(_, words, cell)| Change {
        place: words.clone(),
        before: (*cell).clone(),
        after: Cell::Empty,
    }));
    found
}

fn key<'a>((section, title, row, column): &'a Place<'_>) -> (&'a str, &'a str, &'a str, usize) {
    (section, &title.en, row, *column)
}

/// The page of differences.
pub(super) fn section(changes: &[Change], revision: u32) -> Section {
    let columns = vec![
        Column::new("位置", "place", ""),
        Column::new("上一版", "revision before", ""),
        Column::new("本版", "this revision", ""),
    ];
    let row = |change: &Change| {
        vec![Cell::Words(change.place.clone()), plain(&change.before), plain(&change.after)]
    };
    let rows = changes.iter().take(CHANGES_MAX).map(row).collect();
    let before = revision.saturating_sub(1);
    let title = text!("与 R{before} 的差异", "what is not as in R{before}");
    let mut blocks = vec![Block::Table(Table::new(title, columns, rows))];
    if changes.len() > CHANGES_MAX {
        let more = changes.len() - CHANGES_MAX;
        blocks.push(Block::Note(text!("另有 {more} 处", "and {more} more places")));
    }
    Section { key: "changes", title: Text::new("与上一版的差异", "Changes"), blocks }
}

/// Without the mark of a reason, which stands below another table.
fn plain(cell: &Cell) -> Cell {
    match cell {
        Cell::Missing(why, _) => Cell::Missing(why.clone(), 0),
        other => other.clone(),
    }
}
