//! A font with Chinese characters.

use std::path::Path;

use typst_kit::fonts::{FontStore, scan, system};

use super::super::error::ReportError;

/// Families that are known to look well, the best first.
const FAMILIES: [&str; 8] = [
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
];
/// What any other one has to have.
const CHARACTERS: &str = "光伏发电逆变器编制审核kWh";

/// The fonts, and the family that is used.
pub(super) struct Fonts {
    pub(super) store: FontStore,
    pub(super) family: String,
}

impl Fonts {
    /// Looks for one in a folder, or else where the system has them.
    pub(super) fn look(folder: Option<&Path>) -> Result<Self, ReportError> {
        let mut store = FontStore::new();
        match folder {
            Some(folder) => store.extend(scan(folder)),
            None => store.extend(system()),
        }
        let family = family(&store);
        let looked = || match folder {
            Some(folder) => format!("`{}`", folder.display()),
            None => "`/usr/share/fonts`".to_owned(),
        };
        match family {
            Some(family) => Ok(Self { store, family }),
            None => Err(ReportError::NoFont { looked: looked() }),
        }
    }
}

fn family(store: &FontStore) -> Option<String> {
    let book = store.book();
    let known = FAMILIES.into_iter().find(|family| book.contains_family(&family.to_lowercase()));
    known.map(str::to_owned).or_else(|| {
        let has = |info: &typst::text::FontInfo| {
            CHARACTERS.chars().all(|c| info.coverage.contains(u32::from(c)))
        };
        let mut fonts = (0..).map_while(|place| book.info(place));
        fonts.find(|info| has(info)).map(|info| info.family.clone())
    })
}
