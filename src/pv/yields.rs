//! Yields and performance ratios after IEC 61724-1: sums over records, and figures of the sums.
//!
//! A record is a stretch of some minutes with the means of what was measured in it. A ratio is made of
//! those records only in which everything it needs is valid; how many that are is part of the figure.
//! The sums of days, and of inverters, add up: `PR = Σ P·τ / Σ P0·G·τ/G_ref`, whatever is summed.

use super::pvwatts::{REFERENCE_C, REFERENCE_WM2};

/// Irradiance from which on it is day, W/m².
pub const DAYLIGHT_WM2: f64 = 20.0;
/// Share of the daylight records that have to be valid for a ratio.
pub const COMPLETE_MIN: f64 = 0.9;
/// Irradiation below which a ratio says nothing, kWh/m².
pub const IRRADIATION_MIN_KWHM2: f64 = 1.0;
/// What a sensor in sound condition says, W/m²; a little below zero it is dark.
const IRRADIANCE_WM2: std::ops::RangeInclusive<f64> = -10.0..=1_500.0;
/// Temperatures of modules, °C.
const MODULE_C: std::ops::RangeInclusive<f64> = -50.0..=110.0;
/// More than this share of its modules' rated power no array gives.
const POWER_MAX: f64 = 1.5;

/// What an array is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// DC power of its modules at 1000 W/m² and 25 °C, W: `P0`.
    pub dc_rated_w: f64,
    /// What its power changes by with each kelvin, 1/K; negative.
    pub gamma_per_k: f64,
}

/// What was measured in a stretch of time: means.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Record {
    /// How long it is, hours: `τ`.
    pub hours: f64,
    /// AC power, W.
    pub ac_w: Option<f64>,
    /// DC power, W.
    pub dc_w: Option<f64>,
    /// Irradiance on the modules, W/m²: `G`.
    pub poa_wm2: Option<f64>,
    /// Temperature of the modules, °C.
    pub module_c: Option<f64>,
    /// The sun is so high that it is day, where the irradiance does not say.
    pub sun_up: bool,
}

/// Sums over records. Those of several arrays or times add up with [`Sums::plus`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// Daylight records that there should be.
    pub daylight: u64,
    /// Of them, those with AC power and irradiance.
    pub valid: u64,
    /// AC energy of the valid ones, Wh.
    pub ac_wh: f64,
    /// What the modules would have made of the same light under reference conditions, Wh:
    /// `Σ P0·G·τ/G_ref`.
    pub reference_wh: f64,
    /// Of valid records with DC power: DC energy, Wh.
    pub dc_wh: f64,
    /// Of the same records: AC energy, Wh.
    pub dc_ac_wh: f64,
    /// Of the same records: reference energy, Wh.
    pub dc_reference_wh: f64,
    /// Of valid records with a module temperature: AC energy, Wh.
    pub warm_ac_wh: f64,
    /// Of the same records: reference energy, Wh.
    pub warm_reference_wh: f64,
    /// Of the same records: reference energy at their temperature, Wh.
    pub warm_expected_wh: f64,
    /// Of the same records: reference energy times temperature, Wh·°C.
    pub warm_wh_c: f64,
    /// Of the same records: reference energy times the temperature coefficient, Wh/K.
    pub warm_gamma_wh: f64,
    /// Reference energy of all records with irradiance, whether there is power or not, Wh.
    pub light_wh: f64,
}

/// Why there is no figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NoFigure {
    /// Nobody measures the irradiance, or nothing of it was kept.
    NoIrradiance,
    /// Nobody measures the DC power.
    NoDcPower,
    /// Nobody measures the temperature of the modules.
    NoTemperature,
    /// This share of the daylight records is valid, which is not enough.
    Incomplete(f64),
    /// There was so little light, kWh/m², that a ratio says nothing.
    TooDark(f64),
    /// What the modules are rated is not known.
    NoRating,
}

