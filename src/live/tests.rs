//! Roofs through nights, dawns, snow and broken lines. What is expected follows from where the
//! sun stands over Beijing, which is looked up by its height.

use std::sync::Arc;

use super::*;
use crate::model::{
    Decimal, Device, DeviceId, DeviceKind, Link, LinkFault, LinkState, PointName, Quality, Reading,
    Record, Sample, Site, Text, Timestamp, Value, ZoneId,
};
use crate::sky;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Local noon in Beijing, 2026-06-21 and 2026-12-21.
const SUMMER: i64 = 1_782_014_400_000;
const WINTER: i64 = 1_797_825_600_000;
const RATED: f64 = 50_000.0;

fn site() -> Arc<Site> {
    Arc::new(Site {
        id: "t".into(),
        name: Text::same("t"),
        latitude_deg: 39.9,
        longitude_deg: 116.4,
        altitude_m: 44.0,
        time_zone: jiff::tz::TimeZone::UTC,
    })
}

fn sun_deg(ms: i64) -> f64 {
    sky::sun(39.9, 116.4, Timestamp::from_ms(ms)).elevation_deg
}

/// The minute of the morning (or the evening) around this noon at which the sun stands so high.
fn morning(noon: i64, deg: f64) -> i64 {
    (0..720).map(|n| noon - 12 * HOUR + n * MINUTE).find(|ms| sun_deg(*ms) >= deg).expect("sun")
}

fn evening(noon: i64, deg: f64) -> i64 {
    (0..720).map(|n| noon + n * MINUTE).find(|ms| sun_deg(*ms) <= deg).expect("sun")
}

struct Roof {
    board: Board,
    now: i64,
}

/// Share of its nameplate that an inverter makes.
enum Says {
    Share(f64),
    Watts(f64),
    Standby,
}

impl Roof {
    /// Inverters of these nameplates on one line with a meter, listening since the noon before.
    fn new(rated_w: &[f64], since: i64) -> Self {
        let device = |id: &str, kind, rated_power_w| {
            Arc::new(Device {
                id: DeviceId::parse(id).expect("id"),
                name: Text::same(id),
                zone: ZoneId::parse("roof").expect("id"),
                kind,
                profile: "none".into(),
                rated_power_w,
                interval_ms: 10_000,
                stale_after_ms: 30_000,
            })
        };
        let inverter = |(n, rated): (usize, &f64)| {
            device(&format!("i{}", n + 1), DeviceKind::Inverter, Some(*rated))
        };
        let all = rated_w.iter().enumerate().map(inverter);
        let all = all.map(|device| (device, None)).collect::<Vec<_>>();
        let board = Board::new(site(), all, Timestamp::from_ms(since));
        Self { board, now: since }
    }

    fn four(since: i64) -> Self {
        Self::new(&[RATED; 4], since)
    }

    /// All inverters hang on one line.
    fn on_one_line(self) -> Self {
        let ids: Vec<_> = self.board.iter().map(|live| live.device.id.clone()).collect();
        let board = self.board.with_lines(ids.into_iter().map(|id| (id, Arc::from("plant"))));
        Self { board, ..self }
    }

    fn says(&mut self, device: &str, at: i64, says: Says) {
        let id = DeviceId::parse(device).expect("id");
        let rated = self.board.get(device).and_then(|live| live.device.rated_power_w);
        let (watts, state) = match says {
            Says::Share(share) => (rated.expect("rated") * share, 4),
            Says::Watts(watts) => (watts, 4),
            Says::Standby => (0.0, 2),
        };
        let sample = |point: &str, value| Sample {
            point: PointName::parse(point).expect("point"),
            value,
            quality: Quality::Good,
        };
        let time = Timestamp::from_ms(at);
        let samples = vec![
            sample("ac_power_w", Value::Float(watts)),
            sample("state", Value::Decimal(Decimal::whole(state))),
        ];
        let reading = Reading { device: id, time, received: time, message: 0, samples };
        self.board.apply(&Record::Reading(reading));
    }

