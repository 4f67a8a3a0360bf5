//! The report as XLSX: a cover, one sheet for each section, real charts, and formulas for sums and shares.

mod chart;
mod page;
mod style;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::model::Text;

use super::document::Document;
use super::error::ReportError;

use page::Page;
use style::Style;

impl From<XlsxError> for ReportError {
    fn from(error: XlsxError) -> Self {
        Self::Sheet(error.to_string())
    }
}

/// The report as XLSX, Chinese or English. The same report gives the same bytes.
///
/// # Errors
/// [`ReportError::Sheet`].
pub fn xlsx(document: &Document, chinese: bool) -> Result<Vec<u8>, ReportError> {
    let pick = |text: &Text| if chinese { text.zh.clone() } else { text.en.clone() };
    let mut book = Workbook::new();
    // Not the time of making it: the same report is the same file.
    let made = ExcelDateTime::from_ymd(document.last.year().unsigned_abs(), 1, 1)?;
    let title =
        format!("{} {} {}", pick(&document.name), pick(&document.title), pick(&document.period));
    let properties = DocProperties::new().set_title(title).set_creation_datetime(&made);
    book.set_properties(&properties.set_author("hallwatch"));
    let style = Style::new();
    let cover = book.add_worksheet();
    cover.set_name(if chinese { "封面" } else { "Cover" })?;
    Page::new(cover, &style, &pick).cover(document)?;
    for (number, section) in (1..).zip(&document.sections) {
        let sheet = book.add_worksheet();
        sheet.set_name(name_of(number, &pick(&section.title)))?;
        Page::new(sheet, &style, &pick).section(number, section, document)?;
    }
    Ok(book.save_to_buffer()?)
}

/// The name of a sheet: short, and without what Excel forbids.
fn name_of(number: u32, title: &str) -> String {
    const FORBIDDEN: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];
    let allowed = title.chars().filter(|c| !FORBIDDEN.contains(c) && *c != '\'');
    let name: String =
        format!("{number} {}", allowed.collect::<String>()).chars().take(31).collect();
    name.trim_end().to_owned()
}
