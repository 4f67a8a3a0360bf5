//! The allow-list: which field of a message becomes which point, and how.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{Decimal, PointName, Text, Vocabulary, standard_point, text};

use super::super::checker::Checker;
use super::super::file::MqttFieldFile;
use super::super::types::Fault;
use super::compile::format_of;
use super::pointer::Pointer;
use super::types::TimeFormat;

/// How a JSON value becomes a value of a point.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonType {
    /// A number, or a text that is one.
    Number {
        /// Multiplier into the unit of the point.
        scale: Decimal,
        /// Added after that, for temperatures in °F.
        offset: f64,
    },
    /// A word of the point's vocabulary: vendor's word -> stored code.
    Word {
        /// The words.
        codes: BTreeMap<String, i64>,
        /// Other words say nothing, instead of being wrong.
        ignore_others: bool,
    },
    /// A list of the vendor's flags; the worst of those that are set is the point's word.
    Flags {
        /// Vendor's flag and stored code, the worst first.
        codes: Vec<(String, i64)>,
        /// The code while none of them is set.
        otherwise: i64,
    },
    /// Yes or no.
    Bool {
        /// The vendor's words for it, beside true, 1, on, yes and their opposites.
        words: BTreeMap<String, bool>,
        /// Other words say nothing, instead of being wrong.
        ignore_others: bool,
    },
    /// Text, cut at 64 characters. Only for versions and serial numbers, never for persons.
    Text,
    /// A time in the future, kept as the days until then.
    DaysLeft(TimeFormat),
    /// An array of fault codes: vendor's word -> fault code.
    Faults(BTreeMap<String, String>),
}

/// Which value counts where a pointer leads to several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The first.
    First,
    /// The smallest number.
    Min,
    /// The largest number.
    Max,
}

/// One field that is taken. What no rule names is dropped.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldRule {
    /// Where it stands.
    pub pointer: Pointer,
    /// Standard name, or `vendor_…`.
    pub point: PointName,
    /// How it is read.
    pub json: JsonType,
    /// Which one, of several.
    pub pick: Pick,
    /// Values that mean "none".
    pub not_available: Vec<String>,
}

const TYPES: [&str; 7] = ["number", "word", "flags", "bool", "text", "days_left", "faults"];

pub(super) fn field_of(
    check: &mut Checker,
    field: &MqttFieldFile,
    faults: &BTreeMap<String, Fault>,
) -> Option<FieldRule> {
    let point = check.point_name(field.point.get_ref(), field.point.span().start);
    let pointer = pointer_of(check, &field.pointer);
    let pick = pick_of(check, field);
    let json = type_of(check, field, faults);
    let not_available = field.not_available.clone();
    Some(FieldRule { pointer: pointer?, point: point?, json: json?, pick, not_available })
}

fn type_of(
    check: &mut Checker,
    field: &MqttFieldFile,
    faults: &BTreeMap<String, Fault>,
) -> Option<JsonType> {
    let kind = field.kind.get_ref().as_str();
    misplaced(check, field, kind);
    match kind {
        "number" => {
            let scale = check.scale(field.scale.as_ref());
            Some(JsonType::Number { scale, offset: field.offset.unwrap_or(0.0) })
        }
        "word" => {
            let ignore_others = field.ignore_others.as_ref().is_some_and(|yes| *yes.get_ref());
            Some(JsonType::Word { codes: words_of(check, field)?, ignore_others })
        }
        "flags" => flags_of(check, field),
        "bool" => {
            let ignore_others = field.ignore_others.as_ref().is_some_and(|yes| *yes.get_ref());
            Some(JsonType::Bool { words: yes_or_no(check, field), ignore_others })
        }
        "text" => Some(JsonType::Text),
        "days_left" => {
            let format = field.format.as_ref();
            let format = format.map_or(Some(TimeFormat::Rfc3339), |f| format_of(check, f));
            format.map(JsonType::DaysLeft)
        }
        "faults" => {
            let codes = field.codes.as_ref();
            let offset = codes.map_or(0, |codes| codes.span().start);
            let table = codes.map(|codes| codes.get_ref().clone()).unwrap_or_default();
            table.values().for_each(|code| check.known_fault(code, faults, offset));
            Some(JsonType::Faults(table))
        }
        _ => {
            check.unknown(["类型", "type"], &field.kind, &TYPES);
            None
        }
    }
}

/// Notes what belongs to another type: it would be left out without a word.
fn misplaced(check: &mut Checker, field: &MqttFieldFile, kind: &str) {
    let given = [
        ("scale", field.scale.as_ref().map(|s| s.span().start), "number"),
        ("values", field.values.as_ref().map(|s| s.span().start), "word flags bool"),
        ("codes", field.codes.as_ref().map(|s| s.span().start), "faults"),
        ("otherwise", field.otherwise.as_ref().map(|s| s.span().start), "flags"),
        ("ignore_others", field.ignore_others.as_ref().map(|s| s.span().start), "word bool"),
        ("format", field.format.as_ref().map(|s| s.span().start), "days_left"),
    ];
    for (key, offset, types) in given {
        let Some(offset) = offset.filter(|_| TYPES.contains(&kind)) else { continue };
        if types.split(' ').all(|of| of != kind) {
            let problem = text!("类型 `{kind}` 没有 `{key}`", "type `{kind}` has no `{key}`");
            let hint = text!("`{key}` 属于类型 {types}", "`{key}` belongs to type {types}");
            check.at(offset, problem, hint);
        }
    }
}

