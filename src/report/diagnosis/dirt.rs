//! Dirt on the modules: what it cost, and whether a wash pays.

use crate::model::{Text, text};
use crate::pv::diagnosis;

use super::super::document::rounded;
use super::super::figures::Basis;
use super::super::light::{Light, Span};
use super::super::make::Reports;
use super::super::roof::{Worked, energy_wh};
use super::{Cause, Trouble, price};

/// Less than this at its worst is not told; by a clear sky, which haze dims as well, less than that.
const TOLD_FROM: f64 = 0.02;
const TOLD_FROM_CLEAR_SKY: f64 = 0.05;
/// Without a price of a wash it is advised from here on.
const WASH_FROM: f64 = 0.05;
/// What a wash brings is reckoned over so many days.
const AHEAD_DAYS: f64 = 30.0;
/// From this share of its nameplate on an inverter clips.
const CLIPS_FROM: f64 = 0.985;
/// With less light than this no modules give a fifth of their rating.
const DIM_WM2: f64 = 120.0;
/// A record about noon, which tells whether temperatures are known, and a light for it, W/m².
const NOON: usize = 144;
const NOON_WM2: f64 = 500.0;

/// Days of all inverters that follow one another, and the light on them.
pub(in super::super) struct Stretch<'a> {
    pub(in super::super) light: &'a Light<'a>,
    pub(in super::super) worked: &'a [Worked<'a>],
    pub(in super::super) spans: &'a [Span],
}

