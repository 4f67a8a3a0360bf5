//! What every request has to pass, and what every answer carries.
//!
//! In this order: the name it asks for (DNS rebinding), where it comes from (cross-site
//! requests), login, form and size of the body. Routes are closed unless they are named here.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;

use super::auth::LoginError;
use super::problem::Problem;
use super::state::Shared;

/// On every answer.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
             frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];
/// A body that is too large is read on for so many bytes and so long, thrown away, so that the
/// client hears why it is refused instead of a broken connection.
const DRAIN_BYTES: usize = 16 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Marks requests that came through the local door: the file system has let them in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local;

/// The address that a request came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller(pub(super) IpAddr);

impl Caller {
    /// Whose request it is. A proxy on this machine says for whom it asks, at the end of its list; what
    /// others say of themselves is not believed.
    pub(super) fn client(self, headers: &HeaderMap) -> IpAddr {
        let own = self.0.to_canonical();
        let told = headers.get_all("x-forwarded-for").iter().next_back();
        let last =
            told.and_then(|told| told.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        last.filter(|_| own.is_loopback()).map_or(own, |last: IpAddr| last.to_canonical())
    }
}

/// Lets a request pass or refuses it.
pub(super) async fn guard(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let head = request.method() == Method::HEAD;
    let work = async {
        match pass(&shared, request).await {
            Ok(request) => next.run(request).await,
            Err(problem) => problem.into_response(),
        }
    };
    let answer = tokio::time::timeout(shared.limits.request, work).await;
    let mut response = answer.unwrap_or_else(|_| {
        shared.refused("timeout");
        Problem::new(StatusCode::REQUEST_TIMEOUT, "the request took too long")
            .hint("请求超时，请重试", "the request took too long; try again")
            .into_response()
    });
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if head {
        *response.body_mut() = Body::empty();
    }
    response
}

async fn pass(shared: &Shared, request: Request) -> Result<Request, Problem> {
    let (head, body) = request.into_parts();
    let host = host_of(&head.headers)?;
    let local = head.extensions.get::<Local>().is_some();
    if shared.loopback_only && !local && !is_loopback_name(host.host()) {
        shared.refused("host");
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "this name is not served here")
            .hint("用 http://127.0.0.1 或 localhost 打开", "open http://127.0.0.1 or localhost"));
    }
    let reads = matches!(head.method, Method::GET | Method::HEAD);
    if !reads && !same_origin(&head.headers, &host) {
        shared.refused("origin");
        return Err(Problem::new(StatusCode::FORBIDDEN, "the request comes from another site")
            .hint("请从本页面操作", "act from this page itself"));
    }
    let path = head.uri.path();
    if !local && !is_open(&head.method, path) && !shared.auth.logged_in(&head.headers) {
        by_password(shared, path, &head.headers).await?;
    }
    if head.method == Method::POST && !takes_forms(path) && !is_json(&head.headers) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json")
            .hint("Content-Type 应为 application/json", "Content-Type must be application/json"));
    }
    let body = limited(shared, body).await?;
    Ok(Request::from_parts(head, Body::from(body)))
}

/// What needs no login: the page itself (its data does), the health of the process, and login.
/// Everything under `/api/` that is not named is closed, whether it exists or not.
fn is_open(method: &Method, path: &str) -> bool {
    match path {
        "/api/v1/hall" => matches!(*method, Method::GET | Method::HEAD),
        "/api/v1/session" => true,
        // With the password in every request: see `by_password`.
        "/metrics" | "/query" => false,
        _ => !path.starts_with("/api/"),
    }
}

/// What is not sent by the page's own script: questions of Grafana, and the form that a visitor fills
/// in, on whose phone no script has to run.
fn takes_forms(path: &str) -> bool {
    path == "/query" || path.starts_with("/m/")
}

/// Scrapers and Grafana carry the password with every request.
async fn by_password(shared: &Shared, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let challenge = HeaderValue::from_static("Basic realm=\"hallwatch\", charset=\"UTF-8\"");
    if !matches!(path, "/metrics" | "/query") {
        shared.refused("login");
        return Err(Problem::login_needed());
    }
    if !headers.contains_key(header::AUTHORIZATION) {
        shared.refused("login");
        return Err(Problem::login_needed().header(header::WWW_AUTHENTICATE, challenge));
    }
    shared.auth.basic(headers).await.map_err(|error| {
        shared.refused("password");
        match error {
            LoginError::Wrong => {
                Problem::login_needed().header(header::WWW_AUTHENTICATE, challenge)
            }
            other => login_problem(other),
        }
    })
}

