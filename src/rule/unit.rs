//! Units of numbers in conditions: what may be compared with what, and which numbers a point can
//! reach at all.

/// The unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// None: counts, shares and numbers as they are written.
    Bare,
    /// The unit of a point.
    Of(&'static str),
    /// A product or quotient of several; nothing is said against it.
    Mixed,
}

impl Unit {
    /// The unit of a sum or of two numbers that are compared; `None` where that makes no sense.
    pub(super) fn with(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Mixed, _) | (_, Self::Mixed) => Some(Self::Mixed),
            (Self::Bare, unit) | (unit, Self::Bare) => Some(unit),
            (Self::Of(one), Self::Of(two)) => (one == two).then_some(self),
        }
    }

    pub(super) const fn times(self, other: Self) -> Self {
        match (self, other) {
            (Self::Bare, unit) | (unit, Self::Bare) => unit,
            _ => Self::Mixed,
        }
    }

    pub(super) fn by(self, other: Self) -> Self {
        match (self, other) {
            (unit, Self::Bare) => unit,
            (Self::Of(one), Self::Of(two)) if one == two => Self::Bare,
            _ => Self::Mixed,
        }
    }

    /// As people write it; empty for those without.
    pub(super) const fn shown(self) -> &'static str {
        match self {
            Self::Of(unit) => unit,
            Self::Bare | Self::Mixed => "",
        }
    }
}

/// The least and the greatest value that a point can have, where there is such a thing.
pub(super) fn reach(point: &str, unit: Unit) -> Option<(f64, f64)> {
    let Unit::Of(unit) = unit else {
        return (point == "power_factor").then_some((-1.0, 1.0));
    };
    match (point, unit) {
        // Set-points and loads may be above what is rated.
        ("power_limit_percent" | "ups_load_percent", _) => Some((0.0, 200.0)),
        ("sun_deg", _) => Some((-90.0, 90.0)),
        ("time_of_day_h" | "open_for_h" | "yield_yesterday_h", _) => Some((0.0, 24.0)),
        (_, "%") => Some((0.0, 100.0)),
        (_, "°C") => Some((-100.0, 300.0)),
        (_, "°") => Some((0.0, 360.0)),
        (_, "Hz") => Some((0.0, 1_000.0)),
        (_, "Ω" | "张" | "人" | "VA" | "m/s" | "min") => Some((0.0, f64::INFINITY)),
        _ => None,
    }
}

/// A span of time as people write it, such as `10m`, `1.5h` or `30s`; milliseconds.
pub(super) fn span_ms(text: &str) -> Option<i64> {
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(at);
    let number: f64 = number.parse().ok()?;
    let unit_ms = match unit {
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    let ms = (number * unit_ms).round();
    #[allow(clippy::cast_possible_truncation)] // within a month
    (1_000.0..=SPAN_MAX_MS).contains(&ms).then_some(ms as i64)
}

/// The longest span that conditions look back, milliseconds.
const SPAN_MAX_MS: f64 = 31.0 * 86_400_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_meet_only_their_like() {
        let (w, v) = (Unit::Of("W"), Unit::Of("V"));
        assert_eq!(w.with(w), Some(w));
        assert_eq!(w.with(Unit::Bare), Some(w));
        assert_eq!(w.with(v), None);
        assert_eq!(w.by(w), Unit::Bare);
        assert_eq!(w.by(v).with(Unit::Of("A")), Some(Unit::Mixed));
        assert_eq!(Unit::Bare.by(w), Unit::Mixed);
        assert_eq!(Unit::Bare.times(w), w);
    }

    #[test]
    fn spans_are_read_and_nonsense_is_not() {
        let spans =
            [("10m", 600_000), ("1.5h", 5_400_000), ("30s", 30_000), ("31d", 2_678_400_000)];
        for (text, ms) in spans {
            assert_eq!(span_ms(text), Some(ms), "{text}");
        }
        for text in ["", "10", "m", "0s", "-1m", "32d", "1e9h", "10 m", "1.2.3h", "十m"] {
            assert_eq!(span_ms(text), None, "{text}");
        }
    }
}
