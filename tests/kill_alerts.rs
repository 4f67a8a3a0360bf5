//! kill -9 at random moments while people acknowledge alerts, set silences and open work orders: what
//! the API said it took is there afterwards, and everybody hears of every alert, once.
//!
//! ```text
//! cargo test --test kill_alerts                        twelve kills
//! HALLWATCH_ALERT_KILLS=100 cargo test --test …        so many
//! ```
//!
//! The machines speak through Debian's Mosquitto, the journal is as durable as it is shipped, and the
//! two channels are servers that write down what they took and under which key.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/fakes.rs"]
#[allow(dead_code)]
mod fakes;
#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "support/hall.rs"]
#[allow(dead_code)]
mod hall;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fakes::{Fake, Manner};
use field::{Daemon, Mosquitto};
use hall::{Machines, ask, id, open};
use hallwatch::alert::{Change, Transition};
use serde_json::{Value, json};

const KILLS: usize = 12;
/// Of each: acknowledged alerts, silences, open work orders.
const WANTED: usize = 50;
/// Machines whose fault stays; machines with silences; machines with orders, more than are needed,
/// because an order whose answer was lost is there all the same; machines that come and go.
const FAULTY: std::ops::Range<usize> = 0..50;
const SILENCED: std::ops::Range<usize> = 50..100;
const ORDERED: std::ops::Range<usize> = 100..220;
const PASSING: std::ops::Range<usize> = 220..250;
const MACHINES: usize = 250;
const ZONES: usize = 5;

/// What the API said it took.
#[derive(Default)]
struct Taken {
    /// Alert and the name of who acknowledged it.
    acknowledged: BTreeMap<String, String>,
    silences: BTreeSet<String>,
    orders: BTreeSet<String>,
    /// Answers that never came.
    broken: usize,
}

impl Taken {
    fn enough(&self) -> bool {
        let least = self.acknowledged.len().min(self.silences.len()).min(self.orders.len());
        least >= WANTED
    }
}

/// What the people of the test share with the one who kills.
#[derive(Clone)]
struct World {
    address: Arc<Mutex<Option<SocketAddr>>>,
    under_way: Arc<AtomicUsize>,
    killed_all: Arc<AtomicBool>,
    taken: Arc<Mutex<Taken>>,
}

impl World {
    /// One request, wherever the daemon is at the moment.
    async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let address = *self.address.lock().expect("lock");
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let answer = match address {
            Some(address) => ask(address, "POST", path, Some(body)).await,
            None => None,
        };
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        if address.is_some() && answer.is_none() {
            self.taken.lock().expect("lock").broken += 1;
        }
        answer
    }

    async fn acknowledge(&self) {
        let Some(address) = *self.address.lock().expect("lock") else { return };
        let Some(alerts) = open(address, "T001").await else { return };
        let stays = |alert: &&Value| FAULTY.map(id).any(|id| alert["device"] == id.as_str());
        let known = |alert: &Value| {
            let taken = self.taken.lock().expect("lock");
            taken.acknowledged.contains_key(alert["id"].as_str().expect("id"))
        };
        let next = alerts.iter().filter(stays).find(|alert| !known(alert));
        let Some(alert) = next.and_then(|alert| alert["id"].as_str()) else { return };
        let by = format!("值班员 {alert}");
        let by = by.chars().take(40).collect::<String>();
        let path = format!("/api/v1/alerts/{alert}/acknowledge");
        let answer = self.post(&path, &json!({ "by": by, "note": "去看" })).await;
        if let Some((200, said)) = answer {
            // An earlier try may have been taken without an answer; by the same person.
            assert_eq!(said["acknowledged"]["by"], by.as_str());
            self.taken.lock().expect("lock").acknowledged.insert(alert.to_owned(), by);
        }
    }

    async fn silence(&self, n: usize) {
        let until_ms = jiff::Timestamp::now().as_millisecond() + 3_600_000;
        let body = json!({
            "effect": "silence", "matcher": { "devices": [id(n)] }, "until_ms": until_ms,
            "by": "王芳", "why": "在修",
        });
        if let Some((200, said)) = self.post("/api/v1/silences", &body).await {
            let id = said["id"].as_str().expect("id").to_owned();
            self.taken.lock().expect("lock").silences.insert(id);
        }
    }

    /// Whether the machine has an order now, by an answer or by an earlier try without one.
    async fn order(&self, n: usize) -> bool {
        let body = json!({ "device": id(n), "what": "卡纸", "by": "李雷" });
        match self.post("/api/v1/orders", &body).await {
            Some((200, said)) => {
                let id = said["id"].as_str().expect("id").to_owned();
                self.taken.lock().expect("lock").orders.insert(id);
                true
            }
            Some((409, _)) => true,
            _ => false,
        }
    }

    /// What people do all the time, until enough of it was taken.
    async fn people(&self) {
        let (mut silenced, mut ordered) = (SILENCED.cycle(), ORDERED);
        let mut machine = ordered.next().expect("a machine");
        while !self.taken.lock().expect("lock").enough() || !self.killed_all.load(Ordering::SeqCst)
        {
            let counts = {
                let taken = self.taken.lock().expect("lock");
                (taken.acknowledged.len(), taken.silences.len(), taken.orders.len())
            };
            let acknowledge = async {
                if counts.0 < WANTED {
                    self.acknowledge().await;
                }
            };
            let silence = async {
                if counts.1 < WANTED {
                    self.silence(silenced.next().expect("endless")).await;
                }
            };
            let order = async { counts.2 < WANTED && self.order(machine).await };
            let ((), (), had) = tokio::join!(acknowledge, silence, order);
            if had {
                machine = ordered.next().expect("machines enough");
            }
            // Spread over all kills.
            tokio::time::sleep(Duration::from_millis(10 * kills() as u64)).await;
        }
    }
}

