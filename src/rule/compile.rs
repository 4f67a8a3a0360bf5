//! Conditions in CEL: parsed by the `cel` crate, held against what there is, and put into a form in
//! which everything that is asked of the hall is a name.
//!
//! CEL has more than conditions need. Left out are macros over lists, maps and structures: with them a
//! rule could work for minutes, and nothing here is a list.

use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, Expr, LiteralValue, SourceInfo, operators};
use cel::common::types::CelDouble;
use cel::parser::Expression;
use cel::{Context, Env, ExecutionError};

use crate::model::{Text, Vocabulary, near, text};

use super::call::{self, Call};
use super::name::{self, Kind, Name};
use super::unit::{Unit, reach};

/// Longest condition, bytes, and deepest nesting of brackets in it: more than anybody reads.
const LENGTH_MAX: usize = 2_000;
const DEPTH_MAX: usize = 40;
/// Functions of our own in place of operators: a division by zero is no number.
const QUOTIENT: &str = "quotient_of";
const ABSOLUTE: &str = "absolute_of";

/// A mistake in a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wrong {
    /// Where in the condition, bytes.
    pub(super) offset: usize,
    pub(super) problem: Text,
    pub(super) hint: Text,
}

/// A condition that can be evaluated.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    expression: Expression,
    /// What it asks, each once, with the word that stands for it in the expression.
    names: Vec<(String, Name)>,
    pub(super) kind: Kind,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names && self.expression.expr == other.expression.expr
    }
}

impl Condition {
    /// Everything that it asks.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.names.iter().map(|(_, name)| name)
    }

    pub(super) fn name(&self, word: &str) -> Option<&Name> {
        self.names.iter().find(|(known, _)| known == word).map(|(_, name)| name)
    }

    pub(super) const fn expression(&self) -> &Expression {
        &self.expression
    }
}

/// What there is to evaluate with: operators, and functions of our own.
pub(super) static ROOT: LazyLock<Context<'static, 'static>> = LazyLock::new(|| {
    let mut root = Context::with_env(ENV.clone());
    let quotient = |a: f64, b: f64| match b {
        0.0 => Err(ExecutionError::DivisionByZero(a.into())),
        _ => Ok(a / b),
    };
    let added = root.add_function(QUOTIENT, quotient).and(root.add_function(ABSOLUTE, f64::abs));
    if let Err(error) = added {
        tracing::error!(%error, "conditions have no division");
    }
    root
});

/// Without macros: their names are left as calls, which are refused.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::default().with_stdlib()));

/// What `value` is: the points of a rule, of which each is judged.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    /// `None` where the rule has no points.
    pub(super) kind: Option<Kind>,
    /// What they may say.
    pub(super) words: Vec<&'static Vocabulary>,
    /// There are some, so that they can be judged together.
    pub(super) parts: bool,
}

/// Compiles a condition of a rule with these points.
///
/// # Errors
/// All mistakes in it.
pub(super) fn compile(source: &str, own: &Own) -> Result<Condition, Vec<Wrong>> {
    let parsed = parse(source).map_err(|wrong| vec![wrong])?;
    let (expression, info) = (parsed.expression().clone(), parsed.source_info());
    let mut walk = Walk { info, own, names: Vec::new(), wrong: Vec::new() };
    let (expression, kind) = walk.expression(expression);
    match kind {
        Some(kind) if walk.wrong.is_empty() => {
            Ok(Condition { expression, names: walk.names, kind })
        }
        _ => Err(walk.wrong),
    }
}

