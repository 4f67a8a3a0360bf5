//! What is known of a counter before it is read: how fast it can run and where it rolls over.

use std::sync::Arc;

use crate::profile::{Number, Profile, Protocol, ScaleBy};

/// Power of a device without a nameplate, watts: more than any building of this kind draws.
const POWER_MAX_W: f64 = 10_000_000.0;
/// What an inverter makes above its nameplate in cold, bright moments, and what a clock is off.
const MARGIN: f64 = 1.2;
/// Things that a machine counts in an hour at most, and at once: pages, tickets, visits.
const COUNTS_PER_HOUR: f64 = 36_000.0;
const COUNTS_AT_ONCE: f64 = 100.0;
/// What a building of this kind draws in an hour at most: of water and gas in m³, of heat in MJ.
const VOLUME_PER_HOUR_M3: f64 = 2_000.0;
const HEAT_PER_HOUR_MJ: f64 = 100_000.0;
/// Step of a counter whose registers are not known: many count whole kilowatt-hours.
const STEP_WH: f64 = 1_000.0;
/// A counter may lag behind its device by so many hours of full power.
const LAG_H: f64 = 1.0 / 30.0;
/// Powers of ten of a scale factor that is read from the device.
const SCALE_FACTORS: std::ops::RangeInclusive<i32> = -3..=4;
/// What a float of 32 bits is rounded by, with the half step of its neighbour.
const FLOAT_ROUNDED: f64 = 2.4e-7;
/// A decimal counter has at least so many steps before it rolls over: six digits.
const DECIMAL_STEPS_MIN: f64 = 999_999.0;

/// What is known of a counter.
#[derive(Debug, Clone, PartialEq)]
pub struct Nature {
    /// It begins anew each day, by its own clock.
    pub daily: bool,
    /// The most it counts in an hour.
    most_per_h: f64,
    /// Its smallest step, as far as it is known; else zero.
    step: f64,
    /// What it may count at once, whatever the time: its steps and its lag.
    at_once: f64,
    /// Share of its value by which it is rounded: floats of 32 bits hold seven digits.
    rounded: f64,
    /// The values at which it may roll over, by the width of its registers, with their steps.
    moduli: Arc<[Modulus]>,
}

/// A value at which a counter rolls over, and the step of its lowest bit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Modulus {
    pub(super) value: f64,
    pub(super) step: f64,
}

/// Whether a standard point is a counter: `None` if not, and whether it begins anew each day.
fn daily(point: &str) -> Option<bool> {
    let energy = point.starts_with("energy_") && !point.contains("net");
    match (energy || point.starts_with("irradiation_"), point.contains("_today_")) {
        (true, daily) => Some(daily),
        (false, _) => (point.ends_with("_total") || supply_per_h(point).is_some()).then_some(false),
    }
}

/// The most that a supply other than electricity brings in an hour.
fn supply_per_h(point: &str) -> Option<f64> {
    match point {
        "water_total_m3" | "gas_total_m3" => Some(VOLUME_PER_HOUR_M3),
        "heat_total_mj" => Some(HEAT_PER_HOUR_MJ),
        _ => None,
    }
}

impl Nature {
    /// Whether a standard point is a counter; cheap, for every point of every reading.
    #[must_use]
    pub fn is_counter(point: &str) -> bool {
        daily(point).is_some()
    }

    /// What is known of a point of a device; `None` when it is no counter.
    #[must_use]
    pub fn of(point: &str, profile: Option<&Profile>, rated_power_w: Option<f64>) -> Option<Self> {
        let daily = daily(point)?;
        let (step, moduli) = profile.map_or((None, Vec::new()), |p| registers(p, point));
        if point.ends_with("_total") {
            return Some(Self::new(daily, COUNTS_PER_HOUR, 1.0, COUNTS_AT_ONCE, moduli));
        }
        if let Some(most_per_h) = supply_per_h(point) {
            let step = step.unwrap_or_default();
            // A meter that sends a pulse for each litre or each ten cubic metres.
            let at_once = (2.0 * step).max(most_per_h / 100.0);
            return Some(Self::new(daily, most_per_h, step, at_once, moduli));
        }
        let most_per_h = rated_power_w.unwrap_or(POWER_MAX_W) * MARGIN;
        let steps = 2.0 * step.unwrap_or(STEP_WH);
        // Without a nameplate the lag would be a power station's.
        let lag = rated_power_w.map_or(STEP_WH, |rated_w| rated_w * LAG_H);
        let nature = Self::new(daily, most_per_h, step.unwrap_or(0.0), steps + lag, moduli);
        let float = profile.is_some_and(|profile| may_be_float(profile, point));
        Some(Self { rounded: if float { FLOAT_ROUNDED } else { 0.0 }, ..nature })
    }

