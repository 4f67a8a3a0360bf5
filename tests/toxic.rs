//! Modbus TCP and RTU over TCP through a proxy that spoils the answers, through units that answer
//! late, inside TLS and from a logger that dials in: nothing wrong is ever taken for a value.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hallwatch::model::LinkFault;
use hallwatch::profile::Function;
use hallwatch::simulate::{
    Habits, Lateness, Logger, LoggerOptions, Misbehaviour, ModbusServer, RtuServer, TlsServer,
};
use hallwatch::source::modbus::{DialIn, Framing, ReadError, TlsPeer, Transport};

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/oracle.rs"]
mod oracle;
#[path = "support/toxic.rs"]
mod toxic;

use certificates::Certificates;
use oracle::{Master, Oracle, Score, TIMEOUT_MS, UNITS, rules};
use toxic::{Proxy, Toxic};

fn any() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

async fn server(framing: Framing, oracle: &Oracle) -> ModbusServer {
    let units = oracle.units.clone();
    match framing {
        Framing::Tcp => ModbusServer::start(any(), units).await.expect("server"),
        Framing::Rtu => RtuServer::start(any(), units).await.expect("server"),
    }
}

fn transport(framing: Framing, address: SocketAddr) -> Transport {
    match framing {
        Framing::Tcp => Transport::Tcp(address.to_string()),
        Framing::Rtu => Transport::RtuOverTcp(address.to_string()),
    }
}

/// What a toxic is called, what it is, and how many of a hundred questions are answered at least.
fn toxics() -> Vec<(&'static str, Vec<Toxic>, u32)> {
    let late = u64::from(TIMEOUT_MS);
    vec![
        ("nothing", vec![], 99),
        ("latency", vec![Toxic::Latency { percent: 100, ms: 1, jitter_ms: 5 }], 95),
        ("too late", vec![Toxic::Latency { percent: 20, ms: late, jitter_ms: 2 * late }], 50),
        ("slices", vec![Toxic::Slicer { pause_ms: 1 }], 80),
        ("bandwidth", vec![Toxic::Bandwidth { bytes_per_s: 4_000 }], 80),
        ("another unit", vec![Toxic::WrongUnit { percent: 20 }], 50),
        ("another transaction", vec![Toxic::WrongTransaction { percent: 20 }], 50),
        ("twice", vec![Toxic::Duplicate { percent: 30 }], 80),
        ("garbage", vec![Toxic::Garbage { percent: 20, bytes_max: 12 }], 50),
        ("halves", vec![Toxic::Half { percent: 10 }], 50),
        ("resets", vec![Toxic::Reset { percent: 10 }], 50),
        ("limits", vec![Toxic::LimitData { bytes: 300 }], 50),
        ("two in one", vec![Toxic::Merged], 0),
        (
            "all of them",
            vec![
                Toxic::WrongUnit { percent: 5 },
                Toxic::WrongTransaction { percent: 5 },
                Toxic::Duplicate { percent: 10 },
                Toxic::Garbage { percent: 5, bytes_max: 6 },
                Toxic::Half { percent: 3 },
                Toxic::Reset { percent: 3 },
                Toxic::Latency { percent: 10, ms: late, jitter_ms: late },
                Toxic::Slicer { pause_ms: 0 },
            ],
            20,
        ),
        ("silence", vec![Toxic::Timeout], 0),
    ]
}

