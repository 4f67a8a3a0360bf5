//! The task of one bus: asks its units in turn, for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::{Link, LinkFault, LinkState, Reading, Record};
use crate::source::state::{SourceHealth, SourceState};
use crate::source::{Closed, Context, Keeper};
use crate::tally::Happening;

use super::config::{Config, Unit};
use super::error::ReadError;
use super::monitor::{LineMonitor, Monitor};
use super::unit::UnitState;
use super::wire::Wire;

/// Back-off of a connection that cannot be made: from the first to the longest, for ever.
const RECONNECT_MIN: Duration = Duration::from_secs(1);
const RECONNECT_MAX: Duration = Duration::from_secs(30);
/// Between the first polls of two connections, and of the first and the last one.
const STAGGER_STEP: Duration = Duration::from_millis(1);
const STAGGER: Duration = Duration::from_secs(1);

/// The pauses after which pollers begin: a millisecond apart, and all within a second. Each keeps
/// its place in the interval, so that ten thousand polls never fall into one moment.
pub fn staggered(count: usize) -> impl Iterator<Item = Duration> {
    let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    let step = STAGGER_STEP.min(STAGGER / count);
    (0..count).map(move |place| step.saturating_mul(place))
}

/// All silent units of a shared bus together may cost one part in so many of its time.
const SHARE_OF_ALL_SILENT: u32 = 10;
/// The same where there is nobody else: in the morning the first one is noticed soon.
const SHARE_WHERE_NOBODY_ANSWERS: u32 = 2;

/// Polls the units on one bus.
pub struct Poller {
    name: String,
    units: Vec<UnitState>,
    wire: Wire,
    line: Arc<LineMonitor>,
    connect_failures: u32,
    /// Units that were asked over this connection, where it is closed after each round.
    round: usize,
    /// Several units are on the bus.
    shared: bool,
    /// No attempt at a silent unit before this moment: together they get a share of the bus.
    silent_after: Instant,
    keeper: Keeper,
    context: Context,
}

impl Poller {
    /// A poller that has not asked anything yet; what it reads goes to `keeper`.
    #[must_use]
    pub fn new(config: Config, monitor: &Monitor, keeper: Keeper, context: Context) -> Self {
        let Config { name, transport, units } = config;
        let line = monitor.line(&name, transport.as_str());
        let state = |unit: Unit| UnitState::new(unit, &name, monitor);
        let units: Vec<UnitState> = units.into_iter().map(state).collect();
        let shared = units.len() > 1;
        let wire = Wire::new(transport, line.clone());
        let (connect_failures, round, silent_after) = (0, 0, Instant::now());
        Self {
            name,
            units,
            wire,
            line,
            connect_failures,
            round,
            shared,
            silent_after,
            keeper,
            context,
        }
    }

    /// Begins after a pause and polls until told to stop; what was read by then is kept.
    pub async fn run(mut self, pause: Duration, stop: CancellationToken) {
        self.units.iter_mut().for_each(|unit| unit.due += pause);
        tokio::select! {
            () = stop.cancelled() => {}
            Closed = self.ask() => {}
        }
    }

    /// Asks for ever, unless nothing is kept any more.
    async fn ask(&mut self) -> Closed {
        loop {
            let Some(next) = self.next_due() else {
                return std::future::pending().await;
            };
            let Some(unit) = self.units.get(next) else { continue };
            let (due, interval) = (self.due(unit), unit.interval());
            tokio::time::sleep_until(due).await;
            self.line.began_late(due.elapsed(), interval);
            self.context.tally.late(due.elapsed());
            let records = self.poll(next).await;
            if !records.is_empty()
                && let Err(closed) = self.keeper.keep(records).await
            {
                return closed;
            }
            self.publish();
        }
    }

    fn next_due(&self) -> Option<usize> {
        let by_due = self.units.iter().enumerate().min_by_key(|(_, unit)| self.due(unit));
        by_due.map(|(place, _)| place)
    }

    fn due(&self, unit: &UnitState) -> Instant {
        if unit.is_silent() { unit.due.max(self.silent_after) } else { unit.due }
    }

    /// Asks one unit, and closes the connection of devices that bear none for long when all of
    /// them had their turn.
    async fn poll(&mut self, place: usize) -> Vec<Record> {
        let records = self.cycle(place).await;
        self.round += 1;
        let close = self.units.get(place).is_some_and(|unit| unit.bus().close_after_cycle);
        if close && (self.round >= self.units.len() || !self.another_is_due(place)) {
            self.wire.drop_connection();
            self.round = 0;
        }
        records
    }

    /// Another unit is asked before a new connection would bear questions: to close this one in
    /// between would cost the pause after connecting once for each unit.
    fn another_is_due(&self, place: usize) -> bool {
        let pause_ms = self.units.get(place).map_or(0, |unit| unit.bus().pause_after_connect_ms);
        let soon = Instant::now() + Duration::from_millis(u64::from(pause_ms));
        let mut others = self.units.iter().enumerate().filter(|(other, _)| *other != place);
        others.any(|(_, unit)| self.due(unit) <= soon)
    }

