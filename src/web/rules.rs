//! The rules on the wire: what they say, how often they would have fired, and how much they talk.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use crate::alert::{self, Noise, RehearsalError};
use crate::model::Timestamp;

use super::api::{Answer, Web, json};
use super::dto;
use super::problem::Problem;

/// A rehearsal may take so long; what could not be played in it is said.
const PATIENCE: Duration = Duration::from_secs(20);
const DAYS_DEFAULT: u16 = 30;
const DAYS_MAX: u16 = 366;
const DAY_MS: i64 = 24 * 3600 * 1000;
const NOISE_DAYS_MAX: i64 = 92;

pub(super) async fn rules(State(shared): Web) -> Answer {
    json(&dto::Rules::of(&shared.context.stage.rules))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RehearsalQuery {
    rule: String,
    days: Option<u16>,
}

/// One at a time: it takes a core.
pub(super) async fn rehearsal(
    State(shared): Web,
    query: Result<Query<RehearsalQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|_| {
        Problem::bad_request("rule is an id; days is from 1 to 366")
            .hint("rule 为规则编号，days 为 1 至 366", "rule is an id, days is from 1 to 366")
    })?;
    let days = query.days.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::bad_request("days is from 1 to 366")
            .hint("天数为 1 至 366", "days is from 1 to 366"));
    }
    let Ok(permit) = shared.rehearsing.clone().try_acquire_owned() else {
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "another rehearsal is under way")
            .hint("已有演练在进行，请稍候", "another rehearsal is under way; wait a moment"));
    };
    let (stage, now) = (shared.context.stage.clone(), shared.now());
    let patience = PATIENCE.min(shared.limits.request.mul_f64(0.8));
    let begin = tokio::time::Instant::now();
    let done = tokio::task::spawn_blocking(move || {
        let done = alert::rehearse(&stage, &query.rule, days, now, patience, &|_| {});
        drop(permit);
        done
    });
    let done = done.await.map_err(|_| Problem::unavailable("the rehearsal broke off"))?;
    let took_ms = i64::try_from(begin.elapsed().as_millis()).unwrap_or(i64::MAX);
    match done {
        Ok(done) => json(&shared.context.live.look(|b| dto::Rehearsal::of(done, b, took_ms))),
        Err(error) => {
            let text = error.text();
            let problem = match error {
                RehearsalError::Unknown { .. } => Problem::not_found("such rule"),
                RehearsalError::Found(_) => Problem::bad_request(error.to_string()),
                other => Problem::unavailable(other.to_string()),
            };
            Err(problem.hint(&text.zh, &text.en))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoiseQuery {
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

pub(super) async fn noise(
    State(shared): Web,
    query: Result<Query<NoiseQuery>, QueryRejection>,
) -> Answer {
    let Query(query) =
        query.map_err(|_| Problem::bad_request("from_ms and to_ms are milliseconds since 1970"))?;
    let to = query.to_ms.map_or_else(|| shared.now(), Timestamp::from_ms);
    let from = query.from_ms.map_or_else(|| to.plus_ms(-7 * DAY_MS), Timestamp::from_ms);
    if to <= from || to.since_ms(from) > NOISE_DAYS_MAX * DAY_MS {
        return Err(Problem::bad_request("the span is from a moment to 92 days")
            .hint("时段最长 92 天", "the span has at most 92 days"));
    }
    let context = &shared.context;
    let (archive, zone) = (context.stage.archive.clone(), context.stage.site.time_zone.clone());
    let looked =
        tokio::task::spawn_blocking(move || Noise::look(&Arc::clone(&archive), from, to, &zone));
    let looked = looked.await.map_err(|_| Problem::unavailable("the look broke off"))?;
    let noise = looked.map_err(|error| {
        tracing::error!(%error, "the alerts of the past cannot be read");
        Problem::unavailable("the journal cannot be read")
    })?;
    json(&context.live.look(|board| dto::Noise::of(&noise, from, to, board)))
}
