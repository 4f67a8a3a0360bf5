//! Every rule that the program ships: what makes it fire through the engine, and what must not.

use crate::model::{Decimal, DeviceKind, Severity, Value, vocabulary, words_of};
use crate::rule::{Rule, default_rules};

use super::super::silence::{Effect, Matcher, Silence};
use super::tests::World;

/// What a device says.
type Said = Vec<(String, Value)>;

fn number(value: f64) -> Value {
    Value::Float(value)
}

fn word(point: &str, id: &str) -> Value {
    let code = words_of(point).and_then(|words| words.by_id(id)).expect("a word").code;
    Value::Decimal(Decimal::whole(code))
}

/// What fires each rule about numbers, and what comes near it and must not.
fn numbers() -> Vec<(&'static str, Said, Said)> {
    let say = |points: &[(&str, f64)]| -> Said {
        points.iter().map(|(point, value)| ((*point).to_owned(), number(*value))).collect()
    };
    vec![
        (
            "PV011",
            say(&[("cabinet_temp_c", 76.0), ("ac_power_w", 20_000.0)]),
            say(&[("cabinet_temp_c", 74.0), ("ac_power_w", 20_000.0)]),
        ),
        (
            "PV012",
            say(&[("phase_a_voltage_v", 238.0), ("ac_power_w", 20_000.0)]),
            // High at night is nobody's fault here, and line voltages are others.
            say(&[("phase_a_voltage_v", 238.0), ("phase_b_voltage_v", 400.0), ("ac_power_w", 0.0)]),
        ),
        (
            "PV014",
            say(&[("ac_power_w", 20_000.0), ("dc_power_w", 22_000.0)]),
            // In poor light efficiency is always low.
            say(&[("ac_power_w", 2_000.0), ("dc_power_w", 2_600.0)]),
        ),
        ("KS016", say(&[("certificate_left_d", 20.0)]), say(&[("certificate_left_d", 31.0)])),
        ("KS017", say(&[("clock_skew_s", 90.0)]), say(&[("clock_skew_s", 60.0)])),
        ("KS028", say(&[("clock_skew_s", -90.0)]), say(&[("clock_skew_s", -60.0)])),
        ("KS018", say(&[("disk_free_percent", 9.0)]), say(&[("disk_free_percent", 10.0)])),
        ("KS029", say(&[("cpu_percent", 96.0)]), say(&[("cpu_percent", 95.0)])),
        ("KS030", say(&[("host_temp_c", 81.0)]), say(&[("host_temp_c", 80.0)])),
        ("SY001", say(&[("disk_free_percent", 4.0)]), say(&[("disk_free_percent", 5.0)])),
        ("SY007", say(&[("disk_free_percent", 14.0)]), say(&[("disk_free_percent", 15.0)])),
        ("SY008", say(&[("sources_down", 1.0)]), say(&[("sources_down", 0.0)])),
        ("SY009", say(&[("journal_lag_records", 1e6)]), say(&[("journal_lag_records", 10.0)])),
    ]
}

/// Which device of the world a rule is tried on.
fn device_of(rule: &Rule) -> Option<&'static str> {
    let is_for = |kind: &str| rule.is_of_kind(DeviceKind::parse(kind).expect("kind"));
    match () {
        () if is_for("inverter") => Some("inv"),
        () if is_for("ticket_machine") => Some("tm"),
        () if is_for("gateway") => Some("gateway"),
        () => None,
    }
}

/// Rules that fire when the device says `said` for long enough.
fn fired(device: &str, said: &Said, seconds: i64) -> Vec<(String, Severity)> {
    fired_in(World::with_gateway(super::tests::NOON), device, said, seconds)
}

fn fired_in(mut world: World, device: &str, said: &Said, seconds: i64) -> Vec<(String, Severity)> {
    let said: Vec<(&str, Value)> =
        said.iter().map(|(point, value)| (point.as_str(), value.clone())).collect();
    let mut found = Vec::new();
    // It says so from the first second on, and again when the time is nearly over.
    for second in 0..seconds.min(8) {
        if second == 4 {
            world.now = world.now.plus_ms((seconds - 8).max(0) * 1000);
        }
        for transition in world.second(&[(device, &said)]) {
            if transition.change == super::Change::Raised {
                found.push((transition.alert.rule.clone(), transition.alert.severity));
            }
            let text = &transition.alert.text;
            assert!(!text.zh.contains('{') && !text.en.contains('{'), "{text:?}");
        }
    }
    found
}

fn seconds_of(rule: &Rule) -> i64 {
    rule.levels().iter().map(|level| level.for_ms / 1000).max().unwrap_or(0) + 3
}

