//! The gate between a stream and `tokio-modbus`: only the awaited answer passes.
//!
//! The library takes whatever comes next for the answer and sees no late, foreign or broken
//! frames. The gate looks at every byte first, lets the one frame through that fits the question,
//! and counts the rest.

use std::borrow::Cow;
use std::io::{Error, ErrorKind, Result as IoResult};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::config::Framing;
use super::frames::{Question, REFUSAL, RtuScanner, Scanner, Seen, Shape, TcpScanner};
use super::ledger::Ledger;
use super::stream::Stream;

/// Bytes of an answer that are kept for those who look at the traffic.
const HEARD_MAX: usize = 600;

/// What was on the line besides answers, since it was asked last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Strays {
    /// Bytes that were no frame.
    pub(super) noise_bytes: u64,
    /// Awaited answers with a wrong checksum.
    pub(super) bad_checksums: u64,
    /// Our own questions, sent back.
    pub(super) echoes: u64,
    /// Answers after their deadline.
    pub(super) late: u64,
    /// Answers that nobody here waits for.
    pub(super) foreign_answers: u64,
    /// Questions of another master.
    pub(super) foreign_questions: u64,
}

impl Strays {
    /// Frames that came instead of the answer.
    pub(super) const fn frames(&self) -> u64 {
        self.bad_checksums + self.foreign_answers + self.foreign_questions
    }
}

/// A stream that is watched.
#[derive(Debug)]
pub(super) struct Gate {
    stream: Box<dyn Stream>,
    scanner: Scanner,
    question: Option<Question>,
    /// Number under which the question goes out on Modbus TCP, and the one that the library gave it:
    /// the library begins to count anew with every question.
    transaction: [u8; 2],
    of_library: [u8; 2],
    /// The answer, on its way to the library.
    passing: Vec<u8>,
    trouble: Option<String>,
    /// The answer came with a wrong checksum: after it nothing will come.
    broken: bool,
    ended: bool,
    /// Silence after which incomplete bytes will stay so.
    silence: Duration,
    quiet: Option<Pin<Box<Sleep>>>,
    /// Since the last byte what is incomplete was sorted once more.
    sorted_in_silence: bool,
    /// Another master asked this, and has no answer yet.
    foreign: Option<(Shape, Instant)>,
    /// The shape of the last answer that passed.
    answered: Option<Shape>,
    /// An answer came twice on this line: after each there has to be silence.
    repeats: bool,
    /// What came since the question, for those who look at the traffic.
    pub(super) heard: Vec<u8>,
    pub(super) strays: Strays,
    pub(super) ledger: Ledger,
}

impl Gate {
    pub(super) fn new(
        stream: Box<dyn Stream>,
        framing: Framing,
        silence: Duration,
        ledger: Ledger,
    ) -> Self {
        let scanner = match framing {
            Framing::Rtu => Scanner::Rtu(RtuScanner::default()),
            Framing::Tcp => Scanner::Tcp(TcpScanner::default()),
        };
        Self {
            stream,
            scanner,
            question: None,
            transaction: [0; 2],
            of_library: [0; 2],
            passing: Vec::new(),
            trouble: None,
            broken: false,
            ended: false,
            silence,
            quiet: None,
            sorted_in_silence: false,
            foreign: None,
            answered: None,
            repeats: false,
            heard: Vec::new(),
            strays: Strays::default(),
            ledger,
        }
    }

    /// From now on only the answer to this question passes; its frame is learned as it is sent, on
    /// Modbus TCP under this transaction number.
    pub(super) fn ask(&mut self, shape: Shape, transaction: u16) {
        // What came behind the last answer belongs to nobody, least of all to this question.
        self.question = None;
        self.passing.clear();
        self.sort(true);
        let Shape { unit, function, registers } = shape;
        self.question = Some(Question { unit, function, registers, frame: Vec::new() });
        (self.trouble, self.broken) = (None, false);
        self.transaction = transaction.to_be_bytes();
        self.heard.clear();
    }

    /// Nothing passes any more.
    pub(super) fn close(&mut self) {
        self.question = None;
        self.passing.clear();
        self.quiet = None;
        let left = self.scanner.clear();
        self.strays.noise_bytes += left as u64;
    }

    /// The other end has closed.
    pub(super) const fn ended(&self) -> bool {
        self.ended
    }

