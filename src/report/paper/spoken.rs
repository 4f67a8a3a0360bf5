//! The words of a report in one language, as the template is handed them.

use serde::Serialize;

use crate::model::Text;

use super::super::chart;
use super::super::document::{Block, Document, Section, Table};

/// A report in one language.
#[derive(Serialize)]
pub(super) struct Spoken {
    lang: &'static str,
    font: String,
    name: String,
    title: String,
    period: String,
    cover: Vec<[String; 2]>,
    signatures: Vec<[String; 2]>,
    /// Around the number of the page and that of all pages.
    page: [&'static str; 3],
    sections: Vec<SpokenSection>,
    /// Name and SVG of each chart.
    #[serde(skip)]
    pub(super) charts: Vec<(String, String)>,
}

#[derive(Serialize)]
struct SpokenSection {
    title: String,
    blocks: Vec<SpokenBlock>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum SpokenBlock {
    Table {
        title: String,
        columns: Vec<SpokenColumn>,
        rows: Vec<Vec<String>>,
        /// The last row is the sum of those above it.
        summed: bool,
        notes: Vec<String>,
    },
    Chart {
        file: String,
        title: String,
    },
    Note {
        text: String,
    },
}

#[derive(Serialize)]
struct SpokenColumn {
    title: String,
    unit: &'static str,
    number: bool,
    /// It takes what room the others leave.
    wide: bool,
}

impl Spoken {
    pub(super) fn new(document: &Document, chinese: bool, font: &str) -> Self {
        let pick = |text: &Text| if chinese { text.zh.clone() } else { text.en.clone() };
        let mut charts = Vec::new();
        let sections = document.sections.iter();
        let sections = sections.map(|own| section(own, &pick, font, &mut charts)).collect();
        let cover = document.cover.iter();
        let signatures = document.signatures.iter();
        Self {
            lang: if chinese { "zh" } else { "en" },
            font: font.to_owned(),
            name: pick(&document.name),
            title: pick(&document.title),
            period: pick(&document.period),
            cover: cover.map(|(what, cell)| [pick(what), cell.shown(&pick)]).collect(),
            signatures: signatures.map(|(what, who)| [pick(what), pick(who)]).collect(),
            page: if chinese { ["第 ", " 页，共 ", " 页"] } else { ["page ", " of ", ""] },
            sections,
            charts,
        }
    }
}

fn section(
    section: &Section,
    pick: &dyn Fn(&Text) -> String,
    font: &str,
    charts: &mut Vec<(String, String)>,
) -> SpokenSection {
    let mut blocks = Vec::new();
    for block in &section.blocks {
        blocks.push(match block {
            Block::Table(own) => table(own, pick),
            Block::Note(text) => SpokenBlock::Note { text: pick(text) },
            Block::Chart(own) => {
                let file = format!("chart-{}.svg", charts.len());
                charts.push((file.clone(), chart::svg(own, pick, Some(font))));
                SpokenBlock::Chart { file, title: pick(&own.title) }
            }
        });
    }
    SpokenSection { title: pick(&section.title), blocks }
}

fn table(table: &Table, pick: &dyn Fn(&Text) -> String) -> SpokenBlock {
    let rows = table.rows.iter().chain(&table.total);
    let rows = rows.map(|row| row.iter().map(|cell| cell.shown(pick)).collect());
    let rows: Vec<Vec<String>> = rows.collect();
    let longest = |place: usize| {
        let cells = rows.iter().filter_map(|row| row.get(place));
        cells.map(|words| words.chars().count()).max().unwrap_or_default()
    };
    let words = (0..table.columns.len()).filter(|place| !table.is_number(*place));
    let widest = words.max_by_key(|place| (longest(*place), std::cmp::Reverse(*place)));
    let column = |(place, column): (usize, &super::super::document::Column)| SpokenColumn {
        title: pick(&column.title),
        unit: column.unit,
        number: table.is_number(place),
        wide: widest == Some(place),
    };
    SpokenBlock::Table {
        title: pick(&table.title),
        columns: table.columns.iter().enumerate().map(column).collect(),
        rows,
        summed: table.total.is_some(),
        notes: table
            .reasons()
            .into_iter()
            .map(|(mark, why)| format!("—{mark} {}", pick(&why)))
            .collect(),
    }
}
