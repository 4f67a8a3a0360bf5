//! A scan on the wire.

use serde_json::{Value, json};

use crate::model::Text;
use crate::source::modbus::Transport;
use crate::source::modbus::scan::{
    Candidate, DoorSeen, Finding, ModelSeen, ScanReport, SunspecSeen,
};

/// A scan's report as JSON.
#[must_use]
pub fn scan_report(report: &ScanReport) -> Value {
    json!({
        "whole": report.whole,
        "devices": report.devices.iter().map(device).collect::<Vec<_>>(),
        "doors": report.doors.iter().map(door).collect::<Vec<_>>(),
    })
}

pub(super) fn words(text: &Text) -> Value {
    json!({ "zh": text.zh, "en": text.en })
}

pub(super) fn all_words(texts: &[Text]) -> Value {
    texts.iter().map(words).collect()
}

fn device(finding: &Finding) -> Value {
    let identification: Vec<Value> = finding
        .identification
        .iter()
        .map(|(object, text)| json!({ "object": object, "text": text }))
        .collect();
    let line = match &finding.transport {
        Transport::Serial(line) => json!({
            "baud_rate": line.baud_rate,
            "parity": format!("{:?}", line.parity).to_lowercase(),
        }),
        _ => Value::Null,
    };
    json!({
        "door": finding.door,
        "transport": finding.transport.as_str(),
        "line": line,
        "bus": finding.bus,
        "unit": finding.unit,
        "name": words(&finding.name()),
        "maker": finding.identity.maker,
        "model": finding.identity.model,
        "serial_number": finding.identity.serial,
        "firmware": finding.identity.firmware,
        "rated_power_w": finding.identity.rated_power_w,
        "candidates": finding.candidates.iter().map(candidate).collect::<Vec<_>>(),
        "identification": identification,
        "sunspec": finding.sunspec.as_ref().map(sunspec),
        "configured_as": finding.configured_as,
        "notes": all_words(&finding.notes),
    })
}

fn candidate(candidate: &Candidate) -> Value {
    json!({
        "profile": candidate.profile.id,
        "sureness": candidate.sureness.as_str(),
        "why": all_words(&candidate.why),
    })
}

fn sunspec(seen: &SunspecSeen) -> Value {
    let model = |model: &ModelSeen| {
        json!({
            "model": model.model, "length": model.length, "name": model.name, "fit": model.fit,
        })
    };
    json!({
        "base": seen.base,
        "whole": seen.whole,
        "instances": seen.instances,
        "models": seen.models.iter().map(model).collect::<Vec<_>>(),
    })
}

fn door(seen: &DoorSeen) -> Value {
    json!({
        "door": seen.door,
        "state": seen.state.as_str(),
        "text": words(&seen.state.text()),
        "notes": all_words(&seen.notes),
    })
}
