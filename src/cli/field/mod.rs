//! The commands that look at buses and devices: through the running gateway, or by themselves.

pub(super) mod bus;
pub(super) mod plan;
pub(super) mod read;
pub(super) mod record;
pub(super) mod replay;

use std::time::Duration;

use crate::clock::{Clock as _, SystemClock};
use crate::model::Text;
use crate::source::modbus::{ByHand, ReadError, Round};

use super::check::one_line;
use super::door::Place;
use super::{Done, Failure, runtime};

/// Asks every unit once, under the time of now.
async fn round(hand: &mut ByHand) -> Vec<Round> {
    hand.round(|| SystemClock.now()).await
}

/// Says on standard error that no gateway runs, so that nobody wonders who asks the device.
fn say_direct(place: &Place) {
    let text = Text::new(
        "网关没有运行：直接询问设备",
        "no gateway runs here: the devices are asked directly",
    );
    eprintln!("{}", one_line(text, place.lang));
}

/// What a failed read says, for people.
fn failed(device: &str, error: &ReadError) -> Text {
    let Text { zh, en } = error.fault().text();
    Text::new(format!("{device}：{zh}（{error}）"), format!("{device}: {en} ({error})"))
}

/// `60s`, `5m`, `1h`, or seconds.
pub(super) fn duration(words: &str) -> Result<Duration, String> {
    let wrong = || "写成 60s、5m 或 1h / write 60s, 5m or 1h".to_owned();
    let digits = words.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = words.get(digits.len()..).unwrap_or_default();
    let factor = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    match number.checked_mul(factor) {
        Some(seconds @ 1..=604_800) => Ok(Duration::from_secs(seconds)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for wrong in ["", "s", "0", "-1s", "1d", "1.5h", "999999999999999999999s", "9999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
