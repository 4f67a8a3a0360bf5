//! The task that carries readings from the journal to one InfluxDB.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::history::History;
use crate::journal::{Journal, JournalError, Kinds};
use crate::model::{Device, DeviceId, Timestamp};
use crate::profile::Profile;
use crate::tally::Tally;

use super::client::Client;
use super::config::Config;
use super::error::InfluxError;
use super::lanes::Lanes;
use super::pace::Pace;
use super::run::deliver;
use super::shared::Shared;
use super::status::SinkStatus;

/// What a sink is handed.
#[derive(Clone)]
pub struct Context {
    /// Where readings come from.
    pub journal: Journal,
    /// Where those are that are no longer there.
    pub history: History,
    /// The devices, for their tags.
    pub devices: Arc<[Device]>,
    /// Their profiles, for what their counters can do.
    pub profiles: Arc<HashMap<DeviceId, Arc<Profile>>>,
    /// The counters of the process.
    pub tally: Tally,
    /// The wall clock.
    pub clock: SharedClock,
}

/// One InfluxDB that readings go to. Clones are the same sink; one of them is to be run.
#[derive(Clone)]
pub struct Sink {
    pub(super) config: Arc<Config>,
    pub(super) client: Client,
    pub(super) journal: Journal,
    pub(super) history: History,
    pub(super) devices: Arc<[Device]>,
    pub(super) profiles: Arc<HashMap<DeviceId, Arc<Profile>>>,
    pub(super) tally: Tally,
    pub(super) clock: SharedClock,
    pub(super) status: watch::Sender<SinkStatus>,
    pub(super) shared: Arc<Shared>,
}

impl Sink {
    /// A sink for the readings of the devices; those of other devices are sent with fewer tags.
    ///
    /// # Errors
    /// A mistake in the configuration, or a journal that cannot be read.
    pub fn new(config: Config, context: Context) -> Result<Self, InfluxError> {
        config.check()?;
        let Context { journal, history, devices, profiles, tally, clock } = context;
        let client = Client::new(&config, clock.clone())?;
        let lanes = lanes_of(&journal, &config.name)
            .map_err(|error| InfluxError::Place { name: config.name.clone(), error })?;
        let (status, _) = watch::channel(SinkStatus::new(&config.name));
        let shared = Arc::new(Shared::new(&config.name, lanes));
        let config = Arc::new(config);
        let sink = Self {
            config,
            client,
            journal,
            history,
            devices,
            profiles,
            tally,
            clock,
            status,
            shared,
        };
        sink.publish();
        Ok(sink)
    }

    /// Name of the sink.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The status, refreshed at least once a second while there is something to deliver.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<SinkStatus> {
        self.status.subscribe()
    }

    /// The status at this moment.
    #[must_use]
    pub fn look(&self) -> SinkStatus {
        self.status.borrow().clone()
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
        deliver(self, stop, reader).await;
    }

    pub(super) fn pace(&self) -> Pace {
        Pace::new(self.config.limits.pause_min, self.config.limits.pause_max)
    }
}

/// Where the sink of this name stands. What the journal dropped while no sink had this name is sent
/// from the history; a new name begins with what is in the journal.
fn lanes_of(journal: &Journal, name: &str) -> Result<Lanes, JournalError> {
    let cursor = journal.cursor(&Sink::cursor_name(name))?;
    let known = cursor.is_some();
    let mut lanes = Lanes::open(cursor);
    match journal.dropped(lanes.cursor())? {
        Some(dropped) if known => lanes.step_over(dropped),
        Some(dropped) => lanes = Lanes::begin(dropped.through),
        None => {}
    }
    Ok(lanes)
}

/// Readings that the sink of this name owes, by device: those of the journal that it has neither
/// delivered nor passed over, as far as its place is kept. `None` where they are more than `most`.
/// Blocks for as long as the disk needs.
///
/// # Errors
/// [`JournalError::Storage`].
pub fn owed(
    journal: &Journal,
    name: &str,
    from: Timestamp,
    to: Timestamp,
    most: u64,
) -> Result<Option<BTreeMap<String, u64>>, JournalError> {
    let (lanes, head) = (lanes_of(journal, name)?, journal.head());
    if lanes.owed(head) > most {
        return Ok(None);
    }
    journal.count(&lanes.ranges(head), from, to).map(Some)
}
