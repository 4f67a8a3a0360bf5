//! The last yards to the library: a socket of our own between it and the broker.
//!
//! A broker that dies leaves what it had sent in our receive buffer, and among that are messages
//! that it has already told their senders are safe. The library throws it away when
//! something that it writes meanwhile fails. So it talks to this relay: what the broker sent is handed
//! over to the end, and what can no longer be written is let go of. Acknowledgements go out here, too,
//! in groups. And it knows why there is no connection, which the library does not tell.

use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::model::LinkFault;

use super::acks::{Acks, Place};

/// Longest wait for a connection, and for the TLS handshake on it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Pause after the socket could not be listened to.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// Bytes that are handed on in one go.
const BUFFER_BYTES: usize = 64 * 1024;
/// Time after which a connection is given up whose peer acknowledges nothing, milliseconds.
const USER_TIMEOUT_MS: u32 = 30_000;
/// Names of the folder, before the number of the process, and of the socket in it.
const PREFIX: &str = "hallwatch-";
const SOCKET: &str = "mqtt";
/// Idle time after which the system asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Why there is no way to the broker, and in whose words.
pub(super) type Trouble = (LinkFault, String);

/// Where the broker is.
#[derive(Clone)]
struct Broker {
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
}

/// A socket that leads to the broker.
pub(super) struct Relay {
    folder: PathBuf,
    socket: PathBuf,
    trouble: Arc<Mutex<Option<Trouble>>>,
    acks: Acks,
}

impl Relay {
    /// Opens the socket, in a folder that only this user can enter; what it is opened for is done by
    /// the future beside it.
    pub(super) fn open(
        host: &str,
        port: u16,
        tls: Option<Arc<ClientConfig>>,
    ) -> std::io::Result<(Self, impl Future<Output = ()>)> {
        sweep(&std::env::temp_dir());
        let name = format!("{PREFIX}{}-{:016x}", std::process::id(), rand::random::<u64>());
        let folder = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let socket = folder.join(SOCKET);
        let listener = UnixListener::bind(&socket)?;
        let trouble = Arc::new(Mutex::new(None));
        let broker = Broker { host: host.to_owned(), port, tls };
        let acks = Acks::default();
        let serving = serve(listener, broker, trouble.clone(), acks.clone());
        Ok((Self { folder, socket, trouble, acks }, serving))
    }

    /// What takes acknowledgements to the broker.
    pub(super) fn acks(&self) -> Acks {
        self.acks.clone()
    }

    /// Where the library connects to.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether the socket is still there: who tidies up old files may have taken it away.
    pub(super) fn is_there(&self) -> bool {
        self.socket.exists()
    }

    /// Why the last connection was not made, once.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Takes away the folders of gateways that were killed and could not do it themselves.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split_once('-'))
            .filter(|(_, random)| random.len() == 16)
            .and_then(|(process, _)| Pid::from_raw(process.parse().ok()?));
        let gone = |process| test_kill_process(process) == Err(Errno::SRCH);
        // In a container of its own a process may live although it is not seen from here.
        let silent = || std::os::unix::net::UnixStream::connect(entry.path().join(SOCKET)).is_err();
        if process.is_some_and(gone) && silent() {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

/// One connection after the other: the library has one at a time.
async fn serve(
    listener: UnixListener,
    broker: Broker,
    trouble: Arc<Mutex<Option<Trouble>>>,
    acks: Acks,
) {
    loop {
        let library = match listener.accept().await {
            Ok((library, _)) => library,
            Err(error) => {
                // No more files, for instance; it will be better in a while.
                tracing::warn!(%error, "the relay to the broker cannot be reached");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // The library comes anew after the listener has given up the last connection: what still waits
        // here belongs to that one.
        drop(acks.take());
        let failed = match broker.connect().await {
            Err(failed) => Some(failed),
            Ok(stream) => match broker.tls.clone() {
                None => {
                    join(library, stream, &acks).await;
                    None
                }
                Some(tls) => match broker.secure(tls, stream).await {
                    Err(failed) => Some(failed),
                    Ok(stream) => {
                        join(library, stream, &acks).await;
                        None
                    }
                },
            },
        };
        *trouble.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }
}

impl Broker {
    async fn connect(&self) -> Result<TcpStream, Trouble> {
        let stream =
            match timeout(CONNECT_TIMEOUT, TcpStream::connect((&*self.host, self.port))).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return Err((fault_of(&error), error.to_string())),
                Err(_) => {
                    let text = format!("no connection in {} s", CONNECT_TIMEOUT.as_secs());
                    return Err((LinkFault::Unreachable, text));
                }
            };
        // A pulled cable is noticed by what is not acknowledged, too; without this after a quarter of
        // an hour.
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, USER_TIMEOUT_MS) {
            tracing::debug!(%error, "socket options not set");
        }
        let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE);
        let tuned = stream.set_nodelay(true);
        let tuned =
            tuned.and_then(|()| socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive));
        if let Err(error) = tuned {
            tracing::debug!(%error, "socket options not set");
        }
        Ok(stream)
    }

