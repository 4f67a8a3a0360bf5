//! Today, kept up to date from the journal.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::history::History;
use crate::journal::{Batch, Journal, JournalError, Kinds};
use crate::live::{Board, DeviceLive, HealthState, Live};
use crate::model::{DeviceId, DeviceKind, Position, Record, Timestamp};
use crate::sky;

use super::day::Nameplate;
use super::today::Today;

/// Records taken from the journal in one go.
const RECORDS_PER_STEP: usize = 500;
/// Readings looked at for the evening before: enough to find a counter of a slow table.
const EVENING_READINGS: usize = 200;
/// How often the calendar is looked at when nothing comes.
const TURN_EVERY: Duration = Duration::from_secs(10);

/// The roof now and today.
#[derive(Debug, Clone, PartialEq)]
pub struct Pv {
    /// Sum over the inverters that report. Zero when all sleep, `None` when it is not known.
    pub power_w: Option<f64>,
    /// Sum of the nameplates.
    pub rated_power_w: f64,
    /// Inverters with a fresh power.
    pub inverters_reporting: usize,
    /// All inverters.
    pub inverters_total: usize,
    /// Energy of today, watt-hours.
    pub energy_today_wh: Option<f64>,
    /// Set when today is not whole: counted only since then.
    pub energy_today_since: Option<Timestamp>,
    /// Height of the sun.
    pub sun_elevation_deg: f64,
    /// Sunrise of today.
    pub sunrise: Option<Timestamp>,
    /// Sunset of today.
    pub sunset: Option<Timestamp>,
    /// Mean power per step of today.
    pub curve: Vec<(Timestamp, Option<f64>)>,
}

/// The roof. Clones share it.
#[derive(Clone)]
pub struct Roof {
    live: Live,
    journal: Journal,
    history: History,
    clock: SharedClock,
    /// `None` until the past of today has been read.
    today: Arc<RwLock<Option<Today>>>,
}

/// Readings up to `until` may have been read from the archive already.
struct Known {
    until: Position,
    newest: BTreeMap<DeviceId, Timestamp>,
}

impl Roof {
    /// A roof that knows nothing of today until [`Roof::run`] has read it.
    #[must_use]
    pub fn new(live: Live, journal: Journal, history: History, clock: SharedClock) -> Self {
        Self { live, journal, history, clock, today: Arc::default() }
    }

    /// The figures at this moment.
    #[must_use]
    pub fn figures(&self) -> Pv {
        let now = self.clock.now();
        let (mut pv, site) = self.live.look(|board| (power_now(board, now), board.site.clone()));
        pv.sun_elevation_deg = sky::sun(site.latitude_deg, site.longitude_deg, now).elevation_deg;
        let today = self.today.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(today) = today.as_ref() {
            let energy = today.energy();
            pv.energy_today_wh = energy.map(|energy| energy.wh);
            pv.energy_today_since = energy.and_then(|energy| energy.since);
            pv.sunrise = today.sun().rise;
            pv.sunset = today.sun().set;
            pv.curve = today.curve(now);
        }
        pv
    }

