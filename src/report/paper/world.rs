//! What Typst may see: the template, the data, the fonts. Nothing of the disk, no network, no clock.

use std::collections::{BTreeMap, HashMap};

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _};
use typst_kit::fonts::FontStore;

use super::super::error::ReportError;

const TEMPLATE: &str = include_str!("../../../dashboards/report/report.typ");

/// A world of a few files.
pub(super) struct World {
    library: LazyHash<Library>,
    fonts: FontStore,
    template: Source,
    files: HashMap<FileId, Bytes>,
}

fn id(name: &str) -> Result<FileId, ReportError> {
    let path = VirtualPath::new(name).map_err(|error| ReportError::Paper(error.to_string()))?;
    Ok(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
}

impl World {
    /// A world of these files, by name.
    pub(super) fn new(
        fonts: FontStore,
        files: BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, ReportError> {
        let file = |(name, bytes): (String, Vec<u8>)| Ok((id(&name)?, Bytes::new(bytes)));
        Ok(Self {
            library: LazyHash::new(Library::default()),
            fonts,
            template: Source::new(id("report.typ")?, TEMPLATE.to_owned()),
            files: files.into_iter().map(file).collect::<Result<_, ReportError>>()?,
        })
    }
}

impl typst::World for World {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(FileError::NotSource) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
