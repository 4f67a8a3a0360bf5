//! A report in the form that somebody wants, closed or as it is now.

use std::path::Path;

use crate::books::Seal;

use super::csv::csv;
use super::document::{Closing, Document, changes};
use super::error::ReportError;
use super::figures::Figures;
use super::html::html;
use super::make::{Progress, Reports};
use super::pdf;
use super::period::Period;
use super::sheet::xlsx;

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All figures, for programs.
    Json,
    /// A page that prints on A4.
    Html,
    /// For printing and signing.
    Pdf,
    /// For a spreadsheet, with charts and formulas.
    Xlsx,
    /// Tables for whatever reads them.
    Csv,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Json, Self::Html, Self::Pdf, Self::Xlsx, Self::Csv];

    /// The word in the API and at the end of file names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// Which figures of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those of the last revision; where it is not closed, those of now.
    Latest,
    /// Those of now, closed or not.
    Now,
    /// Those of a revision.
    Revision(u32),
}

/// A report, before it is in any form.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The period.
    pub period: Period,
    /// The figures.
    pub figures: Figures,
    /// How they were closed.
    pub closing: Option<Closing>,
}

impl Told {
    /// As people read it.
    #[must_use]
    pub fn document(&self) -> Document {
        Document::of(&self.figures, self.period, self.closing.as_ref())
    }

    /// In a form, Chinese or English. PDF takes its fonts from a folder, or where the system has them. The
    /// same report gives the same bytes. It takes a while.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn printed(
        &self,
        form: Form,
        chinese: bool,
        fonts: Option<&Path>,
    ) -> Result<Vec<u8>, ReportError> {
        let sheet = |error: &dyn std::fmt::Display| ReportError::Sheet(error.to_string());
        match form {
            Form::Json => {
                let text = serde_json::to_string_pretty(&self.figures);
                Ok(format!("{}\n", text.map_err(|error| sheet(&error))?).into_bytes())
            }
            Form::Html => Ok(html(&self.document(), chinese).into_bytes()),
            Form::Pdf => pdf(&self.document(), chinese, fonts),
            Form::Xlsx => xlsx(&self.document(), chinese),
            Form::Csv => csv(&self.document(), chinese).map_err(|error| sheet(&error)),
        }
    }

    /// The name of its file.
    #[must_use]
    pub fn file_name(&self, form: Form) -> String {
        let revision = self.closing.as_ref().map(|closing| format!("-R{}", closing.revision));
        let (site, period) = (&self.figures.site, self.period);
        format!("{site}-{period}{}.{}", revision.unwrap_or_default(), form.as_str())
    }
}

impl Reports {
    /// The report of a period.
    ///
    /// # Errors
    /// [`ReportError`].
    pub async fn told(
        &self,
        period: Period,
        which: Which,
        progress: Progress<'_>,
    ) -> Result<Told, ReportError> {
        let name = period.to_string();
        if period.first() > self.daybook.date(self.clock.now()) {
            return Err(ReportError::Ahead(name));
        }
        let revision = match which {
            Which::Now => None,
            Which::Revision(revision) => Some(revision),
            Which::Latest => self.books.book().seal(&name).map(|seal| seal.revision),
        };
        let Some(revision) = revision else {
            let figures = self.figures(period, progress).await?;
            return Ok(Told { period, figures, closing: None });
        };
        let figures = self.sealed(period, revision)?;
        let closing = Some(self.closing(period, revision, &figures)?);
        Ok(Told { period, figures, closing })
    }

    /// How a revision was closed and signed, and what is not as in the one before.
    fn closing(
        &self,
        period: Period,
        revision: u32,
        figures: &Figures,
    ) -> Result<Closing, ReportError> {
        let (name, book) = (period.to_string(), self.books.book());
        let own = |seal: &&Seal| seal.period == name && seal.revision == revision;
        let seal = book.seals().iter().find(own).cloned();
        let seal = seal.ok_or(crate::books::BooksError::NotClosed(name))?;
        let changes = match revision {
            0 | 1 => Vec::new(),
            _ => {
                let before = self.sealed(period, revision - 1)?;
                let before = Document::of(&before, period, None);
                changes(&before, &Document::of(figures, period, None))
            }
        };
        let minute = |ms: i64| self.daybook.minute(crate::model::Timestamp::from_ms(ms));
        let signatures = book.signatures(&seal);
        Ok(Closing {
            revision,
            signatures: signatures.map(|s| (s.role, s.who.clone(), minute(s.time_ms))).collect(),
            at: minute(seal.time_ms),
            who: seal.who,
            why: seal.why,
            hash: seal.hash,
            changes,
        })
    }
}
