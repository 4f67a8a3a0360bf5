//! What figures are made of: the days of the devices, what their registers counted, and what people
//! entered beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::civil::Date;

use crate::books::{Book, Entry, What};
use crate::daybook::{Booked, Day, DaybookError, Known, booked, shown};
use crate::energy::{Amount, Class, Posting, by_time};
use crate::model::{DeviceId, DeviceKind, Text, Timestamp};
use crate::past::Origin;
use crate::sky::sun;

use super::building::Meter;
use super::make::{Progress, Reports};
use super::meters::Counted;
use super::period::Period;

/// Whoever reads a meter at the end of a period may do so on the morning after.
const READ_LATE_MS: i64 = 24 * 3_600_000;
/// What inverters count.
const MADE: &str = "energy_total_wh";

/// Days of a device by their dates.
pub(super) type ByDate = BTreeMap<Date, Arc<Day>>;

/// What a period is gathered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Its own report.
    Whole,
    /// To be compared with: energies, and not what machines counted.
    Energies,
}

impl Depth {
    /// Whether devices of a kind are gathered.
    const fn wants(self, kind: DeviceKind) -> bool {
        let energies =
            matches!(kind, DeviceKind::Inverter | DeviceKind::Meter | DeviceKind::Weather);
        energies || kind.is_kiosk() && matches!(self, Self::Whole)
    }
}

/// What was gathered of all devices.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) days: BTreeMap<DeviceId, ByDate>,
    pub(super) counted: Vec<Counted>,
    /// What machines counted: pages, tickets, services.
    pub(super) machines: Vec<Counted>,
    /// Meters that are no longer configured and have readings: nobody knows what they stood for.
    pub(super) left_out: Vec<Text>,
    /// Databases that did not tell what they have, and why not.
    pub(super) silent: BTreeSet<String>,
}

