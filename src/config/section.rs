//! One table of the file, asked for its keys one after the other: what is unknown, missing, of
//! the wrong type or out of range is noted where it stands, and reading goes on.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::model::{Text, near, text};

use super::findings::Findings;
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
    /// Its name, as in "is not text"; in Chinese with the space that it needs before it.
    fn name() -> Text;
    /// How it is written.
    fn hint() -> Text;
    /// The value, if it is one.
    fn from_toml(value: &DeValue<'_>) -> Option<Self>;
}

impl FromToml for String {
    fn name() -> Text {
        Text::new("文本", "text")
    }
    fn hint() -> Text {
        Text::new("用双引号括起来", "put it into double quotes")
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromToml for bool {
    fn name() -> Text {
        Text::new(" true 或 false", "true or false")
    }
    fn hint() -> Text {
        Text::new("写 true 或 false，不加引号", "write true or false, without quotes")
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl FromToml for Vec<String> {
    fn name() -> Text {
        Text::new("文本的列表", "a list of texts")
    }
    fn hint() -> Text {
        Text::new("例如 [\"a\", \"b\"]", "write it like [\"a\", \"b\"]")
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let list = value.as_array()?;
        list.iter().map(|one| String::from_toml(one.get_ref())).collect()
    }
}

impl FromToml for BTreeMap<String, String> {
    fn name() -> Text {
        Text::new("名称和文本的表", "a table of names and texts")
    }
    fn hint() -> Text {
        Text::new("例如 { team = \"it\" }", "write it like { team = \"it\" }")
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?.iter();
        let pair = |(name, value): (_, &Spanned<DeValue<'_>>)| {
            let name: &Spanned<_> = name;
            Some((ToString::to_string(name.get_ref()), String::from_toml(value.get_ref())?))
        };
        table.map(pair).collect()
    }
}

impl FromToml for Vec<i64> {
    fn name() -> Text {
        Text::new("整数的列表", "a list of whole numbers")
    }
    fn hint() -> Text {
        Text::new("例如 [7, 8]", "write it like [7, 8]")
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let list = value.as_array()?;
        list.iter().map(|one| i64::from_toml(one.get_ref())).collect()
    }
}

impl FromToml for Vec<f64> {
    fn name() -> Text {
        Text::new("数字的列表", "a list of numbers")
    }
    fn hint() -> Text {
        Text::new("例如 [2.05, 1.95]", "write it like [2.05, 1.95]")
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let list = value.as_array()?;
        list.iter().map(|one| f64::from_toml(one.get_ref())).collect()
    }
}

impl FromToml for i64 {
    fn name() -> Text {
        Text::new("有效的整数", "a whole number")
    }
    fn hint() -> Text {
        Text::new(
            "只写数字，不加引号和小数点",
            "write digits only, without quotes and without a point",
        )
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_integer().and_then(whole)
    }
}

impl FromToml for f64 {
    fn name() -> Text {
        Text::new("数字", "a number")
    }
    fn hint() -> Text {
        Text::new(
            "只写数字，不加引号和单位",
            "write the number without quotes and without its unit",
        )
    }
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

/// Of a number with hundreds of digits the first say enough.
const DIGITS_MAX: usize = 20;

fn shortened(number: &impl Display) -> String {
    let number = number.to_string();
    match number.chars().count() > DIGITS_MAX {
        true => number.chars().take(DIGITS_MAX).chain(['…']).collect(),
        false => number,
    }
}

/// Longer names break tables and pages.
const NAME_CHARS_MAX: usize = 60;

/// The hint to write it like this.
pub(super) fn write(example: &str) -> Text {
    text!("例如 {example}", "write {example}")
}

/// One table.
pub(super) struct Section<'a> {
    desk: Desk<'a>,
    table: &'a DeTable<'a>,
    /// Where it begins.
    pub(super) offset: usize,
    /// In Chinese with a space where one is needed before the next word.
    title: Text,
    /// Its name in the file, such as `report.quota`; empty for the file itself and for parts of lists.
    path: String,
    /// Known keys that an unknown one was probably meant to be.
    mistyped: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// Notes the keys that are not known.
    pub(super) fn new(
        desk: Desk<'a>,
        table: &'a DeTable<'a>,
        offset: usize,
        title: Text,
        known: &[&'static str],
    ) -> Self {
        let mut mistyped = Vec::new();
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) || name.is_empty() {
                continue;
            }
            mistyped.extend(near::nearest(name, known.iter().copied()));
            let Text { zh, en } = &title;
            let what = text!("{zh}可用的配置项", "known keys of {en}");
            let hint = near::hint(name, &what, known.iter().copied());
            let offset = desk.repaired.original(key.span().start);
            let shown = super::findings::quote(name);
            let problem = text!("{zh}中有未知的配置项 `{shown}`", "unknown key `{shown}` in {en}");
            desk.findings.add(offset, problem, hint);
        }
        Self { desk, table, offset, title, path: String::new(), mistyped }
    }

    /// Whether the key is there, whatever its value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether a key is not there, nor under a mistyped name or in a line that cannot be read.
    pub(super) fn lacks(&self, key: &str) -> bool {
        let lost = || self.desk.findings.lost_a_key(self.offset, key);
        !self.has(key) && !self.mistyped.contains(&key) && !lost()
    }

    /// Offset of a key, for mistakes about it; of the section when it is not there.
    pub(super) fn key_offset(&self, key: &str) -> usize {
        let found = self.table.get_key_value(key).map(|(key, _)| key.span().start);
        found.map_or(self.offset, |offset| self.desk.repaired.original(offset))
    }

    /// Offset of a key's value, for mistakes about it; of the section when it is not there.
    pub(super) fn value_offset(&self, key: &str) -> usize {
        self.table.get(key).map_or(self.offset, |value| self.start(value))
    }

    /// The value of a key that may be left out.
    pub(super) fn get<T: FromToml>(&self, key: &str) -> Option<Placed<T>> {
        let value = self.table.get(key)?;
        let offset = self.start(value);
        match T::from_toml(value.get_ref()) {
            Some(value) => Some(Placed { value, offset }),
            None => {
                self.wrong_type(key, value, &T::name(), T::hint());
                None
            }
        }
    }

    /// The value of a key that has to be there.
    pub(super) fn need<T: FromToml>(&self, key: &str, hint: Text) -> Option<Placed<T>> {
        if !self.has(key) {
            self.missing(key, hint);
        }
        self.get(key)
    }

    /// A text that is not empty.
    pub(super) fn words(&self, key: &str) -> Option<Placed<String>> {
        let text = self.get::<String>(key)?;
        if text.value.trim().is_empty() {
            let value = &text.value;
            let problem = text!("`{key} = \"{value}\"` 内容为空", "`{key} = \"{value}\"` is empty");
            let hint = text!("填写内容，或删除 `{key}`", "write something, or remove `{key}`");
            self.note(text.offset, problem, hint);
            return None;
        }
        Some(text)
    }

    /// A text that has to be there and is not empty.
    pub(super) fn need_words(&self, key: &str, hint: Text) -> Option<Placed<String>> {
        if !self.has(key) {
            self.missing(key, hint);
        }
        self.words(key)
    }

    /// A list of texts, none of them empty; nothing where the key is not there.
    pub(super) fn all_words(&self, key: &str) -> Vec<Placed<String>> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let hint = || text!("例如 {key} = [\"a\", \"b\"]", "write {key} = [\"a\", \"b\"]");
        let wanted = Text::new("文本的列表", "a list of texts");
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &wanted, hint());
            return Vec::new();
        };
        let word = |value: &Spanned<DeValue<'_>>| match value.get_ref().as_str() {
            Some(word) if !word.trim().is_empty() => {
                Some(Placed { value: word.to_owned(), offset: self.start(value) })
            }
            _ => {
                self.note(
                    self.start(value),
                    text!(
                        "`{key}` 中有一项不是文本或为空",
                        "an entry of `{key}` is no text, or empty"
                    ),
                    hint(),
                );
                None
            }
        };
        list.iter().filter_map(word).collect()
    }

    /// A table of names and texts; nothing where the key is not there.
    pub(super) fn pairs(&self, key: &str) -> Vec<(Placed<String>, String)> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let hint =
            || text!("例如 {key} = {{ Name = \"value\" }}", "write {key} = {{ Name = \"value\" }}");
        let wanted = Text::new("名称和文本的表", "a table of names and texts");
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, &wanted, hint());
            return Vec::new();
        };
        let pair = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
            let offset = self.start(value);
            let Some(word) = value.get_ref().as_str() else {
                self.note(
                    offset,
                    text!("`{key}` 中有一项不是文本", "an entry of `{key}` is no text"),
                    hint(),
                );
                return None;
            };
            Some((Placed { value: name.get_ref().to_string(), offset }, word.to_owned()))
        };
        table.iter().filter_map(pair).collect()
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
            self.out_of_range(offset, key, value, &bounds);
        }
        fits.map(|value| Placed { value, offset })
    }

    /// A number within bounds.
    pub(super) fn real(&self, key: &str, bounds: RangeInclusive<f64>) -> Option<Placed<f64>> {
        let number = self.get::<f64>(key)?;
        if !bounds.contains(&number.value) {
            self.out_of_range(number.offset, key, number.value, &bounds);
            return None;
        }
        Some(number)
    }

    fn out_of_range<N: Display>(
        &self,
        offset: usize,
        key: &str,
        value: N,
        bounds: &RangeInclusive<N>,
    ) {
        let value = shortened(&value);
        let problem = text!("`{key} = {value}` 超出范围", "`{key} = {value}` is out of range");
        let (least, most) = (bounds.start(), bounds.end());
        let hint = text!("应在 {least} 到 {most} 之间", "from {least} to {most}");
        self.note(offset, problem, hint);
    }

    /// A name in both languages.
    pub(super) fn name(&self) -> Option<Text> {
        let example = || write("name = { zh = \"屋顶\", en = \"roof\" }");
        let Some(value) = self.table.get("name") else {
            self.missing("name", example());
            return None;
        };
        let Some(table) = value.get_ref().as_table() else {
            let wanted = Text::new("中英文双语名称", "a name in two languages");
            self.wrong_type("name", value, &wanted, example());
            return None;
        };
        let Text { zh, en } = &self.title;
        let title = text!("{zh}的名称", "the name of {en}");
        let inner = Section::new(self.desk, table, self.start(value), title, &["zh", "en"]);
        let zh = inner.need_words("zh", example());
        let en = inner.need_words("en", example());
        for word in zh.iter().chain(&en) {
            let length = word.value.chars().count();
            if length > NAME_CHARS_MAX {
                let problem = text!("名称有 `{length}` 个字", "a name of `{length}` characters");
                let hint = text!("最多 {NAME_CHARS_MAX} 个字", "{NAME_CHARS_MAX} at most");
                inner.note(word.offset, problem, hint);
            }
        }
        Some(Text::new(zh?.value, en?.value))
    }

    /// The name in the file of a table inside.
    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A table inside.
    pub(super) fn table(&self, key: &str, known: &[&'static str]) -> Option<Section<'a>> {
        let value = self.table.get(key)?;
        let path = self.path_of(key);
        match value.get_ref().as_table() {
            Some(table) => {
                let title = text!("[{path}] ", "[{path}]");
                let inner = Section::new(self.desk, table, self.start(value), title, known);
                Some(Section { path, ..inner })
            }
            None => {
                let hint = text!(
                    "[{path}] 单独一行，各项写在它下面",
                    "write [{path}] on a line of its own and its keys below",
                );
                self.wrong_type(key, value, &Text::new("配置段", "a section"), hint);
                None
            }
        }
    }

    /// The tables of a list.
    pub(super) fn list(&self, key: &str, known: &[&'static str]) -> Vec<Section<'a>> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let path = self.path_of(key);
        let title = text!("[[{path}]] ", "[[{path}]]");
        let wanted = Text::new("配置段的列表", "a list of sections");
        let hint =
            || text!("每组配置上方各写一行 [[{path}]]", "write [[{path}]] above the keys of each");
        let one = |value: &'a Spanned<DeValue<'a>>| match value.get_ref().as_table() {
            Some(table) => {
                Some(Section::new(self.desk, table, self.start(value), title.clone(), known))
            }
            None => {
                self.wrong_type(key, value, &wanted, hint());
                None
            }
        };
        match value.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(one).collect(),
            DeValue::Table(_) => {
                let problem = text!(
                    "`[{path}]` 是列表，要用双层方括号",
                    "`[{path}]` is a list and needs double brackets",
                );
                self.note(self.start(value), problem, hint());
                one(value).into_iter().collect()
            }
            _ => {
                self.wrong_type(key, value, &wanted, hint());
                Vec::new()
            }
        }
    }

    /// How many tables a list has, whatever is in them.
    pub(super) fn list_len(&self, key: &str) -> usize {
        let list = self.table.get(key).and_then(|value| value.get_ref().as_array());
        list.map_or(0, |list| list.iter().count())
    }

    /// The texts of a list such as `["a", "b"]`.
    pub(super) fn words_list(&self, key: &str) -> Vec<Placed<String>> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let (wanted, hint) =
            (Text::new("文本的列表", "a list of texts"), write(&format!("{key} = [\"…\"]")));
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &wanted, hint);
            return Vec::new();
        };
        let text = |value: &Spanned<DeValue<'_>>| match value.get_ref().as_str() {
            Some(text) => Some(Placed { value: text.to_owned(), offset: self.start(value) }),
            None => {
                self.wrong_type(key, value, &String::name(), String::hint());
                None
            }
        };
        list.iter().filter_map(text).collect()
    }

    /// Notes a key that has to be there, unless it is there under a mistyped name.
    pub(super) fn missing(&self, key: &str, hint: Text) {
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
    pub(super) fn note(&self, offset: usize, problem: Text, hint: Text) {
        self.desk.findings.add(offset, problem, hint);
    }

    /// Notes what is allowed and yet worth a look.
    pub(super) fn notice(&self, offset: usize, told: Text, hint: Text) {
        self.desk.findings.notice(offset, told, hint);
    }

    /// Line of an offset, for messages that point at another place.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.desk.findings.line(offset)
    }

    fn start(&self, value: &Spanned<DeValue<'_>>) -> usize {
        self.desk.repaired.original(value.span().start)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &Text, hint: Text) {
        let (start, end) = (self.start(value), self.desk.repaired.original(value.span().end));
        let found = match value.get_ref() {
            DeValue::Table(_) | DeValue::Array(_) => String::new(),
            _ => format!(" = {}", self.desk.findings.quote(start..end)),
        };
        let Text { zh, en } = wanted;
        let problem = text!("`{key}{found}` 不是{zh}", "`{key}{found}` is not {en}");
        self.note(start, problem, hint);
    }
}
