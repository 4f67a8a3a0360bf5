//! Statements as they were written, not yet judged.

use jiff::tz::TimeZone;
use regex::Regex;

use super::error::Place;
use super::value::FieldType;

/// One statement.
#[derive(Debug, Clone)]
pub(crate) enum Statement {
    Select(Box<Select>),
    Show(Box<Show>),
}

/// `SELECT`.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub(crate) columns: Vec<Column>,
    pub(crate) from: Vec<From>,
    pub(crate) condition: Option<Expr>,
    pub(crate) interval: Option<Interval>,
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) fill: Fill,
    /// Where the order is said, so that a subquery's can be compared.
    pub(crate) order: Option<(Order, Place)>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
    pub(crate) series_limit: Option<usize>,
    pub(crate) series_offset: usize,
    pub(crate) zone: Option<TimeZone>,
}

/// A column and its alias.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) expr: Expr,
    pub(crate) alias: Option<String>,
}

/// Where rows come from.
#[derive(Debug, Clone)]
pub(crate) enum From {
    Measurement(Measurement),
    Subquery(Box<Select>),
}

/// A measurement, or those that match.
#[derive(Debug, Clone)]
pub(crate) struct Measurement {
    pub(crate) database: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) which: Which,
}

/// A name, or all that match.
#[derive(Debug, Clone)]
pub(crate) enum Which {
    Name(String),
    NotName(String),
    Names(Vec<String>),
    Pattern(Regex),
    NotPattern(Regex),
}

impl Which {
    pub(crate) fn is(&self, name: &str) -> bool {
        match self {
            Self::Name(wanted) => wanted == name,
            Self::NotName(unwanted) => unwanted != name,
            Self::Names(wanted) => wanted.iter().any(|wanted| wanted == name),
            Self::Pattern(pattern) => pattern.is_match(name),
            Self::NotPattern(pattern) => !pattern.is_match(name),
        }
    }
}

/// `GROUP BY time(every, offset)`, nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) every: i64,
    pub(crate) offset: i64,
}

/// What to group by beside time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dimension {
    Tag(String),
    All,
}

/// What stands in a bucket without values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fill {
    Null,
    None,
    Previous,
    Linear,
    Number(f64),
}

/// Which time comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

/// `SHOW`.
#[derive(Debug, Clone)]
pub(crate) struct Show {
    pub(crate) what: Shown,
    pub(crate) database: Option<String>,
    pub(crate) from: Vec<Measurement>,
    pub(crate) condition: Option<Expr>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

/// What is shown.
#[derive(Debug, Clone)]
pub(crate) enum Shown {
    Databases,
    RetentionPolicies,
    Measurements(Option<Which>),
    Series,
    TagKeys,
    TagValues(Which),
    FieldKeys,
}

impl Select {
    /// The name of the column of time.
    pub(crate) fn time_column(&self) -> &str {
        let time = self.columns.iter().find(|column| column.expr.is_time());
        time.and_then(|column| column.alias.as_deref()).unwrap_or("time")
    }

    /// Whether any column has a function.
    pub(crate) fn has_functions(&self) -> bool {
        self.columns.iter().any(|column| column.expr.has_functions())
    }
}

impl Show {
    /// Whether it is about the database that came with the query.
    pub(crate) fn needs_database(&self) -> bool {
        self.database.is_none() && !matches!(self.what, Shown::Databases)
    }
}

/// An expression and where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) what: What,
    pub(crate) place: Place,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Text(String),
    /// Nanoseconds.
    Duration(i64),
    Pattern(Regex),
    Name(String, Option<Cast>),
    /// `*`
    All(Option<Cast>),
    /// A function by its lower-case name.
    Call(String, Vec<Expr>),
    Binary(Operator, Box<(Expr, Expr)>),
}

/// `::tag` and its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cast {
    Tag,
    Field,
    Type(FieldType),
}

/// What stands between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Matches,
    MatchesNot,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl Operator {
    /// Binds the tighter, the higher.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide | Self::Modulo => 5,
            _ => 3,
        }
    }

    pub(crate) fn is_arithmetic(self) -> bool {
        self.precedence() > 3
    }

    /// The same comparison with its sides exchanged.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            other => other,
        }
    }

    /// As it is written.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Or => "OR",
            Self::And => "AND",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

impl Expr {
    /// Whether this is the column of time.
    pub(crate) fn is_time(&self) -> bool {
        matches!(&self.what, What::Name(name, _) if name.eq_ignore_ascii_case("time"))
    }

    fn has_functions(&self) -> bool {
        match &self.what {
            What::Call(..) => true,
            What::Binary(_, sides) => sides.0.has_functions() || sides.1.has_functions(),
            _ => false,
        }
    }

    /// As it is shown in an error.
    pub(crate) fn shown(&self) -> String {
        match &self.what {
            What::Integer(number) => number.to_string(),
            What::Number(number) => number.to_string(),
            What::Boolean(yes) => yes.to_string(),
            What::Text(text) | What::Name(text, _) => text.clone(),
            What::Duration(ns) => super::lexer::written(*ns),
            What::Pattern(pattern) => format!("/{pattern}/"),
            What::All(_) => "*".to_owned(),
            What::Call(name, _) => format!("{name}()"),
            What::Binary(operator, _) => operator.sign().to_owned(),
        }
    }
}
