//! The virtual field, asked by an independent master: mbpoll over Modbus TCP and over a serial
//! line; and the proxy that spoils answers, tried on hand-made frames.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/line.rs"]
mod line;
#[path = "support/toxic.rs"]
mod toxic;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallwatch::profile::Function;
use hallwatch::simulate::{
    Lateness, Misbehaviour, ModbusServer, RegisterImage, RtuServer, TlsServer, Units,
};
use hallwatch::source::modbus::Framing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use certificates::{Certificates, Identity, roots};
use line::Cable;
use toxic::{Proxy, Toxic};

fn units() -> Units {
    let units = Units::default();
    for unit in [1u8, 2] {
        let mut image = RegisterImage::default();
        let base = 1000 * u16::from(unit);
        image.write(Function::Holding, 30000, &[base, base + 1, base + 2]);
        image.write(Function::Input, 5, &[base + 7]);
        units.set_image(unit, image);
    }
    units
}

/// Registers that mbpoll shows, or what it says in their place. Its references count from 1.
async fn mbpoll(way: &[&str], unit: u8, function: u8, start: u16, count: u16) -> Vec<String> {
    let kind = if function == 3 { "4" } else { "3" };
    let reference = (start + 1).to_string();
    let mut command = std::process::Command::new("mbpoll");
    command
        .args(["-1", "-o", "1", "-t", kind, "-a", &unit.to_string(), "-r", &reference])
        .args(["-c", &count.to_string()])
        .args(way);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("a thread")
        .expect("mbpoll; tests/run installs it");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let value = |line: &str| line.split_once("]: ").map(|(_, value)| value.trim().to_owned());
    let mut found: Vec<_> = said.lines().filter_map(value).collect();
    found.extend(said.lines().filter(|line| line.contains("failed")).map(str::to_owned));
    found
}

