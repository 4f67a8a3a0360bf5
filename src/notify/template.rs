//! Bodies and addresses with places for words in them.

/// How a word is written so that it stays one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// As it is.
    Plain,
    /// Inside of a string of JSON.
    Json,
    /// In a form or an address.
    Form,
}

impl Escape {
    /// What a body of this kind needs.
    pub(super) fn of(content_type: &str) -> Self {
        let kind = content_type.to_ascii_lowercase();
        match (kind.contains("json"), kind.contains("form-urlencoded")) {
            (true, _) => Self::Json,
            (_, true) => Self::Form,
            _ => Self::Plain,
        }
    }

    pub(super) fn apply(self, word: &str) -> String {
        match self {
            Self::Plain => word.to_owned(),
            Self::Json => {
                let quoted = serde_json::Value::from(word).to_string();
                let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                inner.unwrap_or_default().to_owned()
            }
            Self::Form => encoded(word),
        }
    }
}

/// A word percent-encoded, so that it is one part of an address or a form.
pub(super) fn encoded(word: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let mut out = String::with_capacity(word.len());
    for byte in word.bytes() {
        match plain(byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Puts the words in. A brace that belongs to no known name stays, and what was put in is not looked
/// at again.
pub(super) fn fill(template: &str, words: &[(&str, &str)], escape: Escape) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let named = after.split_once('}');
        let word = named.and_then(|(name, _)| words.iter().find(|(known, _)| *known == name));
        match (word, named) {
            (Some((_, word)), Some((_, behind))) => {
                out.push_str(&escape.apply(word));
                rest = behind;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        let words = [("text", "a \"b\"\n{phone}&=停"), ("phone", "138")];
        let json = fill(r#"{"to":["{phone}"],"x":{"t":"{text}"},"n":{}}"#, &words, Escape::Json);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["x"]["t"], "a \"b\"\n{phone}&=停");
        assert_eq!(read["to"][0], "138");
        let form = fill("m={phone}&c={text}&k={key}", &words, Escape::Form);
        assert_eq!(form, "m=138&c=a%20%22b%22%0A%7Bphone%7D%26%3D%E5%81%9C&k={key}");
        assert_eq!(fill("{text", &words, Escape::Plain), "{text");
    }

    #[test]
    fn the_kind_of_body_says_how_words_are_written() {
        assert_eq!(Escape::of("application/json; charset=utf-8"), Escape::Json);
        assert_eq!(Escape::of("application/x-www-form-urlencoded"), Escape::Form);
        assert_eq!(Escape::of("text/plain"), Escape::Plain);
    }
}
