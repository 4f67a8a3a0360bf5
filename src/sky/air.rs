//! What the light passes on its way down: its strength outside, the air it crosses, the haze in it.

use jiff::tz::TimeZone;

use crate::model::Timestamp;

/// Irradiance outside the atmosphere at the mean distance of the sun, W/m².
const SOLAR_CONSTANT_WM2: f64 = 1366.1;
const SEA_LEVEL_PA: f64 = 101_325.0;

/// Irradiance outside the atmosphere on a plane that faces the sun, W/m²; it changes by ±3 % over the
/// year. Fourier series of Spencer (1971), good to 0.01 %; the day of the year is that of UTC.
#[must_use]
pub fn extraterrestrial_wm2(time: Timestamp) -> f64 {
    let angle = std::f64::consts::TAU * (f64::from(day_of_year(time).0) - 1.0) / 365.0;
    let (sin, cos) = angle.sin_cos();
    let (sin_2, cos_2) = (2.0 * angle).sin_cos();
    let nearness = 1.000_11 + 0.034_221 * cos + 0.001_28 * sin + 0.000_719 * cos_2 + 7.7e-5 * sin_2;
    SOLAR_CONSTANT_WM2 * nearness
}

/// Air that the light crosses, as a multiple of the air straight above at the same pressure: the
/// formula of Kasten and Young (1989) with the height of the sun as it is seen, degrees. `None` when
/// the sun is below the horizon.
#[must_use]
pub fn relative_air_mass(apparent_elevation_deg: f64) -> Option<f64> {
    (apparent_elevation_deg >= 0.0).then(|| {
        let sine = apparent_elevation_deg.to_radians().sin();
        1.0 / (sine + 0.505_72 * (apparent_elevation_deg + 6.079_95).powf(-1.6364))
    })
}

/// Mean pressure at a height above the sea, Pa: the standard atmosphere, up to its tropopause at 11 km.
#[must_use]
pub fn pressure_pa(altitude_m: f64) -> f64 {
    100.0 * ((44_331.514 - altitude_m) / 11_880.516).powf(1.0 / 0.190_263_2)
}

/// The same as [`relative_air_mass`], as a multiple of the air straight above at sea level.
#[must_use]
pub fn absolute_air_mass(apparent_elevation_deg: f64, altitude_m: f64) -> Option<f64> {
    let relative = relative_air_mass(apparent_elevation_deg)?;
    Some(relative * pressure_pa(altitude_m) / SEA_LEVEL_PA)
}

/// How hazy the clear sky of a place is in each month: Linke turbidities, 2 in clean and 5 in hazy air.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turbidity([f64; 12]);

impl Turbidity {
    /// Of Beijing: the map of Remund and others (2003, SoDa), as pvlib 0.16 reads it.
    pub const BEIJING: Self =
        Self([2.05, 1.95, 2.50, 3.30, 3.90, 3.95, 4.20, 4.25, 3.55, 3.00, 2.45, 2.00]);

    /// Values of January to December.
    #[must_use]
    pub const fn new(months: [f64; 12]) -> Self {
        Self(months)
    }

    /// Values of January to December.
    #[must_use]
    pub const fn months(&self) -> &[f64; 12] {
        &self.0
    }

    /// The value of a day: that of a month holds in the middle of the month, in between is a straight
    /// line. Days are those of UTC.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> f64 {
        let (day, leap) = day_of_year(time);
        let day = f64::from(day);
        let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let [january, .., december] = self.0;
        // The middles of the months, from the December before to the January after.
        let mut before = (-15.5, december);
        let mut begin = 0.0;
        for (length, value) in lengths.into_iter().zip(self.0).chain([(31, january)]) {
            let length = f64::from(length);
            let after = (begin + length / 2.0, value);
            if day <= after.0 {
                let part = (day - before.0) / (after.0 - before.0);
                return before.1 + part * (after.1 - before.1);
            }
            before = after;
            begin += length;
        }
        january
    }
}

/// Day of the year, 1 is the first of January, and whether it is a leap year. Beyond the calendar it is
/// the first.
fn day_of_year(time: Timestamp) -> (i16, bool) {
    jiff::Timestamp::from_millisecond(time.ms()).map_or((1, false), |moment| {
        let date = TimeZone::UTC.to_datetime(moment).date();
        (date.day_of_year(), date.in_leap_year())
    })
}
