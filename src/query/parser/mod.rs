//! The text of a query in statements. Says at the first wrong token what was expected there.
//!
//! Architecture invariant: recursion is bounded by [`limit::DEPTH`] and [`limit::OPERATORS`].

mod expr;
mod select;
mod show;
#[cfg(test)]
mod tests;

use regex::{Regex, RegexBuilder};

use super::ast::Statement;
use super::error::{Instead, Place, QueryError};
use super::lexer::{Kind, Token, tokens};
use super::limit;

/// Words that begin a clause and so cannot be bare names.
const RESERVED: [&str; 16] = [
    "select", "show", "from", "where", "group", "by", "order", "limit", "offset", "slimit",
    "soffset", "and", "or", "as", "into", "with",
];

/// The statements of a text.
pub(crate) fn parse(text: &str) -> Result<Vec<Statement>, QueryError> {
    if text.len() > limit::TEXT_BYTES {
        return Err(QueryError::TooLong);
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, operators: 0, patterns: 0 };
    let mut statements = Vec::new();
    loop {
        while parser.symbol(";") {}
        if parser.peek().kind == Kind::End {
            return if statements.is_empty() {
                Err(parser.unexpected("SELECT or SHOW"))
            } else {
                Ok(statements)
            };
        }
        if statements.len() >= limit::STATEMENTS {
            return Err(parser.too_much());
        }
        parser.operators = 0;
        statements.push(parser.statement()?);
        if parser.peek().kind != Kind::End && !parser.symbol(";") {
            return Err(parser.unexpected("; or the end"));
        }
    }
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// In this statement so far.
    operators: usize,
    /// In the whole query so far.
    patterns: usize,
}

/// Stands for the end where the tokens are used up.
const END: Token = Token { kind: Kind::End, place: Place { line: 0, char: 0 } };

impl Parser {
    fn statement(&mut self) -> Result<Statement, QueryError> {
        if self.word("select") {
            return Ok(Statement::Select(Box::new(self.select()?)));
        }
        if self.word("show") {
            return Ok(Statement::Show(Box::new(self.show()?)));
        }
        Err(match self.peek().kind {
            Kind::Word(_) => self.refused(Instead::ReadOnly),
            _ => self.unexpected("SELECT or SHOW"),
        })
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.at).or(self.tokens.last()).unwrap_or(&END)
    }

    fn place(&self) -> Place {
        self.peek().place
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn is_word(&self, keyword: &str) -> bool {
        matches!(&self.peek().kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Takes the keyword if it is next.
    fn word(&mut self, keyword: &str) -> bool {
        let next = self.is_word(keyword);
        self.at += usize::from(next);
        next
    }

    fn expect_word(&mut self, keyword: &'static str) -> Result<(), QueryError> {
        if self.word(keyword) { Ok(()) } else { Err(self.unexpected(keyword)) }
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(&self.peek().kind, Kind::Symbol(found) if *found == symbol)
    }

    /// Takes the mark if it is next.
    fn symbol(&mut self, symbol: &str) -> bool {
        let next = self.is_symbol(symbol);
        self.at += usize::from(next);
        next
    }

    fn expect_symbol(&mut self, symbol: &'static str) -> Result<(), QueryError> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.unexpected(symbol)) }
    }

    /// A bare or quoted name.
    fn name(&mut self) -> Result<String, QueryError> {
        match &self.peek().kind {
            Kind::Quoted(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            Kind::Word(word) if !is_reserved(word) => {
                let name = word.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// A text in single quotes.
    fn text(&mut self) -> Result<String, QueryError> {
        let Kind::Text(text) = &self.peek().kind else {
            return Err(self.unexpected("a text in single quotes"));
        };
        let text = text.clone();
        self.at += 1;
        Ok(text)
    }

    /// Takes a regular expression if it is next.
    fn pattern(&mut self) -> Result<Option<Regex>, QueryError> {
        let Kind::Pattern(pattern) = &self.peek().kind else { return Ok(None) };
        if self.patterns >= limit::PATTERNS {
            return Err(self.too_much());
        }
        let built = RegexBuilder::new(pattern)
            .size_limit(limit::PATTERN_BYTES)
            .dfa_size_limit(limit::PATTERN_BYTES)
            .nest_limit(limit::PATTERN_DEPTH)
            .build();
        let error = || QueryError::Pattern { pattern: pattern.clone(), place: self.place() };
        let pattern = built.map_err(|_| error())?;
        self.patterns += 1;
        self.at += 1;
        Ok(Some(pattern))
    }

    fn expect_pattern(&mut self) -> Result<Regex, QueryError> {
        self.pattern()?.ok_or_else(|| self.unexpected("a regular expression like /^INV/"))
    }

    /// A number of rows.
    fn count(&mut self) -> Result<usize, QueryError> {
        match self.peek().kind {
            Kind::Integer(number) => match usize::try_from(number) {
                Ok(number) => {
                    self.at += 1;
                    Ok(number)
                }
                Err(_) => Err(self.unexpected("a whole number")),
            },
            _ => Err(self.unexpected("a whole number")),
        }
    }

    /// What follows a keyword like LIMIT, if it is there.
    fn optional_count(&mut self, keyword: &str) -> Result<Option<usize>, QueryError> {
        if self.word(keyword) { self.count().map(Some) } else { Ok(None) }
    }

    /// Counts operators, or what costs like them.
    fn spend(&mut self, operators: usize) -> Result<(), QueryError> {
        self.operators += operators;
        if self.operators > limit::OPERATORS { Err(self.too_much()) } else { Ok(()) }
    }

    /// Goes one level deeper for as long as `inner` works.
    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        if self.depth >= limit::DEPTH {
            return Err(self.too_much());
        }
        self.depth += 1;
        let found = inner(self);
        self.depth -= 1;
        found
    }

    fn too_much(&self) -> QueryError {
        QueryError::TooMuch { found: self.peek().shown(), place: self.place() }
    }

    fn unexpected(&self, expected: &'static str) -> QueryError {
        QueryError::Unexpected { found: self.peek().shown(), expected, place: self.place() }
    }

    fn refused(&self, instead: Instead) -> QueryError {
        QueryError::Refused { what: self.peek().shown(), instead, place: self.place() }
    }
}

fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}
