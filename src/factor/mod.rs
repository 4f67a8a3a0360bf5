//! Factors as data: what a kilowatt-hour emits and what energies are in standard coal, each with the
//! region and year that it is for and the document that says so.
//!
//! Architecture invariant: pure functions of data and dates; no factor stands in the code.

mod bands;
mod items;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Text;

pub use bands::{Band, Bands};
pub use items::Items;

/// What a factor turns into what.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Electricity of the grid to carbon dioxide, kgCO₂/kWh.
    GridCo2,
    /// Electricity to standard coal by what it holds (当量值), kgce/kWh.
    CoalElectricity,
    /// Electricity to standard coal by what it takes to supply it (等价值), kgce/kWh.
    CoalElectricitySupply,
    /// Natural gas to standard coal, kgce/m³.
    CoalGas,
    /// Heat to standard coal, kgce/MJ.
    CoalHeat,
    /// Natural gas to carbon dioxide, kgCO₂/m³.
    GasCo2,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::GridCo2,
        Self::CoalElectricity,
        Self::CoalElectricitySupply,
        Self::CoalGas,
        Self::CoalHeat,
        Self::GasCo2,
    ];

    /// The word in files and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GridCo2 => "grid_co2",
            Self::CoalElectricity => "coal_electricity",
            Self::CoalElectricitySupply => "coal_electricity_supply",
            Self::CoalGas => "coal_gas",
            Self::CoalHeat => "coal_heat",
            Self::GasCo2 => "gas_co2",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> Text {
        match self {
            Self::GridCo2 => Text::new("电网平均排放因子", "carbon dioxide of the grid"),
            Self::CoalElectricity => {
                Text::new("电力折标准煤（当量值）", "electricity in standard coal, calorific")
            }
            Self::CoalElectricitySupply => {
                Text::new("电力折标准煤（等价值）", "electricity in standard coal, by supply")
            }
            Self::CoalGas => Text::new("天然气折标准煤", "gas in standard coal"),
            Self::CoalHeat => Text::new("热力折标准煤", "heat in standard coal"),
            Self::GasCo2 => Text::new("天然气排放因子", "carbon dioxide of gas"),
        }
    }

    /// Its unit, as files have it.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::GridCo2 => "kgCO2/kWh",
            Self::CoalElectricity | Self::CoalElectricitySupply => "kgce/kWh",
            Self::CoalGas => "kgce/m3",
            Self::CoalHeat => "kgce/MJ",
            Self::GasCo2 => "kgCO2/m3",
        }
    }
}

/// What people call a region; one of a configuration has no other name.
#[must_use]
pub fn region_label(region: &str) -> Text {
    match region {
        EVERYWHERE => Text::new("全国", "China"),
        "beijing" => Text::new("北京", "Beijing"),
        "north_china" => Text::new("华北", "North China"),
        other => Text::same(other),
    }
}

/// The region whose factors hold everywhere.
pub const EVERYWHERE: &str = "cn";

/// A factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// What it turns into what.
    pub quantity: Quantity,
    /// Where it holds.
    pub region: String,
    /// Whose data it is made of; a fixed factor has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i16>,
    /// Its value.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// From this day on it may be used.
    #[schemars(with = "String")]
    pub issued: Date,
    /// The document that says so.
    pub document: String,
    /// Where that is found.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Somebody has seen the document itself.
    #[serde(default)]
    pub checked: bool,
}

/// All factors that there have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors(Vec<Factor>);

/// The file inside the binary.
const SHIPPED: &str = include_str!("shipped.toml");

#[derive(Deserialize)]
struct File {
    factor: Vec<Factor>,
}

impl Factors {
    /// Those inside the binary.
    ///
    /// # Errors
    /// What is wrong with the file; a test keeps it right.
    pub fn shipped() -> Result<Self, String> {
        let file: File = toml::from_str(SHIPPED).map_err(|error| error.to_string())?;
        Ok(Self(file.factor))
    }

    /// These alone.
    #[must_use]
    pub const fn of(factors: Vec<Factor>) -> Self {
        Self(factors)
    }

    /// These, and others that stand in place of those of the same quantity, region and year.
    #[must_use]
    pub fn with(mut self, own: Vec<Factor>) -> Self {
        let same = |a: &Factor, b: &Factor| {
            (a.quantity, &a.region, a.year) == (b.quantity, &b.region, b.year)
        };
        self.0.retain(|known| !own.iter().any(|own| same(own, known)));
        self.0.extend(own);
        self
    }

    /// The factor that counts in a region on a day: the newest that was issued by then, of the region
    /// itself or, where it has none at all, of those that hold everywhere.
    #[must_use]
    pub fn on(&self, quantity: Quantity, region: &str, day: Date) -> Option<&Factor> {
        let of = |region: &str| {
            let own = self.0.iter().filter(|f| f.quantity == quantity && f.region == region);
            own.filter(|factor| factor.issued <= day)
                .max_by_key(|factor| (factor.issued, factor.year))
        };
        let has_own = self.0.iter().any(|f| f.quantity == quantity && f.region == region);
        if has_own { of(region) } else { of(EVERYWHERE) }
    }

    /// Regions that have a factor of their own.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|factor| factor.region.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_factor_of_the_region_counts_from_the_day_it_was_issued() {
        let factors = Factors::shipped().expect("shipped");
        let grid = |region: &str, day: &str| {
            let day = day.parse().expect("date");
            factors.on(Quantity::GridCo2, region, day).map(|factor| (factor.year, factor.value))
        };
        assert_eq!(grid("beijing", "2024-04-11"), None, "nothing was issued yet");
        assert_eq!(grid("beijing", "2024-12-19"), Some((Some(2021), 0.5688)));
        assert_eq!(grid("beijing", "2025-12-30"), Some((Some(2022), 0.558)));
        assert_eq!(grid("beijing", "2026-10-31"), Some((Some(2023), 0.5554)));
        assert_eq!(grid("north_china", "2026-10-31"), Some((Some(2023), 0.6361)));
        assert_eq!(grid("somewhere", "2026-10-31"), Some((Some(2023), 0.5306)));
        for quantity in Quantity::ALL {
            let factor = factors.on(quantity, "beijing", "2026-10-31".parse().expect("date"));
            let factor = factor.unwrap_or_else(|| panic!("no {quantity:?}"));
            assert_eq!(factor.unit, quantity.unit());
            assert!(!factor.document.is_empty() && factor.url.starts_with("https://"));
        }
    }

    #[test]
    fn own_factors_stand_in_place_of_shipped_ones() {
        let shipped = Factors::shipped().expect("shipped");
        let day = "2026-10-31".parse().expect("date");
        let mut own = shipped.on(Quantity::GridCo2, "beijing", day).expect("there").clone();
        own.value = 0.6;
        let factors = shipped.with(vec![own]);
        let found = factors.on(Quantity::GridCo2, "beijing", day).expect("there");
        assert_eq!(found.value, 0.6);
    }
}
