//! One table of the file, asked for its keys one after the other: what is unknown, missing, of
//! the wrong type or out of range is noted where it stands, and reading goes on.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::model::Text;

use super::findings::Findings;
use super::near;
use super::syntax::Repaired;

/// What every section needs to note mistakes at the right place.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    /// Where mistakes go.
    pub(super) findings: &'a Findings<'a>,
    /// Knows the person's offsets.
    pub(super) repaired: &'a Repaired,
}

/// A value and where it stands in the file.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    /// What was written.
    pub(super) value: T,
    /// Byte offset in the file.
    pub(super) offset: usize,
}

/// A type that a TOML value can have.
pub(super) trait FromToml: Sized {
    /// Its name in messages.
    const NAME: &'static str;
    /// How it is written.
    const EXAMPLE: &'static str;
    /// The value, if it is one.
    fn from_toml(value: &DeValue<'_>) -> Option<Self>;
}

impl FromToml for String {
    const NAME: &'static str = "text";
    const EXAMPLE: &'static str = "put it into double quotes";
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromToml for bool {
    const NAME: &'static str = "true or false";
    const EXAMPLE: &'static str = "write true or false, without quotes";
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl FromToml for i64 {
    const NAME: &'static str = "a whole number";
    const EXAMPLE: &'static str = "write digits only, without quotes and without a point";
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_integer().and_then(whole)
    }
}

impl FromToml for f64 {
    const NAME: &'static str = "a number";
    const EXAMPLE: &'static str = "write the number without quotes and without its unit";
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            _ => None,
        }
    }
}

