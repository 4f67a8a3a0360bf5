//! People are told over other people's programs: an Alertmanager that is killed and forgets
//! everything, a mail server that hangs up, a broker.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

#[path = "support/fakes.rs"]
#[allow(dead_code)]
mod fakes;
#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "support/telling.rs"]
#[allow(dead_code)]
mod telling;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fakes::{Fake, Manner};
use field::{Daemon, Mosquitto, free_port};
use hallwatch::notify::{ChannelConfig, Email, Encryption, Kind, Mqtt, Secret};
use hallwatch::source::mqtt::{self, Version};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use serde_json::Value;
use telling::{World, channel, over, raised, until};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

/// Debian's Alertmanager with an empty memory.
struct Alertmanager {
    child: Child,
    port: u16,
}

impl Alertmanager {
    fn start(folder: &Path, port: u16) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let config = folder.join("alertmanager.yml");
        std::fs::write(&config, "route:\n  receiver: none\nreceivers:\n- name: none\n").unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("apt install prometheus-alertmanager: {error}"));
        Self { child, port }
    }

    fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The alerts that it holds, the open ones only.
    async fn open(&self) -> Option<Vec<Value>> {
        let url = format!("http://127.0.0.1:{}/api/v2/alerts", self.port);
        let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await;
        answer.ok()?.json().await.ok()
    }

    /// Waits until it holds these devices.
    async fn holds(&self, devices: &[&str], patience_s: u64) -> Vec<Value> {
        let end = std::time::Instant::now() + Duration::from_secs(patience_s);
        loop {
            let open = self.open().await;
            let mut found: Vec<String> = open
                .iter()
                .flatten()
                .map(|alert| alert["labels"]["device"].as_str().unwrap().to_owned())
                .collect();
            found.sort_unstable();
            if found == devices
                && let Some(open) = open
            {
                return open;
            }
            let late = std::time::Instant::now() > end;
            assert!(!late, "not in {patience_s} s: {devices:?} but {open:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn an_alertmanager_that_forgot_everything_is_told_what_is_open() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut server = Alertmanager::start(&folder.path().join("first"), port);
    server.holds(&[], 20).await;
    let url = format!("http://127.0.0.1:{port}");
    let mut world = World::start(vec![channel("am", Kind::Alertmanager { url })]);
    world.ready().await;
    let (first, second) = (raised(1), raised(2));
    world.happens(vec![first.clone(), second.clone()]).await;
    let open = server.holds(&["k-001", "k-002"], 20).await;
    let one = open.iter().find(|alert| alert["labels"]["device"] == "k-001").unwrap();
    for (label, value) in [
        ("alertname", "KS001"),
        ("severity", "major"),
        ("zone", "hall-1"),
        ("kind", "inverter"),
        ("site", "dongcheng"),
    ] {
        assert_eq!(one["labels"][label], value);
    }
    assert_eq!(one["annotations"]["summary"], "1 号自助机离线");
    assert_eq!(one["annotations"]["summary_en"], "kiosk 1 is offline");
    assert_eq!(one["annotations"]["advice"], "检查电源和网线");
    assert_eq!(one["generatorURL"], "https://hall.example.org/");
    world.happens(vec![over(&first.1)]).await;
    server.holds(&["k-002"], 20).await;
    // It dies and comes back with an empty memory, and so does the gateway.
    server.kill_9();
    world.end().await;
    let server = Alertmanager::start(&folder.path().join("second"), port);
    server.holds(&[], 20).await;
    world.begin();
    server.holds(&["k-002"], 20).await;
    drop(server);
    // And again while the gateway goes on: the next repetition brings it back within a minute.
    let server = Alertmanager::start(&folder.path().join("third"), port);
    server.holds(&[], 20).await;
    server.holds(&["k-002"], 75).await;
    world.happens(vec![over(&second.1)]).await;
    server.holds(&[], 20).await;
    world.end().await;
}

/// Receivers and text of each mail.
type Mails = Vec<(Vec<String>, String)>;

/// A mail server: takes one mail on each connection, and hangs up on the first one.
struct Mailbox {
    port: u16,
    mails: Arc<Mutex<Mails>>,
}

async fn mailbox() -> Mailbox {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mails: Arc<Mutex<Mails>> = Arc::default();
    let kept = mails.clone();
    tokio::spawn(async move {
        let mut connections = 0;
        while let Ok((stream, _)) = listener.accept().await {
            connections += 1;
            // The first mail is read to its end and then nothing is said: who sent it cannot know.
            let taken = mail(stream, connections > 1).await;
            kept.lock().unwrap().extend(taken);
        }
    });
    Mailbox { port, mails }
}

async fn mail(stream: tokio::net::TcpStream, says_yes: bool) -> Option<(Vec<String>, String)> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let (mut to, mut text) = (Vec::new(), String::new());
    writer.write_all(b"220 fake ESMTP\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match word.as_str() {
            "EHLO" => b"250-fake\r\n250 8BITMIME\r\n",
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                let gone = address.starts_with("gone");
                to.push(address);
                if gone { b"550 no such mailbox\r\n" } else { b"250 ok\r\n" }
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await.ok()?;
                while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                    text.push_str(&line);
                    text.push('\n');
                }
                if !says_yes {
                    return Some((to, text));
                }
                b"250 taken\r\n"
            }
            "QUIT" => break,
            _ => b"250 ok\r\n",
        };
        writer.write_all(answer).await.ok()?;
    }
    Some((to, text))
}

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    mail.lines().find(|line| line.starts_with(name)).unwrap_or_default()
}

