//! The yardstick: a loop of `tokio-modbus` alone. As many connections, the same question each
//! second, and the answer is thrown away: no profile, no journal, no page.

use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_modbus::Slave;
use tokio_modbus::client::{Reader as _, tcp};

use super::process::{Usage, load, memory_mb, raise_file_limit};
use super::simulator::{REGISTERS, address, unit};

/// Makes this program the bare loop.
pub(crate) const WORD: &str = "--bare";
/// The first questions are spread over one interval, as the gateway does.
const INTERVAL: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_secs(5);

/// What the bare loop took.
#[derive(Debug, Default, Clone)]
pub(crate) struct Bare {
    pub(crate) reads_per_s: f64,
    pub(crate) cpu: f64,
    pub(crate) memory_mb: f64,
    pub(crate) late_max_ms: f64,
    pub(crate) load: f64,
}

impl FromStr for Bare {
    type Err = std::num::ParseFloatError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let numbers: Vec<f64> =
            line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let at = |n: usize| numbers.get(n).copied().unwrap_or(f64::NAN);
        let (reads_per_s, cpu, memory_mb, late_max_ms) = (at(0), at(1), at(2), at(3));
        Ok(Self { reads_per_s, cpu, memory_mb, late_max_ms, load: at(4) })
    }
}

#[derive(Default)]
struct Counted {
    reads: AtomicU64,
    late_max_ms: AtomicU64,
}

/// Arguments: port, devices, seconds. Prints one line of figures.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    raise_file_limit();
    let number = |n: usize| arguments.get(n).and_then(|word| word.parse::<u64>().ok());
    let (Some(port), Some(devices), Some(seconds)) = (number(1), number(2), number(3)) else {
        return ExitCode::FAILURE;
    };
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        let counted = Arc::new(Counted::default());
        let begin = Instant::now();
        for n in 0..devices {
            let due = begin + INTERVAL.mul_f64(n as f64 / devices as f64);
            tokio::spawn(ask(n as usize, port as u16, due, counted.clone()));
        }
        tokio::time::sleep(WARM_UP).await;
        let me = std::process::id();
        counted.late_max_ms.store(0, Ordering::Relaxed);
        let (from, before) = (Instant::now(), Usage::of(me));
        let reads_before = counted.reads.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let passed = from.elapsed().as_secs_f64();
        let reads = (counted.reads.load(Ordering::Relaxed) - reads_before) as f64 / passed;
        let cpu = Usage::of(me).since(&before) / passed;
        let late = counted.late_max_ms.load(Ordering::Relaxed);
        println!("{reads} {cpu} {} {late} {}", memory_mb(me), load());
    });
    runtime.shutdown_background();
    ExitCode::SUCCESS
}

async fn ask(n: usize, port: u16, mut due: Instant, counted: Arc<Counted>) {
    tokio::time::sleep_until(due).await;
    let stream = TcpStream::connect((address(n), port)).await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let mut context = tcp::attach_slave(stream, Slave(unit(n)));
    loop {
        tokio::time::sleep_until(due).await;
        let late_ms = due.elapsed().as_millis() as u64;
        counted.late_max_ms.fetch_max(late_ms, Ordering::Relaxed);
        let words = context.read_holding_registers(0, REGISTERS).await;
        assert_eq!(words.expect("an answer").expect("registers").len(), usize::from(REGISTERS));
        counted.reads.fetch_add(1, Ordering::Relaxed);
        due += INTERVAL;
    }
}
