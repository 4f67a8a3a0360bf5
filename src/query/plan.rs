//! What a SELECT asks for: its functions, its plain fields and tags, and how each column is made of
//! them. Says what cannot be asked for together.

use super::ast::{Cast, Column, Expr, Operator, What};
use super::error::{Instead, Place, QueryError};
use super::function::Call;
use super::limit;
use super::value::{FieldType, Value};

mod columns;
#[cfg(test)]
mod tests;

pub(crate) use columns::Known;

/// How to make the columns.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Names of the columns but that of time.
    pub(crate) names: Vec<String>,
    /// How each of them is made.
    pub(crate) nodes: Vec<Node>,
    pub(crate) calls: Vec<Call>,
    pub(crate) refs: Vec<Ref>,
    /// Whether its one function picks readings.
    pub(crate) selects: bool,
}

/// How a column is made.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Call(usize),
    Ref(usize),
    Constant(Value),
    Binary(Operator, Box<(Node, Node)>),
}

/// A plain field or tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ref {
    pub(crate) name: String,
    pub(crate) cast: Option<Cast>,
}

impl Plan {
    /// Reads the columns. `every` is the interval of GROUP BY time().
    pub(crate) fn new(
        asked: &[Column],
        every: Option<i64>,
        known: &Known<'_>,
    ) -> Result<Self, QueryError> {
        let mut plan = Self {
            names: Vec::new(),
            nodes: Vec::new(),
            calls: Vec::new(),
            refs: Vec::new(),
            selects: false,
        };
        let place = asked.first().map_or_else(Place::default, |first| first.expr.place);
        let expanded = columns::expanded(asked, known)?;
        if expanded.len() > limit::COLUMNS {
            return Err(QueryError::TooManyColumns);
        }
        for column in expanded {
            if column.expr.is_time() {
                continue;
            }
            let node = plan.node(&column.expr, every)?;
            if !node.has_variable() {
                let (what, place) = (column.expr.shown(), column.expr.place);
                return Err(QueryError::Refused { what, instead: Instead::AField, place });
            }
            plan.nodes.push(node);
            plan.names.push(column.alias.unwrap_or_else(|| columns::name(&column.expr)));
        }
        columns::make_unique(&mut plan.names);
        plan.check(every, place)?;
        plan.selects = matches!(plan.calls.as_slice(), [call] if call.is_selector());
        Ok(plan)
    }

    fn node(&mut self, expr: &Expr, every: Option<i64>) -> Result<Node, QueryError> {
        let refused =
            |instead| QueryError::Refused { what: expr.shown(), instead, place: expr.place };
        Ok(match &expr.what {
            What::Integer(number) => Node::Constant(Value::Integer(*number)),
            What::Number(number) => Node::Constant(Value::Float(*number)),
            What::Name(name, cast) => {
                let wanted = Ref { name: name.clone(), cast: *cast };
                Node::Ref(position(&mut self.refs, wanted))
            }
            What::Call(..) => Node::Call(position(&mut self.calls, Call::read(expr, every)?)),
            What::Binary(operator, sides) if operator.is_arithmetic() => {
                let left = self.node(&sides.0, every)?;
                Node::Binary(*operator, Box::new((left, self.node(&sides.1, every)?)))
            }
            What::Binary(..) => return Err(refused(Instead::Arithmetic)),
            What::All(_) | What::Pattern(_) => return Err(refused(Instead::FieldNames)),
            What::Boolean(_) | What::Text(_) | What::Duration(_) => {
                return Err(refused(Instead::AField));
            }
        })
    }

    /// What cannot be asked for together.
    fn check(&self, every: Option<i64>, place: Place) -> Result<(), QueryError> {
        let refused = |what: &str, instead| {
            Err(QueryError::Refused { what: what.to_owned(), instead, place })
        };
        let plain = self.refs.first().map(|first| first.name.as_str());
        match (self.calls.as_slice(), plain) {
            ([], Some(name)) if every.is_some() => refused(name, Instead::AnAggregate),
            // Without any column it was `*` of a measurement that is not there.
            ([], _) | ([_], None) => Ok(()),
            ([call], Some(_)) if call.is_selector() => Ok(()),
            (calls, Some(name)) if calls.iter().all(Call::is_selector) => {
                refused(name, Instead::OneSelector)
            }
            (_, Some(name)) => refused(name, Instead::NotMixed),
            (calls, None) => match calls.iter().find(|call| call.is_alone()) {
                Some(call) => refused(call.name(), Instead::Alone),
                None => Ok(()),
            },
        }
    }

    /// Whether arithmetic meets a field of yes and no.
    pub(crate) fn check_kinds(
        &self,
        kind_of: &dyn Fn(&str) -> Option<FieldType>,
    ) -> Result<(), QueryError> {
        for call in &self.calls {
            if let Some(kind) = kind_of(&call.field) {
                call.check(kind)?;
            }
        }
        self.nodes.iter().try_for_each(|node| self.check_node(node, None, kind_of))
    }

    fn check_node(
        &self,
        node: &Node,
        within: Option<Operator>,
        kind_of: &dyn Fn(&str) -> Option<FieldType>,
    ) -> Result<(), QueryError> {
        let name = match node {
            Node::Constant(_) => return Ok(()),
            Node::Binary(operator, sides) => {
                self.check_node(&sides.0, Some(*operator), kind_of)?;
                return self.check_node(&sides.1, Some(*operator), kind_of);
            }
            Node::Ref(at) => self.refs.get(*at).map(|wanted| &wanted.name),
            // A count of yes and no is a number.
            Node::Call(at) => {
                self.calls.get(*at).filter(|call| call.name() != "count").map(|call| &call.field)
            }
        };
        let kind = name.and_then(|name| kind_of(name));
        match (within, name, kind) {
            (Some(operator), Some(name), Some(kind @ FieldType::Boolean)) => {
                let (function, field) = (operator.sign().to_owned(), name.clone());
                Err(QueryError::Kind { function, field, kind: kind.name() })
            }
            _ => Ok(()),
        }
    }
}

impl Node {
    fn has_variable(&self) -> bool {
        match self {
            Self::Call(_) | Self::Ref(_) => true,
            Self::Constant(_) => false,
            Self::Binary(_, sides) => sides.0.has_variable() || sides.1.has_variable(),
        }
    }
}

/// Where the item is in the list, after it was added if it was not.
fn position<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}
