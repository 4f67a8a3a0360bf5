//! Points for a share, as data.

use serde::Deserialize;

const SHIPPED: &str = include_str!("bands.toml");

/// Points from a share on.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// From this share on.
    pub share_from: f64,
    /// So many.
    pub points: u32,
}

/// A table of points, and the document that says so.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// The document.
    pub document: String,
    /// Somebody has seen the document itself.
    pub checked: bool,
    /// The bands.
    pub band: Vec<Band>,
}

impl Bands {
    /// Those of the program: the renewable electricity of a building in a year.
    ///
    /// # Errors
    /// The file inside the program is broken; a test says that it is not.
    pub fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(SHIPPED)
    }

    /// The points of a share; nothing below the first band.
    #[must_use]
    pub fn points(&self, share: f64) -> Option<u32> {
        let reached = self.band.iter().filter(|band| share >= band.share_from);
        reached.map(|band| band.points).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_the_points_of_the_highest_band_it_reaches() {
        let bands = Bands::shipped().expect("shipped");
        for (share, points) in
            [(0.0, None), (0.004_99, None), (0.005, Some(2)), (0.035, Some(8)), (0.4, Some(10))]
        {
            assert_eq!(bands.points(share), points, "{share}");
        }
    }
}
