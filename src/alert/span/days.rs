//! What an inverter made day by day, by its own counter: what it made while nobody heard it counts, and
//! a day of which something is not known is not told at all.

use jiff::civil::Date;

use crate::model::{Site, Timestamp};
use crate::sky;

/// Made above the nameplate in cold, bright moments, and what a clock is off.
const MARGIN: f64 = 1.2;
/// A counter that counts whole kilowatt-hours may jump by so much, Wh; one that lags, by so many hours of
/// full power.
const JUMP_WH: f64 = 2_000.0;
const LAG_H: f64 = 1.0 / 30.0;
/// A shorter silence around midnight hides nothing.
const GAP_MS: i64 = 3_600_000;
/// Below this height of the sun next to nothing is made, degrees: an inverter that was silent from there to
/// there over a night hid nothing either.
const LOW_SUN_DEG: f64 = 12.0;
const HOUR_MS: f64 = 3_600_000.0;

/// The day that goes on.
#[derive(Debug, Clone)]
struct Day {
    date: Date,
    /// When it ends.
    until: Timestamp,
    made_wh: f64,
    /// It is known from its beginning on, without a gap that may hide another day's energy.
    whole: bool,
}

/// The last day that is over.
#[derive(Debug, Clone, Copy)]
struct Closed {
    made_wh: f64,
    /// It is yesterday from then, until then.
    from: Timestamp,
    until: Timestamp,
}

/// The days of one inverter.
#[derive(Debug, Clone, Default)]
pub(super) struct Days {
    last: Option<(Timestamp, f64)>,
    today: Option<Day>,
    closed: Option<Closed>,
}

impl Days {
    /// The counter said this; `daily` when it begins anew each day by its own clock.
    pub(super) fn take(
        &mut self,
        time: Timestamp,
        counted_wh: f64,
        daily: bool,
        rated_w: f64,
        site: &Site,
    ) {
        let low = |at: Timestamp| {
            sky::sun(site.latitude_deg, site.longitude_deg, at).elevation_deg < LOW_SUN_DEG
        };
        let Some((before, counted_before_wh)) = self.last.filter(|_| self.today.is_some()) else {
            self.begin(time, counted_wh, site, low(time));
            return;
        };
        let gap_ms = time.since_ms(before);
        if gap_ms < -GAP_MS {
            // A clock that was set back.
            *self = Self::default();
            return self.begin(time, counted_wh, site, false);
        }
        if gap_ms <= 0 {
            return;
        }
        #[allow(clippy::cast_precision_loss)] // times of our days
        let most_wh = rated_w * (MARGIN * gap_ms as f64 / HOUR_MS + LAG_H) + JUMP_WH;
        let grown_wh = counted_wh - counted_before_wh;
        // What a daily counter shows after its own midnight was made since.
        let grown_wh = if daily && grown_wh < 0.0 { counted_wh } else { grown_wh };
        let plausible = (0.0..=most_wh).contains(&grown_wh);
        self.last = Some((time, counted_wh));
        if self.today.as_ref().is_some_and(|today| time >= today.until) {
            self.turn(time, site, gap_ms <= GAP_MS || low(before) && low(time));
        }
        if let Some(today) = &mut self.today {
            today.made_wh += if plausible { grown_wh } else { 0.0 };
            today.whole &= plausible;
        }
    }

    fn begin(&mut self, time: Timestamp, counted_wh: f64, site: &Site, dark: bool) {
        self.last = Some((time, counted_wh));
        let morning = local(time, site).is_some_and(|local| local.hour() < 12);
        self.today = day(time, site, dark && morning);
    }

    /// A new day; `quiet` when the night hid nothing.
    fn turn(&mut self, time: Timestamp, site: &Site, quiet: bool) {
        let next = day(time, site, quiet);
        let over = std::mem::replace(&mut self.today, next);
        self.closed = over.zip(self.today.as_ref()).and_then(|(over, today)| {
            let whole = over.whole && quiet && over.date.tomorrow().ok() == Some(today.date);
            let (made_wh, from, until) = (over.made_wh, over.until, today.until);
            whole.then_some(Closed { made_wh, from, until })
        });
    }

    /// Today is not to be compared: somebody works on it.
    pub(super) const fn spoil(&mut self) {
        if let Some(today) = &mut self.today {
            today.whole = false;
        }
    }

    /// Puts what was before it began in front of it.
    pub(super) fn follow(&mut self, mut before: Self, daily: bool, rated_w: f64, site: &Site) {
        if let Some((time, counted_wh)) = self.last {
            before.take(time, counted_wh, daily, rated_w, site);
        }
        *self = before;
    }

    /// What it made on the day before `now`, Wh.
    pub(super) fn yesterday_wh(&self, now: Timestamp) -> Option<f64> {
        let closed = self.closed.filter(|day| day.from <= now && now < day.until)?;
        Some(closed.made_wh)
    }
}

fn local(time: Timestamp, site: &Site) -> Option<jiff::civil::DateTime> {
    let time = jiff::Timestamp::from_millisecond(time.ms()).ok()?;
    Some(site.time_zone.to_datetime(time))
}

