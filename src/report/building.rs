//! The building and its meters, as reports see them.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::factor::{Bands, Factors, Items};
use crate::model::{DeviceId, Text};

use super::annual::Quota;
use super::platform::Platform;
use super::post::Post;

/// What reports have to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// What figures are related to.
    pub building: Building,
    /// The meters, in the order of the file.
    pub meters: Vec<Meter>,
    /// Meters that people read.
    pub by_hand: Vec<ByHand>,
    /// All factors.
    pub factors: Factors,
    /// What is allowed in a year.
    pub quota: Quota,
    /// The energy-monitoring platform that gets the registers.
    pub platform: Option<Platform>,
    /// What it costs to wash the modules once, in money.
    pub wash_cost: Option<f64>,
    /// Names of items by their codes.
    pub items: Items,
    /// Points for renewable electricity.
    pub bands: Bands,
    /// Who gets a month by mail.
    pub post: Option<Post>,
    /// Where fonts are looked for; elsewhere than where the system has them.
    pub fonts: Option<PathBuf>,
}

/// A meter that people read.
#[derive(Debug, Clone, PartialEq)]
pub struct ByHand {
    /// Its id, as that of a device.
    pub id: DeviceId,
    /// Its name.
    pub name: Text,
    /// What it counts.
    pub supply: Supply,
}

/// What a building is supplied with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// Electricity.
    Electricity,
    /// Water.
    Water,
    /// Natural gas.
    Gas,
    /// Heat from outside.
    Heat,
}

impl Supply {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Electricity, Self::Water, Self::Gas, Self::Heat];

    /// The word in files and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Electricity => "electricity",
            Self::Water => "water",
            Self::Gas => "gas",
            Self::Heat => "heat",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn label(self) -> Text {
        match self {
            Self::Electricity => Text::new("电", "electricity"),
            Self::Water => Text::new("水", "water"),
            Self::Gas => Text::new("天然气", "natural gas"),
            Self::Heat => Text::new("热力", "heat"),
        }
    }

    /// The point that counts what is drawn.
    #[must_use]
    pub const fn point(self) -> &'static str {
        match self {
            Self::Electricity => "energy_import_wh",
            Self::Water => "water_total_m3",
            Self::Gas => "gas_total_m3",
            Self::Heat => "heat_total_mj",
        }
    }

    /// What a point counts.
    #[must_use]
    pub fn of_point(point: &str) -> Self {
        let other = Self::ALL.into_iter().find(|supply| supply.point() == point);
        other.unwrap_or(Self::Electricity)
    }

    /// The unit that people read it in, and how many units of its point that is.
    #[must_use]
    pub const fn unit(self) -> (&'static str, f64) {
        match self {
            Self::Electricity => ("kWh", 1_000.0),
            Self::Water | Self::Gas => ("m³", 1.0),
            Self::Heat => ("GJ", 1_000.0),
        }
    }
}

/// What figures of the building are related to.
#[derive(Debug, Clone, PartialEq)]
pub struct Building {
    /// Its floor area, m²; without it there is no figure for a square metre.
    pub area_m2: Option<f64>,
    /// The people who work in it; without it there is no figure for a person.
    pub people: Option<u32>,
    /// Region of the factors.
    pub region: String,
}

/// What a meter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// At the connection to the grid: what it counts is what the building draws and gives.
    Main,
    /// Behind the inverters: what it counts is what the roof gives.
    Pv,
    /// Below another one.
    Sub,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Main, Self::Pv, Self::Sub];

    /// The word in files and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Pv => "pv",
            Self::Sub => "sub",
        }
    }
}

/// A meter of the building.
#[derive(Debug, Clone, PartialEq)]
pub struct Meter {
    /// The device.
    pub device: DeviceId,
    /// What it stands for.
    pub role: Role,
    /// The meter that counts what this one counts, too.
    pub parent: Option<DeviceId>,
    /// Code of its item by the national classification, such as `01A10`.
    pub code: Option<String>,
    /// What it counts is within the scope of the quota.
    pub quota: bool,
}
