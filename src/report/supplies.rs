//! Water, gas and heat; energies in standard coal.

use std::collections::BTreeMap;

use crate::factor::{Factor, Quantity};
use crate::model::{Text, text};

use super::building::{Role, Supply};
use super::figures::{Coal, Electricity, Figure, Supplied};
use super::light::Span;
use super::make::Reports;
use super::meters::Counted;
use super::period::Period;

/// Hours of the night in which nobody draws water.
const NIGHT_H: std::ops::Range<i8> = 1..5;

/// What the building drew of each supply beside electricity that has a meter.
pub(super) fn supplies(reports: &Reports, counted: &[Counted], spans: &[Span]) -> Vec<Supplied> {
    let others = [Supply::Water, Supply::Gas, Supply::Heat];
    let has = |supply: &Supply| {
        counted.iter().any(|one| one.point == supply.point())
            || reports.config.by_hand.iter().any(|own| own.supply == *supply)
    };
    others.into_iter().filter(has).map(|supply| supplied(reports, counted, spans, supply)).collect()
}

fn supplied(reports: &Reports, counted: &[Counted], spans: &[Span], supply: Supply) -> Supplied {
    let of_supply: Vec<&Counted> =
        counted.iter().filter(|one| one.point == supply.point()).collect();
    let is_main = |one: &&&Counted| one.meter.as_ref().is_some_and(|m| m.role == Role::Main);
    let on_top = |one: &&&Counted| one.meter.as_ref().is_none_or(|meter| meter.parent.is_none());
    let mut mains: Vec<&&Counted> = of_supply.iter().filter(is_main).collect();
    if mains.is_empty() {
        mains = of_supply.iter().filter(on_top).collect();
    }
    let (unit, scale) = supply.unit();
    let sums = mains.iter().map(|one| one.sums(spans).total().units() / scale);
    let late = mains.iter().any(|one| begins_late(one, spans));
    let total = sums.reduce(|a, b| a + b).filter(|_| !late);
    let no_reading = if late { no_beginning } else { no_reading };
    let building = &reports.config.building;
    let per = |whole: Option<f64>| match (total, whole) {
        (Some(total), Some(whole)) if whole > 0.0 => Figure::of(total / whole),
        (None, _) => Figure::none(no_reading()),
        _ => {
            Figure::none(Text::new("配置中没有分母", "the configuration has nothing to divide by"))
        }
    };
    let (night_min_per_h, night_share) = night(reports, &mains, spans, total, scale);
    Supplied {
        night_min_per_h,
        night_share,
        supply,
        unit: unit.to_owned(),
        total: total.map_or_else(|| Figure::none(no_reading()), Figure::of),
        per_area: per(building.area_m2),
        per_person: per(building.people.map(f64::from)),
    }
}

/// The least that flowed in an hour of each night, mean of the nights; and over a day, by the mean of a day.
/// Nights in which it was not read through are left out.
fn night(
    reports: &Reports,
    mains: &[&&Counted],
    spans: &[Span],
    total: Option<f64>,
    scale: f64,
) -> (Figure, Figure) {
    let (mut sum, mut nights) = (0.0, 0_u32);
    for span in spans {
        let mut hours: BTreeMap<i8, (f64, bool)> = BTreeMap::new();
        for (time, sums) in mains.iter().flat_map(|one| one.known_slots(std::slice::from_ref(span)))
        {
            let hour = hours.entry(reports.daybook.hour(time)).or_insert((0.0, true));
            hour.0 += sums.total().units() / scale;
            hour.1 &= sums.total() == sums.measured;
        }
        let night: Vec<f64> = NIGHT_H
            .filter_map(|hour| hours.get(&hour).filter(|(_, read)| *read).map(|(sum, _)| *sum))
            .collect();
        if night.len() == NIGHT_H.len() {
            (sum, nights) = (sum + night.iter().copied().fold(f64::MAX, f64::min), nights + 1);
        }
    }
    let unknown =
        || Figure::none(Text::new("没有连续的夜间读数", "nobody reads it through the night"));
    if nights == 0 {
        return (unknown(), unknown());
    }
    let least = sum / f64::from(nights);
    let days = f64::from(u32::try_from(spans.len()).unwrap_or(u32::MAX));
    let a_day = total.map(|total| total / days).filter(|a_day| *a_day > 0.0);
    (Figure::of(least), a_day.map_or_else(unknown, |a_day| Figure::of(least * 24.0 / a_day)))
}

