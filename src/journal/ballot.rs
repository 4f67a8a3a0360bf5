//! Names and their numbers are kept three times: in their table, in the index over it, and as facts. A name
//! that is wrong would be another device's, so after a damage the majority says which is right.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use super::error::JournalError;

/// More names than any hall has; a damaged index may go round in a ring.
const NAMES_MAX: usize = 1_000_000;
/// The three places; `$order` is one direction and then the other, up to what cannot be read.
const PLACES: [&str; 3] = [
    "SELECT CAST(substr(name, 3) AS INTEGER), value FROM fact WHERE substr(name, 1, 2) = 'n:'
     ORDER BY name $order",
    "SELECT id, name FROM name NOT INDEXED ORDER BY id $order",
    "SELECT id, name FROM name INDEXED BY sqlite_autoindex_name_1 ORDER BY name $order",
];

/// Keeps the third copy of all names, also of those from before there was one.
pub(super) fn keep_facts(connection: &Connection) -> Result<(), JournalError> {
    connection
        .execute("INSERT OR IGNORE INTO fact(name, value) SELECT 'n:' || id, name FROM name", [])?;
    Ok(())
}

/// Names that the three places do not agree about.
pub(super) fn contradicting(connection: &Connection) -> Result<i64, JournalError> {
    let sql = "SELECT count(*) FROM name AS n NOT INDEXED WHERE NOT EXISTS (
            SELECT 1 FROM name AS i INDEXED BY sqlite_autoindex_name_1
            WHERE i.name = n.name AND i.rowid = n.rowid)
        OR EXISTS (SELECT 1 FROM fact WHERE fact.name = 'n:' || n.id AND fact.value <> n.name)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// Puts the names of a damaged database into a new one.
pub(super) fn count(from: &Path, to: &Connection) -> Result<(), JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(old) = Connection::open_with_flags(from, flags) else { return Ok(()) };
    // Else a file whose end is missing is refused as a whole.
    drop(old.execute_batch("PRAGMA writable_schema=ON"));
    let mut votes: BTreeMap<i64, BTreeMap<String, usize>> = BTreeMap::new();
    for place in PLACES {
        for (id, name) in read(&old, place) {
            *votes.entry(id).or_default().entry(name).or_default() += 1;
        }
    }
    let mut chosen: Vec<(usize, i64, String)> = votes
        .into_iter()
        .filter_map(|(id, names)| {
            let (name, votes) = names.into_iter().max_by_key(|(_, votes)| *votes)?;
            Some((votes, id, name))
        })
        .collect();
    // Those that are sure first: a name has one number only.
    chosen.sort_by_key(|(votes, id, _)| (std::cmp::Reverse(*votes), *id));
    let transaction = to.unchecked_transaction()?;
    for (_, id, name) in chosen {
        let insert = "INSERT OR IGNORE INTO name(id, name) VALUES (?1, ?2)";
        transaction.execute(insert, params![id, name])?;
    }
    Ok(transaction.commit()?)
}

/// What one place says, from both ends.
fn read(old: &Connection, place: &str) -> BTreeMap<i64, String> {
    let mut found = BTreeMap::new();
    for order in ["ASC", "DESC"] {
        let Ok(mut statement) = old.prepare(&place.replace("$order", order)) else { break };
        let Ok(mut rows) = statement.query([]) else { break };
        let mut left = NAMES_MAX;
        while let Ok(Some(row)) = rows.next() {
            let (Ok(id), Ok(name)) = (row.get::<_, i64>(0), row.get::<_, String>(1)) else { break };
            left = left.saturating_sub(1);
            if left == 0 {
                break;
            }
            found.insert(id, name);
        }
    }
    found
}
