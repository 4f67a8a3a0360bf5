//! Holds the house rules: data flows one way, files and functions stay small, every file says
//! what it is for, and nothing is left half done. It prints the figures it judges by.
//!
//! The checker is a pure function over files, so it is tried on small crooked houses first: a
//! checker that cannot fail is a defect.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::path::Path;

#[path = "support/rust_text.rs"]
mod rust_text;

use rust_text::{Shown, functions, only};

/// The rooms of `src/` in the order of the flow, with their rank. A room imports only rooms of
/// lower rank. Rank 0 has steps (the second number): everybody stands on `model`.
const ROOMS: [(&str, (u8, u8)); 33] = [
    ("model", (0, 0)),
    ("clock", (0, 1)),
    ("sky", (0, 1)),
    ("tally", (0, 1)),
    ("supervise", (0, 2)),
    ("calendar", (1, 0)),
    ("profile", (1, 0)),
    ("query", (1, 0)),
    ("factor", (1, 0)),
    ("tariff", (1, 1)),
    ("journal", (2, 0)),
    ("counter", (2, 1)),
    ("energy", (2, 2)),
    ("history", (2, 2)),
    ("source", (3, 0)),
    ("influx", (3, 0)),
    ("live", (3, 0)),
    ("past", (4, 0)),
    ("daybook", (4, 1)),
    ("proof", (4, 0)),
    ("pv", (4, 0)),
    ("service", (4, 0)),
    ("simulate", (4, 0)),
    ("rule", (4, 1)),
    ("alert", (5, 0)),
    ("repair", (5, 1)),
    ("notify", (5, 2)),
    ("books", (5, 0)),
    ("report", (6, 0)),
    ("web", (7, 0)),
    ("config", (8, 0)),
    ("app", (9, 0)),
    ("cli", (10, 0)),
];

/// Longest file, lines.
const FILE_LINES_MAX: usize = 600;
/// Longest function, lines from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;
/// Longest `app.rs`: it joins the rooms and does nothing else.
const APP_LINES_MAX: usize = 350;
/// Half of the files of `src/` are shorter than this, lines.
const MEDIAN_LINES_BOUND: usize = 220;

/// What may lie at the top, besides dot files.
const TOP: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "CHANGELOG.md",
    "src",
    "devices",
    "dashboards",
    "deploy",
    "tests",
    // What cargo builds; git ignores it.
    "target",
];

/// Names that say nothing.
const DRAWERS: [&str; 6] = ["utils", "util", "common", "misc", "helpers", "helper"];

/// Marks of unfinished work in comments, cut in two so that this file holds none.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Unfinished work in code.
const STUBS: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "#[ignore"];

/// Everything in the Modbus library that changes a device.
const WRITES: [&str; 13] = [
    "WriteSingleCoil",
    "WriteMultipleCoils",
    "WriteSingleRegister",
    "WriteMultipleRegisters",
    "MaskWriteRegister",
    "MaskedWriteRegister",
    "ReadWriteMultipleRegisters",
    "write_single_coil",
    "write_multiple_coils",
    "write_single_register",
    "write_multiple_registers",
    "masked_write_register",
    "read_write_multiple_registers",
];

/// A file of the tree.
struct File {
    path: String,
    text: String,
}

/// What was measured.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    files: usize,
    lines: usize,
    median_lines: usize,
    longest: (usize, String),
    functions: usize,
    longest_function: (usize, String),
    edges: usize,
    mutual_pairs: usize,
}

fn rank(room: &str) -> Option<(u8, u8)> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, rank)| *rank)
}

/// The room of a file in `src/`, and how many `super` lead from the file to the crate's root.
fn room(path: &str) -> Option<(&str, usize)> {
    let inner = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let room = inner.split('/').next()?;
    let depth = inner.trim_end_matches("/mod").split('/').count();
    (!matches!(room, "main" | "lib")).then_some((room, depth))
}

