//! What a condition is evaluated on, and its answer.

use cel::Value;
use cel::common::types::{CelBool, CelDouble, CelString};
use cel::common::value::CowVal;
use cel::context::VariableResolver;

use crate::model::{Severity, Text};

use super::compile::{Condition, ROOT};
use super::name::Name;

/// What a name stands for at the moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// Yes or no.
    YesNo(bool),
    /// A number, in the unit of its point.
    Number(f64),
    /// A word of an enumeration.
    Word(&'static str),
}

/// A device at a moment, as conditions see it.
pub trait Scene: Sync {
    /// What a name stands for; `None` while that is not known.
    fn cell(&self, name: &Name) -> Option<Cell>;

    /// What is behind a name that holds, in words, where it has reasons.
    fn detail(&self, name: &Name) -> Option<Detail>;
}

/// What is behind a fact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detail {
    /// Why, in words that stay true.
    pub reason: Option<Text>,
    /// How bad it is by itself.
    pub severity: Option<Severity>,
    /// What to do about it.
    pub advice: Option<Text>,
    /// What was seen: label and value.
    pub evidence: Vec<(Text, String)>,
    /// Codes by which a new trouble is told from the old one.
    pub codes: Vec<String>,
    /// What it is about, where the words hold figures that change by the minute.
    pub topic: String,
}

/// Resolves the names of a condition on a scene.
struct Names<'a> {
    condition: &'a Condition,
    scene: &'a dyn Scene,
}

impl VariableResolver for Names<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let name = self.condition.name(variable)?;
        Some(match self.scene.cell(name)? {
            Cell::YesNo(yes) => CowVal::owned(CelBool::from(yes)),
            // Not a number and no end are no measurements.
            Cell::Number(number) if !number.is_finite() => return None,
            Cell::Number(number) => CowVal::owned(CelDouble::from(number)),
            Cell::Word(word) => CowVal::owned(CelString::from(word)),
        })
    }
}

impl Condition {
    /// The number that it comes to; `None` while something in it is not known.
    pub(super) fn number(&self, scene: &dyn Scene) -> Option<f64> {
        match self.value(scene)? {
            Value::Float(number) => Some(number).filter(|number| number.is_finite()),
            _ => None,
        }
    }

    /// Whether it holds; `None` while that is not known. What is not known does not matter where the
    /// rest decides: `a && b` is false when one of them is.
    pub(super) fn holds(&self, scene: &dyn Scene) -> Option<bool> {
        match self.value(scene)? {
            Value::Bool(yes) => Some(yes),
            _ => None,
        }
    }

    fn value(&self, scene: &dyn Scene) -> Option<Value> {
        let names = Names { condition: self, scene };
        let mut scope = ROOT.new_inner_scope();
        scope.set_variable_resolver(&names);
        Value::resolve(self.expression(), &scope).ok()
    }
}
