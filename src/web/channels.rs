//! The channels by which people are told: how they do, and a test message.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use super::api::{Answer, Web, json as answer};
use super::dto;
use super::problem::Problem;

pub(super) async fn all(State(shared): Web) -> Answer {
    let channels = shared.context.channels.look();
    answer(&dto::ChannelsAnswer {
        now_ms: shared.now().ms(),
        channels: channels.into_iter().map(dto::Channel::from).collect(),
    })
}

/// What the display on the wall has announced of late, newest first.
pub(super) async fn wall(State(shared): Web) -> Answer {
    let said = shared.context.channels.wall().look();
    answer(&dto::WallAnswer::of(said, shared.now()))
}

/// Sends a test message; the answer comes when the other side has taken it.
pub(super) async fn test(State(shared): Web, name: Result<Path<String>, PathRejection>) -> Answer {
    let Path(name) = name.map_err(|_| Problem::not_found("such channel"))?;
    let channels = &shared.context.channels;
    let status = match channels.knows(&name) {
        true => StatusCode::BAD_GATEWAY,
        false => StatusCode::NOT_FOUND,
    };
    channels.test(&name).await.map_err(|why| {
        tracing::warn!(channel = %name, why = %why.en, "a test message was not taken");
        let detail = match status {
            StatusCode::NOT_FOUND => "no such channel".to_owned(),
            _ => format!("channel `{name}` did not take the message"),
        };
        Problem::new(status, detail).hint(&why.zh, &why.en)
    })?;
    answer(&json!({ "channel": name, "delivered": true }))
}
