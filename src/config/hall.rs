//! The whole file, put together.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::books::Books;
use crate::clock::SharedClock;
use crate::daybook::Daybook;
use crate::influx::{InfluxError, Recall};
use crate::model::{Device, DeviceId, Mistake, Site, Text, Zone, text};
use crate::profile::{Catalog, CatalogError, Profile};
use crate::rule::Rule;
use crate::source::{modbus, mqtt};
use crate::{alert, history, journal, notify, past, pv, repair, report, service};

use super::device::{Found, Known, devices};
use super::findings::Findings;
use super::link::Link;
use super::people::{InfluxTarget, WebSettings};
use super::section::{Desk, Section};
use super::syntax::Repaired;
use super::{
    bus, channel, load, mqtt as broker, people, pv as roof, report as figures, route, secret,
    service as hours, site, tariff, vendor,
};

const ROOT: &[&str] = &[
    "profiles", "rules", "site", "data", "web", "calendar", "mqtt", "influxdb", "alert", "webhook",
    "channel", "person", "rota", "route", "tariff", "switch", "zone", "bus", "device", "vendor",
    "pv", "report", "factor", "meter", "platform",
];

/// Longest file that is read, bytes: ten thousand devices take about 2 MiB.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A hall, checked: everything that the rooms have to know.
#[derive(Clone)]
pub struct Hall {
    /// The building.
    pub site: Arc<Site>,
    /// Its zones, in the order of the file.
    pub zones: Vec<Zone>,
    /// Its devices with their profiles, in the order of the file.
    pub devices: Vec<(Arc<Device>, Arc<Profile>)>,
    /// All profiles.
    pub catalog: Catalog,
    /// Where and how long data is kept.
    pub journal: journal::Config,
    /// How the past is kept.
    pub history: history::Config,
    /// The Modbus connections and lines; devices that name one bus or address share it.
    pub modbus: Vec<modbus::Config>,
    /// The broker, if there is one.
    pub mqtt: Option<mqtt::Config>,
    /// The InfluxDBs that get every reading.
    pub influx: Vec<InfluxTarget>,
    /// By what is judged.
    pub alert: alert::Config,
    /// Who is told of alerts, and how.
    pub notify: notify::Config,
    /// When the zones serve.
    pub service: service::Config,
    /// The arrays of the roof.
    pub plant: pv::Plant,
    /// What reports relate figures to, and with which factors.
    pub report: report::Config,
    /// Who repairs the machines by contract.
    pub vendors: Vec<repair::Vendor>,
    /// Where the page is.
    pub web: WebSettings,
    /// The data is made up; `read` always says no.
    pub demo: bool,
    /// What is no mistake and yet worth a look, told like one.
    pub notices: Vec<Mistake>,
}

impl Hall {
    /// The device of this id.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Arc<Device>> {
        self.devices.iter().map(|(device, _)| device).find(|device| device.id == *id)
    }

    /// The names that messages to people are made of.
    #[must_use]
    pub fn names(&self) -> notify::Names {
        let devices = self.devices.iter().map(|(device, _)| &**device);
        notify::Names::new(&self.site, &self.zones, devices, self.web.public_url.clone())
    }
}

impl Hall {
    /// Where its rules are rehearsed, on this past.
    #[must_use]
    pub fn stage(&self, history: history::History, archive: journal::Archive) -> alert::Stage {
        let devices = self.devices.iter().map(|(d, p)| (d.clone(), Some(p.clone())));
        alert::Stage {
            site: self.site.clone(),
            devices: devices.collect(),
            rules: self.alert.rules.clone(),
            hours: self.service.clone(),
            policy: self.alert.policy.clone(),
            declared_demand_w: self.alert.declared_demand_w.clone(),
            history,
            archive: Arc::new(archive),
        }
    }

    /// What the databases remember that readings were sent to.
    ///
    /// # Errors
    /// [`InfluxError`]: one cannot be asked as it is configured.
    pub fn databases(&self, clock: &SharedClock) -> Result<Vec<Recall>, InfluxError> {
        let devices: Arc<[Device]> = self.devices.iter().map(|(d, _)| (**d).clone()).collect();
        let recall = |target: &InfluxTarget| {
            Recall::new(target.sink(&self.site.id), devices.clone(), clock.clone())
        };
        self.influx.iter().map(recall).collect()
    }

