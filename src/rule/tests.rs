//! Conditions on a scene that is written down, and what is wrong with wrong ones.

use std::collections::BTreeMap;

use crate::model::{Device, DeviceId, DeviceKind, Severity, Text, ZoneId};
use crate::profile::Brought;

use super::compile::{Own, Wrong, compile};
use super::name::{Among, Fact, Kind, Measure, Name, Over, Setting, point_kind};
use super::scene::{Cell, Detail, Scene};
use super::{Rule, Verdict, bring, default_rules, load};

#[derive(Default)]
struct Written {
    cells: BTreeMap<Name, Cell>,
}

impl Written {
    fn with(mut self, name: Name, cell: Cell) -> Self {
        self.cells.insert(name, cell);
        self
    }

    fn point(self, point: &str, number: f64) -> Self {
        self.with(Name::Point(point.to_owned()), Cell::Number(number))
    }
}

impl Scene for Written {
    fn cell(&self, name: &Name) -> Option<Cell> {
        self.cells.get(name).copied()
    }

    fn detail(&self, name: &Name) -> Option<Detail> {
        let reason = Some(Text::new("没有应答", "no answer"));
        (*name == Name::Fact(Fact::Offline)).then(|| Detail { reason, ..Detail::default() })
    }
}

fn holds(source: &str, scene: &Written) -> Option<bool> {
    compile(source, &Own::default()).expect(source).holds(scene)
}

fn wrong(source: &str) -> Vec<String> {
    let own = Own { kind: point_kind("printer_paper"), ..Own::default() };
    let told =
        |wrong: &Wrong| format!("{}: {} ({})", wrong.offset, wrong.problem.en, wrong.hint.en);
    match compile(source, &own) {
        Ok(_) => Vec::new(),
        Err(wrong) => wrong.iter().map(told).collect(),
    }
}

#[test]
fn conditions_are_yes_no_or_not_known() {
    let scene = Written::default()
        .point("ac_power_w", 50.0)
        .point("dc_power_w", 0.0)
        .point("cpu_percent", 96.5)
        .with(Name::Point("printer_paper".into()), Cell::Word("low"))
        .with(Name::Setting(Setting::Open), Cell::YesNo(true))
        .with(Name::Setting(Setting::RatedW), Cell::Number(10_000.0));
    for (source, expected) in [
        ("cpu_percent > 95", Some(true)),
        ("cpu_percent > 97", Some(false)),
        ("95 < cpu_percent && open", Some(true)),
        ("ac_power_w < 0.01 * rated_w", Some(true)),
        ("printer_paper == \"low\"", Some(true)),
        ("printer_paper in [\"out\", \"low\"]", Some(true)),
        ("!(printer_paper in [\"out\", \"jammed\"])", Some(true)),
        ("abs(0 - cpu_percent) > 90", Some(true)),
        ("-cpu_percent < -90", Some(true)),
        ("open ? cpu_percent > 90 : cpu_percent > 10", Some(true)),
        // A point that is not known decides nothing, unless the rest does.
        ("disk_free_percent < 10", None),
        ("disk_free_percent < 10 || cpu_percent > 95", Some(true)),
        ("disk_free_percent < 10 && cpu_percent > 99", Some(false)),
        ("disk_free_percent < 10 && cpu_percent > 95", None),
        // A division by zero is no number.
        ("ac_power_w / dc_power_w < 0.93", None),
        ("dc_power_w > 1 && ac_power_w / dc_power_w < 0.93", Some(false)),
        ("ac_power_w / dc_power_w < 0.93 && dc_power_w > 1", Some(false)),
    ] {
        assert_eq!(holds(source, &scene), expected, "{source}");
    }
}

