//! One line as others see it.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::Instant;

use super::super::frames::Shape;
use super::super::gate::Strays;
use super::figures::{LineFigures, StrayFigures};
use super::locked;

/// Exchanges that a slow listener may miss before it is told so.
const LISTENED_MAX: usize = 256;

/// One question and what came of it.
#[derive(Debug)]
pub(in super::super) struct Exchange<'a> {
    pub(in super::super) shape: Shape,
    pub(in super::super) start: u16,
    pub(in super::super) took: Duration,
    pub(in super::super) outcome: Outcome<'a>,
}

/// What came of a question.
#[derive(Debug)]
pub(in super::super) enum Outcome<'a> {
    Words(&'a [u16]),
    Other,
    Exception(u8),
    Silence,
    Closed,
    Garbage,
}

/// One exchange, for those who listen to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When the answer, or the deadline, came.
    pub at: Instant,
    /// Unit, function and number of registers of the question.
    pub shape: Shape,
    /// First register.
    pub start: u16,
    /// How long it took.
    pub took: Duration,
    /// What came.
    pub answer: HeardAnswer,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeardAnswer {
    /// Registers.
    Words(Vec<u16>),
    /// A refusal.
    Exception(u8),
    /// Nothing in time.
    Silence,
    /// The peer closed the connection.
    Closed,
    /// Bytes that were not the answer, as they came.
    Garbage(Vec<u8>),
}

/// One line: its figures, and its traffic for those who listen.
#[derive(Debug)]
pub struct LineMonitor {
    name: String,
    transport: &'static str,
    figures: Mutex<LineFigures>,
    /// Made for the first who listens: its room for exchanges takes 8 kB, and ten thousand lines
    /// have no listener at all.
    listeners: OnceLock<broadcast::Sender<Arc<Heard>>>,
}

impl LineMonitor {
    /// A line that has not been asked anything.
    #[must_use]
    pub fn new(name: &str, transport: &'static str) -> Self {
        let figures = Mutex::new(LineFigures::new());
        Self { name: name.to_owned(), transport, figures, listeners: OnceLock::new() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `tcp`, `rtu_over_tcp`, `tls`, `serial` or `listen`.
    #[must_use]
    pub const fn transport(&self) -> &'static str {
        self.transport
    }

    /// Its figures now.
    #[must_use]
    pub fn figures(&self) -> LineFigures {
        locked(&self.figures).clone()
    }

    /// Everything that is asked from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Arc<Heard>> {
        self.listeners.get_or_init(|| broadcast::channel(LISTENED_MAX).0).subscribe()
    }

    pub(in super::super) fn connected(&self, well: bool) {
        let mut figures = locked(&self.figures);
        if well {
            figures.connects += 1;
            figures.unconnected = 0;
        } else {
            figures.connect_failures += 1;
            figures.unconnected += 1;
        }
    }

    pub(in super::super) fn began_late(&self, late: Duration, interval: Duration) {
        locked(&self.figures).began_late(late, interval);
    }

    pub(in super::super) fn strays(&self, new: Strays) {
        if new == Strays::default() {
            return;
        }
        locked(&self.figures).strayed(&StrayFigures {
            noise_bytes: new.noise_bytes,
            crc_errors: new.bad_checksums,
            echoes: new.echoes,
            late_answers: new.late,
            foreign_frames: new.foreign_answers + new.foreign_questions,
        });
    }

    /// `heard` gives the bytes that came, if somebody wants to know.
    pub(in super::super) fn exchanged(
        &self,
        exchange: &Exchange<'_>,
        heard: impl FnOnce() -> Vec<u8>,
    ) {
        {
            let mut figures = locked(&self.figures);
            figures.was_busy(exchange.took);
            let unit = figures.units.entry(exchange.shape.unit).or_default();
            unit.questions += 1;
            unit.unanswered += 1;
            match &exchange.outcome {
                Outcome::Words(_) | Outcome::Other => {
                    unit.unanswered = 0;
                    unit.answers += 1;
                    unit.latency.add(exchange.took);
                }
                Outcome::Exception(code) => {
                    // A gateway says so of a unit that does not answer it.
                    if !matches!(code, 0x0A | 0x0B) {
                        unit.unanswered = 0;
                    }
                    *unit.exceptions.entry(*code).or_default() += 1;
                    unit.latency.add(exchange.took);
                }
                Outcome::Silence => unit.timeouts += 1,
                Outcome::Closed => unit.closed += 1,
                Outcome::Garbage => unit.bad_answers += 1,
            }
        }
        let Some(listeners) = self.listeners.get().filter(|all| all.receiver_count() > 0) else {
            return;
        };
        let answer = match &exchange.outcome {
            Outcome::Words(words) => HeardAnswer::Words(words.to_vec()),
            Outcome::Exception(code) => HeardAnswer::Exception(*code),
            Outcome::Silence => HeardAnswer::Silence,
            Outcome::Closed => HeardAnswer::Closed,
            Outcome::Other | Outcome::Garbage => HeardAnswer::Garbage(heard()),
        };
        let Exchange { shape, start, took, .. } = *exchange;
        // The last listener may have gone meanwhile.
        drop(listeners.send(Arc::new(Heard { at: Instant::now(), shape, start, took, answer })));
    }
}
