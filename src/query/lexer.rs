//! The text of a query in tokens.
//!
//! A `/` divides after something that has a value and begins a regular expression elsewhere.

use std::iter::Peekable;
use std::str::Chars;

use super::error::{Place, QueryError};

#[cfg(test)]
mod tests;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A bare word: a keyword or a name.
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    /// A text in single quotes.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a point.
    Number(f64),
    /// Nanoseconds: `5m`, `1h30m`.
    Duration(i64),
    /// A regular expression.
    Pattern(String),
    /// An operator or a mark.
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
}

impl Token {
    /// As it is shown in an error.
    pub(crate) fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(text) | Kind::Quoted(text) | Kind::Text(text) => text.clone(),
            Kind::Integer(number) => number.to_string(),
            Kind::Number(number) => number.to_string(),
            Kind::Duration(ns) => written(*ns),
            Kind::Pattern(pattern) => format!("/{pattern}/"),
            Kind::Symbol(symbol) => (*symbol).to_owned(),
            Kind::End => "EOF".to_owned(),
        }
    }
}

/// Two characters before one, so that the longer mark wins.
const SYMBOLS: [&str; 25] = [
    "::", "!=", "<>", "=~", "!~", "<=", ">=", "(", ")", ",", ";", ".", ":", "*", "/", "+", "-",
    "%", "=", "<", ">", "&", "|", "^", "$",
];

/// The tokens of a text, the last one an end.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut lexer = Lexer { rest: text.chars().peekable(), place: Place { line: 1, char: 1 } };
    let mut tokens: Vec<Token> = Vec::new();
    loop {
        let token = lexer.token(tokens.last().map(|token| &token.kind))?;
        let end = token.kind == Kind::End;
        tokens.push(token);
        if end {
            return Ok(tokens);
        }
    }
}

