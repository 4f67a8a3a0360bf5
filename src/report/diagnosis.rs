//! What kept the roof from making what it could have made, over a period.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::daybook::{Day, RECORD_MS, string_of};
use crate::model::{Text, text};
use crate::pv::diagnosis::{self, Currents, DayOf, Found};

use super::building::Role;
use super::document::rounded;
use super::figures::{Basis, Words};
use super::light::{Light, Span, mean};
use super::make::{Reports, of_role};
use super::meters::Counted;
use super::roof::Worked;

/// So many days below its peers, or one day below this, is told.
const BELOW_DAYS: u32 = 3;
const FAR_BELOW: f64 = 0.80;
/// The insulation of a day by the best of so many days before.
const INSULATION_DAYS: usize = 7;
const INSULATION_FELL: f64 = 0.5;
/// Inverters and the meter behind them differ by so much on so many days.
const METER_DIFFERS: f64 = 0.03;
const METER_DAYS: u32 = 2;
/// The roof draws so much of its AC rating by night, the sun so low.
const NIGHT_SHARE: f64 = 0.003;
const NIGHT_SUN_DEG: f64 = -6.0;
/// What an inverter makes of a clear sky, for snow.
const CLEAR_PR: f64 = 0.8;
/// With more than this nobody thinks of snow, hours of full power.
const SNOW_YIELD_MAX_H: f64 = 0.5;

/// What was found.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It stood still in daylight.
    Stood,
    /// It made less than the best of those that look the same way.
    Below,
    /// A string that carried current carries none.
    DeadString,
    /// Its strings carry too different currents.
    Strings,
    /// Its insulation resistance fell.
    Insulation,
    /// Too little AC of its DC.
    Efficiency,
    /// Held at one power below its nameplate.
    Curtailed,
    /// At its nameplate.
    Clipped,
    /// Snow on the roof.
    Snow,
    /// Its power stood still.
    Stuck,
    /// The meter behind the inverters says something else.
    Meter,
    /// The roof draws by night.
    Night,
}

/// What was found of a device, over the period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    /// What.
    pub cause: Cause,
    /// Id of the inverter or the meter; empty for the whole roof.
    pub device: String,
    /// Its name.
    pub name: Words,
    /// On so many days.
    pub days: u32,
    /// So many hours together; zero where it is a matter of days.
    pub hours: f64,
    /// The worst day: its share of what it should have been.
    pub worst: f64,
    /// Energy that was not made, kWh; `None` where that cannot be told.
    pub lost_kwh: Option<f64>,
    /// What that is worth.
    pub money: Option<f64>,
    /// In words.
    pub text: Words,
    /// What to do.
    pub advice: Words,
}

/// What is known of a trouble before it is told.
#[derive(Clone, Copy, Default)]
struct Sum {
    days: u32,
    hours: f64,
    worst: Option<f64>,
    lost_wh: Option<f64>,
    money: Option<f64>,
}

impl Sum {
    /// As [`Sum::add`], where more is worse.
    fn add_most(&mut self, found: &Found, price: Option<f64>) {
        let worst = self.worst.map_or(found.share, |worst| worst.max(found.share));
        self.add(found, price);
        self.worst = Some(worst);
    }

    fn add(&mut self, found: &Found, price: Option<f64>) {
        self.days += 1;
        self.hours += found.hours;
        let worse = |worst: f64| match found.share > 1.0 {
            true => worst.max(found.share),
            false => worst.min(found.share),
        };
        self.worst = Some(self.worst.map_or(found.share, worse));
        if let Some(lost_wh) = found.lost_wh {
            self.lost_wh = Some(self.lost_wh.unwrap_or(0.0) + lost_wh);
            let worth = price.map(|price| price * lost_wh / 1_000.0);
            self.money = worth.map(|worth| self.money.unwrap_or(0.0) + worth).or(self.money);
        }
    }
}