fn pick_of(check: &mut Checker, field: &MqttFieldFile) -> Pick {
    let Some(pick) = &field.pick else { return Pick::First };
    match pick.get_ref().as_str() {
        "first" => Pick::First,
        "min" => Pick::Min,
        "max" => Pick::Max,
        _ => {
            check.unknown(["取法", "pick"], pick, &["first", "min", "max"]);
            Pick::First
        }
    }
}

/// The words of the field's point; noted when it has none.
fn vocabulary_of(check: &mut Checker, field: &MqttFieldFile) -> Option<&'static Vocabulary> {
    let name = field.point.get_ref();
    let words = standard_point(name).and_then(|point| point.words);
    // A name that is no point at all has been told already.
    let known = standard_point(name).is_some() || name.starts_with("vendor_");
    if words.is_none() && known {
        let (kind, problem) = (
            field.kind.get_ref(),
            text!("测点 `{name}` 不是枚举量", "point `{name}` has no words"),
        );
        let hint =
            text!("类型 `{kind}` 只用于枚举测点", "type `{kind}` belongs to enumerated points",);
        check.at(field.point.span().start, problem, hint);
    }
    words
}

fn words_of(check: &mut Checker, field: &MqttFieldFile) -> Option<BTreeMap<String, i64>> {
    let name = field.point.get_ref();
    let words = vocabulary_of(check, field)?;
    let mut table: BTreeMap<String, i64> = BTreeMap::new();
    for word in words.words {
        table.insert(word.id.to_owned(), word.code);
        table.insert(camel_case(word.id), word.code);
    }
    for (vendor, word) in field.values.iter().flat_map(|values| values.get_ref()) {
        match words.by_id(word) {
            Some(word) => {
                table.insert(vendor.clone(), word.code);
            }
            None => {
                let offset = field.values.as_ref().map_or(0, |values| values.span().start);
                check.unknown_word(word, name, words, offset);
            }
        }
    }
    Some(table)
}

fn yes_or_no(check: &mut Checker, field: &MqttFieldFile) -> BTreeMap<String, bool> {
    let mut words = BTreeMap::new();
    for (vendor, word) in field.values.iter().flat_map(|values| values.get_ref()) {
        match word.parse::<bool>() {
            Ok(yes) => {
                words.insert(vendor.clone(), yes);
            }
            Err(_) => {
                let offset = field.values.as_ref().map_or(0, |values| values.span().start);
                let problem = text!("`{word}` 不是 true 或 false", "`{word}` is not true or false");
                let hint = Text::new(
                    "例如 values = { open = \"true\", shut = \"false\" }",
                    "write values = { open = \"true\", shut = \"false\" }",
                );
                check.at(offset, problem, hint);
            }
        }
    }
    words
}

/// `hardware_error` as XFS4IoT spells it: `hardwareError`.
fn camel_case(id: &str) -> String {
    let mut parts = id.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut name, part| {
        let mut letters = part.chars();
        name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

fn flags_of(check: &mut Checker, field: &MqttFieldFile) -> Option<JsonType> {
    let name = field.point.get_ref();
    let words = vocabulary_of(check, field)?;
    let Some(otherwise) = &field.otherwise else {
        let problem = text!("`{name}` 缺少 `otherwise`", "`{name}` has no `otherwise`");
        let hint = Text::new(
            "写没有任何标志时的词，例如 otherwise = \"full\"",
            "write the word while no flag is set, as in otherwise = \"full\"",
        );
        check.at(field.kind.span().start, problem, hint);
        return None;
    };
    let Some(rest) = words.by_id(otherwise.get_ref()) else {
        check.unknown_word(otherwise.get_ref(), name, words, otherwise.span().start);
        return None;
    };
    let mut codes = Vec::new();
    for (vendor, word) in field.values.iter().flat_map(|values| values.get_ref()) {
        match words.by_id(word) {
            Some(word) => codes.push((vendor.clone(), word)),
            None => {
                let offset = field.values.as_ref().map_or(0, |values| values.span().start);
                check.unknown_word(word, name, words, offset);
            }
        }
    }
    codes.sort_by_key(|(_, word)| std::cmp::Reverse(word.severity));
    let codes = codes.into_iter().map(|(vendor, word)| (vendor, word.code)).collect();
    Some(JsonType::Flags { codes, otherwise: rest.code })
}

/// A checked pointer; noted when it is none.
pub(super) fn pointer_of(check: &mut Checker, pointer: &Spanned<String>) -> Option<Pointer> {
    match Pointer::parse(pointer.get_ref()) {
        Ok(pointer) => Some(pointer),
        Err(Text { zh, en }) => {
            let found = pointer.get_ref();
            let problem =
                text!("`{found}` 不是 JSON 指针：{zh}", "`{found}` is no JSON pointer: {en}");
            let hint = Text::new(
                "写成 `/parts/printer/paper` 或 `/devices/[name=printer]/status` 这样",
                "write it as `/parts/printer/paper` or `/devices/[name=printer]/status`",
            );
            check.at(pointer.span().start, problem, hint);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::camel_case;

    #[test]
    fn words_are_known_in_the_spelling_of_xfs() {
        assert_eq!(camel_case("hardware_error"), "hardwareError");
        assert_eq!(camel_case("low"), "low");
    }
}