/// The local day of a moment.
fn day(time: Timestamp, site: &Site, whole: bool) -> Option<Day> {
    let date = local(time, site)?.date();
    let midnight = date.tomorrow().ok()?.at(0, 0, 0, 0);
    let end = site.time_zone.to_timestamp(midnight).ok()?;
    let until = Timestamp::from_ms(end.as_millisecond());
    Some(Day { date, until, made_wh: 0.0, whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;

    /// 2026-06-21T16:00:00Z: midnight in Beijing.
    const MIDNIGHT: Timestamp = Timestamp::from_ms(1_782_057_600_000);
    const HOUR: i64 = 3_600_000;

    fn site() -> Site {
        let eight = jiff::tz::Offset::constant(8);
        Site {
            id: "t".into(),
            name: Text::same("t"),
            latitude_deg: 39.9,
            longitude_deg: 116.4,
            altitude_m: 44.0,
            time_zone: jiff::tz::TimeZone::fixed(eight),
        }
    }

    /// Takes what a counter says at hours since midnight.
    fn days(said: &[(f64, f64)], daily: bool) -> Days {
        let mut days = Days::default();
        for (hour, wh) in said {
            #[allow(clippy::cast_possible_truncation)]
            let time = MIDNIGHT.plus_ms((hour * HOUR as f64) as i64);
            days.take(time, *wh, daily, 50_000.0, &site());
        }
        days
    }

    fn made(days: &Days, hour: i64) -> Option<f64> {
        days.yesterday_wh(MIDNIGHT.plus_ms(hour * HOUR))
    }

    #[test]
    fn a_day_is_told_when_the_next_one_has_begun() {
        let said = [(4.5, 1e6), (8.0, 1.05e6), (12.0, 1.1e6), (19.5, 1.2e6)];
        let asleep = days(&said, false);
        assert_eq!((made(&asleep, 20), made(&asleep, 26)), (None, None), "it has not spoken since");
        let awake = days(&[&said[..], &[(29.0, 1.2e6), (32.0, 1.25e6)]].concat(), false);
        assert_eq!(made(&awake, 32), Some(2e5));
        assert_eq!(made(&awake, 48), None, "that is the day before");
        // The same by a counter that begins anew, though its clock is off by an hour.
        let said = [(4.5, 0.0), (12.0, 9e4), (19.5, 2e5), (25.5, 0.0), (29.0, 0.0), (32.0, 5e4)];
        assert_eq!(made(&days(&said, true), 32), Some(2e5));
    }

    #[test]
    fn a_day_with_a_hole_that_may_hide_energy_is_not_told() {
        let good = [(4.5, 1e6), (12.0, 1.1e6), (19.5, 1.2e6), (29.0, 1.2e6)];
        assert!(made(&days(&good, false), 30).is_some());
        for (what, said) in [
            ("began at noon", vec![(12.0, 1.1e6), (19.5, 1.2e6), (29.0, 1.2e6)]),
            ("lost from noon to noon", vec![(4.5, 1e6), (12.0, 1.1e6), (36.0, 1.4e6)]),
            ("swapped", vec![(4.5, 1e6), (12.0, 50.0), (19.5, 2e5), (29.0, 2e5)]),
            ("nonsense", vec![(4.5, 1e6), (12.0, 9e9), (19.5, 9e9), (29.0, 9e9)]),
            ("a day between", vec![(4.5, 1e6), (19.5, 1.2e6), (52.0, 1.2e6)]),
        ] {
            assert_eq!(made(&days(&said, false), 30), None, "{what}");
            assert_eq!(made(&days(&said, false), 53), None, "{what}");
        }
        // Lost at noon and back in the afternoon: the counter knows.
        let back = [(4.5, 1e6), (11.0, 1.1e6), (16.0, 1.15e6), (19.5, 1.2e6), (29.0, 1.2e6)];
        assert_eq!(made(&days(&back, false), 30), Some(2e5));
    }

    #[test]
    fn days_in_two_pieces_read_as_one_and_work_spoils_one() {
        let said = [(4.5, 1e6), (12.0, 1.1e6), (19.5, 1.2e6), (29.0, 1.2e6), (32.0, 1.25e6)];
        for cut in 1..said.len() {
            // Heard once before the past is known, then on.
            let mut after = days(&said[cut..=cut], false);
            after.follow(days(&said[..cut], false), false, 50_000.0, &site());
            for (hour, wh) in &said[cut + 1..] {
                #[allow(clippy::cast_possible_truncation)]
                let time = MIDNIGHT.plus_ms((hour * HOUR as f64) as i64);
                after.take(time, *wh, false, 50_000.0, &site());
            }
            assert_eq!(made(&after, 33), Some(2e5), "{cut}");
        }
        let mut worked_on = days(&said[..3], false);
        worked_on.spoil();
        worked_on.take(MIDNIGHT.plus_ms(29 * HOUR), 1.2e6, false, 50_000.0, &site());
        assert_eq!(made(&worked_on, 33), None);
    }
}
