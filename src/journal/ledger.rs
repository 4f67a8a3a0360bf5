//! The ledger: how many readings of which device and day were kept, and where they went, summed up
//! in the same transactions. So "was anything lost" has an answer that survives every kill.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use crate::model::{Record, Timestamp};

use super::error::JournalError;
use super::names::{Look, Names};

/// Readings that are new and on disk.
pub const KEPT: &str = "kept";
/// Readings that were there already.
pub const DOUBLED: &str = "doubled";
/// Readings that the disk did not take and that cannot be asked for again.
pub const NOT_KEPT: &str = "not_kept";

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Local days, counted from 1 January 1970, of times that mostly follow each other.
#[derive(Debug, Clone)]
pub struct Days {
    zone: TimeZone,
    /// The day that was asked for last: its first millisecond, the one after it, its number.
    last: (i64, i64, i32),
}

impl Days {
    /// The days of a time zone.
    #[must_use]
    pub const fn new(zone: TimeZone) -> Self {
        Self { zone, last: (0, 0, 0) }
    }

    /// Number of the day in which a time lies there.
    pub fn of(&mut self, time: Timestamp) -> i32 {
        let (first, after, day) = self.last;
        let ms = time.ms();
        if (first..after).contains(&ms) {
            return day;
        }
        self.last = self.look_up(ms);
        self.last.2
    }

    fn look_up(&self, ms: i64) -> (i64, i64, i32) {
        let of_utc = |ms: i64| i32::try_from(ms.div_euclid(DAY_MS)).unwrap_or(0);
        let Ok(instant) = jiff::Timestamp::from_millisecond(ms) else {
            return (ms, ms.saturating_add(1), of_utc(ms));
        };
        let date = self.zone.to_datetime(instant).date();
        let first = self.midnight(date);
        let after = date.tomorrow().ok().and_then(|next| self.midnight(next));
        (first.unwrap_or(ms), after.unwrap_or(ms), Self::number(date))
    }

    /// When a day begins.
    #[must_use]
    pub fn start(&self, day: i32) -> Timestamp {
        Timestamp::from_ms(self.midnight(Self::date(day)).unwrap_or(0))
    }

    fn midnight(&self, date: jiff::civil::Date) -> Option<i64> {
        let start = self.zone.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
        start.ok().map(jiff::Timestamp::as_millisecond)
    }

    /// The date of a day.
    #[must_use]
    pub fn date(day: i32) -> jiff::civil::Date {
        EPOCH.checked_add(jiff::Span::new().days(day)).unwrap_or(EPOCH)
    }

    /// The day of a date.
    #[must_use]
    pub fn number(date: jiff::civil::Date) -> i32 {
        date.since(EPOCH).map_or(0, |since| since.get_days())
    }
}

/// So many readings of a device and a day on an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// [`KEPT`], [`DOUBLED`], [`NOT_KEPT`], or what a sink calls its own.
    pub account: String,
    /// The device.
    pub subject: String,
    /// The local day of the readings' own times, from 1970.
    pub day: i32,
    /// How many.
    pub readings: u64,
}

/// Sums that have not been written, by day, subject and account.
pub(super) type Sums = HashMap<(i32, i64, i64), u64>;

/// Sums over all days, by subject and account.
type Totals = HashMap<(i64, i64), u64>;

/// What could not be kept, until the disk takes even that.
type Lost = BTreeMap<(i32, String), u64>;

/// The sums of all days, and what is not yet in the ledger. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    totals: Arc<Mutex<Totals>>,
    lost: Arc<Mutex<Lost>>,
}

impl Ledger {
    pub(super) fn load(connection: &Connection) -> Result<Self, JournalError> {
        let sums = "SELECT subject, account, sum(readings) FROM ledger GROUP BY subject, account";
        let mut statement = connection.prepare(sums)?;
        let rows = statement.query_map([], |row| {
            let readings: i64 = row.get(2)?;
            Ok(((row.get(0)?, row.get(1)?), readings.cast_unsigned()))
        })?;
        let totals: Totals = rows.collect::<Result<_, _>>()?;
        Ok(Self { totals: Arc::new(Mutex::new(totals)), lost: Arc::default() })
    }

