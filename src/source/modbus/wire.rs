//! The strict wrapper round `tokio-modbus`: one connection, one question at a time.
//!
//! Why strict: the library has no deadline of its own, hands back answers of the wrong length,
//! and after a late answer every further call on the same context fails. Here every call has a
//! deadline, the function and the length of each answer are checked, and after any timeout or
//! error that is not a Modbus exception the connection is dropped.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_modbus::client::{Client, Context, tcp};
use tokio_modbus::slave::SlaveContext;
use tokio_modbus::{FunctionCode, Request, Response, Slave};

use crate::model::LinkFault;
use crate::profile::{BusRules, Function};

/// Longest wait for a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Idle time after which the system asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Why a read gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadError {
    /// No connection.
    #[error("{detail}")]
    Connect { fault: LinkFault, detail: String },
    /// No answer in time.
    #[error("no answer in {0} ms")]
    Timeout(u32),
    /// The peer went away.
    #[error("connection closed: {0}")]
    Closed(String),
    /// The device refused this read; the connection is well.
    #[error("Modbus exception {0}")]
    Exception(u8),
    /// An answer that does not fit.
    #[error("{0}")]
    BadAnswer(String),
    /// Not the device of its profile.
    #[error("{0}")]
    WrongDevice(String),
}

impl ReadError {
    /// What it says about the link to the device.
    pub(super) const fn fault(&self) -> LinkFault {
        match self {
            Self::Connect { fault, .. } => *fault,
            Self::Timeout(_) => LinkFault::Timeout,
            Self::Closed(_) => LinkFault::Closed,
            // A gateway says so of a unit that does not answer it.
            Self::Exception(0x0A | 0x0B) => LinkFault::Timeout,
            Self::Exception(_) => LinkFault::Exception,
            Self::BadAnswer(_) => LinkFault::BadAnswer,
            Self::WrongDevice(_) => LinkFault::WrongDevice,
        }
    }

    /// The device is there, it only refused this question.
    pub(super) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Exception(code) if *code != 0x0A && *code != 0x0B)
    }

    /// There is no such register, function or count, and there will not be: Modbus exceptions 1 to
    /// 3. Others (busy, failure) pass.
    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Exception(1..=3))
    }

    /// No connection at all: the other units behind it are as far away.
    pub(super) const fn is_connect(&self) -> bool {
        matches!(self, Self::Connect { .. })
    }

    /// The reason under which it is counted.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::Connect { fault, .. } => fault.as_str(),
            Self::Timeout(_) => "timeout",
            Self::Closed(_) => "closed",
            Self::Exception(_) => "exception",
            Self::BadAnswer(_) => "bad_answer",
            Self::WrongDevice(_) => "wrong_device",
        }
    }
}

/// One connection, made when it is needed.
pub(super) struct Wire {
    address: String,
    context: Option<Context>,
    /// No question before this moment.
    quiet_until: Instant,
}

impl Wire {
    pub(super) fn new(transport: super::config::Transport) -> Self {
        let address = match transport {
            super::config::Transport::Tcp(address) => address,
            other => format!("{} is not there yet", other.as_str()),
        };
        Self { address, context: None, quiet_until: Instant::now() }
    }

    /// Throws the connection away; the next read makes a new one.
    pub(super) fn drop_connection(&mut self) {
        self.context = None;
    }

    /// Reads `count` registers of `unit`. A connection that the peer had closed while it was idle is
    /// made anew, once.
    pub(super) async fn read(
        &mut self,
        unit: u8,
        function: Function,
        start: u16,
        count: u16,
        bus: &BusRules,
    ) -> Result<Vec<u16>, ReadError> {
        let used_before = self.context.is_some();
        let request = match function {
            Function::Holding => Request::ReadHoldingRegisters(start, count),
            Function::Input => Request::ReadInputRegisters(start, count),
        };
        let words = match self.ask(unit, request.clone(), bus).await {
            Err(ReadError::Closed(_)) if used_before => self.ask(unit, request, bus).await?,
            answer => answer?,
        };
        if words.len() != usize::from(count) {
            self.context = None;
            return Err(ReadError::BadAnswer(format!(
                "asked for {count} registers from {start}, got {}",
                words.len()
            )));
        }
        Ok(words)
    }

    async fn ask(
        &mut self,
        unit: u8,
        request: Request<'static>,
        bus: &BusRules,
    ) -> Result<Vec<u16>, ReadError> {
        let mut context = match self.context.take() {
            Some(context) => context,
            None => self.connect(bus).await?,
        };
        sleep_until(self.quiet_until).await;
        context.set_slave(Slave(unit));
        let asked = request.function_code();
        let deadline = Duration::from_millis(u64::from(bus.timeout_ms));
        // `context` is owned here: if this future is dropped in the middle, so is the connection.
        let answer = timeout(deadline, context.call(request)).await;
        self.quiet_until = Instant::now() + Duration::from_millis(u64::from(bus.gap_ms));
        match answer {
            Err(_) => Err(ReadError::Timeout(bus.timeout_ms)),
            Ok(Err(error)) => Err(of_library(&error)),
            Ok(Ok(Err(exception))) => {
                self.context = Some(context);
                Err(ReadError::Exception(u8::from(exception)))
            }
            Ok(Ok(Ok(response))) => {
                let words = words_of(asked, response)?;
                self.context = Some(context);
                Ok(words)
            }
        }
    }

    async fn connect(&mut self, bus: &BusRules) -> Result<Context, ReadError> {
        let stream = match timeout(CONNECT_TIMEOUT, TcpStream::connect(&self.address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                let fault = match error.kind() {
                    ErrorKind::ConnectionRefused => LinkFault::Refused,
                    ErrorKind::ConnectionReset => LinkFault::Closed,
                    // The resolver's errors have no kind of their own.
                    _ if error.to_string().contains("lookup address") => LinkFault::UnknownHost,
                    _ => LinkFault::Unreachable,
                };
                return Err(ReadError::Connect { fault, detail: error.to_string() });
            }
            Err(_) => {
                let detail = format!("no connection in {} s", CONNECT_TIMEOUT.as_secs());
                return Err(ReadError::Connect { fault: LinkFault::Unreachable, detail });
            }
        };
        let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE);
        let tuned = stream
            .set_nodelay(true)
            .and_then(|()| socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive));
        if let Err(error) = tuned {
            tracing::debug!(address = %self.address, %error, "socket options not set");
        }
        let pause = Duration::from_millis(u64::from(bus.pause_after_connect_ms));
        self.quiet_until = Instant::now() + pause;
        Ok(tcp::attach_slave(stream, Slave(bus.unit)))
    }
}

fn words_of(asked: FunctionCode, response: Response) -> Result<Vec<u16>, ReadError> {
    match (asked, response) {
        (FunctionCode::ReadHoldingRegisters, Response::ReadHoldingRegisters(words))
        | (FunctionCode::ReadInputRegisters, Response::ReadInputRegisters(words)) => Ok(words),
        (_, other) => Err(ReadError::BadAnswer(format!("answer to another question: {other:?}"))),
    }
}

fn of_library(error: &tokio_modbus::Error) -> ReadError {
    match error {
        // The library takes what the system said last, which may be any code: never look at it.
        tokio_modbus::Error::Transport(error) if error.kind() == ErrorKind::InvalidData => {
            ReadError::BadAnswer(error.to_string())
        }
        tokio_modbus::Error::Transport(error) => ReadError::Closed(error.to_string()),
        tokio_modbus::Error::Protocol(error) => ReadError::BadAnswer(error.to_string()),
    }
}