fn parse(source: &str) -> Result<cel::Program, Wrong> {
    let depth = source.chars().scan(0_usize, |depth, c| {
        match c {
            '(' | '[' | '{' => *depth += 1,
            ')' | ']' | '}' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        Some(*depth)
    });
    // Signs nest without brackets.
    let signs = source.split(|c| c != '!' && c != '-').map(str::len).max().unwrap_or(0);
    if source.len() > LENGTH_MAX || depth.max().unwrap_or(0) > DEPTH_MAX || signs > DEPTH_MAX {
        let problem =
            Text::new("条件太长或嵌套太深", "the condition is too long or nested too deep");
        let hint = Text::new("把它拆成几条规则", "make several rules of it");
        return Err(Wrong { offset: 0, problem, hint });
    }
    ENV.compile(source).map_err(|errors| {
        let first = errors.errors.first();
        let (line, column) = first.map_or((1, 1), |error| error.pos);
        let before: usize = source
            .split_inclusive('\n')
            .take(usize::try_from(line - 1).unwrap_or(0))
            .map(str::len)
            .sum();
        let offset = before + usize::try_from(column - 1).unwrap_or(0);
        let said = first.map_or("", |error| error.msg.lines().next().unwrap_or_default());
        let problem = text!("看不懂条件：{said}", "the condition cannot be read: {said}");
        Wrong { offset, problem, hint: hint_of(source) }
    })
}

/// What was probably meant by what cannot be read.
fn hint_of(source: &str) -> Text {
    let wide = |c: char| {
        matches!(
            c,
            '＞' | '＜'
                | '＝'
                | '，'
                | '（'
                | '）'
                | '“'
                | '”'
                | '‘'
                | '’'
                | '！'
                | '＆'
                | '｜'
        )
    };
    let words = || source.split_whitespace();
    let single = source.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "");
    match () {
        () if source.contains(wide) => Text::new(
            "用半角符号：> < = , ( ) \"",
            "use the signs > < = , ( ) \" of a plain keyboard",
        ),
        () if source.contains("{n}") => Text::new(
            "带 {n} 的测点写在 points 里，条件里用 value",
            "put points with {n} into `points` and write `value` here",
        ),
        () if words().any(|word| matches!(word, "and" | "or" | "not")) => {
            Text::new("且、或、非写作 && || !", "write && || ! for and, or, not")
        }
        () if single.contains('=') => Text::new("相等写作 ==", "write == for equal"),
        () => Text::new(
            "写法如 `printer_paper == \"out\" && open`",
            "write for example `printer_paper == \"out\" && open`",
        ),
    }
}

/// Goes through an expression.
struct Walk<'a> {
    info: &'a SourceInfo,
    own: &'a Own,
    names: Vec<(String, Name)>,
    wrong: Vec<Wrong>,
}

/// A checked expression; `None` where something was wrong with it, which has been told.
type Checked = (Expression, Option<Kind>);

