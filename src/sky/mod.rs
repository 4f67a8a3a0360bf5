//! Where the sun is, when it rises and sets, and what it gives under a clear sky.
//!
//! Positions are NREL's SPA (Reda & Andreas 2003, good to 0.0003°) as the `solar-positioning`
//! crate has it: no dependencies, no allocation, tested here against pvlib. Its interface still
//! changes from release to release, so its version is pinned and no other room sees its types.
//!
//! Architecture invariant: pure functions of place and time. No clock, no site, no state.

mod irradiance;
mod position;

pub use irradiance::{clear_sky_ghi_wm2, irradiance_on_plane_wm2};
pub use position::{SunPosition, SunTimes, sun, sun_times};
