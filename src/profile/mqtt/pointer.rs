//! Places in a message: JSON pointers (RFC 6901) that can also look into arrays of parts.
//!
//! `/parts/printer/paper` is a plain pointer. `/devices/[name=printer]/status` takes the part of an
//! array (or of an object) whose `name` is `printer`; `/certs/[*]/not_after` takes all of them.

use crate::model::Text;

/// One step into a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A key of an object, or an index of an array.
    Key(String),
    /// The first part that says this value under this key.
    Where(String, String),
    /// Every part.
    Each,
}

/// A place in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// As it was written; flat messages are looked up by it.
    pub text: String,
    /// The way into a document.
    pub steps: Vec<Step>,
}

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Text> {
        if text.is_empty() {
            return Ok(Self { text: String::new(), steps: Vec::new() });
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(Text::new("要以 `/` 开头", "it begins with `/`"));
        };
        let steps = split(rest).iter().map(|step| step_of(step)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), steps })
    }

    /// Whether it can lead to several values.
    #[must_use]
    pub fn many(&self) -> bool {
        self.steps.contains(&Step::Each)
    }
}

/// Splits at `/`, but not inside brackets: a value to look for may hold one.
fn split(text: &str) -> Vec<&str> {
    let (mut steps, mut begin, mut inside) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            '/' if !inside => {
                steps.push(text.get(begin..at).unwrap_or_default());
                begin = at + 1;
            }
            _ => {}
        }
    }
    steps.push(text.get(begin..).unwrap_or_default());
    steps
}

fn step_of(step: &str) -> Result<Step, Text> {
    let Some(inner) = step.strip_prefix('[') else {
        return Ok(Step::Key(step.replace("~1", "/").replace("~0", "~")));
    };
    let wrong =
        || Text::new("方括号里写 `[键=值]` 或 `[*]`", "in brackets stands `[key=value]` or `[*]`");
    let inner = inner.strip_suffix(']').ok_or_else(wrong)?;
    match inner.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(Step::Where(key.to_owned(), value.to_owned())),
        None if inner == "*" => Ok(Step::Each),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_look_into_arrays_of_parts() {
        let steps = |text: &str| Pointer::parse(text).expect("pointer").steps;
        let key = |key: &str| Step::Key(key.to_owned());
        assert_eq!(steps("/a/b~1c/0"), [key("a"), key("b/c"), key("0")]);
        let part = Step::Where("name".to_owned(), "LPT/1".to_owned());
        assert_eq!(steps("/devices/[name=LPT/1]/status"), [key("devices"), part, key("status")]);
        assert_eq!(steps("/certs/[*]/not_after"), [key("certs"), Step::Each, key("not_after")]);
        assert_eq!(steps(""), []);
        for wrong in ["a", "/a/[", "/a/[=x]", "/a/[x]"] {
            assert!(Pointer::parse(wrong).is_err(), "{wrong}");
        }
    }
}
