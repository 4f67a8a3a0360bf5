//! What was measured: exact decimals where a register was an integer, floats where it was one.

use std::sync::Arc;

/// `mantissa × 10^exponent`, exactly as the register and its scale say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The integer part of the representation.
    pub mantissa: i64,
    /// The power of ten, −30 to 30.
    pub exponent: i8,
}

/// Powers of ten that an f64 holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

impl Decimal {
    /// A whole number.
    #[must_use]
    pub const fn whole(mantissa: i64) -> Self {
        Self { mantissa, exponent: 0 }
    }

    /// The decimal that a float is written as: 0.1 is 1 × 10^-1. `None` for floats that take more
    /// digits than fit, and for those that are no number.
    #[must_use]
    pub fn as_written(number: f64) -> Option<Self> {
        let written = format!("{number}");
        let (whole, fraction) = written.split_once('.').unwrap_or((&written, ""));
        let exponent = -i8::try_from(fraction.len()).ok()?;
        let mantissa: i64 = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { mantissa, exponent })
    }

    /// The exact product, where it fits.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self { mantissa, exponent: self.exponent.checked_add(other.exponent)? })
    }

    /// The nearest f64. One division or multiplication, so `4999 × 10^-2` is exactly `49.99`.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let mantissa = self.mantissa as f64;
        let steps = usize::from(self.exponent.unsigned_abs());
        match EXACT_POWERS.get(steps) {
            Some(power) if self.exponent < 0 => mantissa / power,
            Some(power) => mantissa * power,
            // Rare and far away: let the parser round it.
            None => format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(f64::NAN),
        }
    }
}

/// One measured value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A scaled integer: what registers and most JSON numbers are.
    Decimal(Decimal),
    /// A float point; always finite.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A text: a serial number, a firmware version.
    Text(Arc<str>),
    /// A set of named codes, such as the active faults. Empty means none.
    Codes(Arc<[Arc<str>]>),
}

impl Value {
    /// The number, where there is one; yes and no are 1 and 0.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Decimal(decimal) => Some(decimal.to_f64()),
            Self::Float(float) => Some(*float),
            Self::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Self::Text(_) | Self::Codes(_) => None,
        }
    }

    /// The whole number of an enumeration, where this is one.
    #[must_use]
    pub fn as_code(&self) -> Option<i64> {
        match self {
            Self::Decimal(Decimal { mantissa, exponent: 0 }) => Some(*mantissa),
            _ => None,
        }
    }
}

/// How far a value can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quality {
    /// As the device sent it.
    Good,
    /// Older than it should be.
    Stale,
    /// Computed, not measured.
    Estimated,
    /// Read later from a counter, after an outage.
    Recovered,
    /// The device says that it has no sensor for it.
    SensorMissing,
    /// Outside what is possible.
    Rejected,
}

impl Quality {
    /// All qualities, in the order of their stored codes.
    pub const ALL: [Self; 6] = [
        Self::Good,
        Self::Stale,
        Self::Estimated,
        Self::Recovered,
        Self::SensorMissing,
        Self::Rejected,
    ];

    /// Whether there is a value that somebody measured or worked out.
    #[must_use]
    pub const fn is_measured(self) -> bool {
        !matches!(self, Self::SensorMissing | Self::Rejected)
    }

    /// The word used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Stale => "stale",
            Self::Estimated => "estimated",
            Self::Recovered => "recovered",
            Self::SensorMissing => "sensor_missing",
            Self::Rejected => "rejected",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_the_nearest_float() {
        assert_eq!(Decimal { mantissa: 4999, exponent: -2 }.to_f64(), 49.99);
        assert_eq!(Decimal { mantissa: 472_748, exponent: 1 }.to_f64(), 4_727_480.0);
        assert_eq!(Decimal { mantissa: -3, exponent: -1 }.to_f64(), -0.3);
        assert_eq!(Decimal { mantissa: 7, exponent: -25 }.to_f64(), 7e-25);
    }

    #[test]
    fn floats_become_the_decimals_that_people_wrote() {
        assert_eq!(Decimal::as_written(0.1), Some(Decimal { mantissa: 1, exponent: -1 }));
        assert_eq!(Decimal::as_written(-66.667), Some(Decimal { mantissa: -66_667, exponent: -3 }));
        assert_eq!(Decimal::as_written(200.0), Some(Decimal::whole(200)));
        assert_eq!(Decimal::as_written(1e300), None);
        assert_eq!(Decimal::as_written(f64::NAN), None);
        let tenth = Decimal { mantissa: 1, exponent: -1 };
        assert_eq!(tenth.times(Decimal::whole(200)), Some(Decimal { mantissa: 200, exponent: -1 }));
        assert_eq!(Decimal::whole(i64::MAX).times(Decimal::whole(2)), None);
    }
}
