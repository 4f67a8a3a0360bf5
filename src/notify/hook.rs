//! Any web address: the alert as JSON, or a body of the hall's own making.

use reqwest::Client;
use serde::Serialize;

use crate::alert::{Alert, AlertRecord};
use crate::model::Text;

use super::answer::Answer;
use super::compose::{Paper, instant};
use super::config::{Hook, Language, Method, Secret};
use super::http::ask;
use super::message::Message;
use super::names::Names;
use super::template::{Escape, fill};

/// Bytes of the text.
pub(super) const TEXT_BYTES_MAX: usize = 4_000;
const JSON: &str = "application/json";

/// What is posted of one alert.
#[derive(Serialize)]
struct One<'a> {
    /// The same for every try: the receiver can tell a repetition.
    id: &'a str,
    change: &'static str,
    site: &'a str,
    #[serde(flatten)]
    place: Placed<'a>,
    alert: AlertRecord,
}

/// Where an alert is, in people's words.
#[derive(Serialize)]
struct Placed<'a> {
    /// Name of the device; none where it is about several.
    device_name: Option<Named>,
    zone: Option<&'a str>,
    zone_name: Option<Named>,
    /// Where people open the page, if that is known.
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Named {
    zh: String,
    en: String,
}

impl<'a> Placed<'a> {
    fn of(alert: &Alert, names: &'a Names) -> Self {
        let named = |Text { zh, en }| Named { zh, en };
        Self {
            device_name: names.device(alert).map(named),
            zone: names.zone_id(alert).map(|zone| zone.as_str()),
            zone_name: names.zone(alert).map(named),
            url: names.page.as_deref(),
        }
    }
}

/// What is posted of several.
#[derive(Serialize)]
struct Several<'a> {
    id: &'a str,
    change: &'static str,
    site: &'a str,
    title: &'a str,
    text: &'a str,
    alerts: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    change: &'static str,
    #[serde(flatten)]
    place: Placed<'a>,
    alert: AlertRecord,
}

/// A request with this method and these headers.
pub(super) fn request(
    client: &Client,
    url: &str,
    method: Method,
    headers: &[(String, Secret)],
) -> reqwest::RequestBuilder {
    let request = match method {
        Method::Get => client.get(url),
        Method::Post => client.post(url),
        Method::Put => client.put(url),
    };
    headers.iter().fold(request, |request, (name, value)| request.header(name, value.reveal()))
}

/// The kind of a body, unless a header says otherwise.
pub(super) fn content_type<'a>(headers: &'a [(String, Secret)], body: &str) -> &'a str {
    let written = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    match written {
        Some((_, value)) => value.reveal(),
        None if body.trim_start().starts_with(['{', '[']) => JSON,
        None => "application/x-www-form-urlencoded",
    }
}

/// The message as JSON, where the hall has no body of its own; also what is published over MQTT.
pub(super) fn json(message: &Message, names: &Names, paper: &Paper) -> Option<String> {
    let site = names.site.as_str();
    let id = message.key.as_str();
    let entry = |transition: &crate::alert::Transition| Entry {
        change: transition.change.as_str(),
        place: Placed::of(&transition.alert, names),
        alert: AlertRecord::for_others(&transition.alert),
    };
    let json = match message.items.as_slice() {
        [only] => {
            let Entry { change, place, alert } = entry(&only.transition);
            serde_json::to_string(&One { id, change, site, place, alert })
        }
        many => serde_json::to_string(&Several {
            id,
            change: "several",
            site,
            title: &paper.title,
            text: &paper.text,
            alerts: many.iter().map(|item| entry(&item.transition)).collect(),
        }),
    };
    json.ok()
}

