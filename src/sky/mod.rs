//! Where the sun is, when it rises and sets, and what it gives under a clear sky.
//!
//! Positions are NREL's SPA (Reda & Andreas 2003, good to 0.0003°) as the `solar-positioning`
//! crate has it: no dependencies, no allocation, tested here against pvlib. Its interface still
//! changes from release to release, so its version is pinned and no other room sees its types.
//!
//! Architecture invariant: pure functions of place and time. No clock, no site, no state.

mod air;
mod irradiance;
mod position;

pub use air::{Turbidity, absolute_air_mass, extraterrestrial_wm2, pressure_pa, relative_air_mass};
pub use irradiance::{Irradiance, OnPlane, Plane, clear_sky, on_plane, split};
pub use position::{SunPosition, SunTimes, sun, sun_above, sun_times};
