//! Floats, packed. Most of them are decimals that a device has put into a float: 230.1 as 32 bits is
//! 230.10000610351562 as 64. Written as the decimal they take a byte, and come back bit for bit.

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress};

use crate::model::Decimal;

use super::ints::{put_ints, take_ints};
use crate::journal::bytes::{Input, put_bytes, put_signed};

/// How a run of floats is written: the first byte.
mod form {
    /// Decimals of one exponent, which were floats of 64 bits.
    pub(super) const DECIMAL: u8 = 0;
    /// Decimals of one exponent, which were floats of 32 bits.
    pub(super) const DECIMAL_OF_32: u8 = 1;
    /// Floats of 32 bits.
    pub(super) const SINGLE: u8 = 2;
    /// Floats of 64 bits.
    pub(super) const DOUBLE: u8 = 3;
    /// Floats of 64 bits as they are, should the library ever refuse to pack them.
    pub(super) const PLAIN: u8 = 4;
}

/// Mantissas up to here are exact as floats.
const MANTISSA_MAX: i64 = 1 << 53;

/// Writes floats. How many there are, the reader has to know.
pub(super) fn put_floats(out: &mut Vec<u8>, floats: &[f64]) {
    if floats.is_empty() {
        return;
    }
    let mut best: Option<Vec<u8>> = None;
    let mut keep = |candidate: Option<Vec<u8>>| {
        if let Some(candidate) = candidate
            && best.as_ref().is_none_or(|best| candidate.len() < best.len())
        {
            best = Some(candidate);
        }
    };
    let singles = singles(floats);
    if let Some(singles) = &singles {
        keep(as_decimals(form::DECIMAL_OF_32, floats, decimal_of_single, single_of_decimal));
        keep(packed(form::SINGLE, simple_compress(singles, &ChunkConfig::default()).ok()));
    }
    keep(as_decimals(form::DECIMAL, floats, Decimal::as_written, Decimal::to_f64));
    if singles.is_none() {
        keep(packed(form::DOUBLE, simple_compress(floats, &ChunkConfig::default()).ok()));
    }
    match best {
        Some(best) => out.extend(best),
        None => {
            out.push(form::PLAIN);
            floats.iter().for_each(|float| out.extend(float.to_le_bytes()));
        }
    }
}

/// Reads `n` floats; `None` where the bytes hold something else.
pub(super) fn take_floats(input: &mut Input<'_>, n: usize) -> Option<Vec<f64>> {
    if n == 0 {
        return Some(Vec::new());
    }
    let floats: Vec<f64> = match input.byte()? {
        form @ (form::DECIMAL | form::DECIMAL_OF_32) => {
            let exponent = i8::try_from(input.signed()?).ok()?;
            let float = if form == form::DECIMAL { Decimal::to_f64 } else { single_of_decimal };
            let mantissas = take_ints(input, n)?.into_vec(n);
            mantissas.into_iter().map(|mantissa| float(Decimal { mantissa, exponent })).collect()
        }
        form::SINGLE => {
            simple_decompress::<f32>(input.bytes()?).ok()?.into_iter().map(f64::from).collect()
        }
        form::DOUBLE => simple_decompress(input.bytes()?).ok()?,
        form::PLAIN => {
            let (head, rest) = input.0.split_at_checked(n.checked_mul(8)?)?;
            input.0 = rest;
            head.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
        }
        _ => return None,
    };
    (floats.len() == n).then_some(floats)
}

fn packed(form: u8, bytes: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut out = vec![form];
    put_bytes(&mut out, &bytes?);
    Some(out)
}

/// The floats as 32 bits, if all of them are.
fn singles(floats: &[f64]) -> Option<Vec<f32>> {
    let single = |float: &f64| {
        #[allow(clippy::cast_possible_truncation)]
        let single = *float as f32;
        (f64::from(single).to_bits() == float.to_bits()).then_some(single)
    };
    floats.iter().map(single).collect()
}

/// The shortest decimal that a float of 32 bits is written as.
fn decimal_of_single(float: f64) -> Option<Decimal> {
    #[allow(clippy::cast_possible_truncation)]
    Decimal::as_written(format!("{}", float as f32).parse().ok()?)
}

fn single_of_decimal(decimal: Decimal) -> f64 {
    #[allow(clippy::cast_possible_truncation)]
    f64::from(decimal.to_f64() as f32)
}

/// The floats as mantissas of one exponent, if every one of them comes back bit for bit.
fn as_decimals(
    form: u8,
    floats: &[f64],
    decimal: impl Fn(f64) -> Option<Decimal>,
    float: impl Fn(Decimal) -> f64,
) -> Option<Vec<u8>> {
    let decimals: Vec<Decimal> = floats.iter().map(|one| decimal(*one)).collect::<Option<_>>()?;
    let exponent = decimals.iter().map(|decimal| decimal.exponent).min()?;
    let mut mantissas = Vec::with_capacity(decimals.len());
    for (decimal, original) in decimals.iter().zip(floats) {
        let shift = u32::from(decimal.exponent.abs_diff(exponent));
        let mantissa = 10i64.checked_pow(shift)?.checked_mul(decimal.mantissa)?;
        let back = float(Decimal { mantissa, exponent });
        if mantissa.abs() > MANTISSA_MAX || back.to_bits() != original.to_bits() {
            return None;
        }
        mantissas.push(mantissa);
    }
    let mut out = vec![form];
    put_signed(&mut out, i64::from(exponent));
    put_ints(&mut out, &mantissas);
    Some(out)
}
