//! The forms of a report, read by programs of other hands: PDF by poppler, XLSX by openpyxl, JSON by its
//! schema. The pages of the PDF lie as pictures in `report-pages` of the target's `tmp` afterwards.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // made-up readings
#![allow(dead_code, reason = "the support is shared with other tests")]

#[path = "support/year.rs"]
mod year;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use hallwatch::model::{Record, Text};
use hallwatch::report::{Block, Document, Figures, Period, ReportError, csv, html, pdf, xlsx};

use year::{Size, Truth, fill, open};

const SIZE: Size = Size { inverters: 3, meters: 3, kiosks: 1, days: 33, every_min: 5 };

/// A month that is over, with a device that did not speak for some days; made once.
fn report() -> &'static (Figures, Period) {
    static REPORT: OnceLock<(Figures, Period)> = OnceLock::new();
    REPORT.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("runtime");
        runtime.block_on(async {
            let folder = tempfile::tempdir().expect("folder");
            let mut hall = open(folder.path(), SIZE, "");
            let mut truth = Truth::new(SIZE);
            let heard = |record: &Record, minute: i64| {
                let Record::Reading(reading) = record else { return true };
                let silent =
                    reading.device.as_str() == "inv-01" && (8..15).contains(&(minute / 1_440));
                !silent
            };
            fill(&mut hall, SIZE, &mut truth, heard).await;
            let period: Period = "2026-01".parse().expect("a period");
            let figures = hall.reports.figures(period, &|_, _| ()).await.expect("figures");
            hall.journal.close();
            (figures, period)
        })
    })
}

fn document() -> Document {
    let (figures, period) = report();
    Document::of(figures, *period, None)
}

/// Every word that people wrote is harmful.
fn harmful() -> Document {
    let mut document = document();
    let name = || Text::same("=HYPERLINK(\"http://x\") #set page() $x$ <b>&\\");
    document.name = name();
    for section in &mut document.sections {
        for block in &mut section.blocks {
            let Block::Table(table) = block else { continue };
            for row in &mut table.rows {
                for cell in row {
                    if let hallwatch::report::Cell::Name(text) = cell {
                        *text = name();
                    }
                }
            }
        }
    }
    document
}

fn pages_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-pages");
    std::fs::create_dir_all(&folder).expect("folder");
    folder
}

/// What a program says; where it is missing the test fails and says what to install.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!("`{program}`: {error}; install it: apt-get install poppler-utils")
    });
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {told}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn python(script: &str, arguments: &[&str]) -> String {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.venv/bin/python");
    let output = Command::new(&python).arg("-c").arg(script).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("{}: {error}; run tests/run", python.display()));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Writes the PDF and pictures of its pages, in grey as they are printed.
