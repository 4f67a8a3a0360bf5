//! Ten thousand random lives of meters: whatever happens to their registers and to those who read
//! them, what is on the ledger adds up to what the registers say, and that to what was used.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::grid::by_time;
use super::*;
use crate::counter::Nature;
use crate::model::Timestamp;

const LIVES: u64 = 10_000;
const MINUTE_MS: i64 = 60_000;
const GAP_MS: i64 = 15 * MINUTE_MS;
/// 2026-11-01 00:00 in Beijing.
const BEGIN_MS: i64 = 1_793_462_400_000;

/// A meter that counts in steps of 10 Wh with 32 bits, of a load of 100 kW at most.
const STEP_WH: i64 = 10;
const MODULUS_WH: i64 = STEP_WH << 32;
const LOAD_W_MAX: f64 = 100_000.0;
const LOADS_W: std::ops::RangeInclusive<i64> = 0..=100_000;

/// A meter's life as it was, and as it was read.
#[derive(Debug, Default)]
struct Life {
    /// In the order in which they came.
    readings: Vec<(i64, i64)>,
    /// What was used between the first and the last reading of each register, by its display.
    used_wh: i64,
    swaps: i32,
    roll_overs: i32,
}

/// A register while it is installed.
#[derive(Clone, Copy)]
struct Register {
    start_wh: i64,
    used_wh: i64,
    /// What its display had gone through at its first reading, and at its last.
    read: Option<(i64, i64)>,
}

impl Register {
    const fn new(start_wh: i64) -> Self {
        Self { start_wh, used_wh: 0, read: None }
    }

    /// What its display has gone through, all turns of it.
    const fn gone_wh(&self) -> i64 {
        (self.start_wh + self.used_wh) / STEP_WH * STEP_WH
    }

    fn difference_wh(&self) -> i64 {
        self.read.map_or(0, |(first, last)| last - first)
    }
}

/// Lives through some days, minute by minute.
fn live(dice: &mut StdRng) -> Life {
    let mut life = Life::default();
    let near_end = dice.random_bool(0.3);
    let start = if near_end { MODULUS_WH - dice.random_range(1..200_000) } else { 5_000_000_000 };
    let mut register = Register::new(start);
    let interval = dice.random_range(1..=10);
    let (mut load, mut away_until, mut swap_free) = (10_000, 0, 60);
    // One reading beyond the largest value, and then another meter: that reading might be nonsense.
    let mut unsure = 0;
    // The last hour is calm: what came last needs a second reading to be believed.
    let calm = dice.random_range(140..1_440_i64);
    for minute in 0.. {
        if minute > calm + 60 && unsure == 0 {
            break;
        }
        if minute % 30 == 0 {
            load = if dice.random_bool(0.2) { 0 } else { dice.random_range(LOADS_W) };
        }
        register.used_wh += load / 60;
        if minute >= away_until && dice.random_bool(0.003) {
            away_until = calm.min(minute + dice.random_range(5..400));
        }
        // The meter is changed for one that was in use elsewhere, and read for a while.
        let may_swap = minute > swap_free && minute < calm && unsure == 0 && load > 20_000;
        if may_swap && dice.random_bool(0.002) {
            life.used_wh += register.difference_wh();
            // A number far from all before: nobody could tell a near one from the same meter.
            let start = 15_000_000_000 + 2_000_000_000 * i64::from(life.swaps);
            register = Register::new(start + dice.random_range(0..1_000_000_000));
            swap_free = minute + 120;
            away_until = calm.min(away_until.max(minute + dice.random_range(0..100)));
            life.swaps += 1;
        }
        if minute % interval != 0 || minute < away_until {
            continue;
        }
        let gone = register.gone_wh();
        if register.read.is_some_and(|(_, last)| last < MODULUS_WH && gone >= MODULUS_WH) {
            life.roll_overs += 1;
            unsure = 3;
        }
        unsure = (unsure - 1).max(0);
        register.read = Some((register.read.map_or(gone, |(first, _)| first), gone));
        let at = BEGIN_MS + minute * MINUTE_MS;
        life.readings.push((at, gone % MODULUS_WH));
        if dice.random_bool(0.01) {
            life.readings.push((at, gone % MODULUS_WH)); // the same once more
        }
    }
    life.used_wh += register.difference_wh();
    life
}

