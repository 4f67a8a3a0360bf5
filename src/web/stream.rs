//! One reader of the live stream.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use tokio::sync::OwnedSemaphorePermit;
use tokio_stream::Stream;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::auth::{self, Ticket};
use super::problem::Problem;
use super::state::Shared;
use super::{dto, feed};

/// The events of one reader. It holds a few events at most: what it does not read in time is
/// replaced by the present state of everything.
struct Events {
    shared: Arc<Shared>,
    hello: Option<Bytes>,
    events: BroadcastStream<Bytes>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    /// The session that opened the stream; the stream ends with it.
    ticket: Option<Ticket>,
    local: bool,
    _seat: OwnedSemaphorePermit,
}

/// Opens a stream, if there is a seat.
pub(super) fn open(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    local: bool,
    stop: CancellationToken,
) -> Result<Response, Problem> {
    let seat = shared.feed.seats.clone().try_acquire_owned().map_err(|_| {
        shared.refused("streams");
        Problem::unavailable("too many live streams")
            .hint("同时打开的页面过多，请关闭一些", "too many pages are open at once; close some")
    })?;
    // First the subscription, then the greeting: what changes in between is not missed.
    let events = BroadcastStream::new(shared.feed.subscribe());
    let hello = dto::Hello { now_ms: shared.now().ms(), boot: &shared.feed.boot };
    let events = Events {
        shared: shared.clone(),
        hello: Some(feed::event("hello", &hello)),
        events,
        stop: Box::pin(stop.cancelled_owned()),
        ticket: auth::ticket_of(headers),
        local,
        _seat: seat,
    };
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // A proxy that gathers the answer before passing it on would make a live stream useless.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

impl Events {
    fn allowed(&self) -> bool {
        let auth = &self.shared.auth;
        self.local
            || !auth.needed()
            || self.ticket.as_ref().is_some_and(|ticket| auth.valid(ticket))
    }
}

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        use std::future::Future as _;
        if self.stop.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        if let Some(hello) = self.hello.take() {
            return Poll::Ready(Some(Ok(hello)));
        }
        let next = std::task::ready!(Pin::new(&mut self.events).poll_next(context));
        if !self.allowed() {
            return Poll::Ready(None);
        }
        Poll::Ready(match next {
            Some(Ok(event)) => Some(Ok(event)),
            Some(Err(_lagged)) => Some(Ok(feed::everything(&self.shared))),
            None => None,
        })
    }
}
