//! The figures of a report: one struct of which every form is made.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::factor::Factor;

use super::annual::{Annual, Totals};
use super::building::Supply;
use super::diagnosis::Trouble;
use super::items::Item;
use super::period::Length;
use super::service::ServiceFigures;
use super::usage::Usage;

/// The form of the JSON; raised when its meaning changes.
pub const SCHEMA: &str = "hallwatch-report/1";

/// Words in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<crate::model::Text> for Words {
    fn from(text: crate::model::Text) -> Self {
        Self { zh: text.zh, en: text.en }
    }
}

/// A figure, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// Its value.
    pub value: Option<f64>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Words>,
}

impl Figure {
    /// One that is known.
    #[must_use]
    pub fn of(value: f64) -> Self {
        let known = value.is_finite();
        Self { value: known.then_some(value), why: None }
    }

    /// One of which a file of before says nothing.
    const fn nothing() -> Self {
        Self { value: None, why: None }
    }

    /// One that is not.
    #[must_use]
    pub fn none(why: crate::model::Text) -> Self {
        Self { value: None, why: Some(why.into()) }
    }
}

/// Amounts by how they are known, in the unit of the meter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Classes {
    /// All of them.
    pub total: f64,
    /// By readings that followed one another.
    pub measured: f64,
    /// By the register after a gap.
    pub recovered: f64,
    /// Reckoned from something else.
    pub estimated: f64,
    /// Entered by a person.
    pub manual: f64,
}

/// A value of a register.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    /// When it was read.
    pub at_ms: i64,
    /// What it was, in the unit of the meter.
    pub value: f64,
}

/// A register, as far as the period saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// The last value before the period, or the first one in it.
    pub first: Shown,
    /// The last value in it.
    pub last: Shown,
    /// What roll-overs added.
    pub rolled_over: f64,
}

/// A time of which nobody knows what was counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hole {
    /// Last value of the register before.
    pub before: Shown,
    /// First value of the one after.
    pub after: Shown,
}

/// What one register of one device counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeterFigures {
    /// Its id.
    pub device: String,
    /// Its name.
    pub name: Words,
    /// `main`, `pv`, `sub`, or `inverter`.
    pub role: String,
    /// Code of its item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Within the scope of the quota.
    pub quota: bool,
    /// The point that was counted by.
    pub point: String,
    /// Unit of all amounts here.
    pub unit: String,
    /// What it counted.
    pub counted: Classes,
    /// Of each day of the period, in order.
    pub days: Vec<f64>,
    /// Its registers.
    pub lines: Vec<Line>,
    /// What nobody knows.
    pub holes: Vec<Hole>,
    /// Records in which it was heard, of those of the time, 0 to 1.
    pub completeness: Figure,
}

/// How an irradiance is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A sensor in the plane of the modules.
    Sensor,
    /// A horizontal sensor, turned onto the plane by a model.
    Transposed,
    /// A clear sky by a model: ratios are estimates, and low on cloudy days.
    ClearSky,
}

/// How well an array, an inverter or the plant worked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Performance {
    /// AC energy by the registers, Wh.
    pub energy_wh: f64,
    /// DC power of the modules, W.
    pub dc_rated_w: Option<f64>,
    /// How the irradiance is known.
    pub basis: Option<Basis>,
    /// Irradiation on the modules, kWh/m².
    pub irradiation_kwhm2: Figure,
    /// Reference yield, hours.
    pub reference_yield_h: Figure,
    /// Array yield over the valid records, hours.
    #[serde(default = "Figure::nothing")]
    pub array_yield_h: Figure,
    /// Final yield by the registers, hours; also the equivalent hours of full load.
    pub final_yield_h: Figure,
    /// Performance ratio, by a measured irradiance.
    pub pr: Figure,
    /// The same by a clear sky, where nobody measures the irradiance: an estimate, and never mixed with
    /// the other.
    pub pr_estimated: Figure,
    /// Performance ratio with modules at 25 °C.
    pub pr_25: Figure,
    /// Temperature of the modules, weighed by the light on them, °C.
    #[serde(default = "Figure::nothing")]
    pub module_temp_c: Figure,
    /// Performance ratio of the plant with modules at the temperature of twelve months: what months are
    /// compared by.
    #[serde(default = "Figure::nothing")]
    pub pr_annual: Figure,
    /// Losses of the array, hours.
    pub array_loss_h: Figure,
    /// Losses behind the array, hours.
    pub bos_loss_h: Figure,
    /// Energy by that of full AC power over the whole time.
    pub capacity_factor: Figure,
    /// Share of the light hours in which it ran.
    pub time_availability: Figure,
    /// Energy that was not made while it stood still, Wh.
    pub lost_wh: Figure,
    /// Share of the energy that was not lost by standing still.
    pub energy_availability: Figure,
    /// Valid records of those by day, 0 to 1.
    pub completeness: Figure,
}

