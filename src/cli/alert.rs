//! `hallwatch alert test`: does a message on a channel arrive?

use std::process::ExitCode;
use std::sync::Arc;

use serde::de::IgnoredAny;

use crate::clock::SystemClock;
use crate::model::{Text, text};
use crate::notify;

use super::door::{Place, Source};
use super::out::say;
use super::table::in_words;
use super::{Done, Failure, runtime};

pub(super) fn test(channel: &str, place: &Place) -> Done {
    runtime()?.block_on(async {
        match place.source().await? {
            Source::Gateway(gateway) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                if !channel.chars().all(plain) {
                    return Err(Failure::told(text!(
                        "没有渠道 `{channel}`",
                        "there is no channel `{channel}`",
                    )));
                }
                let path = format!("/api/v1/channels/{channel}/test");
                gateway.post::<IgnoredAny>(&path, &serde_json::json!({})).await?;
            }
            Source::Direct(hall) => {
                let clock = Arc::new(SystemClock);
                let sent = notify::test(&hall.notify, hall.names(), channel, clock).await;
                sent.map_err(|Text { zh, en }| {
                    Failure::told(text!("`{channel}`：{zh}", "`{channel}`: {en}"))
                })?;
            }
        }
        let told = text!("测试消息已被 `{channel}` 接收", "`{channel}` has taken the test message");
        say!("{}", in_words(told, place.lang));
        Ok(ExitCode::SUCCESS)
    })
}
