//! `SHOW` and its clauses.

use super::super::ast::{Show, Shown, Which};
use super::super::error::{Instead, QueryError};
use super::Parser;

impl Parser {
    /// What follows `SHOW`.
    pub(super) fn show(&mut self) -> Result<Show, QueryError> {
        let what = self.shown()?;
        let database = if self.word("on") { Some(self.name()?) } else { None };
        let mut show =
            Show { what, database, from: Vec::new(), condition: None, limit: None, offset: 0 };
        match &mut show.what {
            Shown::Databases | Shown::RetentionPolicies => return Ok(show),
            Shown::Measurements(which) => {
                if self.word("with") {
                    self.expect_word("MEASUREMENT")?;
                    *which = Some(self.which()?);
                }
            }
            Shown::TagValues(keys) => {
                if self.word("from") {
                    show.from.push(self.measurement()?);
                    while self.symbol(",") {
                        show.from.push(self.measurement()?);
                    }
                }
                self.expect_word("WITH")?;
                self.expect_word("KEY")?;
                *keys = self.which()?;
            }
            Shown::Series | Shown::TagKeys | Shown::FieldKeys => {
                if self.word("from") {
                    show.from.push(self.measurement()?);
                    while self.symbol(",") {
                        show.from.push(self.measurement()?);
                    }
                }
            }
        }
        show.condition = self.condition()?;
        show.limit = self.optional_count("limit")?.filter(|limit| *limit > 0);
        show.offset = self.optional_count("offset")?.unwrap_or(0);
        Ok(show)
    }

    fn shown(&mut self) -> Result<Shown, QueryError> {
        let place = self.place();
        let refused = |what: String| QueryError::Refused { what, instead: Instead::Shows, place };
        let first = self.advance().shown();
        let plain = match first.to_ascii_lowercase().as_str() {
            "databases" => Some(Shown::Databases),
            "measurements" => Some(Shown::Measurements(None)),
            "series" if !self.is_word("exact") && !self.is_word("cardinality") => {
                Some(Shown::Series)
            }
            _ => None,
        };
        if let Some(plain) = plain {
            return Ok(plain);
        }
        let second = self.advance().shown();
        let both = format!("{first} {second}");
        match both.to_ascii_lowercase().as_str() {
            "retention policies" => Ok(Shown::RetentionPolicies),
            "tag keys" => Ok(Shown::TagKeys),
            "tag values" => Ok(Shown::TagValues(Which::Names(Vec::new()))),
            "field keys" => Ok(Shown::FieldKeys),
            _ => Err(refused(both)),
        }
    }

    /// `= name`, `!= name`, `=~ /pattern/`, `!~ /pattern/` or `IN (names)`.
    fn which(&mut self) -> Result<Which, QueryError> {
        if self.symbol("=") {
            return Ok(Which::Name(self.name()?));
        }
        if self.symbol("!=") || self.symbol("<>") {
            return Ok(Which::NotName(self.name()?));
        }
        if self.symbol("=~") {
            return Ok(Which::Pattern(self.expect_pattern()?));
        }
        if self.symbol("!~") {
            return Ok(Which::NotPattern(self.expect_pattern()?));
        }
        if !self.word("in") {
            return Err(self.unexpected("=, !=, =~, !~ or IN"));
        }
        self.expect_symbol("(")?;
        let mut names = vec![self.name()?];
        while self.symbol(",") {
            names.push(self.name()?);
        }
        self.expect_symbol(")")?;
        Ok(Which::Names(names))
    }
}
