//! The reports: what a month, or another period, was, with every figure explained.
//!
//! ```text
//! daybook ──> Reports::figures(period) ──> Figures ──┬──> JSON
//!                                                    └──> Document ──> HTML, CSV
//! ```
//!
//! [`Figures`] is the one struct of which every form is made. A figure that cannot be known says why; one
//! that is measured is never mixed with one that is estimated.
//!
//! Architecture invariant: no figure without its formula, its coverage and the factors it was made with.

mod building;
mod chart;
mod csv;
mod document;
mod electricity;
mod figures;
mod html;
mod light;
mod make;
mod meters;
mod period;
mod roof;

pub use self::csv::csv;
pub use building::{Building, Config, Meter, Role};
pub use document::{Block, Cell, Chart, Column, Document, Section, Table};
pub use figures::{
    Basis, Carbon, Classes, Compared, Electricity, Figure, Figures, Hole, InverterFigures, Line,
    MeterFigures, Money, Performance, RoofDay, RoofFigures, SCHEMA, Shown, Words,
};
pub use html::html;
pub use make::{Progress, Reports};
pub use period::{Length, NoPeriod, Period};