impl Walk<'_> {
    fn told(&mut self, at: u64, problem: Text, hint: Text) {
        let offset = self.info.offset_for(at).map_or(0, |(start, _)| start as usize);
        self.wrong.push(Wrong { offset, problem, hint });
    }

    fn expression(&mut self, expression: Expression) -> Checked {
        let Expression { id, expr } = expression;
        match expr {
            Expr::Literal(literal) => self.literal(id, literal),
            Expr::Ident(word) => self.word(id, &word),
            Expr::Call(call) => self.call(id, call),
            _ => {
                self.told(
                    id,
                    Text::new("条件里不能这样写", "this is not part of conditions"),
                    functions(),
                );
                (Expression { id, expr: Expr::Unspecified }, None)
            }
        }
    }

    /// Every number is a double: points are, and CEL does not mix them with whole ones.
    fn literal(&mut self, id: u64, literal: LiteralValue) -> Checked {
        let number = |number: f64| {
            let expr = Expr::Literal(LiteralValue::Double(CelDouble::from(number)));
            (Expression { id, expr }, Some(Kind::Number(Unit::Bare)))
        };
        #[allow(clippy::cast_precision_loss)] // thresholds are small
        match literal {
            LiteralValue::Int(value) => number(*value.inner() as f64),
            LiteralValue::UInt(value) => number(*value.inner() as f64),
            LiteralValue::Double(value) => number(*value.inner()),
            LiteralValue::Boolean(_) => {
                (Expression { id, expr: Expr::Literal(literal) }, Some(Kind::YesNo))
            }
            LiteralValue::String(_) => {
                (Expression { id, expr: Expr::Literal(literal) }, Some(Kind::Word(None)))
            }
            LiteralValue::Bytes(_) | LiteralValue::Null => {
                let problem = Text::new("条件里没有这种值", "there are no such values here");
                self.told(
                    id,
                    problem,
                    Text::new("用数字、文字或 true/false", "use numbers, words, true or false"),
                );
                (Expression { id, expr: Expr::Unspecified }, None)
            }
        }
    }

    fn word(&mut self, id: u64, word: &str) -> Checked {
        if let Some((name, kind)) = name::of_word(word, self.own.kind) {
            return (self.named(id, name), Some(kind));
        }
        let hint = match name::nearest(word) {
            _ if word == "value" => Text::new(
                "给规则写上 points，value 才有所指",
                "give the rule `points`: `value` is the one that is judged",
            ),
            Some(near) => near::meant(&near),
            None => Text::new(
                "用标准测点（hallwatch points 列出全部）",
                "use a standard point (hallwatch points lists them)",
            ),
        };
        self.told(id, text!("未知的测点 `{word}`", "unknown point `{word}`"), hint);
        (Expression { id, expr: Expr::Unspecified }, None)
    }

    /// Something that is asked of the hall, as a word.
    fn named(&mut self, id: u64, name: Name) -> Expression {
        let known = self.names.iter().find(|(_, known)| *known == name);
        let word = known.map(|(word, _)| word.clone()).unwrap_or_else(|| {
            let word = format!("asked_{}", self.names.len());
            self.names.push((word.clone(), name));
            word
        });
        Expression { id, expr: Expr::Ident(word) }
    }

    fn call(&mut self, id: u64, call: CallExpr) -> Checked {
        if call.target.is_none() && (is_operator(&call.func_name) || call.func_name == "abs") {
            return self.operator(id, call);
        }
        match call::of(&call, self.own.kind) {
            Ok(Call { name: Name::Parts(_), .. }) if !self.own.parts => {
                let problem =
                    Text::new("规则没有 points，parts 无所指", "`parts` of a rule without points");
                let hint = Text::new(
                    "写上要合起来看的测点，如 points = [\"string_{n}_current_a\"]",
                    "name them, such as points = [\"string_{n}_current_a\"]",
                );
                self.told(id, problem, hint);
                (Expression { id, expr: Expr::Unspecified }, None)
            }
            Ok(Call { name, kind }) => (self.named(id, name), Some(kind)),
            Err((at, problem, hint)) => {
                self.told(at.unwrap_or(id), problem, hint);
                (Expression { id, expr: Expr::Unspecified }, None)
            }
        }
    }

    fn operator(&mut self, id: u64, call: CallExpr) -> Checked {
        let CallExpr { mut func_name, args, .. } = call;
        if func_name == operators::IN {
            return self.one_of(id, args);
        }
        let (args, kinds): (Vec<Expression>, Vec<Option<Kind>>) =
            args.into_iter().map(|arg| self.expression(arg)).unzip();
        let kinds: Option<Vec<Kind>> = kinds.into_iter().collect();
        let kind = kinds.and_then(|kinds| self.of_operator(id, &func_name, &args, &kinds));
        match func_name.as_str() {
            operators::DIVIDE => QUOTIENT.clone_into(&mut func_name),
            "abs" => ABSOLUTE.clone_into(&mut func_name),
            _ => {}
        }
        (Expression { id, expr: Expr::Call(CallExpr { func_name, target: None, args }) }, kind)
    }

    /// `x in ["a", "b"]`: as good as comparing with each.
    fn one_of(&mut self, id: u64, args: Vec<Expression>) -> Checked {
        let mut args = args.into_iter();
        let (Some(wanted), Some(Expression { expr: Expr::List(list), .. })) =
            (args.next(), args.next())
        else {
            let problem = Text::new("`in` 后面要有列表", "`in` needs a list");
            self.told(
                id,
                problem,
                Text::new("如 `x in [\"a\", \"b\"]`", "such as `x in [\"a\", \"b\"]`"),
            );
            return (Expression { id, expr: Expr::Unspecified }, None);
        };
        let equal = |item: Expression| {
            let args = vec![wanted.clone(), item];
            let func_name = operators::EQUALS.to_owned();
            let expr = Expr::Call(CallExpr { func_name, target: None, args });
            Expression { id, expr }
        };
        let either = |a: Expression, b: Expression| {
            let func_name = operators::LOGICAL_OR.to_owned();
            let expr = Expr::Call(CallExpr { func_name, target: None, args: vec![a, b] });
            Expression { id, expr }
        };
        match list.elements.into_iter().map(equal).reduce(either) {
            Some(all) => self.expression(all),
            None => {
                let problem = Text::new("列表是空的", "the list is empty");
                self.told(id, problem, Text::new("写上要比较的值", "name what is meant"));
                (Expression { id, expr: Expr::Unspecified }, None)
            }
        }
    }

    fn of_operator(
        &mut self,
        id: u64,
        operator: &str,
        args: &[Expression],
        kinds: &[Kind],
    ) -> Option<Kind> {
        let wanted = |kind: Kind| kinds.iter().all(|k| *k == kind);
        let found = match (operator, kinds) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _) => {
                wanted(Kind::YesNo).then_some(Kind::YesNo)
            }
            (operators::CONDITIONAL, [Kind::YesNo, one, two]) => alike(*one, *two),
            (operators::EQUALS | operators::NOT_EQUALS, [one, two]) => {
                self.words_are_known(id, args, *one, *two)?;
                alike(*one, *two).map(|_| Kind::YesNo)
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [Kind::Number(one), Kind::Number(two)],
            ) => {
                self.can_be_reached(id, operator, args, [*one, *two])?;
                one.with(*two).map(|_| Kind::YesNo)
            }
            (operators::ADD | operators::SUBSTRACT, [Kind::Number(one), Kind::Number(two)]) => {
                one.with(*two).map(Kind::Number)
            }
            (operators::MULTIPLY, [Kind::Number(one), Kind::Number(two)]) => {
                Some(Kind::Number(one.times(*two)))
            }
            (operators::DIVIDE, [Kind::Number(one), Kind::Number(two)]) => {
                Some(Kind::Number(one.by(*two)))
            }
            (operators::NEGATE | "abs", [Kind::Number(unit)]) => Some(Kind::Number(*unit)),
            _ => None,
        };
        if found.is_none() {
            self.cannot(id, operator, kinds);
        }
        found
    }

    fn cannot(&mut self, id: u64, operator: &str, kinds: &[Kind]) {
        let shown = operator.trim_matches('_').replace("_:_", ":");
        let list = |pick: fn(&Text) -> &String, join: &str| {
            kinds.iter().map(|kind| pick(&told_kind(*kind)).clone()).collect::<Vec<_>>().join(join)
        };
        let (zh, en) = (list(|t| &t.zh, "与"), list(|t| &t.en, " and "));
        let problem = text!("`{shown}` 不能用于{zh}", "`{shown}` does not go with {en}");
        let hint = Text::new(
            "数字与数字比（单位相同），文字与文字比，是非用 && || !",
            "compare numbers of one unit, words with words; && || ! are for yes and no",
        );
        self.told(id, problem, hint);
    }

    /// A word that is compared with a point is one that the point says.
    fn words_are_known(
        &mut self,
        id: u64,
        args: &[Expression],
        one: Kind,
        two: Kind,
    ) -> Option<()> {
        let (words, literal) = match (one, two) {
            (Kind::Word(Some(words)), Kind::Word(None)) => (words, args.get(1)?),
            (Kind::Word(None), Kind::Word(Some(words))) => (words, args.first()?),
            (Kind::Word(None), Kind::Word(None)) => return self.any_says(args),
            (Kind::Word(Some(one)), Kind::Word(Some(two))) if one.id != two.id => {
                self.cannot(id, operators::EQUALS, &[Kind::Word(Some(one)), Kind::Word(Some(two))]);
                return None;
            }
            _ => return Some(()),
        };
        let Expr::Literal(LiteralValue::String(word)) = &literal.expr else { return Some(()) };
        let word = word.inner();
        if words.by_id(word).is_some() {
            return Some(());
        }
        self.told(literal.id, no_such_word(word), words_hint(word, words));
        None
    }

    /// Where a rule has points of several vocabularies, one of them has to know the word.
    fn any_says(&mut self, args: &[Expression]) -> Option<()> {
        let own = &self.own.words;
        for arg in args {
            let Expr::Literal(LiteralValue::String(word)) = &arg.expr else { continue };
            let word = word.inner();
            if !own.is_empty() && !own.iter().any(|words| words.by_id(word).is_some()) {
                let what = Text::new("它们的说法有", "they say");
                let known = own.iter().flat_map(|words| words.words).map(|word| word.id);
                let (problem, hint) = (no_such_word(word), near::hint(word, &what, known));
                self.told(arg.id, problem, hint);
                return None;
            }
        }
        Some(())
    }

    /// A limit that a point never reaches, or never leaves, is a mistake.
    fn can_be_reached(
        &mut self,
        id: u64,
        operator: &str,
        args: &[Expression],
        units: [Unit; 2],
    ) -> Option<()> {
        let [left, right] = args else { return Some(()) };
        let limit = |expression: &Expression| match &expression.expr {
            Expr::Literal(LiteralValue::Double(number)) => Some(*number.inner()),
            Expr::Call(CallExpr { func_name, args, .. }) if func_name == operators::NEGATE => {
                match &args.first()?.expr {
                    Expr::Literal(LiteralValue::Double(number)) => Some(-*number.inner()),
                    _ => None,
                }
            }
            _ => None,
        };
        let (named, unit, limit, turned) = match (limit(left), limit(right)) {
            (None, Some(limit)) => (left, units[0], limit, false),
            (Some(limit), None) => (right, units[1], limit, true),
            _ => return Some(()),
        };
        let Expr::Ident(word) = &named.expr else { return Some(()) };
        let (_, name) = self.names.iter().find(|(known, _)| known == word)?;
        let Some((least, most)) = name::reach_name(name).and_then(|point| reach(point, unit))
        else {
            return Some(());
        };
        let above = matches!(operator, operators::GREATER | operators::GREATER_EQUALS) != turned;
        let open = matches!(operator, operators::GREATER | operators::LESS);
        let never = match (above, open) {
            (true, true) => limit >= most,
            (true, false) => limit > most,
            (false, true) => limit <= least,
            (false, false) => limit < least,
        };
        let always = if above { limit < least } else { limit > most };
        if !never && !always {
            return Some(());
        }
        let shown = unit.shown();
        let problem = match never {
            true => text!("`{limit}` 永远达不到", "`{limit}` is never reached"),
            false => text!("`{limit}` 永远成立", "`{limit}` is always passed"),
        };
        let hint = text!(
            "取值范围是 {least} 到 {most} {shown}",
            "it lies between {least} and {most} {shown}",
        );
        self.told(id, problem, hint);
        None
    }
}

