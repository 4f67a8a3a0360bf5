//! The functions of conditions: what is called, with what, as a [`Name`].
//!
//! Their arguments are written out, never computed: so it is known before anything is evaluated what
//! a rule needs.

use cel::common::ast::{CallExpr, Expr, LiteralValue};
use cel::parser::Expression;

use crate::model::{Text, near, standard_point, text};
use crate::source::mqtt::Refusal;

use super::compile::{functions, no_such_word, words_hint};
use super::name::{self, Among, Kind, Measure, Name, over, point_kind, together};
use super::unit::{Unit, span_ms};

/// A call that makes sense.
pub(super) struct Call {
    pub(super) name: Name,
    pub(super) kind: Kind,
}

/// What is wrong with one: the node, unless it is the call itself, the problem and a hint.
type Wrong = (Option<u64>, Text, Text);

/// What a call asks for, in a rule whose `value` is of this kind.
pub(super) fn of(call: &CallExpr, value: Option<Kind>) -> Result<Call, Wrong> {
    let args = call.args.as_slice();
    let owner = match call.target.as_deref().map(|target| &target.expr) {
        None => "",
        Some(Expr::Ident(owner)) if matches!(owner.as_str(), "siblings" | "parts") => owner,
        Some(_) => return Err(unknown(call)),
    };
    match (owner, call.func_name.as_str(), args) {
        ("", "known", [point]) => {
            Ok(Call { name: Name::Known(any_point(point)?), kind: Kind::YesNo })
        }
        ("", "held_h", [point]) => Ok(hours(Name::HeldH(any_point(point)?))),
        ("", "time_in_h", [point, word, span]) => {
            let (point, word) = (word_point(point)?, word);
            let said = said(&point, word)?;
            Ok(hours(Name::TimeInH(point, said, self::span(span)?)))
        }
        ("", "refused", reasons) if !reasons.is_empty() => {
            let reasons = reasons.iter().map(reason).collect::<Result<_, _>>()?;
            Ok(Call { name: Name::Refused(reasons), kind: Kind::YesNo })
        }
        ("", function, [measure, span]) if over(function).is_some() => {
            let (measure, unit) = match (ident(measure), value) {
                (Some("value"), Some(Kind::Number(unit))) => (Measure::Value, unit),
                _ => self::measure(measure)?,
            };
            let over = over(function).ok_or_else(|| unknown(call))?;
            let name = Name::Over(over, measure, self::span(span)?);
            Ok(Call { name, kind: Kind::Number(unit) })
        }
        ("siblings", "count", []) => Ok(count(Name::SiblingsCount)),
        ("siblings", "count", [point]) => {
            Ok(count(Name::SiblingsSaying(any_point(point)?, String::new())))
        }
        ("siblings", "count", [point, word]) => {
            let point = word_point(point)?;
            let said = said(&point, word)?;
            Ok(count(Name::SiblingsSaying(point, said)))
        }
        ("siblings", among @ ("median" | "best"), [measure]) => {
            let (measure, unit) = match ident(measure) {
                Some("yield_yesterday_h") => (Measure::YieldYesterday, Unit::Of("h")),
                _ => self::measure(measure)?,
            };
            let among = if among == "best" { Among::Best } else { Among::Median };
            Ok(Call { name: Name::Siblings(among, measure), kind: Kind::Number(unit) })
        }
        ("parts", function, []) if together(function).is_some() => {
            let together = together(function).ok_or_else(|| unknown(call))?;
            Ok(Call { name: Name::Parts(together), kind: Kind::Number(Unit::Mixed) })
        }
        _ => Err(unknown(call)),
    }
}

const fn hours(name: Name) -> Call {
    Call { name, kind: Kind::Number(Unit::Of("h")) }
}

const fn count(name: Name) -> Call {
    Call { name, kind: Kind::Number(Unit::Bare) }
}

fn unknown(call: &CallExpr) -> Wrong {
    let (function, args) = (&call.func_name, call.args.len());
    let problem = text!(
        "没有带 {args} 个参数的函数 `{function}`",
        "there is no function `{function}` of {args} arguments"
    );
    (None, problem, functions())
}

