//! A hall of sixty inverters with a journal, and sinks that can be started and stopped on it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hallwatch::clock::{ManualClock, SharedClock};
use hallwatch::history::{self, History, Packer};
use hallwatch::influx::{Config, Context, Secret, Sink, SinkStatus, Totals, Version};
use hallwatch::journal::{self, Journal, Kinds};
use hallwatch::model::{
    Decimal, Device, DeviceId, DeviceKind, EventKind, PointName, Position, Quality, Reading,
    Record, Sample, Text, Timestamp, Value, ZoneId,
};
use hallwatch::supervise::Supervisor;
use hallwatch::tally::{Happening, Tally};
use tempfile::TempDir;
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_secs(30);
/// 2026-11-23, a whole number of minutes.
pub(crate) const START: i64 = 1_795_392_000_000;

/// A journal with sinks that can be started and stopped on it.
pub(crate) struct Hall {
    folder: TempDir,
    pub(crate) journal: Journal,
    pub(crate) tally: Tally,
    clock: SharedClock,
    size_bytes_max: u64,
    zone: &'static str,
}

/// A sink at work.
pub(crate) struct Running {
    supervisor: Supervisor,
    status: watch::Receiver<SinkStatus>,
    pub(crate) sink: Sink,
    /// What it had delivered before.
    pub(crate) before: Totals,
    pub(crate) packer: Packer,
    pub(crate) history: History,
}

impl Running {
    /// Waits until the status is as wanted.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        wanted: impl Fn(&SinkStatus) -> bool,
    ) -> SinkStatus {
        let found = tokio::time::timeout(PATIENCE, self.status.wait_for(|s| wanted(s))).await;
        let found = found.map(|status| status.expect("the sink lives").clone());
        match found {
            Ok(status) => status,
            Err(_) => panic!("{what}: {:#?}", *self.status.borrow()),
        }
    }

    pub(crate) async fn until_done(&mut self, readings: u64) -> SinkStatus {
        let seen = |t: &Totals| t.delivered + t.without_line + t.dead_letters;
        let before = seen(&self.before);
        self.until("delivered", |s| seen(&s.totals) >= before + readings).await
    }

    pub(crate) async fn stop(self) {
        assert!(self.supervisor.stop(Duration::from_secs(3)).await, "stops within its second");
    }
}

impl Hall {
    pub(crate) fn new() -> Self {
        Self::with(Arc::new(ManualClock::new(Timestamp::from_ms(START))), u64::MAX)
    }

    /// With a clock of one's own, and with so many bytes of a journal at most.
    pub(crate) fn with(clock: SharedClock, size_bytes_max: u64) -> Self {
        Self::in_zone(clock, size_bytes_max, "UTC")
    }

    /// As [`Hall::with`], with the local days of a time zone.
    pub(crate) fn in_zone(clock: SharedClock, size_bytes_max: u64, zone: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let tally = Tally::new();
        let journal = Self::open(&folder, &clock, size_bytes_max, zone);
        Self { folder, journal, tally, clock, size_bytes_max, zone }
    }

    fn open(folder: &TempDir, clock: &SharedClock, size_bytes_max: u64, zone: &str) -> Journal {
        let config = journal::Config {
            commit_wait_ms: 1,
            size_bytes_max,
            zone: jiff::tz::TimeZone::get(zone).expect("a zone"),
            ..journal::Config::new(folder.path().to_owned())
        };
        Journal::open(&config, clock.clone(), Tally::new()).expect("opens")
    }

