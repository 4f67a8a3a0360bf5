//! Asks a database for what it was given: InfluxQL where it is understood (versions 1 and 3), Flux
//! where that is the only language that needs no set-up (version 2).
//!
//! Questions go the way that the lines go. The `influxdb2` crate would drop the path of a proxy, knows no
//! https as built here, and panics where an answer ends early.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::clock::SharedClock;
use crate::model::{Device, DeviceId, Timestamp};

use super::answer::shorten;
use super::client::Client;
use super::config::{Config, Version};
use super::error::InfluxError;
use super::line::{field_of, measurement_of, tag_text};
use super::sink::Sink;

#[cfg(test)]
mod tests;

/// Values that one request may bring, roughly: a day of few points, some hours of many.
const VALUES_PER_REQUEST: i64 = 70_000;
/// Time between two values that is reckoned with.
const STEP_MS: i64 = 5_000;
/// The longest and the shortest span of one request.
const SPAN_MS_MAX: i64 = 24 * 3600 * 1000;
const SPAN_MS_MIN: i64 = 600_000;

/// Numbers of some points, each in the order of time.
pub type Numbers = Vec<Vec<(Timestamp, f64)>>;

/// What a database remembers. Clones ask the same one.
#[derive(Clone)]
pub struct Recall {
    config: Arc<Config>,
    client: Client,
    devices: Arc<[Device]>,
}

impl From<&Sink> for Recall {
    fn from(sink: &Sink) -> Self {
        let (config, client) = (sink.config.clone(), sink.client.clone());
        Self { config, client, devices: sink.devices.clone() }
    }
}

impl Recall {
    /// Asks a database that nothing is sent to from here.
    ///
    /// # Errors
    /// A mistake in the configuration.
    pub fn new(
        config: Config,
        devices: Arc<[Device]>,
        clock: SharedClock,
    ) -> Result<Self, InfluxError> {
        config.check()?;
        let client = Client::new(&config, clock)?;
        Ok(Self { config: Arc::new(config), client, devices })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// How much of the past one request should ask for, in milliseconds.
    #[must_use]
    pub fn span_ms(points: usize) -> i64 {
        let points = i64::try_from(points.max(1)).unwrap_or(i64::MAX);
        (VALUES_PER_REQUEST / points).saturating_mul(STEP_MS).clamp(SPAN_MS_MIN, SPAN_MS_MAX)
    }

    /// It was asked for too much, or does not answer in time.
    #[must_use]
    pub fn too_slow(&self) -> InfluxError {
        let problem = "no answer in time".to_owned();
        InfluxError::Recall { name: self.config.name.clone(), problem }
    }

    /// Every number of some points of a device that the database has in `from <= time < to`. One request:
    /// longer spans go in parts of [`Recall::span_ms`].
    ///
    /// # Errors
    /// [`InfluxError::Recall`]: it does not answer, not to us, or not in this language.
    pub async fn numbers(
        &self,
        device: &DeviceId,
        points: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Numbers, InfluxError> {
        self.ask(&self.question(device, points, from, to), false).await
    }

    /// The last number of a point of a device that the database has before a time.
    ///
    /// # Errors
    /// As [`Recall::numbers`].
    pub async fn last_number(
        &self,
        device: &DeviceId,
        point: &str,
        before: Timestamp,
    ) -> Result<Option<(Timestamp, f64)>, InfluxError> {
        let points = [point.to_owned()];
        let asked = self.question(device, &points, Timestamp::from_ms(0), before);
        let found = self.ask(&asked, true).await?;
        Ok(found.into_iter().flatten().next_back())
    }

    fn question<'a>(
        &'a self,
        device: &'a DeviceId,
        points: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Asked<'a> {
        let kind = self.devices.iter().find(|known| known.id == *device).map(|known| known.kind);
        Asked {
            measurement: measurement_of(kind),
            device: device.as_str(),
            site: &self.config.site,
            fields: points.iter().map(|point| field_of(point)).collect(),
            from,
            to,
        }
    }

    /// Asks it, for the last number only or for all.
    async fn ask(&self, asked: &Asked<'_>, last: bool) -> Result<Numbers, InfluxError> {
        let failed = |problem: String| {
            let name = self.config.name.clone();
            InfluxError::Recall { name, problem: shorten(&problem) }
        };
        match &self.config.version {
            Version::V1 { database, .. } | Version::V3 { database, .. } => {
                let end = if last { " ORDER BY time DESC LIMIT 1" } else { "" };
                let question = format!("{}{end}", asked.influxql());
                let answer = self.client.query(database, &question).await;
                rows(&answer.map_err(failed)?, asked.fields.len()).map_err(failed)
            }
            Version::V2 { org, .. } => {
                let end = if last { " |> last()" } else { "" };
                let body = serde_json::json!({
                    "query": format!("{}{end}", asked.flux(&self.config)),
                    "type": "flux",
                    "dialect": { "annotations": [], "header": true },
                });
                let answer = self.client.flux(org, &body).await.map_err(failed)?;
                tables(&answer, &asked.fields).map_err(failed)
            }
        }
    }
}

/// A question in no language yet.
struct Asked<'a> {
    measurement: &'a str,
    device: &'a str,
    site: &'a str,
    fields: Vec<String>,
    from: Timestamp,
    to: Timestamp,
}

