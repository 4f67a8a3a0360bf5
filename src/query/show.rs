//! Answers a SHOW: databases, measurements, series, tags and fields.

use std::collections::BTreeSet;

use super::answer::Rows;
use super::ast::{Expr, Show, Shown, What, Which};
use super::condition::{self, Names, Test};
use super::error::{Instead, QueryError};
use super::range::{Clock, split};
use super::select::matching;
use super::source::fields_of;
use super::store::{Series, Store};
use super::value::{Cell, Value};

/// The tables of the answer.
pub(crate) fn run<S: Store>(store: &S, show: &Show, now: i64) -> Result<Vec<Rows>, QueryError> {
    if let Some(database) = &show.database
        && database != store.database()
    {
        return Err(QueryError::Database(database.clone()));
    }
    // What is shown does not depend on when it was.
    let (_, condition) = split(show.condition.as_ref(), Clock { now, zone: None })?;
    if let Some(condition) = &condition {
        tags_only(condition)?;
    }
    let asked = Asked { store, show, condition: condition.as_ref() };
    match &show.what {
        Shown::Databases => {
            Ok(vec![table(Some("databases"), &["name"], vec![vec![store.database().into()]])])
        }
        Shown::RetentionPolicies => Ok(vec![policies()]),
        Shown::Measurements(which) => asked.measurements(which.as_ref()),
        Shown::Series => asked.series(),
        Shown::TagKeys => asked.each(&["tagKey"], |_, series| {
            let keys = series.iter().flat_map(|series| &series.tags).map(|(key, _)| key);
            let keys: BTreeSet<_> = keys.collect();
            Ok(keys.into_iter().map(|key| vec![key.as_str().into()]).collect())
        }),
        Shown::TagValues(keys) => asked.each(&["key", "value"], |_, series| {
            let tags = series.iter().flat_map(|series| &series.tags);
            let tags: BTreeSet<_> = tags.filter(|(key, _)| keys.is(key)).collect();
            let cells =
                |(key, value): &(String, String)| vec![key.as_str().into(), value.as_str().into()];
            Ok(tags.into_iter().map(cells).collect())
        }),
        Shown::FieldKeys => asked.each(&["fieldKey", "fieldType"], |measurement, _| {
            let fields = fields_of(store, measurement)?.into_iter();
            Ok(fields.map(|(name, kind)| vec![name.as_str().into(), kind.name().into()]).collect())
        }),
    }
}

fn table(name: Option<&str>, columns: &[&str], values: Vec<Vec<Cell>>) -> Rows {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    Rows { name: name.map(str::to_owned), tags: Vec::new(), columns, values, zone: None }
}

/// There is one: it keeps everything.
fn policies() -> Rows {
    let columns = ["name", "duration", "shardGroupDuration", "replicaN", "default"];
    let (one, yes) = (Cell::Value(Value::Integer(1)), Cell::Value(Value::Boolean(true)));
    let row = vec![super::POLICY.into(), "0s".into(), "168h0m0s".into(), one, yes];
    table(None, &columns, vec![row])
}

/// Fields say nothing about series.
fn tags_only(expr: &Expr) -> Result<(), QueryError> {
    let refused = |expr: &Expr| QueryError::Refused {
        what: expr.shown(),
        instead: Instead::TagsOnly,
        place: expr.place,
    };
    match &expr.what {
        What::Binary(operator, sides) if operator.precedence() < 3 => {
            tags_only(&sides.0)?;
            tags_only(&sides.1)
        }
        What::Binary(operator, sides) if operator.precedence() == 3 => {
            let side = |side: &Expr| {
                matches!(side.what, What::Name(..) | What::Text(_) | What::Pattern(_))
            };
            if side(&sides.0) && side(&sides.1) { Ok(()) } else { Err(refused(expr)) }
        }
        _ => Err(refused(expr)),
    }
}

struct Asked<'a, S> {
    store: &'a S,
    show: &'a Show,
    condition: Option<&'a Expr>,
}

impl<S: Store> Asked<'_, S> {
    fn measured(&self) -> Result<Vec<String>, QueryError> {
        if self.show.from.is_empty() {
            return Ok(self.store.measurements());
        }
        let mut names = BTreeSet::new();
        for measurement in &self.show.from {
            names.extend(matching(self.store, measurement)?);
        }
        Ok(names.into_iter().collect())
    }

    /// The series of a measurement that the condition holds for.
    fn matching_series(&self, measurement: &str) -> Result<Vec<Series>, QueryError> {
        let mut found = Vec::new();
        for series in self.store.series(measurement) {
            let holds = match self.condition {
                Some(condition) => condition::bind(condition, &Tags(&series))?,
                None => Test::Known(true),
            };
            if holds.passes(&[]) {
                found.push(series);
            }
        }
        Ok(found)
    }

    /// A table for each measurement that has something to show.
    fn each(
        &self,
        columns: &[&str],
        rows: impl Fn(&str, &[Series]) -> Result<Vec<Vec<Cell>>, QueryError>,
    ) -> Result<Vec<Rows>, QueryError> {
        let mut tables = Vec::new();
        for measurement in self.measured()? {
            let series = self.matching_series(&measurement)?;
            let rows = self.limited(rows(&measurement, &series)?);
            if !rows.is_empty() {
                tables.push(table(Some(&measurement), columns, rows));
            }
        }
        Ok(tables)
    }

    fn measurements(&self, which: Option<&Which>) -> Result<Vec<Rows>, QueryError> {
        let mut names = Vec::new();
        for name in self.store.measurements() {
            let wanted = which.is_none_or(|which| which.is(&name));
            let any = self.condition.is_none() || !self.matching_series(&name)?.is_empty();
            if wanted && any {
                names.push(vec![Cell::from(name.as_str())]);
            }
        }
        Ok(self.one(Some("measurements"), "name", names))
    }

    fn series(&self) -> Result<Vec<Rows>, QueryError> {
        let mut keys = Vec::new();
        for measurement in self.measured()? {
            for series in self.matching_series(&measurement)? {
                keys.push(vec![Cell::from(key(&measurement, &series).as_str())]);
            }
        }
        Ok(self.one(None, "key", keys))
    }

    fn one(&self, name: Option<&str>, column: &str, rows: Vec<Vec<Cell>>) -> Vec<Rows> {
        let rows = self.limited(rows);
        if rows.is_empty() { Vec::new() } else { vec![table(name, &[column], rows)] }
    }

    fn limited(&self, rows: Vec<Vec<Cell>>) -> Vec<Vec<Cell>> {
        let limit = self.show.limit.unwrap_or(usize::MAX);
        rows.into_iter().skip(self.show.offset).take(limit).collect()
    }
}

/// A series as line protocol writes it.
fn key(measurement: &str, series: &Series) -> String {
    let escaped = |text: &str, special: &[char]| {
        let mut escaped = String::new();
        for c in text.chars() {
            if special.contains(&c) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        escaped
    };
    let mut key = escaped(measurement, &[',', ' ']);
    for (name, value) in &series.tags {
        let special = [',', '=', ' '];
        key = format!("{key},{}={}", escaped(name, &special), escaped(value, &special));
    }
    key
}

struct Tags<'a>(&'a Series);

impl Names for Tags<'_> {
    fn field(&self, _: &str) -> Option<usize> {
        None
    }

    fn tag(&self, name: &str) -> &str {
        let found = self.0.tags.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}
