//! The reports: what a month, or another period, was, with every figure explained.
//!
//! ```text
//! daybook ──> Reports::figures(period) ──> Figures ──┬──> JSON
//!                                                    └──> Document ──> HTML, PDF, XLSX, CSV
//! ```
//!
//! [`Figures`] is the one struct of which every form is made. A figure that cannot be known says why; one
//! that is measured is never mixed with one that is estimated.
//!
//! Architecture invariant: no figure without its formula, its coverage and the factors it was made with.

mod annual;
mod books;
mod building;
mod chart;
mod csv;
mod diagnosis;
mod document;
mod electricity;
mod error;
mod figures;
mod form;
mod gather;
mod html;
mod items;
mod light;
mod make;
mod meters;
#[cfg(feature = "pdf")]
mod paper;
mod period;
mod platform;
mod post;
mod roof;
mod service;
mod sheet;
mod supplies;
mod usage;
mod watch;

pub use self::csv::csv;
pub use annual::{Annual, Indicator, Quota, Scope, Totals};
pub use building::{Building, ByHand, Config, Meter, Role, Supply};
pub use diagnosis::{Cause, Trouble};
pub use document::{
    Block, Cell, Change, Chart, Closing, Column, Document, Section, Table, changes,
};
pub use error::ReportError;
pub use figures::{
    Basis, Carbon, Classes, Coal, Compared, Edit, Electricity, Figure, Figures, GroupFigures, Hole,
    InverterFigures, Line, MeterFigures, Money, Performance, RoofDay, RoofFigures, SCHEMA, Shown,
    Supplied, Words,
};
pub use form::{Form, Told, Which};
pub use html::html;
pub use items::Item;
pub use make::{Progress, Reports};

/// Without its feature there is no PDF.
///
/// # Errors
/// [`ReportError::NoPdf`], always.
#[cfg(not(feature = "pdf"))]
pub const fn pdf(
    _: &Document,
    _: bool,
    _: Option<&std::path::Path>,
) -> Result<Vec<u8>, ReportError> {
    Err(ReportError::NoPdf)
}

#[cfg(feature = "pdf")]
pub use paper::pdf;
pub use period::{Length, NoPeriod, Period};
pub use platform::Platform;
pub use post::Post;
pub use service::{Consumed, Costly, Fault, Orders, Raised, Served, ServiceFigures};
pub use sheet::xlsx;
pub use usage::Usage;
pub use watch::Standing;
