//! Builds every room and joins them; the only place that knows them all.
//!
//! Stopping goes with the river: first the sources, then the readers, then the journal, so that
//! what was read is kept and what was kept is on its way.

mod open;
mod start;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::alert::{Accounts, AlertError, Channels, OverdueRepairs};
use crate::books::BooksError;
use crate::clock::SharedClock;
use crate::config::{Hall, WebSettings};
use crate::counter;
use crate::history::{History, HistoryError};
use crate::influx::InfluxError;
use crate::journal::{Journal, JournalError};
use crate::live::Live;
use crate::model::Text;
use crate::notify::NotifyError;
use crate::past;
use crate::repair::Repairs;
use crate::service;
use crate::source::{Sources, modbus, mqtt};
use crate::supervise::Supervisor;
use crate::tally::Tally;
use crate::web::{self, Web, WebError};

use open::{board, open_alerts};

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
    /// What people entered cannot be read.
    #[error("the books cannot be read")]
    Books(#[from] BooksError),
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
        let stage = hall.stage(history.clone(), common.journal.archive()?);
        let (told, states, monitor) = (Channels::default(), Sources::new(), modbus::Monitor::new());
        let (overdue, accounts) = (OverdueRepairs::default(), Accounts::default());
        let sinks = self.start_sinks(&hall, &history, &former, common)?;
        let (alerts_handle, alerts) =
            open_alerts(&hall, board, &service, (&history, &sinks), &told, common)?;
        let of_orders = (service.clone(), alerts_handle.clone());
        let (orders, repairs) =
            Repairs::open(hall.repair(), live.clone(), of_orders, journal, clock)?;
        open::tell_overdue(&orders, &overdue, &hall.site);
        let stop = self.readers.stop_signal();
        let counters = counter::Watch::open(common.journal.clone(), hall.devices.clone())?;
        self.readers.vital("journal", until_corrupt(common.journal.corrupt(), stop.clone()));
        // Readers first: nothing that the sources bring goes by unseen.
        self.readers.vital("history", packer.run(stop.clone()));
        self.readers.vital("live", live.clone().run(common.journal.clone(), stop.clone()));
        self.readers.vital("service", watch.run(stop.clone()));
        let alerts = alerts.hearing(overdue, monitor.clone()).told_by(accounts.clone());
        self.readers.vital("alerts", alerts.run(stop.clone()));
        self.readers.vital("repair", repairs.run(stop.clone()));
        self.readers.vital("counters", counters.run(stop.clone()));
        let channels = self.start_channels(&hall, &told, common)?;
        let reports = self.start_reports(&hall, &history, &sinks, common)?;
        let asked = reports.clone();
        accounts.ask_by(move || asked.accounts());
        let page = web::Context {
            live,
            alerts: Arc::new(alerts_handle),
            orders,
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
            reports,
            stage: Arc::new(stage),
        };
        let WebSettings { listen, password_hash, public_url, .. } = hall.web.clone();
        let config = web::Config { listen, password_hash, public_url, demo };
        let web = Web::new(config, page)?.with_door(hall.journal.folder.join(web::SOCKET_NAME));
        self.readers.vital("web", serve(web, listener, self.readers.clone()));
        self.start_sources(hall.modbus, hall.mqtt, common, &states, &monitor);
        Ok(())
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

async fn serve(web: Web, listener: TcpListener, supervisor: Supervisor) {
    if let Err(error) = web.serve(listener, supervisor).await {
        tracing::error!(%error, "the page is not served");
    }
}

/// A database that turns out corrupt ends the run: the next start mends it.
async fn until_corrupt(corrupt: CancellationToken, stop: CancellationToken) {
    tokio::select! {
        () = corrupt.cancelled() => {}
        () = stop.cancelled() => {}
    }
}
