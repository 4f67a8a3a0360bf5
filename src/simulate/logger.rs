//! A 4G logger: it dials in to the gateway, says who it is, and answers questions.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::source::modbus::Framing;

use super::modbus::cut;
use super::talk::{End, converse};
use super::units::Units;

/// What a logger does.
#[derive(Debug, Clone)]
pub struct LoggerOptions {
    /// Where the gateway listens.
    pub gateway: SocketAddr,
    /// How it frames.
    pub framing: Framing,
    /// What it says first.
    pub registration: Vec<u8>,
    /// Drops the connection after so long, as loggers behind a carrier's NAT do; `None` for never.
    pub drop_after: Option<Duration>,
    /// Pause before it dials again.
    pub redial_after: Duration,
}

impl LoggerOptions {
    /// A logger that stays connected.
    #[must_use]
    pub fn new(gateway: SocketAddr, framing: Framing, registration: &[u8]) -> Self {
        Self {
            gateway,
            framing,
            registration: registration.to_vec(),
            drop_after: None,
            redial_after: Duration::from_millis(200),
        }
    }
}

/// A running logger; dropping it hangs up.
#[derive(Debug)]
pub struct Logger {
    units: Units,
    // Held for its drop, which ends the task and its connection.
    _tasks: JoinSet<()>,
}

impl Logger {
    /// Dials until it is dropped. [`Units::connections`] counts how often it got through.
    #[must_use]
    pub fn start(options: LoggerOptions, units: Units) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(dial(options, units.clone()));
        Self { units, _tasks: tasks }
    }

    /// The units behind it, to change them.
    #[must_use]
    pub const fn units(&self) -> &Units {
        &self.units
    }
}

async fn dial(options: LoggerOptions, units: Units) {
    loop {
        if let Ok(stream) = TcpStream::connect(options.gateway).await {
            units.count_connection();
            talk(stream, &options, &units).await;
        }
        tokio::time::sleep(options.redial_after).await;
    }
}

/// One connection. A registration that cannot be sent is an end like any other.
async fn talk(mut stream: TcpStream, options: &LoggerOptions, units: &Units) {
    stream.set_nodelay(true).ok();
    if stream.write_all(&options.registration).await.is_err() {
        return;
    }
    let end = match options.drop_after {
        Some(limit) => {
            tokio::time::timeout(limit, converse(&mut stream, options.framing, units)).await
        }
        None => Ok(converse(&mut stream, options.framing, units).await),
    };
    if end == Ok(End::Reset) {
        cut(&stream);
    }
}
