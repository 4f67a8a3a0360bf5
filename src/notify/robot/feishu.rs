//! A group robot of Feishu (飞书).

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use super::sign;
use super::{called, numbered};
use crate::model::Timestamp;
use crate::notify::answer::Answer;
use crate::notify::config::Secret;
use crate::notify::http::ask;
use crate::notify::people::Person;
use crate::notify::template::encoded;

/// Bytes of a text. The whole body may have 20 kB, in which a line break takes two bytes.
pub(in crate::notify) const TEXT_BYTES_MAX: usize = 9_000;
/// It lets in again after a minute.
const PAUSE: Duration = Duration::from_secs(60);

/// One robot.
#[derive(Debug, Clone)]
pub(in crate::notify) struct Feishu {
    pub(in crate::notify) client: Client,
    pub(in crate::notify) base: String,
    pub(in crate::notify) token: Secret,
    pub(in crate::notify) secret: Option<Secret>,
}

impl Feishu {
    pub(in crate::notify) async fn send(
        &self,
        text: &str,
        people: &[&Person],
        now: Timestamp,
    ) -> Answer {
        let token = self.token.reveal();
        let url = format!("{}/open-apis/bot/v2/hook/{}", self.base, encoded(token));
        let secret = self.secret.as_ref().map(Secret::reveal);
        let mut body = body(text, people);
        if let (Some(secret), Some(body)) = (secret, body.as_object_mut()) {
            let now_s = now.ms() / 1000;
            body.insert("timestamp".to_owned(), json!(now_s.to_string()));
            body.insert("sign".to_owned(), json!(sign::feishu(secret, now_s)));
        }
        match ask(self.client.post(url).json(&body)).await {
            Ok(body) => judge(&body, &[token, secret.unwrap_or_default()]),
            Err(answer) => answer,
        }
    }
}

fn body(text: &str, people: &[&Person]) -> Value {
    // What a device says must call nobody: only our own tags begin with this sign.
    let text = text.replace('<', "＜");
    let mut calls: Vec<String> = Vec::new();
    for person in people {
        if let Some(id) = &person.feishu_id {
            let name = person.name.replace(['<', '>', '"'], "");
            let id = id.replace(['<', '>', '"'], "");
            calls.push(format!("<at user_id=\"{id}\">{name}</at>"));
        }
    }
    calls.push(called(people, |person| person.feishu_id.is_some()));
    let calls = calls.join(" ");
    let text = match calls.trim() {
        "" => text,
        calls => format!("{text}\n{calls}"),
    };
    json!({ "msg_type": "text", "content": { "text": text } })
}

fn judge(body: &[u8], secrets: &[&str]) -> Answer {
    let (number, why) = match numbered(body, secrets) {
        Ok(told) => told,
        Err(answer) => return answer,
    };
    match number {
        0 => Answer::Taken,
        11_232 | 11_233 | 99_991_400 => Answer::Busy(why, PAUSE),
        // Signature, address or keyword are not allowed; the robot is gone.
        19_001 | 19_005 | 19_007 | 19_021 | 19_022 | 19_024 => Answer::Shut(why),
        // Not in its form.
        9_499 | 19_002 | 11_246 => Answer::Refused(why),
        _ => Answer::Later(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_called_is_called() {
        let known =
            Person { feishu_id: Some("ou_1".into()), name: "张三".into(), ..Person::default() };
        let body = body("停机 <at user_id=\"all\">", &[&known]);
        assert_eq!(
            body["content"]["text"],
            "停机 ＜at user_id=\"all\">\n<at user_id=\"ou_1\">张三</at>"
        );
    }

    #[test]
    fn the_number_decides_in_both_of_its_forms() {
        let of = |body: &str| judge(body.as_bytes(), &[]);
        assert_eq!(of(r#"{"code":0,"msg":"success"}"#), Answer::Taken);
        assert_eq!(of(r#"{"StatusCode":0,"StatusMessage":"success"}"#), Answer::Taken);
        assert!(matches!(of(r#"{"code":19021,"msg":"sign"}"#), Answer::Shut(_)));
        assert!(matches!(of(r#"{"code":9499,"msg":"Bad Request"}"#), Answer::Refused(_)));
        assert!(matches!(of(r#"{"code":11232,"msg":"rate"}"#), Answer::Busy(..)));
        assert!(matches!(of("{}"), Answer::Later(_)));
    }
}