    /// Whether somebody on this line says everything twice.
    pub(super) const fn repeats(&self) -> bool {
        self.repeats
    }

    /// Another master waits for an answer on this line.
    pub(super) fn foreign_since(&self) -> Option<Instant> {
        self.foreign.map(|(_, since)| since)
    }

    /// Takes what has come, without waiting. `true` while there was something.
    fn take(&mut self, context: &mut Context<'_>) -> IoResult<bool> {
        let mut bytes = [0; 512];
        let mut read = ReadBuf::new(&mut bytes);
        match Pin::new(&mut self.stream).poll_read(context, &mut read) {
            Poll::Ready(Ok(())) if read.filled().is_empty() => {
                self.ended = true;
                Ok(false)
            }
            Poll::Ready(Ok(())) => {
                let came = read.filled();
                self.scanner.push(came);
                if self.heard.len() < HEARD_MAX {
                    self.heard.extend_from_slice(came);
                }
                (self.quiet, self.sorted_in_silence) = (None, false);
                self.sort(false);
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => {
                self.listen_to_silence(context);
                Ok(false)
            }
        }
    }

    /// After a while without bytes what is incomplete is sorted once more.
    fn listen_to_silence(&mut self, context: &mut Context<'_>) {
        if self.scanner.waiting() == 0 && !self.broken || self.silence.is_zero() {
            return;
        }
        let silence = self.silence;
        if self.sorted_in_silence {
            return;
        }
        let quiet = self.quiet.get_or_insert_with(|| Box::pin(sleep(silence)));
        if quiet.as_mut().poll(context).is_ready() {
            self.sorted_in_silence = true;
            self.sort(true);
            if self.broken && self.question.is_some() && self.trouble.is_none() {
                self.trouble = Some("an answer with a wrong checksum".to_owned());
            }
        }
    }

    /// What the library wants to send next, under our transaction number.
    fn numbered<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let sent = self.question.as_ref().map_or(usize::MAX, |question| question.frame.len());
        if matches!(self.scanner, Scanner::Rtu(_)) || sent >= self.transaction.len() {
            return Cow::Borrowed(bytes);
        }
        let mut bytes = bytes.to_vec();
        let number = self.transaction.iter().zip(&mut self.of_library).skip(sent);
        for (byte, (ours, of_library)) in bytes.iter_mut().zip(number) {
            *of_library = std::mem::replace(byte, *ours);
        }
        Cow::Owned(bytes)
    }

    fn sort(&mut self, quiet: bool) {
        while self.passing.is_empty() && self.trouble.is_none() {
            let Some(seen) = self.scanner.next(self.question.as_ref(), quiet) else { return };
            self.meet(seen);
        }
    }

    fn meet(&mut self, seen: Seen) {
        match seen {
            Seen::Answer(frame) => self.answer(frame),
            Seen::Echo => self.strays.echoes += 1,
            Seen::Noise(bytes) => self.strays.noise_bytes += bytes as u64,
            Seen::BadChecksum(_) => {
                self.strays.bad_checksums += 1;
                self.broken = true;
            }
            Seen::Lost => self.trouble = Some("no Modbus frame".to_owned()),
            Seen::Asked(shape) => {
                self.strays.foreign_questions += 1;
                self.foreign = Some((shape, Instant::now()));
            }
            Seen::Answered(shape) if self.ledger.settle(shape) => self.strays.late += 1,
            Seen::Misfit(shape) if self.ledger.settle(shape) => self.strays.late += 1,
            Seen::Answered(shape) => {
                self.strays.foreign_answers += 1;
                self.repeats |= self.answered == Some(shape);
                self.foreign_answered(shape);
            }
            Seen::Misfit(shape) if self.foreign_answered(shape) => {
                self.strays.foreign_answers += 1;
            }
            Seen::Misfit(shape) => {
                let asked = self.question.as_ref().map_or(0, |question| question.registers);
                let Shape { unit, registers, .. } = shape;
                self.trouble = Some(format!(
                    "asked for {asked} registers, unit {unit} answered with {registers}"
                ));
            }
        }
    }

    fn foreign_answered(&mut self, shape: Shape) -> bool {
        let fits = |(asked, _): &(Shape, Instant)| {
            (asked.unit, asked.function) == (shape.unit, shape.function)
                && (asked.registers == shape.registers || shape.registers == 0)
        };
        let answered = self.foreign.as_ref().is_some_and(fits);
        if answered {
            self.foreign = None;
        }
        answered
    }

