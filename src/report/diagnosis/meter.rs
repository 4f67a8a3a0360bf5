//! The meter behind the inverters.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::daybook::{Day, RECORD_MS};
use crate::model::{DeviceId, Text};
use crate::pv::diagnosis::Found;

use super::super::building::Role;
use super::super::light::{Light, Span, mean};
use super::super::make::{Reports, of_role};
use super::super::meters::Counted;
use super::{Cause, Sum, Trouble, price, told};

/// Inverters and the meter behind them differ by so much on so many days.
const METER_DIFFERS: f64 = 0.03;
const METER_DAYS: u32 = 2;
/// The roof draws so much of its AC rating by night, the sun so low.
const NIGHT_SHARE: f64 = 0.003;
const NIGHT_SUN_DEG: f64 = -6.0;

/// The meter behind the inverters: whether it says the same, and what it draws by night.
pub(in super::super) fn meter(
    reports: &Reports,
    light: &Light<'_>,
    counted: &[Counted],
    days: &BTreeMap<DeviceId, BTreeMap<Date, Arc<Day>>>,
    spans: &[Span],
) -> Vec<Trouble> {
    let rated_w: f64 = reports.devices.iter().filter_map(|known| known.0.rated_power_w).sum();
    let mut troubles = Vec::new();
    let behind: Vec<&Counted> = counted
        .iter()
        .filter(|one| one.meter.as_ref().is_some_and(|meter| meter.role == Role::Pv))
        .collect();
    let made = |span: &Span| -> f64 {
        let own = counted.iter().filter(|one| one.point == "energy_total_wh");
        own.map(|one| one.sums(std::slice::from_ref(span)).total().units()).sum()
    };
    let (mut differs, mut night) = (Sum::default(), Sum::default());
    for span in spans {
        // However it is turned, the larger of its two registers is what the roof gave.
        let registers = behind.iter().map(|one| {
            let wh = one.sums(std::slice::from_ref(span)).total().units();
            (one.point, wh)
        });
        let mut by_point: BTreeMap<&str, f64> = BTreeMap::new();
        registers.for_each(|(point, wh)| *by_point.entry(point).or_default() += wh);
        let metered = by_point.into_values().fold(0.0, f64::max);
        let inverters = made(span);
        if metered > 0.0 && inverters > 0.0 {
            let share = metered / inverters;
            if (share - 1.0).abs() > METER_DIFFERS {
                differs.add(&Found { inverter: 0, share, hours: 0.0, lost_wh: None }, None);
            }
        }
        let drawn = of_role(&reports.config, Role::Pv).filter_map(|meter| {
            let day = days.get(&meter.device)?.get(&span.date)?;
            night_w(light, day, span)
        });
        let drawn: Option<(f64, f64)> = drawn.reduce(|a, b| (a.0 + b.0, a.1.max(b.1)));
        if let Some((watts, hours)) = drawn.filter(|(watts, _)| *watts > NIGHT_SHARE * rated_w) {
            let lost_wh = Some(watts * hours);
            let share = watts / rated_w;
            night.add(&Found { inverter: 0, share, hours, lost_wh }, price(reports, span));
        }
    }
    let name = Text::new("光伏表", "meter of the roof");
    if differs.days >= METER_DAYS {
        troubles.push(told(Cause::Meter, String::new(), name.clone(), differs));
    }
    if night.days > 0 {
        troubles.push(told(Cause::Night, String::new(), name, night));
    }
    troubles
}

/// Mean power of a meter by night, W, and for how long, hours.
fn night_w(light: &Light<'_>, day: &Day, span: &Span) -> Option<(f64, f64)> {
    let suns = light.suns(*span);
    let dark = suns.iter().enumerate().filter(|(_, sun)| sun.elevation_deg < NIGHT_SUN_DEG);
    let powers: Vec<f64> =
        dark.filter_map(|(record, _)| mean(day, "ac_power_w", record)).map(f64::abs).collect();
    let count = u32::try_from(powers.len()).ok().filter(|count| *count > 0)?;
    let hours = f64::from(count) * f64::from(u32::try_from(RECORD_MS).unwrap_or_default()) / 3.6e6;
    Some((powers.iter().sum::<f64>() / f64::from(count), hours))
}