async fn ask_all(way: &[&str], units: &Units, lost: &str) {
    assert_eq!(mbpoll(way, 1, 3, 30000, 3).await, ["1000", "1001", "1002"]);
    assert_eq!(mbpoll(way, 2, 3, 30001, 2).await, ["2001", "2002"]);
    assert_eq!(mbpoll(way, 2, 4, 5, 1).await, ["2007"]);
    let said = mbpoll(way, 1, 3, 30002, 2).await;
    assert!(said[0].contains("Illegal data address"), "{said:?}");
    units.set_misbehaviour(1, Some(Misbehaviour::Exception(6)));
    let said = mbpoll(way, 1, 3, 30000, 1).await;
    assert!(said[0].contains("Slave device or server is busy"), "{said:?}");
    units.set_misbehaviour(1, Some(Misbehaviour::Silent));
    let said = mbpoll(way, 1, 3, 30000, 1).await;
    assert!(said[0].contains("timed out"), "{said:?}");
    units.set_misbehaviour(1, Some(Misbehaviour::Sliced(2)));
    assert_eq!(mbpoll(way, 1, 3, 30000, 3).await, ["1000", "1001", "1002"]);
    let said = mbpoll(way, 9, 3, 30000, 1).await;
    assert!(said[0].contains(lost), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mbpoll_reads_what_is_there_over_tcp() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = ModbusServer::start(any, units()).await.expect("server");
    let port = server.address().port().to_string();
    let way = ["-m", "tcp", "-p", port.as_str(), "127.0.0.1"];
    ask_all(&way, server.units(), "Target device failed to respond").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mbpoll_reads_what_is_there_over_a_serial_line() {
    let (cable, line) = Cable::with(units());
    let path = cable.ours.display().to_string();
    let way = ["-m", "rtu", "-b", "115200", "-P", "none", path.as_str()];
    ask_all(&way, line.units(), "timed out").await;
    line.units().set_misbehaviour(1, Some(Misbehaviour::BitError));
    let said = mbpoll(&way, 1, 3, 30000, 1).await;
    assert!(said[0].contains("Invalid CRC"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_unit_on_a_line_is_heard_between_the_others() {
    let (mut cable, line) = Cable::with(units());
    let late = Lateness { percent: 100, from_ms: 100, to_ms: 100, seed: 1 };
    line.units().set_misbehaviour(1, Some(Misbehaviour::Straggling(late)));
    let mut ours = line::open(&cable.ours);
    // Holding register 30000 of unit 1, then of unit 2.
    ours.write_all(&[1, 3, 0x75, 0x30, 0, 1, 0x9E, 0x09]).await.expect("sent");
    ours.write_all(&[2, 3, 0x75, 0x30, 0, 1, 0x9E, 0x3A]).await.expect("sent");
    let mut heard = [0; 14];
    ours.read_exact(&mut heard).await.expect("two answers");
    assert_eq!((heard[0], heard[7]), (2, 1), "{heard:02X?}");
    assert_eq!((&heard[3..5], &heard[10..12]), (&[0x07, 0xD0][..], &[0x03, 0xE8][..]));
    cable.cut();
    let end = tokio::time::timeout(Duration::from_secs(5), ours.read(&mut heard)).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "the end of a cut line is noticed: {end:?}");
}

/// A server behind a proxy, and a connection to it.
async fn proxied() -> (ModbusServer, Proxy) {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = ModbusServer::start(any, units()).await.expect("server");
    let proxy = Proxy::start(server.address(), Framing::Tcp, 1).await;
    (server, proxy)
}

/// Asks unit 1 for the input register 5 and hears what comes until it is quiet, and how it
/// ended: in good order or not.
async fn ask(stream: &mut TcpStream, transaction: u8) -> (Vec<u8>, Option<bool>) {
    stream.write_all(&[0, transaction, 0, 0, 0, 6, 1, 4, 0, 5, 0, 1]).await.expect("sent");
    let mut bytes = Vec::new();
    loop {
        let quiet = Duration::from_millis(250);
        match tokio::time::timeout(quiet, stream.read_buf(&mut bytes)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0)) => return (bytes, Some(true)),
            Ok(Err(_)) => return (bytes, Some(false)),
            Err(_) => return (bytes, None),
        }
    }
}

fn says(transaction: u8) -> Vec<u8> {
    vec![0, transaction, 0, 0, 0, 5, 1, 4, 2, 0x03, 0xEF]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn toxics_do_what_they_say() {
    let (_server, proxy) = proxied().await;
    let mut stream = TcpStream::connect(proxy.address).await.expect("connects");
    assert_eq!(ask(&mut stream, 1).await.0, says(1));
    let all = 100;
    let wrong_unit = [0, 2, 0, 0, 0, 5, 2, 4, 2, 0x03, 0xEF].to_vec();
    let cases = [
        (Toxic::Timeout, vec![]),
        (Toxic::WrongUnit { percent: all }, wrong_unit),
        (Toxic::WrongTransaction { percent: all }, says(1)),
        (Toxic::Duplicate { percent: all }, [says(2), says(2)].concat()),
        (Toxic::Half { percent: all }, says(2)[..5].to_vec()),
        (Toxic::Latency { percent: all, ms: 100, jitter_ms: 20 }, says(2)),
        (Toxic::Slicer { pause_ms: 3 }, says(2)),
        (Toxic::Bandwidth { bytes_per_s: 100 }, says(2)),
    ];
    for (toxic, expected) in cases {
        proxy.set([toxic]);
        let begin = Instant::now();
        assert_eq!(ask(&mut stream, 2).await, (expected, None), "{toxic:?}");
        let least = match toxic {
            Toxic::Latency { ms, .. } => ms,
            Toxic::Slicer { pause_ms } => 10 * pause_ms,
            Toxic::Bandwidth { .. } => 100,
            _ => 0,
        };
        assert!(begin.elapsed() >= Duration::from_millis(250 + least), "{toxic:?}");
    }
    proxy.set([Toxic::Merged]);
    assert_eq!(ask(&mut stream, 3).await.0, Vec::<u8>::new());
    assert_eq!(ask(&mut stream, 4).await.0, [says(3), says(4)].concat());
    proxy.set([Toxic::Garbage { percent: all, bytes_max: 8 }]);
    let (heard, _) = ask(&mut stream, 5).await;
    assert!(heard.len() > 11 && heard.ends_with(&says(5)), "{heard:02X?}");
    assert_eq!(proxy.counts(), (12, 11));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn toxics_that_end_the_connection() {
    let (_server, proxy) = proxied().await;
    proxy.set([Toxic::Reset { percent: 100 }]);
    let mut stream = TcpStream::connect(proxy.address).await.expect("connects");
    let (heard, end) = ask(&mut stream, 1).await;
    assert!(heard.is_empty() || heard == says(1)[..5], "{heard:?}");
    assert!(end == Some(false), "{end:?}");
    proxy.set([Toxic::LimitData { bytes: 15 }]);
    let mut stream = TcpStream::connect(proxy.address).await.expect("connects");
    assert_eq!(ask(&mut stream, 1).await, (says(1), None));
    let (heard, end) = ask(&mut stream, 2).await;
    assert_eq!(heard, says(2)[..4]);
    assert!(end.is_some(), "closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn toxics_know_rtu_frames() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = RtuServer::start(any, units()).await.expect("server");
    let proxy = Proxy::start(server.address(), Framing::Rtu, 1).await;
    let mut stream = TcpStream::connect(proxy.address).await.expect("connects");
    // Input register 5 of unit 1 holds 1007; then the same answer as if it were unit 2's.
    let cases = [
        (Toxic::WrongUnit { percent: 0 }, [1, 4, 2, 0x03, 0xEF, 0xF8, 0x4C]),
        (Toxic::WrongUnit { percent: 100 }, [2, 4, 2, 0x03, 0xEF, 0xBC, 0x4C]),
    ];
    for (toxic, expected) in cases {
        proxy.set([toxic]);
        stream.write_all(&[1, 4, 0, 5, 0, 1, 0x21, 0xCB]).await.expect("sent");
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(answer, expected, "{answer:02X?}");
    }
}

/// Asks over TLS 1.3, with a certificate or without; the answer, if there is one.
async fn ask_inside_tls(
    server: SocketAddr,
    certificates: &Certificates,
    identity: Option<&Identity>,
) -> Option<Vec<u8>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots(&certificates.authority));
    let config = match identity.map(Identity::load) {
        Some((chain, key)) => config.with_client_auth_cert(chain, key).expect("a certificate"),
        None => config.with_no_client_auth(),
    };
    let stream = TcpStream::connect(server).await.expect("connects");
    let name = "localhost".try_into().expect("a name");
    let mut stream =
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    stream.write_all(&[0, 1, 0, 0, 0, 6, 1, 4, 0, 5, 0, 1]).await.ok()?;
    let mut answer = vec![0; 11];
    stream.read_exact(&mut answer).await.ok()?;
    Some(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_client_with_a_certificate_is_answered_inside_tls() {
    let certificates = Certificates::make();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = certificates.server_config();
    let server = TlsServer::start(any, units(), config).await.expect("server");
    let (client, stranger) = (&certificates.client, &certificates.stranger);
    assert_eq!(ask_inside_tls(server.address(), &certificates, Some(client)).await, Some(says(1)));
    assert_eq!(ask_inside_tls(server.address(), &certificates, None).await, None);
    assert_eq!(ask_inside_tls(server.address(), &certificates, Some(stranger)).await, None);
}
