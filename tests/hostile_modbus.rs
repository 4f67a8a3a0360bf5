//! Modbus answers that lie: short, long, late, of the wrong unit, exceptions, garbage, silence.
//!
//! Every register value encodes its device and the tick at which it was served, so each stored
//! reading can be judged alone. While one unit misbehaves nothing of it may be stored, and the
//! others, behind the same connection and behind another, go on.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, Kinds};
use hallwatch::model::{
    Device, DeviceId, DeviceKind, LinkFault, LinkState, Position, Reading, Record, Text, ZoneId,
};
use hallwatch::profile::{Catalog, Protocol};
use hallwatch::simulate::{Door, Misbehaviour, ModbusServer, Units, Values, register_image};
use hallwatch::source::{Context, Keeper, Sources, modbus};
use hallwatch::tally::{Happening, Tally};
use tokio_util::sync::CancellationToken;

const TIMEOUT_MS: u32 = 200;

struct World {
    journal: Journal,
    tally: Tally,
    catalog: Catalog,
    servers: Vec<ModbusServer>,
    stop: CancellationToken,
    pollers: Vec<tokio::task::JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

fn unit(catalog: &Catalog, id: &str, unit: u8) -> modbus::Unit {
    let profile = catalog.get("goodwe-dt").expect("profile").clone();
    let Protocol::Registers { bus, .. } = &profile.protocol else { panic!("registers") };
    let mut bus = bus.clone();
    (bus.timeout_ms, bus.pause_after_connect_ms, bus.gap_ms) = (TIMEOUT_MS, 0, 0);
    let device = Arc::new(Device {
        id: DeviceId::parse(id).expect("id"),
        name: Text::same(id),
        zone: ZoneId::parse("z").expect("id"),
        kind: DeviceKind::Inverter,
        profile: profile.id.clone(),
        rated_power_w: Some(50_000.0),
        interval_ms: 200,
        stale_after_ms: 1000,
    });
    modbus::Unit { device, profile, unit, sunspec_instance: None, bus }
}

impl World {
    /// `a` and `b` behind one connection, `c` behind another.
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let config = Config { commit_wait_ms: 5, ..Config::new(folder.path().to_owned()) };
        let (clock, tally) = (Arc::new(SystemClock), Tally::new());
        let journal = Journal::open(&config, clock.clone(), tally.clone()).expect("journal");
        let catalog = Catalog::shipped().expect("profiles");
        let (stop, mut servers, mut pollers) = (CancellationToken::new(), Vec::new(), Vec::new());
        let (keeper, queue) = Keeper::new(2);
        let kept = tokio::spawn(queue.run(journal.clone(), tally.clone()));
        for ids in [&[("a", 1u8), ("b", 2)][..], &[("c", 3)][..]] {
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let server = ModbusServer::start(any, Units::default()).await.expect("server");
            let units = ids.iter().map(|(id, number)| unit(&catalog, id, *number)).collect();
            let name = server.address().to_string();
            let transport = modbus::Transport::Tcp(name.clone());
            let config = modbus::Config { name, transport, units };
            servers.push(server);
            let poller = modbus::Poller::new(
                config,
                &modbus::Monitor::new(),
                keeper.clone(),
                Context {
                    journal: journal.clone(),
                    clock: clock.clone(),
                    tally: tally.clone(),
                    sources: Sources::new(),
                },
            );
            pollers.push(tokio::spawn(poller.run(Duration::ZERO, stop.clone())));
        }
        // Ends when the pollers have.
        pollers.push(kept);
        Self { journal, tally, catalog, servers, stop, pollers, _folder: folder }
    }

