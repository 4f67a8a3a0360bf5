//! The demo's MQTT broker: rumqttd in a thread of its own, on loopback.
//!
//! It is for the demo and for tests only: it keeps nothing over a restart, and a client that
//! leaves at the wrong moment makes it panic. Its connections are tasks of a runtime that belongs
//! to this thread, so such a panic never ends the process; it does leave the server deaf, so the
//! thread puts up a new one on the same port. Clients connect again, as they would after a
//! broker's restart.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rumqttd::protocol::v5::V5;
use rumqttd::{ConnectionSettings, LinkType, Router, RouterConfig, Server, ServerSettings};
use tokio::sync::watch;
use tracing::subscriber::NoSubscriber;

use super::error::SimulateError;
use super::guard::PanicGuard;

/// Connections it bears; more make rumqttd panic.
const CONNECTIONS_MAX: usize = 512;
/// Longest message, bytes.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// What it remembers of one subscription for those who are away: segments × bytes.
const SEGMENTS: usize = 4;
const SEGMENT_BYTES: usize = 512 * 1024;
/// Longest wait for the first answer, and for the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// A running broker for MQTT 5 clients; dropping it stops it.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// Listens on 127.0.0.1. Port 0 takes any free one. Returns when clients can connect.
    ///
    /// # Errors
    /// [`SimulateError::Bind`] if the port is taken, [`SimulateError::BrokerSilent`] if it does
    /// not answer in time.
    pub fn start(port: u16) -> Result<Self, SimulateError> {
        static NEXT_ID: AtomicUsize = AtomicUsize::new(0);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let address = free_address(port)?;
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name(thread_name(id))
            .spawn(move || serve(id, address, &stopped))
            .map_err(|source| SimulateError::Start { what: "broker's thread", source })?;
        let broker = Self { address, stop, thread: Some(thread) };
        let begun = Instant::now();
        while TcpStream::connect_timeout(&address, PATIENCE).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err(SimulateError::BrokerSilent(address));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(broker)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections and the port. Returns when the thread has ended, at most after two
    /// seconds; a thread that hangs is left behind and dies with the process.
    pub fn stop(&mut self) {
        self.stop.send_replace(true);
        let Some(thread) = self.thread.take() else { return };
        let begun = Instant::now();
        while !thread.is_finished() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// rumqttd does not tell the port it took, so a free one is found first and let go again.
fn free_address(port: u16) -> Result<SocketAddr, SimulateError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let bound = TcpListener::bind(address).and_then(|listener| listener.local_addr());
    bound.map_err(|source| SimulateError::Bind { address, source })
}

/// Runs the server until it is told to stop, and starts it again when something in it panicked.
fn serve(id: usize, address: SocketAddr, stopped: &watch::Receiver<bool>) {
    // Its log lines are of no use to anybody who watches a demo. Its router's thread logs by the
    // process's subscriber all the same, where `rumqttd=off` silences it.
    let _quiet = tracing::subscriber::set_default(NoSubscriber::default());
    let guard = PanicGuard::of(&[thread_name(id), format!("router-{id}")]);
    // The router keeps sessions and retained messages, so it outlives a server that fell over. Its
    // thread cannot be ended: it sleeps on until the process ends.
    let mut router = Router::new(id, router_config()).spawn();
    while !*stopped.borrow() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        let mut stop = stopped.clone();
        let mut server = Server::new(server_settings(address), router.clone(), V5);
        runtime.block_on(async {
            tokio::select! {
                _ = server.start(LinkType::Remote) => {}
                () = guard.heard() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        });
        drop(runtime);
        if !*stopped.borrow() {
            std::thread::sleep(Duration::from_millis(50));
        }
        if router.is_disconnected() {
            router = Router::new(id, router_config()).spawn();
        }
    }
}

fn thread_name(id: usize) -> String {
    format!("demo-broker-{id}")
}

fn router_config() -> RouterConfig {
    RouterConfig {
        max_connections: CONNECTIONS_MAX,
        max_outgoing_packet_count: 200,
        max_segment_size: SEGMENT_BYTES,
        max_segment_count: SEGMENTS,
        custom_segment: None,
        initialized_filters: None,
        ..RouterConfig::default()
    }
}

fn server_settings(address: SocketAddr) -> ServerSettings {
    ServerSettings {
        name: "demo".to_owned(),
        listen: address,
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 5_000,
            max_payload_size: PAYLOAD_BYTES_MAX,
            max_inflight_count: 200,
            auth: None::<HashMap<String, String>>,
            external_auth: None,
            dynamic_filters: true,
        },
    }
}
