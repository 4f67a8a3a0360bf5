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
pub struct Points {
    list: Vec<(PointName, Latest)>,
    /// Where the values of the last reading lie, in its order: the next one has the same order, so
    /// that nothing is searched for.
    places: Vec<u16>,
}

impl Points {
    fn place(&self, point: &str) -> Result<usize, usize> {
        self.list.binary_search_by(|(name, _)| name.as_str().cmp(point))
    }

    /// The same for the `n`-th value of a reading.
    fn place_of_nth(&mut self, n: usize, point: &PointName) -> Result<usize, usize> {
        let before = self.places.get(n).map(|place| usize::from(*place));
        let same = |place: &usize| self.list.get(*place).is_some_and(|(name, _)| name == point);
        if let Some(place) = before.filter(same) {
            return Ok(place);
        }
        let place = self.place(point.as_str());
        if let Ok(found) = place {
            if self.places.len() <= n {
                self.places.reserve_exact(n + 1 - self.places.len());
                self.places.resize(n + 1, u16::MAX);
            }
            if let (Some(at), Ok(found)) = (self.places.get_mut(n), u16::try_from(found)) {
                *at = found;
            }
        }
        place
    }

    /// The last value of a point.
    #[must_use]
    pub fn get(&self, point: &str) -> Option<&Latest> {
        self.get_key_value(point).map(|(_, latest)| latest)
    }

    /// The last value of a point, with its name.
    #[must_use]
    pub fn get_key_value(&self, point: &str) -> Option<(&PointName, &Latest)> {
        let (name, latest) = self.list.get(self.place(point).ok()?)?;
        Some((name, latest))
    }

    /// All points, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&PointName, &Latest)> {
        self.list.iter().map(|(name, latest)| (name, latest))
    }

    /// Puts the `n`-th value of a reading where none is, or in place of an old one that `may_go`.
    pub(super) fn put(
        &mut self,
        n: usize,
        point: &PointName,
        latest: Latest,
        may_go: impl FnOnce(&Latest) -> bool,
    ) {
        match self.place_of_nth(n, point) {
            Ok(place) => {
                if let Some((_, old)) = self.list.get_mut(place).filter(|(_, old)| may_go(old)) {
                    *old = latest;
                }
            }
            Err(place) => {
                self.list.reserve_exact(1);
                self.list.insert(place, (point.clone(), latest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(points: &mut Points, reading: &[&str], time: i64) {
        for (n, name) in reading.iter().enumerate() {
            let value = Value::Float(time as f64);
            let latest = Latest { value, quality: Quality::Good, time: Timestamp::from_ms(time) };
            points.put(n, &PointName::parse(name).expect("name"), latest, |_| true);
        }
    }

    #[test]
    fn readings_may_change_their_order_and_their_points() {
        let mut points = Points::default();
        put(&mut points, &["c", "a", "b"], 1);
        put(&mut points, &["c", "a", "b"], 2);
        put(&mut points, &["b", "c"], 3);
        put(&mut points, &["aa", "b", "c"], 4);
        put(&mut points, &["aa", "b", "c"], 5);
        let times: Vec<_> = points.iter().map(|(name, l)| (name.as_str(), l.time.ms())).collect();
        assert_eq!(times, [("a", 2), ("aa", 5), ("b", 5), ("c", 5)]);
    }
}
