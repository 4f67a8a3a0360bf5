//! Files of a year: what is right is read, and what is wrong is told all at once.

use jiff::civil::date;

use super::*;
use crate::model::{Mistake, Text};

fn wrong(file: &str, source: &str) -> Vec<Mistake> {
    let files = [(file.to_owned(), source.to_owned())];
    Holidays::with_files(&files).expect_err("mistakes")
}

fn told(file: &str, source: &str) -> Vec<String> {
    let line = |m: &Mistake| format!("{}:{} {}", m.line, m.column, m.problem.en);
    wrong(file, source).iter().map(line).collect()
}

#[test]
fn shipped_years_have_no_mistakes() {
    // They are read once more as own files, so that a mistake would be told.
    let files = [
        ("2024.toml", include_str!("years/2024.toml")),
        ("2025.toml", include_str!("years/2025.toml")),
        ("2026.toml", include_str!("years/2026.toml")),
    ]
    .map(|(name, source)| (name.to_owned(), source.to_owned()));
    assert_eq!(Holidays::with_files(&files), Ok(Holidays::shipped()));
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src/calendar/years");
    if let Ok(folder) = std::fs::read_dir(root) {
        assert_eq!(folder.count(), files.len(), "every file of the folder is shipped");
    }
}

#[test]
fn a_folder_adds_years_and_replaces_them_whole() {
    let folder = tempfile::tempdir().expect("folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    let missing = Holidays::with_folder(&folder.path().join("none")).expect("adds nothing");
    assert_eq!(missing, Holidays::shipped());
    write(
        "2027.toml",
        "year = 2027\nsource = \"x\"\n[[holiday]]\nzh = \"元旦\"\nen = \"New Year\"\n\
         off = [2027-01-01, \"2027-01-02～2027-01-03\"]\n",
    );
    write(
        "2026.toml",
        "year = 2026\nsource = \"own\"\n[[holiday]]\nzh = \"馆休\"\nen = \"Own\"\n\
         off = \"2026-06-01\"\nwork = [\"2026-06-06\"]\n",
    );
    write("notes.txt", "not read");
    write("README", "not read");
    let holidays = Holidays::with_folder(folder.path()).expect("no mistakes");
    assert_eq!(holidays.years().collect::<Vec<_>>(), [2024, 2025, 2026, 2027]);
    let new_year = DayKind::Holiday(Text::new("元旦", "New Year"));
    assert_eq!(holidays.day(date(2027, 1, 1)), new_year);
    assert_eq!(holidays.day(date(2027, 1, 3)), new_year);
    assert_eq!(holidays.missing(date(2026, 12, 1)), None);
    assert_eq!(holidays.source(2026), Some("own"));
    assert_eq!(holidays.day(date(2026, 10, 1)), DayKind::Workday, "replaced whole");
    let made_up = holidays.day(date(2026, 6, 6));
    assert_eq!(made_up.text().zh, "馆休调休上班");
    write("2025.toml", "year = 2026\n");
    write("2028.toml", "year = \"2028\"\n");
    let error = Holidays::with_folder(folder.path()).expect_err("mistakes");
    assert_eq!(error.to_string(), "6 mistakes in holiday files");
    assert_eq!(error.text().zh, "节假日文件有 6 处错误");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let source = "\
year = 2026
sauce = \"x\"
source = \"\"

[[holiday]]
zh = \"国庆节\"
of = [\"2026-10-01\"]
off = [\"2026-10-01..2026-10-07\", \"2026-10-05\", \"2025-12-31..2026-01-01\", \"2026-02-30\"]
work = [\"2026-10-03\", \"2026-10-09\", \"2026-10-08..2026-10-02\", 7]

[[holiday]]
zh = 3
en = \"x\"
";
    assert_eq!(
        told("conf/2027.toml", source),
        [
            "1:8 year `2026` stands in `2027.toml`",
            "2:1 unknown key `sauce`",
            "3:10 `source = \"\"` is empty",
            "5:1 `en` is missing",
            "7:1 unknown key `of`",
            "8:34 `2026-10-05` is there twice (国庆节)",
            "8:48 `2025-12-31..2026-01-01` is not in 2026",
            "8:74 `2026-02-30` is not a date",
            "9:9 `2026-10-03` is both a day off and a working day (国庆节)",
            "9:23 the make-up working day `2026-10-09` is a Friday",
            "9:37 `2026-10-08..2026-10-02` ends before it begins",
            "9:63 `7` is not text",
            "11:1 `off` is missing",
            "12:6 `3` is not text",
        ]
    );
    for mistake in wrong("conf/2027.toml", source) {
        let Mistake { problem, hint, .. } = &mistake;
        assert!(![problem, hint].iter().any(|t| t.zh.is_empty() || t.en.is_empty()), "{mistake}");
        assert_eq!(problem.zh.contains('`'), problem.en.contains('`'), "{mistake}");
    }
}

#[test]
fn forms_that_are_no_year_are_told() {
    assert_eq!(
        told("holidays.toml", "year = 26\n"),
        [
            "1:1 the file name `holidays.toml` is not a year",
            "1:1 `source` is missing",
            "1:1 `holiday` is missing",
            "1:8 `26` is not a year",
        ]
    );
    let whole =
        "source = \"x\"\n[[holiday]]\nzh = \"x\"\nen = \"x\"\noff = \"2026-12-31..2027-01-01\"\n";
    assert_eq!(
        told("20260.toml", &format!("year = 2026\n{whole}")),
        [
            "1:1 the file name `20260.toml` is not a year",
            "6:7 `2026-12-31..2027-01-01` is not in 2026",
        ]
    );
    assert_eq!(wrong("2026.toml", whole)[1].hint.en, "write it into 2027.toml");
    assert_eq!(
        told("2027.toml", "year = 2027\nsource = \"x\"\nholiday = [1]\n"),
        ["3:11 `[1]` is no list of [[holiday]]"]
    );
    // A mistyped key is one mistake, not two.
    assert_eq!(
        told("2027.toml", "year = 2027\nsourec = \"x\"\n[[holidays]]\nzh = \"x\"\n"),
        ["2:1 unknown key `sourec`", "3:3 unknown key `holidays`"]
    );
    // What a broken line would have said is not missed; the rest is looked at all the same.
    let broken =
        told("2027.toml", "year = 2027\nsource = oops\n[[holiday]]\noff = \"2027-13-01\"\n");
    assert_eq!(broken.len(), 2, "{broken:#?}");
    assert!(broken[0].starts_with("2:10 ") && broken[0].ends_with(": `oops`"), "{broken:#?}");
    assert_eq!(broken[1], "4:7 `2027-13-01` is not a date");
    let full_width = told("2027.toml", "year = 2027\nsource = “x”\n");
    let open = told("2027.toml", "year = 2027\nsource = \n");
    assert!(open[0].ends_with(": `source =`"), "{open:#?}");
    assert!(full_width.iter().all(|line| line.starts_with("2:")), "{full_width:#?}");
}