pub(super) fn no_such_word(word: &str) -> Text {
    text!("测点没有 `{word}` 这种说法", "the point never says `{word}`")
}

pub(super) fn words_hint(word: &str, words: &'static Vocabulary) -> Text {
    let what = Text::new("它的说法有", "it says");
    near::hint(word, &what, words.words.iter().map(|word| word.id))
}

pub(super) fn functions() -> Text {
    let all = name::FUNCTIONS.join("  ");
    text!(
        "可用：&& || ! == != < <= > >= + - * / ?:  {all}",
        "there are && || ! == != < <= > >= + - * / ?:  {all}"
    )
}

/// The kind of two things that stand for each other.
fn alike(one: Kind, two: Kind) -> Option<Kind> {
    match (one, two) {
        (Kind::YesNo, Kind::YesNo) => Some(Kind::YesNo),
        (Kind::Number(one), Kind::Number(two)) => one.with(two).map(Kind::Number),
        (Kind::Word(one), Kind::Word(two)) => Some(Kind::Word(one.or(two))),
        _ => None,
    }
}

fn told_kind(kind: Kind) -> Text {
    match kind {
        Kind::YesNo => Text::new("是非", "yes and no"),
        Kind::Word(_) => Text::new("文字", "a word"),
        Kind::Number(unit) if unit.shown().is_empty() => Text::new("数字", "a number"),
        Kind::Number(unit) => {
            let unit = unit.shown();
            text!("数字（{unit}）", "a number ({unit})")
        }
    }
}

fn is_operator(name: &str) -> bool {
    use operators as o;
    let all = [
        o::CONDITIONAL,
        o::LOGICAL_AND,
        o::LOGICAL_OR,
        o::LOGICAL_NOT,
        o::SUBSTRACT,
        o::ADD,
        o::MULTIPLY,
        o::DIVIDE,
        o::EQUALS,
        o::NOT_EQUALS,
        o::GREATER_EQUALS,
        o::LESS_EQUALS,
        o::GREATER,
        o::LESS,
        o::NEGATE,
        o::IN,
    ];
    all.contains(&name)
}