    /// Each device says this every 10 s for some time, the last time at `until`.
    fn speak(&mut self, devices: &[&str], until: i64, minutes: i64, share: f64) {
        for step in (0..=minutes * 6).rev() {
            for device in devices {
                self.says(device, until - step * 10_000, Says::Share(share));
            }
        }
        self.now = self.now.max(until);
    }

    fn link(&mut self, device: &str, fault: LinkFault) {
        let state = LinkState::Down { fault, detail: String::new() };
        let (device, time) = (DeviceId::parse(device).expect("id"), Timestamp::from_ms(self.now));
        self.board.apply(&Record::Link(Link { device, time, state }));
    }

    fn health(&self, device: &str, now: i64) -> Health {
        let peers = self.board.peers(Timestamp::from_ms(now));
        self.board.health(self.board.get(device).expect("device"), &peers)
    }

    fn is(&self, device: &str, now: i64, state: HealthState, why: Why) -> Text {
        let health = self.health(device, now);
        assert_eq!((health.state, health.why), (state, why), "{:?}", health.reason);
        health.cause().cloned().unwrap_or_else(|| Text::same(""))
    }
}

use HealthState::{Asleep, Degraded, Fault, Offline, Ok, Waiting};

const ALL: [&str; 4] = ["i1", "i2", "i3", "i4"];
const OTHERS: [&str; 3] = ["i2", "i3", "i4"];

#[test]
fn a_night_is_sleep_with_or_without_siblings() {
    for ratings in [&[RATED][..], &[RATED; 4]] {
        let mut roof = Roof::new(ratings, SUMMER);
        let names = ALL.get(..ratings.len()).expect("names");
        roof.speak(names, evening(SUMMER, 4.0), 5, 0.01);
        for hours in [0, 2, 6, 8] {
            let now = evening(SUMMER, 3.0) + hours * HOUR;
            roof.is("i1", now, Asleep, Why::Night);
        }
    }
}

/// A site whose coordinates are wrong has its night at noon.
#[test]
fn who_worked_in_the_dark_is_not_excused_by_it() {
    let midnight = SUMMER + 12 * HOUR;
    assert!(sun_deg(midnight) < -20.0);
    for (share, state, why) in
        [(0.0, HealthState::Asleep, Why::Night), (0.8, HealthState::Offline, Why::Silent)]
    {
        let mut roof = Roof::new(&[RATED], midnight - HOUR);
        roof.speak(&["i1"], midnight, 1, share);
        roof.is("i1", midnight + 10 * MINUTE, state, why);
    }
}

#[test]
fn nobody_sleeps_at_noon() {
    let mut roof = Roof::four(SUMMER - HOUR);
    roof.speak(&ALL, SUMMER, 30, 0.6);
    roof.speak(&OTHERS, SUMMER + 10 * MINUTE, 10, 0.5);
    let said = roof.is("i1", SUMMER + 10 * MINUTE, Offline, Why::SiblingsAwake);
    assert!(said.en.contains("3 of 3 siblings make 25 kW each"), "{}", said.en);
    assert!(said.zh.contains("同组 3 台中 3 台在发电，每台约 25 kW"), "{}", said.zh);
    let said = roof.health("i1", SUMMER + 10 * MINUTE).reason.expect("reason");
    assert!(said.en.starts_with("silent for 10 min: ") && said.zh.starts_with("已 10 分钟 无数据"));
    roof.is("i2", SUMMER + 10 * MINUTE, Ok, Why::Well);
}

#[test]
fn a_lost_noon_stays_lost_at_night() {
    let mut roof = Roof::four(SUMMER - HOUR);
    roof.speak(&ALL, SUMMER, 30, 0.6);
    roof.speak(&OTHERS, evening(SUMMER, 2.0), 30, 0.001);
    roof.is("i1", evening(SUMMER, -5.0), Offline, Why::Silent);
    roof.is("i2", evening(SUMMER, -5.0), Asleep, Why::Night);
}