#[tokio::test]
async fn a_mail_that_may_have_arrived_is_sent_again_under_the_same_id() {
    let server = mailbox().await;
    let email = Email {
        host: "127.0.0.1".into(),
        port: server.port,
        encryption: Encryption::None,
        login: None,
        from: "政务大厅 <hall@example.org>".into(),
        to: vec!["zhang".into(), "chief@example.org".into()],
    };
    let config = ChannelConfig { digest_ms: 1_000, ..channel("mail", Kind::Email(email)) };
    let world = World::start(vec![config]);
    world.ready().await;
    world.happens(vec![raised(1)]).await;
    until("the mail", 30, || world.state("mail").delivered.is_some()).await;
    until("its end", 5, || server.mails.lock().unwrap().len() == 3).await;
    let mails = server.mails.lock().unwrap().clone();
    let to: Vec<_> = mails.iter().map(|(to, _)| to.join(" ")).collect();
    assert_eq!(to, ["zhang@example.org", "zhang@example.org", "chief@example.org"]);
    let id = header(&mails[0].1, "Message-ID:");
    assert!(id.ends_with("@example.org>"), "{id}");
    assert!(mails.iter().all(|(_, mail)| header(mail, "Message-ID:") == id));
    assert!(header(&mails[1].1, "Subject:").contains("utf-8"), "{}", mails[1].1);
    assert!(!mails[1].1.is_empty() && mails[1].1.is_ascii(), "encoded for every server");
    world.end().await;
}

#[tokio::test]
async fn a_mailbox_that_is_gone_keeps_nobody_else_from_reading_it() {
    let server = mailbox().await;
    // The first connection is the one on which nothing is said.
    drop(tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.unwrap());
    let email = Email {
        host: "127.0.0.1".into(),
        port: server.port,
        encryption: Encryption::None,
        login: None,
        from: "hall@example.org".into(),
        to: ["gone@example.org", "chief@example.org"].map(str::to_owned).into(),
    };
    let world = World::start(vec![channel("mail", Kind::Email(email))]);
    world.ready().await;
    world.happens(vec![raised(1), raised(2)]).await;
    let read = || {
        let mails = server.mails.lock().unwrap();
        let whole =
            mails.iter().filter(|(to, mail)| to[..] == ["chief@example.org"] && !mail.is_empty());
        whole.count()
    };
    until("the first mail is read", 10, || read() >= 1).await;
    let given_up = || world.events(hallwatch::model::EventKind::NotifyGivenUp);
    until("the dead address is given up", 40, || given_up().len() == 1).await;
    assert!(given_up()[0]["answer"].as_str().unwrap().contains("550"), "{:?}", given_up());
    until("the second mail is read", 20, || read() == 2).await;
    world.end().await;
}

