//! Names are stored once and referred to by small numbers.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use foldhash::HashMap;
use rusqlite::Connection;

use crate::model::PointName;

use super::error::JournalError;

/// A name, and the same as the name of a point: shared by all samples that are read.
#[derive(Clone)]
struct Name {
    text: Arc<str>,
    point: Option<PointName>,
}

#[derive(Default)]
struct Tables {
    ids: HashMap<Arc<str>, i64>,
    names: HashMap<i64, Name>,
}

/// The dictionary as it is while nobody learns a name.
pub(super) struct Look<'a>(RwLockReadGuard<'a, Tables>);

impl Look<'_> {
    pub(super) fn id(&self, name: &str) -> Option<i64> {
        self.0.ids.get(name).copied()
    }

    pub(super) fn name(&self, id: i64) -> Option<&str> {
        self.0.names.get(&id).map(|name| &*name.text)
    }

    pub(super) fn point(&self, id: i64) -> Option<PointName> {
        self.0.names.get(&id)?.point.clone()
    }
}

/// The dictionary of names, shared by the writer and all readers of this process.
#[derive(Clone, Default)]
pub(super) struct Names(Arc<RwLock<Tables>>);

impl Names {
    pub(super) fn load(connection: &Connection) -> Result<Self, JournalError> {
        let names = Self::default();
        names.reload(connection)?;
        Ok(names)
    }

    /// Takes in what the database has. Numbers are never given out twice, so nothing is forgotten.
    pub(super) fn reload(&self, connection: &Connection) -> Result<(), JournalError> {
        let mut statement = connection.prepare("SELECT id, name FROM name")?;
        let rows =
            statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        for row in rows {
            let (id, name) = row?;
            self.insert(id, &name);
        }
        Ok(())
    }

    fn insert(&self, id: i64, name: &str) {
        let name: Arc<str> = Arc::from(name);
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        tables.ids.insert(name.clone(), id);
        let point = PointName::parse(&name).ok();
        tables.names.insert(id, Name { text: name, point });
    }

    pub(super) fn id(&self, name: &str) -> Option<i64> {
        self.look().id(name)
    }

    /// A look at the dictionary for a whole record: its names cost one lock.
    pub(super) fn look(&self) -> Look<'_> {
        Look(self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives numbers to names that have none, in one transaction that is committed at once: a
    /// batch that is rolled back later must not take a name with it. Call outside a transaction.
    pub(super) fn learn(
        &self,
        connection: &mut Connection,
        names: &BTreeSet<&str>,
    ) -> Result<(), JournalError> {
        let transaction = connection.transaction()?;
        let mut learned = Vec::with_capacity(names.len());
        {
            let mut keep =
                transaction.prepare_cached("INSERT OR IGNORE INTO name(name) VALUES (?1)")?;
            let mut find = transaction.prepare_cached("SELECT id FROM name WHERE name = ?1")?;
            let mut again = transaction.prepare_cached(
                "INSERT OR REPLACE INTO fact(name, value) VALUES ('n:' || ?1, ?2)",
            )?;
            for name in names {
                keep.execute([name])?;
                let id: i64 = find.query_row([name], |row| row.get(0))?;
                again.execute(rusqlite::params![id, name])?;
                learned.push((id, name));
            }
        }
        transaction.commit()?;
        learned.into_iter().for_each(|(id, name)| self.insert(id, name));
        Ok(())
    }
}
