//! A report, made: from the days of all devices to its figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::books::Books;
use crate::clock::SharedClock;
use crate::daybook::{Booked, Daybook, DaybookError, Known};
use crate::history::HistoryError;
use crate::model::{DeviceId, DeviceKind, Site, Text, Timestamp, text};
use crate::pv::{Plant, Sums};
use crate::repair;
use crate::tariff::Tariffs;

use super::annual::{self, Totals};
use super::books;
use super::building::{Config, Meter, Role};
use super::diagnosis;
use super::document::rounded;
use super::electricity;
use super::figures::{Carbon, Compared, Figures, RoofFigures, SCHEMA, Words};
use super::gather::{ByDate, Depth, Gathered};
use super::light::{Light, Span, Weather};
use super::meters;
use super::period::Period;
use super::roof::{self, Inverter, Seen};
use super::service::{self, ServiceFigures};
use super::supplies;
use super::usage;
use super::watch::Standing;

/// A first reading so long after the beginning is told of; and of so many devices by name.
const BEGAN_LATE_MS: i64 = 3_600_000;
const BEGAN_NAMED: usize = 5;
/// Of so many valid records powers give the energy of registers within this.
const COMPLETE: f64 = 0.98;
const DISAGREE: f64 = 0.05;
/// So many days before a period say how clean the roof can be.
const LEAD_DAYS: i64 = 31;

