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
                    writer.write_record([format!("{} ({})", pick(&chart.title), chart.unit)])?;
                    writer.write_record(&chart.labels)?;
                    let bars = chart.bars.iter();
                    writer.write_record(
                        bars.map(|bar| bar.map_or_else(String::new, |bar| rounded(bar, 2))),
                    )?;
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
    for row in &table.rows {
        writer.write_record(row.iter().map(|cell| plain(cell, pick)))?;
    }
    Ok(())
}

/// Numbers without grouping, shares as numbers from 0 to 1.
fn plain(cell: &Cell, pick: &dyn Fn(&Text) -> String) -> String {
    match cell {
        Cell::Number(value, digits) => rounded(*value, *digits),
        Cell::Percent(value, digits) => rounded(*value, digits + 2),
        Cell::Missing(why) => format!("— {}", pick(why)),
        other => inert(&other.shown(pick)),
    }
}

/// Words that no spreadsheet takes for a formula.
fn inert(words: &str) -> String {
    if words.starts_with(FORMULAS) { format!("'{words}") } else { words.to_owned() }
}