impl Asked<'_> {
    fn influxql(&self) -> String {
        let quote =
            |name: &String| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
        let fields: Vec<String> = self.fields.iter().map(quote).collect();
        let text = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
        format!(
            "SELECT {} FROM \"{}\" WHERE \"device\" = '{}' AND \"site\" = '{}' \
             AND time >= {}ms AND time < {}ms",
            fields.join(", "),
            self.measurement,
            text(self.device),
            text(&tag_text(self.site)),
            self.from.ms(),
            self.to.ms()
        )
    }

    fn flux(&self, config: &Config) -> String {
        let text = |text: &str| {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${");
            format!("\"{text}\"")
        };
        let bucket = match &config.version {
            Version::V2 { bucket, .. } => bucket.as_str(),
            Version::V1 { .. } | Version::V3 { .. } => "",
        };
        let time = |time: Timestamp| {
            jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default().to_string()
        };
        let field = |field: &String| format!("r._field == {}", text(field));
        let fields: Vec<String> = self.fields.iter().map(field).collect();
        format!(
            "from(bucket: {}) |> range(start: {}, stop: {}) |> filter(fn: (r) => \
             r._measurement == {} and r.device == {} and r.site == {} and ({})) \
             |> keep(columns: [\"_time\", \"_field\", \"_value\"])",
            text(bucket),
            time(self.from),
            time(self.to),
            text(self.measurement),
            text(self.device),
            text(&tag_text(self.site)),
            fields.join(" or ")
        )
    }
}

/// The numbers of an answer in InfluxQL's JSON: a time in milliseconds, then the fields in order.
fn rows(answer: &str, fields: usize) -> Result<Numbers, String> {
    let answer: Json = serde_json::from_str(answer).map_err(|error| error.to_string())?;
    let result = answer.pointer("/results/0").ok_or("the answer holds no result")?;
    if let Some(error) = result.get("error").or_else(|| answer.get("error")) {
        return Err(error.as_str().unwrap_or("an error without words").to_owned());
    }
    let mut numbers: Numbers = vec![Vec::new(); fields];
    // A server that cuts its answers says so.
    let cut = |value: &Json| value.get("partial").and_then(Json::as_bool).unwrap_or(false);
    if cut(result) || result.pointer("/series/0").is_some_and(cut) {
        return Err("the answer was cut short: raise max-row-limit".to_owned());
    }
    let Some(rows) = result.pointer("/series/0/values").and_then(Json::as_array) else {
        return Ok(numbers);
    };
    for row in rows {
        let mut row = row.as_array().into_iter().flatten();
        let time = row.next().and_then(Json::as_i64).ok_or("a row has no time")?;
        for (numbers, value) in numbers.iter_mut().zip(row) {
            let number = value.as_f64().or_else(|| value.as_bool().map(|yes| yes.into()));
            numbers.extend(number.map(|number| (Timestamp::from_ms(time), number)));
        }
    }
    Ok(numbers)
}

/// The numbers of an answer in Flux's CSV: tables with a head each, of one type of value each.
fn tables(answer: &str, fields: &[String]) -> Result<Numbers, String> {
    let mut numbers: Numbers = vec![Vec::new(); fields.len()];
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(answer.as_bytes());
    let mut columns: Option<[usize; 3]> = None;
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let place = |name: &str| record.iter().position(|column| column == name);
        if let (Some(time), Some(field), Some(value)) =
            (place("_time"), place("_field"), place("_value"))
        {
            columns = Some([time, field, value]);
            continue;
        }
        if place("error").is_some() {
            return Err("the answer ends in an error".to_owned());
        }
        let Some([time, field, value]) = columns else { continue };
        let (Some(time), Some(field), Some(value)) =
            (record.get(time), record.get(field), record.get(value))
        else {
            continue;
        };
        let time: jiff::Timestamp =
            time.parse().map_err(|_| format!("`{time}` in the answer is no time"))?;
        let value = match value {
            "true" => Some(1.0),
            "false" => Some(0.0),
            number => number.parse().ok(),
        };
        let slot = fields.iter().position(|known| known == field);
        if let (Some(slot), Some(value)) = (slot.and_then(|at| numbers.get_mut(at)), value) {
            slot.push((Timestamp::from_ms(time.as_millisecond()), value));
        }
    }
    for numbers in &mut numbers {
        numbers.sort_by_key(|(time, _)| *time);
    }
    Ok(numbers)
}
