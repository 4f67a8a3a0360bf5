//! A group robot of WeCom (企业微信).

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use super::{called, numbered};
use crate::notify::answer::Answer;
use crate::notify::config::Secret;
use crate::notify::http::ask;
use crate::notify::people::Person;
use crate::notify::template::encoded;

/// Bytes of a text that it takes.
pub(in crate::notify) const TEXT_BYTES_MAX: usize = 2_048;
/// It lets in again after a minute.
const PAUSE: Duration = Duration::from_secs(60);

/// One robot.
#[derive(Debug, Clone)]
pub(in crate::notify) struct Wecom {
    pub(in crate::notify) client: Client,
    pub(in crate::notify) base: String,
    pub(in crate::notify) key: Secret,
}

impl Wecom {
    pub(in crate::notify) async fn send(&self, text: &str, people: &[&Person]) -> Answer {
        let key = self.key.reveal();
        let url = format!("{}/cgi-bin/webhook/send?key={}", self.base, encoded(key));
        match ask(self.client.post(url).json(&body(text, people))).await {
            Ok(body) => judge(&body, key),
            Err(answer) => answer,
        }
    }

    /// Bytes of the text that are taken by who is called.
    pub(in crate::notify) fn calls_bytes(people: &[&Person]) -> usize {
        calls(people).len()
    }
}

/// Who cannot be called by id or number is named in the text.
fn calls(people: &[&Person]) -> String {
    match called(people, |p| p.wecom_id.is_some() || p.mobile.is_some()) {
        names if names.is_empty() => names,
        names => format!("\n{names}"),
    }
}

fn body(text: &str, people: &[&Person]) -> Value {
    let ids: Vec<_> = people.iter().filter_map(|person| person.wecom_id.as_ref()).collect();
    let by_number = people.iter().filter(|person| person.wecom_id.is_none());
    let numbers: Vec<_> = by_number.filter_map(|person| person.mobile.as_ref()).collect();
    let mut inner = json!({ "content": format!("{text}{}", calls(people)) });
    if let Some(inner) = inner.as_object_mut() {
        if !ids.is_empty() {
            inner.insert("mentioned_list".to_owned(), json!(ids));
        }
        if !numbers.is_empty() {
            inner.insert("mentioned_mobile_list".to_owned(), json!(numbers));
        }
    }
    json!({ "msgtype": "text", "text": inner })
}

fn judge(body: &[u8], key: &str) -> Answer {
    let (number, why) = match numbered(body, &[key]) {
        Ok(told) => told,
        Err(answer) => return answer,
    };
    match number {
        0 => Answer::Taken,
        45009 | 45033 => Answer::Busy(why, PAUSE),
        // The key is wrong, or the robot was removed from its group.
        93000 | 93004 | 93008 | 40001 | 40014 | 41001 | 60020 => Answer::Shut(why),
        // Too long, empty, or not in its form.
        40008 | 40058 | 44004 | 45002 | 47001 | 40035 => Answer::Refused(why),
        _ => Answer::Later(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_called_stands_inside_of_the_text() {
        let known = Person { wecom_id: Some("zhangsan".into()), ..Person::default() };
        let number = Person { mobile: Some("13800000000".into()), ..Person::default() };
        let neither = Person { name: "王五".into(), ..Person::default() };
        let body = body("停机", &[&known, &number, &neither]);
        assert_eq!(
            body,
            json!({ "msgtype": "text", "text": {
                "content": "停机\n@王五",
                "mentioned_list": ["zhangsan"],
                "mentioned_mobile_list": ["13800000000"],
            }})
        );
    }

    #[test]
    fn the_number_decides_and_not_the_status() {
        let of =
            |number: i64| judge(format!(r#"{{"errcode":{number},"errmsg":"x"}}"#).as_bytes(), "k");
        assert_eq!(of(0), Answer::Taken);
        assert!(matches!(of(45009), Answer::Busy(_, PAUSE)));
        assert!(matches!(of(93000), Answer::Shut(_)));
        assert!(matches!(of(40058), Answer::Refused(_)));
        assert!(matches!(of(-1), Answer::Later(_)));
        assert!(matches!(judge(b"<html>login</html>", "k"), Answer::Later(_)));
        let why = judge(br#"{"errcode":93000,"errmsg":"no robot KEY-123"}"#, "KEY-123");
        assert_eq!(why.why().unwrap().en, "code 93000: no robot ***");
    }
}
