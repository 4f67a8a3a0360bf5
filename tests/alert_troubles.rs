//! What may go wrong around people being told, in the real gateway: a channel that takes nothing, a
//! clock that jumps, a machine that is no longer in the configuration.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/certificates.rs"]
#[allow(dead_code)]
mod certificates;
#[path = "support/clock.rs"]
mod clock;
#[path = "support/fakes.rs"]
#[allow(dead_code)]
mod fakes;
#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "support/hall.rs"]
#[allow(dead_code)]
mod hall;
#[path = "support/untrusted.rs"]
mod untrusted;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use clock::FakeClock;
use fakes::{Fake, Manner};
use field::{Daemon, Mosquitto};
use hall::{Machines, ask, id, open};
use serde_json::{Value, json};

const HOUR_S: i64 = 3600;
const HEARTBEAT: Option<Duration> = Some(Duration::from_secs(2));

fn run(config: &Path) -> Daemon {
    tokio::task::block_in_place(|| Daemon::run(config))
}

/// Waits until something holds.
async fn until(what: &str, patience_s: u64, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed().as_secs() < patience_s, "not in {patience_s} s: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    begin.elapsed()
}

/// How often each change of each alert of a rule was told: device and change.
fn told(fake: &Fake, rule: &str) -> BTreeMap<(String, String), usize> {
    let mut told = BTreeMap::new();
    for message in fake.taken().iter().map(fakes::Seen::json) {
        if message["alert"]["rule"] == rule {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let key = (word(&message["alert"]["device"]), word(&message["change"]));
            *told.entry(key).or_default() += 1;
        }
    }
    told
}

fn times(fake: &Fake, rule: &str, device: &str, change: &str) -> usize {
    told(fake, rule).get(&(device.to_owned(), change.to_owned())).copied().unwrap_or_default()
}

