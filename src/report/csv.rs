//! The report as CSV that a spreadsheet opens: one table below the other, with a byte-order mark.

use crate::model::Text;

use super::document::{Block, Cell, Document, Table, rounded};

/// What names begin with that a spreadsheet would take for a formula.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// All tables, Chinese or English.
///
/// # Errors
/// What `csv` says; writing to memory does not fail.
pub fn csv(document: &Document, chinese: bool) -> Result<Vec<u8>, csv::Error> {
    let pick = |text: &Text| if chinese { text.zh.clone() } else { text.en.clone() };
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(
        [pick(&document.name), pick(&document.title), pick(&document.period)].map(|w| inert(&w)),
    )?;
    for (number, section) in (1..).zip(&document.sections) {
        for block in &section.blocks {
            writer.write_record([""])?;
            match block {
                Block::Table(own) => {
                    let title = format!("{number} {} · {}", pick(&section.title), pick(&own.title));
                    writer.write_record([title])?;
                    table(&mut writer, own, &pick)?;
                }
                Block::Note(text) => writer.write_record([inert(&pick(text))])?,
                Block::Chart(chart) => {
                    let title = format!("{} ({})", pick(&chart.title), chart.unit);
                    let row = |title: String, values: &[Option<f64>]| {
                        let shown =
                            |value: &Option<f64>| value.map_or_else(String::new, |v| rounded(v, 2));
                        std::iter::once(title).chain(values.iter().map(shown)).collect::<Vec<_>>()
                    };
                    writer.write_record(
                        std::iter::once("").chain(chart.labels.iter().map(String::as_str)),
                    )?;
                    writer.write_record(row(title, &chart.bars))?;
                    if let Some((title, unit, points)) = &chart.line {
                        writer.write_record(row(format!("{} ({unit})", pick(title)), points))?;
                    }
                }
            }
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn table(
    writer: &mut csv::Writer<Vec<u8>>,
    table: &Table,
    pick: &dyn Fn(&Text) -> String,
) -> Result<(), csv::Error> {
    let head = table.columns.iter().map(|column| match column.unit {
        "" => pick(&column.title),
        unit => format!("{} ({unit})", pick(&column.title)),
    });
    writer.write_record(head)?;
    for row in table.rows.iter().chain(&table.total) {
        writer.write_record(row.iter().map(|cell| plain(cell, pick)))?;
    }
    Ok(())
}

/// Numbers without grouping, shares as numbers from 0 to 1.
fn plain(cell: &Cell, pick: &dyn Fn(&Text) -> String) -> String {
    match cell {
        Cell::Number(value, digits) => rounded(*value, *digits),
        Cell::Percent(value, digits) => rounded(*value, digits + 2),
        Cell::Missing(why, _) => format!("— {}", pick(why)),
        other => inert(&other.shown(pick)),
    }
}

/// Words that no spreadsheet takes for a formula.
fn inert(words: &str) -> String {
    if words.starts_with(FORMULAS) { format!("'{words}") } else { words.to_owned() }
}
