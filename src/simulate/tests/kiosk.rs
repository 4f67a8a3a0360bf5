//! The machines' messages against the profile that reads them.

use serde_json::Value;

use crate::profile::{Catalog, JsonType, MessageRule, Protocol, Who};
use crate::simulate::{Kiosk, KioskSpec, KioskTrouble};

use super::plant::{beijing, moment};

const START: &str = "2026-06-22T10:00:00+08:00";

fn native() -> MessageRule {
    let catalog = Catalog::shipped().expect("shipped profiles");
    match &catalog.get("kiosk-native").expect("shipped").protocol {
        Protocol::Mqtt(profile) => profile.messages[0].clone(),
        other => panic!("{other:?}"),
    }
}

fn kiosk(id: &str) -> Kiosk {
    let spec = crate::simulate::roster::kiosks();
    let spec: KioskSpec = spec.into_iter().map(|k| k.0).find(|k| k.id == id).expect("in the hall");
    Kiosk::new(spec, 1, moment(START), beijing().time_zone)
}

fn told(kiosk: &mut Kiosk) -> Value {
    let message = kiosk.message(moment(START));
    serde_json::from_str(&message).expect("JSON")
}

fn leaves(value: &Value, at: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{at}/{key}"), found));
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            list.iter().for_each(|value| leaves(value, &format!("{at}/[*]"), found));
        }
        leaf => found.push((at.to_owned(), leaf.clone())),
    }
}

#[test]
fn every_field_of_every_machine_is_one_that_the_profile_takes() {
    let profile = native();
    for (spec, _) in crate::simulate::roster::kiosks() {
        let mut kiosk = kiosk(&spec.id);
        let broken = KioskTrouble::PartBroken("idcard");
        for troubles in [vec![], vec![broken, KioskTrouble::PaperOut, KioskTrouble::DoorOpen]] {
            kiosk.step(moment(START), &troubles);
            let mut found = Vec::new();
            leaves(&told(&mut kiosk), "", &mut found);
            assert!(found.len() > 6);
            for (pointer, value) in found {
                if ["/ts", "/seq", "/id", "/device"].contains(&pointer.as_str()) {
                    continue;
                }
                let rule = profile.fields.iter().find(|rule| rule.pointer.text == pointer);
                let rule = rule.unwrap_or_else(|| panic!("{}: nobody reads {pointer}", spec.id));
                if let JsonType::Word { codes, .. } = &rule.json {
                    let word = value.as_str().expect("a word");
                    assert!(codes.contains_key(word), "{}: {pointer} = {word}", spec.id);
                }
            }
        }
        let kind = spec.kind.as_str();
        let who = Who { zone: &spec.zone, kind, id: &spec.id, mqtt_id: &spec.id };
        let mqtt = crate::profile::MqttProfile { heartbeat_s: 60, messages: vec![profile.clone()] };
        assert_eq!(spec.topic(), mqtt.places(&who)[0].filter);
        let (pointer, values) = profile.offline.as_ref().expect("a last will");
        let will: Value = serde_json::from_str(&spec.will()).expect("JSON");
        assert!(values.iter().any(|v| will.pointer(&pointer.text) == Some(&v.as_str().into())));
        assert_eq!(will.get("id"), Some(&spec.id.as_str().into()));
    }
}

#[test]
fn messages_are_numbered_timed_and_free_of_persons() {
    let mut kiosk = kiosk("tm-01");
    let (first, second) = (told(&mut kiosk), told(&mut kiosk));
    assert_eq!((first["seq"].as_u64(), second["seq"].as_u64()), (Some(1), Some(2)));
    assert_eq!(first["ts"], "2026-06-22T10:00:00.000+08:00");
    assert_eq!((&first["id"], &first["device"]), (&"tm-01".into(), &"online".into()));
    assert!(told(&mut super::kiosk::kiosk("dp-01")).pointer("/parts/printer").is_none());
}

#[test]
fn visitors_take_paper_and_trouble_is_told_at_once() {
    let mut kiosk = kiosk("tm-01");
    let before = told(&mut kiosk);
    let later = moment(START).plus_ms(1_000_000);
    assert!(!kiosk.step(later, &[]), "visitors wait for the heartbeat");
    let after = told(&mut kiosk);
    let diff = |pointer: &str| {
        let of = |v: &Value| v.pointer(pointer).and_then(Value::as_i64).expect("a number");
        of(&after) - of(&before)
    };
    let tickets = diff("/counters/tickets");
    assert!((20..80).contains(&tickets), "{tickets}");
    assert_eq!(diff("/parts/printer/left"), -tickets);
    let say = |kiosk: &mut Kiosk| {
        let told = told(kiosk);
        let word = |pointer| told.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        (word("/parts/printer/paper").expect("paper"), word("/app/state").expect("app"))
    };
    let words = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert!(kiosk.step(later, &[KioskTrouble::PaperLow]));
    assert_eq!(say(&mut kiosk), words("low", "inService"));
    assert!(kiosk.step(later, &[KioskTrouble::PaperOut]));
    assert!(!kiosk.step(later, &[KioskTrouble::PaperOut]), "told once");
    assert_eq!(say(&mut kiosk), words("out", "outOfService"));
    assert!(kiosk.step(later, &[]));
    assert_eq!(say(&mut kiosk), words("full", "inService"));
}
