//! `SELECT` and its clauses, in InfluxQL's order.

use jiff::tz::TimeZone;

use super::super::ast::{
    Column, Dimension, Expr, Fill, From, Interval, Measurement, Order, Select, What, Which,
};
use super::super::error::{Instead, Place, QueryError};
use super::super::lexer::Kind;
use super::super::limit;
use super::super::time;
use super::Parser;

impl Parser {
    /// What follows `SELECT`.
    pub(super) fn select(&mut self) -> Result<Select, QueryError> {
        let columns = self.columns()?;
        if self.is_word("into") {
            return Err(self.refused(Instead::ReadOnly));
        }
        self.expect_word("FROM")?;
        let from = self.from()?;
        let condition = self.condition()?;
        let mut select = Select {
            columns,
            from,
            condition,
            interval: None,
            dimensions: Vec::new(),
            fill: Fill::Null,
            order: None,
            limit: None,
            offset: 0,
            series_limit: None,
            series_offset: 0,
            zone: None,
        };
        if self.word("group") {
            self.expect_word("BY")?;
            self.dimensions(&mut select)?;
        }
        if self.word("fill") {
            select.fill = self.fill()?;
        }
        select.order = self.order()?;
        select.limit = self.optional_count("limit")?.filter(|limit| *limit > 0);
        select.offset = self.optional_count("offset")?.unwrap_or(0);
        select.series_limit = self.optional_count("slimit")?.filter(|limit| *limit > 0);
        select.series_offset = self.optional_count("soffset")?.unwrap_or(0);
        if self.word("tz") {
            select.zone = Some(self.zone()?);
        }
        Ok(select)
    }

    fn columns(&mut self) -> Result<Vec<Column>, QueryError> {
        let mut columns = Vec::new();
        loop {
            if matches!(self.peek().kind, Kind::Pattern(_)) {
                return Err(self.refused(Instead::FieldNames));
            }
            let expr = self.expr()?;
            let alias = if self.word("as") { Some(self.name()?) } else { None };
            columns.push(Column { expr, alias });
            if columns.len() > limit::COLUMNS {
                return Err(QueryError::TooManyColumns);
            }
            if !self.symbol(",") {
                return Ok(columns);
            }
        }
    }

    fn from(&mut self) -> Result<Vec<From>, QueryError> {
        let mut from = Vec::new();
        loop {
            from.push(if self.symbol("(") {
                self.expect_word("SELECT")?;
                self.spend(limit::SUBQUERY)?;
                let subquery = self.deeper(Self::select)?;
                self.expect_symbol(")")?;
                From::Subquery(Box::new(subquery))
            } else {
                From::Measurement(self.measurement()?)
            });
            if !self.symbol(",") {
                return Ok(from);
            }
        }
    }

    /// `m`, `policy.m`, `database.policy.m`, `database..m`, the last one perhaps a pattern.
    pub(super) fn measurement(&mut self) -> Result<Measurement, QueryError> {
        let mut names: Vec<String> = Vec::new();
        let which = loop {
            if let Some(pattern) = self.pattern()? {
                break Which::Pattern(pattern);
            }
            if names.len() == 1 && self.symbol(".") {
                names.push(String::new());
                continue;
            }
            let name = self.name()?;
            if names.len() < 2 && self.symbol(".") {
                names.push(name);
                continue;
            }
            break Which::Name(name);
        };
        let policy = names.pop().filter(|policy| !policy.is_empty());
        Ok(Measurement { database: names.pop(), policy, which })
    }

    /// What follows `WHERE`, if it is there.
    pub(super) fn condition(&mut self) -> Result<Option<Expr>, QueryError> {
        if self.word("where") { self.expr().map(Some) } else { Ok(None) }
    }

    fn dimensions(&mut self, select: &mut Select) -> Result<(), QueryError> {
        loop {
            if self.symbol("*") {
                select.dimensions.push(Dimension::All);
            } else if matches!(self.peek().kind, Kind::Pattern(_)) {
                return Err(self.refused(Instead::GroupByTag));
            } else {
                let place = self.place();
                let time = self.is_word("time");
                let name = self.name()?;
                if time && self.symbol("(") {
                    if select.interval.is_some() {
                        let what = "time()".to_owned();
                        return Err(QueryError::Refused {
                            what,
                            instead: Instead::OneInterval,
                            place,
                        });
                    }
                    select.interval = Some(self.interval()?);
                } else {
                    self.cast()?;
                    select.dimensions.push(Dimension::Tag(name));
                }
            }
            if !self.symbol(",") {
                return Ok(());
            }
        }
    }

    /// What follows `time(`.
    fn interval(&mut self) -> Result<Interval, QueryError> {
        let every = match self.peek().kind {
            Kind::Duration(every) if every > 0 => every,
            _ => return Err(self.unexpected("a duration like 5m")),
        };
        self.at += 1;
        let mut offset = 0;
        if self.symbol(",") {
            let sign = if self.symbol("-") { -1 } else { 1 };
            offset = match self.peek().kind {
                Kind::Duration(offset) => sign * offset % every,
                Kind::Integer(0) => 0,
                _ => return Err(self.unexpected("a duration like 5m")),
            };
            self.at += 1;
        }
        self.expect_symbol(")")?;
        Ok(Interval { every, offset })
    }

    /// What follows `fill`.
    fn fill(&mut self) -> Result<Fill, QueryError> {
        self.expect_symbol("(")?;
        let negative = self.symbol("-");
        let sign = if negative { -1.0 } else { 1.0 };
        let fill = match &self.peek().kind {
            #[allow(clippy::cast_precision_loss)] // as InfluxDB does
            Kind::Integer(number) => Fill::Number(sign * *number as f64),
            Kind::Number(number) => Fill::Number(sign * number),
            Kind::Word(word) if !negative => match word.to_ascii_lowercase().as_str() {
                "null" => Fill::Null,
                "none" => Fill::None,
                "previous" => Fill::Previous,
                "linear" => Fill::Linear,
                _ => return Err(self.unexpected("null, none, previous, linear or a number")),
            },
            _ => return Err(self.unexpected("null, none, previous, linear or a number")),
        };
        self.at += 1;
        self.expect_symbol(")")?;
        Ok(fill)
    }

    fn order(&mut self) -> Result<Option<(Order, Place)>, QueryError> {
        let place = self.place();
        if !self.word("order") {
            return Ok(None);
        }
        self.expect_word("BY")?;
        if !self.is_word("asc") && !self.is_word("desc") {
            let found = Expr { place: self.place(), what: What::Name(self.name()?, None) };
            if !found.is_time() {
                let (what, place) = (found.shown(), found.place);
                return Err(QueryError::Refused { what, instead: Instead::ByTime, place });
            }
        }
        let order = if self.word("desc") { Order::Descending } else { Order::Ascending };
        if order == Order::Ascending {
            self.word("asc");
        }
        if self.is_symbol(",") {
            return Err(self.refused(Instead::ByTime));
        }
        Ok(Some((order, place)))
    }

    /// What follows `tz`.
    fn zone(&mut self) -> Result<TimeZone, QueryError> {
        self.expect_symbol("(")?;
        let place = self.place();
        let name = self.text()?;
        let zone = time::zone(&name).ok_or(QueryError::Zone { name, place })?;
        self.expect_symbol(")")?;
        Ok(zone)
    }
}
