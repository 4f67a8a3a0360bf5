//! A file of rules, checked: all mistakes at once, each with its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use toml::Spanned;

use crate::model::{DeviceKind, Mistake, Severity, Text, near, standard_point, text};
use crate::profile::read_toml;
use crate::service::What;

use super::compile::{Condition, Own, Wrong, compile};
use super::file::{ChangeFile, File, LevelFile, RuleFile};
use super::name::{self, Kind, point_kind};
use super::types::{Judged, Level, Rule};

/// Where rules are explained.
pub(super) const MANUAL: &str = "devices/RULES.md";
/// The rules that the program ships, as they are written.
pub const DEFAULT: &str = include_str!("default.toml");
/// Longest time that a condition may have to hold, seconds: a month.
const FOR_S_MAX: f64 = 31.0 * 86_400.0;
/// Keys that texts have of their own accord.
const OWN_KEYS: [&str; 6] = ["device", "part", "word", "value", "reason", "severity"];

/// The rules that the program ships.
///
/// # Errors
/// None, unless the program was built wrong: a test reads them.
pub fn default_rules() -> Result<Vec<Rule>, Vec<Mistake>> {
    load("default.toml", DEFAULT, Vec::new(), &[])
}

/// Rules of a file over those that are there: one of the same id takes its place, and `[[change]]` says
/// what is different about one. `name` is the file as the person named it; `profiles` are the ids that rules
/// may name.
///
/// # Errors
/// All mistakes in it.
pub fn load(
    name: &str,
    source: &str,
    there: Vec<Rule>,
    profiles: &[&str],
) -> Result<Vec<Rule>, Vec<Mistake>> {
    let (file, mistakes) = read_toml::<File>(name, source, MANUAL);
    let mut check = Check::new(name, source, mistakes);
    check.profiles = profiles;
    let Some(file) = file else { return Err(check.mistakes) };
    let mut seen = BTreeSet::new();
    let mut rules = there;
    let known: BTreeSet<String> = rules.iter().map(|rule| rule.id.to_string()).collect();
    let replaced: BTreeSet<&str> =
        file.rule.iter().map(|rule| rule.id.get_ref().as_str()).collect();
    check.unless(&file.rule, &known);
    let mut changed = BTreeSet::new();
    for change in &file.change {
        let id = change.id.get_ref();
        if !changed.insert(id) {
            let problem = text!("规则 `{id}` 改了两次", "rule `{id}` is changed twice");
            check.at(change.id.span().start, problem, Text::new("合成一处", "make one of them"));
        }
        check.change(change, &replaced, &mut rules);
    }
    drop((replaced, changed));
    for rule in file.rule {
        let id = rule.id.get_ref();
        check.id(&rule.id);
        if !seen.insert(id.clone()) {
            let problem = text!("规则 `{id}` 重复", "rule `{id}` twice");
            check.at(rule.id.span().start, problem, Text::new("只留一个", "keep one of them"));
        }
        rules.retain(|known| *known.id != *id);
        rules.extend(check.rule(rule));
    }
    for change in file.change.iter().filter(|change| !known.contains(change.id.get_ref())) {
        let id = change.id.get_ref();
        let hint =
            near::hint(id, &Text::new("规则有", "rules are"), known.iter().map(String::as_str));
        let problem = text!(
            "没有自带规则 `{id}` 可改（自己的规则直接写好即可）",
            "there is no shipped rule `{id}` to change (an own one is simply written as it should be)",
        );
        check.at(change.id.span().start, problem, hint);
    }
    check.end(rules)
}

fn is_id(id: &str) -> bool {
    let ok = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    (2..=16).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_uppercase())
        && id.chars().all(ok)
}

/// A file of rules that is checked.
pub(super) struct Check<'a> {
    file: &'a str,
    source: &'a str,
    mistakes: Vec<Mistake>,
    /// Ids of profiles that may be named.
    profiles: &'a [&'a str],
    /// What devices are of which rules do not say it.
    pub(super) kind: Option<DeviceKind>,
}

