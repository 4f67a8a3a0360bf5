//! The power plant of the virtual hall: inverters, the building's consumption, and the meters
//! between them, stepped through time.
//!
//! Pure: it is told the time and asks nobody. Powers follow from the moment alone; counters are
//! the sum of the powers over the steps.

use jiff::civil::Date;

use crate::model::Timestamp;

use super::inverter::{Condition, Counters, InverterSpec, Output, grid_freq_hz, grid_voltage_v};
use super::noise::{smooth, unit};
use super::roster::{self, Shown};
use super::values::Values;
use super::weather::{Place, Weather};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;
const MS_PER_HOUR: f64 = 3_600_000.0;
/// After a longer pause than this, time is caught up in whole minutes.
const FINE_STEPS_MAX_MS: i64 = 10 * MINUTE_MS;
/// A jump beyond this is not caught up: the plant was switched off.
const CATCH_UP_MAX_MS: i64 = 48 * 60 * MINUTE_MS;
/// Cables between the inverters and their meter.
const CABLE_LOSS: f64 = 0.004;
/// Hours of rated power in a mean day, for counters that have run for years.
const MEAN_DAY_H: f64 = 3.1;
/// The plant began to work on this day since 1970: 2024-04-01.
const FIRST_DAY: i64 = 19_814;
/// Greatest consumption of the building, W.
const LOAD_PEAK_W: f64 = 175_000.0;

#[derive(Debug, Clone)]
struct Inverter {
    spec: InverterSpec,
    condition: Condition,
    counters: Counters,
    output: Output,
}

/// The plant at one moment.
#[derive(Debug, Clone)]
pub struct Plant {
    place: Place,
    inverters: Vec<Inverter>,
    now: Timestamp,
    weather: Weather,
    today: Date,
    pv_meter_wh: f64,
    import_wh: f64,
    export_wh: f64,
    irradiation_today_whm2: f64,
}

impl Plant {
    /// A plant that has run for years and since this morning, at `start`.
    #[must_use]
    pub fn new(place: Place, specs: Vec<InverterSpec>, start: Timestamp) -> Self {
        let today = date(&place, start);
        let weather = place.weather(start);
        let inverters: Vec<Inverter> = specs
            .into_iter()
            .map(|spec| {
                let condition = Condition::Healthy;
                let output = spec.output(&place, weather.sun, &condition, start);
                let counters = past_counters(&spec, &place, start);
                Inverter { spec, condition, counters, output }
            })
            .collect();
        let past: f64 = inverters.iter().map(|i| i.counters.total_wh).sum();
        let mut plant = Self {
            pv_meter_wh: past * (1.0 - CABLE_LOSS),
            import_wh: past * 1.4,
            export_wh: past * 0.15,
            place,
            inverters,
            now: start,
            weather,
            today,
            irradiation_today_whm2: 0.0,
        };
        plant.live_through_the_morning(start);
        plant
    }

    /// Fills the counters of the day, from local midnight to `start`.
    fn live_through_the_morning(&mut self, start: Timestamp) {
        let midnight = self
            .today
            .to_zoned_datetime(self.place.time_zone.clone())
            .map_or(start, |zoned| Timestamp::from_ms(zoned.timestamp().as_millisecond()));
        self.now = midnight;
        while self.now.plus_ms(5 * MINUTE_MS) <= start {
            self.step(self.now.plus_ms(5 * MINUTE_MS));
        }
        self.step(start);
    }

    /// Counts on from what the registers showed last, by device and point.
    pub(super) fn go_on(&mut self, shown: &impl Fn(&str, &str) -> Option<f64>) {
        for (id, _, source) in roster::behind_modbus() {
            let go_on = |counter: &mut f64, point: &str| {
                *counter = shown(&id, point).unwrap_or(*counter);
            };
            match source {
                Shown::Inverter(number) => {
                    if let Some(inverter) = self.inverters.get_mut(number) {
                        go_on(&mut inverter.counters.total_wh, "energy_total_wh");
                    }
                }
                Shown::GridMeter => {
                    go_on(&mut self.import_wh, "energy_import_wh");
                    go_on(&mut self.export_wh, "energy_export_wh");
                }
                Shown::PvMeter => go_on(&mut self.pv_meter_wh, "energy_import_wh"),
                Shown::Weather => {}
            }
        }
    }