fn channel(name: &str, url: &str) -> String {
    format!("[[channel]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"{url}\"\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_takes_nothing_is_told_of_on_another() {
    let folder = tempfile::tempdir().expect("folder");
    let broker = Mosquitto::start(folder.path());
    let troubles = [Manner::Dingtalk, Manner::Status(500), Manner::Redirects, Manner::Hangs];
    let [lies, broken, leads, hangs] = troubles.map(Fake::start);
    let (lies, broken, leads, hangs) = (lies.await, broken.await, leads.await, hangs.await);
    let stranger = untrusted::serve(&certificates::Certificates::make()).await;
    let good = Fake::start(Manner::Takes).await;
    // The first one says 200 and means no.
    let mut channels = format!(
        "[[channel]]\nname = \"lies\"\nkind = \"dingtalk\"\ntoken_file = \"key\"\n\
         secret_file = \"key\"\nbase_url = \"{}\"\n",
        lies.url
    );
    for (name, url) in [
        ("broken", &broken.url),
        ("leads", &leads.url),
        ("hangs", &hangs.url),
        ("stranger", &stranger),
        ("good", &good.url),
    ] {
        channels += &channel(name, url);
    }
    let config = hall::write(folder.path(), broker.port, (2, 1), hall::BUSY, &channels);
    let daemon = run(&config);
    let machines = Machines::start(broker.port, 1, HEARTBEAT);
    machines.say(0, 99, &[]).await;
    until("the good one hears of it", 20, async || times(&good, "T001", &id(0), "raised") == 1)
        .await;
    let of = |name: &str| {
        let all = good.taken();
        let all = all.iter().map(fakes::Seen::json);
        let own = |m: &Value| m["alert"]["text"]["zh"].as_str().is_some_and(|zh| zh.contains(name));
        all.filter(|m| m["alert"]["rule"] == "SY004" && own(m)).collect::<Vec<Value>>()
    };
    until("the broken one is told of", 30, async || of("`broken`").len() == 1).await;
    // The others wait longer between their tries, as asking again soon helps nobody.
    let reasons = [
        ("`broken`", "500"),
        ("`leads`", "307"),
        ("`lies`", "310000"),
        ("`stranger`", "证书不可信"),
        ("`hangs`", "超时未应答"),
    ];
    until("the others are told of", 150, async || {
        reasons.iter().all(|(name, _)| !of(name).is_empty())
    })
    .await;
    for (name, reason) in reasons {
        let [only] = &of(name)[..] else { panic!("{name}: {:?}", of(name)) };
        let zh = only["alert"]["text"]["zh"].as_str().expect("text");
        assert!(zh.contains(reason), "{zh}");
    }
    broken.now(Manner::Takes);
    let over = |m: &Value| m["change"] == "resolved";
    until("that it is well again", 120, async || of("`broken`").iter().any(over)).await;
    // What waited arrives, and nothing of the channel itself by the channel itself.
    assert_eq!(times(&broken, "T001", &id(0), "raised"), 1);
    let of_itself = |m: &Value| {
        let zh = m["alert"]["text"]["zh"].as_str().expect("text");
        m["alert"]["rule"] == "SY004" && zh.contains("`broken`")
    };
    assert!(!broken.taken().iter().map(fakes::Seen::json).any(|m| of_itself(&m)));
    println!("SY004 about five channels was told on the sixth, once each");
    tokio::task::block_in_place(|| daemon.terminate());
}

/// The state of the alert of a machine.
async fn state(here: SocketAddr, rule: &str, n: usize) -> Option<Value> {
    open(here, rule).await?.into_iter().find(|alert| alert["device"] == id(n).as_str())
}

/// Alerts in every stage before an hour is added to the clock or taken from it: the fourth machine's
/// condition has to hold for so long.
const PENDING_S: i64 = 20;

async fn stages(here: SocketAddr, machines: &Machines, now_ms: i64) {
    for n in 0..3 {
        machines.say(n, 99, &[]).await;
    }
    until("three alerts", 20, async || open(here, "T001").await.is_some_and(|all| all.len() == 3))
        .await;
    let acknowledged = state(here, "T001", 1).await.expect("an alert");
    let path = format!("/api/v1/alerts/{}/acknowledge", acknowledged["id"].as_str().expect("id"));
    let answer = ask(here, "POST", &path, Some(&json!({ "by": "王芳", "for_h": 2 }))).await;
    assert_eq!(answer.expect("answer").0, 200);
    let silence = json!({
        "effect": "silence", "matcher": { "devices": [id(2)] }, "by": "王芳", "why": "在修",
        "until_ms": now_ms + 2 * HOUR_S * 1_000,
    });
    let answer = ask(here, "POST", "/api/v1/silences", Some(&silence)).await.expect("answer");
    assert_eq!(answer.0, 200, "{}", answer.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_tells_nobody_twice_and_holds_nobody_up() {
    let folder = tempfile::tempdir().expect("folder");
    let broker = Mosquitto::start(folder.path());
    let good = Fake::start(Manner::Takes).await;
    let pending = hall::BUSY
        .replace("T001", "T002")
        .replace("cpu_percent > 95'", &format!("cpu_percent < 5'\nfor_s = {PENDING_S}"));
    let rules = format!("{}{pending}", hall::BUSY);
    let channels = hall::webhook(&good);
    let config = hall::write(folder.path(), broker.port, (6, 1), &rules, &channels);
    let clock = FakeClock::new(folder.path());
    let daemon = tokio::task::block_in_place(|| Daemon::run_under(&config, &clock.environment()));
    let here = hall::address(&daemon);
    // What machines write as time is theirs; they have the right one.
    let machines = Machines::start(broker.port, 1, HEARTBEAT);
    for n in 0..6 {
        machines.say(n, 20, &[]).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    stages(here, &machines, jiff::Timestamp::now().as_millisecond()).await;
    let mut held_up = Duration::ZERO;
    // A pending alert is not held up by an hour that is taken away; nor is a new one.
    for (round, ahead) in [-HOUR_S, HOUR_S, 0].into_iter().enumerate() {
        let n = 3 + round;
        machines.say(n, 1, &[]).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        clock.ahead(ahead);
        let hears = async || times(&good, "T002", &id(n), "raised") == 1;
        held_up = held_up.max(until("a pending alert", 3 * PENDING_S as u64, hears).await);
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    // An hour forth and back once more, and the silence and the acknowledgement hold.
    for ahead in [HOUR_S, 0, HOUR_S, 0] {
        clock.ahead(ahead);
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    let acknowledged = state(here, "T001", 1).await.expect("an alert");
    assert_eq!(acknowledged["acknowledged"]["by"], "王芳", "{acknowledged}");
    assert!(state(here, "T001", 2).await.expect("an alert")["silenced"].is_string());
    // Past both their ends and back: told once each that it counts no more.
    for ahead in [3 * HOUR_S, 0, 3 * HOUR_S, 0] {
        clock.ahead(ahead);
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    for n in 0..6 {
        machines.say(n, 20, &[]).await;
    }
    let none = async |rule| open(here, rule).await.is_some_and(|all| all.is_empty());
    let over = until("everything is over", 60, async || none("T001").await && none("T002").await);
    let over = over.await;
    hall::told_all(here, Duration::from_secs(20)).await;
    let all: BTreeMap<_, _> =
        ["T001", "T002"].into_iter().flat_map(|rule| told(&good, rule)).collect();
    println!(
        "the clock jumped 11 times, by an hour or three: {} things told, each once; a pending alert of \
         {PENDING_S} s came after at most {held_up:?}, the end of all after {over:?}",
        all.len()
    );
    let twice: Vec<_> = all.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(times(&good, "T001", &id(1), "forgotten"), 1, "{all:?}");
    // Also the end of the one that is silenced: its beginning was told before.
    for n in 0..3 {
        assert_eq!(times(&good, "T001", &id(n), "raised"), 1);
        assert_eq!(times(&good, "T001", &id(n), "resolved"), 1, "{all:?}");
    }
    tokio::task::block_in_place(|| daemon.terminate());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_is_gone_from_the_configuration_is_over_once() {
    let folder = tempfile::tempdir().expect("folder");
    let broker = Mosquitto::start(folder.path());
    let good = Fake::start(Manner::Takes).await;
    let channels = hall::webhook(&good);
    let config = hall::write(folder.path(), broker.port, (3, 1), hall::BUSY, &channels);
    let machines = Machines::start(broker.port, 1, HEARTBEAT);
    let daemon = run(&config);
    for n in 0..3 {
        machines.say(n, 99, &[]).await;
    }
    let raised = |n: usize| times(&good, "T001", &id(n), "raised");
    let over = |device: &str| times(&good, "T001", device, "resolved");
    until("three alerts are told", 20, async || (0..3).all(|n| raised(n) == 1)).await;
    tokio::task::block_in_place(|| daemon.terminate());

    // The first one is renamed, the second one removed.
    let text = std::fs::read_to_string(&config).expect("text");
    let removed = format!("[[device]]\nid = \"{}\"", id(1));
    let (before, rest) = text.split_once(&removed).expect("the second");
    let (_, after) = rest.split_once("[[device]]").expect("the third");
    let text = format!("{before}[[device]]{after}").replace(&id(0), "tm-new");
    std::fs::write(&config, text).expect("written");
    let daemon = run(&config);
    until("both ends are told", 20, async || over(&id(0)) == 1 && over(&id(1)) == 1).await;
    tokio::task::block_in_place(|| daemon.kill_9());
    let daemon = run(&config);
    let here = hall::address(&daemon);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let left = open(here, "T001").await.expect("alerts");
    let left: Vec<_> = left.iter().map(|alert| alert["device"].as_str().expect("id")).collect();
    assert_eq!(left, [id(2)], "the third goes on");
    let all = told(&good, "T001");
    println!("one machine renamed, one removed: {all:?}");
    assert_eq!((over(&id(0)), over(&id(1)), over(&id(2)), over("tm-new")), (1, 1, 0, 0));
    assert_eq!((raised(0), raised(1), raised(2)), (1, 1, 1), "nothing was told again");
    tokio::task::block_in_place(|| daemon.terminate());
}
