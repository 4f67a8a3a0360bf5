//! Messages of kiosks: good ones, odd ones, hostile ones.

use proptest::prelude::*;

use super::*;
use crate::model::{Decimal, DeviceId, DeviceKind, Text, ZoneId};
use crate::profile::{Catalog, Protocol};

const NOW: i64 = 1_795_436_000_000; // 2026-11-23T12:13:20Z

static RULE: std::sync::LazyLock<MessageRule> = std::sync::LazyLock::new(|| {
    let catalog = Catalog::shipped().expect("profiles");
    match &catalog.get("kiosk-native").expect("profile").protocol {
        Protocol::Mqtt(profile) => profile.messages[0].clone(),
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

fn read_at(payload: &[u8], retained: bool, now_ms: i64) -> Result<Parsed, Refusal> {
    let zone = TimeZone::get("Asia/Shanghai").expect("zone");
    let now = Timestamp::from_ms(now_ms);
    let arrival = Arrival { retained, now, zone: &zone, eight_hours: false };
    parse(&device(), "tm-01", &RULE, payload, &arrival)
}

fn read(payload: &str) -> Result<Parsed, Refusal> {
    read_at(payload.as_bytes(), false, NOW)
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
    assert_eq!(reading.value("clock_skew_s").and_then(Value::as_f64), Some(-20.0));
    assert!(parsed.wrong_fields.is_empty());
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
    assert_eq!(read(r#"{"mode":17}"#), Err(Refusal::WrongField));
    assert_eq!(read("[1,2]"), Err(Refusal::NothingKnown));
    assert_eq!(read_at(b"{\"mode\":\"\xe9\"}", false, NOW), Err(Refusal::NotUtf8));
    assert_eq!(read(r#"{"id":"tm-01","id":"tm-02","mode":"run"}"#), Err(Refusal::DuplicateKey));
}

/// What a machine says now is kept, whatever its clock shows; what the broker had kept is not, when
/// nobody can say from when it is.
#[test]
fn a_clock_that_is_wrong_costs_the_time_and_not_the_message() {
    let at = |ts: &str| format!(r#"{{"ts":"{ts}","seq":9,"mode":"run"}}"#);
    let time = |ts: &str| {
        let parsed = read(&at(ts)).expect("understood");
        let skew = parsed.reading.value("clock_skew_s").and_then(Value::as_f64);
        (
            parsed.reading.time.ms() - NOW,
            skew,
            parsed.eight_hours == Some(true),
            parsed.wrong_fields.len(),
        )
    };
    assert_eq!(time("2026-11-23T20:13:20Z"), (0, Some(28_800.0), true, 0), "Beijing as UTC");
    assert_eq!(time("2026-11-23T20:13:20"), (0, Some(0.0), false, 0), "no zone is the site's");
    assert_eq!(time("2026-11-23T13:13:20Z"), (0, Some(3_600.0), false, 0));
    assert_eq!(time("2026-11-23T12:03:20Z"), (-600_000, Some(-600.0), false, 0));
    assert_eq!(time("yesterday"), (0, None, false, 1));
    let (ahead_ms, skew, ..) = time("1970-01-01T00:00:10Z");
    assert_eq!((ahead_ms, skew.is_some_and(|s| s < -1e9)), (0, true), "never set");
    for (ts, refusal) in [
        ("2026-11-23T13:13:20Z", Refusal::FutureTime),
        ("1970-01-01T00:00:10Z", Refusal::AncientTime),
        ("yesterday", Refusal::BadTime),
    ] {
        assert_eq!(read_at(at(ts).as_bytes(), true, NOW), Err(refusal), "{ts}");
    }
}

#[test]
fn a_wrong_field_costs_only_itself() {
    let parsed =
        read(r#"{"mode":"run","counters":{"tickets":"many"},"host":{"cpu_percent":1e999}}"#);
    // 1e999 is no JSON number for the parser; without it the rest is kept.
    assert_eq!(parsed, Err(Refusal::NotJson));
    let parsed = read(r#"{"mode":"run","counters":{"tickets":"many"}}"#).expect("understood");
    assert_eq!(parsed.wrong_fields, ["/counters/tickets"]);
    assert!(parsed.reading.value("tickets_total").is_none());
}

#[test]
fn faults_are_codes_and_over_when_they_are_not_listed() {
    let codes = |faults: &str| {
        let parsed = read(&format!(r#"{{"mode":"run"{faults}}}"#)).expect("understood");
        (format!("{:?}", parsed.reading.value("fault")), parsed.wrong_fields.len())
    };
    assert_eq!(codes(r#","faults":["E_104",7]"#), (r#"Some(Codes(["E_104", "7"]))"#.into(), 0));
    assert_eq!(codes(""), ("Some(Codes([]))".into(), 0), "none listed");
    assert_eq!(codes(r#","faults":["王小明 jam"]"#), ("None".into(), 1), "a text is no code");
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
    assert!(read_at(payload, true, 1_577_836_900_000).is_ok());
}

#[test]
fn a_retained_message_was_heard_when_it_was_said() {
    let payload = br#"{"ts":"2026-11-23T12:00:00Z","mode":"run"}"#;
    let parsed = read_at(payload, true, NOW).expect("understood");
    assert_eq!(parsed.reading.received, parsed.reading.time);
    let timeless = read_at(br#"{"mode":"run"}"#, true, NOW);
    assert_eq!(timeless, Err(Refusal::RetainedWithoutTime), "nobody knows how old it is");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(read_at(&bytes, false, NOW));
    }

    #[test]
    fn no_json_panics(ts in "\\PC{0,30}", seq in any::<i64>(), left in any::<f64>(), word in "[a-zA-Z]{0,12}") {
        let json = serde_json::json!({"ts": ts, "seq": seq, "parts": {"printer": {"left": left, "paper": word}}});
        drop(read(&json.to_string()));
    }
}