#[test]
fn what_is_asked_of_the_hall_is_known_before() {
    let asked = |source: &str| {
        let condition = compile(source, &Own::default()).expect(source);
        condition.names().cloned().collect::<Vec<_>>()
    };
    let power = || Measure::Point("ac_power_w".into());
    assert_eq!(
        asked("mean(ac_power_w, \"10m\") < 0.5 * siblings.best(ac_power_w) && sun_deg > 10"),
        [
            Name::Over(Over::Mean, power(), 600_000),
            Name::Siblings(Among::Best, power()),
            Name::Setting(Setting::SunDeg),
        ]
    );
    assert_eq!(
        asked("siblings.best(power_share) > 0.1 || siblings.count(state, \"fault\") > 2"),
        [
            Name::Siblings(Among::Best, Measure::PowerShare),
            Name::SiblingsSaying("state".into(), "fault".into()),
        ]
    );
    assert_eq!(
        asked("offline || offline || held_h(ac_power_w) > 1 || known(door)"),
        [Name::Fact(Fact::Offline), Name::HeldH("ac_power_w".into()), Name::Known("door".into()),]
    );
    assert_eq!(
        asked("time_in_h(door, \"open\", \"1d\") > 2"),
        [Name::TimeInH("door".into(), "open".into(), 86_400_000)]
    );
}

#[test]
fn what_can_never_be_judged_is_a_mistake_with_its_place() {
    for (source, offset, problem) in [
        ("ac_powr_w > 1", 0, "unknown point `ac_powr_w` (did you mean `ac_power_w`?)"),
        ("open && prnter_paper == \"out\"", 8, "unknown point `prnter_paper`"),
        ("printer_paper == \"empty\"", 17, "the point never says `empty`"),
        ("cpu_percent > 100", 12, "`100` is never reached"),
        ("disk_free_percent < 0", 18, "`0` is never reached"),
        ("cpu_percent < 150", 12, "`150` is always passed"),
        ("sun_deg > 90", 8, "`90` is never reached"),
        ("ac_power_w > dc_voltage_v", 11, "`>` does not go with a number (W) and a number (V)"),
        ("ac_power_w + grid_freq_hz > 1", 11, "`+` does not go with a number (W)"),
        ("ac_power_w && open", 11, "`&&` does not go with a number (W) and yes and no"),
        ("printer_paper > 1", 14, "`>` does not go with a word and a number"),
        ("printer_paper == state", 14, "`==` does not go with a word and a word"),
        ("mean(printer_paper, \"1h\") > 1", 5, "point `printer_paper` is no number"),
        ("mean(ac_power_w, \"ten\") > 1", 17, "`ten` is no span of time"),
        ("mean(ac_power_w) > 1", 4, "there is no function `mean` of 1 arguments"),
        ("siblings.sum(ac_power_w) > 1", 12, "there is no function `sum` of 1 arguments"),
        ("time_in_h(door, \"opn\", \"1h\") > 1", 16, "the point never says `opn`"),
        ("refused(\"rude\")", 8, "nothing is refused as `rude`"),
        ("[1, 2].exists(x, x > 1)", 13, "there is no function `exists` of 2 arguments"),
        ("{\"a\": 1}.a > 0", 8, "this is not part of conditions"),
        ("cpu_percent >", 13, "the condition cannot be read"),
        ("", 0, "the condition cannot be read"),
        ("state in []", 6, "the list is empty"),
        ("serial_number == \"x\"", 0, "unknown point `serial_number`"),
        ("open && parts.count() > 1", 19, "`parts` of a rule without points"),
        ("mean(value, \"1h\") > 1", 5, "unknown point `value`"),
        ("mean(yield_yesterday_h, \"3d\") > 1", 5, "unknown point `yield_yesterday_h`"),
    ] {
        let found = wrong(source);
        let expected = format!("{offset}: {problem}");
        assert!(found.iter().any(|found| found.starts_with(&expected)), "{source}: {found:#?}");
    }
    let deep = format!("{}cpu_percent > 1{}", "(".repeat(60), ")".repeat(60));
    for source in [deep, "!".repeat(3_000), "cpu_percent > 1 || ".repeat(500)] {
        assert!(wrong(&source)[0].contains("too long or nested too deep"), "{source}");
    }
}

const FILE: &str = r#"
[[rule]]
id = "ZZ1"
kinds = ["ticket_machine"]
points = ["printer_paper", "receipt_paper"]
when = 'value == "out" && open'
for_s = 60
severity = "major"
zh = "{device} {part}{word}"
en = "{device}: {part} {word}"
advice_zh = "补充"
advice_en = "Refill"

