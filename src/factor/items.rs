//! Names of the items by which buildings tell their energies, as data.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::Text;

const SHIPPED: &str = include_str!("items.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    item: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    code: String,
    zh: String,
    en: String,
}

/// Names of items by their codes, such as `01A` or `01D2`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Items(BTreeMap<String, Text>);

impl Items {
    /// Those of the program.
    ///
    /// # Errors
    /// The file inside the program is broken; a test says that it is not.
    pub fn shipped() -> Result<Self, toml::de::Error> {
        let file: File = toml::from_str(SHIPPED)?;
        Ok(Self(file.item.into_iter().map(|i| (i.code, Text::new(i.zh, i.en))).collect()))
    }

    /// With names of one's own; they stand in place of others.
    #[must_use]
    pub fn with(mut self, own: impl IntoIterator<Item = (String, Text)>) -> Self {
        self.0.extend(own);
        self
    }

    /// The name of a code: that of its longest beginning that has one. Zeros at its end stand for nothing.
    #[must_use]
    pub fn name(&self, code: &str) -> Option<&Text> {
        let known = |end: usize| code.get(..end).and_then(|beginning| self.0.get(beginning));
        (2..=code.len()).rev().find_map(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_the_name_of_its_longest_known_beginning() {
        let items = Items::shipped().expect("shipped");
        let name = |code: &str| items.name(code).map(|text| text.en.clone());
        assert_eq!(name("01A10").as_deref(), Some("lights and sockets"));
        assert_eq!(name("01A90").as_deref(), Some("lighting and sockets"));
        assert_eq!(name("01D10").as_deref(), Some("computer rooms"));
        assert_eq!(name("13").as_deref(), Some("renewable energy"));
        assert_eq!((name("99"), name("1"), name("")), (None, None, None));
        let own = items.with([("01D2".to_owned(), Text::new("厨房", "kitchen"))]);
        assert_eq!(own.name("01D20").map(|text| text.en.as_str()), Some("kitchen"));
    }
}
