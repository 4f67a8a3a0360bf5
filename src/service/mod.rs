//! How well the machines serve: availability, repair, consumables.
//!
//! [`Kpi`] says what part of the service hours a machine served, how often it failed and how long
//! it took to repair; [`forecast`] when a consumable runs out, and [`refill_list`] what to refill
//! on the next round. All in service time of the machine's zone, and in calendar time beside it
//! where contracts ask for that.
//!
//! [`Watch`] looks at the machines every few seconds, remembers what the figures need, and finds
//! what none of them says by itself: a loop of starts, a machine that nobody uses, a zone that is
//! gone, what is not ready before opening. The alerts make of that what people are told.
//!
//! Architecture invariant: the arithmetic is pure: what happened, a calendar and a moment in,
//! figures out. Times are whole milliseconds; only ratios are floats.

mod condition;
mod config;
mod finding;
mod findings;
mod forecast;
mod kpi;
mod ledger;
mod machine;
mod outage;
mod overview;
mod refill;
mod seen;
mod usage;
mod watch;

#[cfg(test)]
mod forecast_tests;
#[cfg(test)]
mod kpi_tests;
#[cfg(test)]
mod law_tests;

pub use condition::{Condition, Stretch};
pub use config::{Config, ServiceZone};
pub use finding::{Finding, Stands, What};
pub use forecast::{Forecast, Left, NoForecast, Sensor, Supply, Witness, forecast};
pub use kpi::{Kpi, response};
pub use outage::{Lapse, Outage, outages};
pub use overview::{KindView, MachineView, OpeningView, Overview, RefillView, SupplyView};
pub use refill::{Due, Stock, Urgency, refill_list};
pub use usage::{Count, Rate};
pub use watch::{Handle, Watch};
