//! One reading -> one line of InfluxDB's line protocol. Pure.
//!
//! What the servers do not agree on never leaves: no NaN, no `u` numbers, no line breaks, no
//! backslash in a tag (it is an escape on some servers and a plain character on others, so `/`
//! is sent), no empty tag. A standard point has one type for ever, because a field that changes
//! its type is refused: measures are floats, enumerations integers, `online` is yes or no, and
//! what a vendor invented is a float, whether it comes as a number or as yes and no (1 and 0). So
//! the name alone tells the type, whatever a device sends, and after every restart the same.

use std::collections::{BTreeMap, HashMap};

use crate::model::{
    Decimal, Device, DeviceId, DeviceKind, PointName, Reading, Sample, Timestamp, Value,
    standard_point,
};

#[cfg(test)]
mod tests;

/// Tags of every line, and the name of the time column: a field must not be called so.
const TAKEN: [&str; 6] = ["device", "site", "zone", "kind", "model", "time"];
/// Measurement of a device that is no longer in the configuration but has readings to send.
const MEASUREMENT_OF_STRANGERS: &str = "device";
/// Names of points that are remembered; profiles know some hundreds.
const NAMES_MAX: usize = 20_000;
/// Digits that a decimal may have so that it is for certain the shortest text of its f64.
const SHORTEST_DIGITS: usize = 15;

/// How a point is written, whatever a device sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A standard measure, or a vendor's own point: a float.
    Measure,
    /// A standard point with words: an integer.
    Word,
    /// `online`.
    YesNo,
}

/// How a point is written.
#[must_use]
pub fn form_of(point: &str) -> Form {
    match standard_point(point) {
        Some(_) if point == "online" => Form::YesNo,
        Some(point) if point.words.is_some() => Form::Word,
        _ => Form::Measure,
    }
}

/// The tags of a device, in the order in which they are written; empty ones are left out.
#[must_use]
pub fn tags_of_device(site: &str, device: &Device) -> Vec<(&'static str, String)> {
    let tags = [
        ("device", device.id.as_str()),
        ("site", site),
        ("zone", device.zone.as_str()),
        ("kind", device.kind.as_str()),
        ("model", &device.profile),
    ];
    let tags = tags.into_iter().filter(|(_, value)| !value.is_empty());
    tags.map(|(key, value)| (key, tag_text(value))).collect()
}

/// A tag's value as a server has it.
pub(super) fn tag_text(value: &str) -> String {
    let sent = |c: char| match c {
        '\\' => '/',
        c if c.is_control() => ' ',
        c => c,
    };
    value.chars().map(sent).collect()
}

/// Measurement of the devices of a kind; of those that are not configured it is `device`.
#[must_use]
pub fn measurement_of(kind: Option<DeviceKind>) -> &'static str {
    kind.map_or(MEASUREMENT_OF_STRANGERS, DeviceKind::measurement)
}

/// Name of the field that holds a point.
#[must_use]
pub fn field_of(point: &str) -> String {
    let mut name = String::new();
    key(&mut name, point, "");
    name
}

/// What the counters of a device counted in a day or a month.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Total {
    pub(super) measurement: &'static str,
    /// Local midnight at which the day or month begins.
    pub(super) start: Timestamp,
    /// What was counted, by field.
    pub(super) fields: BTreeMap<String, f64>,
    /// Values that it was made of.
    pub(super) readings: u64,
}

/// Writes lines. Keeps the tags of the devices ready.
#[derive(Debug, Clone)]
pub struct Encoder {
    site: String,
    /// Measurement of each device, and its tags, escaped.
    heads: HashMap<DeviceId, (&'static str, String)>,
    forms: HashMap<PointName, Form>,
}

impl Encoder {
    /// An encoder for the devices of a building, whose id is `site`.
    #[must_use]
    pub fn new(site: &str, devices: &[Device]) -> Self {
        let head = |device: &Device| (device.kind.measurement(), tags_of(site, device));
        let heads = devices.iter().map(|device| (device.id.clone(), head(device)));
        Self { site: site.to_owned(), heads: heads.collect(), forms: HashMap::new() }
    }

    /// Appends the line of a reading and its line break to `body`; false, and nothing appended,
    /// when the reading has no value that is sent (texts and refused values are not).
    pub fn encode(&mut self, reading: &Reading, body: &mut String) -> bool {
        let start = body.len();
        self.head(&reading.device, None, body);
        let mut separator = ' ';
        for sample in &reading.samples {
            let before = body.len();
            body.push(separator);
            if self.field(sample, body) {
                separator = ',';
            } else {
                body.truncate(before);
            }
        }
        if separator == ' ' {
            body.truncate(start);
            return false;
        }
        body.push(' ');
        body.push_str(itoa::Buffer::new().format(reading.time.ms()));
        body.push('\n');
        true
    }

