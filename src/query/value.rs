//! Values of fields and cells of rows. Texts are only ever tags: a field is a number or yes and no.

use std::cmp::Ordering;
use std::sync::Arc;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A float.
    Float(f64),
    /// An integer.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Floats.
    Float,
    /// Integers.
    Integer,
    /// Yes and no.
    Boolean,
}

impl FieldType {
    /// InfluxQL's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
        }
    }
}

/// One cell of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing there.
    Null,
    /// A value.
    Value(Value),
    /// A tag's value, or a name.
    Text(Arc<str>),
    /// When, nanoseconds since 1970.
    Time(i64),
}

impl From<Option<Value>> for Cell {
    fn from(value: Option<Value>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl Cell {
    /// Its value, where it has one.
    pub(crate) fn value(&self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Null | Self::Text(_) | Self::Time(_) => None,
        }
    }
}

impl Value {
    /// Its type.
    #[must_use]
    pub fn kind(self) -> FieldType {
        match self {
            Self::Float(_) => FieldType::Float,
            Self::Integer(_) => FieldType::Integer,
            Self::Boolean(_) => FieldType::Boolean,
        }
    }

    /// As a number; yes and no are none.
    #[allow(clippy::cast_precision_loss)] // as InfluxDB does
    pub(crate) fn number(self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(number),
            Self::Integer(number) => Some(number as f64),
            Self::Boolean(_) => None,
        }
    }

    /// The order within one type, and between numbers.
    pub(crate) fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(&b),
            (a, b) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            },
        }
    }

    /// As another type. Between numbers and yes and no there is no way.
    pub(crate) fn cast(self, kind: FieldType) -> Option<Self> {
        match (self, kind) {
            (value, kind) if value.kind() == kind => Some(value),
            (value, FieldType::Float) => value.number().map(Self::Float),
            #[allow(clippy::cast_possible_truncation)] // the fraction is what a cast cuts off
            (Self::Float(number), FieldType::Integer) => Some(Self::Integer(number as i64)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_and_cast() {
        assert_eq!(Value::Integer(2).order(Value::Float(2.5)), Ordering::Less);
        assert_eq!(Value::Boolean(true).order(Value::Boolean(false)), Ordering::Greater);
        assert_eq!(Value::Float(2.9).cast(FieldType::Integer), Some(Value::Integer(2)));
        assert_eq!(Value::Integer(2).cast(FieldType::Float), Some(Value::Float(2.0)));
        assert_eq!(Value::Boolean(true).cast(FieldType::Float), None);
    }
}
