//! A poller of small meters that keeps what it reads in a journal.
#![allow(dead_code)] // not every test that shares this file uses all of it

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hallwatch::clock::SystemClock;
use hallwatch::journal::{self, Journal, Kinds};
use hallwatch::model::{
    Device, DeviceId, DeviceKind, LinkState, Position, Reading, Record, Text, ZoneId,
};
use hallwatch::profile::{BusRules, Function, Profile, Protocol, compile};
use hallwatch::simulate::RegisterImage;
use hallwatch::source::modbus::{self, Monitor, Transport};
use hallwatch::source::{Context, Keeper, Sources};
use hallwatch::tally::Tally;
use tokio_util::sync::CancellationToken;

const PROFILE: &str = r#"
id = "small-meter"
kind = "meter"
vendor = "Test"
name = { zh = "小表", en = "small meter" }
source = "made for this test"

[bus]
timeout_ms = 100
read_through_max = 20

[[table]]
id = "all"
function = "holding"
source = "made for this test"
point = [
    { name = "phase_a_voltage_v", address = 10, type = "u16" },
    { name = "phase_b_voltage_v", address = 11, type = "u16" },
    { name = "phase_c_voltage_v", address = 12, type = "u16" },
    { name = "phase_a_current_a", address = 13, type = "u16" },
    { name = "phase_b_current_a", address = 14, type = "u16" },
    { name = "phase_c_current_a", address = 18, type = "u16" },
    { name = "grid_freq_hz", address = 19, type = "u16" },
    { name = "ac_power_w", address = 20, type = "u32" },
]
"#;

pub(crate) struct World {
    journal: Journal,
    pub(crate) monitor: Monitor,
    stop: CancellationToken,
    poller: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

pub(crate) fn profile() -> Arc<Profile> {
    Arc::new(compile("small-meter.toml", PROFILE, &BTreeMap::new()).expect("profile"))
}

impl World {
    pub(crate) fn start(
        transport: Transport,
        units: impl IntoIterator<Item = u8>,
        interval_ms: i64,
    ) -> Self {
        Self::with(transport, units, interval_ms, |_| {})
    }

    /// Under a discipline of the bus that is changed.
    pub(crate) fn with(
        transport: Transport,
        units: impl IntoIterator<Item = u8>,
        interval_ms: i64,
        change: impl FnOnce(&mut BusRules),
    ) -> Self {
        let profile = profile();
        let Protocol::Registers { bus, .. } = &profile.protocol else { panic!("registers") };
        let mut bus = bus.clone();
        change(&mut bus);
        let unit = |number: u8| modbus::Unit {
            device: Arc::new(Device {
                id: DeviceId::parse(&format!("m{number}")).expect("id"),
                name: Text::same("m"),
                zone: ZoneId::parse("z").expect("id"),
                kind: DeviceKind::Meter,
                profile: profile.id.clone(),
                rated_power_w: None,
                interval_ms,
                stale_after_ms: 5_000,
            }),
            profile: profile.clone(),
            unit: number,
            sunspec_instance: None,
            bus: bus.clone(),
        };
        let units = units.into_iter().map(unit).collect();
        let config = modbus::Config { name: "bus".to_owned(), transport, units };
        let folder = tempfile::tempdir().expect("folder");
        let at = journal::Config {
            commit_wait_ms: 20,
            ..journal::Config::new(folder.path().to_owned())
        };
        let (clock, tally) = (Arc::new(SystemClock), Tally::new());
        let journal = Journal::open(&at, clock.clone(), tally.clone()).expect("journal");
        let (monitor, stop) = (Monitor::new(), CancellationToken::new());
        let context = Context { journal: journal.clone(), clock, tally, sources: Sources::new() };
        let (keeper, queue) = Keeper::new(1);
        let kept = queue.run(journal.clone(), context.tally.clone());
        let poller = modbus::Poller::new(config, &monitor, keeper, context);
        let poller = poller.run(Duration::ZERO, stop.clone());
        let poller = tokio::spawn(async move {
            tokio::join!(poller, kept);
        });
        Self { journal, monitor, stop, poller, _folder: folder }
    }

    pub(crate) async fn records(&self, from: Position) -> (Vec<Reading>, Vec<(String, LinkState)>) {
        let mut reader = self.journal.reader_from(from, Kinds::All);
        let (mut readings, mut links) = (Vec::new(), Vec::new());
        while reader.position() < self.journal.head() {
            for (_, record) in reader.ready(5000).await.expect("records").records {
                match &*record {
                    Record::Reading(reading) => readings.push(reading.clone()),
                    Record::Link(link) => links.push((link.device.to_string(), link.state.clone())),
                    Record::Event(_) => {}
                }
            }
        }
        (readings, links)
    }

    /// Readings of each device in some seconds from now.
    pub(crate) async fn rates(&self, seconds: u64) -> BTreeMap<String, usize> {
        let from = self.journal.head();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let mut rates = BTreeMap::new();
        for reading in self.records(from).await.0 {
            *rates.entry(reading.device.to_string()).or_insert(0) += 1;
        }
        rates
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.poller.await.expect("poller");
        self.journal.close();
    }
}

pub(crate) fn image() -> RegisterImage {
    let mut image = RegisterImage::default();
    image.write(Function::Holding, 10, &[230, 231, 229, 5, 6]);
    image.write(Function::Holding, 15, &[0, 0, 0]);
    image.write(Function::Holding, 18, &[7, 50, 0, 4000]);
    image
}
