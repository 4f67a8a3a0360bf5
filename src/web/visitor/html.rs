//! The page of a machine as a visitor's phone shows it. Plain HTML: no script, no font, no picture.

use crate::model::{Text, escaped, text};
use crate::repair::TROUBLES;

use super::words::{Language, Shown};

/// Longest words of a visitor, in characters.
pub(super) const WORDS_CHARS_MAX: usize = 200;

const STYLE: &str = "body{font:17px/1.5 sans-serif;margin:0 auto;max-width:32em;padding:16px;\
    color:#1c2430;background:#fff}h1{font-size:1.4em;margin:.4em 0 0}.place{color:#5a6675;margin:0}\
    .state{font-size:1.3em;font-weight:bold;padding:12px;border-radius:8px;margin:16px 0}\
    .good{background:#e2f5e8;color:#0d5c2a}.fair{background:#fdf3d7;color:#6b4c00}\
    .bad{background:#fbe3e1;color:#8a1c12}.unknown{background:#eceff3;color:#3c4653}\
    label{display:block;padding:10px 0}input{width:20px;height:20px;vertical-align:middle}\
    textarea{width:100%;box-sizing:border-box;font:inherit;min-height:4em}\
    button{width:100%;padding:14px;font:inherit;font-weight:bold;border:0;border-radius:8px;\
    background:#1b5fb0;color:#fff}.switch{float:right}a{color:#1b5fb0}";

/// What the page of a machine shows.
pub(super) struct Machine {
    pub(super) name: Text,
    pub(super) zone: Text,
    pub(super) floor: Option<i16>,
    pub(super) state: Shown,
    /// The nearest other machine of its kind that serves: its name, its zone, its floor.
    pub(super) other: Option<(Text, Text, Option<i16>)>,
    /// Its address with the token, without a language.
    pub(super) address: String,
}

/// The whole document around a body.
pub(super) fn document(language: Language, title: &str, body: &str) -> String {
    let (tag, title) = (language.tag(), escaped(title));
    format!(
        "<!doctype html>\n<html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>{body}</body></html>\n"
    )
}

/// Where something stands, floor and all.
fn place(language: Language, zone: &Text, floor: Option<i16>) -> String {
    let zone = escaped(language.pick(zone));
    match (floor, language) {
        (None, _) => zone,
        (Some(floor), Language::Zh) if floor < 0 => {
            format!("地下 {} 层 · {zone}", floor.unsigned_abs())
        }
        (Some(floor), Language::Zh) => format!("{floor} 层 · {zone}"),
        (Some(floor), Language::En) => format!("Floor {floor} · {zone}"),
    }
}

impl Machine {
    fn link(&self, language: Language) -> String {
        escaped(&format!("{}&lang={}", self.address, language.as_str()))
    }

    /// Name, place and state, with a link to the other language.
    fn head(&self, language: Language) -> String {
        let (other, link) = (language.other(), self.link(language.other()));
        let switch = match other {
            Language::Zh => "中文",
            Language::En => "English",
        };
        let (name, place) =
            (escaped(language.pick(&self.name)), place(language, &self.zone, self.floor));
        let (class, state) = (self.state.class, escaped(language.pick(&self.state.text)));
        format!(
            "<a class=\"switch\" lang=\"{}\" href=\"{link}\">{switch}</a><h1>{name}</h1>\
             <p class=\"place\">{place}</p><p class=\"state {class}\">{state}</p>",
            other.tag()
        )
    }

    /// The page with its form.
    pub(super) fn page(&self, language: Language) -> String {
        let pick = |zh: &'static str, en: &'static str| match language {
            Language::Zh => zh,
            Language::En => en,
        };
        let mut body = self.head(language);
        if let Some((name, zone, floor)) = &self.other {
            let near = pick("附近可用的同类设备", "Another one that works");
            let (name, place) = (escaped(language.pick(name)), place(language, zone, *floor));
            body.push_str(&format!("<p>{near}：<b>{name}</b>（{place}）</p>"));
        }
        let troubles = TROUBLES.iter().enumerate().map(|(n, (zh, en))| {
            let checked = if n == 0 { " checked" } else { "" };
            let words = pick(zh, en);
            format!("<label><input type=\"radio\" name=\"trouble\" value=\"{n}\"{checked}> {words}</label>")
        });
        let (troubles, action) = (troubles.collect::<String>(), self.link(language));
        let (ask, more, send) = (
            pick("它坏了？请告诉我们", "Does it not work? Tell us"),
            pick("补充说明（选填，请勿填写个人信息）", "More (optional; no personal data, please)"),
            pick("它坏了", "It does not work"),
        );
        body.push_str(&format!(
            "<form method=\"post\" action=\"{action}\"><h2>{ask}</h2>{troubles}\
             <label>{more}<textarea name=\"words\" maxlength=\"{WORDS_CHARS_MAX}\"></textarea></label>\
             <button type=\"submit\">{send}</button></form>"
        ));
        document(language, language.pick(&self.name), &body)
    }

    /// The answer to a report that was taken: only the order's short number.
    pub(super) fn thanks(&self, language: Language, number: &str) -> String {
        let told = text!(
            "谢谢！已报修，编号 {number}。工作人员会尽快处理。",
            "Thank you! It is reported, number {number}. Somebody will look after it.",
        );
        self.told(language, &told)
    }

    /// Some words in place of the form.
    pub(super) fn told(&self, language: Language, told: &Text) -> String {
        let (told, link) = (escaped(language.pick(told)), self.link(language));
        let back = match language {
            Language::Zh => "返回",
            Language::En => "Back",
        };
        let body = format!(
            "{}<p><b>{told}</b></p><p><a href=\"{link}\">{back}</a></p>",
            self.head(language)
        );
        document(language, language.pick(&self.name), &body)
    }
}

/// What is said to a wrong token and to an unknown machine alike.
pub(super) fn nothing_here(language: Language) -> String {
    let (title, words) = match language {
        Language::Zh => ("没有这个页面", "没有这个页面。请重新扫描设备上的二维码。"),
        Language::En => ("Not here", "There is no such page. Please scan the label again."),
    };
    document(language, title, &format!("<h1>{title}</h1><p>{words}</p>"))
}
