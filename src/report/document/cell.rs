//! What tables and charts are made of.

use jiff::civil::Date;

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
    /// A figure that is not known, why, and the number of that reason in its table.
    Missing(Text, usize),
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
            None => Self::Missing(why().unwrap_or_else(|| Text::new("无数据", "no data")), 0),
        }
    }

    /// As people read it, a missing one as a dash.
    #[must_use]
    pub fn shown(&self, pick: &dyn Fn(&Text) -> String) -> String {
        match self {
            Self::Words(text) | Self::Name(text) => pick(text),
            Self::Number(value, digits) => grouped(*value, *digits),
            Self::Percent(value, digits) => format!("{} %", grouped(value * 100.0, *digits)),
            Self::Missing(_, reason) => format!("—{}", mark(*reason)),
            Self::Empty => String::new(),
        }
    }
}

/// The mark of a reason.
fn mark(reason: usize) -> &'static str {
    ["", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"].get(reason).copied().unwrap_or_default()
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
    let nudged = scaled + scaled * 8.0 * f64::EPSILON;
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
    /// Its numbers are the shares of those of another column in their sum.
    pub share_of: Option<usize>,
}

impl Column {
    pub(super) fn new(zh: &str, en: &str, unit: &'static str) -> Self {
        Self { title: Text::new(zh, en), unit, share_of: None }
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
    /// The sums of the rows.
    pub total: Option<Vec<Cell>>,
}

impl Table {
    pub(super) fn new(title: Text, columns: Vec<Column>, mut rows: Vec<Vec<Cell>>) -> Self {
        let mut reasons: Vec<Text> = Vec::new();
        for cell in rows.iter_mut().flatten() {
            let Cell::Missing(why, reason) = cell else { continue };
            let known = reasons.iter().position(|known| known == why);
            *reason = 1 + known.unwrap_or_else(|| {
                reasons.push(why.clone());
                reasons.len() - 1
            });
        }
        Self { title, columns, rows, total: None }
    }

    /// With a last row of the sums of some columns.
    pub(super) fn summed(mut self, columns: &[usize]) -> Self {
        let sum = |place: usize| {
            if !columns.contains(&place) {
                return Cell::Empty;
            }
            let cells = self.rows.iter().filter_map(|row| row.get(place));
            let mut sum = Cell::Empty;
            for cell in cells {
                let added = match (&sum, cell) {
                    (Cell::Number(sum, _), Cell::Number(value, digits)) => (sum + value, *digits),
                    (Cell::Empty, Cell::Number(value, digits)) => (*value, *digits),
                    (_, Cell::Empty) => continue,
                    // What is not known has no sum.
                    _ => return Cell::Empty,
                };
                sum = Cell::Number(added.0, added.1);
            }
            sum
        };
        let mut total: Vec<Cell> = (0..self.columns.len()).map(sum).collect();
        if let Some(first) = total.first_mut() {
            *first = Cell::Words(Text::new("合计", "sum"));
        }
        self.total = (self.rows.len() > 1).then_some(total);
        self
    }

    /// Whether a column holds numbers.
    #[must_use]
    pub fn is_number(&self, place: usize) -> bool {
        let number =
            |cell: &Cell| matches!(cell, Cell::Number(..) | Cell::Percent(..) | Cell::Missing(..));
        self.rows.iter().filter_map(|row| row.get(place)).any(number)
    }

    /// Why figures are missing: the mark that stands for it, and the reason.
    #[must_use]
    pub fn reasons(&self) -> Vec<(&'static str, Text)> {
        let mut reasons: Vec<(usize, Text)> = Vec::new();
        for cell in self.rows.iter().flatten() {
            if let Cell::Missing(why, reason) = cell
                && !reasons.iter().any(|(known, _)| known == reason)
            {
                reasons.push((*reason, why.clone()));
            }
        }
        reasons.into_iter().map(|(reason, why)| (mark(reason), why)).collect()
    }
}

/// A figure: its name, its cell, its unit, and how it is reckoned.
pub(super) type Row =
    ((&'static str, &'static str), Cell, &'static str, (&'static str, &'static str));

/// A table of figures with their units and formulas.
pub(super) fn figures(title: Text, rows: impl IntoIterator<Item = Row>) -> Table {
    let columns = vec![
        Column::new("指标", "figure", ""),
        Column::new("数值", "value", ""),
        Column::new("单位", "unit", ""),
        Column::new("算法", "formula", ""),
    ];
    let row = |(name, cell, unit, how): Row| {
        vec![
            Cell::Words(Text::new(name.0, name.1)),
            cell,
            Cell::Words(Text::same(unit)),
            Cell::Words(Text::new(how.0, how.1)),
        ]
    };
    Table::new(title, columns, rows.into_iter().map(row).collect())
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

/// More days than this are shown by month.
const DAYS_MAX: usize = 62;

/// Whether so many days are shown by month.
pub(super) const fn by_month(days: usize) -> bool {
    days > DAYS_MAX
}

/// Labels and bars: one for each day, or for each month of many days.
pub(super) fn bars<T>(
    days: &[T],
    of: impl Fn(&T) -> (Date, Option<f64>),
) -> Vec<(String, Option<f64>)> {
    let mut bars: Vec<(Date, Option<f64>)> = Vec::new();
    for day in days {
        let (date, value) = of(day);
        match bars.last_mut().filter(|(last, _)| {
            by_month(days.len()) && last.first_of_month() == date.first_of_month()
        }) {
            Some((_, sum)) => *sum = sum.zip(value).map(|(a, b)| a + b).or(*sum).or(value),
            None => bars.push((date, value)),
        }
    }
    let label = |date: Date| if by_month(days.len()) { date.month() } else { date.day() };
    bars.into_iter().map(|(date, bar)| (label(date).to_string(), bar)).collect()
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
            (999_999_999.0, 3, "999,999,999.000"),
            (900_000_000.000_5, 3, "900,000,000.001"),
        ] {
            assert_eq!(grouped(value, digits), shown, "{value}");
        }
    }
}
