//! Figures of a year: what quotas and the renewable share are judged by.
//!
//! They are sums of closed months and of this period, so that they rest on what was signed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Text, text};
use crate::pv::Sums;

use super::building::{Role, Supply};
use super::figures::{Figure, Figures, Performance};
use super::light::Span;
use super::make::Reports;
use super::meters::Counted;
use super::period::{Length, Period};

/// Amounts of a scope in a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// Electricity used, kWh.
    pub electricity_kwh: Option<f64>,
    /// Energies in standard coal, calorific, kgce.
    pub coal_kgce: Option<f64>,
    /// Water, m³.
    pub water_m3: Option<f64>,
}

/// What a period adds to a year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// The whole building.
    pub whole: Scope,
    /// Without the meters outside of the quota's scope.
    pub quota: Scope,
    /// Made on the roof, kWh.
    pub pv_kwh: Option<f64>,
    /// What the modules would have made of the light in which their temperature is known, kWh.
    #[serde(default)]
    pub warm_kwh: Option<f64>,
    /// The same times that temperature, kWh·°C.
    #[serde(default)]
    pub warm_kwh_c: Option<f64>,
}

/// An indicator of a year, of the whole building and of the scope of the quota.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Indicator {
    /// `electricity_kwhm2`, `coal_kgcem2`, `coal_per_person_kgce` or `water_per_person_m3`.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Twelve months that end with this period, whole building.
    pub whole: Figure,
    /// The same in the scope of the quota.
    pub quota: Figure,
    /// This calendar year so far, in the scope of the quota.
    pub quota_to_date: Figure,
    /// What is allowed in a year.
    pub limit: Option<f64>,
    /// This year so far by what is allowed in a year.
    pub used: Figure,
}

/// Figures of a year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Annual {
    /// Share of the calendar year that has passed at the end of the period.
    pub elapsed: f64,
    /// Indicators.
    pub indicators: Vec<Indicator>,
    /// Document of the limits; empty without limits.
    pub document: String,
    /// Renewable electricity by all that was used, twelve months.
    pub renewable_share: Figure,
    /// Points that such a share would have by the table of the configuration: an indication.
    pub points: Option<u32>,
    /// Document of that table.
    pub points_document: String,
}

/// Limits of a year, in the scope of the quota.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quota {
    /// kWh/m².
    pub electricity_kwhm2: Option<f64>,
    /// kgce/m².
    pub coal_kgcem2: Option<f64>,
    /// kgce for a person.
    pub coal_per_person_kgce: Option<f64>,
    /// m³ for a person.
    pub water_per_person_m3: Option<f64>,
    /// The document that says so.
    pub document: String,
}

/// What a period adds to a year.
pub(super) fn totals(
    reports: &Reports,
    counted: &[Counted],
    spans: &[Span],
    (figures, sums): (&Figures, &Sums),
) -> Totals {
    let outside = |supply: Supply| -> f64 {
        let (_, scale) = supply.unit();
        let own = counted.iter().filter(|one| {
            let meter = one.meter.as_ref();
            one.point == supply.point()
                && meter.is_some_and(|meter| !meter.quota && meter.role == Role::Sub)
        });
        own.map(|one| one.sums(spans).total().units() / scale).sum()
    };
    let water = figures.supplies.iter().find(|supplied| supplied.supply == Supply::Water);
    let whole = Scope {
        electricity_kwh: figures.electricity.total_kwh.value,
        coal_kgce: figures.coal.calorific_kgce.value,
        water_m3: water.and_then(|water| water.total.value),
    };
    let factor = |quantity| {
        let region = &reports.config.building.region;
        reports.config.factors.on(quantity, region, figures.last).map_or(0.0, |f| f.value)
    };
    let coal = outside(Supply::Electricity) * factor(crate::factor::Quantity::CoalElectricity)
        + outside(Supply::Gas) * factor(crate::factor::Quantity::CoalGas)
        + outside(Supply::Heat) * 1_000.0 * factor(crate::factor::Quantity::CoalHeat);
    let quota = Scope {
        electricity_kwh: whole.electricity_kwh.map(|kwh| kwh - outside(Supply::Electricity)),
        coal_kgce: whole.coal_kgce.map(|kgce| kgce - coal),
        water_m3: whole.water_m3.map(|m3| m3 - outside(Supply::Water)),
    };
    let warm = |wh: f64| (sums.warm_reference_wh > 0.0).then_some(wh / 1_000.0);
    Totals {
        whole,
        quota,
        pv_kwh: figures.electricity.pv_kwh.value,
        warm_kwh: warm(sums.warm_reference_wh),
        warm_kwh_c: warm(sums.warm_wh_c),
    }
}

/// Sums of months: those that are closed, and this one.
struct Year {
    /// Twelve months that end with this one; how many of those before are not closed.
    rolling: Vec<Totals>,
    open: usize,
    /// This calendar year up to this month; how many of those before are not closed.
    to_date: Vec<Totals>,
    open_to_date: usize,
}

impl Year {
    fn of(reports: &Reports, period: Period, own: Totals) -> Self {
        let mut year = Self { rolling: vec![own], open: 0, to_date: vec![own], open_to_date: 0 };
        if period.length() != Length::Month {
            return year;
        }
        let book = reports.books.book();
        let mut month = period;
        for _ in 1..12 {
            month = month.previous();
            let seal = book.seal(&month.to_string());
            let sealed = seal.and_then(|seal| reports.sealed(month, seal.revision).ok());
            let this_year = month.first().year() == period.first().year();
            match sealed {
                Some(sealed) => {
                    year.rolling.push(sealed.totals);
                    year.to_date.extend(this_year.then_some(sealed.totals));
                }
                None => {
                    year.open += 1;
                    year.open_to_date += usize::from(this_year);
                }
            }
        }
        year
    }
}

