//! The electricity of the building: what was drawn, made, given and used, what that emitted and cost.

use std::collections::BTreeMap;

use crate::factor::{Factor, Quantity};
use crate::model::{Text, Timestamp, text};

use super::building::Role;
use super::figures::{Carbon, Electricity, Figure, Money};
use super::light::Span;
use super::make::{Reports, of_role};
use super::meters::{Counted, end};
use super::period::Period;

const IMPORT: &str = "energy_import_wh";
const EXPORT: &str = "energy_export_wh";

/// Nineteen of twenty days have to be known for a mean, and for a comparison.
const KNOWN_DAYS: (usize, usize) = (19, 20);

/// Figures of the building's electricity.
pub(super) struct Made {
    pub(super) electricity: Electricity,
    pub(super) carbon: Carbon,
    pub(super) money: Money,
    pub(super) factors: Vec<Factor>,
}

/// Electricity in kWh, where it is known.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    import: Option<f64>,
    export: Option<f64>,
    made: Option<f64>,
}

impl Known {
    fn total(&self) -> Option<f64> {
        Some(self.import? + self.made.unwrap_or(0.0) - self.export.unwrap_or(0.0))
    }

    fn self_used(&self) -> Option<f64> {
        self.import?;
        Some(self.made? - self.export.unwrap_or(0.0))
    }
}

/// All of it for a period.
pub(super) fn of(reports: &Reports, counted: &[Counted], spans: &[Span], period: Period) -> Made {
    let known = Known {
        import: sum(counted, spans, |one| one.is(Role::Main, IMPORT)),
        export: sum(counted, spans, |one| one.is(Role::Main, EXPORT)),
        made: sum(counted, spans, |one| one.makes),
    };
    let building = &reports.config.building;
    let factor = reports.config.factors.on(Quantity::GridCo2, &building.region, period.last());
    let emitted = |kwh: Option<f64>, what: fn() -> Text| match (kwh, factor) {
        (Some(kwh), Some(factor)) => Figure::of(kwh * factor.value),
        (None, _) => Figure::none(what()),
        (_, None) => Figure::none(text!(
            "没有地区 {} 在报告期内可用的电网排放因子",
            "no grid factor of the region {} was issued by then",
            building.region
        )),
    };
    Made {
        carbon: Carbon {
            grid_kg: emitted(known.import, no_main),
            gas_kg: Figure::none(Text::same("")),
            avoided_kg: emitted(known.self_used(), no_self_use),
        },
        money: money(reports, counted, spans),
        electricity: electricity(reports, counted, spans, &known),
        factors: factor.into_iter().cloned().collect(),
    }
}

/// Sum of some registers, kWh; `None` where there is none of them.
fn sum(counted: &[Counted], spans: &[Span], fits: impl Fn(&Counted) -> bool) -> Option<f64> {
    let fitting = counted.iter().filter(|one| fits(one));
    fitting.map(|one| one.sums(spans).total().units() / 1_000.0).reduce(|a, b| a + b)
}

fn no_main() -> Text {
    Text::new("没有总表读数", "there are no readings of a main meter")
}

fn no_pv() -> Text {
    Text::new("没有逆变器读数", "there are no readings of inverters")
}

fn no_self_use() -> Text {
    Text::new("缺少总表或逆变器读数", "readings of the main meter or of the inverters are missing")
}

fn electricity(
    reports: &Reports,
    counted: &[Counted],
    spans: &[Span],
    known: &Known,
) -> Electricity {
    let figure = |value: Option<f64>, why: fn() -> Text| {
        value.map_or_else(|| Figure::none(why()), Figure::of)
    };
    let ratio = |part: Option<f64>, whole: Option<f64>, why: fn() -> Text| {
        let whole = whole.filter(|whole| *whole > 0.0);
        figure(part.zip(whole).map(|(part, whole)| part / whole), why)
    };
    let building = &reports.config.building;
    let (total, self_used) = (known.total(), known.self_used());
    Electricity {
        import_kwh: figure(known.import, no_main),
        export_kwh: figure(known.export, no_main),
        pv_kwh: figure(known.made, no_pv),
        total_kwh: figure(total, no_main),
        self_used_kwh: figure(self_used, no_self_use),
        self_consumption: ratio(self_used, known.made, no_self_use),
        self_sufficiency: ratio(self_used, total, no_self_use),
        renewable_share: ratio(known.made, total, no_self_use),
        per_day_kwh: per_day(reports, counted, spans, total),
        per_area_kwhm2: match building.area_m2 {
            Some(area_m2) => ratio(total, Some(area_m2), no_main),
            None => Figure::none(Text::new(
                "配置中没有建筑面积（[report] area_m2）",
                "the configuration has no floor area ([report] area_m2)",
            )),
        },
        per_person_kwh: match building.people {
            Some(people) => ratio(total, Some(f64::from(people)), no_main),
            None => Figure::none(Text::new(
                "配置中没有用能人数（[report] people）",
                "the configuration has no number of people ([report] people)",
            )),
        },
        gap: gap(reports, counted, spans),
        items_kwh: items(counted, spans),
        items: super::items::items(reports, counted, spans, &figure(total, no_main)),
    }
}

