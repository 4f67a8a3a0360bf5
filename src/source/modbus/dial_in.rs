//! Loggers that dial in, as 4G data units do: they connect, say who they are, and then wait for
//! questions.
//!
//! The newest connection wins: after a lost radio link the old one hangs for minutes while the
//! logger is already back on a new one.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::model::LinkFault;

use super::config::DialIn;
use super::error::ReadError;
use super::stream::{failed, tune};

/// Longest wait for a logger, before the bus is tried again.
const WAIT: Duration = Duration::from_secs(4);
/// Callers that are looked at in one go.
const CALLERS_MAX: usize = 64;
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
        let Some(listener) = &self.listener else {
            return Err(failed(LinkFault::NotDialledIn, "nobody listens"));
        };
        let end = Instant::now() + WAIT;
        let mut callers = JoinSet::new();
        let (mut came, mut newest) = (0_usize, None);
        loop {
            // Once somebody is there, only those who already wait are looked at. Who connects and
            // says nothing keeps nobody waiting.
            let until = if newest.is_some() { Instant::now() } else { end };
            tokio::select! {
                biased;
                accepted = listener.accept(), if came < CALLERS_MAX => match accepted {
                    Ok((stream, peer)) => {
                        came += 1;
                        let (place, wanted) = (came, registration.clone());
                        callers.spawn(async move {
                            (place, peer, register(stream, wanted.as_deref()).await)
                        });
                    }
                    Err(error) => {
                        self.listener = None;
                        return Err(failed(LinkFault::NotDialledIn, error));
                    }
                },
                Some(caller) = callers.join_next() => match caller {
                    Ok((place, _, Some(stream))) => {
                        if newest.as_ref().is_none_or(|(before, _)| *before < place) {
                            newest = Some((place, stream));
                        }
                    }
                    Ok((_, peer, None)) => {
                        tracing::warn!(%peer, "a dial-in without the registration is sent away");
                    }
                    Err(error) => tracing::error!(%error, "a dial-in was not looked at"),
                },
                () = sleep_until(until) => break,
            }
        }
        let newest = newest.map(|(_, stream)| stream);
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::source::modbus::config::Framing;

    fn doorman(registration: Option<&[u8]>) -> (Doorman, SocketAddr) {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listen = std::net::TcpListener::bind(any).unwrap().local_addr().unwrap();
        let registration = registration.map(<[u8]>::to_vec);
        (Doorman::new(DialIn { listen, framing: Framing::Rtu, registration }), listen)
    }

    #[tokio::test]
    async fn strangers_who_say_nothing_do_not_keep_a_logger_out() {
        let (mut doorman, listen) = doorman(Some(b"4711"));
        let begun = Instant::now();
        let come = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let mut strangers = Vec::new();
            for _ in 0..6 {
                strangers.push(TcpStream::connect(listen).await.unwrap());
            }
            let mut logger = TcpStream::connect(listen).await.unwrap();
            logger.write_all(b"4711").await.unwrap();
            (strangers, logger)
        };
        let (let_in, (_strangers, logger)) = tokio::join!(doorman.next(), come);
        assert_eq!(let_in.unwrap().peer_addr().unwrap(), logger.local_addr().unwrap());
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn the_newest_of_two_connections_is_the_loggers_own() {
        let (mut doorman, listen) = doorman(None);
        assert!(doorman.next().await.is_err(), "nobody came");
        let _old = TcpStream::connect(listen).await.unwrap();
        let new = TcpStream::connect(listen).await.unwrap();
        let let_in = doorman.next().await.unwrap();
        assert_eq!(let_in.peer_addr().unwrap(), new.local_addr().unwrap());
    }
}
