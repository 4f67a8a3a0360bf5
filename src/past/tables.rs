//! The history as the measurements, tags and fields that InfluxDB has of it: the same questions bring
//! the same answers here and there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::history::{History, HistoryError};
use crate::influx::{Form, field_of, form_of, measurement_of, tags_of_device};
use crate::model::{Device, DeviceId, Timestamp};
use crate::query::{
    Answer, Asked, FieldType, QueryError, Scan, Series, Store, Value, Visit, answer,
};

/// Name of the database, as in the examples for InfluxDB.
const DATABASE: &str = "hall";
/// The fields of a measurement are looked up again after this.
const FIELDS_KNOWN: Duration = Duration::from_secs(60);
/// Readings between two looks at whether anybody still waits.
const ROWS_PER_LOOK: u32 = 4096;
/// Numbers beyond this are no codes of an enumeration.
const CODE_MAX: f64 = 1e15;

/// A device as a series.
#[derive(Debug, Clone)]
struct Known {
    device: DeviceId,
    measurement: &'static str,
    /// Sorted by key.
    tags: Vec<(String, String)>,
}

/// Point and type of each field.
type Fields = BTreeMap<String, (String, FieldType)>;

/// The fields of measurements, and when they were looked up.
type LookedUp = BTreeMap<String, (Instant, Arc<Fields>)>;

/// The history, asked in InfluxQL. Clones share what they know of it.
#[derive(Clone)]
pub struct Tables {
    history: History,
    clock: SharedClock,
    site: Arc<str>,
    known: Arc<[Known]>,
    fields: Arc<Mutex<LookedUp>>,
}

impl Tables {
    /// The readings of these devices of a building, whose id is `site`.
    #[must_use]
    pub fn new(history: History, clock: SharedClock, site: &str, devices: &[Arc<Device>]) -> Self {
        let known = |device: &Arc<Device>| Known {
            device: device.id.clone(),
            measurement: measurement_of(Some(device.kind)),
            tags: sorted(tags_of_device(site, device)),
        };
        let known = devices.iter().map(known).collect();
        Self { history, clock, site: Arc::from(site), known, fields: Arc::default() }
    }

    /// Answers a query, on a thread that may block. It ends soon after nobody waits any more.
    ///
    /// # Errors
    /// [`QueryError`]: the query is not understood. What is wrong with one statement is in the answer.
    pub async fn ask(&self, text: String, database: Option<String>) -> Result<Answer, QueryError> {
        let stop = CancellationToken::new();
        let stop_with_us = stop.clone().drop_guard();
        let tables = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let now_ns = tables.clock.now().ms().saturating_mul(1_000_000);
            let view = View::of(&tables, stop)?;
            answer(&view, &text, Asked { database: database.as_deref(), now_ns })
        });
        let answered = task.await;
        drop(stop_with_us);
        answered.unwrap_or_else(|_| Err(QueryError::Store("broken off".to_owned())))
    }

    fn look_up(&self, measurement: &str, devices: &[Known]) -> Result<Arc<Fields>, HistoryError> {
        let known = |fields: &LookedUp| {
            let (at, fields) = fields.get(measurement)?;
            (at.elapsed() < FIELDS_KNOWN).then(|| fields.clone())
        };
        let lock = || self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fields) = known(&lock()) {
            return Ok(fields);
        }
        let mut points = BTreeSet::new();
        for device in devices.iter().filter(|device| device.measurement == measurement) {
            points.extend(self.history.points_blocking(&device.device)?);
        }
        // Of codes a database has how many they are.
        let field = |point: String| match point.as_str() {
            "fault" => ("fault_count".to_owned(), (point, FieldType::Float)),
            _ => (field_of(&point), (point.clone(), kind_of(&point))),
        };
        let fields: Arc<Fields> = Arc::new(points.into_iter().map(field).collect());
        lock().insert(measurement.to_owned(), (Instant::now(), fields.clone()));
        Ok(fields)
    }
}

fn sorted(tags: Vec<(&'static str, String)>) -> Vec<(String, String)> {
    let mut tags: Vec<_> = tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    tags.sort();
    tags
}

fn kind_of(point: &str) -> FieldType {
    match form_of(point) {
        Form::Measure => FieldType::Float,
        Form::Word => FieldType::Integer,
        Form::YesNo => FieldType::Boolean,
    }
}

/// A number as the field has it.
fn value_of(kind: FieldType, number: f64) -> Option<Value> {
    match kind {
        FieldType::Float => Some(Value::Float(number)),
        FieldType::Boolean => Some(Value::Boolean(number != 0.0)),
        #[allow(clippy::cast_possible_truncation)] // checked: whole and small
        FieldType::Integer => (number.fract() == 0.0 && number.abs() < CODE_MAX)
            .then_some(Value::Integer(number as i64)),
    }
}

/// What one query sees.
struct View<'a> {
    tables: &'a Tables,
    known: Vec<Known>,
    span: Option<(Timestamp, Timestamp)>,
    stop: CancellationToken,
}

/// Why a query's reading ended.
#[derive(Debug, thiserror::Error)]
enum ViewError {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("nobody waits for the answer any more")]
    Stopped,
}

