//! The page and its API: what the hall looks like now, live, and the few things people can do.
//!
//! [`Web`] serves the embedded page, the JSON API under `/api/v1`, the live stream, `/metrics`,
//! `/livez` and `/readyz`. It listens on loopback without a password, and anywhere else only with
//! one. Wire types live in `dto`: they are a promise to the page and change apart from the model.
//!
//! Architecture invariant: read-only queries and command queues only; no other room's state is
//! changed from here.

mod alerts;
mod api;
mod auth;
mod channels;
mod desk;
mod detect;
mod door;
mod dto;
mod feed;
mod guard;
mod influxql;
mod job;
mod label;
mod lines;
mod orders;
mod past;
mod metrics;
mod patience;
mod points;
mod problem;
mod proof;
mod reports;
mod routes;
mod rules;
mod scan;
mod server;
mod sinks;
mod state;
mod stream;
mod ui;
mod visitor;
mod words;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::clock::SharedClock;
use crate::history::History;
use crate::influx::Sink;
use crate::journal::Journal;
use crate::live::Live;
use crate::model::{self, Device, Zone};
use crate::notify;
use crate::profile::Catalog;
use crate::repair;
use crate::service;
use crate::source::Sources;
use crate::source::modbus::Monitor;
use crate::source::modbus::scan::Taken;
use crate::supervise::Supervisor;
use crate::tally::Tally;

pub use auth::{PasswordError, hash_password, is_password_hash};
pub use desk::{AlertDesk, Answer};
pub use door::SOCKET_NAME;
/// What the API says of buses and registers, for the commands as well.
pub use dto::{
    Audit, AuditDifference, AuditSink, Bus, BusUnit, Buses, Durations, Exceptions, Finding, Hole,
    Model, Plan, PointValue, Read, Register, Registers, Sunspec, Text, scan_report,
};
pub use label::{LabelError, Sheet};

use state::Shared;

/// Where and how the page is served.
#[derive(Clone)]
pub struct Config {
    /// Address and port. Default `127.0.0.1:8080`; any other machine can only ask when this is
    /// not a loopback address, and then a password is needed.
    pub listen: SocketAddr,
    /// The password as an argon2id PHC string, made by [`hash_password`]. Default: none.
    pub password_hash: Option<String>,
    /// Where visitors reach the page, as it stands on the labels of the machines. Default: none.
    pub public_url: Option<String>,
    /// A sentence shown as a banner when the data is made up. Default: none.
    pub demo: Option<model::Text>,
}

impl std::fmt::Debug for Config {
    /// Leaves out the hash: it could be tried at leisure.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("password", &self.password_hash.is_some())
            .field("demo", &self.demo)
            .finish()
    }
}

/// What the web has to see of the other rooms.
pub struct Context {
    /// The present.
    pub live: Live,
    /// The alerts; an `Arc` of the alert room's handle.
    pub alerts: Arc<dyn AlertDesk>,
    /// The work orders.
    pub orders: repair::Handle,
    /// The channels by which people are told.
    pub channels: notify::Handle,
    /// How the machines serve.
    pub service: service::Handle,
    /// The service hours of the zones.
    pub hours: service::Config,
    /// How the journal is.
    pub journal: Journal,
    /// How the sources are.
    pub sources: Sources,
    /// What can be seen of the Modbus lines and their devices.
    pub monitor: Monitor,
    /// The profiles, to recognise what a scan finds.
    pub catalog: Catalog,
    /// The devices that are configured, which a scan leaves alone.
    pub taken: Vec<Taken>,
    /// The databases that readings go to.
    pub sinks: Vec<Sink>,
    /// The counters of the process.
    pub tally: Tally,
    /// The wall clock.
    pub clock: SharedClock,
    /// The zones in the order of the configuration.
    pub zones: Vec<Zone>,
    /// The past.
    pub history: History,
    /// Devices that were configured once: their past is still told.
    pub former: Vec<Device>,
    /// The reports and the books.
    pub reports: crate::report::Reports,
    /// Where rules are rehearsed.
    pub stage: Arc<crate::alert::Stage>,
}

