//! Names are stored once and referred to by small numbers.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::Connection;

use super::error::JournalError;

#[derive(Default)]
struct Tables {
    ids: HashMap<Arc<str>, i64>,
    names: HashMap<i64, Arc<str>>,
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
        tables.names.insert(id, name);
    }

    pub(super) fn id(&self, name: &str) -> Option<i64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ids.get(name).copied()
    }

    pub(super) fn name(&self, id: i64) -> Option<Arc<str>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).names.get(&id).cloned()
    }

    /// The number of a name, given out and committed at once when it is new: a batch that is
    /// rolled back later must not take the name with it. Call outside a transaction.
    pub(super) fn learn(&self, connection: &Connection, name: &str) -> Result<i64, JournalError> {
        if let Some(id) = self.id(name) {
            return Ok(id);
        }
        connection.execute("INSERT OR IGNORE INTO name(name) VALUES (?1)", [name])?;
        let find = "SELECT id FROM name WHERE name = ?1";
        let id = connection.query_row(find, [name], |row| row.get(0))?;
        self.insert(id, name);
        Ok(id)
    }
}
