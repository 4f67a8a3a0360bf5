//! One bad unit, or one bad register, costs the others next to nothing.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hallwatch::model::{LinkState, Position};
use hallwatch::profile::{Function, Protocol};
use hallwatch::simulate::{Habits, Misbehaviour, ModbusServer, Read, Units};
use hallwatch::source::modbus::recording::Answer;
use hallwatch::source::modbus::{self, Parity, SerialLine, Transport};

#[path = "support/line.rs"]
mod line;
#[path = "support/meters.rs"]
mod meters;

use line::Cable;
use meters::{World, image, profile};

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
    // More is lost to a busy machine than to the line.
    assert!(busy > 0.5, "the line was busy: {busy}");
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
    let reads: Vec<_> =
        view.reads().iter().map(|read| (read.block.start, read.block.count)).collect();
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
