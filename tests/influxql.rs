//! Asks an InfluxDB 1.6.7 and this library the same questions about the same readings, and compares
//! the answers value by value. Needs Debian's `influxdb`.
//!
//! `influxql/queries.txt` has one query a line; more are made up, as many as `QUERIES` says. In brackets
//! before a query may stand: `rfc` (times as texts), `s` (times in seconds), `error` (both refuse it),
//! `now` (asked again once, because the clock goes on), `any` (the order of the series is not told).

#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/difference.rs"]
mod difference;
#[path = "influxql/data.rs"]
mod data;
#[path = "influxql/memory.rs"]
mod memory;
#[path = "influxql/random.rs"]
mod random;
#[path = "influxql/server.rs"]
mod server;

use std::time::{SystemTime, UNIX_EPOCH};

use difference::difference;
use hallwatch::query::{Asked, Epoch, answer};
use serde_json::Value;

const QUERIES: &str = include_str!("influxql/queries.txt");
const DATABASE: &str = "hall";

struct Query<'a> {
    marks: Vec<&'a str>,
    text: &'a str,
}

impl<'a> Query<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let Some((marks, text)) = line.strip_prefix('[').and_then(|line| line.split_once(']'))
        else {
            return Some(Self { marks: Vec::new(), text: line });
        };
        Some(Self { marks: marks.split_whitespace().collect(), text: text.trim() })
    }

    fn is(&self, mark: &str) -> bool {
        self.marks.contains(&mark)
    }

    fn epoch(&self) -> Option<&'static str> {
        match () {
            () if self.is("rfc") => None,
            () if self.is("s") => Some("s"),
            () => Some("ms"),
        }
    }
}

fn now_ns() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

fn ours(store: &memory::Memory, query: &Query<'_>) -> Value {
    let asked = Asked { database: Some(DATABASE), now_ns: now_ns() };
    let json = match answer(store, query.text, asked) {
        Ok(answer) => answer.to_json(query.epoch().and_then(Epoch::parse)),
        Err(error) => error.to_json(),
    };
    serde_json::from_str(&json).unwrap()
}

fn sort_series(answer: &mut Value) {
    for result in answer["results"].as_array_mut().unwrap() {
        if let Some(series) = result.get_mut("series").and_then(Value::as_array_mut) {
            series.sort_by_key(|series| series["tags"].to_string());
        }
    }
}

fn is_error(answer: &Value) -> bool {
    answer.to_string().contains("\"error\":")
}

fn compare(server: &server::Server, store: &memory::Memory, query: &Query<'_>) -> Option<String> {
    let mut theirs = server.query(DATABASE, query.text, query.epoch());
    let mut ours = ours(store, query);
    if query.is("any") {
        sort_series(&mut ours);
        sort_series(&mut theirs);
    }
    if query.is("error") {
        let both = is_error(&ours) && is_error(&theirs);
        return (!both).then(|| format!("ours {ours}, theirs {theirs}"));
    }
    if is_error(&theirs) {
        return Some(format!("theirs {theirs}"));
    }
    difference("", &ours, &theirs)
}

/// Asks both, and tells where they differ.
fn ask<'a>(queries: impl Iterator<Item = Query<'a>>) {
    let server = server::Server::start().expect("Debian's influxdb: tests/run installs it");
    let store = data::fill(now_ns() / 1_000_000);
    server.create(DATABASE);
    server.write(DATABASE, &store.line_protocol());
    let (mut compared, mut different) = (0, Vec::new());
    for query in queries {
        let mut found = compare(&server, &store, &query);
        if found.is_some() && query.is("now") {
            found = compare(&server, &store, &query);
        }
        compared += 1;
        different.extend(found.map(|found| format!("{}\n    {:.1500}", query.text, found)));
    }
    eprintln!("{compared} queries compared, {} differ", different.len());
    assert!(different.is_empty(), "\n{}", different.join("\n"));
}

#[test]
fn answers_are_influxdbs() {
    let made_up = std::env::var("QUERIES").map_or(600, |count| count.parse().unwrap());
    let made_up = random::queries(made_up);
    let made_up = made_up.iter().map(|text| Query { marks: Vec::new(), text });
    ask(QUERIES.lines().filter_map(Query::read).chain(made_up));
}
