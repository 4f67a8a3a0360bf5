//! One virtual inverter: what it makes of the light, and everything it would show.

use crate::model::Timestamp;
use crate::sky::SunPosition;

use super::noise::{smooth, unit};
use super::values::Values;
use super::weather::Place;

/// Below this height of the sun an inverter has gone to sleep, degrees.
const SLEEP_BELOW_DEG: f64 = 2.0;
/// Module power per inverter power.
pub(super) const DC_RATIO: f64 = 1.1;
/// Change of module power per kelvin above 25 °C.
const PER_KELVIN: f64 = -0.0035;
/// Mismatch, cables, and the dust of a city.
const DC_LOSS: f64 = 0.95;
/// Clouds reach the next inverter of the roof so much later.
const CLOUD_STEP_MS: i64 = 4_000;
/// Power is moved to `16 n + number`, so that no two inverters of a hall ever show the same.
const POWER_STEP_W: f64 = 16.0;
const OPEN_CIRCUIT_V: f64 = 742.0;
const MPP_V: f64 = 612.0;

/// What an inverter is.
#[derive(Debug, Clone, PartialEq)]
pub struct InverterSpec {
    /// 0 to 15, different for each inverter of a hall.
    pub number: u8,
    /// Rated AC power, W.
    pub rated_power_w: f64,
    /// Strings of modules.
    pub strings: u16,
    /// Trackers.
    pub mppts: u16,
    /// Who makes it.
    pub manufacturer: &'static str,
    /// Model name.
    pub model_name: &'static str,
}

/// How an inverter is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Condition {
    /// All is well.
    #[default]
    Healthy,
    /// Tripped, with these fault codes of its profile.
    Fault(Vec<String>),
}

/// What an inverter does at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Output {
    pub(super) state: &'static str,
    pub(super) ac_power_w: f64,
    dc_power_w: f64,
    dc_voltage_v: f64,
    load: f64,
    ambient_c: f64,
}

/// Energy counters and hours of an inverter.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Counters {
    pub(super) today_wh: f64,
    pub(super) total_wh: f64,
    pub(super) running_h: f64,
}

impl InverterSpec {
    /// Its power at `time`, when the sun is where it is then. Depends on nothing else.
    pub(super) fn output(
        &self,
        place: &Place,
        sun: SunPosition,
        condition: &Condition,
        time: Timestamp,
    ) -> Output {
        let number = u64::from(self.number);
        let weather = place.weather_under(sun, time, CLOUD_STEP_MS * i64::from(self.number));
        let asleep = weather.sun.elevation_deg < SLEEP_BELOW_DEG;
        let idle = |state, dc_voltage_v| Output {
            state,
            ac_power_w: 0.0,
            dc_power_w: 0.0,
            dc_voltage_v,
            load: 0.0,
            ambient_c: weather.ambient_c,
        };
        if *condition != Condition::Healthy {
            return idle("fault", if asleep { 0.0 } else { OPEN_CIRCUIT_V });
        }
        if asleep {
            return idle("sleeping", 0.0);
        }
        let soiling = 0.97 + 0.03 * unit(place.seed, 100 + number, 0);
        let flicker = 0.998 + 0.004 * unit(place.seed, 200 + number, time.ms().div_euclid(1000));
        let temperature = 1.0 + PER_KELVIN * (weather.module_c - 25.0);
        let modules_w = self.rated_power_w * DC_RATIO * weather.poa_wm2 / 1000.0;
        let dc_w = modules_w * soiling * flicker * temperature * DC_LOSS;
        let efficiency = 0.984 - 0.004 / (dc_w / self.rated_power_w + 0.05);
        let wanted = (dc_w * efficiency).clamp(0.0, self.rated_power_w - POWER_STEP_W);
        let steps = (wanted / POWER_STEP_W).floor();
        if steps < 1.0 {
            return idle("starting", OPEN_CIRCUIT_V * 0.8);
        }
        let ac_power_w = steps * POWER_STEP_W + f64::from(self.number);
        let load = ac_power_w / self.rated_power_w;
        let sag = 1.0 - 0.0035 * (weather.module_c - 25.0);
        Output {
            state: "mppt",
            ac_power_w,
            dc_power_w: ac_power_w / efficiency.max(0.5),
            dc_voltage_v: MPP_V * sag + 6.0 * smooth(place.seed, 300 + number, time.ms(), 20_000),
            load,
            ambient_c: weather.ambient_c,
        }
    }

