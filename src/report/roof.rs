//! The figures of the roof.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::daybook::{Booked, Day, Known};
use crate::model::{Text, text};
use crate::pv::{Array, NoFigure, Rating, Record, Sums, same_plane};

use super::diagnosis::{self, Findings, Lights, Stretch, dirt};
use super::figures::{
    Basis, Figure, GroupFigures, InverterFigures, Performance, RoofDay, RoofFigures,
};
use super::light::{Light, Span, is_up, mean};
use super::make::Reports;

/// Hours of a record.
const RECORD_H: f64 = 1.0 / 12.0;
/// Light from which on an inverter has to run, W/m².
const RUNS_FROM_WM2: f64 = 50.0;
/// Share of its modules' rating below which an inverter stands still.
const STANDS_BELOW: f64 = 0.005;

/// What is known of an inverter over the period.
pub(super) struct Inverter<'a> {
    pub(super) known: &'a Known,
    pub(super) days: &'a BTreeMap<Date, Arc<Day>>,
    pub(super) booked: &'a Booked,
}

/// Times in which it should have run.
#[derive(Debug, Clone, Copy, Default)]
struct Runs {
    light_h: f64,
    running_h: f64,
    lost_wh: f64,
}

/// One inverter with its arrays, worked through.
pub(super) struct Worked<'a> {
    pub(super) inverter: &'a Inverter<'a>,
    pub(super) arrays: Vec<&'a Array>,
    pub(super) basis: Option<Basis>,
    pub(super) rating: Rating,
    /// What it did not make while it stood still, by day, Wh.
    pub(super) stood: BTreeMap<Date, f64>,
    days: BTreeMap<Date, Sums>,
    runs: Runs,
}

/// Inverters, the light on them, and the days that are looked at.
pub(super) struct Seen<'a> {
    pub(super) light: &'a Light<'a>,
    pub(super) inverters: &'a [Inverter<'a>],
    pub(super) spans: &'a [Span],
}

/// The roof over a period; the days before it say how clean it can be.
/// Beside the figures the sums of the plant.
pub(super) fn roof(
    reports: &Reports,
    before: &Seen<'_>,
    own: &Seen<'_>,
) -> Option<(RoofFigures, Sums)> {
    let Seen { light, inverters, spans } = *own;
    if inverters.is_empty() {
        return None;
    }
    let mut worked: Vec<Worked<'_>> = inverters.iter().map(|one| Worked::new(one, light)).collect();
    let mut findings = Findings::default();
    for span in spans {
        let lights = day(light, &mut worked, *span);
        findings.take(light, &worked, span, &lights, diagnosis::price(reports, span));
    }
    findings.take_strings(&worked, spans, |span| diagnosis::price(reports, span));
    let worked_before: Vec<Worked<'_>> =
        before.inverters.iter().map(|one| Worked::new(one, before.light)).collect();
    let before = Stretch { light: before.light, worked: &worked_before, spans: before.spans };
    let dirt = dirt(reports, &[&before, &Stretch { light, worked: &worked, spans }]);
    let hours = spans.iter().map(|span| RECORD_H * records(span)).sum::<f64>();
    let of = |one: &Worked<'_>| InverterFigures {
        device: one.inverter.known.0.id.to_string(),
        name: one.inverter.known.0.name.clone().into(),
        ac_rated_w: one.inverter.known.0.rated_power_w,
        performance: performance(&[one], spans, hours),
    };
    let figures = RoofFigures {
        inverters: worked.iter().map(of).collect(),
        days: spans.iter().map(|span| roof_day(&worked, span)).collect(),
        plant: performance(&worked.iter().collect::<Vec<_>>(), spans, hours),
        groups: groups(&worked, spans, hours),
        troubles: diagnosis::sorted(findings.told(&worked).into_iter().chain(dirt)),
    };
    let rated = worked.iter().filter(|one| one.basis.is_some());
    let sums = rated.flat_map(|one| one.days.values());
    Some((figures, sums.fold(Sums::default(), |all, one| all.plus(one))))
}