fn ident(expression: &Expression) -> Option<&str> {
    match &expression.expr {
        Expr::Ident(word) => Some(word),
        _ => None,
    }
}

/// A point of any kind.
fn any_point(expression: &Expression) -> Result<String, Wrong> {
    let known = |point: &&str| standard_point(point).is_some() || point.starts_with("vendor_");
    match ident(expression) {
        Some(point) if known(&point) => Ok(point.to_owned()),
        word => Err(no_point(expression, word)),
    }
}

fn no_point(expression: &Expression, word: Option<&str>) -> Wrong {
    let near = word.and_then(name::nearest);
    let hint = near.map_or_else(
        || {
            Text::new(
                "这里写一个测点名（hallwatch points 列出全部）",
                "name a point here (hallwatch points lists them)",
            )
        },
        |near| near::meant(&near),
    );
    let problem = match word {
        Some(word) => text!("未知的测点 `{word}`", "unknown point `{word}`"),
        None => Text::new("这里需要测点名", "a point is wanted here"),
    };
    (Some(expression.id), problem, hint)
}

/// A point that says words.
fn word_point(expression: &Expression) -> Result<String, Wrong> {
    let point = any_point(expression)?;
    match point_kind(&point) {
        Some(Kind::Word(Some(_))) => Ok(point),
        _ => {
            let problem = text!("测点 `{point}` 没有固定说法", "point `{point}` has no words");
            let hint = Text::new("这里用枚举测点", "a point with words is wanted here");
            Err((Some(expression.id), problem, hint))
        }
    }
}

/// A word that the point may say.
fn said(point: &str, expression: &Expression) -> Result<String, Wrong> {
    let Expr::Literal(LiteralValue::String(word)) = &expression.expr else {
        let problem = Text::new("这里需要带引号的文字", "a word in quotes is wanted here");
        return Err((Some(expression.id), problem, functions()));
    };
    let word = word.inner().to_owned();
    match standard_point(point).and_then(|point| point.words) {
        Some(words) if words.by_id(&word).is_none() => {
            Err((Some(expression.id), no_such_word(&word), words_hint(&word, words)))
        }
        _ => Ok(word),
    }
}

/// A number that each device has.
fn measure(expression: &Expression) -> Result<(Measure, Unit), Wrong> {
    if ident(expression) == Some("power_share") {
        return Ok((Measure::PowerShare, Unit::Bare));
    }
    let point = any_point(expression)?;
    match point_kind(&point) {
        Some(Kind::Number(unit)) => Ok((Measure::Point(point), unit)),
        _ => {
            let problem = text!("测点 `{point}` 不是数字", "point `{point}` is no number");
            let hint = Text::new("这里用数字测点", "a number is wanted here");
            Err((Some(expression.id), problem, hint))
        }
    }
}

fn span(expression: &Expression) -> Result<i64, Wrong> {
    let text = match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => text.inner(),
        _ => "",
    };
    span_ms(text).ok_or_else(|| {
        let problem = text!("`{text}` 不是时间长度", "`{text}` is no span of time");
        let hint = Text::new(
            "写法如 \"30s\"、\"10m\"、\"1h\"、\"3d\"，最长 31 天",
            "write \"30s\", \"10m\", \"1h\" or \"3d\", 31 days at most",
        );
        (Some(expression.id), problem, hint)
    })
}

fn reason(expression: &Expression) -> Result<Refusal, Wrong> {
    let word = match &expression.expr {
        Expr::Literal(LiteralValue::String(word)) => word.inner(),
        _ => "",
    };
    Refusal::parse(word).ok_or_else(|| {
        let problem = text!("没有 `{word}` 这种拒收原因", "nothing is refused as `{word}`");
        let what = Text::new("拒收原因有", "reasons are");
        let hint = near::hint(word, &what, Refusal::ALL.iter().map(|reason| reason.as_str()));
        (Some(expression.id), problem, hint)
    })
}