    /// Appends the line of a total and its line break.
    pub(super) fn total(&self, device: &DeviceId, total: &Total, body: &mut String) {
        self.head(device, Some(total.measurement), body);
        body.push_str(" readings=");
        body.push_str(itoa::Buffer::new().format(total.readings));
        for (name, value) in total.fields.iter().filter(|(_, value)| value.is_finite()) {
            body.push(',');
            key(body, name, "=");
            float(body, *value);
        }
        body.push(' ');
        body.push_str(itoa::Buffer::new().format(total.start.ms()));
    }

    fn head(&self, device: &DeviceId, measurement: Option<&str>, body: &mut String) {
        if let Some((own, tags)) = self.heads.get(device) {
            body.push_str(measurement.unwrap_or(own));
            body.push_str(tags);
            return;
        }
        body.push_str(measurement.unwrap_or(MEASUREMENT_OF_STRANGERS));
        tag(body, "device", device.as_str());
        tag(body, "site", &self.site);
    }

    fn field(&mut self, sample: &Sample, body: &mut String) -> bool {
        if !sample.quality.is_measured() {
            return false;
        }
        let name = &sample.point;
        match (self.form(name), &sample.value) {
            (_, Value::Text(_)) => false,
            (_, Value::Codes(codes)) => {
                key(body, name.as_str(), "_count=");
                body.push_str(itoa::Buffer::new().format(codes.len()));
                true
            }
            (Form::Word, value) => whole(value).is_some_and(|code| {
                key(body, name.as_str(), "=");
                body.push_str(itoa::Buffer::new().format(code));
                body.push('i');
                true
            }),
            (Form::YesNo, value) => value.as_f64().is_some_and(|number| {
                key(body, name.as_str(), "=");
                body.push_str(if number == 0.0 { "false" } else { "true" });
                true
            }),
            (_, Value::Bool(yes)) => {
                key(body, name.as_str(), "=");
                body.push(if *yes { '1' } else { '0' });
                true
            }
            (_, Value::Decimal(number)) => {
                key(body, name.as_str(), "=");
                decimal(body, *number)
            }
            (_, Value::Float(number)) => {
                key(body, name.as_str(), "=");
                float(body, *number)
            }
        }
    }

    fn form(&mut self, name: &PointName) -> Form {
        if let Some(form) = self.forms.get(name) {
            return *form;
        }
        let form = form_of(name.as_str());
        if self.forms.len() >= NAMES_MAX {
            self.forms.clear();
        }
        self.forms.insert(name.clone(), form);
        form
    }
}

fn tags_of(site: &str, device: &Device) -> String {
    let mut tags = String::new();
    for (key, value) in tags_of_device(site, device) {
        tag(&mut tags, key, &value);
    }
    tags
}

fn tag(line: &mut String, key: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    line.push(',');
    line.push_str(key);
    line.push('=');
    for c in tag_text(value).chars() {
        if matches!(c, ',' | '=' | ' ') {
            line.push('\\');
        }
        line.push(c);
    }
}

/// The key of a field. Names of points hold nothing that needs an escape.
fn key(line: &mut String, name: &str, rest: &str) {
    if TAKEN.contains(&name) {
        line.push_str("vendor_");
    }
    line.push_str(name);
    line.push_str(rest);
}

/// The code of an enumeration; none for what is no whole number.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Decimal(Decimal { mantissa, exponent: 0 }) => Some(*mantissa),
        // Some devices send states as 4.0 or scaled.
        #[allow(clippy::cast_possible_truncation)]
        other => other
            .as_f64()
            .filter(|number| number.fract() == 0.0 && number.abs() < 1e15)
            .map(|number| number as i64),
    }
}

/// The shortest text that is read back as the f64 nearest to the decimal: `4999e-2` is `49.99`.
fn decimal(line: &mut String, number: Decimal) -> bool {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number.mantissa.unsigned_abs());
    let shift = usize::from(number.exponent.unsigned_abs());
    if digits.len() > SHORTEST_DIGITS || shift > SHORTEST_DIGITS {
        // One rounding only, by the parser: a detour over the mantissa as f64 would round twice.
        let text = format!("{}e{}", number.mantissa, number.exponent);
        return text.parse().is_ok_and(|number| float(line, number));
    }
    if number.mantissa == 0 {
        line.push('0');
        return true;
    }
    if number.mantissa < 0 {
        line.push('-');
    }
    if number.exponent >= 0 {
        line.push_str(digits);
        line.extend(std::iter::repeat_n('0', shift));
        return true;
    }
    let point = digits.len().saturating_sub(shift);
    let fraction = digits.get(point..).unwrap_or_default().trim_end_matches('0');
    line.push_str(if point == 0 { "0" } else { digits.get(..point).unwrap_or_default() });
    if !fraction.is_empty() {
        line.push('.');
        line.extend(std::iter::repeat_n('0', shift.saturating_sub(digits.len())));
        line.push_str(fraction);
    }
    true
}

fn float(line: &mut String, number: f64) -> bool {
    if !number.is_finite() {
        return false;
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(number);
    line.push_str(text.strip_suffix(".0").unwrap_or(text));
    true
}