    /// All it would show.
    pub(super) fn values(
        &self,
        place: &Place,
        output: &Output,
        condition: &Condition,
        counters: &Counters,
        time: Timestamp,
    ) -> Values {
        let mut values = Values::default();
        values.word("state", output.state);
        let (codes, own_code) = match condition {
            Condition::Healthy => (Vec::new(), 0.0),
            Condition::Fault(codes) => {
                let own = codes.first().and_then(|code| code.parse().ok()).unwrap_or(1.0);
                (codes.clone(), own)
            }
        };
        values.faults(codes);
        values.number("vendor_fault_code", own_code);
        values.number("vendor_warning_code", 0.0);
        values.number("vendor_derating_bits", 0.0);
        self.ac_side(&mut values, place, output, time);
        self.dc_side(&mut values, place, output, counters);
        values.number("energy_today_wh", counters.today_wh);
        values.number("energy_total_wh", counters.total_wh);
        values.number("running_hours_h", counters.running_h);
        let warm = output.ambient_c + 9.0 + f64::from(self.number) * 0.3;
        values.number("cabinet_temp_c", warm + 19.0 * output.load);
        values.number("heat_sink_temp_c", warm + 27.0 * output.load);
        values.number("insulation_ohm", 2_400_000.0 - 100_000.0 * f64::from(self.number));
        self.identity(&mut values);
        values
    }

    fn ac_side(&self, values: &mut Values, place: &Place, output: &Output, time: Timestamp) {
        let reactive = output.ac_power_w * 0.02;
        let apparent = output.ac_power_w.hypot(reactive);
        values.number("ac_power_w", output.ac_power_w);
        values.number("reactive_power_var", reactive);
        values.number("apparent_power_va", apparent);
        let factor = if apparent > 0.0 { output.ac_power_w / apparent } else { 1.0 };
        values.number("power_factor", factor);
        let efficiency = if output.dc_power_w > 0.0 {
            100.0 * output.ac_power_w / output.dc_power_w
        } else {
            0.0
        };
        values.number("efficiency_percent", efficiency);
        let mut sum = 0.0;
        for (phase, line, stream) in [("a", "ab", 0), ("b", "bc", 1), ("c", "ca", 2)] {
            let volts = grid_voltage_v(place, stream, time) + 3.0 * output.load;
            let amps = apparent / 3.0 / volts;
            sum += amps;
            values.number(format!("phase_{phase}_voltage_v"), volts);
            values.number(format!("phase_{phase}_current_a"), amps);
            values.number(format!("phase_{phase}_power_w"), output.ac_power_w / 3.0);
            values.number(format!("line_{line}_voltage_v"), volts * 3f64.sqrt());
        }
        values.number("ac_current_a", sum);
        values.number("grid_freq_hz", grid_freq_hz(place, time));
    }

    fn dc_side(&self, values: &mut Values, place: &Place, output: &Output, counters: &Counters) {
        let volts = output.dc_voltage_v;
        let amps = if volts > 0.0 { output.dc_power_w / volts } else { 0.0 };
        values.number("dc_power_w", output.dc_power_w);
        values.number("dc_voltage_v", volts);
        values.number("dc_current_a", amps);
        for (kind, count) in [("string", self.strings), ("mppt", self.mppts)] {
            // No two strings are alike, but together they carry what the inverter takes.
            let stream = 400 + u64::from(self.number);
            let weight = |i: u16| 0.985 + 0.03 * unit(place.seed, stream, i64::from(i));
            let all: f64 = (1..=count).map(weight).sum();
            for i in 1..=count {
                let share = weight(i) / all;
                values.number(format!("{kind}_{i}_voltage_v"), volts);
                values.number(format!("{kind}_{i}_current_a"), amps * share);
                values.number(format!("{kind}_{i}_power_w"), output.dc_power_w * share);
                values.number(format!("{kind}_{i}_energy_wh"), counters.total_wh * share);
            }
        }
    }

    fn identity(&self, values: &mut Values) {
        values.text("manufacturer", self.manufacturer);
        values.text("model_name", self.model_name);
        values.text("serial_number", format!("DEMO-{:04}", u16::from(self.number) + 1));
        values.text("firmware", "V100R001");
        values.number("vendor_strings", f64::from(self.strings));
        values.number("vendor_mppts", f64::from(self.mppts));
        values.number("vendor_rated_power_w", self.rated_power_w);
    }
}

/// Voltage of a phase of the building's grid, V.
pub(super) fn grid_voltage_v(place: &Place, phase: u64, time: Timestamp) -> f64 {
    227.5 + 5.0 * smooth(place.seed, 20 + phase, time.ms(), 45_000)
}

/// Frequency of the grid, Hz; the same for all who hang on it.
pub(super) fn grid_freq_hz(place: &Place, time: Timestamp) -> f64 {
    49.96 + 0.08 * smooth(place.seed, 30, time.ms(), 30_000)
}
