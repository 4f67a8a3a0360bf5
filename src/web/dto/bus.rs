//! The lines and their units on the wire: what the bus doctor says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::source::modbus::{
    BOUNDS_MS, Finding as Found, Histogram, LineMonitor, Monitor, UnitFigures, Weight, findings,
};
use crate::web::words;

use super::Text;

/// All lines, those with trouble first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Buses {
    /// When this was so.
    pub now_ms: i64,
    /// How many lines there are, shown or not.
    pub total: usize,
    /// Upper bounds of the classes of all histograms; a last class has none.
    pub bounds_ms: Vec<u32>,
    /// The lines.
    pub buses: Vec<Bus>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bus {
    /// Id in the configuration, or its address.
    pub name: String,
    /// `tcp`, `rtu_over_tcp`, `tls`, `serial` or `listen`.
    pub transport: String,
    /// Since when it is watched; counts are since then.
    pub watched_ms: u64,
    /// Share of the last minute in which it waited for answers, 0 to 1.
    pub utilisation: f64,
    /// Time in which it waited for answers.
    pub busy_ms: u64,
    /// Connections made.
    pub connects: u64,
    /// Connections that could not be made.
    pub connect_failures: u64,
    /// Awaited answers with a wrong checksum.
    pub crc_errors: u64,
    /// Bytes that were no frame.
    pub noise_bytes: u64,
    /// Our own questions, sent back.
    pub echoes: u64,
    /// Answers after their deadline.
    pub late_answers: u64,
    /// Frames of another master.
    pub foreign_frames: u64,
    /// By how much cycles began late.
    pub lateness: Durations,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// Its units.
    pub units: Vec<BusUnit>,
}

/// One unit on a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BusUnit {
    /// Its number.
    pub unit: u8,
    /// The devices that are read from it.
    pub devices: Vec<String>,
    /// Questions asked.
    pub questions: u64,
    /// Answers with data.
    pub answers: u64,
    /// Questions since the last answer.
    pub unanswered: u64,
    /// Deadlines that passed in silence.
    pub timeouts: u64,
    /// Refusals.
    pub exceptions: Vec<Exceptions>,
    /// Answers that did not fit.
    pub bad_answers: u64,
    /// Connections closed instead of an answer.
    pub closed: u64,
    /// How long answers took.
    pub latency: Durations,
}

/// Refusals of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exceptions {
    /// Modbus exception code.
    pub code: u8,
    /// How often.
    pub count: u64,
    /// What the code means.
    pub text: Text,
}

/// A histogram of durations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    /// One count a class, and one for what took longer.
    pub counts: Vec<u64>,
    /// How many.
    pub total: u64,
    /// Half of them took no longer than this.
    pub p50_ms: Option<u64>,
    /// 95 of a hundred took no longer than this.
    pub p95_ms: Option<u64>,
    /// The longest.
    pub max_ms: Option<u64>,
}

/// What is wrong with a line or a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `note`, `warning` or `trouble`.
    pub weight: String,
    /// The unit; none for the line.
    pub unit: Option<u8>,
    /// What it is.
    pub text: Text,
}

impl Buses {
    /// The lines as they are now, `limit` at most.
    #[must_use]
    pub fn of(monitor: &Monitor, limit: usize, now: Timestamp) -> Self {
        let mut devices: BTreeMap<String, BTreeMap<u8, Vec<String>>> = BTreeMap::new();
        for (id, view) in monitor.devices() {
            let of_line = devices.entry(view.line().to_owned()).or_default();
            of_line.entry(view.unit()).or_default().push(id.to_string());
        }
        let none = BTreeMap::new();
        let lines = monitor.lines();
        let total = lines.len();
        let judged = |line: &std::sync::Arc<LineMonitor>| {
            Bus::of(line, devices.get(line.name()).unwrap_or(&none))
        };
        let mut buses: Vec<(Trouble, Bus)> = lines.iter().map(judged).collect();
        buses.sort_by(|(a, left), (b, right)| b.cmp(a).then_with(|| left.name.cmp(&right.name)));
        buses.truncate(limit);
        let buses = buses.into_iter().map(|(_, bus)| bus).collect();
        Self { now_ms: now.ms(), total, bounds_ms: BOUNDS_MS.to_vec(), buses }
    }
}

/// The worst finding, and how many there are.
type Trouble = (Option<Weight>, usize);

impl Bus {
    fn of(line: &LineMonitor, devices: &BTreeMap<u8, Vec<String>>) -> (Trouble, Self) {
        let figures = line.figures();
        let found = findings(&figures, devices);
        let trouble = (found.first().map(|finding| finding.weight), found.len());
        let mut units = figures.units.clone();
        for unit in devices.keys() {
            units.entry(*unit).or_default();
        }
        let unit = |(unit, figures): (u8, Box<UnitFigures>)| {
            BusUnit::of(unit, devices.get(&unit).cloned().unwrap_or_default(), &figures)
        };
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let bus = Self {
            name: line.name().to_owned(),
            transport: line.transport().to_owned(),
            watched_ms: ms(figures.watched()),
            utilisation: (figures.utilisation() * 1000.0).round() / 1000.0,
            busy_ms: ms(figures.busy()),
            connects: figures.connects,
            connect_failures: figures.connect_failures,
            crc_errors: figures.strays.crc_errors,
            noise_bytes: figures.strays.noise_bytes,
            echoes: figures.strays.echoes,
            late_answers: figures.strays.late_answers,
            foreign_frames: figures.strays.foreign_frames,
            lateness: Durations::from(&figures.lateness),
            findings: found.into_iter().map(Finding::from).collect(),
            units: units.into_iter().map(unit).collect(),
        };
        (trouble, bus)
    }
}

impl BusUnit {
    fn of(unit: u8, devices: Vec<String>, figures: &UnitFigures) -> Self {
        let exception = |(code, count): (&u8, &u64)| Exceptions {
            code: *code,
            count: *count,
            text: words::exception(*code).into(),
        };
        Self {
            unit,
            devices,
            questions: figures.questions,
            answers: figures.answers,
            unanswered: figures.unanswered,
            timeouts: figures.timeouts,
            exceptions: figures.exceptions.iter().map(exception).collect(),
            bad_answers: figures.bad_answers,
            closed: figures.closed,
            latency: Durations::from(&figures.latency),
        }
    }
}

impl From<&Histogram> for Durations {
    fn from(histogram: &Histogram) -> Self {
        let total = histogram.total();
        Self {
            counts: histogram.counts.to_vec(),
            total,
            p50_ms: histogram.quantile_ms(0.5),
            p95_ms: histogram.quantile_ms(0.95),
            max_ms: (total > 0).then(|| histogram.max_us.div_ceil(1000)),
        }
    }
}

impl From<Found> for Finding {
    fn from(found: Found) -> Self {
        let Found { weight, unit, text } = found;
        Self { weight: weight.as_str().to_owned(), unit, text: text.into() }
    }
}
