//! Two inverters for an hour, and a count of what is read of them.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::super::{FieldType, Scan, Series, Store, Value, Visit};

/// Readings of each device.
const READINGS: i64 = 360;
const START: i64 = 1_700_000_000_000;

/// Device A counts up by ten watts, device B a thousand above it.
pub(super) struct Hall {
    pub(super) broken: bool,
    read: Cell<usize>,
}

impl Hall {
    pub(super) fn new() -> Self {
        Self { broken: false, read: Cell::new(0) }
    }

    /// Readings that were shown.
    pub(super) fn read(&self) -> usize {
        self.read.get()
    }
}

fn tags(device: &str, zone: &str) -> Vec<(String, String)> {
    vec![("device".to_owned(), device.to_owned()), ("zone".to_owned(), zone.to_owned())]
}

impl Store for Hall {
    type Error = &'static str;

    fn database(&self) -> &'static str {
        "hall"
    }

    fn measurements(&self) -> Vec<String> {
        vec!["inverter".to_owned()]
    }

    fn series(&self, measurement: &str) -> Vec<Series> {
        if measurement != "inverter" {
            return Vec::new();
        }
        vec![Series { id: 0, tags: tags("A", "e") }, Series { id: 1, tags: tags("B", "w") }]
    }

    fn fields(&self, measurement: &str) -> Result<Vec<(String, FieldType)>, Self::Error> {
        if self.broken {
            return Err("the disk is gone");
        }
        if measurement != "inverter" {
            return Ok(Vec::new());
        }
        let fields = [("online", FieldType::Boolean), ("power_w", FieldType::Float)];
        Ok(fields.map(|(name, kind)| (name.to_owned(), kind)).to_vec())
    }

    fn span_ms(&self) -> Option<(i64, i64)> {
        Some((START, START + (READINGS - 1) * 10_000))
    }

    fn scan(&self, scan: &Scan<'_>, visit: &mut Visit<'_>) -> Result<(), Self::Error> {
        if self.broken {
            return Err("the disk is gone");
        }
        let above = if scan.series == 0 { 0 } else { 1000 };
        for step in 0..READINGS {
            let ms = START + step * 10_000;
            if !(scan.from_ms..scan.to_ms).contains(&ms) {
                continue;
            }
            self.read.set(self.read.get() + 1);
            let value = |field: &String| match field.as_str() {
                "online" => Some(Value::Boolean(step % 2 == 0)),
                #[allow(clippy::cast_precision_loss)]
                "power_w" => Some(Value::Float((above + step * 10) as f64)),
                _ => None,
            };
            let values: Vec<Option<Value>> = scan.fields.iter().map(value).collect();
            if visit(ms, &values) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}