#[test]
fn siblings_that_produce_at_low_sun_disprove_sleep() {
    let mut roof = Roof::four(SUMMER);
    let at = evening(SUMMER, 9.0);
    roof.speak(&ALL, at - 5 * MINUTE, 30, 0.01);
    roof.is("i1", at, Asleep, Why::Night);
    roof.speak(&OTHERS, at, 4, 0.06);
    roof.is("i1", at, Offline, Why::SiblingsAwake);
    // Siblings that only trickle on do not.
    roof.speak(&OTHERS, at + MINUTE, 1, 0.01);
    roof.is("i1", at + MINUTE, Asleep, Why::Night);
    // One of three is no majority.
    roof.speak(&["i2"], at + 2 * MINUTE, 1, 0.5);
    roof.is("i1", at + 2 * MINUTE, Asleep, Why::Night);
}

#[test]
fn who_does_not_wake_up_with_its_siblings_is_told() {
    let mut roof = Roof::four(SUMMER - 24 * HOUR);
    roof.speak(&ALL, evening(SUMMER - 24 * HOUR, 2.0), 5, 0.001);
    let woke = morning(SUMMER, 1.0);
    roof.speak(&OTHERS, woke + 10 * MINUTE, 10, 0.01);
    roof.is("i1", woke + 10 * MINUTE, Asleep, Why::Night);
    roof.speak(&OTHERS, woke + 20 * MINUTE, 9, 0.02); // a minute was lost
    let said = roof.is("i1", woke + 20 * MINUTE, Offline, Why::SiblingsAwake);
    assert!(said.en.contains("did not wake up with its siblings"), "{}", said.en);
    assert!(sun_deg(woke + 20 * MINUTE) < 5.0, "by the sun alone it could still sleep");
}

#[test]
fn behind_a_hill_nobody_is_awake_at_ten_degrees() {
    let mut roof = Roof::four(WINTER - 24 * HOUR);
    roof.speak(&ALL, evening(WINTER - 24 * HOUR, 6.0), 5, 0.001);
    let now = morning(WINTER, 12.0);
    let said = roof.is("i1", now, Asleep, Why::LikeSiblings);
    assert!(said.zh.contains("同组其余 3 台"), "{}", said.zh);
    // At 16° it is too bright for a whole roof to sleep; a single plant is told at 5° already.
    roof.is("i1", morning(WINTER, 16.0), Offline, Why::Silent);
    let mut single = Roof::new(&[RATED], WINTER - 24 * HOUR);
    single.speak(&["i1"], evening(WINTER - 24 * HOUR, 6.0), 5, 0.001);
    single.is("i1", morning(WINTER, 4.5), Asleep, Why::Night);
    single.is("i1", now, Offline, Why::Silent);
}

#[test]
fn snow_on_a_winter_afternoon_puts_all_to_sleep() {
    let mut roof = Roof::four(WINTER - 3 * HOUR).on_one_line();
    // One after the other within half an hour, each with hardly any power left.
    for (n, device) in ALL.iter().enumerate() {
        let minutes = 10 * i64::try_from(n).expect("small");
        roof.speak(&[device], WINTER + HOUR + minutes * MINUTE, 5, 0.002);
    }
    let now = WINTER + 2 * HOUR;
    assert!(sun_deg(now) > 15.0, "the sun is high: {}", sun_deg(now));
    roof.is("i1", now, Asleep, Why::LikeSiblings);
    // The next noon is brighter than the one they fell asleep in, and it is too long ago.
    roof.is("i1", WINTER + 24 * HOUR, Offline, Why::LineSilent);
    // In summer no cloud is that thick.
    let mut summer = Roof::four(SUMMER - HOUR);
    summer.speak(&ALL, SUMMER, 5, 0.002);
    summer.is("i1", SUMMER + HOUR, Offline, Why::Silent);
}

#[test]
fn a_line_that_fails_in_daylight_is_not_the_inverters() {
    let mut roof = Roof::four(WINTER - 2 * HOUR).on_one_line();
    roof.speak(&ALL, WINTER, 30, 0.4);
    ALL.iter().for_each(|device| roof.link(device, LinkFault::Unreachable));
    let now = WINTER + 5 * MINUTE;
    let said = roof.is("i2", now, Offline, Why::LineSilent);
    assert!(said.en.contains("all 4 devices of its line fell silent at once"), "{}", said.en);
    assert!(said.en.contains("network unreachable"), "{}", said.en);
    // The logger answers, nobody behind it does: other words.
    ALL.iter().for_each(|device| roof.link(device, LinkFault::NoTarget));
    let said = roof.is("i2", now, Offline, Why::LineSilent);
    assert!(said.en.contains("the logger answers, none of the 4"), "{}", said.en);
    assert!(said.zh.contains("采集器在线，其下 4 台全部无应答"), "{}", said.zh);
    // In fading light, but at full power: not sleep either.
    let mut dusk = Roof::four(SUMMER).on_one_line();
    let at = evening(SUMMER, 14.0);
    dusk.speak(&ALL, at, 30, 0.15);
    dusk.is("i1", at + 5 * MINUTE, Offline, Why::LineSilent);
}

