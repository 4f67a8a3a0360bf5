//! The HTTP side: one compressed body out, one sorted answer back.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use reqwest::{Url, redirect};

use crate::clock::SharedClock;

use super::answer::{Answer, Fault, Response, classify, shorten};
use super::config::{Config, Secret, Version};
use super::error::InfluxError;

/// Bytes of a response that are read. InfluxDB 3 repeats each line that it refuses.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Bytes of what it gives back of what it has.
const RECALLED_BYTES_MAX: usize = 64 << 20;
/// Time for a question about the server's health.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Level 3 costs half of level 6 and is hardly worse on lines.
const GZIP_LEVEL: u32 = 3;

/// Talks to one server. Clones share the connections.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    write: Url,
    ping: Url,
    query: Url,
    flux: Url,
    clock: SharedClock,
}

impl Client {
    pub(super) fn new(config: &Config, clock: SharedClock) -> Result<Self, InfluxError> {
        let base = config.base()?;
        let failed = |problem: String| InfluxError::Client { url: config.shown_url(), problem };
        let mut headers = HeaderMap::new();
        if let Some(credentials) = authorization(&config.version) {
            let mut value = HeaderValue::from_str(credentials.reveal())
                .map_err(|_| InfluxError::Credentials(config.name.clone()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let builder = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(config.limits.connect_timeout)
            .timeout(config.limits.request_timeout)
            // A followed redirect would turn the POST into a GET and lose the lines.
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .user_agent(concat!("hallwatch/", env!("CARGO_PKG_VERSION")));
        let builder = if base.scheme() == "https" {
            // The HTTP library panics where no provider of cryptography was installed.
            if rustls::crypto::CryptoProvider::get_default().is_none() {
                return Err(failed("no provider of cryptography is installed".to_owned()));
            }
            builder
        } else {
            builder.tls_backend_preconfigured(trusts_nobody().map_err(failed)?)
        };
        let http = builder.build().map_err(|error| failed(words_of(error)))?;
        let write = match &config.version {
            Version::V1 { database, .. } => {
                with_query(below(&base, &["write"]), &[("db", database), ("precision", "ms")])
            }
            Version::V2 { org, bucket, .. } => with_query(
                below(&base, &["api", "v2", "write"]),
                &[("org", org), ("bucket", bucket), ("precision", "ms")],
            ),
            Version::V3 { database, .. } => with_query(
                below(&base, &["api", "v3", "write_lp"]),
                &[("db", database), ("precision", "millisecond"), ("accept_partial", "true")],
            ),
        };
        let (ping, query) = (below(&base, &["ping"]), below(&base, &["query"]));
        let flux = below(&base, &["api", "v2", "query"]);
        Ok(Self { http, write, ping, query, flux, clock })
    }

    /// Sends some lines, compressed.
    pub(super) async fn write(&self, lines: &str) -> Answer {
        let body = match gzip(lines) {
            Ok(body) => body,
            Err(error) => {
                return Answer::Failed { fault: Fault::Network, detail: error.to_string() };
            }
        };
        let request = self
            .http
            .post(self.write.clone())
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .header(CONTENT_ENCODING, "gzip")
            .body(body);
        self.ask(request).await
    }

    /// Whether the server says that it is well.
    pub(super) async fn ping(&self) -> bool {
        let request = self.http.get(self.ping.clone()).timeout(PING_TIMEOUT);
        // Some versions want credentials even for this: any answer but an error of its own counts.
        request.send().await.is_ok_and(|response| response.status().as_u16() < 500)
    }

    /// Asks a server of version 1 to make the database.
    pub(super) async fn create_database(&self, database: &str) -> Answer {
        let name = database.replace('\\', "\\\\").replace('"', "\\\"");
        let statement = format!("CREATE DATABASE \"{name}\"");
        let url = with_query(self.query.clone(), &[("q", &statement)]);
        match self.ask(self.http.post(url)).await {
            // A 200 is no write, but right here; an error of the statement comes inside of one.
            Answer::Refused { detail, .. }
                if detail.starts_with("200") && !detail.contains("\"error\"") =>
            {
                Answer::Done
            }
            other => other,
        }
    }

    /// Asks in InfluxQL, with times in milliseconds.
    pub(super) async fn query(&self, database: &str, statement: &str) -> Result<String, String> {
        let pairs = [("db", database), ("epoch", "ms"), ("q", statement)];
        self.read(self.http.get(with_query(self.query.clone(), &pairs))).await
    }

    /// Asks in Flux.
    pub(super) async fn flux(
        &self,
        org: &str,
        question: &serde_json::Value,
    ) -> Result<String, String> {
        let url = with_query(self.flux.clone(), &[("org", org)]);
        self.read(self.http.post(url).header(ACCEPT, "application/csv").json(question)).await
    }

    /// The whole answer to a question, or what went wrong.
    async fn read(&self, request: reqwest::RequestBuilder) -> Result<String, String> {
        let mut response = request.send().await.map_err(words_of)?;
        let status = response.status();
        // One byte more shows that there is more.
        let body = read_limited(&mut response, RECALLED_BYTES_MAX + 1).await.map_err(words_of)?;
        if body.len() > RECALLED_BYTES_MAX {
            return Err(format!("the answer is longer than {RECALLED_BYTES_MAX} bytes"));
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        match status.as_u16() {
            200 => Ok(body),
            status => Err(format!("{status} {}", body.trim())),
        }
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Answer {
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return failed(error),
        };
        let status = response.status().as_u16();
        if status == 204 {
            return Answer::Done;
        }
        let body = match read_limited(&mut response, ANSWER_BYTES_MAX).await {
            Ok(body) => body,
            Err(error) => return failed(error),
        };
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let answer = Response {
            status,
            retry_after: header("retry-after"),
            location: header("location"),
            body: &String::from_utf8_lossy(&body),
        };
        classify(answer, self.clock.now())
    }
}

/// Packs lines for the wire.
fn gzip(lines: &str) -> std::io::Result<Vec<u8>> {
    let packed = Vec::with_capacity(lines.len() / 8 + 64);
    let mut encoder = GzEncoder::new(packed, Compression::new(GZIP_LEVEL));
    encoder.write_all(lines.as_bytes())?;
    encoder.finish()
}

/// The start of a body, at most `max` bytes and the rest of a chunk; the rest is left unread.
async fn read_limited(
    response: &mut reqwest::Response,
    max: usize,
) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while body.len() < max {
        match response.chunk().await? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    body.truncate(max);
    Ok(body)
}

fn failed(error: reqwest::Error) -> Answer {
    let fault = match &error {
        error if error.is_timeout() => Fault::Timeout,
        error if error.is_connect() => Fault::Connect,
        _ => Fault::Network,
    };
    Answer::Failed { fault, detail: words_of(error) }
}

/// The error and its causes; without the address, which says nothing new.
fn words_of(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    shorten(&words)
}

fn authorization(version: &Version) -> Option<Secret> {
    match version {
        Version::V1 { username: None, .. } => None,
        Version::V1 { username: Some(user), password, .. } => {
            let password = password.as_ref().map(Secret::reveal).unwrap_or_default();
            let pair =
                base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            Some(Secret::new(format!("Basic {pair}")))
        }
        Version::V2 { token, .. } if token.reveal().is_empty() => None,
        Version::V2 { token, .. } => Some(Secret::new(format!("Token {}", token.reveal()))),
        Version::V3 { token, .. } => {
            let token = token.as_ref()?.reveal();
            Some(Secret::new(format!("Bearer {token}")))
        }
    }
}

/// A TLS set-up for plain http: never used, and needs neither a provider nor certificates.
fn trusts_nobody() -> Result<rustls::ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

/// An endpoint below the address, whose own path is kept.
fn below(base: &Url, endpoint: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(endpoint);
    }
    url
}

fn with_query(mut url: Url, pairs: &[(&str, &str)]) -> Url {
    url.query_pairs_mut().extend_pairs(pairs);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn the_path_of_a_proxy_is_kept_and_names_are_quoted() {
        let version = Version::V2 {
            org: "大厅 & co".into(),
            bucket: "hall/daily".into(),
            token: Secret::new("t"),
        };
        let config = Config::new("main", "http://h:8086/influx/", version, "hall");
        let client = Client::new(&config, Arc::new(SystemClock)).expect("a client");
        let url = client.write.as_str();
        assert!(url.starts_with("http://h:8086/influx/api/v2/write?org=%E5%A4%A7"), "{url}");
        assert!(url.ends_with("+%26+co&bucket=hall%2Fdaily&precision=ms"), "{url}");
        assert_eq!(client.ping.as_str(), "http://h:8086/influx/ping");
    }

    #[test]
    fn https_without_a_provider_is_an_error_and_not_a_panic() {
        let version = Version::V1 { database: "hall".into(), username: None, password: None };
        let config = Config::new("main", "https://h:8086", version, "hall");
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            assert!(Client::new(&config, Arc::new(SystemClock)).is_err());
        }
    }
}
