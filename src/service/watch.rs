//! The task that watches how the machines serve: looks at the board, remembers, and shows.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::civil::Date;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::journal::{Cursor, Journal, JournalError};
use crate::live::Live;
use crate::model::{DeviceId, Timestamp};

use super::config::Config;
use super::finding::Finding;
use super::findings::{Scene, calendar_missing};
use super::forecast::{Supply, forecast};
use super::kpi::Kpi;
use super::ledger::{Ledger, Usage};
use super::machine::SUPPLIES;
use super::overview::{KindView, MachineView, Overview, RefillView, SupplyView};
use super::refill::{Stock, refill_list};
use super::seen::{self, Seen, month_of};

const CURSOR: &str = "service";
/// Time between two looks.
const LOOK: Duration = Duration::from_secs(5);
/// Months and forecasts are computed with every so many of them.
const SLOW: u64 = 6;
/// After so many every machine has been heard, or is late.
const LISTENING: u64 = 36;
/// The memory is kept with every so many.
const KEEP: u64 = 12;

#[derive(Default)]
struct Shown {
    overview: Arc<Overview>,
    findings: Arc<[Finding]>,
}

/// A view of how the machines serve. Clones share it.
#[derive(Clone, Default)]
pub struct Handle(Arc<RwLock<Shown>>);

impl Handle {
    /// What the page shows.
    #[must_use]
    pub fn overview(&self) -> Arc<Overview> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).overview.clone()
    }

    /// What is wrong.
    #[must_use]
    pub fn findings(&self) -> Arc<[Finding]> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).findings.clone()
    }
}

/// Watches the machines.
pub struct Watch {
    config: Config,
    live: Live,
    journal: Journal,
    clock: SharedClock,
    ledgers: BTreeMap<DeviceId, Ledger>,
    handle: Handle,
    looks: u64,
    /// Months and supplies of the last slow look, by device.
    slow: BTreeMap<DeviceId, (Kpi, Vec<SupplyView>)>,
}

