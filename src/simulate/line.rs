//! A multi-drop serial line: all units hear every question, and only the one that is meant
//! answers.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use crate::source::modbus::Framing;

use super::talk::{End, converse};
use super::units::Units;

/// Units on one end of a line, whatever the line is made of. Dropping it takes them off.
#[derive(Debug)]
pub struct Line {
    units: Units,
    tasks: JoinSet<()>,
}

impl Line {
    /// Answers RTU questions on a stream for `units`.
    pub fn start<S>(stream: S, units: Units) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        tasks.spawn(hold(stream, units.clone()));
        Self { units, tasks }
    }

    /// Its units, to change them.
    #[must_use]
    pub const fn units(&self) -> &Units {
        &self.units
    }

    /// Waits until the other end has gone.
    pub async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn hold<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, units: Units) {
    // A wire cannot be reset: the units go on.
    while converse(&mut stream, Framing::Rtu, &units).await == End::Reset {}
}
