//! The report as one page of HTML that prints on A4.

use crate::model::{Text, escaped};

use super::chart;
use super::document::{Block, Cell, Document, Section, Table};

const STYLE: &str = include_str!("page.css");

/// The page, Chinese or English; nothing in it comes from elsewhere.
#[must_use]
pub fn html(document: &Document, chinese: bool) -> String {
    let pick = |text: &Text| if chinese { text.zh.clone() } else { text.en.clone() };
    let say = |text: &Text| escaped(&pick(text));
    let (lang, name) = (if chinese { "zh-CN" } else { "en" }, say(&document.name));
    let (title, period) = (say(&document.title), say(&document.period));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{name} {title} {period}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<p class=\"name\">{name}</p>\n<h1>{title}</h1>\n\
         <p class=\"period\">{period}</p>\n<dl>\n"
    );
    for (what, cell) in &document.cover {
        let shown = escaped(&cell.shown(&pick));
        page.push_str(&format!("<div><dt>{}</dt><dd>{shown}</dd></div>\n", say(what)));
    }
    page.push_str("</dl>\n");
    if !document.signatures.is_empty() {
        page.push_str("<dl class=\"signatures\">\n");
        for (what, who) in &document.signatures {
            page.push_str(&format!("<div><dt>{}</dt><dd>{}</dd></div>\n", say(what), say(who)));
        }
        page.push_str("</dl>\n");
    }
    page.push_str("</header>\n<main>\n");
    for (number, section) in (1..).zip(&document.sections) {
        page.push_str(&part(number, section, &pick));
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn part(number: u32, section: &Section, pick: &dyn Fn(&Text) -> String) -> String {
    let (key, title) = (section.key, escaped(&pick(&section.title)));
    let mut part = format!("<section id=\"{key}\">\n<h2>{number}　{title}</h2>\n");
    for block in &section.blocks {
        match block {
            Block::Table(own) => part.push_str(&table(own, pick)),
            Block::Chart(own) => {
                part.push_str(&format!("<figure>{}</figure>\n", chart::svg(own, pick, None)));
            }
            Block::Note(text) => {
                part.push_str(&format!("<p class=\"note\">{}</p>\n", escaped(&pick(text))));
            }
        }
    }
    part.push_str("</section>\n");
    part
}

fn table(table: &Table, pick: &dyn Fn(&Text) -> String) -> String {
    let mut html =
        format!("<table>\n<caption>{}</caption>\n<thead><tr>", escaped(&pick(&table.title)));
    for (place, column) in table.columns.iter().enumerate() {
        let class = if table.is_number(place) { " class=\"number\"" } else { "" };
        let unit = match column.unit {
            "" => String::new(),
            unit => format!(" <small>{unit}</small>"),
        };
        let title = escaped(&pick(&column.title));
        html.push_str(&format!("<th scope=\"col\"{class}>{title}{unit}</th>"));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in table.rows.iter().chain(&table.total) {
        html.push_str("<tr>");
        for cell in row {
            let class = if is_number(cell) { " class=\"number\"" } else { "" };
            let why = match cell {
                Cell::Missing(why, _) => format!(" title=\"{}\"", escaped(&pick(why))),
                _ => String::new(),
            };
            html.push_str(&format!("<td{class}{why}>{}</td>", escaped(&cell.shown(pick))));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n");
    for (mark, why) in table.reasons() {
        html.push_str(&format!("<p class=\"note\">—{mark} {}</p>\n", escaped(&pick(&why))));
    }
    html
}

const fn is_number(cell: &Cell) -> bool {
    matches!(cell, Cell::Number(..) | Cell::Percent(..) | Cell::Missing(..))
}

#[cfg(test)]
mod tests {
    use super::super::csv::csv;
    use super::super::document::Column;
    use super::*;

    /// A report of a device whose name is meant to do harm.
    fn harmful(name: &str) -> Document {
        let columns = vec![Column { title: Text::same("device"), unit: "", share_of: None }];
        let rows = vec![vec![Cell::Name(Text::same(name))]];
        let table = Table { title: Text::same("t"), columns, rows, total: None };
        let section =
            Section { key: "s", title: Text::same("s"), blocks: vec![Block::Table(table)] };
        Document {
            name: Text::same(name),
            title: Text::same("t"),
            period: Text::same("p"),
            last: jiff::civil::date(2026, 10, 31),
            cover: Vec::new(),
            signatures: Vec::new(),
            sections: vec![section],
        }
    }

    #[test]
    fn names_are_neither_markup_nor_formulas() {
        let page = html(&harmful("<script>alert(1)</script>&\"'"), true);
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
        for name in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            let table = csv(&harmful(name), false).expect("CSV");
            let text = String::from_utf8(table).expect("UTF-8");
            assert!(text.starts_with('\u{feff}'));
            let mut reader = ::csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
            let cells: Vec<String> = reader
                .records()
                .flat_map(|record| {
                    record.expect("a row").iter().map(str::to_owned).collect::<Vec<_>>()
                })
                .collect();
            let own = cells.iter().filter(|cell| cell.contains(name)).count();
            assert_eq!(own, 2, "{name:?} in {cells:?}");
            assert!(cells.iter().filter(|c| c.contains(name)).all(|c| c.starts_with('\'')));
        }
    }
}