    /// Number of inverters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inverters.len()
    }

    /// Whether there is no inverter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inverters.is_empty()
    }

    /// Trips an inverter or repairs it, from the next step on; unknown numbers change nothing.
    pub fn set_condition(&mut self, inverter: usize, condition: Condition) {
        if let Some(inverter) = self.inverters.get_mut(inverter) {
            inverter.condition = condition;
        }
    }

    /// Moves the plant to `now`: second by second, or by minutes after a long pause. A clock that
    /// went back changes powers only; counters never fall.
    pub fn advance(&mut self, now: Timestamp) {
        let pause = now.since_ms(self.now);
        if !(0..=CATCH_UP_MAX_MS).contains(&pause) {
            self.now = now;
        }
        let stride = if pause > FINE_STEPS_MAX_MS { MINUTE_MS } else { SECOND_MS };
        while self.now.plus_ms(stride) < now {
            self.step(self.now.plus_ms(stride));
        }
        self.step(now);
    }

    /// Moves the plant to `to` in one go, as if all had been as it is then.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn step(&mut self, to: Timestamp) {
        let hours = to.since_ms(self.now) as f64 / MS_PER_HOUR;
        self.now = to;
        self.weather = self.place.weather(to);
        let today = date(&self.place, to);
        if today != self.today {
            self.today = today;
            self.irradiation_today_whm2 = 0.0;
            self.inverters.iter_mut().for_each(|inverter| inverter.counters.today_wh = 0.0);
        }
        for inverter in &mut self.inverters {
            let output =
                inverter.spec.output(&self.place, self.weather.sun, &inverter.condition, to);
            inverter.output = output;
            inverter.counters.today_wh += output.ac_power_w * hours;
            inverter.counters.total_wh += output.ac_power_w * hours;
            if output.ac_power_w > 0.0 {
                inverter.counters.running_h += hours;
            }
        }
        self.pv_meter_wh += self.pv_meter_w() * hours;
        self.import_wh += self.grid_power_w().max(0.0) * hours;
        self.export_wh += (-self.grid_power_w()).max(0.0) * hours;
        self.irradiation_today_whm2 += self.weather.poa_wm2 * hours;
    }

    /// Sum of the inverters' powers, W.
    #[must_use]
    pub fn pv_power_w(&self) -> f64 {
        self.inverters.iter().map(|inverter| inverter.output.ac_power_w).sum()
    }

    fn pv_meter_w(&self) -> f64 {
        self.pv_power_w() * (1.0 - CABLE_LOSS)
    }

    /// What the building takes, W: the day of an office with lights, lifts and cooling.
    #[must_use]
    pub fn load_w(&self) -> f64 {
        let hour = self.place.solar_hour(self.now);
        let rise = |from: f64| ((hour - from) / 1.5).clamp(0.0, 1.0);
        let open = rise(7.0) - 0.12 * (rise(11.5) - rise(13.0)) - rise(17.0);
        let noise = smooth(self.place.seed, 41, self.now.ms(), 90_000) - 0.5;
        let lift = unit(self.place.seed, 42, self.now.ms().div_euclid(7 * SECOND_MS));
        LOAD_PEAK_W * (0.17 + 0.76 * open + 0.05 * noise) + if lift > 0.8 { 6_500.0 } else { 0.0 }
    }

    /// From the grid, W; negative when the hall feeds it.
    #[must_use]
    pub fn grid_power_w(&self) -> f64 {
        self.load_w() - self.pv_meter_w()
    }

    /// The weather over the roof.
    #[must_use]
    pub const fn weather(&self) -> Weather {
        self.weather
    }

    /// What an inverter shows.
    #[must_use]
    pub fn inverter_values(&self, inverter: usize) -> Option<Values> {
        let inverter = self.inverters.get(inverter)?;
        let Inverter { spec, condition, counters, output } = inverter;
        Some(spec.values(&self.place, output, condition, counters, self.now))
    }

    /// What the meter between the inverters and the building shows: production counts as import,
    /// the forward direction of a meter that is wired with its source on the roof.
    #[must_use]
    pub fn pv_meter_values(&self) -> Values {
        self.meter_values(self.pv_meter_w(), self.pv_meter_wh, 0.0)
    }

    /// What the meter between the building and the grid shows: positive from the grid.
    #[must_use]
    pub fn grid_meter_values(&self) -> Values {
        self.meter_values(self.grid_power_w(), self.import_wh, self.export_wh)
    }

    /// What the weather station shows.
    #[must_use]
    pub fn weather_values(&self) -> Values {
        self.weather.values(self.irradiation_today_whm2)
    }

    fn meter_values(&self, power_w: f64, import_wh: f64, export_wh: f64) -> Values {
        let mut values = Values::default();
        let reactive = power_w.abs() * 0.12;
        values.number("ac_power_w", power_w);
        values.number("reactive_power_var", reactive);
        values.number("apparent_power_va", power_w.hypot(reactive));
        values.number("power_factor", power_w.signum() * 0.993);
        values.number("grid_freq_hz", grid_freq_hz(&self.place, self.now));
        values.number("energy_import_wh", import_wh);
        values.number("energy_export_wh", export_wh);
        values.number("energy_reactive_import_varh", import_wh * 0.12);
        values.number("energy_reactive_export_varh", export_wh * 0.12);
        values.number("demand_w", power_w);
        let mut current = 0.0;
        let shares = [("a", "ab", 0, 0.338), ("b", "bc", 1, 0.330), ("c", "ca", 2, 0.332)];
        for (phase, line, stream, share) in shares {
            let volts = grid_voltage_v(&self.place, stream, self.now);
            let amps = power_w.hypot(reactive) * share / volts;
            current += amps;
            values.number(format!("phase_{phase}_voltage_v"), volts);
            values.number(format!("line_{line}_voltage_v"), volts * 3f64.sqrt());
            values.number(format!("phase_{phase}_current_a"), amps);
            values.number(format!("phase_{phase}_power_w"), power_w * share);
        }
        values.number("ac_current_a", current);
        values.number("neutral_current_a", current * 0.004);
        values
    }
}

fn date(place: &Place, time: Timestamp) -> Date {
    jiff::Timestamp::from_millisecond(time.ms())
        .unwrap_or_default()
        .to_zoned_datetime(place.time_zone.clone())
        .date()
}

/// Counters of the years before today.
#[allow(clippy::cast_precision_loss)]
fn past_counters(spec: &InverterSpec, place: &Place, start: Timestamp) -> Counters {
    let days = (start.ms().div_euclid(24 * 60 * MINUTE_MS) - FIRST_DAY).max(1) as f64;
    let own = 0.97 + 0.03 * unit(place.seed, 100 + u64::from(spec.number), 0);
    Counters {
        today_wh: 0.0,
        total_wh: (days * spec.rated_power_w * MEAN_DAY_H * own).round(),
        running_h: (days * 10.4).round(),
    }
}
