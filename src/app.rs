//! Builds every room and joins them; the only place that knows them all.
//!
//! Stopping goes with the river: first the sources, then the readers, then the journal, so that
//! what was read is kept and what was kept is on its way.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::alert::{self, AlertError, Alerts, Channels};
use crate::clock::SharedClock;
use crate::config::Hall;
use crate::counter;
use crate::history::{History, HistoryError};
use crate::influx::{self, InfluxError, Sink};
use crate::journal::{Journal, JournalError};
use crate::live::{Board, Live};
use crate::model::{Device, Text};
use crate::notify::{self, NotifyError};
use crate::past;
use crate::profile::Profile;
use crate::service;
use crate::source::{self, Sources, modbus, mqtt, own};
use crate::supervise::Supervisor;
use crate::tally::Tally;
use crate::web::{self, Web, WebError};

/// How long the sources may take to stop, then the readers. Together with the journal's last
/// commit under three seconds.
const SOURCES_PATIENCE: Duration = Duration::from_millis(1000);
const READERS_PATIENCE: Duration = Duration::from_millis(1200);

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The journal could not be opened.
    #[error("the journal in `{folder}` cannot be opened")]
    Journal {
        /// Its folder.
        folder: String,
        /// Why not.
        source: JournalError,
    },
    /// The broker's certificates cannot be used.
    #[error("MQTT cannot be listened to")]
    Mqtt(#[from] mqtt::TlsError),
    /// The alerts could not be started.
    #[error(transparent)]
    Alerts(#[from] AlertError),
    /// An InfluxDB target cannot be used.
    #[error("InfluxDB `{name}` cannot be used")]
    Influx {
        /// Name of the target.
        name: String,
        /// Why not.
        source: InfluxError,
    },
    /// A channel to people cannot be used.
    #[error("channel `{0}` cannot be used")]
    Channel(String, #[source] NotifyError),
    /// What was kept cannot be read.
    #[error("the history cannot be read")]
    History(#[from] HistoryError),
    /// A reader of the journal has no place in it.
    #[error("the journal cannot be read")]
    Reader(#[from] JournalError),
    /// The page cannot be served.
    #[error(transparent)]
    Web(#[from] WebError),
}

/// A running gateway.
pub struct App {
    sources: Supervisor,
    readers: Supervisor,
    journal: Journal,
}

/// What most rooms are handed.
#[derive(Clone)]
struct Common {
    journal: Journal,
    clock: SharedClock,
    tally: Tally,
}

impl App {
    /// Starts everything. `demo` is the banner of made-up data.
    ///
    /// # Errors
    /// [`AppError`]; nothing runs then. Devices, brokers and sinks that cannot be reached are no
    /// error: they are waited for.
    pub async fn start(
        hall: Hall,
        listener: TcpListener,
        clock: SharedClock,
        demo: Option<Text>,
    ) -> Result<Self, AppError> {
        let tally = Tally::new();
        let journal =
            Journal::open(&hall.journal, clock.clone(), tally.clone()).map_err(|source| {
                AppError::Journal { folder: hall.journal.folder.display().to_string(), source }
            })?;
        let common = Common { journal: journal.clone(), clock, tally: tally.clone() };
        let sources = Supervisor::new(tally.clone());
        let readers = Supervisor::new(tally);
        let app = Self { sources, readers, journal };
        match app.join(hall, listener, &common, demo).await {
            Ok(()) => Ok(app),
            Err(error) => {
                app.stop().await;
                Err(error)
            }
        }
    }

    async fn join(
        &self,
        hall: Hall,
        listener: TcpListener,
        common: &Common,
        demo: Option<Text>,
    ) -> Result<(), AppError> {
        hall.mqtt.as_ref().map_or(Ok(()), mqtt::Session::check)?;
        let Common { journal, clock, .. } = common.clone();
        let (history, packer) = History::open(&hall.history, &journal, clock.clone())?;
        let board = board(&hall, &history, common);
        let live = Live::new(board.clone());
        let of_service = hall.service.clone();
        let (service, watch) =
            service::Watch::open(of_service, live.clone(), journal.clone(), clock.clone())?;
        let devices = hall.devices.iter().map(|(device, _)| &**device);
        let former = past::remember(&common.journal, devices)?;
        let sinks = self.start_sinks(&hall, &history, &former, common)?;
        let (alerts_handle, alerts) =
            open_alerts(&hall, board, &service, &history, &sinks, common)?;
        let stop = self.readers.stop_signal();
        // A database that turns out corrupt ends the run: the next start mends it.
        let corrupt = common.journal.corrupt();
        let stopped = stop.clone();
        self.readers.vital("journal", async move {
            tokio::select! {
                () = corrupt.cancelled() => {}
                () = stopped.cancelled() => {}
            }
        });
        // Readers first: nothing that the sources bring goes by unseen.
        self.readers.vital("history", packer.run(stop.clone()));
        self.readers.vital("live", live.clone().run(common.journal.clone(), stop.clone()));
        self.readers.vital("service", watch.run(stop.clone()));
        self.readers.vital("alerts", alerts.run(stop.clone()));
        let counters = counter::Watch::open(common.journal.clone(), hall.devices.clone())?;
        self.readers.vital("counters", counters.run(stop.clone()));
        let channels = self.start_channels(&hall, common)?;
        let (states, monitor) = (Sources::new(), modbus::Monitor::new());
        let page = web::Context {
            live,
            alerts: Arc::new(alerts_handle),
            channels,
            service,
            hours: hall.service.clone(),
            journal: common.journal.clone(),
            sources: states.clone(),
            monitor: monitor.clone(),
            catalog: hall.catalog.clone(),
            taken: modbus::scan::Taken::of(&hall.modbus),
            sinks,
            tally: common.tally.clone(),
            clock: common.clock.clone(),
            zones: hall.zones.clone(),
            history,
            former,
        };
        let password_hash = hall.web.password_hash.clone();
        let config = web::Config { listen: hall.web.listen, password_hash, demo };
        let web = Web::new(config, page)?.with_door(hall.journal.folder.join(web::SOCKET_NAME));
        let supervisor = self.readers.clone();
        self.readers.vital("web", async move {
            if let Err(error) = web.serve(listener, supervisor).await {
                tracing::error!(%error, "the page is not served");
            }
        });
        self.start_sources(hall.modbus, hall.mqtt, common, &states, &monitor);
        Ok(())
    }

    fn start_sources(
        &self,
        modbus: Vec<modbus::Config>,
        mqtt: Option<mqtt::Config>,
        common: &Common,
        states: &Sources,
        monitor: &modbus::Monitor,
    ) {
        let stop = self.sources.stop_signal();
        let Common { journal, clock, tally } = common.clone();
        let context = source::Context { journal, clock, tally, sources: states.clone() };
        let (keeper, queue) = source::Keeper::new(modbus.len());
        let Common { journal, tally, .. } = common.clone();
        // It ends by itself when the pollers have.
        self.sources.spawn("keeper", move || queue.clone().run(journal.clone(), tally.clone()));
        for (pause, bus) in modbus::staggered(modbus.len()).zip(modbus) {
            let (keeper, context) = (keeper.clone(), context.clone());
            let (monitor, stop) = (monitor.clone(), stop.clone());
            self.sources.spawn(&format!("modbus {}", bus.name), move || {
                let (keeper, context) = (keeper.clone(), context.clone());
                modbus::Poller::new(bus.clone(), &monitor, keeper, context).run(pause, stop.clone())
            });
        }
        if let Some(broker) = mqtt {
            let (context, stop) = (context.clone(), stop.clone());
            self.sources.spawn("mqtt", move || {
                listen(mqtt::Session::new(broker.clone(), context.clone()), stop.clone())
            });
        }
        self.sources.spawn("own", move || own::run(context.clone(), stop.clone()));
    }

    fn start_channels(&self, hall: &Hall, common: &Common) -> Result<notify::Handle, AppError> {
        let Common { journal, clock, tally } = common.clone();
        let surroundings = notify::Surroundings {
            names: Arc::new(hall.names()),
            people: Arc::new(hall.notify.people.clone()),
            clock,
            wall: notify::Wall::default(),
        };
        let context = notify::Context { journal, tally, states: Channels::default(), surroundings };
        let started = notify::start(&hall.notify, &context, &self.readers);
        started.map_err(|(name, error)| AppError::Channel(name, error))
    }

    fn start_sinks(
        &self,
        hall: &Hall,
        history: &History,
        former: &[Device],
        common: &Common,
    ) -> Result<Vec<Sink>, AppError> {
        let devices = hall.devices.iter().map(|(device, _)| (**device).clone());
        let profiles =
            hall.devices.iter().map(|(device, profile)| (device.id.clone(), profile.clone()));
        let context = influx::Context {
            journal: common.journal.clone(),
            history: history.clone(),
            devices: devices.chain(own::device(&hall.zones)).chain(former.to_vec()).collect(),
            profiles: Arc::new(profiles.collect()),
            tally: common.tally.clone(),
            clock: common.clock.clone(),
        };
        let mut sinks = Vec::new();
        for target in &hall.influx {
            let sink = Sink::new(target.sink(&hall.site.id), context.clone())
                .map_err(|source| AppError::Influx { name: target.name.clone(), source })?;
            sinks.push(sink.clone());
            let stop = self.readers.stop_signal();
            self.readers
                .spawn(&format!("influx {}", target.name), move || sink.clone().run(stop.clone()));
        }
        Ok(sinks)
    }

    /// Cancelled when something ended that the gateway cannot live without.
    #[must_use]
    pub fn failed(&self) -> CancellationToken {
        self.readers.failed()
    }

    /// Stops everything, in the order of the flow.
    pub async fn stop(self) {
        self.sources.stop(SOURCES_PATIENCE).await;
        tracing::debug!("sources stopped");
        // Whoever does not stop in time has a cursor that is kept.
        self.readers.stop(READERS_PATIENCE).await;
        tracing::debug!("readers stopped");
        let journal = self.journal;
        if tokio::task::spawn_blocking(move || journal.close()).await.is_err() {
            tracing::error!("the journal was not closed in order; nothing committed is lost");
        }
        tracing::debug!("journal closed");
    }
}

async fn listen(session: mqtt::Session, stop: CancellationToken) {
    if let Err(error) = session.run(stop).await {
        tracing::error!(%error, "MQTT is not listened to");
    }
}

/// The alerts, with everything that they look after.
fn open_alerts(
    hall: &Hall,
    board: Board,
    service: &service::Handle,
    history: &History,
    sinks: &[Sink],
    common: &Common,
) -> Result<(alert::Handle, Alerts), AlertError> {
    let Common { journal, clock, .. } = common.clone();
    let rules = hall.alert.rules.clone();
    let (handle, alerts) = Alerts::open(journal, rules, board, service.clone(), clock)?;
    let alerts = alerts.with_hours(hall.service.clone());
    Ok((handle, alerts.watching(history.clone(), sinks.to_vec())))
}

/// A board filled with what is known from before.
fn board(hall: &Hall, history: &History, common: &Common) -> Board {
    let now = common.clock.now();
    let configured = hall.devices.iter().map(|(d, p)| (d.clone(), Some(p.clone())));
    let own = own::device(&hall.zones).map(|device| (Arc::new(device), None::<Arc<Profile>>));
    let lines = hall.modbus.iter().flat_map(|bus| {
        let name: Arc<str> = Arc::from(bus.name.as_str());
        bus.units.iter().map(move |unit| (unit.device.id.clone(), name.clone()))
    });
    let board = Board::new(hall.site.clone(), configured.chain(own), now);
    let mut board = board.with_lines(lines);
    let recalled = common.journal.archive().map_err(HistoryError::from);
    let recalled = recalled.and_then(|archive| board.recall(&archive, history, now));
    if let Err(error) = recalled {
        tracing::warn!(%error, "the page begins empty: the last readings cannot be read");
    }
    board
}