impl<'a> Check<'a> {
    pub(super) const fn new(file: &'a str, source: &'a str, mistakes: Vec<Mistake>) -> Self {
        Self { file, source, mistakes, profiles: &[], kind: None }
    }

    /// The rules, unless something is wrong.
    pub(super) fn end(mut self, rules: Vec<Rule>) -> Result<Vec<Rule>, Vec<Mistake>> {
        if self.mistakes.is_empty() {
            return Ok(rules);
        }
        self.mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        Err(self.mistakes)
    }
}

impl Check<'_> {
    pub(super) fn id(&mut self, id: &Spanned<String>) {
        let (place, id) = (id.span().start, id.get_ref());
        if !is_id(id) {
            let problem = text!("`{id}` 不能作规则编号", "`{id}` is no id of a rule");
            let hint = Text::new(
                "用大写字母和数字，如 `KS101`",
                "use capitals and digits, such as `KS101`",
            );
            self.at(place, problem, hint);
        }
    }

    pub(super) fn at(&mut self, offset: usize, problem: Text, hint: Text) {
        self.mistakes.push(Mistake::at(self.file, self.source, offset, problem, hint));
    }

    pub(super) fn rule(&mut self, file: RuleFile) -> Option<Rule> {
        let start = file.id.span().start;
        let before = self.mistakes.len();
        if let (Some(severity), false) = (&file.severity, file.levels.is_empty()) {
            let problem = Text::new("`severity` 与 levels 重复", "`severity` beside `levels`");
            let hint =
                Text::new("各档自有 severity，去掉这一行", "each level has its own: remove it");
            self.at(severity.span().start, problem, hint);
        }
        let mut own = self.points(&file.points);
        if file.together {
            // There is no single one of them.
            own.kind = None;
        }
        let own = &own;
        let judged = self.judged(&file, own);
        let until = file.until.as_ref().and_then(|until| self.condition(until, own, true));
        if let (Some(until), Some(_)) = (&file.until, &file.found) {
            let problem =
                Text::new("found 的规则不能有 until", "a rule with `found` has no `until`");
            self.at(until.span().start, problem, Text::new("去掉 until", "remove `until`"));
        }
        let mut values = Vec::new();
        for (key, source) in &file.values {
            if OWN_KEYS.contains(&key.as_str()) {
                let problem = text!("`{key}` 已有含义", "`{key}` has a meaning already");
                self.at(source.span().start, problem, Text::new("换个名字", "use another name"));
            }
            if let Some(value) = self.condition(source, own, false) {
                values.push((key.clone(), value));
            }
        }
        let kinds = self.kinds(&file, start);
        let labels = self.labels(&file.labels);
        let profiles = self.profiles(&file.profiles);
        let levels = file.levels.iter().flat_map(|level| level.zh.iter().chain(&level.en));
        for written in texts_of(&file).into_iter().filter_map(|(_, text)| text).chain(levels) {
            self.filled(written, &file);
        }
        self.missing_texts(&file, start);
        let keep_ms = file.keep_firing_for_s.as_ref().map(|keep| self.seconds(keep));
        let parts = match file.points.is_empty() {
            true => vec![Arc::from("")],
            false => file.points.iter().map(|point| Arc::from(&**point.get_ref())).collect(),
        };
        let judged = judged.filter(|_| self.mistakes.len() == before)?;
        Some(Rule {
            id: file.id.into_inner().into(),
            parts,
            together: file.together,
            source: file.source.unwrap_or_default(),
            advice: words(file.advice_zh, file.advice_en),
            keep_ms,
            in_maintenance: file.in_maintenance,
            unless: file.unless.iter().map(|id| Arc::from(&**id.get_ref())).collect(),
            labels,
            profiles,
            kinds,
            judged,
            until,
            values,
            text: words(file.zh, file.en),
        })
    }

    /// What says it better is a rule that there is.
    pub(super) fn unless(&mut self, rules: &[RuleFile], shipped: &BTreeSet<String>) {
        let own = rules.iter().map(|rule| rule.id.get_ref().as_str());
        let known: BTreeSet<&str> = own.chain(shipped.iter().map(String::as_str)).collect();
        for rule in rules {
            for other in &rule.unless {
                let id = other.get_ref().as_str();
                if id != rule.id.get_ref() && known.contains(id) {
                    continue;
                }
                let others = known.iter().copied().filter(|known| *known != rule.id.get_ref());
                let hint = near::hint(id, &Text::new("规则有", "rules are"), others);
                let problem = match known.contains(id) {
                    true => text!("规则 `{id}` 不能等自己", "rule `{id}` cannot wait for itself"),
                    false => text!("没有规则 `{id}`", "there is no rule `{id}`"),
                };
                self.at(other.span().start, problem, hint);
            }
        }
    }

    /// What is different about a rule that is there.
    fn change(&mut self, change: &ChangeFile, replaced: &BTreeSet<&str>, rules: &mut Vec<Rule>) {
        let id = change.id.get_ref();
        if replaced.contains(id.as_str()) {
            let problem =
                text!("规则 `{id}` 已整条重写", "rule `{id}` is written anew in this file");
            let hint = Text::new("两者只留一个", "keep one of the two");
            self.at(change.id.span().start, problem, hint);
            return;
        }
        let Some(rule) = rules.iter_mut().find(|rule| *rule.id == **id) else { return };
        if change.off {
            rules.retain(|rule| *rule.id != **id);
            return;
        }
        if let Some(keep) = &change.keep_firing_for_s {
            rule.keep_ms = Some(self.seconds(keep));
        }
        let for_ms = change.for_s.as_ref().map(|seconds| self.seconds(seconds));
        let severity = change.severity.as_ref().and_then(|word| self.severity(Some(word), 0));
        let start = change.id.span().start;
        match &mut rule.judged {
            Judged::Levels(levels) if levels.len() == 1 => {
                let own = own_of(&rule.parts);
                let when = change.when.as_ref().and_then(|when| self.condition(when, &own, true));
                for level in levels {
                    level.for_ms = for_ms.unwrap_or(level.for_ms);
                    level.severity = severity.unwrap_or(level.severity);
                    level.when = when.clone().unwrap_or_else(|| level.when.clone());
                }
            }
            Judged::Found { severity: of, for_ms: time, .. } if change.when.is_none() => {
                *time = for_ms.unwrap_or(*time);
                *of = severity.unwrap_or(*of);
            }
            Judged::Levels(_)
                if change.when.is_none() && for_ms.is_none() && severity.is_none() => {}
            Judged::Found { .. } | Judged::Levels(_) => {
                let problem = text!("规则 `{id}` 不能这样改", "rule `{id}` cannot be changed so");
                let hint = Text::new(
                    "用 hallwatch rules 看它的写法，整条重写为 [[rule]]",
                    "see it with `hallwatch rules`, and write it anew as a [[rule]]",
                );
                self.at(start, problem, hint);
            }
        }
    }

    /// By what it judges: exactly one way.
    fn judged(&mut self, file: &RuleFile, own: &Own) -> Option<Judged> {
        match (&file.when, &file.found, file.levels.is_empty()) {
            (Some(when), None, true) => {
                let severity = self.severity(file.severity.as_ref(), file.id.span().start);
                let for_ms = file.for_s.as_ref().map_or(0, |seconds| self.seconds(seconds));
                let when = self.condition(when, own, true)?;
                Some(Judged::Levels(vec![Level { severity: severity?, for_ms, when, text: None }]))
            }
            (None, Some(found), true) => {
                let word = found.get_ref();
                let severity = self.severity(file.severity.as_ref(), file.id.span().start);
                let for_ms = file.for_s.as_ref().map_or(0, |seconds| self.seconds(seconds));
                let known = What::ALL.iter().find(|(known, _)| *known == word.as_str());
                if known.is_none() {
                    let what = Text::new("可用", "there are");
                    let hint = near::hint(word, &what, What::ALL.iter().map(|(known, _)| *known));
                    let problem = text!("没有 `{word}` 这种发现", "nothing is found as `{word}`");
                    self.at(found.span().start, problem, hint);
                }
                Some(Judged::Found { what: known?.1, severity: severity?, for_ms })
            }
            (None, None, false) => self.levels(&file.levels, own),
            _ => {
                let problem = Text::new(
                    "when、found、levels 必须且只能有一个",
                    "one of `when`, `found` and `levels` is wanted, and only one",
                );
                let hint = text!("写法见 {MANUAL}", "see {MANUAL}");
                self.at(file.id.span().start, problem, hint);
                None
            }
        }
    }

    fn levels(&mut self, files: &[LevelFile], own: &Own) -> Option<Judged> {
        let level = |file: &LevelFile| {
            let severity = self.severity(Some(&file.severity), file.severity.span().start);
            let for_ms = file.for_s.as_ref().map_or(0, |seconds| self.seconds(seconds));
            let when = self.condition(&file.when, own, true)?;
            let text = match (&file.zh, &file.en) {
                (Some(zh), Some(en)) => Some(Text::new(zh.get_ref(), en.get_ref())),
                (None, None) => None,
                (Some(one), None) | (None, Some(one)) => {
                    let problem = Text::new("只写了一种语言", "only one language is given");
                    let hint = Text::new("zh 和 en 都要写", "give both zh and en");
                    self.at(one.span().start, problem, hint);
                    None
                }
            };
            Some(Level { severity: severity?, for_ms, when, text })
        };
        let mut levels: Vec<Level> = files.iter().map(level).collect::<Option<_>>()?;
        levels.sort_by_key(|level| std::cmp::Reverse(level.severity));
        Some(Judged::Levels(levels))
    }

    fn condition(
        &mut self,
        source: &Spanned<String>,
        own: &Own,
        yes_no: bool,
    ) -> Option<Condition> {
        let start = source.span().start;
        let quotes = self.source.get(start..).map_or(0, |rest| {
            rest.bytes().take(3).take_while(|byte| matches!(byte, b'"' | b'\'')).count()
        });
        let inside = start + if quotes == 3 { 3 } else { quotes.min(1) };
        match compile(source.get_ref(), own) {
            Ok(condition) if (condition.kind == Kind::YesNo) != yes_no => {
                let problem = match yes_no {
                    true => Text::new("条件必须是是非", "a condition is yes or no"),
                    false => Text::new("这里要数字", "a number is wanted here"),
                };
                let hint = Text::new("如 `cpu_percent > 95`", "such as `cpu_percent > 95`");
                self.at(inside, problem, hint);
                None
            }
            Ok(condition) => Some(condition),
            Err(wrong) => {
                for Wrong { offset, problem, hint } in wrong {
                    self.at(inside + offset, problem, hint);
                }
                None
            }
        }
    }

    /// The kind that all points of a rule have in common.
    fn points(&mut self, points: &[Spanned<String>]) -> Own {
        let mut own = Own { parts: !points.is_empty(), ..Own::default() };
        for point in points {
            let start = point.span().start;
            let named = point.get_ref().replace("{n}", "1");
            let Some(kind) = standard_point(&named).and_then(|_| point_kind(&named)) else {
                let hint = name::nearest(&named).map_or_else(
                    || Text::new("hallwatch points 列出全部", "hallwatch points lists them"),
                    |near| near::meant(&near),
                );
                let problem = text!("未知的测点 `{}`", "unknown point `{}`", point.get_ref());
                self.at(start, problem, hint);
                continue;
            };
            if let Kind::Word(Some(words)) = kind {
                own.words.push(words);
            }
            let common = own.kind.map_or(Some(kind), |before| in_common(before, kind));
            if common.is_none() {
                let problem = text!(
                    "`{}` 与前面的测点不是同一种值",
                    "`{}` is not of one kind with the points before",
                    point.get_ref(),
                );
                self.at(start, problem, Text::new("分成两条规则", "make two rules of it"));
            }
            own.kind = common.or(own.kind);
        }
        own
    }

    fn kinds(&mut self, file: &RuleFile, start: usize) -> Vec<DeviceKind> {
        let mut kinds = Vec::new();
        for kind in &file.kinds {
            let word = kind.get_ref().as_str();
            match (word, DeviceKind::parse(word)) {
                ("kiosk", _) => kinds.extend(DeviceKind::ALL.iter().filter(|k| k.is_kiosk())),
                (_, Some(kind)) => kinds.push(kind),
                (word, None) => {
                    let known = DeviceKind::ALL.iter().map(|kind| kind.as_str()).chain(["kiosk"]);
                    let hint = near::hint(word, &Text::new("设备类型", "kinds"), known);
                    let problem = text!("未知的设备类型 `{word}`", "unknown kind `{word}`");
                    self.at(kind.span().start, problem, hint);
                }
            }
        }
        if file.kinds.is_empty() {
            kinds.extend(self.kind);
        }
        if kinds.is_empty() && file.kinds.is_empty() && file.found.is_none() {
            let problem = Text::new("规则没有 kinds", "the rule has no `kinds`");
            let hint = Text::new(
                "写明设备类型，如 kinds = [\"kiosk\"]",
                "name them, such as kinds = [\"kiosk\"]",
            );
            self.at(start, problem, hint);
        }
        kinds
    }

    /// All four texts are wanted.
    fn missing_texts(&mut self, file: &RuleFile, start: usize) {
        for (name, _) in texts_of(file).into_iter().filter(|(_, text)| text.is_none()) {
            let problem = text!("规则没有 `{name}`", "the rule has no `{name}`");
            let hint = Text::new(
                "zh、en 说出了什么事，advice_zh、advice_en 说该做什么，四项都要写",
                "zh and en say what is wrong, advice_zh and advice_en what to do: all four are wanted",
            );
            self.at(start, problem, hint);
        }
    }

    /// The profiles that a rule names.
    fn profiles(&mut self, named: &[Spanned<String>]) -> Vec<String> {
        for name in named.iter().filter(|name| !self.profiles.contains(&name.get_ref().as_str())) {
            let id = name.get_ref();
            let known = Text::new("设备模板有", "profiles are");
            let hint = near::hint(id, &known, self.profiles.iter().copied());
            let problem = text!("没有设备模板 `{id}`", "there is no profile `{id}`");
            self.at(name.span().start, problem, hint);
        }
        named.iter().map(|name| name.get_ref().clone()).collect()
    }

    fn severity(&mut self, word: Option<&Spanned<String>>, start: usize) -> Option<Severity> {
        let severity = word.and_then(|word| Severity::parse(word.get_ref()));
        if severity.is_none() {
            let problem = match word {
                Some(word) => {
                    text!("未知的严重程度 `{}`", "unknown severity `{}`", word.get_ref())
                }
                None => Text::new("缺少 severity", "`severity` is missing"),
            };
            let hint = Text::new(
                "可选 critical、major、minor、info",
                "one of critical, major, minor, info",
            );
            self.at(word.map_or(start, |word| word.span().start), problem, hint);
        }
        severity
    }

    /// A time in seconds as milliseconds.
    fn seconds(&mut self, seconds: &Spanned<f64>) -> i64 {
        let given = *seconds.get_ref();
        if !(0.0..=FOR_S_MAX).contains(&given) {
            let problem = text!("`{given}` 秒不可能", "`{given}` seconds are impossible");
            let hint = Text::new("0 到 31 天之间", "between 0 and 31 days");
            self.at(seconds.span().start, problem, hint);
            return 0;
        }
        #[allow(clippy::cast_possible_truncation)] // checked
        let ms = (given * 1_000.0) as i64;
        ms
    }

    /// A text has a value for each of its keys. What the watch over the machines finds brings its own.
    fn filled(&mut self, written: &Spanned<String>, file: &RuleFile) {
        if written.get_ref().trim().is_empty() {
            let problem = Text::new("文字是空的", "the text is empty");
            let hint = Text::new("中英文都要写", "both languages are wanted");
            self.at(written.span().start, problem, hint);
        }
        if file.found.is_some() {
            return;
        }
        let own = own_keys(file);
        for rest in written.get_ref().split('{').skip(1) {
            let Some((key, _)) = rest.split_once('}') else {
                let problem = Text::new("`{` 没有配对的 `}`", "`{` without its `}`");
                let hint = Text::new("写成 {device} 这样", "write it as in {device}");
                self.at(written.span().start, problem, hint);
                continue;
            };
            if own.contains(&key) || file.values.contains_key(key) {
                continue;
            }
            let known = own.iter().copied().chain(file.values.keys().map(String::as_str));
            let known: Vec<&str> = known.collect();
            let hint = near::hint(key, &Text::new("可用", "there are"), known.iter().copied());
            let problem = text!("`{{{key}}}` 没有值", "nothing fills `{{{key}}}`");
            self.at(written.span().start, problem, hint);
        }
    }
}

