//! The sun's position, and the moments of rise, transit and set.

use solar_positioning::time::JulianDate;
use solar_positioning::{Horizon, Location, RefractionCorrection, SolarEvents, SolarPositions};

use super::air::pressure_pa;
use crate::model::Timestamp;

/// Julian date of 1970-01-01T00:00Z, days.
const JULIAN_UNIX_EPOCH: f64 = 2_440_587.5;
const MS_PER_DAY: f64 = 86_400_000.0;
/// Half a day and some, so that the window around a guessed noon holds a transit even on the
/// days that are longer than 24 hours by the sun.
const HALF_DAY: f64 = 0.502;

/// Air that bends the light: that of a mild day, °C, at the mean pressure of the place. Another day moves
/// a sun on the horizon by up to 0.05°, one above 10° by less than 0.01°.
const TEMPERATURE_C: f64 = 12.0;
/// Hectopascals that a place of people has.
const PRESSURES_HPA: std::ops::RangeInclusive<f64> = 300.0..=1_100.0;

/// Where the sun stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SunPosition {
    /// Height of the sun's centre above the horizon, degrees, without refraction.
    pub elevation_deg: f64,
    /// The same as it is seen through the air; what irradiance models ask for.
    pub apparent_elevation_deg: f64,
    /// Compass direction, degrees from north through east, 0 to 360.
    pub azimuth_deg: f64,
}

/// The sun's day at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SunTimes {
    /// The upper limb appears; `None` in polar day and polar night.
    pub rise: Option<Timestamp>,
    /// The sun crosses the meridian, highest or nearly so.
    pub transit: Timestamp,
    /// The upper limb disappears; `None` in polar day and polar night.
    pub set: Option<Timestamp>,
}

/// The sun seen from `lat_deg` north and `lon_deg` east at `time`.
///
/// Good to 0.01° for the years 2000 to 2100. A place that is not on the Earth (not a number,
/// beyond a pole) or a time outside the years −2000 to 6000 has no sun: it is straight below.
#[must_use]
pub fn sun(lat_deg: f64, lon_deg: f64, time: Timestamp) -> SunPosition {
    sun_above(lat_deg, lon_deg, 0.0, time)
}

/// The same from a place `altitude_m` above the sea, where thinner air bends the light less: that moves a
/// low sun by some hundredths of a degree for each kilometre.
#[must_use]
pub fn sun_above(lat_deg: f64, lon_deg: f64, altitude_m: f64, time: Timestamp) -> SunPosition {
    position(lat_deg, lon_deg, altitude_m, time).unwrap_or(SunPosition {
        elevation_deg: -90.0,
        apparent_elevation_deg: -90.0,
        azimuth_deg: 0.0,
    })
}

fn position(
    lat_deg: f64,
    lon_deg: f64,
    altitude_m: f64,
    time: Timestamp,
) -> solar_positioning::Result<SunPosition> {
    let location = place(lat_deg, lon_deg);
    let date = JulianDate::new(julian(time), delta_t_s(time))?;
    let prepared = SolarPositions::new().for_time_from_julian(date)?;
    let air = RefractionCorrection::new(pressure_hpa(altitude_m), TEMPERATURE_C)?;
    let bare = prepared.at(location, 0.0, None)?;
    let seen = prepared.at(location, 0.0, Some(air))?;
    Ok(SunPosition {
        elevation_deg: bare.elevation_angle(),
        apparent_elevation_deg: seen.elevation_angle(),
        azimuth_deg: bare.azimuth(),
    })
}

/// Rise, transit and set of the solar day around `noon_guess`, any moment within some hours of
/// local noon. Rise and set are where the centre is 50′ below the horizon, as almanacs have it.
#[must_use]
pub fn sun_times(lat_deg: f64, lon_deg: f64, noon_guess: Timestamp) -> SunTimes {
    let events = SolarEvents::new();
    let location = place(lat_deg, lon_deg);
    let delta_t = delta_t_s(noon_guess);
    let guess = julian(noon_guess);
    let transit = events
        .next_transit_from_julian(guess - HALF_DAY, guess + HALF_DAY, location.longitude, delta_t)
        .ok()
        .flatten()
        .unwrap_or(guess);
    let horizon = Horizon::SunriseSunset;
    let rise =
        events.next_rise_from_julian(transit - HALF_DAY, transit, location, delta_t, horizon);
    let set = events.next_set_from_julian(transit, transit + HALF_DAY, location, delta_t, horizon);
    SunTimes {
        rise: rise.ok().flatten().map(timestamp),
        transit: timestamp(transit),
        set: set.ok().flatten().map(timestamp),
    }
}

