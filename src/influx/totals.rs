//! Totals of local days and months: written soon after midnight, and again when readings come late.
//!
//! The ledger says of how many delivered readings the totals of a device and day were made. Where more
//! have been delivered since, they are made again, from the history; so after every kill and every
//! outage what is missing is found by itself. A line that is sent again overwrites itself: its time is
//! the local midnight at which the day or month begins.
//!
//! What a counter counted between two readings is shared out over the time between them. So with a day
//! its neighbours are made again, as far as the next readings on either side.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use jiff::civil::Date;
use tokio::time::Instant;

use crate::counter::Nature;
use crate::history::{Asked, Folds, HistoryError, Window, Windows};
use crate::journal::{Days, Entry, Journal, JournalError};
use crate::model::{Device, DeviceId, DeviceKind, Timestamp};

use super::account;
use super::batch::Batch;
use super::courier::{Courier, Settled, Stopped};
use super::line::{Encoder, Total};
use super::recall::Recall;
use super::shared::Touched;
use super::sink::Sink;
use super::status::Class;

/// Days before today that are looked through at a start.
const LOOK_BACK_DAYS: i32 = 400;
/// The next reading on either side is looked for so far away, in days.
const NEIGHBOUR_DAYS: i32 = 31;
/// After midnight the last readings of the day are given time to arrive.
const AFTER_MIDNIGHT_MS: i64 = 30_000;

/// Why totals are not made at the moment.
#[derive(Debug, thiserror::Error)]
enum TotalsError {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the ledger could not be read")]
    BrokenOff,
}

/// Readings of a device and day that the server has, and of how many of them its totals were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Delivered {
    taken: u64,
    totalled: u64,
}

/// The days of a device that count.
type DaysOf = BTreeMap<i32, Delivered>;

/// Makes the totals that are due.
pub(super) struct DayTotals {
    /// When they were looked at last, and which day it was; at a start everything is looked at.
    looked: Option<(Instant, i32)>,
}

/// The totals of one device that are to be sent, and what the ledger is told afterwards.
struct Made {
    device: DeviceId,
    totals: Vec<Total>,
    entries: Vec<Entry>,
}

impl DayTotals {
    pub(super) const fn new() -> Self {
        Self { looked: None }
    }

    /// Makes and sends what is due, one body after the other. Called while nothing else is owed.
    pub(super) async fn send(
        &mut self,
        courier: &mut Courier,
        encoder: &Encoder,
    ) -> Result<(), Stopped> {
        let sink = courier.sink.clone();
        if !sink.config.totals {
            return Ok(());
        }
        let mut days = sink.journal.days();
        let today = days.of(sink.clock.now().plus_ms(-AFTER_MIDNIGHT_MS));
        let waited = |(at, day): (Instant, i32)| {
            day != today || at.elapsed() >= sink.config.limits.totals_every
        };
        if self.looked.is_some_and(|looked| !waited(looked)) {
            return Ok(());
        }
        let touched = sink.shared.take_touched(today);
        let first = match self.looked {
            Some(_) => touched.keys().next().copied(),
            None => Some(today.saturating_sub(LOOK_BACK_DAYS)),
        };
        let Some(first) = first else {
            self.looked = Some((Instant::now(), today));
            return Ok(());
        };
        let first = first.min(touched.keys().next().copied().unwrap_or(first));
        match send_due(courier, encoder, &touched, first..=today.saturating_sub(1)).await? {
            Ok(true) => self.looked = Some((Instant::now(), today)),
            // Gaps and jobs go first; then it goes on, with what the ledger says is still due.
            Ok(false) => {
                self.looked = None;
                sink.shared.give_back(touched);
            }
            Err(error) => {
                // Looked at again as at a start.
                self.looked = None;
                sink.shared.give_back(touched);
                courier.trouble(Class::Journal, None, error.to_string());
                courier.wait(sink.config.limits.refused_pause).await?;
            }
        }
        Ok(())
    }
}

