//! Electricity by the items of the national classification.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{DeviceId, Text};

use super::figures::{Figure, Words};
use super::light::Span;
use super::make::Reports;
use super::meters::Counted;
use super::usage::Hours;

const IMPORT: &str = "energy_import_wh";
/// Electricity, and all of it: what stands at the main meter is no item.
const CLASS: &str = "01";
const WHOLE: &str = "01E";
/// Class and letter.
const LETTER: usize = 3;

/// What an item used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// Its code: class and letter, or what a meter says.
    pub code: String,
    /// Its name.
    pub name: Words,
    /// What it used, kWh; a meter below another one of the same item is not counted twice.
    pub kwh: f64,
    /// Share of all that the building used.
    pub share: Figure,
    /// For a square metre.
    pub per_area_kwhm2: Figure,
    /// Share that was used outside of service hours.
    pub off_hours_share: Figure,
}

/// Items by letter, each followed by the codes of its meters where they say more.
pub(super) fn items(
    reports: &Reports,
    counted: &[Counted],
    spans: &[Span],
    total_kwh: &Figure,
) -> Vec<Item> {
    let code = |one: &Counted| one.meter.as_ref().and_then(|meter| meter.code.clone());
    let coded = counted.iter().filter(|one| one.point == IMPORT);
    let coded: Vec<(&Counted, String)> = coded
        .filter_map(|one| Some((one, code(one)?)))
        .filter(|(_, code)| code.starts_with(CLASS) && !code.starts_with(WHOLE))
        .filter(|(_, code)| code.len() >= LETTER)
        .collect();
    let mut codes: BTreeMap<String, Vec<&Counted>> = BTreeMap::new();
    for (one, code) in &coded {
        let beginnings = [code.get(..LETTER).unwrap_or(code), code.as_str()];
        for beginning in beginnings {
            let meters = codes.entry(beginning.to_owned()).or_default();
            if !meters.iter().any(|known| known.id == one.id) {
                meters.push(one);
            }
        }
    }
    let hours: Vec<Hours> = spans.iter().map(|span| Hours::of(reports, span.date)).collect();
    let item = |(code, meters): (String, Vec<&Counted>)| {
        // Who stands below another meter of the same item is in it.
        let inside = |one: &&&Counted| !is_below(reports, &one.id, &meters);
        let on_top: Vec<&Counted> = meters.iter().filter(inside).copied().collect();
        told(reports, code, &on_top, (spans, &hours), total_kwh)
    };
    let mut items: Vec<Item> = codes.into_iter().map(item).collect();
    // A letter with one code below it says the same twice.
    let alone = |code: &str| {
        let letter = code.get(..LETTER).unwrap_or(code);
        coded.iter().all(|(_, other)| other == code || !other.starts_with(letter))
    };
    items.retain(|item| item.code.len() <= LETTER || !alone(&item.code));
    items.extend(rest(reports, &items, total_kwh));
    items
}

/// What no item counts; `None` where nothing is told by item.
fn rest(reports: &Reports, items: &[Item], total_kwh: &Figure) -> Option<Item> {
    let total = total_kwh.value.filter(|_| !items.is_empty())?;
    let letters = items.iter().filter(|item| item.code.len() <= LETTER);
    let kwh = total - letters.map(|item| item.kwh).sum::<f64>();
    let unknown = || Text::new("没有分项电表", "no meter of an item counts it");
    let area = reports.config.building.area_m2;
    Some(Item {
        code: String::new(),
        name: Text::new("未分项", "of no item").into(),
        kwh,
        share: Figure::of(kwh / total),
        per_area_kwhm2: area.map_or_else(|| Figure::none(unknown()), |area| Figure::of(kwh / area)),
        off_hours_share: Figure::none(unknown()),
    })
}

/// Whether a meter is below one of some others.
fn is_below(reports: &Reports, id: &DeviceId, others: &[&Counted]) -> bool {
    let parent = |id: &DeviceId| {
        let meter = reports.config.meters.iter().find(|meter| meter.device == *id)?;
        meter.parent.clone()
    };
    let mut above = parent(id);
    // A ring of parents ends, too.
    for _ in 0..reports.config.meters.len() {
        let Some(one) = above else { return false };
        if others.iter().any(|other| other.id == one) {
            return true;
        }
        above = parent(&one);
    }
    false
}

fn told(
    reports: &Reports,
    code: String,
    meters: &[&Counted],
    (spans, hours): (&[Span], &[Hours]),
    total_kwh: &Figure,
) -> Item {
    let kwh: f64 = meters.iter().map(|one| one.sums(spans).total().units() / 1_000.0).sum();
    let mut served = 0.0;
    for (span, hours) in spans.iter().zip(hours) {
        let slots = meters.iter().flat_map(|one| one.slots(std::slice::from_ref(span)));
        let open = slots.filter(|(time, _)| hours.open(*time));
        served += open.map(|(_, amount)| amount.units() / 1_000.0).sum::<f64>();
    }
    let ratio = |part: f64, whole: Option<f64>, why: Text| {
        let whole = whole.filter(|whole| *whole > 0.0);
        whole.map_or_else(|| Figure::none(why), |whole| Figure::of(part / whole))
    };
    let name = reports.config.items.name(&code).cloned().unwrap_or_else(|| Text::same(&code));
    let no_area = Text::new("配置中没有建筑面积", "the configuration has no floor area");
    Item {
        name: name.into(),
        share: ratio(
            kwh,
            total_kwh.value,
            Text::new("没有总用电", "all that was used is not known"),
        ),
        per_area_kwhm2: ratio(kwh, reports.config.building.area_m2, no_area),
        off_hours_share: ratio(kwh - served, Some(kwh), Text::new("没有用电", "nothing was used")),
        code,
        kwh,
    }
}