    /// One cycle of one unit: its reading, and links that changed.
    async fn cycle(&mut self, place: usize) -> Vec<Record> {
        let Some(unit) = self.units.get_mut(place) else { return Vec::new() };
        let shared = self.shared;
        let started = Instant::now();
        let mut cycle = unit.cycle(&mut self.wire).await;
        let now = self.context.clock.now();
        unit.view.keep(now, std::mem::take(&mut cycle.images));
        let mut records = Vec::new();
        for reason in &cycle.rejected {
            self.context.tally.count(Happening::Rejected, reason);
        }
        if !cycle.samples.is_empty() {
            records.push(Record::Reading(Reading {
                device: unit.device().id.clone(),
                time: now,
                received: now,
                message: 0,
                samples: cycle.samples,
            }));
        }
        let interval = unit.interval();
        if started.elapsed() > interval {
            self.context.tally.count(Happening::PollOverrun, &self.name);
        }
        if cycle.idle && cycle.failure.is_none() {
            // Nothing was due, so nothing is known.
            unit.went_well();
            return records;
        }
        if let Some(error) = &cycle.failure {
            self.context.tally.count(Happening::PollFailed, error.label());
            let part = cycle.answered;
            tracing::debug!(device = %unit.device().id, %error, part, "poll failed");
        }
        match cycle.failure {
            // The rest of the cycle is kept; what failed rests for some cycles.
            failure if cycle.answered || failure.is_none() => {
                self.connect_failures = 0;
                unit.went_well();
                self.context.tally.count(Happening::PollOk, "modbus");
                let up = unit.link_change(LinkState::Up);
                records.extend(up.map(|state| link(unit, now, state)));
            }
            Some(error) if !error.is_connect() => {
                self.connect_failures = 0;
                unit.went_badly(started, shared);
                let change = unit.link_change(down(&error));
                records.extend(change.map(|state| link(unit, now, state)));
                if unit.is_silent() && shared {
                    self.rest_of_silent(started.elapsed());
                }
            }
            Some(error) => records.extend(self.connection_failed(&error, now)),
            None => {}
        }
        if let Some(unit) = self.units.get_mut(place)
            && let Some(rest) = self.wire.rests_until(unit.number())
        {
            // Its late answer may still come, whatever else it answered.
            unit.due = unit.due.max(rest);
        }
        records
    }

    /// A silent unit was asked in vain: the next one waits, so that those that answer have nearly
    /// all of the bus. Where none answers, half of the time is spent on asking.
    fn rest_of_silent(&mut self, cost: Duration) {
        let nobody = self.units.iter().all(UnitState::is_silent);
        let share = if nobody { SHARE_WHERE_NOBODY_ANSWERS } else { SHARE_OF_ALL_SILENT };
        self.silent_after = Instant::now() + cost * (share - 1);
    }

    /// Nothing behind the address can be reached: one attempt counts for all units.
    fn connection_failed(
        &mut self,
        error: &ReadError,
        now: crate::model::Timestamp,
    ) -> Vec<Record> {
        let doubled = RECONNECT_MIN.saturating_mul(1 << self.connect_failures.min(10));
        self.connect_failures = self.connect_failures.saturating_add(1);
        // Who waits for a logger to dial in has waited already, and costs nobody anything.
        let waits = error.fault() == LinkFault::NotDialledIn;
        let pause = if waits { RECONNECT_MIN } else { doubled.min(RECONNECT_MAX) };
        let again = Instant::now() + jittered(pause);
        let mut records = Vec::new();
        for unit in &mut self.units {
            unit.due = unit.due.max(again);
            unit.is_away();
            let change = unit.link_change(down(error));
            records.extend(change.map(|state| link(unit, now, state)));
        }
        records
    }

    fn publish(&self) {
        let down: Vec<LinkFault> = self.units.iter().filter_map(UnitState::fault).collect();
        let health = match down.len() {
            0 => SourceHealth::Ok,
            n if n == self.units.len() => SourceHealth::Down,
            _ => SourceHealth::Degraded,
        };
        let fault = down.first().copied();
        let state = SourceState { kind: "modbus", health, devices: self.units.len(), fault };
        self.context.sources.set(&self.name, state);
    }
}

/// Spreads reconnects, so that forty devices behind one switch do not come back at once.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.8..1.2))
}

fn down(error: &ReadError) -> LinkState {
    LinkState::Down { fault: error.fault(), detail: error.to_string() }
}

fn link(unit: &UnitState, time: crate::model::Timestamp, state: LinkState) -> Record {
    match &state {
        LinkState::Up => tracing::info!(device = %unit.device().id, "device answers"),
        LinkState::Down { fault, detail } => {
            tracing::warn!(device = %unit.device().id, fault = fault.as_str(), %detail, "device does not answer");
        }
    }
    Record::Link(Link { device: unit.device().id.clone(), time, state })
}
