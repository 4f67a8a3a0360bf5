//! What is old goes: readings that everybody has passed, and, when the room runs out, those that
//! some reader has not. One step a second, so that nobody waits long for it.

use std::collections::VecDeque;

use rusqlite::{Connection, params};

use crate::clock::Trust;
use crate::model::{Position, Timestamp};

use super::Config;
use super::error::JournalError;
use super::schema::{self, Dropped};

/// Rows dropped in one step at least. A busy journal drops twice what it takes.
const ROWS_PER_STEP: usize = 5000;
/// Time between two notes of how far the journal has come.
const MARK_EVERY_MS: i64 = 3600 * 1000;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Room that is made when it runs out, a part of it all.
const ROOM: u64 = 50;

/// Readings after `?1` and up to `?2`, at most `?3`: the place of the last of them, and of what times
/// they are. By the primary key on purpose: the old end is where the journal begins.
pub(super) const OLD_READINGS: &str = "SELECT max(pos), min(time), max(time) FROM
     (SELECT pos, time FROM log NOT INDEXED WHERE pos > ?1 AND pos <= ?2 AND kind = 0 ORDER BY pos LIMIT ?3)";
const DROP_READINGS: &str = "DELETE FROM log NOT INDEXED WHERE pos > ?1 AND pos <= ?2 AND kind = 0";
const OLD_DECISIONS: &str = "SELECT max(pos) FROM
     (SELECT pos FROM log WHERE kind > 0 AND pos > ?1 AND pos <= ?2 ORDER BY pos LIMIT ?3)";
/// Links, and events that no rule and no person decided.
const DROP_LINKS: &str = "DELETE FROM log WHERE kind > 0 AND pos > ?1 AND pos <= ?2 AND (kind = 1
     OR subject IN (SELECT id FROM name WHERE name IN ('refused', 'described', 'dead_letter')))";

/// How things are at one step.
pub(super) struct Round {
    pub(super) now: Timestamp,
    /// The last committed position.
    pub(super) head: Position,
    /// Where the slowest reader of this run stands.
    pub(super) passed: Position,
    /// What must not go before its reader has passed, whatever the room.
    pub(super) held: Position,
    /// Records committed since the step before.
    pub(super) lately: usize,
}

/// Remembers how far the journal had come when, and where its old end is.
pub(super) struct Trimmer {
    readings_ms: i64,
    links_ms: i64,
    size_bytes_max: u64,
    trust: Trust,
    /// How far the journal had come at a time, oldest first.
    marks: VecDeque<(Timestamp, Position)>,
    /// No reading is left up to here.
    floor: Position,
    /// No link that is old is left up to here.
    links_floor: Position,
    /// Readings up to here were dropped though somebody had not passed them.
    cut: Position,
}

impl Trimmer {
    pub(super) fn new(
        connection: &Connection,
        config: &Config,
        now: Timestamp,
    ) -> Result<Self, JournalError> {
        let mut statement = connection.prepare("SELECT time, pos FROM mark ORDER BY time")?;
        let marks = statement.query_map([], |row| {
            Ok((Timestamp::from_ms(row.get(0)?), schema::from_sql(row.get(1)?)))
        })?;
        Ok(Self {
            readings_ms: i64::from(config.readings_days) * DAY_MS,
            links_ms: i64::from(config.links_days) * DAY_MS,
            size_bytes_max: config.size_bytes_max,
            trust: Trust::new(now, schema::newest_time(connection)?),
            marks: marks.collect::<Result<_, _>>()?,
            floor: schema::place(connection, "floor")?,
            links_floor: Position::default(),
            cut: schema::place(connection, "cut")?,
        })
    }

    pub(super) const fn cut(&self) -> Position {
        self.cut
    }

    /// Drops some of what is old.
    pub(super) fn trim(
        &mut self,
        connection: &Connection,
        round: &Round,
    ) -> Result<(), JournalError> {
        if self.trust.holds(round.now) {
            self.mark(connection, round)?;
            let old = self.position_at(round.now.plus_ms(-self.readings_ms));
            self.drop_readings(connection, old.min(round.passed), round)?;
            self.drop_links(connection, round)?;
        }
        self.make_room(connection, round)
    }

