//! The light on the modules in each record, and how it is known.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;

use crate::daybook::{Day, RECORD_MS};
use crate::model::{DeviceId, Site, Timestamp};
use crate::pv::{Array, Plant, cell_temp_c, same_plane};
use crate::sky::{Irradiance, Plane, SunPosition, clear_sky, on_plane, split, sun_above};

use super::figures::Basis;

/// Below this height of the sun nothing worth the name arrives.
const SUN_UP_DEG: f64 = 5.0;
/// Wind where nobody measures it, m/s.
const WIND_MS: f64 = 2.0;

/// Days of the weather stations.
pub(super) type Weather = Vec<(DeviceId, BTreeMap<Date, Arc<Day>>)>;

/// A day on the clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) date: Date,
    pub(super) start: Timestamp,
    pub(super) records: usize,
}

/// Where the sun is in each record of a day.
type Suns = Arc<Vec<SunPosition>>;
/// Light in each record of a day.
type OfDay = Arc<Vec<Option<f64>>>;
/// A day, how the light is known, and the tilt and the azimuth of a plane, to the bit.
type OnPlane = (Date, u8, u64, u64);

/// The light over a period.
pub(super) struct Light<'a> {
    pub(super) site: &'a Site,
    pub(super) plant: &'a Plant,
    pub(super) weather: &'a Weather,
    suns: Mutex<BTreeMap<Date, Suns>>,
    /// Many inverters have modules that look the same way.
    planes: Mutex<BTreeMap<OnPlane, OfDay>>,
}

/// Mean of a point in a record of five minutes.
pub(super) fn mean(day: &Day, point: &str, record: usize) -> Option<f64> {
    let step = usize::try_from(day.record_ms / RECORD_MS).unwrap_or(1).max(1);
    day.means.get(point)?.get(record / step).copied().flatten().map(f64::from)
}

impl<'a> Light<'a> {
    pub(super) fn new(site: &'a Site, plant: &'a Plant, weather: &'a Weather) -> Self {
        Self { site, plant, weather, suns: Mutex::default(), planes: Mutex::default() }
    }

    /// Where the sun is in the middle of each record.
    pub(super) fn suns(&self, span: Span) -> Suns {
        let mut known = self.suns.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(span.date).or_insert_with(|| Arc::new(self.look_up(span))).clone()
    }

    fn look_up(&self, span: Span) -> Vec<SunPosition> {
        let Site { latitude_deg, longitude_deg, altitude_m, .. } = *self.site;
        let sun = |record: usize| {
            sun_above(latitude_deg, longitude_deg, altitude_m, middle(span.start, record))
        };
        (0..span.records).map(sun).collect()
    }