    /// The frame fits the question; it passes unless it may be the answer to another one.
    fn answer(&mut self, mut frame: Vec<u8>) {
        let Some(question) = &self.question else { return };
        let shape = question.shape();
        let function_at = if matches!(self.scanner, Scanner::Rtu(_)) { 1 } else { 7 };
        let refused = frame.get(function_at).is_some_and(|function| function & REFUSAL != 0);
        let seen = if refused { Shape { registers: 0, ..shape } } else { shape };
        if self.foreign_answered(seen) {
            self.strays.foreign_answers += 1;
            self.trouble = Some("another master asked the same unit".to_owned());
            return;
        }
        let owed = self.ledger.owes(shape) && !refused
            || refused && self.ledger.may_refuse_late(shape.unit);
        if owed {
            self.ledger.settle(seen);
            self.strays.late += 1;
            return;
        }
        self.question = None;
        self.answered = Some(shape);
        if let (Scanner::Tcp(_), Some(number)) = (&self.scanner, frame.first_chunk_mut()) {
            *number = self.of_library;
        }
        self.passing = frame;
    }
}

/// A handle on a gate. The library owns one and drops it; the gate stays.
#[derive(Debug, Clone)]
pub(super) struct Port(Arc<Mutex<Gate>>);

impl Port {
    pub(super) fn new(gate: Gate) -> Self {
        Self(Arc::new(Mutex::new(gate)))
    }

    pub(super) fn gate(&self) -> MutexGuard<'_, Gate> {
        // No state in here is ever half-changed by a panic that could happen.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what has come while nothing was asked, without waiting.
    pub(super) async fn look(&self) -> IoResult<()> {
        std::future::poll_fn(|context| {
            let mut gate = self.gate();
            loop {
                match gate.take(context) {
                    Ok(true) => {}
                    Ok(false) => return Poll::Ready(Ok(())),
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
        })
        .await
    }

    /// Takes bytes until nothing has come for `silence`, at most for `longest`.
    pub(super) async fn drain(&self, silence: Duration, longest: Duration) -> IoResult<()> {
        let end = Instant::now() + longest;
        loop {
            let more = std::future::poll_fn(|context| {
                let mut gate = self.gate();
                match gate.take(context) {
                    Ok(true) => Poll::Ready(Ok(true)),
                    Ok(false) if gate.ended => Poll::Ready(Ok(false)),
                    Ok(false) => Poll::Pending,
                    Err(error) => Poll::Ready(Err(error)),
                }
            });
            let until = end.min(Instant::now() + silence);
            match tokio::time::timeout_at(until, more).await {
                Ok(Ok(true)) if Instant::now() < end => {}
                Ok(Ok(_)) | Err(_) => return Ok(()),
                Ok(Err(error)) => return Err(error),
            }
        }
    }
}

impl AsyncRead for Port {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<IoResult<()>> {
        let mut gate = self.gate();
        loop {
            if !gate.passing.is_empty() {
                let n = out.remaining().min(gate.passing.len());
                out.put_slice(gate.passing.get(..n).unwrap_or_default());
                gate.passing.drain(..n);
                return Poll::Ready(Ok(()));
            }
            if let Some(trouble) = &gate.trouble {
                return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, trouble.clone())));
            }
            // What came with the answer before may hold more.
            gate.sort(false);
            if !gate.passing.is_empty() || gate.trouble.is_some() {
                continue;
            }
            match gate.take(context) {
                Ok(true) => {}
                Ok(false) if gate.ended => return Poll::Ready(Ok(())),
                Ok(false) if gate.passing.is_empty() && gate.trouble.is_none() => {
                    return Poll::Pending;
                }
                Ok(false) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Port {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<IoResult<usize>> {
        let mut gate = self.gate();
        let bytes = gate.numbered(bytes);
        let written = Pin::new(&mut gate.stream).poll_write(context, &bytes);
        if let (Poll::Ready(Ok(n)), Some(question)) = (&written, &mut gate.question) {
            question.frame.extend_from_slice(bytes.get(..*n).unwrap_or_default());
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<IoResult<()>> {
        Pin::new(&mut self.gate().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<IoResult<()>> {
        Pin::new(&mut self.gate().stream).poll_shutdown(context)
    }
}