/// What dirt took in the last of some stretches; those before it say how clean it can be.
pub(in super::super) fn dirt(reports: &Reports, stretches: &[&Stretch<'_>]) -> Option<Trouble> {
    let own = stretches.last()?;
    let warm = is_warm(stretches);
    let index = |place: usize| -> Vec<Option<f64>> {
        let days = stretches.iter().flat_map(|one| one.spans.iter().map(move |span| (one, span)));
        days.map(|(stretch, span)| index(stretch, own.worked.get(place)?, place, span, warm))
            .collect()
    };
    let inverters: Vec<_> = (0..own.worked.len()).map(index).collect();
    let soiling = diagnosis::soiling(&diagnosis::of_roof(&inverters))?;
    let before = soiling.lost_share.len() - own.spans.len();
    let cleaned = soiling.cleaned.iter().filter_map(|day| own.spans.get(day.checked_sub(before)?));
    let mut sum = Lost { rate: soiling.rate_per_day, ..Lost::default() };
    for (share, span) in soiling.lost_share.iter().skip(before).zip(own.spans) {
        let made_wh: f64 = own.worked.iter().map(|one| energy_wh(one, span, span)).sum();
        if made_wh > 0.0 {
            sum.take(*share, made_wh, price(reports, span));
        }
    }
    let basis = own.worked.iter().filter_map(|one| one.basis).max_by_key(|basis| *basis as u8)?;
    let from = if basis == Basis::ClearSky { TOLD_FROM_CLEAR_SKY } else { TOLD_FROM };
    if sum.worst < from {
        return None;
    }
    let cleaned = cleaned.map(|span| span.date.to_string()).collect::<Vec<_>>().join(", ");
    Some(Trouble {
        cause: Cause::Soiling,
        device: String::new(),
        name: Text::new("全部逆变器", "all inverters").into(),
        days: sum.days,
        hours: 0.0,
        worst: 1.0 - sum.worst,
        lost_kwh: Some(sum.lost_wh / 1_000.0),
        money: sum.money.filter(|_| !sum.unpriced),
        text: told(&sum, basis, &cleaned).into(),
        advice: advice(&sum, reports.config.wash_cost).into(),
    })
}

/// What was lost over the period.
#[derive(Default)]
struct Lost {
    days: u32,
    made_wh: f64,
    lost_wh: f64,
    money: Option<f64>,
    unpriced: bool,
    worst: f64,
    /// Share that is lost on the last day, and what a kilowatt-hour is worth then.
    now: f64,
    price: Option<f64>,
    /// More of it each day.
    rate: f64,
}

impl Lost {
    fn take(&mut self, share: f64, made_wh: f64, price: Option<f64>) {
        let lost_wh = made_wh * share / (1.0 - share).max(f64::EPSILON);
        self.days += 1;
        self.made_wh += made_wh;
        self.lost_wh += lost_wh;
        let money = price.map(|price| price * lost_wh / 1_000.0);
        self.unpriced |= money.is_none();
        self.money = money.map(|money| self.money.unwrap_or(0.0) + money).or(self.money);
        self.worst = self.worst.max(share);
        (self.now, self.price) = (share, price);
    }

    /// What a wash would bring in the days that come, in money.
    fn gain(&self) -> Option<f64> {
        let a_day_kwh = self.made_wh / f64::from(self.days.max(1)) / 1_000.0;
        Some(a_day_kwh * self.now / (1.0 - self.now) * AHEAD_DAYS * self.price?)
    }
}

/// Whether the temperature of the modules is known on most of the days: then it is reckoned with, on each.
fn is_warm(stretches: &[&Stretch<'_>]) -> bool {
    let (mut days, mut known) = (0, 0);
    for stretch in stretches {
        let array = stretch.worked.iter().find_map(|one| one.arrays.first());
        let module_c = |span: &&Span| {
            array.is_some_and(|a| stretch.light.module_c(a, span.date, NOON, NOON_WM2).is_some())
        };
        days += stretch.spans.len();
        known += stretch.spans.iter().filter(module_c).count();
    }
    known * 2 > days
}

/// What an inverter makes of the light on a day; the way that the light is known is that of the period.
fn index(
    stretch: &Stretch<'_>,
    own: &Worked<'_>,
    place: usize,
    span: &Span,
    warm: bool,
) -> Option<f64> {
    let one = stretch.worked.get(place).filter(|one| one.basis == own.basis)?;
    let (basis, array) = one.basis.zip(one.arrays.first().copied())?;
    let light = stretch.light.on_arrays(&one.arrays, basis, *span);
    let (mut ac_w, mut could_w) = (Vec::new(), Vec::new());
    for (record, poa_wm2) in light.into_iter().enumerate() {
        let factor = |poa_wm2: f64| match warm {
            true => {
                let module_c = stretch.light.module_c(array, span.date, record, poa_wm2)?;
                Some(1.0 + one.rating.gamma_per_k * (module_c - 25.0))
            }
            false => Some(1.0),
        };
        let rated_w = one.rating.dc_rated_w;
        // Dim records are left out of an index, whatever their temperature.
        let poa_wm2 = poa_wm2.filter(|poa| *poa > DIM_WM2);
        could_w.push(poa_wm2.and_then(|poa| Some(poa / 1_000.0 * rated_w * factor(poa)?)));
        ac_w.push(one.ac_w(span.date, record));
    }
    let below_w = one.inverter.known.0.rated_power_w.unwrap_or(f64::INFINITY) * CLIPS_FROM;
    let clear_sky = basis == Basis::ClearSky;
    diagnosis::index(&ac_w, &could_w, one.rating.dc_rated_w, below_w, clear_sky)
}

fn told(sum: &Lost, basis: Basis, cleaned: &str) -> Text {
    let rate = rounded(sum.rate * 100.0, 2);
    let (worst, now) = (rounded(sum.worst * 100.0, 1), rounded(sum.now * 100.0, 1));
    let mut text = text!(
        "积灰少发：最多 {worst}%，期末 {now}%，每天增加 {rate}%",
        "dirt took {worst} % at most and {now} % at the end, {rate} % more each day"
    );
    if !cleaned.is_empty() {
        text.zh.push_str(&format!("；变干净（雨或清洗）：{cleaned}"));
        text.en.push_str(&format!("; cleaner by rain or a wash: {cleaned}"));
    }
    if basis == Basis::ClearSky {
        text.zh.push_str("；无辐照传感器，按晴天估算，雾霾也会如此");
        text.en.push_str("; by clear days, without a sensor: haze looks the same");
    }
    text
}

/// A wash is advised when it brings more than it costs.
fn advice(sum: &Lost, wash_cost: Option<f64>) -> Text {
    let Some((gain, cost)) = sum.gain().zip(wash_cost) else {
        return match sum.now >= WASH_FROM {
            true => Text::new("建议清洗", "wash the modules"),
            false => Text::new("继续观察", "watch it"),
        };
    };
    let (gain_yuan, cost_yuan) = (rounded(gain, 0), rounded(cost, 0));
    match gain > cost {
        true => text!(
            "建议清洗：未来 30 天可多得约 {gain_yuan} 元，清洗约 {cost_yuan} 元",
            "wash the modules: it brings about {gain_yuan} yuan in 30 days and costs about {cost_yuan}"
        ),
        false => text!(
            "暂不清洗：未来 30 天只多得约 {gain_yuan} 元，清洗约 {cost_yuan} 元",
            "no wash yet: it brings about {gain_yuan} yuan in 30 days and costs about {cost_yuan}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wash_is_advised_when_it_brings_more_than_it_costs() {
        let mut sum = Lost::default();
        // A hundred kilowatt-hours a day at 0.8, a tenth of what could be is lost: 8.89 a day.
        for _ in 0..10 {
            sum.take(0.1, 100_000.0, Some(0.8));
        }
        let gain = sum.gain().expect("a price");
        assert!((gain - 30.0 * 0.8 * 100.0 / 9.0).abs() < 1e-9, "{gain}");
        assert!((sum.lost_wh - 10.0 * 100_000.0 / 9.0).abs() < 1e-6);
        let said = |cost| advice(&sum, cost).en;
        assert!(said(Some(200.0)).starts_with("wash the modules"));
        assert!(said(Some(500.0)).starts_with("no wash yet"));
        assert_eq!(said(None), "wash the modules");
        let mut clean = Lost::default();
        clean.take(0.01, 100_000.0, None);
        assert_eq!(advice(&clean, Some(1.0)).en, "watch it", "without a price nothing is promised");
    }
}
