//! Sunlight in W/m²: what a cloudless sky gives, and how much of it a tilted plane sees.

use super::SunPosition;

/// Global horizontal irradiance under a clear sky, W/m², by the model of Haurwitz (1945):
/// `1098 cos z · exp(-0.059 / cos z)`, with the apparent zenith `z`.
///
/// It needs nothing but the sun's height, and is the best of the models that do (Reno, Hansen,
/// Stein 2012); haze, altitude and season are not in it, so expect ±10 % on a real clear day.
#[must_use]
pub fn clear_sky_ghi_wm2(sun: &SunPosition) -> f64 {
    let cos_zenith = sun.apparent_elevation_deg.to_radians().sin();
    if cos_zenith <= 0.0 {
        return 0.0;
    }
    1098.0 * cos_zenith * (-0.059 / cos_zenith).exp()
}

/// Part of the global irradiance that comes straight from the sun's disc, on a fair day.
const BEAM_SHARE: f64 = 0.75;

/// Below this sine of the sun's height the ratio of the two cosines means nothing any more.
const SINE_MIN: f64 = 0.1;

/// Irradiance on a plane, W/m², from the horizontal one: the direct part turned onto the plane,
/// the diffuse part seen by the share of the sky above it.
///
/// `tilt_deg` is 0 for a flat roof, `facing_deg` the compass direction the plane looks to. The
/// direct share is taken as a fixed 75 %, which is right for a fair day only: good for a
/// simulator, not for a report.
#[must_use]
pub fn irradiance_on_plane_wm2(
    sun: &SunPosition,
    ghi_wm2: f64,
    tilt_deg: f64,
    facing_deg: f64,
) -> f64 {
    let tilt = tilt_deg.to_radians();
    let (sin_height, cos_height) = sun.apparent_elevation_deg.to_radians().sin_cos();
    let sideways = (sun.azimuth_deg - facing_deg).to_radians().cos();
    let incidence = (sin_height * tilt.cos() + cos_height * tilt.sin() * sideways).max(0.0);
    let beam = BEAM_SHARE * incidence / sin_height.max(SINE_MIN);
    let diffuse = (1.0 - BEAM_SHARE) * f64::midpoint(1.0, tilt.cos());
    (ghi_wm2 * (beam + diffuse)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(apparent_elevation_deg: f64, azimuth_deg: f64) -> SunPosition {
        SunPosition { elevation_deg: apparent_elevation_deg, apparent_elevation_deg, azimuth_deg }
    }

    #[test]
    fn haurwitz_agrees_with_pvlib() {
        // pvlib 0.16.1, clearsky.haurwitz(90 - elevation)
        for (elevation, ghi) in [(90.0, 1035.0920), (60.0, 888.2713), (30.0, 487.8941)] {
            let ours = clear_sky_ghi_wm2(&at(elevation, 180.0));
            assert!((ours - ghi).abs() < 0.001, "{elevation}: {ours} != {ghi}");
        }
        assert!(clear_sky_ghi_wm2(&at(2.0, 90.0)) < 10.0);
        assert_eq!(clear_sky_ghi_wm2(&at(-1.0, 90.0)), 0.0);
    }

    #[test]
    fn a_flat_plane_sees_the_horizontal_irradiance_and_a_southern_one_more() {
        let winter_noon = at(27.0, 180.0);
        assert!((irradiance_on_plane_wm2(&winter_noon, 500.0, 0.0, 180.0) - 500.0).abs() < 1e-9);
        assert!(irradiance_on_plane_wm2(&winter_noon, 500.0, 10.0, 180.0) > 600.0);
        assert!(irradiance_on_plane_wm2(&winter_noon, 500.0, 10.0, 0.0) < 400.0);
    }
}
