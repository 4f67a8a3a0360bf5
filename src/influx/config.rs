//! Where the lines go and how much is sent at once.

use std::fmt;
use std::time::Duration;

use reqwest::Url;

use super::error::InfluxError;

/// A password or a token. Shown as `***` wherever it is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Which API is spoken, and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// `/write` of InfluxDB 1.x and of what imitates it.
    V1 {
        /// Database; made when missing and allowed.
        database: String,
        /// User, where the server asks for one.
        username: Option<String>,
        /// Password of that user.
        password: Option<Secret>,
    },
    /// `/api/v2/write` of InfluxDB 2.x and of what imitates it.
    V2 {
        /// Organisation, by name.
        org: String,
        /// Bucket, by name; made when missing and allowed.
        bucket: String,
        /// API token; empty where the server asks for none.
        token: Secret,
    },
    /// `/api/v3/write_lp` of InfluxDB 3 Core and Enterprise, which makes databases by itself.
    V3 {
        /// Database.
        database: String,
        /// Token, where the server asks for one.
        token: Option<Secret>,
    },
}

/// How much is sent at once and how long is waited. The defaults suit every server we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Lines in one body.
    pub lines_max: usize,
    /// Bytes in one body before compression. InfluxDB 3 Core refuses 10 MiB.
    pub bytes_max: usize,
    /// Time to make a connection.
    pub connect_timeout: Duration,
    /// Time for one whole request.
    pub request_timeout: Duration,
    /// Longest time that a reading waits for others to be sent with it.
    pub gather: Duration,
    /// First pause after a failure; doubled with each further one.
    pub pause_min: Duration,
    /// Longest pause after failures.
    pub pause_max: Duration,
    /// Pause when a person has to do something: wrong password, no such bucket.
    pub refused_pause: Duration,
    /// Requests spent on finding the bad lines of one body; what is left then is set aside whole.
    pub search_requests_max: usize,
    /// Totals of days are made again this long after late readings, at the earliest.
    pub totals_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lines_max: 5000,
            bytes_max: 1_000_000,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            gather: Duration::from_secs(1),
            pause_min: Duration::from_secs(1),
            pause_max: Duration::from_secs(60),
            refused_pause: Duration::from_secs(15),
            search_requests_max: 2000,
            totals_every: Duration::from_secs(60),
        }
    }
}

/// One InfluxDB to write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Name of the sink: of its cursor, its counters and its place on the pages. Made of
    /// `a-z 0-9 - _ .`, and not to be changed: a new name starts from the beginning.
    pub name: String,
    /// `http://` or `https://`, with the path under which a proxy serves it, if any. Without
    /// user, query and fragment.
    pub url: String,
    /// API and credentials.
    pub version: Version,
    /// Value of the tag `site`.
    pub site: String,
    /// Whether the totals of days and months are written as well. Default: yes.
    pub totals: bool,
    /// Sizes and times.
    pub limits: Limits,
}

impl Config {
    /// A configuration with the usual limits.
    pub fn new(
        name: impl Into<String>,
        url: impl Into<String>,
        version: Version,
        site: impl Into<String>,
    ) -> Self {
        let (name, url, site) = (name.into(), url.into(), site.into());
        Self { name, url, version, site, totals: true, limits: Limits::default() }
    }

    /// Checks what a person may have written wrongly; also done by
    /// [`Sink::new`](super::Sink::new).
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), InfluxError> {
        let plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(plain) {
            return Err(InfluxError::Name(self.name.clone()));
        }
        let named: &[(&'static str, &str)] = match &self.version {
            Version::V1 { database, .. } | Version::V3 { database, .. } => {
                &[("database", database)]
            }
            Version::V2 { org, bucket, .. } => &[("org", org), ("bucket", bucket)],
        };
        for (field, value) in named {
            if value.trim().is_empty() || value.chars().any(char::is_control) {
                return Err(InfluxError::Field { field, value: (*value).to_owned() });
            }
        }
        self.base().map(drop)
    }

    /// The checked URL that all endpoints are below.
    pub(super) fn base(&self) -> Result<Url, InfluxError> {
        let bad = |problem: String| InfluxError::Url { url: self.shown_url(), problem };
        let url = Url::parse(&self.url).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad("not an http:// or https:// address".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("credentials do not belong into the address".to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("no `?` and no `#` after the path".to_owned()));
        }
        Ok(url)
    }

    /// The URL without what may be a password in it.
    pub(super) fn shown_url(&self) -> String {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        match url.rsplit_once('@') {
            Some((_, rest)) => format!("***@{rest}"),
            None => url.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> Config {
        let token = Secret::new("s3cret");
        let version = Version::V2 { org: "hall".into(), bucket: "hall".into(), token };
        Config::new("main", url, version, "hall")
    }

    #[test]
    fn mistakes_are_named_and_secrets_are_not() {
        assert_eq!(config("http://10.0.0.5:8086/influx/").check(), Ok(()));
        for url in ["influx:8086", "/3242", "http://", "ftp://h/", "http://h/?q=1", ""] {
            assert!(config(url).check().is_err(), "{url}");
        }
        let with_password =
            ["http://me:s3cret@h:8086", "http://h?p=s3cret", "http://a@b:s3cret@h?p=s3cret"];
        for url in with_password {
            let error = config(url).check().expect_err("refused");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
        assert!(!format!("{:?}", config("http://h")).contains("s3cret"));
        let mut unnamed = config("http://h");
        unnamed.name = "Main Sink".into();
        assert_eq!(unnamed.check(), Err(InfluxError::Name("Main Sink".into())));
        let mut empty = config("http://h");
        empty.version = Version::V1 { database: " ".into(), username: None, password: None };
        assert!(empty.check().is_err());
    }
}