/// Whether people read a meter for the first time when the period had begun, and nobody has said what it
/// counted before.
fn begins_late(one: &Counted, spans: &[Span]) -> bool {
    let begin = spans.first().map(|span| span.start.plus_ms(24 * 3_600_000).ms());
    let first = one.booked.pieces.first().map(|piece| piece.first.0);
    let late = first.zip(begin).is_some_and(|(first, begin)| first >= begin);
    one.device.is_none() && late && one.sums(spans).estimated == crate::energy::Amount::ZERO
}

fn no_beginning() -> Text {
    Text::new("没有期初读数", "it was not read at the beginning")
}

fn no_reading() -> Text {
    Text::new("没有读数", "there are no readings")
}

/// Energies in standard coal, and the factors that were used.
pub(super) fn coal(
    reports: &Reports,
    electricity: &Electricity,
    supplies: &[Supplied],
    period: Period,
) -> (Coal, Vec<Factor>) {
    let building = &reports.config.building;
    let factor = |quantity| reports.config.factors.on(quantity, &building.region, period.last());
    let mut used: Vec<Factor> = Vec::new();
    let mut coal = |of_electricity: Quantity| -> Figure {
        let mut parts = vec![(of_electricity, electricity.total_kwh.clone(), 1.0)];
        for other in supplies {
            match other.supply {
                Supply::Gas => parts.push((Quantity::CoalGas, other.total.clone(), 1.0)),
                Supply::Heat => parts.push((Quantity::CoalHeat, other.total.clone(), 1_000.0)),
                // Water is no energy.
                Supply::Water | Supply::Electricity => {}
            }
        }
        let mut sum = 0.0;
        for (quantity, amount, scale) in parts {
            let Some(amount) = amount.value else { return amount };
            let Some(factor) = factor(quantity) else {
                let Text { zh, en } = quantity.label();
                return Figure::none(text!("没有因子：{zh}", "there is no factor: {en}"));
            };
            sum += amount * scale * factor.value;
            if !used.contains(factor) {
                used.push(factor.clone());
            }
        }
        Figure::of(sum)
    };
    let calorific_kgce = coal(Quantity::CoalElectricity);
    let supply_kgce = coal(Quantity::CoalElectricitySupply);
    let per = |whole: Option<f64>| match (calorific_kgce.value, whole) {
        (Some(kgce), Some(whole)) if whole > 0.0 => Figure::of(kgce / whole),
        (None, _) => calorific_kgce.clone(),
        _ => {
            Figure::none(Text::new("配置中没有分母", "the configuration has nothing to divide by"))
        }
    };
    let coal = Coal {
        calorific_per_area_kgcem2: per(building.area_m2),
        calorific_per_person_kgce: per(building.people.map(f64::from)),
        calorific_kgce,
        supply_kgce,
    };
    (coal, used)
}

/// Carbon dioxide of the natural gas, and the factor that was used.
pub(super) fn gas_co2(
    reports: &Reports,
    supplies: &[Supplied],
    period: Period,
) -> (Figure, Option<Factor>) {
    let Some(gas) = supplies.iter().find(|other| other.supply == Supply::Gas) else {
        return (Figure::none(Text::new("没有天然气表", "there is no gas meter")), None);
    };
    let region = &reports.config.building.region;
    let factor = reports.config.factors.on(Quantity::GasCo2, region, period.last());
    match (gas.total.value, factor) {
        (Some(m3), Some(factor)) => (Figure::of(m3 * factor.value), Some(factor.clone())),
        (None, _) => (gas.total.clone(), None),
        (_, None) => {
            (Figure::none(Text::new("没有天然气排放因子", "there is no factor for gas")), None)
        }
    }
}
