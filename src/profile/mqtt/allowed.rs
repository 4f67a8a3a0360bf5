//! The allow-list of one kind of message: its fields, and the ways to them through a document.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::field::{FieldRule, JsonType};
use super::pointer::{Pointer, Step};

/// The fields that are taken of a message; it reads as their list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Allowed {
    rules: Vec<FieldRule>,
    ways: Ways,
    faults: Vec<usize>,
}

/// Where to go from one place of a document. A message has a dozen values and a profile has fifty
/// fields: looking for what is there is quicker than asking for all that could be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ways {
    /// Indices of the fields that are here.
    pub here: Vec<usize>,
    /// On through a key of an object, or the index of an array.
    pub keys: BTreeMap<String, Ways>,
    /// On through parts: [`Step::Where`] or [`Step::Each`].
    pub parts: Vec<(Step, Ways)>,
}

impl Allowed {
    /// The ways to all of them, from the top of a document.
    #[must_use]
    pub const fn ways(&self) -> &Ways {
        &self.ways
    }

    /// Indices of the fields that list faults.
    #[must_use]
    pub fn faults(&self) -> &[usize] {
        &self.faults
    }
}

impl From<Vec<FieldRule>> for Allowed {
    fn from(rules: Vec<FieldRule>) -> Self {
        let pointers: Vec<&Pointer> = rules.iter().map(|rule| &rule.pointer).collect();
        let ways = Ways::to(&pointers);
        let faults = rules.iter().enumerate();
        let faults = faults.filter(|(_, rule)| matches!(rule.json, JsonType::Faults(_)));
        let faults = faults.map(|(index, _)| index).collect();
        Self { rules, ways, faults }
    }
}

impl Deref for Allowed {
    type Target = [FieldRule];
    fn deref(&self) -> &[FieldRule] {
        &self.rules
    }
}

impl Ways {
    /// The ways to some places, each under its index.
    #[must_use]
    pub fn to(pointers: &[&Pointer]) -> Self {
        let mut ways = Self::default();
        for (index, pointer) in pointers.iter().enumerate() {
            ways.lead(&pointer.steps, index);
        }
        ways
    }

    fn lead(&mut self, steps: &[Step], index: usize) {
        let Some((step, rest)) = steps.split_first() else {
            self.here.push(index);
            return;
        };
        let next = match step {
            Step::Key(key) => self.keys.entry(key.clone()).or_default(),
            parts => {
                let known = self.parts.iter().position(|(own, _)| own == parts);
                let at = known.unwrap_or_else(|| {
                    self.parts.push((parts.clone(), Self::default()));
                    self.parts.len().saturating_sub(1)
                });
                match self.parts.get_mut(at) {
                    Some((_, ways)) => ways,
                    None => return,
                }
            }
        };
        next.lead(rest, index);
    }
}
