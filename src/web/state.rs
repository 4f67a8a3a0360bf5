//! What every request sees: the other rooms, and the answers made of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use crate::influx::Recall;
use crate::live::DeviceLive;
use crate::model::{DeviceId, Timestamp};
use crate::past::{Past, Tables};
use crate::pv::Roof;
use crate::tally::Happening;

use super::auth::Auth;
use super::detect::Detections;
use super::feed::Feed;
use super::scan::Scans;
use super::visitor::Gate;
use super::{Config, Context, Limits, dto, is_loopback};

/// Recordings of traffic at once: each is somebody who looks for a fault.
const RECORDINGS_MAX: usize = 8;
/// Questions about the past at once, one of which may wait for an InfluxDB; others wait.
const PASTS_MAX: usize = 2;
/// Those in InfluxQL.
const QUERIES_MAX: usize = 1;

/// The state of the web server; read by all requests.
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) context: Context,
    pub(super) limits: Limits,
    pub(super) auth: Auth,
    pub(super) roof: Roof,
    pub(super) feed: Feed,
    /// One permit per connection.
    pub(super) connections: Arc<Semaphore>,
    /// One permit per recording of a device's traffic.
    pub(super) recordings: Arc<Semaphore>,
    /// The past, here and in the databases.
    pub(super) past: Past,
    /// The past, asked in InfluxQL.
    pub(super) tables: Tables,
    /// One permit per question about it; those in InfluxQL have their own.
    pub(super) pasts: Arc<Semaphore>,
    pub(super) queries: Arc<Semaphore>,
    /// One report at a time: each wants all that this machine has.
    pub(super) reports: Arc<Semaphore>,
    /// One rehearsal at a time.
    pub(super) rehearsing: Arc<Semaphore>,
    /// The scan that runs, or the last one.
    pub(super) scans: Arc<Scans>,
    /// The look at an unknown device that goes on, or the last one.
    pub(super) detections: Arc<Detections>,
    /// The reports that visitors sent lately.
    pub(super) gate: Mutex<Gate>,
    /// Only this machine can ask and no password is needed, so only its names may be asked for: a
    /// foreign page could otherwise ask through the browser. Behind a proxy with a password any
    /// name is right.
    pub(super) loopback_only: bool,
}

impl Shared {
    pub(super) fn new(config: Config, context: Context, limits: Limits) -> Self {
        let roof = Roof::new(
            context.live.clone(),
            context.journal.clone(),
            context.history.clone(),
            context.clock.clone(),
        );
        let databases = context.sinks.iter().map(Recall::from).collect();
        let past = Past::new(context.history.clone(), databases, context.clock.clone());
        let tables = context.live.look(|board| {
            let former = context.former.iter().cloned().map(Arc::new);
            let devices = board.iter().map(|live| live.device.clone());
            let devices: Vec<_> = devices.chain(former).collect();
            let (history, clock) = (context.history.clone(), context.clock.clone());
            Tables::new(history, clock, &board.site.id, &devices)
        });
        Self {
            auth: Auth::new(config.password_hash.clone()),
            roof,
            feed: Feed::new(limits.streams),
            connections: Arc::new(Semaphore::new(limits.connections)),
            recordings: Arc::new(Semaphore::new(RECORDINGS_MAX)),
            pasts: Arc::new(Semaphore::new(PASTS_MAX)),
            queries: Arc::new(Semaphore::new(QUERIES_MAX)),
            reports: Arc::new(Semaphore::new(1)),
            rehearsing: Arc::new(Semaphore::new(1)),
            past,
            tables,
            scans: Arc::default(),
            detections: Arc::default(),
            gate: Mutex::default(),
            loopback_only: is_loopback(config.listen.ip()) && config.password_hash.is_none(),
            config,
            context,
            limits,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// Open alerts per device.
    pub(super) fn alert_counts(&self) -> BTreeMap<DeviceId, usize> {
        let mut counts = BTreeMap::new();
        for id in self.context.alerts.open().into_iter().filter_map(|alert| alert.device) {
            *counts.entry(id).or_insert(0) += 1;
        }
        counts
    }

    /// All devices with their headline points.
    pub(super) fn devices(&self) -> dto::Devices {
        let (now, counts) = (self.now(), self.alert_counts());
        let devices = self.context.live.look(|board| {
            let peers = board.peers(now);
            let tile = |live: &DeviceLive| {
                let alerts = counts.get(&live.device.id).copied().unwrap_or(0);
                dto::Device::tile(live, &board.health(live, &peers), now, alerts)
            };
            board.iter().map(tile).collect()
        });
        dto::Devices { now_ms: now.ms(), devices }
    }

    /// One device with all its points.
    pub(super) fn device(&self, id: &str) -> Option<dto::DeviceAnswer> {
        let (now, counts) = (self.now(), self.alert_counts());
        let device = self.context.live.look(|board| {
            let live = board.get(id)?;
            let alerts = counts.get(id).copied().unwrap_or(0);
            Some(dto::Device::whole(live, board, now, alerts))
        })?;
        Some(dto::DeviceAnswer { now_ms: now.ms(), device })
    }

    pub(super) fn pv(&self) -> dto::Pv {
        let figures = self.roof.figures();
        dto::Pv::of(figures, self.now())
    }

    /// The alerts of a list, with the names of their devices.
    pub(super) fn alerts(&self, alerts: Vec<crate::alert::Alert>) -> dto::Alerts {
        let alerts = self
            .context
            .live
            .look(|board| alerts.into_iter().map(|alert| dto::Alert::of(alert, board)).collect());
        dto::Alerts { now_ms: self.now().ms(), alerts }
    }

    pub(super) fn system(&self) -> dto::System {
        let context = &self.context;
        let committed = context.tally.total(Happening::ReadingKept);
        let rejected = context.tally.labels(Happening::Rejected);
        dto::System {
            now_ms: self.now().ms(),
            journal: dto::Journal::of(&context.journal.status(), committed),
            sinks: context.sinks.iter().map(|sink| sink.look().into()).collect(),
            sources: context.sources.all().into_iter().map(dto::Source::from).collect(),
            rejected: rejected.into_iter().map(dto::Rejected::from).collect(),
        }
    }

    pub(super) fn refused(&self, why: &str) {
        self.context.tally.count(Happening::WebRefused, why);
    }
}
