//! Loggers that dial in, as 4G data units do: they connect, say who they are, and then wait for
//! questions.
//!
//! The newest connection wins: after a lost radio link the old one hangs for minutes while the
//! logger is already back on a new one.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};

use crate::model::LinkFault;

use super::config::DialIn;
use super::error::ReadError;
use super::stream::{failed, tune};

/// Longest wait for a logger, before the bus is tried again.
const WAIT: Duration = Duration::from_secs(4);
/// Longest wait for a logger's registration.
const REGISTRATION: Duration = Duration::from_secs(2);

/// Listens for the logger of one bus.
#[derive(Debug)]
pub(super) struct Doorman {
    config: DialIn,
    listener: Option<TcpListener>,
}

impl Doorman {
    pub(super) const fn new(config: DialIn) -> Self {
        Self { config, listener: None }
    }

    /// The newest connection that registered as it should.
    ///
    /// # Errors
    /// [`ReadError::Connect`]: the address is in use, or nobody came.
    pub(super) async fn next(&mut self) -> Result<TcpStream, ReadError> {
        let DialIn { listen, registration, .. } = &self.config;
        if self.listener.is_none() {
            let bound = TcpListener::bind(listen).await;
            let refused = |error| failed(LinkFault::NotDialledIn, format!("`{listen}`: {error}"));
            self.listener = Some(bound.map_err(refused)?);
        }
        let end = Instant::now() + WAIT;
        let mut newest = None;
        loop {
            // Once somebody is there, only those who already wait are looked at.
            let until = if newest.is_some() { Instant::now() } else { end };
            let Some(listener) = &self.listener else { break };
            match timeout_at(until, listener.accept()).await {
                Ok(Ok((stream, peer))) => match register(stream, registration.as_deref()).await {
                    Some(stream) => newest = Some(stream),
                    None => {
                        tracing::warn!(%peer, "a dial-in without the registration is sent away");
                    }
                },
                Ok(Err(error)) => {
                    self.listener = None;
                    return Err(failed(LinkFault::NotDialledIn, error));
                }
                Err(_) => break,
            }
        }
        newest.ok_or_else(|| {
            failed(LinkFault::NotDialledIn, format!("nobody dialled in at {listen}"))
        })
    }
}

/// The stream, if it began with the registration.
async fn register(mut stream: TcpStream, registration: Option<&[u8]>) -> Option<TcpStream> {
    tune(&stream);
    let Some(wanted) = registration else { return Some(stream) };
    let mut said = vec![0; wanted.len()];
    let read = timeout(REGISTRATION, stream.read_exact(&mut said)).await;
    (matches!(read, Ok(Ok(_))) && said == wanted).then_some(stream)
}