impl Watch {
    /// Takes up where the last run stopped. Blocks.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(
        config: Config,
        live: Live,
        journal: Journal,
        clock: SharedClock,
    ) -> Result<(Handle, Self), JournalError> {
        let kept = journal.cursor(CURSOR)?.map(|(_, state)| state).unwrap_or_default();
        let kept: BTreeMap<String, Ledger> = match serde_json::from_slice(&kept) {
            Ok(kept) => kept,
            Err(_) if kept.is_empty() => BTreeMap::new(),
            Err(error) => {
                tracing::warn!(%error, "how the machines served before cannot be read");
                BTreeMap::new()
            }
        };
        let known = kept.into_iter().filter_map(|(id, ledger)| {
            let id = DeviceId::parse(&id).ok()?;
            config.devices.contains(&id).then_some((id, ledger))
        });
        let (ledgers, handle) = (known.collect(), Handle::default());
        let shown = handle.clone();
        let slow = BTreeMap::new();
        let mut watch = Self { config, live, journal, clock, ledgers, handle, looks: 0, slow };
        watch.look();
        Ok((shown, watch))
    }

    /// Runs until told to stop; keeps its memory at the end.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = ticks.tick() => self.look(),
            }
            if self.looks.is_multiple_of(KEEP) {
                self.keep().await;
            }
        }
        self.keep().await;
    }

    async fn keep(&self) {
        let by_id: BTreeMap<&str, &Ledger> =
            self.ledgers.iter().map(|(id, ledger)| (id.as_str(), ledger)).collect();
        let (name, position) = (CURSOR.to_owned(), self.journal.head());
        let state = serde_json::to_vec(&by_id).ok();
        let cursor = Cursor::new(name, position, state);
        if let Err(error) = self.journal.append_with_cursor(Vec::new(), cursor).await {
            tracing::warn!(%error, "how the machines served is not kept");
        }
    }

    fn look(&mut self) {
        let now = self.clock.now();
        let config = &self.config;
        let seen = self.live.look(|board| seen::all(board, &board.peers(now), config));
        for one in &seen {
            let Some(zone) = config.zone(&one.device.zone) else { continue };
            let ledger = self.ledgers.entry(one.device.id.clone()).or_default();
            ledger.take(&one.look, &zone.calendar, now);
        }
        if self.looks.is_multiple_of(SLOW) {
            self.slow = seen.iter().filter_map(|one| self.slow_look(one, now)).collect();
        }
        self.looks += 1;
        self.show(&seen, now);
    }

    /// The month and the forecasts of a machine.
    fn slow_look(&self, seen: &Seen, now: Timestamp) -> Option<(DeviceId, (Kpi, Vec<SupplyView>))> {
        let zone = self.config.zone(&seen.device.zone)?;
        let ledger = self.ledgers.get(&seen.device.id)?;
        let calendar = &zone.calendar;
        let begin = month_of(now, calendar.time_zone()).unwrap_or(now);
        let month = Kpi::of(begin, now, calendar, &ledger.stretches(now));
        let supplies = seen.supplies.iter().filter_map(|(n, left, sensor)| {
            let points = SUPPLIES.get(*n)?;
            let usage = ledger.usage(points.supply);
            let counts = usage.map(Usage::counts).unwrap_or_default();
            let refills = usage.map(Usage::refills).unwrap_or_default();
            let supply = Supply {
                counts: &counts,
                refills: &refills,
                left: *left,
                sensor: *sensor,
                low_means: None,
            };
            let left = seen.look.supplies.get(points.supply).and_then(|(left, _)| *left);
            let forecast = forecast(&supply, calendar, now);
            Some(SupplyView { supply: points.supply, left, forecast })
        });
        Some((seen.device.id.clone(), (month, supplies.collect())))
    }

    fn show(&self, seen: &[Seen], now: Timestamp) {
        let scene = Scene { config: &self.config, seen, ledgers: &self.ledgers, now };
        let mut findings = scene.findings();
        let (opening, not_ready) = scene.opening();
        // Who has just begun to listen does not know yet.
        findings.extend(not_ready.filter(|_| self.looks > LISTENING));
        let machines: Vec<MachineView> = seen.iter().map(|one| self.machine(one)).collect();
        let refill = self.refill(seen, &machines, now);
        for due in &refill {
            let supply = machines.get(due.machine).and_then(|m| m.supplies.get(due.supply));
            if let (Some(one), Some(supply)) = (seen.get(due.machine), supply) {
                findings.extend(scene.runs_out(one, supply.supply, due.urgency, due.at));
            }
        }
        let today = self.today(now);
        let missing_year = today.and_then(|today| self.config.holidays.missing(today));
        let missing = today.zip(missing_year);
        findings.extend(missing.map(|(today, year)| calendar_missing(year, today)));
        let overview = Overview {
            now: Some(now),
            kinds: kinds(&machines),
            refill,
            refill_by: self.refill_by(seen, now),
            opening,
            missing_year,
            machines,
        };
        let mut shown = self.handle.0.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Shown { overview: Arc::new(overview), findings: findings.into() };
    }

    fn machine(&self, seen: &Seen) -> MachineView {
        let (month, supplies) = self.slow.get(&seen.device.id).cloned().unwrap_or_default();
        let device = &seen.device;
        MachineView {
            device: device.id.clone(),
            name: device.name.clone(),
            kind: device.kind,
            zone: device.zone.clone(),
            condition: seen.condition,
            hurt: seen.hurt.clone(),
            reason: seen.reason.clone(),
            since: self.ledgers.get(&device.id).and_then(Ledger::since),
            month,
            supplies,
        }
    }

    /// The refill list in walking order.
    fn refill(&self, seen: &[Seen], machines: &[MachineView], now: Timestamp) -> Vec<RefillView> {
        let mut stocks = Vec::new();
        for (machine, (one, view)) in seen.iter().zip(machines).enumerate() {
            let Some(zone) = self.config.zone(&one.device.zone) else { continue };
            for (supply, shown) in view.supplies.iter().enumerate() {
                let sensor = one.supplies.get(supply).map(|(_, _, sensor)| *sensor);
                let Some(sensor) = sensor else { continue };
                let (forecast, calendar) = (&shown.forecast, &*zone.calendar);
                stocks.push(Stock { machine: (machine, supply), sensor, forecast, calendar });
            }
        }
        let mut list = refill_list(stocks, now);
        list.sort_by_key(|due| due.machine);
        let view = |due: super::refill::Due<(usize, usize)>| {
            let (machine, supply) = due.machine;
            RefillView { machine, supply, urgency: due.urgency, at: due.at }
        };
        list.into_iter().map(view).collect()
    }

    /// The close of the next working day, of the zones that close and have machines.
    fn refill_by(&self, seen: &[Seen], now: Timestamp) -> Option<Timestamp> {
        let of_zone = |zone: &super::config::ServiceZone| {
            let tomorrow = zone.calendar.date_of(now).tomorrow().ok()?;
            let day = zone.calendar.working_days(tomorrow).next()?;
            zone.calendar.close_of(day)
        };
        let of_machines = |zone: &&super::config::ServiceZone| {
            !zone.always && seen.iter().any(|seen| seen.device.zone == zone.id)
        };
        self.config.zones.iter().filter(of_machines).filter_map(of_zone).min()
    }

    fn today(&self, now: Timestamp) -> Option<Date> {
        Some(self.config.zones.first()?.calendar.date_of(now))
    }
}

fn kinds(machines: &[MachineView]) -> Vec<KindView> {
    let mut kinds: BTreeMap<_, Vec<&MachineView>> = BTreeMap::new();
    for machine in machines {
        kinds.entry(machine.kind).or_default().push(machine);
    }
    let view = |(kind, members): (_, Vec<&MachineView>)| {
        let serves = |machine: &&&MachineView| {
            use super::condition::Condition::{Degraded, Serving};
            matches!(machine.condition, Serving | Degraded)
        };
        let month = members.iter().map(|m| m.month).sum::<Kpi>();
        let serving = members.iter().filter(serves).count();
        KindView { kind, of: members.len(), serving, month }
    };
    kinds.into_iter().map(view).collect()
}

#[cfg(test)]
mod tests;