    /// Notes readings that could not be kept.
    pub(super) fn lose<'a>(&self, records: impl Iterator<Item = &'a Record>, days: &mut Days) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            if let Record::Reading(reading) = record {
                let day = days.of(reading.time);
                *lost.entry((day, reading.device.as_str().to_owned())).or_default() += 1;
            }
        }
    }

    pub(super) fn lost(&self) -> Lost {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn has_lost(&self) -> bool {
        !self.lost.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// What was written is on disk.
    pub(super) fn settled(&self, sums: &Sums, lost: &Lost) {
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        for ((_, subject, account), readings) in sums {
            *totals.entry((*subject, *account)).or_default() += readings;
        }
        drop(totals);
        let mut all = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, written) in lost {
            if let Some(waiting) = all.get_mut(key) {
                *waiting = waiting.saturating_sub(*written);
            }
        }
        all.retain(|_, waiting| *waiting > 0);
    }

    /// The sums over all days; days are 0.
    pub(super) fn totals(&self, names: &Names) -> Vec<Entry> {
        let look = names.look();
        let totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<Entry> = totals
            .iter()
            .filter_map(|((subject, account), readings)| {
                let (subject, account) = (look.name(*subject)?, look.name(*account)?);
                Some(entry(account, subject, 0, *readings))
            })
            .collect();
        entries.sort();
        entries
    }
}

fn entry(account: &str, subject: &str, day: i32, readings: u64) -> Entry {
    Entry { account: account.to_owned(), subject: subject.to_owned(), day, readings }
}

/// Adds entries to sums; false when a name has no number yet.
pub(super) fn sum_up(sums: &mut Sums, look: &Look<'_>, entries: &[Entry]) -> bool {
    entries.iter().all(|entry| {
        let ids = look.id(&entry.subject).zip(look.id(&entry.account));
        ids.is_some_and(|(subject, account)| {
            *sums.entry((entry.day, subject, account)).or_default() += entry.readings;
            true
        })
    })
}

/// Writes sums.
pub(super) fn write(connection: &Connection, sums: &Sums) -> Result<(), JournalError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO ledger(day, subject, account, readings) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT(day, subject, account) DO UPDATE SET readings = readings + excluded.readings",
    )?;
    for ((day, subject, account), readings) in sums {
        statement.execute(params![day, subject, account, readings.cast_signed()])?;
    }
    Ok(())
}

/// The first day that is in it.
pub(super) fn first_day(connection: &Connection) -> Result<Option<i32>, JournalError> {
    Ok(connection.query_row("SELECT min(day) FROM ledger", [], |row| row.get(0))?)
}

/// The entries of `first <= day <= last`; all accounts, or some.
pub(super) fn entries(
    connection: &Connection,
    names: &Names,
    (first, last): (i32, i32),
    accounts: Option<&[String]>,
) -> Result<Vec<Entry>, JournalError> {
    let look = names.look();
    // A name without a number stands nowhere.
    let ids = accounts.map(|names| {
        let ids = names.iter().filter_map(|name| look.id(name));
        ids.map(|id| id.to_string()).collect::<Vec<_>>().join(", ")
    });
    let only = ids.map_or_else(String::new, |ids| format!(" AND account IN ({ids})"));
    let sql = "SELECT day, subject, account, readings FROM ledger WHERE day BETWEEN ?1 AND ?2";
    let mut statement = connection.prepare(&format!("{sql}{only}"))?;
    let rows = statement.query_map([first, last], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?))
    })?;
    let mut entries = Vec::new();
    for row in rows {
        let (day, subject, account, readings) = row?;
        if let (Some(subject), Some(account)) = (look.name(subject), look.name(account)) {
            entries.push(entry(account, subject, day, readings.cast_unsigned()));
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_local_midnight() {
        let mut days = Days::new(TimeZone::get("Asia/Shanghai").expect("zone"));
        let midnight = 1_795_449_600_000; // 2026-11-24 00:00 +08
        assert_eq!(days.of(Timestamp::from_ms(midnight - 1)), 20_780);
        assert_eq!(days.of(Timestamp::from_ms(midnight)), 20_781);
        assert_eq!(days.of(Timestamp::from_ms(midnight + DAY_MS - 1)), 20_781);
        assert_eq!(days.of(Timestamp::from_ms(midnight - 2)), 20_780);
        assert_eq!(Days::date(20_781), jiff::civil::date(2026, 11, 24));
        let mut summer = Days::new(TimeZone::get("Europe/Berlin").expect("zone"));
        let of = |text: &str| {
            let at: jiff::Timestamp = text.parse().expect("a time");
            Timestamp::from_ms(at.as_millisecond())
        };
        let before = summer.of(of("2026-03-29T21:59:59Z"));
        assert_eq!(summer.of(of("2026-03-29T22:00:00Z")), before + 1, "a day of 23 hours");
    }
}
