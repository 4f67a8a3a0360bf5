//! What is found about a device as a whole, with the reasons in words: silence, faults, an inverter that
//! makes nothing, a counter that left its line, refused messages.

use crate::counter::{Change, CounterEvent};
use crate::live::{DeviceLive, Health, HealthState, Why};
use crate::model::{LinkState, Severity, Text, Timestamp};
use crate::rule::Detail;
use crate::source::mqtt::{Refusal, Refused};

/// An alert about a counter stands for so long: somebody has to look and to book it.
const COUNTER_HOLD_MS: i64 = 24 * 3600 * 1000;
/// Nonsense that was left out needs no booking; it is told once an hour while it goes on.
const GLITCH_HOLD_MS: i64 = 2 * 3600 * 1000;
/// Refused messages are told once a minute; so long after the last of them it is over.
pub(super) const REFUSED_HOLD_MS: i64 = 10 * 60 * 1000;

/// Silent when it should speak; `None` while that cannot be told.
pub(super) fn offline(live: &DeviceLive, health: &Health) -> Option<bool> {
    match health.state {
        HealthState::Waiting => None,
        // One alert about the broker says it for all its devices.
        HealthState::Offline if live.unheard() => None,
        state => Some(state == HealthState::Offline),
    }
}

/// Its health says why in words; what was seen on the way to it is evidence.
pub(super) fn offline_detail(live: &DeviceLive, health: &Health) -> Detail {
    let (fault, seen) = match &live.link {
        Some(LinkState::Down { fault, detail }) => (fault.as_str(), detail.clone()),
        _ => ("", String::new()),
    };
    let unknown = || Text::new("超过规定时间没有数据", "no data for too long");
    let evidence = match seen.is_empty() {
        true => Vec::new(),
        false => vec![(Text::new("所见", "seen"), seen)],
    };
    Detail {
        reason: Some(health.cause().cloned().unwrap_or_else(unknown)),
        evidence,
        topic: format!("{:?} {fault}", health.why),
        ..Detail::default()
    }
}

/// Makes nothing while its siblings do.
pub(super) fn idle(health: &Health) -> bool {
    health.cause().is_some() && health.why == Why::Idle
}

pub(super) fn idle_detail(health: &Health) -> Detail {
    let (reason, topic) = (health.cause().cloned(), "idle".to_owned());
    Detail { reason, topic, ..Detail::default() }
}

/// Says that it is broken: by codes, or by its state.
pub(super) fn faulted(live: &DeviceLive) -> Option<bool> {
    let faults = live.faults();
    let worst = faults.iter().map(|(_, fault)| fault.severity).max();
    let state = live.word("state").map(|word| word.id);
    let stopped = state == Some("fault");
    let at_rest = matches!(state, None | Some("off" | "sleeping" | "standby"));
    if live.value("fault").is_none() && at_rest {
        return None; // it does not say, and it is not at work either
    }
    Some(stopped || worst.is_some_and(|worst| worst > Severity::Info))
}

/// It reports a fault that its profile calls critical.
pub(super) fn dangerous(live: &DeviceLive) -> Option<bool> {
    live.value("fault")?;
    Some(live.faults().iter().any(|(_, fault)| fault.severity == Severity::Critical))
}

pub(super) fn faulted_detail(live: &DeviceLive) -> Detail {
    let mut faults = live.faults();
    faults.sort_by(|a, b| b.1.severity.cmp(&a.1.severity).then_with(|| a.0.cmp(&b.0)));
    let stopped = live.word("state").is_some_and(|word| word.id == "fault");
    let Some((_, worst)) = faults.first() else {
        let reason = Text::new("设备自报故障停机", "stopped with a fault by its own word");
        let codes = vec!["state".to_owned()];
        return Detail { reason: Some(reason), codes, ..Detail::default() };
    };
    let words = |pick: fn(&Text) -> &String, stop: &str| {
        let named = faults.iter().map(|(code, fault)| match pick(&fault.text) {
            // One that no profile explains is nothing but its code.
            text if text.ends_with(&**code) => text.clone(),
            text => format!("{text} [{code}]"),
        });
        named.collect::<Vec<_>>().join(stop)
    };
    let reason = Text::new(words(|t| &t.zh, "；"), words(|t| &t.en, "; "));
    let severity = if stopped { worst.severity.max(Severity::Major) } else { worst.severity };
    let codes: Vec<String> = faults.iter().map(|(code, _)| code.to_string()).collect();
    let mut evidence = vec![(Text::new("故障代码", "fault codes"), codes.join(" "))];
    if let Some(power_w) = live.number("ac_power_w") {
        evidence.push((Text::new("交流功率", "AC power"), format!("{power_w:.0} W")));
    }
    Detail {
        reason: Some(reason),
        severity: Some(severity),
        advice: worst.advice.clone(),
        evidence,
        codes,
        topic: String::new(),
    }
}

/// What happened lately to a counter of energy, except that it rolled over: that is its nature.
/// Machines begin their counts anew as they please.
pub(super) fn counter_event(live: &DeviceLive, now: Timestamp) -> Option<&CounterEvent> {
    let of_energy = |event: &&CounterEvent| event.point.as_str().starts_with("energy_");
    let lately = |event: &&CounterEvent| {
        let hold_ms = match event.happened.change {
            Change::RollOver => return false,
            Change::Glitch => GLITCH_HOLD_MS,
            Change::Reset | Change::Swap | Change::StepBack => COUNTER_HOLD_MS,
        };
        // Not one from the future either, when the clock was set back.
        (0..hold_ms).contains(&now.since_ms(event.happened.time))
    };
    live.counter_events.iter().filter(of_energy).find(lately)
}

pub(super) fn counter_detail(event: &CounterEvent) -> Detail {
    let (change, at_ms) = (event.happened.change.as_str(), event.happened.time.ms());
    Detail {
        reason: Some(event.text()),
        codes: vec![change.to_owned()],
        topic: format!("{} {change} {at_ms}", event.point),
        ..Detail::default()
    }
}

/// The refused messages of a device that were refused lately for one of these reasons. Always the same
/// one of several, or its text would change by the minute.
pub(super) fn refused<'a>(
    refused: &'a [Refused],
    reasons: &[Refusal],
    now: Timestamp,
) -> Option<&'a Refused> {
    // Not those from the future either, when the clock was set back.
    let lately = |r: &&Refused| (0..REFUSED_HOLD_MS).contains(&now.since_ms(r.time));
    let found = refused.iter().filter(|r| reasons.contains(&r.reason)).filter(lately);
    found.min_by_key(|r| r.reason)
}

pub(super) fn refused_detail(refused: &Refused) -> Detail {
    let topic = refused.reason.as_str().to_owned();
    Detail {
        reason: Some(refused.reason.text()),
        evidence: vec![
            (Text::new("主题", "topic"), refused.detail.clone()),
            (Text::new("条数", "messages"), refused.count.to_string()),
        ],
        codes: vec![topic.clone()],
        topic,
        ..Detail::default()
    }
}
