//! The broker as a hall runs it: Debian's Mosquitto with the shipped settings, certificates by the
//! shipped script, accounts by `hallwatch device credentials`. Who poses as another is not heard, and
//! a broker that is killed loses nothing that it acknowledged.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use field::{Daemon, free_port, root, wait_for};
use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, Kinds};
use hallwatch::model::{Position, Reading, Record};
use hallwatch::tally::Tally;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{LastWill, Packet, PubAckReason};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

const DEVICES: usize = 20;
const KILLS: u32 = 50;
/// Messages a second of one machine: 500 of all.
const RATE: u64 = 25;
/// How long nobody listens.
const AWAY: Duration = Duration::from_secs(12);
/// Mosquitto's file is not larger when nothing waits: the sessions, and a retained message or two.
const FORGOTTEN_BYTES: u64 = 32 * 1024;

/// A hall with its broker.
struct Hall {
    folder: tempfile::TempDir,
    plain: u16,
    tls: u16,
    passwords: BTreeMap<String, String>,
    broker: Child,
}

fn id(n: usize) -> String {
    format!("k-{n:02}")
}

fn topic(id: &str) -> String {
    format!("hall/z/ticket_machine/{id}/status")
}

fn run(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{command:?}: {said}");
    String::from_utf8(done.stdout).expect("UTF-8")
}

impl Hall {
    fn start() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::tempdir().expect("folder");
        let (plain, tls) = (free_port(), free_port());
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("secrets")).expect("folder");
        std::fs::write(at("secrets/mqtt.password"), "the gateway's own\n").expect("secret");
        std::fs::write(at("hall.toml"), hall(tls)).expect("config");
        let certificates = root().join("deploy/mosquitto/make-certificates");
        run(Command::new(certificates).arg(at("certs")).arg("mqtt.hall.example"));
        let credentials = |which: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_hallwatch"));
            command.args(["device", "credentials", which, "--config"]).arg(at("hall.toml"));
            run(command.arg("--folder").arg(folder.path()))
        };
        assert_eq!(credentials("gateway"), "", "its password is in its file already");
        let pair = |line: &str| {
            let (id, password) = line.split_once('\t').expect("id and password");
            (id.to_owned(), password.to_owned())
        };
        let passwords: BTreeMap<_, _> = credentials("--all").lines().map(pair).collect();
        assert_eq!(passwords.len(), DEVICES);
        assert_eq!(credentials("--all"), "", "all have one");
        let broker = broker(folder.path(), plain, tls);
        Self { folder, plain, tls, passwords, broker }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("hall.toml")
    }

    /// A client of this account on the encrypted port.
    fn client(&self, user: &str, password: &str, name: &str) -> MqttOptions {
        let mut options = MqttOptions::new(name, "localhost", self.tls);
        options.set_credentials(user, password).set_keep_alive(Duration::from_secs(30));
        let authority = self.folder.path().join("certs/ca.pem");
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(authority).expect("CA") {
            roots.add(certificate.expect("certificate")).expect("root");
        }
        let config = rustls::ClientConfig::builder().with_root_certificates(roots);
        let config = Arc::new(config.with_no_client_auth());
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(config)));
        options
    }

    async fn kill_the_broker_again_and_again(&mut self) {
        let mut pause = 11u64;
        for _ in 0..KILLS {
            pause = pause.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            tokio::time::sleep(Duration::from_millis(300 + (pause >> 33) % 1_200)).await;
            drop(self.broker.kill());
            drop(self.broker.wait());
            self.broker = broker(self.folder.path(), self.plain, self.tls);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }

    /// All that was kept; the gateway has to be stopped.
    async fn kept(&self) -> Vec<Reading> {
        let folder = self.folder.path().join("data");
        let config = Config { commit_wait_ms: 1, ..Config::new(folder) };
        let journal = Journal::open(&config, Arc::new(SystemClock), Tally::new()).expect("journal");
        let mut reader = journal.reader_from(Position::default(), Kinds::Readings);
        let mut found = Vec::new();
        while reader.position() < journal.head() {
            for (_, record) in reader.ready(2000).await.expect("records").records {
                if let Record::Reading(reading) = &*record {
                    found.push(reading.clone());
                }
            }
        }
        journal.close();
        found
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        drop(self.broker.kill());
        drop(self.broker.wait());
    }
}

