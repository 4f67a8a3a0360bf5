//! Late answers under every schedule, in simulated time: on Modbus TCP, on RTU over TCP, on a
//! serial line, and behind a gateway that puts the number of the present question on whatever
//! comes from its line.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::*;
use crate::source::modbus::config::{DialIn, Parity, SerialLine};

const TIMEOUT_MS: u32 = 100;

/// What carries the questions, and what becomes of an answer that is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum World {
    /// It stays with its connection and its transaction.
    Tcp,
    /// It goes to whoever is connected, under the number of the question that is open then.
    NaiveGateway,
    /// It goes to whoever is connected.
    RtuOverTcp,
    /// It is on the line.
    Serial,
    /// A logger that dialled in and is not hung up on: it is on the same connection, under the
    /// number of its question.
    DialInTcp,
    /// The same without numbers.
    DialInRtu,
}

impl World {
    fn transport(self) -> Transport {
        match self {
            Self::Tcp | Self::NaiveGateway => Transport::Tcp("peer:502".to_owned()),
            Self::RtuOverTcp => Transport::RtuOverTcp("peer:4196".to_owned()),
            Self::Serial => Transport::Serial(SerialLine {
                path: "line".into(),
                baud_rate: 115_200,
                data_bits: 8,
                parity: Parity::None,
                stop_bits: 1,
            }),
            Self::DialInTcp => dial_in(Framing::Tcp),
            Self::DialInRtu => dial_in(Framing::Rtu),
        }
    }

    fn head(self) -> usize {
        if matches!(self, Self::Tcp | Self::NaiveGateway | Self::DialInTcp) { 6 } else { 0 }
    }
}

fn dial_in(framing: Framing) -> Transport {
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 4196));
    Transport::DialIn(DialIn { listen, framing, registration: None })
}

struct Due {
    at: Instant,
    connection: usize,
    transaction: [u8; 2],
    /// Unit, function and data.
    body: Vec<u8>,
}

/// The devices: each register holds unit and address, the last one the time of the question.
async fn devices(world: World, mut streams: mpsc::Receiver<DuplexStream>, delays: Vec<u16>) {
    let (begun, mut asked) = (Instant::now(), 0);
    let (mut current, mut connection): (Option<DuplexStream>, usize) = (None, 0);
    let mut due: Vec<Due> = Vec::new();
    let mut latest = [0; 2];
    let mut bytes = [0; 64];
    loop {
        due.sort_by_key(|answer| answer.at); // stable: in the order of the questions
        let next = due.first().map_or_else(|| Instant::now() + Duration::from_secs(999), |d| d.at);
        let read = async {
            match &mut current {
                Some(stream) => stream.read(&mut bytes).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            stream = streams.recv() => match stream {
                Some(stream) => { current = Some(stream); connection += 1; }
                None => return,
            },
            read = read => match read {
                Ok(n @ 1..) => {
                    let frame = &bytes[..n];
                    let body = &frame[world.head()..];
                    let (unit, low, count) = (body[0], body[3], body[5]);
                    let ms = begun.elapsed().as_millis() as u16;
                    let mut words: Vec<u16> =
                        (0..count).map(|i| u16::from(unit) << 8 | u16::from(low + i)).collect();
                    if count > 1 {
                        *words.last_mut().unwrap() = ms;
                    }
                    let mut answer = vec![unit, body[1], count * 2];
                    answer.extend(words.iter().flat_map(|word| word.to_be_bytes()));
                    latest = [frame[0], frame[1]];
                    let late = delays.get(asked % delays.len().max(1)).copied().unwrap_or(0);
                    asked += 1;
                    let mut at = Instant::now() + Duration::from_millis(u64::from(late));
                    if world == World::NaiveGateway {
                        // A unit does one thing after the other. (Elsewhere even out of order.)
                        let of_unit = due.iter().filter(|before| before.body[0] == unit);
                        at = of_unit.map(|before| before.at).fold(at, Instant::max);
                    }
                    due.push(Due { at, connection, transaction: latest, body: answer });
                }
                _ => current = None,
            },
            () = sleep_until(next) => {
                let Due { connection: its, transaction, body, .. } = due.remove(0);
                let frame = match world {
                    World::Tcp | World::DialInTcp if its != connection => continue,
                    World::Tcp | World::DialInTcp => mbap(transaction, &body),
                    World::NaiveGateway => mbap(latest, &body),
                    World::RtuOverTcp | World::Serial | World::DialInRtu => rtu_frame(&body),
                };
                if let Some(stream) = &mut current && stream.write_all(&frame).await.is_err() {
                    current = None;
                }
            }
        }
    }
}

fn mbap(transaction: [u8; 2], body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16).to_be_bytes();
    [&transaction, &[0, 0], &length, body].concat()
}

fn rtu_frame(body: &[u8]) -> Vec<u8> {
    let mut sum = 0xFFFF_u16;
    for byte in body {
        sum ^= u16::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xA001 } else { sum >> 1 };
        }
    }
    [body, &sum.to_le_bytes()].concat()
}

fn rules() -> BusRules {
    BusRules {
        port: 502,
        unit: 1,
        registers_per_read_max: 125,
        read_through_max: 0,
        window_registers: 0,
        gap_ms: 0,
        pause_after_connect_ms: 0,
        timeout_ms: TIMEOUT_MS,
        connections_max: 1,
        close_after_cycle: false,
    }
}

