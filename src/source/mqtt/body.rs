//! What a message says, whatever its form, and looking things up in it.

use crate::profile::{Pointer, Step, Ways};

use super::json::{Json, Unreadable};
use super::refusal::Refusal;

/// A message that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body<'a> {
    /// A JSON document.
    Document(Json<'a>),
    /// Single values, each at its pointer.
    Flat(Vec<(String, Json<'a>)>),
}

impl<'a> Body<'a> {
    /// Reads a JSON document.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) fn document(payload: &'a [u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(payload).map_err(|_| Refusal::NotUtf8)?;
        // Editors on Windows put a byte-order mark before a text.
        let json = Json::read(text);
        json.map(Self::Document).map_err(|unreadable| match unreadable {
            Unreadable::KeyTwice => Refusal::DuplicateKey,
            Unreadable::NotJson => Refusal::NotJson,
        })
    }

    /// One text, the whole payload.
    ///
    /// # Errors
    /// [`Refusal::NotUtf8`].
    pub(super) fn text(payload: &'a [u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(payload).map_err(|_| Refusal::NotUtf8)?;
        Ok(Self::Flat(vec![(String::new(), text.trim().into())]))
    }

    /// The first value at a pointer.
    #[must_use]
    pub(super) fn first(&self, pointer: &Pointer) -> Option<&Json<'a>> {
        match self {
            Self::Document(json) => first(json, &pointer.steps),
            Self::Flat(values) => {
                values.iter().find(|(at, _)| *at == pointer.text).map(|(_, value)| value)
            }
        }
    }
}

fn first<'j, 'a>(json: &'j Json<'a>, steps: &[Step]) -> Option<&'j Json<'a>> {
    let Some((step, rest)) = steps.split_first() else { return Some(json) };
    match step {
        Step::Key(key) => first(json.step(key)?, rest),
        Step::Where(key, value) => first(part_that_says(json, key, value)?, rest),
        Step::Each => json.parts().find_map(|part| first(part, rest)),
    }
}

fn part_that_says<'j, 'a>(json: &'j Json<'a>, key: &str, value: &str) -> Option<&'j Json<'a>> {
    let says = |part: &&Json<'a>| match part.get(key) {
        Some(Json::Text(text)) => text == value,
        Some(Json::Number(number)) => number.to_string() == value,
        _ => false,
    };
    json.parts().find(says)
}

/// The values of a document that fields lead to, with the indices of the fields and in their order.
pub(super) fn found<'j, 'a>(json: &'j Json<'a>, ways: &Ways) -> Vec<(usize, &'j Json<'a>)> {
    let mut found = Vec::with_capacity(16);
    follow(json, ways, &mut found);
    found.sort_by_key(|(field, _)| *field);
    found
}

fn follow<'j, 'a>(json: &'j Json<'a>, ways: &Ways, found: &mut Vec<(usize, &'j Json<'a>)>) {
    found.extend(ways.here.iter().map(|field| (*field, json)));
    match json {
        Json::Object(entries) => {
            for (key, value) in entries {
                if let Some(on) = ways.keys.get(&**key) {
                    follow(value, on, found);
                }
            }
        }
        Json::List(list) => {
            for (key, on) in &ways.keys {
                if let Some(part) = key.parse::<usize>().ok().and_then(|n| list.get(n)) {
                    follow(part, on, found);
                }
            }
        }
        _ => return,
    }
    for (step, on) in &ways.parts {
        match step {
            Step::Each => json.parts().for_each(|part| follow(part, on, found)),
            Step::Where(key, value) => {
                if let Some(part) = part_that_says(json, key, value) {
                    follow(part, on, found);
                }
            }
            Step::Key(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Allowed;

    fn document(text: &str) -> Body<'_> {
        Body::document(text.as_bytes()).expect("JSON")
    }

    #[test]
    fn parts_are_found_by_what_they_say() {
        let body = document(
            r#"{"devices":[{"name":"printer","status":2,"bay":7},{"name":"idcard","status":0}],
                "certs":[{"not_after":"2027"},{"x":1},{"not_after":"2026"}]}"#,
        );
        let Body::Document(json) = &body else { panic!("a document") };
        let at = |pointer: &str| {
            let pointer = Pointer::parse(pointer).expect("pointer");
            let ways = Ways::to(&[&pointer]);
            let all: Vec<_> = found(json, &ways).into_iter().map(|(_, json)| json).collect();
            assert_eq!(body.first(&pointer), all.first().copied(), "{}", pointer.text);
            all
        };
        assert_eq!(at("/devices/[name=idcard]/status"), [&Json::from(0)]);
        assert_eq!(at("/devices/[bay=7]/status"), [&Json::from(2)]);
        assert!(at("/devices/[name=camera]/status").is_empty());
        assert_eq!(at("/certs/[*]/not_after"), [&Json::from("2027"), &Json::from("2026")]);
        assert_eq!(at("/devices/1/name"), [&Json::from("idcard")]);
        assert!(at("/devices/7/name").is_empty());
        assert_eq!(at("").len(), 1);
    }

    #[test]
    fn values_come_in_the_order_of_their_fields() {
        let body = document(r#"{"a":{"x":1,"y":2},"b":3}"#);
        let Body::Document(json) = &body else { panic!("a document") };
        let pointers = ["/b", "/a/y", "/c", "/a/x", "/b"].map(|p| Pointer::parse(p).expect("one"));
        let found = found(json, &Ways::to(&pointers.each_ref()));
        let values: Vec<_> = found.iter().map(|(n, json)| (*n, (*json).clone())).collect();
        assert_eq!(values, [(0, 3.into()), (1, 2.into()), (3, 1.into()), (4, 3.into())]);
        assert_eq!(Allowed::default().ways(), &Ways::default());
    }

    #[test]
    fn what_is_ambiguous_or_no_json_is_refused() {
        let refused = |text: &str| Body::document(text.as_bytes()).expect_err("refused");
        assert_eq!(refused(r#"{"id":"a","id":"b"}"#), Refusal::DuplicateKey);
        assert_eq!(refused(r#"{"a":{"b":1,"c":[{"d":1,"d":1}]}}"#), Refusal::DuplicateKey);
        for text in ["", "{", "{} x", "[1,]", "NaN", r#"{"a":1e999}"#] {
            assert_eq!(refused(text), Refusal::NotJson, "{text}");
        }
        assert_eq!(refused(&"[".repeat(100_000)), Refusal::NotJson);
        assert_eq!(refused(&"{\"a\":".repeat(100_000)), Refusal::NotJson);
        assert_eq!(Body::document(b"\xff"), Err(Refusal::NotUtf8));
        assert_eq!(document("\u{feff}{\"duplicate key\":1}"), document(r#"{"duplicate key":1}"#));
    }
}
