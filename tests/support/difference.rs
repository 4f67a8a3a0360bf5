//! Where two JSON answers differ; numbers are equal within what a sum in another order may bring.

use serde_json::Value;

/// The first difference, with the way to it; `path` is where both stand.
pub(crate) fn difference(path: &str, ours: &Value, theirs: &Value) -> Option<String> {
    let differ = || Some(format!("{path}: ours {ours:.600}, theirs {theirs:.600}"));
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs
                .map(|(at, (a, b))| difference(&format!("{path}[{at}]"), a, b))
                .find_map(|found| found)
        }
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            let pairs = a.iter().zip(b.values());
            pairs
                .map(|((key, a), b)| difference(&format!("{path}.{key}"), a, b))
                .find_map(|found| found)
        }
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) if (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) => None,
            _ => differ(),
        },
        (a, b) if a == b => None,
        (Value::Array(a), Value::Array(b)) => Some(format!(
            "{path}: ours has {}, theirs {}: {ours:.600} {theirs:.600}",
            a.len(),
            b.len()
        )),
        _ => differ(),
    }
}
