//! A group robot of DingTalk (钉钉).

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

/// Bytes of a text: it takes more, but nobody reads that on a telephone.
pub(in crate::notify) const TEXT_BYTES_MAX: usize = 6_000;
/// Who says too much is not heard for ten minutes.
const PAUSE: Duration = Duration::from_secs(600);

/// One robot.
#[derive(Debug, Clone)]
pub(in crate::notify) struct Dingtalk {
    pub(in crate::notify) client: Client,
    pub(in crate::notify) base: String,
    pub(in crate::notify) token: Secret,
    pub(in crate::notify) secret: Option<Secret>,
}

impl Dingtalk {
    pub(in crate::notify) async fn send(
        &self,
        text: &str,
        people: &[&Person],
        now: Timestamp,
    ) -> Answer {
        let token = self.token.reveal();
        let mut url = format!("{}/robot/send?access_token={}", self.base, encoded(token));
        let secret = self.secret.as_ref().map(Secret::reveal);
        if let Some(secret) = secret {
            let sign = encoded(&sign::dingtalk(secret, now.ms()));
            url = format!("{url}&timestamp={}&sign={sign}", now.ms());
        }
        match ask(self.client.post(url).json(&body(text, people))).await {
            Ok(body) => judge(&body, &[token, secret.unwrap_or_default()]),
            Err(answer) => answer,
        }
    }
}

/// Who is called by number is called only where the number stands in the text as well.
fn body(text: &str, people: &[&Person]) -> Value {
    let ids: Vec<_> = people.iter().filter_map(|person| person.dingtalk_id.as_ref()).collect();
    let by_number = people.iter().filter(|person| person.dingtalk_id.is_none());
    let numbers: Vec<_> = by_number.filter_map(|person| person.mobile.as_ref()).collect();
    let mut calls: Vec<String> = ids.iter().chain(&numbers).map(|id| format!("@{id}")).collect();
    calls.push(called(people, |p| p.dingtalk_id.is_some() || p.mobile.is_some()));
    let calls = calls.join(" ");
    let content = match calls.trim() {
        "" => text.to_owned(),
        calls => format!("{text}\n{calls}"),
    };
    json!({
        "msgtype": "text",
        "text": { "content": content },
        "at": { "atMobiles": numbers, "atUserIds": ids, "isAtAll": false },
    })
}

fn judge(body: &[u8], secrets: &[&str]) -> Answer {
    let (number, why) = match numbered(body, secrets) {
        Ok(told) => told,
        Err(answer) => return answer,
    };
    match number {
        0 => Answer::Taken,
        130_101 | 130_103 | 90_018 => Answer::Busy(why, PAUSE),
        // Signature, keyword or address are not allowed; the robot or its group is gone.
        310_000 | 300_001 | 300_005 | 400_013 | 400_101 | 400_102 | 40_014 => Answer::Shut(why),
        // Too long, empty, or not in its form.
        40_035 | 43_004 | 400_105 | 400_106 | 460_101 => Answer::Refused(why),
        _ => Answer::Later(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_called_stand_in_the_text_too() {
        let known = Person { dingtalk_id: Some("u1".into()), ..Person::default() };
        let number = Person { mobile: Some("13800000000".into()), ..Person::default() };
        let body = body("停机", &[&known, &number]);
        assert_eq!(body["text"]["content"], "停机\n@u1 @13800000000");
        assert_eq!(body["at"]["atMobiles"], json!(["13800000000"]));
        assert_eq!(body["at"]["atUserIds"], json!(["u1"]));
        assert_eq!(super::body("停机", &[])["text"]["content"], "停机");
    }

    #[test]
    fn the_number_decides_and_not_the_status() {
        let of =
            |number: i64| judge(format!(r#"{{"errcode":{number},"errmsg":"x"}}"#).as_bytes(), &[]);
        assert_eq!(of(0), Answer::Taken);
        assert!(matches!(of(130_101), Answer::Busy(_, PAUSE)));
        assert!(matches!(of(310_000), Answer::Shut(_)));
        assert!(matches!(of(460_101), Answer::Refused(_)));
        assert!(matches!(of(-1), Answer::Later(_)));
    }
}
