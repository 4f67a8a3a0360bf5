//! The answers of `/api/v1`.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::alert::AckError;

use super::auth::{COOKIE, SESSION};
use super::guard::Local;
use super::problem::Problem;
use super::state::Shared;
use super::{dto, guard};

/// Alerts in one answer, unless asked otherwise, and at most.
const ALERTS_DEFAULT: usize = 200;
const ALERTS_MAX: usize = 1_000;
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
    serde_json::from_slice(body).map_err(|error| Problem::bad_request(error.to_string()))
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

/// `?state=active|resolved|all&limit=200`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertsQuery {
    state: Option<AlertsWanted>,
    limit: Option<usize>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AlertsWanted {
    Active,
    Resolved,
    All,
}

pub(super) async fn alerts(
    State(shared): Web,
    query: Result<Query<AlertsQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|_| {
        Problem::bad_request("state is active, resolved or all; limit is a whole number")
    })?;
    let limit = query.limit.unwrap_or(ALERTS_DEFAULT).min(ALERTS_MAX);
    let desk = &shared.context.alerts;
    let mut list = match query.state.unwrap_or(AlertsWanted::Active) {
        AlertsWanted::Active => desk.open(),
        AlertsWanted::Resolved => desk.recent(limit),
        AlertsWanted::All => {
            let mut list = desk.open();
            list.extend(desk.recent(limit));
            list.sort_by_key(|alert| std::cmp::Reverse(alert.raised));
            list
        }
    };
    list.truncate(limit);
    json(&shared.alerts(list))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    by: String,
    #[serde(default)]
    note: String,
}

/// The name of a person, on one line.
pub(super) fn name_of(field: &str, name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let plain = |c: char| !c.is_control();
    if name.is_empty() || name.chars().count() > BY_CHARS_MAX || !name.chars().all(plain) {
        return Err(Problem::bad_request(format!("`{field}` has 1 to 64 characters"))
            .hint("请填写姓名（1 至 64 个字）", "give a name of 1 to 64 characters"));
    }
    Ok(name.to_owned())
}

/// What a person has to say; it may have several lines.
pub(super) fn note_of(field: &str, note: &str) -> Result<String, Problem> {
    let note = note.trim();
    let plain = |c: char| !c.is_control() || c == '\n';
    if note.chars().count() > NOTE_CHARS_MAX || !note.chars().all(plain) {
        return Err(Problem::bad_request(format!("`{field}` has at most 500 characters"))
            .hint("备注最多 500 个字", "a note has at most 500 characters"));
    }
    Ok(note.to_owned())
}

impl Acknowledgement {
    fn check(self) -> Result<(String, String), Problem> {
        Ok((name_of("by", &self.by)?, note_of("note", &self.note)?))
    }
}

pub(super) async fn acknowledge(
    State(shared): Web,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Answer {
    let Path(id) = id.map_err(|_| Problem::not_found("such alert"))?;
    let (by, note) = body_of::<Acknowledgement>(&body)?.check()?;
    let alert = shared.context.alerts.acknowledge(&id, &by, &note).await.map_err(|error| {
        tracing::warn!(alert = %id, %error, "an acknowledgement was not taken");
        match error {
            AckError::Unknown(_) => Problem::not_found("such alert"),
            AckError::AlreadyResolved(_) => {
                Problem::new(StatusCode::CONFLICT, "the alert is resolved already")
                    .hint("告警已恢复，无需确认", "it is over already; nothing to acknowledge")
            }
            AckError::NotKept(_) => Problem::unavailable("the journal did not keep it")
                .hint("磁盘写不进去，确认没有保存", "the disk takes no data; it was not kept"),
            AckError::Busy => Problem::unavailable("the alert engine does not answer"),
        }
    })?;
    json(&shared.context.live.look(|board| dto::Alert::of(alert, board)))
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
