//! Servers with ways of their own, over real sockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::profile::Function;
use crate::simulate::{
    Habits, Identity, Lateness, Logger, LoggerOptions, Misbehaviour, ModbusServer, RegisterImage,
    RtuServer, Units,
};
use crate::source::modbus::Framing;
use crate::source::modbus::recording::Answer;

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Unit 1, holding register 0, one register: 0x000B.
const ASK_RTU: [u8; 8] = [1, 3, 0, 0, 0, 1, 0x84, 0x0A];
const SAYS_RTU: [u8; 7] = [1, 3, 2, 0, 0x0B, 0xF9, 0x83];

fn units() -> Units {
    let units = Units::default();
    let mut image = RegisterImage::default();
    image.write(Function::Holding, 0, &[0x0B, 7, 8, 9]);
    units.set_image(1, image);
    units
}

async fn server() -> ModbusServer {
    ModbusServer::start(LOOPBACK, units()).await.expect("a free port")
}

fn ask(transaction: u8) -> [u8; 12] {
    [0, transaction, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]
}

fn says(transaction: u8) -> [u8; 11] {
    [0, transaction, 0, 0, 0, 5, 1, 3, 2, 0, 0x0B]
}

/// What comes until it has been quiet for a while, and whether the end came.
async fn listen(stream: &mut TcpStream) -> (Vec<u8>, Option<std::io::Result<()>>) {
    let mut bytes = Vec::new();
    loop {
        let quiet = Duration::from_millis(120);
        match tokio::time::timeout(quiet, stream.read_buf(&mut bytes)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0)) => return (bytes, Some(Ok(()))),
            Ok(Err(error)) => return (bytes, Some(Err(error))),
            Err(_) => return (bytes, None),
        }
    }
}

async fn connect(server: &ModbusServer) -> TcpStream {
    TcpStream::connect(server.address()).await.expect("connects")
}

async fn hear(stream: &mut TcpStream, question: &[u8]) -> Vec<u8> {
    stream.write_all(question).await.expect("sent");
    listen(stream).await.0
}

#[tokio::test]
async fn one_client_and_a_second_that_waits() {
    let server = server().await;
    server.units().set_habits(Habits { one_client: true, ..Habits::default() });
    let mut first = connect(&server).await;
    assert_eq!(hear(&mut first, &ask(1)).await, says(1));
    let mut second = connect(&server).await;
    assert_eq!(hear(&mut second, &ask(2)).await, [0u8; 0], "taken, and never answered");
    assert_eq!(hear(&mut first, &ask(3)).await, says(3));
    drop(first);
    let mut third = connect(&server).await;
    assert_eq!(hear(&mut third, &ask(4)).await, says(4), "the first has left");
    assert_eq!(server.units().connections(), 3);
}

