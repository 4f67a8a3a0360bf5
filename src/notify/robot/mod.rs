//! The group robots of three chat services. All of them answer HTTP 200 to what they refuse: only
//! the number in the answer says whether anybody has read anything.

mod dingtalk;
mod feishu;
mod sign;
mod wecom;

use serde::Deserialize;

use crate::model::{Text, text};

use super::answer::Answer;
use super::http::shown;
use super::people::Person;

pub(super) use dingtalk::{Dingtalk, TEXT_BYTES_MAX as DINGTALK_BYTES_MAX};
pub(super) use feishu::{Feishu, TEXT_BYTES_MAX as FEISHU_BYTES_MAX};
pub(super) use wecom::{TEXT_BYTES_MAX as WECOM_BYTES_MAX, Wecom};

/// An answer of any of the three.
#[derive(Debug, Default, Deserialize)]
struct Wire {
    errcode: Option<i64>,
    errmsg: Option<String>,
    code: Option<i64>,
    msg: Option<String>,
    #[serde(rename = "StatusCode")]
    status_code: Option<i64>,
    #[serde(rename = "StatusMessage")]
    status_message: Option<String>,
}

/// The number and the words of an answer, or that it is none.
fn numbered(body: &[u8], secrets: &[&str]) -> Result<(i64, Text), Answer> {
    let wire: Wire = serde_json::from_slice(body).unwrap_or_default();
    let Some(number) = wire.errcode.or(wire.code).or(wire.status_code) else {
        return Err(Answer::Later(Text::new(
            "应答不是机器人接口的格式（可能被网关或登录页拦截）",
            "the answer is none of the robot's: a gateway or a login page may be between",
        )));
    };
    let words = wire.errmsg.or(wire.msg).or(wire.status_message).unwrap_or_default();
    let words = shown(&words, secrets);
    Ok((number, text!("错误码 {number}：{words}", "code {number}: {words}")))
}

/// What people are called: their names where the service cannot be told who they are.
fn called(people: &[&Person], id: impl Fn(&Person) -> bool) -> String {
    let unknown = people.iter().filter(|person| !id(person));
    let names: Vec<_> = unknown.map(|person| format!("@{}", person.name)).collect();
    names.join(" ")
}