#[test]
fn a_silent_one_on_a_line_that_works_is_itself_the_trouble() {
    let mut roof = Roof::four(SUMMER - HOUR).on_one_line();
    roof.speak(&ALL, SUMMER, 30, 0.4);
    roof.speak(&OTHERS, SUMMER + 5 * MINUTE, 5, 0.4);
    roof.link("i1", LinkFault::Timeout);
    let said = roof.is("i1", SUMMER + 5 * MINUTE, Offline, Why::AloneSilent);
    assert!(said.en.contains("3 of 3 others on it answer"), "{}", said.en);
    assert!(said.en.contains("3 of 3 siblings make 20 kW each"), "{}", said.en);
}

#[test]
fn who_answers_but_makes_nothing_is_broken() {
    let mut roof = Roof::four(SUMMER - HOUR);
    roof.speak(&OTHERS, SUMMER, 40, 0.24);
    roof.speak(&["i1"], SUMMER, 5, 0.0);
    let said = roof.is("i1", SUMMER, Degraded, Why::Idle);
    assert_eq!(said.en, "answers, but produces nothing while 3 of 3 siblings make 12 kW each");
    assert_eq!(said.zh, "能通讯，但不发电：同组 3 台中 3 台在发电，每台约 12 kW");
    roof.speak(&OTHERS, SUMMER + 16 * MINUTE, 16, 0.24);
    roof.speak(&["i1"], SUMMER + 16 * MINUTE, 16, 0.0);
    roof.is("i1", SUMMER + 16 * MINUTE, Fault, Why::Idle);
    // It starts: well at once.
    roof.says("i1", SUMMER + 16 * MINUTE, Says::Share(0.2));
    roof.is("i1", SUMMER + 16 * MINUTE, Ok, Why::Well);
    roof.says("i1", SUMMER + 16 * MINUTE, Says::Standby);
    let said = roof.health("i1", SUMMER + 16 * MINUTE);
    assert_eq!((said.state, said.why), (Degraded, Why::Idle), "standby without a profile is 0 W");
}

#[test]
fn siblings_of_other_sizes_are_compared_by_their_nameplates() {
    // 2 kW is nothing beside 20 kW, but a quarter of an 8 kW nameplate.
    let mut roof = Roof::new(&[100_000.0, 8_000.0, 6_000.0, 10_000.0], SUMMER - HOUR);
    roof.speak(&OTHERS, SUMMER, 40, 0.25);
    roof.says("i1", SUMMER, Says::Watts(200.0)); // 0.2 %
    let said = roof.is("i1", SUMMER, Degraded, Why::Idle);
    assert!(said.en.contains("3 of 3 siblings run at 25 % of their rated power"), "{}", said.en);
    roof.says("i1", SUMMER, Says::Watts(1_000.0)); // 1 %
    roof.is("i1", SUMMER, Ok, Why::Well);
    roof.speak(&OTHERS, SUMMER + MINUTE, 1, 0.05);
    roof.says("i1", SUMMER + MINUTE, Says::Watts(0.0));
    roof.is("i1", SUMMER + MINUTE, Ok, Why::Well);
}