    /// Closes the journal and opens it again, as a restart of the program does.
    pub(crate) fn restart(&mut self) {
        self.journal.close();
        self.journal = Self::open(&self.folder, &self.clock, self.size_bytes_max, self.zone);
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn clock(&self) -> SharedClock {
        self.clock.clone()
    }

    pub(crate) async fn keep(&self, readings: Vec<Record>) {
        for part in readings.chunks(5000) {
            self.journal.append(part.to_vec()).await.expect("kept");
        }
    }

    pub(crate) fn run(&self, config: Config) -> Running {
        let devices: Arc<[Device]> = (0..60).map(device).collect();
        let (journal, clock, tally) =
            (self.journal.clone(), self.clock.clone(), self.tally.clone());
        let past = history::Config::default();
        let (history, packer) = History::open(&past, &journal, clock.clone()).expect("history");
        let past = history.clone();
        let profiles = Arc::default();
        let context = Context { journal, history, devices, profiles, tally, clock };
        let sink = Sink::new(config, context).expect("a sink");
        let handle = sink.clone();
        let supervisor = Supervisor::new(self.tally.clone());
        let (status, stop) = (sink.status(), supervisor.stop_signal());
        supervisor.spawn("influx", move || sink.clone().run(stop.clone()));
        let before = handle.look().totals;
        Running { supervisor, status, sink: handle, before, packer, history: past }
    }

    /// The bodies of the events about lines set aside.
    pub(crate) async fn dead_letters(&self) -> Vec<serde_json::Value> {
        let mut reader = self.journal.reader_from(Position::default(), Kinds::Decisions);
        let mut found = Vec::new();
        while reader.position() < self.journal.head() {
            for (_, record) in reader.ready(1000).await.expect("read").records {
                if let Record::Event(event) = &*record
                    && event.kind == EventKind::DeadLetter
                {
                    found.push(serde_json::from_str(&event.body).expect("JSON"));
                }
            }
        }
        found
    }

    pub(crate) fn errors(&self) -> BTreeMap<String, u64> {
        self.tally.labels(Happening::SinkError).into_iter().collect()
    }

    pub(crate) fn cursor(&self) -> Option<Position> {
        let cursor = self.journal.cursor(&Sink::cursor_name("main")).expect("read");
        cursor.map(|(position, _)| position)
    }
}

/// The sixty inverters.
pub(crate) fn devices() -> Vec<Arc<Device>> {
    (0..60).map(device).map(Arc::new).collect()
}

fn device(n: usize) -> Device {
    let id = format!("inv-{n:02}");
    Device {
        id: DeviceId::parse(&id).expect("id"),
        name: Text::same(id),
        zone: ZoneId::parse("roof").expect("id"),
        kind: DeviceKind::Inverter,
        profile: "sunspec inverter, 3ph".to_owned(),
        rated_power_w: None,
        interval_ms: 5000,
        stale_after_ms: 20_000,
    }
}

pub(crate) fn sample(point: &str, value: Value) -> Sample {
    Sample { point: PointName::parse(point).expect("point"), value, quality: Quality::Good }
}

pub(crate) fn dec(mantissa: i64, exponent: i8) -> Value {
    Value::Decimal(Decimal { mantissa, exponent })
}

pub(crate) fn reading(device: usize, at_ms: i64, samples: Vec<Sample>) -> Record {
    let device = DeviceId::parse(&format!("inv-{device:02}")).expect("id");
    let time = Timestamp::from_ms(START + at_ms);
    Record::Reading(Reading { device, time, received: time, message: 0, samples })
}

/// A reading whose value says which one it is.
pub(crate) fn numbered(device: usize, at_ms: i64) -> Record {
    let number = i64::try_from(device).expect("small") * 1_000_000 + at_ms / 1000;
    let samples = vec![
        sample("ac_power_w", dec(number, -1)),
        sample("grid_freq_hz", dec(4999, -2)),
        sample("state", dec(4, 0)),
    ];
    reading(device, at_ms, samples)
}

/// Readings of `devices` devices, one a second each.
pub(crate) fn readings(devices: usize, seconds: i64) -> Vec<Record> {
    let of = |second: i64| (0..devices).map(move |device| numbered(device, second * 1000));
    (0..seconds).flat_map(of).collect()
}

/// A configuration with pauses short enough for a test.
fn quick(url: String, version: Version) -> Config {
    let mut config = Config::new("main", url, version, "test hall");
    config.limits.gather = Duration::from_millis(50);
    config.limits.pause_min = Duration::from_millis(50);
    config.limits.pause_max = Duration::from_millis(200);
    config.limits.refused_pause = Duration::from_millis(200);
    config
}

pub(crate) fn v1(url: String) -> Config {
    quick(url, Version::V1 { database: "hall".into(), username: None, password: None })
}

pub(crate) fn v1_as(url: String, user: &str, password: &str) -> Config {
    let (username, password) = (Some(user.to_owned()), Some(Secret::new(password)));
    quick(url, Version::V1 { database: "hall".into(), username, password })
}

pub(crate) fn v2(url: String) -> Config {
    let (org, bucket) = ("city".into(), "hall".into());
    quick(url, Version::V2 { org, bucket, token: Secret::new("s3cret-token") })
}

pub(crate) fn v3(url: String, token: Option<&str>) -> Config {
    quick(url, Version::V3 { database: "hall".into(), token: token.map(Secret::new) })
}