impl Sums {
    /// Adds a record.
    pub fn take(&mut self, rating: &Rating, record: &Record) {
        let poa_wm2 = record.poa_wm2.filter(|poa| IRRADIANCE_WM2.contains(poa));
        let poa_wm2 = poa_wm2.map(|poa| poa.max(0.0));
        let power = |w: &f64| w.abs() <= POWER_MAX * rating.dc_rated_w;
        let rated_wh = rating.dc_rated_w * record.hours / REFERENCE_WM2;
        self.light_wh += poa_wm2.map_or(0.0, |poa| poa * rated_wh);
        let day = poa_wm2.map_or(record.sun_up, |poa| poa >= DAYLIGHT_WM2);
        self.daylight += u64::from(day);
        let (Some(poa_wm2), Some(ac_w)) = (poa_wm2, record.ac_w.filter(power)) else { return };
        if !day {
            return;
        }
        let (ac_wh, reference_wh) = (ac_w * record.hours, poa_wm2 * rated_wh);
        self.valid += 1;
        self.ac_wh += ac_wh;
        self.reference_wh += reference_wh;
        if let Some(dc_w) = record.dc_w.filter(power) {
            self.dc_wh += dc_w * record.hours;
            self.dc_ac_wh += ac_wh;
            self.dc_reference_wh += reference_wh;
        }
        if let Some(module_c) = record.module_c.filter(|c| MODULE_C.contains(c)) {
            self.warm_ac_wh += ac_wh;
            self.warm_reference_wh += reference_wh;
            self.warm_expected_wh +=
                reference_wh * (1.0 + rating.gamma_per_k * (module_c - REFERENCE_C));
            self.warm_wh_c += reference_wh * module_c;
            self.warm_gamma_wh += reference_wh * rating.gamma_per_k;
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            daylight: self.daylight + other.daylight,
            valid: self.valid + other.valid,
            ac_wh: self.ac_wh + other.ac_wh,
            reference_wh: self.reference_wh + other.reference_wh,
            dc_wh: self.dc_wh + other.dc_wh,
            dc_ac_wh: self.dc_ac_wh + other.dc_ac_wh,
            dc_reference_wh: self.dc_reference_wh + other.dc_reference_wh,
            warm_ac_wh: self.warm_ac_wh + other.warm_ac_wh,
            warm_reference_wh: self.warm_reference_wh + other.warm_reference_wh,
            warm_expected_wh: self.warm_expected_wh + other.warm_expected_wh,
            warm_wh_c: self.warm_wh_c + other.warm_wh_c,
            warm_gamma_wh: self.warm_gamma_wh + other.warm_gamma_wh,
            light_wh: self.light_wh + other.light_wh,
        }
    }

    /// Share of the daylight records that are valid, 0 to 1; `None` when there were none.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // numbers of records
    pub fn completeness(&self) -> Option<f64> {
        (self.daylight > 0).then(|| self.valid as f64 / self.daylight as f64)
    }

    /// Irradiation on the modules, kWh/m²: `H_i`, over all records with irradiance; for several arrays
    /// the mean, each weighed by its rated power.
    #[must_use]
    pub fn irradiation_kwhm2(&self, dc_rated_w: f64) -> Option<f64> {
        (dc_rated_w > 0.0 && self.light_wh > 0.0).then(|| self.light_wh / dc_rated_w)
    }

    /// Performance ratio: `PR = Σ P·τ/P0 / Σ G·τ/G_ref`.
    ///
    /// # Errors
    /// [`NoFigure`].
    pub fn pr(&self, dc_rated_w: f64) -> Result<f64, NoFigure> {
        self.sound(dc_rated_w)?;
        Ok(self.ac_wh / self.reference_wh)
    }

    /// Performance ratio as it would be with modules at 25 °C:
    /// `PR'25 = Σ P·τ / Σ (1 + γ(T − 25))·P0·G·τ/G_ref`.
    ///
    /// # Errors
    /// [`NoFigure`].
    pub fn pr_25(&self, dc_rated_w: f64) -> Result<f64, NoFigure> {
        self.sound(dc_rated_w)?;
        self.warm(self.warm_expected_wh)
    }

    /// Performance ratio as it would be with modules at the temperature of the whole year, weighed by
    /// the light, °C: what may be compared between months.
    ///
    /// # Errors
    /// [`NoFigure`].
    pub fn pr_annual(&self, dc_rated_w: f64, annual_c: f64) -> Result<f64, NoFigure> {
        self.sound(dc_rated_w)?;
        self.warm(self.warm_expected_wh + (REFERENCE_C - annual_c) * self.warm_gamma_wh)
    }

    /// Temperature of the modules, weighed by the light on them, °C.
    #[must_use]
    pub fn module_temp_c(&self) -> Option<f64> {
        (self.warm_reference_wh > 0.0).then(|| self.warm_wh_c / self.warm_reference_wh)
    }

