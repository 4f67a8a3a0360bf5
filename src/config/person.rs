//! The `[[person]]`s and `[[rota]]`s: who can be called by name.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::model::{DeviceId, Text, near, text};
use crate::notify::{self, People, Person, Rota, Turn};

use super::section::{Placed, Section, write};
use super::site::unique;

const PERSON: &[&str] = &["id", "name", "mobile", "email", "wecom_id", "dingtalk_id", "feishu_id"];
const ROTA: &[&str] = &["id", "people", "turn", "from", "handover"];

/// Reads people and rotas; they share their names.
pub(super) fn people(root: &Section<'_>, time_zone: Option<&TimeZone>) -> People {
    let mut lines = BTreeMap::new();
    let sections = root.list("person", PERSON);
    let persons: Vec<Person> =
        sections.iter().filter_map(|section| person(section, &mut lines)).collect();
    let complete = persons.len() == sections.len() && !root.may_lack("person");
    let sections = root.list("rota", ROTA);
    let rotas = sections.iter().filter_map(|section| rota(section, &mut lines, &persons, complete));
    let rotas = rotas.collect();
    People { persons, rotas, zone: time_zone.cloned() }
}

fn id(section: &Section<'_>, lines: &mut BTreeMap<String, usize>, what: &Text) -> Option<String> {
    let id = section.need_words("id", write("id = \"zhang\""))?;
    if let Err(error) = DeviceId::parse(&id.value) {
        let hint = Text::new("取名如 `zhang`", "name it like `zhang`");
        section.note(id.offset, error.text(), hint);
        return None;
    }
    unique(section, lines, what, &id.value, id.offset).then_some(id.value)
}

fn person(section: &Section<'_>, lines: &mut BTreeMap<String, usize>) -> Option<Person> {
    let id = id(section, lines, &Text::new("人员", "person"));
    let name = section.need_words("name", write("name = \"张三\""));
    let one_line = |key: &str| {
        let word = section.words(key)?;
        if word.value.chars().any(char::is_control) {
            let problem = text!("`{key}` 含有控制字符", "`{key}` holds control characters");
            section.note(word.offset, problem, Text::new("写在一行里", "write it on one line"));
            return None;
        }
        Some(word)
    };
    let mobile = one_line("mobile").and_then(|word| {
        let fits = is_number(&word.value);
        if !fits {
            let problem = text!("`{}` 不是手机号码", "`{}` is no mobile number", word.value);
            section.note(word.offset, problem, write("mobile = \"13800000000\""));
        }
        fits.then_some(word.value)
    });
    let email = one_line("email").and_then(|word| {
        let fits = notify::is_address(&word.value);
        if !fits {
            note_address(section, &word);
        }
        fits.then_some(word.value)
    });
    let of = |key: &str| one_line(key).map(|word| word.value);
    let (wecom_id, dingtalk_id, feishu_id) = (of("wecom_id"), of("dingtalk_id"), of("feishu_id"));
    Some(Person { id: id?, name: name?.value, mobile, email, wecom_id, dingtalk_id, feishu_id })
}

/// Notes a text that is no e-mail address.
pub(super) fn note_address(section: &Section<'_>, word: &Placed<String>) {
    let problem = text!("`{}` 不是邮件地址", "`{}` is no e-mail address", word.value);
    section.note(word.offset, problem, write("\"name@example.org\""));
}

/// Whether a text is a telephone number.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (3..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn rota(
    section: &Section<'_>,
    lines: &mut BTreeMap<String, usize>,
    persons: &[Person],
    complete: bool,
) -> Option<Rota> {
    let id = id(section, lines, &Text::new("值班表", "rota"));
    if section.lacks("people") {
        section.missing("people", write("people = [\"zhang\", \"li\"]"));
    }
    let named = section.all_words("people");
    for word in named.iter().filter(|_| complete) {
        if !persons.iter().any(|person| person.id == word.value) {
            let known = persons.iter().map(|person| person.id.as_str());
            let what = Text::new("人员", "persons");
            let hint = near::hint(&word.value, &what, known);
            let problem = text!("没有人员 `{}`", "there is no person `{}`", word.value);
            section.note(word.offset, problem, hint);
        }
    }
    if named.is_empty() && section.has("people") {
        let problem = Text::new("`people` 里没有人", "nobody is in `people`");
        section.note(section.value_offset("people"), problem, write("people = [\"zhang\"]"));
    }
    let turn = match section.need_words("turn", write("turn = \"day\"")) {
        Some(word) => match word.value.as_str() {
            "day" => Some(Turn::Day),
            "week" => Some(Turn::Week),
            other => {
                let problem = text!("没有轮换方式 `{other}`", "no turn is called `{other}`");
                let hint = Text::new("写 \"day\" 或 \"week\"", "write \"day\" or \"week\"");
                section.note(word.offset, problem, hint);
                None
            }
        },
        None => None,
    };
    let from = section.need_words("from", write("from = \"2026-11-30\""));
    let from = from.and_then(|word| match word.value.parse::<Date>() {
        Ok(date) => Some(date),
        Err(_) => {
            let problem = text!("`{}` 不是日期", "`{}` is no date", word.value);
            section.note(word.offset, problem, write("from = \"2026-11-30\""));
            None
        }
    });
    let handover = match section.words("handover") {
        None => Some(Time::midnight()).filter(|_| !section.has("handover")),
        Some(word) => match Time::strptime("%H:%M", &word.value) {
            Ok(time) => Some(time),
            Err(_) => {
                let problem = text!("`{}` 不是时刻", "`{}` is no time of day", word.value);
                section.note(word.offset, problem, write("handover = \"08:30\""));
                None
            }
        },
    };
    let people: Vec<String> = named.into_iter().map(|word| word.value).collect();
    let (turn, from, handover) = (turn?, from?, handover?);
    (!people.is_empty()).then_some(())?;
    Some(Rota { id: id?, people, turn, from, handover })
}
