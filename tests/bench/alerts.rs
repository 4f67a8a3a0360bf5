//! Ten thousand devices that speak once a second, twenty rules for each: how much of one core the
//! alerts take. By `cargo bench --bench alerts`; a small hall in `cargo test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallwatch::alert::{Change, Policy, Trial};
use hallwatch::live::Board;
use hallwatch::model::{
    Decimal, Device, DeviceId, DeviceKind, PointName, Quality, Reading, Record, Sample, Site, Text,
    Timestamp, Value, ZoneId,
};
use hallwatch::rule::{Rule, load};

/// 2026-06-22T02:00:00Z: ten in the morning of a working day in Beijing.
const START_MS: i64 = 1_782_093_600_000;

/// Of every sort: words, numbers, spans, siblings, silence, service hours.
const CONDITIONS: [&str; 20] = [
    "offline",
    "faulted",
    "cpu_percent > 95",
    "disk_free_percent < 10",
    "host_temp_c > 80",
    "printer_paper == \"out\"",
    "printer_paper == \"low\"",
    "id_card_reader_state == \"hardware_error\"",
    "face_module_state == \"hardware_error\"",
    "clock_skew_s > 60",
    "mean(cpu_percent, \"10m\") > 90",
    "highest(host_temp_c, \"5m\") > 85",
    "change(disk_free_percent, \"1h\") < -20",
    "open && cpu_percent > 99",
    "cpu_percent > 3 * siblings.median(cpu_percent) && cpu_percent > 90",
    "siblings.count(printer_paper, \"out\") > 5000 && cpu_percent > 50",
    "held_h(cpu_percent) > 6",
    "time_in_h(printer_paper, \"low\", \"1h\") > 0.9",
    "sun_deg > 10 && time_of_day_h > 23",
    "known(cpu_percent) && cpu_percent < 0.001",
];

fn rules() -> Vec<Rule> {
    let rule = |(n, when): (usize, &&str)| {
        format!(
            "[[rule]]\nid = \"X{n:03}\"\nkinds = [\"ticket_machine\"]\nwhen = '''{when}'''\nfor_s = 60\n\
             severity = \"minor\"\nzh = \"{{device}} {n}\"\nen = \"{{device}} {n}\"\nadvice_zh = \"a\"\n\
             advice_en = \"a\"\n"
        )
    };
    let source: String = CONDITIONS.iter().enumerate().map(rule).collect();
    load("bench", &source, Vec::new(), &[]).expect("rules")
}

fn device(n: usize) -> Arc<Device> {
    Arc::new(Device {
        id: DeviceId::parse(&format!("tm-{n:05}")).unwrap(),
        name: Text::same(format!("tm {n}")),
        zone: ZoneId::parse(&format!("z{}", n % 10)).unwrap(),
        kind: DeviceKind::TicketMachine,
        profile: "kiosk-native".into(),
        rated_power_w: None,
        interval_ms: 1_000,
        stale_after_ms: 5_000,
    })
}

/// What a machine says in a second: most of it is as it was, some numbers move.
fn reading(device: &DeviceId, n: usize, second: i64) -> Record {
    let now = Timestamp::from_ms(START_MS + second * 1000);
    let moving = (second + n as i64) % 60;
    let number = |value: i64| Value::Decimal(Decimal::whole(value));
    // Every hundredth one is out of paper for 80 s of two minutes.
    let paper = if n % 100 == 7 && second % 120 > 40 { 2 } else { 0 };
    let said = [
        ("online", Value::Bool(true)),
        ("state", number(4)),
        ("cpu_percent", number(20 + moving)),
        ("host_temp_c", number(40 + moving % 7)),
        ("disk_free_percent", number(55)),
        ("printer_paper", number(paper)),
        ("id_card_reader_state", number(0)),
        ("face_module_state", number(0)),
        ("clock_skew_s", number(moving % 3)),
    ];
    let sample = |(point, value): (&str, Value)| Sample {
        point: PointName::parse(point).unwrap(),
        value,
        quality: Quality::Good,
    };
    let samples = said.into_iter().map(sample).collect();
    Record::Reading(Reading {
        device: device.clone(),
        time: now,
        received: now,
        message: 0,
        samples,
    })
}

/// The time that the alerts took for each second, and how many were raised.
fn run(devices: usize, seconds: i64) -> (Vec<Duration>, usize) {
    let site = Site {
        id: "bench".into(),
        name: Text::same("bench"),
        latitude_deg: 39.9,
        longitude_deg: 116.4,
        altitude_m: 44.0,
        time_zone: jiff::tz::TimeZone::UTC,
    };
    let all: Vec<_> = (0..devices).map(device).collect();
    let board = all.iter().map(|device| (device.clone(), None));
    let board = Board::new(Arc::new(site), board, Timestamp::from_ms(START_MS));
    let mut trial = Trial::new(rules(), board, None, Policy::default());
    let (mut took, mut raised) = (Vec::new(), 0);
    for second in 1..=seconds {
        let said = all.iter().enumerate().map(|(n, d)| reading(&d.id, n, second));
        let said: Vec<Record> = said.collect();
        let begin = Instant::now();
        let mut transitions = Vec::new();
        for record in &said {
            transitions.extend(trial.take(record));
        }
        let now = Timestamp::from_ms(START_MS + second * 1000);
        transitions.extend(trial.tick(now, &[]));
        took.push(begin.elapsed());
        raised += transitions.iter().filter(|t| t.change == Change::Raised).count();
    }
    (took, raised)
}

fn main() {
    let bench = std::env::args().any(|arg| arg == "--bench");
    let (devices, seconds) = if bench { (10_000, 150) } else { (200, 150) };
    let (mut took, raised) = run(devices, seconds);
    // The first second judges everything anew.
    let first = took.remove(0);
    took.sort_unstable();
    let mean = took.iter().sum::<Duration>() / u32::try_from(took.len()).unwrap();
    let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "{devices} devices, {} rules, {seconds} s: mean {:.3} s of a core each second, median {:.3}, worst {:.3}, \
         first {:.3}; {raised} alerts",
        CONDITIONS.len(),
        mean.as_secs_f64(),
        median.as_secs_f64(),
        worst.as_secs_f64(),
        first.as_secs_f64(),
    );
    assert_eq!(raised, devices / 100, "those without paper");
    if bench {
        assert!(mean.as_secs_f64() < 1.0, "more than one core");
        println!("as promised");
    }
    println!("test result: ok. 1 passed; 0 failed; 0 ignored");
}
