//! Databases that are not to be had here, as far as their writing goes: InfluxDB 2.9, 3 Core and
//! GreptimeDB, after their sources and measured answers. They parse the lines, hold fields to their
//! types, keep what they take, and refuse as the real ones do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Fake, Reply, Request};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// InfluxDB 2.9: what cannot be parsed refuses all with 400; a conflict is 422 and the rest is
    /// stored.
    V2,
    /// InfluxDB 3 Core: 400 that names the lines, the rest is stored.
    V3,
    /// GreptimeDB: 400 without a word of which, nothing is stored.
    Greptime,
}

/// Type of a field as the lines show it.
fn type_of(value: &str) -> &'static str {
    match value.as_bytes() {
        [b'"', ..] => "string",
        [.., b'i'] => "integer",
        b"true" | b"false" => "boolean",
        _ => "float",
    }
}

/// Series and time, and the fields there.
pub(crate) type Rows = BTreeMap<(String, i64), BTreeMap<String, String>>;

#[derive(Default)]
struct Store {
    rows: Rows,
    types: BTreeMap<String, &'static str>,
}

/// What became of a line.
enum Trouble {
    Parse(String),
    Conflict(String),
}

impl Store {
    /// Checks a line; keeps it where `keep`.
    fn take(&mut self, line: &str, keep: bool) -> Result<(), Trouble> {
        // No escapes but of blanks in tags come from the sink's devices here.
        let parts: Vec<&str> = line.split_inclusive(' ').collect();
        let [series @ .., fields, time] = parts.as_slice() else {
            return Err(Trouble::Parse(format!("unable to parse '{line}': missing fields")));
        };
        let (series, fields) = (series.concat(), fields.trim_end());
        let Ok(time) = time.parse::<i64>() else {
            return Err(Trouble::Parse(format!("unable to parse '{line}': bad timestamp")));
        };
        let measurement = series.split(',').next().unwrap_or_default().to_owned();
        let mut row = BTreeMap::new();
        for field in fields.split(',') {
            let Some((name, value)) = field.split_once('=') else {
                return Err(Trouble::Parse(format!("unable to parse '{line}': invalid field")));
            };
            // A value that the sink can be made to send and that stands for one that is no number.
            if name.contains("unreadable") {
                return Err(Trouble::Parse(format!("unable to parse '{line}': invalid number")));
            }
            let key = format!("{measurement}.{name}");
            let known = *self.types.entry(key.clone()).or_insert_with(|| type_of(value));
            if known != type_of(value) {
                return Err(Trouble::Conflict(format!(
                    "field type conflict: input field \"{name}\" on measurement \"{measurement}\" \
                     is type {}, already exists as type {known}",
                    type_of(value)
                )));
            }
            row.insert(name.to_owned(), value.to_owned());
        }
        if keep {
            self.rows.entry((series, time)).or_default().extend(row);
        }
        Ok(())
    }
}

/// A database of some make, served on a free port.
pub(crate) struct Engine {
    pub(crate) fake: Fake,
    store: Arc<Mutex<Store>>,
}

impl Engine {
    /// Fields that exist before anything is sent, with their types.
    pub(crate) async fn running(make: Make, types: &[(&str, &'static str)]) -> Self {
        let mut store = Store::default();
        store.types.extend(types.iter().map(|(name, of)| ((*name).to_owned(), *of)));
        let store = Arc::new(Mutex::new(store));
        let kept = store.clone();
        let fake = Fake::running(move |request| {
            if !request.is_write() {
                return Reply::Whole(404, "", r#"{"error":"not found"}"#.to_owned());
            }
            let mut store = kept.lock().unwrap_or_else(PoisonError::into_inner);
            answer(make, &mut store, request)
        });
        Self { fake: fake.await, store }
    }

    /// What is stored.
    pub(crate) fn rows(&self) -> Rows {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).rows.clone()
    }
}

/// What a request gets before its lines are looked at.
fn turned_away(make: Make, request: &Request) -> Option<Reply> {
    let (path, token) = match make {
        Make::V2 => ("/api/v2/write?org=city&bucket=hall&precision=ms", "token s3cret-token"),
        Make::V3 => (
            "/api/v3/write_lp?db=hall&precision=millisecond&accept_partial=true",
            "bearer s3cret-token",
        ),
        Make::Greptime => ("/v1/influxdb/write?db=hall&precision=ms", "basic "),
    };
    if !request.head.contains(&format!("authorization: {token}")) {
        return Some(Reply::Whole(
            401,
            "",
            r#"{"code":"unauthorized","message":"unauthorized"}"#.into(),
        ));
    }
    if request.target != path {
        return Some(Reply::Whole(404, "", r#"{"error":"no such endpoint"}"#.into()));
    }
    let too_large = if make == Make::V3 { 10 << 20 } else { usize::MAX };
    if request.body.len() > too_large {
        return Some(Reply::Whole(500, "", "max request size (10485760 bytes) exceeded".into()));
    }
    if make == Make::V3 && request.body.is_empty() {
        let empty = r#"{"error":"incoming write was empty"}"#;
        return Some(Reply::Whole(400, "", empty.into()));
    }
    None
}

fn answer(make: Make, store: &mut Store, request: &Request) -> Reply {
    if let Some(reply) = turned_away(make, request) {
        return reply;
    }
    let lines = request.lines();
    let parses = |trouble: &Option<Trouble>| matches!(trouble, Some(Trouble::Parse(_)));
    let found: Vec<Option<Trouble>> =
        lines.iter().map(|line| store.take(line, false).err()).collect();
    let first = found.iter().flatten().next();
    let Some(first) = first else {
        lines.iter().for_each(|line| drop(store.take(line, true)));
        return Reply::status(204);
    };
    let message = match found
        .iter()
        .find(|trouble| parses(trouble))
        .and_then(Option::as_ref)
        .unwrap_or(first)
    {
        Trouble::Parse(message) | Trouble::Conflict(message) => message.clone(),
    };
    let mut keep_good = || {
        let good = lines.iter().zip(&found).filter(|(_, trouble)| trouble.is_none());
        good.for_each(|(line, _)| drop(store.take(line, true)));
    };
    match make {
        Make::V2 if found.iter().any(parses) => {
            let body = serde_json::json!({"code": "invalid", "message": message});
            Reply::Whole(400, "X-Platform-Error-Code: invalid\r\n", body.to_string())
        }
        Make::V2 => {
            keep_good();
            let dropped = found.iter().flatten().count();
            let message = format!(
                "failure writing points to database: partial write: {message} dropped={dropped}"
            );
            let body = serde_json::json!({"code": "unprocessable entity", "message": message});
            Reply::Whole(422, "", body.to_string())
        }
        Make::V3 => {
            keep_good();
            let data: Vec<serde_json::Value> = lines
                .iter()
                .zip(&found)
                .enumerate()
                .filter_map(|(at, (line, trouble))| {
                    let (Trouble::Parse(words) | Trouble::Conflict(words)) = trouble.as_ref()?;
                    Some(serde_json::json!({
                        "original_line": line, "line_number": at + 1, "error_message": words,
                    }))
                })
                .collect();
            let error = "partial write of line protocol occurred";
            Reply::Whole(400, "", serde_json::json!({"error": error, "data": data}).to_string())
        }
        Make::Greptime => {
            let error = format!("Failed to parse InfluxDB line protocol, reason: {message}");
            let body = serde_json::json!({"code": 1004, "error": error, "execution_time_ms": 0});
            Reply::Whole(400, "", body.to_string())
        }
    }
}
