//! A proxy between hallwatch and a Modbus server that spoils the answers: toxics can be put in and
//! taken out while it runs. Questions pass as they are.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use hallwatch::source::modbus::Framing;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// What is done to answers. Several at once work one after the other, in this order. Those with a
/// percentage hit so many of a hundred answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(dead_code)] // not every test that shares this file uses all
pub(crate) enum Toxic {
    /// Nothing comes through any more; the connection stays.
    Timeout,
    /// In the name of the next unit.
    WrongUnit { percent: u64 },
    /// With the number of the transaction before; RTU has none.
    WrongTransaction { percent: u64 },
    /// Twice in one segment.
    Duplicate { percent: u64 },
    /// Up to so many bytes that nobody sent, before the answer.
    Garbage { percent: u64, bytes_max: u64 },
    /// The first half, then silence.
    Half { percent: u64 },
    /// The first half, then the connection is reset.
    Reset { percent: u64 },
    /// Every other answer waits and comes with the next one in one segment.
    Merged,
    /// Later by `ms` and up to `jitter_ms` more; the order stays.
    Latency { percent: u64, ms: u64, jitter_ms: u64 },
    /// Byte by byte.
    Slicer { pause_ms: u64 },
    /// At most so fast.
    Bandwidth { bytes_per_s: u64 },
    /// Closes the connection after so many bytes of answers.
    LimitData { bytes: u64 },
}

#[derive(Default)]
struct Shared {
    toxics: RwLock<Vec<Toxic>>,
    answers: AtomicU64,
    hurt: AtomicU64,
}

/// A running proxy; dropping it cuts all connections.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Listens on a free port and passes on to `server`. The same seed rolls the same dice.
    pub(crate) async fn start(server: SocketAddr, framing: Framing, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, server, framing, seed, shared.clone()));
        Self { address, shared, _tasks: tasks }
    }

    /// From now on these toxics, and no others.
    pub(crate) fn set(&self, toxics: impl IntoIterator<Item = Toxic>) {
        let mut toxics: Vec<_> = toxics.into_iter().collect();
        toxics.sort_unstable();
        *self.shared.toxics.write().expect("toxics") = toxics;
    }

    /// Answers that came from the server, and those of them that a toxic has changed or delayed.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        (count(&self.shared.answers), count(&self.shared.hurt))
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    framing: Framing,
    seed: u64,
    shared: Arc<Shared>,
) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let Ok(server) = TcpStream::connect(server).await else { continue };
                client.set_nodelay(true).expect("no delay");
                server.set_nodelay(true).expect("no delay");
                number += 1;
                let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number | 1);
                let way = Way::new(framing, dice, shared.clone());
                connections.spawn(pass(client, server, way));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Close,
    Reset,
}

async fn pass(mut client: TcpStream, mut server: TcpStream, mut way: Way) {
    let (mut questions, mut answers) = ([0; 1024], [0; 4096]);
    loop {
        let next = way.queue.front().map(|piece| piece.due);
        tokio::select! {
            biased;
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                let Some(piece) = way.queue.pop_front() else { continue };
                if client.write_all(&piece.bytes).await.is_err() {
                    return;
                }
                match piece.end {
                    None => {}
                    Some(End::Close) => return,
                    Some(End::Reset) => {
                        socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).ok();
                        return;
                    }
                }
            }
            read = client.read(&mut questions) => match read {
                Ok(count @ 1..) if server.write_all(&questions[..count]).await.is_ok() => {}
                _ => return,
            },
            read = server.read(&mut answers) => match read {
                Ok(count @ 1..) => way.take(&answers[..count]),
                _ => return,
            },
        }
    }
}

struct Piece {
    due: Instant,
    bytes: Vec<u8>,
    end: Option<End>,
}

/// The way back to one client.
struct Way {
    framing: Framing,
    dice: Dice,
    shared: Arc<Shared>,
    /// Of an answer that is not complete.
    buffer: Vec<u8>,
    waiting: Vec<u8>,
    queue: VecDeque<Piece>,
    last_due: Instant,
    sent: u64,
}