    /// What reports are made of, on this past and these books; its daybook is in a folder of data.
    #[must_use]
    pub fn reports(
        &self,
        past: past::Past,
        books: Books,
        folder: &Path,
        clock: SharedClock,
    ) -> report::Reports {
        let zone = self.site.time_zone.clone();
        let devices = self.devices.iter().map(|(d, p)| (d.clone(), Some(p.clone())));
        // What cannot be read is told elsewhere; reports are made without it.
        let ids: Vec<DeviceId> = self.devices.iter().map(|(d, _)| d.id.clone()).collect();
        let former = past::former(books.archive(), &ids).unwrap_or_default().into_iter();
        let former = former.map(|device| {
            let profile = self.catalog.get(&device.profile).cloned();
            (Arc::new(device), profile)
        });
        report::Reports {
            site: self.site.clone(),
            devices: Arc::new(devices.collect()),
            former: Arc::new(former.collect()),
            config: Arc::new(self.report.clone()),
            plant: Arc::new(self.plant.clone()),
            tariffs: Arc::new(self.alert.tariffs.clone()),
            daybook: Daybook::open(folder, past, zone, clock.clone()),
            repair: self.repair(),
            books,
            standing: report::Standing::default(),
            clock,
        }
    }

    /// What the work orders have to know.
    #[must_use]
    pub fn repair(&self) -> repair::Config {
        repair::Config {
            devices: self.devices.iter().map(|(device, _)| device.clone()).collect(),
            hours: self.service.clone(),
            vendors: self.vendors.clone(),
            time_zone: self.site.time_zone.clone(),
        }
    }
}

impl fmt::Debug for Hall {
    /// In short, and without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hall")
            .field("site", &self.site.id)
            .field("zones", &self.zones.len())
            .field("devices", &self.devices.len())
            .finish_non_exhaustive()
    }
}

/// Reads the configuration of a hall, with the profiles inside the binary and those of the folder
/// that it names.
///
/// # Errors
/// All mistakes, in the order of the file; then those of its own profiles.
pub fn read(path: &Path) -> Result<Hall, Vec<Mistake>> {
    parse(path, &text(path)?, None)
}

/// The file as text; or why it is none, at the place up to which it is.
fn text(path: &Path) -> Result<String, Vec<Mistake>> {
    let shown = path.display().to_string();
    let alone = |source: &str, problem, hint| {
        Err(vec![Mistake::at(&shown, source, source.len(), problem, hint)])
    };
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let hint = Text::new(
            "给出配置文件名，例如 hall.toml",
            "name the configuration file, such as hall.toml",
        );
        return alone("", secret::unreadable(&shown, &error), hint);
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let problem = text!(
            "`{shown}` 超过 {FILE_BYTES_MAX} 字节",
            "`{shown}` is longer than {FILE_BYTES_MAX} bytes"
        );
        return alone("", problem, Text::new("检查是否选错了文件", "is it the right file?"));
    }
    String::from_utf8(bytes).or_else(|error| {
        let end = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let broken = bytes.get(end).copied().unwrap_or_default();
        let good = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
        let problem =
            text!("字节 `0x{broken:02x}` 不是 UTF-8 编码", "byte `0x{broken:02x}` is not UTF-8");
        let hint = Text::new(
            "把文件另存为 UTF-8 编码（中文 Windows 的编辑器可能存成 GBK）",
            "save the file as UTF-8 (editors on Chinese Windows may write GBK)",
        );
        alone(&good, problem, hint)
    })
}

/// Checks the text of a configuration; files that it names are looked for beside `path`.
/// `catalog` is used where it names no profiles of its own: the shipped ones if there is none.
///
/// # Errors
/// All mistakes, in the order of the file; then those of its own profiles.
pub fn parse(path: &Path, source: &str, catalog: Option<&Catalog>) -> Result<Hall, Vec<Mistake>> {
    let file = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new(""));
    let repaired = Repaired::new(&file, source);
    let table = repaired.table();
    let findings = Findings::new(&file, source, &repaired.mistakes);
    if !repaired.whole {
        return Err(findings.into_parts().0);
    }
    let desk = Desk { findings: &findings, repaired: &repaired };
    let root = Section::new(desk, table.get_ref(), 0, Text::new("文件", "the file"), ROOT);
    let mut of_profiles = Vec::new();
    let catalog = catalog_of(&root, folder, catalog, &mut of_profiles);
    let incomplete = !of_profiles.is_empty();
    let hall = hall(&root, folder, catalog, incomplete, &mut of_profiles);
    let (mut mistakes, notices) = findings.into_parts();
    mistakes.extend(of_profiles);
    match hall {
        Some(hall) if mistakes.is_empty() => Ok(Hall { notices, ..hall }),
        _ => Err(mistakes),
    }
}