/// The gateway goes the way of the shipped sample.
fn hall(tls: u16) -> String {
    let mut text = format!(
        "[site]\nid = \"t\"\nname = {{ zh = \"试\", en = \"t\" }}\nlatitude_deg = 39.9\n\
         longitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n[data]\nfolder = \"data\"\n\
         [web]\nlisten = \"127.0.0.1:0\"\n[mqtt]\naddress = \"localhost:{tls}\"\nca_file = \"certs/ca.pem\"\n\
         username = \"hallwatch\"\npassword_file = \"secrets/mqtt.password\"\n\
         [[zone]]\nid = \"z\"\nname = {{ zh = \"厅\", en = \"hall\" }}\n"
    );
    for n in 0..DEVICES {
        let id = id(n);
        write!(
            text,
            "[[device]]\nid = \"{id}\"\nname = {{ zh = \"机\", en = \"kiosk\" }}\nzone = \"z\"\n\
             profile = \"ticket-machine\"\nmqtt = true\n"
        )
        .expect("text");
    }
    text
}

/// Mosquitto with the shipped settings; only ports and folders are those of the test.
fn broker(folder: &Path, plain: u16, tls: u16) -> Child {
    let shipped = root().join("deploy/mosquitto/hallwatch.conf");
    let shipped = std::fs::read_to_string(shipped).expect("settings");
    let here = folder.display().to_string();
    let mut settings = shipped.clone();
    for (from, to) in [
        ("listener 1883 127.0.0.1", format!("listener {plain} 127.0.0.1")),
        ("listener 8883 0.0.0.0", format!("listener {tls} 127.0.0.1")),
        ("/etc/mosquitto", here.clone()),
    ] {
        assert!(settings.contains(from), "{from}");
        settings = settings.replace(from, &to);
    }
    std::fs::create_dir_all(folder.join("store")).expect("folder");
    // What Debian's own file says before it includes ours.
    let main = format!("persistence_location {here}/store/\nuser root\n");
    std::fs::write(folder.join("mosquitto.conf"), main + &settings).expect("settings");
    let log = folder.join("mosquitto.log");
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("log");
    let mut command = Command::new("mosquitto");
    command.arg("-c").arg(folder.join("mosquitto.conf"));
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
    let child = child.unwrap_or_else(|error| panic!("mosquitto: {error}; tests/run installs it"));
    wait_for("mosquitto", Duration::from_secs(20), || {
        TcpStream::connect(("127.0.0.1", plain)).ok()
    });
    child
}

fn body(id: &str, seq: u64) -> String {
    let ts = jiff::Timestamp::now();
    format!(
        r#"{{"id":"{id}","ts":"{ts}","seq":{seq},"device":"online","counters":{{"tickets":{seq}}}}}"#
    )
}

async fn listening(daemon: &Daemon) {
    wait_for("the session", Duration::from_secs(20), || {
        let state = daemon.get("/api/v1/system")["sources"][0]["state"].clone();
        (state == "ok").then_some(())
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
}

/// Publishes one message and waits for its acknowledgement: whether the broker let it through.
async fn publish(
    client: &AsyncClient,
    events: &mut EventLoop,
    topic: &str,
    retain: bool,
    body: Vec<u8>,
) -> Result<bool, ()> {
    if client.try_publish(topic, QoS::AtLeastOnce, retain, body).is_err() {
        return Ok(false); // no topic at all
    }
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::PubAck(ack))) => {
                let through = matches!(
                    ack.reason,
                    PubAckReason::Success | PubAckReason::NoMatchingSubscribers
                );
                return Ok(through);
            }
            Ok(_) => {}
            Err(_) => return Err(()),
        }
    }
}

/// Topics by which a machine may try to pose as another.
fn foreign_topics(other: &str) -> Vec<String> {
    let own = topic(other);
    vec![
        own.clone(),
        format!("{own}/"),
        format!("/{own}"),
        own.to_uppercase(),
        own.replace("/z/", "/z//"),
        own.replace("hall", "hall\u{200b}"),
        format!("hall/z/ticket_machine/k-01/../{other}/status"),
        format!("hall/z/ticket_machine/k-01/status/{other}"),
        format!("hall/y/ticket_machine/{other}/status"),
        format!("hall/z/tax_terminal/{other}/status"),
        format!("$share/x/{own}"),
        format!("$SYS/{own}"),
        "hall/z/ticket_machine/+/status".to_owned(),
        "hall/#".to_owned(),
    ]
}