#[test]
fn rules_about_numbers_fire_at_their_limit_and_not_before() {
    let rules = default_rules().expect("rules");
    for (id, fires, not) in numbers() {
        let rule = rules.iter().find(|rule| *rule.id == *id).expect(id);
        let device = device_of(rule).expect("a device");
        let all = fired(device, &fires, seconds_of(rule));
        assert!(all.iter().any(|(fired, _)| fired == id), "{id}: {all:?}");
        let all = fired(device, &not, seconds_of(rule));
        assert!(all.iter().all(|(fired, _)| fired != id), "{id} fires for {not:?}");
        let early = rule.levels().iter().map(|level| level.for_ms / 1000).min().unwrap_or(0);
        if early > 2 {
            let all = fired(device, &fires, early - 1);
            assert!(all.iter().all(|(fired, _)| fired != id), "{id} is too early");
        }
    }
}

/// A world in which somebody works on a device, by plan, all day.
fn worked_on(device: &str) -> World {
    let mut world = World::with_gateway(super::tests::NOON);
    let devices = vec![device.to_owned()];
    world.engine.desk.silences.push(Silence {
        id: "S1".to_owned(),
        effect: Effect::Maintenance,
        matcher: Matcher { devices, ..Matcher::default() },
        from: world.now,
        until: world.now.plus_ms(24 * 3_600_000),
        recurring: None,
        by: "王".to_owned(),
        why: "检修".to_owned(),
        set: world.now,
        ended: None,
    });
    world.second(&[]);
    world
}

#[test]
fn no_rule_fires_while_somebody_works_on_the_device_but_those_that_say_so() {
    let rules = default_rules().expect("rules");
    let mut cases: Vec<(&Rule, Said)> = Vec::new();
    for rule in &rules {
        let parts = rule.parts.iter();
        for (part, words) in parts.filter_map(|part| Some((part, words_of(part)?))) {
            let holds = |id: &&'static str| crate::rule::tests::holds_for_word(rule, id);
            let said = |id| vec![(part.to_string(), word(part, id))];
            let words = words.words.iter().map(|word| word.id);
            cases.extend(words.filter(holds).map(|id| (rule, said(id))));
        }
    }
    let of = |id: &str| rules.iter().find(|rule| *rule.id == *id).expect("a rule");
    cases.extend(numbers().into_iter().map(|(id, fires, _)| (of(id), fires)));
    let mut tried = 0;
    for (rule, fires) in cases {
        let Some(device) = device_of(rule) else { continue };
        let all = fired_in(worked_on(device), device, &fires, seconds_of(rule));
        let found = all.iter().any(|(fired, _)| *fired == *rule.id);
        assert_eq!(found, rule.in_maintenance, "{} {fires:?}: {all:?}", rule.id);
        tried += 1;
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn rules_about_words_fire_for_theirs_and_rest_in_maintenance() {
    let modes = vocabulary("operator_mode").expect("modes");
    let maintenance = Value::Decimal(Decimal::whole(modes.by_id("maintenance").expect("it").code));
    for rule in default_rules().expect("rules") {
        let Some(device) = device_of(&rule) else { continue };
        for part in rule.parts.iter().filter(|part| words_of(part).is_some()) {
            let words = words_of(part).expect("words");
            let mut fires = 0;
            for id in words.words.iter().map(|word| word.id) {
                let said = vec![((**part).to_owned(), word(part, id))];
                let expected = crate::rule::tests::holds_for_word(&rule, id);
                let all = fired(device, &said, seconds_of(&rule));
                let found = all.iter().any(|(fired, _)| *fired == *rule.id);
                assert_eq!(found, expected, "{} {part} = {id}: {all:?}", rule.id);
                fires += usize::from(found);
                if found && !rule.in_maintenance && *device == *"tm" {
                    let mut said = said.clone();
                    said.push(("mode".to_owned(), maintenance.clone()));
                    let all = fired(device, &said, seconds_of(&rule));
                    assert!(all.iter().all(|(fired, _)| *fired != *rule.id), "{}", rule.id);
                }
            }
            // Of some lists of points not every one has each word; one of them has.
            let any = rule.parts.iter().filter_map(|part| words_of(part)).any(|words| {
                words.words.iter().any(|word| crate::rule::tests::holds_for_word(&rule, word.id))
            });
            assert!(any && fires < words.words.len(), "{} {part}", rule.id);
        }
    }
}

/// No rule is without a test: those about numbers and words are here, the others below are tried by the
/// engine's own tests and those of the rooms that find things.
#[test]
fn every_rule_is_tried() {
    let elsewhere = [
        "PV001", "PV002", "PV003", "PV021", "MT001", "MT002", "KS001", "KS002", "KS023", "KS025",
        "KS032",
    ];
    let of_days = super::day_tests::TRIED;
    for rule in default_rules().expect("rules") {
        let of_numbers = numbers().iter().any(|(id, ..)| **id == *rule.id);
        let of_words = rule.parts.iter().any(|part| words_of(part).is_some());
        let known = elsewhere.contains(&&*rule.id)
            || of_days.contains(&&*rule.id)
            || rule.found().is_some();
        assert!(of_numbers || of_words || known, "{} is not tried", rule.id);
    }
}
