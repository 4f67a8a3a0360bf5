//! Modbus servers for virtual devices, well-behaved or not: Modbus TCP, RTU frames over TCP, and
//! Modbus TCP inside TLS.
//!
//! They are written by hand, because a server from a library cannot be made to misbehave, and
//! because several questions in one segment must get several answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::source::modbus::Framing;

use super::error::SimulateError;
use super::talk::{End, converse};
use super::units::{Door, Units};

/// A running server; dropping it closes its sockets.
#[derive(Debug)]
pub struct ModbusServer {
    address: SocketAddr,
    units: Units,
    // Held for its drop, which ends the task and all connections.
    _tasks: JoinSet<()>,
}

/// What is spoken behind the door.
#[derive(Clone)]
struct Speech {
    framing: Framing,
    tls: Option<TlsAcceptor>,
    units: Units,
}

impl ModbusServer {
    /// Listens on `address` (port 0 for any free one) and answers for `units`.
    ///
    /// # Errors
    /// [`SimulateError::Bind`].
    pub async fn start(address: SocketAddr, units: Units) -> Result<Self, SimulateError> {
        Self::serve(address, Speech { framing: Framing::Tcp, tls: None, units }).await
    }

    async fn serve(address: SocketAddr, speech: Speech) -> Result<Self, SimulateError> {
        let listener = bind(address).await?;
        let address =
            listener.local_addr().map_err(|source| SimulateError::Bind { address, source })?;
        let units = speech.units.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, address, speech));
        Ok(Self { address, units, _tasks: tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its units, to change them.
    #[must_use]
    pub const fn units(&self) -> &Units {
        &self.units
    }
}

/// A transparent serial server: RTU frames over TCP.
#[derive(Debug)]
pub struct RtuServer;

impl RtuServer {
    /// As [`ModbusServer::start`].
    ///
    /// # Errors
    /// [`SimulateError::Bind`].
    pub async fn start(address: SocketAddr, units: Units) -> Result<ModbusServer, SimulateError> {
        ModbusServer::serve(address, Speech { framing: Framing::Rtu, tls: None, units }).await
    }
}

/// Modbus/TCP Security: Modbus TCP inside TLS, usually with a certificate of the client.
#[derive(Debug)]
pub struct TlsServer;

impl TlsServer {
    /// As [`ModbusServer::start`]; `tls` says who is let in.
    ///
    /// # Errors
    /// [`SimulateError::Bind`].
    pub async fn start(
        address: SocketAddr,
        units: Units,
        tls: Arc<rustls::ServerConfig>,
    ) -> Result<ModbusServer, SimulateError> {
        let tls = Some(TlsAcceptor::from(tls));
        ModbusServer::serve(address, Speech { framing: Framing::Tcp, tls, units }).await
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, SimulateError> {
    TcpListener::bind(address).await.map_err(|source| SimulateError::Bind { address, source })
}

/// Accepts until it is dropped. Connections live in its own sets, so they end with it.
async fn accept(listener: TcpListener, address: SocketAddr, speech: Speech) {
    /// Pause after a failed accept or bind; both pass when other sockets are closed.
    const PAUSE: Duration = Duration::from_millis(50);
    let mut door = speech.units.door();
    let (mut served, mut ignored) = (JoinSet::new(), JoinSet::new());
    let mut listening = Some(listener);
    loop {
        let now = *door.borrow_and_update();
        if now == Door::RefuseAll {
            listening = None;
            served.shutdown().await;
            ignored.shutdown().await;
            if door.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(listener) = &listening else {
            match bind(address).await {
                Ok(listener) => listening = Some(listener),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
            continue;
        };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if now == Door::Open => {
                    speech.units.count_connection();
                    if speech.units.habits().one_client && is_taken(&mut served).await {
                        ignored.spawn(ignore(stream));
                    } else {
                        served.spawn(serve(stream, speech.clone()));
                    }
                }
                Ok((stream, _)) => drop(stream),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = served.join_next() => {}
            Some(_) = ignored.join_next() => {}
            changed = door.changed() => if changed.is_err() { return },
        }
    }
}

/// Whether a connection is served already. Who left just now is given time to be gone.
async fn is_taken(served: &mut JoinSet<()>) -> bool {
    const FAREWELL: Duration = Duration::from_millis(5);
    if !served.is_empty() {
        tokio::time::sleep(FAREWELL).await;
        while served.try_join_next().is_some() {}
    }
    !served.is_empty()
}

/// Takes what comes and says nothing.
async fn ignore(mut stream: TcpStream) {
    let mut lost = [0; 256];
    while let Ok(1..) = stream.read(&mut lost).await {}
}

/// One connection, until the peer leaves or talks something that is not Modbus.
async fn serve(mut stream: TcpStream, speech: Speech) {
    // Answers are small; waiting to fill a segment would only add delay.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Speech { framing, tls, units } = speech;
    let Some(tls) = tls else {
        if converse(&mut stream, framing, &units).await == End::Reset {
            cut(&stream);
        }
        return;
    };
    let Ok(mut inner) = tls.accept(stream).await else { return };
    if converse(&mut inner, framing, &units).await == End::Reset {
        cut(inner.get_ref().0);
    }
}

/// Makes the close that follows a reset: the peer gets an error, not an end.
pub(super) fn cut(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).ok();
}
