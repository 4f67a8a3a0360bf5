//! What an answer of a server means for the lines that were sent. Pure.

use std::time::Duration;

use crate::model::Timestamp;

use super::pace;

/// Characters of a server's message that are kept.
const MESSAGE_CHARS_MAX: usize = 400;

/// Words by which the servers say that a line is at fault, not the request or the set-up.
const ABOUT_LINES: [&str; 9] = [
    "partial write",
    "unable to parse",
    "cannot parse",
    "parse failed",
    "parsing failed",
    "line protocol",
    "type conflict",
    "invalid number",
    "retention policy dropped",
];

/// The verdict on one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Stored.
    Done,
    /// The server will never take all of these lines.
    Poison(Poison),
    /// The body has to be smaller.
    TooLarge(Poison),
    /// A person has to do something; the lines wait.
    Refused { why: Refusal, detail: String },
    /// Later, and perhaps the server says when.
    Busy { retry_after: Option<Duration>, detail: String },
    /// No answer, or an error of the server itself.
    Failed { fault: Fault, detail: String },
}

/// A refusal of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Poison {
    pub(super) status: u16,
    /// The server's words.
    pub(super) message: String,
    /// The words are about lines. If not, the request or the set-up may be at fault.
    pub(super) certain: bool,
    /// How many lines the server says it has dropped.
    pub(super) dropped: Option<usize>,
    /// The lines that the server names, where it says that it has stored all others.
    pub(super) named: Vec<Named>,
}

/// A line that a server names as the one at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Its place in what was sent, from 0.
    pub(super) line: usize,
    /// The server's words about it.
    pub(super) message: String,
    /// How the line begins, as the server read it; empty where it does not say.
    pub(super) start: String,
}

/// Why a server takes nothing from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Credentials,
    Forbidden,
    NoDatabase,
    NotFound,
    Redirect,
    Unexpected,
}

/// Why there was no useful answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Connect,
    Timeout,
    Network,
    /// A status of 500 or more.
    Server,
}

/// The parts of a response that matter.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Response<'a> {
    pub(super) status: u16,
    pub(super) retry_after: Option<&'a str>,
    pub(super) location: Option<&'a str>,
    pub(super) body: &'a str,
}

/// Sorts a response.
pub(super) fn classify(response: Response<'_>, now: Timestamp) -> Answer {
    let message = message_of(response.body);
    let lower = message.to_lowercase();
    let detail = match response.location {
        Some(location) => shorten(&format!("{} -> {location}", response.status)),
        None => format!("{} {message}", response.status).trim_end().to_owned(),
    };
    let partial = lower.contains("partial write");
    let poison = |certain| Poison {
        status: response.status,
        message: message.clone(),
        certain,
        dropped: dropped_of(&lower),
        named: if partial { named_of(response.body) } else { Vec::new() },
    };
    match response.status {
        // Only 204 means stored. A proxy's login page is a 200.
        204 => Answer::Done,
        400 | 422 => Answer::Poison(poison(ABOUT_LINES.iter().any(|word| lower.contains(word)))),
        413 => Answer::TooLarge(poison(false)),
        500.. if lower.contains("max request size") => Answer::TooLarge(poison(false)),
        402.. if partial && dropped_of(&lower).is_some() => Answer::Poison(poison(true)),
        401 => Answer::Refused { why: Refusal::Credentials, detail },
        403 => Answer::Refused { why: Refusal::Forbidden, detail },
        404 if is_missing(&lower) => Answer::Refused { why: Refusal::NoDatabase, detail },
        404 => Answer::Refused { why: Refusal::NotFound, detail },
        408 | 429 | 503 => {
            let retry_after = response.retry_after.and_then(|word| pace::retry_after(word, now));
            Answer::Busy { retry_after, detail }
        }
        300..=399 => Answer::Refused { why: Refusal::Redirect, detail },
        500.. => Answer::Failed { fault: Fault::Server, detail },
        _ => Answer::Refused { why: Refusal::Unexpected, detail },
    }
}

fn is_missing(message: &str) -> bool {
    ["database", "bucket"].iter().any(|word| message.contains(word))
        && message.contains("not found")
}

/// The server's own words: from JSON where it sends some, else the start of the body.
fn message_of(body: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let found = json.as_ref().and_then(|json| {
        let texts = ["message", "error"].iter().filter_map(|key| json.get(key)?.as_str());
        texts.max_by_key(|text| text.len())
    });
    // InfluxDB 3 names each refused line beside a general message.
    let first = json.as_ref().and_then(|json| json.get("data")?.get(0)?.get("error_message"));
    match (found, first.and_then(serde_json::Value::as_str)) {
        (Some(text), Some(first)) => shorten(&format!("{text}: {first}")),
        (Some(text), None) => shorten(text),
        (None, _) => shorten(body),
    }
}