    /// Serves the values of `tick` for some milliseconds.
    async fn serve(&self, tick: i64, ms: u64) {
        let profile = self.catalog.get("goodwe-dt").expect("profile");
        for (server, number) in [(0, 1u8), (0, 2), (1, 3)] {
            let mut values = Values::default();
            values.number("ac_power_w", f64::from(number) * 1_000_000.0 + tick as f64);
            values.word("state", "mppt");
            let image = register_image(profile, &values).expect("image");
            self.servers[server].units().set_image(number, image);
        }
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    async fn records(&self, from: Position) -> (Vec<Reading>, Vec<(String, LinkState)>, Position) {
        let mut reader = self.journal.reader_from(from, Kinds::All);
        let (mut readings, mut links) = (Vec::new(), Vec::new());
        while reader.position() < self.journal.head() {
            for (_, record) in reader.ready(1000).await.expect("records").records {
                match &*record {
                    Record::Reading(reading) => readings.push(reading.clone()),
                    Record::Link(link) => links.push((link.device.to_string(), link.state.clone())),
                    Record::Event(_) => {}
                }
            }
        }
        (readings, links, reader.position())
    }
}

/// Device and tick of a reading, by its value alone.
fn judge(reading: &Reading) -> (u8, i64) {
    let value = reading.value("ac_power_w").expect("power").as_f64().expect("number") as i64;
    let number = (value / 1_000_000) as u8;
    let expected = match reading.device.as_str() {
        "a" => 1,
        "b" => 2,
        _ => 3,
    };
    assert_eq!(number, expected, "{} got the value of unit {number}", reading.device);
    (number, value % 1_000_000)
}

/// What a unit may do wrong, and the name under which the failed poll is counted.
fn lies() -> [(&'static str, Misbehaviour, &'static str); 8] {
    let late = u64::from(TIMEOUT_MS) + 120;
    [
        ("silent", Misbehaviour::Silent, "timeout"),
        ("late", Misbehaviour::Late(late), "timeout"),
        ("short", Misbehaviour::ShortAnswer, "bad_answer"),
        ("long", Misbehaviour::LongAnswer, "bad_answer"),
        ("wrong unit", Misbehaviour::WrongUnit, "bad_answer"),
        ("wrong transaction", Misbehaviour::WrongTransaction, "bad_answer"),
        ("exception", Misbehaviour::Exception(4), "exception"),
        ("garbage", Misbehaviour::Garbage(vec![0xFF; 40]), ""),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_lie_are_never_stored_and_cost_the_others_nothing() {
    let world = World::start().await;
    world.serve(1, 1000).await;
    let (readings, _, mut at) = world.records(Position::default()).await;
    for id in ["a", "b", "c"] {
        assert!(readings.iter().any(|r| r.device.as_str() == id), "{id} is read while all is well");
    }
    let mut wrong = 0;
    for (tick, (name, lie, label)) in (2i64..).zip(lies()) {
        let before = world.tally.labels(Happening::PollFailed);
        world.servers[0].units().set_misbehaviour(1, Some(lie));
        // One question may be under way while the unit turns bad, and its answer before the disk.
        tokio::time::sleep(Duration::from_millis(u64::from(TIMEOUT_MS) + 100)).await;
        let (_, _, from) = world.records(at).await;
        world.serve(tick, 2500).await;
        let (readings, links, to) = world.records(from).await;
        let of = |id: &str| readings.iter().filter(|r| r.device.as_str() == id).count();
        wrong += of("a");
        assert_eq!(of("a"), 0, "{name}: nothing of the liar is stored");
        assert!(of("b") >= 4, "{name}: the sibling on the connection goes on ({})", of("b"));
        assert!(of("c") >= 8, "{name}: the other connection goes on ({})", of("c"));
        readings.iter().for_each(|reading| {
            let (_, seen) = judge(reading);
            assert!(seen == tick || seen == tick - 1, "{name}: a value of tick {seen} at {tick}");
        });
        let failed = |counts: &[(String, u64)]| {
            counts
                .iter()
                .filter(|(l, _)| label.is_empty() || l == label)
                .map(|(_, n)| n)
                .sum::<u64>()
        };
        let after = world.tally.labels(Happening::PollFailed);
        assert!(failed(&after) > failed(&before), "{name}: counted as {label}: {after:?}");
        let (_, all, _) = world.records(Position::default()).await;
        let down = all.iter().rev().find(|(id, _)| id == "a").map(|(_, state)| state.clone());
        assert!(matches!(down, Some(LinkState::Down { .. })), "{name}: {down:?} {links:?}");
        world.servers[0].units().set_misbehaviour(1, None);
        at = to;
        // The back-off of the liar ends within a few intervals: it comes back by itself.
        let end = std::time::Instant::now() + Duration::from_secs(15);
        loop {
            world.serve(tick, 100).await;
            let (readings, _, now) = world.records(at).await;
            if readings.iter().any(|r| r.device.as_str() == "a") {
                for reading in &readings {
                    judge(reading);
                }
                at = now;
                break;
            }
            assert!(std::time::Instant::now() < end, "{name}: came back");
        }
    }
    println!("8 kinds of lies: wrong readings {wrong}");
    world.stop.cancel();
    for poller in world.pollers {
        poller.await.expect("poller");
    }
    world.journal.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_closes_or_refuses_is_tried_for_ever() {
    let world = World::start().await;
    world.serve(1, 600).await;
    // Refusing cuts the open connection as well; then a device whose only connection is taken.
    world.servers[0].units().set_door(Door::RefuseAll);
    world.serve(2, 1500).await;
    world.servers[0].units().set_door(Door::CloseAfterAccept);
    world.serve(2, 2000).await;
    let (_, links, _) = world.records(Position::default()).await;
    assert!(links.iter().any(|(id, s)| id == "a" && matches!(s, LinkState::Down { .. })));
    let (_, _, at) = world.records(Position::default()).await;
    world.servers[0].units().set_door(Door::Open);
    world.serve(3, 8000).await;
    let (readings, links, _) = world.records(at).await;
    let (_, all, _) = world.records(Position::default()).await;
    let refused =
        |state: &LinkState| matches!(state, LinkState::Down { fault: LinkFault::Refused, .. });
    assert!(all.iter().any(|(id, state)| id == "a" && refused(state)), "named: {all:?}");
    for id in ["a", "b"] {
        assert!(
            readings.iter().any(|r| r.device.as_str() == id && judge(r).1 == 3),
            "{id} is back"
        );
        assert!(
            links.iter().any(|(device, s)| device == id && *s == LinkState::Up),
            "{id} says so"
        );
    }
    world.stop.cancel();
    world.journal.close();
}
