//! Makes the days that are over before anybody asks for them.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tokio_util::sync::CancellationToken;

use crate::model::Timestamp;

use super::{Daybook, Known};

/// A month, and the one that it is compared with.
const BACK_DAYS: i64 = 62;
/// What may still come late.
const LATE_DAYS: i64 = 3;
/// A start is busy enough, and so is midnight.
const CALM: Duration = Duration::from_secs(120);
const AFTER_MIDNIGHT_MS: i64 = 10 * 60 * 1000;
/// Between two devices, so that whoever waits for something gets it.
const BREATH: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_secs(60);

/// Makes the days of the last two months once, and each new day soon after midnight.
pub async fn keep(daybook: Daybook, devices: Arc<Vec<Known>>, stop: CancellationToken) {
    let mut done: Option<Date> = None;
    let mut pause = CALM;
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        pause = LOOK;
        let yesterday = daybook.date(daybook.clock.now().plus_ms(-AFTER_MIDNIGHT_MS)).yesterday();
        let Some(yesterday) = yesterday.ok().filter(|day| done != Some(*day)) else { continue };
        let back = if done.is_none() { BACK_DAYS } else { LATE_DAYS };
        let first = yesterday.saturating_sub(jiff::Span::new().days(back));
        for known in devices.iter() {
            let made = make(&daybook, known, first, yesterday);
            if stop.run_until_cancelled(made).await.is_none() {
                return;
            }
            tokio::time::sleep(BREATH).await;
        }
        done = Some(yesterday);
    }
}

async fn make(daybook: &Daybook, known: &Known, first: Date, last: Date) {
    let device = &known.0.id;
    // What a database has is fetched when it is asked for.
    let since = daybook.past.asked_before(device).await.ok().flatten();
    let first = since.map_or(first, |since| first.max(daybook.date(within(since))));
    if let Err(error) = daybook.days(known, first, last).await {
        tracing::warn!(%device, %error, "the days of a device could not be made");
    }
}

/// The first time whose day is made of what is here only.
const fn within(since: Timestamp) -> Timestamp {
    since.plus_ms(super::BEFORE_MS + 24 * 3600 * 1000)
}
