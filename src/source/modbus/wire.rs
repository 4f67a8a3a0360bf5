//! One bus, one question at a time, and never a wrong answer.
//!
//! `tokio-modbus` writes the questions and reads the answers; it has no deadline of its own, takes
//! a late answer for the next one on RTU, and hands back answers of the wrong length. So every
//! call has a deadline, only the frame that fits passes the [gate](super::gate), and after any
//! timeout or error that is not a Modbus exception the connection is dropped, or on a serial line
//! everything that is still on the line. The library's context lives for one question: nothing in
//! it survives, and its buffers, 16 kB, are not kept for thousands of idle connections.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_modbus::client::{Client, Context, rtu, tcp};
use tokio_modbus::prelude::ReadCode;
use tokio_modbus::{Request, Response, Slave};

use crate::model::LinkFault;
use crate::profile::{BusRules, Function};

use super::config::{Framing, Transport};
use super::error::ReadError;
use super::frames::{IDENTIFICATION, Shape};
use super::gate::{Gate, Port};
use super::ledger::Ledger;
use super::monitor::{Exchange, LineMonitor, Outcome};
use super::stream::{Opener, Stream};

/// A unit that did not answer in time is not asked again on a serial line for this many of its
/// deadlines, counted from the question: its answer may still come.
const REST_DEADLINES: u32 = 4;
/// After that rest, data of the shape that it owes is not believed for this many deadlines more.
const OWED_DEADLINES: u32 = 16;
/// Longest wait for a serial line to fall silent.
const DRAIN_MAX: Duration = Duration::from_millis(500);
/// A logger that dialled in is not hung up on for a unit that does not answer, because only it can
/// dial again; but after so many questions in a row the connection itself is dead.
const SILENCES_MAX: u32 = 4;
/// Rounds of an identification; the standard needs one to three.
const IDENTIFICATION_ROUNDS_MAX: usize = 8;

/// What a device says of itself: object number and text.
pub type Identification = Vec<(u8, String)>;

/// One bus. Connections are made when they are needed.
pub struct Wire {
    opener: Opener,
    port: Option<Port>,
    /// Number of the last question. It goes on over connections, so that no late answer of an
    /// older one carries the number of the present question.
    transaction: u16,
    /// Debts outlive connections: a serial server may hand the late answer to the next one.
    ledger: Ledger,
    /// No question before this moment.
    quiet_until: Instant,
    /// Questions without any answer, one after the other.
    silences: u32,
    monitor: Arc<LineMonitor>,
}

impl Wire {
    /// A bus that has not been opened yet.
    #[must_use]
    pub fn new(transport: Transport, monitor: Arc<LineMonitor>) -> Self {
        Self::with(Opener::new(transport), monitor)
    }

