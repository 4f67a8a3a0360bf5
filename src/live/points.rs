//! The last value of every point of one device.

use crate::model::{PointName, Quality, Timestamp, Value};

/// The last value of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Latest {
    /// What was read.
    pub value: Value,
    /// How far it can be trusted.
    pub quality: Quality,
    /// When it was true.
    pub time: Timestamp,
}

/// The points of one device, by name. A sorted list: a device has some dozens, the same ones for
/// ever, and ten thousand devices have half a million of them.
#[derive(Debug, Clone, Default)]
pub struct Points(Vec<(PointName, Latest)>);

impl Points {
    fn place(&self, point: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| name.as_str().cmp(point))
    }

    /// The last value of a point.
    #[must_use]
    pub fn get(&self, point: &str) -> Option<&Latest> {
        self.get_key_value(point).map(|(_, latest)| latest)
    }

    /// The last value of a point, with its name.
    #[must_use]
    pub fn get_key_value(&self, point: &str) -> Option<(&PointName, &Latest)> {
        let (name, latest) = self.0.get(self.place(point).ok()?)?;
        Some((name, latest))
    }

    /// All points, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&PointName, &Latest)> {
        self.0.iter().map(|(name, latest)| (name, latest))
    }

    /// The names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &PointName> {
        self.0.iter().map(|(name, _)| name)
    }

    /// Puts a value where none is, or in place of an old one that `may_go`.
    pub(super) fn put(
        &mut self,
        point: &PointName,
        latest: Latest,
        may_go: impl FnOnce(&Latest) -> bool,
    ) {
        match self.place(point.as_str()) {
            Ok(place) => {
                if let Some((_, old)) = self.0.get_mut(place).filter(|(_, old)| may_go(old)) {
                    *old = latest;
                }
            }
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (point.clone(), latest));
            }
        }
    }
}