/// A refused login, for people.
pub(super) fn login_problem(error: LoginError) -> Problem {
    match error {
        LoginError::Wrong => Problem::new(StatusCode::UNAUTHORIZED, "wrong password")
            .hint("密码不对", "the password is wrong"),
        LoginError::TooMany { retry_after_s } => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many login attempts")
                .header(header::RETRY_AFTER, retry_after_s)
                .hint("尝试次数过多，请一分钟后再试", "too many tries; wait a minute")
        }
        LoginError::Failed => Problem::unavailable("the password could not be checked"),
    }
}

fn host_of(headers: &HeaderMap) -> Result<Authority, Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| Authority::try_from(host.as_bytes()).ok());
    match (host, hosts.next()) {
        (Some(host), None) => Ok(host),
        _ => Err(Problem::bad_request("a request has one Host header")),
    }
}

fn is_loopback_name(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// A browser names the site that sends a request; other clients send no `Origin`.
fn same_origin(headers: &HeaderMap, host: &Authority) -> bool {
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        Authority::try_from(authority).is_ok_and(|authority| authority == *host)
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// The whole body, if it is within the limit.
async fn limited(shared: &Shared, mut body: Body) -> Result<Bytes, Problem> {
    let limit = shared.limits.body_bytes;
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut whole = Vec::new();
    let mut fits = announced <= limit;
    while fits && let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::bad_request("the body broke off"))?;
        let data = frame.into_data().unwrap_or_default();
        fits = whole.len() + data.len() <= limit;
        whole.extend_from_slice(&data);
    }
    if fits {
        return Ok(whole.into());
    }
    shared.refused("body");
    drop(tokio::time::timeout(DRAIN_TIME, drain(body)).await);
    Err(Problem::too_large())
}

async fn drain(mut body: Body) {
    let mut left = DRAIN_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let data = frame.into_data().unwrap_or_default();
        match left.checked_sub(data.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_are_told_from_names_that_look_like_them() {
        for name in ["localhost", "LocalHost", "127.0.0.1", "127.8.8.8", "[::1]", "::1"] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in ["127.0.0.1.evil.cn", "localhost.evil.cn", "10.0.0.1", "[::2]", "", "0"] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }

    #[test]
    fn origins_are_compared_with_the_whole_host() {
        let host = Authority::from_static("hall.example:8080");
        let with = |origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            same_origin(&headers, &host)
        };
        assert!(with("http://hall.example:8080"));
        assert!(with("https://HALL.example:8080"));
        for origin in ["null", "", "http://hall.example", "http://hall.example:8080.evil.cn"] {
            assert!(!with(origin), "{origin}");
        }
        assert!(same_origin(&HeaderMap::new(), &host));
    }

    #[test]
    fn a_proxy_on_this_machine_is_believed_and_nobody_else() {
        let client = |own: &str, told: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(told) = told {
                headers.insert("x-forwarded-for", HeaderValue::from_static(told));
            }
            Caller(own.parse().expect("an address")).client(&headers).to_string()
        };
        assert_eq!(client("127.0.0.1", Some("1.1.1.1, 10.0.0.7")), "10.0.0.7");
        assert_eq!(client("::ffff:127.0.0.1", Some("::ffff:10.0.0.7")), "10.0.0.7");
        assert_eq!(client("10.0.0.7", Some("10.0.0.8")), "10.0.0.7");
        assert_eq!(client("127.0.0.1", Some("nonsense")), "127.0.0.1");
        assert_eq!(client("127.0.0.1", None), "127.0.0.1");
    }

    #[test]
    fn routes_are_closed_unless_named() {
        assert!(is_open(&Method::GET, "/api/v1/hall"));
        assert!(!is_open(&Method::POST, "/api/v1/hall"));
        for path in ["/metrics", "/api/v1/devices", "/api/v2/hall", "/api/", "/api/v1/hall/"] {
            assert!(!is_open(&Method::GET, path), "{path}");
        }
        assert!(is_open(&Method::POST, "/m/tm-1") && takes_forms("/m/tm-1"));
        for path in ["/api/v1/orders", "/api/v1/orders/WO-1/step", "/api/v1/session", "/m"] {
            assert!(!takes_forms(path), "{path}");
        }
        assert!(!is_open(&Method::GET, "/api/v1/devices/tm-1/label.svg"));
    }
}
