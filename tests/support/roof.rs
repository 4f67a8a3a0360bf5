//! Inverters under moving clouds, with the noise and the steps of registers.

use hallwatch::model::{Decimal, DeviceId, PointName, Quality, Reading, Sample, Timestamp, Value};
use hallwatch::simulate::Place;

/// 2026-06-01 00:00 in Beijing.
pub(crate) const START: i64 = 1_780_243_200_000;
pub(crate) const DAY_MS: i64 = 24 * 3600 * 1000;
const STRINGS: usize = 10;

pub(crate) fn place() -> Place {
    let time_zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
    Place { latitude_deg: 39.9, longitude_deg: 116.4, time_zone, seed: 7 }
}

/// Small changes that do not repeat.
struct Noise(u64);

impl Noise {
    /// -1 to 1, small values more often.
    fn next(&mut self) -> f64 {
        let mut uniform = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        };
        uniform() + uniform() - 1.0
    }
}

/// An inverter of 50 kW as its registers show it.
pub(crate) struct Inverter {
    pub(crate) device: DeviceId,
    pub(crate) points: Vec<PointName>,
    noise: Noise,
    total_wh: f64,
    today_wh: f64,
}

impl Inverter {
    pub(crate) fn new(number: u64) -> Self {
        let mut names: Vec<String> = ["ac_power_w", "dc_power_w", "reactive_power_var"]
            .into_iter()
            .chain(["grid_freq_hz", "power_factor", "cabinet_temp_c", "insulation_kohm"])
            .chain(["energy_total_wh", "energy_today_wh", "state", "efficiency_percent"])
            .map(str::to_owned)
            .collect();
        for phase in ["l1", "l2", "l3"] {
            names.extend(["voltage_v", "current_a", "power_w"].map(|of| format!("{phase}_{of}")));
        }
        for string in 1..=STRINGS {
            names.extend(["voltage_v", "current_a"].map(|of| format!("string_{string}_{of}")));
        }
        Self {
            device: DeviceId::parse(&format!("inv-{number:02}")).expect("id"),
            points: names.iter().map(|name| PointName::parse(name).expect("point")).collect(),
            noise: Noise(0x9E37_79B9 + number),
            total_wh: 123_456_780.0,
            today_wh: 0.0,
        }
    }

    pub(crate) fn reading(&mut self, place: &Place, ms: i64, step_ms: i64) -> Reading {
        let time = Timestamp::from_ms(ms);
        let weather = place.weather(time);
        let noise = &mut self.noise;
        let dc_w = 55_000.0 * weather.poa_wm2 / 1000.0 * 0.93;
        let ac_w = (dc_w * 0.98 + 20.0 * noise.next()).max(0.0);
        let at_work = ac_w > 100.0;
        if (ms - START) % DAY_MS < step_ms {
            self.today_wh = 0.0;
        }
        let wh = ac_w * step_ms as f64 / 3_600_000.0;
        (self.total_wh, self.today_wh) = (self.total_wh + wh, self.today_wh + wh);
        let when = |value: f64| if at_work { value } else { 0.0 };
        let mut values = vec![
            (when(ac_w), 0),
            (when(dc_w), 0),
            (when(40.0 * noise.next()), 0),
            (50.0 + 0.02 * noise.next(), -2),
            (when(0.998 + 0.002 * noise.next()), -3),
            (weather.module_c * 0.6 + 15.0 + 0.1 * noise.next(), -1),
            (when(1800.0 + 5.0 * noise.next()), 0),
            (self.total_wh, 1),
            (self.today_wh, 1),
            (if at_work { 4.0 } else { 2.0 }, 0),
            (when(98.2 + 0.1 * noise.next()), -1),
        ];
        for _ in 0..3 {
            let volts = 231.0 + 0.6 * noise.next();
            values.extend([(volts, -1), (when(ac_w / 3.0 / volts), -2), (when(ac_w / 3.0), 0)]);
        }
        for _ in 0..STRINGS {
            let volts = 640.0 - 1.9 * (weather.module_c - 25.0) + 0.8 * noise.next();
            let amperes = dc_w / STRINGS as f64 / volts + 0.02 * noise.next();
            values.extend([(when(volts), -1), (when(amperes.max(0.0)), -2)]);
        }
        let samples = self.points.iter().zip(values).map(|(point, (value, exponent))| {
            let mantissa = (value * 10f64.powi(-exponent)).round() as i64;
            let value = Value::Decimal(Decimal { mantissa, exponent: exponent as i8 });
            Sample { point: point.clone(), value, quality: Quality::Good }
        });
        let samples: Vec<Sample> = samples.collect();
        // What a bus takes until it has the answer.
        let received = time.plus_ms(40 + (30.0 * self.noise.next()) as i64);
        Reading { device: self.device.clone(), time, received, message: 0, samples }
    }
}
