//! A text for people, in both languages.

/// A sentence or a label in Chinese and in English. Both are always there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text {
    /// zh-CN.
    pub zh: String,
    /// en.
    pub en: String,
}

/// A [`Text`] of two format strings, Chinese and English, for the same values.
macro_rules! text {
    ($zh:literal, $en:literal $(, $value:expr)* $(,)?) => {
        $crate::model::Text::new(format!($zh $(, $value)*), format!($en $(, $value)*))
    };
}
pub(crate) use text;

impl Text {
    /// Makes a text from its two languages.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The same words in both languages: names that are not translated.
    pub fn same(words: impl Into<String>) -> Self {
        let words = words.into();
        Self { zh: words.clone(), en: words }
    }

    /// Replaces `{key}` by `value` in both languages.
    #[must_use]
    pub fn fill(&self, key: &str, value: &Text) -> Self {
        let key = format!("{{{key}}}");
        Self { zh: self.zh.replace(&key, &value.zh), en: self.en.replace(&key, &value.en) }
    }
}

/// A text with what HTML and SVG give a meaning made harmless; a character that nobody can see becomes a
/// mark that something was there.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() && c != '\n' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}