[[rule]]
id = "ZZ2"
kinds = ["inverter"]
until = 'cabinet_temp_c < 70'
in_maintenance = true
zh = "{device} {warm}"
en = "{device} {warm}"
advice_zh = "通风"
advice_en = "Air"
values = { warm = 'cabinet_temp_c' }
levels = [
    { severity = "minor", when = 'cabinet_temp_c > 75', for_s = 900 },
    { severity = "major", when = 'cabinet_temp_c > 85' },
]
"#;

#[test]
fn a_rule_says_what_it_found_in_both_languages() {
    let rules = load("r.toml", FILE, Vec::new(), &[]).expect("rules");
    let [paper, heat] = rules.as_slice() else { panic!("{rules:?}") };
    assert!(paper.is_of_kind(DeviceKind::parse("ticket_machine").expect("kind")));
    let scene = Written::default()
        .with(Name::Value, Cell::Word("out"))
        .with(Name::Setting(Setting::Open), Cell::YesNo(true));
    let [level] = paper.levels() else { panic!("{paper:?}") };
    assert_eq!((level.judge(&scene), level.for_ms), (Verdict::Yes, 60_000));
    let found = paper.finding(level, "printer_paper", &scene, &Text::new("取号机", "tickets"));
    assert_eq!(found.text, Text::new("取号机 打印纸缺纸", "tickets: paper out"));

    let hot = Written::default().point("cabinet_temp_c", 90.25);
    let [worst, mild] = heat.levels() else { panic!("{heat:?}") };
    assert_eq!((worst.severity, mild.severity), (Severity::Major, Severity::Minor));
    assert_eq!(heat.ends(&hot), Some(false));
    let found = heat.finding(worst, "", &hot, &Text::same("INV"));
    assert_eq!(found.text.en, "INV 90.2 °C");
    assert_eq!(found.evidence, [(Text::new("机内温度", "cabinet temperature"), "90.2 °C".into())]);
}

#[test]
fn all_mistakes_of_a_file_are_told_with_their_lines() {
    let source = FILE
        .replace("value == \"out\" && open", "value == \"gone\" && opn")
        .replace("\"inverter\"", "\"invertor\"")
        .replace("for_s = 900", "for_s = -1")
        .replace("\"{device} {warm}\"", "\"{device} {worm}\"")
        .replace("severity = \"minor\"", "severity = \"mild\"");
    let told: Vec<String> = load("r.toml", &source, Vec::new(), &[])
        .expect_err("mistakes")
        .iter()
        .map(|m| format!("{}:{} {}", m.line, m.column, m.problem.en))
        .collect();
    for expected in [
        "6:18 the point never says `gone`",
        "6:28 unknown point `opn`",
        "16:10 unknown kind `invertor`",
        "19:6 nothing fills `{worm}`",
        "20:6 nothing fills `{worm}`",
        "25:18 unknown severity `mild`",
        "25:64 `-1` seconds are impossible",
    ] {
        assert!(told.iter().any(|told| told == expected), "{expected}: {told:#?}");
    }
}

#[test]
fn a_rule_waits_only_for_another_one_that_there_is() {
    let there = default_rules().unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let with = |unless: &str| FILE.replacen("for_s = 60\n", &format!("for_s = 60\n{unless}\n"), 1);
    for right in ["unless = [\"ZZ2\"]", "unless = [\"PV001\", \"KS001\"]"] {
        assert!(load("r.toml", &with(right), there.clone(), &[]).is_ok(), "{right}");
    }
    for (wrong, problem) in [
        ("unless = [\"PV01\"]", "8:11 there is no rule `PV01` (did you mean `PV001`?)"),
        ("unless = [\"ZZ2\", \"ZZ1\"]", "8:18 rule `ZZ1` cannot wait for itself"),
    ] {
        let told = load("r.toml", &with(wrong), there.clone(), &[]).expect_err("a mistake");
        let told: Vec<_> = told
            .iter()
            .map(|m| format!("{}:{} {} ({})", m.line, m.column, m.problem.en, m.hint.en))
            .collect();
        assert!(told.len() == 1 && told[0].starts_with(problem), "{problem}: {told:?}");
    }
}

