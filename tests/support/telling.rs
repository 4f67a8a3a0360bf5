//! A journal with channels that can be stopped and started again on it, and what alerts put there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallwatch::alert::{Alert, AlertRecord, AlertState, Change, ChannelState, Channels};
use hallwatch::clock::{Clock as _, SystemClock};
use hallwatch::journal::{self, Journal};
use hallwatch::model::{
    Device, DeviceId, DeviceKind, Event, EventKind, Record, Severity, Site, Text, Timestamp, Zone,
    ZoneId,
};
use hallwatch::notify::{
    self, ChannelConfig, Config, Handle, Kind, Language, Names, Net, People, Person, Surroundings,
    Wall,
};
use hallwatch::supervise::Supervisor;
use hallwatch::tally::Tally;

/// A hall that tells people.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) journal: Journal,
    pub(crate) states: Channels,
    pub(crate) wall: Wall,
    pub(crate) handle: Handle,
    config: Config,
    readers: Supervisor,
}

pub(crate) fn names() -> Names {
    let zone = |id: &str, zh: &str, en: &str| Zone {
        id: ZoneId::parse(id).expect("zone"),
        name: Text::new(zh, en),
        floor: None,
    };
    let site = Site {
        id: "dongcheng".to_owned(),
        name: Text::new("东城区政务服务中心", "Dongcheng hall"),
        latitude_deg: 39.9,
        longitude_deg: 116.4,
        altitude_m: 45.0,
        time_zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone"),
    };
    let device = |n: usize| Device {
        id: DeviceId::parse(&format!("k-{n:03}")).expect("id"),
        name: Text::new(format!("{n} 号自助机"), format!("kiosk {n}")),
        zone: ZoneId::parse("hall-1").expect("zone"),
        kind: DeviceKind::Inverter,
        profile: "p".to_owned(),
        rated_power_w: None,
        interval_ms: 1_000,
        stale_after_ms: 60_000,
    };
    let devices: Vec<Device> = (0..800).map(device).collect();
    let page = Some("https://hall.example.org/".to_owned());
    Names::new(&site, &[zone("hall-1", "一层", "ground floor")], devices.iter(), page)
}

/// A channel without limits.
pub(crate) fn channel(name: &str, kind: Kind) -> ChannelConfig {
    ChannelConfig {
        name: name.to_owned(),
        kind,
        language: Language::Zh,
        mention: Vec::new(),
        per_minute: None,
        digest_ms: 0,
        net: Net::default(),
        plain_webhook: false,
    }
}

pub(crate) fn people() -> People {
    let person = |id: &str, name: &str, mobile: &str| Person {
        id: id.to_owned(),
        name: name.to_owned(),
        mobile: Some(mobile.to_owned()),
        email: Some(format!("{id}@example.org")),
        feishu_id: Some(format!("ou_{id}")),
        ..Person::default()
    };
    let persons = vec![person("zhang", "张三", "13800000001"), person("li", "李四", "13800000002")];
    People { persons, ..People::default() }
}

impl World {
    pub(crate) fn start(channels: Vec<ChannelConfig>) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = tempfile::tempdir().expect("folder");
        let store =
            journal::Config { commit_wait_ms: 2, ..journal::Config::new(folder.path().join("d")) };
        let tally = Tally::new();
        let journal = Journal::open(&store, Arc::new(SystemClock), tally.clone()).expect("journal");
        let mut world = Self {
            folder,
            journal,
            states: Channels::default(),
            wall: Wall::default(),
            handle: Handle::default(),
            config: Config { channels, people: people() },
            readers: Supervisor::new(tally),
        };
        world.begin();
        world
    }

    /// Starts the channels.
    pub(crate) fn begin(&mut self) {
        (self.readers, self.states) = (Supervisor::new(Tally::new()), Channels::default());
        let surroundings = Surroundings {
            names: Arc::new(names()),
            people: Arc::new(self.config.people.clone()),
            clock: Arc::new(SystemClock),
            wall: self.wall.clone(),
        };
        let context = notify::Context {
            journal: self.journal.clone(),
            tally: Tally::new(),
            states: self.states.clone(),
            surroundings,
        };
        self.handle = notify::start(&self.config, &context, &self.readers).expect("channels");
    }

    /// Stops the channels where they stand, as a kill would.
    pub(crate) async fn end(&self) {
        assert!(self.readers.stop(Duration::from_secs(5)).await, "the channels stop");
    }

    /// Waits until every channel has its place in the journal.
    pub(crate) async fn ready(&self) {
        let cursors = self.config.channels.iter().map(ChannelConfig::cursor);
        for cursor in cursors {
            until("a cursor", 10, || self.journal.cursor(&cursor).expect("read").is_some()).await;
        }
    }

    /// Puts transitions into the journal, in one transaction.
    pub(crate) async fn happens(&self, transitions: Vec<(Change, Alert)>) {
        let event = |(change, alert): (Change, Alert)| {
            let body = serde_json::json!({
                "change": change.as_str(), "tell": true, "alert": AlertRecord::from(&alert),
            });
            let time = SystemClock.now();
            Record::Event(Event { kind: EventKind::Alert, time, body: body.to_string() })
        };
        let records = transitions.into_iter().map(event).collect();
        self.journal.append(records).await.expect("kept");
    }

    pub(crate) fn state(&self, channel: &str) -> ChannelState {
        self.states.look().get(channel).cloned().unwrap_or_default()
    }

    /// The bodies of all events of a kind, oldest first.
    pub(crate) fn events(&self, kind: EventKind) -> Vec<serde_json::Value> {
        let archive = self.journal.archive().expect("archive");
        let events = archive.last_events(kind, 10_000).expect("events");
        let read = |event: &Event| serde_json::from_str(&event.body).expect("JSON");
        let mut events: Vec<(Timestamp, serde_json::Value)> =
            events.iter().map(|event| (event.time, read(event))).collect();
        events.sort_by_key(|(time, _)| *time);
        events.into_iter().map(|(_, body)| body).collect()
    }
}

/// An alert on the n-th machine.
pub(crate) fn alert(rule: &str, n: usize) -> Alert {
    let now = SystemClock.now();
    let id = format!("{rule}-k-{n:03}-{}", now.ms());
    let device = Some(DeviceId::parse(&format!("k-{n:03}")).expect("id"));
    let texts = [
        Text::new(format!("{n} 号自助机离线"), format!("kiosk {n} is offline")),
        Text::new("检查电源和网线", "check power and network"),
    ];
    Alert::new(id, rule, Severity::Major, device, texts, now)
}

pub(crate) fn raised(n: usize) -> (Change, Alert) {
    (Change::Raised, alert("KS001", n))
}

/// The end of an alert.
pub(crate) fn over(alert: &Alert) -> (Change, Alert) {
    let resolved = Some(SystemClock.now());
    (Change::Resolved, Alert { state: AlertState::Resolved, resolved, ..alert.clone() })
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, patience_s: u64, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(patience_s);
    while !holds() {
        assert!(Instant::now() < end, "not in {patience_s} s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
