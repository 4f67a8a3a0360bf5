//! Sunlight in W/m²: what a cloudless sky gives, its parts, and what a tilted plane gets of it.

use super::air::{Turbidity, absolute_air_mass, extraterrestrial_wm2};
use super::position::SunPosition;
use crate::model::Timestamp;

/// Sunlight at a place, W/m².
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Irradiance {
    /// On a horizontal plane, from everywhere.
    pub ghi_wm2: f64,
    /// Straight from the sun, on a plane that faces it.
    pub dni_wm2: f64,
    /// On a horizontal plane, from the sky without the sun's disc.
    pub dhi_wm2: f64,
}

/// A plane: the modules of an array, or a sensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    /// Slope: 0 lies flat, 90 stands upright.
    pub tilt_deg: f64,
    /// The compass direction it looks to: 180 is south.
    pub azimuth_deg: f64,
}

/// Sunlight on a plane, W/m².
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OnPlane {
    /// Straight from the sun.
    pub beam_wm2: f64,
    /// From the sky.
    pub sky_wm2: f64,
    /// From the ground in front of it.
    pub ground_wm2: f64,
}

impl OnPlane {
    /// All of it.
    #[must_use]
    pub fn global_wm2(&self) -> f64 {
        self.beam_wm2 + self.sky_wm2 + self.ground_wm2
    }
}

/// What a cloudless sky gives: the model of Ineichen and Perez (2002), with the haze of the month and the
/// height of the place above the sea. It is right to about 5 % on a clear day; a day of dust or smog
/// gives less.
#[must_use]
pub fn clear_sky(
    sun: &SunPosition,
    time: Timestamp,
    altitude_m: f64,
    turbidity: &Turbidity,
) -> Irradiance {
    let sine = sun.apparent_elevation_deg.to_radians().sin();
    let air_mass = absolute_air_mass(sun.apparent_elevation_deg, altitude_m);
    let Some(air_mass) = air_mass.filter(|_| sine > 0.0) else {
        return Irradiance::default();
    };
    let outside = extraterrestrial_wm2(time);
    let haze = turbidity.at(time);
    let (fh1, fh2) = ((-altitude_m / 8_000.0).exp(), (-altitude_m / 1_250.0).exp());
    let (cg1, cg2) = (5.09e-5 * altitude_m + 0.868, 3.92e-5 * altitude_m + 0.0387);
    let ghi = cg1 * outside * sine * (-cg2 * air_mass * (fh1 + fh2 * (haze - 1.0))).exp();
    let beam = (0.664 + 0.163 / fh1) * (-0.09 * air_mass * (haze - 1.0)).exp() * outside;
    // In clean air the beam would be more than the whole: the correction of the authors.
    let most = ghi * (1.0 - (0.1 - 0.2 * (-haze).exp()) / (0.1 + 0.882 / fh1)).max(0.0) / sine;
    let dni = beam.min(most);
    Irradiance { ghi_wm2: ghi, dni_wm2: dni, dhi_wm2: ghi - dni * sine }
}

/// Below this height of the sun a measured horizontal irradiance does not tell beam from sky.
const SPLIT_ELEVATION_MIN_DEG: f64 = 3.0;
/// The sun counts as at least so high (its sine) where the clearness is reckoned.
const SPLIT_SINE_MIN: f64 = 0.065;

/// Splits a measured horizontal irradiance into what came straight from the sun and what came from the
/// sky, by how clear it was: the correlation of Erbs, Klein and Duffie (1982), which was found from hours
/// and is used for minutes for want of a better one.
#[must_use]
pub fn split(sun: &SunPosition, time: Timestamp, ghi_wm2: f64) -> Irradiance {
    let sine = sun.elevation_deg.to_radians().sin();
    let clearness = ghi_wm2 / (extraterrestrial_wm2(time) * sine.max(SPLIT_SINE_MIN));
    let clearness = clearness.clamp(0.0, 1.0);
    let diffuse_share = match clearness {
        k if k <= 0.22 => 1.0 - 0.09 * k,
        k if k <= 0.8 => {
            0.9511 - 0.1604 * k + 4.388 * k.powi(2) - 16.638 * k.powi(3) + 12.336 * k.powi(4)
        }
        _ => 0.165,
    };
    let dhi = diffuse_share * ghi_wm2;
    let dni = (ghi_wm2 - dhi) / sine;
    // Written so that what is no number has no beam either.
    if sun.elevation_deg >= SPLIT_ELEVATION_MIN_DEG && ghi_wm2 >= 0.0 && dni >= 0.0 {
        Irradiance { ghi_wm2, dni_wm2: dni, dhi_wm2: dhi }
    } else {
        Irradiance { ghi_wm2, dni_wm2: 0.0, dhi_wm2: ghi_wm2 }
    }
}

/// The sun counts as at least so high (its sine, one degree) where light around its disc is turned.
const CIRCUMSOLAR_SINE_MIN: f64 = 0.01745;

/// What a plane gets: the beam turned onto it; the sky by Hay and Davies (1980), of which a share as
/// large as the air is clear comes from around the sun; and what the ground in front of it throws back,
/// `albedo` of the horizontal irradiance.
#[must_use]
pub fn on_plane(
    plane: Plane,
    sun: &SunPosition,
    time: Timestamp,
    light: &Irradiance,
    albedo: f64,
) -> OnPlane {
    let (sin_tilt, cos_tilt) = plane.tilt_deg.to_radians().sin_cos();
    let (sin_height, cos_height) = sun.apparent_elevation_deg.to_radians().sin_cos();
    let sideways = (sun.azimuth_deg - plane.azimuth_deg).to_radians().cos();
    let incidence = (sin_height * cos_tilt + cos_height * sin_tilt * sideways).clamp(0.0, 1.0);
    let clear = light.dni_wm2 / extraterrestrial_wm2(time);
    let around_sun = light.dhi_wm2 * clear * incidence / sin_height.max(CIRCUMSOLAR_SINE_MIN);
    let everywhere = light.dhi_wm2 * (1.0 - clear) * f64::midpoint(1.0, cos_tilt);
    OnPlane {
        beam_wm2: (light.dni_wm2 * incidence).max(0.0),
        sky_wm2: everywhere.max(0.0) + around_sun.max(0.0),
        ground_wm2: light.ghi_wm2 * albedo * (1.0 - cos_tilt) / 2.0,
    }
}