/// What was found of the inverters, day by day.
#[derive(Default)]
pub(super) struct Findings(BTreeMap<(Cause, usize), Sum>);

/// Light on the modules of each inverter in each record of a day.
pub(super) type Lights = Vec<Vec<Option<f64>>>;

impl Findings {
    /// Looks at a day of all inverters.
    pub(super) fn take(
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
                self.0.entry((cause, found.inverter)).or_default().add(&found, price);
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
    }

    /// Looks at the strings and the insulation of all inverters over the period.
    pub(super) fn take_strings(
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
                self.0.entry((Cause::Insulation, inverter)).or_default().add(&found, None);
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
            let energy_wh = super::roof::energy_wh(one, span, span);
            let (dead, differ) = diagnosis::judged(inverter, &strings, used.len(), energy_wh);
            for (cause, found) in [(Cause::DeadString, dead), (Cause::Strings, differ)] {
                if let Some(found) = found {
                    self.0.entry((cause, inverter)).or_default().add_most(&found, price(span));
                }
            }
        }
    }

    /// The troubles, the dearest first.
    pub(super) fn told(mut self, worked: &[Worked<'_>]) -> Vec<Trouble> {
        self.0.retain(|(cause, _), sum| match cause {
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
        let mut troubles: Vec<Trouble> = self.0.into_iter().map(trouble).collect();
        sort(&mut troubles);
        troubles
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

/// The dearest first.
fn sort(troubles: &mut [Trouble]) {
    troubles.sort_by(|a, b| {
        let lost = |one: &Trouble| one.lost_kwh.unwrap_or(0.0);
        lost(b).total_cmp(&lost(a)).then_with(|| (a.cause, &a.device).cmp(&(b.cause, &b.device)))
    });
}

/// The price at noon, when most is made.
pub(super) fn price(reports: &Reports, span: &Span) -> Option<f64> {
    let noon = span.start.plus_ms(12 * 3_600_000);
    reports.tariffs.price_per_kwh(noon, &reports.site.time_zone)
}

fn day_of(
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
        energy_wh: super::roof::energy_wh(one, span, span),
        stood_wh: one.stood.get(&span.date).copied().unwrap_or(0.0),
        dc_rated_w: one.rating.dc_rated_w,
        ac_rated_w: one.inverter.known.0.rated_power_w,
        group,
        ac_w: means("ac_power_w"),
        dc_w: means("dc_power_w"),
        poa_wm2: light.filter(|_| measured).cloned().unwrap_or_default(),
    }
}

/// The meter behind the inverters: whether it says the same, and what it draws by night.
pub(super) fn meter(
    reports: &Reports,
    light: &Light<'_>,
    counted: &[Counted],
    days: &BTreeMap<crate::model::DeviceId, BTreeMap<Date, Arc<Day>>>,
    spans: &[Span],
) -> Vec<Trouble> {
    let rated_w: f64 = reports.devices.iter().filter_map(|known| known.0.rated_power_w).sum();
    let mut troubles = Vec::new();
    let behind: Vec<&Counted> = counted
        .iter()
        .filter(|one| one.meter.as_ref().is_some_and(|meter| meter.role == Role::Pv))
        .collect();
    let made = |span: &Span| -> f64 {
        let own = counted.iter().filter(|one| one.meter.is_none() && one.device.is_some());
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

fn told(cause: Cause, device: String, name: Text, sum: Sum) -> Trouble {
    let worst = sum.worst.unwrap_or(0.0);
    Trouble {
        cause,
        device,
        name: name.into(),
        days: sum.days,
        hours: sum.hours,
        worst,
        lost_kwh: sum.lost_wh.map(|wh| wh / 1_000.0),
        money: sum.money,
        text: text(cause, &sum, worst).into(),
        advice: advice(cause).into(),
    }
}

/// What was found, in words.
fn text(cause: Cause, sum: &Sum, worst: f64) -> Text {
    let (days, hours) = (sum.days, rounded(sum.hours, 1));
    let percent = rounded(worst * 100.0, 1);
    match cause {
        Cause::Stood => text!("{days} 天有光停机", "stood still in daylight on {days} days"),
        Cause::Below => text!(
            "{days} 天低于同朝向最好的一台，最差一天为其 {percent}%",
            "below the best of its kind on {days} days, {percent} % of it on the worst"
        ),
        Cause::DeadString => text!(
            "{days} 天有组串无电流（占 {percent}%）",
            "strings without current on {days} days ({percent} % of them)"
        ),
        Cause::Strings => text!(
            "{days} 天组串电流离散率超过 10%，最高 {percent}%（0–5 稳定，5–10 较好，10–20 待改善，20 以上差）",
            "string currents differ by more than 10 % on {days} days, by {percent} % at most (to 5 stable, to 10 good, \
                 to 20 to be improved, above poor)"
        ),
        Cause::Insulation => text!(
            "绝缘阻抗日最大值降到前一周的 {percent}%",
            "the day's highest insulation resistance fell to {percent} % of the week before"
        ),
        Cause::Efficiency => text!(
            "{days} 天交直流转换异常（交流/直流 {percent}%）",
            "AC is {percent} % of DC on the worst of {days} days"
        ),
        Cause::Curtailed => text!(
            "{days} 天疑似限功率运行，共 {hours} 小时，低至额定的 {percent}%",
            "held at one power on {days} days for {hours} h, down to {percent} % of its rating"
        ),
        Cause::Clipped => text!(
            "{days} 天达到额定功率被削顶，共 {hours} 小时",
            "at its rating on {days} days for {hours} h"
        ),
        Cause::Snow => text!("{days} 天疑似积雪", "snow seems to have lain on it on {days} days"),
        Cause::Stuck => text!(
            "{days} 天功率数据冻结，共 {hours} 小时",
            "its power stood still on {days} days for {hours} h"
        ),
        Cause::Meter => text!(
            "{days} 天与逆变器之和不符，最多为其 {percent}%",
            "not what the inverters say on {days} days; {percent} % of it"
        ),
        Cause::Night => text!(
            "{days} 个夜晚耗电偏高，平均为额定的 {percent}%",
            "draws {percent} % of the rating in {days} nights"
        ),
    }
}

/// What to do about it.
fn advice(cause: Cause) -> Text {
    match cause {
        Cause::Stood => {
            Text::new("查故障代码、交流开关和电网", "see its faults, the AC breaker and the grid")
        }
        Cause::Below => Text::new("查组串、遮挡和积灰", "look at strings, shade and dirt"),
        Cause::DeadString => {
            Text::new("查熔断器、MC4 接头和开路", "look at fuses, MC4 connectors, open circuits")
        }
        Cause::Strings => {
            Text::new("清洗、查遮挡、测组件", "clean, look for shade, measure modules")
        }
        Cause::Insulation => Text::new(
            "由电工逐串查绝缘，避开雨天",
            "have the strings measured by an electrician, not in rain",
        ),
        Cause::Efficiency => {
            Text::new("核对测量精度；检修逆变器", "check what is measured; service the inverter")
        }
        Cause::Curtailed => {
            Text::new("核对限功率设定和调度指令", "look for a limit that is set or ordered")
        }
        Cause::Clipped => {
            Text::new("容配比所致，一般无需处理", "by design where modules are rated higher")
        }
        Cause::Snow => Text::new("不要上屋面，等待融化", "keep off the roof and wait"),
        Cause::Stuck => Text::new("查通信与采集模块", "look at the communication"),
        Cause::Meter => Text::new(
            "核对互感器变比和漏接的逆变器",
            "check the CT ratio, and for inverters that are missing",
        ),
        Cause::Night => {
            Text::new("查夜间无功补偿和加热器", "look for reactive compensation and heaters")
        }
    }
}
