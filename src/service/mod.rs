//! How well the machines serve: availability, repair, consumables.
//!
//! [`Kpi`] says what part of the service hours a machine served, how often it failed and how long
//! it took to repair; [`forecast`] when a consumable runs out, and [`refill_list`] what to refill
//! on the next round. All in service time of the machine's zone, and in calendar time beside it
//! where contracts ask for that.
//!
//! Architecture invariant: the arithmetic is pure: what happened, a calendar and a moment in,
//! figures out. Times are whole milliseconds; only ratios are floats.

mod condition;
mod forecast;
mod kpi;
mod outage;
mod refill;
mod usage;

#[cfg(test)]
mod forecast_tests;
#[cfg(test)]
mod kpi_tests;
#[cfg(test)]
mod law_tests;

pub use condition::{Condition, Stretch};
pub use forecast::{Forecast, Left, NoForecast, Sensor, Supply, Witness, forecast};
pub use kpi::{Kpi, response};
pub use outage::{Lapse, Outage, outages};
pub use refill::{Due, Stock, Urgency, refill_list};
pub use usage::{Count, Rate};
