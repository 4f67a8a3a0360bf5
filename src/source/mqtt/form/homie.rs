//! The Homie convention, versions 4 and 5: one topic a property, `$state` for the device.
//!
//! Properties are kept by the broker and are true until they are published again, so a kept one is
//! the present; `$state` says whether its device still is.

use crate::source::mqtt::body::Body;
use crate::source::mqtt::payload::{Said, fnv1a};
use crate::source::mqtt::refusal::Refusal;

/// Reads a message on `topic`, which lies under the device's `filter` (`homie/kiosk9/#`). `None`
/// for what only describes the device.
pub(crate) fn said<'a>(
    filter: &str,
    topic: &str,
    payload: &'a [u8],
) -> Result<Option<Said<'a>>, Refusal> {
    let base = filter.strip_suffix('#').unwrap_or(filter);
    let Some(rest) = topic.strip_prefix(base) else { return Ok(None) };
    let text = std::str::from_utf8(payload).map_err(|_| Refusal::NotUtf8)?;
    let present = match rest {
        "$state" => match text {
            "disconnected" | "lost" => Some(false),
            "init" | "ready" | "alert" | "sleeping" => Some(true),
            _ => return Err(Refusal::NothingKnown),
        },
        // Attributes, and what others ask of the device: `node/property/set`.
        _ if rest.contains('$') || rest.split('/').count() != 2 => return Ok(None),
        _ => None,
    };
    // Version 5 writes an empty text as one zero byte.
    let text = if text == "\0" { "" } else { text };
    let body = Body::Flat(vec![(format!("/{rest}"), text.into())]);
    let message = fnv1a(topic.as_bytes()) ^ fnv1a(payload);
    Ok(Some(Said { body, time_ms: None, message, present, state: true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(topic: &str, payload: &'a str) -> Option<Said<'a>> {
        said("homie/5/kiosk9/#", topic, payload.as_bytes()).expect("understood")
    }

    #[test]
    fn properties_are_values_and_the_state_says_whether_it_is_there() {
        let paper = read("homie/5/kiosk9/printer/paper", "54").expect("a value");
        assert_eq!(paper.body, Body::Flat(vec![("/printer/paper".into(), "54".into())]));
        assert_eq!(paper.present, None);
        let state = |word: &str| read("homie/5/kiosk9/$state", word).and_then(|s| s.present);
        assert_eq!((state("ready"), state("lost")), (Some(true), Some(false)));
        for meta in ["$description", "printer/$name", "printer/paper/$target", "printer/paper/set"]
        {
            assert_eq!(read(&format!("homie/5/kiosk9/{meta}"), "x"), None, "{meta}");
        }
        let odd = said("homie/k/#", "homie/k/$state", b"dancing");
        assert_eq!(odd, Err(Refusal::NothingKnown));
    }
}