#[allow(clippy::cast_precision_loss)] // records of a day
fn records(span: &Span) -> f64 {
    span.records as f64
}

impl<'a> Worked<'a> {
    pub(super) fn new(inverter: &'a Inverter<'a>, light: &Light<'a>) -> Self {
        let arrays: Vec<&Array> = light.plant.arrays_of(&inverter.known.0.id).collect();
        let dc_rated_w: f64 = arrays.iter().map(|array| array.rating.dc_rated_w).sum();
        let weighed = |array: &&Array| array.rating.gamma_per_k * array.rating.dc_rated_w;
        let gamma: f64 = arrays.iter().map(weighed).sum();
        // The worst of its arrays: what is measured for one and reckoned for another is reckoned.
        let basis = arrays.iter().map(|array| light.basis(array.plane));
        Self {
            inverter,
            basis: basis.max_by_key(|basis| *basis as u8),
            rating: Rating {
                dc_rated_w,
                gamma_per_k: if dc_rated_w > 0.0 { gamma / dc_rated_w } else { 0.0 },
            },
            arrays,
            days: BTreeMap::new(),
            stood: BTreeMap::new(),
            runs: Runs::default(),
        }
    }

    pub(super) fn ac_w(&self, date: Date, record: usize) -> Option<f64> {
        mean(self.inverter.days.get(&date)?, "ac_power_w", record)
    }

    fn runs(&self, ac_w: f64) -> bool {
        ac_w > STANDS_BELOW * self.rating.dc_rated_w
    }

    /// Looks the ways that another one does.
    pub(super) fn is_peer(&self, other: &Self) -> bool {
        let mut planes = self.arrays.iter().zip(&other.arrays);
        let as_many = self.arrays.len() == other.arrays.len() && !self.arrays.is_empty();
        as_many && planes.all(|(a, b)| same_plane(a.plane, b.plane))
    }
}

/// Works through a day of all inverters; the light on each.
fn day(light: &Light<'_>, worked: &mut [Worked<'_>], span: Span) -> Lights {
    let suns = light.suns(span);
    let mut lights = Lights::new();
    let mut stood: Vec<(usize, usize)> = Vec::new();
    for (place, one) in worked.iter_mut().enumerate() {
        let Some((basis, first)) = one.basis.zip(one.arrays.first().copied()) else {
            lights.push(Vec::new());
            continue;
        };
        let on_it = light.on_arrays(&one.arrays, basis, span);
        let mut sums = Sums::default();
        for ((record, sun), poa_wm2) in suns.iter().enumerate().zip(on_it.iter().copied()) {
            let ac_w = one.ac_w(span.date, record);
            let known = one.inverter.days.get(&span.date);
            let of = Record {
                hours: RECORD_H,
                ac_w,
                dc_w: known.and_then(|day| mean(day, "dc_power_w", record)),
                poa_wm2,
                module_c: poa_wm2.and_then(|poa| light.module_c(first, span.date, record, poa)),
                sun_up: is_up(sun),
            };
            sums.take(&one.rating, &of);
            if let Some(ac_w) = ac_w.filter(|_| poa_wm2.is_some_and(|poa| poa >= RUNS_FROM_WM2)) {
                one.runs.light_h += RECORD_H;
                if one.runs(ac_w) {
                    one.runs.running_h += RECORD_H;
                } else {
                    stood.push((place, record));
                }
            }
        }
        one.days.insert(span.date, sums);
        lights.push(on_it);
    }
    for (place, record) in stood {
        let lost_wh = lost_wh(worked, place, span.date, record);
        if let Some(one) = worked.get_mut(place) {
            one.runs.lost_wh += lost_wh;
            *one.stood.entry(span.date).or_default() += lost_wh;
        }
    }
    lights
}