fn pressure_hpa(altitude_m: f64) -> f64 {
    let pressure_hpa = pressure_pa(altitude_m) / 100.0;
    if pressure_hpa.is_nan() {
        return *PRESSURES_HPA.start();
    }
    pressure_hpa.clamp(*PRESSURES_HPA.start(), *PRESSURES_HPA.end())
}

fn place(latitude: f64, lon_deg: f64) -> Location {
    // The library refuses longitudes beyond ±180°; places there are as good as any.
    let longitude = (lon_deg + 180.0).rem_euclid(360.0) - 180.0;
    Location { latitude, longitude }
}

#[allow(clippy::cast_precision_loss)]
fn julian(time: Timestamp) -> f64 {
    JULIAN_UNIX_EPOCH + time.ms() as f64 / MS_PER_DAY
}

#[allow(clippy::cast_possible_truncation)]
fn timestamp(julian: f64) -> Timestamp {
    Timestamp::from_ms(((julian - JULIAN_UNIX_EPOCH) * MS_PER_DAY).round() as i64)
}

/// Terrestrial minus universal time, seconds; the Earth turns unevenly, so this is an estimate.
#[allow(clippy::cast_precision_loss)]
fn delta_t_s(time: Timestamp) -> f64 {
    /// Where the estimate gives up, a value of today is as good as any.
    const TODAY_S: f64 = 69.2;
    let year = 1970.0 + time.ms() as f64 / (365.2425 * MS_PER_DAY);
    solar_positioning::delta_t::estimate(year).unwrap_or(TODAY_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        Timestamp::from_ms(text.parse::<jiff::Timestamp>().expect("RFC 3339").as_millisecond())
    }

    fn apart_deg(a: f64, b: f64) -> f64 {
        let turn = (a - b).rem_euclid(360.0);
        turn.min(360.0 - turn)
    }

    /// pvlib 0.16.1, `get_solarposition(method="nrel_numpy", delta_t=None)`: time, latitude,
    /// longitude, elevation, apparent elevation, azimuth.
    const POSITIONS: [(&str, f64, f64, f64, f64, f64); 21] = [
        ("2000-03-20T02:00:00Z", 39.9042, 116.4074, 38.5879, 38.6089, 132.0675),
        ("2010-09-23T23:30:00Z", 39.9042, 116.4074, 15.6224, 15.6806, 103.9848),
        ("2026-06-21T04:00:00Z", 39.9042, 116.4074, 73.1850, 73.1900, 167.1241),
        ("2026-06-20T20:50:00Z", 39.9042, 116.4074, -0.1710, 0.3330, 58.6038),
        ("2026-12-22T04:12:00Z", 39.9042, 116.4074, 26.6563, 26.6893, 179.8024),
        ("2026-12-22T08:30:00Z", 39.9042, 116.4074, 2.8771, 3.1084, 235.8614),
        ("2026-01-15T01:00:00Z", 39.9042, 116.4074, 12.6895, 12.7609, 132.1075),
        ("2026-11-23T02:30:00Z", 39.9042, 116.4074, 26.1719, 26.2057, 156.2575),
        ("2035-08-08T09:15:00Z", 39.9042, 116.4074, 22.6245, 22.6642, 272.5067),
        ("2050-02-28T05:00:00Z", 39.9042, 116.4074, 41.5888, 41.6077, 191.0072),
        ("2075-10-10T00:10:00Z", 39.9042, 116.4074, 19.3548, 19.4017, 116.9306),
        ("2099-12-31T06:00:00Z", 39.9042, 116.4074, 22.6207, 22.6604, 205.6117),
        ("2026-06-21T15:00:00Z", 39.9042, 116.4074, -24.2136, -24.2136, 340.8278),
        ("2026-03-20T17:00:00Z", -0.1807, -78.4678, 84.6837, 84.6852, 87.6583),
        ("2030-07-01T13:00:00Z", -0.1807, -78.4678, 23.2967, 23.3353, 64.6526),
        ("2026-12-22T02:00:00Z", -33.8688, 151.2093, 79.4720, 79.4751, 351.8343),
        ("2028-06-01T22:00:00Z", -33.8688, 151.2093, 11.1430, 11.2242, 53.3918),
        ("2026-06-21T22:30:00Z", 69.6492, 18.9553, 3.1287, 3.3498, 356.3039),
        ("2026-03-01T10:00:00Z", 69.6492, 18.9553, 12.2296, 12.3040, 165.6696),
        ("2026-05-27T22:28:00Z", 21.3069, -157.8583, 89.8136, 89.8136, 53.6990),
        ("2040-11-11T03:00:00Z", 21.3069, -157.8583, 10.2278, 10.3157, 246.4577),
    ];

    /// Latitude, longitude, rise, transit, set: where the elevation of pvlib 0.16.1 (same call)
    /// crosses -50′ and its azimuth the meridian, found by bisection. Not pvlib's own
    /// `sun_rise_set_transit_spa`: far from Greenwich that takes the sun of a neighbouring day, up to
    /// 90 s off.
    const DAYS: [(f64, f64, &str, &str, &str); 7] = [
        (39.9042, 116.4074, "2026-06-20T20:45:56Z", "2026-06-21T04:16:07Z", "2026-06-21T11:46:18Z"),
        (39.9042, 116.4074, "2026-12-21T23:32:39Z", "2026-12-22T04:12:46Z", "2026-12-22T08:52:54Z"),
        (39.9042, 116.4074, "2000-02-28T22:49:22Z", "2000-02-29T04:26:54Z", "2000-02-29T10:05:02Z"),
        (39.9042, 116.4074, "2050-09-22T22:02:42Z", "2050-09-23T04:06:48Z", "2050-09-23T10:10:15Z"),
        (39.9042, 116.4074, "2099-01-14T23:33:57Z", "2099-01-15T04:23:35Z", "2099-01-15T09:13:32Z"),
        (
            -33.8688,
            151.2093,
            "2026-11-22T18:39:36Z",
            "2026-11-23T01:41:26Z",
            "2026-11-23T08:43:40Z",
        ),
        (
            21.3069,
            -157.8583,
            "2026-04-01T16:24:15Z",
            "2026-04-01T22:35:08Z",
            "2026-04-02T04:46:21Z",
        ),
    ];

    /// The same by `sun_rise_set_transit_spa`, for Beijing at the solstices, where it agrees.
    const SOLSTICES: [(&str, &str, &str); 2] = [
        ("2026-06-20T20:46:08Z", "2026-06-21T04:16:06Z", "2026-06-21T11:46:17Z"),
        ("2026-12-21T23:33:05Z", "2026-12-22T04:12:45Z", "2026-12-22T08:52:54Z"),
    ];

    #[test]
    fn positions_agree_with_pvlib() {
        for (time, lat, lon, elevation, apparent, azimuth) in POSITIONS {
            let sun = sun(lat, lon, moment(time));
            assert!((sun.elevation_deg - elevation).abs() < 0.01, "{time} {sun:?}");
            assert!((sun.apparent_elevation_deg - apparent).abs() < 0.01, "{time} {sun:?}");
            // On the sky, not on the compass: near the zenith a direction says little.
            let arc = apart_deg(sun.azimuth_deg, azimuth) * elevation.to_radians().cos();
            assert!(arc < 0.01, "{time} {sun:?}");
        }
    }

    #[test]
    fn rise_transit_and_set_agree_with_pvlib() {
        let beijing = SOLSTICES.map(|(rise, transit, set)| (39.9042, 116.4074, rise, transit, set));
        for (lat, lon, rise, transit, set) in DAYS.into_iter().chain(beijing) {
            let noon = moment(transit);
            for hours_off in [-6, 0, 5] {
                let times = sun_times(lat, lon, noon.plus_ms(hours_off * 3_600_000));
                let off = |found: Timestamp, known| found.since_ms(moment(known)).abs();
                assert!(off(times.rise.expect("rises"), rise) < 30_000, "{rise} {times:?}");
                assert!(off(times.transit, transit) < 30_000, "{transit} {times:?}");
                assert!(off(times.set.expect("sets"), set) < 30_000, "{set} {times:?}");
            }
        }
    }

    #[test]
    fn there_is_no_rise_in_polar_day_and_polar_night() {
        for day in ["2026-06-21T10:45:00Z", "2026-12-22T10:45:00Z"] {
            let times = sun_times(69.6492, 18.9553, moment(day));
            assert_eq!((times.rise, times.set), (None, None));
            assert!(times.transit.since_ms(moment(day)).abs() < 600_000);
        }
    }

    #[test]
    fn nonsense_is_night() {
        let now = moment("2026-06-21T04:00:00Z");
        assert_eq!(sun(f64::NAN, 116.0, now).elevation_deg, -90.0);
        assert_eq!(sun(39.9, f64::INFINITY, now).elevation_deg, -90.0);
        assert_eq!(sun(39.9, 116.0, Timestamp::from_ms(i64::MAX)).elevation_deg, -90.0);
        assert_eq!(sun_times(f64::NAN, 0.0, now).rise, None);
        let wrapped = sun(39.9, 116.4 - 360.0, now);
        assert!((wrapped.elevation_deg - sun(39.9, 116.4, now).elevation_deg).abs() < 1e-6);
    }
}