/// An indicator before its figures.
struct Asked {
    name: &'static str,
    unit: &'static str,
    of: fn(&Scope) -> Option<f64>,
    /// What it is divided by.
    whole: Option<f64>,
    limit: Option<f64>,
}

fn asked(reports: &Reports) -> [Asked; 4] {
    let (building, quota) = (&reports.config.building, &reports.config.quota);
    let (area, people) = (building.area_m2, building.people.map(f64::from));
    [
        Asked {
            name: "electricity_kwhm2",
            unit: "kWh/m²",
            of: |scope| scope.electricity_kwh,
            whole: area,
            limit: quota.electricity_kwhm2,
        },
        Asked {
            name: "coal_kgcem2",
            unit: "kgce/m²",
            of: |scope| scope.coal_kgce,
            whole: area,
            limit: quota.coal_kgcem2,
        },
        Asked {
            name: "coal_per_person_kgce",
            unit: "kgce",
            of: |scope| scope.coal_kgce,
            whole: people,
            limit: quota.coal_per_person_kgce,
        },
        Asked {
            name: "water_per_person_m3",
            unit: "m³",
            of: |scope| scope.water_m3,
            whole: people,
            limit: quota.water_per_person_m3,
        },
    ]
}

/// A sum of months; none where some of them are not closed.
fn sum(months: &[Totals], open: usize, of: &dyn Fn(&Totals) -> Option<f64>) -> Figure {
    if open > 0 {
        return Figure::none(text!(
            "需要此前的月份都已关账，还差 {open} 个月",
            "the months before have to be closed; {open} are not"
        ));
    }
    let sum: Option<f64> = months.iter().map(of).sum();
    sum.map_or_else(|| Figure::none(Text::new("没有数据", "there are no data")), Figure::of)
}

fn by(figure: Figure, whole: Option<f64>) -> Figure {
    match (figure.value, whole) {
        (Some(value), Some(whole)) if whole > 0.0 => Figure::of(value / whole),
        (None, _) => figure,
        _ => {
            Figure::none(Text::new("配置中没有分母", "the configuration has nothing to divide by"))
        }
    }
}

impl Year {
    fn indicator(&self, asked: &Asked) -> Indicator {
        let Asked { name, unit, of, whole, limit } = *asked;
        let rolling = |scope: fn(&Totals) -> &Scope| {
            by(sum(&self.rolling, self.open, &|totals| of(scope(totals))), whole)
        };
        let to_date = sum(&self.to_date, self.open_to_date, &|totals| of(&totals.quota));
        let quota_to_date = by(to_date, whole);
        let used = match limit {
            Some(limit) => by(quota_to_date.clone(), Some(limit)),
            None => Figure::none(Text::new("未配置限额", "no limit is configured")),
        };
        Indicator {
            name: name.to_owned(),
            unit: unit.to_owned(),
            whole: rolling(|totals| &totals.whole),
            quota: rolling(|totals| &totals.quota),
            quota_to_date,
            limit,
            used,
        }
    }
}

/// The plant's performance ratio with modules at their temperature of twelve months that end with this
/// period, weighed by the light.
pub(super) fn pr(
    reports: &Reports,
    period: Period,
    own: Totals,
    (plant, sums): (&Performance, &Sums),
) -> Figure {
    if !matches!(period.length(), Length::Month | Length::Year) {
        return Figure::none(Text::new("只在月报和年报中给出", "it is told of months and years"));
    }
    // Where the other one is missing, so is this, for the same reason.
    let (Some(rated_w), Some(_)) = (plant.dc_rated_w, plant.pr_25.value) else {
        return plant.pr_25.clone();
    };
    let year = Year::of(reports, period, own);
    let light = sum(&year.rolling, year.open, &|totals| totals.warm_kwh);
    let warm = sum(&year.rolling, year.open, &|totals| totals.warm_kwh_c);
    let annual_c = by(warm, light.value);
    match annual_c.value {
        Some(annual_c) => sums.pr_annual(rated_w, annual_c).map_or(plant.pr_25.clone(), Figure::of),
        None => annual_c,
    }
}

/// The figures of a year that a month or a year ends; `None` for other periods.
pub(super) fn annual(reports: &Reports, period: Period, own: Totals) -> Option<Annual> {
    if !matches!(period.length(), Length::Month | Length::Year) {
        return None;
    }
    let year = Year::of(reports, period, own);
    let made = sum(&year.rolling, year.open, &|totals| totals.pv_kwh);
    let used = sum(&year.rolling, year.open, &|totals| totals.whole.electricity_kwh);
    let renewable_share = by(made, used.value);
    let bands = &reports.config.bands;
    let days = period.last().since(period.first().first_of_year()).map(|span| span.get_days());
    Some(Annual {
        elapsed: (f64::from(days.unwrap_or_default()) + 1.0)
            / f64::from(period.first().days_in_year()),
        indicators: asked(reports).iter().map(|asked| year.indicator(asked)).collect(),
        document: reports.config.quota.document.clone(),
        points: renewable_share.value.and_then(|share| bands.points(share)),
        points_document: bands.document.clone(),
        renewable_share,
    })
}