/// Payloads by which it may try on its own topic or on another's.
fn foreign_bodies(other: &str, seq: u64) -> Vec<Vec<u8>> {
    let honest = body(other, seq);
    vec![
        honest.clone().into_bytes(),
        honest
            .replace(&format!(r#""id":"{other}""#), &format!(r#""id":"k-01","id":"{other}""#))
            .into_bytes(),
        honest.replace(&format!(r#""{other}""#), &format!(r#"["{other}"]"#)).into_bytes(),
        honest.replace(&format!(r#""{other}""#), &format!(r#"" {other}""#)).into_bytes(),
        format!(r#"{{"id":"{other}","device":"offline"}}"#).into_bytes(),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_poses_as_another_is_not_heard() {
    let hall = Hall::start();
    let daemon = Daemon::run(&hall.config());
    listening(&daemon).await;
    let options = hall.client("k-01", &hall.passwords["k-01"], "k-01");
    let (client, mut events) = AsyncClient::new(options, 10);
    let (mut attempts, mut let_through) = (0u32, 0u32);
    let own = topic("k-01");
    'all: for seq in 1.. {
        for other in (2..DEVICES).map(id) {
            for topic in foreign_topics(&other) {
                let sent = body(&other, seq).into_bytes();
                let sent = publish(&client, &mut events, &topic, seq % 2 == 0, sent).await;
                attempts += 1;
                let_through += u32::from(sent.unwrap_or(false) && !topic.starts_with('$'));
            }
            for (n, foreign) in foreign_bodies(&other, seq).into_iter().enumerate() {
                let sent = publish(&client, &mut events, &own, n % 2 == 0, foreign).await;
                assert_eq!(sent, Ok(true), "its own topic is open to it");
                attempts += 1;
            }
        }
        if attempts >= 9_900 {
            break 'all;
        }
    }
    // Without a password, with another's, by a last will on another's topic.
    for n in 0..100 {
        let other = id(2 + n % 18);
        let (user, password) = match n % 4 {
            0 => ("", ""),
            1 => (other.as_str(), "wrong"),
            2 => (other.as_str(), hall.passwords["k-01"].as_str()),
            _ => ("k-01", hall.passwords["k-01"].as_str()),
        };
        let mut options = hall.client(user, password, &format!("posing-{n}"));
        let will = body(&other, 7_000 + n as u64);
        options.set_last_will(LastWill::new(topic(&other), will, QoS::AtLeastOnce, true, None));
        let (client, mut events) = AsyncClient::new(options, 10);
        let sent = body(&other, 8_000 + n as u64).into_bytes();
        let sent = publish(&client, &mut events, &topic(&other), false, sent).await;
        assert_ne!(sent, Ok(true), "{user}");
        attempts += 1;
    }
    assert_eq!(let_through, 0, "the broker lets nobody publish for another");
    let honest = publish(&client, &mut events, &own, false, body("k-01", 9_999).into_bytes()).await;
    assert_eq!(honest, Ok(true));
    let alert = wait_for("the alert", Duration::from_secs(20), || {
        let alerts = daemon.get("/api/v1/alerts?state=active");
        let all = alerts["alerts"].as_array().or(alerts.as_array())?.clone();
        all.into_iter().find(|alert| alert["rule"] == "KS023")
    });
    assert_eq!(alert["device"], "k-01", "{alert}");
    daemon.terminate();
    let kept = hall.kept().await;
    let wrong = kept.iter().filter(|r| !matches!(r.device.as_str(), "gateway" | "k-01")).count();
    let own: Vec<_> = kept.iter().filter(|r| r.device.as_str() == "k-01").collect();
    println!("{attempts} attempts to pose as another: accepted under a wrong device {wrong}");
    assert!(attempts >= 10_000);
    assert_eq!(wrong, 0);
    assert!(own.iter().all(|reading| reading.message == 9_999), "{own:?}");
    assert_eq!(own.len(), 1, "its honest message");
}

/// Waits until the broker has told all that it had.
fn nothing_more_comes(daemon: &Daemon) {
    wait_for("the queue to drain", Duration::from_secs(60), || {
        let before = daemon.get("/api/v1/system")["journal"]["position"].as_u64();
        std::thread::sleep(Duration::from_secs(4));
        let after = daemon.get("/api/v1/system")["journal"]["position"].as_u64();
        (before == after).then_some(())
    });
}

/// One machine: publishes, and sends again what was not acknowledged. Returns how many messages were.
async fn machine(options: MqttOptions, id: String, stop: Arc<AtomicBool>) -> u64 {
    let mut acknowledged = 0;
    // What is sent again is the same message, with its own time and number.
    let mut next = body(&id, 1);
    let mut tick = tokio::time::interval(Duration::from_millis(1_000 / RATE));
    'connection: loop {
        let (client, mut events) = AsyncClient::new(options.clone(), 10);
        loop {
            if stop.load(Ordering::Relaxed) {
                return acknowledged;
            }
            tick.tick().await;
            let body_now = next.clone().into_bytes();
            match publish(&client, &mut events, &topic(&id), false, body_now).await {
                Ok(through) => {
                    assert!(through, "{id} may publish");
                    acknowledged += 1;
                    next = body(&id, acknowledged + 1);
                }
                Err(()) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue 'connection;
                }
            }
        }
    }
}

/// All machines at once.
fn machines(
    stop: &Arc<AtomicBool>,
    options: impl Fn(&str) -> MqttOptions,
) -> Vec<tokio::task::JoinHandle<u64>> {
    let start = |id: String| tokio::spawn(machine(options(&id), id, stop.clone()));
    (0..DEVICES).map(id).map(start).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_fifty_times_loses_nothing_acknowledged() {
    let mut hall = Hall::start();
    let daemon = Daemon::run(&hall.config());
    listening(&daemon).await;
    let stop = Arc::new(AtomicBool::new(false));
    let machines = machines(&stop, |id| {
        let mut options = MqttOptions::new(id, "127.0.0.1", hall.plain);
        options.set_credentials(id, &hall.passwords[id]);
        options
    });
    let begin = Instant::now();
    hall.kill_the_broker_again_and_again().await;
    let seconds = begin.elapsed().as_secs();
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeMap::new();
    for (n, machine) in machines.into_iter().enumerate() {
        acknowledged.insert(id(n), machine.await.expect("machine"));
    }
    let sent: u64 = acknowledged.values().sum();
    nothing_more_comes(&daemon);
    daemon.terminate();
    let mut kept: BTreeMap<(String, u64), u32> = BTreeMap::new();
    for reading in hall.kept().await {
        *kept.entry((reading.device.to_string(), reading.message)).or_default() += 1;
    }
    let lost: Vec<_> = acknowledged
        .iter()
        .flat_map(|(id, last)| (1..=*last).map(move |seq| (id.clone(), seq)))
        .filter(|key| !kept.contains_key(key))
        .collect();
    let of_machines = kept.iter().filter(|((device, _), _)| device != "gateway");
    let doubled = of_machines.filter(|(_, count)| **count > 1).count();
    println!(
        "mosquitto killed {KILLS} times in {seconds} s: {sent} messages acknowledged, lost {}, doubled {doubled}",
        lost.len()
    );
    assert!(lost.is_empty(), "{:?}", lost.iter().take(20).collect::<Vec<_>>());
    assert_eq!(doubled, 0);
}

/// Mosquitto takes one packet at a time of a connection without TLS, and saves its whole queue after
/// each: six thousand messages took it 16 s, and on a slow disk more came meanwhile than went.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_for_the_gateway_is_taken_in_seconds() {
    let hall = Hall::start();
    let daemon = Daemon::run(&hall.config());
    listening(&daemon).await;
    daemon.terminate();
    let stop = Arc::new(AtomicBool::new(false));
    let machines = machines(&stop, |id| hall.client(id, &hall.passwords[id], id));
    tokio::time::sleep(AWAY).await;
    stop.store(true, Ordering::Relaxed);
    let mut waiting = 0;
    for machine in machines {
        waiting += machine.await.expect("machine");
    }
    let begin = Instant::now();
    let daemon = Daemon::run(&hall.config());
    wait_for("what waited", Duration::from_secs(60), || {
        let page = daemon.get("/api/v1/system");
        (page["journal"]["position"].as_u64()? >= waiting).then_some(())
    });
    let there = begin.elapsed().as_secs_f64();
    let store = hall.folder.path().join("store/mosquitto.db");
    wait_for("the broker's forgetting", Duration::from_secs(120), || {
        (std::fs::metadata(&store).ok()?.len() < FORGOTTEN_BYTES).then_some(())
    });
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{waiting} messages waited for the gateway, were there {there:.1} s after its start, and \
         forgotten by the broker after {seconds:.1} s"
    );
    nothing_more_comes(&daemon);
    daemon.terminate();
    let kept = hall.kept().await;
    let of_machines = kept.iter().filter(|reading| reading.device.as_str() != "gateway").count();
    assert_eq!(of_machines as u64, waiting);
    assert!(seconds < 10.0, "{seconds:.1} s");
}
