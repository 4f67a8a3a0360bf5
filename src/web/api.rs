//! The answers of `/api/v1`.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::auth::{COOKIE, SESSION};
use super::guard::Local;
use super::problem::Problem;
use super::state::Shared;
use super::{dto, guard};

/// Lengths of what a person writes, in characters.
const BY_CHARS_MAX: usize = 64;
const NOTE_CHARS_MAX: usize = 500;

pub(super) type Answer = Result<Response, Problem>;
pub(super) type Web = State<Arc<Shared>>;

pub(super) fn json<T: Serialize>(answer: &T) -> Answer {
    let body = serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written")
            .hint("请查看日志", "see the log")
    })?;
    let mut response = Response::new(Body::from(body));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

pub(super) fn body_of<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    // serde's words name fields and positions, never the values of others.
    serde_json::from_slice(body).map_err(|error| {
        Problem::bad_request(error.to_string()).hint(
            "请求正文不是这里要的 JSON，见 deploy/API.md",
            "the body is not the JSON that is wanted here: see deploy/API.md",
        )
    })
}

/// Marks that turn the text after them around, so that it is read as something else.
const fn turns(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The name of a person, on one line.
pub(super) fn name_of(field: &str, name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let plain = |c: char| !c.is_control() && !turns(c);
    if name.is_empty() || name.chars().count() > BY_CHARS_MAX || !name.chars().all(plain) {
        return Err(Problem::bad_request(format!("`{field}` has 1 to 64 characters"))
            .hint("请填写姓名（1 至 64 个字）", "give a name of 1 to 64 characters"));
    }
    Ok(name.to_owned())
}

/// What a person has to say; it may have several lines.
pub(super) fn note_of(field: &str, note: &str) -> Result<String, Problem> {
    let note = note.trim();
    let plain = |c: char| (!c.is_control() || c == '\n') && !turns(c);
    if !note.chars().all(plain) {
        return Err(Problem::bad_request(format!("`{field}` holds a control character"))
            .hint("文字里有不可见的控制字符，请删去", "remove the invisible control character"));
    }
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(Problem::bad_request(format!("`{field}` has at most 500 characters"))
            .hint("文字最多 500 个字", "a text has at most 500 characters"));
    }
    Ok(note.to_owned())
}

/// The hall; little of it before login.
pub(super) async fn hall(
    State(shared): Web,
    local: Option<Extension<Local>>,
    headers: HeaderMap,
) -> Answer {
    let (context, needed) = (&shared.context, shared.auth.needed());
    if local.is_none() && !shared.auth.logged_in(&headers) {
        return json(&context.live.look(|board| dto::LockedHall::of(&board.site)));
    }
    let demo = shared.config.demo.as_ref();
    let now = shared.now();
    json(&context.live.look(|board| dto::Hall::of(board, &context.zones, demo, needed, now)))
}

pub(super) async fn devices(State(shared): Web) -> Answer {
    json(&shared.devices())
}

pub(super) async fn device(State(shared): Web, id: Result<Path<String>, PathRejection>) -> Answer {
    let found = id.ok().and_then(|Path(id)| shared.device(&id));
    json(&found.ok_or_else(|| Problem::not_found("such device"))?)
}

pub(super) async fn pv(State(shared): Web) -> Answer {
    json(&shared.pv())
}

pub(super) async fn service(State(shared): Web) -> Answer {
    let context = &shared.context;
    json(&dto::Service::of(&context.service.overview(), &context.hours, shared.now()))
}

pub(super) async fn system(State(shared): Web) -> Answer {
    json(&shared.system())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    password: String,
}

pub(super) async fn login(State(shared): Web, headers: HeaderMap, body: Bytes) -> Answer {
    let Login { password } = body_of(&body)?;
    if !shared.auth.needed() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let token = shared.auth.login(password).await.map_err(|error| {
        shared.refused("password");
        tracing::warn!(?error, "a login was refused");
        guard::login_problem(error)
    })?;
    tracing::info!("somebody logged in");
    cookie(&headers, &token, SESSION.as_secs())
}

pub(super) async fn logout(State(shared): Web, headers: HeaderMap) -> Answer {
    shared.auth.logout(&headers);
    cookie(&headers, "", 0)
}

fn cookie(headers: &HeaderMap, token: &str, max_age_s: u64) -> Answer {
    // Behind a proxy that speaks TLS the cookie must never travel in the clear. Who forges this
    // header locks out himself only.
    let proto = headers.get("x-forwarded-proto").map(HeaderValue::as_bytes);
    let secure = if proto == Some(b"https") { "; Secure" } else { "" };
    let value =
        format!("{COOKIE}={token}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}");
    let value = HeaderValue::try_from(value)
        .map_err(|_| Problem::unavailable("the session could not be opened"))?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(response)
}