    /// Reads today's past once, then follows the journal until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                again = self.one_life() => if !again { return },
            }
            // A clock that jumps about must not keep the disk busy.
            tokio::time::sleep(TURN_EVERY).await;
        }
    }

    /// Until the journal is closed (false) or the day has to be built anew (true).
    async fn one_life(&self) -> bool {
        let mut reader = self.journal.reader_from(self.journal.head(), Kinds::Readings);
        let known = self.rebuild().await;
        loop {
            match tokio::time::timeout(TURN_EVERY, reader.next(RECORDS_PER_STEP)).await {
                Ok(Ok(batch)) => self.take(&batch, &known),
                Ok(Err(JournalError::Closed)) => return false,
                Ok(Err(error)) => {
                    tracing::error!(%error, "the roof cannot read the journal");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(_) => {}
            }
            let mut today = self.today.write().unwrap_or_else(PoisonError::into_inner);
            if !today.as_mut().is_some_and(|today| today.turn(self.clock.now())) {
                tracing::warn!("the clock was set to another day; today is read anew");
                *today = None;
                return true;
            }
        }
    }

    fn take(&self, batch: &Batch, known: &Known) {
        let now = self.clock.now();
        let mut today = self.today.write().unwrap_or_else(PoisonError::into_inner);
        let Some(today) = today.as_mut() else { return };
        for (position, record) in &batch.records {
            let Record::Reading(reading) = &**record else { continue };
            let newest = known.newest.get(&reading.device);
            let twice = *position <= known.until && newest.is_some_and(|t| reading.time <= *t);
            if !twice {
                today.take(reading, now);
            }
        }
    }

    /// Reads the evening before and today from the archive, one inverter after the other. What
    /// cannot be read is missing from today; the rest is shown.
    async fn rebuild(&self) -> Known {
        let now = self.clock.now();
        let (site, inverters) = self.live.look(|board| {
            let pair = |live: &DeviceLive| {
                let plate = Nameplate::of(live.profile.as_deref(), live.device.rated_power_w);
                (live.device.id.clone(), plate)
            };
            (board.site.clone(), inverters(board).map(pair).collect::<Vec<_>>())
        });
        let mut newest = BTreeMap::new();
        if let Some(mut today) = Today::new(site, inverters, now) {
            for id in today.ids() {
                if let Err(error) = self.rebuild_one(&mut today, &id).await {
                    tracing::error!(device = %id, %error, "today's past could not be read");
                }
                let time = today.inverter(&id).and_then(|inverter| inverter.newest);
                newest.extend(time.map(|time| (id, time)));
            }
            *self.today.write().unwrap_or_else(PoisonError::into_inner) = Some(today);
        }
        Known { until: self.journal.head(), newest }
    }

    async fn rebuild_one(
        &self,
        today: &mut Today,
        id: &DeviceId,
    ) -> Result<(), crate::history::HistoryError> {
        let day = today.day();
        let Some(mut inverter) = today.inverter(id).cloned() else { return Ok(()) };
        let before = self.history.last_before(id.clone(), day.start, EVENING_READINGS).await?;
        for reading in before.iter().rev() {
            inverter.take(&day, reading);
        }
        let until = day.end.min(self.clock.now().plus_ms(1));
        let visit = move |inverter: &mut super::day::InverterDay, reading: &_| {
            inverter.take(&day, reading);
        };
        let inverter = self.history.walk(id.clone(), day.start, until, inverter, visit).await?;
        today.set_inverter(id.clone(), inverter);
        Ok(())
    }
}

fn inverters(board: &Board) -> impl Iterator<Item = &DeviceLive> {
    board.iter().filter(|live| live.device.kind == DeviceKind::Inverter)
}

fn power_now(board: &Board, now: Timestamp) -> Pv {
    let all: Vec<_> = inverters(board).collect();
    let fresh: Vec<f64> = all.iter().filter_map(|live| fresh_power_w(live, now)).collect();
    // A step of reasoning, not a measurement: who sleeps makes nothing.
    let asleep = || {
        let peers = board.peers(now);
        let asleep = |live: &&DeviceLive| board.health(live, &peers).state == HealthState::Asleep;
        !all.is_empty() && all.iter().all(asleep)
    };
    let power_w = match fresh.iter().copied().reduce(|a, b| a + b) {
        None if asleep() => Some(0.0),
        sum => sum,
    };
    Pv {
        power_w,
        rated_power_w: all.iter().filter_map(|live| live.device.rated_power_w).sum(),
        inverters_reporting: fresh.len(),
        inverters_total: all.len(),
        energy_today_wh: None,
        energy_today_since: None,
        sun_elevation_deg: 0.0,
        sunrise: None,
        sunset: None,
        curve: Vec::new(),
    }
}

/// The power of an inverter that was heard lately. Its own clock may be wrong by hours, so the
/// age is that of the message; the power has to be part of what it said last.
fn fresh_power_w(live: &DeviceLive, now: Timestamp) -> Option<f64> {
    let power = live.points.get("ac_power_w")?;
    let limit_ms = live.device.stale_after_ms;
    let heard = now.since_ms(live.last_received?) <= limit_ms;
    let of_late = live.last_seen?.since_ms(power.time) <= limit_ms;
    let measured = power.quality.is_measured();
    power.value.as_f64().filter(|w| heard && of_late && measured && w.is_finite())
}
