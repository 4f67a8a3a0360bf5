//! The virtual hall: everything started together, moved once a second, stopped together.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::clock::SharedClock;
use crate::model::Timestamp;
use crate::profile::{Catalog, Profile, Protocol};

use super::broker::Broker;
use super::chronicle::Lived;
use super::document::{self, ConfigDevice};
use super::error::SimulateError;
use super::image::{ModelLayout, RegisterImage, register_image, sunspec_image};
use super::inverter::Condition;
use super::kiosk::{Kiosk, KioskTrouble};
use super::modbus::ModbusServer;
use super::plant::Plant;
use super::roster::{self, Shown};
use super::script::Script;
use super::session::Session;
use super::units::Units;
use super::values::Values;
use super::weather::Place;

/// Images change once a second; a gateway that asks more often sees the same values twice.
const TICK: Duration = Duration::from_secs(1);
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How a hall is to be.
#[derive(Clone)]
pub struct HallOptions {
    /// Port of the broker on 127.0.0.1; 0 for any free one.
    pub broker_port: u16,
    /// Where it stands, and the seed of its weather and visitors.
    pub place: Place,
    /// The time of its devices.
    pub clock: SharedClock,
    /// What goes wrong.
    pub script: Script,
    /// Time between two messages of a machine to which nothing happens.
    pub heartbeat: Duration,
    /// Where its past ended, if it had one.
    pub past: Option<Lived>,
}

impl HallOptions {
    /// The demo: Beijing's latitude, at a longitude where it is 10:30 in the morning now and with
    /// the clocks of that place, with troubles.
    #[must_use]
    pub fn demo(clock: SharedClock) -> Self {
        let longitude_deg = demo_longitude_deg(clock.now());
        let time_zone = jiff::tz::TimeZone::get(&nautical_zone(longitude_deg));
        let place = Place {
            latitude_deg: 39.9,
            longitude_deg,
            time_zone: time_zone.unwrap_or(jiff::tz::TimeZone::UTC),
            seed: 1,
        };
        let heartbeat = Duration::from_secs(u64::from(document::KIOSK_INTERVAL_S));
        Self { broker_port: 0, place, clock, script: Script::Troubles, heartbeat, past: None }
    }
}

/// The longitude at which it is 10:30 by the mean sun now, degrees east, −180 to 180.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn demo_longitude_deg(now: Timestamp) -> f64 {
    const MS_PER_DAY: i64 = 86_400_000;
    let utc_hours = now.ms().rem_euclid(MS_PER_DAY) as f64 / 3_600_000.0;
    let longitude = (10.5 - utc_hours) * 15.0 + 180.0;
    // Rounded, because it is written into a file that people read.
    ((longitude.rem_euclid(360.0) - 180.0) * 100.0).round() / 100.0
}

/// The zone of a longitude by the sea's rule, a full hour every 15 degrees. The tz database counts
/// these westwards: `Etc/GMT-5` is five hours ahead of Greenwich.
fn nautical_zone(longitude_deg: f64) -> String {
    #[allow(clippy::cast_possible_truncation)] // −12 to 12
    let hours = (longitude_deg / 15.0).round() as i32;
    match hours {
        0 => "Etc/GMT".to_owned(),
        ahead @ 1.. => format!("Etc/GMT-{ahead}"),
        behind => format!("Etc/GMT+{}", -behind),
    }
}

/// A virtual device behind a socket.
#[derive(Debug)]
pub struct ModbusDevice {
    /// Its id in the configuration.
    pub id: String,
    /// Where it answers.
    pub address: SocketAddr,
    /// As which unit.
    pub unit: u8,
    /// The units of its socket, to make it misbehave.
    pub units: Units,
    profile: Arc<Profile>,
    shown: Shown,
}

/// A running hall. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Hall {
    broker: Broker,
    servers: Vec<ModbusServer>,
    devices: Arc<Vec<ModbusDevice>>,
    tasks: JoinSet<()>,
    config: String,
}

impl Hall {
    /// Builds the hall and starts everything in it. All devices answer when this returns; the
    /// machines' first messages come within the next second.
    ///
    /// # Errors
    /// [`SimulateError`], if a profile is missing or a socket cannot be had.
    pub async fn start(options: HallOptions, profiles: &Catalog) -> Result<Self, SimulateError> {
        let port = options.broker_port;
        let broker = tokio::task::spawn_blocking(move || Broker::start(port))
            .await
            .map_err(|lost| SimulateError::Start { what: "broker", source: lost.into() })??;
        let start = options.clock.now();
        let lived = options.past.clone().unwrap_or_else(|| Lived::new(&options.place, start));
        let Lived { plant, kiosks } = lived;
        let (servers, devices) = serve_modbus(profiles).await?;
        for device in &devices {
            device.units.set_image(device.unit, device.image(&plant)?);
        }
        for (kiosk, _) in roster::kiosks() {
            let profile = roster::profile_of(kiosk.kind);
            profiles.get(profile).ok_or(SimulateError::NoProfile(profile))?;
        }
        let devices = Arc::new(devices);
        let mut tasks = JoinSet::new();
        let strings = start_kiosks(&options, broker.address(), kiosks, &mut tasks);
        let config = document::hall_toml(&options.place, broker.address(), &config_of(&devices));
        let mover = Mover { plant, devices: devices.clone(), strings, options, start };
        tasks.spawn(mover.run());
        Ok(Self { broker, servers, devices, tasks, config })
    }