    /// A bus that behaves as over `transport`, on streams that `maker` gives: in memory, for tests.
    #[must_use]
    pub fn over<S>(
        transport: Transport,
        mut maker: impl FnMut() -> Option<S> + Send + 'static,
        monitor: Arc<LineMonitor>,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug + 'static,
    {
        let boxed = move || maker().map(|stream| Box::new(stream) as Box<dyn Stream>);
        Self::with(Opener::over(transport, Box::new(boxed)), monitor)
    }

    fn with(opener: Opener, monitor: Arc<LineMonitor>) -> Self {
        Self {
            opener,
            port: None,
            transaction: 0,
            ledger: Ledger::default(),
            quiet_until: Instant::now(),
            silences: 0,
            monitor,
        }
    }

    /// Throws the connection away; the next read makes a new one.
    pub fn drop_connection(&mut self) {
        if let Some(port) = self.port.take() {
            self.ledger = std::mem::take(&mut port.gate().ledger);
            self.note_strays(&port);
        }
    }

    /// When a unit may be asked again whose late answer may still come.
    pub fn rests_until(&self, unit: u8) -> Option<Instant> {
        match &self.port {
            Some(port) => port.gate().ledger.rests_until(unit),
            None => self.ledger.rests_until(unit),
        }
    }

    /// Reads `count` registers of `unit`. What is longer than one read may be is read in parts; a
    /// value that changed meanwhile is refused.
    ///
    /// # Errors
    /// [`ReadError`]; nothing is ever made up.
    pub async fn read(
        &mut self,
        unit: u8,
        function: Function,
        start: u16,
        count: u16,
        bus: &BusRules,
    ) -> Result<Vec<u16>, ReadError> {
        let most = bus.registers_per_read_max.max(1);
        if count <= most {
            return self.read_once(unit, function, start, count, bus).await;
        }
        let mut words = Vec::with_capacity(usize::from(count));
        let mut first = Vec::new();
        for from in (0..count).step_by(usize::from(most)) {
            let part = most.min(count - from);
            let read = self.read_once(unit, function, start.wrapping_add(from), part, bus).await?;
            if from == 0 {
                first.clone_from(&read);
            }
            words.extend(read);
        }
        let again = self.read_once(unit, function, start, most, bus).await?;
        if again != first {
            return Err(ReadError::BadAnswer(format!(
                "register {start} changed while its value was read in parts"
            )));
        }
        Ok(words)
    }

    async fn read_once(
        &mut self,
        unit: u8,
        function: Function,
        start: u16,
        count: u16,
        bus: &BusRules,
    ) -> Result<Vec<u16>, ReadError> {
        self.clear_debts(unit, function, start, count, bus).await?;
        self.registers(unit, function, start, count, bus).await
    }

    /// A unit that owes an answer of this shape is asked something of another shape first: when
    /// that is answered, the old question never will be.
    async fn clear_debts(
        &mut self,
        unit: u8,
        function: Function,
        start: u16,
        count: u16,
        bus: &BusRules,
    ) -> Result<(), ReadError> {
        let shape = Shape { unit, function: code(function), registers: count };
        let unlike = {
            let unlike = |ledger: &Ledger| ledger.owes(shape).then(|| ledger.unlike(shape));
            match &self.port {
                Some(port) => unlike(&port.gate().ledger),
                None => unlike(&self.ledger),
            }
        };
        let Some(unlike) = unlike else { return Ok(()) };
        let Some(other) = unlike else {
            return Err(ReadError::Timeout(bus.timeout_ms));
        };
        let from = start.min(u16::MAX - other);
        match self.registers(unit, function, from, other, bus).await {
            // A refusal is an answer as well: the rest of the unit is over, see the ledger.
            Ok(_) | Err(ReadError::Exception(_)) => {
                if let Some(port) = &self.port {
                    port.gate().ledger.forgive(unit);
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// One question for registers.
    async fn registers(
        &mut self,
        unit: u8,
        function: Function,
        start: u16,
        count: u16,
        bus: &BusRules,
    ) -> Result<Vec<u16>, ReadError> {
        let request = match function {
            Function::Holding => Request::ReadHoldingRegisters(start, count),
            Function::Input => Request::ReadInputRegisters(start, count),
        };
        let shape = Shape { unit, function: code(function), registers: count };
        let asked = Asked { shape, start };
        let words = match self.ask(asked, request, bus).await? {
            Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words) => words,
            other => return Err(self.misfit(format!("answer to another question: {other:?}"))),
        };
        if words.len() != usize::from(count) {
            let got = words.len();
            return Err(self.misfit(format!("asked for {count} registers from {start}, got {got}")));
        }
        Ok(words)
    }

    /// Asks a device what it is (function 43, MEI 14): vendor, product, revision and more.
    ///
    /// # Errors
    /// [`ReadError`]; most devices refuse with exception 1.
    pub async fn identify(
        &mut self,
        unit: u8,
        bus: &BusRules,
    ) -> Result<Identification, ReadError> {
        let mut all = Identification::new();
        let mut next = 0;
        for _ in 0..IDENTIFICATION_ROUNDS_MAX {
            let request = Request::ReadDeviceIdentification(ReadCode::Regular, next);
            let shape = Shape { unit, function: IDENTIFICATION, registers: 0 };
            let asked = Asked { shape, start: u16::from(next) };
            let answer = match self.ask(asked, request, bus).await? {
                Response::ReadDeviceIdentification(answer) => answer,
                other => return Err(self.misfit(format!("no identification: {other:?}"))),
            };
            let objects = answer.device_id_objects.iter();
            all.extend(objects.map(|object| {
                let text = String::from_utf8_lossy(&object.value);
                (object.id, text.trim_matches(['\0', ' ']).to_owned())
            }));
            if !answer.more_follows || answer.next_object_id <= next {
                break;
            }
            next = answer.next_object_id;
        }
        Ok(all)
    }

    fn misfit(&mut self, detail: String) -> ReadError {
        self.drop_connection();
        ReadError::BadAnswer(detail)
    }

    /// Asks once; a connection that the peer had closed while it was idle is made anew.
    async fn ask(
        &mut self,
        asked: Asked,
        request: Request<'static>,
        bus: &BusRules,
    ) -> Result<Response, ReadError> {
        let used_before = self.port.is_some();
        match self.ask_once(asked, request.clone(), bus).await {
            Err(ReadError::Closed(_)) if used_before => self.ask_once(asked, request, bus).await,
            answer => answer,
        }
    }

    async fn ask_once(
        &mut self,
        asked: Asked,
        request: Request<'static>,
        bus: &BusRules,
    ) -> Result<Response, ReadError> {
        let port = self.ready(bus).await?;
        sleep_until(self.quiet_until).await;
        self.wait_for_others(&port, bus).await?;
        self.transaction = self.transaction.wrapping_add(1);
        let mut context = self.new_context(&port, Slave(asked.shape.unit));
        port.gate().ask(asked.shape, self.transaction);
        let begun = Instant::now();
        let before = port.gate().strays;
        let deadline = Duration::from_millis(u64::from(bus.timeout_ms));
        let answer = timeout(deadline, context.call(request)).await;
        let took = begun.elapsed();
        let gap = Duration::from_millis(u64::from(bus.gap_ms)).max(self.opener.frame_gap());
        self.quiet_until = Instant::now() + gap;
        let answer = match answer {
            Ok(Ok(Ok(response))) => Ok(response),
            Ok(Ok(Err(exception))) => Err(ReadError::Exception(u8::from(exception))),
            Ok(Err(error)) => Err(of_library(&error)),
            Err(_) => Err(self.no_answer(&port, before.frames(), bus)),
        };
        self.report(asked, &answer, took, &port);
        self.silences = match &answer {
            Err(ReadError::Timeout(_)) => self.silences.saturating_add(1),
            _ => 0,
        };
        if let Err(error) = &answer
            && !matches!(error, ReadError::Exception(_))
        {
            self.after_trouble(asked, error, &port, bus).await;
        }
        answer
    }

    /// The open port; what came while nobody asked is looked at first.
    async fn ready(&mut self, bus: &BusRules) -> Result<Port, ReadError> {
        if let Some(port) = self.port.clone() {
            if port.look().await.is_ok() && !port.gate().ended() {
                return Ok(port);
            }
            self.drop_connection();
        }
        // Rare, and half as large as all the rest of a poller's future, which lives for ever.
        let opened = Box::pin(self.opener.open()).await;
        self.monitor.connected(opened.is_ok());
        let stream = opened?;
        let framing = self.opener.transport().framing();
        let ledger = std::mem::take(&mut self.ledger);
        let port = Port::new(Gate::new(stream, framing, self.opener.silence(), ledger));
        let pause = Duration::from_millis(u64::from(bus.pause_after_connect_ms));
        self.quiet_until = Instant::now() + pause;
        self.port = Some(port.clone());
        Ok(port)
    }

    /// A serial line is asked when it is silent and no other master waits for an answer on it.
    async fn wait_for_others(&mut self, port: &Port, bus: &BusRules) -> Result<(), ReadError> {
        if self.opener.transport().framing() == Framing::Tcp {
            return Ok(());
        }
        let closed = |error: std::io::Error| ReadError::Closed(error.to_string());
        port.look().await.map_err(closed)?;
        if port.gate().repeats() {
            port.drain(self.opener.silence(), DRAIN_MAX).await.map_err(closed)?;
        }
        let patience = Duration::from_millis(u64::from(bus.timeout_ms));
        let end = Instant::now() + 2 * patience;
        loop {
            let since = port.gate().foreign_since();
            match since {
                Some(since) if since.elapsed() < patience && Instant::now() < end => {
                    port.drain(self.opener.silence(), patience).await.map_err(closed)?;
                    // Nobody answers the other master on a line that is gone.
                    if port.gate().ended() {
                        return Err(ReadError::Closed("the line has ended".to_owned()));
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn new_context(&self, port: &Port, unit: Slave) -> Context {
        match self.opener.transport().framing() {
            Framing::Tcp => tcp::attach_slave(port.clone(), unit),
            Framing::Rtu => rtu::attach_slave(port.clone(), unit),
        }
    }

    /// The deadline passed: silence, or frames that were not the answer.
    fn no_answer(&self, port: &Port, frames_before: u64, bus: &BusRules) -> ReadError {
        let strays = port.gate().strays;
        match strays.frames() - frames_before {
            0 => ReadError::Timeout(bus.timeout_ms),
            n => ReadError::BadAnswer(format!(
                "{n} frames in {} ms, none of them the answer",
                bus.timeout_ms
            )),
        }
    }

    /// After trouble the connection is dropped; a serial port stays, and so
    /// does a logger that dialled in, and both are drained. What the unit may still say is written down.
    async fn after_trouble(
        &mut self,
        asked: Asked,
        error: &ReadError,
        port: &Port,
        bus: &BusRules,
    ) {
        port.gate().close();
        let dialled = matches!(self.opener.transport(), Transport::DialIn(_));
        let rtu = self.opener.transport().framing() == Framing::Rtu;
        let silent = matches!(error, ReadError::Timeout(_) | ReadError::BadAnswer(_));
        if silent {
            let deadline = Duration::from_millis(u64::from(bus.timeout_ms));
            let deadlines = match error {
                _ if !rtu && !dialled => 0,
                // The deadline itself has passed already.
                ReadError::Timeout(_) => REST_DEADLINES - 1,
                // Something came, broken or unfit: hardly anything will follow.
                _ => 1,
            };
            let rest = deadline * deadlines;
            port.gate().ledger.owe(asked.shape, rest, deadline * OWED_DEADLINES);
        }
        // What does not fit on a stream of Modbus TCP leaves no way to find the next frame.
        let in_step = rtu || matches!(error, ReadError::Timeout(_));
        let serial = matches!(self.opener.transport(), Transport::Serial(_));
        let stays = silent && (serial || dialled && in_step && self.silences < SILENCES_MAX);
        if stays && port.drain(self.opener.silence(), DRAIN_MAX).await.is_ok() {
            self.note_strays(port);
        } else {
            self.drop_connection();
        }
        self.quiet_until = self.quiet_until.max(Instant::now() + self.opener.frame_gap());
    }

    fn note_strays(&self, port: &Port) {
        let strays = std::mem::take(&mut port.gate().strays);
        self.monitor.strays(strays);
    }

    fn report(
        &self,
        asked: Asked,
        answer: &Result<Response, ReadError>,
        took: Duration,
        port: &Port,
    ) {
        self.note_strays(port);
        let Asked { shape, start } = asked;
        let outcome = match answer {
            Ok(Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words)) => {
                Outcome::Words(words)
            }
            Ok(_) => Outcome::Other,
            Err(ReadError::Exception(code)) => Outcome::Exception(*code),
            Err(ReadError::Timeout(_)) => Outcome::Silence,
            Err(ReadError::Closed(_)) => Outcome::Closed,
            Err(_) => Outcome::Garbage,
        };
        self.monitor
            .exchanged(&Exchange { shape, start, took, outcome }, || port.gate().heard.clone());
    }
}

/// What was asked.
#[derive(Debug, Clone, Copy)]
struct Asked {
    shape: Shape,
    start: u16,
}

const fn code(function: Function) -> u8 {
    match function {
        Function::Holding => 3,
        Function::Input => 4,
    }
}

fn of_library(error: &tokio_modbus::Error) -> ReadError {
    match error {
        // TLS 1.3 refuses our certificate only after the first question.
        tokio_modbus::Error::Transport(error)
            if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) =>
        {
            ReadError::Connect { fault: LinkFault::Tls, detail: error.to_string() }
        }
        // The library takes what the system said last, which may be any code: never look at it.
        tokio_modbus::Error::Transport(error) if error.kind() == ErrorKind::InvalidData => {
            ReadError::BadAnswer(error.to_string())
        }
        tokio_modbus::Error::Transport(error) => ReadError::Closed(error.to_string()),
        tokio_modbus::Error::Protocol(error) => ReadError::BadAnswer(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