#[tokio::test]
async fn a_topic_gets_every_transition_and_the_broker_keeps_the_last() {
    for version in [Version::V311, Version::V5] {
        let folder = tempfile::tempdir().unwrap();
        let broker = Mosquitto::start(folder.path());
        let config = mqtt::Config {
            host: "127.0.0.1".into(),
            port: broker.port,
            client_id: "hallwatch".into(),
            login: Some(("u".into(), "p".into())),
            tls: None,
            version,
            share: None,
            rebirth: false,
            packet_bytes_max: 262_144,
            time_zone: jiff::tz::TimeZone::UTC,
            devices: Vec::new(),
        };
        let topic = "hall/alerts".to_owned();
        let kind = Kind::Mqtt(Mqtt { broker: config, topic, retain: true });
        let world = World::start(vec![channel("topic", kind)]);
        world.ready().await;
        world.happens(vec![raised(1), raised(2)]).await;
        until("both", 20, || world.state("topic").waiting == 0).await;
        until("delivered", 20, || world.state("topic").delivered.is_some()).await;
        until("both are taken", 20, || {
            let delivered = world.events(hallwatch::model::EventKind::Delivered);
            delivered.len() == 2
        })
        .await;
        let last = retained(broker.port).await;
        assert_eq!(last["change"], "raised");
        assert_eq!(last["alert"]["device"], "k-002");
        assert!(last["id"].as_str().unwrap().starts_with("KS001-k-002-"));
        world.end().await;
    }
}

/// What the broker keeps on the topic.
async fn retained(port: u16) -> Value {
    let options = MqttOptions::new("reader", "127.0.0.1", port);
    let (client, mut events) = AsyncClient::new(options, 10);
    client.subscribe("hall/alerts", QoS::AtLeastOnce).await.unwrap();
    let heard = async {
        loop {
            if let Event::Incoming(Packet::Publish(publish)) = events.poll().await.unwrap() {
                assert!(publish.retain);
                return serde_json::from_slice(&publish.payload).unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), heard).await.expect("a message")
}

/// A gateway that finds its own disk too small at once.
fn worried(folder: &Path, url: &str) -> std::path::PathBuf {
    let rules = "[[change]]\nid = \"SY001\"\nwhen = 'value < 100'\nfor_s = 1\n";
    std::fs::write(folder.join("rules.toml"), rules).unwrap();
    let text = format!(
        "rules = \"rules.toml\"\n[site]\nid = \"t\"\nname = {{ zh = \"试\", en = \"t\" }}\n\
         latitude_deg = 39.9\nlongitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n\
         [data]\nfolder = \"data\"\ncommit_wait_ms = 20\n[web]\nlisten = \"127.0.0.1:0\"\n\
         [[channel]]\nname = \"duty\"\nkind = \"webhook\"\nurl = \"{url}\"\n"
    );
    let path = folder.join("hall.toml");
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_killed_tells_afterwards_what_it_had_not() {
    let fake = Fake::start(Manner::Status(503)).await;
    let folder = tempfile::tempdir().unwrap();
    let config = worried(folder.path(), &fake.url);
    let run = || tokio::task::block_in_place(|| Daemon::run(&config));
    let daemon = run();
    until("two tries", 60, || fake.seen().len() >= 2).await;
    let failing = tokio::task::block_in_place(|| daemon.get("/api/v1/channels"));
    assert_eq!(failing["channels"][0]["name"], "duty");
    assert_eq!(failing["channels"][0]["waiting"], 1);
    assert!(failing["channels"][0]["why"]["en"].as_str().unwrap().contains("503"), "{failing}");
    tokio::task::block_in_place(|| daemon.kill_9());
    fake.now(Manner::Takes);
    let daemon = run();
    until("it arrives", 30, || fake.taken().len() == 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Killed right after it was taken and once more in peace: it is not told again.
    tokio::task::block_in_place(|| daemon.kill_9());
    let daemon = run();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(fake.taken().len(), 1);
    assert_eq!(fake.taken()[0].json()["alert"]["rule"], "SY001");
    let keys: std::collections::BTreeSet<_> = fake.seen().into_iter().map(|s| s.key).collect();
    assert_eq!(keys.len(), 1, "one key for all tries, across the kill: {keys:?}");
    tokio::task::block_in_place(|| daemon.terminate());
}

#[test]
fn what_is_secret_is_shown_nowhere() {
    let kind = Kind::Wecom { base: "http://127.0.0.1".into(), key: Secret::new("K-0123456789") };
    assert!(!format!("{:?}", channel("w", kind)).contains("0123456789"));
}
