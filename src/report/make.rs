//! A report, made: from the days of all devices to its figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::books::Books;
use crate::clock::SharedClock;
use crate::daybook::{Booked, Daybook, DaybookError, Known};
use crate::history::HistoryError;
use crate::model::{DeviceId, DeviceKind, Site, Text, Timestamp, text};
use crate::pv::Plant;
use crate::repair;
use crate::tariff::Tariffs;

use super::annual::{self, Totals};
use super::books;
use super::building::{Config, Meter, Role};
use super::diagnosis;
use super::electricity;
use super::figures::{Carbon, Compared, Figures, SCHEMA, Words};
use super::gather::{ByDate, Gathered};
use super::light::{Light, Span, Weather};
use super::meters;
use super::period::Period;
use super::roof::{self, Inverter};
use super::service::{self, ServiceFigures};
use super::supplies;
use super::usage;
use super::watch::Standing;

/// What reports are made of. Clones share it.
#[derive(Clone)]
pub struct Reports {
    /// The building.
    pub site: Arc<Site>,
    /// Its devices with their profiles.
    pub devices: Arc<Vec<Known>>,
    /// What figures are related to.
    pub config: Arc<Config>,
    /// The arrays of the roof.
    pub plant: Arc<Plant>,
    /// What electricity costs.
    pub tariffs: Arc<Tariffs>,
    /// The days of the devices.
    pub daybook: Daybook,
    /// The machines, their service hours and who repairs them.
    pub repair: repair::Config,
    /// What people entered and closed.
    pub books: Books,
    /// What stands in the way of closing the month that is over.
    pub standing: Standing,
    /// What time it is.
    pub clock: SharedClock,
}

/// How far the making of a report has come: devices done, and devices in all.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Send + Sync);

impl Reports {
    /// The figures of a period, with those of the one before and of a year before beside them.
    ///
    /// # Errors
    /// [`DaybookError`].
    pub async fn figures(
        &self,
        period: Period,
        progress: Progress<'_>,
    ) -> Result<Figures, DaybookError> {
        let now = self.clock.now();
        let spans = meters::spans(&self.daybook, period.days());
        let gathered = self.gather(period, progress).await?;
        let reports = self.clone();
        let task =
            tokio::task::spawn_blocking(move || reports.reckon(period, &spans, &gathered, now));
        let figures = task.await.map_err(|_| DaybookError::from(HistoryError::BrokenOff))?;
        let before = self.compared(period.previous()).await?;
        let year_before = match period.year_before() {
            Some(year_before) => self.compared(year_before).await?,
            None => None,
        };
        let service = self.service(period, now).await?;
        Ok(Figures { before, year_before, service, ..figures })
    }

    /// How the machines served.
    async fn service(
        &self,
        period: Period,
        now: Timestamp,
    ) -> Result<Option<ServiceFigures>, DaybookError> {
        let (mut since, ids) = (BTreeMap::new(), self.devices.iter().map(|known| &known.0));
        for device in ids.filter(|device| device.kind.is_kiosk()) {
            let first = self.daybook.since(&device.id).await?;
            since.extend(first.map(|first| (device.id.to_string(), first)));
        }
        let range = (self.daybook.start(period.first()), self.daybook.start(period.next().first()));
        let reports = self.clone();
        let task =
            tokio::task::spawn_blocking(move || service::service(&reports, range, &since, now));
        let told = task.await.map_err(|_| HistoryError::BrokenOff)?;
        told.map_err(|error| HistoryError::from(error).into())
    }

    /// What it was in another period; `None` without readings.
    async fn compared(&self, period: Period) -> Result<Option<Compared>, DaybookError> {
        let gathered = self.gather(period, &|_, _| ()).await?;
        let spans = meters::spans(&self.daybook, period.days());
        // The day that closes it may lie after it.
        let mut read = gathered.days.values().flat_map(|days| days.range(..=period.last()));
        if !read.any(|(_, day)| day.readings > 0) {
            return Ok(None);
        }
        let electricity = electricity::of(self, &gathered.counted, &spans, period).electricity;
        Ok(Some(Compared {
            period: period.to_string(),
            total_kwh: electricity.total_kwh,
            import_kwh: electricity.import_kwh,
            export_kwh: electricity.export_kwh,
            pv_kwh: electricity.pv_kwh,
        }))
    }

