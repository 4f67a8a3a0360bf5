//! One bad unit, or one bad register, costs the others next to nothing.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hallwatch::clock::SystemClock;
use hallwatch::journal::{self, Journal, Kinds};
use hallwatch::model::{
    Device, DeviceId, DeviceKind, LinkState, Position, Reading, Record, Text, ZoneId,
};
use hallwatch::profile::{Function, Profile, Protocol, compile};
use hallwatch::simulate::{Habits, Misbehaviour, ModbusServer, Read, RegisterImage, Units};
use hallwatch::source::modbus::recording::Answer;
use hallwatch::source::modbus::{self, Monitor, Parity, SerialLine, Transport};
use hallwatch::source::{Context, Sources};
use hallwatch::tally::Tally;
use tokio_util::sync::CancellationToken;

#[path = "support/line.rs"]
mod line;

use line::Cable;

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

struct World {
    journal: Journal,
    monitor: Monitor,
    stop: CancellationToken,
    poller: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

fn profile() -> Arc<Profile> {
    Arc::new(compile("small-meter.toml", PROFILE, &BTreeMap::new()).expect("profile"))
}

impl World {
    fn start(transport: Transport, units: impl IntoIterator<Item = u8>, interval_ms: i64) -> Self {
        let profile = profile();
        let Protocol::Registers { bus, .. } = &profile.protocol else { panic!("registers") };
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
            folder: folder.path().to_owned(),
            commit_wait_ms: 20,
            retention_days: 400,
        };
        let (clock, tally) = (Arc::new(SystemClock), Tally::new());
        let journal = Journal::open(&at, clock.clone(), tally.clone()).expect("journal");
        let (monitor, stop) = (Monitor::new(), CancellationToken::new());
        let context = Context { journal: journal.clone(), clock, tally, sources: Sources::new() };
        let poller = modbus::Poller::new(config, &monitor, context);
        let poller = tokio::spawn(poller.run(Duration::ZERO, stop.clone()));
        Self { journal, monitor, stop, poller, _folder: folder }
    }

    async fn records(&self, from: Position) -> (Vec<Reading>, Vec<(String, LinkState)>) {
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
    async fn rates(&self, seconds: u64) -> BTreeMap<String, usize> {
        let from = self.journal.head();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let mut rates = BTreeMap::new();
        for reading in self.records(from).await.0 {
            *rates.entry(reading.device.to_string()).or_insert(0) += 1;
        }
        rates
    }

    async fn end(self) {
        self.stop.cancel();
        self.poller.await.expect("poller");
        self.journal.close();
    }
}

fn image() -> RegisterImage {
    let mut image = RegisterImage::default();
    image.write(Function::Holding, 10, &[230, 231, 229, 5, 6]);
    image.write(Function::Holding, 15, &[0, 0, 0]);
    image.write(Function::Holding, 18, &[7, 50, 0, 4000]);
    image
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_unit_of_thirty_costs_the_others_less_than_five_percent() {
    const SECONDS: u64 = 8;
    let units = Units::default();
    // Five milliseconds a turn: thirty units keep the line busy all the time.
    units.set_habits(Habits { turnaround_ms: 5, ..Habits::default() });
    for unit in 1..=30 {
        units.set_image(unit, image());
    }
    let (cable, line) = Cable::with(units);
    let transport = Transport::Serial(SerialLine {
        path: cable.ours.clone(),
        baud_rate: 115_200,
        data_bits: 8,
        parity: Parity::None,
        stop_bits: 1,
    });
    let world = World::start(transport, 1..=30, 100);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let sum = |rates: &BTreeMap<String, usize>| -> usize {
        rates.iter().filter(|(id, _)| *id != "m7").map(|(_, n)| n).sum()
    };
    // A machine that does something else beside is measured again.
    let mut tries = 3;
    let (well, dead, change, busy) = loop {
        let well = world.rates(SECONDS).await;
        line.units().set_misbehaviour(7, Some(Misbehaviour::Silent));
        let dead = world.rates(SECONDS).await;
        line.units().set_misbehaviour(7, None);
        let again = world.rates(SECONDS).await;
        assert!(again.get("m7").copied().unwrap_or(0) > 5, "it comes back by itself: {again:?}");
        let (before, after) = (sum(&well).midpoint(sum(&again)), sum(&dead));
        let change = 100.0 * (after as f64 / before as f64 - 1.0);
        let busy = world.monitor.lines()[0].figures().utilisation();
        println!(
            "29 units in {SECONDS} s: {before} readings, {after} beside a dead unit: \
             {change:+.1} %; line busy {:.0} %",
            100.0 * busy
        );
        tries -= 1;
        if change > -5.0 || tries == 0 {
            break (well, dead, change, busy);
        }
    };
    assert_eq!(well.len(), 30);
    assert!(busy > 0.8, "the line was busy: {busy}");
    assert!(dead.get("m7").copied().unwrap_or(0) < 5);
    assert!(change > -5.0, "{change} %");
    let least = dead.iter().filter(|(id, _)| *id != "m7").map(|(_, n)| n).min().unwrap();
    let most = dead.values().max().unwrap();
    assert!(least * 2 > *most, "nobody is left behind: {least} to {most}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_registers_are_learned_and_read_around() {
    let units = Units::default();
    let mut holed = image();
    holed.remove(Function::Holding, 12, 12); // a point that this device does not have
    holed.remove(Function::Holding, 15, 17); // and registers that nobody asked for
    units.set_image(1, holed);
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = ModbusServer::start(any, units).await.expect("server");
    let world = World::start(Transport::Tcp(server.address().to_string()), [1], 200);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let (readings, links) = world.records(Position::default()).await;
    let names: Vec<_> = readings[0].samples.iter().map(|s| s.point.to_string()).collect();
    assert_eq!(names.len(), 7, "the first cycle brings all that is there: {names:?}");
    assert!(!names.contains(&"phase_c_voltage_v".to_owned()));
    assert!(links.iter().all(|(_, state)| *state == LinkState::Up), "{links:?}");
    let view = world.monitor.device("m1").expect("view");
    assert_eq!(view.absent(), ["phase_c_voltage_v"]);
    let reads: Vec<_> = view.reads().iter().map(|read| (read.start, read.count)).collect();
    assert_eq!(reads, [(10, 2), (13, 2), (18, 4)], "three reads instead of one");
    let before = server.units().requests(1);
    let cycles = readings.len();
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let asked = server.units().requests(1) - before;
    assert!((9..=21).contains(&asked), "no more than three questions a cycle: {asked} ({cycles})");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_passes_one_register_a_question_gives_whole_values() {
    let units = Units::default();
    let asked = |read: Read| match image().read(read.function, read.start, read.count) {
        Some(words) => Answer::Words(words),
        None => Answer::Exception(2),
    };
    units.set_device(1, Arc::new(asked));
    units.set_misbehaviour(1, Some(Misbehaviour::ONE_REGISTER_ONLY));
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = ModbusServer::start(any, units).await.expect("server");
    let profile = profile();
    let Protocol::Registers { tables, bus } = &profile.protocol else { panic!("registers") };
    let mut bus = bus.clone();
    bus.registers_per_read_max = 1;
    let line = Arc::new(modbus::LineMonitor::new("line", "tcp"));
    let mut wire = modbus::Wire::new(Transport::Tcp(server.address().to_string()), line);
    for block in modbus::plan(tables, &bus) {
        let words = wire.read(1, block.function, block.start, block.count, &bus).await;
        let wanted = image().read(block.function, block.start, block.count).unwrap();
        assert_eq!(words, Ok(wanted));
    }
}