/// Used in a day; of a period that is not over there is no such figure, for a part of its last day is missing.
fn per_day(reports: &Reports, counted: &[Counted], spans: &[Span], total: Option<f64>) -> Figure {
    let mains: Vec<&Counted> = counted.iter().filter(|one| one.is(Role::Main, IMPORT)).collect();
    let known = spans.iter().filter(|span| {
        mains.iter().any(|one| one.slots(std::slice::from_ref(span)).next().is_some())
    });
    let known = known.count();
    if total.is_some() && known * KNOWN_DAYS.1 < spans.len() * KNOWN_DAYS.0 {
        return Figure::none(text!(
            "期内只有 {known} 天有读数",
            "there are readings of {known} days of the period only"
        ));
    }
    let over = spans.last().is_some_and(|last| end(last) <= reports.clock.now());
    let days = f64::from(u32::try_from(spans.len()).unwrap_or(u32::MAX));
    match (total, over) {
        (Some(total), true) => Figure::of(total / days),
        (None, _) => Figure::none(no_main()),
        (_, false) => Figure::none(Text::new("报告期尚未结束", "the period is not over")),
    }
}

/// What the meters below the main ones do not count, of what those count.
fn gap(reports: &Reports, counted: &[Counted], spans: &[Span]) -> Figure {
    let mains: Vec<_> = of_role(&reports.config, Role::Main).map(|m| m.device.clone()).collect();
    let below = |one: &Counted| {
        let meter = one.meter.as_ref().filter(|meter| meter.role == Role::Sub);
        let parent = meter.and_then(|meter| meter.parent.as_ref());
        one.point == IMPORT && parent.is_some_and(|parent| mains.contains(parent))
    };
    let whole = sum(counted, spans, |one| one.is(Role::Main, IMPORT));
    match (whole.filter(|whole| *whole > 0.0), sum(counted, spans, below)) {
        (Some(whole), Some(parts)) => Figure::of((whole - parts) / whole),
        _ => Figure::none(Text::new(
            "没有挂在总表下的分表（parent）",
            "no meter is below a main one (parent)",
        )),
    }
}

/// By code of the item, kWh.
fn items(counted: &[Counted], spans: &[Span]) -> BTreeMap<String, f64> {
    let mut items: BTreeMap<String, f64> = BTreeMap::new();
    for one in counted.iter().filter(|one| one.point == IMPORT) {
        if let Some(code) = one.meter.as_ref().and_then(|meter| meter.code.clone()) {
            *items.entry(code).or_default() += one.sums(spans).total().units() / 1_000.0;
        }
    }
    items
}

/// By the tariffs in force, quarter-hour by quarter-hour.
fn money(reports: &Reports, counted: &[Counted], spans: &[Span]) -> Money {
    let mut import: BTreeMap<Timestamp, f64> = BTreeMap::new();
    let mut saved: BTreeMap<Timestamp, f64> = BTreeMap::new();
    for one in counted {
        let made = one.makes;
        let (drawn, given) = (one.is(Role::Main, IMPORT), one.is(Role::Main, EXPORT));
        for (slot, amount) in one.slots(spans).filter(|_| made || drawn || given) {
            let kwh = amount.units() / 1_000.0;
            if drawn {
                *import.entry(slot).or_default() += kwh;
            } else {
                *saved.entry(slot).or_default() += if made { kwh } else { -kwh };
            }
        }
    }
    let priced = |slots: &BTreeMap<Timestamp, f64>| {
        let zone = &reports.site.time_zone;
        let price = |slot: Timestamp| reports.tariffs.price_per_kwh(slot, zone);
        let cost = slots.iter().map(|(slot, kwh)| Some(kwh * price(*slot)?));
        cost.sum::<Option<f64>>().map_or_else(
            || {
                Figure::none(Text::new(
                    "配置中没有适用的电价（[[tariff]]）",
                    "the configuration has no price for all of it ([[tariff]])",
                ))
            },
            Figure::of,
        )
    };
    let has = |role: Role| of_role(&reports.config, role).next().is_some();
    Money {
        import_cost: if has(Role::Main) { priced(&import) } else { Figure::none(no_main()) },
        saved: if has(Role::Main) { priced(&saved) } else { Figure::none(no_self_use()) },
    }
}
