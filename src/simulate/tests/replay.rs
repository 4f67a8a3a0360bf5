//! A recording by hand, asked over a socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::simulate::{ModbusServer, Replay};
use crate::source::modbus::recording::Recording;

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

const TEXT: &str = "hallwatch recording 1\ndevice: m\nprofile: p\nunit: 7\ntransport: tcp\n\
    date: 2026-07-14T02:30:00Z\nhallwatch: 0.1.0\n\
    +0.0s  7  03 0010 0004 -> 00010002000300FF  100ms\n\
    +1.0s  7  03 0014 0002 -> AAAABBBB  10ms\n\
    +2.0s  7  03 0010 0004 -> 00110012001300FE  20ms\n\
    +3.0s  7  03 0014 0002 -> ~  1000ms\n\
    +4.0s  7  03 0010 0004 -> !06  5ms\n\
    +5.0s  7  03 0000 0040 -> !02  5ms\n\
    +6.0s  7  04 0010 0001 -> ?0700  5ms\n\
    +7.0s  8  03 0000 0001 -> 0808  5ms\n";

async fn server(delay_factor: f64) -> ModbusServer {
    let recording = Recording::parse("a.txt", TEXT).expect("a recording");
    let units = Replay { delay_factor }.units(&recording);
    ModbusServer::start(LOOPBACK, units).await.expect("a free port")
}

/// What is answered, from the unit on.
async fn ask(server: &ModbusServer, question: [u8; 6]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).await.expect("connects");
    stream.write_all(&[0, 1, 0, 0, 0, 6]).await.expect("sent");
    stream.write_all(&question).await.expect("sent");
    let mut bytes = Vec::new();
    let quiet = Duration::from_millis(200);
    while let Ok(Ok(1..)) = tokio::time::timeout(quiet, stream.read_buf(&mut bytes)).await {}
    bytes.drain(..bytes.len().min(6));
    bytes
}

#[tokio::test]
async fn recorded_questions_get_their_answers_in_order_and_again() {
    let server = server(0.0).await;
    let first = vec![7, 3, 8, 0, 1, 0, 2, 0, 3, 0, 0xFF];
    let second = vec![7, 3, 8, 0, 0x11, 0, 0x12, 0, 0x13, 0, 0xFE];
    for expected in [&first, &second, &vec![7, 0x83, 6], &first] {
        assert_eq!(ask(&server, [7, 3, 0, 0x10, 0, 4]).await, *expected);
    }
    assert_eq!(ask(&server, [7, 3, 0, 0x14, 0, 2]).await, [7, 3, 4, 0xAA, 0xAA, 0xBB, 0xBB]);
    assert_eq!(ask(&server, [7, 3, 0, 0x14, 0, 2]).await, [0u8; 0], "it was silent");
    assert_eq!(ask(&server, [8, 3, 0, 0, 0, 1]).await, [8, 3, 2, 8, 8]);
    assert_eq!(ask(&server, [9, 3, 0, 0, 0, 1]).await, [9, 0x83, 0x0B]);
}

#[tokio::test]
async fn other_questions_are_answered_from_what_was_recorded() {
    let server = server(0.0).await;
    assert_eq!(ask(&server, [7, 3, 0, 0x12, 0, 1]).await, [7, 3, 2, 0, 3], "part of a block");
    assert_eq!(ask(&server, [7, 3, 0, 0x12, 0, 1]).await, [7, 3, 2, 0, 0x13], "the second time");
    assert_eq!(ask(&server, [7, 3, 0, 0x20, 0, 2]).await, [7, 0x83, 2], "refused at that time");
    assert_eq!(ask(&server, [7, 3, 0, 0x40, 0, 1]).await, [7, 0x83, 2], "never asked");
    assert_eq!(ask(&server, [7, 4, 0, 0x11, 0, 1]).await, [7, 0x84, 2], "another function");
}

#[tokio::test]
async fn a_longer_question_is_put_together_from_several_blocks() {
    let server = server(0.0).await;
    let both = ask(&server, [7, 3, 0, 0x12, 0, 4]).await;
    assert_eq!(both, [7, 3, 8, 0, 3, 0, 0xFF, 0xAA, 0xAA, 0xBB, 0xBB]);
    assert_eq!(ask(&server, [7, 3, 0, 0x12, 0, 5]).await, [7, 0x83, 2], "one too many");
}

#[tokio::test]
async fn delays_are_as_recorded_or_a_multiple() {
    let server = server(1.5).await;
    let begin = Instant::now();
    let mut stream = TcpStream::connect(server.address()).await.expect("connects");
    stream.write_all(&[0, 1, 0, 0, 0, 6, 7, 3, 0, 0x10, 0, 4]).await.expect("sent");
    stream.read_exact(&mut [0; 17]).await.expect("an answer");
    assert!(begin.elapsed() >= Duration::from_millis(150), "{:?}", begin.elapsed());
}
