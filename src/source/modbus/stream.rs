//! The way to a bus: a socket, a serial port, a TLS session, or a logger that dials in.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_serial::{SerialPort as _, SerialPortBuilderExt as _, SerialStream};

use crate::model::LinkFault;

use super::config::{Parity, SerialLine, TlsPeer, Transport};
use super::dial_in::Doorman;
use super::error::ReadError;

/// Longest wait for a connection, and for the TLS handshake on it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Idle time after which the system asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Bytes both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Stream for T {}

/// Makes a stream of its own each time it is asked.
type Maker = Box<dyn FnMut() -> Option<Box<dyn Stream>> + Send>;

/// Opens the way to one bus, again and again.
pub(super) struct Opener {
    transport: Transport,
    doorman: Option<Doorman>,
    /// In place of the transport's own way.
    maker: Option<Maker>,
}

impl Opener {
    pub(super) fn new(transport: Transport) -> Self {
        let doorman = match &transport {
            Transport::DialIn(config) => Some(Doorman::new(config.clone())),
            _ => None,
        };
        Self { transport, doorman, maker: None }
    }

    /// As if over this transport, with streams that `maker` gives.
    pub(super) fn over(transport: Transport, maker: Maker) -> Self {
        Self { transport, doorman: None, maker: Some(maker) }
    }

    pub(super) const fn transport(&self) -> &Transport {
        &self.transport
    }

    /// A new stream.
    ///
    /// # Errors
    /// [`ReadError::Connect`] with the reason.
    pub(super) async fn open(&mut self) -> Result<Box<dyn Stream>, ReadError> {
        if let Some(maker) = &mut self.maker {
            return maker().ok_or_else(|| failed(LinkFault::Closed, "there is no other stream"));
        }
        match &self.transport {
            Transport::Tcp(address) | Transport::RtuOverTcp(address) => {
                Ok(Box::new(connect(address).await?))
            }
            Transport::Tls(peer) => Ok(Box::new(secure(peer).await?)),
            Transport::Serial(line) => Ok(Box::new(serial(line)?)),
            Transport::DialIn(_) => match &mut self.doorman {
                Some(doorman) => Ok(Box::new(doorman.next().await?)),
                None => Err(failed(LinkFault::NotDialledIn, "nobody listens")),
            },
        }
    }

    /// Silence after which a serial line is at rest: five characters, at least some milliseconds,
    /// because the system hands over bytes in portions.
    pub(super) fn silence(&self) -> Duration {
        const LEAST: Duration = Duration::from_millis(5);
        match &self.transport {
            Transport::Serial(line) => LEAST.max(characters(line, 5)),
            // A serial server sends what it has in portions of its own.
            Transport::RtuOverTcp(_) | Transport::DialIn(_) => Duration::from_millis(20),
            Transport::Tcp(_) | Transport::Tls(_) => Duration::ZERO,
        }
    }

    /// The pause that the standard wants between two frames: three and a half characters.
    pub(super) fn frame_gap(&self) -> Duration {
        match &self.transport {
            Transport::Serial(line) => characters(line, 4),
            _ => Duration::ZERO,
        }
    }
}

/// Time that some characters take on the line.
fn characters(line: &SerialLine, count: u64) -> Duration {
    const BITS_PER_CHARACTER: u64 = 11;
    let micros = count * BITS_PER_CHARACTER * 1_000_000 / u64::from(line.baud_rate.max(1));
    Duration::from_micros(micros)
}

pub(super) fn failed(fault: LinkFault, detail: impl ToString) -> ReadError {
    ReadError::Connect { fault, detail: detail.to_string() }
}

/// What a system's error about a connection means.
pub(super) fn fault_of(error: &std::io::Error) -> LinkFault {
    match error.kind() {
        ErrorKind::ConnectionRefused => LinkFault::Refused,
        ErrorKind::ConnectionReset => LinkFault::Closed,
        // The resolver's errors have no kind of their own.
        _ if error.to_string().contains("lookup address") => LinkFault::UnknownHost,
        _ => LinkFault::Unreachable,
    }
}

async fn connect(address: &str) -> Result<TcpStream, ReadError> {
    let stream = match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(failed(fault_of(&error), error)),
        Err(_) => {
            let detail = format!("no connection in {} s", CONNECT_TIMEOUT.as_secs());
            return Err(failed(LinkFault::Unreachable, detail));
        }
    };
    tune(&stream);
    Ok(stream)
}

/// No waiting for full segments, and dead peers are noticed.
pub(super) fn tune(stream: &TcpStream) {
    let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE);
    let tuned = stream
        .set_nodelay(true)
        .and_then(|()| socket2::SockRef::from(stream).set_tcp_keepalive(&keepalive));
    if let Err(error) = tuned {
        tracing::debug!(%error, "socket options not set");
    }
}

fn serial(line: &SerialLine) -> Result<SerialStream, ReadError> {
    let path = line.path.display().to_string();
    let refuse =
        |error: tokio_serial::Error| failed(LinkFault::SerialPort, format!("`{path}`: {error}"));
    let port = tokio_serial::new(path.clone(), line.baud_rate)
        .data_bits(if line.data_bits == 7 {
            tokio_serial::DataBits::Seven
        } else {
            tokio_serial::DataBits::Eight
        })
        .parity(match line.parity {
            Parity::None => tokio_serial::Parity::None,
            Parity::Even => tokio_serial::Parity::Even,
            Parity::Odd => tokio_serial::Parity::Odd,
        })
        .stop_bits(if line.stop_bits == 2 {
            tokio_serial::StopBits::Two
        } else {
            tokio_serial::StopBits::One
        })
        .open_native_async()
        .map_err(refuse)?;
    // What arrived before we were here answers nothing that we asked.
    port.clear(tokio_serial::ClearBuffer::All).map_err(refuse)?;
    Ok(port)
}

async fn secure(peer: &TlsPeer) -> Result<tokio_rustls::client::TlsStream<TcpStream>, ReadError> {
    // Read at every connection, so that renewed certificates count without a restart.
    let config = tls_config(peer).map_err(|detail| failed(LinkFault::Tls, detail))?;
    let host = peer.address.rsplit_once(':').map_or(peer.address.as_str(), |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = peer.server_name.as_deref().unwrap_or(host).to_owned();
    let name = ServerName::try_from(name).map_err(|error| failed(LinkFault::Tls, error))?;
    let stream = connect(&peer.address).await?;
    let shake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    match timeout(CONNECT_TIMEOUT, shake).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(failed(LinkFault::Tls, error)),
        Err(_) => Err(failed(LinkFault::Tls, "no handshake in time")),
    }
}

fn tls_config(peer: &TlsPeer) -> Result<ClientConfig, String> {
    use rustls_platform_verifier::BuilderVerifierExt as _;
    let builder = ClientConfig::builder();
    let builder = match &peer.ca_file {
        None => builder.with_platform_verifier().map_err(|error| error.to_string())?,
        Some(path) => {
            let mut store = RootCertStore::empty();
            for certificate in certificates(path)? {
                store.add(certificate).map_err(|error| format!("`{}`: {error}", path.display()))?;
            }
            builder.with_root_certificates(store)
        }
    };
    let Some((certificate, key)) = &peer.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| format!("`{}`: {error}", key.display()))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())
}

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let failed = |error: rustls::pki_types::pem::Error| format!("`{}`: {error}", path.display());
    CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)
}
