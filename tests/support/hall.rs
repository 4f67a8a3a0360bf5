//! A hall of self-service machines over MQTT that tells people: its configuration, what the machines
//! say, and the API as somebody asks it whose connection may break at any moment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, Kinds};
use hallwatch::model::{Position, Record};
use hallwatch::tally::Tally;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, MqttOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::fakes::Fake;
use super::field::Daemon;

/// Nothing in a test takes longer to answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// A rule that is raised when a machine says so, without waiting: 96 % of its processor.
pub(crate) const BUSY: &str = "[[rule]]\nid = \"T001\"\nkinds = [\"kiosk\"]\nwhen = 'cpu_percent > 95'\n\
     keep_firing_for_s = 1\nseverity = \"major\"\nzh = \"{device} 过载\"\nen = \"{device} is busy\"\n\
     advice_zh = \"重启业务软件\"\nadvice_en = \"restart its application\"\n";

/// Where and when the tests run is no matter of the hall: how full that disk is, whether that year's
/// holidays have been published, how old the factors have become.
const ANYWHERE: [&str; 4] = ["SY001", "SY006", "SY007", "SY019"];

/// The n-th machine.
pub(crate) fn id(n: usize) -> String {
    format!("tm-{n:03}")
}

/// Its name, as long as every other one.
pub(crate) fn name(n: usize) -> String {
    format!("取号机{n:03}")
}

/// A webhook that gets every transition by itself.
pub(crate) fn webhook(fake: &Fake) -> String {
    format!("[[channel]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{}/hook\"\n", fake.url)
}

/// A group of WeCom that collects for so long; its key lies beside the configuration.
pub(crate) fn wecom(fake: &Fake, per_minute: u32, digest_s: u32) -> String {
    format!(
        "[[channel]]\nname = \"wecom\"\nkind = \"wecom\"\nkey_file = \"key\"\nbase_url = \"{}\"\n\
         per_minute = {per_minute}\ndigest_s = {digest_s}\n",
        fake.url
    )
}

/// Writes `hall.toml` of so many machines in so many zones that always serve, with the journal as it
/// is shipped.
pub(crate) fn write(
    folder: &Path,
    broker: u16,
    (machines, zones): (usize, usize),
    rules: &str,
    channels: &str,
) -> PathBuf {
    let off = ANYWHERE.map(|rule| format!("[[change]]\nid = \"{rule}\"\noff = true\n")).concat();
    std::fs::write(folder.join("rules.toml"), format!("{off}{rules}")).expect("rules");
    std::fs::write(folder.join("key"), "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa").expect("key");
    let mut text = format!(
        "rules = \"rules.toml\"\n[site]\nid = \"hall\"\nname = {{ zh = \"大厅\", en = \"hall\" }}\n\
         latitude_deg = 39.9\nlongitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n\
         [data]\nfolder = \"data\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
         [mqtt]\naddress = \"127.0.0.1:{broker}\"\nclient_id = \"hallwatch\"\n{channels}"
    );
    for zone in 0..zones {
        write!(
            text,
            "[[zone]]\nid = \"z-{zone}\"\nname = {{ zh = \"{zone} 区\", en = \"zone {zone}\" }}\n\
             hours = \"always\"\n"
        )
        .expect("text");
    }
    for n in 0..machines {
        write!(
            text,
            "[[device]]\nid = \"{}\"\nname = {{ zh = \"{}\", en = \"machine {n:03}\" }}\nzone = \"z-{}\"\n\
             profile = \"kiosk-native\"\nkind = \"ticket_machine\"\nmqtt = true\n",
            id(n),
            name(n),
            n % zones
        )
        .expect("text");
    }
    let path = folder.join("hall.toml");
    std::fs::write(&path, text).expect("config");
    path
}

/// The topic of the n-th machine of a hall with so many zones.
pub(crate) fn topic(n: usize, zones: usize) -> String {
    format!("hall/z-{}/ticket_machine/{}/status", n % zones, id(n))
}

