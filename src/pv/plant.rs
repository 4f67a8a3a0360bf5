//! The arrays of the roof: which modules look where, and which inverter takes them.

use std::collections::BTreeMap;

use crate::model::DeviceId;
use crate::sky::{Plane, Turbidity};

use super::module::Mounting;
use super::yields::Rating;

/// Planes that differ by so little look at the same sky.
const SAME_PLANE_DEG: f64 = 2.0;

/// Modules that look one way, on one inverter.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The inverter that takes them.
    pub inverter: DeviceId,
    /// What they are rated, all together.
    pub rating: Rating,
    /// Where they look.
    pub plane: Plane,
    /// How they are mounted.
    pub mounting: Mounting,
    /// The string inputs that they are on; all of the inverter's where it is empty.
    pub strings: Vec<u16>,
}

/// The plant.
#[derive(Debug, Clone, PartialEq)]
pub struct Plant {
    /// Its arrays, in the order of the file.
    pub arrays: Vec<Array>,
    /// Where the irradiance sensors of weather stations look; one that is not here lies flat or, by its
    /// point, in the plane of the modules.
    pub sensors: BTreeMap<DeviceId, Plane>,
    /// The haze of the place.
    pub turbidity: Turbidity,
    /// Share of the light that the ground throws back.
    pub albedo: f64,
}

impl Plant {
    /// The arrays of an inverter.
    pub fn arrays_of(&self, inverter: &DeviceId) -> impl Iterator<Item = &Array> {
        self.arrays.iter().filter(move |array| array.inverter == *inverter)
    }

    /// What the modules of an inverter are rated, W; `None` where that is not known.
    #[must_use]
    pub fn dc_rated_w(&self, inverter: &DeviceId) -> Option<f64> {
        self.arrays_of(inverter).map(|array| array.rating.dc_rated_w).reduce(|a, b| a + b)
    }
}

/// Whether two planes see the same light, to within what a measurement can tell. Planes that lie flat
/// look nowhere.
#[must_use]
pub fn same_plane(a: Plane, b: Plane) -> bool {
    let turn = (a.azimuth_deg - b.azimuth_deg).rem_euclid(360.0);
    let turn = turn.min(360.0 - turn);
    // How far apart the planes' perpendiculars are, for what is small.
    let sideways = turn * a.tilt_deg.max(b.tilt_deg).to_radians().sin();
    (a.tilt_deg - b.tilt_deg).hypot(sideways) <= SAME_PLANE_DEG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_planes_look_nowhere() {
        let plane = |tilt_deg, azimuth_deg| Plane { tilt_deg, azimuth_deg };
        assert!(same_plane(plane(0.0, 0.0), plane(0.0, 180.0)));
        assert!(same_plane(plane(10.0, 359.0), plane(11.0, 2.0)));
        assert!(!same_plane(plane(10.0, 180.0), plane(10.0, 0.0)));
        assert!(!same_plane(plane(10.0, 180.0), plane(15.0, 180.0)));
        assert!(same_plane(plane(1.0, 90.0), plane(1.0, 130.0)));
    }
}
