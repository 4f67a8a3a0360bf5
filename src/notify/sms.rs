//! A gateway for short messages: one request for each number.

use regex::Regex;
use reqwest::Client;
use sha2::{Digest as _, Sha256};

use crate::model::text;

use super::answer::Answer;
use super::config::{Method, Secret, Sms};
use super::error::NotifyError;
use super::hook::{content_type, header_safe, request};
use super::http::{ask, shown};
use super::template::{Escape, fill};

/// Bytes of the text: about three short messages of 70 characters.
pub(super) const TEXT_BYTES_MAX: usize = 600;

/// One gateway.
#[derive(Debug, Clone)]
pub(super) struct Gateway {
    client: Client,
    config: Sms,
    success: Option<Regex>,
}

impl Gateway {
    pub(super) fn new(client: Client, config: Sms) -> Result<Self, NotifyError> {
        let success = config.success_pattern.as_ref();
        let success = success
            .map(|pattern| Regex::new(pattern).map_err(|_| NotifyError::Pattern(pattern.clone())));
        Ok(Self { client, success: success.transpose()?, config })
    }

    /// Sends the text to all numbers but those in `reached`, which grows.
    pub(super) async fn send(
        &self,
        text: &str,
        key: &str,
        numbers: &[String],
        reached: &mut Vec<String>,
    ) -> Answer {
        let mut missed = None;
        for number in numbers {
            if reached.contains(number) {
                continue;
            }
            match self.one(text, key, number).await {
                Answer::Taken => reached.push(number.clone()),
                // A number that is wrong keeps nobody else from hearing it.
                other @ (Answer::Refused(_) | Answer::Shut(_)) => missed = Some(other),
                other => return other,
            }
        }
        Answer::of_several(missed, !reached.is_empty())
    }

    async fn one(&self, text: &str, key: &str, number: &str) -> Answer {
        let Sms { url, method, headers, body, key: secret, .. } = &self.config;
        let secret = secret.as_ref().map_or("", Secret::reveal);
        let words = [("phone", number), ("text", text), ("key", secret)];
        let url = fill(url.reveal(), &words, Escape::Form);
        let kind = content_type(headers, body);
        let headers: Vec<(String, Secret)> = headers
            .iter()
            .map(|(name, value)| {
                (name.clone(), Secret::new(fill(value.reveal(), &words, Escape::Plain)))
            })
            .collect();
        // The same for each try, another for each number, and the number itself cannot be read in it.
        let mark = Sha256::digest(number.as_bytes());
        let mark: String = mark.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let mut request = request(&self.client, &url, *method, &headers)
            .header("Idempotency-Key", header_safe(&format!("{key}-{mark}")));
        if *method != Method::Get {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                request = request.header("Content-Type", kind);
            }
            request = request.body(fill(body, &words, Escape::of(kind)));
        }
        let answer = match ask(request).await {
            Ok(answer) => answer,
            Err(answer) => return answer,
        };
        let answer = String::from_utf8_lossy(&answer);
        match &self.success {
            Some(success) if !success.is_match(&answer) => {
                let words = shown(&answer, &[secret, number]);
                Answer::Shut(text!(
                    "短信网关没有受理：{words}",
                    "the gateway did not take it: {words}",
                ))
            }
            _ => Answer::Taken,
        }
    }
}