/// The lines that InfluxDB 3 names beside a partial write. None of them where one cannot be read:
/// then the search has to find them.
fn named_of(body: &str) -> Vec<Named> {
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let data = json.as_ref().and_then(|json| json.get("data")?.as_array());
    let named = data.into_iter().flatten().map(|entry| {
        let text = |key: &str| entry.get(key).and_then(serde_json::Value::as_str);
        let line = usize::try_from(entry.get("line_number")?.as_u64()?).ok()?.checked_sub(1)?;
        let message = shorten(text("error_message").unwrap_or_default());
        Some(Named { line, message, start: text("original_line").unwrap_or_default().to_owned() })
    });
    named.collect::<Option<Vec<Named>>>().unwrap_or_default()
}

/// One line of bounded length.
pub(super) fn shorten(text: &str) -> String {
    let plain = text.trim().chars().take(MESSAGE_CHARS_MAX);
    plain.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `… dropped=3` -> 3.
fn dropped_of(message: &str) -> Option<usize> {
    let (_, rest) = message.rsplit_once("dropped=")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Answer {
        classify(Response { status, body, ..Response::default() }, Timestamp::from_ms(0))
    }

    fn refused(answer: &Answer) -> Option<Refusal> {
        match answer {
            Answer::Refused { why, .. } => Some(*why),
            _ => None,
        }
    }

    #[test]
    fn answers_of_the_servers_are_sorted() {
        assert_eq!(of(204, ""), Answer::Done);
        assert_eq!(refused(&of(200, "<html>log in</html>")), Some(Refusal::Unexpected));
        let v1 = r#"{"error":"partial write: field type conflict: input field \"v\" dropped=2"}"#;
        let Answer::Poison(poison) = of(400, v1) else { panic!("a poison") };
        assert!(poison.certain && poison.dropped == Some(2), "{poison:?}");
        let v2 = r#"{"code":"invalid","message":"unable to parse 'x': missing fields"}"#;
        assert!(matches!(of(400, v2), Answer::Poison(Poison { certain: true, .. })));
        let tls = "Client sent an HTTP request to an HTTPS server.\n";
        assert!(matches!(of(400, tls), Answer::Poison(Poison { certain: false, .. })));
        assert!(matches!(of(413, ""), Answer::TooLarge(_)));
        assert!(matches!(of(500, "max request size (10485760 bytes)"), Answer::TooLarge(_)));
        assert_eq!(refused(&of(401, "")), Some(Refusal::Credentials));
        assert_eq!(refused(&of(403, "")), Some(Refusal::Forbidden));
        let gone = r#"{"error":"database not found: \"nope\""}"#;
        assert_eq!(refused(&of(404, gone)), Some(Refusal::NoDatabase));
        assert_eq!(refused(&of(404, "404 page not found")), Some(Refusal::NotFound));
        assert_eq!(refused(&of(307, "")), Some(Refusal::Redirect));
        assert!(matches!(of(502, ""), Answer::Failed { fault: Fault::Server, .. }));
        assert!(matches!(of(503, ""), Answer::Busy { retry_after: None, .. }));
    }

    /// What an answer leads to, in a word.
    fn outcome(answer: &Answer) -> &'static str {
        match answer {
            Answer::Done => "stored",
            Answer::Poison(poison) if !poison.named.is_empty() => "named",
            Answer::Poison(poison) if poison.certain => "search",
            Answer::Poison(_) => "doubt",
            Answer::TooLarge(_) => "split",
            Answer::Refused { .. } => "keep and tell",
            Answer::Busy { .. } => "later",
            Answer::Failed { .. } => "again",
        }
    }

    /// Every answer that a database of our acquaintance gives to a write.
    const KNOWN: &[(u16, &str, &str)] = &[
        // InfluxDB 1.6 to 1.12.
        (204, "", "stored"),
        (
            400,
            r#"{"error":"partial write: unable to parse 'x': missing fields dropped=1"}"#,
            "search",
        ),
        (400, r#"{"error":"unable to parse 'a b=NaN': invalid number"}"#, "search"),
        (400, r#"{"error":"partial write: points beyond retention policy dropped=1"}"#, "search"),
        (
            400,
            r#"{"error":"partial write: field type conflict: input field \"v\" dropped=1"}"#,
            "search",
        ),
        (400, r#"{"error":"unexpected EOF"}"#, "doubt"),
        (401, r#"{"error":"authorization failed"}"#, "keep and tell"),
        (
            403,
            r#"{"error":"\"u\" user is not authorized to write to database \"hall\""}"#,
            "keep and tell",
        ),
        (404, r#"{"error":"database not found: \"hall\""}"#, "keep and tell"),
        (413, r#"{"error":"Request Entity Too Large"}"#, "split"),
        (500, r#"{"error":"retention policy not found: x"}"#, "again"),
        (500, r#"{"error":"engine: cache-max-memory-size exceeded: (3/1)"}"#, "again"),
        (503, r#"{"error":"timeout"}"#, "later"),
        // InfluxDB 2.
        (400, r#"{"code":"invalid","message":"unable to parse 'x y': missing fields"}"#, "search"),
        (
            422,
            r#"{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict dropped=1"}"#,
            "search",
        ),
        (401, r#"{"code":"unauthorized","message":"unauthorized access"}"#, "keep and tell"),
        (404, r#"{"code":"not found","message":"bucket \"hall\" not found"}"#, "keep and tell"),
        (
            413,
            r#"{"code":"request too large","message":"cannot read data: points in batch is too large"}"#,
            "split",
        ),
        (429, r#"{"code":"too many requests","message":"exceeded write limit"}"#, "later"),
        (
            500,
            r#"{"code":"internal error","message":"unexpected error writing points to database: timeout"}"#,
            "again",
        ),
        // InfluxDB 3 Core, 3.6 to 3.11.
        (
            400,
            r#"{"error":"partial write of line protocol occurred","data":[{"original_line":"x","line_number":1,"error_message":"No fields were provided"}]}"#,
            "named",
        ),
        (
            400,
            r#"{"error":"parsing failed for write_lp endpoint","data":[{"original_line":"x","line_number":1,"error_message":"e"}]}"#,
            "search",
        ),
        (401, "", "keep and tell"),
        (403, "", "keep and tell"),
        (413, "max request size (10485760 bytes) exceeded", "split"),
        (500, "max request size (10485760 bytes) exceeded", "split"),
        (422, r#"{"error":"Adding a new database would exceed limit of 5 databases"}"#, "doubt"),
        (503, "node stopped", "later"),
        // VictoriaMetrics, GreptimeDB, QuestDB.
        (400, r#"cannot parse influx line "x": missing space"#, "search"),
        (
            400,
            r#"{"code":1004,"error":"Failed to parse InfluxDB line protocol, reason: x","execution_time_ms":0}"#,
            "search",
        ),
        (
            400,
            r#"{"code":"invalid","message":"failed to parse line protocol: invalid field format","line":2}"#,
            "search",
        ),
        // What stands between.
        (200, "<html>sign in</html>", "keep and tell"),
        (302, "", "keep and tell"),
        (408, "", "later"),
        (502, "<html>502 Bad Gateway</html>", "again"),
        (504, "", "again"),
        (599, "", "again"),
        (418, "", "keep and tell"),
    ];

    #[test]
    fn every_known_answer_leads_where_it_should() {
        for (status, body, expected) in KNOWN {
            assert_eq!(outcome(&of(*status, body)), *expected, "{status} {body}");
        }
    }

    #[test]
    fn lines_that_a_server_names_are_known() {
        let body = r#"{"error":"partial write of line protocol occurred","data":[
            {"original_line":"a b=1u","line_number":2,"error_message":"invalid column type"},
            {"original_line":"c","line_number":9,"error_message":"No fields were provided"}]}"#;
        let Answer::Poison(poison) = of(400, body) else { panic!("a poison") };
        let lines: Vec<usize> = poison.named.iter().map(|named| named.line).collect();
        assert_eq!(lines, [1, 8]);
        assert_eq!(poison.named[1].message, "No fields were provided");
        // Nothing was stored: they do not stand for all the others.
        let whole = body.replace("partial write of line protocol occurred", "parsing failed");
        let Answer::Poison(poison) = of(400, &whole) else { panic!("a poison") };
        assert!(poison.certain && poison.named.is_empty());
        let odd = body.replace("\"line_number\":9", "\"line_number\":0");
        let Answer::Poison(poison) = of(400, &odd) else { panic!("a poison") };
        assert!(poison.named.is_empty(), "one that cannot be read: the search finds them");
    }

    #[test]
    fn messages_are_short_and_on_one_line() {
        let Answer::Failed { detail, .. } = of(500, &"a\nb".repeat(1000)) else { panic!("failed") };
        assert!(detail.chars().count() < 420 && !detail.contains('\n'));
    }
}