#[test]
fn spans_of_points_that_are_judged_are_those_of_each() {
    let source = FILE
        .replace("[\"printer_paper\", \"receipt_paper\"]", "[\"string_{n}_current_a\"]")
        .replace("ticket_machine", "inverter")
        .replace("value == \"out\" && open", "peak(value, \"7d\") > 1 && parts.lowest() < 1");
    let rules = load("r.toml", &source, Vec::new(), &[]).unwrap_or_else(|m| panic!("{m:#?}"));
    let spans: Vec<_> = rules[0].spans().collect();
    assert_eq!(spans, [(Measure::Point("string_{n}_current_a".into()), 7 * 86_400_000)]);
}

#[test]
fn the_default_rules_are_sound() {
    let rules = default_rules().unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    assert!(rules.len() > 40);
}

#[test]
fn a_condition_keeps_the_unit_of_its_points() {
    let kind = |source: &str| compile(source, &Own::default()).expect(source).kind;
    assert_eq!(kind("ac_power_w / rated_w"), kind("power_share"));
    assert_eq!(kind("2 * ac_power_w"), kind("dc_power_w"));
    assert_eq!(kind("open"), Kind::YesNo);
}

/// Whether a rule holds when the point that it judges says a word.
pub(crate) fn holds_for_word(rule: &Rule, word: &'static str) -> bool {
    rule.levels().iter().any(|level| level.judge(&serving(word)) == Verdict::Yes)
}

/// A point that says this while people come.
fn serving(word: &'static str) -> Written {
    let open = Name::Setting(Setting::Open);
    Written::default().with(Name::Value, Cell::Word(word)).with(open, Cell::YesNo(true))
}

/// Nothing that a machine can say of a major trouble goes by unheard.
#[test]
fn every_major_word_of_a_machine_has_a_rule() {
    let rules = default_rules().unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    for point in crate::model::standard_point_names() {
        let Some(words) = crate::model::words_of(point) else { continue };
        for word in words.words.iter().filter(|word| word.severity >= Some(Severity::Major)) {
            let scene = serving(word.id);
            let told = rules.iter().filter(|rule| rule.parts.iter().any(|part| **part == *point));
            let told = told.flat_map(|rule| rule.levels()).any(|l| l.judge(&scene) == Verdict::Yes);
            // The states of inverters are judged together with their fault codes.
            assert!(told || point == "state", "no rule for {point} = {}", word.id);
        }
    }
}

#[test]
fn a_hall_changes_rules_replaces_them_and_turns_them_off() {
    let there = default_rules().unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let count = there.len();
    let source = r#"
[[change]]
id = "KS029"
off = true

[[change]]
id = "KS018"
when = 'value < 5'
for_s = 60
severity = "major"

[[rule]]
id = "KS030"
kinds = ["kiosk"]
when = 'host_temp_c > 60'
severity = "info"
zh = "热"
en = "hot"
advice_zh = "看"
advice_en = "look"
"#;
    let rules = load("hall-rules.toml", source, there.clone(), &[]).expect("rules");
    assert_eq!(rules.len(), count - 1);
    let of = |id: &str| rules.iter().find(|rule| *rule.id == *id);
    assert!(of("KS029").is_none());
    let [level] = of("KS018").expect("there").levels() else { panic!("levels") };
    assert_eq!((level.for_ms, level.severity), (60_000, Severity::Major));
    let at = |n: f64| level.judge(&Written::default().with(Name::Value, Cell::Number(n)));
    assert_eq!((at(7.0), at(4.0)), (Verdict::No, Verdict::Yes));
    assert_eq!(of("KS030").expect("there").parts.len(), 1);

    let wrong = source.replace("KS018", "KS016").replace("KS029", "KS929");
    let told = load("hall-rules.toml", &wrong, there, &[]).expect_err("mistakes");
    let told: Vec<_> = told.iter().map(|m| format!("{} {}", m.line, m.problem.en)).collect();
    assert_eq!(
        told,
        [
            "3 there is no shipped rule `KS929` to change (an own one is simply written as it should be)",
            "7 rule `KS016` cannot be changed so"
        ]
    );
}

const OWN: &str = r#"
id = "pump"
[[rule]]
id = "PU001"
when = 'ac_power_w > 5e3'
severity = "minor"
labels = { team = "plumbers", floor = " B2 " }
zh = "泵"
en = "pump"
advice_zh = "看"
advice_en = "look"
"#;

fn brought(source: &str) -> Brought {
    Brought { file: "devices/pump.toml".to_owned(), source: source.to_owned() }
}