/// The rooms that a file's code names, with the line: `crate::a::B`, `crate::{a, b::C}`, and the
/// way round by `super`.
fn imports(code: &str, depth: usize) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let roots = ["crate::".to_owned(), "super::".repeat(depth)];
    for root in &roots {
        for (at, _) in code.match_indices(root.as_str()) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ':')) {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let rest = &code[at + root.len()..];
            let names = match rest.strip_prefix('{') {
                Some(group) => heads(group),
                None => vec![word(rest)],
            };
            let rooms = names.into_iter().filter(|name| rank(name).is_some());
            found.extend(rooms.map(|name| (name, line)));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The first words of the entries of a group, which begins after its brace.
fn heads(group: &str) -> Vec<String> {
    let mut names = vec![word(group.trim_start())];
    let mut depth = 0_i32;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(word(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn check(files: &[File], top: &[&str]) -> (Vec<String>, Figures) {
    let mut wrong = Vec::new();
    let mut figures = Figures::default();
    check_top(top, &mut wrong);
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let code = only(&file.text, Shown::Code);
        check_shape(file, &mut wrong, &mut figures);
        check_functions(file, &code, &mut wrong, &mut figures);
        check_finished(file, &code, &mut wrong);
    }
    check_flow(files, &mut wrong, &mut figures);
    check_map(files, &mut wrong);
    check_median(files, &mut wrong, &mut figures);
    (wrong, figures)
}

fn check_top(top: &[&str], wrong: &mut Vec<String>) {
    for name in top {
        let known = TOP.contains(name) || name.starts_with('.') || name.starts_with("LICENSE");
        if !known {
            wrong.push(format!("{name}: does not belong at the top"));
        }
    }
}

fn check_shape(file: &File, wrong: &mut Vec<String>, figures: &mut Figures) {
    let File { path, text } = file;
    let lines = text.lines().count();
    figures.longest = std::mem::take(&mut figures.longest).max((lines, path.clone()));
    if !text.starts_with("//! ") {
        wrong.push(format!("{path}:1: does not begin with `//!` and what it is for"));
    }
    if lines > FILE_LINES_MAX {
        wrong.push(format!("{path}: {lines} lines, at most {FILE_LINES_MAX}"));
    }
    if path == "src/app.rs" && lines > APP_LINES_MAX {
        wrong.push(format!("{path}: {lines} lines, at most {APP_LINES_MAX}"));
    }
    let parts: Vec<_> = path.trim_end_matches(".rs").split('/').collect();
    if let Some(drawer) = parts.iter().find(|part| DRAWERS.contains(part)) {
        wrong.push(format!("{path}: `{drawer}` says nothing, name it after what it holds"));
    }
    let door = parts.len() == 3 && parts.first() == Some(&"src") && parts.last() == Some(&"mod");
    if door && !text.contains("//! Architecture invariant:") {
        wrong.push(format!("{path}: has no `Architecture invariant:`"));
    }
}

fn check_functions(file: &File, code: &str, wrong: &mut Vec<String>, figures: &mut Figures) {
    for (line, name, lines) in functions(code) {
        figures.functions += 1;
        let this = (lines, format!("{}:{line} {name}", file.path));
        figures.longest_function = std::mem::take(&mut figures.longest_function).max(this);
        if lines > FUNCTION_LINES_MAX {
            let path = &file.path;
            wrong.push(format!(
                "{path}:{line}: `{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}"
            ));
        }
    }
}

fn check_finished(file: &File, code: &str, wrong: &mut Vec<String>) {
    let path = &file.path;
    for (index, line) in only(&file.text, Shown::Comments).lines().enumerate() {
        let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric()).collect();
        if let Some(mark) = MARKS.iter().find(|mark| words.contains(mark)) {
            wrong.push(format!("{path}:{}: `{mark}`: finish it", index + 1));
        }
    }
    for (index, line) in code.lines().enumerate() {
        if let Some(stub) = STUBS.iter().find(|stub| line.contains(**stub)) {
            wrong.push(format!("{path}:{}: `{stub}`: finish it", index + 1));
        }
        let reads_only = path.starts_with("src/") && !path.starts_with("src/simulate/");
        if let Some(write) = WRITES.iter().find(|write| reads_only && line.contains(**write)) {
            wrong.push(format!("{path}:{}: `{write}`: hallwatch only reads", index + 1));
        }
    }
}

fn check_flow(files: &[File], wrong: &mut Vec<String>, figures: &mut Figures) {
    let mut edges: BTreeSet<(String, String)> = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for file in files {
        let Some((from, depth)) = room(&file.path) else { continue };
        let Some(own) = rank(from) else {
            unknown.insert(from.to_owned());
            continue;
        };
        for (to, line) in imports(&only(&file.text, Shown::Code), depth) {
            if to == from {
                continue;
            }
            if rank(&to).is_some_and(|rank| rank >= own) {
                wrong.push(format!("{}:{line}: `{from}` may not import `{to}`", file.path));
            }
            edges.insert((from.to_owned(), to));
        }
    }
    wrong.extend(unknown.iter().map(|room| format!("src/{room}: has no rank in tests/tidy.rs")));
    let back =
        |(from, to): &&(String, String)| from < to && edges.contains(&(to.clone(), from.clone()));
    let mutual: Vec<_> = edges.iter().filter(back).collect();
    wrong.extend(mutual.iter().map(|(a, b)| format!("src: `{a}` and `{b}` use each other")));
    figures.edges = edges.len();
    figures.mutual_pairs = mutual.len();
}

/// `lib.rs` is the map: its rooms stand in the order of the flow.
fn check_map(files: &[File], wrong: &mut Vec<String>) {
    let Some(map) = files.iter().find(|file| file.path == "src/lib.rs") else { return };
    let mut last: Option<(&str, u8)> = None;
    for (index, line) in map.text.lines().enumerate() {
        let line = line.trim_start_matches("pub ");
        let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else {
            continue;
        };
        let Some((rank, _)) = rank(name) else { continue };
        if let Some((before, _)) = last.filter(|(_, before)| *before > rank) {
            wrong.push(format!("src/lib.rs:{}: `{name}` stands below `{before}`", index + 1));
        }
        last = Some((name, rank));
    }
}

fn check_median(files: &[File], wrong: &mut Vec<String>, figures: &mut Figures) {
    let sources = files.iter().filter(|f| f.path.starts_with("src/") && f.path.ends_with(".rs"));
    let mut lines: Vec<_> = sources.map(|file| file.text.lines().count()).collect();
    lines.sort_unstable();
    figures.files = lines.len();
    figures.lines = lines.iter().sum();
    figures.median_lines = lines.get(lines.len() / 2).copied().unwrap_or_default();
    if figures.median_lines >= MEDIAN_LINES_BOUND {
        wrong.push(format!("src: the median file has {} lines", figures.median_lines));
    }
}

/// All Rust files of the project.
fn tree(root: &Path) -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules"
            {
                folders.push(path);
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    files.push(root.join("dashboards/build.rs"));
    files.sort();
    let shown = |path: &Path| path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    files.iter().map(|path| File { path: shown(path), text: read(path) }).collect()
}

#[test]
fn the_house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let top: Vec<_> = top.iter().map(String::as_str).collect();
    let (wrong, figures) = check(&tree(root), &top);
    println!("files in src: {}, lines: {}", figures.files, figures.lines);
    println!("median file: {} lines, longest: {:?}", figures.median_lines, figures.longest);
    println!("functions: {}, longest: {:?}", figures.functions, figures.longest_function);
    println!("imports between rooms: {}, mutual pairs: {}", figures.edges, figures.mutual_pairs);
    assert!(wrong.is_empty(), "{} against the house rules:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the checker says of a house of these files.
fn said(files: &[(&str, &str)], top: &[&str]) -> Vec<String> {
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() })
        .collect();
    check(&files, top).0
}

/// The start of a room's door.
const DOOR: &str = "//! A room.\n//!\n//! Architecture invariant: none.\n";
/// The start of another file.
const FILE: &str = "//! A file.\n";

/// A house of one file, and the one thing that has to be said of it.
fn crooked(path: &str, text: &str, expected: &str) {
    assert_eq!(said(&[(path, text)], &[]), [expected], "{path}");
}

#[test]
fn imports_against_the_flow_are_named() {
    let up = format!("{DOOR}use crate::web::Page;\n");
    crooked("src/journal/mod.rs", &up, "src/journal/mod.rs:4: `journal` may not import `web`");
    let level = format!("{FILE}fn f() {{ crate::influx::g(); }}\n");
    crooked("src/live/a.rs", &level, "src/live/a.rs:2: `live` may not import `influx`");
    let group = format!("{FILE}use crate::{{model::{{A, B}}, web}};\n");
    crooked("src/pv/a.rs", &group, "src/pv/a.rs:2: `pv` may not import `web`");
    let round = format!("{FILE}use super::super::web;\n");
    crooked("src/pv/a.rs", &round, "src/pv/a.rs:2: `pv` may not import `web`");
    crooked("src/attic/mod.rs", DOOR, "src/attic: has no rank in tests/tidy.rs");
    let map = format!("{FILE}pub mod web;\npub mod journal;\n");
    crooked("src/lib.rs", &map, "src/lib.rs:3: `journal` stands below `web`");
}

#[test]
fn files_out_of_shape_are_named() {
    let bare = "use std::fmt;\n";
    let headless = "src/clock.rs:1: does not begin with `//!` and what it is for";
    crooked("src/clock.rs", bare, headless);
    crooked("src/web/mod.rs", FILE, "src/web/mod.rs: has no `Architecture invariant:`");
    let drawer = "src/web/utils.rs: `utils` says nothing, name it after what it holds";
    crooked("src/web/utils.rs", FILE, drawer);
    let long = format!("{FILE}fn long() {{\n{}}}\n", "    x();\n".repeat(69));
    crooked("src/clock.rs", &long, "src/clock.rs:2: `long` has 71 lines, at most 70");
    let long = format!("{FILE}{}", "\n".repeat(600));
    crooked("tests/a.rs", &long, "tests/a.rs: 601 lines, at most 600");
    let median = format!("{FILE}{}", "\n".repeat(219));
    crooked("src/model/a.rs", &median, "src: the median file has 220 lines");
    let app = format!("{FILE}{}", "\n".repeat(350));
    let house = [("src/app.rs", app.as_str()), ("src/sky/a.rs", FILE), ("src/sky/b.rs", FILE)];
    assert_eq!(said(&house, &[]), ["src/app.rs: 351 lines, at most 350"]);
    assert_eq!(said(&[], &["src", "docs", ".ci"]), ["docs: does not belong at the top"]);
}

#[test]
fn unfinished_and_writing_code_is_named() {
    let mark = MARKS[0];
    let text = format!("{FILE}// {mark}: later\n");
    crooked("tests/a.rs", &text, &format!("tests/a.rs:2: `{mark}`: finish it"));
    for stub in STUBS {
        let text = format!("{FILE}{stub}(1)\n");
        crooked("tests/a.rs", &text, &format!("tests/a.rs:2: `{stub}`: finish it"));
    }
    for write in WRITES {
        let text = format!("{FILE}f({write});\n");
        let expected = format!("src/source/a.rs:2: `{write}`: hallwatch only reads");
        let told = said(&[("src/source/a.rs", &text)], &[]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0] == expected || told[0].contains("hallwatch only reads"), "{told:?}");
    }
}

#[test]
fn two_rooms_that_use_each_other_are_named() {
    let files = [
        ("src/web/a.rs", "//! A.\nuse crate::alert::X;\n"),
        ("src/alert/a.rs", "//! A.\nuse crate::web::Y;\n"),
    ];
    let expected =
        ["src/alert/a.rs:2: `alert` may not import `web`", "src: `alert` and `web` use each other"];
    assert_eq!(said(&files, &[]), expected);
}

#[test]
fn a_straight_house_passes() {
    let text = "//! What is in strings and comments does not count: `crate::web`.\n\
        use crate::model::Point;\n\
        // crate::app::run is above us\n\
        /* todo!() */\n\
        const A: &str = \"crate::web dbg! } // \\\" #[ignore\";\n\
        const B: &str = r#\"crate::cli \" unimplemented!\"#;\n\
        const C: char = '\"';\n\
        fn f<'a>(x: &'a str) -> &'a str { x }\n";
    let files = [
        ("src/journal/a.rs", text),
        ("src/simulate/a.rs", "//! No.\nuse A::WriteSingleRegister;\n"),
    ];
    assert_eq!(said(&files, &["Cargo.toml", "LICENSE", ".git"]), Vec::<String>::new());
}