/// Inverters whose modules look the same way, together.
fn groups(worked: &[Worked<'_>], spans: &[Span], hours: f64) -> Vec<GroupFigures> {
    let mut groups: Vec<GroupFigures> = Vec::new();
    for (place, one) in worked.iter().enumerate() {
        let Some(array) = one.arrays.first() else { continue };
        if worked.iter().take(place).any(|other| other.is_peer(one)) {
            continue;
        }
        let members: Vec<&Worked<'_>> = worked.iter().filter(|other| other.is_peer(one)).collect();
        groups.push(GroupFigures {
            tilt_deg: array.plane.tilt_deg,
            azimuth_deg: array.plane.azimuth_deg,
            inverters: members.iter().map(|o| o.inverter.known.0.id.to_string()).collect(),
            performance: performance(&members, spans, hours),
        });
    }
    groups
}

/// What an inverter that stood still in a record would have made: as much as those that look the same way
/// and ran, for what each is rated.
fn lost_wh(worked: &[Worked<'_>], place: usize, date: Date, record: usize) -> f64 {
    let Some(one) = worked.get(place) else { return 0.0 };
    let running = worked.iter().filter(|other| other.is_peer(one)).filter_map(|other| {
        let ac_w = other.ac_w(date, record).filter(|ac_w| other.runs(*ac_w))?;
        Some((ac_w, other.rating.dc_rated_w))
    });
    let (ac_w, rated_w) = running.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    if rated_w <= 0.0 {
        return 0.0;
    }
    one.rating.dc_rated_w * ac_w / rated_w * RECORD_H
}

pub(super) fn energy_wh(one: &Worked<'_>, from: &Span, to: &Span) -> f64 {
    let end = to.start.plus_ms(i64::try_from(to.records).unwrap_or(0) * crate::daybook::RECORD_MS);
    one.inverter.booked.grid.sums(from.start, end).total().units()
}

/// The figures of some inverters together.
fn performance(worked: &[&Worked<'_>], spans: &[Span], hours: f64) -> Performance {
    let ends = spans.first().zip(spans.last());
    let energy = |one: &Worked<'_>| ends.map_or(0.0, |(first, last)| energy_wh(one, first, last));
    let energy_wh: f64 = worked.iter().map(|one| energy(one)).sum();
    let ac_rated = worked.iter().map(|one| one.inverter.known.0.rated_power_w.unwrap_or(0.0));
    let ac_rated_w: f64 = ac_rated.sum();
    // A plant of which some arrays are not known has yields and ratios of those that are.
    let rated: Vec<&Worked<'_>> =
        worked.iter().copied().filter(|one| one.basis.is_some()).collect();
    let dc_rated_w: f64 = rated.iter().map(|one| one.rating.dc_rated_w).sum();
    let rated_energy_wh: f64 = rated.iter().map(|one| energy(one)).sum();
    let sums = rated.iter().flat_map(|one| one.days.values());
    let sums = sums.fold(Sums::default(), |all, one| all.plus(one));
    let runs = rated.iter().fold(Runs::default(), |all, one| Runs {
        light_h: all.light_h + one.runs.light_h,
        running_h: all.running_h + one.runs.running_h,
        lost_wh: all.lost_wh + one.runs.lost_wh,
    });
    let basis = rated.iter().filter_map(|one| one.basis);
    let estimated = basis.clone().filter(|basis| *basis == Basis::ClearSky).count();
    let (measures, estimates) = (estimated == 0, estimated > 0 && estimated == rated.len());
    let measured = |found: Result<f64, NoFigure>| match (measures, estimates) {
        (true, _) => found.map_or_else(missing, Figure::of),
        (_, true) => Figure::none(no_sensor()),
        _ => Figure::none(mixed()),
    };
    let losses = sums.losses_h(dc_rated_w);
    let ratio = |part: f64, whole: f64| match whole > 0.0 {
        true => Figure::of(part / whole),
        false => Figure::none(Text::new("无数据", "no data")),
    };
    let known = |value: Option<f64>, why: NoFigure| value.map_or_else(|| missing(why), Figure::of);
    let light = sums.irradiation_kwhm2(dc_rated_w);
    Performance {
        energy_wh,
        dc_rated_w: (dc_rated_w > 0.0).then_some(dc_rated_w),
        basis: basis.max_by_key(|basis| *basis as u8),
        irradiation_kwhm2: known(light, NoFigure::NoIrradiance),
        reference_yield_h: known(light, NoFigure::NoIrradiance),
        array_yield_h: measured(sums.array_yield_h(dc_rated_w)),
        module_temp_c: known(sums.module_temp_c(), NoFigure::NoTemperature),
        pr_annual: Figure::none(Text::new("只对全站给出", "it is told of the plant only")),
        final_yield_h: known(
            (dc_rated_w > 0.0).then(|| rated_energy_wh / dc_rated_w),
            NoFigure::NoRating,
        ),
        pr: measured(sums.pr(dc_rated_w)),
        pr_estimated: match estimates {
            true => sums.pr(dc_rated_w).map_or_else(missing, Figure::of),
            false => Figure::none(Text::new("辐照为实测，不作估算", "the irradiance is measured")),
        },
        pr_25: measured(sums.pr_25(dc_rated_w)),
        array_loss_h: measured(losses.map(|losses| losses.0)),
        bos_loss_h: measured(losses.map(|losses| losses.1)),
        capacity_factor: ratio(energy_wh, ac_rated_w * hours),
        time_availability: ratio(runs.running_h, runs.light_h),
        lost_wh: Figure::of(runs.lost_wh),
        energy_availability: ratio(rated_energy_wh, rated_energy_wh + runs.lost_wh),
        completeness: known(sums.completeness(), NoFigure::NoIrradiance),
    }
}

fn no_sensor() -> Text {
    Text::new(
        "没有实测辐照（无传感器，或期内无数据）：只有按晴空估算的值",
        "no irradiance was measured (no sensor, or no data of it): there is only the estimate by a clear sky",
    )
}

fn mixed() -> Text {
    Text::new(
        "部分方阵的辐照是实测、部分是估算，不能合并",
        "of some arrays the irradiance is measured and of others estimated: they are not mixed",
    )
}

/// Why a ratio is missing, for people.
fn missing(why: NoFigure) -> Figure {
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    Figure::none(match why {
        NoFigure::NoIrradiance => Text::new("没有辐照数据", "no irradiance was measured"),
        NoFigure::NoDcPower => Text::new("没有直流功率数据", "no DC power was measured"),
        NoFigure::NoTemperature => {
            Text::new("没有组件或环境温度数据", "no temperature of modules or air was measured")
        }
        NoFigure::Incomplete(share) => text!(
            "白天的有效记录只有 {}%，不足 90%",
            "only {} % of the records by day are valid; 90 % are needed",
            percent(share)
        ),
        NoFigure::TooDark(light) => text!(
            "辐照量只有 {light:.2} kWh/m²，不足 1 kWh/m²",
            "only {light:.2} kWh/m² of light; 1 kWh/m² is needed"
        ),
        NoFigure::NoRating => Text::new(
            "配置中没有组件（arrays）",
            "the configuration does not say which modules there are (arrays)",
        ),
    })
}

/// One day of the plant.
fn roof_day(worked: &[Worked<'_>], span: &Span) -> RoofDay {
    let rated: Vec<&Worked<'_>> = worked.iter().filter(|one| one.basis.is_some()).collect();
    let sums = rated.iter().filter_map(|one| one.days.get(&span.date));
    let sums = sums.fold(Sums::default(), |all, one| all.plus(one));
    let dc_rated_w: f64 = rated.iter().map(|one| one.rating.dc_rated_w).sum();
    RoofDay {
        date: span.date,
        energy_wh: worked.iter().map(|one| energy_wh(one, span, span)).sum(),
        irradiation_kwhm2: sums.irradiation_kwhm2(dc_rated_w),
        pr: sums.pr(dc_rated_w).ok(),
    }
}