impl<'a> View<'a> {
    fn of(tables: &'a Tables, stop: CancellationToken) -> Result<Self, QueryError> {
        Self::open(tables, stop).map_err(|error| QueryError::Store(error.to_string()))
    }

    fn open(tables: &'a Tables, stop: CancellationToken) -> Result<Self, HistoryError> {
        let history = &tables.history;
        let mut known = tables.known.to_vec();
        // Those that are no longer configured have their readings all the same.
        for device in history.devices_blocking()? {
            if !tables.known.iter().any(|known| known.device == device) {
                let tags = vec![("device", device.to_string()), ("site", tables.site.to_string())];
                let (measurement, tags) = (measurement_of(None), sorted(tags));
                known.push(Known { device, measurement, tags });
            }
        }
        let mut span = history.span_blocking()?;
        if span.is_none() {
            let since = known.iter().map(|known| history.since_blocking(&known.device));
            let since = since.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().min();
            span = since.map(|since| (since, since));
        }
        let now = tables.clock.now();
        let span = span.map(|(oldest, newest)| (oldest, newest.max(now)));
        Ok(Self { tables, known, span, stop })
    }
}

impl Store for View<'_> {
    type Error = ViewError;

    fn database(&self) -> &str {
        DATABASE
    }

    fn measurements(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.known.iter().map(|known| known.measurement).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn series(&self, measurement: &str) -> Vec<Series> {
        let of =
            self.known.iter().enumerate().filter(|(_, known)| known.measurement == measurement);
        let mut series: Vec<Series> =
            of.map(|(id, known)| Series { id, tags: known.tags.clone() }).collect();
        series.sort_by(|a, b| a.tags.cmp(&b.tags));
        series
    }

    fn fields(&self, measurement: &str) -> Result<Vec<(String, FieldType)>, ViewError> {
        let fields = self.tables.look_up(measurement, &self.known)?;
        Ok(fields.iter().map(|(name, (_, kind))| (name.clone(), *kind)).collect())
    }

    fn span_ms(&self) -> Option<(i64, i64)> {
        self.span.map(|(oldest, newest)| (oldest.ms(), newest.ms()))
    }

    fn scan(&self, scan: &Scan<'_>, visit: &mut Visit<'_>) -> Result<(), ViewError> {
        let Some(known) = self.known.get(scan.series) else { return Ok(()) };
        let fields = self.tables.look_up(scan.measurement, &self.known)?;
        let asked: Vec<Option<&(String, FieldType)>> =
            scan.fields.iter().map(|name| fields.get(name)).collect();
        let points: Vec<&str> = asked.iter().flatten().map(|(point, _)| point.as_str()).collect();
        if points.is_empty() {
            return Ok(());
        }
        let mut rows = Rows { asked, values: Vec::new(), time: None, visit };
        let (mut seen, mut stopped, mut enough) = (0_u32, false, false);
        let mut take = |time: Timestamp, numbers: &[Option<f64>]| {
            seen = seen.wrapping_add(1);
            if seen.is_multiple_of(ROWS_PER_LOOK) && self.stop.is_cancelled() {
                stopped = true;
                return ControlFlow::Break(());
            }
            let wanted = rows.take(time.ms(), numbers);
            enough |= wanted.is_break();
            wanted
        };
        let (from, to) = (Timestamp::from_ms(scan.from_ms), Timestamp::from_ms(scan.to_ms));
        self.tables.history.rows_blocking(&known.device, &points, from, to, &mut take)?;
        if stopped {
            return Err(ViewError::Stopped);
        }
        if !enough {
            rows.end();
        }
        Ok(())
    }
}

/// Readings on their way: those of one time become one row, as a server has them.
struct Rows<'a, 'b> {
    /// What each asked field is; `None` where there is no such field.
    asked: Vec<Option<&'a (String, FieldType)>>,
    values: Vec<Option<Value>>,
    time: Option<i64>,
    visit: &'a mut Visit<'b>,
}

impl Rows<'_, '_> {
    fn take(&mut self, ms: i64, numbers: &[Option<f64>]) -> ControlFlow<()> {
        if self.time != Some(ms) {
            self.show()?;
            self.time = Some(ms);
            self.values.clear();
            self.values.resize(self.asked.len(), None);
        }
        let mut numbers = numbers.iter();
        for (asked, value) in self.asked.iter().zip(&mut self.values) {
            let Some((_, kind)) = asked else { continue };
            let number = numbers.next().copied().flatten();
            // What came later stands; what it does not name stays.
            *value = number.and_then(|number| value_of(*kind, number)).or(*value);
        }
        ControlFlow::Continue(())
    }

    fn show(&mut self) -> ControlFlow<()> {
        match self.time {
            Some(ms) if self.values.iter().any(Option::is_some) => (self.visit)(ms, &self.values),
            _ => ControlFlow::Continue(()),
        }
    }

    fn end(mut self) {
        // The last one: whether more is wanted does not matter.
        let (ControlFlow::Continue(()) | ControlFlow::Break(())) = self.show();
    }
}
