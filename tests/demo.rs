//! The demo as a person meets it: alerts come by themselves within two minutes and clear again,
//! it is light enough for the box in the corner, and Ctrl-C ends it at once with nothing lost.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use field::{Daemon, wait_for};

/// Of one core, and megabytes of its own, with what the report of a month leaves behind. The pages of the
/// program's file are left out: the system takes them back when it needs them, and those of a debug build
/// are seven times as many as those that are shipped.
const CPU_PERCENT_MAX: f64 = 10.0;
const MEMORY_MB_MAX: f64 = 100.0;

/// Processor time used so far, seconds.
fn cpu_s(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("stat");
    let after_name = stat.rsplit_once(')').expect("name").1;
    let fields: Vec<f64> = after_name.split_whitespace().filter_map(|f| f.parse().ok()).collect();
    // After the name and the state letter: utime is the 11th number, stime the 12th; 100 ticks/s.
    (fields[10] + fields[11]) / 100.0
}

fn memory_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("status");
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().nth(1).expect("kB").parse::<f64>().expect("number") / 1024.0
    };
    of("RssAnon:") + of("RssShmem:")
}

/// Rule -> seconds after the start at which it was first seen, in a list of alerts.
fn note(daemon: &Daemon, state: &str, begin: Instant, seen: &mut BTreeMap<String, u64>) {
    let answer = daemon.get(&format!("/api/v1/alerts?state={state}"));
    for alert in answer["alerts"].as_array().expect("alerts") {
        for language in ["zh", "en"] {
            let text = alert["text"][language].as_str().expect("text");
            assert!(!text.is_empty() && !text.contains('{'), "{text}");
        }
        let rule = alert["rule"].as_str().expect("rule").to_owned();
        seen.entry(rule).or_insert_with(|| begin.elapsed().as_secs());
    }
}

/// The month before is there to be looked at and closed: only what people read off is missing.
fn last_month_can_be_reported(daemon: &Daemon) {
    let list = daemon.get("/api/v1/reports");
    let months = list["months"].as_array().expect("months");
    assert_eq!(months.len(), 2, "{list}");
    assert_eq!((&months[0]["running"], &months[1]["running"]), (&true.into(), &false.into()));
    let month = months[1]["period"].as_str().expect("a month");
    let report = daemon.get(&format!("/api/v1/reports/{month}?form=json"));
    let ratio = report["roof"]["plant"]["pr"]["value"].as_f64();
    assert!(ratio.is_some_and(|ratio| (0.8..0.95).contains(&ratio)), "{}", report["roof"]["plant"]);
    let troubles = report["roof"]["troubles"].as_array().map_or(0, Vec::len);
    assert!(troubles > 0, "an inverter stood still: {}", report["roof"]);
    let obstacles = report["obstacles"].as_array().expect("obstacles");
    let by_hand = |obstacle: &serde_json::Value| {
        let text = obstacle["en"].as_str().unwrap_or_default();
        text.starts_with("water main was not read") || text.starts_with("gas meter was not read")
    };
    assert!(obstacles.len() == 2 && obstacles.iter().all(by_hand), "{obstacles:?}");
}

/// What the register of an inverter showed last, Wh.
fn register(daemon: &Daemon) -> Option<f64> {
    let inverter = daemon.get("/api/v1/devices/inv-04");
    let points = inverter["device"]["points"].as_array()?.iter();
    let mut own = points.filter(|point| point["name"] == "energy_total_wh");
    own.next()?["value"].as_f64()
}

#[test]
fn alerts_come_and_go_and_the_box_stays_cool() {
    let folder = tempfile::tempdir().expect("folder");
    let begin = Instant::now();
    let daemon = Daemon::demo(&folder.path().join("data"));
    println!("page after {:.1} s", begin.elapsed().as_secs_f64());
    last_month_can_be_reported(&daemon);
    let (mut raised, mut resolved) = (BTreeMap::new(), BTreeMap::new());
    wait_for("an inverter fault and a kiosk out of paper", Duration::from_secs(120), || {
        std::thread::sleep(Duration::from_millis(900));
        note(&daemon, "active", begin, &mut raised);
        (raised.contains_key("PV002") && raised.contains_key("KS004")).then_some(())
    });
    let (from, cpu) = (Instant::now(), cpu_s(daemon.pid()));
    wait_for("both to clear", Duration::from_secs(150), || {
        std::thread::sleep(Duration::from_millis(900));
        note(&daemon, "resolved", begin, &mut resolved);
        (resolved.contains_key("PV002") && resolved.contains_key("KS004")).then_some(())
    });
    let percent = (cpu_s(daemon.pid()) - cpu) / from.elapsed().as_secs_f64() * 100.0;
    let memory = memory_mb(daemon.pid());
    println!("raised {raised:?}, resolved {resolved:?}");
    println!("{percent:.1} % of one core, {memory:.0} MB, hall and gateway together");
    assert!(percent < CPU_PERCENT_MAX, "{percent:.1} % of one core");
    assert!(memory < MEMORY_MB_MAX, "{memory:.0} MB");

    let devices = daemon.get("/api/v1/devices");
    let heard = devices["devices"].as_array().expect("devices").iter();
    let silent: Vec<_> = heard.filter(|d| d["last_seen_ms"].is_null()).map(|d| &d["id"]).collect();
    assert!(silent.is_empty(), "never heard: {silent:?}");
    let counted = register(&daemon).expect("counted");
    let kept = daemon.get("/api/v1/system")["journal"]["readings_committed"].as_u64();
    let told = Command::new("kill").args(["-INT", &daemon.pid().to_string()]).status();
    assert!(told.is_ok_and(|status| status.success()));
    let gone = daemon.wait();
    println!("{} readings kept, gone {gone:?} after Ctrl-C", kept.expect("a number"));
    assert!(gone < Duration::from_secs(3), "stopped in {gone:?}");

    // What was kept is still there: the same data, shown before any device has spoken again.
    let again = Daemon::demo(&folder.path().join("data"));
    let position = again.get("/api/v1/system")["journal"]["position"].as_u64();
    assert!(position >= kept, "{position:?} of {kept:?} readings after the restart");
    let mut recalled = BTreeMap::new();
    note(&again, "resolved", begin, &mut recalled);
    assert!(recalled.contains_key("PV002"), "the past is on the page: {recalled:?}");
    let last_heard =
        |daemon: &Daemon| daemon.get("/api/v1/devices/inv-04")["device"]["last_seen_ms"].as_i64();
    let before = last_heard(&again);
    wait_for("the inverter again", Duration::from_secs(20), || {
        (last_heard(&again) > before).then_some(())
    });
    let more = register(&again).expect("counted") - counted;
    assert!((0.0..1_000.0).contains(&more), "its register goes on: {more} Wh further");
    again.terminate();
}
