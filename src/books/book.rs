//! What stands in the books. Pure: a record is judged first, kept, and only then made part of it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::energy::Amount;
use crate::model::Timestamp;

use super::entry::{Entry, Taken, What};
use super::error::BooksError;
use super::seal::{Role, Seal, Sealed, Signature};

/// Longest name of a person and longest reason, characters.
const NAME_MAX: usize = 64;
const REASON_MAX: usize = 500;
/// 2000-01-01: before it a time is in seconds, or no time.
const OLDEST_MS: i64 = 946_684_800_000;
/// Longest span of one entry, days.
const DAYS_MAX: i32 = 400;
/// A day, milliseconds; and how many times as much in it as ever before is believed.
const DAY_MS: f64 = 86_400_000.0;
const TIMES_MAX: f64 = 10.0;

/// A record, as the journal has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Record {
    Entry(Entry),
    Taken(Taken),
    Sealed(Sealed),
    Signature(Signature),
    /// A report was mailed; revision 0 was not closed.
    Mailed {
        period: String,
        revision: u32,
        to: Vec<String>,
        time_ms: i64,
    },
}

/// The books.
#[derive(Debug, Clone)]
pub struct Book {
    /// In which times are told.
    zone: TimeZone,
    entries: Vec<Entry>,
    taken: Vec<Taken>,
    seals: Vec<Seal>,
    signatures: Vec<Signature>,
    /// Period and revision of what was mailed.
    mailed: Vec<(String, u32)>,
}

impl Book {
    pub(super) const fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            entries: Vec::new(),
            taken: Vec::new(),
            seals: Vec::new(),
            signatures: Vec::new(),
            mailed: Vec::new(),
        }
    }

    fn told(&self, time: Timestamp) -> String {
        let time = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
        self.zone.to_datetime(time).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// Makes a record part of the books.
    pub(super) fn apply(&mut self, record: Record) {
        match record {
            Record::Entry(entry) => self.entries.push(entry),
            Record::Taken(taken) => self.taken.push(taken),
            Record::Sealed(sealed) => self.seals.push(sealed.seal),
            Record::Signature(signature) => self.signatures.push(signature),
            Record::Mailed { period, revision, .. } => self.mailed.push((period, revision)),
        }
    }

    /// All entries, in their order; with who took one back.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, Option<&Taken>)> {
        self.entries.iter().map(|entry| (entry, self.taken.iter().find(|t| t.id == entry.id)))
    }

    /// The entries of a point of a meter that count.
    pub fn of<'a>(&'a self, device: &'a str, point: &'a str) -> impl Iterator<Item = &'a Entry> {
        let counts = self.entries().filter(|(_, taken)| taken.is_none()).map(|(entry, _)| entry);
        counts.filter(move |entry| entry.device == device && entry.point == point)
    }

    /// What a register showed, in the order of time.
    #[must_use]
    pub fn readings<'a>(&'a self, device: &'a str, point: &'a str) -> Vec<&'a Entry> {
        let mut readings: Vec<&Entry> =
            self.of(device, point).filter(|entry| entry.shown().is_some()).collect();
        readings.sort_by_key(|entry| entry.shown().map(|(time, ..)| time));
        readings
    }

    /// All seals, in their order.
    #[must_use]
    pub fn seals(&self) -> &[Seal] {
        &self.seals
    }

    /// The last revision of a period.
    #[must_use]
    pub fn seal(&self, period: &str) -> Option<&Seal> {
        self.seals.iter().rev().find(|seal| seal.period == period)
    }

    /// Who signed a revision.
    pub fn signatures<'a>(&'a self, seal: &'a Seal) -> impl Iterator<Item = &'a Signature> {
        let own = |signature: &&Signature| {
            signature.period == seal.period && signature.revision == seal.revision
        };
        self.signatures.iter().filter(own)
    }

    /// Whether a revision of a period was mailed; 0 is one that was not closed.
    #[must_use]
    pub fn mailed(&self, period: &str, revision: u32) -> bool {
        self.mailed.iter().any(|(sent, which)| sent == period && *which == revision)
    }

    /// The number of the next entry.
    pub(super) fn next_id(&self) -> u64 {
        self.entries.iter().map(|entry| entry.id).max().unwrap_or_default() + 1
    }

    /// Whether an entry may be made.
    pub(super) fn judge_entry(&self, entry: &Entry, now: Timestamp) -> Result<(), BooksError> {
        named(&entry.who)?;
        not_long(&entry.why)?;
        match &entry.what {
            What::Shown { at_ms, value, first } => {
                let at = Timestamp::from_ms(*at_ms);
                if at > now {
                    return Err(BooksError::Ahead(self.told(at)));
                }
                if at.ms() < OLDEST_MS {
                    return Err(BooksError::TooOld(self.told(at)));
                }
                if *value < Amount::ZERO {
                    return Err(BooksError::Negative(value.units()));
                }
                self.judge_reading(entry, (at, *value, *first))
            }
            What::Counted { first, last, amount, .. } => {
                reasoned(&entry.why)?;
                self.judge_amount(entry, (*first, *last), *amount, now)
            }
        }
    }

    /// Whether so much may have been counted in these days.
    fn judge_amount(
        &self,
        entry: &Entry,
        (first, last): (Date, Date),
        amount: Amount,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let days = last.since(first).map(|span| span.get_days()).unwrap_or(i32::MAX);
        if first > last || days > DAYS_MAX {
            return Err(BooksError::NoSpan(format!("{first} … {last}")));
        }
        let now = jiff::Timestamp::from_millisecond(now.ms()).unwrap_or_default();
        if last > self.zone.to_datetime(now).date() {
            return Err(BooksError::Ahead(last.to_string()));
        }
        // What takes away is about days that are counted already.
        if amount < Amount::ZERO {
            return Ok(());
        }
        let overlaps = |other: &&Entry| match other.what {
            What::Counted { first: from, last: to, amount, .. } => {
                from <= last && first <= to && amount >= Amount::ZERO
            }
            What::Shown { .. } => false,
        };
        match self.of(&entry.device, &entry.point).find(overlaps) {
            Some(other) => Err(BooksError::Overlaps(other.id)),
            None => Ok(()),
        }
    }

    /// Whether a register may have shown that then.
    fn judge_reading(
        &self,
        entry: &Entry,
        (at, value, first): (Timestamp, Amount, bool),
    ) -> Result<(), BooksError> {
        let readings = self.readings(&entry.device, &entry.point);
        let readings: Vec<_> = readings.into_iter().filter_map(Entry::shown).collect();
        if readings.iter().any(|(time, ..)| *time == at) {
            return Err(BooksError::Twice(self.told(at)));
        }
        let before = readings.iter().rev().find(|(time, ..)| *time < at);
        let after = readings.iter().find(|(time, ..)| *time > at);
        // A new register may begin anywhere, and another one may come after this.
        let low = before.filter(|_| !first).is_some_and(|(_, other, _)| value < *other);
        let high = after.is_some_and(|(_, other, new)| !new && value > *other);
        if low || high {
            let told = |other: Option<&(Timestamp, Amount, bool)>| {
                other.map_or_else(|| "—".to_owned(), |(_, value, _)| value.units().to_string())
            };
            let (before, after) = (told(before), told(after));
            return Err(BooksError::Backwards { value: value.units(), before, after });
        }
        if first || !entry.why.trim().is_empty() {
            return Ok(());
        }
        let own_before = readings.iter().take_while(|(time, ..)| *time < at);
        implausible(own_before, (at, value))
    }

    /// Whether an entry may be taken back.
    pub(super) fn judge_taken(&self, taken: &Taken) -> Result<(), BooksError> {
        named(&taken.who)?;
        reasoned(&taken.why)?;
        match self.entries().find(|(entry, _)| entry.id == taken.id) {
            None => Err(BooksError::NoEntry(taken.id)),
            Some((_, Some(by))) => Err(BooksError::TakenBack(taken.id, by.who.clone())),
            Some((_, None)) => Ok(()),
        }
    }

    /// Whether a period may be closed with figures of this hash; the revision that it becomes.
    pub(super) fn judge_seal(
        &self,
        period: &str,
        hash: &str,
        (who, why): (&str, &str),
    ) -> Result<u32, BooksError> {
        named(who)?;
        not_long(why)?;
        let Some(last) = self.seal(period) else { return Ok(1) };
        if last.hash == hash {
            return Err(BooksError::Same(period.to_owned()));
        }
        reasoned(why)?;
        Ok(last.revision + 1)
    }

    /// Whether the last revision of a period may be signed.
    pub(super) fn judge_signature(
        &self,
        period: &str,
        role: Role,
        who: &str,
    ) -> Result<u32, BooksError> {
        named(who)?;
        let seal = self.seal(period).ok_or_else(|| BooksError::NotClosed(period.to_owned()))?;
        let signed: Vec<&Signature> = self.signatures(seal).collect();
        if signed.iter().any(|signature| signature.role == role) {
            return Err(BooksError::Signed(period.to_owned()));
        }
        let before = Role::ALL.iter().take_while(|before| **before != role).count();
        if signed.len() < before {
            return Err(BooksError::TooEarly(role.as_str().to_owned()));
        }
        let plain = |name: &str| name.split_whitespace().collect::<String>();
        let made = signed.iter().any(|s| s.role == Role::Made && plain(&s.who) == plain(who));
        if role != Role::Made && made {
            return Err(BooksError::SamePerson(who.to_owned()));
        }
        Ok(seal.revision)
    }
}

