//! When a channel may say something again: people bear so much, and services allow so much.

/// Messages that are remembered.
const SENT_MAX: usize = 200;
const MINUTE_MS: i64 = 60_000;

/// How long a channel has to wait before its next message, milliseconds.
///
/// `sent_ms` are the times of its last messages, oldest first. What came in quiet is said at once;
/// after that it is collected for `digest_ms`. A clock that was set back makes nobody wait longer
/// than the rule itself does.
pub(super) fn wait_ms(
    sent_ms: &[i64],
    now_ms: i64,
    digest_ms: i64,
    per_minute: Option<u32>,
) -> i64 {
    let until = |from: i64, span_ms: i64| (from + span_ms - now_ms).clamp(0, span_ms);
    let digest = sent_ms.last().map_or(0, |last| until(*last, digest_ms));
    let Some(per_minute) = per_minute.filter(|most| *most > 0) else { return digest };
    let most = usize::try_from(per_minute).unwrap_or(usize::MAX);
    // There is room as soon as the oldest of the last `most` messages is a minute old.
    let full = sent_ms.len().checked_sub(most).and_then(|at| sent_ms.get(at));
    digest.max(full.map_or(0, |oldest| until(*oldest, MINUTE_MS)))
}

/// How many messages still fit into this minute; `None` where there is no limit.
pub(super) fn room(sent_ms: &[i64], now_ms: i64, per_minute: Option<u32>) -> Option<usize> {
    let most = usize::try_from(per_minute?).unwrap_or(usize::MAX);
    let lately = sent_ms.iter().filter(|sent| (0..MINUTE_MS).contains(&(now_ms - **sent))).count();
    Some(most.saturating_sub(lately))
}

/// Notes a message.
pub(super) fn note(sent_ms: &mut Vec<i64>, now_ms: i64) {
    // What lies in the future was noted by a clock that was wrong.
    sent_ms.retain(|sent| *sent <= now_ms && now_ms - *sent < MINUTE_MS.saturating_mul(60));
    sent_ms.push(now_ms);
    let over = sent_ms.len().saturating_sub(SENT_MAX);
    sent_ms.drain(..over);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_quiet_is_said_at_once_and_the_rest_is_collected() {
        assert_eq!(wait_ms(&[], 1_000_000, 30_000, None), 0);
        assert_eq!(wait_ms(&[1_000_000], 1_000_000, 30_000, None), 30_000);
        assert_eq!(wait_ms(&[1_000_000], 1_012_000, 30_000, None), 18_000);
        assert_eq!(wait_ms(&[1_000_000], 1_030_000, 30_000, None), 0);
        assert_eq!(wait_ms(&[1_000_000], 1_000_000, 0, None), 0);
    }

    #[test]
    fn a_minute_holds_so_many_messages() {
        let sent = [0, 10_000, 20_000];
        assert_eq!(wait_ms(&sent, 20_000, 0, Some(3)), 40_000);
        assert_eq!(wait_ms(&sent, 60_000, 0, Some(3)), 0);
        assert_eq!(wait_ms(&sent, 20_000, 0, Some(4)), 0);
        assert_eq!(wait_ms(&sent, 20_000, 30_000, Some(3)), 40_000);
    }

    #[test]
    fn room_is_what_is_left_of_a_minute() {
        assert_eq!(room(&[0, 10_000, 20_000], 60_000, Some(3)), Some(1));
        assert_eq!(room(&[0, 10_000, 20_000], 20_000, Some(3)), Some(0));
        assert_eq!(room(&[90_000], 20_000, Some(3)), Some(3));
        assert_eq!(room(&[0], 0, None), None);
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nobody_up() {
        assert_eq!(wait_ms(&[90_000_000], 1_000_000, 30_000, Some(1)), 60_000);
        let mut sent = vec![90_000_000];
        note(&mut sent, 1_000_000);
        assert_eq!(sent, [1_000_000]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut sent = Vec::new();
        (0..1_000).for_each(|n| note(&mut sent, n));
        assert_eq!((sent.len(), sent.first(), sent.last()), (SENT_MAX, Some(&800), Some(&999)));
    }
}
