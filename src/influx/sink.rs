//! The task that carries readings from the journal to one InfluxDB.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::journal::{Journal, Kinds};
use crate::model::Device;
use crate::tally::Tally;

use super::client::Client;
use super::config::Config;
use super::error::InfluxError;
use super::pace::Pace;
use super::run::Run;
use super::status::SinkStatus;

/// One InfluxDB that readings go to. Clones are the same sink; one of them is to be run.
#[derive(Clone)]
pub struct Sink {
    pub(super) config: Arc<Config>,
    pub(super) client: Client,
    pub(super) journal: Journal,
    pub(super) devices: Arc<[Device]>,
    pub(super) tally: Tally,
    pub(super) clock: SharedClock,
    pub(super) status: watch::Sender<SinkStatus>,
}

impl Sink {
    /// A sink for the readings of `devices`; those of other devices are sent with fewer tags.
    ///
    /// # Errors
    /// A mistake in the configuration.
    pub fn new(
        config: Config,
        journal: Journal,
        devices: Arc<[Device]>,
        tally: Tally,
        clock: SharedClock,
    ) -> Result<Self, InfluxError> {
        config.check()?;
        let client = Client::new(&config, clock.clone())?;
        let (status, _) = watch::channel(SinkStatus::new(&config.name));
        Ok(Self { config: Arc::new(config), client, journal, devices, tally, clock, status })
    }

    /// The status, refreshed at least once a second while there is something to deliver.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<SinkStatus> {
        self.status.subscribe()
    }

    /// Name of the journal's cursor of the sink of this name.
    #[must_use]
    pub fn cursor_name(name: &str) -> String {
        format!("influx:{name}")
    }

    /// Delivers until `stop` is cancelled or the journal is closed. A request in flight is then
    /// given a second.
    pub async fn run(self, stop: CancellationToken) {
        let name = Self::cursor_name(&self.config.name);
        let mut pace = self.pace();
        let reader = loop {
            match self.journal.reader(&name, Kinds::Readings) {
                Ok(reader) => break reader,
                Err(error) => {
                    tracing::error!(sink = %self.config.name, %error, "no place in the journal");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(pace.pause()) => {}
                    }
                }
            }
        };
        Run::new(self, stop, reader).deliver().await;
    }

    pub(super) fn pace(&self) -> Pace {
        Pace::new(self.config.limits.pause_min, self.config.limits.pause_max)
    }
}