/// What reports are made of. Clones share it.
#[derive(Clone)]
pub struct Reports {
    /// The building.
    pub site: Arc<Site>,
    /// Its devices with their profiles.
    pub devices: Arc<Vec<Known>>,
    /// Those that are no longer configured: what they counted before is counted.
    pub former: Arc<Vec<Known>>,
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
        let gathered = self.gather(period, Depth::Whole, progress).await?;
        let (before, lead) = self.before(period).await?;
        let consumed = service::consumed(self, &gathered.machines, &spans, period);
        let reports = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            reports.reckon(period, &spans, (&gathered, &lead), now)
        });
        let figures = task.await.map_err(|_| DaybookError::from(HistoryError::BrokenOff))?;
        let year_before = match period.year_before() {
            Some(year_before) => {
                let gathered = self.gather(year_before, Depth::Energies, &|_, _| ()).await?;
                self.compared(year_before, &gathered)
            }
            None => None,
        };
        let service = self.service(period, now).await?;
        let service = service.map(|service| ServiceFigures { consumed, ..service });
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

    /// What it was in the period before, and the last days of that one.
    async fn before(&self, period: Period) -> Result<(Option<Compared>, Gathered), DaybookError> {
        let before = period.previous();
        let mut gathered = self.gather(before, Depth::Energies, &|_, _| ()).await?;
        let compared = self.compared(before, &gathered);
        let first = before.last().saturating_sub(jiff::Span::new().days(LEAD_DAYS - 1));
        for days in gathered.days.values_mut() {
            days.retain(|date, _| *date >= first && *date <= before.last());
        }
        Ok((compared, gathered))
    }

    /// What it was in another period; `None` without readings.
    fn compared(&self, period: Period, gathered: &Gathered) -> Option<Compared> {
        let spans = meters::spans(&self.daybook, period.days());
        // The day that closes it may lie after it.
        let mut read = gathered.days.values().flat_map(|days| days.range(..=period.last()));
        if !read.any(|(_, day)| day.readings > 0) {
            return None;
        }
        let electricity::Made { electricity, carbon, .. } =
            electricity::of(self, &gathered.counted, &spans, period);
        Some(Compared {
            period: period.to_string(),
            grid_kg: carbon.grid_kg,
            per_day_kwh: electricity.per_day_kwh,
            per_area_kwhm2: electricity.per_area_kwhm2,
            per_person_kwh: electricity.per_person_kwh,
            renewable_share: electricity.renewable_share,
            total_kwh: electricity.total_kwh,
            import_kwh: electricity.import_kwh,
            export_kwh: electricity.export_kwh,
            pv_kwh: electricity.pv_kwh,
        })
    }

    /// The roof, with what the days before say of it.
    fn roof(
        &self,
        spans: &[Span],
        (gathered, lead): (&Gathered, &Gathered),
    ) -> Option<(RoofFigures, Sums)> {
        let (empty, none) = (ByDate::new(), Booked::default());
        let weather: Weather = self.days_of(gathered, DeviceKind::Weather).collect();
        let weather_before: Weather = self.days_of(lead, DeviceKind::Weather).collect();
        let light = Light::new(&self.site, &self.plant, &weather);
        let light_before = Light::new(&self.site, &self.plant, &weather_before);
        let inverters = self.inverters(gathered, (&empty, &none));
        let inverters_before = self.inverters(lead, (&empty, &none));
        let dates: BTreeSet<Date> =
            lead.days.values().flat_map(|days| days.keys().copied()).collect();
        let spans_before = meters::spans(&self.daybook, dates.into_iter());
        let before =
            Seen { light: &light_before, inverters: &inverters_before, spans: &spans_before };
        let own = Seen { light: &light, inverters: &inverters, spans };
        let (mut roof, sums) = roof::roof(self, &before, &own)?;
        let meter = diagnosis::meter(self, &light, &gathered.counted, &gathered.days, spans);
        roof.troubles.extend(meter);
        Some((roof, sums))
    }

    /// The inverters with their days; those of which nothing is known with none.
    fn inverters<'a>(
        &'a self,
        gathered: &'a Gathered,
        (empty, none): (&'a ByDate, &'a Booked),
    ) -> Vec<Inverter<'a>> {
        let own = |known: &Known| gathered.counted.iter().find(|one| one.id == known.0.id);
        let former = self.former.iter().filter(|known| own(known).is_some());
        let inverters = self.devices.iter().chain(former);
        let inverters = inverters.filter(|known| known.0.kind == DeviceKind::Inverter);
        let inverter = |known: &'a Known| {
            let own = own(known);
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
        (gathered, lead): (&Gathered, &Gathered),
        now: Timestamp,
    ) -> Figures {
        let empty = ByDate::new();
        let (roof, sums) = self.roof(spans, (gathered, lead)).unzip();
        let sums = sums.unwrap_or_default();
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
            time_zone: self.site.time_zone.iana_name().unwrap_or_default().to_owned(),
            area_m2: self.config.building.area_m2,
            people: self.config.building.people,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            remarks: self.remarks(
                running,
                gathered,
                &factors,
                spans,
                roof.as_ref().map(|roof| (roof, &sums)),
            ),
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
        all.totals = annual::totals(self, &gathered.counted, spans, (&all, &sums));
        if let Some(roof) = &mut all.roof {
            roof.plant.pr_annual = annual::pr(self, period, all.totals, (&roof.plant, &sums));
        }
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
        gathered: &Gathered,
        factors: &[crate::factor::Factor],
        spans: &[Span],
        roof: Option<(&RoofFigures, &Sums)>,
    ) -> Vec<Words> {
        let mut remarks: Vec<Text> = Vec::new();
        remarks.extend(gathered.silent.iter().map(|error| {
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
        remarks.extend(self.began(gathered, spans));
        remarks.extend(roof.and_then(disagree));
        remarks.extend(gathered.left_out.iter().map(|name| {
            let Text { zh, en } = name;
            text!(
                "{zh}已不在配置中，期内有读数但未计入；月中拆换的电表请保留配置到关账",
                "{en} is no longer configured: it has readings in the period, and they are not counted; keep a meter in the \
                 configuration until the month is closed",
            )
        }));
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

impl Reports {
    /// Registers that were read first within the period: what they counted before is not known.
    fn began(&self, gathered: &Gathered, spans: &[Span]) -> Option<Text> {
        let start = spans.first()?.start.ms();
        let mut began: Vec<(i64, &Text)> = Vec::new();
        for one in &gathered.counted {
            let since = one.booked.pieces.first().map(|piece| piece.first.0);
            // A minute after midnight is no beginning.
            let since = since.filter(|since| *since > start + BEGAN_LATE_MS);
            if let Some(since) = since.filter(|_| one.device.is_some())
                && !began.iter().any(|(_, name)| *name == &one.name)
            {
                began.push((since, &one.name));
            }
        }
        let told = |of: fn(&Text) -> &String, between: &str| {
            let all = began.iter().take(BEGAN_NAMED).map(|(since, name)| {
                format!("{} {}", of(name), self.daybook.minute(Timestamp::from_ms(*since)))
            });
            all.collect::<Vec<_>>().join(between)
        };
        let more = began.len().saturating_sub(BEGAN_NAMED);
        let (more_zh, more_en) = match more {
            0 => (String::new(), String::new()),
            more => (format!("，另有 {more} 台"), format!(", and {more} more")),
        };
        let (zh, en) = (told(|name| &name.zh, "、"), told(|name| &name.en, ", "));
        (!began.is_empty()).then(|| {
            text!(
                "期内才开始有读数（之前的用量未知）：{zh}{more_zh}",
                "read for the first time within the period, so that what was counted before is not known: {en}{more_en}"
            )
        })
    }
}

/// Powers over the time give another energy than registers: ratios are made of the one and yields of the other.
fn disagree((roof, sums): (&RoofFigures, &Sums)) -> Option<Text> {
    let complete = roof.plant.completeness.value.is_some_and(|share| share >= COMPLETE);
    let off = sums.ac_wh / roof.plant.energy_wh - 1.0;
    let percent = rounded(off.abs() * 100.0, 1);
    (complete && off.is_finite() && off.abs() > DISAGREE).then(|| {
        text!(
            "逆变器功率的积分与累计电量相差 {percent}%：请核对功率与电量测点，PR 与等效小时因此不可对照",
            "the powers of the inverters and their registers differ by {percent} %: see which points are read; PR and yields \
             do not fit together for that"
        )
    })
}

/// The meters of a role.
pub(super) fn of_role(config: &Config, role: Role) -> impl Iterator<Item = &Meter> {
    config.meters.iter().filter(move |meter| meter.role == role)
}
