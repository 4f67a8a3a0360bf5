//! What a message says, whatever its form, and looking things up in it.

use std::fmt;

use serde::de::{self, Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use crate::profile::{Pointer, Step};

use super::refusal::Refusal;

/// A message that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    /// A JSON document.
    Document(Json),
    /// Single values, each at its pointer.
    Flat(Vec<(String, Json)>),
}

impl Body {
    /// Reads a JSON document. An object that has a key twice is ambiguous and refused; nesting
    /// deeper than 128 levels is refused by the parser.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) fn document(payload: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(payload).map_err(|_| Refusal::NotUtf8)?;
        // Editors on Windows put a byte-order mark before a text.
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = serde_json::Deserializer::from_str(text);
        let refused = |error: serde_json::Error| match error.to_string().contains(TWICE) {
            true => Refusal::DuplicateKey,
            false => Refusal::NotJson,
        };
        let json = reader.deserialize_any(Strict).map_err(refused)?;
        reader.end().map_err(|_| Refusal::NotJson)?;
        Ok(Self::Document(json))
    }

    /// One text, the whole payload.
    ///
    /// # Errors
    /// [`Refusal::NotUtf8`].
    pub(super) fn text(payload: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(payload).map_err(|_| Refusal::NotUtf8)?;
        Ok(Self::Flat(vec![(String::new(), Json::String(text.trim().to_owned()))]))
    }

    /// The first value at a pointer.
    #[must_use]
    pub(super) fn first(&self, pointer: &Pointer) -> Option<&Json> {
        self.all(pointer).into_iter().next()
    }

    /// All values at a pointer, in their order.
    #[must_use]
    pub(super) fn all(&self, pointer: &Pointer) -> Vec<&Json> {
        match self {
            Self::Document(json) => {
                let mut found = Vec::new();
                walk(json, &pointer.steps, &mut found);
                found
            }
            Self::Flat(values) => {
                let here = values.iter().find(|(at, _)| *at == pointer.text);
                here.map(|(_, value)| value).into_iter().collect()
            }
        }
    }
}

fn walk<'a>(json: &'a Json, steps: &[Step], found: &mut Vec<&'a Json>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(json);
        return;
    };
    match step {
        Step::Key(key) => {
            let next = match json {
                Json::Object(object) => object.get(key),
                Json::Array(list) => key.parse::<usize>().ok().and_then(|n| list.get(n)),
                _ => None,
            };
            if let Some(next) = next {
                walk(next, rest, found);
            }
        }
        Step::Where(key, value) => {
            let says = |part: &&Json| match part.get(key) {
                Some(Json::String(text)) => text == value,
                Some(Json::Number(number)) => number.to_string() == *value,
                _ => false,
            };
            if let Some(part) = parts(json).find(says) {
                walk(part, rest, found);
            }
        }
        Step::Each => parts(json).for_each(|part| walk(part, rest, found)),
    }
}

/// The parts of an array or an object.
fn parts(json: &Json) -> Box<dyn Iterator<Item = &Json> + '_> {
    match json {
        Json::Array(list) => Box::new(list.iter()),
        Json::Object(object) => Box::new(object.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// Begins the parser's word of a key that is there twice.
const TWICE: &str = "duplicate key";

/// Reads any JSON value, and refuses an object that has a key twice.
struct Strict;

impl<'de> de::DeserializeSeed<'de> for Strict {
    type Value = Json;
    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Self)? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Self)?;
            if object.insert(key, value).is_some() {
                return Err(de::Error::custom(TWICE));
            }
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Body {
        Body::document(text.as_bytes()).expect("JSON")
    }

    fn at<'a>(body: &'a Body, pointer: &str) -> Vec<&'a Json> {
        body.all(&Pointer::parse(pointer).expect("pointer"))
    }

    #[test]
    fn parts_are_found_by_what_they_say() {
        let body = document(
            r#"{"devices":[{"name":"printer","status":2,"bay":7},{"name":"idcard","status":0}],
                "certs":[{"not_after":"2027"},{"x":1},{"not_after":"2026"}]}"#,
        );
        assert_eq!(at(&body, "/devices/[name=idcard]/status"), [&Json::from(0)]);
        assert_eq!(at(&body, "/devices/[bay=7]/status"), [&Json::from(2)]);
        assert!(at(&body, "/devices/[name=camera]/status").is_empty());
        assert_eq!(at(&body, "/certs/[*]/not_after").len(), 2);
        assert_eq!(at(&body, "/devices/1/name"), [&Json::from("idcard")]);
        assert!(at(&body, "/devices/7/name").is_empty());
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
