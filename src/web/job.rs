//! Work that takes seconds or minutes and is ordered through the API: one of a kind at a time,
//! watched while it runs, stopped when told.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::model::Timestamp;

use super::problem::Problem;

/// The work that runs, or the last one.
pub(super) struct Job<Order, Found> {
    course: Mutex<Course<Order, Found>>,
    ordered: Notify,
}

/// How far it is.
pub(super) struct Course<Order, Found> {
    order: Option<Order>,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    /// Steps done, and all of them.
    pub(super) done: usize,
    pub(super) of: usize,
    /// What was found so far.
    pub(super) found: Found,
    /// It came to its own end.
    whole: bool,
    stop: CancellationToken,
}

impl<Order, Found> Course<Order, Found> {
    const fn word(&self) -> &'static str {
        match (self.started, self.ended) {
            (None, _) => "none",
            (Some(_), None) => "running",
            (Some(_), Some(_)) if self.whole => "done",
            _ => "stopped",
        }
    }

    pub(super) const fn ended(&self) -> bool {
        self.ended.is_some()
    }

    /// `state`, times and steps, and `more`.
    pub(super) fn shown(&self, now: Timestamp, more: Value) -> Value {
        let mut shown = json!({
            "now_ms": now.ms(),
            "state": self.word(),
            "started_ms": self.started.map(Timestamp::ms),
            "ended_ms": self.ended.map(Timestamp::ms),
            "done": self.done,
            "of": self.of,
        });
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        shown
    }
}

impl<Order, Found: Default> Default for Job<Order, Found> {
    fn default() -> Self {
        let course = Course {
            order: None,
            started: None,
            ended: None,
            done: 0,
            of: 0,
            found: Found::default(),
            whole: false,
            stop: CancellationToken::new(),
        };
        Self { course: Mutex::new(course), ordered: Notify::new() }
    }
}

impl<Order, Found: Default> Job<Order, Found> {
    pub(super) fn course(&self) -> MutexGuard<'_, Course<Order, Found>> {
        // Nothing that holds this lock can panic between two states.
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Orders work; `found` is what is shown until it finds something.
    pub(super) fn order(&self, order: Order, found: Found, now: Timestamp) -> Result<(), Problem> {
        let mut course = self.course();
        if course.word() == "running" {
            return Err(Problem::new(StatusCode::CONFLICT, "it runs already")
                .hint("已在进行，请等待或先停止", "wait for it, or stop it first"));
        }
        let fresh = Self::default().course.into_inner().unwrap_or_else(PoisonError::into_inner);
        *course = Course { order: Some(order), started: Some(now), found, ..fresh };
        drop(course);
        self.ordered.notify_one();
        Ok(())
    }

    pub(super) fn stop(&self) {
        self.course().stop.cancel();
    }

    /// Does what is ordered until told to stop. `work` gives what was found and whether it came to
    /// its own end; it has to heed its token. Work that panicked is over when this is run again.
    pub(super) async fn run<Work>(
        &self,
        clock: SharedClock,
        stop: CancellationToken,
        work: impl Fn(Order, CancellationToken) -> Work,
    ) where
        Work: Future<Output = (Found, bool)>,
    {
        self.end(None, clock.now());
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.ordered.notified() => {}
            }
            let (order, told) = {
                let mut course = self.course();
                (course.order.take(), course.stop.clone())
            };
            let Some(order) = order else { continue };
            tokio::select! {
                done = work(order, told) => self.end(Some(done), clock.now()),
                () = stop.cancelled() => return,
            }
        }
    }

    fn end(&self, done: Option<(Found, bool)>, now: Timestamp) {
        let mut course = self.course();
        if let Some((found, whole)) = done {
            (course.found, course.whole) = (found, whole);
        }
        if course.started.is_some() {
            course.ended.get_or_insert(now);
        }
    }
}
