//! What the roof makes: power now, energy today, the curve of the day.
//!
//! [`Roof`] follows the journal and keeps today in memory: one pair of numbers per inverter and
//! five minutes, and a handful of counter readings. A question is answered from that, never by a
//! query over the day. The arithmetic ([`Today`], `day`) is pure: readings and times in, figures
//! out.
//!
//! Architecture invariant: figures come from readings and the sun only; a figure that cannot be
//! known is missing, not zero.

mod day;
pub mod diagnosis;
mod follow;
mod module;
mod plant;
mod pvwatts;
#[cfg(test)]
mod tests;
mod today;
mod yields;

pub use day::Nameplate;
pub use follow::{Pv, Roof};
pub use module::{HeatLoss, Mounting, cell_temp_behind_c, cell_temp_c, module_temp_c};
pub use plant::{Array, Plant, same_plane};
pub use pvwatts::{Losses, REFERENCE_C, REFERENCE_WM2, ac_power_w, dc_power_w};
pub use today::{CURVE_STEP_MS, Energy, Today};
pub use yields::{
    COMPLETE_MIN, DAYLIGHT_WM2, IRRADIATION_MIN_KWHM2, NoFigure, Rating, Record, Sums,
};
