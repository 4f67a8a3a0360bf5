//! Whether the past is whole: the pages of its database, and the sum over each block.

use std::path::Path;

use crate::journal::{Findings, wal};
use crate::model::{DeviceId, Text, Timestamp, text};

use super::error::HistoryError;
use super::segment;
use super::store::{self, Place};

/// Blocks without all their columns that are counted at most.
const LACKING_MAX: usize = 100_000;

/// What a check came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Blocks that were looked at.
    pub segments: u64,
    /// Readings in them.
    pub readings: u64,
    /// Blocks that were put aside before.
    pub aside: u64,
    /// What is wrong and not yet put aside.
    pub findings: Findings,
}

/// Looks at every page and every block of the history in a folder, beside a gateway that runs; `tell`
/// hears how far it has come, and of how much.
///
/// # Errors
/// [`HistoryError`] when there is none, or it cannot even be begun to be read.
pub fn check(folder: &Path, mut tell: impl FnMut(u64, u64)) -> Result<Checked, HistoryError> {
    let hidden = wal::finding(folder, store::FILE);
    let connection = store::open_read_only(folder)?;
    let mut checked = Checked { findings: Findings::of_pages(&connection), ..Checked::default() };
    hidden.into_iter().for_each(|finding| checked.findings.tell(finding));
    let count = |sql: &str| -> u64 {
        let count: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap_or(0);
        u64::try_from(count).unwrap_or(0)
    };
    checked.aside = count("SELECT count(*) FROM damaged");
    let of = count("SELECT count(*) FROM segment").max(1);
    // Without the count, as in a database of before, it cannot be known.
    for (device, start) in store::lacking(&connection, LACKING_MAX).unwrap_or_default() {
        let start = jiff::Timestamp::from_millisecond(start.ms()).unwrap_or_default();
        checked.findings.damage(text!(
            "`{device}` 自 {start} 起的一段缺少部分测点的数值",
            "values of some points are gone from a block of `{device}` from {start} on",
        ));
    }
    let devices = match store::devices(&connection) {
        Ok(devices) => devices,
        Err(error) => {
            checked.findings.tell(error.text());
            return Ok(checked);
        }
    };
    for device in devices {
        let (first, last) = (Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX));
        let places = match store::within(&connection, &device, first, last) {
            Ok(places) => places,
            Err(error) => {
                let Text { zh, en } = error.text();
                checked.findings.damage(text!("{device}：{zh}", "{device}: {en}"));
                continue;
            }
        };
        for place in places {
            checked.segments += 1;
            checked.readings += place.rows as u64;
            if let Err(error) = look(&connection, &device, &place) {
                checked.findings.damage(error.text());
            }
            tell(checked.segments, of);
        }
    }
    tell(of, of);
    Ok(checked)
}

/// Reads a whole block.
fn look(
    connection: &rusqlite::Connection,
    device: &DeviceId,
    place: &Place,
) -> Result<(), HistoryError> {
    let readings = store::readings(connection, device, place)?;
    let in_order = readings.is_sorted_by_key(segment::key);
    let damaged = || HistoryError::Damaged { device: device.clone(), time: place.start };
    if in_order && readings.len() == place.rows { Ok(()) } else { Err(damaged()) }
}
