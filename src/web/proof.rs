//! Was anything lost: what of each source was read, kept and delivered, and the recount of a month.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use crate::model::{Device, Timestamp};
use crate::proof::{self, ProofError};

use super::api::{Answer, Web, json};
use super::dto;
use super::problem::Problem;

/// Span of an answer without one: a day.
const SPAN_MS: i64 = 24 * 3600 * 1000;
/// The longest span.
const SPAN_MS_MAX: i64 = 31 * SPAN_MS;

fn problem(error: &ProofError) -> Problem {
    let status = match error {
        ProofError::Month(_) => StatusCode::BAD_REQUEST,
        ProofError::History(_) | ProofError::Journal(_) | ProofError::BrokenOff => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let hint = error.hint();
    Problem::new(status, error.to_string()).hint(&hint.zh, &hint.en)
}

/// `?from_ms=…&to_ms=…`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

pub(super) async fn data(State(shared): Web, span: Result<Query<Span>, QueryRejection>) -> Answer {
    let Query(span) = span.map_err(|error| Problem::bad_request(error.body_text()))?;
    let now = shared.now();
    let to = span.to_ms.map_or(now, Timestamp::from_ms).min(now);
    let from = span.from_ms.map_or_else(|| to.plus_ms(-SPAN_MS), Timestamp::from_ms);
    if from >= to || to.since_ms(from) > SPAN_MS_MAX {
        return Err(Problem::bad_request("the span is not between a moment and 31 days").hint(
            "from_ms 要早于 to_ms，相差最多 31 天",
            "from_ms has to be before to_ms, by 31 days at most",
        ));
    }
    let context = &shared.context;
    let (site, devices) = context.live.look(|board| {
        let devices: Vec<Device> = board.iter().map(|live| (*live.device).clone()).collect();
        (board.site.clone(), devices)
    });
    let sinks: Vec<String> = context.sinks.iter().map(|sink| sink.name().to_owned()).collect();
    let hall = proof::Hall { site: &site, devices: &devices, sinks: &sinks };
    let sources = proof::overview(&context.journal, &context.history, hall, from, to).await;
    let sources = sources.map_err(|error| problem(&error))?;
    let since = context.journal.ledger_since();
    let answer = context.live.look(|board| dto::Data {
        now_ms: now.ms(),
        from_ms: from.ms(),
        to_ms: to.ms(),
        counted_since_ms: (since.ms() > 0).then_some(since.ms()),
        sinks: context.sinks.iter().map(|sink| sink.look().into()).collect(),
        sources: sources.into_iter().map(|source| dto::Proof::of(source, board)).collect(),
    });
    json(&answer)
}

/// `?month=2026-11`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Month {
    month: String,
}

pub(super) async fn audit(
    State(shared): Web,
    month: Result<Query<Month>, QueryRejection>,
) -> Answer {
    let Query(Month { month }) = month.map_err(|error| Problem::bad_request(error.body_text()))?;
    let context = &shared.context;
    let sinks: Vec<String> = context.sinks.iter().map(|sink| sink.name().to_owned()).collect();
    let (journal, history) = (&context.journal, &context.history);
    let audit = proof::audit(journal, history, &sinks, &month, shared.now()).await;
    let audit = audit.map_err(|error| problem(&error))?;
    json(&dto::Audit::of(&month, &audit, &sinks))
}
