//! A store in memory, and the same readings as line protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Write;
use std::ops::ControlFlow;

use hallwatch::query::{FieldType, Scan, Series, Store, Value, Visit};

/// Readings of one series by their time.
type Readings = BTreeMap<i64, BTreeMap<String, Value>>;
/// Measurement and tags of a series.
type Key = (String, Vec<(String, String)>);

#[derive(Debug, Default)]
pub(crate) struct Memory {
    series: BTreeMap<Key, Readings>,
}

impl Memory {
    pub(crate) fn put(
        &mut self,
        measurement: &str,
        tags: &[(&str, &str)],
        ms: i64,
        fields: &[(&str, Value)],
    ) {
        let mut tags: Vec<(String, String)> =
            tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        tags.sort();
        let series = self.series.entry((measurement.to_owned(), tags)).or_default();
        let reading = series.entry(ms).or_default();
        reading.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), *value)));
    }

    pub(crate) fn line_protocol(&self) -> String {
        let mut lines = String::new();
        for ((measurement, tags), readings) in &self.series {
            for (ms, fields) in readings {
                lines.push_str(measurement);
                for (key, value) in tags {
                    write!(lines, ",{key}={}", value.replace(' ', "\\ ")).unwrap();
                }
                for (at, (name, value)) in fields.iter().enumerate() {
                    lines.push(if at == 0 { ' ' } else { ',' });
                    match value {
                        Value::Float(number) => write!(lines, "{name}={number}").unwrap(),
                        Value::Integer(number) => write!(lines, "{name}={number}i").unwrap(),
                        Value::Boolean(yes) => write!(lines, "{name}={yes}").unwrap(),
                    }
                }
                writeln!(lines, " {ms}").unwrap();
            }
        }
        lines
    }

    fn of<'a>(
        &'a self,
        measurement: &'a str,
    ) -> impl Iterator<Item = (usize, &'a Key, &'a Readings)> {
        let all = self.series.iter().enumerate();
        all.filter(move |(_, (key, _))| key.0 == measurement)
            .map(|(id, (key, rows))| (id, key, rows))
    }
}

impl Store for Memory {
    type Error = Infallible;

    fn database(&self) -> &'static str {
        "hall"
    }

    fn measurements(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.series.keys().map(|key| &key.0).collect();
        names.into_iter().cloned().collect()
    }

    fn series(&self, measurement: &str) -> Vec<Series> {
        self.of(measurement).map(|(id, key, _)| Series { id, tags: key.1.clone() }).collect()
    }

    fn fields(&self, measurement: &str) -> Result<Vec<(String, FieldType)>, Infallible> {
        let readings = self.of(measurement).flat_map(|(_, _, readings)| readings.values());
        let fields = readings.flatten().map(|(name, value)| (name.clone(), value.kind()));
        Ok(fields.collect::<BTreeMap<_, _>>().into_iter().collect())
    }

    fn span_ms(&self) -> Option<(i64, i64)> {
        let all = self.series.values();
        let first = all.clone().filter_map(|rows| rows.keys().next()).min()?;
        Some((*first, *all.filter_map(|rows| rows.keys().next_back()).max()?))
    }

    fn scan(&self, scan: &Scan<'_>, visit: &mut Visit<'_>) -> Result<(), Infallible> {
        let readings = self.series.values().nth(scan.series).unwrap();
        for (ms, fields) in readings.range(scan.from_ms..scan.to_ms) {
            let values: Vec<_> = scan.fields.iter().map(|name| fields.get(name).copied()).collect();
            if values.iter().any(Option::is_some) && visit(*ms, &values) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}
