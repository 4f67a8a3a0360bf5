//! The sockets: who is let in, how long a client may take, and how all of it ends.
//!
//! hyper's own loop with a timer: the simple server of axum waits for ever for the rest of a
//! request.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::supervise::Supervisor;

use super::door::Door;
use super::guard::{Caller, Local};
use super::patience::Patient;
use super::routes;
use super::state::Shared;

/// Pause after a failed accept: without free file descriptors it fails at once, again and again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Time for open requests when the program stops; less than the readers as a whole are given.
const FAREWELL: Duration = Duration::from_secs(1);
/// Bytes kept per connection for a head, and for an answer that is not read yet.
const BUFFER_BYTES: usize = 64 * 1024;
/// Longest head of a request; browsers send 1 to 2 kB.
const HEAD_BYTES: usize = 16 * 1024;

/// Where people come in, and where commands do.
pub(super) struct Listeners {
    page: TcpListener,
    door: Option<Door>,
}

impl Listeners {
    pub(super) const fn new(page: TcpListener, door: Option<Door>) -> Self {
        Self { page, door }
    }

    async fn accept(&self) -> io::Result<Guest> {
        let local = async {
            match &self.door {
                Some(door) => door.listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = self.page.accept() => accepted.map(|(stream, from)| Guest::Page(stream, from.ip())),
            accepted = local => accepted.map(|(stream, _)| Guest::Local(stream)),
        }
    }
}

/// Who came in.
enum Guest {
    Page(TcpStream, IpAddr),
    Local(UnixStream),
}

/// Lets connections in until the supervisor stops.
pub(super) async fn run(shared: Arc<Shared>, listeners: Listeners, supervisor: Supervisor) {
    let stop = supervisor.stop_signal();
    let router = routes::router(&shared, stop.clone());
    let local = router.clone().layer(Extension(Local));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listeners.accept() => accepted,
        };
        let guest = match accepted {
            Ok(guest) => guest,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = shared.connections.clone().try_acquire_owned() else {
            shared.refused("connections");
            continue; // dropped: closed at once
        };
        let (shared, stop) = (shared.clone(), stop.clone());
        match guest {
            Guest::Page(stream, from) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no TCP_NODELAY");
                }
                let router = router.clone().layer(Extension(Caller(from)));
                let work = connection(shared, router, stream, permit, stop);
                supervisor.once("web-connection", work);
            }
            Guest::Local(stream) => {
                let work = connection(shared, local.clone(), stream, permit, stop);
                supervisor.once("web-connection", work);
            }
        }
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    shared: Arc<Shared>,
    router: Router,
    stream: S,
    permit: OwnedSemaphorePermit,
    stop: CancellationToken,
) {
    let io = TokioIo::new(Patient::new(stream, shared.limits.unread));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.head)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(BUFFER_BYTES);
    let connection = builder.serve_connection(io, TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(FAREWELL, connection).await {
                Ok(result) => result,
                Err(_) => return, // cut off
            }
        }
    };
    if let Err(error) = result {
        // Also the end of every browser's connection that was kept and not used: not worth more.
        tracing::debug!(%error, "a connection ended early");
    }
    drop(permit);
}