/// Makes and sends what is due; false where something else is owed by now.
async fn send_due(
    courier: &mut Courier,
    encoder: &Encoder,
    touched: &Touched,
    days: RangeInclusive<i32>,
) -> Result<Result<bool, TotalsError>, Stopped> {
    let sink = courier.sink.clone();
    let (first, last) = (*days.start(), *days.end());
    let ledger = match ledger(&sink, first.saturating_sub(NEIGHBOUR_DAYS)..=last).await {
        Ok(ledger) => ledger,
        Err(error) => return Ok(Err(error)),
    };
    let (mut entries, mut failed, none) = (Vec::new(), None, DaysOf::new());
    courier.batch = Batch::default();
    for device in sink.devices.iter().filter(|device| device.kind != DeviceKind::Gateway) {
        let held = ledger.get(&device.id).unwrap_or(&none);
        let due = due(held, first, touched);
        if due.is_empty() {
            continue;
        }
        let made = tokio::select! {
            biased;
            () = courier.stop.cancelled() => return Err(Stopped),
            made = make(&sink, device, held, &due, last) => made,
        };
        let made = match made {
            Ok(made) => made,
            // The others have theirs all the same.
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        for total in &made.totals {
            let mut line = String::new();
            encoder.total(&made.device, total, &mut line);
            let limits = &sink.config.limits;
            if !courier.batch.push_line(&line, made.device.clone(), total.start, limits) {
                carry(courier, &mut entries).await?;
                courier.batch.push_line(&line, made.device.clone(), total.start, limits);
            }
        }
        entries.extend(made.entries);
        if courier.shared.look(|lanes| lanes.gap().is_some() || lanes.job().is_some()) {
            carry(courier, &mut entries).await?;
            return Ok(Ok(false));
        }
    }
    carry(courier, &mut entries).await?;
    Ok(failed.map_or(Ok(true), Err))
}

/// Sends the body, and says in the ledger of which days the totals are sent.
async fn carry(courier: &mut Courier, entries: &mut Vec<Entry>) -> Result<(), Stopped> {
    if courier.batch.len() == 0 && entries.is_empty() {
        return Ok(());
    }
    let mut pace = courier.sink.pace();
    courier.begin();
    while courier.batch.len() > 0 {
        match courier.settle().await? {
            Settled::Done(condemned) => {
                let lines = condemned.iter().map(|found| found.lines.len()).sum::<usize>();
                if let Some(first) = condemned.first() {
                    // Nothing is set aside: they stay due, and are made again after the next start.
                    entries.clear();
                    tracing::warn!(sink = %courier.name(), lines, message = %first.message,
                        "InfluxDB refuses totals of days or months for good");
                }
                break;
            }
            Settled::Later => courier.later(&mut pace).await?,
        }
    }
    let had_lines = courier.batch.len() > 0;
    courier.batch = Batch::default();
    let stored =
        courier.shared.change(&courier.sink.journal, &[], entries.as_slice(), |_| ()).await;
    entries.clear();
    match stored {
        Ok(()) => {}
        Err(JournalError::Closed) => return Err(Stopped),
        // They are sent once more after the next start.
        Err(error) => courier.trouble(Class::Journal, None, error.to_string()),
    }
    courier.taken(had_lines);
    Ok(())
}

/// What the ledger says of this sink, for each device.
async fn ledger(
    sink: &Sink,
    days: RangeInclusive<i32>,
) -> Result<BTreeMap<DeviceId, DaysOf>, TotalsError> {
    let (journal, name) = (sink.journal.clone(), sink.config.name.clone());
    let read = move || read_ledger(&journal, &name, days);
    tokio::task::spawn_blocking(read).await.map_err(|_| TotalsError::BrokenOff)?
}

fn read_ledger(
    journal: &Journal,
    sink: &str,
    days: RangeInclusive<i32>,
) -> Result<BTreeMap<DeviceId, DaysOf>, TotalsError> {
    let mut found: BTreeMap<DeviceId, DaysOf> = BTreeMap::new();
    let accounts = [account::DELIVERED, account::RECOVERED, account::TOTALLED];
    let accounts = accounts.map(|end| account::of(sink, end));
    for entry in journal.ledger_of(&accounts, *days.start(), *days.end())? {
        let end = account::parse(&entry.account).filter(|(name, _)| *name == sink);
        let Some((_, end)) = end else { continue };
        let Ok(device) = DeviceId::parse(&entry.subject) else { continue };
        let delivered = found.entry(device).or_default().entry(entry.day).or_default();
        match end {
            account::DELIVERED | account::RECOVERED => delivered.taken += entry.readings,
            account::TOTALLED => delivered.totalled += entry.readings,
            _ => {}
        }
    }
    Ok(found)
}

/// The days whose totals are to be made: those with readings that they were not made of, and as far
/// as the next readings on either side; and those that were sent once more.
fn due(days: &DaysOf, first: i32, touched: &Touched) -> BTreeSet<i32> {
    let mut due: BTreeSet<i32> =
        touched.iter().filter(|(_, anyhow)| **anyhow).map(|(day, _)| *day).collect();
    let held = |(day, delivered): (&i32, &Delivered)| (delivered.taken > 0).then_some(*day);
    for (day, delivered) in days.range(first..) {
        // More totalled than taken is a ledger of which a part was lost: nothing new came.
        if delivered.taken <= delivered.totalled {
            continue;
        }
        let before = days.range(..*day).filter_map(held).next_back();
        let after = days.range(day.saturating_add(1)..).filter_map(held).next();
        let near = |other: &i32| (other - day).abs() <= NEIGHBOUR_DAYS;
        due.extend(before.filter(near).unwrap_or(*day)..=after.filter(near).unwrap_or(*day));
    }
    due
}

/// Makes the totals of some days of a device and of the months that they are in.
async fn make(
    sink: &Sink,
    device: &Device,
    ledger: &DaysOf,
    due: &BTreeSet<i32>,
    last: i32,
) -> Result<Made, TotalsError> {
    let months: BTreeSet<Date> = due.iter().map(|day| Days::date(*day).first_of_month()).collect();
    let mut totals = Vec::new();
    for month in months {
        totals.extend(make_month(sink, device, month, due, last).await?);
    }
    let entry = |day: &i32| {
        let Delivered { taken, totalled } = *ledger.get(day)?;
        let readings = taken.saturating_sub(totalled);
        let account = account::of(&sink.config.name, account::TOTALLED);
        let entry = Entry { account, subject: device.id.to_string(), day: *day, readings };
        (readings > 0).then_some(entry)
    };
    let entries = due.iter().filter_map(entry).collect();
    Ok(Made { device: device.id.clone(), totals, entries })
}

/// The totals of a month as far as it has gone, and of those of its days that are due. What is not in
/// the history is asked back from the database; where it does not tell, only days are made that are
/// here as a whole.
async fn make_month(
    sink: &Sink,
    device: &Device,
    month: Date,
    due: &BTreeSet<i32>,
    last: i32,
) -> Result<Vec<Total>, TotalsError> {
    let days = sink.journal.days();
    let first = Days::number(month);
    let last = Days::number(month.last_of_month()).min(last);
    let (from, to) = (days.start(first), days.start(last.saturating_add(1)));
    let points = sink.history.points(device.id.clone(), from, to).await?;
    let profile = sink.profiles.get(&device.id).map(std::convert::AsRef::as_ref);
    let asked = points.into_iter().filter_map(|point| {
        let nature = Nature::of(&point, profile, device.rated_power_w)?;
        (!nature.daily).then_some(Asked { point, counter: Some(nature), hold_ms: 0 })
    });
    let asked: Vec<Asked> = asked.collect();
    if asked.is_empty() || from >= to {
        return Ok(Vec::new());
    }
    let since = sink.history.since(device.id.clone()).await?.unwrap_or(from).max(from);
    let windows = || Windows::days(from, to, sink.journal.zone());
    let mut folds = Folds::new(asked.clone(), windows()?);
    let whole = since <= from || recall(sink, &device.id, &mut folds, (from, since)).await;
    if !whole {
        folds = Folds::new(asked.clone(), windows()?);
    }
    let folds = sink.history.fold(device.id.clone(), folds, since, to).await?;
    let counted = folds.end(sink.clock.now());
    let mut sums = Sums::default();
    for (asked, windows) in asked.iter().zip(&counted) {
        for (day, window) in (first..).zip(windows) {
            if whole {
                sums.add(&asked.point, (from, false), window);
            }
            if due.contains(&day) && (whole || window.start >= since) {
                sums.add(&asked.point, (window.start, true), window);
            }
        }
    }
    Ok(sums.totals())
}

/// Gathers what the database has of `from <= time < to`; false where it does not tell all of it.
async fn recall(
    sink: &Sink,
    device: &DeviceId,
    folds: &mut Folds,
    (from, to): (Timestamp, Timestamp),
) -> bool {
    let (points, database) = (folds.points(), Recall::from(sink));
    let mut at = from;
    while at < to {
        let end = at.plus_ms(Recall::span_ms(points.len())).min(to);
        let Ok(numbers) = database.numbers(device, &points, at, end).await else { return false };
        folds.take_all(numbers);
        at = end;
    }
    true
}

/// What was counted, by the measurement's class and the window's beginning.
#[derive(Default)]
struct Sums(BTreeMap<(bool, Timestamp, bool), Total>);

impl Sums {
    fn add(&mut self, point: &str, (start, day): (Timestamp, bool), window: &Window) {
        let Some(increase) = window.increase else { return };
        let energy = point.starts_with("energy_") || point.starts_with("irradiation_");
        let measurement = match (energy, day) {
            (true, true) => "energy_day",
            (true, false) => "energy_month",
            (false, true) => "count_day",
            (false, false) => "count_month",
        };
        let empty = || Total { measurement, start, fields: BTreeMap::new(), readings: 0 };
        let total = self.0.entry((energy, start, day)).or_insert_with(empty);
        *total.fields.entry(field(point)).or_default() += increase;
        total.readings = total.readings.saturating_add(window.count);
    }

    fn totals(self) -> Vec<Total> {
        self.0.into_values().collect()
    }
}

/// `energy_total_wh` is `energy_wh` of a day; `tickets_total` are its `tickets`.
fn field(point: &str) -> String {
    point.replace("_total", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(days: &[(i32, u64, u64)]) -> DaysOf {
        let of = |(day, taken, totalled): &(i32, u64, u64)| {
            (*day, Delivered { taken: *taken, totalled: *totalled })
        };
        days.iter().map(of).collect()
    }

    #[test]
    fn a_day_is_due_with_its_neighbours_up_to_the_next_readings() {
        let none = Touched::new();
        let all =
            |days: &[(i32, u64, u64)]| due(&ledger(days), 0, &none).into_iter().collect::<Vec<_>>();
        assert_eq!(all(&[(5, 10, 10), (6, 10, 10)]), Vec::<i32>::new());
        assert_eq!(all(&[(5, 10, 10), (6, 10, 9), (7, 10, 10), (8, 4, 4)]), vec![5, 6, 7]);
        // Between the fifth and the ninth nothing was read: what was counted is shared out over them.
        assert_eq!(all(&[(5, 10, 10), (9, 10, 0)]), vec![5, 6, 7, 8, 9]);
        assert_eq!(all(&[(5, 10, 10), (99, 10, 0)]), vec![99], "too far away");
        assert_eq!(
            all(&[(5, 10, 12)]),
            Vec::<i32>::new(),
            "nothing new, whatever was counted before"
        );
        let later = ledger(&[(5, 10, 0), (8, 10, 0)]);
        assert_eq!(due(&later, 6, &none).into_iter().collect::<Vec<_>>(), vec![5, 6, 7, 8]);
        // What somebody had sent once more, and only that.
        let touched = Touched::from([(5, true), (6, false)]);
        assert_eq!(due(&ledger(&[(5, 9, 9), (6, 9, 9)]), 0, &touched), BTreeSet::from([5]));
    }

    #[test]
    fn a_total_is_named_without_the_word() {
        assert_eq!(field("energy_total_wh"), "energy_wh");
        assert_eq!(field("energy_import_wh"), "energy_import_wh");
        assert_eq!(field("tickets_total"), "tickets");
    }
}