impl Reports {
    /// The days of all devices that matter, two devices at a time: one is read while the other is worked
    /// through.
    pub(super) async fn gather(
        &self,
        period: Period,
        depth: Depth,
        progress: Progress<'_>,
    ) -> Result<Gathered, DaybookError> {
        let matter = |known: &&Known| depth.wants(known.0.kind);
        let devices: Vec<&Known> =
            self.devices.iter().chain(self.former.iter()).filter(matter).collect();
        let done = AtomicUsize::new(0);
        let lane = async |parity: usize| {
            let mut gathered = Gathered::default();
            for known in devices.iter().skip(parity).step_by(2) {
                self.gather_one(known, period, &mut gathered).await?;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, devices.len());
            }
            Ok::<_, DaybookError>(gathered)
        };
        let (even, odd) = tokio::join!(lane(0), lane(1));
        let (mut gathered, odd) = (even?, odd?);
        gathered.days.extend(odd.days);
        gathered.counted.extend(odd.counted);
        gathered.silent.extend(odd.silent);
        gathered.machines.extend(odd.machines);
        gathered.left_out.extend(odd.left_out);
        // As they stand in the file.
        let place = |counted: &Counted| devices.iter().position(|known| known.0.id == counted.id);
        gathered.counted.sort_by_key(place);
        gathered.machines.sort_by_key(place);
        gathered.counted.extend(self.by_hand(period));
        stand_for_inverters(&mut gathered.counted);
        Ok(gathered)
    }

    async fn gather_one(
        &self,
        known: &Known,
        period: Period,
        gathered: &mut Gathered,
    ) -> Result<(), DaybookError> {
        let device = &known.0;
        let days = self.daybook.closed_days(known, period.first(), period.last()).await?;
        for part in days.parts {
            if let Origin::Nowhere(Some(error)) = part.origin {
                gathered.silent.insert(error.to_string());
            }
        }
        let days: ByDate = days.days.into_iter().collect();
        let is_former = self.former.iter().any(|former| former.0.id == device.id);
        if is_former && device.kind != DeviceKind::Inverter {
            let mut own = days.range(period.first()..=period.last());
            if device.kind == DeviceKind::Meter && own.any(|(_, day)| day.readings > 0) {
                gathered.left_out.push(device.name.clone());
            }
            return Ok(());
        }
        let (book, whole) = (self.books.book(), (period.first(), period.last()));
        for point in counters(device.kind) {
            let mut booked = self.book(device.kind, &days, point);
            let kiosk = device.kind.is_kiosk();
            let entered = self.enter(&book, (device.id.as_str(), point), whole, &mut booked);
            if entered || self.knows(&booked, period) {
                let (id, name, meter) =
                    (device.id.clone(), device.name.clone(), self.meter(&device.id));
                let device = Some(device.clone());
                let makes = *point == MADE;
                let of_period = days.range(..=period.last()).map(|(_, day)| day.as_ref());
                let shown = shown(of_period, point);
                let one = Counted { id, name, device, meter, point, makes, booked, shown };
                if kiosk { gathered.machines.push(one) } else { gathered.counted.push(one) }
            }
        }
        gathered.days.insert(device.id.clone(), days);
        Ok(())
    }

    fn meter(&self, id: &DeviceId) -> Option<Meter> {
        self.config.meters.iter().find(|meter| meter.device == *id).cloned()
    }

    /// What the meters counted that people read.
    fn by_hand(&self, period: Period) -> Vec<Counted> {
        let (book, whole) = (self.books.book(), (period.first(), period.last()));
        let mut counted = Vec::new();
        // Whoever reads at the month's end reads early the next day.
        let end = self.daybook.start(period.next().first());
        let after = end.plus_ms(READ_LATE_MS);
        for own in &self.config.by_hand {
            let (id, point) = (own.id.as_str(), own.supply.point());
            let readings = book.readings(id, point);
            let readings: Vec<_> = readings.into_iter().filter_map(|entry| entry.shown()).collect();
            let mut booked = Booked::by_hand(&readings);
            let entered = self.enter(&book, (id, point), whole, &mut booked);
            if entered || self.knows(&booked, period) {
                let meter = self.meter(&own.id);
                let (id, name) = (own.id.clone(), own.name.clone());
                let (device, makes) = (None, false);
                let before = |time: &Timestamp| *time < after;
                let of_period: Vec<_> =
                    readings.iter().filter(|(time, ..)| before(time)).copied().collect();
                let shown = Booked::by_hand(&of_period).pieces;
                counted.push(Counted { id, name, device, meter, point, makes, booked, shown });
            }
        }
        counted
    }

    /// Whether a register says something of a period: it was read before its end, and in it or after it.
    fn knows(&self, booked: &Booked, period: Period) -> bool {
        let start = self.daybook.start(period.first()).ms();
        let end = self.daybook.start(period.next().first()).ms();
        booked.pieces.iter().any(|piece| piece.first.0 < end && piece.last.0 >= start)
    }

    /// Adds what people entered of a point that no register knows; whether there was something of the
    /// period.
    fn enter(
        &self,
        book: &Book,
        (device, point): (&str, &str),
        (begin, end): (Date, Date),
        booked: &mut Booked,
    ) -> bool {
        let mut entered = false;
        for entry in book.of(device, point) {
            let What::Counted { first, last, amount, estimated } = entry.what else { continue };
            if first > end || last < begin {
                continue;
            }
            let end = last.tomorrow().unwrap_or(last);
            let (from, to) = (self.daybook.start(first), self.daybook.start(end));
            let class = if estimated { Class::Estimated } else { Class::Manual };
            booked.add(&Posting { from, to, amount, class });
            entered = true;
        }
        entered
    }

    /// What a meter counted in some days by its register and by what people entered, as far as that is known.
    ///
    /// # Errors
    /// [`DaybookError`].
    pub async fn counted(
        &self,
        meter: &str,
        point: &str,
        (first, last): (Date, Date),
    ) -> Result<Amount, DaybookError> {
        let book = self.books.book();
        let mut booked = match self.devices.iter().find(|known| known.0.id.as_str() == meter) {
            Some(known) => {
                let days = self.daybook.closed_days(known, first, last).await?.days;
                self.book(known.0.kind, &days.into_iter().collect(), point)
            }
            None => {
                let readings = book.readings(meter, point);
                let readings: Vec<_> = readings.into_iter().filter_map(Entry::shown).collect();
                Booked::by_hand(&readings)
            }
        };
        let end = last.tomorrow().unwrap_or(last);
        let (from, to) = (self.daybook.start(first), self.daybook.start(end));
        self.enter(&book, (meter, point), (first, last), &mut booked);
        Ok(booked.grid.sums(from, to).total())
    }

    /// What a register counted; over a gap an inverter counts while the sun is up.
    fn book(&self, kind: DeviceKind, days: &ByDate, point: &str) -> Booked {
        let sunny = |from: Timestamp, to: Timestamp| {
            let middle = from.plus_ms(to.since_ms(from) / 2);
            let sun = sun(self.site.latitude_deg, self.site.longitude_deg, middle);
            sun.elevation_deg.to_radians().sin().max(0.0) * by_time(from, to)
        };
        let days = days.values().map(AsRef::as_ref);
        match kind {
            DeviceKind::Inverter => booked(days, point, &sunny),
            _ => booked(days, point, &by_time),
        }
    }
}

/// Where no inverter is read, the meters behind them tell what the roof makes: by their register that counted
/// more, for they are turned either way.
fn stand_for_inverters(counted: &mut [Counted]) {
    if counted.iter().any(|one| one.makes) {
        return;
    }
    let all = |one: &Counted| one.booked.grid.slots().map(|(_, sums)| sums.total().units()).sum();
    let behind = counted.iter().filter(|one| one.is_behind_inverters());
    let amounts: Vec<(DeviceId, &str, f64)> =
        behind.map(|one| (one.id.clone(), one.point, all(one))).collect();
    for one in counted.iter_mut().filter(|one| one.is_behind_inverters()) {
        let own = amounts.iter().filter(|(id, ..)| *id == one.id);
        let most = own.max_by(|a, b| a.2.total_cmp(&b.2));
        one.makes = most.is_some_and(|(_, point, _)| *point == one.point);
    }
}

/// The counters that reports are made of, by the kind of the device.
const fn counters(kind: DeviceKind) -> &'static [&'static str] {
    match kind {
        DeviceKind::Inverter => &[MADE],
        DeviceKind::Meter => &[
            "energy_import_wh",
            "energy_export_wh",
            "water_total_m3",
            "gas_total_m3",
            "heat_total_mj",
        ],
        kind if kind.is_kiosk() => &["pages_total", "tickets_total", "transactions_total"],
        _ => &[],
    }
}
