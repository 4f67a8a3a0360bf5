//! The public page of a machine, which its label leads to: how it is, where another one works, and
//! a way to say that it does not. No login; nothing that is not for everybody: no names of people,
//! no alerts, no numbers of orders but the end of one's own.

mod gate;
mod html;
mod near;
mod words;

use std::sync::PoisonError;

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use tokio::time::Instant;

use crate::model::{DeviceId, Text, Timestamp, ZoneId};
use crate::repair::{State as OrderState, TROUBLES};
use crate::service::{Condition, MachineView};

use super::api::{Answer, Web};
use super::guard::Caller;
use super::label;
use super::problem::Problem;
use super::state::Shared;

pub(super) use gate::Gate;

use html::{Machine, WORDS_CHARS_MAX};
use words::{Language, Shown};

/// `?k=…&lang=zh`; what else is there is for others, such as the marks of messengers.
#[derive(Default, Deserialize)]
pub(super) struct Question {
    #[serde(default)]
    k: String,
    lang: Option<String>,
}

/// What a visitor sends.
#[derive(Deserialize)]
pub(super) struct Report {
    trouble: usize,
    #[serde(default)]
    words: String,
}

fn answer(status: StatusCode, page: String) -> Response {
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn with(mut response: Response, name: HeaderName, value: u64) -> Response {
    response.headers_mut().insert(name, HeaderValue::from(value));
    response
}

/// The machine that a label belongs to; the same nothing for a wrong token and an unknown machine.
fn labelled(
    shared: &Shared,
    id: Result<Path<String>, PathRejection>,
    token: &str,
) -> Option<DeviceId> {
    let id = DeviceId::parse(&id.ok()?.0).ok()?;
    let fits = shared.context.orders.labels().is_some_and(|labels| labels.fits(&id, token));
    let is_there = shared.context.live.look(|board| board.get(id.as_str()).is_some());
    (fits && is_there).then_some(id)
}

/// `GET /m/{device}?k=TOKEN`
pub(super) async fn page(
    State(shared): Web,
    id: Result<Path<String>, PathRejection>,
    question: Result<Query<Question>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Query(Question { k, lang }) = question.unwrap_or_default();
    let language = Language::of(lang.as_deref(), &headers);
    let found = labelled(&shared, id, &k).and_then(|id| machine(&shared, &id, &k));
    match found {
        Some(machine) => answer(StatusCode::OK, machine.page(language)),
        None => answer(StatusCode::NOT_FOUND, html::nothing_here(language)),
    }
}

/// `POST /m/{device}?k=TOKEN`: a form. It takes words only, no photos.
pub(super) async fn report(
    State(shared): Web,
    id: Result<Path<String>, PathRejection>,
    question: Result<Query<Question>, QueryRejection>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    form: Result<Form<Report>, FormRejection>,
) -> Response {
    let Query(Question { k, lang }) = question.unwrap_or_default();
    let language = Language::of(lang.as_deref(), &headers);
    let id = labelled(&shared, id, &k);
    let Some((id, shown)) = id.and_then(|id| machine(&shared, &id, &k).map(|shown| (id, shown)))
    else {
        return answer(StatusCode::NOT_FOUND, html::nothing_here(language));
    };
    let Some(what) = form.ok().and_then(|Form(report)| words_of(&report)) else {
        let told = Text::new(
            "请选择一种故障；说明最多 200 字。",
            "Please choose a trouble; at most 200 characters.",
        );
        return answer(StatusCode::BAD_REQUEST, shown.told(language, &told));
    };
    // Whoever comes through the local door has no address.
    let client = caller.map_or_else(
        || std::net::Ipv4Addr::LOCALHOST.into(),
        |Extension(caller)| caller.client(&headers),
    );
    let admitted = {
        let mut gate = shared.gate.lock().unwrap_or_else(PoisonError::into_inner);
        gate.admit(&id, client, Instant::now())
    };
    if let Err(wait) = admitted {
        shared.refused("reports");
        let told = Text::new(
            "刚刚已收到报修，请稍后再试。紧急情况请找工作人员。",
            "Reports have just come in; please try again later, or ask the staff.",
        );
        let response = answer(StatusCode::TOO_MANY_REQUESTS, shown.told(language, &told));
        return with(response, header::RETRY_AFTER, wait.as_secs().max(1));
    }
    match shared.context.orders.report(id.clone(), what).await {
        Ok(reported) => answer(StatusCode::OK, shown.thanks(language, reported.order.number())),
        Err(error) => {
            tracing::warn!(device = %id, %error, "a visitor's report was not taken");
            let told = Text::new(
                "暂时无法登记，请告诉工作人员。",
                "It could not be noted; please tell the staff.",
            );
            answer(StatusCode::SERVICE_UNAVAILABLE, shown.told(language, &told))
        }
    }
}

/// One of the usual troubles, and what the visitor wrote, on one line.
fn words_of(report: &Report) -> Option<Text> {
    let (zh, en) = TROUBLES.get(report.trouble)?;
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let words: String = report.words.trim().chars().map(plain).collect();
    if words.chars().count() > WORDS_CHARS_MAX {
        return None;
    }
    Some(match words.is_empty() {
        true => Text::new(*zh, *en),
        false => Text::new(format!("{zh}：{words}"), format!("{en}: {words}")),
    })
}

/// What there is to show of a machine.
fn machine(shared: &Shared, id: &DeviceId, token: &str) -> Option<Machine> {
    let (context, now) = (&shared.context, shared.now());
    let orders = context.orders.open();
    let of_device = orders.iter().filter(|order| order.device == *id).map(|order| order.state);
    // The one that is furthest on its way.
    let order = of_device.max();
    let overview = context.service.overview();
    let view = overview.machines.iter().find(|machine| machine.device == *id);
    let (device, health) = context.live.look(|board| {
        let live = board.get(id.as_str())?;
        let health = (!live.device.kind.is_kiosk()).then(|| board.health(live, &board.peers(now)));
        Some((live.device.clone(), health.map(|health| health.state)))
    })?;
    let state = match health {
        Some(health) => words::of_device(health, order),
        None => of_machine(shared, view, order, &device.zone, now),
    };
    let (zone, floor) = place(shared, &device.zone);
    // Nobody is sent to a machine of which somebody says that it does not work, or that is closed.
    let is_taken = |id: &DeviceId, zone: &ZoneId| {
        let reported = orders.iter().any(|o| o.device == *id && o.state != OrderState::Done);
        reported || !is_open(shared, zone, now)
    };
    let floor_of = |zone: &ZoneId| place(shared, zone).1;
    let other = near::nearest(&device, &overview.machines, is_taken, floor_of).map(|machine| {
        let (zone, floor) = place(shared, &machine.zone);
        (machine.name.clone(), zone, floor)
    });
    let address = format!("/m/{id}?k={token}");
    Some(Machine { name: device.name.clone(), zone, floor, state, other, address })
}

fn of_machine(
    shared: &Shared,
    view: Option<&MachineView>,
    order: Option<OrderState>,
    zone: &ZoneId,
    now: Timestamp,
) -> Shown {
    let condition = view.map_or(Condition::Unknown, |machine| machine.condition);
    words::of_machine(condition, order, is_open(shared, zone, now))
}

/// A zone whose hours nobody has said is open.
fn is_open(shared: &Shared, zone: &ZoneId, now: Timestamp) -> bool {
    shared.context.hours.zone(zone).is_none_or(|zone| zone.calendar.is_open(now))
}

fn place(shared: &Shared, id: &ZoneId) -> (Text, Option<i16>) {
    let zone = shared.context.zones.iter().find(|zone| zone.id == *id);
    zone.map_or_else(|| (Text::same(id.as_str()), None), |zone| (zone.name.clone(), zone.floor))
}

/// `GET /api/v1/devices/{id}/label.svg`
pub(super) async fn label(State(shared): Web, id: Result<Path<String>, PathRejection>) -> Answer {
    let Path(id) = id.map_err(|_| Problem::not_found("such device"))?;
    let device = shared.context.live.look(|board| board.get(&id).map(|live| live.device.clone()));
    let device = device.ok_or_else(|| Problem::not_found("such device"))?;
    let labels = shared.context.orders.labels().ok_or_else(|| {
        Problem::unavailable("the key of the labels cannot be read")
            .hint("标签密钥读不出来，请查看日志", "the key cannot be read; see the log")
    })?;
    let public_url = shared.config.public_url.as_deref();
    let picture = label::svg(public_url, labels, &device).map_err(|error| {
        let hint = error.hint();
        Problem::new(StatusCode::CONFLICT, error.to_string()).hint(&hint.zh, &hint.en)
    })?;
    let mut response = Response::new(Body::from(picture));
    let kind = HeaderValue::from_static("image/svg+xml");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