    async fn secure(
        &self,
        tls: Arc<ClientConfig>,
        stream: TcpStream,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Trouble> {
        let failed = |text: String| (LinkFault::Tls, text);
        let name = ServerName::try_from(self.host.clone());
        let name = name.map_err(|error| failed(error.to_string()))?;
        let shaken = timeout(CONNECT_TIMEOUT, TlsConnector::from(tls).connect(name, stream)).await;
        let shaken = shaken.map_err(|_| failed("no TLS handshake in time".to_owned()))?;
        shaken.map_err(|error| failed(error.to_string()))
    }
}

/// What a system's error about a connection means.
fn fault_of(error: &std::io::Error) -> LinkFault {
    match error.kind() {
        // The resolver's errors have no kind of their own.
        _ if error.to_string().contains("lookup address") => LinkFault::UnknownHost,
        ErrorKind::ConnectionRefused => LinkFault::BrokerDown,
        _ => LinkFault::Unreachable,
    }
}

/// Hands bytes on in both directions until the broker has no more, or the library leaves; outwards
/// acknowledgements go between the library's packets.
async fn join<S: AsyncRead + AsyncWrite>(library: UnixStream, broker: S, acks: &Acks) {
    let (mut from_library, mut to_library) = library.into_split();
    let (mut from_broker, mut to_broker) = tokio::io::split(broker);
    let outward = async {
        let mut bytes = vec![0; BUFFER_BYTES];
        let (mut open, mut place) = (true, Place::Between);
        loop {
            let due;
            let part = tokio::select! {
                read = from_library.read(&mut bytes) => {
                    let part = bytes.get(..read.unwrap_or(0)).unwrap_or_default();
                    if part.is_empty() {
                        break;
                    }
                    place = place.after(part);
                    part
                }
                () = acks.wait(), if place == Place::Between => {
                    due = acks.take();
                    &due
                }
            };
            // After the broker's end the library goes on writing; nobody misses that.
            open =
                open && to_broker.write_all(part).await.is_ok() && to_broker.flush().await.is_ok();
        }
        drop(to_broker.shutdown().await);
    };
    let inward = async {
        let mut bytes = vec![0; BUFFER_BYTES];
        loop {
            let read = from_broker.read(&mut bytes).await.unwrap_or(0);
            let Some(part) = bytes.get(..read).filter(|part| !part.is_empty()) else { break };
            if to_library.write_all(part).await.is_err() {
                break;
            }
        }
        drop(to_library.shutdown().await);
    };
    // The library leaves after it has read the end, or when it gives up.
    tokio::pin!(outward, inward);
    tokio::select! {
        () = &mut inward => outward.await,
        () = &mut outward => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::acks::ack;
    use super::*;

    #[tokio::test]
    async fn what_killed_gateways_left_is_taken_away_and_nothing_else() {
        let folder = tempfile::tempdir().expect("folder");
        let mut dead = std::process::Command::new("true").spawn().expect("a process");
        dead.wait().expect("ended");
        let make = |name: String| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).expect("made");
            path
        };
        let left = make(format!("{PREFIX}{}-0123456789abcdef", dead.id()));
        drop(UnixListener::bind(left.join(SOCKET)).expect("socket"));
        let alive = make(format!("{PREFIX}{}-0123456789abcdef", std::process::id()));
        let heard = make(format!("{PREFIX}{}-fedcba9876543210", dead.id()));
        let _listener = UnixListener::bind(heard.join(SOCKET)).expect("socket");
        let other = make(format!("{PREFIX}{}", dead.id()));
        sweep(folder.path());
        assert!(!left.exists());
        assert!(alive.exists() && heard.exists() && other.exists());
    }

    #[tokio::test]
    async fn acknowledgements_go_between_the_packets_of_the_library() {
        let (ours, relays) = UnixStream::pair().expect("pair");
        let (mut broker, stream) = tokio::io::duplex(1024);
        let acks = Acks::default();
        let joined = async { join(relays, stream, &acks).await };
        let played = async {
            let (mut ours, mut got) = (ours, [0; 4]);
            acks.put(ack(1, 1).into_iter());
            broker.read_exact(&mut got).await.expect("first");
            assert_eq!(got, [0x40, 2, 0, 1], "while the library says nothing");
            ours.write_all(&[0x30, 3, b'a']).await.expect("half a packet");
            let mut half = [0; 3];
            broker.read_exact(&mut half).await.expect("half");
            acks.put(ack(1, 2).into_iter().chain(ack(1, 3)));
            let early = timeout(Duration::from_millis(50), broker.read_exact(&mut got)).await;
            assert!(early.is_err(), "an acknowledgement {got:?} in the middle of a packet");
            ours.write_all(b"bc").await.expect("the rest");
            let mut rest = [0; 10];
            broker.read_exact(&mut rest).await.expect("the rest");
            assert_eq!(rest, [b'b', b'c', 0x40, 2, 0, 2, 0x40, 2, 0, 3]);
        };
        tokio::join!(joined, played);
    }
}