/// Asks as the script says; gives answers and silences.
async fn play(world: World, script: &[(u8, u8, u8)], delays: Vec<u16>) -> (u32, u32) {
    let (new_streams, streams) = mpsc::channel(4);
    let maker = move || {
        let (ours, theirs) = tokio::io::duplex(4096);
        new_streams.try_send(theirs).ok().map(|()| ours)
    };
    let monitor = Arc::new(LineMonitor::new("line", world.transport().as_str()));
    let mut wire = Wire::over(world.transport(), maker, monitor);
    let begun = Instant::now();
    let (mut good, mut none) = (0, 0);
    let asker = async {
        for (unit, start, count) in script {
            while wire.rests_until(*unit).is_some() {
                sleep(Duration::from_millis(20)).await;
            }
            let now = begun.elapsed().as_millis() as u16;
            let (start, count) = (u16::from(*start), u16::from(*count));
            match wire.read(*unit, Function::Holding, start, count, &rules()).await {
                Ok(words) => {
                    let (last, first) = words.split_last().unwrap();
                    let wanted = |i: u16| u16::from(*unit) << 8 | (start + i);
                    for (i, word) in (0..).zip(first) {
                        assert_eq!(*word, wanted(i), "{world:?}: a register of another question");
                    }
                    if count > 1 {
                        let age = last.wrapping_sub(now);
                        assert!(age < 10_000, "{world:?}: {last} was asked before {now}");
                    } else {
                        assert_eq!(*last, wanted(0), "{world:?}: another question's register");
                    }
                    good += 1;
                }
                Err(ReadError::Timeout(_) | ReadError::BadAnswer(_)) => none += 1,
                Err(error) => panic!("{world:?}: {error:?}"),
            }
        }
        drop(wire);
    };
    tokio::join!(asker, devices(world, streams, delays));
    (good, none)
}

fn run(world: World, script: &[(u8, u8, u8)], delays: Vec<u16>) -> (u32, u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(play(world, script, delays))
}

/// Two units, four places, two sizes: everything looks alike.
fn scripts() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    let question = (1u8..3, 0u8..4, prop_oneof![4 => Just(2u8), 1 => Just(3u8), 1 => Just(1u8)]);
    proptest::collection::vec(question, 1..40)
}

/// Mostly in time, now and then one to three deadlines late.
fn delays() -> impl Strategy<Value = Vec<u16>> {
    proptest::collection::vec(prop_oneof![3 => 0u16..90, 2 => 100u16..300], 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_late_answer_is_taken_on_tcp(script in scripts(), delays in delays()) {
        run(World::Tcp, &script, delays);
    }

    #[test]
    fn no_late_answer_is_taken_behind_a_naive_gateway(script in scripts(), delays in delays()) {
        run(World::NaiveGateway, &script, delays);
    }

    #[test]
    fn no_late_answer_is_taken_on_rtu_over_tcp(script in scripts(), delays in delays()) {
        run(World::RtuOverTcp, &script, delays);
    }

    #[test]
    fn no_late_answer_is_taken_on_a_serial_line(script in scripts(), delays in delays()) {
        run(World::Serial, &script, delays);
    }

    #[test]
    fn no_late_answer_is_taken_from_a_logger_that_dialled_in(
        script in scripts(), delays in delays(),
    ) {
        run(World::DialInTcp, &script, delays.clone());
        run(World::DialInRtu, &script, delays);
    }
}

#[test]
fn what_comes_in_time_is_taken() {
    let script: Vec<_> = (0..30).map(|i| (1 + i % 2, i % 4, 1 + i % 3)).collect();
    for world in [
        World::Tcp,
        World::NaiveGateway,
        World::RtuOverTcp,
        World::Serial,
        World::DialInTcp,
        World::DialInRtu,
    ] {
        assert_eq!(run(world, &script, vec![0, 5, 90]), (30, 0), "{world:?}");
    }
}

/// An answer that comes twice, the second time when the next question is open already, and a
/// connection that ends in between: each question has a number of its own.
#[tokio::test(start_paused = true)]
async fn questions_are_numbered_over_connections() {
    let (ours, theirs): (Vec<_>, Vec<_>) = (0..2).map(|_| tokio::io::duplex(4096)).unzip();
    let peer = async move {
        let (mut numbers, mut value, mut again) = (Vec::new(), 0_u8, Vec::new());
        for mut stream in theirs {
            for _ in 0..2 {
                let mut question = [0; 12];
                stream.read_exact(&mut question).await.expect("a question");
                numbers.push(u16::from_be_bytes([question[0], question[1]]));
                value += 1;
                let answer = mbap([question[0], question[1]], &[1, 3, 2, 0, value]);
                stream.write_all(&[again, answer.clone()].concat()).await.expect("written");
                again = answer;
            }
            // The last answer of the first connection comes once more on the second one.
        }
        numbers
    };
    let mut streams = ours.into_iter();
    let monitor = Arc::new(LineMonitor::new("bus", "tcp"));
    let mut wire = Wire::over(World::Tcp.transport(), move || streams.next(), monitor);
    let asker = async {
        let mut got = Vec::new();
        for _ in 0..4 {
            got.push(wire.read(1, Function::Holding, 0, 1, &rules()).await.expect("an answer"));
        }
        got.concat()
    };
    let (numbers, got) = tokio::join!(peer, asker);
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(got, [1, 2, 3, 4], "never an older answer");
}
