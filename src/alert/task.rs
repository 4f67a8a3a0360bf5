//! The engine's task: follows the journal, keeps what it decides, answers people.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::history::History;
use crate::influx::Sink;
use crate::journal::{Batch, Cursor, Journal, JournalError, Kinds, Reader};
use crate::live::Board as LiveBoard;
use crate::model::{Event, EventKind, Record, Timestamp};
use crate::rule::Rule;
use crate::service;
use crate::source::modbus::Monitor;
use crate::source::mqtt::Refused;
use crate::tariff::Tariffs;

use super::channels::Channels;
use super::clocks::{self, OwnClock};
use super::engine::Engine;
use super::handle::{self, Board, Command, Handle, RECENT_MAX};
use super::line::{self, Switch};
use super::look::Look;
use super::policy::Policy;
use super::record;
use super::span;
use super::storage::{self, Storage};
use super::types::{Alert, AlertState, Transition};
use super::upkeep::{self, Accounts, OverdueRepairs};

const CURSOR: &str = "alerts";
/// Everything is judged anew this often: time passes for devices that say nothing.
const TICK: Duration = Duration::from_secs(1);
/// Without transitions the snapshot is kept this often.
const SNAPSHOT: Duration = Duration::from_secs(10);
/// Few enough that what people say is heard between two steps, even when all of them are alerts.
const RECORDS_PER_STEP: usize = 100;
/// Events looked at for the list of resolved alerts: every alert has three or four.
const EVENTS_RECALLED: usize = 4 * RECENT_MAX;
/// Refusals recalled at start: one a minute of each device and reason.
const REFUSED_RECALLED: usize = 1_000;
/// Transitions that may wait for a full disk; more than devices times rules in a hall.
const PENDING_MAX: usize = 20_000;

/// Why the alerts could not be started.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// The journal cannot be read.
    #[error("the alerts of the last run cannot be read")]
    Journal(#[from] JournalError),
}

/// The engine with its place in the journal.
pub struct Alerts {
    pub(super) engine: Engine,
    pub(super) live: LiveBoard,
    /// The look at all devices of the last tick: the single ones are judged by it in between.
    look: Look,
    /// When the zones serve.
    hours: Option<Arc<service::Config>>,
    /// How the machines serve.
    service: service::Handle,
    journal: Journal,
    reader: Reader,
    pub(super) clock: SharedClock,
    pub(super) board: Board,
    inbox: mpsc::Receiver<Command>,
    /// Decided, not on disk yet.
    pub(super) pending: Vec<Event>,
    pub(super) dirty: bool,
    kept_at: Instant,
    /// What else keeps the data and takes it.
    history: Option<History>,
    sinks: Vec<Sink>,
    /// How the channels do.
    channels: Channels,
    /// The switches behind which devices are.
    switches: Vec<Switch>,
    /// What takes longer than its contract allows.
    overdue: OverdueRepairs,
    accounts: Accounts,
    /// How busy the lines are, and what stood in the registers of devices.
    pub(super) monitor: Monitor,
    own_clock: OwnClock,
    /// When the configuration changed last, as far as is known.
    pub(super) configured: Option<Timestamp>,
}

impl Alerts {
    /// Takes up where the last run stopped. `live` is a board with what was known at the start.
    /// Blocks.
    ///
    /// # Errors
    /// [`AlertError`].
    pub fn open(
        journal: Journal,
        rules: Vec<Rule>,
        live: LiveBoard,
        service: service::Handle,
        clock: SharedClock,
    ) -> Result<(Handle, Self), AlertError> {
        // What was decided after the snapshot stands in the journal; so does all of it where a first
        // run ended before its first snapshot.
        let (position, state) = journal.cursor(CURSOR)?.unwrap_or_default();
        let mut known = record::restore(&state);
        let decided = [EventKind::Alert, EventKind::Silence];
        let later = journal.archive()?.events_after(position, &decided)?;
        later.iter().for_each(|event| known.replay(event));
        let mut engine = Engine::new(rules, known.tracks);
        engine.desk.silences = known.silences;
        let refused = journal.archive()?.last_events(EventKind::Refused, REFUSED_RECALLED)?;
        refused.iter().rev().filter_map(Refused::of).for_each(|refused| engine.note(refused));
        let (handle, board, inbox) = handle::pair();
        let mut reader = journal.reader(CURSOR, Kinds::All)?;
        // The board was filled from the archive: what lies between the cursor and the head is
        // already in it.
        reader.seek(journal.head());
        board.publish(engine.open(), resolved_before(&journal)?, Vec::new());
        let pending = Vec::new();
        let kept_at = Instant::now();
        let look = Look::at(&live, None, &engine.wanted, clock.now());
        let alerts = Self {
            engine,
            live,
            look,
            hours: None,
            channels: Channels::default(),
            switches: Vec::new(),
            configured: None,
            service,
            journal,
            reader,
            clock,
            board,
            inbox,
            pending,
            dirty: false,
            kept_at,
            history: None,
            sinks: Vec::new(),
            overdue: OverdueRepairs::default(),
            accounts: Accounts::default(),
            monitor: Monitor::new(),
            own_clock: OwnClock::new(kept_at),
        };
        Ok((handle, alerts))
    }

