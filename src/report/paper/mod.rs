//! The report as PDF: A4, set by Typst, with its fonts in it.
//!
//! The template is `dashboards/report/report.typ`; it is handed the words of the report as data, so that
//! nothing in a name is ever taken for a command.

mod fonts;
mod spoken;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use typst::foundations::Smart;
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use super::document::Document;
use super::error::ReportError;

use fonts::Fonts;
use world::World;

/// The report as PDF, Chinese or English. Fonts are looked for in a folder, or else where the system has
/// them. The same report gives the same bytes.
///
/// # Errors
/// [`ReportError::NoFont`], [`ReportError::Paper`].
pub fn pdf(
    document: &Document,
    chinese: bool,
    fonts: Option<&Path>,
) -> Result<Vec<u8>, ReportError> {
    let fonts = Fonts::look(fonts)?;
    let spoken = spoken::Spoken::new(document, chinese, &fonts.family);
    let data =
        serde_json::to_vec(&spoken).map_err(|error| ReportError::Paper(error.to_string()))?;
    let mut files = BTreeMap::from([("data.json".to_owned(), data)]);
    files.extend(spoken.charts.into_iter().map(|(name, svg)| (name, svg.into_bytes())));
    let world = World::new(fonts.store, files)?;
    let told = typst::compile::<PagedDocument>(&world);
    // Only this report is made of it.
    typst::comemo::evict(0);
    let failed = |errors: &[typst::diag::SourceDiagnostic]| {
        let said = errors.iter().map(|error| error.message.as_str());
        ReportError::Paper(said.collect::<Vec<_>>().join("; "))
    };
    // A font that is missing is only warned of, and would be boxes on paper.
    if !told.warnings.is_empty() {
        return Err(failed(&told.warnings));
    }
    let paged = told.output.map_err(|errors| failed(&errors))?;
    let options = PdfOptions {
        creator: Smart::Custom(Some(concat!("hallwatch ", env!("CARGO_PKG_VERSION")).to_owned())),
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&paged, &options).map_err(|errors| failed(&errors))
}
