//! What tables and charts are made of.

use crate::model::Text;

use super::super::figures::{Figure, Words};

/// A place in a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Our own words.
    Words(Text),
    /// What people wrote, such as the name of a device: any character may be in it.
    Name(Text),
    /// A number, and how many decimals are shown.
    Number(f64, u8),
    /// A share, shown in percent, and how many decimals.
    Percent(f64, u8),
    /// A figure that is not known, and why.
    Missing(Text),
    /// Nothing.
    Empty,
}

impl Cell {
    /// A number, where it is one.
    #[must_use]
    pub const fn number(value: f64, digits: u8) -> Self {
        if value.is_finite() { Self::Number(value, digits) } else { Self::Empty }
    }

    /// A figure as a number, `scale` times as large.
    #[must_use]
    pub fn figure(figure: &Figure, scale: f64, digits: u8) -> Self {
        Self::known(figure, |value| Self::number(value * scale, digits))
    }

    /// A figure in percent.
    #[must_use]
    pub fn percent(figure: &Figure, digits: u8) -> Self {
        Self::known(figure, |value| Self::Percent(value, digits))
    }

    fn known(figure: &Figure, cell: impl Fn(f64) -> Self) -> Self {
        let why = || figure.why.as_ref().map(words);
        match figure.value {
            Some(value) => cell(value),
            None => Self::Missing(why().unwrap_or_else(|| Text::new("无数据", "no data"))),
        }
    }

    /// As people read it, a missing one as a dash.
    #[must_use]
    pub fn shown(&self, pick: &dyn Fn(&Text) -> String) -> String {
        match self {
            Self::Words(text) | Self::Name(text) => pick(text),
            Self::Number(value, digits) => grouped(*value, *digits),
            Self::Percent(value, digits) => format!("{} %", grouped(value * 100.0, *digits)),
            Self::Missing(_) => "—".to_owned(),
            Self::Empty => String::new(),
        }
    }
}

/// Words of the figures as a text.
pub(super) fn words(words: &Words) -> Text {
    Text::new(words.zh.clone(), words.en.clone())
}

/// A number rounded half away from zero, with a comma for each thousand.
#[must_use]
pub(crate) fn grouped(value: f64, digits: u8) -> String {
    let plain = rounded(value, digits);
    let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, part) = plain.split_once('.').map_or((plain, None), |(whole, p)| (whole, Some(p)));
    let mut shown = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    let part = part.map(|part| format!(".{part}")).unwrap_or_default();
    format!("{sign}{shown}{part}")
}

/// A number rounded half away from zero, once. What is a hair below a half by the computer's way of
/// writing numbers is a half.
#[must_use]
pub(crate) fn rounded(value: f64, digits: u8) -> String {
    let scale = 10_f64.powi(i32::from(digits));
    let scaled = value * scale;
    let nudged = scaled + scaled.signum() * scaled.abs().max(1.0) * 1e-12;
    let shown = format!("{:.*}", usize::from(digits), nudged.round() / scale);
    // No "-0.00".
    let zero = shown.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    shown.strip_prefix('-').filter(|_| zero).map_or_else(|| shown.clone(), str::to_owned)
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its title.
    pub title: Text,
    /// Unit of its numbers.
    pub unit: &'static str,
}

impl Column {
    pub(super) fn new(zh: &str, en: &str, unit: &'static str) -> Self {
        Self { title: Text::new(zh, en), unit }
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What it shows.
    pub title: Text,
    /// Its columns; the first holds names.
    pub columns: Vec<Column>,
    /// Its rows, each as long as the columns.
    pub rows: Vec<Vec<Cell>>,
}

/// Bars for each day, and a line over them.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What the bars show.
    pub title: Text,
    /// Unit of the bars.
    pub unit: &'static str,
    /// Below each bar.
    pub labels: Vec<String>,
    /// The bars.
    pub bars: Vec<Option<f64>>,
    /// What the line shows, its unit, and its points.
    pub line: Option<(Text, &'static str, Vec<Option<f64>>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_half_up_once_and_grouped() {
        for (value, digits, shown) in [
            (0.125, 2, "0.13"),
            (1.005, 2, "1.01"),
            (-0.125, 2, "-0.13"),
            (2.5, 0, "3"),
            (-0.0001, 2, "0.00"),
            (1_234_567.891, 1, "1,234,567.9"),
            (-1_234.0, 0, "-1,234"),
            (999.995, 2, "1,000.00"),
            (100.0, 0, "100"),
        ] {
            assert_eq!(grouped(value, digits), shown, "{value}");
        }
    }
}