fn whole(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// One table.
pub(super) struct Section<'a> {
    desk: Desk<'a>,
    table: &'a DeTable<'a>,
    /// Where it begins.
    pub(super) offset: usize,
    title: String,
    /// Known keys that an unknown one was probably meant to be.
    mistyped: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// Notes the keys that are not known.
    pub(super) fn new(
        desk: Desk<'a>,
        table: &'a DeTable<'a>,
        offset: usize,
        title: impl Into<String>,
        known: &[&'static str],
    ) -> Self {
        let title = title.into();
        let mut mistyped = Vec::new();
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) || name.is_empty() {
                continue;
            }
            mistyped.extend(near::nearest(name, known.iter().copied()));
            let hint = near::hint(name, &format!("known keys of {title}"), known.iter().copied());
            let offset = desk.repaired.original(key.span().start);
            let shown = super::findings::quote(name);
            desk.findings.add(offset, format!("unknown key `{shown}` in {title}"), hint);
        }
        Self { desk, table, offset, title, mistyped }
    }

    /// Whether the key is there, whatever its value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Offset of a key, for mistakes about it; of the section when it is not there.
    pub(super) fn key_offset(&self, key: &str) -> usize {
        let found = self.table.get_key_value(key).map(|(key, _)| key.span().start);
        found.map_or(self.offset, |offset| self.desk.repaired.original(offset))
    }

    /// The value of a key that may be left out.
    pub(super) fn get<T: FromToml>(&self, key: &str) -> Option<Placed<T>> {
        let value = self.table.get(key)?;
        let offset = self.start(value);
        match T::from_toml(value.get_ref()) {
            Some(value) => Some(Placed { value, offset }),
            None => {
                self.wrong_type(key, value, T::NAME, T::EXAMPLE);
                None
            }
        }
    }

    /// The value of a key that has to be there.
    pub(super) fn need<T: FromToml>(&self, key: &str, hint: &str) -> Option<Placed<T>> {
        if !self.has(key) {
            self.missing(key, hint);
        }
        self.get(key)
    }

    /// A text that is not empty.
    pub(super) fn words(&self, key: &str) -> Option<Placed<String>> {
        let text = self.get::<String>(key)?;
        if text.value.trim().is_empty() {
            let problem = format!("`{key} = \"{}\"` is empty", text.value);
            self.note(text.offset, problem, format!("write something, or remove `{key}`"));
            return None;
        }
        Some(text)
    }

    /// A text that has to be there and is not empty.
    pub(super) fn need_words(&self, key: &str, hint: &str) -> Option<Placed<String>> {
        if !self.has(key) {
            self.missing(key, hint);
        }
        self.words(key)
    }

    /// A whole number within bounds.
    pub(super) fn whole<N: TryFrom<i64>>(
        &self,
        key: &str,
        bounds: RangeInclusive<i64>,
    ) -> Option<Placed<N>> {
        let Placed { value, offset } = self.get::<i64>(key)?;
        let fits = bounds.contains(&value).then(|| N::try_from(value).ok()).flatten();
        if fits.is_none() {
            let hint = format!("from {} to {}", bounds.start(), bounds.end());
            self.note(offset, format!("`{key} = {value}` is out of range"), hint);
        }
        fits.map(|value| Placed { value, offset })
    }

    /// A number within bounds.
    pub(super) fn real(&self, key: &str, bounds: RangeInclusive<f64>) -> Option<Placed<f64>> {
        let number = self.get::<f64>(key)?;
        if !bounds.contains(&number.value) {
            let problem = format!("`{key} = {}` is out of range", number.value);
            self.note(
                number.offset,
                problem,
                format!("from {} to {}", bounds.start(), bounds.end()),
            );
            return None;
        }
        Some(number)
    }

    /// A name in both languages.
    pub(super) fn name(&self) -> Option<Text> {
        let example = "write name = { zh = \"屋顶\", en = \"roof\" }";
        let Some(value) = self.table.get("name") else {
            self.missing("name", example);
            return None;
        };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type("name", value, "a name in two languages", example);
            return None;
        };
        let title = format!("the name of {}", self.title);
        let inner = Section::new(self.desk, table, self.start(value), title, &["zh", "en"]);
        let zh = inner.need_words("zh", example);
        let en = inner.need_words("en", example);
        Some(Text::new(zh?.value, en?.value))
    }

    /// A table inside.
    pub(super) fn table(&self, key: &str, known: &[&'static str]) -> Option<Section<'a>> {
        let value = self.table.get(key)?;
        match value.get_ref().as_table() {
            Some(table) => {
                let title = format!("[{key}]");
                Some(Section::new(self.desk, table, self.start(value), title, known))
            }
            None => {
                let hint = format!("write [{key}] on a line of its own and its keys below");
                self.wrong_type(key, value, "a section", &hint);
                None
            }
        }
    }

    /// The tables of a list.
    pub(super) fn list(&self, key: &str, known: &[&'static str]) -> Vec<Section<'a>> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let title = format!("[[{key}]]");
        let hint = format!("write [[{key}]] above the keys of each");
        let one = |value: &'a Spanned<DeValue<'a>>| match value.get_ref().as_table() {
            Some(table) => {
                Some(Section::new(self.desk, table, self.start(value), title.clone(), known))
            }
            None => {
                self.wrong_type(key, value, "a list of sections", &hint);
                None
            }
        };
        match value.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(one).collect(),
            DeValue::Table(_) => {
                let problem = format!("`[{key}]` is a list and needs double brackets");
                self.note(self.start(value), problem, hint.clone());
                one(value).into_iter().collect()
            }
            _ => {
                self.wrong_type(key, value, "a list of sections", &hint);
                Vec::new()
            }
        }
    }

    /// Notes a key that has to be there, unless it is there under a mistyped name.
    pub(super) fn missing(&self, key: &str, hint: &str) {
        if !self.mistyped.contains(&key) {
            self.desk.findings.missing(self.offset, &self.title, key, hint);
        }
    }

    /// Whether the tables of a list may be among what could not be read.
    pub(super) fn may_lack(&self, key: &str) -> bool {
        let listed = self.table.get(key).is_none_or(|value| value.get_ref().is_array());
        self.mistyped.contains(&key) || !listed || self.desk.findings.lost_a_section()
    }

    /// Notes a mistake.
    pub(super) fn note(&self, offset: usize, problem: impl Into<String>, hint: impl Into<String>) {
        self.desk.findings.add(offset, problem, hint);
    }

    /// Line of an offset, for messages that point at another place.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.desk.findings.line(offset)
    }

    fn start(&self, value: &Spanned<DeValue<'_>>) -> usize {
        self.desk.repaired.original(value.span().start)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str, hint: &str) {
        let (start, end) = (self.start(value), self.desk.repaired.original(value.span().end));
        let found = match value.get_ref() {
            DeValue::Table(_) | DeValue::Array(_) => String::new(),
            _ => format!(" = {}", self.desk.findings.quote(start..end)),
        };
        self.note(start, format!("`{key}{found}` is not {wanted}"), hint);
    }
}