#[test]
fn a_gateway_restarted_at_night_knows_the_evening() {
    let start = evening(SUMMER, -10.0);
    let mut roof = Roof::four(start);
    // From the archive.
    roof.speak(&OTHERS, evening(SUMMER, 3.0), 1, 0.001);
    roof.is("i2", start + 5_000, Waiting, Why::Unheard);
    roof.is("i2", start + 5 * MINUTE, Asleep, Why::Night);
    // Never heard of, and nobody can be blamed for that at night.
    roof.is("i1", start + 5 * MINUTE, Waiting, Why::Unheard);
    let woke = morning(SUMMER + 24 * HOUR, 1.0);
    roof.speak(&OTHERS, woke + 25 * MINUTE, 25, 0.01);
    roof.is("i1", woke + 25 * MINUTE, Offline, Why::SiblingsAwake);
    // Without siblings, by the sun.
    let single = Roof::new(&[RATED], start);
    single.is("i1", woke, Waiting, Why::Unheard);
    single.is("i1", morning(SUMMER + 24 * HOUR, 6.0), Offline, Why::Silent);
}

#[test]
fn a_clock_set_back_wakes_and_blames_nobody() {
    let mut roof = Roof::four(SUMMER);
    roof.speak(&ALL, SUMMER + 4 * HOUR, 30, 0.4);
    roof.board.listening_since = Timestamp::from_ms(SUMMER);
    for device in ALL {
        roof.is(device, SUMMER + MINUTE, Ok, Why::Well);
    }
    // What is polled after the step is the present, and time counts from there.
    roof.speak(&ALL, SUMMER + 2 * MINUTE, 0, 0.0);
    roof.speak(&OTHERS, SUMMER + 10 * MINUTE, 8, 0.3);
    roof.is("i1", SUMMER + 10 * MINUTE, Offline, Why::SiblingsAwake);
}

#[test]
fn a_roof_at_rest_in_sunlight_is_told_with_its_siblings() {
    let catalog = crate::profile::Catalog::shipped().expect("profiles");
    let standby = standard_standby();
    assert!(catalog.get("huawei-sun2000").is_some());
    let mut roof = Roof::four(SUMMER - HOUR);
    for device in ALL {
        rest(&mut roof, device, SUMMER, standby);
    }
    let said = roof.is("i1", SUMMER, Degraded, Why::RestsInSun);
    assert!(said.en.contains("none of its 3 siblings produces"), "{}", said.en);
    let low = morning(SUMMER, 12.0);
    let mut roof = Roof::four(low - HOUR);
    for device in ALL {
        rest(&mut roof, device, low, standby);
    }
    roof.is("i1", low, Asleep, Why::LikeSiblings);
    roof.is("i1", low + 20_000, Asleep, Why::LikeSiblings);
    let mut single = Roof::new(&[RATED], low - HOUR);
    rest(&mut single, "i1", low, standby);
    single.is("i1", low, Degraded, Why::RestsInSun);
}

fn standard_standby() -> i64 {
    let words = crate::model::vocabulary("inverter_state").expect("words");
    words.by_id("standby").expect("standby").code
}

fn rest(roof: &mut Roof, device: &str, at: i64, code: i64) {
    let sample = |point: &str, value| Sample {
        point: PointName::parse(point).expect("point"),
        value,
        quality: Quality::Good,
    };
    let samples = vec![
        sample("ac_power_w", Value::Float(0.0)),
        sample("state", Value::Decimal(Decimal::whole(code))),
    ];
    let (device, time) = (DeviceId::parse(device).expect("id"), Timestamp::from_ms(at));
    let reading = Reading { device, time, received: time, message: 0, samples };
    roof.board.apply(&Record::Reading(reading));
}

#[test]
fn one_look_at_ten_thousand_devices_is_no_walk_over_pairs() {
    let mut roof = Roof::new(&[RATED; 10_000], SUMMER - HOUR).on_one_line();
    for n in 1..=10_000 {
        roof.says(&format!("i{n}"), SUMMER, Says::Share(if n % 2 == 0 { 0.3 } else { 0.0 }));
    }
    let now = SUMMER + 20_000;
    let begin = std::time::Instant::now();
    let peers = roof.board.peers(Timestamp::from_ms(now));
    let degraded =
        roof.board.iter().filter(|live| roof.board.health(live, &peers).state == Degraded).count();
    // 5,000 of the 9,999 others produce: a majority by one.
    assert_eq!(degraded, 5_000);
    // Unoptimised and on a busy machine; a walk over pairs takes minutes.
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}
