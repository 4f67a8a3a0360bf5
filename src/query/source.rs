//! What a SELECT reads from: a measurement of the store, or the rows of a subquery.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::error::QueryError;
use super::store::{Scan, Series, Store};
use super::time::MS;
use super::value::{Cell, FieldType, Value};

/// Is given readings: time in nanoseconds, and the fields' values.
pub(crate) type Visitor<'a> = dyn FnMut(i64, &[Option<Value>]) -> ControlFlow<()> + 'a;

/// Readings in series.
pub(crate) trait Source {
    fn name(&self) -> &str;
    fn fields(&self) -> &[(String, FieldType)];
    fn series(&self) -> &[Series];
    /// Whether its readings were cut to the range before, so that the beginning of a bucket may lie
    /// before the range.
    fn is_cut(&self) -> bool;
    /// The readings of one series that have one of the fields, both times included.
    fn scan(
        &self,
        series: usize,
        fields: &[String],
        range: (i64, i64),
        visit: &mut Visitor<'_>,
    ) -> Result<(), QueryError>;
}

/// A measurement.
pub(crate) struct Measured<'a, S> {
    store: &'a S,
    name: String,
    fields: Vec<(String, FieldType)>,
    series: Vec<Series>,
}

impl<'a, S: Store> Measured<'a, S> {
    pub(crate) fn new(store: &'a S, name: String) -> Result<Self, QueryError> {
        let (fields, series) = (fields_of(store, &name)?, store.series(&name));
        Ok(Self { store, name, fields, series })
    }
}

/// The fields of a measurement.
pub(crate) fn fields_of<S: Store>(
    store: &S,
    measurement: &str,
) -> Result<Vec<(String, FieldType)>, QueryError> {
    store.fields(measurement).map_err(|error| QueryError::Store(error.to_string()))
}

impl<S: Store> Source for Measured<'_, S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> &[(String, FieldType)] {
        &self.fields
    }

    fn series(&self) -> &[Series] {
        &self.series
    }

    fn is_cut(&self) -> bool {
        false
    }

    fn scan(
        &self,
        series: usize,
        fields: &[String],
        (from, to): (i64, i64),
        visit: &mut Visitor<'_>,
    ) -> Result<(), QueryError> {
        let Some(series) = self.series.get(series) else { return Ok(()) };
        // From the first whole millisecond, until before the one after the last.
        let from_ms = from.div_euclid(MS) + i64::from(from.rem_euclid(MS) > 0);
        let to_ms = to.div_euclid(MS) + 1;
        if from_ms >= to_ms {
            return Ok(());
        }
        let measurement = &self.name;
        let scan = Scan { measurement, series: series.id, fields, from_ms, to_ms };
        self.store
            .scan(&scan, &mut |ms, values| visit(ms.saturating_mul(MS), values))
            .map_err(|error| QueryError::Store(error.to_string()))
    }
}

/// The rows of a subquery.
#[derive(Debug, Default)]
pub(crate) struct Derived {
    name: String,
    fields: Vec<(String, FieldType)>,
    series: Vec<Series>,
    rows: Vec<Vec<Reading>>,
}

/// A time and the values of the fields.
type Reading = (i64, Vec<Option<Value>>);

/// Sorted by key.
type Tags = Vec<(String, String)>;

/// A time and the values by the names of their fields.
type Named = (i64, BTreeMap<String, Value>);

/// One row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) time: i64,
    pub(crate) cells: Vec<Cell>,
}

/// The rows of one series of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

impl Derived {
    /// Of the groups of one measurement. A column of a tag becomes a tag again.
    pub(crate) fn new(name: String, groups: Vec<Group>) -> Self {
        let mut fields: BTreeMap<String, FieldType> = BTreeMap::new();
        let mut parts: BTreeMap<Tags, Vec<Named>> = BTreeMap::new();
        for group in groups {
            for row in group.rows {
                let mut tags: BTreeMap<String, String> = group.tags.iter().cloned().collect();
                let mut values = BTreeMap::new();
                for (column, cell) in group.columns.iter().zip(row.cells) {
                    match cell {
                        Cell::Text(text) => {
                            tags.insert(column.clone(), text.to_string());
                        }
                        Cell::Value(value) => {
                            fields.entry(column.clone()).or_insert(value.kind());
                            values.insert(column.clone(), value);
                        }
                        Cell::Null | Cell::Time(_) => {}
                    }
                }
                tags.retain(|_, value| !value.is_empty());
                parts.entry(tags.into_iter().collect()).or_default().push((row.time, values));
            }
        }
        let names: Vec<&String> = fields.keys().collect();
        let (mut series, mut rows) = (Vec::new(), Vec::new());
        for (id, (tags, part)) in parts.into_iter().enumerate() {
            let ordered = |(time, values): Named| -> Reading {
                (time, names.iter().map(|name| values.get(*name).copied()).collect())
            };
            let mut readings: Vec<Reading> = part.into_iter().map(ordered).collect();
            readings.sort_by_key(|(time, _)| *time);
            series.push(Series { id, tags });
            rows.push(readings);
        }
        Self { name, fields: fields.into_iter().collect(), series, rows }
    }
}

impl Source for Derived {
    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> &[(String, FieldType)] {
        &self.fields
    }

    fn series(&self) -> &[Series] {
        &self.series
    }

    fn is_cut(&self) -> bool {
        true
    }

    fn scan(
        &self,
        series: usize,
        fields: &[String],
        (from, to): (i64, i64),
        visit: &mut Visitor<'_>,
    ) -> Result<(), QueryError> {
        let position = |name: &String| self.fields.iter().position(|(field, _)| field == name);
        let positions: Vec<Option<usize>> = fields.iter().map(position).collect();
        let mut values = vec![None; fields.len()];
        let rows = self.rows.get(series).map(Vec::as_slice).unwrap_or_default();
        for (time, row) in rows.iter().filter(|(time, _)| (from..=to).contains(time)) {
            for (value, at) in values.iter_mut().zip(&positions) {
                *value = at.and_then(|at| row.get(at).copied().flatten());
            }
            if values.iter().any(Option::is_some) && visit(*time, &values).is_break() {
                break;
            }
        }
        Ok(())
    }
}
