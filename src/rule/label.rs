//! Labels of rules: words of the hall's own, by which routes and silences pick alerts and other systems
//! sort them.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{Text, text};

use super::load::Check;

/// Labels by name.
pub type Labels = BTreeMap<String, String>;

/// Labels of one rule.
const LABELS_MAX: usize = 16;
const NAME_BYTES_MAX: usize = 32;
const VALUE_BYTES_MAX: usize = 200;
/// What an Alertmanager is told of every alert.
const OWN: [&str; 7] = ["alertname", "severity", "site", "device", "zone", "kind", "part"];

impl Check<'_> {
    /// The labels of a rule.
    pub(super) fn labels(
        &mut self,
        written: &BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> Labels {
        if let Some((name, _)) = written.iter().nth(LABELS_MAX) {
            let problem = text!("标签超过 {LABELS_MAX} 个", "more than {LABELS_MAX} labels");
            self.at(name.span().start, problem, Text::new("少写几个", "use fewer"));
        }
        for (name, value) in written {
            let (place, name, value) = (name.span().start, name.get_ref(), value.get_ref().trim());
            let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
            if !begins || !name.chars().all(sign) || name.len() > NAME_BYTES_MAX {
                let problem = text!("`{name}` 不能作标签名", "`{name}` is no name of a label");
                let hint = Text::new(
                    "用小写字母、数字和下划线，字母开头，如 team",
                    "use small letters, digits and underscores, a letter first, such as team",
                );
                self.at(place, problem, hint);
            }
            if OWN.contains(&name.as_str()) {
                let problem =
                    text!("每条告警本来就有 `{name}`", "every alert has `{name}` already");
                self.at(place, problem, Text::new("换个名字", "use another name"));
            }
            if value.is_empty() || value.len() > VALUE_BYTES_MAX {
                let problem =
                    text!("标签 `{name}` 的值不可用", "the value of `{name}` cannot be used");
                let hint = text!("1 到 {VALUE_BYTES_MAX} 字节", "1 to {VALUE_BYTES_MAX} bytes");
                self.at(place, problem, hint);
            }
        }
        let plain = |(name, value): (&Spanned<String>, &Spanned<String>)| {
            (name.get_ref().clone(), value.get_ref().trim().to_owned())
        };
        written.iter().map(plain).collect()
    }
}