fn named(who: &str) -> Result<(), BooksError> {
    if who.trim().is_empty() {
        return Err(BooksError::NoName(who.to_owned()));
    }
    limited(who, NAME_MAX)
}

fn reasoned(why: &str) -> Result<(), BooksError> {
    if why.trim().is_empty() {
        return Err(BooksError::NoReason);
    }
    not_long(why)
}

fn not_long(why: &str) -> Result<(), BooksError> {
    limited(why, REASON_MAX)
}

fn limited(words: &str, max: usize) -> Result<(), BooksError> {
    match words.chars().count() > max {
        true => Err(BooksError::TooLong(words.chars().take(16).collect())),
        false => Ok(()),
    }
}

/// A reading by which far more was used in a day than ever before on this register is a slip of the hand, unless
/// somebody says why.
fn implausible<'a>(
    before: impl Iterator<Item = &'a (Timestamp, Amount, bool)>,
    (at, value): (Timestamp, Amount),
) -> Result<(), BooksError> {
    let days = |from: Timestamp, to: Timestamp| {
        #[allow(clippy::cast_precision_loss)] // days of years
        let days = to.since_ms(from) as f64 / DAY_MS;
        days.max(1.0)
    };
    let (mut last, mut most): (Option<(Timestamp, Amount)>, Option<f64>) = (None, None);
    for (time, shown, new) in before {
        if let Some((since, other)) = last.filter(|_| !new) {
            let rate = (shown.units() - other.units()) / days(since, *time);
            most = Some(most.map_or(rate, |most: f64| most.max(rate)));
        }
        last = Some((*time, *shown));
    }
    let (Some((since, other)), Some(most)) = (last, most.filter(|most| *most > 0.0)) else {
        return Ok(());
    };
    let times = (value.units() - other.units()) / days(since, at) / most;
    if times <= TIMES_MAX {
        return Ok(());
    }
    Err(BooksError::Implausible { value: value.units(), times: times.round() })
}
