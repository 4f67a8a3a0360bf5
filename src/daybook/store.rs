//! Where days are kept: a file that may be removed.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::journal;
use crate::model::DeviceId;

use super::day::Day;

const FILE: &str = "daybook.db";
const TABLES: &str = "
    PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;
    CREATE TABLE IF NOT EXISTS day(
        device TEXT NOT NULL,
        day INTEGER NOT NULL,
        version INTEGER NOT NULL,
        mark INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY(device, day)
    ) STRICT, WITHOUT ROWID;";

/// The file; `None` where it cannot be used.
pub(super) struct Store(Mutex<Option<Connection>>);

fn number(date: Date) -> i32 {
    journal::Days::number(date)
}

impl Store {
    pub(super) fn open(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let opened = || {
            let connection = Connection::open(&path)?;
            connection.execute_batch(TABLES)?;
            connection.query_row("SELECT count(*) FROM day", [], |_| Ok(()))?;
            Ok::<_, rusqlite::Error>(connection)
        };
        let connection = opened().or_else(|error| {
            // It holds nothing that cannot be made again.
            tracing::warn!(%error, "the daybook cannot be read and begins anew");
            for end in ["", "-wal", "-shm"] {
                std::fs::remove_file(folder.join(format!("{FILE}{end}"))).ok();
            }
            opened()
        });
        if let Err(error) = &connection {
            tracing::warn!(%error, "the daybook cannot be kept: reports take longer");
        }
        Self(Mutex::new(connection.ok()))
    }

    /// The days that are kept with these marks; the others are `None`.
    pub(super) fn days(
        &self,
        device: &DeviceId,
        dates: &[Date],
        marks: &[u64],
        version: i64,
    ) -> Vec<Option<Arc<Day>>> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let body = |date: Date, mark: u64| -> rusqlite::Result<Option<Vec<u8>>> {
            let Some(connection) = &*connection else { return Ok(None) };
            let sql = "SELECT body FROM day
                WHERE device = ?1 AND day = ?2 AND version = ?3 AND mark = ?4";
            let key = params![device.as_str(), number(date), version, mark.cast_signed()];
            connection.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()
        };
        let bodies: Vec<Option<Vec<u8>>> = dates
            .iter()
            .zip(marks)
            .map(|(date, mark)| body(*date, *mark).unwrap_or_default())
            .collect();
        drop(connection);
        bodies.into_iter().map(|body| read(&body?).map(Arc::new)).collect()
    }

    /// Keeps days with their marks. What cannot be kept is made again.
    pub(super) fn keep(&self, device: &DeviceId, days: &[(Date, u64, Arc<Day>)], version: i64) {
        let bodies: Vec<_> = days
            .iter()
            .filter_map(|(date, mark, day)| Some((*date, *mark, written(day)?)))
            .collect();
        if days.is_empty() {
            return;
        }
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(connection) = &mut *connection else { return };
        let mut keep = || {
            let all = connection.transaction()?;
            let sql = "INSERT OR REPLACE INTO day(device, day, version, mark, body)
                VALUES (?1, ?2, ?3, ?4, ?5)";
            for (date, mark, body) in &bodies {
                let (date, mark) = (number(*date), mark.cast_signed());
                let row = params![device.as_str(), date, version, mark, body];
                all.prepare_cached(sql)?.execute(row)?;
            }
            all.commit()
        };
        if let Err(error) = keep() {
            tracing::warn!(%device, %error, "days could not be kept in the daybook");
        }
    }
}

fn written(day: &Day) -> Option<Vec<u8>> {
    let mut body = ZlibEncoder::new(Vec::new(), Compression::fast());
    body.write_all(&postcard::to_allocvec(day).ok()?).ok()?;
    body.finish().ok()
}

fn read(body: &[u8]) -> Option<Day> {
    let mut bytes = Vec::new();
    ZlibDecoder::new(body).read_to_end(&mut bytes).ok()?;
    postcard::from_bytes(&bytes).ok()
}
