//! Web addresses that are told: no redirect is followed, every certificate is checked, nothing is
//! waited for without end, and no answer is read without end.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, redirect};

use crate::model::{Text, text};

use super::answer::Answer;
use super::clip::clip;
use super::config::Net;
use super::error::NotifyError;

/// Longest wait for a whole answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an answer that people are shown.
const SHOWN_BYTES_MAX: usize = 200;
/// Longest pause that an answer may ask for.
const PAUSE_MAX_S: u64 = 3_600;
/// Pause where an answer says "too many" and not for how long.
const PAUSE_S: u64 = 60;

/// A client for one channel.
pub(super) fn client(net: &Net, url: &str) -> Result<Client, NotifyError> {
    let failed = |error: reqwest::Error| NotifyError::Client(words_of(&error.without_url()));
    let mut builder = Client::builder()
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .user_agent(concat!("hallwatch/", env!("CARGO_PKG_VERSION")));
    if let Some(proxy) = &net.proxy {
        builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(failed)?);
    }
    if url.starts_with("https:") {
        // The HTTP library panics where no provider of cryptography was installed.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let words = "no provider of cryptography is installed";
            return Err(NotifyError::Client(words.to_owned()));
        }
        if let Some(path) = &net.ca_file {
            let wrong =
                |reason: String| NotifyError::CaFile { path: path.display().to_string(), reason };
            let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
            let found = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| wrong(words_of(&error)))?;
            if found.is_empty() {
                return Err(wrong("the file is empty".to_owned()));
            }
            builder = builder.tls_certs_merge(found);
        }
    } else {
        builder = builder.tls_backend_preconfigured(trusts_nobody()?);
    }
    builder.build().map_err(failed)
}

/// A TLS set-up for plain http: never used, and needs neither a provider nor certificates.
fn trusts_nobody() -> Result<rustls::ClientConfig, NotifyError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| NotifyError::Client(error.to_string()))?;
    Ok(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

/// Asks, and gives back the beginning of the answer's body; or why it was none that says "taken".
pub(super) async fn ask(request: RequestBuilder) -> Result<Vec<u8>, Answer> {
    let mut response = request.send().await.map_err(|error| failed(&error.without_url()))?;
    let status = response.status();
    let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let after = after.and_then(|seconds| seconds.trim().parse::<u64>().ok());
    let body = match read_limited(&mut response).await {
        Ok(body) => body,
        // What was said by the status counts.
        Err(_) if !status.is_success() => Vec::new(),
        Err(error) => return Err(failed(&error.without_url())),
    };
    match status.is_success() {
        true => Ok(body),
        false => Err(refusal(status, after)),
    }
}

async fn read_limited(response: &mut reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while body.len() < ANSWER_BYTES_MAX {
        match response.chunk().await? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    body.truncate(ANSWER_BYTES_MAX);
    Ok(body)
}

fn refusal(status: StatusCode, after_s: Option<u64>) -> Answer {
    let words = Text::same(format!("HTTP {status}"));
    let pause =
        |default_s: u64| Duration::from_secs(after_s.unwrap_or(default_s).clamp(1, PAUSE_MAX_S));
    match status.as_u16() {
        429 => Answer::Busy(words, pause(PAUSE_S)),
        503 if after_s.is_some() => Answer::Busy(words, pause(PAUSE_S)),
        // Only these speak of the message; the others of the address, the key, the server.
        400 | 406 | 413 | 415 | 422 => Answer::Refused(words),
        300..=399 => Answer::Shut(text!(
            "HTTP {status}：地址要求跳转，不会跟随",
            "HTTP {status}: the address leads elsewhere, which is not followed",
        )),
        401 | 403 | 404 | 405 | 407 | 410 => Answer::Shut(words),
        _ => Answer::Later(words),
    }
}

fn failed(error: &reqwest::Error) -> Answer {
    let words = words_of(error);
    let zh = if error.is_timeout() {
        "超时未应答"
    } else if words.contains("ertificate") {
        "证书不可信"
    } else if error.is_connect() {
        "连接不上"
    } else {
        "连接中断"
    };
    Answer::Later(Text::new(format!("{zh}（{words}）"), words))
}

/// The error and its causes. The address may hold a key and has to be taken out before.
fn words_of(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    clip(&words, SHOWN_BYTES_MAX)
}

/// What another program said, fit to be shown: in one line, short, without our secrets.
pub(super) fn shown(words: &str, secrets: &[&str]) -> String {
    let mut words = words.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        words = words.replace(secret, "***");
    }
    let plain: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clip(plain.trim(), SHOWN_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_tells_whose_fault_it_is() {
        let of = |code: u16, after| refusal(StatusCode::from_u16(code).unwrap(), after);
        assert!(matches!(of(422, None), Answer::Refused(_)));
        assert!(matches!(of(302, None), Answer::Shut(_)));
        assert!(matches!(of(403, None), Answer::Shut(_)));
        assert!(matches!(of(500, None), Answer::Later(_)));
        assert!(matches!(of(503, None), Answer::Later(_)));
        let busy = |answer| match answer {
            Answer::Busy(_, pause) => pause.as_secs(),
            _ => 0,
        };
        assert_eq!(busy(of(429, None)), PAUSE_S);
        assert_eq!(busy(of(503, Some(7))), 7);
        assert_eq!(busy(of(429, Some(1_000_000))), PAUSE_MAX_S);
    }

    #[test]
    fn what_is_shown_holds_no_secret_and_one_line() {
        assert_eq!(shown("bad key\nK123456!", &["K123456"]), "bad key ***!");
        assert!(shown(&"停".repeat(500), &[]).len() <= SHOWN_BYTES_MAX);
    }
}
