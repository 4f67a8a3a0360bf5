//! Messages of kiosks: good ones, odd ones, hostile ones.

use proptest::prelude::*;

use super::*;
use crate::model::{DeviceId, DeviceKind, Text, ZoneId};
use crate::profile::{Catalog, Protocol};

const NOW: i64 = 1_795_436_000_000; // 2026-11-23T12:13:20Z

static PROFILE: std::sync::LazyLock<MqttProfile> = std::sync::LazyLock::new(|| {
    let catalog = Catalog::shipped().expect("profiles");
    match &catalog.get("kiosk-native").expect("profile").protocol {
        Protocol::Mqtt(profile) => profile.clone(),
        _ => panic!("not MQTT"),
    }
});

fn device() -> Device {
    Device {
        id: DeviceId::parse("tm-01").expect("id"),
        name: Text::same("tm-01"),
        zone: ZoneId::parse("hall-1f").expect("id"),
        kind: DeviceKind::TicketMachine,
        profile: "kiosk-native".to_owned(),
        rated_power_w: None,
        interval_ms: 60_000,
        stale_after_ms: 180_000,
    }
}

fn read(payload: &str) -> Result<Parsed, Refusal> {
    parse(&device(), &PROFILE, payload.as_bytes(), false, Timestamp::from_ms(NOW))
}

#[test]
fn a_status_becomes_standard_points() {
    let parsed = read(
        r#"{"id":"tm-01","ts":"2026-11-23T20:13:00+08:00","seq":7,"device":"online","mode":"run",
            "parts":{"printer":{"device":"online","paper":"low","left":120}},
            "counters":{"tickets":55},"app":{"state":"inService","version":"2.1"}}"#,
    )
    .expect("understood");
    let reading = &parsed.reading;
    assert_eq!(reading.time.ms(), NOW - 20_000, "its own time");
    assert_eq!(reading.message, 7);
    assert_eq!(reading.value("printer_paper"), Some(&Value::Decimal(Decimal::whole(1))));
    assert_eq!(reading.value("printer_paper_left_sheets").and_then(Value::as_f64), Some(120.0));
    assert_eq!(reading.value("online"), Some(&Value::Bool(true)));
    assert_eq!(parsed.wrong_fields, 0);
}

#[test]
fn a_persons_data_is_not_kept() {
    let parsed = read(
        r#"{"ts":"2026-11-23T12:13:00Z","seq":8,"mode":"run","name":"王小明",
            "id_number":"110101199003071234","photo":"/9j/4AAQSk","parts":{"printer":{"paper":"full","user":"王"}}}"#,
    )
    .expect("understood");
    let kept = format!("{:?}", parsed.reading);
    for secret in ["王", "110101", "9j"] {
        assert!(!kept.contains(secret), "{kept}");
    }
}

#[test]
fn the_last_will_says_gone() {
    let parsed = read(r#"{"device":"offline","id":"tm-01"}"#).expect("understood");
    assert!(parsed.gone);
    assert_eq!(parsed.reading.value("online"), Some(&Value::Bool(false)));
    assert_eq!(parsed.reading.time.ms(), NOW);
}

#[test]
fn bad_messages_are_refused_by_name() {
    assert_eq!(read("{"), Err(Refusal::NotJson));
    assert_eq!(read(""), Err(Refusal::NotJson));
    assert_eq!(read(&"[".repeat(100_000)), Err(Refusal::NotJson));
    assert_eq!(read(r#"{"id":"tm-02","mode":"run"}"#), Err(Refusal::ForeignId));
    assert_eq!(read(r#"{"id":7,"mode":"run"}"#), Err(Refusal::ForeignId));
    assert_eq!(read(r#"{"ts":"2026-11-23T13:13:00Z","mode":"run"}"#), Err(Refusal::FutureTime));
    assert_eq!(read(r#"{"ts":"1970-01-01T00:10:00Z","mode":"run"}"#), Err(Refusal::AncientTime));
    assert_eq!(read(r#"{"ts":"gestern","mode":"run"}"#), Err(Refusal::BadTime));
    assert_eq!(read(r#"{"ts":12,"mode":"run"}"#), Err(Refusal::BadTime));
    assert_eq!(read(r#"{"mode":17}"#), Err(Refusal::NothingKnown));
    assert_eq!(read("[1,2]"), Err(Refusal::NothingKnown));
    let latin = parse(&device(), &PROFILE, b"{\"mode\":\"\xe9\"}", false, Timestamp::from_ms(NOW));
    assert_eq!(latin, Err(Refusal::NotUtf8));
}

#[test]
fn a_wrong_field_costs_only_itself() {
    let parsed =
        read(r#"{"mode":"run","counters":{"tickets":"many"},"host":{"cpu_percent":1e999}}"#);
    // 1e999 is no JSON number for the parser; without it the rest is kept.
    assert_eq!(parsed, Err(Refusal::NotJson));
    let parsed = read(r#"{"mode":"run","counters":{"tickets":"many"}}"#).expect("understood");
    assert_eq!(parsed.wrong_fields, 1);
    assert!(parsed.reading.value("tickets_total").is_none());
}

#[test]
fn messages_without_a_number_are_known_by_their_words() {
    let at = |paper: &str| {
        format!(r#"{{"ts":"2026-11-23T12:13:00Z","parts":{{"printer":{{"paper":"{paper}"}}}}}}"#)
    };
    let number = |payload: &str| read(payload).expect("understood").reading.message;
    assert_eq!(number(&at("low")), number(&at("low")), "the same message twice");
    assert_ne!(number(&at("low")), number(&at("out")), "two messages of one second");
}

#[test]
fn a_gateway_whose_clock_was_never_set_refuses_no_future() {
    let payload = br#"{"ts":"2026-11-23T12:13:00Z","mode":"run"}"#;
    let boot = Timestamp::from_ms(1_577_836_900_000);
    assert!(parse(&device(), &PROFILE, payload, false, boot).is_ok());
}

#[test]
fn a_retained_message_was_heard_when_it_was_said() {
    let payload = br#"{"ts":"2026-11-23T12:00:00Z","mode":"run"}"#;
    let parsed =
        parse(&device(), &PROFILE, payload, true, Timestamp::from_ms(NOW)).expect("understood");
    assert_eq!(parsed.reading.received, parsed.reading.time);
    let timeless = parse(&device(), &PROFILE, br#"{"mode":"run"}"#, true, Timestamp::from_ms(NOW));
    assert_eq!(timeless, Err(Refusal::RetainedWithoutTime), "nobody knows how old it is");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(parse(&device(), &PROFILE, &bytes, false, Timestamp::from_ms(NOW)));
    }

    #[test]
    fn no_json_panics(ts in "\\PC{0,30}", seq in any::<i64>(), left in any::<f64>(), word in "[a-zA-Z]{0,12}") {
        let json = serde_json::json!({"ts": ts, "seq": seq, "parts": {"printer": {"left": left, "paper": word}}});
        drop(read(&json.to_string()));
    }
}
