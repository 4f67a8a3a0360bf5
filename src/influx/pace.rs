//! How long to wait before the next try.

use std::time::Duration;

use crate::model::Timestamp;

/// The longest that a server can make us wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Pauses that double, each shortened by chance so that many gateways do not come back at once.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    next: Duration,
    max: Duration,
}

impl Pace {
    pub(super) const fn new(min: Duration, max: Duration) -> Self {
        Self { next: min, max }
    }

    /// The next pause: 50 to 100 % of the doubled one before.
    pub(super) fn pause(&mut self) -> Duration {
        let pause = self.next.min(self.max);
        self.next = pause.saturating_mul(2);
        pause.mul_f64(rand::random_range(0.5..=1.0))
    }
}

/// Reads a `Retry-After` header: seconds, or a date of HTTP.
pub(super) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    let wait = if let Ok(seconds) = header.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let then = jiff::fmt::rfc2822::parse(header).ok()?.timestamp();
        let ms = Timestamp::from_ms(then.as_millisecond()).since_ms(now);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let mut pace = Pace::new(Duration::from_secs(1), Duration::from_secs(60));
        for most in [1, 2, 4, 8, 16, 32, 60, 60] {
            let pause = pace.pause().as_secs_f64();
            assert!(pause <= f64::from(most) && pause >= f64::from(most) / 2.0, "{pause} {most}");
        }
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = Timestamp::from_ms(1_445_412_420_000); // Wed, 21 Oct 2015 07:27:00 GMT
        let of = |header: &str| retry_after(header, now).map(|wait| wait.as_secs());
        assert_eq!(of(" 120 "), Some(120));
        assert_eq!(of("Wed, 21 Oct 2015 07:28:00 GMT"), Some(60));
        assert_eq!(of("Wed, 21 Oct 2015 07:26:00 GMT"), Some(0), "in the past");
        assert_eq!(of("999999999"), Some(3600));
        assert_eq!(of("soon"), None);
    }
}
