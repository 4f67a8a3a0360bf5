//! JSON values that borrow their texts from the message: most of a message is dropped, and nothing
//! of that is copied first.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    /// None.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number, always finite.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object, in the order of its keys; none is there twice.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Begins the parser's word of a key that is there twice.
const TWICE: &str = "duplicate key";

/// Why a text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is no JSON, or nested deeper than 128 levels.
    NotJson,
    /// An object has a key twice, which is ambiguous.
    KeyTwice,
}

impl<'a> Json<'a> {
    /// Reads a document.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(super) fn read(text: &'a str) -> Result<Self, Unreadable> {
        // Some put a byte-order mark before it.
        let mut reader = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
        let unreadable = |error: serde_json::Error| match error.to_string().contains(TWICE) {
            true => Unreadable::KeyTwice,
            false => Unreadable::NotJson,
        };
        let json = reader.deserialize_any(Strict).map_err(unreadable)?;
        reader.end().map_err(|_| Unreadable::NotJson)?;
        Ok(json)
    }

    /// A finite number.
    pub(super) fn number(number: f64) -> Option<Self> {
        Number::from_f64(number).map(Self::Number)
    }

    /// The value under a key of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(entries) = self else { return None };
        let at = entries.binary_search_by(|(own, _)| (**own).cmp(key)).ok()?;
        entries.get(at).map(|(_, value)| value)
    }

    /// The value at a step of a pointer: a key, or the index of an array.
    pub(super) fn step(&self, key: &str) -> Option<&Self> {
        match self {
            Self::List(list) => key.parse::<usize>().ok().and_then(|n| list.get(n)),
            _ => self.get(key),
        }
    }

    /// The parts of an array or an object.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Self> {
        let (list, object) = match self {
            Self::List(list) => (list.as_slice(), [].as_slice()),
            Self::Object(entries) => ([].as_slice(), entries.as_slice()),
            _ => ([].as_slice(), [].as_slice()),
        };
        list.iter().chain(object.iter().map(|(_, value)| value))
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    pub(super) fn as_object(&self) -> Option<&[(Cow<'a, str>, Self)]> {
        match self {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// What stands there as a word: a text, a number or yes and no.
    pub(super) fn as_word(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            _ => None,
        }
    }

    pub(super) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }
}

macro_rules! numbers {
    ($($type:ty)*) => {
        $(impl From<$type> for Json<'_> {
            fn from(number: $type) -> Self {
                Self::Number(number.into())
            }
        })*
    };
}
numbers!(u64 i64 u32 i32 i16 i8);

impl From<bool> for Json<'_> {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

/// Reads any JSON value, and refuses an object that has a key twice.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Json<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::number(value).unwrap_or(Json::Null))
    }
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Self)? {
            values.push(value);
        }
        Ok(Json::List(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            entries.push((key, map.next_value_seed(Self)?));
        }
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let twice = entries.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
        if twice { Err(de::Error::custom(TWICE)) } else { Ok(Json::Object(entries)) }
    }
}

/// Reads a key.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }
    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_serde_json_reads() {
        let text = r#"{"b":[1,-2,2.5,null,true],"a":{"key":"wörd\n","empty":{}},"":[]}"#;
        let json = Json::read(text).expect("JSON");
        assert_eq!(json.get("b").and_then(|b| b.step("2")), Json::number(2.5).as_ref());
        assert_eq!(json.step("a").and_then(|a| a.get("key")), Some(&Json::from("wörd\n")));
        assert_eq!(json.get("a").map(|a| a.parts().count()), Some(2));
        assert_eq!(json.get("c"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_keys_are_found_and_twice_is_noticed(
            keys in proptest::collection::vec("[a-c\u{e9}\n]{0,3}", 0..40)
        ) {
            let body: Vec<String> = keys
                .iter()
                .enumerate()
                .map(|(n, key)| format!("{}:{n}", serde_json::to_string(key).expect("key")))
                .collect();
            let text = format!("{{{}}}", body.join(","));
            let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
            match Json::read(&text) {
                Err(unreadable) => {
                    proptest::prop_assert_eq!(unreadable, Unreadable::KeyTwice);
                    proptest::prop_assert!(distinct.len() < keys.len());
                }
                Ok(json) => {
                    proptest::prop_assert_eq!(distinct.len(), keys.len());
                    for (n, key) in keys.iter().enumerate() {
                        proptest::prop_assert_eq!(json.get(key), Some(&Json::from(n as u64)));
                    }
                }
            }
        }
    }
}
