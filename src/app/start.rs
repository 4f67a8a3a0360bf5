//! Starts what runs for itself: the sources, the channels to people, the databases.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::alert::Channels;
use crate::books::Books;
use crate::config::Hall;
use crate::daybook;
use crate::history::History;
use crate::influx::{self, Sink};
use crate::model::Device;
use crate::notify;
use crate::past::Past;
use crate::report::Reports;
use crate::source::{self, Sources, modbus, mqtt, own};

use super::{App, AppError, Common};

impl App {
    pub(super) fn start_sources(
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

    pub(super) fn start_channels(
        &self,
        hall: &Hall,
        told: &Channels,
        common: &Common,
    ) -> Result<notify::Handle, AppError> {
        let Common { journal, clock, tally } = common.clone();
        let surroundings = notify::Surroundings {
            names: Arc::new(hall.names()),
            people: Arc::new(hall.notify.people.clone()),
            clock,
            wall: notify::Wall::default(),
        };
        let context = notify::Context { journal, tally, states: told.clone(), surroundings };
        let started = notify::start(&hall.notify, &context, &self.readers);
        started.map_err(|(name, error)| AppError::Channel(name, error))
    }

    /// The reports, and who makes the days that are over before anybody asks for them.
    pub(super) fn start_reports(
        &self,
        hall: &Hall,
        history: &History,
        sinks: &[Sink],
        common: &Common,
    ) -> Result<Reports, AppError> {
        let Common { journal, clock, .. } = common.clone();
        let databases = sinks.iter().map(influx::Recall::from).collect();
        let past = Past::new(history.clone(), databases, clock.clone());
        let books = Books::open(&journal, clock.clone())?;
        let reports = hall.reports(past, books, journal.folder(), clock);
        let (daybook, devices) = (reports.daybook.clone(), reports.devices.clone());
        let stop = self.readers.stop_signal();
        self.readers.spawn("daybook", move || {
            daybook::keep(daybook.clone(), devices.clone(), stop.clone())
        });
        let (watched, stop) = (reports.clone(), self.readers.stop_signal());
        self.readers.spawn("reports", move || watched.clone().watch(stop.clone()));
        Ok(reports)
    }

    pub(super) fn start_sinks(
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
}

async fn listen(session: mqtt::Session, stop: CancellationToken) {
    if let Err(error) = session.run(stop).await {
        tracing::error!(%error, "MQTT is not listened to");
    }
}
