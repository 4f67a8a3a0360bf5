//! The engine by itself: records and the time go in, transitions come out. Nothing is kept and nobody
//! is told: for rehearsals, tests and measurements.

use std::sync::Arc;

use crate::live::Board;
use crate::model::{Record, Timestamp};
use crate::rule::Rule;
use crate::service;

use super::engine::Engine;
use super::line;
use super::look::Look;
use super::policy::Policy;
use super::types::{Alert, Transition};

/// An engine that is tried.
pub struct Trial {
    engine: Engine,
    board: Board,
    look: Look,
    hours: Option<Arc<service::Config>>,
}

impl Trial {
    /// An engine with these rules before a board, at the time since when the board has listened.
    #[must_use]
    pub fn new(
        rules: Vec<Rule>,
        board: Board,
        hours: Option<service::Config>,
        policy: Policy,
    ) -> Self {
        let mut engine = Engine::new(rules, std::collections::BTreeMap::new());
        engine.desk.policy = policy;
        let hours = hours.map(Arc::new);
        let look = Look::at(&board, hours.as_ref(), &engine.wanted, board.listening_since);
        Self { engine, board, look, hours }
    }

    /// A device said something, or something happened to it.
    pub fn take(&mut self, record: &Record) -> Vec<Transition> {
        self.engine.take(&mut self.board, record, &self.look)
    }

    /// It is so late now, and this was found about many devices.
    pub fn tick(&mut self, now: Timestamp, found: &[service::Finding]) -> Vec<Transition> {
        self.look = Look::at(&self.board, self.hours.as_ref(), &self.engine.wanted, now);
        let mut found = found.to_vec();
        found.extend(line::gone(&self.board, &self.look.peers, &[]));
        line::widest(&mut found);
        self.engine.tick(&self.board, &self.look, &found)
    }

    /// The open alerts, newest first.
    #[must_use]
    pub fn open(&self) -> Vec<Arc<Alert>> {
        self.engine.open()
    }
}