/// Some come late, up to an hour.
fn delay(readings: &mut [(i64, i64)], dice: &mut StdRng) {
    let mut keyed: Vec<(i64, (i64, i64))> = readings
        .iter()
        .map(|reading| {
            let late = if dice.random_bool(0.1) { dice.random_range(0..60) } else { 0 };
            (reading.0 + late * MINUTE_MS, *reading)
        })
        .collect();
    keyed.sort_by_key(|(arrived, _)| *arrived);
    for (place, (_, reading)) in readings.iter_mut().zip(keyed) {
        *place = reading;
    }
}

/// What is on the ledger of some readings.
#[derive(Debug, Default)]
struct Booked {
    follower: Follower,
    grid: Grid,
    posted: Amount,
    ended: Vec<Line>,
    holes: usize,
}

impl Booked {
    fn take(&mut self, nature: &Nature, (ms, wh): (i64, i64)) {
        #[allow(clippy::cast_precision_loss)] // as a device says it
        let value = wh as f64;
        let brought = self.follower.take(nature, GAP_MS, Timestamp::from_ms(ms), value);
        if let Some(posting) = brought.posting {
            assert!(posting.from <= posting.to);
            self.posted += posting.amount;
            self.grid.post(&posting, &by_time);
        }
        if brought.returned {
            self.ended.pop();
        }
        self.ended.extend(brought.ended);
        self.holes += usize::from(brought.hole.is_some());
    }

    /// What the registers say.
    fn difference(&self) -> Amount {
        self.ended.iter().chain(self.follower.line()).map(Line::difference).sum()
    }

    fn check(&self, seed: u64) {
        assert_eq!(self.posted, self.difference(), "life {seed}: {self:?}");
        let all = self.grid.sums(Timestamp::from_ms(0), Timestamp::from_ms(i64::MAX / 2));
        assert_eq!(all.total(), self.posted, "life {seed}");
    }
}

fn nature() -> Nature {
    let profiles = crate::profile::Catalog::shipped().expect("profiles");
    let profile = profiles.get("acrel-adl400").expect("32 bits of 10 Wh");
    Nature::of("energy_import_wh", Some(profile), Some(LOAD_W_MAX)).expect("a counter")
}

#[test]
fn what_is_booked_is_what_the_registers_say_and_what_was_used() {
    let nature = nature();
    let (mut swaps, mut roll_overs, mut recovered) = (0, 0, 0);
    for seed in 0..LIVES {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut life = live(&mut dice);
        delay(&mut life.readings, &mut dice);
        // As they came: what is older than the last is not looked at yet.
        let mut booked = Booked::default();
        life.readings.iter().for_each(|reading| booked.take(&nature, *reading));
        booked.check(seed);
        // Made again in the order of time, stopped in the middle, and taken up again.
        life.readings.sort_unstable();
        let mut booked = Booked::default();
        let (morning, evening) = life.readings.split_at(life.readings.len() / 2);
        morning.iter().for_each(|reading| booked.take(&nature, *reading));
        let kept = serde_json::to_string(&booked.follower).expect("kept");
        booked.follower = serde_json::from_str(&kept).expect("taken up");
        evening.iter().for_each(|reading| booked.take(&nature, *reading));
        booked.check(seed);
        let used = Amount::from_thousandths(life.used_wh * 1_000);
        assert_eq!(booked.posted, used, "life {seed}: {life:?} {booked:?}");
        swaps += life.swaps;
        roll_overs += life.roll_overs;
        let sums = booked.grid.sums(Timestamp::from_ms(0), Timestamp::from_ms(i64::MAX / 2));
        recovered += usize::from(sums.recovered > Amount::ZERO);
    }
    println!("{LIVES} lives: {swaps} swaps, {roll_overs} roll-overs, {recovered} with outages");
    assert!(swaps > 1_000 && roll_overs > 500 && recovered > 3_000);
}
