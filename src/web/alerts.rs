//! Alerts on the wire, and what people say of them: who knows, and what is not to be told.

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use crate::alert::{AckError, Effect, Matcher, On, Recurring, Silence};
use crate::model::{Text, Timestamp};

use super::api::{Answer, Web, body_of, json, name_of, note_of};
use super::dto;
use super::problem::Problem;

/// Alerts in one answer, unless asked otherwise, and at most.
const ALERTS_DEFAULT: usize = 200;
const ALERTS_MAX: usize = 1_000;
/// Longest time for which somebody can say that he knows, hours.
const ACKNOWLEDGED_H_MAX: i64 = 24 * 31;

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
    /// So long it counts, hours; as configured where it is not said.
    for_h: Option<i64>,
}

pub(super) async fn acknowledge(
    State(shared): Web,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Answer {
    let Path(id) = id.map_err(|_| Problem::not_found("such alert"))?;
    let said = body_of::<Acknowledgement>(&body)?;
    let (by, note) = (name_of("by", &said.by)?, note_of("note", &said.note)?);
    if said.for_h.is_some_and(|hours| !(1..=ACKNOWLEDGED_H_MAX).contains(&hours)) {
        return Err(Problem::bad_request("`for_h` is from 1 to 744")
            .hint("有效时长为 1 至 744 小时", "it counts for 1 to 744 hours"));
    }
    let for_ms = said.for_h.map(|hours| hours * 3_600_000);
    let alert = shared.context.alerts.acknowledge(&id, &by, &note, for_ms).await;
    let alert = alert.map_err(|error| refused(&id, error))?;
    json(&shared.context.live.look(|board| dto::Alert::of(alert, board)))
}

fn refused(id: &str, error: AckError) -> Problem {
    tracing::warn!(%id, %error, "what a person said was not taken");
    match error {
        AckError::Unknown(_) => Problem::not_found("such alert or silence"),
        AckError::AlreadyResolved(_) => Problem::new(StatusCode::CONFLICT, "it is over already")
            .hint("已经结束，无需操作", "it is over already; nothing to do"),
        AckError::Silence(error) => {
            let Text { zh, en } = error.text();
            Problem::bad_request(error.to_string()).hint(&zh, &en)
        }
        AckError::NotKept(_) => Problem::unavailable("the journal did not keep it")
            .hint("磁盘写不进去，没有保存", "the disk takes no data; it was not kept"),
        AckError::Busy => Problem::unavailable("the alert engine does not answer"),
    }
}

pub(super) async fn suspects(State(shared): Web) -> Answer {
    let suspects = shared.context.alerts.suspects().await;
    let suspects = suspects.map_err(|error| refused("suspects", error))?;
    json(&shared.context.live.look(|board| dto::Suspects::of(suspects, board, shared.now())))
}

pub(super) async fn silences(State(shared): Web) -> Answer {
    json(&dto::Silences::of(shared.context.alerts.silences(), shared.now()))
}

/// A silence as people ask for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSilence {
    effect: Effect,
    matcher: Matcher,
    /// From now on where it is not said.
    from_ms: Option<i64>,
    until_ms: i64,
    recurring: Option<Hours>,
    by: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours {
    on: On,
    /// Such as `12:00`.
    from: String,
    to: String,
}

impl Hours {
    fn read(self) -> Result<Recurring, Problem> {
        let minute = |text: &str| {
            let time: jiff::civil::Time = text.parse().map_err(|_| {
                Problem::bad_request(format!("`{text}` is no time of the day"))
                    .hint("时刻写成 12:00", "write a time such as 12:00")
            })?;
            let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
            Ok::<_, Problem>(u16::try_from(minute).unwrap_or_default())
        };
        let (from_min, to_min) = (minute(&self.from)?, minute(&self.to)?);
        Ok(Recurring { on: self.on, from_min, to_min })
    }
}

pub(super) async fn silence(State(shared): Web, body: Bytes) -> Answer {
    let wanted = body_of::<NewSilence>(&body)?;
    let now = shared.now();
    let silence = Silence {
        id: String::new(),
        effect: wanted.effect,
        matcher: wanted.matcher,
        from: wanted.from_ms.map_or(now, Timestamp::from_ms),
        until: Timestamp::from_ms(wanted.until_ms),
        recurring: wanted.recurring.map(Hours::read).transpose()?,
        by: name_of("by", &wanted.by)?,
        why: note_of("why", &wanted.why)?,
        set: now,
        ended: None,
    };
    let silence = shared.context.alerts.silence(silence).await;
    json(&silence.map_err(|error| refused("silence", error))?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    by: String,
}

pub(super) async fn end_silence(
    State(shared): Web,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Answer {
    let Path(id) = id.map_err(|_| Problem::not_found("such silence"))?;
    let by = name_of("by", &body_of::<End>(&body)?.by)?;
    let silence = shared.context.alerts.end_silence(&id, &by).await;
    json(&silence.map_err(|error| refused(&id, error))?)
}