    /// A complete configuration for this hall.
    #[must_use]
    pub fn config_toml(&self) -> String {
        self.config.clone()
    }

    /// Where the broker listens.
    #[must_use]
    pub const fn broker_address(&self) -> SocketAddr {
        self.broker.address()
    }

    /// The Modbus device of this id.
    #[must_use]
    pub fn device(&self, id: &str) -> Option<&ModbusDevice> {
        self.devices.iter().find(|device| device.id == id)
    }

    /// Number of sockets that speak Modbus.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.servers.len()
    }

    /// Stops everything; takes less than a second.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        self.servers.clear();
        // It waits for a thread, which must not hold up others on this one.
        let mut broker = self.broker;
        tokio::task::spawn_blocking(move || broker.stop()).await.ok();
    }
}

impl ModbusDevice {
    fn image(&self, plant: &Plant) -> Result<RegisterImage, SimulateError> {
        image_of(&self.profile, &self.shown.values(plant))
    }
}

fn image_of(profile: &Profile, values: &Values) -> Result<RegisterImage, SimulateError> {
    const LAYOUT: [ModelLayout; 3] = [
        ModelLayout { model: 1, instances: 0 },
        ModelLayout { model: 103, instances: 0 },
        ModelLayout { model: 160, instances: 2 },
    ];
    match &profile.protocol {
        Protocol::Sunspec { plan, .. } => sunspec_image(plan, &LAYOUT, values),
        _ => register_image(profile, values),
    }
}

/// Starts the sockets: one for the three inverters behind a dongle, one for each other device.
async fn serve_modbus(
    profiles: &Catalog,
) -> Result<(Vec<ModbusServer>, Vec<ModbusDevice>), SimulateError> {
    let dongle = ModbusServer::start(ANY_PORT, Units::default()).await?;
    let dongle_address = dongle.address();
    let dongle_units = dongle.units().clone();
    let mut servers = vec![dongle];
    let mut devices = Vec::new();
    let mut dongle_unit = 0;
    for (id, profile_id, shown) in roster::behind_modbus() {
        let profile = profiles.get(profile_id).ok_or(SimulateError::NoProfile(profile_id))?;
        let (address, unit, units) = if profile_id == roster::HUAWEI {
            dongle_unit += 1;
            (dongle_address, dongle_unit, dongle_units.clone())
        } else {
            let server = ModbusServer::start(ANY_PORT, Units::default()).await?;
            let found = (server.address(), unit_of(profile), server.units().clone());
            servers.push(server);
            found
        };
        devices.push(ModbusDevice { id, address, unit, units, profile: profile.clone(), shown });
    }
    Ok((servers, devices))
}

fn unit_of(profile: &Profile) -> u8 {
    match &profile.protocol {
        Protocol::Registers { bus, .. } | Protocol::Sunspec { bus, .. } => bus.unit,
        Protocol::Mqtt(_) => 1,
    }
}

fn config_of(devices: &[ModbusDevice]) -> Vec<ConfigDevice> {
    let placed = |device: &ModbusDevice| ConfigDevice {
        id: device.id.clone(),
        profile: device.profile.id.clone(),
        address: device.address,
        unit: device.unit,
    };
    devices.iter().map(placed).collect()
}

type Strings = BTreeMap<String, watch::Sender<Vec<KioskTrouble>>>;

/// Starts the machines; the answer holds the strings by which the script moves them.
fn start_kiosks(
    options: &HallOptions,
    broker: SocketAddr,
    kiosks: Vec<Kiosk>,
    tasks: &mut JoinSet<()>,
) -> Strings {
    let mut strings = Strings::new();
    let count = u32::try_from(kiosks.len()).unwrap_or(u32::MAX).max(1);
    for (i, kiosk) in (0u32..).zip(kiosks) {
        let (string, troubles) = watch::channel(Vec::new());
        strings.insert(kiosk.spec().id.clone(), string);
        let session = Session {
            kiosk,
            broker,
            clock: options.clock.clone(),
            heartbeat: options.heartbeat,
            offset: options.heartbeat / count * i,
            troubles,
        };
        tasks.spawn(session.run());
    }
    strings
}

/// Moves the plant and the script along with the clock.
struct Mover {
    plant: Plant,
    devices: Arc<Vec<ModbusDevice>>,
    strings: Strings,
    options: HallOptions,
    start: Timestamp,
}

impl Mover {
    async fn run(mut self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            self.tick(self.options.clock.now());
        }
    }

    fn tick(&mut self, now: Timestamp) {
        let since_ms = now.since_ms(self.start);
        let mut conditions = self.options.script.inverters(since_ms);
        for number in 0..self.plant.len() {
            let condition = conditions.remove(&number).unwrap_or(Condition::Healthy);
            self.plant.set_condition(number, condition);
        }
        self.plant.advance(now);
        for device in self.devices.iter() {
            // The same profile made an image at the start, so this cannot fail any more.
            if let Ok(image) = device.image(&self.plant) {
                device.units.set_image(device.unit, image);
            }
        }
        let mut troubles = self.options.script.kiosks(since_ms);
        for (id, string) in &self.strings {
            let wanted = troubles.remove(id.as_str()).unwrap_or_default();
            string.send_if_modified(|troubles| {
                let changed = *troubles != wanted;
                *troubles = wanted;
                changed
            });
        }
    }
}