fn kills() -> usize {
    let wanted = std::env::var("HALLWATCH_ALERT_KILLS").ok().and_then(|n| n.parse().ok());
    wanted.unwrap_or(KILLS)
}

/// What became of the kills.
struct Killed {
    /// The daemon at the end.
    last: Daemon,
    at: Vec<Instant>,
    /// How many met a request under way.
    met: usize,
}

/// Kills and starts again.
fn kill_and_start(config: &Path, first: Daemon, world: &World) -> Killed {
    let (mut daemon, mut at, mut met) = (first, Vec::new(), 0);
    for kill in 0..kills() {
        std::thread::sleep(Duration::from_millis(rand::random_range(200..1_500)));
        // Every second time in the middle of something that people asked for.
        let patience = Instant::now() + Duration::from_secs(2);
        let quiet = || world.under_way.load(Ordering::SeqCst) == 0;
        while kill % 2 == 1 && quiet() && Instant::now() < patience {
            std::thread::sleep(Duration::from_micros(100));
        }
        if kill % 2 == 1 {
            std::thread::sleep(Duration::from_micros(rand::random_range(0..4_000)));
        }
        met += usize::from(!quiet());
        *world.address.lock().expect("lock") = None;
        daemon.kill_9();
        at.push(Instant::now());
        daemon = Daemon::run(config);
        *world.address.lock().expect("lock") = Some(hall::address(&daemon));
    }
    world.killed_all.store(true, Ordering::SeqCst);
    Killed { last: daemon, at, met }
}

/// Faults come one by one all the while; those that pass stay for some seconds.
async fn troubles(machines: &Machines, world: &World) {
    let gap = Duration::from_millis(280);
    let (mut faulty, mut passing) = (FAULTY, PASSING.cycle());
    let mut ill: std::collections::VecDeque<usize> = std::collections::VecDeque::new();
    for round in 0.. {
        match faulty.next() {
            Some(n) => machines.say(n, 99, &[]).await,
            None if world.killed_all.load(Ordering::SeqCst) => break,
            None => {}
        }
        if round % 3 == 0 {
            let n = passing.next().expect("endless");
            machines.say(n, 98, &[]).await;
            ill.push_back(n);
        }
        if ill.len() > 3 {
            machines.say(ill.pop_front().expect("one"), 20, &[]).await;
        }
        tokio::time::sleep(gap).await;
    }
    for n in ill {
        machines.say(n, 20, &[]).await;
    }
}

