//! What a virtual device shows: standard points by name, before they become registers or JSON.

use std::collections::BTreeMap;

/// One value of a virtual device.
#[derive(Debug, Clone, PartialEq)]
pub enum SimValue {
    /// A measured quantity in the unit of its point.
    Number(f64),
    /// A serial number, a model name.
    Text(String),
    /// A word of the point's vocabulary, such as `mppt` for `state`.
    Word(&'static str),
    /// Active fault codes; empty for none.
    Codes(Vec<String>),
}

/// The values of one virtual device at one moment, by standard point name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values(BTreeMap<String, SimValue>);

impl Values {
    /// Sets a number, in the unit of the point.
    pub fn number(&mut self, point: impl Into<String>, value: f64) {
        self.0.insert(point.into(), SimValue::Number(value));
    }

    /// Sets a text.
    pub fn text(&mut self, point: impl Into<String>, value: impl Into<String>) {
        self.0.insert(point.into(), SimValue::Text(value.into()));
    }

    /// Sets the word of an enumerated point.
    pub fn word(&mut self, point: impl Into<String>, word: &'static str) {
        self.0.insert(point.into(), SimValue::Word(word));
    }

    /// Sets the active fault codes.
    pub fn faults(&mut self, codes: Vec<String>) {
        self.0.insert("fault".to_owned(), SimValue::Codes(codes));
    }

    /// The value of a point, if the device has it.
    #[must_use]
    pub fn get(&self, point: &str) -> Option<&SimValue> {
        self.0.get(point)
    }

    /// The number of a point, if the device has it and it is one.
    #[must_use]
    pub fn get_number(&self, point: &str) -> Option<f64> {
        match self.get(point) {
            Some(SimValue::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// All values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SimValue)> {
        self.0.iter().map(|(point, value)| (point.as_str(), value))
    }
}
