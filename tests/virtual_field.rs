//! The virtual field, asked by an independent master: mbpoll over Modbus TCP and over a serial
//! line.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/line.rs"]
mod line;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hallwatch::profile::Function;
use hallwatch::simulate::{Lateness, Misbehaviour, ModbusServer, RegisterImage, Units};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use line::Cable;

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
