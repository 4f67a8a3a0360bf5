//! The virtual hall's weather: real sun, invented clouds.

use crate::model::Timestamp;
use crate::sky::{Plane, SunPosition, Turbidity, clear_sky, on_plane, split, sun};

use super::noise::smooth;
use super::values::Values;

/// The roof: modules lean a little to the south, as on flat roofs in Beijing.
pub(super) const ROOF: Plane = Plane { tilt_deg: 10.0, azimuth_deg: 180.0 };
/// Height of the city over the sea.
const ALTITUDE_M: f64 = 44.0;
/// Gravel.
const ALBEDO: f64 = 0.2;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Where the virtual hall stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Degrees north.
    pub latitude_deg: f64,
    /// Degrees east.
    pub longitude_deg: f64,
    /// Local days follow it.
    pub time_zone: jiff::tz::TimeZone,
    /// Another seed, other clouds.
    pub seed: u64,
}

/// The weather over the roof at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Where the sun is.
    pub sun: SunPosition,
    /// Irradiance on the horizontal plane, W/m².
    pub ghi_wm2: f64,
    /// Irradiance on the modules, W/m².
    pub poa_wm2: f64,
    /// Air, °C.
    pub ambient_c: f64,
    /// Modules, °C.
    pub module_c: f64,
    /// Wind, m/s.
    pub wind_ms: f64,
    /// Where it comes from, degrees.
    pub wind_from_deg: f64,
}

impl Place {
    /// The weather at `time`.
    #[must_use]
    pub fn weather(&self, time: Timestamp) -> Weather {
        self.weather_under(self.sun(time), time, 0)
    }

    pub(super) fn sun(&self, time: Timestamp) -> SunPosition {
        sun(self.latitude_deg, self.longitude_deg, time)
    }

    /// The weather when the sun is known, which is the costly part. Clouds reach a place `lag_ms`
    /// down the wind that much later.
    pub(super) fn weather_under(&self, sun: SunPosition, time: Timestamp, lag_ms: i64) -> Weather {
        let clear = clear_sky(&sun, time, ALTITUDE_M, &Turbidity::BEIJING);
        let ghi_wm2 = clear.ghi_wm2 * self.clearness(time.plus_ms(-lag_ms));
        let light = split(&sun, time, ghi_wm2);
        let poa_wm2 = on_plane(ROOF, &sun, time, &light, ALBEDO).global_wm2();
        let ambient_c = self.ambient_c(time);
        let wind_ms = 0.5 + 5.0 * smooth(self.seed, 13, time.ms(), 2 * MINUTE_MS);
        // Free-standing modules: about 30 K over the air in full sun and little wind.
        let module_c = ambient_c + poa_wm2 / (25.0 + 6.84 * wind_ms);
        let wind_from_deg = 360.0 * smooth(self.seed, 14, time.ms(), 2 * HOUR_MS);
        Weather { sun, ghi_wm2, poa_wm2, ambient_c, module_c, wind_ms, wind_from_deg }
    }

    /// Share of the clear-sky light that comes through: haze, and now and then a cloud.
    fn clearness(&self, time: Timestamp) -> f64 {
        let haze = 0.90 + 0.10 * smooth(self.seed, 11, time.ms(), MINUTE_MS);
        let cloud = smooth(self.seed, 12, time.ms(), 7 * MINUTE_MS);
        haze * (1.0 - 1.6 * (cloud - 0.72).max(0.0))
    }

    fn ambient_c(&self, time: Timestamp) -> f64 {
        let turn = std::f64::consts::TAU;
        #[allow(clippy::cast_precision_loss)]
        let day = time.ms() as f64 / (24 * HOUR_MS) as f64;
        // Warmest at the end of July and in the early afternoon.
        let season = (turn * (day - 207.0) / 365.25).cos() * 14.5;
        let hour = (turn * (self.solar_hour(time) - 14.5) / 24.0).cos() * 4.0;
        12.5 + season + hour + smooth(self.seed, 15, time.ms(), HOUR_MS)
    }

    /// Mean solar time of the place, hours from 0 to 24.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn solar_hour(&self, time: Timestamp) -> f64 {
        let utc = time.ms().rem_euclid(24 * HOUR_MS) as f64 / HOUR_MS as f64;
        (utc + self.longitude_deg / 15.0).rem_euclid(24.0)
    }
}

impl Weather {
    /// What a weather station shows. `irradiation_today_whm2` is its counter of the day.
    #[must_use]
    pub fn values(&self, irradiation_today_whm2: f64) -> Values {
        let mut values = Values::default();
        values.number("irradiance_poa_wm2", self.poa_wm2);
        values.number("irradiance_ghi_wm2", self.ghi_wm2);
        values.number("vendor_irradiance_2_wm2", self.ghi_wm2);
        values.number("irradiation_today_whm2", irradiation_today_whm2);
        values.number("module_temp_c", self.module_c);
        values.number("ambient_temp_c", self.ambient_c);
        values.number("wind_speed_ms", self.wind_ms);
        values.number("wind_direction_deg", self.wind_from_deg);
        values.number("humidity_percent", 45.0);
        values
    }
}
