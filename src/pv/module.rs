//! How warm the cells of a module are: from the light on it, the air and the wind.

/// How modules are mounted, as far as heat is concerned: the parameters of the Sandia array performance
/// model (King, Boyson and Kratochvil 2004, table 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mounting {
    /// Glass on both sides, air all around.
    OpenRackGlassGlass,
    /// Glass on both sides, close to a roof.
    CloseMountGlassGlass,
    /// Glass and a polymer sheet, air all around: most racks on flat roofs.
    OpenRackGlassPolymer,
    /// Glass and a polymer sheet, no air behind: built into a roof.
    InsulatedBackGlassPolymer,
}

impl Mounting {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::OpenRackGlassGlass,
        Self::CloseMountGlassGlass,
        Self::OpenRackGlassPolymer,
        Self::InsulatedBackGlassPolymer,
    ];

    /// The word in files and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenRackGlassGlass => "open_rack_glass_glass",
            Self::CloseMountGlassGlass => "close_mount_glass_glass",
            Self::OpenRackGlassPolymer => "open_rack_glass_polymer",
            Self::InsulatedBackGlassPolymer => "insulated_back_glass_polymer",
        }
    }

    /// `(a, b, ΔT)`: how the back warms up in light, how wind cools it (s/m), and how much warmer than
    /// the back the cells are in 1000 W/m² (K).
    const fn sandia(self) -> (f64, f64, f64) {
        match self {
            Self::OpenRackGlassGlass => (-3.47, -0.0594, 3.0),
            Self::CloseMountGlassGlass => (-2.98, -0.0471, 1.0),
            Self::OpenRackGlassPolymer => (-3.56, -0.0750, 3.0),
            Self::InsulatedBackGlassPolymer => (-2.81, -0.0455, 0.0),
        }
    }
}

/// Temperature of the cells, °C, by the Sandia model: `poa_wm2` on the module, air in °C, wind in m/s at
/// 10 m.
#[must_use]
pub fn cell_temp_c(mounting: Mounting, poa_wm2: f64, ambient_c: f64, wind_ms: f64) -> f64 {
    let (a, b, _) = mounting.sandia();
    let back_c = poa_wm2 * (a + b * wind_ms).exp() + ambient_c;
    cell_temp_behind_c(mounting, poa_wm2, back_c)
}

/// Temperature of the cells, °C, from that of the module's back, where a sensor is glued to it.
#[must_use]
pub fn cell_temp_behind_c(mounting: Mounting, poa_wm2: f64, back_c: f64) -> f64 {
    back_c + poa_wm2 / 1_000.0 * mounting.sandia().2
}

/// How well a module gives away its heat, by Faiman (2008): W/(m²·K) without wind, and more for each m/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeatLoss {
    /// Without wind, W/(m²·K).
    pub still_wm2k: f64,
    /// More for each m/s of wind, W·s/(m³·K).
    pub windy_wsm3k: f64,
}

impl HeatLoss {
    /// The means of Faiman's own measurements.
    pub const FAIMAN: Self = Self { still_wm2k: 25.0, windy_wsm3k: 6.84 };
}

/// Temperature of a module, °C, by Faiman (2008); what IEC 61853 uses.
#[must_use]
pub fn module_temp_c(loss: HeatLoss, poa_wm2: f64, ambient_c: f64, wind_ms: f64) -> f64 {
    ambient_c + poa_wm2 / (loss.still_wm2k + loss.windy_wsm3k * wind_ms)
}