/// Lost of the acknowledgements, silences and orders that were confirmed.
async fn lost(address: SocketAddr, taken: &Taken) -> [usize; 3] {
    let get = async |path: &str| ask(address, "GET", path, None).await.expect("an answer").1;
    let alerts = open(address, "T001").await.expect("alerts");
    let kept = |(id, by): &(&String, &String)| {
        let mut own = alerts.iter().filter(|alert| alert["id"] == id.as_str());
        own.any(|alert| alert["acknowledged"]["by"] == by.as_str())
    };
    let acknowledged = taken.acknowledged.iter().filter(|one| !kept(one)).count();
    let ids = |list: &Value| -> BTreeSet<String> {
        let ids = list.as_array().expect("a list").iter();
        ids.map(|one| one["id"].as_str().expect("id").to_owned()).collect()
    };
    let silences = ids(&get("/api/v1/silences").await["silences"]);
    let orders = ids(&get("/api/v1/orders?state=open&limit=1000").await["orders"]);
    [
        acknowledged,
        taken.silences.difference(&silences).count(),
        taken.orders.difference(&orders).count(),
    ]
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Raised => "新告警",
        Change::Acknowledged => "已有人处理",
        Change::Changed => "有变化",
        Change::Resolved => "已恢复",
        other => panic!("{other:?} in this test"),
    }
}

/// What a channel heard of what it was owed.
struct Heard {
    missing: usize,
    /// When something was heard that had been heard before.
    again: Vec<Instant>,
}

impl Heard {
    /// The most that was heard again between a start and the next. A kill can hit between the moment
    /// in which the other side takes a message and the one in which the daemon hears so: then that
    /// one message is told again, for no daemon knows better.
    fn again_after_a_kill(&self, kills: &[Instant]) -> usize {
        let mut times: BTreeMap<usize, usize> = BTreeMap::new();
        for at in &self.again {
            *times.entry(kills.iter().filter(|kill| *kill < at).count()).or_default() += 1;
        }
        assert!(!times.contains_key(&0), "before the first kill nothing is told again");
        times.into_values().max().unwrap_or_default()
    }
}

/// What a channel heard whose messages carry a key.
fn by_key(owed: &BTreeMap<String, Transition>, fake: &Fake) -> Heard {
    let mut heard: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    fake.taken().into_iter().for_each(|seen| heard.entry(seen.key).or_default().push(seen.at));
    let missing = owed.keys().filter(|key| !heard.contains_key(*key)).count();
    assert!(heard.keys().all(|key| owed.contains_key(key)), "nothing was made up");
    Heard {
        missing,
        again: heard.into_values().flat_map(|times| times.into_iter().skip(1)).collect(),
    }
}

/// What a channel heard that sends only words: by what is wrong and what became of it.
fn by_words(owed: &BTreeMap<String, Transition>, fake: &Fake) -> Heard {
    let mut due: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for told in owed.values() {
        *due.entry((told.alert.text.zh.as_str(), word(told.change))).or_default() += 1;
    }
    let said = |seen: &fakes::Seen| {
        (seen.json()["text"]["content"].as_str().expect("text").to_owned(), seen.at)
    };
    let texts: Vec<(String, Instant)> = fake.taken().iter().map(said).collect();
    let mut found = Heard { missing: 0, again: Vec::new() };
    for ((text, word), due) in &due {
        let about = |said: &&(String, Instant)| {
            let mut lines = said.0.lines();
            let head = lines.next().unwrap_or_default();
            head.contains(&format!(" {word}｜")) && lines.next() == Some(*text)
        };
        let heard: Vec<Instant> = texts.iter().filter(about).map(|said| said.1).collect();
        found.missing += due.saturating_sub(heard.len());
        // A message told again comes right after its first copy.
        let mut gaps: Vec<(Duration, Instant)> =
            heard.windows(2).map(|pair| (pair[1] - pair[0], pair[1])).collect();
        gaps.sort();
        found.again.extend(gaps.iter().take(heard.len().saturating_sub(*due)).map(|gap| gap.1));
    }
    let all: usize = due.values().sum();
    assert_eq!(texts.len(), all - found.missing + found.again.len(), "nothing was made up");
    found
}