#[test]
fn a_profile_brings_rules_for_its_own_devices() {
    let there = default_rules().unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let count = there.len();
    let of = ["pump".to_owned(), "pump-2".to_owned()];
    let meter = DeviceKind::parse("meter");
    let rules = bring(&brought(OWN), &of, meter, there.clone()).expect("rules");
    assert_eq!(rules.len(), count + 1);
    let own = rules.iter().find(|rule| *rule.id == *"PU001").expect("there");
    assert_eq!(own.labels.get("team").map(String::as_str), Some("plumbers"));
    assert_eq!(own.labels.get("floor").map(String::as_str), Some("B2"));
    let device = |profile: &str, kind: &str| Device {
        id: DeviceId::parse("d").expect("id"),
        name: Text::same("d"),
        zone: ZoneId::parse("z").expect("id"),
        kind: DeviceKind::parse(kind).expect("kind"),
        profile: profile.to_owned(),
        rated_power_w: None,
        interval_ms: 1_000,
        stale_after_ms: 3_000,
    };
    assert!(own.is_for(&device("pump", "meter")) && own.is_for(&device("pump-2", "meter")));
    assert!(!own.is_for(&device("sdm630", "meter")) && !own.is_for(&device("pump", "inverter")));
    // What is changed about it stands in the hall's file, as for the shipped ones.
    let off = "[[change]]\nid = \"PU001\"\noff = true\n";
    assert_eq!(load("r.toml", off, rules, &[]).expect("rules").len(), count);
}

#[test]
fn rules_of_a_profile_that_cannot_be_are_told_with_their_place() {
    let there = default_rules().unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let told = |source: &str, kind: Option<DeviceKind>| -> Vec<String> {
        let wrong = bring(&brought(source), &["pump".to_owned()], kind, there.clone());
        let wrong = wrong.expect_err("a mistake");
        assert!(wrong.iter().all(|mistake| mistake.file == "devices/pump.toml"));
        wrong.iter().map(|m| format!("{}:{} {}", m.line, m.column, m.problem.en)).collect()
    };
    let meter = DeviceKind::parse("meter");
    assert_eq!(told(OWN, None), ["4:6 the rule has no `kinds`"]);
    let wrong = OWN.replace("PU001", "PV001").replace("5e3'", "5e3'\nprofiles = [\"pump\"]");
    let expected =
        ["4:6 there is a rule `PV001` already", "6:13 a profile's rule is for its own devices"];
    assert_eq!(told(&wrong, meter), expected);
    let wrong = OWN.replace("team", "Team").replace("floor", "device").replace(" B2 ", " ");
    let expected = [
        "7:12 `Team` is no name of a label",
        "7:31 every alert has `device` already",
        "7:31 the value of `device` cannot be used",
    ];
    assert_eq!(told(&wrong, meter), expected);
}

#[test]
fn a_rule_of_the_hall_is_for_some_profiles() {
    let source = OWN
        .replace("id = \"pump\"", "")
        .replace("when", "kinds = [\"meter\"]\nprofiles = [\"sdm360\"]\nwhen");
    let told = load("r.toml", &source, Vec::new(), &["sdm630", "dtsu666"]).expect_err("a mistake");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((told[0].line, told[0].problem.en.as_str()), (6, "there is no profile `sdm360`"));
    assert!(told[0].hint.en.contains("sdm630"), "{told:#?}");
    let right = source.replace("sdm360", "sdm630");
    let rules = load("r.toml", &right, Vec::new(), &["sdm630", "dtsu666"]).expect("rules");
    assert_eq!(rules[0].profiles, ["sdm630"]);
}

#[test]
fn a_missing_text_hides_no_other_mistake() {
    let source = OWN
        .replace("id = \"pump\"", "")
        .replace("advice_zh = \"看\"\n", "")
        .replace("severity = \"minor\"", "kinds = [\"meter\"]\nseverity = \"minro\"");
    let told = load("r.toml", &source, Vec::new(), &[]).expect_err("mistakes");
    let told: Vec<_> = told.iter().map(|m| format!("{} {}", m.line, m.problem.en)).collect();
    assert_eq!(told, ["4 the rule has no `advice_zh`", "7 unknown severity `minro`"]);
}