/// One inverter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InverterFigures {
    /// Its id.
    pub device: String,
    /// Its name.
    pub name: Words,
    /// AC power on its nameplate, W.
    pub ac_rated_w: Option<f64>,
    /// How well it worked.
    #[serde(flatten)]
    pub performance: Performance,
}

/// Inverters whose modules look the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupFigures {
    /// Tilt of the modules, degrees; of the first array of the first inverter.
    pub tilt_deg: f64,
    /// Where they look, degrees from north over east.
    pub azimuth_deg: f64,
    /// Ids of the inverters.
    pub inverters: Vec<String>,
    /// How well they worked.
    #[serde(flatten)]
    pub performance: Performance,
}

/// One day of the plant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoofDay {
    /// The day.
    #[schemars(with = "String")]
    pub date: Date,
    /// AC energy by the registers, Wh.
    pub energy_wh: f64,
    /// Irradiation on the modules, kWh/m².
    pub irradiation_kwhm2: Option<f64>,
    /// Performance ratio of the day.
    pub pr: Option<f64>,
}

/// The roof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoofFigures {
    /// All of it.
    pub plant: Performance,
    /// Inverters by the way that their modules look.
    pub groups: Vec<GroupFigures>,
    /// Each inverter.
    pub inverters: Vec<InverterFigures>,
    /// What kept it from making more, the dearest first.
    pub troubles: Vec<Trouble>,
    /// Each day.
    pub days: Vec<RoofDay>,
}

/// Electricity of the building.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Electricity {
    /// Drawn from the grid, kWh.
    pub import_kwh: Figure,
    /// Given to the grid, kWh.
    pub export_kwh: Figure,
    /// Made on the roof, kWh.
    pub pv_kwh: Figure,
    /// Used: drawn and made, without what was given, kWh.
    pub total_kwh: Figure,
    /// Made and used here, kWh.
    pub self_used_kwh: Figure,
    /// Share of what was made that was used here.
    pub self_consumption: Figure,
    /// Share of what was used that was made here.
    pub self_sufficiency: Figure,
    /// Share of renewable electricity in what was used.
    pub renewable_share: Figure,
    /// Used in a day of those that are over, kWh.
    #[serde(default = "Figure::nothing")]
    pub per_day_kwh: Figure,
    /// For a square metre, kWh/m².
    pub per_area_kwhm2: Figure,
    /// For a person, kWh.
    pub per_person_kwh: Figure,
    /// What the meters below the main one do not count, of what it counts.
    pub gap: Figure,
    /// By code of the item, kWh, as the meters say.
    pub items_kwh: BTreeMap<String, f64>,
    /// By item of the national classification.
    #[serde(default)]
    pub items: Vec<Item>,
}

/// What the building drew of another supply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Supplied {
    /// Which one.
    pub supply: Supply,
    /// Unit of these figures: m³, or GJ of heat.
    pub unit: String,
    /// All of it.
    pub total: Figure,
    /// For a square metre.
    pub per_area: Figure,
    /// For a person.
    pub per_person: Figure,
    /// The least that flows in an hour from one to five at night, mean of the nights, in the unit for an
    /// hour: of water, what leaks.
    #[serde(default = "Figure::nothing")]
    pub night_min_per_h: Figure,
    /// That flow over a whole day, by what is drawn in a day.
    #[serde(default = "Figure::nothing")]
    pub night_share: Figure,
}

/// Energies in standard coal, kgce: two systems, whose figures are never added or compared. Water is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coal {
    /// Electricity by what it holds (当量值).
    pub calorific_kgce: Figure,
    /// Electricity by what it takes to supply it (等价值).
    pub supply_kgce: Figure,
    /// The first for a square metre.
    pub calorific_per_area_kgcem2: Figure,
    /// The first for a person.
    pub calorific_per_person_kgce: Figure,
}