    /// How the light on a plane is known over the whole period: the best that there is, and that only.
    pub(super) fn basis(&self, plane: Plane) -> Basis {
        let has = |point: &'static str| {
            move |(_, days): &&(DeviceId, BTreeMap<Date, Arc<Day>>)| {
                days.values().any(|day| day.means.contains_key(point))
            }
        };
        let beside = self.weather.iter().filter(|(id, _)| self.looks_like(id, plane));
        if beside.clone().any(|station| has("irradiance_poa_wm2")(&station)) {
            Basis::Sensor
        } else if self.weather.iter().any(|station| has("irradiance_ghi_wm2")(&station)) {
            Basis::Transposed
        } else {
            Basis::ClearSky
        }
    }

    /// Whether the sensor of a station looks where a plane looks. One of which nobody says where it looks
    /// stands beside the modules.
    fn looks_like(&self, station: &DeviceId, plane: Plane) -> bool {
        self.plant.sensors.get(station).is_none_or(|own| same_plane(*own, plane))
    }

    /// Light on the arrays of an inverter in each record of a day, W/m²: several are weighed by what they
    /// are rated.
    pub(super) fn on_arrays(
        &self,
        arrays: &[&Array],
        basis: Basis,
        span: Span,
    ) -> Vec<Option<f64>> {
        let rated: f64 = arrays.iter().map(|array| array.rating.dc_rated_w).sum();
        let mut all: Vec<Option<f64>> = vec![Some(0.0); span.records];
        for array in arrays {
            let share = array.rating.dc_rated_w / rated;
            for (sum, own) in all.iter_mut().zip(self.on(array.plane, basis, span).iter()) {
                *sum = sum.zip(*own).map(|(sum, own)| sum + share * own);
            }
        }
        all
    }

    fn on(&self, plane: Plane, basis: Basis, span: Span) -> OfDay {
        let (tilt, azimuth) = (plane.tilt_deg.to_bits(), plane.azimuth_deg.to_bits());
        let key = (span.date, basis as u8, tilt, azimuth);
        let mut known = self.planes.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(key).or_insert_with(|| Arc::new(self.reckon(plane, basis, span))).clone()
    }

    fn reckon(&self, plane: Plane, basis: Basis, span: Span) -> Vec<Option<f64>> {
        let suns = self.suns(span);
        let station = |point: &str, record: usize, beside: bool| {
            let stations = self.weather.iter();
            let mut fit = stations.filter(|(id, _)| !beside || self.looks_like(id, plane));
            fit.find_map(|(_, days)| mean(days.get(&span.date)?, point, record))
        };
        let of = |(record, sun): (usize, &SunPosition)| {
            let time = middle(span.start, record);
            let turned = |light: &Irradiance| {
                on_plane(plane, sun, time, light, self.plant.albedo).global_wm2()
            };
            match basis {
                Basis::Sensor => station("irradiance_poa_wm2", record, true),
                Basis::Transposed => {
                    let ghi_wm2 = station("irradiance_ghi_wm2", record, false)?;
                    Some(turned(&split(sun, time, ghi_wm2.max(0.0))))
                }
                Basis::ClearSky => {
                    let turbidity = &self.plant.turbidity;
                    Some(turned(&clear_sky(sun, time, self.site.altitude_m, turbidity)))
                }
            }
        };
        suns.iter().enumerate().map(of).collect()
    }

    /// Mean temperature of the air by day, °C.
    pub(super) fn air_c(&self, span: &Span) -> Option<f64> {
        let suns = self.suns(*span);
        let by_day = suns.iter().enumerate().filter(|(_, sun)| is_up(sun));
        let (mut sum, mut count) = (0.0, 0_u32);
        for (record, _) in by_day {
            let station = self
                .weather
                .iter()
                .find_map(|(_, days)| mean(days.get(&span.date)?, "ambient_temp_c", record));
            if let Some(air_c) = station {
                (sum, count) = (sum + air_c, count + 1);
            }
        }
        (count > 0).then(|| sum / f64::from(count))
    }

    /// Temperature of the modules in a record, °C: by a sensor on their back, or from the air, the wind
    /// and the light on them.
    pub(super) fn module_c(
        &self,
        array: &Array,
        date: Date,
        record: usize,
        poa_wm2: f64,
    ) -> Option<f64> {
        let station = |point: &str| {
            self.weather.iter().find_map(|(_, days)| mean(days.get(&date)?, point, record))
        };
        station("module_temp_c").or_else(|| {
            let wind_ms = station("wind_speed_ms").unwrap_or(WIND_MS).max(0.0);
            Some(cell_temp_c(array.mounting, poa_wm2, station("ambient_temp_c")?, wind_ms))
        })
    }
}

/// Whether it is day by the height of the sun.
pub(super) fn is_up(sun: &SunPosition) -> bool {
    sun.apparent_elevation_deg >= SUN_UP_DEG
}

/// The middle of a record.
fn middle(start: Timestamp, record: usize) -> Timestamp {
    let records = i64::try_from(record).unwrap_or_default();
    start.plus_ms(records * RECORD_MS + RECORD_MS / 2)
}
