//! Gathers the mistakes of one file, and the small checks that all kinds of profiles share.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{
    Decimal, Mistake, PointName, Severity, Text, Vocabulary, near, nearest_point, standard_point,
    text,
};

use super::file::{FaultFile, TextFile};
use super::reading::read_toml;
use super::register::Number;
use super::types::Fault;

/// Where profiles are explained.
const MANUAL: &str = "devices/FORMAT.md";

type SpannedMap = Spanned<BTreeMap<String, String>>;

/// Gathers the mistakes of one file.
pub(super) struct Checker {
    file: String,
    source: String,
    mistakes: Vec<Mistake>,
}

impl Checker {
    pub(super) fn new(file: &str, source: &str) -> Self {
        Self { file: file.to_owned(), source: source.to_owned(), mistakes: Vec::new() }
    }

    /// Reads the TOML; what is left when mistakes of form are told and left out.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Vec<Mistake>> {
        let (file, mistakes) = read_toml(&self.file, &self.source, MANUAL);
        self.mistakes.extend(mistakes);
        file.ok_or_else(|| std::mem::take(&mut self.mistakes))
    }

    pub(super) fn at(&mut self, offset: usize, problem: Text, hint: Text) {
        self.mistakes.push(Mistake::at(&self.file, &self.source, offset, problem, hint));
    }

    pub(super) fn done<T>(self, value: T) -> Result<T, Vec<Mistake>> {
        if self.mistakes.is_empty() { Ok(value) } else { Err(self.mistakes) }
    }

    /// A name of the vocabulary of points, or `vendor_…`.
    pub(super) fn point_name(&mut self, name: &str, offset: usize) -> Option<PointName> {
        let known = standard_point(name).is_some() || name.starts_with("vendor_");
        match PointName::parse(name) {
            Ok(point) if known => Some(point),
            Ok(_) => {
                let hint = match nearest_point(name) {
                    Some(near) => near::meant(&near),
                    None => Text::new(
                        "用标准测点（hallwatch points 列出全部），或以 `vendor_` 开头",
                        "use a standard point (hallwatch points lists them), or begin it with `vendor_`",
                    ),
                };
                self.at(offset, text!("未知的测点 `{name}`", "unknown point `{name}`"), hint);
                None
            }
            Err(error) => {
                let hint = Text::new("取名如 `ac_power_w`", "name points like `ac_power_w`");
                self.at(offset, error.text(), hint);
                None
            }
        }
    }

    pub(super) fn scale(&mut self, scale: Option<&Spanned<f64>>) -> Decimal {
        let Some(scale) = scale else { return Decimal::whole(1) };
        Decimal::as_written(*scale.get_ref()).filter(|d| d.mantissa != 0).unwrap_or_else(|| {
            let problem = text!("`{}` 不能作为倍率", "`{}` is no scale", scale.get_ref());
            let hint = Text::new(
                "倍率是简短的小数或整数，例如 0.1 或 10",
                "a scale is a short decimal such as 0.1 or 10",
            );
            self.at(scale.span().start, problem, hint);
            Decimal::whole(1)
        })
    }

    /// Vendor numbers -> codes of the point's vocabulary.
    pub(super) fn enumeration(
        &mut self,
        point: &str,
        values: &SpannedMap,
    ) -> Option<BTreeMap<i64, i64>> {
        let offset = values.span().start;
        let Some(words) = standard_point(point).and_then(|p| p.words) else {
            let problem = text!("测点 `{point}` 不是枚举量", "point `{point}` has no words");
            let hint = Text::new(
                "`values` 只用于枚举测点，例如 `state`",
                "`values` belongs to enumerated points such as `state`",
            );
            self.at(offset, problem, hint);
            return None;
        };
        let mut codes = BTreeMap::new();
        for (vendor, word) in values.get_ref() {
            match (integer(vendor), words.by_id(word)) {
                (Some(number), Some(word)) => {
                    codes.insert(number, word.code);
                }
                (None, _) => self.not_a_number(vendor, offset),
                (_, None) => self.unknown_word(word, point, words, offset),
            }
        }
        Some(codes)
    }

    /// A vendor's number that is none.
    pub(super) fn not_a_number(&mut self, vendor: &str, offset: usize) {
        let problem = text!("`{vendor}` 不是数字", "`{vendor}` is not a number");
        self.at(offset, problem, Text::new("要写数字，例如 \"3\"", "write \"3\""));
    }

    /// A word that the point's vocabulary does not have.
    pub(super) fn unknown_word(
        &mut self,
        word: &str,
        point: &str,
        words: &Vocabulary,
        offset: usize,
    ) {
        let problem =
            text!("`{point}` 没有 `{word}` 这个词", "unknown word `{word}` for `{point}`");
        let known: Vec<_> = words.words.iter().map(|w| w.id).collect();
        let zh = format!("`{}` 可用的词：{}", words.id, known.join("、"));
        let en = format!("words of `{}`: {}", words.id, known.join(", "));
        self.at(offset, problem, Text::new(zh, en));
    }

    /// A word where only a few are allowed.
    pub(super) fn unknown(&mut self, what: [&str; 2], found: &Spanned<String>, allowed: &[&str]) {
        let (value, [zh, en]) = (found.get_ref(), what);
        let problem = text!("未知的{zh} `{value}`", "unknown {en} `{value}`");
        let zh = format!("可选 {}", allowed.join("、"));
        let en = format!("one of {}", allowed.join(", "));
        self.at(found.span().start, problem, Text::new(zh, en));
    }

    /// Bit numbers -> fault codes that the file explains.
    pub(super) fn bits(
        &mut self,
        bits: &SpannedMap,
        number: Number,
        faults: &BTreeMap<String, Fault>,
    ) -> Option<BTreeMap<u8, String>> {
        let offset = bits.span().start;
        let width = number.words() * 16;
        let mut table = BTreeMap::new();
        for (bit, code) in bits.get_ref() {
            match bit.parse::<u8>() {
                Ok(bit) if u16::from(bit) < width => {
                    table.insert(bit, code.clone());
                }
                _ => {
                    let last = width.saturating_sub(1);
                    let hint =
                        text!("该测点有第 0 到 {last} 位", "this point has bits 0 to {last}");
                    self.at(offset, text!("没有第 `{bit}` 位", "no bit `{bit}`"), hint);
                }
            }
            self.known_fault(code, faults, offset);
        }
        Some(table)
    }

    pub(super) fn known_fault(
        &mut self,
        code: &str,
        faults: &BTreeMap<String, Fault>,
        offset: usize,
    ) {
        if !faults.contains_key(code) {
            let problem = text!("故障码 `{code}` 没有说明", "fault `{code}` is not explained");
            let hint = Text::new(
                "添加 [[fault]]，写明 code、zh、en 和 severity",
                "add a [[fault]] with this code, zh, en and severity",
            );
            self.at(offset, problem, hint);
        }
    }
}

pub(super) fn text_of(file: &TextFile) -> Text {
    Text::new(file.zh.clone(), file.en.clone())
}

/// A decimal or hexadecimal integer.
pub(super) fn integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

pub(super) fn faults_of(check: &mut Checker, files: &[FaultFile]) -> BTreeMap<String, Fault> {
    let mut faults = BTreeMap::new();
    for file in files {
        let severity = Severity::parse(file.severity.get_ref()).unwrap_or_else(|| {
            let allowed = ["critical", "major", "minor", "info"];
            check.unknown(["严重程度", "severity"], &file.severity, &allowed);
            Severity::Major
        });
        let text = Text::new(file.zh.clone(), file.en.clone());
        let advice = file.advice.as_ref().map(text_of);
        let code = file.code.get_ref().clone();
        if faults.insert(code.clone(), Fault { text, severity, advice }).is_some() {
            let problem = text!("故障码 `{code}` 重复", "fault `{code}` twice");
            check.at(file.code.span().start, problem, Text::new("只留一个", "keep one of them"));
        }
    }
    faults
}