/// What a person entered that these figures rest on, or that was taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// Its number in the books.
    pub id: u64,
    /// Id of the meter.
    pub device: String,
    /// Its name.
    pub name: Words,
    /// What was entered.
    pub what: Words,
    /// By whom.
    pub who: String,
    /// Why.
    pub why: String,
    /// When it was entered, milliseconds since 1970.
    pub entered_ms: i64,
    /// Who took it back, and why; it does not count then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<String>,
}

/// Carbon dioxide, kg.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Carbon {
    /// Of what was drawn from the grid.
    pub grid_kg: Figure,
    /// Of the natural gas that was burnt.
    pub gas_kg: Figure,
    /// That the self-used part of the roof's output avoided.
    pub avoided_kg: Figure,
}

/// Money by the tariffs in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    /// What the drawn electricity cost.
    pub import_cost: Figure,
    /// What the self-used part of the roof's output saved.
    pub saved: Figure,
}

/// What it was in another period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// That period.
    pub period: String,
    /// Electricity used, kWh.
    pub total_kwh: Figure,
    /// Drawn from the grid, kWh.
    pub import_kwh: Figure,
    /// Given to the grid, kWh.
    pub export_kwh: Figure,
    /// Made on the roof, kWh.
    pub pv_kwh: Figure,
    /// Used in a day, kWh.
    #[serde(default = "Figure::nothing")]
    pub per_day_kwh: Figure,
    /// For a square metre, kWh/m².
    #[serde(default = "Figure::nothing")]
    pub per_area_kwhm2: Figure,
    /// For a person, kWh.
    #[serde(default = "Figure::nothing")]
    pub per_person_kwh: Figure,
    /// Share of renewable electricity in what was used.
    #[serde(default = "Figure::nothing")]
    pub renewable_share: Figure,
    /// Carbon dioxide of what was drawn from the grid, kg.
    #[serde(default = "Figure::nothing")]
    pub grid_kg: Figure,
}

/// All figures of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// [`SCHEMA`].
    pub schema: String,
    /// As it is written: `2026-10`.
    pub period: String,
    /// How long it is.
    pub length: Length,
    /// Its first day.
    #[schemars(with = "String")]
    pub first: Date,
    /// Its last day.
    #[schemars(with = "String")]
    pub last: Date,
    /// It is not over: figures reach as far as readings do.
    pub running: bool,
    /// Id of the building.
    pub site: String,
    /// Its name.
    pub name: Words,
    /// Name of the hall's time zone, such as `Asia/Shanghai`.
    #[serde(default)]
    pub time_zone: String,
    /// Floor area, m².
    pub area_m2: Option<f64>,
    /// People who work in it.
    pub people: Option<u32>,
    /// Version of the program that made it.
    pub program: String,
    /// Electricity.
    pub electricity: Electricity,
    /// The period before, if there are readings of it.
    pub before: Option<Compared>,
    /// The same period a year before, if there are readings of it.
    pub year_before: Option<Compared>,
    /// The roof; `None` where there are no inverters.
    pub roof: Option<RoofFigures>,
    /// Water, gas and heat.
    pub supplies: Vec<Supplied>,
    /// Energies in standard coal.
    pub coal: Coal,
    /// Carbon dioxide.
    pub carbon: Carbon,
    /// Money.
    pub money: Money,
    /// When electricity was used.
    pub usage: Usage,
    /// What this period adds to a year.
    pub totals: Totals,
    /// Figures of a year, of a month or a year.
    pub annual: Option<Annual>,
    /// The machines; `None` where nothing serves visitors.
    pub service: Option<ServiceFigures>,
    /// Every register.
    pub meters: Vec<MeterFigures>,
    /// The factors that figures were made with.
    pub factors: Vec<Factor>,
    /// What people entered.
    pub edits: Vec<Edit>,
    /// What everybody who reads it has to know.
    pub remarks: Vec<Words>,
    /// What stands in the way of closing it.
    pub obstacles: Vec<Words>,
}

impl Figures {
    /// The hall's time zone.
    pub(super) fn time_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// The schema of the JSON.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Self)
    }
}
