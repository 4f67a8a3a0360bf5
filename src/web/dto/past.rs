//! The past of a device, on the wire.

use serde::Serialize;

use crate::history::Window;
use crate::model::{self, PointName, standard_point};
use crate::past::{Origin, Part, Told};

use super::Text;

/// What some points of a device did in the windows of a span.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Past {
    device: String,
    /// Beginnings of the windows, and the end of the last one.
    edges_ms: Vec<i64>,
    points: Vec<Series>,
    /// Where it comes from, in the order of time.
    parts: Vec<PartOfPast>,
}

/// One point. The lists have a place for each window; where nothing was measured it is `null`.
#[derive(Debug, Serialize)]
struct Series {
    name: String,
    label: Text,
    unit: &'static str,
    count: Vec<u64>,
    mean: Vec<Option<f64>>,
    min: Vec<Option<f64>>,
    max: Vec<Option<f64>>,
    last: Vec<Option<f64>>,
    /// Mean over time; each value holds until the next one.
    time_weighted_mean: Vec<Option<f64>>,
    /// What a counter counted; all `null` for what is no counter.
    increase: Vec<Option<f64>>,
}

/// A span and where its numbers come from.
#[derive(Debug, Serialize)]
struct PartOfPast {
    from_ms: i64,
    to_ms: i64,
    /// `here`, `influx` or `nowhere`.
    origin: &'static str,
    /// Name of the InfluxDB.
    sink: Option<String>,
    /// Why nothing could be had.
    problem: Option<String>,
    hint: Option<Text>,
}

impl Past {
    pub(in crate::web) fn of(device: &str, points: &[PointName], told: Told) -> Self {
        let windows = told.series.first().map(Vec::as_slice).unwrap_or_default();
        let starts = windows.iter().map(|window| window.start.ms());
        let edges_ms = starts.chain(windows.last().map(|window| window.end.ms())).collect();
        let series = points
            .iter()
            .zip(&told.series)
            .map(|(name, windows)| Series::of(name.as_str(), windows));
        Self {
            device: device.to_owned(),
            edges_ms,
            points: series.collect(),
            parts: told.parts.into_iter().map(PartOfPast::from).collect(),
        }
    }
}

impl Series {
    fn of(name: &str, windows: &[Window]) -> Self {
        let (label, unit) = match standard_point(name) {
            Some(point) => (point.label, point.unit),
            None => (model::Text::same(name.trim_start_matches("vendor_")), ""),
        };
        let all = |pick: fn(&Window) -> Option<f64>| windows.iter().map(pick).collect();
        Self {
            name: name.to_owned(),
            label: label.into(),
            unit,
            count: windows.iter().map(|window| window.count).collect(),
            mean: all(|window| window.mean),
            min: all(|window| window.min),
            max: all(|window| window.max),
            last: all(|window| window.last.map(|(_, value)| value)),
            time_weighted_mean: all(|window| window.time_weighted_mean),
            increase: all(|window| window.increase),
        }
    }
}

impl From<Part> for PartOfPast {
    fn from(part: Part) -> Self {
        let (from_ms, to_ms) = (part.from.ms(), part.to.ms());
        let (origin, sink, error) = match part.origin {
            Origin::Here => ("here", None, None),
            Origin::Influx(name) => ("influx", Some(name), None),
            Origin::Nowhere(error) => ("nowhere", None, error),
        };
        let hint = error.as_ref().map(|error| error.hint().into());
        let problem = error.map(|error| error.to_string());
        Self { from_ms, to_ms, origin, sink, problem, hint }
    }
}
