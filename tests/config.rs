//! What people are told about their `hall.toml`: every folder of `tests/cases/config` holds a
//! configuration and, in `expected.txt`, the exact words. A new case needs no Rust.
//!
//! `HALLWATCH_BLESS=1 cargo test --test config` writes what is said now; read it before it is
//! committed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use hallwatch::config::{self, Hall, InfluxVersion};
use hallwatch::model::{DeviceKind, Mistake};
use hallwatch::profile::Catalog;
use hallwatch::source::modbus::{DialIn, Framing, Parity, SerialLine, TlsPeer, Transport};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Mutations of the sample that are tried.
const MUTATIONS: u32 = 2_000;

/// Fixed, so that a failure is the same for everybody.
const SEED: u64 = 20_261_123;

/// The secrets that the sample names.
const SECRETS: [(&str, &str); 3] = [
    (
        "web.hash",
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzYWx0$uGYJhGY2Aq9Q4nDQzPtxQCjP0h7Ir9bQm2Hl1q0H6Bo",
    ),
    ("mqtt.password", "mqtt secret"),
    ("influx.password", "influx secret"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn told(result: &Result<Hall, Vec<Mistake>>, folder: &Path) -> String {
    let (head, told) = match result {
        Ok(hall) => ("ok\n", &hall.notices),
        Err(mistakes) => ("", mistakes),
    };
    let folder = format!("{}/", folder.display());
    // What a checkout makes of the modes of files is not what a case is about.
    let told = told.iter().filter(|told| !told.hint.en.contains("chmod 640"));
    let lines = told.map(|told| format!("{told}\n").replace(&folder, ""));
    head.to_owned() + &lines.collect::<String>()
}

fn cases() -> Vec<PathBuf> {
    let folder = root().join("tests/cases/config");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

#[test]
fn every_case_is_told_in_the_expected_words() {
    let cases = cases();
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for folder in &cases {
        let told = told(&config::read(&folder.join("hall.toml")), folder);
        let expected = folder.join("expected.txt");
        if std::env::var_os("HALLWATCH_BLESS").is_some() {
            std::fs::write(&expected, &told).unwrap();
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != told {
            wrong.push(format!("--- {}\n{told}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// The mistakes of a case, or what is noticed when there are none.
fn told_of(folder: &Path) -> Vec<Mistake> {
    config::read(&folder.join("hall.toml")).map_or_else(|mistakes| mistakes, |hall| hall.notices)
}

#[test]
fn every_mistake_of_every_case_is_complete_and_in_order() {
    for folder in cases() {
        let mistakes = told_of(&folder);
        mistakes.iter().for_each(check_mistake);
        let own = |m: &&Mistake| m.file.ends_with("hall.toml");
        let places: Vec<_> = mistakes.iter().filter(own).map(|m| (m.line, m.column)).collect();
        assert!(places.is_sorted(), "{}", folder.display());
    }
}

fn check_mistake(mistake: &Mistake) {
    assert!(mistake.line >= 1 && mistake.column >= 1, "{mistake}");
    for text in [&mistake.problem, &mistake.hint] {
        assert!(!text.en.is_empty() && !text.en.ends_with('.'), "{mistake}");
        assert!(text.zh.contains(is_chinese) && !text.zh.ends_with('。'), "{mistake}");
    }
    assert!(mistake.problem.en.contains('`') && mistake.problem.zh.contains('`'), "{mistake}");
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

/// What is left without the words of the file and of examples, which stand in backticks or quotes.
fn own_words(text: &str) -> String {
    let unquoted: String = text.split('`').step_by(2).collect();
    unquoted.split('"').step_by(2).collect()
}

#[test]
fn every_mistake_of_every_case_is_told_in_both_languages() {
    for folder in cases() {
        for mistake in &told_of(&folder) {
            let Mistake { problem, hint, .. } = mistake;
            let told = [own_words(&problem.en), own_words(&hint.en)];
            assert!(!told.concat().contains(is_chinese), "{mistake}");
            let told = [own_words(&problem.zh), own_words(&hint.zh)];
            assert!(told.iter().all(|words| words.contains(is_chinese)), "{mistake}");
            let quoted = |text: &str| text.matches('`').count();
            assert_eq!(quoted(&problem.zh), quoted(&problem.en), "{mistake}");
        }
    }
}

/// What `hallwatch check` with these options says to standard error.
fn checked(options: &[&str]) -> String {
    let file = root().join("tests/cases/config/single_brackets/hall.toml");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hallwatch"));
    let output = command.arg("check").args(options).arg(file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn check_shows_both_languages_or_the_one_that_was_chosen() {
    let (zh, en) = ("提示：每组配置上方", "hint: write [[zone]] above");
    let says = |options| {
        let told = checked(options);
        (told.contains(zh), told.contains(en))
    };
    assert_eq!(says(&[]), (true, true));
    assert_eq!(says(&["--lang", "zh"]), (true, false));
    assert_eq!(says(&["--lang", "en"]), (false, true));
    assert!(!checked(&["--lang", "en"]).contains(is_chinese));
}

fn sample() -> String {
    std::fs::read_to_string(root().join("deploy/hall.sample.toml")).unwrap()
}

fn folder_with_secrets() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("secrets")).unwrap();
    for (name, secret) in SECRETS {
        std::fs::write(folder.path().join("secrets").join(name), secret).unwrap();
    }
    let authority = root().join("tests/cases/config/buses/ca.pem");
    std::fs::copy(authority, folder.path().join("ca.pem")).unwrap();
    folder
}

/// What README calls the least that runs.
#[test]
fn the_least_hall_of_the_readme_is_one() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let rest = readme.split_once("The least that runs").expect("the words before it").1;
    let source = rest.split_once("```toml\n").expect("a block").1.split_once("```").unwrap().0;
    let hall = config::parse(Path::new("hall.toml"), source, None).expect("no mistakes");
    assert_eq!((hall.zones.len(), hall.devices.len()), (1, 0));
}

#[test]
fn the_shipped_sample_is_a_whole_hall() {
    let folder = folder_with_secrets();
    let path = folder.path().join("hall.toml");
    std::fs::write(&path, sample()).unwrap();
    let hall = config::read(&path).unwrap_or_else(|mistakes| {
        panic!("{}", mistakes.iter().map(|m| format!("{m}\n")).collect::<String>())
    });
    assert_eq!(hall.site.id, "dongcheng");
    assert!(!hall.demo);
    let inverters = hall.devices.iter().filter(|(d, _)| d.kind == DeviceKind::Inverter);
    let makes: std::collections::BTreeSet<_> =
        inverters.map(|(_, profile)| profile.vendor.clone()).collect();
    assert_eq!(makes.len(), 3, "{makes:?}");
    let of = |kind: DeviceKind| hall.devices.iter().filter(|(d, _)| d.kind == kind).count();
    assert_eq!(of(DeviceKind::TicketMachine), 5);
    for kind in DeviceKind::ALL {
        let shown = *kind != DeviceKind::Gateway;
        assert_eq!(of(*kind) > 0, shown, "{kind:?}");
    }
    let mqtt = hall.mqtt.as_ref().unwrap();
    assert_eq!(mqtt.login, Some(("hallwatch".to_owned(), "mqtt secret".to_owned())));
    let asked = 2; // the UPS and the cabinet
    let kiosks = hall.devices.iter().filter(|(d, _)| d.kind.is_kiosk()).count();
    assert_eq!(mqtt.devices.len() + asked, kiosks);
    assert!(hall.web.password_hash.unwrap().starts_with("$argon2id$"));
    let InfluxVersion::V1 { password, .. } = &hall.influx[0].version else {
        panic!("the sample's first target is 1.x")
    };
    assert_eq!(password.as_deref(), Some("influx secret"));
}

#[test]
fn the_small_example_is_sound_and_enough_for_a_report() {
    let file = root().join("deploy/hall.small.toml");
    let hall = config::read(&file).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    assert_eq!((hall.devices.len(), hall.report.by_hand.len()), (6, 1));
    let roles: Vec<&str> = hall.report.meters.iter().map(|meter| meter.role.as_str()).collect();
    assert_eq!(roles, ["main", "pv", "sub", "main"], "the only one of its supply is the main one");
    assert!(hall.report.building.area_m2.is_some() && hall.report.wash_cost.is_some());
    assert_eq!(hall.plant.arrays.len(), 2);
}

/// Whether a line of the sample is an example that a person would take the `# ` from.
fn is_example(line: &str) -> bool {
    let Some(text) = line.strip_prefix("# ") else { return false };
    let key = text.split_once(" = ").map(|(key, _)| key);
    text.starts_with('[') && text.ends_with(']')
        || key.is_some_and(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

#[test]
fn every_example_of_the_sample_works_without_its_comment_sign() {
    let folder = folder_with_secrets();
    let from = root().join("tests/cases/config");
    let copy = |from: PathBuf, to: &str| std::fs::copy(from, folder.path().join(to)).unwrap();
    for name in ["secrets/influx.token", "secrets/influx3.token"] {
        copy(from.join("complete/secrets/influx.token"), name);
    }
    let webhook = "secrets/webhook.authorization";
    copy(from.join("complete").join(webhook), webhook);
    copy_channel_secrets(&from.join("channels"), folder.path());
    copy(from.join("buses/client.pem"), "client.pem");
    copy(from.join("buses/client.key"), "secrets/client.key");
    std::fs::create_dir(folder.path().join("profiles")).unwrap();
    std::fs::create_dir(folder.path().join("calendar")).unwrap();
    let sample = sample();
    let bared = sample.lines().map(|line| match is_example(line) {
        true => line.trim_start_matches("# "),
        false => line,
    });
    let bared = bared.collect::<Vec<_>>().join("\n");
    let path = folder.path().join("hall.toml");
    let hall = config::parse(&path, &bared, None).unwrap_or_else(|mistakes| {
        panic!("{}", mistakes.iter().map(|m| format!("{m}\n")).collect::<String>())
    });
    let ways: std::collections::BTreeSet<_> =
        hall.modbus.iter().map(|bus| bus.transport.as_str()).collect();
    assert_eq!(
        ways.into_iter().collect::<Vec<_>>(),
        ["listen", "rtu_over_tcp", "serial", "tcp", "tls"]
    );
    assert_eq!((hall.influx.len(), hall.mqtt.unwrap().tls.is_some()), (3, true));
    let kinds: Vec<_> = hall.notify.channels.iter().map(|channel| channel.kind.as_str()).collect();
    let all = "webhook wecom dingtalk feishu email sms webhook alertmanager mqtt sound";
    assert_eq!(kinds.join(" "), all);
    assert_eq!((hall.notify.people.persons.len(), hall.notify.people.rotas.len()), (2, 1));
}

/// The secrets of the channels, as the case `channels` has them.
fn copy_channel_secrets(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from.join("secrets")).unwrap() {
        let name = entry.unwrap().file_name();
        std::fs::copy(from.join("secrets").join(&name), to.join("secrets").join(&name)).unwrap();
    }
}

#[test]
fn devices_at_one_address_share_a_connection() {
    let folder = folder_with_secrets();
    let hall = config::parse(&folder.path().join("hall.toml"), &sample(), None).unwrap();
    let units = |address: &str| {
        let line = hall.modbus.iter().find(|line| line.name == address).unwrap();
        line.units.iter().map(|u| (u.device.id.as_str(), u.unit)).collect::<Vec<_>>()
    };
    assert_eq!(units("192.168.10.11:502"), [("inv-01", 1), ("inv-02", 2)]);
    assert_eq!(units("192.168.10.12:502"), [("inv-03", 127)]);
    assert_eq!(units("power-room"), [("meter-grid", 1), ("meter-pv", 2)]);
    assert_eq!(units("roof-485"), [("sun-01", 1)]);
    assert_eq!(units("carport-4g"), [("meter-carport", 1)]);
    let slow = hall.modbus.iter().find(|line| line.name == "192.168.10.14:502").unwrap();
    let bus = &slow.units[0].bus;
    assert_eq!((bus.timeout_ms, bus.registers_per_read_max), (4_000, 100));
    let device = &slow.units[0].device;
    assert_eq!((device.interval_ms, device.stale_after_ms), (10_000, 34_000));
}

/// The case with a bus of each kind.
fn buses() -> Hall {
    config::read(&root().join("tests/cases/config/buses/hall.toml")).unwrap()
}

#[test]
fn every_kind_of_bus_becomes_its_transport() {
    let folder = root().join("tests/cases/config/buses");
    let serial = |path: &str, baud_rate, parity, stop_bits| {
        let path = PathBuf::from(path);
        Transport::Serial(SerialLine { path, baud_rate, data_bits: 8, parity, stop_bits })
    };
    let dial_in = |listen: &str, framing, registration: Option<&str>| {
        let registration = registration.map(|text| text.as_bytes().to_vec());
        Transport::DialIn(DialIn { listen: listen.parse().unwrap(), framing, registration })
    };
    let expected = [
        ("roof-485", serial("/dev/serial/by-id/usb-FTDI-port0", 9_600, Parity::None, 1)),
        ("room-485", serial("/dev/ttyUSB7", 19_200, Parity::Even, 2)),
        ("gateway", Transport::Tcp("192.168.10.20:502".to_owned())),
        ("moxa", Transport::RtuOverTcp("192.168.10.21:4001".to_owned())),
        (
            "secure",
            Transport::Tls(TlsPeer {
                address: "inverter.local:802".to_owned(),
                server_name: Some("inverter.local".to_owned()),
                ca_file: Some(folder.join("ca.pem")),
                identity: Some((folder.join("client.pem"), folder.join("client.key"))),
            }),
        ),
        ("logger-1", dial_in("0.0.0.0:5020", Framing::Rtu, Some("866123456789012"))),
        ("logger-2", dial_in("0.0.0.0:502", Framing::Tcp, None)),
        ("192.168.10.22:502", Transport::Tcp("192.168.10.22:502".to_owned())),
    ];
    let hall = buses();
    let found = hall.modbus.iter().map(|bus| (bus.name.as_str(), bus.transport.clone()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn devices_of_one_bus_share_it_and_its_discipline() {
    let hall = buses();
    let units = |name: &str| {
        let bus = hall.modbus.iter().find(|bus| bus.name == name).unwrap();
        bus.units.iter().map(|u| (u.device.id.as_str(), u.unit)).collect::<Vec<_>>()
    };
    assert_eq!(units("gateway"), [("m3", 0), ("m4", 255)]);
    assert_eq!(units("192.168.10.22:502"), [("m9", 1), ("m10", 2)]);
    let line = hall.modbus.iter().find(|bus| bus.name == "room-485").unwrap();
    let timeouts = line.units.iter().map(|u| (u.device.id.as_str(), u.bus.timeout_ms));
    // The bus says 500, m2 says 900, the profile says 2000.
    assert_eq!(timeouts.collect::<Vec<_>>(), [("m2", 900), ("m11", 500)]);
}

#[test]
fn secrets_that_others_can_read_are_noticed_and_refuse_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder_with_secrets();
    let path = folder.path().join("hall.toml");
    std::fs::write(&path, sample()).unwrap();
    let open = |name: &str, mode| {
        let secret = folder.path().join("secrets").join(name);
        std::fs::set_permissions(secret, PermissionsExt::from_mode(mode)).unwrap();
    };
    for ((name, _), mode) in SECRETS.iter().zip([0o644, 0o640, 0o600]) {
        open(name, mode);
    }
    let noticed = |hint: &str| {
        let hall = config::read(&path).unwrap();
        hall.notices.into_iter().filter(|told| told.hint.en.contains(hint)).collect::<Vec<_>>()
    };
    let told = noticed("chmod");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].problem.en.contains("secrets/web.hash` (mode 644)"), "{told:?}");
    open("web.hash", 0o640);
    assert!(noticed("chmod").is_empty());
    open("mqtt.password", 0o660);
    assert_eq!(noticed("chmod").len(), 1);
}

#[test]
fn check_says_ok_and_then_what_to_look_at() {
    let file = root().join("tests/cases/config/bus_too_slow/hall.toml");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hallwatch"));
    let output = command.args(["check", "--lang", "en"]).arg(file).output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("ok: devices 11, Modbus connections 3"), "{said}");
    let noticed = String::from_utf8(output.stderr).unwrap();
    assert!(noticed.contains("5 things to look at"), "{noticed}");
    assert!(noticed.contains("bus `even` needs 6.1 s"), "{noticed}");
    assert!(!noticed.contains(is_chinese), "{noticed}");
}

#[test]
fn kiosks_take_the_profiles_topic_or_their_own() {
    let folder = folder_with_secrets();
    let hall = config::parse(&folder.path().join("hall.toml"), &sample(), None).unwrap();
    let publishers = &hall.mqtt.as_ref().unwrap().devices;
    let one = |id: &str| publishers.iter().find(|p| p.device.id.as_str() == id).unwrap();
    assert_eq!(one("ticket-01").places[0].filter, "hall/hall-1/ticket_machine/ticket-01/status");
    assert_eq!(one("ticket-01").device.interval_ms, 60_000);
    assert_eq!(one("ticket-01").device.stale_after_ms, 180_000);
    assert_eq!(one("ticket-05").places[0].filter, "queue/east-gate/status");
    assert_eq!(one("ticket-05").device.stale_after_ms, 360_000);
}

#[test]
fn secrets_are_not_shown() {
    let folder = folder_with_secrets();
    let hall = config::parse(&folder.path().join("hall.toml"), &sample(), None).unwrap();
    let shown = format!("{hall:?} {:?} {:?} {:?}", hall.influx, hall.web, hall.alert);
    assert!(!shown.contains("secret") && !shown.contains("argon2"), "{shown}");
}

/// One change of a text, as a slip of the hand or a broken disk makes it.
#[derive(Debug, Clone)]
enum Slip {
    Delete(usize, usize),
    Insert(usize, String),
    Swap(usize, usize),
    CopyLine(usize, usize),
    DropLine(usize),
}

fn slip() -> impl Strategy<Value = Slip> {
    let place = 0_usize..100_000;
    let inserted = prop_oneof![
        "[\\[\\]{}=\"'#,.\\-+\n\t 0-9a-z_“”，＝取号]{1,3}",
        prop_oneof![
            "\\[\\[device\\]\\]\n",
            "\\[site\n",
            "\"\"\"",
            "true",
            "1e999",
            "\\{ zh = ",
            "\u{0}"
        ],
    ];
    prop_oneof![
        (place.clone(), 1_usize..40).prop_map(|(at, length)| Slip::Delete(at, length)),
        (place.clone(), inserted).prop_map(|(at, text)| Slip::Insert(at, text)),
        (place.clone(), place.clone()).prop_map(|(a, b)| Slip::Swap(a, b)),
        (place.clone(), place.clone()).prop_map(|(from, to)| Slip::CopyLine(from, to)),
        place.prop_map(Slip::DropLine),
    ]
}

fn mutate(text: &str, slips: &[Slip]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for slip in slips {
        let length = text.len().max(1);
        match slip {
            Slip::Delete(at, count) => {
                let at = at % length;
                text.drain(at..(at + count).min(text.len()));
            }
            Slip::Insert(at, inserted) => {
                let at = at % length;
                text.splice(at..at, inserted.chars());
            }
            Slip::Swap(a, b) => text.swap(a % length, b % length),
            Slip::CopyLine(from, to) => {
                let all: String = text.iter().collect();
                let mut lines: Vec<&str> = all.lines().collect();
                let (from, to) = (from % lines.len(), to % lines.len());
                lines.insert(to, lines[from]);
                text = lines.join("\n").chars().collect();
            }
            Slip::DropLine(at) => {
                let all: String = text.iter().collect();
                let mut lines: Vec<&str> = all.lines().collect();
                lines.remove(at % lines.len());
                text = lines.join("\n").chars().collect();
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn two_thousand_slips_of_the_hand_never_panic() {
    let folder = folder_with_secrets();
    let path = folder.path().join("hall.toml");
    let (sample, catalog) = (sample(), Catalog::shipped().unwrap());
    let config = Config {
        cases: MUTATIONS,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        ..Config::default()
    };
    let refused = std::cell::Cell::new(0_u32);
    let slips = prop::collection::vec(slip(), 1..4);
    let result = TestRunner::new(config).run(&slips, |slips| {
        let source = mutate(&sample, &slips);
        let lines = source.matches('\n').count() + 1;
        if let Err(mistakes) = config::parse(&path, &source, Some(&catalog)) {
            prop_assert!(!mistakes.is_empty(), "refused without a word");
            refused.set(refused.get() + 1);
            for mistake in &mistakes {
                check_mistake(mistake);
                prop_assert!(mistake.line <= lines, "{mistake}");
            }
        }
        Ok(())
    });
    result.unwrap();
    assert!(refused.get() > MUTATIONS / 4, "the slips hurt only {} times", refused.get());
}

#[test]
fn the_ratios_of_a_meter_reach_its_profile() {
    use hallwatch::profile::{Protocol, ScaleBy};
    let path = root().join("tests/cases/config/ratios/hall.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let good = text.split("[[device]]").take(2).collect::<Vec<_>>().join("[[device]]");
    let hall = config::parse(&path, &good, None).unwrap();
    let Protocol::Registers { tables, .. } = &hall.modbus[0].units[0].profile.protocol else {
        panic!("a register profile")
    };
    let scale = |name: &str| {
        let mut points = tables.iter().flat_map(|table| &table.points);
        match points.find(|point| point.name.as_str() == name).unwrap().scale {
            ScaleBy::Fixed(fixed) => fixed.to_f64(),
            ScaleBy::Register { .. } => panic!("{name} has a fixed scale"),
        }
    };
    // 0.01 A times 200, 0.1 V times 1.5, 1 W and 10 Wh times 300; a frequency is a frequency.
    assert_eq!(scale("phase_a_current_a"), 2.0);
    assert_eq!(scale("phase_a_voltage_v"), 0.15);
    assert_eq!(scale("ac_power_w"), 300.0);
    assert_eq!(scale("energy_import_wh"), 3_000.0);
    assert_eq!(scale("grid_freq_hz"), 0.01);
}

#[test]
fn the_demand_of_a_meter_is_declared_and_that_of_an_inverter_is_a_mistake() {
    let path = root().join("tests/cases/config/ratios/hall.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let good = text.split("[[device]]").take(2).collect::<Vec<_>>().join("[[device]]");
    let hall =
        config::parse(&path, &format!("{good}\ndeclared_demand_w = 800000\n"), None).unwrap();
    let declared: Vec<f64> = hall.alert.declared_demand_w.values().copied().collect();
    assert_eq!(declared, [800_000.0]);
    let inverter = "\n[[device]]\nid = \"inv-9\"\nname = \"9\"\nzone = \"roof\"\nprofile = \"huawei-sun2000\"\n\
                    modbus = \"10.0.0.9:502\"\nrated_power_w = 50000\ndeclared_demand_w = 800000\n";
    let told = config::parse(&path, &format!("{good}{inverter}"), None).unwrap_err();
    let declared =
        |told: &&Mistake| told.problem.en.contains("`declared_demand_w` on a device of kind");
    assert_eq!(told.iter().filter(declared).count(), 1, "{told:?}");
}