fn printed(document: &Document, chinese: bool, name: &str) -> PathBuf {
    let bytes = pdf(document, chinese, None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(pdf(document, chinese, None).expect("a PDF"), bytes, "the same bytes again");
    let path = pages_folder().join(format!("{name}.pdf"));
    std::fs::write(&path, bytes).expect("written");
    let shown = path.to_str().expect("UTF-8");
    said("pdftoppm", &["-r", "75", "-gray", "-png", shown, shown.trim_end_matches(".pdf")]);
    path
}

#[test]
fn a_pdf_is_a4_with_its_fonts_and_nothing_is_cut() {
    for (chinese, words) in [
        (true, ["绿色建筑运行月报", "系统能效比", "倾斜面辐照传感器实测", "编制"]),
        (
            false,
            [
                "Green building monthly report",
                "performance ratio",
                "plane of the modules",
                "made by",
            ],
        ),
    ] {
        let name = if chinese { "zh" } else { "en" };
        let path = printed(&document(), chinese, name);
        let path = path.to_str().expect("UTF-8");
        let about = said("pdfinfo", &[path]);
        assert!(about.contains("595.276 x 841.89 pts (A4)"), "{about}");
        let fonts = said("pdffonts", &[path]);
        for font in fonts.lines().skip(2) {
            assert!(
                font.contains(" yes yes yes "),
                "embedded, a subset, with its characters: {font}"
            );
        }
        let text = said("pdftotext", &["-layout", path, "-"]);
        for word in words {
            assert!(text.contains(word), "`{word}` in\n{text}");
        }
        // Every word lies within the margins.
        let boxes = said("pdftotext", &["-bbox", path, "-"]);
        let mut seen = 0;
        for word in boxes.lines().filter(|line| line.contains("<word ")) {
            let at = |name: &str| -> f64 {
                let rest = word.split(&format!("{name}=\"")).nth(1).expect("a box");
                rest.split('"').next().expect("a number").parse().expect("a number")
            };
            let inside =
                at("xMin") > 36.0 && at("xMax") < 595.3 - 36.0 && at("yMax") < 841.9 - 14.0;
            assert!(inside, "{word}");
            seen += 1;
        }
        assert!(seen > 300, "{seen} words");
    }
}

#[test]
fn without_a_font_it_is_said_what_to_install() {
    let folder = tempfile::tempdir().expect("folder");
    let error = pdf(&document(), true, Some(folder.path())).expect_err("no font");
    assert!(matches!(error, ReportError::NoFont { .. }), "{error}");
    let text = error.text();
    for words in [&text.zh, &text.en] {
        assert!(words.contains("fonts-noto-cjk"), "{words}");
        assert!(words.contains(&folder.path().display().to_string()), "{words}");
    }
}

#[test]
fn names_do_no_harm_in_any_form() {
    let document = harmful();
    let path = printed(&document, false, "harmful");
    let text = said("pdftotext", &["-raw", path.to_str().expect("UTF-8"), "-"]);
    assert!(text.contains("=HYPERLINK(\"http://x\") #set page() $x$ <b>&\\"), "{text}");
    let page = html(&document, false);
    assert!(!page.contains("<b>") && page.contains("&lt;b&gt;"));
    let table = String::from_utf8(csv(&document, false).expect("CSV")).expect("UTF-8");
    assert!(!table.contains("\"=HYPER") && table.contains("'=HYPER"));
    let path = pages_folder().join("harmful.xlsx");
    std::fs::write(&path, xlsx(&document, false).expect("XLSX")).expect("written");
    let found = python(
        "import sys, openpyxl\n\
         book = openpyxl.load_workbook(sys.argv[1])\n\
         cells = [c for s in book for row in s.iter_rows() for c in row if 'HYPERLINK' in str(c.value)]\n\
         assert all(c.data_type == 's' for c in cells), [c.data_type for c in cells]\n\
         assert sum(c.quotePrefix for c in cells) > 3\n\
         print(len(cells))",
        &[path.to_str().expect("UTF-8")],
    );
    assert!(found.trim().parse::<u32>().expect("a number") > 5, "{found}");
}

#[test]
fn a_workbook_has_a_sheet_for_each_section_charts_and_formulas_that_come_out() {
    let document = document();
    let bytes = xlsx(&document, true).expect("XLSX");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(xlsx(&document, true).expect("XLSX"), bytes, "the same bytes a second later");
    let path = pages_folder().join("zh.xlsx");
    std::fs::write(&path, bytes).expect("written");
    let told = python(
        r#"
import re, sys, openpyxl
path, sections = sys.argv[1], int(sys.argv[2])
book, shown = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
assert len(book.sheetnames) == sections + 1, book.sheetnames
formulas = charts = 0
for sheet in book:
    charts += len(sheet._charts)
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type != 'f':
                continue
            value = shown[sheet.title][cell.coordinate].value
            sums = re.fullmatch(r'=SUM\((\w+):(\w+)\)', cell.value)
            share = re.fullmatch(r'=(\w+)/SUM\(([\w$]+):([\w$]+)\)', cell.value)
            total = lambda a, b: sum(c[0].value or 0 for c in sheet[f'{a}:{b}'.replace('$', '')])
            if sums:
                expected = total(*sums.groups())
            else:
                expected = sheet[share.group(1)].value / total(*share.groups()[1:])
            assert abs(float(value) - expected) < 1e-6 * max(1, abs(expected)), (cell.coordinate, value, expected)
            formulas += 1
print(formulas, charts)
"#,
        &[path.to_str().expect("UTF-8"), &document.sections.len().to_string()],
    );
    let numbers: Vec<u32> = told.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    assert!(numbers[0] >= 2 && numbers[1] >= 2, "formulas and charts: {told}");
}

#[test]
fn json_is_as_its_schema_says_and_comes_back_whole() {
    let (figures, _) = report();
    let text = serde_json::to_string(figures).expect("JSON");
    let again: Figures = serde_json::from_str(&text).expect("read");
    assert_eq!(again, *figures);
    let schema = serde_json::to_string(&Figures::schema()).expect("JSON");
    let folder = pages_folder();
    std::fs::write(folder.join("report.json"), &text).expect("written");
    std::fs::write(folder.join("schema.json"), &schema).expect("written");
    let told = python(
        r#"
import json, sys, jsonschema
schema, report = (json.load(open(f'{sys.argv[1]}/{name}.json')) for name in ('schema', 'report'))
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
kind(schema).validate(report)
report['electricity']['import_kwh'] = 'many'
assert not kind(schema).is_valid(report)
print('valid')
"#,
        &[folder.to_str().expect("UTF-8")],
    );
    assert_eq!(told.trim(), "valid");
}