    /// Knows when the zones serve.
    #[must_use]
    pub fn with_hours(self, hours: service::Config) -> Self {
        Self { hours: Some(Arc::new(hours)), ..self }
    }

    /// Knows who is told of what, what energy is worth, and hears how the channels do.
    #[must_use]
    pub fn telling(mut self, policy: Policy, tariffs: Tariffs, channels: Channels) -> Self {
        self.engine.desk.policy = policy;
        self.engine.desk.costs.tariffs = tariffs;
        Self { channels, ..self }
    }

    /// Looks after the history and the databases as well.
    #[must_use]
    pub fn watching(self, history: History, sinks: Vec<Sink>) -> Self {
        Self { history: Some(history), sinks, ..self }
    }

    /// Knows what is behind which switch.
    #[must_use]
    pub fn behind(self, switches: Vec<Switch>) -> Self {
        Self { switches, ..self }
    }

    /// Knows when the configuration changed last.
    #[must_use]
    pub fn configured(self, configured: Option<Timestamp>) -> Self {
        Self { configured, ..self }
    }

    /// Hears what is overdue by contract, how busy the lines are and what stands in registers.
    #[must_use]
    pub fn hearing(self, overdue: OverdueRepairs, monitor: Monitor) -> Self {
        Self { overdue, monitor, ..self }
    }

    /// Hears what the month's end wants of people.
    #[must_use]
    pub fn told_by(self, accounts: Accounts) -> Self {
        Self { accounts, ..self }
    }

    /// What is wrong beyond single devices.
    fn found(&self, now: Timestamp) -> Vec<service::Finding> {
        let (board, peers) = (&self.live, &self.look.peers);
        let mut found = self.service.findings().to_vec();
        // Not by way of the journal, which may be what does not work.
        found.extend(storage::findings(&self.journal.status(), &self.storage(), now));
        found.extend(line::gone(board, peers, &self.switches));
        line::widest(&mut found);
        let lines = self.monitor.lines().into_iter();
        let lines = lines.map(|line| (line.name().to_owned(), line.figures().last_minute()));
        found.extend(line::late(board, peers, lines));
        found.extend(upkeep::overdue(self.overdue.look()));
        found.extend(upkeep::accounts(self.accounts.look()));
        found.extend(upkeep::availability(&self.service.overview()));
        found.extend(clocks::off(board, peers));
        found.extend(self.own_clock.jump(now));
        found
    }

    fn storage(&self) -> Storage {
        Storage {
            history: self.history.as_ref().map(History::condition).unwrap_or_default(),
            sinks: self.sinks.iter().map(Sink::look).collect(),
            channels: self.channels.look(),
        }
    }

