//! How long answers took.

use std::time::Duration;

/// Upper bounds of the classes, milliseconds; a last class has none.
pub const BOUNDS_MS: [u32; 14] =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000];

/// Counts by class of duration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// One count a class of [`BOUNDS_MS`], and the last for what took longer.
    pub counts: [u64; BOUNDS_MS.len() + 1],
    /// Sum of all durations, microseconds.
    pub sum_us: u64,
    /// The longest, microseconds.
    pub max_us: u64,
}

impl Histogram {
    /// Adds one.
    pub fn add(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = BOUNDS_MS.partition_point(|bound| u64::from(*bound) * 1000 < us);
        if let Some(count) = self.counts.get_mut(class) {
            *count += 1;
        }
        self.sum_us = self.sum_us.saturating_add(us);
        self.max_us = self.max_us.max(us);
    }

    /// Adds all of another histogram.
    pub fn add_all(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.max_us = self.max_us.max(other.max_us);
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Upper bound of the class in which this share of all lies, milliseconds, and no more than the
    /// longest of them; `None` while there are none.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> Option<u64> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let wanted = ((total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                let bound = BOUNDS_MS.get(place).map_or(u64::MAX, |ms| u64::from(*ms));
                return Some(bound.min(self.max_us.div_ceil(1000)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_their_classes() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile_ms(0.5), None);
        for ms in [1, 1, 1, 3, 40_000] {
            histogram.add(Duration::from_millis(ms));
        }
        assert_eq!(histogram.counts[0], 3, "a bound belongs to its class");
        assert_eq!(histogram.counts[2], 1);
        assert_eq!(histogram.counts[14], 1);
        assert_eq!(histogram.quantile_ms(0.5), Some(1));
        assert_eq!(histogram.quantile_ms(0.8), Some(5));
        assert_eq!(histogram.quantile_ms(1.0), Some(40_000));
        assert_eq!(histogram.total(), 5);
    }
}
