//! The building and its meters, as reports see them.

use crate::factor::Factors;
use crate::model::DeviceId;

/// What reports have to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What figures are related to.
    pub building: Building,
    /// The meters, in the order of the file.
    pub meters: Vec<Meter>,
    /// All factors.
    pub factors: Factors,
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
