//! The databases that readings go to: what they refused, and old readings once more.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use crate::influx::{OrderError, Sink};
use crate::model::Timestamp;

use super::api::{Answer, Web, body_of, json as answer};
use super::dto;
use super::problem::Problem;
use super::state::Shared;

/// Refused lines in one answer.
const LETTERS_MAX: usize = 500;

fn sink<'a>(shared: &'a Arc<Shared>, name: &str) -> Result<&'a Sink, Problem> {
    let found = shared.context.sinks.iter().find(|sink| sink.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = shared.context.sinks.iter().map(Sink::name).collect();
        let names = names.join(", ");
        let (zh, en) = match names.is_empty() {
            true => ("没有配置 InfluxDB".to_owned(), "no InfluxDB is configured".to_owned()),
            false => (format!("已配置：{names}"), format!("there is: {names}")),
        };
        Problem::new(StatusCode::NOT_FOUND, format!("there is no sink `{name}`")).hint(&zh, &en)
    })
}

fn problem(error: &OrderError) -> Problem {
    let status = match error {
        OrderError::Empty => StatusCode::BAD_REQUEST,
        OrderError::NoLetters | OrderError::TooMany => StatusCode::CONFLICT,
        OrderError::NoJob(_) => StatusCode::NOT_FOUND,
        OrderError::History(_) | OrderError::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let hint = error.hint();
    Problem::new(status, error.to_string()).hint(&hint.zh, &hint.en)
}

pub(super) async fn letters(
    State(shared): Web,
    name: Result<Path<String>, PathRejection>,
) -> Answer {
    let Path(name) = name.map_err(|_| Problem::not_found("such sink"))?;
    let kept = sink(&shared, &name)?.letters(LETTERS_MAX).await;
    let kept = kept.map_err(|error| problem(&OrderError::Journal(error)))?;
    let now_ms = shared.now().ms();
    answer(&dto::Letters { now_ms, letters: kept.into_iter().map(dto::Letter::from).collect() })
}

/// `{"from_ms": 1767196800000, "to_ms": 1769875200000}` or `{"dead_letters": true}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default)]
    from_ms: Option<i64>,
    #[serde(default)]
    to_ms: Option<i64>,
    #[serde(default)]
    dead_letters: bool,
}

pub(super) async fn resend(
    State(shared): Web,
    name: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Answer {
    let Path(name) = name.map_err(|_| Problem::not_found("such sink"))?;
    let sink = sink(&shared, &name)?;
    let job = match body_of::<Order>(&body)? {
        Order { dead_letters: true, from_ms: None, to_ms: None } => sink.resend_letters().await,
        Order { dead_letters: false, from_ms: Some(from), to_ms } => {
            let to = to_ms.map_or_else(|| shared.now(), Timestamp::from_ms);
            sink.resend(Timestamp::from_ms(from), to).await
        }
        _ => {
            return Err(Problem::bad_request("either `from_ms` or `dead_letters` has to be given")
                .hint(
                    "写 from_ms（和 to_ms），或 dead_letters = true",
                    "give from_ms (and to_ms), or dead_letters = true",
                ));
        }
    };
    let job = job.map_err(|error| problem(&error))?;
    tracing::info!(sink = %name, job, "old readings are to be sent once more");
    let mut response = answer(&json!({ "job": job }))?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

pub(super) async fn cancel(
    State(shared): Web,
    path: Result<Path<(String, u64)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((name, id)) = path.map_err(|_| Problem::not_found("such job"))?;
    sink(&shared, &name)?.cancel(id).await.map_err(|error| problem(&error))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