    fn mark(&mut self, connection: &Connection, round: &Round) -> Result<(), JournalError> {
        let due =
            self.marks.back().is_none_or(|(last, _)| round.now.since_ms(*last) >= MARK_EVERY_MS);
        if !due {
            return Ok(());
        }
        connection.execute(
            "INSERT OR REPLACE INTO mark(time, pos) VALUES (?1, ?2)",
            params![round.now.ms(), schema::to_sql(round.head)],
        )?;
        self.marks.push_back((round.now, round.head));
        let oldest = round.now.plus_ms(-self.readings_ms.max(self.links_ms));
        // One that is older than everything else is needed still: it is the old end.
        while self.marks.get(1).is_some_and(|(time, _)| *time <= oldest) {
            self.marks.pop_front();
        }
        if let Some((first, _)) = self.marks.front() {
            connection.execute("DELETE FROM mark WHERE time < ?1", [first.ms()])?;
        }
        Ok(())
    }

    /// How far the journal had come at a time: everything up to there came before it.
    fn position_at(&self, time: Timestamp) -> Position {
        let after = self.marks.partition_point(|(mark, _)| *mark <= time);
        after.checked_sub(1).and_then(|at| self.marks.get(at)).map_or(Position(0), |(_, at)| *at)
    }

    fn drop_readings(
        &mut self,
        connection: &Connection,
        until: Position,
        round: &Round,
    ) -> Result<(), JournalError> {
        if until <= self.floor {
            return Ok(());
        }
        let most = ROWS_PER_STEP.max(round.lately.saturating_mul(2));
        let (floor, until) = (schema::to_sql(self.floor), schema::to_sql(until));
        let limits = params![floor, until, i64::try_from(most).unwrap_or(i64::MAX)];
        let mut statement = connection.prepare_cached(OLD_READINGS)?;
        let (last, from, to): (Option<i64>, Option<i64>, Option<i64>) =
            statement.query_row(limits, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        // Where none is left, the floor rises to where it was looked for.
        let last = last.unwrap_or(until);
        let transaction = connection.unchecked_transaction()?;
        if let (Some(from), Some(to)) = (from, to) {
            let (from, to) = (Timestamp::from_ms(from), Timestamp::from_ms(to));
            let dropped = Dropped { through: schema::from_sql(last), from, to };
            schema::note_dropped(&transaction, round.now, dropped)?;
        }
        transaction.prepare_cached(DROP_READINGS)?.execute([floor, last])?;
        schema::set_place(&transaction, "floor", schema::from_sql(last))?;
        transaction.commit()?;
        self.floor = schema::from_sql(last);
        Ok(())
    }

    fn drop_links(&mut self, connection: &Connection, round: &Round) -> Result<(), JournalError> {
        let until = self.position_at(round.now.plus_ms(-self.links_ms)).min(round.passed);
        if until <= self.links_floor {
            return Ok(());
        }
        let (floor, until) = (schema::to_sql(self.links_floor), schema::to_sql(until));
        let last: Option<i64> = connection
            .prepare_cached(OLD_DECISIONS)?
            .query_row(params![floor, until, ROWS_PER_STEP as i64], |row| row.get(0))?;
        let last = last.unwrap_or(until);
        connection.prepare_cached(DROP_LINKS)?.execute([floor, last])?;
        self.links_floor = schema::from_sql(last);
        Ok(())
    }

    /// Above the limit the oldest readings go, whoever still waits for them; but for those who hold
    /// them.
    fn make_room(&mut self, connection: &Connection, round: &Round) -> Result<(), JournalError> {
        let used = schema::used_bytes(connection)?;
        if used <= self.size_bytes_max.saturating_sub(self.size_bytes_max / ROOM) {
            return Ok(());
        }
        self.drop_readings(connection, round.held, round)?;
        if self.floor > round.passed && self.floor > self.cut {
            tracing::error!(
                used,
                limit = self.size_bytes_max,
                through = self.floor.0,
                "the journal is as large as it may be: readings go that somebody still waits for"
            );
            self.cut = self.floor;
            schema::set_place(connection, "cut", self.cut)?;
        }
        Ok(())
    }
}