/// Machines whose fault stays and of which this channel did not hear exactly once that it is new.
fn unheard(fake: &Fake) -> usize {
    let raised: Vec<Value> =
        fake.taken().iter().map(fakes::Seen::json).filter(|m| m["change"] == "raised").collect();
    let heard = |n: &usize| {
        let own = raised.iter().filter(|m| m["alert"]["device"] == id(*n).as_str());
        own.map(|m| m["id"].as_str().expect("id")).collect::<BTreeSet<_>>().len()
    };
    FAULTY.filter(|n| heard(n) != 1).count()
}

async fn begin(folder: &Path) -> (Mosquitto, PathBuf, Fake, Fake) {
    let broker = Mosquitto::start(folder);
    let (hook, group) = (Fake::start(Manner::Takes).await, Fake::tireless(Manner::Wecom).await);
    let channels = format!("{}{}", hall::webhook(&hook), hall::wecom(&group, 1_000, 0));
    let config = hall::write(folder, broker.port, (MACHINES, ZONES), hall::BUSY, &channels);
    (broker, config, hook, group)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_said_and_what_they_are_to_hear_survives_every_kill() {
    let folder = tempfile::tempdir().expect("folder");
    let (broker, config, hook, group) = begin(folder.path()).await;
    let first = tokio::task::block_in_place(|| Daemon::run(&config));
    let machines = Machines::start(broker.port, ZONES, Some(Duration::from_secs(5)));
    for n in 0..MACHINES {
        machines.say(n, 20, &[]).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begin = Instant::now();
    let world = World {
        address: Arc::new(Mutex::new(Some(hall::address(&first)))),
        under_way: Arc::default(),
        killed_all: Arc::default(),
        taken: Arc::default(),
    };
    let killer = {
        let (config, world) = (config.clone(), world.clone());
        tokio::task::spawn_blocking(move || kill_and_start(&config, first, &world))
    };
    let people = async {
        let done =
            tokio::time::timeout(Duration::from_secs(60 + 5 * kills() as u64), world.people());
        let taken = || {
            let taken = world.taken.lock().expect("lock");
            [taken.acknowledged.len(), taken.silences.len(), taken.orders.len(), taken.broken]
        };
        assert!(done.await.is_ok(), "people are not answered: {:?}", taken());
    };
    tokio::join!(people, troubles(&machines, &world));
    let Killed { last, at: kills_at, met } = killer.await.expect("killer");
    let here = hall::address(&last);
    tokio::time::sleep(Duration::from_secs(3)).await; // what passes is over
    hall::told_all(here, Duration::from_secs(60)).await;
    let taken = std::mem::take(&mut *world.taken.lock().expect("lock"));
    let lost = lost(here, &taken).await;
    tokio::task::block_in_place(|| last.terminate());

    let data = folder.path().join("data");
    let (owed_hook, owed_group) =
        (hall::owed(&data, "hook").await, hall::owed(&data, "wecom").await);
    let (by_hook, by_group) = (by_key(&owed_hook, &hook), by_words(&owed_group, &group));
    println!(
        "{} kills in {:.0} s, {met} with requests under way, {} answers broken off: lost {} of {} \
         acknowledgements, {} of {} silences, {} of {} orders; webhook: {} transitions, missing {}, \
         doubled {}; WeCom: {} transitions, missing {}, doubled {}",
        kills(),
        begin.elapsed().as_secs_f64(),
        taken.broken,
        lost[0],
        taken.acknowledged.len(),
        lost[1],
        taken.silences.len(),
        lost[2],
        taken.orders.len(),
        owed_hook.len(),
        by_hook.missing,
        by_hook.again.len(),
        owed_group.len(),
        by_group.missing,
        by_group.again.len(),
    );
    assert_eq!(lost, [0, 0, 0]);
    assert!(taken.enough() && met >= kills() / 4, "{met} kills met a request");
    assert_eq!((by_hook.missing, by_group.missing, unheard(&hook)), (0, 0, 0), "all is heard");
    assert!(owed_hook.len() > FAULTY.len() + WANTED, "{} transitions", owed_hook.len());
    let again = [by_hook, by_group].map(|heard| heard.again_after_a_kill(&kills_at));
    assert!(again.iter().all(|times| *times <= 1), "told again after one kill: {again:?}");
}
