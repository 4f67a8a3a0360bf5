//! What a WHERE says about tags and fields. The tags of a series are known before anything is read,
//! so a condition is first bound to the series; often nothing is left to test.

use std::sync::Arc;

use regex::Regex;

use super::ast::{Cast, Expr, Operator, What};
use super::error::{Instead, QueryError};
use super::math;
use super::value::{Cell, FieldType, Value};

/// What is left to test on each reading of a series.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Known(bool),
    And(Box<(Test, Test)>),
    Or(Box<(Test, Test)>),
    Compare(Operator, Box<(Term, Term)>),
}

/// One side of a comparison.
#[derive(Debug, Clone)]
pub(crate) enum Term {
    Cell(Cell),
    /// A field by its position among those that are read.
    Field(usize, Option<FieldType>),
    Math(Operator, Box<(Term, Term)>),
}

/// What the names in a condition stand for.
pub(crate) trait Names {
    /// Position of a field among those that are read.
    fn field(&self, name: &str) -> Option<usize>;
    /// A tag's value; empty where the series has none.
    fn tag(&self, name: &str) -> &str;
}

/// Binds a condition to a series.
pub(crate) fn bind(expr: &Expr, names: &dyn Names) -> Result<Test, QueryError> {
    let refused = || QueryError::Refused {
        what: expr.shown(),
        instead: Instead::Comparison,
        place: expr.place,
    };
    match &expr.what {
        What::Boolean(known) => Ok(Test::Known(*known)),
        What::Binary(operator @ (Operator::And | Operator::Or), sides) => {
            let both = (bind(&sides.0, names)?, bind(&sides.1, names)?);
            Ok(join(*operator, both))
        }
        What::Binary(operator, sides) if !operator.is_arithmetic() => {
            if let What::Pattern(pattern) = &sides.1.what {
                let matches = matches(&term(&sides.0, names).ok_or_else(refused)?, pattern);
                let wanted = *operator == Operator::Matches;
                return Ok(Test::Known(matches.is_some_and(|matches| matches == wanted)));
            }
            let left = term(&sides.0, names).ok_or_else(refused)?;
            let right = term(&sides.1, names).ok_or_else(refused)?;
            Ok(match (&left, &right) {
                (Term::Cell(left), Term::Cell(right)) => {
                    Test::Known(compare(*operator, left, right))
                }
                _ => Test::Compare(*operator, Box::new((left, right))),
            })
        }
        _ => Err(refused()),
    }
}

fn join(operator: Operator, both: (Test, Test)) -> Test {
    match (operator, both) {
        (Operator::And, (Test::Known(true), rest) | (rest, Test::Known(true)))
        | (Operator::Or, (Test::Known(false), rest) | (rest, Test::Known(false))) => rest,
        (Operator::And, (Test::Known(false), _) | (_, Test::Known(false))) => Test::Known(false),
        (Operator::Or, (Test::Known(true), _) | (_, Test::Known(true))) => Test::Known(true),
        (Operator::And, both) => Test::And(Box::new(both)),
        (_, both) => Test::Or(Box::new(both)),
    }
}

/// Only tags match: a field is no text.
fn matches(term: &Term, pattern: &Regex) -> Option<bool> {
    match term {
        Term::Cell(Cell::Text(text)) => Some(pattern.is_match(text)),
        _ => None,
    }
}

fn term(expr: &Expr, names: &dyn Names) -> Option<Term> {
    Some(match &expr.what {
        What::Integer(number) => Term::Cell(Cell::Value(Value::Integer(*number))),
        What::Number(number) => Term::Cell(Cell::Value(Value::Float(*number))),
        What::Boolean(yes) => Term::Cell(Cell::Value(Value::Boolean(*yes))),
        What::Text(text) => Term::Cell(Cell::Text(Arc::from(text.as_str()))),
        What::Name(name, cast) => match (names.field(name), cast) {
            (Some(field), None | Some(Cast::Field)) => Term::Field(field, None),
            (Some(field), Some(Cast::Type(kind))) => Term::Field(field, Some(*kind)),
            (None, Some(Cast::Field | Cast::Type(_))) => Term::Cell(Cell::Null),
            (_, Some(Cast::Tag)) | (None, None) => {
                Term::Cell(Cell::Text(Arc::from(names.tag(name))))
            }
        },
        What::Binary(operator, sides) if operator.is_arithmetic() => {
            Term::Math(*operator, Box::new((term(&sides.0, names)?, term(&sides.1, names)?)))
        }
        _ => return None,
    })
}

