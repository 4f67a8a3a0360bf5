//! The answers about buses and registers, and the traffic of a device as it happens.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio_stream::Stream;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::live::DeviceLive;
use crate::model::{LinkState, Text};
use crate::source::modbus::recording::{Header, Tape};
use crate::source::modbus::{DeviceView, Heard};

use super::api::{Answer, Web, json};
use super::auth::{self, Ticket};
use super::dto;
use super::guard::Local;
use super::points;
use super::problem::Problem;
use super::state::Shared;

/// `?limit=20`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BusesQuery {
    limit: Option<usize>,
}

type Id = Result<Path<String>, PathRejection>;

pub(super) async fn buses(
    State(shared): Web,
    query: Result<Query<BusesQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|_| Problem::bad_request("limit is a whole number"))?;
    let limit = query.limit.unwrap_or(usize::MAX);
    json(&dto::Buses::of(&shared.context.monitor, limit, shared.now()))
}

pub(super) async fn plan(State(shared): Web, id: Id) -> Answer {
    let (id, view) = view(&shared, id)?;
    json(&dto::Plan::of(&id, &view))
}

pub(super) async fn registers(State(shared): Web, id: Id) -> Answer {
    let (id, view) = view(&shared, id)?;
    let now = shared.now();
    json(&shared.context.live.look(|board| {
        let live = board.get(&id);
        let registers = dto::Registers::of(&id, &view, now, |name| {
            let latest = live.and_then(|live| Some((live, live.points.get(name.as_str())?)));
            latest.is_some_and(|(live, latest)| points::is_stale(live, name, latest, now))
        });
        dto::Registers { trouble: live.and_then(trouble), ..registers }
    }))
}

/// Why a device does not answer.
fn trouble(live: &DeviceLive) -> Option<dto::Text> {
    let Some(LinkState::Down { fault, detail }) = &live.link else { return None };
    let Text { zh, en } = fault.text();
    Some(Text::new(format!("{zh}（{detail}）"), format!("{en} ({detail})")).into())
}

/// A device that is asked over Modbus.
fn view(shared: &Shared, id: Id) -> Result<(String, Arc<DeviceView>), Problem> {
    let Ok(Path(id)) = id else { return Err(Problem::not_found("such device")) };
    if let Some(view) = shared.context.monitor.device(&id) {
        return Ok((id, view));
    }
    if shared.context.live.look(|board| board.get(&id).is_none()) {
        return Err(Problem::not_found("such device"));
    }
    Err(Problem::not_found("register in this device")
        .hint("该设备不经 Modbus 采集", "this device is not read over Modbus"))
}

/// What is asked and answered, from now on, in the format of recordings.
pub(super) async fn recording(
    shared: Arc<Shared>,
    local: Option<Extension<Local>>,
    headers: HeaderMap,
    id: Id,
    stop: CancellationToken,
) -> Answer {
    let (id, view) = view(&shared, id)?;
    let seat = shared.recordings.clone().try_acquire_owned().map_err(|_| {
        shared.refused("recordings");
        Problem::unavailable("too many recordings")
            .hint("同时进行的记录过多，请先停止一些", "too many recordings run at once; stop one")
    })?;
    let line = shared.context.monitor.line_of(view.line());
    let line = line.ok_or_else(|| Problem::not_found("such line"))?;
    let events = BroadcastStream::new(line.listen());
    let profile =
        shared.context.live.look(|board| board.get(&id).map(|l| l.device.profile.clone()));
    let header = Header {
        device: id,
        profile: profile.unwrap_or_default(),
        unit: view.unit(),
        transport: line.transport().to_owned(),
        date: shared.now(),
        hallwatch: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let images = view.images();
    let known = Tape::known(view.unit(), images.iter().map(|(_, image)| image));
    let lines = Lines {
        head: Some(format!("{header}{known}")),
        tape: Tape::begin(view.unit()),
        events,
        stop: Box::pin(stop.cancelled_owned()),
        ticket: auth::ticket_of(&headers),
        local: local.is_some(),
        shared,
        _seat: seat,
    };
    let mut response = Response::new(Body::from_stream(lines));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The lines of a recording, as they come. It ends with the session that asked for it.
struct Lines {
    head: Option<String>,
    tape: Tape,
    events: BroadcastStream<Arc<Heard>>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    ticket: Option<Ticket>,
    local: bool,
    shared: Arc<Shared>,
    _seat: OwnedSemaphorePermit,
}

impl Lines {
    fn allowed(&self) -> bool {
        let auth = &self.shared.auth;
        self.local
            || !auth.needed()
            || self.ticket.as_ref().is_some_and(|ticket| auth.valid(ticket))
    }
}

impl Stream for Lines {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        use std::future::Future as _;
        if self.stop.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        if let Some(head) = self.head.take() {
            return Poll::Ready(Some(Ok(head.into())));
        }
        loop {
            let next = std::task::ready!(Pin::new(&mut self.events).poll_next(context));
            if !self.allowed() {
                return Poll::Ready(None);
            }
            let line = match next {
                None => return Poll::Ready(None),
                Some(Ok(heard)) => self.tape.line(&heard),
                Some(Err(BroadcastStreamRecvError::Lagged(n))) => Some(Tape::missed(n)),
            };
            if let Some(line) = line {
                return Poll::Ready(Some(Ok(line.into())));
            }
        }
    }
}
