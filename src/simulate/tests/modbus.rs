//! The Modbus server over real sockets, with hand-made frames.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::profile::Function;
use crate::simulate::{Door, Misbehaviour, ModbusServer, RegisterImage, Units};

const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn server() -> ModbusServer {
    let units = Units::default();
    let mut image = RegisterImage::default();
    image.write(Function::Holding, 100, &[11, 22, 33]);
    image.write(Function::Input, 100, &[44]);
    units.set_image(1, image.clone());
    units.set_image(2, image);
    ModbusServer::start(LOOPBACK, units).await.expect("a free port")
}

fn question(transaction: u8, unit: u8, function: u8, address: u8, count: u8) -> Vec<u8> {
    vec![0, transaction, 0, 0, 0, 6, unit, function, 0, address, 0, count]
}

/// What comes within a short time, all of it.
async fn listen(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Ok(1..)) =
        tokio::time::timeout(Duration::from_millis(150), stream.read_buf(&mut bytes)).await
    {}
    bytes
}

async fn ask(address: SocketAddr, question: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(question).await.expect("sent");
    listen(&mut stream).await
}

#[tokio::test]
async fn several_questions_in_one_segment_and_one_in_pieces() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.address()).await.expect("connects");
    let first = question(1, 1, 3, 100, 3);
    let second = question(2, 2, 4, 100, 1);
    stream.write_all(&[first.as_slice(), &second, &first[..5]].concat()).await.expect("sent");
    let answers = [
        vec![0, 1, 0, 0, 0, 9, 1, 3, 6, 0, 11, 0, 22, 0, 33],
        vec![0, 2, 0, 0, 0, 5, 2, 4, 2, 0, 44],
    ];
    assert_eq!(listen(&mut stream).await, answers.concat());
    stream.write_all(&first[5..]).await.expect("sent");
    assert_eq!(listen(&mut stream).await, answers[0]);
    assert_eq!((server.units().requests(1), server.units().requests(2)), (2, 1));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_right_code() {
    let server = server().await;
    for (asked, code) in [
        (question(1, 1, 3, 101, 3), 2),
        (question(1, 1, 3, 100, 0), 3),
        (question(1, 1, 3, 100, 126), 3),
        (question(1, 1, 6, 100, 1), 1),
        (question(1, 9, 3, 100, 1), 0x0B),
    ] {
        let answer = ask(server.address(), &asked).await;
        assert_eq!(answer[6..], [asked[6], asked[7] | 0x80, code], "{asked:?}");
    }
    assert_eq!(ask(server.address(), b"GET / HTTP/1.1\r\n\r\n").await, [0u8; 0]);
}

#[tokio::test]
async fn misbehaviours_do_what_they_say() {
    let server = server().await;
    let asked = question(7, 1, 3, 100, 2);
    let well = vec![0, 7, 0, 0, 0, 7, 1, 3, 4, 0, 11, 0, 22];
    let cases = [
        (Misbehaviour::Silent, vec![]),
        (Misbehaviour::ShortAnswer, vec![0, 7, 0, 0, 0, 5, 1, 3, 2, 0, 11]),
        (Misbehaviour::LongAnswer, vec![0, 7, 0, 0, 0, 9, 1, 3, 6, 0, 11, 0, 22, 0, 0]),
        (Misbehaviour::WrongUnit, vec![0, 7, 0, 0, 0, 7, 2, 3, 4, 0, 11, 0, 22]),
        (Misbehaviour::WrongTransaction, vec![0, 8, 0, 0, 0, 7, 1, 3, 4, 0, 11, 0, 22]),
        (Misbehaviour::Exception(6), vec![0, 7, 0, 0, 0, 3, 1, 0x83, 6]),
        (Misbehaviour::Garbage(vec![0xFF; 4]), vec![0xFF; 4]),
    ];
    for (misbehaviour, answer) in cases {
        server.units().set_misbehaviour(1, Some(misbehaviour.clone()));
        assert_eq!(ask(server.address(), &asked).await, answer, "{misbehaviour:?}");
        let other = ask(server.address(), &question(7, 2, 3, 100, 1)).await;
        assert_eq!(other.len(), 11, "the other unit behaves");
    }
    server.units().set_misbehaviour(1, Some(Misbehaviour::Late(80)));
    let before = Instant::now();
    assert_eq!(ask(server.address(), &asked).await, well);
    assert!(before.elapsed() >= Duration::from_millis(80));
    server.units().set_misbehaviour(1, None);
    assert_eq!(ask(server.address(), &asked).await, well);
}

#[tokio::test]
async fn the_door_closes_and_opens() {
    let server = server().await;
    let asked = question(7, 1, 3, 100, 1);
    let mut old = TcpStream::connect(server.address()).await.expect("connects");
    old.write_all(&asked).await.expect("sent");
    assert_eq!(listen(&mut old).await.len(), 11);
    server.units().set_door(Door::CloseAfterAccept);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut shut = TcpStream::connect(server.address()).await.expect("connects");
    assert!(matches!(shut.read(&mut [0; 8]).await, Ok(0) | Err(_)), "closed at once");
    old.write_all(&asked).await.expect("sent");
    assert_eq!(listen(&mut old).await.len(), 11, "who was inside stays");
    server.units().set_door(Door::RefuseAll);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(server.address()).await.is_err(), "refused");
    assert!(matches!(old.read(&mut [0; 8]).await, Ok(0) | Err(_)), "cut");
    server.units().set_door(Door::Open);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ask(server.address(), &asked).await.len(), 11);
}

#[tokio::test]
async fn many_connections_and_an_end() {
    let server = server().await;
    let address = server.address();
    let mut all = tokio::task::JoinSet::new();
    for n in 0..100u8 {
        all.spawn(async move { ask(address, &question(n, 1, 3, 100, 3)).await });
    }
    assert!(all.join_all().await.iter().all(|answer| answer.len() == 15));
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(address).await.is_err());
}