/// The words that a body may have places for.
fn words(
    message: &Message,
    names: &Names,
    language: Language,
    paper: &Paper,
) -> Vec<(&'static str, String)> {
    let mut words = vec![
        ("title", paper.title.clone()),
        ("text", paper.text.clone()),
        ("key", message.key.clone()),
        ("site", names.site.clone()),
        ("url", names.page.clone().unwrap_or_default()),
    ];
    // Of several the worst one stands for all.
    let worst = message.items.iter().max_by_key(|item| item.transition.alert.severity);
    let Some(item) = worst else { return words };
    let (alert, change) = (&item.transition.alert, item.transition.change);
    let pick = |text: &Text| match language {
        Language::En => text.en.clone(),
        _ => text.zh.clone(),
    };
    words.extend([
        ("id", alert.id.clone()),
        ("rule", alert.rule.clone()),
        ("change", change.as_str().to_owned()),
        ("state", alert.state.as_str().to_owned()),
        ("severity", alert.severity.as_str().to_owned()),
        ("severity_word", pick(&alert.severity.text())),
        ("device", alert.device.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("device_name", names.device(alert).map(|name| pick(&name)).unwrap_or_default()),
        ("zone", names.zone_id(alert).map(ToString::to_string).unwrap_or_default()),
        ("summary", pick(&alert.text)),
        ("advice", pick(&alert.advice)),
        ("since", instant(alert.since)),
        ("labels", labels(alert)),
    ]);
    words
}

/// The labels of an alert in one line.
fn labels(alert: &Alert) -> String {
    let all = alert.labels.iter().map(|(name, value)| format!("{name}={value}"));
    all.collect::<Vec<_>>().join(", ")
}

/// Sends a message.
pub(super) async fn send(
    client: &Client,
    hook: &Hook,
    message: &Message,
    names: &Names,
    language: Language,
    paper: &Paper,
) -> Answer {
    let (body, kind) = match &hook.body {
        None => (json(message, names, paper).unwrap_or_default(), JSON),
        Some(template) => {
            let kind = content_type(&hook.headers, template);
            let words = words(message, names, language, paper);
            let words: Vec<_> = words.iter().map(|(name, word)| (*name, word.as_str())).collect();
            (fill(template, &words, Escape::of(kind)), kind)
        }
    };
    let mut request = request(client, hook.url.reveal(), hook.method, &hook.headers)
        .header("Idempotency-Key", header_safe(&message.key));
    let written = hook.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !written {
        request = request.header("Content-Type", kind);
    }
    match ask(request.body(body)).await {
        Ok(_) => Answer::Taken,
        Err(answer) => answer,
    }
}

/// A key as a header bears it.
pub(super) fn header_safe(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::compose::paper;
    use super::super::digest::trial::{item, message, names};
    use super::*;
    use crate::alert::Change;
    use crate::model::Severity;

    #[test]
    fn one_alert_has_the_form_that_it_always_had() {
        let message = message(vec![item("PV002", "inv-01", Severity::Major, Change::Raised)]);
        let paper = paper(&message, &names(), Language::Zh, TEXT_BYTES_MAX);
        let json = json(&message, &names(), &paper).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["id"], message.key);
        assert_eq!(json["change"], "raised");
        assert_eq!(json["site"], "dongcheng");
        assert_eq!(json["alert"]["text"]["zh"], "1 号逆变器停机");
        let mut keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        // The first four since the first version; those of the place came later.
        let place = ["device_name", "url", "zone", "zone_name"];
        assert_eq!(
            keys,
            ["alert", "change", "device_name", "id", "site", "url", "zone", "zone_name"]
        );
        assert!(place.iter().all(|key| !json[key].is_null()), "{json}");
        assert_eq!(json["device_name"]["zh"], "1 号逆变器");
        assert!(json["alert"].get("topic").is_none(), "what is for this program alone");
    }

    #[test]
    fn a_body_of_its_own_is_filled() {
        let message = message(vec![item("PV002", "inv-01", Severity::Major, Change::Raised)]);
        let paper = paper(&message, &names(), Language::Zh, TEXT_BYTES_MAX);
        let words = words(&message, &names(), Language::Zh, &paper);
        let words: Vec<_> = words.iter().map(|(name, word)| (*name, word.as_str())).collect();
        let body =
            fill(r#"{"t":"{text}","s":"{severity}","d":"{device_name}"}"#, &words, Escape::Json);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["s"], "major");
        assert_eq!(body["d"], "1 号逆变器");
        assert!(body["t"].as_str().unwrap().contains("开始：2026-11-30 08:00"));
    }
}