/// What a machine says; `more` are fields of its own.
pub(crate) fn said(
    n: usize,
    seq: u64,
    cpu_percent: u32,
    more: &[(&'static str, Value)],
) -> Vec<u8> {
    let mut body = json!({
        "id": id(n), "ts": jiff::Timestamp::now().to_string(), "seq": seq, "device": "online",
        "mode": "run", "host": { "cpu_percent": cpu_percent },
    });
    for (name, value) in more {
        body[*name] = value.clone();
    }
    body.to_string().into_bytes()
}

/// What a machine said last: its load and its fields.
type Last = BTreeMap<usize, (u32, Vec<(&'static str, Value)>)>;

/// All machines behind one connection.
#[derive(Clone)]
pub(crate) struct Machines {
    client: AsyncClient,
    zones: usize,
    seq: Arc<AtomicU64>,
    last: Arc<tokio::sync::Mutex<Last>>,
}

impl Machines {
    /// They say again what they said last, every so often, as machines do.
    pub(crate) fn start(port: u16, zones: usize, heartbeat: Option<Duration>) -> Self {
        let mut options = MqttOptions::new("machines", "127.0.0.1", port);
        options.set_keep_alive(Duration::from_secs(30));
        let (client, mut events) = AsyncClient::new(options, 2_000);
        tokio::spawn(async move {
            loop {
                if events.poll().await.is_err() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        });
        let (seq, last) = (Arc::new(AtomicU64::new(1)), Arc::default());
        let machines = Self { client, zones, seq, last };
        if let Some(heartbeat) = heartbeat {
            let beating = machines.clone();
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(heartbeat).await;
                    let last = beating.last.lock().await;
                    for (n, (cpu_percent, more)) in &*last {
                        beating.publish(*n, *cpu_percent, more).await;
                    }
                }
            });
        }
        machines
    }

    pub(crate) async fn say(&self, n: usize, cpu_percent: u32, more: &[(&'static str, Value)]) {
        // Held meanwhile, so that a heartbeat does not say the old again.
        let mut last = self.last.lock().await;
        last.insert(n, (cpu_percent, more.to_vec()));
        self.publish(n, cpu_percent, more).await;
    }

    async fn publish(&self, n: usize, cpu_percent: u32, more: &[(&'static str, Value)]) {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed);
        let (topic, body) = (topic(n, self.zones), said(n, seq, cpu_percent, more));
        self.client.publish(topic, QoS::AtLeastOnce, true, body).await.expect("queued");
    }
}

/// Where a daemon is asked.
pub(crate) fn address(daemon: &Daemon) -> SocketAddr {
    daemon.url.strip_prefix("http://").and_then(|rest| rest.parse().ok()).expect("an address")
}

/// Asks the API; nothing where the answer did not come whole.
pub(crate) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Option<(u16, Value)> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let exchange = async {
        let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).ok()?))
    };
    tokio::time::timeout(PATIENCE, exchange).await.ok().flatten()
}

/// The open alerts of a rule.
pub(crate) async fn open(address: SocketAddr, rule: &str) -> Option<Vec<Value>> {
    let (_, answer) = ask(address, "GET", "/api/v1/alerts?state=active&limit=1000", None).await?;
    let all = answer["alerts"].as_array()?.iter();
    Some(all.filter(|alert| alert["rule"] == rule).cloned().collect())
}

/// Waits until the channels have nothing left to tell, for at most so long.
pub(crate) async fn told_all(address: SocketAddr, patience: Duration) {
    let end = std::time::Instant::now() + patience;
    let mut quiet = 0;
    while quiet < 5 {
        let answer = ask(address, "GET", "/api/v1/channels", None).await;
        let channels = answer.map(|(_, answer)| answer["channels"].clone()).unwrap_or_default();
        let idle = channels.as_array().is_some_and(|all| all.iter().all(|c| c["waiting"] == 0));
        quiet = if idle { quiet + 1 } else { 0 };
        assert!(std::time::Instant::now() < end, "the channels still have to tell: {channels}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What the journal says that this channel is to tell: the key of each message, and what it holds.
pub(crate) async fn owed(
    data: &Path,
    channel: &str,
) -> BTreeMap<String, hallwatch::alert::Transition> {
    let config = Config::new(data.to_owned());
    let journal = Journal::open(&config, Arc::new(SystemClock), Tally::new());
    let journal = journal.expect("journal");
    let mut reader = journal.reader_from(Position::default(), Kinds::Decisions);
    let mut found = BTreeMap::new();
    while reader.position() < journal.head() {
        for (position, record) in reader.ready(2_000).await.expect("records").records {
            let record: &Record = &record;
            if let Some(told) = hallwatch::alert::told(record, channel) {
                let key = format!("{}-{}-{}", told.alert.id, told.change.as_str(), position.0);
                found.insert(key, told);
            }
        }
    }
    journal.close();
    found
}
