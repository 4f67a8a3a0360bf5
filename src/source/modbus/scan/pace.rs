//! The pace of a scan: connections and questions of all doors together.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Hands out turns, evenly.
#[derive(Debug)]
pub(in crate::source::modbus) struct Pace {
    next: Mutex<Instant>,
    step: Duration,
}

impl Pace {
    pub(in crate::source::modbus) fn new(per_second: u32) -> Self {
        let step = Duration::from_secs(1) / per_second.max(1);
        Self { next: Mutex::new(Instant::now()), step }
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self) {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(Instant::now());
            *next = turn + self.step;
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_are_even_and_idle_time_is_not_saved_up() {
        let pace = Pace::new(10);
        let begin = Instant::now();
        for _ in 0..11 {
            pace.turn().await;
        }
        assert_eq!(begin.elapsed(), Duration::from_secs(1), "ten steps of 100 ms");
        tokio::time::sleep(Duration::from_secs(5)).await;
        let begin = Instant::now();
        for _ in 0..3 {
            pace.turn().await;
        }
        assert_eq!(begin.elapsed(), Duration::from_millis(200));
    }
}
