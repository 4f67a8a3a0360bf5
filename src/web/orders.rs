//! Work orders: what is open, who goes, what was done, how well it is repaired.
//!
//! An order takes words and parts. It takes no photos and no other files, on purpose: pictures of a
//! hall show visitors and their papers, and nothing here would look after them.

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use crate::model::{Text, Timestamp};
use crate::repair::{NewOrder, Order, Part, RepairError, State as OrderState, Wanted};

use super::api::{Answer, Web, body_of, json, name_of, note_of};
use super::dto;
use super::problem::Problem;
use super::state::Shared;

/// Orders in one answer, unless asked otherwise, and at most.
const ORDERS_DEFAULT: usize = 200;
const ORDERS_MAX: usize = 1_000;
/// Characters of what is wrong, and of the name of a part.
const WHAT_CHARS_MAX: usize = 200;
const PART_CHARS_MAX: usize = 64;
/// Kinds of parts in one step, and of one kind.
const PARTS_MAX: usize = 20;
const PART_COUNT_MAX: u32 = 1_000;
/// Figures are of thirty days, unless asked otherwise, and of ten years at most.
const DAY_MS: i64 = 24 * 3600 * 1000;
const SPAN_MS: i64 = 30 * DAY_MS;
const SPAN_MS_MAX: i64 = 3_660 * DAY_MS;

pub(super) fn problem(error: &RepairError) -> Problem {
    let status = match error {
        RepairError::UnknownOrder(_) => StatusCode::NOT_FOUND,
        RepairError::UnknownDevice(_) | RepairError::Missing { .. } => StatusCode::BAD_REQUEST,
        RepairError::AlreadyOpen { .. } | RepairError::NoWay { .. } | RepairError::TooLong(_) => {
            StatusCode::CONFLICT
        }
        RepairError::NotKept(_) | RepairError::Busy => StatusCode::SERVICE_UNAVAILABLE,
    };
    let (told, hint) = (error.text(), error.hint());
    let zh = format!("{}；{}", told.zh, hint.zh);
    Problem::new(status, told.en).hint(&zh, &hint.en)
}

/// `?state=open|closed|all&limit=200`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrdersQuery {
    state: Option<OrdersWanted>,
    limit: Option<usize>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OrdersWanted {
    Open,
    Closed,
    All,
}

fn shown(shared: &Shared, order: &Order) -> dto::Order {
    let orders = &shared.context.orders;
    let (clocks, vendors) = (orders.clocks(order), orders.vendors());
    shared.context.live.look(|board| dto::Order::of(order, &clocks, vendors, board))
}

/// `GET /api/v1/orders`
pub(super) async fn list(
    State(shared): Web,
    query: Result<Query<OrdersQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|_| {
        Problem::bad_request("state is open, closed or all; limit is a whole number")
    })?;
    let limit = query.limit.unwrap_or(ORDERS_DEFAULT).min(ORDERS_MAX);
    let desk = &shared.context.orders;
    let mut list = match query.state.unwrap_or(OrdersWanted::Open) {
        OrdersWanted::Open => desk.open(),
        OrdersWanted::Closed => desk.closed(limit),
        OrdersWanted::All => {
            let mut list = desk.open();
            list.extend(desk.closed(limit));
            list.sort_by(|a, b| (b.opened, &b.id).cmp(&(a.opened, &a.id)));
            list
        }
    };
    list.truncate(limit);
    let orders = list.iter().map(|order| shown(&shared, order)).collect();
    let overdue = desk.overdue().into_iter().map(dto::Overdue::from).collect();
    json(&dto::Orders { now_ms: shared.now().ms(), orders, overdue })
}

/// `GET /api/v1/orders/{id}`
pub(super) async fn one(State(shared): Web, id: Result<Path<String>, PathRejection>) -> Answer {
    let found = id.ok().and_then(|Path(id)| shared.context.orders.order(&id));
    json(&shown(&shared, &*found.ok_or_else(|| Problem::not_found("such order"))?))
}

/// What a person says is wrong; with an alert it may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Make {
    device: String,
    #[serde(default)]
    what: String,
    by: String,
    alert: Option<String>,
}

/// `POST /api/v1/orders`
pub(super) async fn make(State(shared): Web, body: Bytes) -> Answer {
    let Make { device, what, by, alert } = body_of(&body)?;
    let by = name_of("by", &by)?;
    let what = line("what", &what, WHAT_CHARS_MAX)?;
    let alert = match alert {
        None => None,
        Some(id) => {
            let desk = &shared.context.alerts;
            let known = desk.open().into_iter().chain(desk.recent(usize::MAX));
            let found = known.into_iter().find(|alert| alert.id == id);
            let alert = found.ok_or_else(|| Problem::not_found("such alert"))?;
            if alert.device.as_ref().is_none_or(|of| of.as_str() != device) {
                return Err(Problem::bad_request("the alert is not about this device")
                    .hint("告警与设备不符", "give the device that the alert is about"));
            }
            Some(alert)
        }
    };
    let what = match (&alert, what.is_empty()) {
        (Some(alert), true) => alert.text.clone(),
        (None, true) => {
            return Err(
                Problem::bad_request("`what` is empty").hint("请写明故障现象", "say what is wrong")
            );
        }
        (_, false) => Text::same(what),
    };
    let alert = alert.map(|alert| (alert.id, alert.rule));
    let new = NewOrder { device, what, by: by.clone(), alert: alert.clone() };
    let order = shared.context.orders.make(new).await.map_err(|error| problem(&error))?;
    // Who makes an order of an alert knows of it: the next ones need not be told.
    if let Some((id, _)) = alert {
        let note = format!("{} {}", order.id, order.what.zh);
        let note: String = note.chars().take(200).collect();
        if let Err(error) = shared.context.alerts.acknowledge(&id, &by, &note, None).await {
            tracing::debug!(alert = %id, %error, "an order was made of an alert that is over");
        }
    }
    json(&shown(&shared, &order))
}