/// The texts that a rule must have, by their names.
const fn texts_of(file: &RuleFile) -> [(&'static str, Option<&Spanned<String>>); 4] {
    [
        ("zh", file.zh.as_ref()),
        ("en", file.en.as_ref()),
        ("advice_zh", file.advice_zh.as_ref()),
        ("advice_en", file.advice_en.as_ref()),
    ]
}

fn words(zh: Option<Spanned<String>>, en: Option<Spanned<String>>) -> Text {
    let word = |text: Option<Spanned<String>>| text.map(Spanned::into_inner).unwrap_or_default();
    Text::new(word(zh), word(en))
}

/// What fills the texts of a rule of its own accord: a part and its value where points are judged, a reason
/// where the condition asks for something that has one.
fn own_keys(file: &RuleFile) -> Vec<&'static str> {
    let mut keys = vec!["device", "severity"];
    if !file.points.is_empty() && !file.together {
        keys.extend(["part", "word", "value"]);
    }
    let conditions = file.when.iter().chain(file.levels.iter().map(|level| &level.when));
    let reasons = ["offline", "faulted", "idle", "counter_changed", "dangerous", "refused"];
    if conditions.into_iter().any(|when| reasons.iter().any(|word| when.get_ref().contains(word))) {
        keys.push("reason");
    }
    keys
}

/// The points of a rule that has been checked before.
fn own_of(parts: &[Arc<str>]) -> Own {
    let has_parts = parts.iter().any(|part| !part.is_empty());
    let mut own = Own { parts: has_parts, ..Own::default() };
    for kind in parts.iter().filter_map(|part| point_kind(&part.replace("{n}", "1"))) {
        if let Kind::Word(Some(words)) = kind {
            own.words.push(words);
        }
        own.kind = own.kind.map_or(Some(kind), |before| in_common(before, kind));
    }
    own
}

/// What the points of one rule are, when one of them is `kind`. Of several vocabularies any word may be
/// meant.
fn in_common(before: Kind, kind: Kind) -> Option<Kind> {
    match (before, kind) {
        (Kind::Word(one), Kind::Word(two)) => {
            let same = one.zip(two).filter(|(one, two)| one.id == two.id);
            Some(Kind::Word(same.map(|(one, _)| one)))
        }
        (Kind::Number(one), Kind::Number(two)) => one.with(two).map(|_| Kind::Number(one)),
        (Kind::YesNo, Kind::YesNo) => Some(Kind::YesNo),
        _ => None,
    }
}
