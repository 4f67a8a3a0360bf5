//! What an array and its inverter make of light: the model of PVWatts 5 (Dobos 2014, NREL/TP-6A20-62641).

/// Light under which power is rated, W/m².
pub const REFERENCE_WM2: f64 = 1_000.0;
/// Temperature of cells under which power is rated, °C.
pub const REFERENCE_C: f64 = 25.0;
/// Efficiency that PVWatts' curve of an inverter was found with.
const EFFICIENCY_REFERENCE: f64 = 0.9637;

/// DC power, W, of modules of `rated_w` (at 1000 W/m² and 25 °C) with `gamma_per_k` (negative: they lose
/// with heat).
#[must_use]
pub fn dc_power_w(rated_w: f64, gamma_per_k: f64, poa_wm2: f64, cell_c: f64) -> f64 {
    poa_wm2 / REFERENCE_WM2 * rated_w * (1.0 + gamma_per_k * (cell_c - REFERENCE_C))
}

/// AC power, W, of an inverter that takes `dc_w`: `dc_limit_w` is the most it can use, `efficiency` its
/// nominal one. It makes nothing below half a percent of its size, and never more than its nameplate,
/// `efficiency · dc_limit_w`.
#[must_use]
pub fn ac_power_w(dc_w: f64, dc_limit_w: f64, efficiency: f64) -> f64 {
    let load = dc_w / dc_limit_w;
    if load == 0.0 {
        return 0.0;
    }
    let curve = -0.0162 * load - 0.0059 / load + 0.9858;
    (efficiency / EFFICIENCY_REFERENCE * curve * dc_w).min(efficiency * dc_limit_w).max(0.0)
}

/// What is lost on the way, in percent; each takes its share of what the ones before have left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Losses {
    /// Dirt.
    pub soiling_percent: f64,
    /// Shade.
    pub shading_percent: f64,
    /// Snow.
    pub snow_percent: f64,
    /// Modules of a string that differ.
    pub mismatch_percent: f64,
    /// Cables.
    pub wiring_percent: f64,
    /// Plugs.
    pub connections_percent: f64,
    /// What modules lose in their first light.
    pub light_induced_percent: f64,
    /// Modules that are less than their label says.
    pub nameplate_percent: f64,
    /// Age.
    pub age_percent: f64,
    /// Times when it stands still.
    pub availability_percent: f64,
}

impl Losses {
    /// As PVWatts assumes where nothing is known.
    pub const PVWATTS: Self = Self {
        soiling_percent: 2.0,
        shading_percent: 3.0,
        snow_percent: 0.0,
        mismatch_percent: 2.0,
        wiring_percent: 2.0,
        connections_percent: 0.5,
        light_induced_percent: 1.5,
        nameplate_percent: 1.0,
        age_percent: 0.0,
        availability_percent: 3.0,
    };

    /// All of them together, percent.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let each = [
            self.soiling_percent,
            self.shading_percent,
            self.snow_percent,
            self.mismatch_percent,
            self.wiring_percent,
            self.connections_percent,
            self.light_induced_percent,
            self.nameplate_percent,
            self.age_percent,
            self.availability_percent,
        ];
        let left: f64 = each.iter().map(|percent| 1.0 - percent / 100.0).product();
        (1.0 - left) * 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_losses_of_pvwatts_are_a_seventh() {
        // pvlib 0.16.1, pvsystem.pvwatts_losses()
        assert!((Losses::PVWATTS.percent() - 14.075_660_688_264_469).abs() < 1e-12);
    }

    #[test]
    fn a_dark_inverter_makes_nothing_and_a_large_array_is_cut() {
        assert_eq!(ac_power_w(0.0, 50_000.0, 0.96), 0.0);
        assert_eq!(ac_power_w(200.0, 50_000.0, 0.96), 0.0, "it wants more for itself");
        assert_eq!(ac_power_w(70_000.0, 50_000.0, 0.96), 48_000.0);
        assert_eq!(ac_power_w(-5.0, 50_000.0, 0.96), 0.0);
    }
}