    /// Runs until told to stop; keeps its state at the end.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut past = self.recall();
        // What comes before the first tick is judged by the silences, too.
        self.engine.desk.turn(&self.live, self.hours.as_deref(), self.clock.now());
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                batch = self.reader.next(RECORDS_PER_STEP) => match batch {
                    Ok(batch) => self.take(batch),
                    Err(JournalError::Closed) => break,
                    Err(error) => {
                        tracing::error!(%error, "alerts cannot read the journal");
                        tokio::time::sleep(TICK).await;
                    }
                },
                _ = ticks.tick() => {
                    let now = self.clock.now();
                    self.look = Look::at(&self.live, self.hours.as_ref(), &self.engine.wanted, now);
                    self.own_clock.look(now, Instant::now());
                    let found = self.found(now);
                    let transitions = self.engine.tick(&self.live, &self.look, &found);
                    self.decided(transitions);
                }
                Some(command) = self.inbox.recv() => self.hear(command).await,
                Some(known) = past.recv() => self.engine.spans.take_past(known, &self.live.site),
            }
            self.keep().await;
        }
        self.dirty = true;
        self.kept_at -= SNAPSHOT;
        self.keep().await;
    }

    /// What the history says of the spans that rules look back, device by device.
    fn recall(&self) -> mpsc::Receiver<span::Recalled> {
        let Some(history) = &self.history else { return mpsc::channel(1).1 };
        let devices = self.live.iter().map(|live| live.device.clone()).collect();
        let (wanted, site) = (self.engine.spans.wanted(), &self.live.site);
        span::recall(history, wanted, devices, site, self.look.now)
    }

    fn take(&mut self, batch: Batch) {
        let mut transitions = Vec::new();
        for (_, record) in &batch.records {
            transitions.extend(self.engine.take(&mut self.live, record, &self.look));
        }
        self.decided(transitions);
    }

    /// Shows decisions at once; they are kept in the next step.
    fn decided(&mut self, mut transitions: Vec<Transition>) {
        self.witness(&mut transitions);
        if transitions.is_empty() {
            if self.engine.take_shown() {
                self.dirty = true;
                self.show(Vec::new());
            }
            return;
        }
        let now = self.clock.now();
        for transition in &transitions {
            let alert = &transition.alert;
            tracing::info!(
                alert = %alert.id, change = transition.change.as_str(),
                severity = alert.severity.as_str(), text = %alert.text.en, "alert"
            );
            if self.pending.len() < PENDING_MAX {
                self.pending.extend(record::event(transition, now));
            }
        }
        self.dirty = true;
        self.engine.take_shown();
        let over = |t: Transition| (t.alert.state == AlertState::Resolved).then_some(t.alert);
        self.show(transitions.into_iter().filter_map(over).collect());
    }

    /// Shows the page how things are.
    pub(super) fn show(&self, resolved: Vec<Alert>) {
        self.board.publish(self.engine.open(), resolved, self.silences());
    }

    /// Keeps decisions at once, and the state with its place every some seconds: what was decided
    /// since is read again at a start. What a full disk does not take stays pending and is tried again.
    async fn keep(&mut self) {
        if !self.pending.is_empty() && self.store(self.pending.clone()).await.is_ok() {
            self.pending.clear();
        }
        if self.kept_at.elapsed() < SNAPSHOT || !self.pending.is_empty() {
            return;
        }
        self.kept_at = Instant::now();
        if !self.dirty {
            self.reader.done(self.reader.position()).await;
            self.dirty = true; // suspects may have changed by the next time
            return;
        }
        let state = record::snapshot(&self.engine.tracks, &self.engine.desk.silences);
        let cursor = Cursor::new(CURSOR, self.reader.position(), state);
        if self.journal.append_with_cursor(Vec::new(), cursor).await.is_ok() {
            self.dirty = false;
        }
    }

    /// At once: people are told, and answered, only when it is on disk.
    pub(super) async fn store(&self, events: Vec<Event>) -> Result<(), JournalError> {
        let records: Vec<_> = events.into_iter().map(Record::Event).map(Arc::new).collect();
        self.journal.append_at_once(&records).await.map(drop)
    }
}

/// The alerts that were resolved lately, oldest first.
fn resolved_before(journal: &Journal) -> Result<Vec<Alert>, JournalError> {
    let events = journal.archive()?.last_events(EventKind::Alert, EVENTS_RECALLED)?;
    let over = |event: &Event| {
        let alert = record::transition(event)?.alert;
        (alert.state == AlertState::Resolved).then_some(alert)
    };
    let mut resolved: Vec<Alert> = events.iter().filter_map(over).take(RECENT_MAX).collect();
    resolved.reverse();
    Ok(resolved)
}

/// What a record of the journal tells this channel.
#[must_use]
pub fn told(record: &Record, channel: &str) -> Option<Transition> {
    let Record::Event(event) = record else { return None };
    if event.kind != EventKind::Alert {
        return None;
    }
    let to = |t: &Transition| t.to.as_ref().is_none_or(|to| to.iter().any(|name| name == channel));
    record::transition(event).filter(|transition| transition.tell && to(transition))
}
