//! What was found of the inverters, gathered day by day.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::daybook::string_of;
use crate::model::Text;
use crate::pv::diagnosis::{self, Currents, DayOf, Found, HalfHours};

use super::super::figures::Basis;
use super::super::light::{Light, Span, mean};
use super::super::roof::{Worked, energy_wh};
use super::{Cause, Sum, Trouble, told};

/// So many days below its peers, or one day below this, is told.
const BELOW_DAYS: u32 = 3;
const FAR_BELOW: f64 = 0.80;
/// The insulation of a day by the best of so many days before.
const INSULATION_DAYS: usize = 7;
const INSULATION_FELL: f64 = 0.5;
/// What an inverter makes of a clear sky, for snow.
const CLEAR_PR: f64 = 0.8;
/// With more than this nobody thinks of snow, hours of full power.
const SNOW_YIELD_MAX_H: f64 = 0.5;

/// The half hours of a day, and what a kilowatt-hour was worth on it.
type Priced = (HalfHours, Option<f64>);

/// What was found of the inverters, day by day.
#[derive(Default)]
pub(in super::super) struct Findings {
    found: BTreeMap<(Cause, usize), Sum>,
    /// By month and inverter: shadows wander with the sun.
    half_hours: BTreeMap<(Date, usize), Vec<Priced>>,
}

/// Light on the modules of each inverter in each record of a day.
pub(in super::super) type Lights = Vec<Vec<Option<f64>>>;