fn catalog_of(
    root: &Section<'_>,
    folder: &Path,
    given: Option<&Catalog>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Catalog> {
    let fallback = || given.cloned().map_or_else(Catalog::shipped, Ok);
    let own = root.words("profiles");
    let path = own.as_ref().map(|own| folder.join(&own.value));
    let loaded = match (&own, &path) {
        (Some(own), Some(path)) if !path.is_dir() => {
            let hint = Text::new(
                "新建这个目录，或删除 `profiles`",
                "make the folder, or remove `profiles`",
            );
            let problem = text!("`{}` 不是目录", "`{}` is not a folder", own.value);
            root.note(own.offset, problem, hint);
            fallback()
        }
        (Some(_), Some(path)) => Catalog::with_folder(path),
        _ => fallback(),
    };
    match loaded {
        Ok(catalog) => {
            for id in catalog.replaced() {
                let told = text!(
                    "自己的设备模板 `{id}` 代替了自带的",
                    "the profile `{id}` of this folder stands in place of the shipped one",
                );
                let hint = Text::new(
                    "有意为之则不必理会；否则换一个 id",
                    "leave it if that is meant; else give it another id",
                );
                root.notice(own.as_ref().map_or(0, |own| own.offset), told, hint);
            }
            Some(catalog)
        }
        Err(error) => {
            match (error, own) {
                (CatalogError::Mistakes(found), _) => mistakes.extend(found),
                (CatalogError::Read { path, source }, own) => {
                    let problem = secret::unreadable(path.display(), &source);
                    let hint =
                        Text::new("设备模板是 UTF-8 文本文件", "profiles are UTF-8 text files");
                    root.note(own.map_or(0, |own| own.offset), problem, hint);
                }
            }
            fallback().ok()
        }
    }
}

fn hall(
    root: &Section<'_>,
    folder: &Path,
    catalog: Option<Catalog>,
    incomplete: bool,
    of_files: &mut Vec<Mistake>,
) -> Option<Hall> {
    let site = site::site(root);
    let zones = site::zones(root);
    let site::Data { journal, history } = site::data(root, folder, site.as_ref());
    let web = people::web(root, folder);
    let time_zone = site.as_ref().map(|site| &site.time_zone);
    let mut mqtt = broker::broker(root, folder, time_zone);
    let influx = people::influx(root, folder);
    let mut alert = people::alert(root, folder, catalog.as_ref(), of_files);
    let notify = channel::notify(root, folder, mqtt.as_ref(), time_zone);
    let days = hours::calendar(root, folder, of_files);
    let catalog = catalog?;
    let buses = bus::buses(root, folder, web.listen);
    let (mut plant, modules) = roof::plant(root);
    let modules = &modules;
    let known = Known { zones: &zones, buses: &buses, catalog: &catalog, incomplete, modules };
    let mut found = devices(root, &known);
    for one in &mut found {
        plant.arrays.append(&mut one.arrays);
        plant.sensors.extend(one.plane.map(|plane| (one.device.id.clone(), plane)));
    }
    let said = found.iter_mut().filter_map(|f| {
        let said = f.meter.take()?.counted_by(&f.profile);
        Some((f.device.id.clone(), said))
    });
    let said = said.collect();
    let ids = found.iter().map(|found| found.device.id.clone()).collect();
    let report = figures::report(root, (folder, &notify), &ids, said);
    let vendors = vendor::vendors(root, &known, &found);
    note_missing_broker(root, &found);
    let modbus = connections(&found, mqtt.as_mut());
    load::notice(root, &buses, &modbus);
    let declared = found.iter().filter_map(|f| Some((f.device.id.clone(), f.declared_demand_w?)));
    alert.declared_demand_w = declared.collect();
    let devices: Vec<_> = found.into_iter().map(|found| (found.device, found.profile)).collect();
    alert.tariffs = tariff::tariffs(root);
    alert.switches = route::switches(root, &zones.zones, &devices);
    alert.policy = policy(root, &alert, &notify, &zones.zones, &devices);
    let site = Arc::new(site?);
    let service = service_of(&zones, &days, &devices, &site);
    let zones = zones.zones;
    Some(Hall {
        site,
        zones,
        devices,
        catalog,
        journal,
        history,
        modbus,
        mqtt,
        influx,
        alert,
        notify,
        service,
        plant,
        report,
        vendors,
        web,
        demo: false,
        notices: Vec::new(),
    })
}

/// Gives each device to its connection: the broker, or a line that it shares with others.
fn connections(found: &[Found], mut mqtt: Option<&mut mqtt::Config>) -> Vec<modbus::Config> {
    let mut modbus: Vec<modbus::Config> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for Found { device, profile, link, .. } in found {
        let (device, profile) = (device.clone(), profile.clone());
        match link {
            Link::Mqtt { mqtt_id, places, .. } => {
                if let Some(mqtt) = &mut mqtt {
                    let (mqtt_id, places) = (mqtt_id.clone(), places.clone());
                    mqtt.devices.push(mqtt::Publisher { device, profile, mqtt_id, places });
                }
            }
            Link::Modbus { bus, transport, unit, sunspec_instance, rules } => {
                let (unit, sunspec_instance, bus_rules) = (*unit, *sunspec_instance, rules.clone());
                let unit = modbus::Unit { device, profile, unit, sunspec_instance, bus: bus_rules };
                let place = *places.entry(bus.clone()).or_insert(modbus.len());
                match modbus.get_mut(place) {
                    Some(line) => line.units.push(unit),
                    None => modbus.push(modbus::Config {
                        name: bus.clone(),
                        transport: transport.clone(),
                        units: vec![unit],
                    }),
                }
            }
        }
    }
    modbus
}

/// The hall as the service room sees it.
fn service_of(
    zones: &site::Zones,
    days: &hours::KnownDays,
    devices: &[(Arc<Device>, Arc<Profile>)],
    site: &Site,
) -> service::Config {
    let with_hours = zones.zones.iter().zip(&zones.hours);
    let with_hours = with_hours.map(|(zone, own)| hours::zone(zone, own, days, &site.time_zone));
    service::Config {
        zones: with_hours.collect(),
        holidays: days.holidays.clone(),
        opening_check_ms: days.opening_check_ms,
        devices: devices.iter().map(|(device, _)| device.id.clone()).collect(),
    }
}

/// Who is told of what.
fn policy(
    root: &Section<'_>,
    alert: &alert::Config,
    notify: &notify::Config,
    zones: &[Zone],
    devices: &[(Arc<Device>, Arc<Profile>)],
) -> alert::Policy {
    let channels: Vec<String> = notify.channels.iter().map(|one| one.name.clone()).collect();
    let names = route::Names {
        channels: &channels,
        rules: alert.rules.iter().map(|rule| &*rule.id).collect(),
        labels: labels_of(&alert.rules),
        zones: zones.iter().map(|zone| zone.id.as_str()).collect(),
        devices: devices.iter().map(|(device, _)| device.id.as_str()).collect(),
    };
    route::policy(root, &names)
}

/// The labels of all rules, each as `name = value`.
fn labels_of(rules: &[Rule]) -> Vec<String> {
    let all = rules.iter().flat_map(|rule| &rule.labels);
    let all: BTreeSet<String> = all.map(|(name, value)| format!("{name} = {value}")).collect();
    all.into_iter().collect()
}

/// Devices that publish need a broker.
fn note_missing_broker(root: &Section<'_>, found: &[Found]) {
    let publishes = |found: &Found| matches!(found.link, Link::Mqtt { .. });
    if !root.has("mqtt") && found.iter().any(publishes) {
        let hint = Text::new(
            "有设备经 MQTT 上报：添加 [mqtt]，写 address = \"localhost:8883\" 和 ca_file",
            "some devices publish: add [mqtt] with address = \"localhost:8883\" and ca_file",
        );
        root.missing("mqtt", hint);
    }
}