async fn through_toxics(framing: Framing) {
    for (place, (name, toxics, least)) in toxics().into_iter().enumerate() {
        let oracle = Oracle::new();
        let server = server(framing, &oracle).await;
        let proxy = Proxy::start(server.address(), framing, place as u64).await;
        proxy.set(toxics);
        let mut master = Master::new(oracle, transport(framing, proxy.address));
        let polls = if least == 0 { 40 } else { 400 };
        let Score { good, none, wrong } = master.ask(polls, place as u64).await;
        let (answers, hurt) = proxy.counts();
        let strays = master.monitor.figures().strays;
        println!(
            "{framing:?} {name}: {good} good, {none} told as failed, wrong {wrong}; {hurt} of \
             {answers} answers spoiled; {strays:?}"
        );
        assert_eq!(wrong, 0, "{framing:?} {name}");
        assert!(good * 100 >= (good + none) * least, "{framing:?} {name}: {good}, {none}");
        // When it is over, so is the trouble.
        proxy.set([]);
        tokio::time::sleep(Duration::from_millis(5 * u64::from(TIMEOUT_MS))).await;
        let after = master.ask(200, 99).await;
        assert_eq!(after.wrong, 0, "{framing:?} after {name}");
        assert!(after.none <= 2 + u32::from(UNITS), "{framing:?} after {name}: {after:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_toxic_makes_a_wrong_value_over_tcp() {
    through_toxics(Framing::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_toxic_makes_a_wrong_value_over_rtu_inside_tcp() {
    through_toxics(Framing::Rtu).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_answers_of_units_are_never_taken_for_the_next_one() {
    for framing in [Framing::Tcp, Framing::Rtu] {
        let oracle = Oracle::new();
        let late = Lateness {
            percent: 4,
            from_ms: u64::from(TIMEOUT_MS),
            to_ms: 3 * u64::from(TIMEOUT_MS),
            seed: 3,
        };
        for unit in 1..=UNITS {
            oracle.units.set_misbehaviour(unit, Some(Misbehaviour::Straggling(late)));
        }
        let server = server(framing, &oracle).await;
        let mut master = Master::new(oracle, transport(framing, server.address()));
        let score = master.ask(6_000, 1).await;
        println!("{framing:?}: {score:?} {:?}", master.monitor.figures().strays);
        assert_eq!(score.wrong, 0);
        assert!(score.none > 100 && score.good > 3_000, "{score:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_answers_one_client_is_shared_by_its_units() {
    let oracle = Oracle::new();
    oracle.units.set_habits(Habits { one_client: true, ..Habits::default() });
    let server = server(Framing::Tcp, &oracle).await;
    let mut first = Master::new(oracle.clone(), transport(Framing::Tcp, server.address()));
    assert_eq!(first.ask(100, 1).await.good, 100, "all sixteen units over one connection");
    let mut second = Master::new(oracle, transport(Framing::Tcp, server.address()));
    assert_eq!(second.ask(3, 1).await.good, 0, "nobody else is answered");
    first.wire.drop_connection();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(second.ask(20, 2).await.good > 0, "until the first has gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modbus_security_lets_in_those_who_are_known() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let oracle = Oracle::new();
    let certificates = Certificates::make();
    let config = certificates.server_config();
    let server = TlsServer::start(any(), oracle.units.clone(), config).await.expect("server");
    let address = server.address().to_string();
    let peer = |identity: Option<&certificates::Identity>, name: Option<&str>| TlsPeer {
        address: address.clone(),
        server_name: name.map(str::to_owned),
        ca_file: Some(certificates.authority.clone()),
        identity: identity.map(|own| (own.certificate.clone(), own.key.clone())),
    };
    let known = peer(Some(&certificates.client), Some("localhost"));
    let mut master = Master::new(oracle.clone(), Transport::Tls(known));
    assert_eq!(master.ask(200, 1).await, Score { good: 200, none: 0, wrong: 0 });
    let nobody = peer(None, Some("localhost"));
    let stranger = peer(Some(&certificates.stranger), Some("localhost"));
    let elsewhere = peer(Some(&certificates.client), Some("example.org"));
    for (who, peer) in [("nobody", nobody), ("stranger", stranger), ("elsewhere", elsewhere)] {
        let mut master = Master::new(oracle.clone(), Transport::Tls(peer));
        let read = master.wire.read(1, Function::Holding, 0, 2, &rules()).await;
        println!("{who}: {read:?}");
        let fault = read.expect_err("refused").fault();
        // A server of TLS 1.3 refuses a certificate only when the first question is there.
        assert!(matches!(fault, LinkFault::Tls | LinkFault::Closed), "{who}: {fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logger_that_dials_in_is_asked_and_comes_back() {
    let port = std::net::TcpListener::bind(any()).unwrap().local_addr().unwrap().port();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let oracle = Oracle::new();
    let dial_in =
        DialIn { listen, framing: Framing::Rtu, registration: Some(b"866123456789012".to_vec()) };
    let mut master = Master::new(oracle.clone(), Transport::DialIn(dial_in));
    let read = master.wire.read(1, Function::Holding, 0, 2, &rules()).await;
    let Err(ReadError::Connect { fault: LinkFault::NotDialledIn, .. }) = read else {
        panic!("{read:?}");
    };
    // Somebody else is sent away.
    let stranger = Logger::start(
        LoggerOptions::new(listen, Framing::Rtu, b"000000000000000"),
        oracle.units.clone(),
    );
    assert_eq!(master.ask(1, 1).await.good, 0);
    drop(stranger);
    let mut options = LoggerOptions::new(listen, Framing::Rtu, b"866123456789012");
    options.drop_after = Some(Duration::from_millis(700));
    options.redial_after = Duration::from_millis(50);
    let _logger = Logger::start(options, oracle.units.clone());
    let mut sum = Score::default();
    let end = tokio::time::Instant::now() + Duration::from_secs(5);
    while tokio::time::Instant::now() < end {
        sum.add(master.ask(50, 7).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let figures = master.monitor.figures();
    println!("dialled in {} times: {sum:?}", figures.connects);
    assert_eq!(sum.wrong, 0);
    assert!(figures.connects >= 3, "it came back: {}", figures.connects);
    assert!(sum.good * 10 > sum.asked() * 9, "{sum:?}");
}
