//! One point of one device over some readings, packed: integers as integers, floats as floats,
//! words by their place in a list. What comes out is what went in, bit for bit.
//!
//! ```text
//! form, which readings have it (all, or a list), qualities, kinds of value,
//! then of each kind that occurs: exponents, mantissas | floats | bools | list of texts, places in it
//! ```

mod floats;
mod ints;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::journal::bytes::{Input, put_bytes, put_unsigned};
use crate::model::{Decimal, Quality, Value};

use floats::{put_floats, take_floats};
use ints::Ints;

/// Version of the form; older forms stay readable for ever.
const FORM: u8 = 1;

/// Every reading has the point, or those of a list.
const ALL: u8 = 0;
const SOME: u8 = 1;

/// Kinds of values, by their stored numbers.
mod kind {
    pub(super) const DECIMAL: i64 = 0;
    pub(super) const FLOAT: i64 = 1;
    pub(super) const BOOL: i64 = 2;
    pub(super) const TEXT: i64 = 3;
    pub(super) const CODES: i64 = 4;
    pub(super) const ALL: [i64; 5] = [DECIMAL, FLOAT, BOOL, TEXT, CODES];
}

/// One value: the row of its reading, and itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub(super) row: usize,
    pub(super) value: Value,
    pub(super) quality: Quality,
}

/// Numbers written after one another: times, messages.
pub(super) fn put_numbers(out: &mut Vec<u8>, numbers: &[i64]) {
    ints::put_ints(out, numbers);
}

/// The other way round.
pub(super) fn take_numbers(input: &mut Input<'_>, n: usize) -> Option<Vec<i64>> {
    Some(ints::take_ints(input, n)?.into_vec(n))
}

fn kind_of(value: &Value) -> i64 {
    match value {
        Value::Decimal(_) => kind::DECIMAL,
        Value::Float(_) => kind::FLOAT,
        Value::Bool(_) => kind::BOOL,
        Value::Text(_) => kind::TEXT,
        Value::Codes(_) => kind::CODES,
    }
}

fn code_of(quality: Quality) -> i64 {
    let place = Quality::ALL.iter().position(|other| *other == quality);
    place.and_then(|place| i64::try_from(place).ok()).unwrap_or(0)
}

/// Packs the values of one point; `cells` in the order of their rows, of `rows` in all.
pub(super) fn pack(cells: &[Cell], rows: usize) -> Vec<u8> {
    let mut out = vec![FORM];
    if cells.len() == rows {
        out.push(ALL);
    } else {
        out.push(SOME);
        put_unsigned(&mut out, cells.len() as u64);
        let rows: Vec<i64> = cells.iter().filter_map(|cell| i64::try_from(cell.row).ok()).collect();
        ints::put_ints(&mut out, &rows);
    }
    let qualities: Vec<i64> = cells.iter().map(|cell| code_of(cell.quality)).collect();
    ints::put_ints(&mut out, &qualities);
    let kinds: Vec<i64> = cells.iter().map(|cell| kind_of(&cell.value)).collect();
    ints::put_ints(&mut out, &kinds);
    for kind in kind::ALL {
        let of_kind = cells.iter().map(|cell| &cell.value).filter(|value| kind_of(value) == kind);
        put_kind(&mut out, &of_kind.collect::<Vec<_>>());
    }
    out
}

/// Values that are all of one kind.
fn put_kind(out: &mut Vec<u8>, values: &[&Value]) {
    let (mut exponents, mut numbers, mut floats) = (Vec::new(), Vec::new(), Vec::new());
    let mut list: Vec<&Value> = Vec::new();
    for value in values {
        match value {
            Value::Decimal(decimal) => {
                exponents.push(i64::from(decimal.exponent));
                numbers.push(decimal.mantissa);
            }
            Value::Float(float) => floats.push(*float),
            Value::Bool(yes) => numbers.push(i64::from(*yes)),
            Value::Text(_) | Value::Codes(_) => {
                // Lists are short: a serial number, some faults.
                let place = list.iter().position(|known| known == value).unwrap_or_else(|| {
                    list.push(value);
                    list.len() - 1
                });
                numbers.push(i64::try_from(place).unwrap_or(0));
            }
        }
    }
    ints::put_ints(out, &exponents);
    put_floats(out, &floats);
    if !list.is_empty() {
        put_unsigned(out, list.len() as u64);
        list.iter().for_each(|value| put_words(out, value));
    }
    ints::put_ints(out, &numbers);
}

fn put_words(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) => put_bytes(out, text.as_bytes()),
        Value::Codes(codes) => {
            put_unsigned(out, codes.len() as u64);
            codes.iter().for_each(|code| put_bytes(out, code.as_bytes()));
        }
        _ => {}
    }
}

/// The values of one point, unpacked as far as needed.
#[derive(Debug)]
pub(super) struct Column {
    /// The rows that have it; `None` means all.
    rows: Option<Vec<i64>>,
    len: usize,
    qualities: Ints,
    kinds: Ints,
    exponents: Ints,
    mantissas: Vec<i64>,
    floats: Vec<f64>,
    bools: Vec<i64>,
    words: [Words; 2],
}