/// Names in a condition that may be fields.
pub(crate) fn names<'a>(expr: &'a Expr, found: &mut Vec<&'a str>) {
    match &expr.what {
        What::Name(name, cast) if *cast != Some(Cast::Tag) => found.push(name),
        What::Binary(_, sides) => {
            names(&sides.0, found);
            names(&sides.1, found);
        }
        _ => {}
    }
}

impl Test {
    /// Whether a reading passes.
    pub(crate) fn passes(&self, values: &[Option<Value>]) -> bool {
        match self {
            Self::Known(known) => *known,
            Self::And(both) => both.0.passes(values) && both.1.passes(values),
            Self::Or(both) => both.0.passes(values) || both.1.passes(values),
            Self::Compare(operator, sides) => {
                compare(*operator, &sides.0.cell(values), &sides.1.cell(values))
            }
        }
    }
}

impl Term {
    fn cell(&self, values: &[Option<Value>]) -> Cell {
        match self {
            Self::Cell(cell) => cell.clone(),
            Self::Field(at, cast) => {
                let value = values.get(*at).copied().flatten();
                value.and_then(|value| cast.map_or(Some(value), |kind| value.cast(kind))).into()
            }
            Self::Math(operator, sides) => {
                let (left, right) = (sides.0.cell(values).value(), sides.1.cell(values).value());
                left.zip(right)
                    .and_then(|(left, right)| math::binary(*operator, left, right))
                    .into()
            }
        }
    }
}

/// What cannot be compared is never equal and never unequal.
fn compare(operator: Operator, left: &Cell, right: &Cell) -> bool {
    match (left, right) {
        (Cell::Text(left), Cell::Text(right)) => match operator {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            _ => false,
        },
        (Cell::Value(Value::Boolean(left)), Cell::Value(Value::Boolean(right))) => match operator {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            _ => false,
        },
        (Cell::Value(Value::Integer(left)), Cell::Value(Value::Integer(right))) => {
            holds(operator, left, right)
        }
        (Cell::Value(left), Cell::Value(right)) => left
            .number()
            .zip(right.number())
            .is_some_and(|(left, right)| holds(operator, &left, &right)),
        _ => false,
    }
}

fn holds<T: PartialOrd>(operator: Operator, left: &T, right: &T) -> bool {
    match operator {
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ast::Statement;
    use super::super::parser::parse;
    use super::*;

    struct Fixed;
    impl Names for Fixed {
        fn field(&self, name: &str) -> Option<usize> {
            ["power", "online"].iter().position(|known| *known == name)
        }
        fn tag(&self, name: &str) -> &str {
            if name == "device" { "INV-01" } else { "" }
        }
    }

    fn bound(condition: &str) -> Result<Test, QueryError> {
        let statements = parse(&format!("SELECT a FROM b WHERE {condition}")).unwrap();
        let [Statement::Select(select)] = statements.as_slice() else { unreachable!() };
        bind(select.condition.as_ref().unwrap(), &Fixed)
    }

    #[test]
    fn tags_are_known_before_anything_is_read() {
        for (condition, known) in [
            ("device = 'INV-01'", true),
            ("device =~ /^(INV-02|INV-03)$/", false),
            ("zone = ''", true),
            ("zone != 'roof' AND device !~ /x/", true),
            ("device != 5", false),
            ("device = 'x' OR 'INV-01' = device", true),
            ("power =~ /5/", false),
        ] {
            let test = bound(condition).unwrap();
            assert!(matches!(test, Test::Known(found) if found == known), "{condition}");
        }
    }

    #[test]
    fn fields_are_tested_on_each_reading() {
        let reading = [Some(Value::Float(5.0)), None];
        for (condition, passes) in [
            ("power > 4.5", true),
            ("power * 2 = 10", true),
            ("power != 'a'", false),
            ("online != true", false),
            ("online = false OR power <= 5", true),
            ("device = 'INV-01' AND 6 > power", true),
        ] {
            assert_eq!(bound(condition).unwrap().passes(&reading), passes, "{condition}");
        }
        assert!(bound("power").is_err());
        assert!(bound("power + 1").is_err());
    }
}
