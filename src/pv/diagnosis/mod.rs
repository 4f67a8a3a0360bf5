//! What kept the roof from making what it could have made, inverter by inverter and day by day.
//!
//! An inverter is compared with the best one that looks the same way and was in order: not with the mean or
//! the median, which a second bad one among three pulls down with it. Energies are differences of
//! registers, which know what was made while nobody could hear it; powers are means of five minutes.
//! Everything is judged while the sun is well up: by night all powers are equal.
//!
//! Architecture invariant: pure functions of a day's records.

mod peers;
mod shade;
mod shape;
mod soiling;
mod strings;
#[cfg(test)]
mod tests;

pub use peers::{SNOW_AIR_C, below, snow};
pub use shade::{HalfHours, half_hours, shaded};
pub use shape::{clipped, curtailed, efficiency, stuck};
pub use soiling::{index, of_roof, soiling};
pub use strings::{Currents, IMPROVE_FROM, POOR_FROM, Strings, judged, strings, used};

/// The sun has to be so high, degrees.
pub(super) const SUN_UP_DEG: f64 = 10.0;
/// Hours of a record.
pub(super) const RECORD_H: f64 = 1.0 / 12.0;

/// One inverter on one day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DayOf {
    /// AC energy by its register, Wh.
    pub energy_wh: f64,
    /// Energy that it did not make while it stood still, Wh: told elsewhere.
    pub stood_wh: f64,
    /// DC power of its modules, W.
    pub dc_rated_w: f64,
    /// AC power on its nameplate, W.
    pub ac_rated_w: Option<f64>,
    /// Inverters of one group have modules that look the same way.
    pub group: usize,
    /// Mean AC power of each record, W.
    pub ac_w: Vec<Option<f64>>,
    /// Mean DC power of each record, W.
    pub dc_w: Vec<Option<f64>>,
    /// Light on its modules in each record, W/m²; only where it is measured.
    pub poa_wm2: Vec<Option<f64>>,
}

impl DayOf {
    pub(super) fn ac(&self, record: usize) -> Option<f64> {
        self.ac_w.get(record).copied().flatten()
    }

    pub(super) fn poa(&self, record: usize) -> Option<f64> {
        self.poa_wm2.get(record).copied().flatten()
    }

    /// What it makes of the light when nothing holds it back: median of AC power by what its modules would
    /// make of the light, over records between two powers.
    pub(super) fn ratio(&self, sun_deg: &[f64], below_w: f64) -> Option<f64> {
        let mut ratios: Vec<f64> = (0..sun_deg.len())
            .filter_map(|record| {
                let (ac_w, poa) = self.ac(record).zip(self.poa(record))?;
                let could_w = poa / 1_000.0 * self.dc_rated_w;
                let open = ac_w < below_w && poa > 200.0 && could_w > 0.0;
                open.then(|| ac_w / could_w)
            })
            .collect();
        if ratios.len() < 12 {
            return None;
        }
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied()
    }

    /// What it would have made in a record, W.
    pub(super) fn could_w(&self, record: usize, ratio: f64) -> Option<f64> {
        Some(self.poa(record)? / 1_000.0 * self.dc_rated_w * ratio)
    }
}

/// What was found of an inverter on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Its place in the list.
    pub inverter: usize,
    /// What it did by what it should have done, or a share of another kind; see each rule.
    pub share: f64,
    /// How long, hours.
    pub hours: f64,
    /// What was not made, Wh; `None` where that cannot be told.
    pub lost_wh: Option<f64>,
}