/// A step; `to` with `assigned`, `reason` with `closed` and `cancelled`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    state: String,
    by: String,
    #[serde(default)]
    note: String,
    to: Option<String>,
    #[serde(default)]
    parts: Vec<PartUsed>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartUsed {
    name: String,
    count: u32,
}

/// `POST /api/v1/orders/{id}/step`
pub(super) async fn step(
    State(shared): Web,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Answer {
    let Path(id) = id.map_err(|_| Problem::not_found("such order"))?;
    let Step { state, by, note, to, parts, reason } = body_of(&body)?;
    let state = OrderState::parse(&state).ok_or_else(|| {
        let known: Vec<&str> = OrderState::ALL.iter().map(|state| state.as_str()).collect();
        let known = known.join(", ");
        Problem::bad_request(format!("`state` is one of {known}"))
            .hint(&format!("state 应为 {known} 之一"), &format!("write one of {known}"))
    })?;
    let wanted = Wanted {
        state,
        by: name_of("by", &by)?,
        note: note_of("note", &note)?,
        to: to.map(|to| name_of("to", &to)).transpose()?,
        parts: parts_of(parts)?,
        reason: reason.map(|reason| note_of("reason", &reason)).transpose()?,
    };
    let stepped = shared.context.orders.step(&id, wanted).await;
    let order = stepped.map_err(|error| problem(&error))?;
    json(&shown(&shared, &order))
}

fn parts_of(parts: Vec<PartUsed>) -> Result<Vec<Part>, Problem> {
    let refuse = || {
        Problem::bad_request("`parts` has at most 20 names of 1 to 64 characters, each 1 to 1000")
            .hint("最多 20 种配件，数量 1 至 1000", "at most 20 kinds of parts, 1 to 1000 of each")
    };
    if parts.len() > PARTS_MAX {
        return Err(refuse());
    }
    let part = |PartUsed { name, count }: PartUsed| {
        let name = line("name", &name, PART_CHARS_MAX)?;
        let fits = !name.is_empty() && (1..=PART_COUNT_MAX).contains(&count);
        fits.then_some(Part { name, count }).ok_or_else(refuse)
    };
    parts.into_iter().map(part).collect()
}

/// Some words on one line.
pub(super) fn line(field: &str, words: &str, chars_max: usize) -> Result<String, Problem> {
    let words = words.trim();
    if words.chars().count() > chars_max || words.chars().any(char::is_control) {
        return Err(Problem::bad_request(format!(
            "`{field}` has at most {chars_max} characters on one line"
        ))
        .hint(
            &format!("最多 {chars_max} 个字，不能换行"),
            &format!("at most {chars_max} characters on one line"),
        ));
    }
    Ok(words.to_owned())
}

/// `?from_ms=…&to_ms=…`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

/// `GET /api/v1/repair`: the figures of the orders that were opened in a range.
pub(super) async fn figures(
    State(shared): Web,
    span: Result<Query<Span>, QueryRejection>,
) -> Answer {
    let Query(span) = span.map_err(|error| Problem::bad_request(error.body_text()))?;
    let to = span.to_ms.map_or_else(|| shared.now(), Timestamp::from_ms);
    let from = span.from_ms.map_or_else(|| to.plus_ms(-SPAN_MS), Timestamp::from_ms);
    if from >= to || to.since_ms(from) > SPAN_MS_MAX {
        return Err(Problem::bad_request("the span is not between a moment and ten years").hint(
            "from_ms 要早于 to_ms，相差最多十年",
            "from_ms has to be before to_ms, by ten years at most",
        ));
    }
    let permit = shared.pasts.acquire().await;
    let orders = shared.context.orders.clone();
    let work = tokio::task::spawn_blocking(move || orders.figures(from, to)).await;
    drop(permit);
    let figures = work.map_err(|_| Problem::unavailable("the figures broke off"))?;
    let figures = figures.map_err(|error| Problem::unavailable(error.to_string()))?;
    json(&dto::Figures::of(figures, from, to))
}

/// `GET /api/v1/vendors`
pub(super) async fn vendors(State(shared): Web) -> Answer {
    let orders = &shared.context.orders;
    let vendors = orders.vendors().iter();
    let vendors = vendors.map(|vendor| dto::Vendor::of(vendor, &orders.machines_of(vendor)));
    json(&dto::Vendors { vendors: vendors.collect() })
}