#[tokio::test]
async fn pauses_gaps_and_a_limit_of_answers() {
    let server = server().await;
    server.units().set_habits(Habits { pause_after_connect_ms: 200, ..Habits::default() });
    let mut stream = connect(&server).await;
    assert_eq!(hear(&mut stream, &ask(1)).await, [0u8; 0], "too soon");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(hear(&mut stream, &ask(2)).await, says(2));
    server.units().set_habits(Habits { close_after_answers: Some(2), ..Habits::default() });
    let mut stream = connect(&server).await;
    assert_eq!(hear(&mut stream, &ask(1)).await, says(1));
    stream.write_all(&ask(2)).await.expect("sent");
    let (answer, end) = listen(&mut stream).await;
    assert_eq!(answer, says(2));
    assert!(matches!(end, Some(Ok(()))), "closed in good order: {end:?}");
    let habits = Habits { turnaround_ms: 80, ..Habits::default() };
    server.units().set_habits(habits);
    let begin = Instant::now();
    assert_eq!(hear(&mut connect(&server).await, &ask(1)).await, says(1));
    assert!(begin.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_reset_in_mid_answer_is_an_error_and_half_an_answer_is_silence() {
    let server = server().await;
    server.units().set_misbehaviour(1, Some(Misbehaviour::Reset));
    let mut stream = connect(&server).await;
    stream.write_all(&ask(1)).await.expect("sent");
    let (answer, end) = listen(&mut stream).await;
    assert!(answer.is_empty() || answer == says(1)[..5], "{answer:?}");
    let kind = end.expect("an end").expect_err("a reset").kind();
    assert_eq!(kind, std::io::ErrorKind::ConnectionReset);
    server.units().set_misbehaviour(1, Some(Misbehaviour::Half));
    let mut stream = connect(&server).await;
    stream.write_all(&ask(1)).await.expect("sent");
    let (answer, end) = listen(&mut stream).await;
    assert_eq!((answer.as_slice(), end.is_none()), (&says(1)[..5], true));
}

#[tokio::test]
async fn a_late_answer_comes_after_newer_questions() {
    let server = server().await;
    let late = Lateness { percent: 100, from_ms: 90, to_ms: 90, seed: 1 };
    server.units().set_misbehaviour(1, Some(Misbehaviour::Straggling(late)));
    let mut stream = connect(&server).await;
    stream.write_all(&ask(1)).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(20)).await;
    server.units().set_misbehaviour(1, None);
    assert_eq!(hear(&mut stream, &ask(2)).await, [says(2), says(1)].concat());
    // The old kind of lateness keeps the order.
    server.units().set_misbehaviour(1, Some(Misbehaviour::Late(60)));
    stream.write_all(&ask(3)).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(20)).await;
    server.units().set_misbehaviour(1, None);
    assert_eq!(hear(&mut stream, &ask(4)).await, [says(3), says(4)].concat());
}

#[tokio::test]
async fn identification_over_tcp_and_registers_made_on_the_spot() {
    let server = server().await;
    let identity = Identity::new("Maker", "X1", "1.0").with(Identity::MODEL_NAME, "Model");
    server.units().set_identity(1, Some(identity));
    let mut stream = connect(&server).await;
    let asked = [0, 9, 0, 0, 0, 5, 1, 0x2B, 0x0E, 4, 5];
    let mut expected = vec![0, 9, 0, 0, 0, 15, 1, 0x2B, 0x0E, 4, 0x82, 0, 0, 1, 5, 5];
    expected.extend(b"Model");
    assert_eq!(hear(&mut stream, &asked).await, expected);
    let made = |read: crate::simulate::Read| Answer::Words(vec![0xAB00 + read.start; 1]);
    server.units().set_device(1, std::sync::Arc::new(made));
    assert_eq!(hear(&mut stream, &ask(1)).await[9..], [0xAB, 0]);
}

#[tokio::test]
async fn rtu_over_tcp_does_not_know_unknown_units() {
    let server = RtuServer::start(LOOPBACK, units()).await.expect("a free port");
    let mut stream = connect(&server).await;
    assert_eq!(hear(&mut stream, &ASK_RTU).await, SAYS_RTU);
    assert_eq!(hear(&mut stream, &[2, 3, 0, 0, 0, 1, 0x84, 0x39]).await, [0u8; 0]);
}

#[tokio::test]
async fn a_logger_dials_in_says_who_it_is_and_dials_again() {
    let gateway = TcpListener::bind(LOOPBACK).await.expect("a free port");
    let address = gateway.local_addr().expect("address");
    let mut options = LoggerOptions::new(address, Framing::Rtu, b"LOGGER-7\r\n");
    options.drop_after = Some(Duration::from_millis(300));
    let logger = Logger::start(options, units());
    for _ in 0..2 {
        let (mut stream, _) = gateway.accept().await.expect("a logger");
        let mut registration = [0; 10];
        stream.read_exact(&mut registration).await.expect("a registration");
        assert_eq!(&registration, b"LOGGER-7\r\n");
        stream.write_all(&ASK_RTU).await.expect("sent");
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(answer, SAYS_RTU);
        assert!(matches!(stream.read(&mut answer).await, Ok(0)), "it hangs up by itself");
    }
    assert!(logger.units().connections() >= 2);
}