impl Way {
    fn new(framing: Framing, dice: Dice, shared: Arc<Shared>) -> Self {
        let (buffer, waiting, queue) = (Vec::new(), Vec::new(), VecDeque::new());
        Self { framing, dice, shared, buffer, waiting, queue, last_due: Instant::now(), sent: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
        while let Some(length) = answer_length(self.framing, &self.buffer) {
            let answer: Vec<u8> = self.buffer.drain(..length).collect();
            self.shared.answers.fetch_add(1, Ordering::Relaxed);
            self.spoil(answer);
        }
    }

    fn spoil(&mut self, answer: Vec<u8>) {
        let toxics = self.shared.toxics.read().expect("toxics").clone();
        let mut bytes = answer.clone();
        let (mut end, mut delay, mut pause, mut held) =
            (None, Duration::ZERO, Duration::ZERO, false);
        let now = Instant::now();
        for toxic in &toxics {
            match *toxic {
                Toxic::Timeout => bytes.clear(),
                Toxic::WrongUnit { percent } if self.dice.hit(percent) => {
                    readdress(self.framing, &mut bytes, 0, 1);
                }
                Toxic::WrongTransaction { percent } if self.dice.hit(percent) => {
                    readdress(self.framing, &mut bytes, 1, 0);
                }
                Toxic::Duplicate { percent } if self.dice.hit(percent) => {
                    bytes.extend_from_within(..);
                }
                Toxic::Garbage { percent, bytes_max } if self.dice.hit(percent) => {
                    let count = 1 + self.dice.roll() % bytes_max.max(1);
                    let garbage: Vec<_> = (0..count).map(|_| self.dice.roll() as u8).collect();
                    bytes.splice(..0, garbage);
                }
                Toxic::Half { percent } if self.dice.hit(percent) => {
                    bytes.truncate(bytes.len() / 2);
                }
                Toxic::Reset { percent } if self.dice.hit(percent) => {
                    bytes.truncate(bytes.len() / 2);
                    end = Some(End::Reset);
                }
                Toxic::Merged => held = self.waiting.is_empty(),
                Toxic::Latency { percent, ms, jitter_ms } if self.dice.hit(percent) => {
                    delay = Duration::from_millis(ms + self.dice.roll() % (jitter_ms + 1));
                }
                Toxic::Slicer { pause_ms } => pause = pause.max(Duration::from_millis(pause_ms)),
                Toxic::Bandwidth { bytes_per_s } => {
                    pause = pause.max(Duration::from_micros(1_000_000 / bytes_per_s.max(1)));
                }
                Toxic::LimitData { bytes: most } if self.sent + bytes.len() as u64 >= most => {
                    bytes.truncate(usize::try_from(most - self.sent.min(most)).expect("short"));
                    end = end.or(Some(End::Close));
                }
                _ => {}
            }
        }
        self.sent += bytes.len() as u64;
        let merged = held || !self.waiting.is_empty();
        if bytes != answer || end.is_some() || merged || !(delay + pause).is_zero() {
            self.shared.hurt.fetch_add(1, Ordering::Relaxed);
        }
        if held {
            self.waiting = bytes;
            return;
        }
        let mut all = std::mem::take(&mut self.waiting);
        all.append(&mut bytes);
        self.enqueue(all, now + delay, pause, end);
    }

    fn enqueue(&mut self, bytes: Vec<u8>, due: Instant, pause: Duration, end: Option<End>) {
        self.last_due = self.last_due.max(due);
        let parts: Vec<Vec<u8>> = if pause.is_zero() || bytes.is_empty() {
            vec![bytes]
        } else {
            bytes.into_iter().map(|byte| vec![byte]).collect()
        };
        let last = parts.len() - 1;
        for (i, bytes) in parts.into_iter().enumerate() {
            let end = end.filter(|_| i == last);
            if end.is_some() || !bytes.is_empty() {
                self.queue.push_back(Piece { due: self.last_due, bytes, end });
            }
            self.last_due += pause;
        }
    }
}

/// Length of the answer at the beginning, if it is complete. What is no answer goes as it came.
fn answer_length(framing: Framing, buffer: &[u8]) -> Option<usize> {
    let length = match (framing, buffer) {
        (_, []) => return None,
        (Framing::Tcp, [_, _, 0, 0, high, low, ..]) => {
            6 + usize::from(u16::from_be_bytes([*high, *low]))
        }
        (Framing::Tcp, _) if buffer.len() < 6 => return None,
        (Framing::Rtu, [_, 3 | 4, count, ..]) => 5 + usize::from(*count),
        (Framing::Rtu, [_, 0x80..=0xFF, ..]) => 5,
        (Framing::Rtu, _) if buffer.len() < 3 => return None,
        _ => buffer.len(),
    };
    (length <= buffer.len()).then_some(length)
}

/// Moves the number of the transaction back and that of the unit on; the frame stays well-formed.
fn readdress(framing: Framing, bytes: &mut Vec<u8>, transactions: u16, units: u8) {
    match framing {
        Framing::Tcp if bytes.len() > 6 => {
            let transaction = u16::from_be_bytes([bytes[0], bytes[1]]).wrapping_sub(transactions);
            bytes[..2].copy_from_slice(&transaction.to_be_bytes());
            bytes[6] = bytes[6].wrapping_add(units);
        }
        Framing::Rtu if bytes.len() > 2 => {
            bytes[0] = bytes[0].wrapping_add(units);
            bytes.truncate(bytes.len() - 2);
            let sum = checksum(bytes);
            bytes.extend(sum);
        }
        _ => {}
    }
}

fn checksum(bytes: &[u8]) -> [u8; 2] {
    let step = |crc: u16| (crc >> 1) ^ if crc & 1 == 1 { 0xA001 } else { 0 };
    let byte = |crc: u16, byte: &u8| (0..8).fold(crc ^ u16::from(*byte), |crc, _| step(crc));
    bytes.iter().fold(0xFFFF, byte).to_le_bytes()
}

/// Chance that repeats itself.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    fn hit(&mut self, percent: u64) -> bool {
        self.roll() % 100 < percent
    }
}