/// Whether a `/` after this token divides.
fn has_value(before: Option<&Kind>) -> bool {
    match before {
        Some(Kind::Word(word)) => {
            !["select", "from", "by"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
        }
        Some(Kind::Symbol(symbol)) => *symbol == ")",
        Some(Kind::End) | None => false,
        Some(_) => true,
    }
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    place: Place,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.place = Place { line: self.place.line + 1, char: 1 };
        } else {
            self.place.char += 1;
        }
        Some(c)
    }

    fn take_while(&mut self, text: &mut String, mut wanted: impl FnMut(char) -> bool) {
        while let Some(c) = self.rest.peek().copied().filter(|c| wanted(*c)) {
            text.push(c);
            self.next();
        }
    }

    /// What stands next but one.
    fn second(&self) -> Option<char> {
        self.rest.clone().nth(1)
    }

    fn skip_blanks(&mut self) {
        while let Some(c) = self.rest.peek().copied() {
            if c.is_whitespace() {
                self.next();
            } else if c == '-' && self.second() == Some('-') {
                self.take_while(&mut String::new(), |c| c != '\n');
            } else {
                return;
            }
        }
    }

    fn token(&mut self, before: Option<&Kind>) -> Result<Token, QueryError> {
        self.skip_blanks();
        let place = self.place;
        let kind = match self.rest.peek().copied() {
            None => Kind::End,
            Some('"') => Kind::Quoted(self.quoted('"')?),
            Some('\'') => Kind::Text(self.quoted('\'')?),
            Some('/') if !has_value(before) => Kind::Pattern(self.pattern()?),
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some('.') if self.second().is_some_and(|c| c.is_ascii_digit()) => self.number()?,
            Some(c) if c.is_alphabetic() || c == '_' => {
                let mut word = String::new();
                self.take_while(&mut word, |c| c.is_alphanumeric() || c == '_');
                Kind::Word(word)
            }
            Some(c) => self.symbol(c)?,
        };
        Ok(Token { kind, place })
    }

    fn symbol(&mut self, first: char) -> Result<Kind, QueryError> {
        let second = self.second();
        let stands = |symbol: &&&str| {
            let mut chars = symbol.chars();
            chars.next() == Some(first) && chars.next().is_none_or(|c| Some(c) == second)
        };
        let Some(symbol) = SYMBOLS.iter().find(stands) else {
            return Err(self.unexpected(first.to_string(), "InfluxQL", self.place));
        };
        symbol.chars().for_each(|_| {
            self.next();
        });
        Ok(Kind::Symbol(symbol))
    }

    fn quoted(&mut self, quote: char) -> Result<String, QueryError> {
        let (start, mut text) = (self.place, String::new());
        self.next();
        loop {
            match self.next() {
                Some(c) if c == quote => return Ok(text),
                Some('\\') => match self.next() {
                    Some('n') => text.push('\n'),
                    Some(c @ ('\\' | '"' | '\'')) => text.push(c),
                    _ => {
                        return Err(self.unexpected(
                            "\\".to_owned(),
                            "\\\\, \\n or a quote",
                            start,
                        ));
                    }
                },
                Some('\n') | None => {
                    return Err(self.unexpected(
                        format!("{quote}{text}"),
                        "a closing quote",
                        start,
                    ));
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn pattern(&mut self) -> Result<String, QueryError> {
        let (start, mut text) = (self.place, String::new());
        self.next();
        loop {
            match self.next() {
                Some('/') => return Ok(text),
                Some('\\') => match self.next() {
                    Some('/') => text.push('/'),
                    Some(c) => text.extend(['\\', c]),
                    None => {}
                },
                Some('\n') | None => {
                    return Err(self.unexpected(format!("/{text}"), "a closing /", start));
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn number(&mut self) -> Result<Kind, QueryError> {
        let (start, mut text) = (self.place, String::new());
        self.take_while(&mut text, |c| c.is_ascii_digit());
        if self.rest.peek() == Some(&'.') && self.second().is_none_or(|c| c.is_ascii_digit()) {
            text.push('.');
            self.next();
            self.take_while(&mut text, |c| c.is_ascii_digit());
            return match text.parse() {
                Ok(number) => Ok(Kind::Number(number)),
                Err(_) => Err(self.unexpected(text, "a number", start)),
            };
        }
        if self.rest.peek().is_some_and(|c| c.is_alphabetic()) {
            self.take_while(&mut text, char::is_alphanumeric);
            return match duration(&text) {
                Some(ns) => Ok(Kind::Duration(ns)),
                None => Err(self.unexpected(text, "a duration like 5m or 1h30m", start)),
            };
        }
        match text.parse() {
            Ok(number) => Ok(Kind::Integer(number)),
            Err(_) => Err(self.unexpected(text, "a number that fits 64 bits", start)),
        }
    }

    #[allow(clippy::unused_self)] // reads better where it is called
    fn unexpected(&self, found: String, expected: &'static str, place: Place) -> QueryError {
        QueryError::Unexpected { found, expected, place }
    }
}

/// Nanoseconds of a unit.
pub(crate) fn unit_ns(unit: &str) -> Option<i64> {
    Some(match unit {
        "n" | "ns" => 1,
        "u" | "µ" | "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        "w" => 604_800_000_000_000,
        _ => return None,
    })
}

/// A duration in the largest unit that it is a whole number of.
pub(crate) fn written(ns: i64) -> String {
    let units = ["w", "d", "h", "m", "s", "ms", "u", "ns"];
    let whole = |unit: &&&str| unit_ns(unit).is_some_and(|length| ns % length == 0);
    let unit = units.iter().find(whole).filter(|_| ns != 0).unwrap_or(&"s");
    format!("{}{unit}", ns / unit_ns(unit).unwrap_or(1))
}

/// Nanoseconds of `1h30m`.
fn duration(text: &str) -> Option<i64> {
    let (mut sum, mut digits, mut unit) = (0_i64, String::new(), String::new());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        unit.push(c);
        if chars.peek().is_none_or(char::is_ascii_digit) {
            let part = digits.parse::<i64>().ok()?.checked_mul(unit_ns(&unit)?)?;
            sum = sum.checked_add(part)?;
            digits.clear();
            unit.clear();
        }
    }
    digits.is_empty().then_some(sum)
}