impl Findings {
    /// Looks at a day of all inverters.
    pub(in super::super) fn take(
        &mut self,
        light: &Light<'_>,
        worked: &[Worked<'_>],
        span: &Span,
        lights: &Lights,
        price: Option<f64>,
    ) {
        let suns = light.suns(*span);
        let sun_deg: Vec<f64> = suns.iter().map(|sun| sun.elevation_deg).collect();
        let days = worked.iter().enumerate();
        let days: Vec<DayOf> =
            days.map(|(place, one)| day_of(worked, one, span, lights.get(place))).collect();
        // A day of which nothing is known says nothing.
        if days.iter().all(|day| day.ac_w.iter().flatten().next().is_none()) {
            return;
        }
        let mut add = |cause: Cause, found: Vec<Found>| {
            for found in found {
                self.found.entry((cause, found.inverter)).or_default().add(&found, price);
            }
        };
        if let Some(lost_wh) = snow(light, worked, &days, span) {
            let lost_wh = Some(lost_wh);
            add(Cause::Snow, vec![Found { inverter: 0, share: 0.0, hours: 0.0, lost_wh }]);
            return;
        }
        let stood = days.iter().enumerate().filter(|(_, day)| day.stood_wh > 0.0);
        let stood = stood.map(|(inverter, day)| Found {
            inverter,
            share: day.energy_wh / (day.energy_wh + day.stood_wh),
            hours: 0.0,
            lost_wh: Some(day.stood_wh),
        });
        add(Cause::Stood, stood.collect());
        add(Cause::Below, diagnosis::below(&days, &sun_deg));
        add(Cause::Efficiency, diagnosis::efficiency(&days, &sun_deg));
        add(Cause::Curtailed, diagnosis::curtailed(&days, &sun_deg));
        add(Cause::Clipped, diagnosis::clipped(&days, &sun_deg));
        add(Cause::Stuck, diagnosis::stuck(&days, &sun_deg));
        let month = span.date.first_of_month();
        for (inverter, own) in diagnosis::half_hours(&days, &sun_deg).into_iter().enumerate() {
            self.half_hours.entry((month, inverter)).or_default().push((own, price));
        }
    }

    /// Looks at the strings and the insulation of all inverters over the period.
    pub(in super::super) fn take_strings(
        &mut self,
        worked: &[Worked<'_>],
        spans: &[Span],
        price: impl Fn(&Span) -> Option<f64>,
    ) {
        for (inverter, one) in worked.iter().enumerate() {
            for inputs in inputs_of(one) {
                self.take_inputs((inverter, one), &inputs, spans, &price);
            }
            if let Some(found) = insulation(inverter, one, spans) {
                self.found.entry((Cause::Insulation, inverter)).or_default().add(&found, None);
            }
        }
    }

    fn take_inputs(
        &mut self,
        (inverter, one): (usize, &Worked<'_>),
        inputs: &[u16],
        spans: &[Span],
        price: &impl Fn(&Span) -> Option<f64>,
    ) {
        let currents = |span: &Span| -> Currents {
            let day = one.inverter.days.get(&span.date);
            let noon = day.iter().flat_map(|day| &day.noon);
            let own = noon.filter_map(|(point, mean)| Some((string_of(point)?, f64::from(*mean))));
            own.filter(|(input, _)| inputs.is_empty() || inputs.contains(input)).collect()
        };
        let days: Vec<Currents> = spans.iter().map(currents).collect();
        let used = diagnosis::used(&days);
        for (span, day) in spans.iter().zip(&days) {
            let Some(strings) = diagnosis::strings(day, &used) else { continue };
            let energy_wh = energy_wh(one, span, span);
            let (dead, differ) = diagnosis::judged(inverter, &strings, used.len(), energy_wh);
            for (cause, found) in [(Cause::DeadString, dead), (Cause::Strings, differ)] {
                if let Some(found) = found {
                    self.found.entry((cause, inverter)).or_default().add_most(&found, price(span));
                }
            }
        }
    }

    /// Looks for shadows, once all days have been seen.
    fn take_shade(&mut self) {
        for ((_, inverter), days) in std::mem::take(&mut self.half_hours) {
            let (slots, prices): (Vec<HalfHours>, Vec<Option<f64>>) = days.into_iter().unzip();
            let Some(shade) = diagnosis::shaded(&slots) else { continue };
            let sum = self.found.entry((Cause::Shade, inverter)).or_default();
            for (lost_wh, price) in shade.lost_wh.into_iter().zip(prices) {
                if lost_wh.is_some() {
                    let found = Found { inverter, share: shade.worst, hours: 0.0, lost_wh };
                    sum.add(&found, price);
                }
            }
            sum.times.extend(shade.stretches);
        }
    }

    /// The troubles.
    pub(in super::super) fn told(mut self, worked: &[Worked<'_>]) -> Vec<Trouble> {
        self.take_shade();
        self.found.retain(|(cause, _), sum| match cause {
            Cause::Below => sum.days >= BELOW_DAYS || sum.worst.is_some_and(|w| w < FAR_BELOW),
            Cause::Strings => {
                let poor = |worst: f64| worst > diagnosis::POOR_FROM;
                sum.days >= BELOW_DAYS || sum.worst.is_some_and(poor)
            }
            _ => true,
        });
        let trouble = |((cause, place), sum): ((Cause, usize), Sum)| {
            let device = worked.get(place).map(|one| &one.inverter.known.0);
            let whole = Text::new("全部逆变器", "all inverters");
            let device = device.filter(|_| cause != Cause::Snow);
            let name = device.map_or(whole, |device| device.name.clone());
            let id = device.map(|device| device.id.to_string()).unwrap_or_default();
            told(cause, id, name, sum)
        };
        self.found.into_iter().map(trouble).collect()
    }
}

/// The inputs of each way that modules look; one list that is empty where nobody has said.
fn inputs_of(one: &Worked<'_>) -> Vec<Vec<u16>> {
    match one.arrays.iter().all(|array| !array.strings.is_empty()) && !one.arrays.is_empty() {
        true => one.arrays.iter().map(|array| array.strings.clone()).collect(),
        false => vec![Vec::new()],
    }
}

/// Whether the highest insulation resistance of a day fell to half of what it was in the week before:
/// dew is gone by then. `share` is the lowest such ratio.
fn insulation(inverter: usize, one: &Worked<'_>, spans: &[Span]) -> Option<Found> {
    let most = |span: &Span| {
        let day = one.inverter.days.get(&span.date)?;
        day.most.get("insulation_ohm").copied().map(f64::from).filter(|ohm| *ohm > 0.0)
    };
    let days: Vec<Option<f64>> = spans.iter().map(most).collect();
    let mut worst: Option<f64> = None;
    for (place, own) in days.iter().enumerate() {
        let before = days.iter().take(place).skip(place.saturating_sub(INSULATION_DAYS)).flatten();
        let before: Vec<f64> = before.copied().collect();
        let best = before.iter().copied().fold(0.0, f64::max);
        if let Some(own) = own.filter(|own| before.len() > 2 && *own < INSULATION_FELL * best) {
            worst = Some(worst.map_or(own / best, |worst: f64| worst.min(own / best)));
        }
    }
    worst.map(|share| Found { inverter, share, hours: 0.0, lost_wh: None })
}

/// What snow seems to have cost; looked at where it is cold and next to nothing was made.
fn snow(light: &Light<'_>, worked: &[Worked<'_>], days: &[DayOf], span: &Span) -> Option<f64> {
    let air_c = light.air_c(span).filter(|air_c| *air_c < diagnosis::SNOW_AIR_C)?;
    let made =
        days.iter().fold((0.0, 0.0), |sum, day| (sum.0 + day.energy_wh, sum.1 + day.dc_rated_w));
    if made.0 > SNOW_YIELD_MAX_H * made.1 {
        return None;
    }
    let clear = worked.iter().map(|one| {
        let on_it = light.on_arrays(&one.arrays, Basis::ClearSky, *span);
        let hours = on_it.into_iter().flatten().sum::<f64>() / 12.0 / 1_000.0;
        hours * one.rating.dc_rated_w * CLEAR_PR
    });
    diagnosis::snow(days, clear.sum(), Some(air_c))
}

pub(super) fn day_of(
    worked: &[Worked<'_>],
    one: &Worked<'_>,
    span: &Span,
    light: Option<&Vec<Option<f64>>>,
) -> DayOf {
    let group = worked.iter().position(|other| other.is_peer(one)).unwrap_or(worked.len());
    let known = one.inverter.days.get(&span.date);
    let means = |point: &str| -> Vec<Option<f64>> {
        let of = |record: usize| known.and_then(|day| mean(day, point, record));
        (0..span.records).map(of).collect()
    };
    let measured = one.basis.is_some_and(|basis| basis != Basis::ClearSky);
    DayOf {
        energy_wh: energy_wh(one, span, span),
        stood_wh: one.stood.get(&span.date).copied().unwrap_or(0.0),
        dc_rated_w: one.rating.dc_rated_w,
        ac_rated_w: one.inverter.known.0.rated_power_w,
        group,
        ac_w: means("ac_power_w"),
        dc_w: means("dc_power_w"),
        poa_wm2: light.filter(|_| measured).cloned().unwrap_or_default(),
    }
}