    pub(super) fn new(
        daily: bool,
        most_per_h: f64,
        step: f64,
        at_once: f64,
        moduli: Vec<Modulus>,
    ) -> Self {
        let moduli = moduli.into();
        Self { daily, most_per_h, step, at_once, rounded: 0.0, moduli }
    }

    /// The most it counts in this time.
    #[allow(clippy::cast_precision_loss)] // hours, not ages
    pub(super) fn most(&self, ms: i64) -> f64 {
        self.most_per_h * (ms.max(0) as f64 / 3_600_000.0) + self.at_once
    }

    /// A fall by so little is rounding.
    pub(super) fn rounding(&self, value: f64) -> f64 {
        self.step.max(value.abs() * self.rounded)
    }

    /// A fall by so little is a device that remembered an older value: less than 1 %, and not more
    /// than it makes in an hour.
    pub(super) fn step_back(&self, from: f64) -> f64 {
        (from * 0.01).max(self.at_once).min(self.most_per_h)
    }

    /// All bits set: what registers hold when they hold nothing.
    pub(super) fn is_sentinel(&self, value: f64) -> bool {
        let last =
            |modulus: &Modulus| (value - (modulus.value - modulus.step)).abs() < modulus.step / 2.0;
        self.moduli.iter().any(last)
    }

    /// What it counted between two values if it rolled over in between; `None` if that is more than
    /// it can.
    pub(super) fn rolled_over(&self, from: f64, to: f64, most: f64) -> Option<f64> {
        let decimal = 10_f64.powf(from.max(1.0).log10().ceil());
        let decimal = Some(decimal).filter(|d| *d >= DECIMAL_STEPS_MIN * self.step.max(1.0));
        let moduli = self.moduli.iter().map(|modulus| modulus.value).chain(decimal);
        let counted = moduli
            // A counter that rolls over every few hours cannot be told from one that is reset.
            .filter(|modulus| *modulus > 4.0 * most)
            .map(|modulus| to - from + modulus);
        counted.filter(|counted| (0.0..=most).contains(counted)).reduce(f64::min)
    }
}

/// Whether it is read as a float of 32 bits.
fn may_be_float(profile: &Profile, point: &str) -> bool {
    match &profile.protocol {
        Protocol::Registers { tables, .. } => {
            let mut points = tables.iter().flat_map(|table| &table.points);
            points.any(|found| found.name.as_str() == point && found.number == Number::F32)
        }
        Protocol::Sunspec { .. } => true,
        Protocol::Mqtt(_) => false,
    }
}

/// Smallest step and possible moduli of a point, by its registers.
fn registers(profile: &Profile, point: &str) -> (Option<f64>, Vec<Modulus>) {
    let tables = match &profile.protocol {
        Protocol::Registers { tables, .. } => tables,
        // Its counters have 32 or 64 bits and a scale factor that the device says.
        Protocol::Sunspec { .. } => return (None, by_scale_factor(&[32], 1.0)),
        Protocol::Mqtt(_) => return (None, Vec::new()),
    };
    let mut points = tables.iter().flat_map(|table| &table.points);
    let Some(found) = points.find(|found| found.name.as_str() == point) else {
        return (None, Vec::new());
    };
    let bits: &[i32] = match found.number {
        Number::U16 => &[16],
        Number::I16 => &[15, 16],
        Number::U32 => &[32],
        Number::I32 => &[31, 32],
        _ => &[],
    };
    match found.scale {
        ScaleBy::Fixed(scale) => {
            let step = scale.to_f64();
            (bits.first().map(|_| step), moduli(bits, step).collect())
        }
        ScaleBy::Register { fixed, .. } => (None, by_scale_factor(bits, fixed.to_f64())),
    }
}

fn moduli(bits: &[i32], step: f64) -> impl Iterator<Item = Modulus> {
    bits.iter().map(move |bits| Modulus { value: 2_f64.powi(*bits) * step, step })
}

fn by_scale_factor(bits: &[i32], step: f64) -> Vec<Modulus> {
    SCALE_FACTORS.flat_map(|power| moduli(bits, step * 10_f64.powi(power))).collect()
}
