//! Expressions: names, numbers, calls, and operators by their precedence.

use super::super::ast::{Cast, Expr, Operator, What};
use super::super::error::{Instead, Place, QueryError};
use super::super::lexer::Kind;
use super::super::value::FieldType;
use super::Parser;

impl Parser {
    /// A whole expression.
    pub(super) fn expr(&mut self) -> Result<Expr, QueryError> {
        self.deeper(|parser| parser.binary(1))
    }

    /// Operators that bind at least as tight as `lowest`.
    fn binary(&mut self, lowest: u8) -> Result<Expr, QueryError> {
        let mut left = self.operand()?;
        while let Some(operator) = self.operator()?.filter(|found| found.precedence() >= lowest) {
            self.spend(1)?;
            let place = left.place;
            self.at += 1;
            let right = match operator {
                Operator::Matches | Operator::MatchesNot => {
                    let place = self.place();
                    Expr { what: What::Pattern(self.expect_pattern()?), place }
                }
                _ => self.binary(operator.precedence() + 1)?,
            };
            left = Expr { what: What::Binary(operator, Box::new((left, right))), place };
        }
        Ok(left)
    }

    /// The operator that is next.
    fn operator(&self) -> Result<Option<Operator>, QueryError> {
        let symbol = match &self.peek().kind {
            Kind::Word(word) if word.eq_ignore_ascii_case("and") => "AND",
            Kind::Word(word) if word.eq_ignore_ascii_case("or") => "OR",
            Kind::Symbol(symbol) => symbol,
            _ => return Ok(None),
        };
        Ok(Some(match symbol {
            "OR" => Operator::Or,
            "AND" => Operator::And,
            "=" => Operator::Equal,
            "!=" | "<>" => Operator::NotEqual,
            "=~" => Operator::Matches,
            "!~" => Operator::MatchesNot,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            "%" => Operator::Modulo,
            "&" | "|" | "^" => return Err(self.refused(Instead::Arithmetic)),
            _ => return Ok(None),
        }))
    }

    fn operand(&mut self) -> Result<Expr, QueryError> {
        let place = self.place();
        if self.symbol("(") {
            let inner = self.expr()?;
            self.expect_symbol(")")?;
            return Ok(inner);
        }
        if self.symbol("-") {
            return self.negative(place);
        }
        if self.symbol("+") {
            return self.deeper(Self::operand);
        }
        if self.symbol("*") {
            return Ok(Expr { what: What::All(self.cast()?), place });
        }
        if let Some(pattern) = self.pattern()? {
            return Ok(Expr { what: What::Pattern(pattern), place });
        }
        let what = match self.peek().kind.clone() {
            Kind::Integer(number) => What::Integer(number),
            Kind::Number(number) => What::Number(number),
            Kind::Duration(ns) => What::Duration(ns),
            Kind::Text(text) => What::Text(text),
            Kind::Word(word) if word.eq_ignore_ascii_case("true") => What::Boolean(true),
            Kind::Word(word) if word.eq_ignore_ascii_case("false") => What::Boolean(false),
            Kind::Word(_) | Kind::Quoted(_) => {
                return Ok(Expr { what: self.name_or_call()?, place });
            }
            _ => return Err(self.unexpected("a name, a number, a text or a function")),
        };
        self.at += 1;
        Ok(Expr { what, place })
    }

    /// A minus: part of a number, or minus one times the rest.
    fn negative(&mut self, place: Place) -> Result<Expr, QueryError> {
        let inner = self.deeper(Self::operand)?;
        let what = match inner.what {
            What::Integer(number) => What::Integer(number.wrapping_neg()),
            What::Number(number) => What::Number(-number),
            What::Duration(ns) => What::Duration(ns.wrapping_neg()),
            what => {
                let minus = Expr { what: What::Integer(-1), place };
                let inner = Expr { what, place: inner.place };
                What::Binary(Operator::Multiply, Box::new((minus, inner)))
            }
        };
        Ok(Expr { what, place })
    }

    fn name_or_call(&mut self) -> Result<What, QueryError> {
        let bare = matches!(self.peek().kind, Kind::Word(_));
        let mut name = self.name()?;
        if bare && self.symbol("(") {
            let arguments = self.deeper(Self::arguments)?;
            return Ok(What::Call(name.to_ascii_lowercase(), arguments));
        }
        // DISTINCT field, without parentheses.
        if bare
            && name.eq_ignore_ascii_case("distinct")
            && matches!(self.peek().kind, Kind::Word(_) | Kind::Quoted(_))
            && !["from", "as"].iter().any(|keyword| self.is_word(keyword))
        {
            let place = self.place();
            let field = Expr { what: What::Name(self.name()?, self.cast()?), place };
            return Ok(What::Call("distinct".to_owned(), vec![field]));
        }
        while self.symbol(".") {
            name = format!("{name}.{}", self.name()?);
        }
        Ok(What::Name(name, self.cast()?))
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, QueryError> {
        let mut arguments = Vec::new();
        if self.symbol(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expr()?);
            if self.symbol(")") {
                return Ok(arguments);
            }
            if !self.symbol(",") {
                return Err(self.unexpected(", or )"));
            }
        }
    }

    /// `::tag`, `::field` or a type, if it is there.
    pub(super) fn cast(&mut self) -> Result<Option<Cast>, QueryError> {
        if !self.symbol("::") {
            return Ok(None);
        }
        let casts = [
            ("tag", Cast::Tag),
            ("field", Cast::Field),
            ("float", Cast::Type(FieldType::Float)),
            ("integer", Cast::Type(FieldType::Integer)),
            ("boolean", Cast::Type(FieldType::Boolean)),
        ];
        let found = casts.iter().find(|(name, _)| self.is_word(name));
        let Some((_, cast)) = found else {
            return Err(self.unexpected("tag, field, float, integer or boolean"));
        };
        self.at += 1;
        Ok(Some(*cast))
    }
}