/// Texts or codes: a list, and places in it.
#[derive(Debug, Default)]
struct Words {
    list: Vec<Value>,
    places: Vec<i64>,
}

/// Unpacks a column of `rows` readings; `None` if it is damaged.
pub(super) fn unpack(packed: &[u8], rows: usize) -> Option<Column> {
    let mut input = Input(packed);
    if input.byte()? != FORM {
        return None;
    }
    let (which, len) = match input.byte()? {
        ALL => (None, rows),
        SOME => {
            let len = input.count(rows)?;
            (Some(ints::take_ints(&mut input, len)?.into_vec(len)), len)
        }
        _ => return None,
    };
    let qualities = ints::take_ints(&mut input, len)?;
    let kinds = ints::take_ints(&mut input, len)?;
    let count = |kind: i64| match &kinds {
        Ints::Same(same) => {
            if *same == kind {
                len
            } else {
                0
            }
        }
        Ints::Each(each) => each.iter().filter(|each| **each == kind).count(),
    };
    let decimals = count(kind::DECIMAL);
    let exponents = ints::take_ints(&mut input, decimals)?;
    let mantissas = ints::take_ints(&mut input, decimals)?.into_vec(decimals);
    let floats = take_floats(&mut input, count(kind::FLOAT))?;
    let bools = count(kind::BOOL);
    let bools = ints::take_ints(&mut input, bools)?.into_vec(bools);
    let words = [
        take_words(&mut input, count(kind::TEXT), |input| {
            Some(Value::Text(Arc::from(input.text()?)))
        })?,
        take_words(&mut input, count(kind::CODES), |input| {
            let codes = input.count(input.0.len())?;
            let codes = (0..codes).map(|_| input.text().map(Arc::from));
            Some(Value::Codes(codes.collect::<Option<Arc<[_]>>>()?))
        })?,
    ];
    Some(Column { rows: which, len, qualities, kinds, exponents, mantissas, floats, bools, words })
}

fn take_words(
    input: &mut Input<'_>,
    n: usize,
    one: impl Fn(&mut Input<'_>) -> Option<Value>,
) -> Option<Words> {
    if n == 0 {
        return Some(Words::default());
    }
    let list = (0..input.count(n)?).map(|_| one(input)).collect::<Option<_>>()?;
    Some(Words { list, places: ints::take_ints(input, n)?.into_vec(n) })
}

impl Column {
    /// Shows every value with its row, in order. False if the column is damaged.
    pub(super) fn cells(&self, mut visit: impl FnMut(usize, Value, Quality)) -> bool {
        self.walk(&mut visit).is_some()
    }

    /// Shows every number that was measured with its row, in order; false if the column is damaged.
    pub(super) fn numbers(&self, mut visit: impl FnMut(usize, f64)) -> bool {
        if let (Ints::Same(kind::DECIMAL), Ints::Same(exponent), Ints::Same(quality)) =
            (&self.kinds, &self.exponents, &self.qualities)
        {
            // Nearly every column: no value is made of each number.
            let (Ok(exponent), Some(quality)) = (i8::try_from(*exponent), quality_of(*quality))
            else {
                return false;
            };
            if !quality.is_measured() {
                return true;
            }
            for (place, mantissa) in self.mantissas.iter().enumerate() {
                let Some(row) = self.row(place) else { return false };
                visit(row, Decimal { mantissa: *mantissa, exponent }.to_f64());
            }
            return true;
        }
        self.cells(|row, value, quality| {
            if let Some(number) = value.as_f64().filter(|_| quality.is_measured()) {
                visit(row, number);
            }
        })
    }

    fn row(&self, place: usize) -> Option<usize> {
        match &self.rows {
            None => Some(place),
            Some(rows) => rows.get(place).and_then(|row| usize::try_from(*row).ok()),
        }
    }

    fn walk(&self, mut visit: impl FnMut(usize, Value, Quality)) -> Option<()> {
        let (mut decimals, mut floats, mut bools) = (0, 0, 0);
        let mut words = [0, 0];
        let next = |count: &mut usize| std::mem::replace(count, *count + 1);
        for place in 0..self.len {
            let value = match self.kinds.at(place)? {
                kind::DECIMAL => {
                    let at = next(&mut decimals);
                    let exponent = i8::try_from(self.exponents.at(at)?).ok()?;
                    Value::Decimal(Decimal { mantissa: *self.mantissas.get(at)?, exponent })
                }
                kind::FLOAT => Value::Float(*self.floats.get(next(&mut floats))?),
                kind::BOOL => Value::Bool(*self.bools.get(next(&mut bools))? != 0),
                kind @ (kind::TEXT | kind::CODES) => {
                    let which = usize::from(kind == kind::CODES);
                    let words_of = self.words.get(which)?;
                    let place = words_of.places.get(next(words.get_mut(which)?))?;
                    words_of.list.get(usize::try_from(*place).ok()?)?.clone()
                }
                _ => return None,
            };
            visit(self.row(place)?, value, quality_of(self.qualities.at(place)?)?);
        }
        Some(())
    }
}

fn quality_of(code: i64) -> Option<Quality> {
    Quality::ALL.get(usize::try_from(code).ok()?).copied()
}
