//! One sheet, filled from above.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Formula, Worksheet, XlsxError};

use crate::model::Text;

use super::super::document::{Block, Cell, Column, Document, Section, Table, rounded};
use super::chart;
use super::style::Style;

/// Narrowest and widest column, in characters.
const WIDTHS: std::ops::RangeInclusive<usize> = 9..=46;
/// A4 as Excel counts papers.
const A4: u8 = 9;
/// Rows that a chart covers.
const CHART_ROWS: u32 = 16;

/// A sheet and where the next row goes.
pub(super) struct Page<'a> {
    sheet: &'a mut Worksheet,
    style: &'a Style,
    pick: &'a dyn Fn(&Text) -> String,
    row: u32,
    /// Characters of the widest cell, by column.
    widths: BTreeMap<u16, usize>,
}

impl<'a> Page<'a> {
    pub(super) fn new(
        sheet: &'a mut Worksheet,
        style: &'a Style,
        pick: &'a dyn Fn(&Text) -> String,
    ) -> Self {
        sheet.set_paper_size(A4).set_print_fit_to_pages(1, 0).set_footer("&C&P / &N");
        Self { sheet, style, pick, row: 0, widths: BTreeMap::new() }
    }

    /// The cover: what it is, and who signs it.
    pub(super) fn cover(mut self, document: &Document) -> Result<(), XlsxError> {
        let title = format!("{} {}", (self.pick)(&document.name), (self.pick)(&document.title));
        self.line(&title, 14)?;
        self.line(&(self.pick)(&document.period), 14)?;
        self.row += 1;
        for (what, cell) in &document.cover {
            self.words(0, &(self.pick)(what))?;
            self.cell(1, cell, false)?;
            self.row += 1;
        }
        self.row += 1;
        for (what, who) in &document.signatures {
            self.words(0, &(self.pick)(what))?;
            self.words(1, &(self.pick)(who))?;
            self.row += 2;
        }
        self.end()
    }

    /// A section with its tables and charts.
    pub(super) fn section(
        mut self,
        number: u32,
        section: &Section,
        document: &Document,
    ) -> Result<(), XlsxError> {
        self.line(&format!("{number}　{}", (self.pick)(&section.title)), 14)?;
        let what = format!("{} · {}", (self.pick)(&document.name), (self.pick)(&document.period));
        self.line(&what, 9)?;
        self.row += 1;
        for block in &section.blocks {
            match block {
                Block::Table(table) => self.table(table)?,
                Block::Note(text) => self.line(&(self.pick)(text), 9)?,
                Block::Chart(own) => self.chart(own)?,
            }
        }
        self.end()
    }

    /// A line that reaches over the columns.
    fn line(&mut self, words: &str, size: u8) -> Result<(), XlsxError> {
        let format = if size > 12 { &self.style.title } else { &self.style.note };
        self.sheet.write_string_with_format(self.row, 0, words, format)?;
        self.row += 1;
        Ok(())
    }

    fn widen(&mut self, column: u16, words: &str) {
        let wide = |c: char| if c.is_ascii() { 1 } else { 2 };
        let width = self.widths.entry(column).or_default();
        *width = (*width).max(words.chars().map(wide).sum());
    }

    fn words(&mut self, column: u16, words: &str) -> Result<(), XlsxError> {
        self.widen(column, words);
        self.sheet.write_string_with_format(self.row, column, words, &self.style.words)?;
        Ok(())
    }

    fn cell(&mut self, column: u16, cell: &Cell, sum: bool) -> Result<(), XlsxError> {
        let shown = cell.shown(self.pick);
        match cell {
            Cell::Number(value, digits) | Cell::Percent(value, digits) => {
                let percent = matches!(cell, Cell::Percent(..));
                let format = Style::number(*digits, percent, sum);
                self.widen(column, &shown);
                self.sheet.write_number_with_format(self.row, column, *value, &format)?;
            }
            Cell::Missing(..) => {
                let format = &self.style.missing;
                self.sheet.write_string_with_format(self.row, column, &shown, format)?;
            }
            Cell::Words(_) | Cell::Name(_) => self.words(column, &shown)?,
            Cell::Empty => {}
        }
        Ok(())
    }

