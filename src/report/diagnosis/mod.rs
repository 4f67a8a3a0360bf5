//! What kept the roof from making what it could have made, over a period.
//!
//! Causes may share what was lost: an inverter in the shade is below its peers as well. They are not added.

mod dirt;
mod findings;
mod meter;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Text;
use crate::pv::diagnosis::Found;

use super::figures::Words;
use super::light::Span;
use super::make::Reports;

pub(super) use dirt::{Stretch, dirt};
pub(super) use findings::{Findings, Lights};
pub(super) use meter::meter;

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
    /// Something throws a shadow on it at the same time of day.
    Shade,
    /// Dirt on the modules.
    Soiling,
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
#[derive(Clone, Default)]
pub(super) struct Sum {
    pub(super) days: u32,
    pub(super) hours: f64,
    pub(super) worst: Option<f64>,
    pub(super) lost_wh: Option<f64>,
    pub(super) money: Option<f64>,
    /// Something of it had no price.
    pub(super) unpriced: bool,
    /// Half hours of the day, from midnight on, first and last of each stretch.
    pub(super) times: Vec<(usize, usize)>,
}

impl Sum {
    /// As [`Sum::add`], where more is worse.
    pub(super) fn add_most(&mut self, found: &Found, price: Option<f64>) {
        let worst = self.worst.map_or(found.share, |worst| worst.max(found.share));
        self.add(found, price);
        self.worst = Some(worst);
    }

    pub(super) fn add(&mut self, found: &Found, price: Option<f64>) {
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
            self.unpriced |= worth.is_none();
            self.money = worth.map(|worth| self.money.unwrap_or(0.0) + worth).or(self.money);
        }
    }
}

pub(super) fn told(cause: Cause, device: String, name: Text, sum: Sum) -> Trouble {
    let worst = sum.worst.unwrap_or(0.0);
    Trouble {
        cause,
        device,
        name: name.into(),
        days: sum.days,
        hours: sum.hours,
        worst,
        lost_kwh: sum.lost_wh.map(|wh| wh / 1_000.0),
        // What has a price on some days only is not told as if it were all.
        money: sum.money.filter(|_| !sum.unpriced),
        text: words::text(cause, &sum, worst).into(),
        advice: words::advice(cause).into(),
    }
}

/// The dearest first.
pub(super) fn sorted(troubles: impl IntoIterator<Item = Trouble>) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = troubles.into_iter().collect();
    troubles.sort_by(|a, b| {
        let lost = |one: &Trouble| one.lost_kwh.unwrap_or(0.0);
        lost(b).total_cmp(&lost(a)).then_with(|| (a.cause, &a.device).cmp(&(b.cause, &b.device)))
    });
    troubles
}

/// The price at noon, when most is made.
pub(super) fn price(reports: &Reports, span: &Span) -> Option<f64> {
    let noon = span.start.plus_ms(12 * 3_600_000);
    reports.tariffs.price_per_kwh(noon, &reports.site.time_zone)
}