/// How much is borne from clients. The defaults are for a hall; tests make them small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest time for the head of a request, also between two requests. Default 10 s: a browser
    /// needs milliseconds.
    pub head: Duration,
    /// Longest time for a request and the beginning of its answer. Default 30 s.
    pub request: Duration,
    /// Longest time that a client may leave bytes unread. Default 30 s.
    pub unread: Duration,
    /// Connections at once. Default 256: forty screens with six connections each.
    pub connections: usize,
    /// Live streams at once. Default 64.
    pub streams: usize,
    /// Longest body of a request, bytes. Default 64 KiB: an acknowledgement has at most 3 kB.
    pub body_bytes: usize,
    /// The beat of the live stream. Default 1 s.
    pub beat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            request: Duration::from_secs(30),
            unread: Duration::from_secs(30),
            connections: 256,
            streams: 64,
            body_bytes: 64 * 1024,
            beat: Duration::from_secs(1),
        }
    }
}

/// Why the page is not served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Reachable from other machines, and no password.
    #[error("the web page would be open to everybody on `{0}`: no password is set")]
    PasswordNeeded(SocketAddr),
    /// The password is not an argon2id PHC string.
    #[error("the password hash is not an argon2id hash")]
    BadPasswordHash,
    /// The listener does not know its own address.
    #[error("the listening socket has no address")]
    Listener(#[source] std::io::Error),
}

impl WebError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> model::Text {
        match self {
            Self::PasswordNeeded(_) => model::Text::new(
                "用 `hallwatch password` 设置密码，或只在 127.0.0.1 上监听",
                "set a password with `hallwatch password`, or listen on 127.0.0.1 only",
            ),
            Self::BadPasswordHash => model::Text::new(
                "用 `hallwatch password` 重新生成密码散列",
                "make the hash anew with `hallwatch password`",
            ),
            Self::Listener(_) => model::Text::new("检查监听地址", "check the listening address"),
        }
    }
}

/// The web server, ready to start.
pub struct Web {
    shared: Arc<Shared>,
    door: Option<PathBuf>,
}

impl Web {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`WebError::PasswordNeeded`], [`WebError::BadPasswordHash`].
    pub fn new(config: Config, context: Context) -> Result<Self, WebError> {
        Self::with_limits(config, context, Limits::default())
    }

    /// As [`Web::new`], with other limits.
    ///
    /// # Errors
    /// As [`Web::new`].
    pub fn with_limits(config: Config, context: Context, limits: Limits) -> Result<Self, WebError> {
        check(config.listen, config.password_hash.as_deref())?;
        Ok(Self { shared: Arc::new(Shared::new(config, context, limits)), door: None })
    }

    /// Answers on a Unix socket as well, for commands on this machine: without a password, because
    /// only who may open the file comes in. Without the socket the page is served all the same.
    #[must_use]
    pub fn with_door(self, socket: PathBuf) -> Self {
        Self { door: Some(socket), ..self }
    }

    /// Answers on `listener` until the supervisor stops, then gives open requests one second.
    ///
    /// # Errors
    /// [`WebError::PasswordNeeded`] when the listener is on another address than configured.
    pub async fn serve(
        self,
        listener: TcpListener,
        supervisor: Supervisor,
    ) -> Result<(), WebError> {
        let address = listener.local_addr().map_err(WebError::Listener)?;
        check(address, self.shared.config.password_hash.as_deref())?;
        let stop = supervisor.stop_signal();
        let (shared, signal) = (self.shared.clone(), stop.clone());
        supervisor.spawn("web-roof", move || shared.roof.clone().run(signal.clone()));
        let (shared, signal) = (self.shared.clone(), stop.clone());
        supervisor.spawn("web-feed", move || feed::run(shared.clone(), signal.clone()));
        let (shared, signal) = (self.shared.clone(), stop.clone());
        supervisor.spawn("web-scan", move || scan::run(shared.clone(), signal.clone()));
        let (shared, signal) = (self.shared.clone(), stop.clone());
        supervisor.spawn("web-detect", move || detect::run(shared.clone(), signal.clone()));
        let listeners = server::Listeners::new(listener, self.door.as_deref().and_then(door::open));
        server::run(self.shared, listeners, supervisor).await;
        Ok(())
    }
}

fn check(listen: SocketAddr, password_hash: Option<&str>) -> Result<(), WebError> {
    match password_hash {
        Some(hash) if !auth::is_password_hash(hash) => Err(WebError::BadPasswordHash),
        None if !is_loopback(listen.ip()) => Err(WebError::PasswordNeeded(listen)),
        _ => Ok(()),
    }
}

/// Also true for an IPv4 loopback address written as IPv6.
fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}