    /// Losses, hours: those of the array, `L_C = Y_R − Y_A`, and those behind it, `L_BOS = Y_A − Y_F`,
    /// over the records with both powers.
    ///
    /// # Errors
    /// [`NoFigure`].
    pub fn losses_h(&self, dc_rated_w: f64) -> Result<(f64, f64), NoFigure> {
        self.sound(dc_rated_w)?;
        if self.dc_reference_wh < COMPLETE_MIN * self.reference_wh {
            return Err(NoFigure::NoDcPower);
        }
        let array = (self.dc_reference_wh - self.dc_wh) / dc_rated_w;
        Ok((array, (self.dc_wh - self.dc_ac_wh) / dc_rated_w))
    }

    /// Array yield, hours, over the records with both powers: `Y_A = Σ P_DC·τ / P0`.
    ///
    /// # Errors
    /// [`NoFigure`].
    pub fn array_yield_h(&self, dc_rated_w: f64) -> Result<f64, NoFigure> {
        self.losses_h(dc_rated_w).map(|_| self.dc_wh / dc_rated_w)
    }

    fn warm(&self, expected_wh: f64) -> Result<f64, NoFigure> {
        if self.warm_reference_wh < COMPLETE_MIN * self.reference_wh {
            return Err(NoFigure::NoTemperature);
        }
        Ok(self.warm_ac_wh / expected_wh)
    }

    /// Whether a ratio may be made of it.
    fn sound(&self, dc_rated_w: f64) -> Result<(), NoFigure> {
        if dc_rated_w <= 0.0 {
            return Err(NoFigure::NoRating);
        }
        let light_kwhm2 = self.irradiation_kwhm2(dc_rated_w).ok_or(NoFigure::NoIrradiance)?;
        let complete = self.completeness().unwrap_or(0.0);
        if complete < COMPLETE_MIN {
            return Err(NoFigure::Incomplete(complete));
        }
        if light_kwhm2 < IRRADIATION_MIN_KWHM2 {
            return Err(NoFigure::TooDark(light_kwhm2));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day of half hours whose light and warmth come and go.
    fn sums(power: impl Fn(f64, f64) -> f64) -> (Rating, Sums) {
        let rating = Rating { dc_rated_w: 10_000.0, gamma_per_k: -0.004 };
        let mut sums = Sums::default();
        for step in 0..24 {
            let light = 900.0 * (f64::from(step) / 24.0 * std::f64::consts::PI).sin().max(0.03);
            let module_c = 5.0 + light / 25.0;
            let record = Record {
                hours: 0.5,
                ac_w: Some(power(light, module_c)),
                dc_w: Some(power(light, module_c) / 0.97),
                poa_wm2: Some(light),
                module_c: Some(module_c),
                sun_up: true,
            };
            sums.take(&rating, &record);
        }
        (rating, sums)
    }

    #[test]
    fn a_ratio_at_its_own_mean_temperature_is_the_raw_one_and_at_25_the_other() {
        let (rating, sums) =
            sums(|light, module_c| 0.8 * 10.0 * light * (1.0 - 0.004 * (module_c - 25.0)));
        let own_c = sums.module_temp_c().expect("known");
        let (raw, at_25) = (sums.pr(rating.dc_rated_w), sums.pr_25(rating.dc_rated_w));
        let at = |c: f64| sums.pr_annual(rating.dc_rated_w, c).expect("a ratio");
        // With a coefficient that is the same everywhere the two are the same number, which is why a month
        // is never corrected by its own temperature.
        assert!((at(own_c) - raw.expect("a ratio")).abs() < 1e-12);
        assert!((at(25.0) - at_25.expect("a ratio")).abs() < 1e-12);
        assert!((at(25.0) - 0.8).abs() < 1e-12, "what was put there");
        // At 15 °C modules would make 4 % more than at 25 °C.
        let expected =
            sums.warm_ac_wh / (sums.warm_expected_wh - 10.0 * 0.004 * sums.warm_reference_wh);
        assert!((at(15.0) - expected).abs() < 1e-12, "{} and {expected}", at(15.0));
    }

    #[test]
    fn yields_and_losses_add_up() {
        let (rating, sums) = sums(|light, _| 7.5 * light);
        let (array_h, bos_h) = sums.losses_h(rating.dc_rated_w).expect("losses");
        let array_yield_h = sums.array_yield_h(rating.dc_rated_w).expect("a yield");
        let reference_h = sums.irradiation_kwhm2(rating.dc_rated_w).expect("light");
        let final_h = sums.ac_wh / rating.dc_rated_w;
        assert!((reference_h - array_h - array_yield_h).abs() < 1e-9, "Yr − Lc = Ya");
        assert!((array_yield_h - bos_h - final_h).abs() < 1e-9, "Ya − Lbos = Yf");
    }
}