    /// The inverters with their days; those of which nothing is known with none.
    fn inverters<'a>(
        &'a self,
        gathered: &'a Gathered,
        (empty, none): (&'a ByDate, &'a Booked),
    ) -> Vec<Inverter<'a>> {
        let inverters = self.devices.iter().filter(|known| known.0.kind == DeviceKind::Inverter);
        let inverter = |known: &'a Known| {
            let own = gathered.counted.iter().find(|counted| counted.id == known.0.id);
            Inverter {
                known,
                days: gathered.days.get(&known.0.id).unwrap_or(empty),
                booked: own.map_or(none, |counted| &counted.booked),
            }
        };
        inverters.map(inverter).collect()
    }

    /// All figures. It takes a while.
    fn reckon(
        &self,
        period: Period,
        spans: &[Span],
        gathered: &Gathered,
        now: Timestamp,
    ) -> Figures {
        let weather: Weather = self.days_of(gathered, DeviceKind::Weather).collect();
        let light = Light::new(&self.site, &self.plant, &weather);
        let (empty, none) = (ByDate::new(), Booked::default());
        let inverters = self.inverters(gathered, (&empty, &none));
        let mut roof = roof::roof(self, &light, &inverters, spans);
        if let Some(roof) = &mut roof {
            let meter = diagnosis::meter(self, &light, &gathered.counted, &gathered.days, spans);
            roof.troubles.extend(meter);
        }
        let made = electricity::of(self, &gathered.counted, spans, period);
        let figures = |counted: &meters::Counted| {
            let days = gathered.days.get(&counted.id).unwrap_or(&empty);
            meters::figures(counted, days, spans, now)
        };
        let running = spans.last().is_some_and(|last| meters::end(last) > now);
        let supplies = supplies::supplies(self, &gathered.counted, spans);
        let (coal, of_coal) = supplies::coal(self, &made.electricity, &supplies, period);
        let (gas_kg, of_gas) = supplies::gas_co2(self, &supplies, period);
        let factors = made.factors.into_iter().chain(of_gas).chain(of_coal).collect::<Vec<_>>();
        let mut all = Figures {
            schema: SCHEMA.to_owned(),
            period: period.to_string(),
            length: period.length(),
            first: period.first(),
            last: period.last(),
            running,
            site: self.site.id.clone(),
            name: self.site.name.clone().into(),
            area_m2: self.config.building.area_m2,
            people: self.config.building.people,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            remarks: self.remarks(running, &gathered.silent, &factors),
            electricity: made.electricity,
            before: None,
            year_before: None,
            roof,
            supplies,
            coal,
            carbon: Carbon { gas_kg, ..made.carbon },
            money: made.money,
            usage: usage::usage(self, &gathered.counted, spans),
            totals: Totals::default(),
            annual: None,
            service: None,
            meters: gathered.counted.iter().map(figures).collect(),
            factors,
            edits: books::edits(self, period),
            obstacles: Vec::new(),
        };
        all.totals = annual::totals(self, &gathered.counted, spans, &all);
        all.annual = annual::annual(self, period, all.totals);
        let silent = !gathered.silent.is_empty();
        all.obstacles = books::obstacles(self, &all, &gathered.counted, silent);
        all
    }

    fn days_of<'a>(
        &'a self,
        gathered: &'a Gathered,
        kind: DeviceKind,
    ) -> impl Iterator<Item = (DeviceId, ByDate)> + 'a {
        let of_kind = self.devices.iter().filter(move |known| known.0.kind == kind);
        of_kind.filter_map(|known| {
            let days = gathered.days.get(&known.0.id)?;
            Some((known.0.id.clone(), days.clone()))
        })
    }

    /// What everybody who reads it has to know.
    fn remarks(
        &self,
        running: bool,
        silent: &BTreeSet<String>,
        factors: &[crate::factor::Factor],
    ) -> Vec<Words> {
        let mut remarks: Vec<Text> = Vec::new();
        remarks.extend(silent.iter().map(|error| {
            text!(
                "有数据库未答复，较早的读数不全，数字偏少：{error}",
                "a database did not answer, so earlier readings are missing and figures are too low: {error}",
            )
        }));
        if running {
            remarks.push(Text::new(
                "报告期尚未结束，数字截至最近一次读数",
                "the period is not over: figures reach as far as readings do",
            ));
        }
        if !self.config.meters.iter().any(|meter| meter.role == Role::Main) {
            remarks.push(Text::new(
                "没有总表（role = \"main\"）：建筑总用电无法给出",
                "no meter has the role `main`: what the building uses is not known",
            ));
        }
        remarks.push(Text::new(
            "能效比只用功率和辐照都有效的 5 分钟白天记录（辐照 ≥ 20 W/m²），缺一不计；有效记录不足 90% 或辐照量不足 1 kWh/m² 时不给出。电量按电表累计读数之差",
            "performance ratios are made of five-minute records by day (20 W/m² and more) in which both power and \
             irradiance are valid; below 90 % of them, or 1 kWh/m², there is none. Energies are differences of registers",
        ));
        for factor in factors.iter().filter(|factor| !factor.checked) {
            let (Text { zh, en }, document) = (factor.quantity.label(), &factor.document);
            remarks.push(text!(
                "“{zh}”的出处（{document}）未经核对原文",
                "the document of `{en}` ({document}) was not checked against the original",
            ));
        }
        remarks.into_iter().map(Words::from).collect()
    }
}

/// The meters of a role.
pub(super) fn of_role(config: &Config, role: Role) -> impl Iterator<Item = &Meter> {
    config.meters.iter().filter(move |meter| meter.role == role)
}
