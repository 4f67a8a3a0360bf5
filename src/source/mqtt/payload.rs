//! What a message says into one reading. Pure: what was said and the time in, a reading or a
//! refusal out.

use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::model::{Decimal, Device, PointName, Quality, Reading, Sample, Timestamp, Value};
use crate::profile::{Form, MessageRule, Pointer};

use super::body::Body;
use super::json::Json;
use super::refusal::Refusal;
use super::time::{Belief, believe, is_now, moment, skew_s};
use super::value::{Fields, Wanted};

/// Whether a device is there.
static ONLINE: LazyLock<Option<PointName>> = LazyLock::new(|| PointName::parse("online").ok());
/// How far its clock is ahead.
static SKEW: LazyLock<Option<PointName>> = LazyLock::new(|| PointName::parse("clock_skew_s").ok());

/// How a message came.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The broker had kept it from some time ago.
    pub retained: bool,
    /// When it came.
    pub now: Timestamp,
    /// Local times without an offset are this zone's.
    pub zone: &'a TimeZone,
    /// The clock of this device has been seen eight hours ahead.
    pub eight_hours: bool,
}

/// What a message said, whatever its form.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said<'a> {
    /// The values.
    pub(super) body: Body<'a>,
    /// Its time, where the form has one of its own.
    pub(super) time_ms: Option<i64>,
    /// A number that tells two messages of one moment apart.
    pub(super) message: u64,
    /// Whether it says that the device is there, or gone.
    pub(super) present: Option<bool>,
    /// A message kept by the broker holds what is true now, though it does not say since when.
    pub(super) state: bool,
}

/// A message that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What the device said.
    pub reading: Reading,
    /// Pointers of fields whose value had the wrong type or an unknown word; they were left out.
    pub wrong_fields: Vec<String>,
    /// It is the device's last will.
    pub gone: bool,
    /// It says whether the device is there.
    pub presence: bool,
    /// Its time is the device's own.
    pub own_time: bool,
    /// Its clock is eight hours ahead, or surely not.
    pub eight_hours: Option<bool>,
}

/// Reads a JSON message or a plain text of `device`, which itself uses the name `mqtt_id`.
/// `retained` messages were sent before we listened: they count as heard when they were said.
///
/// # Errors
/// [`Refusal`]; nothing of the message is kept then.
pub fn parse(
    device: &Device,
    mqtt_id: &str,
    rule: &MessageRule,
    payload: &[u8],
    arrival: &Arrival<'_>,
) -> Result<Parsed, Refusal> {
    let body = match rule.form {
        Form::Text => Body::text(payload)?,
        _ => Body::document(payload)?,
    };
    let claimed = rule.claimed_id.as_ref().and_then(|pointer| body.first(pointer));
    if let Some(claimed) = claimed.filter(|claimed| **claimed != Json::Null) {
        let claimed = claimed.as_word();
        if claimed.as_deref().is_none_or(|id| id != mqtt_id && id != device.id.as_str()) {
            return Err(Refusal::ForeignId);
        }
    }
    // Whoever says how it is and is not gone is there.
    let present = rule.offline.as_ref().and_then(|(pointer, values)| {
        let said = body.first(pointer).and_then(Json::as_word)?;
        Some(!values.iter().any(|gone| *gone == said))
    });
    let (time_ms, bad_time) = match &rule.time {
        None => (None, false),
        Some(time) => match body.first(&time.pointer) {
            None => (None, false), // a last will cannot know it
            Some(found) => {
                let ms = moment(&time.format, found, arrival.zone);
                (ms, ms.is_none())
            }
        },
    };
    if bad_time && arrival.retained {
        return Err(Refusal::BadTime);
    }
    let number = rule.message_id.as_ref().and_then(|pointer| message_number(pointer, &body));
    // Without a number of its own a message is known by its words.
    let message = number.unwrap_or_else(|| fnv1a(payload));
    let state = rule.form == Form::Text;
    let said = Said { body, time_ms, message, present, state };
    let mut parsed = understand(device, Wanted::Of(&rule.fields), said, arrival)?;
    if let Some(time) = rule.time.as_ref().filter(|_| bad_time) {
        parsed.wrong_fields.push(time.pointer.text.clone());
    }
    Ok(parsed)
}

/// Makes a reading of what was said.
pub(super) fn understand(
    device: &Device,
    wanted: Wanted<'_>,
    said: Said<'_>,
    arrival: &Arrival<'_>,
) -> Result<Parsed, Refusal> {
    let Arrival { retained, now, eight_hours, .. } = *arrival;
    let Fields { mut samples, wrong, any } = Fields::read(wanted, &said.body, arrival);
    let gone = said.present == Some(false);
    if samples.is_empty() && said.present.is_none() {
        match (any, wrong.is_empty()) {
            (false, _) => return Err(Refusal::NothingKnown),
            (true, false) => return Err(Refusal::WrongField),
            (true, true) => {} // it speaks, and that is something
        }
    }
    if retained && said.time_ms.is_none() && !gone && !said.state {
        return Err(Refusal::RetainedWithoutTime);
    }
    let belief = said.time_ms.map(|ms| believe(ms, now, eight_hours));
    let time = match belief {
        Some(Belief::Own(time) | Belief::EightHours(time)) => time,
        Some(Belief::Future) if retained => return Err(Refusal::FutureTime),
        Some(Belief::Ancient) if retained => return Err(Refusal::AncientTime),
        _ => now,
    };
    let mut put = |point: &Option<PointName>, value: Value| {
        let point = point.clone();
        let sample = point.map(|point| Sample { point, value, quality: Quality::Good });
        samples.extend(sample);
    };
    // What the broker had kept says nothing of whether its device is still there.
    let presence = said.present.is_some() || !retained;
    if presence {
        put(&ONLINE, Value::Bool(!gone));
    }
    if let Some(ms) = said.time_ms.filter(|_| !retained) {
        put(&SKEW, Value::Decimal(Decimal::whole(skew_s(ms, now))));
    }
    let received = if retained && said.time_ms.is_some() { time.min(now) } else { now };
    let device = device.id.clone();
    Ok(Parsed {
        reading: Reading { device, time, received, message: said.message, samples },
        wrong_fields: wrong.into_iter().map(str::to_owned).collect(),
        gone,
        presence,
        own_time: matches!(belief, Some(Belief::Own(_) | Belief::EightHours(_))),
        eight_hours: match belief {
            Some(Belief::EightHours(_)) => Some(true),
            Some(Belief::Own(time)) => is_now(time, now).then_some(false),
            _ => None,
        },
    })
}

/// The number that the device gives its message: a whole number itself, a text by its hash.
fn message_number(pointer: &Pointer, body: &Body<'_>) -> Option<u64> {
    match body.first(pointer)? {
        Json::Number(number) => number.as_u64(),
        Json::Text(text) => Some(fnv1a(text.as_bytes())),
        _ => None,
    }
}

/// FNV-1a, 64 bits: stored in the journal, so it must be the same in every version.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
