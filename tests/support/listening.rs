//! A session of the gateway that listens to Debian's Mosquitto, with a journal of its own.

use std::sync::Arc;
use std::time::Duration;

use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, Kinds};
use hallwatch::model::{Device, DeviceId, DeviceKind, Position, Reading, Record, Text, ZoneId};
use hallwatch::profile::{Catalog, Protocol, Who};
use hallwatch::source::mqtt::{self, Publisher, Refused, Version};
use hallwatch::source::{Context, SourceHealth, Sources};
use hallwatch::tally::Tally;
use tokio_util::sync::CancellationToken;

use super::field::Mosquitto;

/// A ticket machine of zone `z` with this profile.
pub(crate) fn machine(catalog: &Catalog, profile: &str, id: &str, mqtt_id: &str) -> Publisher {
    let profile = catalog.get(profile).expect("profile").clone();
    let kind = profile.kind.unwrap_or(DeviceKind::TicketMachine);
    let Protocol::Mqtt(rules) = &profile.protocol else { panic!("not MQTT") };
    let places = rules.places(&Who { zone: "z", kind: kind.as_str(), id, mqtt_id });
    Publisher {
        device: Arc::new(Device {
            id: DeviceId::parse(id).expect("id"),
            name: Text::same(id),
            zone: ZoneId::parse("z").expect("id"),
            kind,
            profile: profile.id.clone(),
            rated_power_w: None,
            interval_ms: 60_000,
            stale_after_ms: 180_000,
        }),
        profile,
        mqtt_id: mqtt_id.to_owned(),
        places,
    }
}

/// The session under test with all it needs.
pub(crate) struct World {
    pub(crate) broker: Mosquitto,
    journal: Journal,
    pub(crate) tally: Tally,
    config: mqtt::Config,
    sources: Sources,
    stop: CancellationToken,
    session: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl World {
    /// Listens to these devices in this version of the protocol, and lets `change` have its way with
    /// the configuration.
    pub(crate) async fn start(
        devices: Vec<Publisher>,
        change: impl FnOnce(&mut mqtt::Config),
    ) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let broker = Mosquitto::start(folder.path());
        let (clock, tally) = (Arc::new(SystemClock), Tally::new());
        let store = Config { commit_wait_ms: 5, ..Config::new(folder.path().join("data")) };
        let journal = Journal::open(&store, clock, tally.clone()).expect("journal");
        let mut config = mqtt::Config {
            host: "127.0.0.1".into(),
            port: broker.port,
            client_id: "hallwatch".into(),
            login: None,
            tls: None,
            version: Version::Auto,
            share: None,
            rebirth: false,
            packet_bytes_max: 262_144,
            time_zone: jiff::tz::TimeZone::UTC,
            devices,
        };
        change(&mut config);
        let (sources, stop) = (Sources::new(), CancellationToken::new());
        let session = tokio::spawn(async {});
        let mut world =
            Self { broker, journal, tally, config, sources, stop, session, _folder: folder };
        world.listen().await;
        world
    }

    /// Begins a session and waits until it listens.
    async fn listen(&mut self) {
        (self.stop, self.sources) = (CancellationToken::new(), Sources::new());
        let context = Context {
            journal: self.journal.clone(),
            clock: Arc::new(SystemClock),
            tally: self.tally.clone(),
            sources: self.sources.clone(),
        };
        let session = mqtt::Session::new(self.config.clone(), context);
        let signal = self.stop.clone();
        self.session = tokio::spawn(async move { session.run(signal).await.expect("session") });
        let end = std::time::Instant::now() + Duration::from_secs(20);
        while !self.sources.all().iter().any(|(_, state)| state.health == SourceHealth::Ok) {
            assert!(std::time::Instant::now() < end, "connected");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await; // the subscriptions
    }

    /// Ends the session in good order and begins another.
    pub(crate) async fn listen_anew(&mut self) {
        self.stop.cancel();
        (&mut self.session).await.expect("joined");
        self.listen().await;
    }

    /// All that was kept, in the order of the journal.
    pub(crate) async fn readings(&self) -> Vec<Reading> {
        let mut reader = self.journal.reader_from(Position::default(), Kinds::Readings);
        let mut found = Vec::new();
        while reader.position() < self.journal.head() {
            for (_, record) in reader.ready(1000).await.expect("records").records {
                if let Record::Reading(reading) = &*record {
                    found.push(reading.clone());
                }
            }
        }
        found
    }

    /// What was told of refusals.
    pub(crate) async fn refused(&self) -> Vec<Refused> {
        let mut reader = self.journal.reader_from(Position::default(), Kinds::All);
        let mut found = Vec::new();
        while reader.position() < self.journal.head() {
            for (_, record) in reader.ready(1000).await.expect("records").records {
                if let Record::Event(event) = &*record {
                    found.extend(Refused::of(event));
                }
            }
        }
        found
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.session.await.expect("joined");
        self.journal.close();
    }
}