    fn table(&mut self, table: &Table) -> Result<(), XlsxError> {
        let caption = (self.pick)(&table.title);
        self.sheet.write_string_with_format(self.row, 0, caption, &self.style.caption)?;
        self.row += 1;
        for (place, column) in columns(&table.columns) {
            let title = (self.pick)(&column.title);
            let title = match column.unit {
                "" => title,
                unit => format!("{title} ({unit})"),
            };
            let number = table.is_number(usize::from(place));
            let format = if number { &self.style.head_of_numbers } else { &self.style.head };
            self.widen(place, &title);
            self.sheet.write_string_with_format(self.row, place, title, format)?;
        }
        self.row += 1;
        let (first, count) = (self.row, u32::try_from(table.rows.len()).unwrap_or_default());
        for row in &table.rows {
            for (place, column) in columns(&table.columns) {
                let Some(cell) = row.get(usize::from(place)) else { continue };
                match (column.share_of, cell) {
                    (Some(of), Cell::Percent(value, digits)) => {
                        let of = letter(of);
                        let (own, last) = (self.row + 1, first + count);
                        let formula = format!("={of}{own}/SUM({of}${}:{of}${last})", first + 1);
                        self.formula(place, &formula, *value, &(*digits, true, false))?;
                    }
                    _ => self.cell(place, cell, false)?,
                }
            }
            self.row += 1;
        }
        if let Some(total) = &table.total {
            for (place, cell) in (0_u16..).zip(total) {
                match cell {
                    Cell::Number(value, digits) => {
                        let column = letter(usize::from(place));
                        let formula =
                            format!("=SUM({column}{}:{column}{})", first + 1, first + count);
                        self.formula(place, &formula, *value, &(*digits, false, true))?;
                    }
                    other => self.cell(place, other, true)?,
                }
            }
            self.row += 1;
        }
        for (mark, why) in table.reasons() {
            let why = (self.pick)(&why);
            self.line(&format!("—{mark} {why}"), 9)?;
        }
        self.row += 1;
        Ok(())
    }

    /// A formula, and what it comes to for programs that do not reckon.
    fn formula(
        &mut self,
        column: u16,
        formula: &str,
        value: f64,
        (digits, percent, sum): &(u8, bool, bool),
    ) -> Result<(), XlsxError> {
        let format = Style::number(*digits, *percent, *sum);
        let shown = rounded(value, digits + 6);
        self.widen(column, &rounded(value, *digits));
        let formula = Formula::new(formula).set_result(shown);
        self.sheet.write_formula_with_format(self.row, column, formula, &format)?;
        Ok(())
    }

    /// A chart, with its numbers below it.
    fn chart(&mut self, own: &super::super::document::Chart) -> Result<(), XlsxError> {
        let first = self.row + CHART_ROWS + 1;
        let drawn = chart::drawn(own, self.sheet.name().as_str(), first, self.pick);
        self.sheet.insert_chart(self.row, 0, &drawn)?;
        self.row = first - 1;
        let (title, unit) = ((self.pick)(&own.title), own.unit);
        let mut heads = vec![String::new(), format!("{title} ({unit})")];
        heads.extend(
            own.line.as_ref().map(|(title, unit, _)| format!("{} ({unit})", (self.pick)(title))),
        );
        for (place, head) in (0_u16..).zip(heads) {
            let format = &self.style.head_of_numbers;
            self.sheet.write_string_with_format(self.row, place, &head, format)?;
        }
        for (place, label) in own.labels.iter().enumerate() {
            self.row += 1;
            self.words(0, label)?;
            let line = own.line.as_ref().and_then(|(_, _, points)| points.get(place));
            for (column, value) in [(1, own.bars.get(place)), (2, line)] {
                if let Some(value) = value.copied().flatten() {
                    self.cell(column, &Cell::Number(value, 2), false)?;
                }
            }
        }
        self.row += 2;
        Ok(())
    }

    fn end(self) -> Result<(), XlsxError> {
        for (column, width) in self.widths {
            let width = (width + 2).clamp(*WIDTHS.start(), *WIDTHS.end());
            self.sheet
                .set_column_width(column, f64::from(u8::try_from(width).unwrap_or(u8::MAX)))?;
        }
        Ok(())
    }
}

fn columns(columns: &[Column]) -> impl Iterator<Item = (u16, &Column)> {
    (0_u16..).zip(columns)
}

/// The letter of a column; tables have fewer than 26.
fn letter(place: usize) -> char {
    u8::try_from(place).map_or('A', |place| char::from(b'A'.saturating_add(place)))
}
