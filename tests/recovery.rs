//! What comes back by itself, and what need not be given up: a lost answer, a logger that dialled
//! in, an adapter that was pulled out.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hallwatch::model::{LinkState, Position};
use hallwatch::simulate::{Logger, LoggerOptions, Misbehaviour, ModbusServer, Units};
use hallwatch::source::modbus::{DialIn, Framing, Parity, SerialLine, Transport};

#[path = "support/line.rs"]
mod line;
#[path = "support/meters.rs"]
mod meters;

use line::Cable;
use meters::{World, image};

fn any() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn three() -> Units {
    let units = Units::default();
    (1..=3).for_each(|unit| units.set_image(unit, image()));
    units
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_lost_answer_costs_a_unit_of_a_shared_bus_one_reading() {
    let server = ModbusServer::start(any(), three()).await.expect("server");
    let world = World::start(Transport::Tcp(server.address().to_string()), 1..=3, 200);
    tokio::time::sleep(Duration::from_millis(1000)).await;
    server.units().set_misbehaviour(2, Some(Misbehaviour::Silent));
    tokio::time::sleep(Duration::from_millis(250)).await;
    server.units().set_misbehaviour(2, None);
    let rates = world.rates(3).await;
    assert!(rates.get("m2").copied().unwrap_or(0) >= 8, "{rates:?}");
    world.end().await;
}

/// A dongle that wants its connection closed, and rest after each new one: its units share one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_behind_a_dongle_share_the_connection_of_a_round() {
    let server = ModbusServer::start(any(), three()).await.expect("server");
    let transport = Transport::Tcp(server.address().to_string());
    let world = World::with(transport, 1..=3, 600, |bus| {
        (bus.close_after_cycle, bus.pause_after_connect_ms) = (true, 250);
    });
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    let before = server.units().connections();
    let rates = world.rates(3).await;
    let connections = server.units().connections() - before;
    // Five rounds of 600 ms; three pauses one by one would not fit into any of them.
    assert!((4..=6).contains(&connections), "{connections} connections");
    for id in ["m1", "m2", "m3"] {
        assert!((4..=6).contains(&rates.get(id).copied().unwrap_or(0)), "{rates:?}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_meter_behind_a_logger_does_not_hang_up_on_the_others() {
    let port = std::net::TcpListener::bind(any()).unwrap().local_addr().unwrap().port();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    for framing in [Framing::Rtu, Framing::Tcp] {
        let dial_in = DialIn { listen, framing, registration: None };
        let world = World::start(Transport::DialIn(dial_in), 1..=3, 200);
        let units = three();
        units.set_misbehaviour(2, Some(Misbehaviour::Silent));
        let mut options = LoggerOptions::new(listen, framing, b"");
        options.redial_after = Duration::from_secs(60);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let _logger = Logger::start(options, units);
        tokio::time::sleep(Duration::from_secs(2)).await;
        let rates = world.rates(4).await;
        for id in ["m1", "m3"] {
            assert!(rates.get(id).copied().unwrap_or(0) > 10, "{framing:?}: {rates:?}");
        }
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_may_be_pulled_out_and_plugged_in_again() {
    let (mut cable, line) = Cable::with(three());
    let transport = Transport::Serial(SerialLine {
        path: cable.ours.clone(),
        baud_rate: 115_200,
        data_bits: 8,
        parity: Parity::None,
        stop_bits: 1,
    });
    let world = World::start(transport, 1..=3, 200);
    tokio::time::sleep(Duration::from_secs(1)).await;
    cable.cut();
    drop(line);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (_, links) = world.records(Position::default()).await;
    for id in ["m1", "m2", "m3"] {
        let last = links.iter().rfind(|(device, _)| device == id).map(|(_, state)| state);
        assert!(matches!(last, Some(LinkState::Down { .. })), "{id}: {last:?}");
    }
    let _line = cable.plug_in(three());
    tokio::time::sleep(Duration::from_secs(6)).await;
    let rates = world.rates(2).await;
    for id in ["m1", "m2", "m3"] {
        assert!(rates.get(id).copied().unwrap_or(0) >= 5, "{rates:?}");
    }
    world.end().await;
}
